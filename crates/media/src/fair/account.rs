//! One viewer's account: what they are owed, what they took, and how badly they need the next bytes.
//!
//! All connections of a viewer share it, so that four parallel downloads get one share. Urgency is told
//! from what was *sent* and where the room is; what a viewer says of its own buffer can only take urgency
//! away, never give it.
use super::bucket::Bucket;
use super::{Content, Limits, Need};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Media a viewer gets in any case before a cap counts: the container's index and the first seconds, so that a
/// late joiner starts at once.
const START_CREDIT_S: f64 = 3.0;
/// ... and at least this many bytes; most indexes fit.
const START_CREDIT_BYTES: f64 = 2.0 * 1024.0 * 1024.0;
/// Ranges this close to a file's ends are its index, and what follows a jump must arrive at once: never held back.
pub(super) const EXEMPT_BYTES: u64 = 2 * 1024 * 1024;
/// A player with less than this ahead of it is about to run dry.
const URGENT_S: f64 = 4.0;
/// Urgent bytes a second, in terms of what the content needs: enough to recover, and no more than an honest
/// viewer in trouble could use.
const URGENT_RATE: f64 = 1.25;
/// How many seconds of that may be used at once.
const URGENT_BURST_S: f64 = 8.0;
/// Pace of what is held back, in terms of what the content needs; never a full stop, so that no player gives up.
const HELD_RATE: f64 = 1.0;
const HELD_PAUSED_RATE: f64 = 0.25;
/// Jumps are for people: what is exempt after one comes from this purse, bytes a second and at once.
const JUMP_RATE: f64 = 1024.0 * 1024.0;
const JUMP_BURST_S: f64 = 4.0;
/// Assumed where a file's bitrate is unknown: 8 Mbit/s, a usual 1080p film.
const ASSUMED_RATE: f64 = 1_000_000.0;
/// The window of the shown speed.
const SPEED_WINDOW: Duration = Duration::from_secs(5);

/// A connection that waits for its next piece.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) wanted: usize,
    pub(super) offset: u64,
    /// Bytes that this answer has sent already.
    pub(super) done: u64,
    pub(super) content: Content,
    pub(super) need: Option<Need>,
    pub(super) since: Instant,
    pub(super) reply: oneshot::Sender<usize>,
    /// Was held back for being far ahead.
    pub(super) held: bool,
}

/// What stands in the way of a ticket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Standing {
    /// Nothing, and it is about to run dry.
    Urgent,
    /// Nothing.
    Ready,
    /// Its cap, or being far ahead: not before then.
    NotBefore(Instant),
}

#[derive(Debug)]
pub(super) struct Account {
    pub(super) waiting: VecDeque<Ticket>,
    /// Bytes served, on the scale on which whoever has the least is next.
    pub(super) virtual_start: f64,
    pub(super) streams: usize,
    /// Begun so far.
    pub(super) answers: u64,
    pub(super) seen: Instant,
    pub(super) sent: u64,
    pub(super) pieces: u64,
    pub(super) waited: Duration,
    pub(super) urgent: u64,
    pub(super) held: u64,
    cap: Option<Bucket>,
    urgency: Bucket,
    holding: Bucket,
    credit: f64,
    jumps: Bucket,
    content: Option<u64>,
    window: (Instant, u64),
    speed: f64,
}

impl Account {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            waiting: VecDeque::new(),
            virtual_start: 0.0,
            streams: 0,
            answers: 0,
            seen: now,
            sent: 0,
            pieces: 0,
            waited: Duration::ZERO,
            urgent: 0,
            held: 0,
            cap: limits.viewer.map(|rate| Bucket::full(rate, 1.0, now)),
            urgency: Bucket::full(ASSUMED_RATE * URGENT_RATE, URGENT_BURST_S, now),
            holding: Bucket::full(ASSUMED_RATE, 1.0, now),
            credit: 0.0,
            jumps: Bucket::full(JUMP_RATE, JUMP_BURST_S, now),
            content: None,
            window: (now, 0),
            speed: 0.0,
        }
    }

    /// What stands in the way of the ticket in front.
    pub(super) fn standing(&mut self, limits: &Limits, now: Instant) -> Option<Standing> {
        let ticket = self.waiting.front()?;
        let (content, need, offset, done) =
            (ticket.content, ticket.need, ticket.offset, ticket.done);
        self.meet(content, now);
        let rate = content.rate().unwrap_or(ASSUMED_RATE);
        if let Some(cap) = &mut self.cap
            && self.credit <= 0.0
            && !cap.open(now)
        {
            return Some(Standing::NotBefore(cap.opens_at(now)));
        }
        let Some(need) = need else {
            return Some(Standing::Ready);
        };
        let ahead = offset as f64 / rate - need.position;
        if ahead < URGENT_S && need.playing {
            // A viewer that says it has enough is taken at its word; one that says it starves must look like it.
            let fed = need.buffer.is_some_and(|buffer| buffer >= URGENT_S);
            return Some(if !fed && ahead > -URGENT_S && self.urgency.open(now) {
                Standing::Urgent
            } else {
                Standing::Ready
            });
        }
        let exempt = self.credit > 0.0
            || (done < EXEMPT_BYTES && self.jumps.open(now))
            || offset < EXEMPT_BYTES
            || offset + EXEMPT_BYTES >= content.size
            || need.buffer.is_none();
        let Some(most) = limits.ahead.filter(|_| !exempt) else {
            return Some(Standing::Ready);
        };
        if ahead <= most.as_secs_f64() {
            return Some(Standing::Ready);
        }
        let pace = if need.playing {
            HELD_RATE
        } else {
            HELD_PAUSED_RATE
        };
        self.holding.set_rate(rate * pace, 1.0, now);
        if self.holding.open(now) {
            return Some(Standing::Ready);
        }
        if let Some(ticket) = self.waiting.front_mut()
            && !std::mem::replace(&mut ticket.held, true)
        {
            self.held += 1;
        }
        Some(Standing::NotBefore(self.holding.opens_at(now)))
    }

    /// Takes note of what is being fetched: another medium brings its start credit.
    fn meet(&mut self, content: Content, now: Instant) {
        if self.content != Some(content.id) {
            let rate = content.rate().unwrap_or(ASSUMED_RATE);
            self.content = Some(content.id);
            self.credit = (rate * START_CREDIT_S).max(START_CREDIT_BYTES);
            self.urgency
                .set_rate(rate * URGENT_RATE, URGENT_BURST_S, now);
        }
    }

    /// Whether the ticket in front was held back.
    pub(super) fn held_now(&self) -> bool {
        self.waiting.front().is_some_and(|ticket| ticket.held)
    }

    /// How long the ticket in front has waited.
    pub(super) fn waits(&self, now: Instant) -> Option<Duration> {
        let ticket = self.waiting.front()?;
        Some(now.saturating_duration_since(ticket.since))
    }

    /// Hands a piece to the ticket in front; answers how long it was, or `None` where its connection is gone.
    pub(super) fn serve(&mut self, piece: usize, urgent: bool, now: Instant) -> Option<usize> {
        let ticket = self.waiting.pop_front()?;
        let bytes = piece.min(ticket.wanted);
        let waited = now.saturating_duration_since(ticket.since);
        ticket.reply.send(bytes).ok()?;
        self.virtual_start += bytes as f64;
        self.waited += waited;
        self.pieces += 1;
        let from_credit = self.credit.min(bytes as f64).max(0.0);
        self.credit -= from_credit;
        if let Some(cap) = &mut self.cap {
            cap.take(bytes as f64 - from_credit);
        }
        self.holding.take(bytes as f64);
        if ticket.done < EXEMPT_BYTES {
            self.jumps.take(bytes as f64);
        }
        if urgent {
            self.urgency.take(bytes as f64);
            self.urgent += 1;
        }
        self.count(bytes, now);
        Some(bytes)
    }

    /// Counts bytes on their way to the viewer.
    pub(super) fn count(&mut self, bytes: usize, now: Instant) {
        self.seen = now;
        self.sent += bytes as u64;
        self.speed = self.speed_at(now);
        if now.saturating_duration_since(self.window.0) > SPEED_WINDOW {
            self.window = (now, self.sent);
        }
    }

    /// Bytes a second lately.
    pub(super) fn speed_at(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.window.0).as_secs_f64();
        let speed = (self.sent - self.window.1) as f64 / passed.max(0.5);
        // Between windows the last one's figure still counts.
        if passed < 1.0 { self.speed } else { speed }
    }
}
