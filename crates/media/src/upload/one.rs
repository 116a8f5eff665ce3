//! One upload while the process lives: its record, what is known of its content, and how much has arrived.
use super::FIRST_LOOK;
use super::record::{Record, Stage, data};
use crate::medium::{Medium, MediumState};
use crate::probe::Outcome;
use crate::prober::show_outcome;
use crate::title::clean_title;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::watch;

/// One upload, while the process lives.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) folder: PathBuf,
    pub(super) record: Mutex<Record>,
    pub(super) medium: Mutex<Arc<Medium>>,
    pub(super) arrived: watch::Sender<u64>,
    pub(super) touched_ms: AtomicU64,
    /// Counts writers: the newest wins.
    pub(super) turn: AtomicU64,
    /// Its folder is going, or gone.
    pub(super) removed: AtomicBool,
    /// Held for each piece written, never for a connection's lifetime.
    pub(super) writing: tokio::sync::Mutex<()>,
    /// The next size at which to look into it; `u64::MAX` once that is done.
    pub(super) look_at: AtomicU64,
}

impl Upload {
    pub(super) fn taken_up(folder: PathBuf, record: Record) -> Self {
        let metadata = std::fs::metadata(data(&folder)).ok();
        let length = metadata.as_ref().map_or(0, |data| data.len());
        let touched = metadata
            .and_then(|data| data.modified().ok()?.duration_since(UNIX_EPOCH).ok())
            .map_or(record.created_ms, |since| since.as_millis() as u64);
        let offset = match (&record.stage, &record.chunks) {
            (_, Some(chunks)) => chunks.unbroken(record.size),
            (Stage::Receiving, None) => length.min(record.size),
            (Stage::Ready | Stage::Broken(_), None) => record.size,
        };
        let mut medium = Medium {
            id: record.id,
            title: clean_title(Path::new(&record.name)),
            collection: String::new(),
            size: record.size,
            modified_ms: record.created_ms as i64,
            state: MediumState::Copying,
            problem: None,
            mime: "application/octet-stream".to_owned(),
            duration: None,
            video: Vec::new(),
            audio: Vec::new(),
            subtitles: Vec::new(),
            chapters: Vec::new(),
            browser_playable: None,
        };
        let mut look_at = FIRST_LOOK;
        if let Stage::Broken(problem) = &record.stage {
            medium.state = MediumState::Broken;
            medium.problem = Some(problem.clone());
            look_at = u64::MAX;
        }
        Self {
            folder,
            record: Mutex::new(record),
            medium: Mutex::new(Arc::new(medium)),
            arrived: watch::Sender::new(offset),
            touched_ms: AtomicU64::new(touched),
            turn: AtomicU64::new(0),
            removed: AtomicBool::new(false),
            writing: tokio::sync::Mutex::new(()),
            look_at: AtomicU64::new(look_at),
        }
    }

    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn medium(&self) -> Arc<Medium> {
        self.medium
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn resized(&self, size: u64) {
        let mut medium = self.medium.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut medium).size = size;
    }

    pub(super) fn show(&self, outcome: &Outcome) {
        let mut medium = self.medium.lock().unwrap_or_else(PoisonError::into_inner);
        show_outcome(Arc::make_mut(&mut medium), outcome);
    }

    /// Bytes that have arrived and may be read.
    pub(super) fn offset(&self) -> u64 {
        *self.arrived.borrow()
    }

    pub(super) fn expires_ms(&self, expiry: Duration) -> Option<u64> {
        let record = self.record();
        let unfinished = record.stage == Stage::Receiving || record.chunks.is_some();
        drop(record);
        unfinished.then(|| self.touched_ms.load(Ordering::Relaxed) + expiry.as_millis() as u64)
    }
}
