//! A host's player that leads the room: some wire formats have no controls but "here I am".
//!
//! Such a client sends where its player is every second or two. Taken word for word that would shake everybody
//! along with every jitter, and an update sent just before a control would undo it. So updates are filtered here:
//! not within [`COOLDOWN`] of a control, not faster than [`LEAST_INTERVAL`], not for a step that says nothing. Only
//! the host's player leads, and nobody's player is ever made to answer: a led player never obeys, so no loop closes.
use crate::room::Step;
use crate::{Command, ControlKind, MemberId, Position, Refusal, Room, ServerTime, Span};

/// After a control its sender's player is still settling (OpenWatchParty's `COMMAND_COOLDOWN_MS`).
const COOLDOWN: Span = Span(2000);
/// Between two updates (OpenWatchParty's `MIN_STATE_UPDATE_INTERVAL_MS`).
const LEAST_INTERVAL: Span = Span(500);
/// Seconds of a step that says nothing (OpenWatchParty's `POSITION_JITTER_THRESHOLD`).
const JITTER: f64 = 0.5;
/// Seconds back up to which a step is a player that stalled, not a person who went back.
const SETBACK: f64 = 2.0;

impl Room {
    /// Notes a control, for the cool-down of updates.
    pub(crate) fn note_control(&mut self, command: &Command, now: ServerTime) {
        if matches!(
            command,
            Command::Play { .. } | Command::Pause { .. } | Command::Seek { .. }
        ) {
            self.controlled_at = Some(now);
        }
    }

    /// Follows the host's player, where its update says something.
    pub(crate) fn steer(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        position: Option<Position>,
        playing: Option<bool>,
    ) -> Result<(), Refusal> {
        self.loaded(None)?;
        if self.barrier.as_ref().is_some_and(|b| b.wants_play) {
            // The start is on its way, with everybody.
            return Ok(());
        }
        let is = self.runs();
        let turned = playing.is_some_and(|playing| playing != is);
        let moved = position.map_or(0.0, |p| p.seconds() - self.timeline.position.seconds());
        let cooling = self
            .controlled_at
            .is_some_and(|at| step.now - at < COOLDOWN);
        let noise = (-SETBACK..-JITTER).contains(&moved) || (0.0..JITTER).contains(&moved);
        if !turned && (cooling || step.now - self.timeline.at < LEAST_INTERVAL || noise) {
            return Ok(());
        }
        let here = position.unwrap_or_else(|| self.timeline.position_at(step.now));
        let here = self.timeline.within(here);
        let plays = playing.unwrap_or(is);
        if plays && !self.started {
            self.drop_barrier(step);
            return self.start_now(step, by, here);
        }
        if plays {
            self.run_from(step, by, ControlKind::Steer, here, step.now);
        } else {
            self.move_to(step, by, ControlKind::Steer, here, step.now, false);
        }
        Ok(())
    }

    fn start_now(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        from: Position,
    ) -> Result<(), Refusal> {
        self.started = true;
        if let Some(current) = &self.current {
            self.stats.played(&current.media.title);
        }
        self.run_from(step, by, ControlKind::Steer, from, step.now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{PAUSE, PLAY, Party, load};
    use crate::{BarrierPolicy, Grant, Policy, SeatId};

    fn led() -> (Party, SeatId, SeatId) {
        let barrier = BarrierPolicy::Off;
        let mut party = Party::new(Policy {
            barrier,
            ..Policy::default()
        });
        let host = party.arrive("Hanna", Grant::Host, false).expect("the host");
        let guest = party.arrive("Ann", Grant::None, false).expect("may enter");
        party.ok(host, load("a"));
        (party, host, guest)
    }

    fn at(seconds: f64, playing: bool) -> Command {
        Command::Steer {
            position: Position::new(seconds),
            playing: Some(playing),
        }
    }

    #[test]
    fn updates_lead_the_room_and_jitter_does_not() {
        let (mut party, host, _) = led();
        party.ok(host, PLAY);
        party.pass(Span(1_900));
        party.ok(host, at(1.9, true));
        assert_eq!(party.room.timeline().position, Position::ZERO, "cooling");
        party.pass(Span(200));
        party.ok(host, at(2.1, true));
        let place = |party: &Party| party.room.timeline().position.seconds();
        assert_eq!(place(&party), 2.1);
        party.pass(Span(499));
        party.ok(host, at(9.0, true));
        assert_eq!(place(&party), 2.1, "too soon");
        party.pass(Span(1));
        for (noise, taken) in [(2.5, false), (0.5, false), (1.7, true)] {
            party.ok(host, at(noise, true));
            assert_eq!(place(&party) == noise, taken, "{noise}");
        }
    }

    #[test]
    fn a_player_that_stops_or_starts_is_followed_at_once() {
        let (mut party, host, _) = led();
        party.ok(host, at(5.0, true));
        assert!(party.playing());
        party.ok(host, PAUSE);
        party.ok(host, at(5.0, true));
        assert!(party.playing());
        party.ok(host, at(5.1, false));
        assert!(!party.playing());
    }

    #[test]
    fn only_the_hosts_player_leads() {
        let (mut party, _, guest) = led();
        let refusal = party.act(guest, at(5.0, true)).expect_err("a guest");
        assert_eq!(refusal.code(), "not_allowed");
    }
}
