//! What some may do to others: let in, send away, mute, kick, ban, appoint, hand over.
//!
//! Who has the right stands in `rights`; here stands on whom it can be used: never on
//! oneself, never on the host, and on a co-host only by the host.
use crate::member::{Member, Role, Standing};
use crate::people::MAX_BANNED;
use crate::rights::Caller;
use crate::room::Step;
use crate::{Audience, Departure, Event, MemberId, Refusal, Room};

impl Room {
    /// A member on whom this caller may act.
    fn target(&self, caller: Caller, id: MemberId) -> Result<&Member, Refusal> {
        let member = self.people.get(id).ok_or(Refusal::UnknownMember)?;
        if caller.member == Some(id) {
            return Err(Refusal::BadTarget("You can't do that to yourself."));
        }
        match (member.role, caller.role) {
            (Role::Host, _) => Err(Refusal::BadTarget("Nobody can do that to the host.")),
            (Role::CoHost, Some(Role::CoHost | Role::Viewer)) => Err(Refusal::BadTarget(
                "Only the host can do that to a co-host.",
            )),
            _ => Ok(member),
        }
    }

    pub(crate) fn admit(&mut self, step: &mut Step, id: MemberId) -> Result<(), Refusal> {
        let member = self.people.get(id).ok_or(Refusal::UnknownMember)?;
        if member.admitted() {
            // Two moderators clicked: the second has what they wanted.
            return Ok(());
        }
        if self.people.seated() >= self.policy.capacity {
            return Err(Refusal::Full {
                capacity: self.policy.capacity,
            });
        }
        let now = step.now;
        self.people.update(id, |member| {
            member.standing = Standing::Admitted;
            member.kicked = false;
            member.joined_at = now;
        });
        self.announce(step, id);
        self.come_alive(step);
        self.settle(step);
        Ok(())
    }

    pub(crate) fn deny(&mut self, step: &mut Step, id: MemberId) -> Result<(), Refusal> {
        let member = self.people.get(id).ok_or(Refusal::UnknownMember)?;
        if member.admitted() {
            return Err(Refusal::BadTarget(
                "They have been let in already; remove them instead.",
            ));
        }
        self.depart(step, id, Departure::Denied);
        self.settle(step);
        Ok(())
    }

    pub(crate) fn mute(
        &mut self,
        step: &mut Step,
        caller: Caller,
        id: MemberId,
        muted: bool,
    ) -> Result<(), Refusal> {
        if self.target(caller, id)?.muted != muted {
            self.people.update(id, |member| member.muted = muted);
            self.announce(step, id);
        }
        Ok(())
    }

    pub(crate) fn kick(
        &mut self,
        step: &mut Step,
        caller: Caller,
        id: MemberId,
    ) -> Result<(), Refusal> {
        self.target(caller, id)?;
        self.depart(step, id, Departure::Kicked);
        step.emit(Audience::All, Event::InviteRotated);
        self.settle(step);
        Ok(())
    }

    pub(crate) fn ban(
        &mut self,
        step: &mut Step,
        caller: Caller,
        id: MemberId,
    ) -> Result<(), Refusal> {
        if self.people.banned_member(id).is_some() {
            return Ok(());
        }
        let gone = self.people.remembered_as(id);
        if let Some(former) = &gone
            && former.role == Role::CoHost
            && caller.role.is_some_and(|role| role != Role::Host)
        {
            return Err(Refusal::BadTarget(
                "Only the host can do that to a co-host.",
            ));
        }
        if gone.is_none() {
            self.target(caller, id)?;
        }
        if self.people.banned_count() >= MAX_BANNED {
            return Err(Refusal::LimitReached {
                what: "The list of banned people",
                max: MAX_BANNED as u32,
            });
        }
        if gone.is_some() {
            self.people.ban_remembered(id);
        } else {
            self.depart(step, id, Departure::Banned);
            step.emit(Audience::All, Event::InviteRotated);
        }
        step.emit(Audience::Moderators, Event::Bans);
        self.settle(step);
        Ok(())
    }

    pub(crate) fn unban(&mut self, step: &mut Step, id: MemberId) -> Result<(), Refusal> {
        if !self.people.unban(id) {
            return Err(Refusal::UnknownMember);
        }
        step.emit(Audience::Moderators, Event::Bans);
        Ok(())
    }

    pub(crate) fn set_co_host(
        &mut self,
        step: &mut Step,
        id: MemberId,
        co_host: bool,
    ) -> Result<(), Refusal> {
        let member = self
            .people
            .get(id)
            .filter(|member| member.admitted())
            .ok_or(Refusal::UnknownMember)?;
        let role = match (member.role, co_host) {
            (Role::Host, _) => {
                return Err(Refusal::BadTarget(
                    "The host can't be a co-host; hand the room over instead.",
                ));
            }
            (_, true) => Role::CoHost,
            (_, false) => Role::Viewer,
        };
        if role != member.role {
            self.people.update(id, |member| member.role = role);
            self.announce(step, id);
        }
        Ok(())
    }

    pub(crate) fn hand_over(&mut self, step: &mut Step, id: MemberId) -> Result<(), Refusal> {
        let member = self
            .people
            .get(id)
            .filter(|member| member.admitted())
            .ok_or(Refusal::UnknownMember)?;
        if member.role == Role::Host {
            return Err(Refusal::BadTarget("They are the host already."));
        }
        self.crown(step, id);
        self.announce(step, id);
        self.settle(step);
        Ok(())
    }

    /// Makes somebody the host; the old host becomes a co-host, and is only remembered where no seat is left.
    /// The caller announces the new one.
    pub(crate) fn crown(&mut self, step: &mut Step, id: MemberId) {
        if let Some(old) = self
            .people
            .host()
            .map(|host| host.id)
            .filter(|old| *old != id)
        {
            self.people.update(old, |member| member.role = Role::CoHost);
            if self
                .people
                .get(old)
                .is_some_and(|member| member.seats.is_empty())
            {
                self.depart(step, old, Departure::TimedOut);
            } else {
                self.announce(step, old);
            }
        }
        self.people.update(id, |member| member.role = Role::Host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{Party, say};
    use crate::{Command, Controls, Grant, Policy, PolicyPatch, SeatId, Who};

    #[test]
    fn a_kick_revokes_the_seat_and_rotates_the_invite() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let member = party.id(ann);
        let events = party.ok(host, Command::Kick { member });
        let reason = Departure::Kicked;
        assert_eq!(
            events,
            [
                Event::SeatRevoked { seat: ann, reason },
                Event::Gone { member, reason },
                Event::InviteRotated
            ]
        );
        assert_eq!(party.back(ann), Err(Refusal::UnknownSeat));
    }

    #[test]
    fn the_kicked_knock_even_at_an_open_door_and_a_second_try_is_no_way_around_it() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let member = party.id(ann);
        party.ok(host, Command::Kick { member });
        for seat in [60, 61] {
            party
                .sit(SeatId(seat), "ann", "Ann", Grant::None, false)
                .expect("may knock");
            assert_eq!(party.member(SeatId(seat)).standing, Standing::Pending);
        }
        party.ok(SeatId(60), Command::Leave);
        party.ok(SeatId(61), Command::Leave);
        party
            .sit(SeatId(62), "ann", "Ann", Grant::None, false)
            .expect("may knock");
        assert_eq!(party.member(SeatId(62)).standing, Standing::Pending);
        party
            .sit(SeatId(63), "ann", "Ann", Grant::Invite, false)
            .expect("a fresh invite");
        assert_eq!(party.member(SeatId(63)).standing, Standing::Admitted);
    }

    #[test]
    fn a_ban_holds_until_it_is_lifted() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        let member = party.id(ann);
        party.ok(host, Command::Ban { member });
        for grant in [Grant::None, Grant::Invite, Grant::Host] {
            assert_eq!(
                party.sit(SeatId(60), "ann", "Other", grant, false),
                Err(Refusal::Banned)
            );
        }
        assert_eq!(
            party
                .room
                .banned()
                .map(|banned| banned.id)
                .collect::<Vec<_>>(),
            [member]
        );
        assert_eq!(
            party
                .act(ben, Command::Unban { member })
                .expect_err("refused")
                .code(),
            "not_allowed"
        );
        party.ok(host, Command::Unban { member });
        party
            .sit(SeatId(60), "ann", "Ann", Grant::None, false)
            .expect("may come again");
    }

    #[test]
    fn whoever_ran_away_can_still_be_banned() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let member = party.id(ann);
        party.ok(ann, Command::Leave);
        party.ok(host, Command::Ban { member });
        assert_eq!(
            party.sit(SeatId(60), "ann", "Ann", Grant::None, false),
            Err(Refusal::Banned)
        );
    }

    #[test]
    fn nobody_acts_on_the_host_on_themselves_or_on_their_equals() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        let (host_id, ann_id, ben_id) = (party.id(host), party.id(ann), party.id(ben));
        for member in [ann_id, ben_id] {
            party.ok(
                host,
                Command::SetCoHost {
                    member,
                    co_host: true,
                },
            );
        }
        for (seat, member) in [
            (ann, host_id),
            (ann, ann_id),
            (ann, ben_id),
            (host, host_id),
        ] {
            for command in [
                Command::Kick { member },
                Command::Ban { member },
                Command::Mute {
                    member,
                    muted: true,
                },
            ] {
                assert_eq!(
                    party.act(seat, command).expect_err("refused").code(),
                    "bad_target"
                );
            }
        }
        assert_eq!(
            party
                .server(Command::Kick { member: host_id })
                .expect_err("refused")
                .code(),
            "bad_target"
        );
        party.ok(host, Command::Kick { member: ann_id });
    }

    #[test]
    fn everyone_may_moderate_where_the_policy_says_so_but_not_upwards() {
        let controls = Controls {
            people: Who::Everyone,
            ..Policy::default().controls
        };
        let (mut party, host, ann, ben) = Party::of_three(Policy {
            controls,
            ..Policy::default()
        });
        let (ann_id, ben_id) = (party.id(ann), party.id(ben));
        party.ok(
            host,
            Command::SetCoHost {
                member: ann_id,
                co_host: true,
            },
        );
        assert_eq!(
            party
                .act(ben, Command::Kick { member: ann_id })
                .expect_err("refused")
                .code(),
            "bad_target"
        );
        party.ok(ann, Command::Kick { member: ben_id });
    }

    #[test]
    fn the_muted_are_not_heard_and_their_mute_survives_leaving() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let member = party.id(ann);
        party.ok(
            host,
            Command::Mute {
                member,
                muted: true,
            },
        );
        let speak = [
            say("hi"),
            Command::React {
                emoji: "😀".to_owned(),
            },
            Command::Ask { play: false },
        ];
        for command in speak.clone() {
            assert_eq!(party.act(ann, command), Err(Refusal::Muted));
        }
        party.ok(ann, Command::Leave);
        party
            .sit(SeatId(60), "ann", "Ann", Grant::Invite, false)
            .expect("may enter");
        assert_eq!(party.act(SeatId(60), say("hi")), Err(Refusal::Muted));
    }

    #[test]
    fn a_hand_over_leaves_exactly_one_host() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        let (member, ben_id) = (party.id(ann), party.id(ben));
        party.ok(host, Command::HandOver { member });
        assert_eq!(
            (party.member(ann).role, party.member(host).role),
            (Role::Host, Role::CoHost)
        );
        assert_eq!(
            party
                .act(host, Command::HandOver { member: ben_id })
                .expect_err("refused")
                .code(),
            "not_allowed"
        );
        let patch = PolicyPatch {
            capacity: Some(5),
            ..Default::default()
        };
        assert_eq!(
            party
                .act(host, Command::SetPolicy { patch })
                .expect_err("refused")
                .code(),
            "not_allowed"
        );
        party.ok(ann, Command::SetPolicy { patch });
    }

    #[test]
    fn whoever_is_denied_is_gone_without_a_trace() {
        let mut party = Party::new(Policy {
            entry: crate::EntryPolicy::Approval,
            ..Policy::default()
        });
        let host = party.arrive("Hanna", Grant::Host, false).expect("the host");
        let ann = party.arrive("Ann", Grant::None, false).expect("may knock");
        let member = party.id(ann);
        let outcome = party.act(host, Command::Deny { member }).expect("allowed");
        assert!(
            outcome
                .events
                .iter()
                .all(|(audience, _)| *audience != Audience::All),
            "{outcome:?}"
        );
        assert_eq!(
            party.act(host, Command::Admit { member }),
            Err(Refusal::UnknownMember)
        );
    }
}
