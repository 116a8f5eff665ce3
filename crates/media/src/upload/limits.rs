//! How much may be brought, and whether one more fits.
use super::UploadError;
use super::error::people;
use super::one::Upload;
use super::record::{Record, Stage};
use crate::id::MediaId;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How much may be uploaded, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// One file.
    pub file: u64,
    /// One room.
    pub room: u64,
    /// Files in one room.
    pub room_files: usize,
    /// One person, in all rooms.
    pub person: u64,
    /// All together.
    pub total: u64,
    /// An unfinished upload that nothing arrives for is dropped after this.
    pub expiry: Duration,
}

impl UploadLimits {
    /// Whether the limits have room for one more.
    pub(super) fn fits(
        &self,
        uploads: &HashMap<MediaId, Arc<Upload>>,
        new: &Record,
    ) -> Result<(), UploadError> {
        let limits = self;
        let (mut room, mut files, mut person, mut total) = (new.size, 1, new.size, new.size);
        for upload in uploads.values() {
            let record = upload.record();
            if matches!(record.stage, Stage::Broken(_)) {
                continue;
            }
            total = total.saturating_add(record.size);
            if record.room == new.room {
                room = room.saturating_add(record.size);
                files += 1;
            }
            if record.person == new.person {
                person = person.saturating_add(record.size);
            }
        }
        let full = |what: String| Err(UploadError::RoomFull { what });
        if files > limits.room_files {
            return full(format!("{} files", limits.room_files));
        }
        if room > limits.room {
            return full(people(limits.room));
        }
        if person > limits.person {
            return Err(UploadError::PersonFull {
                most: limits.person,
            });
        }
        if total > limits.total {
            return Err(UploadError::DiskFull);
        }
        Ok(())
    }
}
