//! The tasks that look into files, two at a time, in the order they were found.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::id::MediaId;
use crate::library::Shared;
use crate::medium::{Medium, MediumState, container_by_extension};
use crate::playable::Playability;
use crate::probe::{self, Outcome};
use crate::root::Stamp;

/// Files looked into at the same time. Two keep a disk busy; more would only take it from the viewers.
const PROBERS: usize = 2;

/// A version of a file to look into.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: MediaId,
    pub(crate) stamp: Stamp,
}

/// Starts the tasks; they end when aborted or when the sender is dropped. The queue holds no more jobs than
/// there are media.
pub(crate) fn start(shared: &Arc<Shared>) -> (mpsc::UnboundedSender<Job>, Vec<JoinHandle<()>>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let receiver = Arc::new(Mutex::new(receiver));
    let task = |_| tokio::spawn(work(Arc::clone(shared), Arc::clone(&receiver)));
    (sender, (0..PROBERS).map(task).collect())
}

async fn work(shared: Arc<Shared>, jobs: Arc<Mutex<mpsc::UnboundedReceiver<Job>>>) {
    loop {
        let next = jobs.lock().await.recv().await;
        let Some(job) = next else { return };
        look(&shared, job).await;
        if shared.unprobed.fetch_sub(1, Ordering::Relaxed) == 1 {
            // The last of a batch: keep it now, not when the scanner wakes up next.
            let shared = Arc::clone(&shared);
            let _ = spawn_blocking(move || shared.save_cache()).await;
        }
    }
}

async fn look(shared: &Arc<Shared>, job: Job) {
    let Some(entry) = shared
        .index
        .get(&job.id)
        .filter(|entry| entry.stamp == job.stamp)
    else {
        return;
    };
    let hint = entry
        .relative
        .extension()
        .and_then(|extension| container_by_extension(extension.to_str()?));
    let Some(hint) = hint else { return };
    let path = shared.roots[entry.root].path().join(&entry.relative);
    let opened = {
        let (shared, entry) = (Arc::clone(shared), entry.clone());
        spawn_blocking(move || shared.roots[entry.root].open_file(&entry.relative)).await
    };
    let outcome = match opened {
        Ok(Ok((file, metadata))) => {
            let after = file.try_clone();
            if Stamp::of(&metadata) != job.stamp {
                return shared.mailbox.look_at(vec![path]);
            }
            let outcome = probe::look(&shared.config.tools, file, metadata.len(), hint).await;
            let changed = spawn_blocking(move || {
                after
                    .and_then(|file| file.metadata())
                    .map(|after| Stamp::of(&after) != job.stamp)
            });
            // What was seen in a file that was being written says nothing about it.
            if changed.await.is_ok_and(|changed| changed.unwrap_or(true)) {
                return shared.mailbox.look_at(vec![path]);
            }
            outcome
        }
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return shared.mailbox.look_at(vec![path]);
        }
        Ok(Err(error)) => Outcome::Failed(probe::unreadable(&error)),
        Err(_) => return, // the runtime is ending
    };
    shared
        .index
        .update(&job.id, job.stamp, |medium| show_outcome(medium, &outcome));
    let prober = probe::prober(&shared.config.tools);
    let shared = Arc::clone(shared);
    let _ = spawn_blocking(move || {
        shared.with_cache(|cache| cache.put(job.id, job.stamp, prober, &outcome))
    })
    .await;
}

/// Writes what a probe found into what the list shows.
pub(crate) fn show_outcome(medium: &mut Medium, outcome: &Outcome) {
    match outcome {
        Outcome::Found(probe) => {
            medium.state = MediumState::Ready;
            medium.problem = None;
            medium.mime = probe.mime().to_owned();
            medium.duration = probe.duration;
            medium.video = probe.video.clone();
            medium.audio = probe.audio.clone();
            medium.subtitles = probe.subtitles.clone();
            medium.chapters = probe.chapters.clone();
            medium.browser_playable = Some(Playability::of(probe));
        }
        Outcome::Broken(problem) | Outcome::Failed(problem) => {
            medium.state = MediumState::Broken;
            medium.problem = Some(problem.clone());
        }
    }
}
