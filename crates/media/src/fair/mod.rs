//! Fair delivery: one home uplink, many viewers, each at ease.
//!
//! Without a limit, media go out as fast as sockets take them and only statistics are kept. With one
//! (`--uplink`, `--viewer-rate`) every piece of a body waits for its turn: fair queueing between
//! viewers (not connections), a token bucket per viewer and for the whole uplink, those about to run
//! dry first, and those far ahead of the room at the pace of the content. The decisions are a pure
//! machine ([`turns`], [`account`]); this file gives it the clock, a timer and its callers.
mod account;
mod bucket;
#[cfg(test)]
mod tests;
mod turns;

use account::Ticket;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, oneshot};
use turns::Turns;

/// The largest piece: see [`crate::TURN_BYTES`].
const PIECE: usize = crate::body::TURN_BYTES;
/// Answers of one viewer at once: a browser opens six connections to a server, and a page may be reloading.
const MAX_STREAMS: usize = 12;

/// What limits delivery; bytes a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// All viewers together.
    pub uplink: Option<f64>,
    /// Each viewer.
    pub viewer: Option<f64>,
    /// How far ahead of the room one may fetch at full speed, where the uplink is shared.
    pub ahead: Option<Duration>,
}

impl Limits {
    fn any(&self) -> bool {
        self.uplink.is_some() || self.viewer.is_some()
    }
}

/// What is being sent, as far as fairness needs to know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Content {
    /// Tells one version of a file from another.
    pub id: u64,
    /// Bytes.
    pub size: u64,
    /// Length, where known.
    pub duration: Option<Duration>,
}

impl Content {
    /// Bytes a second of playing.
    fn rate(&self) -> Option<f64> {
        let seconds = self.duration?.as_secs_f64();
        (seconds > 0.5).then(|| self.size as f64 / seconds)
    }
}

/// What a viewer needs next: where the room is, and what their player says of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Need {
    /// The room's position, seconds.
    pub position: f64,
    /// Whether it moves.
    pub playing: bool,
    /// Media ahead of the player, seconds, where it reports that.
    pub buffer: Option<f64>,
}

/// Where a viewer's need is read, newest first.
pub trait Needs: Send + Sync {
    /// What this viewer needs of the medium now; `None` where nobody knows.
    fn need(&self) -> Option<Need>;
}

/// How one viewer is served.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewerStats {
    /// Who.
    pub viewer: Arc<str>,
    /// Answers being sent.
    pub streams: usize,
    /// Answers that wait for their turn.
    pub waiting: usize,
    /// Answers begun so far.
    pub answers: u64,
    /// Bytes so far.
    pub bytes: u64,
    /// Bytes a second lately.
    pub bytes_per_second: f64,
    /// Pieces so far.
    pub pieces: u64,
    /// Mean time from wanting a piece to getting it.
    pub mean_wait: Duration,
    /// Pieces given first because the player was about to run dry.
    pub urgent: u64,
    /// Times a piece was held back for being far ahead.
    pub held: u64,
}

/// How everybody is served.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// What is in force.
    pub limits: Limits,
    /// Those seen within the last minute, most bytes first.
    pub viewers: Vec<ViewerStats>,
    /// Since the start.
    pub totals: Totals,
    /// How long the last pieces waited for their turn, the latest last, at most [`WAITS`]; none without a limit.
    pub waits: Vec<Duration>,
}

/// What was served since the start, whoever is forgotten by now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// Answers begun.
    pub answers: u64,
    /// Of these, sent to their end.
    pub completed: u64,
    /// Of these, given up by the player or cut.
    pub aborted: u64,
    /// Pieces handed to sockets.
    pub pieces: u64,
    /// Pieces held back for being far ahead of a room.
    pub held: u64,
}

/// Pieces whose waits are remembered, for percentiles.
pub const WAITS: usize = 500;

/// The uplink that all media leave through.
#[derive(Debug, Clone)]
pub struct Uplink {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    limited: bool,
    turns: Mutex<Turns>,
    asked: Notify,
}

impl Inner {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        // Arithmetic only while it is held; nothing in there panics half-way.
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Uplink {
    /// An uplink with these limits. With any, a task of the runtime that is current hands out the turns.
    pub fn new(limits: Limits) -> Self {
        let inner = Arc::new(Inner {
            limited: limits.any(),
            turns: Mutex::new(Turns::new(limits, Instant::now())),
            asked: Notify::new(),
        });
        if inner.limited {
            tokio::spawn(hand_out(Arc::downgrade(&inner)));
        }
        Self { inner }
    }

    /// Begins an answer to a viewer; `None` where they have [`MAX_STREAMS`] already.
    pub fn stream(
        &self,
        viewer: Arc<str>,
        content: Content,
        needs: Option<Arc<dyn Needs>>,
    ) -> Option<Share> {
        let opened = self
            .inner
            .turns()
            .open(&viewer, MAX_STREAMS, Instant::now());
        opened.then(|| Share {
            uplink: self.inner.clone(),
            viewer,
            content,
            needs,
            done: 0,
            promised: 0,
        })
    }

    /// How everybody is served.
    pub fn stats(&self) -> Stats {
        self.inner.turns().stats(Instant::now())
    }
}

/// One answer's place at the uplink. Dropping it gives the place back.
pub struct Share {
    uplink: Arc<Inner>,
    viewer: Arc<str>,
    content: Content,
    needs: Option<Arc<dyn Needs>>,
    done: u64,
    promised: u64,
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Share")
            .field("viewer", &self.viewer)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

impl Share {
    /// Notes how long the answer is: what tells an end from a break.
    pub(crate) fn promise(&mut self, bytes: u64) {
        self.promised = bytes;
    }

    /// Asks for the right to send up to `wanted` bytes from `offset`; answers how many it may be. `None`: at once,
    /// and all of them.
    pub(crate) fn ask(&mut self, offset: u64, wanted: usize) -> Option<oneshot::Receiver<usize>> {
        if !self.uplink.limited {
            return None;
        }
        let (reply, answer) = oneshot::channel();
        let now = Instant::now();
        let ticket = Ticket {
            wanted,
            offset,
            done: self.done,
            content: self.content,
            need: self.needs.as_ref().and_then(|needs| needs.need()),
            since: now,
            reply,
            held: false,
        };
        self.uplink.turns().ask(&self.viewer, ticket, now);
        self.uplink.asked.notify_one();
        Some(answer)
    }

    /// Notes bytes that were read and are about to be sent.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.done += bytes as u64;
        if !self.uplink.limited {
            self.uplink
                .turns()
                .count(&self.viewer, bytes, Instant::now());
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let whole = self.done >= self.promised;
        self.uplink
            .turns()
            .close(&self.viewer, whole, Instant::now());
    }
}

/// Gives turns when somebody asks and when a bucket opens; ends with the last uplink and share.
async fn hand_out(inner: std::sync::Weak<Inner>) {
    /// How long this waits before it looks whether the uplink is still there.
    const IDLE: Duration = Duration::from_secs(30);
    loop {
        let Some(strong) = inner.upgrade() else {
            return;
        };
        let next = strong.turns().run(Instant::now());
        let asked = strong.asked.notified();
        match next {
            Some(at) => {
                tokio::select! {
                    () = asked => {}
                    () = tokio::time::sleep_until(at.into()) => {}
                }
            }
            None => {
                let _ = tokio::time::timeout(IDLE, asked).await;
            }
        }
    }
}
