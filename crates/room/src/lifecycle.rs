//! A room's life, driven by the server's time alone: created, live, grace, and two ends.
//!
//! `settle` draws what follows at once from the people there are (is the host away, is
//! anybody there, is the barrier met); `tick` does what is due. [`Room::deadline`] names the
//! next instant at which a tick would do something; it reads the heads of ordered lists, so
//! it costs the same with ten members and ten thousand. The ends are final.
use crate::people::Role;
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
    /// The medium is at its end.
    End,
    /// The host stayed away.
    Grace,
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
            .longest_away()
            .map(|(since, seat)| (since + self.policy.seat_hold, Due::Seat(seat)));
        let barrier = self
            .barrier
            .as_ref()
            .map(|barrier| (barrier.deadline, Due::Barrier));
        let end = self
            .timeline
            .item
            .and(self.timeline.ends_at())
            .map(|at| (at, Due::End));
        let grace = match self.life {
            Life::Grace { until } => Some((until, Due::Grace)),
            _ => None,
        };
        let idle = self
            .idle_since
            .map(|since| (since + self.policy.idle_expiry, Due::Idle));
        [seat, barrier, end, grace, idle]
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
                Due::End => self.end_of_medium(step),
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
        }
    }

    /// The host is absent once no seat of theirs is left: lost and the hold over, or left on purpose.
    fn settle_host(&mut self, step: &mut Step) {
        let absent = self.people.host().is_some_and(|host| host.seats.is_empty());
        let grace = matches!(self.life, Life::Grace { .. });
        match self.policy.host_absence {
            _ if !absent => self.end_grace(step),
            HostAbsence::Stay => self.end_grace(step),
            HostAbsence::Close => self.end(step),
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
        if self.timeline.playing {
            self.timeline.position = self.timeline.position_at(step.now);
            self.timeline.at = step.now;
            self.timeline.playing = false;
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
