//! Who is in the room: members, their seats, and the memory of those who left.
//!
//! One person is one member, however many devices they bring; each device holds a seat.
//! This is the book-keeping: lists with their indexes, so that joining, leaving and being
//! looked up cost the logarithm of the members, never their number. Which of it may happen
//! is decided elsewhere (`seats`, `moderation`, `rights`). Indexes are derived: a snapshot
//! holds the lists only (`record`), and its `reindex` makes the rest anew.
mod record;

pub(crate) use record::PeopleRecord;

use crate::chat::Speech;
use crate::{
    Member, MemberId, NodeId, PersonId, Role, Seat, SeatId, ServerTime, Span, Standing, text,
};
use std::collections::{BTreeMap, BTreeSet};

/// Devices of one member at a time: few enough that no list explodes, and more than anybody watches on by far, because
/// some web clients leave a connection behind each time that their room's page is left.
pub(crate) const MAX_SEATS: usize = 32;

/// How long a place is held that was taken without a connection, where lost ones are not held for longer: what a page
/// takes to load and to open its socket on a bad line. Independent of [`Policy::seat_hold`](crate::Policy::seat_hold):
/// a room that holds nothing for who lost their connection would otherwise never let in who asks first and connects
/// then.
pub const RESERVATION: Span = Span::seconds(30);

/// People who left and are remembered with role, mute and name; the oldest without either goes first.
pub(crate) const MAX_FORMER: usize = 1000;

/// Banned people remembered. A ban is never forgotten silently: past this many, the next one is refused.
pub(crate) const MAX_BANNED: usize = 1000;

/// People who may wait for approval at a time, so that a stranger's script can't fill the room's memory.
pub(crate) const MAX_PENDING: usize = 200;

/// Everybody, with what is needed to find them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct People {
    /// In the room: seated, or the host who is away.
    members: BTreeMap<MemberId, Member>,
    /// Gone, but remembered (without seats), with the order in which they went.
    former: BTreeMap<PersonId, (u64, Member)>,
    /// Banned (without seats).
    banned: BTreeMap<PersonId, Member>,
    next_member: u32,
    departures: u64,

    // ---- derived -----------------------------------------------------------------
    host: Option<MemberId>,
    by_seat: BTreeMap<SeatId, MemberId>,
    by_person: BTreeMap<PersonId, MemberId>,
    /// Folded name and its number (`Ann` is 1, `Ann 2` is 2): the highest number is found in one step.
    by_name: BTreeMap<(String, u32), MemberId>,
    banned_by_id: BTreeMap<MemberId, PersonId>,
    /// Lost seats, the longest lost first.
    away: BTreeSet<(ServerTime, SeatId)>,
    /// Reserved seats, the oldest first: apart, because they are held for another time than lost ones.
    reserved: BTreeSet<(ServerTime, SeatId)>,
    /// Who is forgotten next: the oldest without privilege first.
    oblivion: BTreeSet<(bool, u64, PersonId)>,
    /// Addresses whose newcomers are refused, and how many bans each has.
    banned_addresses: BTreeMap<String, u32>,
    seated: u32,
    pending: u32,
    present: u32,
    connected: u32,
}

impl People {
    // ---- looking up --------------------------------------------------------------

    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    pub(crate) fn banned(&self) -> impl Iterator<Item = &Member> {
        self.banned_by_id
            .values()
            .filter_map(|person| self.banned.get(person))
    }

    pub(crate) fn get(&self, id: MemberId) -> Option<&Member> {
        self.members.get(&id)
    }

    pub(crate) fn banned_member(&self, id: MemberId) -> Option<&Member> {
        self.banned_by_id
            .get(&id)
            .and_then(|person| self.banned.get(person))
    }

    pub(crate) fn of_seat(&self, seat: SeatId) -> Option<&Member> {
        self.by_seat.get(&seat).and_then(|id| self.members.get(id))
    }

    pub(crate) fn of_person(&self, person: &PersonId) -> Option<&Member> {
        self.by_person
            .get(person)
            .and_then(|id| self.members.get(id))
    }

    pub(crate) fn remembered(&self, person: &PersonId) -> Option<&Member> {
        self.former.get(person).map(|(_, member)| member)
    }

    /// Somebody who left, by number. Walks the memory: for bans, which are rare.
    pub(crate) fn remembered_as(&self, id: MemberId) -> Option<&Member> {
        self.former
            .values()
            .map(|(_, member)| member)
            .find(|member| member.id == id)
    }

    /// Who left and is remembered, in no order.
    pub(crate) fn former(&self) -> impl Iterator<Item = &Member> {
        self.former.values().map(|(_, member)| member)
    }

    pub(crate) fn banned_person(&self, person: &PersonId) -> Option<&Member> {
        self.banned.get(person)
    }

    pub(crate) fn is_banned(&self, person: &PersonId) -> bool {
        self.banned.contains_key(person)
    }

    pub(crate) fn host(&self) -> Option<&Member> {
        self.host.and_then(|id| self.members.get(&id))
    }

    /// Admitted members with a seat, connected or held: what capacity counts.
    pub(crate) fn seated(&self) -> u32 {
        self.seated
    }

    pub(crate) fn pending(&self) -> u32 {
        self.pending
    }

    /// Admitted members who are connected.
    pub(crate) fn present(&self) -> u32 {
        self.present
    }

    pub(crate) fn is_banned_address(&self, address: &str) -> bool {
        self.banned_addresses.contains_key(address)
    }

    /// Who is called this, whatever its case.
    pub(crate) fn called(&self, name: &str) -> Option<&Member> {
        let id = self.by_name.get(&text::name_key(name))?;
        self.members.get(id)
    }

    /// Connected seats of admitted members.
    pub(crate) fn connected(&self) -> u32 {
        self.connected
    }

    pub(crate) fn banned_count(&self) -> usize {
        self.banned.len()
    }

    /// The seat that is dropped next, and when, where lost ones are held for so long.
    pub(crate) fn next_dropped(&self, hold: Span) -> Option<(ServerTime, SeatId)> {
        let due = |seats: &BTreeSet<(ServerTime, SeatId)>, hold| {
            seats.first().map(|(since, seat)| (*since + hold, *seat))
        };
        let lost = due(&self.away, hold);
        let reserved = due(&self.reserved, hold.max(RESERVATION));
        lost.into_iter().chain(reserved).min()
    }

    /// The seats connected through a process.
    pub(crate) fn seats_on(&self, node: NodeId) -> Vec<SeatId> {
        let seats = self.members.values().flat_map(|member| &member.seats);
        seats
            .filter(|seat| seat.connected && seat.node == node)
            .map(|seat| seat.id)
            .collect()
    }

    /// `name` if nobody has it (or only `except`), else with the next number: `Ann`, `Ann 2`, `Ann 3`.
    pub(crate) fn free_name(&self, name: &str, except: Option<MemberId>) -> String {
        let (base, mut number) = text::name_key(name);
        if self
            .by_name
            .get(&(base.clone(), number))
            .is_none_or(|id| Some(*id) == except)
        {
            return name.to_owned();
        }
        let shown: String = if number == 1 {
            name.to_owned()
        } else {
            text::strip_number(name).to_owned()
        };
        let all = (base.clone(), 0)..=(base, u32::MAX);
        if let Some(((_, highest), _)) = self.by_name.range(all).next_back() {
            number = *highest;
        }
        loop {
            number = number.saturating_add(1);
            let candidate = format!("{shown} {number}");
            if !self.by_name.contains_key(&text::name_key(&candidate)) {
                return candidate;
            }
        }
    }

    // ---- changing ----------------------------------------------------------------

    /// A number for somebody new.
    pub(crate) fn fresh_id(&mut self) -> MemberId {
        self.next_member += 1;
        MemberId(self.next_member)
    }

    /// Takes somebody in, forgetting that they had left.
    pub(crate) fn insert(&mut self, member: Member) {
        if let Some((order, former)) = self.former.remove(&member.person) {
            self.oblivion
                .remove(&(former.privileged(), order, former.person));
        }
        self.index(&member);
        self.members.insert(member.id, member);
    }

    /// Takes somebody out of the lists, with all that points to them.
    pub(crate) fn remove(&mut self, id: MemberId) -> Option<Member> {
        let member = self.members.remove(&id)?;
        self.unindex(&member);
        Some(member)
    }

    /// Changes somebody, keeping every index right. The person must stay the same.
    pub(crate) fn update<T>(
        &mut self,
        id: MemberId,
        change: impl FnOnce(&mut Member) -> T,
    ) -> Option<T> {
        let mut member = self.members.remove(&id)?;
        self.unindex(&member);
        let answer = change(&mut member);
        // Readiness was that of a player: without one that reports, nobody is ready.
        member.ready &= member.reports();
        self.index(&member);
        self.members.insert(id, member);
        Some(answer)
    }

    /// Changes what no index knows of (readiness, speech): cheaper than [`People::update`].
    pub(crate) fn touch(&mut self, id: MemberId) -> Option<Touch<'_>> {
        let member = self.members.get_mut(&id)?;
        Some(Touch {
            ready: &mut member.ready,
            speech: &mut member.speech,
        })
    }

    /// Another medium: nobody is ready for it.
    pub(crate) fn clear_ready(&mut self) {
        for member in self.members.values_mut() {
            member.ready = false;
        }
    }

    /// Keeps somebody who left in memory, and forgets the least needed where there are too many.
    pub(crate) fn remember(&mut self, mut member: Member) {
        member.seats = Vec::new();
        member.ready = false;
        self.departures += 1;
        self.oblivion
            .insert((member.privileged(), self.departures, member.person.clone()));
        self.former
            .insert(member.person.clone(), (self.departures, member));
        if self.former.len() > MAX_FORMER
            && let Some((_, _, person)) = self.oblivion.pop_first()
        {
            self.former.remove(&person);
        }
    }

    pub(crate) fn ban(&mut self, mut member: Member) {
        member.seats = Vec::new();
        member.ready = false;
        member.standing = Standing::Banned;
        member.role = Role::Viewer;
        member.denied_until = None;
        member.address_banned = false;
        self.banned_by_id.insert(member.id, member.person.clone());
        self.banned.insert(member.person.clone(), member);
    }

    /// Adds a banned person's address to their ban. Says whether there was one to add.
    pub(crate) fn ban_address(&mut self, id: MemberId) -> bool {
        let person = self.banned_by_id.get(&id);
        let Some(member) = person.and_then(|person| self.banned.get_mut(person)) else {
            return false;
        };
        let Some(address) = member.address.clone().filter(|_| !member.address_banned) else {
            return false;
        };
        member.address_banned = true;
        *self.banned_addresses.entry(address).or_default() += 1;
        true
    }

    /// Bans somebody who has left already.
    pub(crate) fn ban_remembered(&mut self, id: MemberId) {
        let Some(person) = self.remembered_as(id).map(|member| member.person.clone()) else {
            return;
        };
        if let Some((order, member)) = self.former.remove(&person) {
            self.oblivion.remove(&(member.privileged(), order, person));
            self.ban(member);
        }
    }

    pub(crate) fn unban(&mut self, id: MemberId) -> bool {
        let person = self.banned_by_id.remove(&id);
        let Some(member) = person.and_then(|person| self.banned.remove(&person)) else {
            return false;
        };
        if let Some(address) = member.address.filter(|_| member.address_banned)
            && let Some(bans) = self.banned_addresses.get_mut(&address)
        {
            *bans -= 1;
            if *bans == 0 {
                self.banned_addresses.remove(&address);
            }
        }
        true
    }

    /// Changes somebody who left and is remembered. Walks the memory, as [`People::remembered_as`] does.
    pub(crate) fn update_remembered(&mut self, id: MemberId, change: impl FnOnce(&mut Member)) {
        let found = self.former.values_mut().find(|(_, member)| member.id == id);
        if let Some((order, member)) = found {
            let forget = (member.privileged(), *order, member.person.clone());
            change(member);
            let order = (member.privileged(), *order, member.person.clone());
            self.oblivion.remove(&forget);
            self.oblivion.insert(order);
        }
    }

    /// The party is over: nobody is in the room any more, and who was is remembered. Answers the seats that were held.
    pub(crate) fn dissolve(&mut self) -> Vec<(MemberId, SeatId)> {
        let members = std::mem::take(&mut self.members);
        let seats = |member: &Member| {
            member
                .seats
                .iter()
                .map(|seat| (member.id, seat.id))
                .collect::<Vec<_>>()
        };
        let held = members.values().flat_map(seats).collect();
        let record = PeopleRecord {
            members: Vec::new(),
            ..self.record()
        };
        *self = Self::reindex(record).expect("a part of sound lists is sound");
        for mut member in members.into_values().filter(Member::admitted) {
            if member.role == Role::Host {
                member.role = Role::CoHost;
            }
            self.remember(member);
        }
        held
    }

    fn held_like(&mut self, seat: &Seat) -> &mut BTreeSet<(ServerTime, SeatId)> {
        if seat.reserved {
            &mut self.reserved
        } else {
            &mut self.away
        }
    }

    fn index(&mut self, member: &Member) {
        if member.role == Role::Host {
            self.host = Some(member.id);
        }
        self.by_person.insert(member.person.clone(), member.id);
        self.by_name.insert(text::name_key(&member.name), member.id);
        for seat in &member.seats {
            self.by_seat.insert(seat.id, member.id);
            if let Some(since) = seat.away_since {
                self.held_like(seat).insert((since, seat.id));
            }
        }
        match (member.admitted(), member.seats.is_empty()) {
            (true, false) => self.seated += 1,
            (true, true) => {}
            (false, _) => self.pending += 1,
        }
        self.connected += member.connected_seats();
        self.present += u32::from(member.connected_seats() > 0);
    }

    fn unindex(&mut self, member: &Member) {
        if self.host == Some(member.id) {
            self.host = None;
        }
        self.by_person.remove(&member.person);
        self.by_name.remove(&text::name_key(&member.name));
        for seat in &member.seats {
            self.by_seat.remove(&seat.id);
            if let Some(since) = seat.away_since {
                self.held_like(seat).remove(&(since, seat.id));
            }
        }
        match (member.admitted(), member.seats.is_empty()) {
            (true, false) => self.seated -= 1,
            (true, true) => {}
            (false, _) => self.pending -= 1,
        }
        self.connected -= member.connected_seats();
        self.present -= u32::from(member.connected_seats() > 0);
    }
}

/// The parts of a member that no index knows of.
pub(crate) struct Touch<'a> {
    pub(crate) ready: &'a mut bool,
    pub(crate) speech: &'a mut Speech,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: u32, name: &str) -> Member {
        Member {
            id: MemberId(id),
            person: PersonId(format!("p{id}")),
            name: name.to_owned(),
            role: Role::Viewer,
            standing: Standing::Admitted,
            muted: false,
            seats: Vec::new(),
            ready: false,
            joined_at: ServerTime(0),
            kicked: false,
            address_banned: false,
            address: None,
            denied_until: None,
            left: false,
            speech: Speech::default(),
        }
    }

    #[test]
    fn the_same_name_gets_the_next_number_whatever_its_case() {
        let mut people = People::default();
        people.insert(named(1, "Ann"));
        assert_eq!(people.free_name("ANN", None), "ANN 2");
        people.insert(named(2, "Ann 2"));
        people.insert(named(3, "Ann 7"));
        assert_eq!(people.free_name("Ann", None), "Ann 8");
        assert_eq!(people.free_name("Ann 2", None), "Ann 8");
        assert_eq!(people.free_name("Ann", Some(MemberId(1))), "Ann");
        assert_eq!(people.free_name("Ann 999999", None), "Ann 999999");
        people.insert(named(4, "Ann 999999"));
        assert_eq!(people.free_name("Ann", None), "Ann 1000000");
        people.insert(named(5, "Ann 1000000"));
        assert_eq!(people.free_name("Ann", None), "Ann 1000001");
    }

    #[test]
    fn the_oldest_without_role_or_mute_is_forgotten_first() {
        let mut people = People::default();
        people.remember(Member {
            muted: true,
            ..named(1, "muted")
        });
        people.remember(Member {
            role: Role::CoHost,
            ..named(2, "co-host")
        });
        for id in 3..=(MAX_FORMER as u32 + 10) {
            people.remember(named(id, &format!("viewer {id}")));
        }
        assert_eq!(people.former.len(), MAX_FORMER);
        assert!(people.remembered(&PersonId("p1".into())).is_some());
        assert!(people.remembered(&PersonId("p2".into())).is_some());
        assert!(people.remembered(&PersonId("p3".into())).is_none());
    }
}
