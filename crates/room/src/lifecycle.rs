//! A room's life, driven by the server's time alone: created, live, grace, and two ends.
//!
//! `settle` draws what follows at once from the people there are (is the host away, is
//! anybody there, is the barrier met); `tick` does what is due. [`Room::deadline`] names the
//! next instant at which a tick would do something; it reads the heads of ordered lists, so
//! it costs the same with ten members and ten thousand. The ends are final.
use crate::audit::ActKind;
use crate::member::Role;
use crate::room::Step;
use crate::{
    Audience, ControlKind, Departure, Event, HostAbsence, MemberId, Room, SeatId, ServerTime,
};
use serde::{Deserialize, Serialize};

/// Where in its life a room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Life {
    /// Nobody has been in it yet.
    Created,
    /// On.
    Live,
    /// The host is away; it expires unless they come back.
    Grace {
        /// When it expires.
        until: ServerTime,
    },
    /// Over: the host did not come back, or nobody was there for too long. Final.
    Expired {
        /// When.
        at: ServerTime,
    },
    /// Over: ended by the host, by the server, or by the host's leaving. Final.
    Ended {
        /// When.
        at: ServerTime,
    },
}

impl Life {
    /// Whether the room is over, for good.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Expired { .. } | Self::Ended { .. })
    }
}

/// What a tick has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// A lost seat was held long enough.
    Seat(SeatId),
    /// The barrier waited long enough.
    Barrier,
    /// Nothing more of the medium has arrived.
    Bound,
    /// The medium is at its end.
    End,
    /// The medium has nothing but credits left, and what follows is known.
    Sequel,
    /// The host stayed away.
    Grace,
    /// The scheduled time has come.
    Schedule,
    /// Nobody was there for too long.
    Idle,
}

impl Room {
    /// When [`Command::Tick`](crate::Command::Tick) next does something; `None` while nothing is due to come.
    pub fn deadline(&self) -> Option<ServerTime> {
        self.next_due().map(|(at, _)| at)
    }

    fn next_due(&self) -> Option<(ServerTime, Due)> {
        if self.life.is_terminal() {
            return None;
        }
        let seat = self
            .people
            .next_dropped(self.policy.seat_hold)
            .map(|(at, seat)| (at, Due::Seat(seat)));
        let barrier = self
            .barrier
            .as_ref()
            .map(|barrier| (barrier.deadline, Due::Barrier));
        let end = self
            .timeline
            .item
            .and(self.timeline.ends_at())
            .map(|at| (at, Due::End));
        let sequel = self.sequel_due().map(|at| (at, Due::Sequel));
        let bound = self.timeline.runs_dry_at().map(|at| (at, Due::Bound));
        let grace = match self.life {
            Life::Grace { until } => Some((until, Due::Grace)),
            _ => None,
        };
        let idle = self
            .idle_since
            .map(|since| since.max(self.schedule.unwrap_or(since)) + self.policy.idle_expiry)
            .map(|at| (at, Due::Idle));
        let schedule = self.schedule.map(|at| (at, Due::Schedule));
        [seat, barrier, end, sequel, bound, grace, schedule, idle]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }

    /// Does all that is due. Each step uses up what made it due, so that the loop ends.
    pub(crate) fn tick(&mut self, step: &mut Step) {
        while let Some((at, due)) = self.next_due()
            && at <= step.now
        {
            match due {
                Due::Seat(seat) => match self.people.of_seat(seat).map(|member| member.id) {
                    Some(id) => self.drop_seat(step, id, seat, Departure::TimedOut),
                    None => return,
                },
                Due::Barrier => self.close_barrier(step),
                Due::Bound => self.hold(step),
                Due::End | Due::Sequel => self.end_of_medium(step),
                Due::Schedule => self.begin_as_scheduled(step),
                Due::Grace | Due::Idle => self.over(step, Life::Expired { at: step.now }),
            }
        }
    }

    pub(crate) fn end(&mut self, step: &mut Step) {
        self.over(step, Life::Ended { at: step.now });
    }

    /// What follows at once from who is there and what the policy says.
    pub(crate) fn settle(&mut self, step: &mut Step) {
        if self.life.is_terminal() {
            return;
        }
        match (self.people.connected(), self.idle_since) {
            (0, None) => self.idle_since = Some(step.now),
            (1.., Some(_)) => self.idle_since = None,
            _ => {}
        }
        self.settle_host(step);
        if !self.life.is_terminal() {
            self.settle_barrier(step);
            self.stop_for_nobody(step);
        }
    }

    /// Once nobody holds a seat any more, the timeline goes back to where the last of them lost sight of it.
    fn stop_for_nobody(&mut self, step: &mut Step) {
        if self.people.seated() == 0 && self.runs() {
            self.stop_where_left(step);
        }
    }

    /// With nobody connected, stands where the last who was lost sight of it: whoever comes back goes on from
    /// there, instead of finding the end, or the next film. Says whether it did.
    pub(crate) fn stop_where_left(&mut self, step: &mut Step) -> bool {
        let Some(since) = self.idle_since else {
            return false;
        };
        self.undo = None;
        let here = self.timeline.position_at(since);
        self.move_to(step, None, ControlKind::Pause, here, step.now, false);
        true
    }

    /// The host is absent once no seat of theirs is left: lost and the hold over, or left on purpose.
    fn settle_host(&mut self, step: &mut Step) {
        let absent = self.people.host().is_some_and(|host| host.seats.is_empty());
        let grace = matches!(self.life, Life::Grace { .. });
        match self.policy.host_absence {
            _ if !absent || self.schedule.is_some() => self.end_grace(step),
            HostAbsence::Stay => self.end_grace(step),
            HostAbsence::Close => {
                step.by = None;
                self.end(step);
            }
            HostAbsence::Grace { .. } if grace => {}
            HostAbsence::Grace { span } => {
                self.life = Life::Grace {
                    until: step.now + span,
                };
                step.emit(Audience::All, Event::Life);
            }
            HostAbsence::HandOver => {
                if let Some(heir) = self.heir() {
                    self.crown(step, heir);
                    self.announce(step, heir);
                    step.heir = Some(heir);
                }
                self.end_grace(step);
            }
        }
    }

    fn end_grace(&mut self, step: &mut Step) {
        if matches!(self.life, Life::Grace { .. }) {
            self.life = Life::Live;
            step.emit(Audience::All, Event::Life);
        }
    }

    /// The longest present co-host, else the longest present member; nobody where nobody is there, and the
    /// role then goes to the first who comes.
    fn heir(&self) -> Option<MemberId> {
        let present = self
            .people
            .members()
            .filter(|member| member.admitted() && member.present());
        present
            .min_by_key(|member| (member.role != Role::CoHost, member.joined_at, member.id))
            .map(|member| member.id)
    }

    /// The end, whichever: the timeline is frozen where it is, every seat is revoked.
    fn over(&mut self, step: &mut Step, life: Life) {
        self.life = life;
        step.emit(Audience::All, Event::Life);
        let kind = match life {
            Life::Expired { .. } => ActKind::Expire,
            _ => ActKind::End,
        };
        self.record(step, kind, None, None);
        self.schedule = None;
        if self.runs() {
            self.timeline.position = self.timeline.position_at(step.now);
            self.timeline.at = step.now;
            self.timeline.playing = false;
            self.timeline.held = false;
            self.timeline.revision = step.revision;
            self.timeline.by = None;
            step.emit(
                Audience::All,
                Event::Timeline {
                    cause: ControlKind::Pause,
                    by: None,
                },
            );
        }
        if self.barrier.take().is_some() {
            step.emit(Audience::All, Event::Barrier);
        }
        self.undo = None;
        self.idle_since = None;
        self.invites.revoke_all();
        self.pool = Default::default();
        for (member, seat) in self.people.dissolve() {
            step.emit(
                Audience::Member(member),
                Event::SeatRevoked {
                    seat,
                    reason: Departure::RoomOver,
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{NODE, PLAY, Party, load, say};
    use crate::{Command, Grant, Policy, PolicyPatch, Refusal, Span};

    fn with(host_absence: HostAbsence) -> Policy {
        Policy {
            host_absence,
            ..Policy::default()
        }
    }

    const GRACE: HostAbsence = HostAbsence::Grace {
        span: Span::seconds(300),
    };

    #[test]
    fn a_room_goes_on_without_its_host_and_keeps_the_role_for_them() {
        let (mut party, host, ann, _) = Party::of_three(with(HostAbsence::Stay));
        party.lose(host);
        party.pass(Span::seconds(600));
        assert!(party.live());
        let away = party.room.host().expect("still the host");
        assert!(!away.present() && away.seats.is_empty());
        party.ok(ann, say("where is she?"));
        let back = party
            .arrive("Hanna", Grant::None, false)
            .expect("may come back");
        assert_eq!(party.member(back).role, Role::Host);
        assert_eq!(party.room.members().count(), 3);
    }

    #[test]
    fn a_room_closes_with_its_host_where_it_says_so_but_not_within_the_hold() {
        let (mut party, host, ann, _) = Party::of_three(with(HostAbsence::Close));
        party.lose(host);
        party.pass(Span::seconds(89));
        assert!(party.live());
        party.pass(Span::seconds(1));
        assert_eq!(party.room.life(), Life::Ended { at: party.now });
        assert_eq!(party.act(ann, say("hello?")), Err(Refusal::RoomOver));
    }

    #[test]
    fn a_host_back_within_grace_changes_nothing_for_the_others() {
        let (mut party, host, ..) = Party::of_three(with(GRACE));
        party.ok(host, load("a"));
        party.ok(host, PLAY);
        let timeline = *party.room.timeline();
        party.lose(host);
        party.pass(Span::seconds(90));
        assert_eq!(
            party.room.life(),
            Life::Grace {
                until: party.now + Span::seconds(300)
            }
        );
        party.pass(Span::seconds(5));
        party
            .arrive("Hanna", Grant::None, false)
            .expect("may come back");
        assert!(party.live());
        assert_eq!(*party.room.timeline(), timeline);
        party.pass(Span::seconds(3600));
        assert!(party.live());
    }

    #[test]
    fn a_room_expires_after_grace_for_good() {
        let (mut party, host, ann, _) = Party::of_three(with(GRACE));
        party.ok(host, load("a"));
        party.ok(host, PLAY);
        party.ok(host, Command::Leave);
        assert!(matches!(party.room.life(), Life::Grace { .. }));
        party.pass(Span::seconds(299));
        assert!(!party.room.life().is_terminal());
        let events = party.pass(Span::seconds(1));
        assert_eq!(party.room.life(), Life::Expired { at: party.now });
        assert!(events.contains(&Event::SeatRevoked {
            seat: ann,
            reason: Departure::RoomOver
        }));
        assert_eq!((party.room.members().count(), party.playing()), (0, false));
        assert_eq!(
            party.arrive("Hanna", Grant::Host, false),
            Err(Refusal::RoomOver)
        );
        assert_eq!(
            (
                party.server(Command::Tick).map(|o| o.events),
                party.room.deadline()
            ),
            (Ok(vec![]), None)
        );
        for command in [
            Command::Disconnect { node: NODE },
            Command::NodeLost { node: NODE },
        ] {
            assert!(party.server(command).is_ok());
        }
        assert_eq!(party.server(Command::End), Err(Refusal::RoomOver));
    }

    #[test]
    fn the_longest_present_co_host_inherits_else_the_longest_present_member() {
        let (mut party, host, ann, ben) = Party::of_three(with(HostAbsence::HandOver));
        let member = party.id(ben);
        party.ok(
            host,
            Command::SetCoHost {
                member,
                co_host: true,
            },
        );
        party.ok(host, Command::Leave);
        assert_eq!(party.member(ben).role, Role::Host);
        party.ok(ben, Command::Leave);
        assert_eq!(party.member(ann).role, Role::Host);
        // The first host is a co-host when she comes back.
        let back = party
            .arrive("Hanna", Grant::Host, false)
            .expect("may come back");
        assert_eq!(party.member(back).role, Role::CoHost);
    }

    #[test]
    fn the_last_who_leaves_takes_the_role_along_until_somebody_comes() {
        let (mut party, host, ann, ben) = Party::of_three(with(HostAbsence::HandOver));
        for seat in [ann, ben, host] {
            party.ok(seat, Command::Leave);
        }
        assert!(party.room.host().is_some());
        let first = party.arrive("Cem", Grant::None, false).expect("may enter");
        assert_eq!(party.member(first).role, Role::Host);
        assert_eq!(party.room.members().count(), 1);
    }

    #[test]
    fn grace_follows_the_policy_while_it_runs() {
        let (mut party, host, ..) = Party::of_three(with(GRACE));
        party.ok(host, Command::Leave);
        let patch = PolicyPatch {
            host_absence: Some(HostAbsence::Stay),
            ..Default::default()
        };
        party
            .server(Command::SetPolicy { patch })
            .expect("the server may");
        assert!(party.live());
    }

    #[test]
    fn an_empty_room_expires_and_one_with_somebody_in_it_never_does() {
        let policy = Policy {
            idle_expiry: Span::seconds(600),
            ..Policy::default()
        };
        let (mut party, host, ann, ben) = Party::of_three(policy);
        party.pass(Span::seconds(10_000));
        for seat in [host, ann, ben] {
            party.lose(seat);
        }
        party.pass(Span::seconds(599));
        assert!(party.live());
        party.pass(Span::seconds(1));
        assert_eq!(party.room.life(), Life::Expired { at: party.now });

        let mut nobody = Party::new(policy);
        nobody.pass(Span::seconds(600));
        assert!(nobody.room.life().is_terminal());
    }

    #[test]
    fn a_room_that_all_have_left_waits_where_they_left_it() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        party.ok(host, load("a"));
        party.ok(host, PLAY);
        party.pass(Span(20_120));
        party.ok(ann, Command::Leave);
        party.ok(ben, Command::Leave);
        party.lose(host);
        // Within the hold it runs on: a server that starts anew within seconds is no reason to stop.
        party.pass(Span::seconds(60));
        assert!(party.playing());
        // Its end comes within the hold: nobody saw it.
        party.pass(Span::seconds(3600));
        assert_eq!((party.position(), party.playing()), (20.0, false));
        party
            .arrive("Hanna", Grant::None, false)
            .expect("may come back");
        assert_eq!((party.position(), party.playing()), (20.0, false));
    }

    #[test]
    fn time_never_goes_back() {
        let (mut party, host, ..) = Party::of_three(Policy::default());
        party.ok(host, load("a"));
        party.ok(host, PLAY);
        party.pass(Span::seconds(10));
        party.ok(host, say("now"));
        let latest = party.now;
        party.now = ServerTime(0);
        party.ok(host, crate::party::PAUSE);
        assert_eq!(party.room.timeline().at, latest);
    }

    #[test]
    fn a_tick_with_nothing_due_is_nothing() {
        let (mut party, ..) = Party::of_three(Policy::default());
        let before = party.room.clone();
        assert!(
            party
                .server(Command::Tick)
                .expect("harmless")
                .events
                .is_empty()
        );
        assert_eq!(party.room, before);
    }
}
