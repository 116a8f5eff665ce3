//! Posters: one still picture per medium, made by ffmpeg when somebody asks, and kept.
//!
//! One is made at a time, niced, within a time limit, from the opened file. The picture comes back through a
//! pipe and is put in place in one step, so nobody ever reads half of one.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{OnceCell, Semaphore};
use tokio::task::spawn_blocking;

use crate::delivery::MediaFile;
use crate::error::MediaError;
use crate::id::MediaId;
use crate::index::Entry;
use crate::library::Shared;
use crate::probe::cache::replace_file;
use crate::root::Stamp;
use crate::tools::{INPUT, Tools, output};

/// Pixels across. Twice the width of a tile in the page's list, for dense screens.
const WIDTH: u32 = 480;

/// Frames the most telling one is picked from: a second of film, so no black frame between scenes.
const FRAMES: u32 = 25;

/// Longest making of one. A 4K film takes some 3 s on a small server.
const TIME: Duration = Duration::from_secs(30);

/// Largest picture taken. 480 pixels wide are some 40 KiB.
const MAX_BYTES: u64 = 1 << 20;

/// Most pictures kept on disk, some 200 MB; the oldest go first.
const MAX_POSTERS: usize = 5_000;

/// A picture belongs to one version of a file.
type Key = (MediaId, Stamp);

/// One attempt, shared by all who asked for it: where the picture is, or that there is none.
type Attempt = Arc<OnceCell<Option<PathBuf>>>;

/// The poster maker.
pub(crate) struct Posters {
    folder: PathBuf,
    tools: Tools,
    turn: Semaphore,
    /// What was tried since start, so that those asking together share one attempt and failures aren't repeated.
    tried: Mutex<HashMap<MediaId, (Stamp, Attempt)>>,
}

impl Posters {
    pub(crate) fn new(folder: PathBuf, tools: Tools) -> Self {
        Self {
            folder,
            tools,
            turn: Semaphore::new(1),
            tried: Mutex::default(),
        }
    }

    /// The picture, made now if need be.
    pub(crate) async fn get(
        &self,
        shared: &Arc<Shared>,
        entry: &Entry,
    ) -> Result<Option<MediaFile>, MediaError> {
        // Unprobed media may have a picture; of those probed, only films and sound with a cover do.
        let medium = &entry.medium;
        if medium.browser_playable.is_some() && medium.video.is_empty() && medium.audio.is_empty() {
            return Ok(None);
        }
        let key = (medium.id, entry.stamp);
        for _ in 0..2 {
            let cell = self.cell(key);
            let path = cell
                .get_or_try_init(|| self.find_or_make(shared, entry, key))
                .await?;
            let Some(path) = path.clone() else {
                return Ok(None);
            };
            let opened = spawn_blocking(move || {
                let file = File::open(path)?;
                let metadata = file.metadata()?;
                io::Result::Ok(MediaFile::new(file, &metadata, "image/jpeg".to_owned()))
            });
            match opened.await {
                Ok(Ok(file)) => return Ok(Some(file)),
                // Somebody cleared the cache: forget, and make it once more.
                _ => self.forget(key),
            }
        }
        Ok(None)
    }

    fn cell(&self, (id, stamp): Key) -> Attempt {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = tried.entry(id).or_insert_with(|| (stamp, Arc::default()));
        if slot.0 != stamp {
            *slot = (stamp, Arc::default());
        }
        Arc::clone(&slot.1)
    }

    fn forget(&self, (id, _): Key) {
        self.tried
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
    }

    async fn find_or_make(
        &self,
        shared: &Arc<Shared>,
        entry: &Entry,
        (id, stamp): Key,
    ) -> Result<Option<PathBuf>, MediaError> {
        let path = self
            .folder
            .join(format!("{id}-{:x}-{:x}.jpg", stamp.size, stamp.modified_ns));
        let there = {
            let path = path.clone();
            spawn_blocking(move || path.is_file()).await
        };
        if there.unwrap_or(false) {
            return Ok(Some(path));
        }
        let Some(ffmpeg) = self.tools.ffmpeg.clone() else {
            return Ok(None);
        };
        let Ok(_turn) = self.turn.acquire().await else {
            return Ok(None);
        };
        let opened = {
            let (shared, entry) = (Arc::clone(shared), entry.clone());
            spawn_blocking(move || shared.open(&entry)).await
        };
        let (file, _) = opened.unwrap_or(Err(MediaError::Gone))?;
        let at = if entry.medium.video.is_empty() {
            0.0
        } else {
            entry.medium.duration.unwrap_or(0.0) * 0.1
        };
        let Some(picture) = self.make(&ffmpeg, file, at).await else {
            tracing::debug!(media = %id, "no poster could be made");
            return Ok(None);
        };
        let folder = self.folder.clone();
        let kept = spawn_blocking(move || {
            replace_file(&path, &picture)?;
            prune(&folder, id, &path);
            io::Result::Ok(path)
        });
        match kept.await {
            Ok(Ok(path)) => Ok(Some(path)),
            Ok(Err(error)) => {
                let message = format!(
                    "Posters can't be kept in {:?} ({error}), so there are none. Make the folder writable.",
                    self.folder
                );
                shared.warn(
                    "posters",
                    vec![crate::LibraryWarning {
                        code: "media_cache_unusable",
                        message,
                    }],
                );
                Ok(None)
            }
            Err(_) => Ok(None),
        }
    }

    async fn make(&self, ffmpeg: &Path, file: File, at: f64) -> Option<Vec<u8>> {
        let mut command = self.tools.command(ffmpeg, file);
        // `dar` keeps the shape of films whose pixels aren't square; both sides even, as JPEG's colour wants.
        let filter = format!(
            "thumbnail=n={FRAMES},scale=w={WIDTH}:h=max(2\\,trunc({WIDTH}/dar/2)*2),setsar=1"
        );
        command.args([
            "-nostdin",
            "-threads",
            "1",
            "-ss",
            &format!("{at:.3}"),
            "-i",
            INPUT,
            "-map",
            "0:v:0",
            "-an",
            "-sn",
            "-dn",
        ]);
        command.args([
            "-vf",
            &filter,
            "-frames:v",
            "1",
            "-threads",
            "1",
            "-q:v",
            "4",
            "-c:v",
            "mjpeg",
            "-f",
            "image2pipe",
            "pipe:1",
        ]);
        let picture = output(command, TIME, MAX_BYTES).await.ok()?;
        picture.starts_with(&[0xff, 0xd8, 0xff]).then_some(picture)
    }
}

/// Removes pictures of older versions of this medium, and the oldest of all when there are too many.
fn prune(folder: &Path, id: MediaId, keep: &Path) {
    let Ok(names) = fs::read_dir(folder) else {
        return;
    };
    let prefix = format!("{id}-");
    let mut others: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in names.flatten() {
        let path = entry.path();
        if path == keep {
            continue;
        }
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let _ = fs::remove_file(path);
        } else if let Ok(modified) = entry.metadata().and_then(|metadata| metadata.modified()) {
            others.push((modified, path));
        }
    }
    if others.len() >= MAX_POSTERS {
        others.sort();
        for (_, path) in &others[..=others.len() - MAX_POSTERS] {
            let _ = fs::remove_file(path);
        }
    }
}
