//! The server's clock: what every timeline and every client is measured against.
//!
//! Wall-clock time at the start plus monotonic time since, so that a stepping NTP
//! daemon never moves a running party. It never goes back, also across restarts:
//! the log starts it past the newest entry that it holds.
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use watchalong_room::ServerTime;

/// Milliseconds since the Unix epoch, monotonic.
#[derive(Debug)]
pub struct ServerClock {
    started: Instant,
    epoch_ms: f64,
    /// How far entries of an earlier run lie ahead of this machine's clock (a clock set back while we were down).
    ahead_ms: AtomicI64,
}

impl ServerClock {
    /// A clock that starts at the machine's wall-clock time.
    pub fn start() -> Self {
        let epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            started: Instant::now(),
            epoch_ms: epoch.as_secs_f64() * 1000.0,
            ahead_ms: AtomicI64::new(0),
        }
    }

    /// Now, with fractions of a millisecond (clock exchange).
    pub fn precise_ms(&self) -> f64 {
        self.epoch_ms
            + self.started.elapsed().as_secs_f64() * 1000.0
            + self.ahead_ms.load(Ordering::Relaxed) as f64
    }

    /// Now, in the room's unit.
    pub fn now(&self) -> ServerTime {
        ServerTime(self.precise_ms() as i64)
    }

    /// When it started, in the time that it tells now.
    pub fn started(&self) -> ServerTime {
        ServerTime(self.epoch_ms as i64 + self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Makes sure that everything from now on is later than `newest` (the log's last entry).
    pub fn advance_past(&self, newest: ServerTime) {
        let behind = newest.0 + 1 - self.now().0;
        if behind > 0 {
            self.ahead_ms.fetch_add(behind, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_earlier_than_what_the_log_holds() {
        let clock = ServerClock::start();
        let future = ServerTime(clock.now().0 + 60_000);
        clock.advance_past(future);
        assert!(clock.now() > future);
        let before = clock.now();
        clock.advance_past(ServerTime(0));
        assert!(clock.now() >= before);
        assert!(clock.now().0 - before.0 < 1000);
    }
}
