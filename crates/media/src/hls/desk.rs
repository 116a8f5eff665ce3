//! The desk: what all runs share. Places for encoders and the line before them, the cache, and the record of what
//! was run, for the administrator.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, Semaphore};
use tokio::task::AbortHandle;

use super::HlsConfig;
use super::cache::Cache;
use super::encoder::{Encoder, Encoders};
use super::error::HlsError;
use super::rendition::Rendition;
use super::run::{Ended, Told, run, speed};
use super::track::Track;
use crate::tools::Tools;

/// Runs that take no processor (copied pictures, sound) at once: each reads a file at most as fast as its viewers.
const LIGHT: usize = 16;

/// Runs that wait for a place. More are refused: they would wait longer than anybody does.
const LONGEST_LINE: usize = 16;

/// Runs remembered for the administrator.
const RECORDS: usize = 50;

/// Whether a run is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    Somebody,
    Nobody,
}

/// A run that is over, for the administrator.
#[derive(Debug, Clone, Serialize)]
pub struct RunRecord {
    /// The film.
    pub title: String,
    /// `v720`, `copy`, `a0`.
    pub rendition: String,
    /// The segment that it began with.
    pub first: usize,
    /// How many it made.
    pub segments: usize,
    /// How many times faster than the film.
    pub speed: f64,
    /// When it ended, milliseconds since 1970.
    pub ended_ms: u64,
    /// `complete`, `unwanted`, `stopped` or the code of an error.
    pub outcome: &'static str,
    /// The last that ffmpeg complained of. May name what the file says of itself.
    pub stderr: String,
}

/// A run at work or in line, for the administrator.
#[derive(Debug, Clone, Serialize)]
pub struct RunNow {
    /// The film.
    pub title: String,
    /// `v720`, `copy`, `a0`.
    pub rendition: String,
    /// The segment that it began with.
    pub first: usize,
    /// The segment that it is at.
    pub at: usize,
    /// It waits for a place.
    pub queued: bool,
}

#[derive(Debug)]
struct Running {
    track: Arc<Track>,
    first: usize,
    queued: bool,
}

/// What all runs share.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(super) tools: Tools,
    pub(super) config: HlsConfig,
    pub(super) cache: Arc<Cache>,
    pub(super) encoders: Encoders,
    heavy: Semaphore,
    light: Semaphore,
    /// Runs that wait for a place, light and heavy ones.
    queued: [AtomicUsize; 2],
    /// Rung when somebody begins to wait.
    queue: Notify,
    ids: AtomicU64,
    running: Mutex<HashMap<u64, Running>>,
    records: Mutex<VecDeque<RunRecord>>,
}

impl Desk {
    pub(super) fn new(tools: Tools, config: HlsConfig, cache: Cache) -> Self {
        Self {
            tools,
            heavy: Semaphore::new(config.encodes.max(1)),
            light: Semaphore::new(LIGHT),
            config,
            cache: Arc::new(cache),
            encoders: Encoders::default(),
            queued: Default::default(),
            queue: Notify::new(),
            ids: AtomicU64::new(1),
            running: Mutex::default(),
            records: Mutex::default(),
        }
    }

    /// A number for a run that is about to begin.
    pub(super) fn begin(&self, rendition: Rendition) -> Result<u64, HlsError> {
        if self.line(rendition).load(Ordering::Relaxed) >= LONGEST_LINE {
            return Err(HlsError::Busy);
        }
        Ok(self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// Starts the task of a run.
    pub(super) fn spawn(self: &Arc<Self>, track: Arc<Track>, id: u64, first: usize) -> AbortHandle {
        let desk = Arc::clone(self);
        self.running().insert(
            id,
            Running {
                track: Arc::clone(&track),
                first,
                queued: true,
            },
        );
        tokio::spawn(async move {
            // Whatever becomes of the task, the run is taken off the lists.
            let mut entry = Entry {
                desk: Arc::clone(&desk),
                track,
                id,
                first,
                told: Told::default(),
                since: Instant::now(),
                ended: None,
            };
            entry.ended = Some(entry.work().await);
        })
        .abort_handle()
    }

    /// Whether another run waits for the place of such a one.
    pub(super) fn somebody_queues(&self, rendition: Rendition) -> bool {
        self.line(rendition).load(Ordering::Relaxed) > 0
    }

    fn line(&self, rendition: Rendition) -> &AtomicUsize {
        &self.queued[usize::from(rendition.is_heavy())]
    }

    /// Waits until somebody begins to wait.
    pub(super) fn queue_changed(&self) -> Notified<'_> {
        self.queue.notified()
    }

    /// Puts a file in place.
    pub(super) async fn keep(&self, name: &str, bytes: Bytes) -> Result<(), HlsError> {
        self.cache.put(name, bytes).await.map_err(|error| {
            let full = matches!(
                error.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            );
            tracing::warn!(%error, "a segment can't be kept");
            if full {
                HlsError::DiskFull
            } else {
                HlsError::Failed {
                    reason: format!("the server can't write it: {}", error.kind()),
                }
            }
        })
    }

    /// What runs now.
    pub(super) fn now(&self) -> Vec<RunNow> {
        let running = self.running();
        let mut all: Vec<_> = running.iter().collect();
        all.sort_by_key(|(id, _)| **id);
        all.into_iter()
            .map(|(id, run)| RunNow {
                title: run.track.film.medium.title.clone(),
                rendition: run.track.rendition.to_string(),
                first: run.first,
                at: run.track.at(*id).unwrap_or(run.first),
                queued: run.queued,
            })
            .collect()
    }

    /// What ran, newest first.
    pub(super) fn records(&self) -> Vec<RunRecord> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().rev().cloned().collect()
    }

    fn running(&self) -> MutexGuard<'_, HashMap<u64, Running>> {
        // Map operations only.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run's place on the lists; dropping it takes the run off them.
struct Entry {
    desk: Arc<Desk>,
    track: Arc<Track>,
    id: u64,
    first: usize,
    told: Told,
    since: Instant,
    /// `None` where the task was aborted.
    ended: Option<Ended>,
}

impl Entry {
    async fn work(&mut self) -> Ended {
        let rendition = self.track.rendition;
        let encoder = if rendition.is_heavy() {
            match self.desk.encoders.best(&self.desk.tools).await {
                Some(encoder) => encoder,
                None => {
                    let reason = "its ffmpeg has no working H.264 encoder".to_owned();
                    return Ended::Failed(HlsError::Unavailable { reason });
                }
            }
        } else {
            Encoder::UNUSED
        };
        let places = if rendition.is_heavy() {
            &self.desk.heavy
        } else {
            &self.desk.light
        };
        let place = match places.try_acquire() {
            Ok(place) => place,
            Err(_) => {
                let _waiting = Waiting::new(&self.desk, rendition);
                match places.acquire().await {
                    Ok(place) => place,
                    Err(_) => return Ended::Unwanted, // never closed
                }
            }
        };
        if let Some(running) = self.desk.running().get_mut(&self.id) {
            running.queued = false;
        }
        self.since = Instant::now();
        let ended = run(
            &self.desk,
            &self.track,
            self.id,
            self.first,
            &encoder,
            &mut self.told,
        )
        .await;
        drop(place);
        match ended {
            // Not the film's fault, perhaps: the next run, by another encoder, will tell.
            Ended::Failed(HlsError::Failed { .. } | HlsError::Hung { .. })
                if rendition.is_heavy() && self.desk.encoders.gave_up(encoder.kind) =>
            {
                Ended::Unwanted
            }
            ended => ended,
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.desk.running().remove(&self.id);
        let (outcome, failure) = match self.ended.take() {
            Some(Ended::Complete) => ("complete", None),
            Some(Ended::Unwanted) => ("unwanted", None),
            Some(Ended::Failed(error)) => (error.code(), Some(error)),
            None => ("stopped", None),
        };
        let (film, rendition) = (&self.track.film, self.track.rendition);
        if let Some(error) = &failure {
            tracing::warn!(media = %film.id, %rendition, first = self.first, code = error.code(), stderr = self.told.stderr, "{error}");
        }
        let length = film.duration / self.track.grid.count() as f64;
        let record = RunRecord {
            title: film.medium.title.clone(),
            rendition: rendition.to_string(),
            first: self.first,
            segments: self.told.segments,
            speed: speed(self.told.segments, length, self.since),
            ended_ms: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_millis() as u64),
            outcome,
            stderr: std::mem::take(&mut self.told.stderr),
        };
        {
            let mut records = self
                .desk
                .records
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if records.len() >= RECORDS {
                records.pop_front();
            }
            records.push_back(record);
        }
        self.track.ended(self.id, failure);
    }
}

/// A run that waits for a place.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(desk: &'a Desk, rendition: Rendition) -> Self {
        let line = desk.line(rendition);
        line.fetch_add(1, Ordering::Relaxed);
        desk.queue.notify_waiters();
        Self(line)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long segments may rest in the cache before they can be let go of.
pub(super) const SEGMENT_REST: Duration = Duration::from_secs(30);
