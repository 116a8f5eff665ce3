//! The two clocks and the two counters of a connection: how long messages travel, and whose change is under way.
//!
//! Everything here belongs to one TCP connection and ends with it.
use super::wire::{Ignoring, Ping};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use tokio::time::Instant;

/// Samples looked at: the smallest of the last few, since stalls of a starting player come as long round trips.
const SAMPLES: usize = 5;
/// Nobody's messages travel longer, seconds; a liar ages its reports by no more.
const LONGEST_DELAY: f64 = 2.0;
/// A round trip that took longer says nothing, seconds.
const LONGEST_ROUND_TRIP: f64 = 30.0;

/// Clocks and counters.
#[derive(Debug, Default)]
pub struct Clocks {
    round_trips: VecDeque<f64>,
    theirs: Option<(f64, Instant)>,
    /// Our forced states; 0 when the last is acknowledged.
    server: i64,
    /// The client's change, to be echoed once.
    client: i64,
}

impl Clocks {
    /// Takes what came with a state. True where the client had seen our last change, so that its state counts.
    pub fn hear(&mut self, ping: Option<&Ping>, ignoring: Option<&Ignoring>, now: f64) -> bool {
        if let Some(ignoring) = ignoring {
            if ignoring.server.is_some_and(|number| number == self.server) {
                self.server = 0;
            }
            if let Some(number) = ignoring.client {
                self.client = number;
            }
        }
        if let Some(ping) = ping {
            let trip = ping.latency_calculation.map(|sent| now - sent);
            if let Some(trip) = trip.filter(|trip| (0.0..LONGEST_ROUND_TRIP).contains(trip)) {
                self.round_trips.push_back(trip);
                if self.round_trips.len() > SAMPLES {
                    self.round_trips.pop_front();
                }
            }
            if let Some(theirs) = ping.client_latency_calculation {
                self.theirs = Some((theirs, Instant::now()));
            }
        }
        self.settled()
    }

    /// No forced state of ours is under way.
    pub fn settled(&self) -> bool {
        self.server == 0
    }

    /// A change of the client's waits for its echo.
    pub fn owes_echo(&self) -> bool {
        self.client != 0
    }

    /// From the client to us, seconds.
    pub fn delay(&self) -> f64 {
        let least = self.round_trips.iter().copied().reduce(f64::min);
        (least.unwrap_or(0.0) / 2.0).min(LONGEST_DELAY)
    }

    /// The round trip in ms, once there is one.
    pub fn round_trip_ms(&self) -> Option<f64> {
        let least = self.round_trips.iter().copied().reduce(f64::min);
        least.map(|seconds| seconds * 1000.0)
    }

    /// A state to be sent at `now`, counted where it is forced.
    pub fn state(&mut self, playstate: &Value, forced: bool, now: f64) -> Value {
        if forced {
            self.server += 1;
        }
        let mut ping = Map::new();
        ping.insert("latencyCalculation".to_owned(), json!(now));
        let last = self.round_trips.back().copied().unwrap_or(0.0);
        ping.insert("serverRtt".to_owned(), json!(last));
        if let Some((theirs, at)) = self.theirs.take() {
            // With the time that we held it: else the client takes our holding for the way, and runs ahead.
            let held = theirs + at.elapsed().as_secs_f64();
            ping.insert("clientLatencyCalculation".to_owned(), json!(held));
        }
        let mut state = json!({"ping": ping, "playstate": playstate});
        let mut ignoring = Map::new();
        if self.server != 0 {
            ignoring.insert("server".to_owned(), json!(self.server));
        }
        if self.client != 0 {
            ignoring.insert("client".to_owned(), json!(self.client));
            self.client = 0;
        }
        if !ignoring.is_empty() {
            state["ignoringOnTheFly"] = Value::Object(ignoring);
        }
        json!({ "State": state })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_is_heard_again_once_it_has_seen_our_change() {
        let mut clocks = Clocks::default();
        assert!(clocks.hear(None, None, 1.0));
        let first = clocks.state(&json!({}), true, 1.0);
        assert_eq!(first["State"]["ignoringOnTheFly"], json!({"server": 1}));
        let ack = |server| Ignoring {
            server: Some(server),
            client: Some(4),
        };
        clocks.state(&json!({}), true, 1.0);
        assert!(!clocks.hear(None, Some(&ack(1)), 1.0), "the older of two");
        let echo = clocks.state(&json!({}), false, 1.0);
        assert_eq!(
            echo["State"]["ignoringOnTheFly"],
            json!({"server": 2, "client": 4})
        );
        assert!(clocks.hear(None, Some(&ack(2)), 1.0));
        clocks.state(&json!({}), false, 1.0);
        let quiet = clocks.state(&json!({}), false, 1.0);
        assert!(quiet["State"].get("ignoringOnTheFly").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_clients_clock_goes_back_once_with_the_time_it_was_held() {
        let mut clocks = Clocks::default();
        let ping = Ping {
            latency_calculation: Some(9.9),
            client_latency_calculation: Some(100.0),
        };
        clocks.hear(Some(&ping), None, 10.0);
        tokio::time::advance(std::time::Duration::from_millis(500)).await;
        let state = clocks.state(&json!({}), false, 10.5);
        assert_eq!(state["State"]["ping"]["clientLatencyCalculation"], 100.5);
        assert!((clocks.delay() - 0.05).abs() < 1e-9);
        let next = clocks.state(&json!({}), false, 11.5);
        assert!(
            next["State"]["ping"]
                .get("clientLatencyCalculation")
                .is_none()
        );
        let lie = Ping {
            latency_calculation: Some(-1e300),
            client_latency_calculation: None,
        };
        clocks.hear(Some(&lie), None, 12.0);
        assert!(clocks.delay() < 0.06);
    }
}
