//! What some may do to others: let in, send away, mute, kick, ban, appoint, hand over.
//!
//! Who has the right stands in `rights`; here stands on whom it can be used: never on
//! oneself, never on the host, and on a co-host only by the host. Each is recorded in the audit log.
use crate::audit::ActKind;
use crate::member::{Member, Role, Standing};
use crate::people::MAX_BANNED;
use crate::rights::Caller;
use crate::room::Step;
use crate::{Audience, Departure, Event, MemberId, Refusal, Room, Span};

/// How long somebody who was sent away at the door is not heard again: long enough that nobody knocks down a
/// host's patience, short enough that a mistake mends itself.
const DENIED_FOR: Span = Span::seconds(600);

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
        let Some(member) = self.people.get(id) else {
            return self.forgive(step, id);
        };
        if member.admitted() {
            // Two moderators clicked: the second has what they wanted.
            return Ok(());
        }
        if self.people.seated() >= self.policy.capacity {
            return Err(Refusal::Full {
                capacity: self.policy.capacity,
            });
        }
        if member.seats.is_empty() {
            self.admit_absent(step, id);
            return Ok(());
        }
        let now = step.now;
        self.people.update(id, |member| {
            member.standing = Standing::Admitted;
            member.kicked = false;
            member.joined_at = now;
        });
        self.announce(step, id);
        self.record(step, ActKind::Admit, Some(id), None);
        self.come_alive(step);
        self.settle(step);
        Ok(())
    }

    /// Somebody who was denied lately is let in after all: they come in when they try again.
    fn forgive(&mut self, step: &mut Step, id: MemberId) -> Result<(), Refusal> {
        let denied = self.people.remembered_as(id).and_then(|m| m.denied_until);
        if denied.is_none_or(|until| until <= step.now) {
            return Err(Refusal::UnknownMember);
        }
        self.people.update_remembered(id, |member| {
            member.denied_until = None;
            member.kicked = false;
            member.standing = Standing::Admitted;
        });
        step.quietly();
        self.record(step, ActKind::Admit, Some(id), None);
        Ok(())
    }

    pub(crate) fn deny(&mut self, step: &mut Step, id: MemberId) -> Result<(), Refusal> {
        let member = self.people.get(id).ok_or(Refusal::UnknownMember)?;
        if member.admitted() {
            return Err(Refusal::BadTarget(
                "They have been let in already; remove them instead.",
            ));
        }
        let until = step.now + DENIED_FOR;
        self.people
            .update(id, |member| member.denied_until = Some(until));
        self.depart(step, id, Departure::Denied);
        self.record(step, ActKind::Deny, Some(id), None);
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
        if self.people.get(id).is_none()
            && let Some(former) = self.people.remembered_as(id)
        {
            // They are heard no more when they come back.
            let (role, was) = (former.role, former.muted);
            if role == Role::CoHost && caller.role.is_some_and(|role| role != Role::Host) {
                return Err(Refusal::BadTarget(
                    "Only the host can do that to a co-host.",
                ));
            }
            if was != muted {
                self.people
                    .update_remembered(id, |member| member.muted = muted);
                step.quietly();
                self.record_mute(step, id, muted);
            }
            return Ok(());
        }
        if self.target(caller, id)?.muted != muted {
            self.people.update(id, |member| member.muted = muted);
            self.announce(step, id);
            self.record_mute(step, id, muted);
        }
        Ok(())
    }

    fn record_mute(&mut self, step: &mut Step, id: MemberId, muted: bool) {
        let kind = if muted {
            ActKind::Mute
        } else {
            ActKind::Unmute
        };
        self.record(step, kind, Some(id), None);
    }

    pub(crate) fn kick(
        &mut self,
        step: &mut Step,
        caller: Caller,
        id: MemberId,
    ) -> Result<(), Refusal> {
        self.target(caller, id)?;
        self.depart(step, id, Departure::Kicked);
        self.rotate_invites(step);
        self.record(step, ActKind::Kick, Some(id), None);
        self.settle(step);
        Ok(())
    }

    pub(crate) fn ban(
        &mut self,
        step: &mut Step,
        caller: Caller,
        id: MemberId,
        address: bool,
    ) -> Result<(), Refusal> {
        let detail = |added: bool| added.then(|| "address".to_owned());
        if self.people.banned_member(id).is_some() {
            if address && self.people.ban_address(id) {
                step.emit(Audience::Moderators, Event::Bans);
                self.record(step, ActKind::Ban, Some(id), detail(true));
            }
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
        }
        self.rotate_invites(step);
        let added = address && self.people.ban_address(id);
        step.emit(Audience::Moderators, Event::Bans);
        self.record(step, ActKind::Ban, Some(id), detail(added));
        self.settle(step);
        Ok(())
    }

    pub(crate) fn unban(&mut self, step: &mut Step, id: MemberId) -> Result<(), Refusal> {
        if self.people.banned_member(id).is_none() {
            return Err(Refusal::UnknownMember);
        }
        // Before it, while there is still a name to it.
        self.record(step, ActKind::Unban, Some(id), None);
        self.people.unban(id);
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
            let kind = if co_host {
                ActKind::CoHost
            } else {
                ActKind::CoHostEnd
            };
            self.record(step, kind, Some(id), None);
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
        self.record(step, ActKind::HandOver, Some(id), None);
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
mod tests;
