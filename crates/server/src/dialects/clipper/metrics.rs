//! What this dialect counts of itself, as its API document lists it, in the text format of Prometheus.
//!
//! Numbers only, without labels that name anybody. Sums of fractions are kept in whole microseconds, so that every
//! count is one atomic addition.
use super::wire::Kind;
use axum::http::StatusCode;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of what a command takes, in seconds: the bare hub is below a millisecond, a disk that syncs below 0.1 s.
const LATENCY: [f64; 8] = [0.0005, 0.001, 0.0025, 0.01, 0.05, 0.1, 0.5, 2.0];
/// Upper bounds of drift, in seconds: 2 is where a client of this API goes to the party's position.
const DRIFT: [f64; 6] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0];
/// Codes of errors that are told, and the silence that a viewer's playback command gets.
const ERRORS: [&str; 5] = [
    "INVALID_COMMAND",
    "UNAUTHORIZED_COMMAND",
    "PARTY_ENDED",
    "RATE_LIMITED",
    "unauthorized_playback",
];
/// Why somebody is counted as gone.
const REASONS: [&str; 4] = ["leave", "kick", "disconnect", "end"];

/// A histogram with these upper bounds; the last bucket takes the rest.
#[derive(Debug)]
struct Histogram<const N: usize> {
    bounds: [f64; N],
    buckets: [AtomicU64; N],
    count: AtomicU64,
    micros: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    fn new(bounds: [f64; N]) -> Self {
        Self {
            bounds,
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            count: AtomicU64::new(0),
            micros: AtomicU64::new(0),
        }
    }

    fn observe(&self, seconds: f64) {
        let places = self.bounds.iter().zip(&self.buckets);
        for (_, bucket) in places.filter(|(bound, _)| seconds <= **bound) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        let micros = (seconds * 1e6) as u64;
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn write(&self, name: &str, help: &str, text: &mut String) {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
        for (bound, bucket) in self.bounds.iter().zip(&self.buckets) {
            let count = bucket.load(Ordering::Relaxed);
            let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}");
        }
        let count = self.count.load(Ordering::Relaxed);
        let sum = self.micros.load(Ordering::Relaxed) as f64 / 1e6;
        let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(text, "{name}_sum {sum}\n{name}_count {count}");
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    latency: Histogram<{ LATENCY.len() }>,
    drift: Histogram<{ DRIFT.len() }>,
    commands: [AtomicU64; Kind::ALL.len()],
    joined: AtomicU64,
    left: [AtomicU64; REASONS.len()],
    errors: [AtomicU64; ERRORS.len()],
    /// By the first digit of the status.
    answers: [AtomicU64; 5],
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            latency: Histogram::new(LATENCY),
            drift: Histogram::new(DRIFT),
            commands: Default::default(),
            joined: AtomicU64::new(0),
            left: Default::default(),
            errors: Default::default(),
            answers: Default::default(),
        }
    }
}

fn count(of: Option<&AtomicU64>) {
    if let Some(counter) = of {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// A command that was heard, and how long it took until what came of it was on its way.
    pub(super) fn command(&self, kind: Kind, took: Duration) {
        let mut all = Kind::ALL.iter().zip(&self.commands);
        let of = all.find(|((_, known), _)| *known == kind);
        count(of.map(|(_, counter)| counter));
        self.latency.observe(took.as_secs_f64());
    }

    /// How far a player was from its party.
    pub(super) fn drifted(&self, seconds: f64) {
        self.drift.observe(seconds.abs());
    }

    pub(super) fn joined(&self) {
        count(Some(&self.joined));
    }

    pub(super) fn left(&self, reason: &str) {
        let place = REASONS.iter().position(|known| *known == reason);
        count(place.and_then(|place| self.left.get(place)));
    }

    pub(super) fn error(&self, code: &str) {
        let place = ERRORS.iter().position(|known| *known == code);
        count(place.and_then(|place| self.errors.get(place)));
    }

    pub(super) fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).checked_sub(1);
        count(class.and_then(|class| self.answers.get(class)));
    }

    /// All of it, with the gauges that only the hub knows.
    pub(super) fn write(&self, parties: usize, sockets: usize) -> String {
        let mut text = String::new();
        self.latency.write(
            "clipper_sync_event_latency_seconds",
            "From a command to the event that came of it.",
            &mut text,
        );
        self.drift.write(
            "clipper_client_drift_seconds",
            "How far players were from their party, as they said.",
            &mut text,
        );
        let kinds = Kind::ALL.map(|(name, _)| name);
        let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        let joined = std::slice::from_ref(&self.joined);
        for (name, help, label, values, counters) in [
            (
                "clipper_commands_total",
                "Commands heard.",
                "type",
                &kinds[..],
                &self.commands[..],
            ),
            (
                "clipper_participants_joined_total",
                "Participants who came.",
                "",
                &[""][..],
                joined,
            ),
            (
                "clipper_participants_left_total",
                "Participants who went, and sockets that were lost.",
                "reason",
                &REASONS[..],
                &self.left[..],
            ),
            (
                "clipper_errors_total",
                "Commands that came to nothing.",
                "code",
                &ERRORS[..],
                &self.errors[..],
            ),
            (
                "clipper_http_responses_total",
                "Answers over HTTP.",
                "status",
                &classes[..],
                &self.answers[..],
            ),
        ] {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
            for (value, counter) in values.iter().zip(counters) {
                let count = counter.load(Ordering::Relaxed);
                let _ = match label {
                    "" => writeln!(text, "{name} {count}"),
                    label => writeln!(text, "{name}{{{label}=\"{value}\"}} {count}"),
                };
            }
        }
        for (name, help, value) in [
            ("clipper_parties", "Parties with participants.", parties),
            ("clipper_sockets", "Sockets that are open.", sockets),
        ] {
            let _ = writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}"
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told() {
        let metrics = Metrics::default();
        metrics.command(Kind::Seek, Duration::from_millis(3));
        metrics.drifted(-0.2);
        metrics.joined();
        metrics.left("kick");
        metrics.error("unauthorized_playback");
        metrics.answered(StatusCode::NOT_FOUND);
        let text = metrics.write(2, 3);
        for line in [
            "clipper_sync_event_latency_seconds_bucket{le=\"0.0025\"} 0",
            "clipper_sync_event_latency_seconds_bucket{le=\"0.01\"} 1",
            "clipper_client_drift_seconds_sum 0.2",
            "clipper_commands_total{type=\"seek\"} 1",
            "clipper_commands_total{type=\"play\"} 0",
            "clipper_participants_joined_total 1",
            "clipper_participants_left_total{reason=\"kick\"} 1",
            "clipper_errors_total{code=\"unauthorized_playback\"} 1",
            "clipper_http_responses_total{status=\"4xx\"} 1",
            "clipper_parties 2",
            "clipper_sockets 3",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
    }
}
