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

/// An instant as calendars write it, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Of the Gregorian calendar.
    pub year: i64,
    /// From 1.
    pub month: i64,
    /// From 1.
    pub day: i64,
    /// From 0.
    pub hour: i64,
    /// From 0.
    pub minute: i64,
    /// From 0.
    pub second: i64,
    /// From 0.
    pub millisecond: i64,
}

impl Civil {
    /// The date by Howard Hinnant's `civil_from_days`.
    pub fn of(at: ServerTime) -> Self {
        let seconds = at.0.div_euclid(1000);
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        Self {
            year: yoe + era * 400 + i64::from(month <= 2),
            month,
            day: doy - (153 * mp + 2) / 5 + 1,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            millisecond: at.0.rem_euclid(1000),
        }
    }

    /// As the internet writes it (RFC 3339): `2026-11-21T14:08:40.125Z`.
    pub fn rfc3339(&self) -> String {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            millisecond,
        } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_827_696_000, "2000-02-29T12:34:56.000Z"),
            (1_795_270_120_999, "2026-11-21T14:08:40.999Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
        ] {
            assert_eq!(Civil::of(ServerTime(ms)).rfc3339(), text);
        }
    }

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
