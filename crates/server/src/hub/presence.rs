//! Who is present, as it was last told: so that wire formats which say who came and who went need not remember it.
use super::encoder::Went;
use std::collections::{BTreeMap, BTreeSet};
use watchalong_room::{Departure, Member, MemberId, PersonId, Role, Room, Standing};

/// Members with a connection, as they were last told of.
#[derive(Debug, Default)]
pub(super) struct Presence(BTreeMap<MemberId, Known>);

#[derive(Debug, PartialEq)]
struct Known {
    person: PersonId,
    name: String,
    role: Role,
}

impl Known {
    fn of(member: &Member) -> Self {
        Self {
            person: member.person.clone(),
            name: member.name.clone(),
            role: member.role,
        }
    }
}

/// What a turn brought.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) came: Vec<MemberId>,
    /// Present before and now, by another name or in another role.
    pub(super) turned: Vec<MemberId>,
    pub(super) went: Vec<Went>,
}

fn is_here(member: &Member) -> bool {
    member.standing == Standing::Admitted && member.present()
}

impl Presence {
    /// As a room stands.
    pub(super) fn of(room: &Room) -> Self {
        let here = room.members().filter(|member| is_here(member));
        Self(here.map(|m| (m.id, Known::of(m))).collect())
    }

    /// Who came, turned into somebody else and went by these changes.
    pub(super) fn turn(
        &mut self,
        room: &Room,
        changed: &BTreeSet<MemberId>,
        gone: &[(MemberId, Departure)],
    ) -> Turn {
        let mut turn = Turn::default();
        let everybody = changed.iter().chain(gone.iter().map(|(id, _)| id));
        for id in everybody.copied().collect::<BTreeSet<_>>() {
            match room.member(id).filter(|member| is_here(member)) {
                Some(member) => {
                    let known = Known::of(member);
                    match self.0.get(&id) {
                        None => turn.came.push(id),
                        Some(told) if *told != known => turn.turned.push(id),
                        Some(_) => continue,
                    }
                    self.0.insert(id, known);
                }
                None => turn.went.extend(self.0.remove(&id).map(|known| Went {
                    member: id,
                    person: known.person,
                    name: known.name,
                    role: known.role,
                    reason: gone.iter().find(|(of, _)| *of == id).map(|(_, why)| *why),
                })),
            }
        }
        turn
    }
}
