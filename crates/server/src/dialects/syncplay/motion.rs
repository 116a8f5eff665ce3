//! Motion: what a client's state means, and what it is told of the room's.
//!
//! A state is a change only where it differs from what the client was told and has acknowledged; else it is a
//! report and moves nothing. Real clients report pauses and jumps that nobody made while their players start
//! (`0.0` for `paused`, a pause about a second after a file was opened, jumps to 0): these are put back, not obeyed.
use super::session::{End, Session};
use super::view::View;
use super::wire::State;
use crate::hub::{PlayerState, Report};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;
use watchalong_room::{Command, Position, ServerTime, Span};

/// After a file was opened or a room entered, a client's player does things by itself for so long.
const STARTING: Duration = Duration::from_secs(3);
/// A jump to less than this while the room is beyond [`WELL_IN`] is a starting player's rewind, seconds.
const REWOUND: f64 = 3.0;
/// See [`REWOUND`].
const WELL_IN: f64 = 5.0;
/// How far behind a client may be: it never catches up by itself, seconds.
const BEHIND: f64 = 1.5;
/// A player that has just opened its file is still on the way.
const OPENING: Duration = Duration::from_millis(1200);
/// Between two corrections ...
const CORRECT_EVERY: Duration = Duration::from_secs(3);
/// ... of which so many in vain mean another file than ours ...
const IN_VAIN: u32 = 3;
/// ... and a rest.
const REST: Duration = Duration::from_secs(30);
/// Two timelines this close are one, seconds: a player's own step is larger.
const SAME: f64 = 0.25;
/// A start from this near is no jump, seconds: players stop a frame or two beside the room.
const NEAR: f64 = 3.0;

/// Corrections of a client that is behind.
#[derive(Debug, Default)]
pub(super) struct Lag {
    tries: u32,
    next: Option<Instant>,
}

impl Lag {
    fn due(&mut self, behind: f64, now: Instant) -> bool {
        if behind <= BEHIND {
            self.tries = 0;
            return false;
        }
        if self.next.is_some_and(|next| now < next) {
            return false;
        }
        self.tries += 1;
        let rest = if self.tries >= IN_VAIN {
            REST
        } else {
            CORRECT_EVERY
        };
        if self.tries >= IN_VAIN {
            self.tries = 0;
        }
        self.next = Some(now + rest);
        true
    }
}

impl Session {
    pub(super) async fn on_state(&mut self, state: State) -> Result<(), End> {
        let now = self.seconds();
        let counts = self
            .clocks
            .hear(state.ping.as_ref(), state.ignoring.as_ref(), now);
        let Some(playstate) = state.playstate.filter(|_| counts) else {
            return Ok(());
        };
        // Before its player is up a client says 0.0: nothing that anybody did.
        let Value::Bool(paused) = playstate.paused else {
            return self.echo().await;
        };
        if !self.up {
            self.up = true;
            self.refresh(None).await?;
        }
        let Some(position) = playstate.position.and_then(|p| Position::new(p.max(0.0))) else {
            return self.echo().await;
        };
        let age = if paused { 0.0 } else { self.clocks.delay() };
        let position = Position::clamped(position.seconds() + age);
        let jumped = playstate.do_seek == Some(true);
        if !jumped && paused == self.told.paused {
            return self.report(position, paused).await;
        }
        if self.starting(jumped, paused, position) {
            return self.put_back().await;
        }
        if !self.change(jumped, paused, position).await? {
            return self.put_back().await;
        }
        self.refresh(Some(jumped)).await
    }

    /// A start-up's doing, not a person's.
    fn starting(&self, jumped: bool, paused: bool, position: Position) -> bool {
        if self.stirred.elapsed() >= STARTING || self.told.view.people.len() < 2 {
            return false;
        }
        let room = self.told.timeline.position_at(self.now()).seconds();
        let stopped = !jumped && paused && !self.told.paused;
        let rewound = jumped && position.seconds() < REWOUND && room > WELL_IN;
        stopped || rewound
    }

    /// Does in the room what the client did; false where the room would not.
    async fn change(
        &mut self,
        jumped: bool,
        paused: bool,
        position: Position,
    ) -> Result<bool, End> {
        let expect = None;
        // Whoever plays a file that they opened past the playlist has chosen it.
        self.put_own_file_on().await?;
        if jumped && self.act(Command::Seek { position, expect }).await?.is_err() {
            return Ok(false);
        }
        if paused == self.told.paused {
            return Ok(true);
        }
        let here = self.told.timeline.position_at(self.now()).seconds();
        let near = jumped || (position.seconds() - here).abs() <= NEAR;
        let position = near.then_some(position);
        let command = if paused {
            Command::Pause { position, expect }
        } else {
            Command::Play { position, expect }
        };
        Ok(self.act(command).await?.is_ok())
    }

    async fn report(&mut self, position: Position, paused: bool) -> Result<(), End> {
        let room = self.told.timeline.position_at(self.now()).seconds();
        let ahead = position.seconds() - room;
        let open = self.file_at.is_some_and(|at| at.elapsed() >= OPENING);
        if self.told.view.item.is_some() && open {
            let report = Report {
                position: Some(position.seconds()),
                skew_ms: Some(ahead * 1000.0),
                delay_ms: self.clocks.round_trip_ms(),
                state: if paused {
                    PlayerState::Paused
                } else {
                    PlayerState::Playing
                },
                ..Report::default()
            };
            self.place.room.report(self.place.seat, report);
            if self.lag.due(-ahead, Instant::now()) {
                return self.put_back().await;
            }
        }
        self.echo().await
    }

    /// A client that waits for the echo of a change of its own hears nothing else until then.
    async fn echo(&mut self) -> Result<(), End> {
        if self.clocks.owes_echo() && self.clocks.settled() {
            return self.periodic().await;
        }
        Ok(())
    }

    /// Moves the client's player to where the room is.
    async fn put_back(&mut self) -> Result<(), End> {
        self.refresh(None).await?;
        let by = self.other();
        self.force(true, &by).await
    }

    /// Tells the motion of a new look, where it is another than was told, or where an answer is owed.
    pub(super) async fn tell_motion(
        &mut self,
        view: &View,
        own: Option<bool>,
        another: bool,
    ) -> Result<(), End> {
        let now = self.now();
        let coming = view.timeline.playing && view.timeline.at > now;
        // Who started it plays already: holding them until the others may start would be a stutter.
        let early = coming && view.mine && (own.is_some() || !self.told.paused);
        self.start_at = (coming && !early).then(|| Instant::now() + until(view.timeline.at, now));
        let paused = !view.timeline.playing || (coming && !early);
        let here = view.timeline.position_at(now).seconds();
        let moved = (here - self.told.timeline.position_at(now).seconds()).abs();
        let other = paused != self.told.paused || moved > SAME || another;
        (self.told.timeline, self.told.paused) = (view.timeline, paused);
        if let Some(jumped) = own {
            let me = self.held.name.clone();
            return self.force(jumped, &me).await;
        }
        if !other {
            return Ok(());
        }
        let by = view.by.clone().filter(|_| !view.mine);
        let by = by.unwrap_or_else(|| view.name.clone());
        self.force(moved > SAME || another, &by).await
    }

    /// A state that the client has to acknowledge before it is heard again.
    pub(super) async fn force(&mut self, jump: bool, by: &str) -> Result<(), End> {
        let playstate = self.playstate(jump, by);
        let state = self.clocks.state(&playstate, true, self.seconds());
        self.say(&[state]).await
    }

    /// The state of every second. Never in the receiver's own name, which would disarm its corrections.
    pub(super) async fn periodic(&mut self) -> Result<(), End> {
        let playstate = self.playstate(false, &self.other());
        let state = self.clocks.state(&playstate, false, self.seconds());
        self.say(&[state]).await
    }

    fn playstate(&self, jump: bool, by: &str) -> Value {
        let position = self.told.timeline.position_at(self.now()).seconds();
        json!({"position": position, "paused": self.told.paused, "doSeek": jump, "setBy": by})
    }

    /// Who set the motion, or the room where that was the receiver.
    fn other(&self) -> String {
        let view = &self.told.view;
        let by = view.by.as_ref().filter(|_| !view.mine);
        by.unwrap_or(&view.name).clone()
    }

    fn now(&self) -> ServerTime {
        self.server.hub.clock.now()
    }

    /// The clock of the ping, opaque to the client.
    fn seconds(&self) -> f64 {
        self.server.hub.clock.precise_ms() / 1000.0
    }
}

fn until(at: ServerTime, now: ServerTime) -> Duration {
    let span: Span = at - now;
    Duration::from_millis(u64::try_from(span.0).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_behind_is_moved_thrice_and_then_left_alone_for_a_while() {
        let mut lag = Lag::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!lag.due(1.4, at(0)));
        assert!(lag.due(9.0, at(0)) && !lag.due(9.0, at(2)));
        assert!(lag.due(9.0, at(3)) && lag.due(9.0, at(6)));
        assert!(!lag.due(9.0, at(30)) && lag.due(9.0, at(36)));
        assert!(!lag.due(-100.0, at(50)), "ahead needs nothing");
    }
}
