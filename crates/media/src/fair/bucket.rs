//! A token bucket over a clock that is handed in: the unit is bytes, the rate bytes a second.
use std::time::Instant;

/// Fills at `rate` up to `capacity`; may be overdrawn by one piece, so that a piece is never split for its sake.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    rate: f64,
    capacity: f64,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// Full. `rate` in bytes a second; holds what `seconds` of it bring.
    pub(super) fn full(rate: f64, seconds: f64, at: Instant) -> Self {
        let capacity = rate * seconds;
        Self {
            rate,
            capacity,
            tokens: capacity,
            at,
        }
    }

    /// Another rate from now on; what is in it stays, as far as it fits.
    pub(super) fn set_rate(&mut self, rate: f64, seconds: f64, now: Instant) {
        self.refill(now);
        self.rate = rate;
        self.capacity = rate * seconds;
        self.tokens = self.tokens.min(self.capacity);
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate).min(self.capacity);
        self.at = self.at.max(now);
    }

    /// Whether anything may be taken.
    pub(super) fn open(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.tokens > 0.0
    }

    /// Takes a piece. What is overdrawn is paid back by the next ones' waiting.
    pub(super) fn take(&mut self, bytes: f64) {
        self.tokens -= bytes;
    }

    /// When something may be taken next; `now` where it may already.
    pub(super) fn opens_at(&mut self, now: Instant) -> Instant {
        self.refill(now);
        if self.tokens > 0.0 {
            return now;
        }
        // A hair past zero, and never so far that an instant overflows.
        let wait = ((1.0 - self.tokens) / self.rate.max(1.0)).min(3600.0);
        now + std::time::Duration::from_secs_f64(wait)
    }
}
