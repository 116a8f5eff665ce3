//! A party with a time: until then a lobby, in which everybody may talk and only the host may begin.
//!
//! At the instant a tick starts what is loaded, through the barrier like any start, and the schedule is over;
//! so it is when the host begins earlier. While it lasts a host who is away is missed by nobody: what the
//! policy says of their absence counts from the beginning.
use crate::audit::ActKind;
use crate::rights::Caller;
use crate::room::Step;
use crate::{Audience, Command, ControlKind, Event, Refusal, Role, Room, ServerTime, Span};

/// The furthest ahead: a leap year. Whoever plans longer than that plans twice.
const FURTHEST: Span = Span::seconds(366 * 24 * 3600);

/// Whether a command begins playback where it is carried out.
fn begins(command: &Command) -> bool {
    matches!(
        command,
        Command::Play { .. }
            | Command::ForceStart
            | Command::Load { play: true, .. }
            | Command::QueueNext { .. }
            | Command::PoolDraw
    )
}

impl Room {
    /// Before its time a party is begun by its host alone.
    pub(crate) fn keep_the_schedule(
        &self,
        caller: Caller,
        command: &Command,
    ) -> Result<(), Refusal> {
        let host = caller.role.is_none_or(|role| role == Role::Host);
        match self.schedule {
            Some(at) if !host && begins(command) => Err(Refusal::NotStarted { at }),
            _ => Ok(()),
        }
    }

    pub(crate) fn set_schedule(
        &mut self,
        step: &mut Step,
        at: Option<ServerTime>,
    ) -> Result<(), Refusal> {
        let bad = |what| Err(Refusal::BadSchedule(what));
        if at == self.schedule {
            return Ok(());
        }
        if let Some(at) = at {
            if at <= step.now {
                return bad("That time has passed already. Choose one to come.");
            }
            if at - step.now > FURTHEST {
                return bad("A party can be scheduled at most a year ahead.");
            }
            if self.going() {
                return bad("It is playing already. Pause first.");
            }
        }
        self.schedule = at;
        // What was playing before can't be brought back by undoing its pause.
        self.undo = None;
        step.emit(Audience::All, Event::Settings);
        let detail = at.map_or("none".to_owned(), |at| at.0.to_string());
        self.record(step, ActKind::Schedule, None, Some(detail));
        self.settle(step);
        Ok(())
    }

    /// Plays, or will as soon as all have loaded.
    fn going(&self) -> bool {
        let wished = self.barrier.as_ref().is_some_and(|b| b.wants_play);
        self.runs() || wished
    }

    /// The host began: from now on it is a party like any other.
    pub(crate) fn settle_schedule(&mut self, step: &mut Step) {
        if self.schedule.is_some() && self.going() {
            self.schedule = None;
            step.emit(Audience::All, Event::Settings);
            self.settle(step);
        }
    }

    /// The time has come. For nobody it does not begin.
    pub(crate) fn begin_as_scheduled(&mut self, step: &mut Step) {
        if let Some(at) = self.schedule.take() {
            // Nobody was expected earlier: only from now on is it idle.
            self.idle_since = self.idle_since.map(|since| since.max(at));
        }
        self.undo = None;
        step.emit(Audience::All, Event::Settings);
        if self.timeline.item.is_some() && !self.going() && self.people.seated() > 0 {
            let from = self.timeline.start_from();
            self.begin(step, None, ControlKind::Play, from);
        }
        self.settle(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{PAUSE, PLAY, Party, clip, load, say, seek};
    use crate::{Grant, HostAbsence, Life, Policy, Position};

    fn scheduled(party: &mut Party, seat: crate::SeatId, ahead: Span) -> ServerTime {
        let at = party.now + ahead;
        party.ok(seat, Command::SetSchedule { at: Some(at) });
        assert_eq!(party.room.schedule(), Some(at));
        at
    }

    #[test]
    fn before_its_time_only_the_host_begins_and_that_ends_the_schedule() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        party.ok(host, load("a"));
        let at = scheduled(&mut party, host, Span::seconds(3600));
        let queue = Command::QueueAdd {
            media: clip("b"),
            before: None,
        };
        party.ok(ann, queue);
        party.ok(ann, say("I am early"));
        party.ok(ann, seek(10.0));
        let begin = [
            PLAY,
            Command::ForceStart,
            Command::Load {
                media: clip("c"),
                position: Position::ZERO,
                play: true,
            },
            Command::QueueNext { item: None },
            Command::PoolDraw,
        ];
        for command in begin {
            assert_eq!(party.act(ann, command), Err(Refusal::NotStarted { at }));
        }
        party.ok(host, PLAY);
        assert_eq!((party.playing(), party.room.schedule()), (true, None));
        party.ok(ann, PAUSE);
        party.ok(ann, PLAY);
    }

    #[test]
    fn it_begins_by_itself_at_the_instant() {
        let (mut party, host, ..) = Party::of_three(Policy::default());
        party.ok(host, load("a"));
        let at = scheduled(&mut party, host, Span::seconds(60));
        party.pass(Span(59_999));
        assert!(!party.playing());
        let events = party.pass(Span(1));
        assert!(party.playing() && events.contains(&Event::Settings));
        let timeline = party.room.timeline();
        assert_eq!((timeline.by, timeline.at), (None, at + Span(120)));
        assert_eq!(party.room.schedule(), None);
    }

    #[test]
    fn it_waits_at_the_barrier_for_those_who_load() {
        let mut party = Party::new(Policy::default());
        let host = party.arrive("Hanna", Grant::Host, true).expect("the host");
        party.ok(host, load("a"));
        party.pass(Span::seconds(30));
        scheduled(&mut party, host, Span::seconds(60));
        party.pass(Span::seconds(60));
        assert!(!party.playing() && party.room.barrier().is_some_and(|b| b.wants_play));
        party.pass(Span::seconds(10));
        assert!(party.playing());
    }

    #[test]
    fn with_nothing_loaded_or_nobody_there_it_is_over_and_nothing_plays() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        scheduled(&mut party, host, Span::seconds(60));
        party.pass(Span::seconds(60));
        assert_eq!((party.playing(), party.room.schedule()), (false, None));
        party.ok(host, load("a"));
        scheduled(&mut party, host, Span::seconds(600));
        for seat in [host, ann, ben] {
            party.ok(seat, Command::Leave);
        }
        party.pass(Span::seconds(600));
        assert_eq!((party.playing(), party.room.schedule()), (false, None));
    }

    #[test]
    fn a_time_must_be_to_come_within_a_year_and_only_the_host_sets_it() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let now = party.now;
        for at in [
            now,
            ServerTime(0),
            ServerTime(i64::MAX),
            ServerTime(i64::MIN),
            now + FURTHEST + Span(1),
        ] {
            let refusal = party.act(host, Command::SetSchedule { at: Some(at) });
            assert_eq!(refusal.expect_err("refused").code(), "bad_schedule");
        }
        let at = Some(now + FURTHEST);
        let refusal = party.act(ann, Command::SetSchedule { at });
        assert_eq!(refusal.expect_err("refused").code(), "not_allowed");
        party.ok(host, Command::SetSchedule { at });
        party.ok(host, load("a"));
        party.ok(host, Command::SetSchedule { at: None });
        party.ok(ann, PLAY);
        let at = Some(now + Span::seconds(60));
        let refusal = party.act(host, Command::SetSchedule { at });
        assert_eq!(refusal.expect_err("refused").code(), "bad_schedule");
    }

    #[test]
    fn undo_is_no_way_around_it() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        party.ok(host, load("a"));
        party.ok(host, PLAY);
        party.ok(ann, PAUSE);
        scheduled(&mut party, host, Span::seconds(60));
        assert_eq!(party.act(ann, Command::Undo), Err(Refusal::NothingToUndo));
    }

    #[test]
    fn an_empty_room_waits_for_its_time_and_the_idle_expiry_after_it() {
        let policy = Policy {
            idle_expiry: Span::seconds(600),
            ..Policy::default()
        };
        let mut party = Party::new(policy);
        let at = party.now + Span::seconds(3600);
        let command = Command::SetSchedule { at: Some(at) };
        party.server(command).expect("the server may");
        party.pass(Span::seconds(3600 + 599));
        assert!(!party.room.life().is_terminal());
        party.pass(Span::seconds(1));
        assert_eq!(party.room.life(), Life::Expired { at: party.now });
    }

    #[test]
    fn a_host_who_is_away_is_not_missed_before_the_time() {
        let (mut party, host, ann, _) = Party::of_three(Policy {
            host_absence: HostAbsence::Close,
            ..Policy::default()
        });
        scheduled(&mut party, host, Span::seconds(3600));
        party.ok(host, Command::Leave);
        party.ok(ann, say("she will come"));
        party.pass(Span::seconds(3599));
        assert!(party.live());
        party.pass(Span::seconds(1));
        assert!(party.room.life().is_terminal());
    }
}
