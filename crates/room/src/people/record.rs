//! People as data: the lists that a snapshot holds, and the indexes made anew from them.
//!
//! What was stored may have been damaged or edited: whatever could not have come about is refused here.
use super::{MAX_BANNED, MAX_FORMER, MAX_SEATS, People};
use crate::{Member, Role, Standing, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The lists of [`People`] without their indexes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PeopleRecord {
    pub(super) members: Vec<Member>,
    pub(super) former: Vec<(u64, Member)>,
    pub(super) banned: Vec<Member>,
    pub(super) next_member: u32,
    pub(super) departures: u64,
}

impl People {
    pub(crate) fn record(&self) -> PeopleRecord {
        PeopleRecord {
            members: self.members.values().cloned().collect(),
            former: self.former.values().cloned().collect(),
            banned: self.banned.values().cloned().collect(),
            next_member: self.next_member,
            departures: self.departures,
        }
    }

    /// The lists with indexes made anew, or what is wrong with them.
    pub(crate) fn reindex(record: PeopleRecord) -> Result<Self, &'static str> {
        let mut people = Self {
            next_member: record.next_member,
            departures: record.departures,
            ..Self::default()
        };
        let known = |member: &Member| member.id.0 >= 1 && member.id.0 <= record.next_member;
        for member in record.members {
            let taken = people.members.contains_key(&member.id)
                || people.by_person.contains_key(&member.person)
                || people.by_name.contains_key(&text::name_key(&member.name));
            let mut ids = BTreeSet::new();
            let seats_taken = member
                .seats
                .iter()
                .any(|seat| people.by_seat.contains_key(&seat.id) || !ids.insert(seat.id));
            let seats_odd = member.seats.iter().any(|seat| {
                seat.connected == seat.away_since.is_some() || (seat.reserved && seat.connected)
            });
            if !known(&member) || taken || seats_taken {
                return Err("two members share a number, a person, a name or a seat");
            }
            if member.standing == Standing::Banned || member.seats.len() > MAX_SEATS || seats_odd {
                return Err("a member's seats or standing can't be");
            }
            if member.role == Role::Host && (people.host.is_some() || !member.admitted()) {
                return Err("a room has one host, who is in it");
            }
            if member.seats.is_empty() && member.role != Role::Host && member.admitted() {
                return Err("a member without a seat is no member");
            }
            people.index(&member);
            people.members.insert(member.id, member);
        }
        for (order, member) in record.former {
            if !known(&member)
                || order > record.departures
                || !member.seats.is_empty()
                || member.role == Role::Host
            {
                return Err("a remembered person can't be");
            }
            people
                .oblivion
                .insert((member.privileged(), order, member.person.clone()));
            people.former.insert(member.person.clone(), (order, member));
        }
        for member in record.banned {
            if !known(&member) || member.standing != Standing::Banned || !member.seats.is_empty() {
                return Err("a banned person can't be");
            }
            if member.address_banned {
                let Some(address) = member.address.clone() else {
                    return Err("an address is banned that nobody has");
                };
                *people.banned_addresses.entry(address).or_default() += 1;
            }
            people.banned_by_id.insert(member.id, member.person.clone());
            people.banned.insert(member.person.clone(), member);
        }
        if people.former.len() > MAX_FORMER || people.banned.len() > MAX_BANNED {
            return Err("more people are remembered than a room remembers");
        }
        Ok(people)
    }
}
