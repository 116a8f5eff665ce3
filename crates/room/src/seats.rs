//! Coming and going: joining, losing a connection, resuming it, leaving.
//!
//! A lost seat is held for [`Policy::seat_hold`](crate::Policy::seat_hold); whoever is back within it
//! was never gone. After it the seat is dropped, and with the last seat the member: but they are
//! remembered, so that they come back with their number, role and mute. Only a host stays a member
//! without a seat, because a room that had a host always has exactly one.
//! A place that is taken without a connection is held for [`RESERVATION`](crate::RESERVATION), or as long as a lost one
//! where that is longer; where lost ones are not held it goes with the first connection that came and is lost.
//! What the edge checked (passwords, invites, the host's key) arrives as a [`Grant`].
use crate::audit::ActKind;
use crate::member::{Member, Role, Seat, Standing};
use crate::people::{MAX_PENDING, MAX_SEATS};
use crate::rights::Caller;
use crate::room::Step;
use crate::{
    Audience, Departure, EntryPolicy, Event, Grant, InviteId, Life, MemberId, NodeId, PersonId,
    Refusal, Room, SeatId, ServerTime, Span, text, words,
};

/// Bytes of a person's name across rooms, which the edge made.
const MAX_PERSON: usize = 256;

/// Bytes of an address's digest.
const MAX_ADDRESS: usize = 64;

/// How somebody gets in.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// At once.
    In,
    /// At once, by this invitation, which is one use shorter then.
    By(InviteId),
    /// Not yet: they knock.
    Knock,
}

/// A [`Join`](crate::Command::Join) or [`Reserve`](crate::Command::Reserve) on its way in.
pub(crate) struct Arrival<'a> {
    pub(crate) person: &'a PersonId,
    pub(crate) name: &'a str,
    pub(crate) grant: Grant,
    pub(crate) client: &'a str,
    pub(crate) reports: bool,
    /// The process that holds the connection; `None` where there is none (yet).
    pub(crate) connected: Option<NodeId>,
    pub(crate) address: Option<&'a str>,
}

pub(crate) fn bad_name() -> Refusal {
    Refusal::BadText {
        what: "A name",
        min: 1,
        max: text::MAX_NAME as u32,
    }
}

impl Room {
    pub(crate) fn join(
        &mut self,
        step: &mut Step,
        caller: Caller,
        arrival: Arrival<'_>,
    ) -> Result<(), Refusal> {
        let seat_id = caller.seat.ok_or(Refusal::UnknownSeat)?;
        let person = arrival.person;
        self.may_ask(person, arrival.address)?;
        let here = self.people.of_person(person);
        if caller.member.is_some() && here.map(|m| m.id) != caller.member {
            return Err(Refusal::BadTarget("That seat belongs to somebody else."));
        }
        let known = here.or_else(|| self.people.remembered(person));
        let name = self.entry_name(here, known, arrival.name)?;
        let host = self.people.host();
        let (reigns, crowned) = self.claims(person, arrival.grant);
        let way = self.admits(step.now, known, arrival.grant, arrival.address)?;
        let let_in = way != Way::Knock;
        if let_in {
            self.has_place_for(here, crowned || reigns)?;
        }
        if !let_in && here.is_none() {
            self.may_wait()?;
        }
        let replaced = replaced_seat(here, seat_id)?;

        // Nothing is refused from here on.
        if let Way::By(invite) = way {
            self.invites.spend(invite);
        }
        let old_host = host.map(|host| host.id);
        let address = arrival.address.map(str::to_owned);
        let seat = Seat {
            id: seat_id,
            node: arrival.connected.unwrap_or_default(),
            client: text::line(arrival.client, text::MAX_CLIENT),
            reports: arrival.reports,
            connected: arrival.connected.is_some(),
            away_since: arrival.connected.is_none().then_some(step.now),
            reserved: arrival.connected.is_none(),
        };
        let role = match (known.map(|member| member.role), arrival.grant) {
            (Some(Role::Host), _) => Role::Host,
            (Some(Role::CoHost), _) | (_, Grant::Host) => Role::CoHost,
            _ => Role::Viewer,
        };
        let standing = if let_in {
            Standing::Admitted
        } else {
            Standing::Pending
        };
        let now = step.now;
        let id = if let Some(id) = here.map(|member| member.id) {
            self.people.update(id, |member| {
                if member.standing != standing || member.seats.is_empty() {
                    member.joined_at = now;
                }
                member.standing = standing;
                member.role = role;
                member.left = false;
                member.kicked &= !let_in;
                member.address = address.or(member.address.take());
                member.seats.retain(|old| Some(old.id) != replaced);
                member.seats.push(seat);
            });
            id
        } else {
            let former = known.cloned();
            let id = former
                .as_ref()
                .map_or_else(|| self.people.fresh_id(), |former| former.id);
            let name = self.people.free_name(&name, None);
            let (muted, kicked, speech) = former.map_or_else(Default::default, |former| {
                (former.muted, former.kicked && !let_in, former.speech)
            });
            self.people.insert(Member {
                id,
                person: person.clone(),
                name,
                role,
                standing,
                muted,
                seats: vec![seat],
                ready: false,
                joined_at: now,
                address_banned: false,
                address,
                denied_until: None,
                kicked,
                left: false,
                speech,
            });
            id
        };
        if crowned {
            self.crown(step, id);
            if old_host.is_some_and(|old| old != id) {
                self.record_by(step, Some(id), ActKind::Inherit, Some(id), None);
            }
        }
        self.announce(step, id);
        self.come_alive(step);
        self.seats_changed(step, id);
        Ok(())
    }

    pub(crate) fn reserve(
        &mut self,
        step: &mut Step,
        caller: Caller,
        arrival: Arrival<'_>,
    ) -> Result<(), Refusal> {
        let here = self.people.of_person(arrival.person);
        if here.is_some_and(|member| member.admitted() && !member.seats.is_empty()) {
            return Ok(());
        }
        self.join(step, caller, arrival)
    }

    /// How somebody would fare who came now with this in hand, without their coming: whether at once, or after they
    /// have knocked. For clients that give up where they are for it.
    ///
    /// # Errors
    /// What they would be told.
    pub fn would_admit(
        &self,
        now: ServerTime,
        person: &PersonId,
        grant: Grant,
        address: Option<&str>,
    ) -> Result<bool, Refusal> {
        if self.life.is_terminal() {
            return Err(Refusal::RoomOver);
        }
        self.may_ask(person, address)?;
        let here = self.people.of_person(person);
        let known = here.or_else(|| self.people.remembered(person));
        let at_once = self.admits(now, known, grant, address)? != Way::Knock;
        if at_once {
            let (reigns, crowned) = self.claims(person, grant);
            self.has_place_for(here, crowned || reigns)?;
        } else if here.is_none() {
            self.may_wait()?;
        }
        Ok(at_once)
    }

    /// Whether somebody is the host, and whether they become it by coming.
    fn claims(&self, person: &PersonId, grant: Grant) -> (bool, bool) {
        let host = self.people.host();
        let reigns = host.is_some_and(|host| host.person == *person);
        let vacant = host.is_none_or(|host| !host.present());
        (reigns, grant == Grant::Host && !reigns && vacant)
    }

    /// Whether one more fits in, where they hold no place yet. One place more than the capacity is the host's: an owner
    /// is never locked out.
    fn has_place_for(&self, here: Option<&Member>, hosts: bool) -> Result<(), Refusal> {
        let capacity = self.policy.capacity;
        let seated = here.is_some_and(|member| member.admitted() && !member.seats.is_empty());
        if !seated && self.people.seated() >= capacity.saturating_add(u32::from(hosts)) {
            return Err(Refusal::Full { capacity });
        }
        Ok(())
    }

    /// Whether anybody may ask for an entry in this name.
    pub(crate) fn may_ask(&self, person: &PersonId, address: Option<&str>) -> Result<(), Refusal> {
        if person.0.is_empty() || person.0.len() > MAX_PERSON {
            return Err(Refusal::BadText {
                what: "A person's id",
                min: 1,
                max: MAX_PERSON as u32,
            });
        }
        if address.is_some_and(|a| a.is_empty() || a.len() > MAX_ADDRESS) {
            return Err(Refusal::BadText {
                what: "An address's digest",
                min: 1,
                max: MAX_ADDRESS as u32,
            });
        }
        if self.people.is_banned(person) {
            return Err(Refusal::Banned);
        }
        Ok(())
    }

    /// Whether one more may wait for approval.
    pub(crate) fn may_wait(&self) -> Result<(), Refusal> {
        if self.people.pending() as usize >= MAX_PENDING {
            return Err(Refusal::LimitReached {
                what: "The waiting room",
                max: MAX_PENDING as u32,
            });
        }
        Ok(())
    }

    /// What somebody who comes is called: as before while they are here, else what they typed.
    pub(crate) fn entry_name(
        &self,
        here: Option<&Member>,
        known: Option<&Member>,
        typed: &str,
    ) -> Result<String, Refusal> {
        match (here, text::line(typed, text::MAX_NAME)) {
            (Some(member), _) => Ok(member.name.clone()),
            (None, typed) if words::blocks(&self.words, &typed) => Ok(words::NAMELESS.to_owned()),
            (None, typed) if !typed.is_empty() => Ok(typed),
            (None, _) => known.map(|member| member.name.clone()).ok_or_else(bad_name),
        }
    }

    /// How somebody gets in, or why they are sent away.
    pub(crate) fn admits(
        &self,
        now: ServerTime,
        known: Option<&Member>,
        grant: Grant,
        address: Option<&str>,
    ) -> Result<Way, Refusal> {
        if grant == Grant::Seated {
            let placed = known.is_some_and(|member| member.admitted() && member.has_place());
            return if placed {
                Ok(Way::In)
            } else {
                Err(Refusal::UnknownSeat)
            };
        }
        // Whoever was in before is in again, and uses no invitation up.
        if known.is_some_and(Member::admitted) || grant == Grant::Host {
            return Ok(Way::In);
        }
        let banned = |address: &str| self.people.is_banned_address(address);
        if address.is_some_and(banned) {
            return Err(Refusal::Banned);
        }
        let mut needs = Refusal::InviteNeeded;
        if let Grant::Invite(id) = grant {
            match self.invites.check(id, now) {
                Ok(()) => return Ok(Way::By(id)),
                Err(refusal) => needs = refusal,
            }
        }
        if let Some(until) = known.and_then(|member| member.denied_until)
            && until > now
        {
            return Err(Refusal::Denied {
                retry_ms: (until - now).0,
            });
        }
        // For the kicked the link alone is not enough any more, nor is the password, which they know: they knock.
        let was_kicked = known.is_some_and(|member| member.kicked);
        match (self.policy.entry, grant) {
            (EntryPolicy::Invite, _) | (EntryPolicy::Password, Grant::Invite(_)) => Err(needs),
            (EntryPolicy::Password, Grant::WrongPassword) => Err(Refusal::WrongPassword),
            (EntryPolicy::Password, Grant::None) => Err(Refusal::PasswordNeeded),
            (EntryPolicy::Approval, _) => Ok(Way::Knock),
            (EntryPolicy::Open | EntryPolicy::Password, _) if was_kicked => Ok(Way::Knock),
            (EntryPolicy::Open | EntryPolicy::Password, _) => Ok(Way::In),
        }
    }

    pub(crate) fn resume(
        &mut self,
        step: &mut Step,
        caller: Caller,
        node: NodeId,
    ) -> Result<(), Refusal> {
        let (Some(id), Some(seat_id)) = (caller.member, caller.seat) else {
            return Err(Refusal::UnknownSeat);
        };
        let changed = self.change_seat(id, seat_id, |seat| {
            let same = seat.connected && seat.node == node;
            seat.node = node;
            seat.connected = true;
            seat.away_since = None;
            seat.reserved = false;
            !same
        });
        if changed {
            self.announce(step, id);
            self.seats_changed(step, id);
        }
        Ok(())
    }

    pub(crate) fn disconnect(&mut self, step: &mut Step, caller: Caller, node: NodeId) {
        if let (Some(id), Some(seat)) = (caller.member, caller.seat) {
            self.lose_seat(step, id, seat, node);
        }
    }

    pub(crate) fn node_lost(&mut self, step: &mut Step, node: NodeId) {
        for seat in self.people.seats_on(node) {
            if let Some(id) = self.people.of_seat(seat).map(|member| member.id) {
                self.lose_seat(step, id, seat, node);
            }
        }
    }

    fn lose_seat(&mut self, step: &mut Step, id: MemberId, seat_id: SeatId, node: NodeId) {
        let now = step.now;
        let lost = self.change_seat(id, seat_id, |seat| {
            let lost = seat.connected && seat.node == node;
            if lost {
                seat.connected = false;
                seat.away_since = Some(now);
            }
            lost
        });
        if !lost {
            return;
        }
        if self.policy.seat_hold <= Span(0) {
            // What was held for a connection has done its part with the first that came.
            self.people.update(id, |member| {
                member.seats.retain(|seat| !seat.reserved);
            });
            self.drop_seat(step, id, seat_id, Departure::TimedOut);
        } else {
            self.announce(step, id);
            self.seats_changed(step, id);
        }
    }

    pub(crate) fn leave(&mut self, step: &mut Step, caller: Caller) -> Result<(), Refusal> {
        let (Some(id), Some(seat)) = (caller.member, caller.seat) else {
            return Err(Refusal::UnknownSeat);
        };
        self.drop_seat(step, id, seat, Departure::Left);
        Ok(())
    }

    pub(crate) fn withdraw(&mut self, step: &mut Step, caller: Caller) -> Result<(), Refusal> {
        let member = caller.member.and_then(|id| self.people.get(id));
        let member = member.ok_or(Refusal::UnknownSeat)?;
        let (id, reigns) = (member.id, member.role == Role::Host);
        for seat in &member.seats {
            let reason = Departure::Left;
            let revoked = Event::SeatRevoked {
                seat: seat.id,
                reason,
            };
            step.emit(Audience::Member(id), revoked);
        }
        if reigns {
            self.people.update(id, |member| {
                member.seats.clear();
                member.left = true;
            });
            self.announce(step, id);
            self.seats_changed(step, id);
        } else {
            self.depart(step, id, Departure::Left);
            self.settle(step);
        }
        Ok(())
    }

    pub(crate) fn rename(
        &mut self,
        step: &mut Step,
        caller: Caller,
        typed: &str,
    ) -> Result<(), Refusal> {
        let member = caller
            .member
            .and_then(|id| self.people.get(id))
            .ok_or(Refusal::UnknownSeat)?;
        if member.muted {
            // A name is read by everybody, so it is one more way to speak.
            return Err(Refusal::Muted);
        }
        let name = text::line(typed, text::MAX_NAME);
        if name.is_empty() {
            return Err(bad_name());
        }
        if words::blocks(&self.words, &name) {
            return Err(Refusal::BlockedWord);
        }
        let id = member.id;
        if name != member.name {
            let name = self.people.free_name(&name, Some(id));
            self.people.update(id, |member| member.name = name);
            self.announce(step, id);
        }
        Ok(())
    }

    /// Takes a seat away; with the last one its member goes, unless they are the host.
    pub(crate) fn drop_seat(
        &mut self,
        step: &mut Step,
        id: MemberId,
        seat_id: SeatId,
        reason: Departure,
    ) {
        self.people.update(id, |member| {
            let all = reason == Departure::Left;
            member
                .seats
                .retain(|seat| seat.id != seat_id && !(all && seat.reserved));
            member.left = member.seats.is_empty() && reason == Departure::Left;
        });
        let stays = self
            .people
            .get(id)
            .is_some_and(|member| member.role == Role::Host || !member.seats.is_empty());
        if stays {
            self.announce(step, id);
            self.seats_changed(step, id);
        } else {
            self.depart(step, id, reason);
            self.settle(step);
        }
    }

    /// Takes a member out with all seats. The caller settles what follows from it.
    pub(crate) fn depart(&mut self, step: &mut Step, id: MemberId, reason: Departure) {
        let Some(mut member) = self.people.remove(id) else {
            return;
        };
        self.forget_in_barrier(step, id);
        self.withdraw_offer(step, id);
        let revoked = !matches!(reason, Departure::Left | Departure::TimedOut);
        for seat in member.seats.iter().filter(|_| revoked) {
            step.emit(
                Audience::Member(id),
                Event::SeatRevoked {
                    seat: seat.id,
                    reason,
                },
            );
        }
        step.emit(audience_of(&member), Event::Gone { member: id, reason });
        let was_in = member.admitted();
        match reason {
            Departure::Banned => return self.people.ban(member),
            Departure::Kicked if self.policy.kicked_return => member.role = Role::Viewer,
            Departure::Kicked => {
                member.standing = Standing::Pending;
                member.role = Role::Viewer;
                member.kicked = true;
            }
            _ => {}
        }
        // Somebody who only knocked leaves no trace, except what was decided on them.
        if was_in || member.muted || member.kicked || member.denied_until.is_some() {
            self.people.remember(member);
        }
    }

    /// Tells those who may see somebody that they are new or changed.
    pub(crate) fn announce(&self, step: &mut Step, id: MemberId) {
        if let Some(member) = self.people.get(id) {
            step.emit(audience_of(member), Event::Member { member: id });
        }
    }

    /// The first admitted member makes a room live.
    pub(crate) fn come_alive(&mut self, step: &mut Step) {
        if self.life == Life::Created && self.people.seated() > 0 {
            self.life = Life::Live;
            self.stats.started_at = Some(step.now);
            step.emit(Audience::All, Event::Life);
        }
    }

    /// What follows from seats having come, gone or been lost.
    fn seats_changed(&mut self, step: &mut Step, id: MemberId) {
        if self
            .people
            .get(id)
            .is_some_and(|member| !member.counts_for_barrier())
        {
            self.forget_in_barrier(step, id);
        }
        self.settle(step);
    }

    fn change_seat(
        &mut self,
        id: MemberId,
        seat_id: SeatId,
        change: impl FnOnce(&mut Seat) -> bool,
    ) -> bool {
        let changed = self.people.update(id, |member| {
            let seat = member.seats.iter_mut().find(|seat| seat.id == seat_id);
            seat.is_some_and(change)
        });
        changed.unwrap_or(false)
    }
}

/// The seat that makes room for a new one: itself, or the one lost for the longest where a member has too many.
fn replaced_seat(here: Option<&Member>, new: SeatId) -> Result<Option<SeatId>, Refusal> {
    let Some(member) = here else { return Ok(None) };
    if member.seats.iter().any(|seat| seat.id == new) {
        return Ok(Some(new));
    }
    if member.seats.len() < MAX_SEATS {
        return Ok(None);
    }
    let lost = member
        .seats
        .iter()
        .filter(|seat| !seat.connected)
        .min_by_key(|seat| (seat.away_since, seat.id));
    match lost {
        Some(seat) => Ok(Some(seat.id)),
        None => Err(Refusal::LimitReached {
            what: "Your list of open devices",
            max: MAX_SEATS as u32,
        }),
    }
}

/// Those who knock are seen by those who may let them in, and by nobody else.
pub(crate) fn audience_of(member: &Member) -> Audience {
    if member.admitted() {
        Audience::All
    } else {
        Audience::Moderators
    }
}

#[cfg(test)]
mod tests;
