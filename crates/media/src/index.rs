//! The list of media in memory: looked up by id, listed in order, searched.
//!
//! Pure data behind one lock; the scan thread and the probes write, everybody reads. Every change that a
//! viewer could see raises the version by one.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

use crate::id::MediaId;
use crate::medium::Medium;
use crate::root::Stamp;
use crate::title::{fold, natural_key};

/// Most media on one page of a listing.
pub const MAX_PAGE_SIZE: usize = 200;

/// Longest search looked at, in characters.
pub const MAX_QUERY_CHARS: usize = 200;

/// One page of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listing {
    /// How many media match in all.
    pub total: usize,
    /// Which page this is, from 0.
    pub page: usize,
    /// Media a page, after bounding to 1..=[`MAX_PAGE_SIZE`].
    pub page_size: usize,
    /// The library's version this page shows.
    pub version: u64,
    /// The media, by title as people count ("Part 2" before "Part 10"), then folder, then id.
    pub media: Vec<Arc<Medium>>,
}

/// A medium and where its file is.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) medium: Arc<Medium>,
    pub(crate) root: usize,
    pub(crate) relative: PathBuf,
    pub(crate) stamp: Stamp,
}

type Order = (String, String, MediaId);

struct Indexed {
    entry: Entry,
    order: Order,
    /// What searches look into: title, folder and file name, folded.
    haystack: String,
}

#[derive(Default)]
struct State {
    by_id: HashMap<MediaId, Indexed>,
    order: BTreeMap<Order, MediaId>,
}

/// The index.
pub(crate) struct Index {
    state: Mutex<State>,
    version: watch::Sender<u64>,
}

impl Index {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            version: watch::Sender::new(0),
        }
    }

    /// The present version.
    pub(crate) fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// Tells about new versions.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub(crate) fn get(&self, id: &MediaId) -> Option<Entry> {
        self.state()
            .by_id
            .get(id)
            .map(|indexed| indexed.entry.clone())
    }

    pub(crate) fn len(&self) -> usize {
        self.state().by_id.len()
    }

    /// Ids of what is listed at or below `prefix` of a root.
    pub(crate) fn ids_below(&self, root: usize, prefix: &Path) -> Vec<MediaId> {
        let state = self.state();
        let below = |indexed: &&Indexed| {
            indexed.entry.root == root && indexed.entry.relative.starts_with(prefix)
        };
        state
            .by_id
            .values()
            .filter(below)
            .map(|indexed| indexed.entry.medium.id)
            .collect()
    }

    /// What `pick` makes of each entry, in no order.
    pub(crate) fn collect<T>(&self, pick: impl Fn(&Entry) -> Option<T>) -> Vec<T> {
        let state = self.state();
        let entries = state.by_id.values().map(|indexed| &indexed.entry);
        entries.filter_map(pick).collect()
    }

    /// Puts and removes, as one change. Does nothing, and raises nothing, when both are empty.
    pub(crate) fn apply(&self, put: Vec<Entry>, remove: &[MediaId]) {
        let mut state = self.state();
        let mut changed = !put.is_empty();
        for id in remove {
            changed |= state.remove(id);
        }
        for entry in put {
            state.put(entry);
        }
        if changed {
            self.version.send_modify(|version| *version += 1);
        }
    }

    /// Replaces what is known of a medium, unless its file has changed or gone since.
    pub(crate) fn update(&self, id: &MediaId, stamp: Stamp, change: impl FnOnce(&mut Medium)) {
        let mut state = self.state();
        let Some(indexed) = state
            .by_id
            .get_mut(id)
            .filter(|indexed| indexed.entry.stamp == stamp)
        else {
            return;
        };
        let before = Arc::clone(&indexed.entry.medium);
        change(Arc::make_mut(&mut indexed.entry.medium));
        if *before != *indexed.entry.medium {
            self.version.send_modify(|version| *version += 1);
        }
    }

    pub(crate) fn list(&self, query: &str, page: usize, page_size: usize) -> Listing {
        let page_size = page_size.clamp(1, MAX_PAGE_SIZE);
        let query = fold(&query.chars().take(MAX_QUERY_CHARS).collect::<String>());
        let words: Vec<&str> = query.split_whitespace().collect();
        let skip = page.saturating_mul(page_size);
        let state = self.state();
        let mut total = 0;
        let mut media = Vec::new();
        for indexed in state.order.values().filter_map(|id| state.by_id.get(id)) {
            if !words.iter().all(|word| indexed.haystack.contains(word)) {
                continue;
            }
            if total >= skip && media.len() < page_size {
                media.push(Arc::clone(&indexed.entry.medium));
            }
            total += 1;
        }
        Listing {
            total,
            page,
            page_size,
            version: self.version(),
            media,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock leaves the maps half-changed, so a panic elsewhere doesn't spoil them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, entry: Entry) {
        let medium = &entry.medium;
        let id = medium.id;
        let order = (
            natural_key(&fold(&medium.title)),
            natural_key(&fold(&medium.collection)),
            id,
        );
        let file = entry
            .relative
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let haystack = fold(&format!(
            "{}\n{}\n{}",
            medium.title, medium.collection, file
        ));
        self.remove(&id);
        self.order.insert(order.clone(), id);
        self.by_id.insert(
            id,
            Indexed {
                entry,
                order,
                haystack,
            },
        );
    }

    fn remove(&mut self, id: &MediaId) -> bool {
        let Some(gone) = self.by_id.remove(id) else {
            return false;
        };
        self.order.remove(&gone.order);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::medium::MediumState;

    fn entry(relative: &str) -> Entry {
        let path = Path::new(relative);
        let medium = Medium {
            id: MediaId::of(Path::new("/films"), path),
            title: crate::title::clean_title(path),
            collection: crate::scan::collection_of(path),
            size: 1,
            modified_ms: 0,
            state: MediumState::Pending,
            problem: None,
            mime: "video/mp4".into(),
            duration: None,
            video: vec![],
            audio: vec![],
            subtitles: vec![],
            chapters: vec![],
            browser_playable: None,
        };
        Entry {
            medium: Arc::new(medium),
            root: 0,
            relative: path.into(),
            stamp: Stamp {
                size: 1,
                modified_ns: 0,
            },
        }
    }

    fn titles(index: &Index, query: &str) -> Vec<String> {
        index
            .list(query, 0, 100)
            .media
            .iter()
            .map(|medium| medium.title.clone())
            .collect()
    }

    #[test]
    fn search_ignores_case_accents_and_word_order() {
        let index = Index::new();
        index.apply(
            [
                "Amélie.mp4",
                "Films/Ameli.mp4",
                "Les Étoiles/Nuit.mkv",
                "Straße.mp4",
            ]
            .map(entry)
            .into(),
            &[],
        );
        assert_eq!(titles(&index, "AMELIE"), ["Amélie"]);
        assert_eq!(titles(&index, "améli"), ["Ameli", "Amélie"]);
        assert_eq!(titles(&index, "nuit etoiles"), ["Nuit"]);
        assert_eq!(titles(&index, "strasse"), ["Straße"]);
        assert_eq!(titles(&index, "mkv"), ["Nuit"]);
        assert_eq!(titles(&index, "nothing"), [""; 0]);
        assert_eq!(titles(&index, &"x".repeat(100_000)), [""; 0]);
        assert_eq!(titles(&index, "  ").len(), 4);
    }

    #[test]
    fn pages_are_stable_and_count_all() {
        let index = Index::new();
        index.apply(
            (0..25).map(|n| entry(&format!("Part {n}.mp4"))).collect(),
            &[],
        );
        let page = index.list("", 2, 10);
        assert_eq!(
            (page.total, page.media.len(), page.media[0].title.as_str()),
            (25, 5, "Part 20")
        );
        assert_eq!(index.list("", 1, 10).media[0].title, "Part 10");
        assert!(index.list("", usize::MAX, usize::MAX).media.is_empty());
        assert_eq!(index.list("", 0, 0).media.len(), 1);
    }

    #[test]
    fn version_rises_only_when_something_changed() {
        let index = Index::new();
        let a = entry("a.mp4");
        let id = a.medium.id;
        index.apply(vec![a.clone()], &[]);
        assert_eq!(index.version(), 1);
        index.apply(vec![], &[entry("unknown.mp4").medium.id]);
        index.update(
            &id,
            Stamp {
                size: 9,
                modified_ns: 9,
            },
            |medium| medium.title = "late".into(),
        );
        assert_eq!(
            (index.version(), titles(&index, "")),
            (1, vec!["a".to_owned()])
        );
        index.apply(vec![], &[id]);
        assert_eq!((index.version(), index.len()), (2, 0));
    }
}
