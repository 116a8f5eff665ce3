//! What is kept of an upload beside its bytes: one small file, replaced whole, so that a crash leaves the old or
//! the new one.
use super::Chunks;
use crate::id::MediaId;
use crate::medium::Problem;
use crate::probe::cache::replace_file_in_place;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// The format written.
const VERSION: u32 = 1;
const FILE: &str = "about.json";
/// The bytes themselves, under one name whatever the uploader called them: a name is never a path.
const DATA: &str = "data";

/// How far an upload has come, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// Bytes are still missing.
    Receiving,
    /// All there, and looked into.
    Ready,
    /// All there, and nothing to watch in it. The bytes are gone.
    Broken(Problem),
}

/// An upload's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    pub(super) id: MediaId,
    /// Whose room it is for.
    pub(super) room: String,
    /// Who sends it, across rooms.
    pub(super) person: String,
    /// The name their file had; for people, never for the disk.
    pub(super) name: String,
    /// Bytes in all.
    pub(super) size: u64,
    /// Milliseconds since 1970.
    pub(super) created_ms: u64,
    pub(super) stage: Stage,
    /// Of one that comes in pieces in any order, until its sender said that it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) chunks: Option<Chunks>,
}

impl Record {
    pub(super) fn new(
        id: MediaId,
        room: String,
        person: String,
        name: String,
        size: u64,
        created_ms: u64,
    ) -> Self {
        Self {
            version: VERSION,
            id,
            room,
            person,
            name,
            size,
            created_ms,
            stage: Stage::Receiving,
            chunks: None,
        }
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        replace_file_in_place(&folder.join(FILE), &text)
    }

    /// The record in this folder, if there is one we can read that belongs there.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let record: Self = serde_json::from_slice(&std::fs::read(folder.join(FILE)).ok()?).ok()?;
        let belongs = folder.file_name()?.to_str()? == record.id.to_string();
        let sound = record
            .chunks
            .as_ref()
            .is_none_or(|chunks| chunks.fits(record.size));
        (belongs && sound && record.version == VERSION).then_some(record)
    }
}

/// Where an upload's bytes are.
pub(super) fn data(folder: &Path) -> PathBuf {
    folder.join(DATA)
}
