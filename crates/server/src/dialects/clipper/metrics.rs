//! What this dialect counts of itself, as its API document lists it.
use super::wire::Kind;
use crate::exposition::{Counter, Histogram, gauge};
use axum::http::StatusCode;
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

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    latency: Histogram,
    drift: Histogram,
    commands: Counter,
    joined: Counter,
    left: Counter,
    errors: Counter,
    answers: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let kinds = Kind::ALL.map(|(name, _)| name);
        Self {
            latency: Histogram::new(
                "clipper_sync_event_latency_seconds",
                "From a command to the event that came of it.",
                &[],
                &LATENCY,
            ),
            drift: Histogram::new(
                "clipper_client_drift_seconds",
                "How far players were from their party, as they said.",
                &[],
                &DRIFT,
            ),
            commands: Counter::new("clipper_commands_total", "Commands heard.", &["type"])
                .from_zero(&kinds),
            joined: Counter::new(
                "clipper_participants_joined_total",
                "Participants who came.",
                &[],
            ),
            left: Counter::new(
                "clipper_participants_left_total",
                "Participants who went, and sockets that were lost.",
                &["reason"],
            )
            .from_zero(&REASONS),
            errors: Counter::new(
                "clipper_errors_total",
                "Commands that came to nothing.",
                &["code"],
            )
            .from_zero(&ERRORS),
            answers: Counter::new(
                "clipper_http_responses_total",
                "Answers over HTTP.",
                &["status"],
            )
            .from_zero(&["1xx", "2xx", "3xx", "4xx", "5xx"]),
        }
    }
}

impl Metrics {
    /// A command that was heard, and how long it took until what came of it was on its way.
    pub(super) fn command(&self, kind: Kind, took: Duration) {
        self.commands.count(&[kind.name()]);
        self.latency.observe(&[], took.as_secs_f64());
    }

    /// How far a player was from its party.
    pub(super) fn drifted(&self, seconds: f64) {
        self.drift.observe(&[], seconds.abs());
    }

    pub(super) fn joined(&self) {
        self.joined.count(&[]);
    }

    pub(super) fn left(&self, reason: &str) {
        self.left.count(&[reason]);
    }

    pub(super) fn error(&self, code: &str) {
        self.errors.count(&[code]);
    }

    pub(super) fn answered(&self, status: StatusCode) {
        self.answers
            .count(&[&format!("{}xx", status.as_u16() / 100)]);
    }

    /// All of it, with the gauges that only the hub knows.
    pub(super) fn write(&self, parties: usize, sockets: usize) -> String {
        let mut text = String::new();
        self.latency.write(&mut text);
        self.drift.write(&mut text);
        for counter in [
            &self.commands,
            &self.joined,
            &self.left,
            &self.errors,
            &self.answers,
        ] {
            counter.write(&mut text);
        }
        gauge(
            "clipper_parties",
            "Parties with participants.",
            parties,
            &mut text,
        );
        gauge(
            "clipper_sockets",
            "Sockets that are open.",
            sockets,
            &mut text,
        );
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
