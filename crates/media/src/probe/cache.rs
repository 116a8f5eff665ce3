//! What was found in files, kept over restarts.
//!
//! One JSON file in the cache folder, keyed by id (root and path), valid while size and date of the file stay
//! the same. It holds facts that can be found again: a damaged or missing one costs time, never data.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{Outcome, Prober};
use crate::id::MediaId;
use crate::root::Stamp;

/// Bump when [`crate::medium::Probe`] changes its meaning; older files are then ignored.
const VERSION: u32 = 2;

/// Days an entry outlives its file. A disk that is away for a season needn't be looked through again.
const KEEP_DAYS: u64 = 90;

/// Largest cache file read: some 100,000 media. Beyond, something else wrote it.
const MAX_FILE_BYTES: u64 = 256 << 20;

pub(crate) struct ProbeCache {
    path: PathBuf,
    entries: HashMap<MediaId, Entry>,
    dirty: bool,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    size: u64,
    modified_ns: i64,
    prober: Prober,
    /// Day (since 1970) on which it was last of use.
    seen_day: u64,
    outcome: Outcome,
}

#[derive(Deserialize)]
struct Document {
    version: u32,
    entries: HashMap<MediaId, Entry>,
}

#[derive(Serialize)]
struct DocumentRef<'a> {
    version: u32,
    entries: &'a HashMap<MediaId, Entry>,
}

impl ProbeCache {
    /// Reads the cache below `folder`; an unusable one is an empty one.
    pub(crate) fn load(folder: &Path) -> Self {
        let path = folder.join("probes.json");
        let entries = read(&path).unwrap_or_default();
        Self {
            path,
            entries,
            dirty: false,
        }
    }

    /// What was found in this very version of the file, by a prober at least as good.
    pub(crate) fn get(&mut self, id: &MediaId, stamp: Stamp, prober: Prober) -> Option<Outcome> {
        let entry = self.entries.get_mut(id)?;
        let same = entry.size == stamp.size && entry.modified_ns == stamp.modified_ns;
        if !same || (prober == Prober::Ffprobe && entry.prober == Prober::BuiltIn) {
            return None;
        }
        let today = today();
        if entry.seen_day != today {
            entry.seen_day = today;
            self.dirty = true;
        }
        Some(entry.outcome.clone())
    }

    /// Remembers a lasting outcome.
    pub(crate) fn put(&mut self, id: MediaId, stamp: Stamp, prober: Prober, outcome: &Outcome) {
        if matches!(outcome, Outcome::Failed(_)) {
            return;
        }
        let Stamp { size, modified_ns } = stamp;
        self.entries.insert(
            id,
            Entry {
                size,
                modified_ns,
                prober,
                seen_day: today(),
                outcome: outcome.clone(),
            },
        );
        self.dirty = true;
    }

    /// The bytes to write and where, if anything changed since last time.
    pub(crate) fn take_changes(&mut self) -> Option<(PathBuf, Vec<u8>)> {
        if !std::mem::take(&mut self.dirty) {
            return None;
        }
        let oldest = today().saturating_sub(KEEP_DAYS);
        self.entries.retain(|_, entry| entry.seen_day >= oldest);
        let json = serde_json::to_vec(&DocumentRef {
            version: VERSION,
            entries: &self.entries,
        });
        Some((
            self.path.clone(),
            json.expect("names and numbers always become JSON"),
        ))
    }
}

/// Puts bytes in place of a file in one step; readers see the old or the new.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
    replace_file_in_place(path, bytes)
}

/// The same where the folder must be there already: what was removed meanwhile does not come back.
pub(crate) fn replace_file_in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = tempfile::Builder::new()
        .prefix(".write")
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

fn read(path: &Path) -> Option<HashMap<MediaId, Entry>> {
    if fs::metadata(path).ok()?.len() > MAX_FILE_BYTES {
        return None;
    }
    let document: Document = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (document.version == VERSION).then_some(document.entries)
}

fn today() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() / 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::corrupt;

    const STAMP: Stamp = Stamp {
        size: 10,
        modified_ns: 20,
    };

    fn save(cache: &mut ProbeCache) {
        let (path, json) = cache.take_changes().unwrap();
        replace_file(&path, &json).unwrap();
    }

    #[test]
    fn outcomes_survive_a_restart_until_the_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        let id = MediaId::of(Path::new("/films"), Path::new("a.mp4"));
        let outcome = Outcome::Broken(corrupt());
        let mut cache = ProbeCache::load(dir.path());
        cache.put(id, STAMP, Prober::BuiltIn, &outcome);
        save(&mut cache);
        assert!(
            cache.take_changes().is_none(),
            "nothing new, nothing to write"
        );

        let mut cache = ProbeCache::load(dir.path());
        assert_eq!(cache.get(&id, STAMP, Prober::BuiltIn), Some(outcome));
        assert_eq!(
            cache.get(&id, STAMP, Prober::Ffprobe),
            None,
            "ffprobe may know better"
        );
        assert_eq!(
            cache.get(&id, Stamp { size: 11, ..STAMP }, Prober::BuiltIn),
            None
        );
        assert_eq!(
            cache.get(
                &id,
                Stamp {
                    modified_ns: 21,
                    ..STAMP
                },
                Prober::BuiltIn
            ),
            None
        );
    }

    #[test]
    fn a_damaged_cache_is_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        for content in [
            "",
            "{",
            "[]",
            r#"{"version":999,"entries":{}}"#,
            r#"{"version":1,"entries":{"x":1}}"#,
        ] {
            fs::write(dir.path().join("probes.json"), content).unwrap();
            assert!(ProbeCache::load(dir.path()).entries.is_empty());
        }
    }
}
