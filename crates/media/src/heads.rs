//! The first bytes of files in use, in memory: a container's index is asked for by everybody who joins, often
//! several times, and from a slow disk or a network share it is what a newcomer waits for.
//!
//! Keyed by the strong entity tag, so that another version of a file never gets its predecessor's head.
//! Filled on the blocking pool by the first who asks; until then they read from the file like the rest.
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::body::Source;
use crate::platform::read_exact_at;

/// Bytes kept of a file: the index of a film of two hours, and its first second.
const HEAD_BYTES: usize = 2 * 1024 * 1024;

/// Heads of the files asked for last, within a budget.
#[derive(Debug, Clone)]
pub struct Heads {
    inner: Arc<Mutex<Kept>>,
}

#[derive(Debug)]
struct Kept {
    budget: usize,
    bytes: usize,
    /// Asked for last at the back. `None`: being read.
    heads: VecDeque<(String, Option<Bytes>)>,
    /// How often one was there, and was not.
    asked: (u64, u64),
}

impl Heads {
    /// Keeps at most `budget` bytes; zero keeps nothing.
    pub fn new(budget: usize) -> Self {
        Self {
            inner: Arc::new(Mutex::new(Kept {
                budget,
                bytes: 0,
                heads: VecDeque::new(),
                asked: (0, 0),
            })),
        }
    }

    /// How often a head was there for who asked, and how often not, since the start.
    pub fn hits_and_misses(&self) -> (u64, u64) {
        self.kept().asked
    }

    /// The head of this version, if it is there; otherwise it will be for the next who asks.
    pub(crate) fn of(&self, etag: &str, source: &Source) -> Option<Bytes> {
        let mut kept = self.kept();
        if let Some(place) = kept.heads.iter().position(|(of, _)| of == etag) {
            let found = kept.heads.remove(place)?;
            let head = found.1.clone();
            match head {
                Some(_) => kept.asked.0 += 1,
                None => kept.asked.1 += 1,
            }
            kept.heads.push_back(found);
            return head;
        }
        kept.asked.1 += 1;
        let length = HEAD_BYTES.min(usize::try_from(source.stamp.size).unwrap_or(usize::MAX));
        if length == 0 || length > kept.budget {
            return None;
        }
        kept.heads.push_back((etag.to_owned(), None));
        drop(kept);
        let (heads, source, etag) = (self.clone(), source.clone(), etag.to_owned());
        tokio::task::spawn_blocking(move || heads.fill(&etag, &source, length));
        None
    }

    fn fill(&self, etag: &str, source: &Source, length: usize) {
        let mut buffer = vec![0; length];
        // Checked after reading: what was written meanwhile belongs to another version.
        let read = read_exact_at(&source.file, &mut buffer, 0).and_then(|()| source.check());
        let mut kept = self.kept();
        let Some(place) = kept.heads.iter().position(|(of, _)| of == etag) else {
            return;
        };
        if read.is_err() {
            kept.heads.remove(place);
            return;
        }
        kept.bytes += length;
        kept.heads[place].1 = Some(Bytes::from(buffer));
        while kept.bytes > kept.budget {
            let Some((_, oldest)) = kept.heads.pop_front() else {
                break;
            };
            kept.bytes -= oldest.map_or(0, |head| head.len());
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Held for list operations only.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::Stamp;
    use std::io::Write;

    fn source(content: &[u8]) -> Source {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(content).expect("written");
        let stamp = Stamp::of(&file.metadata().expect("metadata"));
        Source {
            file: Arc::new(file),
            stamp,
            head: None,
            growth: None,
        }
    }

    async fn learned(heads: &Heads, etag: &str, source: &Source) -> Option<Bytes> {
        for _ in 0..500 {
            if let Some(head) = heads.of(etag, source) {
                return Some(head);
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        None
    }

    #[tokio::test]
    async fn a_head_is_there_for_the_second_who_asks() {
        let heads = Heads::new(1 << 20);
        let film = source(b"moov and so on");
        assert_eq!(heads.of("a", &film), None);
        let head = learned(&heads, "a", &film).await.expect("is kept");
        assert_eq!(&head[..], b"moov and so on");
    }

    #[tokio::test]
    async fn the_least_used_give_way_and_what_is_larger_than_the_budget_is_not_kept() {
        let heads = Heads::new(100);
        let (a, b) = (source(&[1; 60]), source(&[2; 60]));
        learned(&heads, "a", &a).await.expect("is kept");
        learned(&heads, "b", &b).await.expect("is kept");
        assert!(heads.kept().bytes <= 100);
        assert!(!heads.kept().heads.iter().any(|(etag, _)| etag == "a"));
        let large = source(&[3; 200]);
        assert_eq!(heads.of("c", &large), None);
        assert!(!heads.kept().heads.iter().any(|(etag, _)| etag == "c"));
    }

    #[tokio::test]
    async fn a_file_that_changes_while_it_is_read_is_not_kept() {
        let heads = Heads::new(1 << 20);
        let mut film = source(b"old");
        film.stamp.modified_ns -= 1;
        heads.of("a", &film);
        tokio::time::timeout(std::time::Duration::from_secs(5), async {
            while heads.kept().heads.iter().any(|(etag, _)| etag == "a") {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        })
        .await
        .expect("is given up");
    }
}
