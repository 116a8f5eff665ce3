//! Who is present, as it was last told: so that wire formats which say who came and who went need not remember it.
use super::encoder::Went;
use std::collections::{BTreeMap, BTreeSet};
use watchalong_room::{Departure, Member, MemberId, PersonId, Room, Standing};

/// Members with a connection, who they are and their names.
#[derive(Debug, Default)]
pub(super) struct Presence(BTreeMap<MemberId, (PersonId, String)>);

fn is_here(member: &Member) -> bool {
    member.standing == Standing::Admitted && member.present()
}

impl Presence {
    /// As a room stands.
    pub(super) fn of(room: &Room) -> Self {
        let here = room.members().filter(|member| is_here(member));
        Self(
            here.map(|m| (m.id, (m.person.clone(), m.name.clone())))
                .collect(),
        )
    }

    /// Who came and who went by these changes.
    pub(super) fn turn(
        &mut self,
        room: &Room,
        changed: &BTreeSet<MemberId>,
        gone: &[(MemberId, Departure)],
    ) -> (Vec<MemberId>, Vec<Went>) {
        let (mut came, mut went) = (Vec::new(), Vec::new());
        let everybody = changed.iter().chain(gone.iter().map(|(id, _)| id));
        for id in everybody.copied().collect::<BTreeSet<_>>() {
            match room.member(id).filter(|member| is_here(member)) {
                Some(member) => {
                    let known = (member.person.clone(), member.name.clone());
                    if self.0.insert(id, known).is_none() {
                        came.push(id);
                    }
                }
                None => went.extend(self.0.remove(&id).map(|(person, name)| Went {
                    member: id,
                    person,
                    name,
                    reason: gone.iter().find(|(of, _)| *of == id).map(|(_, why)| *why),
                })),
            }
        }
        (came, went)
    }
}
