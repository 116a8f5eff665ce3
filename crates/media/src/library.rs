//! The library: what the server holds. It answers from memory; scanning and probing happen elsewhere.
//!
//! One thread of its own (`scanner`) looks at the disk, two tasks (`prober`) look into files, and everything
//! anybody asks is answered from the index. Dropping the library ends all three.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::delivery::MediaFile;
use crate::episode::Episode;
use crate::error::{LibraryError, LibraryWarning, MediaError};
use crate::id::MediaId;
use crate::index::{Entry, Index, Listing};
use crate::medium::{Medium, MediumState};
use crate::poster::Posters;
use crate::probe::cache::{ProbeCache, replace_file};
use crate::root::Root;
use crate::sidecar::{self, Sidecar};
use crate::tools::Tools;
use crate::watch::Mailbox;
use crate::{prober, scanner};

/// What a library is made of.
#[derive(Debug, Clone)]
pub struct LibraryConfig {
    /// The folders with media. May be empty: then so is the library.
    pub roots: Vec<PathBuf>,
    /// Where probes and posters are kept. Made when missing; the library works without, only slower.
    pub cache: PathBuf,
    /// ffmpeg and ffprobe, if they may be used.
    pub tools: Tools,
    /// Whether to ask the system for file events. Without, or where it can't, `poll` finds changes.
    pub watch: bool,
    /// How often everything is compared with the disk, events or not: they can be lost.
    pub poll: Duration,
    /// How often, where there are no events.
    pub poll_unwatched: Duration,
    /// How long size and date of a file must rest until it counts as complete.
    pub settle: Duration,
}

impl LibraryConfig {
    /// The usual: programs from `PATH`, file events, a full look every 10 minutes (every 15 s without events),
    /// files complete after 2 s of rest.
    pub fn new(roots: Vec<PathBuf>, cache: PathBuf) -> Self {
        Self {
            roots,
            cache,
            tools: Tools::find(),
            watch: true,
            poll: Duration::from_secs(600),
            poll_unwatched: Duration::from_secs(15),
            settle: Duration::from_secs(2),
        }
    }
}

/// How the library is doing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LibraryStatus {
    /// The first look at the disk isn't over yet: the list is still growing.
    pub scanning: bool,
    /// Media listed.
    pub media: usize,
    /// Media waiting to be looked into.
    pub unprobed: usize,
    /// What the operator should know. Names paths: not for viewers.
    pub warnings: Vec<LibraryWarning>,
}

/// What scanner, probers and library share.
pub(crate) struct Shared {
    pub(crate) roots: Vec<Root>,
    pub(crate) config: LibraryConfig,
    pub(crate) index: Index,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) scanned: AtomicBool,
    pub(crate) unprobed: AtomicUsize,
    cache: Mutex<Option<ProbeCache>>,
    /// By source, so that a later look replaces what an earlier one said.
    warnings: Mutex<BTreeMap<String, Vec<LibraryWarning>>>,
}

/// The library. Share it in an `Arc`.
pub struct Library {
    pub(crate) shared: Arc<Shared>,
    posters: Posters,
    probers: Vec<JoinHandle<()>>,
}

impl Library {
    /// Checks the roots, starts scanning, and returns at once with a list that is still empty.
    ///
    /// # Errors
    /// [`LibraryError`] names the first root that is missing, no folder, or unreadable.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn open(config: LibraryConfig) -> Result<Self, LibraryError> {
        let named = config.roots.clone();
        let roots = tokio::task::spawn_blocking(move || resolve(&named))
            .await
            .unwrap_or_else(|_| Ok(Vec::new()))?;
        let shared = Arc::new(Shared {
            roots,
            index: Index::new(),
            mailbox: Arc::default(),
            scanned: AtomicBool::new(false),
            unprobed: AtomicUsize::new(0),
            cache: Mutex::new(None),
            warnings: Mutex::default(),
            config,
        });
        let (jobs, probers) = prober::start(&shared);
        scanner::start(Arc::clone(&shared), jobs)
            .map_err(|source| LibraryError::ScanNotStarted { source })?;
        let posters = Posters::new(
            shared.config.cache.join("posters"),
            shared.config.tools.clone(),
        );
        Ok(Self {
            shared,
            posters,
            probers,
        })
    }

    /// One page of the media matching all words of `query` (in title, folder or file name; neither case nor
    /// accents count). `page` counts from 0; `page_size` is bounded to 1..=[`crate::MAX_PAGE_SIZE`].
    pub fn list(&self, query: &str, page: usize, page_size: usize) -> Listing {
        self.shared.index.list(query, page, page_size)
    }

    /// What is known of one medium.
    pub fn get(&self, id: &MediaId) -> Option<Arc<Medium>> {
        self.shared.index.get(id).map(|entry| entry.medium)
    }

    /// Rises with every change of the list or of a medium in it. Starts at 0 with each start.
    pub fn version(&self) -> u64 {
        self.shared.index.version()
    }

    /// Tells about new versions. A first scan makes many in a row: tell pages at most every so often.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.index.changes()
    }

    /// How it is doing, for the operator.
    pub fn status(&self) -> LibraryStatus {
        let unprobed = self.shared.unprobed.load(Ordering::Relaxed);
        LibraryStatus {
            scanning: !self.shared.scanned.load(Ordering::Relaxed),
            media: self.shared.index.len(),
            unprobed,
            warnings: self.shared.warnings().values().flatten().cloned().collect(),
        }
    }

    /// Looks at everything again, soon.
    pub fn rescan(&self) {
        self.shared.mailbox.look_everywhere();
    }

    /// The episode that comes after a medium, by the names of files and folders; `None` where there is none that can
    /// be watched. Blocking: it looks at every name there is.
    pub fn next_episode(&self, id: &MediaId) -> Option<Arc<Medium>> {
        let index = &self.shared.index;
        let own = Episode::of(&index.get(id)?.relative)?;
        // Names are read when the index is free again for others.
        let all = index.collect(|entry| {
            let ready = entry.medium.state == MediumState::Ready;
            ready.then(|| (entry.relative.clone(), Arc::clone(&entry.medium)))
        });
        let later = all.into_iter().filter_map(|(relative, medium)| {
            let episode = Episode::of(&relative).filter(|episode| own.is_before(episode))?;
            Some(((episode.season, episode.number, medium.id), medium))
        });
        later
            .min_by_key(|(place, _)| *place)
            .map(|(_, medium)| medium)
    }

    /// Opens a medium for delivery.
    ///
    /// # Errors
    /// [`MediaError`]: unknown, gone, still being copied, or unreadable.
    pub async fn open_media(&self, id: &MediaId) -> Result<MediaFile, MediaError> {
        let entry = self.watchable(id)?;
        let shared = Arc::clone(&self.shared);
        let mime = entry.medium.mime.clone();
        let opened = tokio::task::spawn_blocking(move || shared.open(&entry)).await;
        let (file, metadata) = opened.unwrap_or_else(|_| Err(MediaError::Gone))?;
        Ok(MediaFile::new(file, &metadata, mime))
    }

    /// The subtitle files beside a medium.
    pub async fn sidecars(&self, id: &MediaId) -> Vec<Sidecar> {
        let Some(entry) = self.shared.index.get(id) else {
            return Vec::new();
        };
        let shared = Arc::clone(&self.shared);
        let look = tokio::task::spawn_blocking(move || sidecar::beside(&shared, &entry));
        look.await.unwrap_or_default()
    }

    /// Opens a subtitle file beside a medium.
    ///
    /// # Errors
    /// [`MediaError`]: the medium is unknown, or the file gone.
    pub async fn open_sidecar(
        &self,
        id: &MediaId,
        sidecar: &Sidecar,
    ) -> Result<std::fs::File, MediaError> {
        let entry = self
            .shared
            .index
            .get(id)
            .ok_or(MediaError::NotFound { id: *id })?;
        let (shared, sidecar) = (Arc::clone(&self.shared), sidecar.clone());
        let open = tokio::task::spawn_blocking(move || sidecar::open(&shared, &entry, &sidecar));
        match open.await {
            Ok(Ok(file)) => Ok(file),
            _ => Err(MediaError::Gone),
        }
    }

    /// The text of a subtitle file beside a medium, whatever it is encoded in.
    ///
    /// # Errors
    /// [`MediaError`]: the medium is unknown, or the file gone.
    pub async fn read_sidecar(
        &self,
        id: &MediaId,
        sidecar: &Sidecar,
    ) -> Result<String, MediaError> {
        let file = self.open_sidecar(id, sidecar).await?;
        let text = tokio::task::spawn_blocking(move || crate::hls::read_text(file)).await;
        match text {
            Ok(Ok(text)) => Ok(text),
            _ => Err(MediaError::Gone),
        }
    }

    /// A still picture of a medium, JPEG, some 480 pixels wide. Made on first request, then kept.
    ///
    /// `None` without ffmpeg, without a picture in the medium, or when none could be made. Waits for its turn:
    /// one is made at a time. Dropping the future gives the turn up.
    ///
    /// # Errors
    /// [`MediaError`], as for [`Library::open_media`].
    pub async fn poster(&self, id: &MediaId) -> Result<Option<MediaFile>, MediaError> {
        let entry = self.watchable(id)?;
        self.posters.get(&self.shared, &entry).await
    }

    fn watchable(&self, id: &MediaId) -> Result<Entry, MediaError> {
        let entry = self
            .shared
            .index
            .get(id)
            .ok_or(MediaError::NotFound { id: *id })?;
        match (entry.medium.state, &entry.medium.problem) {
            (MediumState::Copying, _) => Err(MediaError::Copying),
            (MediumState::Broken, Some(problem)) => Err(MediaError::Unreadable {
                reason: problem.message.trim_end_matches('.').to_owned(),
            }),
            _ => Ok(entry),
        }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.shared.mailbox.stop();
        for prober in &self.probers {
            prober.abort(); // and with it, its ffprobe
        }
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library")
            .field("roots", &self.shared.roots)
            .field("media", &self.shared.index.len())
            .finish()
    }
}

fn resolve(named: &[PathBuf]) -> Result<Vec<Root>, LibraryError> {
    let mut roots: Vec<Root> = Vec::new();
    for path in named {
        let root = Root::resolve(path)?;
        if !roots.iter().any(|known| known.path() == root.path()) {
            roots.push(root);
        }
    }
    Ok(roots)
}

impl Shared {
    /// Opens a medium's file. Blocking.
    pub(crate) fn open(
        &self,
        entry: &Entry,
    ) -> Result<(std::fs::File, std::fs::Metadata), MediaError> {
        let root = &self.roots[entry.root];
        root.open_file(&entry.relative).map_err(|error| {
            // Whatever it is, the index is behind the disk.
            self.mailbox
                .look_at(vec![root.path().join(&entry.relative)]);
            match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                    MediaError::Gone
                }
                kind => MediaError::Unreadable {
                    reason: kind.to_string(),
                },
            }
        })
    }

    /// Runs with the probe cache, which is read from disk on first use. Blocking.
    pub(crate) fn with_cache<T>(&self, run: impl FnOnce(&mut ProbeCache) -> T) -> T {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        run(cache.get_or_insert_with(|| ProbeCache::load(&self.config.cache)))
    }

    /// Writes the probe cache if it changed. Blocking.
    pub(crate) fn save_cache(&self) {
        let Some((path, bytes)) = self.with_cache(ProbeCache::take_changes) else {
            return;
        };
        let warnings = match replace_file(&path, &bytes) {
            Ok(()) => Vec::new(),
            Err(error) => vec![LibraryWarning {
                code: "media_cache_unusable",
                message: format!(
                    "What was found in media files can't be kept in {path:?} ({error}): they are looked into again after \
                     each start. Make the folder writable."
                ),
            }],
        };
        self.warn("cache", warnings);
    }

    /// Replaces what `source` had to say.
    pub(crate) fn warn(&self, source: &str, warnings: Vec<LibraryWarning>) {
        let before = self
            .warnings()
            .insert(source.to_owned(), warnings.clone())
            .unwrap_or_default();
        for warning in warnings.iter().filter(|warning| !before.contains(warning)) {
            tracing::warn!(code = warning.code, "{}", warning.message);
        }
    }

    fn warnings(&self) -> MutexGuard<'_, BTreeMap<String, Vec<LibraryWarning>>> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
