//! One connection's writing of an upload: bytes in order, on the blocking pool, until it ends or is taken over.
use super::sniff::{SNIFF_BYTES, is_media};
use super::{Upload, UploadError, Uploads, data, now_ms};
use crate::platform::{read_exact_at, write_all_at};
use std::fs::{File, OpenOptions};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bytes gathered before a write: network pieces are 16 KiB and less, and each write costs a thread hop.
const GATHER: usize = 1024 * 1024;

/// Writes one upload. What was written when it is dropped, stays.
#[derive(Debug)]
pub struct UploadWriter {
    uploads: Uploads,
    upload: Arc<Upload>,
    file: Arc<File>,
    turn: u64,
    started: u64,
    written: u64,
    gathered: Vec<u8>,
    /// Told to readers only once the sender's checksum was right.
    checked: bool,
    sniffed: bool,
}

impl UploadWriter {
    pub(super) async fn begin(
        uploads: Uploads,
        upload: Arc<Upload>,
        offset: u64,
    ) -> Result<Self, UploadError> {
        let turn = upload.turn.fetch_add(1, Ordering::Relaxed) + 1;
        // An older writer lets go after the piece at hand.
        let _held = upload.writing.lock().await;
        let reached = upload.offset();
        if reached == u64::MAX || upload.record().chunks.is_some() {
            return Err(UploadError::NotFound);
        }
        if offset != reached {
            return Err(UploadError::WrongOffset {
                given: offset,
                offset: reached,
            });
        }
        let path = data(&upload.folder);
        let file = tokio::task::spawn_blocking(move || -> std::io::Result<File> {
            let file = OpenOptions::new().read(true).write(true).open(path)?;
            // A crash may have left bytes of a piece that was never told of.
            file.set_len(reached)?;
            Ok(file)
        })
        .await
        .unwrap_or_else(|ended| Err(std::io::Error::other(ended)))?;
        drop(_held);
        Ok(Self {
            uploads,
            upload,
            file: Arc::new(file),
            turn,
            started: offset,
            written: offset,
            gathered: Vec::new(),
            checked: true,
            sniffed: offset >= SNIFF_BYTES as u64,
        })
    }

    /// From now on nobody reads what is written before [`UploadWriter::finish`]; for senders that give a checksum.
    pub fn unchecked(&mut self) {
        self.checked = false;
    }

    /// Bytes that this connection may still send.
    pub fn left(&self) -> u64 {
        let size = self.upload.record().size;
        size - self.written - self.gathered.len() as u64
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`UploadError`]; what was written before stays, except where the content is no media.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        if bytes.len() as u64 > self.left() {
            return Err(UploadError::TooMany);
        }
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHER {
            self.flush().await?;
        }
        Ok(())
    }

    /// Writes what was gathered; the bytes that have arrived by now.
    ///
    /// # Errors
    /// As [`UploadWriter::push`].
    pub async fn flush(&mut self) -> Result<u64, UploadError> {
        if self.gathered.is_empty() {
            return Ok(self.written);
        }
        let held = self.upload.writing.lock().await;
        if self.upload.turn.load(Ordering::Relaxed) != self.turn {
            return Err(UploadError::TakenOver);
        }
        let bytes = std::mem::take(&mut self.gathered);
        let (file, at, length) = (self.file.clone(), self.written, bytes.len() as u64);
        let whole = at + length >= self.upload.record().size;
        let sniff = !self.sniffed && (whole || at + length >= SNIFF_BYTES as u64);
        let wrote = tokio::task::spawn_blocking(move || {
            if let Err(error) = write_all_at(&file, &bytes, at) {
                // The file's length is how much has arrived: a piece written in part did not.
                let _ = file.set_len(at);
                return Err(UploadError::from(error));
            }
            if sniff {
                let mut head = vec![0; SNIFF_BYTES.min((at + length) as usize)];
                read_exact_at(&file, &mut head, 0)?;
                if !is_media(&head) {
                    return Err(UploadError::NotMediaInside);
                }
            }
            Ok(())
        })
        .await
        .unwrap_or_else(|ended| Err(std::io::Error::other(ended).into()));
        if let Err(error) = wrote {
            drop(held);
            if matches!(error, UploadError::NotMediaInside) {
                let id = self.upload.record().id;
                self.uploads.remove(&id).await;
            }
            return Err(error);
        }
        self.sniffed |= sniff;
        self.written += length;
        self.upload.touched_ms.store(now_ms(), Ordering::Relaxed);
        if self.checked {
            self.tell();
        }
        Ok(self.written)
    }

    /// Writes the rest and lets it be read; the bytes that have arrived.
    ///
    /// # Errors
    /// As [`UploadWriter::push`].
    pub async fn finish(mut self) -> Result<u64, UploadError> {
        self.flush().await?;
        self.tell();
        Ok(self.written)
    }

    /// As [`UploadWriter::finish`], where the file turned out to end here: its announced size was an upper bound.
    ///
    /// # Errors
    /// As [`UploadWriter::push`]; [`UploadError::Empty`] where nothing came.
    pub async fn finish_here(mut self) -> Result<u64, UploadError> {
        let size = self.written + self.gathered.len() as u64;
        if size == 0 {
            return Err(UploadError::Empty);
        }
        let (record, folder) = {
            let mut record = self.upload.record();
            record.size = size;
            (record.clone(), self.upload.folder.clone())
        };
        self.upload.resized(size);
        self.flush().await?;
        tokio::task::spawn_blocking(move || record.write(&folder))
            .await
            .unwrap_or_else(|ended| Err(std::io::Error::other(ended)))?;
        self.tell();
        Ok(self.written)
    }

    /// Throws away what this connection sent: its checksum was wrong.
    pub async fn discard(self) {
        let _held = self.upload.writing.lock().await;
        if self.upload.turn.load(Ordering::Relaxed) == self.turn && !self.checked {
            let (file, at) = (self.file.clone(), self.started);
            let _ = tokio::task::spawn_blocking(move || file.set_len(at)).await;
        }
    }

    fn tell(&self) {
        self.upload.arrived.send_replace(self.written);
        self.uploads.look_when_due(&self.upload);
    }
}
