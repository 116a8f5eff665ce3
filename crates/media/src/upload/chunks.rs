//! Pieces of an upload in any order: which have arrived, and writing one in place.
//!
//! The ranges that have arrived stand in the record, so that a restart goes on where it was. A piece counts once it is
//! whole; one that came before is taken again and not written, because bytes that may have been read never change.
//! What readers may read is the unbroken beginning, as of any upload.
use super::record::data;
use super::sniff::{SNIFF_BYTES, is_media};
use super::{Upload, UploadError, Uploads, now_ms};
use crate::platform::{read_exact_at, write_all_at};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bytes gathered before a write, as of an upload in order.
const GATHER: usize = 1024 * 1024;
/// Pieces of one upload: what a record may become long by, and more than any sender needs.
pub(super) const MOST_CHUNKS: u64 = 100_000;

/// How an upload is cut, and what of it has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunks {
    /// Bytes of each but the last.
    length: u64,
    /// How many there are.
    total: u64,
    /// What has arrived: first and one past the last, ascending, with gaps between.
    ranges: Vec<(u64, u64)>,
}

impl Chunks {
    pub(super) fn of(size: u64, length: u64) -> Result<Self, UploadError> {
        let total = size.checked_div(length).map(|_| size.div_ceil(length));
        match total {
            Some(total) if total <= MOST_CHUNKS => Ok(Self {
                length,
                total,
                ranges: Vec::new(),
            }),
            _ => Err(UploadError::BadChunks),
        }
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many have arrived.
    pub fn received(&self) -> u64 {
        self.ranges.iter().map(|(from, to)| to - from).sum()
    }

    /// The highest that has arrived.
    pub fn last(&self) -> Option<u64> {
        self.ranges.last().map(|(_, to)| to - 1)
    }

    /// Bytes that have arrived, of `size` in all.
    pub fn bytes(&self, size: u64) -> u64 {
        let end = |to: u64| (to * self.length).min(size);
        let spans = self.ranges.iter();
        spans.map(|(from, to)| end(*to) - from * self.length).sum()
    }

    /// Where one begins and how long it is.
    fn place(&self, index: u64, size: u64) -> Option<(u64, u64)> {
        let at = (index < self.total).then(|| index * self.length)?;
        Some((at, self.length.min(size - at)))
    }

    fn has(&self, index: u64) -> bool {
        self.ranges
            .iter()
            .any(|(from, to)| (*from..*to).contains(&index))
    }

    fn add(&mut self, index: u64) {
        if self.has(index) {
            return;
        }
        let place = self.ranges.partition_point(|(from, _)| *from < index);
        self.ranges.insert(place, (index, index + 1));
        self.ranges.dedup_by(|next, before| {
            let joins = before.1 == next.0;
            if joins {
                before.1 = next.1;
            }
            joins
        });
    }

    /// Bytes without a gap from the beginning.
    pub(super) fn unbroken(&self, size: u64) -> u64 {
        match self.ranges.first() {
            Some((0, to)) => (to * self.length).min(size),
            _ => 0,
        }
    }

    /// Whether a record can say this of a file of this size.
    pub(super) fn fits(&self, size: u64) -> bool {
        let ordered = self.ranges.windows(2).all(|pair| pair[0].1 < pair[1].0);
        let within = |(from, to): &(u64, u64)| from < to && *to <= self.total;
        Self::of(size, self.length).is_ok_and(|made| made.total == self.total)
            && ordered
            && self.ranges.iter().all(within)
    }
}

/// Writes one piece. It counts once [`ChunkWriter::finish`] found it whole.
#[derive(Debug)]
pub struct ChunkWriter {
    uploads: Uploads,
    upload: Arc<Upload>,
    file: Arc<File>,
    index: u64,
    at: u64,
    left: u64,
    gathered: Vec<u8>,
}

impl ChunkWriter {
    pub(super) async fn begin(
        uploads: Uploads,
        upload: Arc<Upload>,
        index: u64,
    ) -> Result<Self, UploadError> {
        let (at, left) = {
            let record = upload.record();
            let chunks = record.chunks.as_ref().ok_or(UploadError::NotFound)?;
            let place = chunks.place(index, record.size);
            place.ok_or(UploadError::NoSuchChunk { index })?
        };
        let path = data(&upload.folder);
        let open = move || OpenOptions::new().read(true).write(true).open(path);
        let file = tokio::task::spawn_blocking(open).await;
        let file = file.unwrap_or_else(|ended| Err(std::io::Error::other(ended)))?;
        Ok(Self {
            uploads,
            upload,
            file: Arc::new(file),
            index,
            at,
            left,
            gathered: Vec::new(),
        })
    }

    /// Bytes of this piece that have not come yet.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`UploadError`]; the piece has to be sent again then.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        self.left = self
            .left
            .checked_sub(bytes.len() as u64)
            .ok_or(UploadError::TooMany)?;
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHER {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), UploadError> {
        let _held = self.upload.writing.lock().await;
        if self.upload.removed.load(Ordering::Relaxed) {
            return Err(UploadError::NotFound);
        }
        let bytes = std::mem::take(&mut self.gathered);
        let here = {
            let record = self.upload.record();
            let chunks = record.chunks.as_ref().ok_or(UploadError::NotFound)?;
            chunks.has(self.index)
        };
        let at = self.at;
        self.at += bytes.len() as u64;
        if !here {
            let file = self.file.clone();
            let wrote = tokio::task::spawn_blocking(move || write_all_at(&file, &bytes, at));
            wrote
                .await
                .unwrap_or_else(|ended| Err(std::io::Error::other(ended)))?;
        }
        self.upload.touched_ms.store(now_ms(), Ordering::Relaxed);
        Ok(())
    }

    /// The piece is here, where it is whole.
    ///
    /// # Errors
    /// [`UploadError::ChunkCut`] where bytes are missing; [`UploadError::NotMediaInside`] where the beginning is no
    /// media, with which the upload is gone.
    pub async fn finish(mut self) -> Result<(), UploadError> {
        if self.left > 0 {
            return Err(UploadError::ChunkCut { left: self.left });
        }
        self.flush().await?;
        let held = self.upload.writing.lock().await;
        if self.upload.removed.load(Ordering::Relaxed) {
            return Err(UploadError::NotFound);
        }
        let before = self.upload.offset();
        let (record, reached) = {
            let mut record = self.upload.record();
            let size = record.size;
            let chunks = record.chunks.as_mut().ok_or(UploadError::NotFound)?;
            chunks.add(self.index);
            let reached = chunks.unbroken(size);
            (record.clone(), reached)
        };
        let enough = (SNIFF_BYTES as u64).min(record.size);
        let sniff = before < enough && reached >= enough;
        let (file, folder, id) = (self.file.clone(), self.upload.folder.clone(), record.id);
        let kept = tokio::task::spawn_blocking(move || {
            if sniff {
                let mut head = vec![0; enough as usize];
                read_exact_at(&file, &mut head, 0)?;
                if !is_media(&head) {
                    return Err(UploadError::NotMediaInside);
                }
            }
            Ok(record.write(&folder)?)
        })
        .await
        .unwrap_or_else(|ended| Err(std::io::Error::other(ended).into()));
        drop(held);
        match kept {
            Err(error) => {
                if matches!(error, UploadError::NotMediaInside) {
                    self.uploads.remove(&id).await;
                }
                Err(error)
            }
            Ok(()) => {
                // Three arrive side by side: who is told last need not be who came furthest.
                self.upload.arrived.send_if_modified(|arrived| {
                    let further = reached > *arrived;
                    *arrived = (*arrived).max(reached);
                    further
                });
                self.uploads.look_when_due(&self.upload);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_any_order_grow_together() {
        let mut chunks = Chunks::of(95, 10).expect("can be cut");
        assert_eq!((chunks.total(), chunks.last()), (10, None));
        for index in [9, 3, 0, 1, 3, 5, 4] {
            chunks.add(index);
        }
        assert_eq!(chunks.ranges, [(0, 2), (3, 6), (9, 10)]);
        assert_eq!((chunks.received(), chunks.last()), (6, Some(9)));
        assert_eq!((chunks.bytes(95), chunks.unbroken(95)), (55, 20));
        chunks.add(2);
        assert_eq!(chunks.ranges, [(0, 6), (9, 10)]);
        assert!(chunks.fits(95) && !chunks.fits(96 + 10));
    }

    #[test]
    fn nothing_is_cut_into_crumbs() {
        assert!(Chunks::of(10, 0).is_err());
        assert!(Chunks::of(100_001, 1).is_err());
        assert!(Chunks::of(100_000, 1).is_ok());
        assert_eq!(Chunks::of(5, u64::MAX).expect("one").total(), 1);
    }
}
