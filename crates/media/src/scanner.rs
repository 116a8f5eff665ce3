//! The thread that keeps the index like the disk.
//!
//! It looks at everything at start and every now and then, and in between where file events point. A file
//! whose size or date moves is listed as being copied until both have rested; then it is handed to a prober,
//! or its last probe is taken from the cache.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use notify::RecommendedWatcher;
use tokio::sync::mpsc;

use crate::error::LibraryWarning;
use crate::id::MediaId;
use crate::index::Entry;
use crate::library::Shared;
use crate::medium::{Container, Medium, MediumState, Probe, Problem, container_by_extension};
use crate::probe::prober;
use crate::prober::{Job, show_outcome};
use crate::root::{Kind, Stamp};
use crate::scan::{self, Found, collection_of, without_nested};
use crate::watch::{Work, watch, watcher};

/// How often the probe cache is written while probes come in.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// Starts the thread.
///
/// # Errors
/// When the system can't give a thread.
pub(crate) fn start(shared: Arc<Shared>, jobs: mpsc::UnboundedSender<Job>) -> io::Result<()> {
    let roots = shared.roots.iter().map(|_| RootState::default()).collect();
    let scanner = Scanner {
        shared,
        jobs,
        watcher: None,
        roots,
        copying: HashMap::new(),
    };
    std::thread::Builder::new()
        .name("media-scan".into())
        .spawn(move || scanner.run())?;
    Ok(())
}

#[derive(Default)]
struct RootState {
    /// Which folder was watched, to notice a disk that went and came back.
    watched: Option<(u64, u64)>,
    is_watched: bool,
    /// Events name one path of a file; behind linked folders it has more.
    linked_folders: bool,
}

struct Scanner {
    shared: Arc<Shared>,
    jobs: mpsc::UnboundedSender<Job>,
    watcher: Option<RecommendedWatcher>,
    roots: Vec<RootState>,
    /// Files that have to rest until then.
    copying: HashMap<MediaId, Instant>,
}

impl Scanner {
    fn run(mut self) {
        if self.shared.config.watch {
            match watcher(&self.shared.mailbox) {
                Ok(watcher) => self.watcher = Some(watcher),
                Err(error) => self
                    .shared
                    .warn("watch", vec![unwatched(Path::new("(all)"), &error)]),
            }
        }
        let mut next_look = Instant::now();
        loop {
            let mut work = if next_look <= Instant::now() {
                Work {
                    everything: true,
                    ..Work::default()
                }
            } else {
                self.shared.mailbox.take(self.wake_up(next_look))
            };
            work.stop |= self.shared.mailbox.stopped();
            if work.stop {
                break;
            }
            if work.everything {
                self.look_everywhere();
                let all_watched = self.roots.iter().all(|root| root.is_watched);
                let config = &self.shared.config;
                next_look = Instant::now()
                    + if all_watched {
                        config.poll
                    } else {
                        config.poll_unwatched
                    };
            } else {
                self.look_at(work.paths);
            }
            self.look_at_copies();
            self.shared.save_cache();
        }
        self.shared.save_cache();
    }

    fn wake_up(&self, next_look: Instant) -> Instant {
        let rested = self.copying.values().copied().min();
        let save =
            (self.shared.unprobed.load(Ordering::Relaxed) > 0).then(|| Instant::now() + SAVE_EVERY);
        [rested, save]
            .into_iter()
            .flatten()
            .fold(next_look, Instant::min)
    }

    fn look_everywhere(&mut self) {
        for root in 0..self.shared.roots.len() {
            self.watch_root(root); // first, so that nothing falls between looking and watching
            self.look_below(root, Path::new(""));
        }
        self.shared.scanned.store(true, Ordering::Relaxed);
    }

    fn look_at(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let paths: Vec<PathBuf> = paths.into_iter().collect();
        for number in 0..self.shared.roots.len() {
            let root = self.shared.roots[number].path();
            let below = paths
                .iter()
                .filter_map(|path| path.strip_prefix(root).ok().map(Path::to_owned));
            let mut below = without_nested(below);
            if self.roots[number].linked_folders && !below.is_empty() {
                below = vec![PathBuf::new()];
            }
            for start in below {
                self.look_below(number, &start);
            }
        }
    }

    /// Makes the index below `start` what the disk is.
    fn look_below(&mut self, number: usize, start: &Path) {
        let shared = Arc::clone(&self.shared);
        let root = &shared.roots[number];
        let walk = match scan::walk(root, start, || shared.mailbox.stopped()) {
            Ok(walk) => walk,
            Err(error) => return self.root_is_away(number, &error),
        };
        if shared.mailbox.stopped() {
            return; // half a walk would remove the other half
        }
        let whole = start.as_os_str().is_empty();
        if walk.linked_folders && !whole {
            self.roots[number].linked_folders = true;
            return self.look_below(number, Path::new(""));
        }
        if whole {
            self.roots[number].linked_folders = walk.linked_folders;
            shared.warn(&format!("scan {number}"), walk.warnings);
        }
        let mut gone: HashSet<MediaId> =
            shared.index.ids_below(number, start).into_iter().collect();
        let mut put = Vec::new();
        for found in walk.found {
            let id = MediaId::of(root.path(), &found.relative);
            gone.remove(&id);
            match shared.index.get(&id) {
                Some(entry) if entry.stamp == found.stamp => {
                    // Looked into again in silence: it may have been given rights since.
                    if entry.medium.problem.as_ref().is_some_and(Problem::may_pass) {
                        self.queue(Job {
                            id,
                            stamp: entry.stamp,
                        });
                    }
                }
                _ => {
                    let rested = rested_by_date(found.stamp, shared.config.settle);
                    put.push(self.entry(number, id, found, rested));
                }
            }
        }
        let gone: Vec<MediaId> = gone.into_iter().collect();
        for id in &gone {
            self.copying.remove(id);
        }
        self.commit(put, &gone);
    }

    /// Files being copied whose time to rest is over: complete, or still moving?
    fn look_at_copies(&mut self) {
        let now = Instant::now();
        let due: Vec<MediaId> = self
            .copying
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(id, _)| *id)
            .collect();
        let shared = Arc::clone(&self.shared);
        let (mut put, mut gone) = (Vec::new(), Vec::new());
        for id in due {
            self.copying.remove(&id);
            let Some(entry) = shared.index.get(&id) else {
                continue;
            };
            let root = &shared.roots[entry.root];
            let kind = root
                .handle()
                .and_then(|handle| root.kind(&handle, &entry.relative));
            let Ok(Kind::File(stamp)) = kind else {
                gone.push(id);
                continue;
            };
            let container = extension_container(&entry.relative);
            let found = Found {
                relative: entry.relative,
                stamp,
                container,
            };
            put.push(self.entry(entry.root, id, found, stamp == entry.stamp));
        }
        self.commit(put, &gone);
    }

    fn entry(&mut self, root: usize, id: MediaId, found: Found, rested: bool) -> Entry {
        let Found {
            relative,
            stamp,
            container,
        } = found;
        let bare = Probe {
            container,
            duration: None,
            video: vec![],
            audio: vec![],
            subtitles: vec![],
            chapters: vec![],
            cover: false,
        };
        let mut medium = Medium {
            id,
            title: crate::title::clean_title(&relative),
            collection: collection_of(&relative),
            size: stamp.size,
            modified_ms: stamp.modified_ms(),
            state: if rested {
                MediumState::Pending
            } else {
                MediumState::Copying
            },
            problem: None,
            mime: guessed_mime(&bare),
            duration: None,
            video: vec![],
            audio: vec![],
            subtitles: vec![],
            chapters: vec![],
            browser_playable: None,
        };
        if rested {
            self.copying.remove(&id);
            let known = self
                .shared
                .with_cache(|cache| cache.get(&id, stamp, prober(&self.shared.config.tools)));
            if let Some(outcome) = known {
                show_outcome(&mut medium, &outcome);
            }
        } else {
            self.copying
                .insert(id, Instant::now() + self.shared.config.settle);
        }
        Entry {
            medium: Arc::new(medium),
            root,
            relative,
            stamp,
        }
    }

    /// Puts entries into the index and hands those that need it to the probers.
    fn commit(&self, put: Vec<Entry>, gone: &[MediaId]) {
        let pending = |entry: &&Entry| entry.medium.state == MediumState::Pending;
        let jobs: Vec<Job> = put
            .iter()
            .filter(pending)
            .map(|entry| Job {
                id: entry.medium.id,
                stamp: entry.stamp,
            })
            .collect();
        self.shared.index.apply(put, gone);
        for job in jobs {
            self.queue(job);
        }
    }

    fn queue(&self, job: Job) {
        self.shared.unprobed.fetch_add(1, Ordering::Relaxed);
        let _ = self.jobs.send(job); // fails only while the library is being dropped
    }

    fn root_is_away(&mut self, number: usize, error: &io::Error) {
        let path = self.shared.roots[number].path();
        let message = format!(
            "The media folder {path:?} can't be read ({error}). Its media are back as soon as it is."
        );
        let gone = self.shared.index.ids_below(number, Path::new(""));
        self.shared.warn(
            &format!("scan {number}"),
            vec![LibraryWarning {
                code: "media_root_unreadable",
                message,
            }],
        );
        self.roots[number] = RootState::default();
        self.commit(Vec::new(), &gone);
    }

    fn watch_root(&mut self, number: usize) {
        let root = &self.shared.roots[number];
        let state = &mut self.roots[number];
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let identity = root
            .path()
            .metadata()
            .ok()
            .map(|metadata| crate::platform::identity(&metadata));
        if state.is_watched && state.watched == identity {
            return;
        }
        let watched = watch(watcher, root.path());
        state.is_watched = watched.is_ok();
        state.watched = identity;
        let warnings = watched
            .err()
            .filter(|_| identity.is_some())
            .map(|error| unwatched(root.path(), &error));
        self.shared
            .warn(&format!("watch {number}"), warnings.into_iter().collect());
    }
}

fn unwatched(path: &Path, error: &notify::Error) -> LibraryWarning {
    let message = format!(
        "The system can't tell about changes in {path:?} ({error}): they are looked for from time to time instead. On \
         Linux, raising fs.inotify.max_user_watches usually helps."
    );
    LibraryWarning {
        code: "media_watch_unavailable",
        message,
    }
}

/// Whether a file's date alone says that nobody is writing it. A date in the future says nothing.
fn rested_by_date(stamp: Stamp, settle: Duration) -> bool {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    i128::from(stamp.modified_ns) + settle.as_nanos() as i128 <= now as i128
}

fn extension_container(relative: &Path) -> Container {
    relative
        .extension()
        .and_then(|extension| container_by_extension(extension.to_str()?))
        .unwrap_or(Container::Other)
}

/// Before a probe, only the extension speaks; what it leaves open is taken for a film.
fn guessed_mime(bare: &Probe) -> String {
    bare.mime()
        .replace("audio/mp4", "video/mp4")
        .replace("audio/webm", "video/webm")
        .replace("audio/x-matroska", "video/x-matroska")
}
