//! What the server says of itself: to standard error, and to whoever administers it, live.
//!
//! The ring holds the latest lines in memory for `GET /api/v2/admin/logs`; it is bounded in lines and in bytes a
//! line, and a reader who can't keep up loses lines, never slows the server down. Nothing secret is logged
//! anywhere: tests read the ring after log-ins, joins with keys and invitations.
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Lines kept for whoever looks later.
const LINES: usize = 500;
/// Bytes of one value; a line is for people.
const VALUE_BYTES: usize = 2048;
/// Lines that a slow reader may be behind before it loses some.
const BEHIND: usize = 256;

/// One line.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LogLine {
    /// When, in ms.
    pub at: i64,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: &'static str,
    /// The part of the server.
    pub target: String,
    /// What.
    pub message: String,
    /// With what.
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
}

/// The latest lines, and those to come.
#[derive(Debug)]
pub struct Ring {
    lines: Mutex<VecDeque<Arc<LogLine>>>,
    live: broadcast::Sender<Arc<LogLine>>,
}

/// The ring of this process: logs are the process's, whatever servers run in it.
pub static RING: LazyLock<Ring> = LazyLock::new(Ring::new);

impl Ring {
    fn new() -> Self {
        Self {
            lines: Mutex::default(),
            live: broadcast::channel(BEHIND).0,
        }
    }

    /// What there is, oldest first, and what comes: no line is missing between the two, and none comes twice.
    pub fn follow(&self) -> (Vec<Arc<LogLine>>, broadcast::Receiver<Arc<LogLine>>) {
        let lines = self.lock();
        (lines.iter().cloned().collect(), self.live.subscribe())
    }

    fn push(&self, line: LogLine) {
        let line = Arc::new(line);
        let mut lines = self.lock();
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line.clone());
        // Nobody may be reading.
        let _ = self.live.send(line);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<LogLine>>> {
        // Held for pushes and copies only.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what is logged into a [`Ring`].
#[derive(Debug)]
pub struct RingLayer(pub &'static Ring);

impl<S: Subscriber> Layer<S> for RingLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut read = Reading::default();
        event.record(&mut read);
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.0.push(LogLine {
            at: since.as_millis() as i64,
            level: event.metadata().level().as_str(),
            target: event.metadata().target().to_owned(),
            message: read.message,
            fields: read.fields,
        });
    }
}

#[derive(Default)]
struct Reading {
    message: String,
    fields: Map<String, Value>,
}

fn cut(mut text: String) -> String {
    if text.len() > VALUE_BYTES {
        let end = (0..=VALUE_BYTES)
            .rev()
            .find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    text
}

impl Visit for Reading {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let text = cut(format!("{value:?}"));
        if field.name() == "message" {
            self.message = text;
        } else {
            self.fields.insert(field.name().to_owned(), text.into());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.insert(field.name().to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn the_ring_keeps_the_latest_lines_with_their_fields_and_cuts_long_ones() {
        let ring: &'static Ring = Box::leak(Box::new(Ring::new()));
        let logs = tracing_subscriber::registry().with(RingLayer(ring));
        tracing::subscriber::with_default(logs, || {
            for number in 0..LINES + 3 {
                tracing::info!(number, room = %"bakoti-zuna", "line");
            }
            let (before, mut live) = ring.follow();
            assert_eq!(before.len(), LINES);
            assert_eq!(before[0].fields["number"], 3);
            assert_eq!(before[0].fields["room"], "bakoti-zuna");
            assert_eq!(
                (before[0].level, before[0].message.as_str()),
                ("INFO", "line")
            );
            tracing::warn!("{}", "ü".repeat(5000));
            let line = live.try_recv().expect("the next line");
            assert!(line.message.len() < VALUE_BYTES + 8 && line.message.ends_with('…'));
        });
    }
}
