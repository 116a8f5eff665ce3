//! What one connection said and heard, for the host's page to show (`/api/debug/clients`). Nothing is decided by it.
use crate::ws::Outbox;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use watchalong_room::ServerTime;

/// One connection's figures.
#[derive(Debug)]
pub(super) struct Meter {
    opened: ServerTime,
    outbox: Outbox,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    messages: u64,
    bytes: u64,
    heard: Option<ServerTime>,
    /// Seconds that its player was off when it last said where it is.
    drift: Option<(f64, ServerTime)>,
    position: Option<(f64, ServerTime)>,
    /// When somebody last asked, and what had been heard and told by then.
    polled: Option<(ServerTime, u64, u64)>,
}

impl Meter {
    pub(super) fn new(outbox: Outbox, now: ServerTime) -> Self {
        Self {
            opened: now,
            outbox,
            counts: Mutex::default(),
        }
    }

    fn with<T>(&self, run: impl FnOnce(&mut Counts) -> T) -> T {
        // Arithmetic only.
        run(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A message came.
    pub(super) fn heard(&self, bytes: usize, now: ServerTime) {
        self.with(|counts| {
            counts.messages += 1;
            counts.bytes += bytes as u64;
            counts.heard = Some(now);
        });
    }

    /// Its player said where it is.
    pub(super) fn at(&self, position: f64, drift: f64, now: ServerTime) {
        self.with(|counts| {
            counts.position = Some((position, now));
            counts.drift = Some((drift, now));
        });
    }

    /// All of it, as the format has it: bytes a second, milliseconds.
    pub(super) fn figures(&self, now: ServerTime) -> Value {
        let (messages_out, bytes_out) = self.outbox.told();
        let since = |then: ServerTime| now.0.saturating_sub(then.0).max(0);
        let connected = since(self.opened);
        let speed = |bytes: u64, ms: i64| bytes as f64 * 1000.0 / ms.max(1) as f64;
        self.with(|counts| {
            let last = counts.polled.unwrap_or((self.opened, 0, 0));
            let bytes_in = counts.bytes;
            counts.polled = Some((now, bytes_in, bytes_out));
            let between = since(last.0);
            json!({
                "idleMs": since(counts.heard.unwrap_or(self.opened)), "connectedMs": connected,
                "drift": counts.drift.map(|(drift, _)| drift),
                "driftAgeMs": counts.drift.map(|(_, at)| since(at)),
                "bytesIn": bytes_in, "bytesOut": bytes_out, "msgsIn": counts.messages, "msgsOut": messages_out,
                "upBps": speed(bytes_in, connected), "downBps": speed(bytes_out, connected),
                "rUpBps": speed(bytes_in.saturating_sub(last.1), between),
                "rDownBps": speed(bytes_out.saturating_sub(last.2), between),
                "lastPos": counts.position.map(|(t, at)| json!({"t": t, "ts": at.0})),
                "lastRecvTs": counts.heard.map(|at| at.0),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ws::Limits;

    #[test]
    fn figures_are_since_the_start_and_since_somebody_last_asked() {
        let outbox = Outbox::taken(Limits::CLIENT);
        let meter = Meter::new(outbox.clone(), ServerTime(1000));
        meter.heard(100, ServerTime(2000));
        outbox.push(&bytes::Bytes::from_static(b"0123456789"));
        let first = meter.figures(ServerTime(3000));
        assert_eq!(
            (&first["msgsIn"], &first["bytesOut"]),
            (&json!(1), &json!(10))
        );
        assert_eq!(
            (&first["upBps"], &first["rUpBps"]),
            (&json!(50.0), &json!(50.0))
        );
        assert_eq!(
            (&first["idleMs"], &first["drift"]),
            (&json!(1000), &Value::Null)
        );
        meter.at(5.5, -0.25, ServerTime(3500));
        let second = meter.figures(ServerTime(4000));
        assert_eq!(
            (&second["rUpBps"], &second["driftAgeMs"]),
            (&json!(0.0), &json!(500))
        );
        assert_eq!(second["lastPos"], json!({"t": 5.5, "ts": 3500}));
    }
}
