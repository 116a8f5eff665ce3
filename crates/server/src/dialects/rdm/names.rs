//! Who somebody is, to whom.
//!
//! A player has one credential, its `user_id`. It is a token for one person in one room, and the person is told by
//! name and address: who comes back by the same name from the same place is the same again, with their role, and a
//! kicked one stays kicked. The others see another id of the person, which opens nothing. So a list is another for
//! each who reads it: oneself by the token, everybody else by the public id.
use super::NAME;
use super::encode::Rdm;
use crate::code::RoomCode;
use crate::hub::encoder::Scene;
use serde_json::{Value, json};
use std::net::IpAddr;
use watchalong_room::{Member, PersonId, Standing};

/// Players of one name from one address: a household watches by fewer.
const NAMESAKES: u32 = 16;

/// The people whom this name from this address may be, in the order in which they are.
pub(super) fn people(address: &str, name: &str) -> impl Iterator<Item = PersonId> + use<> {
    let rest = format!("{address}:{name}");
    (0..NAMESAKES).map(move |number| PersonId(format!("{NAME}:{number}:{rest}")))
}

/// The name under which somebody joined.
pub(super) fn name_of(person: &PersonId) -> Option<&str> {
    let rest = person.0.strip_prefix(NAME)?.strip_prefix(':')?;
    rest.splitn(3, ':').nth(2)
}

/// Whether somebody is in and connected: who is listed.
pub(super) fn is_here(member: &Member) -> bool {
    member.standing == Standing::Admitted && member.present()
}

impl Rdm {
    /// Where somebody comes from, as a part of who they are.
    pub(super) fn from(&self, address: IpAddr) -> String {
        self.signer.address_digest(NAME, address)
    }

    /// A person's id as `reader` sees it.
    pub(super) fn id_for(
        &self,
        room: &RoomCode,
        reader: Option<&PersonId>,
        person: &PersonId,
    ) -> String {
        if reader == Some(person) {
            self.signer.person_token(room.as_str(), person)
        } else {
            self.signer.public_id(room.as_str(), person)
        }
    }

    /// Who is here, as whoever is told sees it.
    pub(super) fn users(&self, scene: Scene<'_>) -> Vec<Value> {
        let reader = scene.to.and_then(|id| scene.room.member(id));
        let reader = reader.map(|member| &member.person);
        let here = scene.room.members().filter(|member| is_here(member));
        here.map(|member| {
            let id = self.id_for(scene.code, reader, &member.person);
            json!({"user_id": id, "username": member.name})
        })
        .collect()
    }

    /// A person's id, as whoever is told sees it.
    pub(super) fn id(&self, scene: Scene<'_>, person: &PersonId) -> String {
        let reader = scene.to.and_then(|id| scene.room.member(id));
        self.id_for(scene.code, reader.map(|member| &member.person), person)
    }
}
