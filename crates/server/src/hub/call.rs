//! Commands whose sender waits for the outcome without having a connection: requests over HTTP.
//!
//! A call is a number in its log entry's origin and somebody who waits for that number here. The entry goes the
//! way of all entries; the room's task answers the call after it has told everybody. Connections never come by.
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use watchalong_room::{Outcome, Refusal};

/// Why a command did not happen.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    /// A rule of the room.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be kept.
    #[error("The server could not save this (is its disk full?). Nothing has changed.")]
    Failed,
    /// The room's task ended before it answered.
    #[error("The server restarts. Try again in a moment.")]
    Closed,
}

impl CallError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Failed => "storage_failed",
            Self::Closed => "restarting",
        }
    }
}

type Answer = oneshot::Sender<Result<Outcome, CallError>>;

/// Who waits for which call. `None` inside once the room's task has ended.
#[derive(Debug)]
pub(super) struct Calls(Mutex<Option<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    answers: HashMap<u64, Answer>,
}

impl Default for Calls {
    fn default() -> Self {
        Self(Mutex::new(Some(Waiting::default())))
    }
}

impl Calls {
    /// A number for a new call, and where its answer comes.
    pub(super) fn expect(
        &self,
    ) -> Result<(u64, oneshot::Receiver<Result<Outcome, CallError>>), CallError> {
        let (sender, receiver) = oneshot::channel();
        let mut calls = self.lock();
        let waiting = calls.as_mut().ok_or(CallError::Closed)?;
        waiting.next += 1;
        let number = waiting.next;
        // Whoever stopped waiting is forgotten when their answer comes; no entry goes without one.
        waiting.answers.insert(number, sender);
        Ok((number, receiver))
    }

    pub(super) fn answer(&self, call: u64, result: Result<Outcome, CallError>) {
        let answer = self.lock().as_mut().and_then(|w| w.answers.remove(&call));
        if let Some(answer) = answer {
            let _ = answer.send(result);
        }
    }

    /// Nobody will answer any more.
    pub(super) fn close(&self) {
        self.lock().take();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Waiting>> {
        // Held for map operations only.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
