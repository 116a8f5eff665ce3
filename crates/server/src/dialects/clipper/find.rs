//! Parties by what requests call them, and the place that whoever asks has in one.
use super::caller::Call;
use super::error::Refused;
use super::objects::described;
use super::{CODE, Clipper, NAME, PLAYLIST};
use crate::code::RoomCode;
use crate::http::{App, Base};
use crate::hub::{HubError, RoomHandle, new_seat};
use crate::secret;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use watchalong_room::{
    Actor, Command, Grant, MemberId, Outcome, PersonId, Rights, Room, SeatId, Standing,
};

/// Without letters and digits that look alike.
const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Characters of an invite code.
const CODE_LENGTH: usize = 6;

/// A code for invitations.
fn new_code() -> String {
    secret::drawn(ALPHABET, CODE_LENGTH)
}

/// Whether a text has the shape of a UUID.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A code as somebody may have typed it, in its one spelling.
fn spelled(code: &str) -> Option<String> {
    let code = code.trim().to_ascii_uppercase();
    let fits = code.len() == CODE_LENGTH && code.bytes().all(|b| ALPHABET.contains(&b));
    fits.then_some(code)
}

/// What a room is known by here, made where it is not known yet.
pub(super) struct Names {
    pub(super) invite_code: String,
    pub(super) playlist: Option<String>,
}

impl Clipper {
    pub(super) async fn names(&self, app: &App, code: &RoomCode) -> Result<Names, HubError> {
        let (hub, store) = (&app.hub, &app.hub.store);
        // Told by the code, and kept so that the room is found by it.
        hub.alias(code, NAME, || self.party_id(code)).await?;
        let playlist = store.alias_of(code, PLAYLIST).await?;
        // Beside the playlist stands the room: several parties may be made with one.
        let bare = |kept: String| kept.split('@').next().unwrap_or_default().to_owned();
        Ok(Names {
            invite_code: hub.alias(code, CODE, new_code).await?,
            playlist: playlist.map(bare),
        })
    }
}

impl<W> Call<W> {
    /// The party that an address names, by its id, its code or the room's own code.
    ///
    /// # Errors
    /// 400 for what is none of these, 404.
    pub(super) async fn party(&self, id: &str) -> Result<Arc<RoomHandle>, Refused> {
        let hub = &self.app.hub;
        let found = if is_uuid(id) {
            hub.by_alias(NAME, &id.to_ascii_lowercase()).await?
        } else if let Some(code) = spelled(id) {
            hub.by_alias(CODE, &code).await?
        } else if let Some(code) = RoomCode::parse(id) {
            hub.room(&code).await?
        } else {
            return Err(Refused::invalid("The party's id must be a UUID."));
        };
        found.ok_or_else(Refused::no_party)
    }

    /// A room as the object that a party is.
    pub(super) async fn describe(
        &self,
        room: &RoomHandle,
        with_participants: bool,
    ) -> Result<Map<String, Value>, Refused> {
        let clipper = self.clipper;
        let names = clipper.names(&self.app, room.code()).await?;
        let heard = if with_participants {
            room.reports().await?
        } else {
            Vec::new()
        };
        let (code, owner, now) = (room.code().clone(), room.owner(), clipper.clock.now());
        let mut party = room
            .read(move |room| {
                let heard = with_participants.then_some(heard.as_slice());
                described(clipper, &code, room, now, owner.as_ref(), heard)
            })
            .await?;
        let invite_url = invite_url(&self.base, &names);
        party.insert("invite_url".to_owned(), json!(invite_url));
        party.insert("invite_code".to_owned(), json!(names.invite_code));
        if let Some(playlist) = names.playlist {
            party.insert("playlist_id".to_owned(), json!(playlist));
        }
        Ok(party)
    }
}

impl Call {
    /// A party in which something can still be done.
    ///
    /// # Errors
    /// As [`Call::party`]; 404 `PARTY_ENDED`.
    pub(super) async fn live(&self, id: &str) -> Result<Arc<RoomHandle>, Refused> {
        let room = self.party(id).await?;
        if room.view().life.is_terminal() {
            return Err(Refused::ended());
        }
        Ok(room)
    }

    /// The place of whoever asks in a party.
    ///
    /// # Errors
    /// As [`Call::live`]; 403 for who is no participant.
    pub(super) async fn place(&self, id: &str) -> Result<Place, Refused> {
        let room = self.live(id).await?;
        let person = self.user.person.clone();
        let found = room.read(move |room| participant(room, &person));
        let (member, seat, rights) = found.await?.ok_or_else(Refused::no_participant)?;
        let seat = match seat {
            Some(seat) => seat,
            // A host keeps their place while they are away for long; what they do they do from a seat.
            None => self.reserve(&room, Grant::None, false).await?,
        };
        Ok(Place {
            room,
            member,
            seat,
            rights,
        })
    }

    /// A party as a participant sees it; one that is over is still to be seen by those who were in it.
    ///
    /// # Errors
    /// As [`Call::party`]; 403 for who is no participant.
    pub(super) async fn seen(&self, id: &str) -> Result<Arc<RoomHandle>, Refused> {
        let room = self.party(id).await?;
        let (app, person) = (&self.app, self.user.person.clone());
        let there = if room.view().life.is_terminal() {
            let (of, code) = (person.clone(), room.code().clone());
            let sent_away = room.read(move |room| {
                room.was_kicked(&of) || room.banned().any(|member| member.person == of)
            });
            app.hub.log.flush().await;
            app.hub.store.party(&person, &code).await?.is_some() && !sent_away.await?
        } else {
            let found = room.read(move |room| participant(room, &person).is_some());
            found.await?
        };
        if there {
            Ok(room)
        } else {
            Err(Refused::no_participant())
        }
    }

    /// Gives somebody a place in a room, and says by which seat they act. Whether their address is told: it is not
    /// where they had a place already.
    ///
    /// # Errors
    /// What the room says; 403 where they have to be let in first.
    pub(super) async fn reserve(
        &self,
        room: &RoomHandle,
        grant: Grant,
        comes: bool,
    ) -> Result<SeatId, Refused> {
        let (code, signer) = (room.code().as_str(), &self.app.hub.signer);
        let command = Command::Reserve {
            person: self.user.person.clone(),
            name: self.user.name.clone(),
            grant,
            client: NAME.to_owned(),
            address: comes.then(|| signer.address_digest(code, self.address)),
        };
        let outcome = room.call(Actor::Seat(new_seat()), command).await?;
        let person = self.user.person.clone();
        let found = room.read(move |room| participant(room, &person)).await?;
        let Some((_, Some(seat), _)) = found else {
            let message = "The host has to let you in. Try again in a moment.";
            return Err(Refused::forbidden(message));
        };
        if !outcome.events.is_empty() {
            self.clipper.metrics.joined();
        }
        Ok(seat)
    }
}

pub(super) fn invite_url(base: &Base, names: &Names) -> String {
    base.link(&format!("watch-parties/{}", names.invite_code))
}

pub(super) fn ws_url(base: &Base, id: &str) -> String {
    base.socket(&format!("api/v1/watch-parties/{id}/ws"))
}

/// Somebody's place, where they have one.
fn participant(room: &Room, person: &PersonId) -> Option<(MemberId, Option<SeatId>, Rights)> {
    let member = room.members().find(|member| member.person == *person)?;
    let placed = member.standing == Standing::Admitted && member.has_place();
    let seat = member.seats.first().map(|seat| seat.id);
    placed.then(|| (member.id, seat, room.rights(member.id)))
}

/// Somebody's place in a live party.
pub(super) struct Place {
    pub(super) room: Arc<RoomHandle>,
    pub(super) member: MemberId,
    pub(super) seat: SeatId,
    pub(super) rights: Rights,
}

impl Place {
    /// Carries a command out in their name.
    pub(super) async fn call(&self, command: Command) -> Result<Outcome, Refused> {
        Ok(self.room.call(Actor::Seat(self.seat), command).await?)
    }

    /// Only who may.
    pub(super) fn must(&self, may: bool, what: &str) -> Result<(), Refused> {
        if may {
            return Ok(());
        }
        Err(Refused::forbidden(format!("Only the host can {what}.")))
    }
}
