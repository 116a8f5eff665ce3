//! Segments on disk, up to a limit; those not used for longest go first.
//!
//! All of it can be made again, so a damaged or missing file costs time and never data. Files are put in place in
//! one step: nobody ever reads half a segment, not after a crash either.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use crate::delivery::MediaFile;

/// Folders below the cache's own: film, rendition.
const DEPTH: usize = 2;

/// Left free on the disk, whatever the limit: the database needs room to write what people do.
const DISK_RESERVE: u64 = 512 << 20;

/// What is made room for at once, as a part of the limit: not a search for each segment.
const SLACK: u64 = 10;

/// The cache. Names are `film/rendition/file`, made by us alone.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    limit: u64,
    /// What was used so lately stays: somebody is about to read it.
    rest: Duration,
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    files: HashMap<Arc<str>, Entry>,
    total: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    size: u64,
    used: Instant,
}

impl Cache {
    /// Takes up what an earlier run left. Blocking.
    pub(crate) fn open(folder: PathBuf, limit: u64, rest: Duration) -> Self {
        let mut files = HashMap::new();
        gather(&folder, &mut String::new(), DEPTH, &mut files);
        let total = files.values().map(|entry: &Entry| entry.size).sum();
        let cache = Self {
            folder,
            limit,
            rest,
            index: Mutex::new(Index { files, total }),
        };
        cache.remove(cache.overflow());
        cache
    }

    /// Bytes kept.
    pub(crate) fn size(&self) -> u64 {
        self.index().total
    }

    /// Bytes kept at most.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Whether something is there; costs nothing.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.index().files.contains_key(name)
    }

    /// Opens a file, and notes that it is of use.
    pub(crate) async fn get(self: &Arc<Self>, name: &str, mime: &'static str) -> Option<MediaFile> {
        {
            let mut index = self.index();
            index.files.get_mut(name)?.used = Instant::now();
        }
        let path = self.folder.join(name);
        let opened = spawn_blocking(move || {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            io::Result::Ok(MediaFile::new(file, &metadata, mime.to_owned()))
        });
        match opened.await {
            Ok(Ok(file)) => Some(file),
            _ => {
                // Somebody cleared the folder.
                let mut index = self.index();
                if let Some(entry) = index.files.remove(name) {
                    index.total = index.total.saturating_sub(entry.size);
                }
                None
            }
        }
    }

    /// Keeps a file, and lets go of others where they are too many.
    pub(crate) async fn put(self: &Arc<Self>, name: &str, bytes: Bytes) -> io::Result<()> {
        let (cache, name): (_, Arc<str>) = (Arc::clone(self), name.into());
        spawn_blocking(move || {
            let path = cache.folder.join(&*name);
            let parent = path.parent().unwrap_or(&cache.folder);
            fs::create_dir_all(parent)?;
            let mut file = tempfile::Builder::new()
                .prefix(".part")
                .tempfile_in(parent)?;
            file.write_all(&bytes)?;
            file.persist(&path).map_err(|failed| failed.error)?;
            let size = bytes.len() as u64;
            {
                let mut index = cache.index();
                let used = Instant::now();
                let before = index.files.insert(name, Entry { size, used });
                index.total = index.total + size - before.map_or(0, |entry| entry.size);
            }
            cache.remove(cache.overflow());
            Ok(())
        })
        .await
        .unwrap_or_else(|ended| Err(io::Error::other(ended)))
    }

    /// Whether the disk has room for more.
    pub(crate) async fn has_room(self: &Arc<Self>) -> bool {
        let cache = Arc::clone(self);
        let look = spawn_blocking(move || {
            fs::create_dir_all(&cache.folder)?;
            fs4::available_space(&cache.folder)
        });
        // A folder that can't be asked will say so when it is written to.
        !matches!(look.await, Ok(Ok(free)) if free < DISK_RESERVE)
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        // Map operations and sums only.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out of the index what is too much: the longest unused first, the lately used never.
    fn overflow(&self) -> Vec<Arc<str>> {
        let mut index = self.index();
        if index.total <= self.limit {
            return Vec::new();
        }
        let now = Instant::now();
        let mut old: Vec<(Instant, Arc<str>)> = index
            .files
            .iter()
            .filter(|(_, entry)| now.saturating_duration_since(entry.used) >= self.rest)
            .map(|(name, entry)| (entry.used, Arc::clone(name)))
            .collect();
        old.sort();
        let wanted = self.limit - self.limit / SLACK;
        let mut gone = Vec::new();
        for (_, name) in old {
            if index.total <= wanted {
                break;
            }
            if let Some(entry) = index.files.remove(&name) {
                index.total = index.total.saturating_sub(entry.size);
                gone.push(name);
            }
        }
        gone
    }

    fn remove(&self, names: Vec<Arc<str>>) {
        for name in names {
            let path = self.folder.join(&*name);
            let _ = fs::remove_file(&path);
            // Empty folders go as well; others refuse.
            let mut folder = path.parent();
            while let Some(above) = folder.filter(|above| **above != self.folder) {
                if fs::remove_dir(above).is_err() {
                    break;
                }
                folder = above.parent();
            }
        }
    }
}

/// Adds the files below `folder`; what an interrupted run left half-written is removed.
fn gather(folder: &Path, name: &mut String, depth: usize, out: &mut HashMap<Arc<str>, Entry>) {
    let Ok(found) = fs::read_dir(folder) else {
        return;
    };
    let length = name.len();
    for entry in found.flatten() {
        let (Ok(kind), Some(own)) = (
            entry.file_type(),
            entry.file_name().to_str().map(str::to_owned),
        ) else {
            continue;
        };
        if own.starts_with('.') {
            let _ = fs::remove_file(entry.path());
            continue;
        }
        name.push_str(&own);
        if kind.is_dir() && depth > 0 {
            name.push('/');
            gather(&entry.path(), name, depth - 1, out);
        } else if kind.is_file()
            && depth == 0
            && let Ok(metadata) = entry.metadata()
        {
            let age = metadata
                .modified()
                .ok()
                .and_then(|modified| SystemTime::now().duration_since(modified).ok())
                .unwrap_or_default();
            let now = Instant::now();
            let used = now.checked_sub(age).unwrap_or(now);
            let size = metadata.len();
            out.insert(name.as_str().into(), Entry { size, used });
        }
        name.truncate(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path, limit: u64) -> Arc<Cache> {
        Arc::new(Cache::open(folder.to_owned(), limit, Duration::ZERO))
    }

    async fn put(cache: &Arc<Cache>, name: &str, size: usize) {
        let bytes = Bytes::from(vec![7; size]);
        cache.put(name, bytes).await.unwrap();
    }

    #[tokio::test]
    async fn the_longest_unused_goes_first_and_the_limit_holds() {
        let dir = tempfile::tempdir().unwrap();
        let cache = open(dir.path(), 1000);
        for n in 0..5 {
            put(&cache, &format!("film/v720.1/{n}.m4s"), 200).await;
        }
        assert!(cache.get("film/v720.1/0.m4s", "video/mp4").await.is_some());
        put(&cache, "other/v720.1/0.m4s", 200).await;
        assert!(cache.size() <= 1000);
        assert!(cache.has("film/v720.1/0.m4s"), "it was just used");
        assert!(!cache.has("film/v720.1/1.m4s"));
        assert!(!dir.path().join("film/v720.1/1.m4s").exists());
    }

    #[tokio::test]
    async fn what_is_in_use_stays_whatever_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let rest = Duration::from_secs(3600);
        let cache = Arc::new(Cache::open(dir.path().to_owned(), 10, rest));
        put(&cache, "film/a0.1/0.m4s", 200).await;
        assert!(cache.get("film/a0.1/0.m4s", "video/mp4").await.is_some());
    }

    #[tokio::test]
    async fn a_restart_finds_what_was_kept_and_clears_what_was_not_finished() {
        let dir = tempfile::tempdir().unwrap();
        put(&open(dir.path(), 1000), "film/copy.1/3.m4s", 300).await;
        fs::write(dir.path().join("film/copy.1/.part123"), "half").unwrap();
        let cache = open(dir.path(), 1000);
        assert_eq!(cache.size(), 300);
        let file = cache.get("film/copy.1/3.m4s", "video/mp4").await.unwrap();
        assert_eq!(file.size(), 300);
        assert!(!dir.path().join("film/copy.1/.part123").exists());
        drop(cache);
        // A limit that was lowered holds from the start; empty folders go, too.
        assert_eq!(open(dir.path(), 100).size(), 0);
        assert!(!dir.path().join("film").exists());
    }

    #[tokio::test]
    async fn a_file_that_somebody_removed_is_simply_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let cache = open(dir.path(), 1000);
        put(&cache, "film/a0.1/0.m4s", 10).await;
        fs::remove_dir_all(dir.path().join("film")).unwrap();
        assert!(cache.get("film/a0.1/0.m4s", "video/mp4").await.is_none());
        assert_eq!((cache.size(), cache.has("film/a0.1/0.m4s")), (0, false));
    }
}
