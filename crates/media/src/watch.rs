//! File events from the system, gathered until the scan thread takes them.
//!
//! Events only say where to look: the scan thread compares the disk with the index there. So lost, doubled or
//! reordered events do no harm, and a flood of them (a film being copied) is a set of a few paths.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{Config, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Most paths gathered; with more, looking everywhere is cheaper.
const MAX_PATHS: usize = 128;

/// How long events are gathered before they are acted on: a copy or a rename makes several.
const DEBOUNCE: Duration = Duration::from_millis(300);

/// What the scan thread is to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Look at these (absolute) paths.
    pub(crate) paths: BTreeSet<PathBuf>,
    /// Look everywhere.
    pub(crate) everything: bool,
    /// End.
    pub(crate) stop: bool,
}

/// The mailbox between event sources and the scan thread.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    work: Mutex<Work>,
    arrived: Condvar,
}

impl Mailbox {
    pub(crate) fn look_everywhere(&self) {
        self.post(|work| work.everything = true);
    }

    pub(crate) fn stop(&self) {
        self.post(|work| work.stop = true);
    }

    pub(crate) fn stopped(&self) -> bool {
        self.lock().stop
    }

    pub(crate) fn look_at(&self, paths: Vec<PathBuf>) {
        self.post(|work| {
            if work.everything {
                return;
            }
            work.paths.extend(paths);
            if work.paths.len() > MAX_PATHS {
                work.paths.clear();
                work.everything = true;
            }
        });
    }

    fn post(&self, change: impl FnOnce(&mut Work)) {
        change(&mut self.lock());
        self.arrived.notify_all();
    }

    /// Waits until there is work or `until` has come, gathers for a moment, and takes it all.
    pub(crate) fn take(&self, until: Instant) -> Work {
        let mut work = self.lock();
        while *work == Work::default() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Work::default();
            }
            work = self
                .arrived
                .wait_timeout(work, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let gathered = Instant::now() + DEBOUNCE;
        while !work.stop {
            let left = gathered.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            work = self
                .arrived
                .wait_timeout(work, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let stop = work.stop;
        let taken = std::mem::take(&mut *work);
        work.stop = stop; // stays for everybody who asks
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A watcher that posts into the mailbox, or why there is none.
pub(crate) fn watcher(mailbox: &Arc<Mailbox>) -> notify::Result<RecommendedWatcher> {
    let mailbox = Arc::clone(mailbox);
    let post = move |event: notify::Result<notify::Event>| match event {
        Ok(event) if event.need_rescan() => mailbox.look_everywhere(),
        Ok(event) if is_change(&event.kind) => mailbox.look_at(event.paths),
        Ok(_) => {}
        Err(_) => mailbox.look_everywhere(), // something was missed
    };
    // Links are not followed: what they point to inside the root is watched where it is.
    RecommendedWatcher::new(post, Config::default().with_follow_symlinks(false))
}

/// Watches a root and all below it.
pub(crate) fn watch(watcher: &mut RecommendedWatcher, root: &Path) -> notify::Result<()> {
    // A root that was replaced keeps its path but not its inode; the old watch is dead weight.
    let _ = watcher.unwatch(root);
    watcher.watch(root, RecursiveMode::Recursive)
}

/// Opening and reading are events too, and our own probes and streams do both.
fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_events_becomes_one_look_everywhere() {
        let mailbox = Mailbox::default();
        for n in 0..=MAX_PATHS {
            mailbox.look_at(vec![PathBuf::from(format!("/films/{n}"))]);
        }
        let work = mailbox.take(Instant::now());
        assert!(work.everything && work.paths.is_empty());
        assert_eq!(mailbox.take(Instant::now()), Work::default());
    }

    #[test]
    fn stop_is_seen_at_once_and_stays() {
        let mailbox = Mailbox::default();
        mailbox.stop();
        assert!(mailbox.take(Instant::now() + Duration::from_secs(60)).stop);
        assert!(mailbox.stopped());
    }
}
