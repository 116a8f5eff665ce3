//! Coming and going: joining, losing a connection, resuming it, leaving.
//!
//! A lost seat is held for [`Policy::seat_hold`](crate::Policy::seat_hold); whoever is back within it
//! was never gone. After it the seat is dropped, and with the last seat the member: but they are
//! remembered, so that they come back with their number, role and mute. Only a host stays a member
//! without a seat, because a room that had a host always has exactly one.
//! What the edge checked (passwords, invites, the host's key) arrives as a [`Grant`].
use crate::member::{Member, Role, Seat, Standing};
use crate::people::{MAX_PENDING, MAX_SEATS};
use crate::rights::Caller;
use crate::room::Step;
use crate::{
    Audience, Departure, EntryPolicy, Event, Grant, Life, MemberId, NodeId, PersonId, Refusal,
    Room, SeatId, Span, text,
};

/// Bytes of a person's name across rooms, which the edge made.
const MAX_PERSON: usize = 256;

/// A [`Join`](crate::Command::Join) on its way in.
pub(crate) struct Arrival<'a> {
    pub(crate) person: &'a PersonId,
    pub(crate) name: &'a str,
    pub(crate) grant: Grant,
    pub(crate) client: &'a str,
    pub(crate) reports: bool,
    pub(crate) node: NodeId,
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
        if person.0.is_empty() || person.0.len() > MAX_PERSON {
            return Err(Refusal::BadText {
                what: "A person's id",
                min: 1,
                max: MAX_PERSON as u32,
            });
        }
        if self.people.is_banned(person) {
            return Err(Refusal::Banned);
        }
        let here = self.people.of_person(person);
        if caller.member.is_some() && here.map(|m| m.id) != caller.member {
            return Err(Refusal::BadTarget("That seat belongs to somebody else."));
        }
        let known = here.or_else(|| self.people.remembered(person));
        let name = match (here, text::line(arrival.name, text::MAX_NAME)) {
            (Some(member), _) => member.name.clone(),
            (None, typed) if !typed.is_empty() => typed,
            (None, _) => known
                .map(|member| member.name.clone())
                .ok_or_else(bad_name)?,
        };
        let host = self.people.host();
        let reigns = host.is_some_and(|host| host.person == *person);
        let crowned =
            arrival.grant == Grant::Host && !reigns && host.is_none_or(|host| !host.present());
        let let_in = self.admits(known, arrival.grant)?;
        let seated_before =
            here.is_some_and(|member| member.admitted() && !member.seats.is_empty());
        if let_in && !seated_before {
            // One place more than the capacity is the host's: an owner is never locked out.
            let spare = u32::from(crowned || reigns);
            if self.people.seated() >= self.policy.capacity.saturating_add(spare) {
                return Err(Refusal::Full {
                    capacity: self.policy.capacity,
                });
            }
        }
        if !let_in && here.is_none() && self.people.pending() as usize >= MAX_PENDING {
            return Err(Refusal::LimitReached {
                what: "The waiting room",
                max: MAX_PENDING as u32,
            });
        }
        let replaced = replaced_seat(here, seat_id)?;

        // Nothing is refused from here on.
        let seat = Seat {
            id: seat_id,
            node: arrival.node,
            client: text::line(arrival.client, text::MAX_CLIENT),
            reports: arrival.reports,
            connected: true,
            away_since: None,
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
                member.kicked &= !let_in;
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
                kicked,
                speech,
            });
            id
        };
        if crowned {
            self.crown(step, id);
        }
        self.announce(step, id);
        self.come_alive(step);
        self.seats_changed(step, id);
        Ok(())
    }

    /// Whether somebody is let in at once (`true`), may knock (`false`), or is sent away.
    fn admits(&self, known: Option<&Member>, grant: Grant) -> Result<bool, Refusal> {
        // Whoever was in before is in again.
        if known.is_some_and(Member::admitted) || matches!(grant, Grant::Host | Grant::Invite) {
            return Ok(true);
        }
        // For the kicked the link alone is not enough any more, nor is the password, which they know: they knock.
        let was_kicked = known.is_some_and(|member| member.kicked);
        match self.policy.entry {
            EntryPolicy::Invite => Err(Refusal::InviteNeeded),
            EntryPolicy::Password if grant != Grant::Password => Err(Refusal::PasswordNeeded),
            EntryPolicy::Approval => Ok(false),
            EntryPolicy::Open | EntryPolicy::Password => Ok(!was_kicked),
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
        self.people
            .update(id, |member| member.seats.retain(|seat| seat.id != seat_id));
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
            Departure::Kicked => {
                member.standing = Standing::Pending;
                member.role = Role::Viewer;
                member.kicked = true;
            }
            _ => {}
        }
        // Somebody who only knocked leaves no trace, except a mute or a kick from an earlier visit.
        if was_in || member.muted || member.kicked {
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
mod tests {
    use super::*;
    use crate::party::{NODE, Party, say};
    use crate::{Command, Policy};

    #[test]
    fn a_name_is_cleaned_cut_and_made_unique() {
        let mut party = Party::new(Policy::default());
        let long = "x".repeat(10_000);
        for (seat, typed, shown) in [
            (1, " Ann\u{202E}\u{0} ", "Ann"),
            (2, "ann", "ann 2"),
            (3, long.as_str(), &long[..40]),
        ] {
            party
                .sit(SeatId(seat), &format!("p{seat}"), typed, Grant::None, false)
                .expect("may enter");
            assert_eq!(party.member(SeatId(seat)).name, shown);
        }
        let nothing = party.sit(SeatId(9), "p9", "\u{200B}", Grant::None, false);
        assert_eq!(nothing.expect_err("refused").code(), "bad_text");
    }

    #[test]
    fn one_person_in_five_tabs_is_one_member_in_five_seats() {
        let mut party = Party::new(Policy::default());
        for seat in 1..=8 {
            party
                .sit(SeatId(seat), "ann", "Ann", Grant::None, false)
                .expect("may enter");
        }
        assert_eq!(
            (
                party.room.members().count(),
                party.member(SeatId(8)).seats.len()
            ),
            (1, 8)
        );
        let ninth = party.sit(SeatId(9), "ann", "Ann", Grant::None, false);
        assert_eq!(ninth.expect_err("refused").code(), "limit_reached");
        // A reloaded tab gives its lost seat to the new one.
        party.lose(SeatId(3));
        party
            .sit(SeatId(9), "ann", "Ann", Grant::None, false)
            .expect("may enter");
        assert!(party.room.member_of_seat(SeatId(3)).is_none());
        for seat in [1, 2, 4, 5, 6, 7, 8] {
            party.ok(SeatId(seat), Command::Leave);
        }
        assert!(party.member(SeatId(9)).present());
    }

    #[test]
    fn nobody_takes_anothers_seat() {
        let (mut party, _, ann, _) = Party::of_three(Policy::default());
        let taken = party.sit(ann, "ben", "Ben", Grant::None, false);
        assert_eq!(taken.expect_err("refused").code(), "bad_target");
    }

    #[test]
    fn whoever_is_back_within_the_hold_was_never_gone() {
        let (mut party, _, ann, _) = Party::of_three(Policy::default());
        let before = party.member(ann).clone();
        party.lose(ann);
        assert_eq!(party.member(ann).away_since(), Some(party.now));
        party.pass(Span(89_999));
        party.back(ann).expect("held");
        assert_eq!(*party.member(ann), before);
        party.pass(Span::seconds(3600));
        assert!(party.member(ann).present());
    }

    #[test]
    fn after_the_hold_a_member_is_gone_and_comes_back_as_they_were() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let id = party.id(ann);
        party.ok(
            host,
            Command::SetCoHost {
                member: id,
                co_host: true,
            },
        );
        party.ok(
            host,
            Command::Mute {
                member: id,
                muted: true,
            },
        );
        party.lose(ann);
        let events = party.pass(Span::seconds(90));
        assert!(events.contains(&Event::Gone {
            member: id,
            reason: Departure::TimedOut
        }));
        assert_eq!(party.back(ann), Err(Refusal::UnknownSeat));
        party
            .sit(SeatId(77), "ann", "Annie", Grant::None, false)
            .expect("may enter");
        let member = party.member(SeatId(77));
        assert_eq!(
            (member.id, member.role, member.muted),
            (id, Role::CoHost, true)
        );
        assert_eq!(member.name, "Annie");
    }

    #[test]
    fn a_seat_that_moved_to_another_process_is_not_lost_by_the_old_one() {
        let (mut party, _, ann, _) = Party::of_three(Policy::default());
        party.ok(ann, Command::Resume { node: NodeId(2) });
        party.lose(ann);
        assert!(party.member(ann).present());
        party
            .server(Command::NodeLost { node: NODE })
            .expect("harmless");
        assert!(party.member(ann).present());
        party
            .server(Command::NodeLost { node: NodeId(2) })
            .expect("harmless");
        assert!(!party.member(ann).present());
    }

    #[test]
    fn without_a_hold_a_lost_seat_is_gone_at_once() {
        let (mut party, _, ann, _) = Party::of_three(Policy {
            seat_hold: Span(0),
            ..Policy::default()
        });
        let id = party.id(ann);
        party.lose(ann);
        assert!(party.room.member(id).is_none());
    }

    #[test]
    fn a_full_room_still_has_a_place_for_its_host() {
        let mut party = Party::new(Policy {
            capacity: 2,
            ..Policy::default()
        });
        let ann = party.arrive("Ann", Grant::None, false).expect("may enter");
        party.arrive("Ben", Grant::None, false).expect("may enter");
        assert_eq!(
            party.arrive("Cem", Grant::None, false),
            Err(Refusal::Full { capacity: 2 })
        );
        let host = party
            .arrive("Hanna", Grant::Host, false)
            .expect("an owner is never locked out");
        assert_eq!(party.member(host).role, Role::Host);
        // Held seats count; a left one doesn't.
        party.lose(ann);
        assert_eq!(
            party.arrive("Cem", Grant::None, false),
            Err(Refusal::Full { capacity: 2 })
        );
        party.ok(ann, Command::Leave);
        party.ok(host, Command::Leave);
        party.arrive("Cem", Grant::None, false).expect("may enter");
    }

    #[test]
    fn entry_asks_for_what_the_policy_says() {
        let needs = [
            (EntryPolicy::Password, "password_needed"),
            (EntryPolicy::Invite, "invite_needed"),
        ];
        for (entry, code) in needs {
            let mut party = Party::new(Policy {
                entry,
                ..Policy::default()
            });
            assert_eq!(
                party
                    .arrive("Ann", Grant::None, false)
                    .expect_err("refused")
                    .code(),
                code
            );
            party.arrive("Ann", Grant::Invite, false).expect("invited");
            party.arrive("Hanna", Grant::Host, false).expect("the host");
        }
        let mut party = Party::new(Policy {
            entry: EntryPolicy::Password,
            ..Policy::default()
        });
        let ann = party
            .arrive("Ann", Grant::Password, false)
            .expect("knew it");
        party.ok(ann, Command::Leave);
        party
            .arrive("Ann", Grant::None, false)
            .expect("was in before");
    }

    #[test]
    fn whoever_knocks_gets_nothing_until_let_in() {
        let mut party = Party::new(Policy {
            entry: EntryPolicy::Approval,
            ..Policy::default()
        });
        let host = party.arrive("Hanna", Grant::Host, false).expect("the host");
        let knocked = party
            .sit(SeatId(50), "ann", "Ann", Grant::None, true)
            .expect("may knock");
        assert!(
            knocked
                .events
                .iter()
                .all(|(audience, _)| *audience == Audience::Moderators),
            "{knocked:?}"
        );
        let ann = SeatId(50);
        assert_eq!(party.act(ann, say("hi")), Err(Refusal::Pending));
        assert_eq!(party.room.rights(party.id(ann)), crate::Rights::default());
        let id = party.id(ann);
        assert_eq!(
            party.act(ann, Command::Admit { member: id }),
            Err(Refusal::Pending)
        );
        // The decision survives reconnects, on both sides of it.
        party.lose(ann);
        party.back(ann).expect("held");
        party.ok(host, Command::Admit { member: id });
        assert!(party.ok(host, Command::Admit { member: id }).is_empty());
        party.ok(ann, say("hi"));
        party.ok(ann, Command::Leave);
        party
            .sit(SeatId(51), "ann", "Ann", Grant::None, true)
            .expect("was let in before");
        assert_eq!(party.member(SeatId(51)).standing, Standing::Admitted);
    }

    #[test]
    fn the_first_who_is_let_in_makes_it_live() {
        let mut party = Party::new(Policy {
            entry: EntryPolicy::Approval,
            ..Policy::default()
        });
        party.arrive("Ann", Grant::None, false).expect("may knock");
        assert_eq!(party.room.life(), Life::Created);
        party.arrive("Hanna", Grant::Host, false).expect("the host");
        assert!(party.live());
    }

    #[test]
    fn the_hosts_key_takes_the_role_only_from_a_host_who_is_away() {
        let (mut party, host, ..) = Party::of_three(Policy::default());
        let second = party
            .arrive("Second", Grant::Host, false)
            .expect("has the key");
        assert_eq!(party.member(second).role, Role::CoHost);
        party.lose(host);
        let third = party
            .arrive("Third", Grant::Host, false)
            .expect("has the key");
        assert_eq!(
            (party.member(third).role, party.member(host).role),
            (Role::Host, Role::CoHost)
        );
    }

    #[test]
    fn the_muted_cannot_speak_by_their_name() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        party.ok(
            ann,
            Command::Rename {
                name: "Ben".to_owned(),
            },
        );
        assert_eq!(party.member(ann).name, "Ben 2");
        let member = party.id(ann);
        party.ok(
            host,
            Command::Mute {
                member,
                muted: true,
            },
        );
        assert_eq!(
            party.act(
                ann,
                Command::Rename {
                    name: "LOUD".to_owned()
                }
            ),
            Err(Refusal::Muted)
        );
    }
}
