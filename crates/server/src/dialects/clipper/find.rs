//! Parties by what requests call them, and the place that whoever asks has in one.
use super::caller::User;
use super::error::Refused;
use super::objects::described;
use super::{CODE, Clipper, NAME, PLAYLIST};
use crate::code::RoomCode;
use crate::http::{App, Base};
use crate::hub::{HubError, RoomHandle};
use crate::secret;
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use watchalong_room::{
    Actor, Command, Grant, MemberId, Outcome, PersonId, Rights, Room, SeatId, Standing,
};

/// Without letters and digits that look alike.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Characters of an invite code.
const CODE_LENGTH: usize = 6;

/// A code for invitations.
fn new_code() -> String {
    let bytes: [u8; CODE_LENGTH] = secret::random();
    // 32 divides 256: every letter is as likely as any other.
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
    bytes.iter().map(letter).collect()
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

    /// The party that an address names, by its id, its code or the room's own code.
    ///
    /// # Errors
    /// 400 for what is none of these, 404.
    pub(super) async fn party(&self, app: &App, id: &str) -> Result<Arc<RoomHandle>, Refused> {
        let found = if is_uuid(id) {
            app.hub.by_alias(NAME, &id.to_ascii_lowercase()).await?
        } else if let Some(code) = spelled(id) {
            app.hub.by_alias(CODE, &code).await?
        } else if let Some(code) = RoomCode::parse(id) {
            app.hub.room(&code).await?
        } else {
            return Err(Refused::invalid("The party's id must be a UUID."));
        };
        found.ok_or_else(Refused::no_party)
    }

    /// A party in which something can still be done.
    ///
    /// # Errors
    /// As [`Clipper::party`]; 404 `PARTY_ENDED`.
    pub(super) async fn live(&self, app: &App, id: &str) -> Result<Arc<RoomHandle>, Refused> {
        let room = self.party(app, id).await?;
        if room.view().life.is_terminal() {
            return Err(Refused::ended());
        }
        Ok(room)
    }

    /// The place of whoever asks in a party.
    ///
    /// # Errors
    /// As [`Clipper::live`]; 403 for who is no participant.
    pub(super) async fn place(&self, app: &App, user: &User, id: &str) -> Result<Place, Refused> {
        let room = self.live(app, id).await?;
        let person = user.person.clone();
        let found = room.read(move |room| participant(room, &person));
        let (member, seat, rights) = found.await?.ok_or_else(Refused::no_participant)?;
        let seat = match seat {
            Some(seat) => seat,
            // A host keeps their place while they are away for long; what they do they do from a seat.
            None => reserve(self, app, &room, user, Grant::None, None).await?,
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
    /// As [`Clipper::party`]; 403 for who is no participant.
    pub(super) async fn seen(
        &self,
        app: &App,
        user: &User,
        id: &str,
    ) -> Result<Arc<RoomHandle>, Refused> {
        let room = self.party(app, id).await?;
        let person = user.person.clone();
        if room.view().life.is_terminal() {
            let (of, code) = (person.clone(), room.code().clone());
            let sent_away = room.read(move |room| {
                room.was_kicked(&of) || room.banned().any(|member| member.person == of)
            });
            app.hub.log.flush().await;
            let there = app.hub.store.party(&person, &code).await?.is_some();
            if sent_away.await? || !there {
                return Err(Refused::no_participant());
            }
        } else {
            let found = room.read(move |room| participant(room, &person).is_some());
            if !found.await? {
                return Err(Refused::no_participant());
            }
        }
        Ok(room)
    }

    /// A room as the object that a party is.
    pub(super) async fn describe(
        &'static self,
        app: &App,
        room: &RoomHandle,
        base: &Base,
        with_participants: bool,
    ) -> Result<Map<String, Value>, Refused> {
        let names = self.names(app, room.code()).await?;
        let heard = if with_participants {
            room.reports().await?
        } else {
            Vec::new()
        };
        let (code, owner, now) = (room.code().clone(), room.owner(), self.clock.now());
        let mut party = room
            .read(move |room| {
                let heard = with_participants.then_some(heard.as_slice());
                described(self, &code, room, now, owner.as_ref(), heard)
            })
            .await?;
        party.insert("invite_url".to_owned(), json!(invite_url(base, &names)));
        party.insert("invite_code".to_owned(), json!(names.invite_code));
        if let Some(playlist) = names.playlist {
            party.insert("playlist_id".to_owned(), json!(playlist));
        }
        Ok(party)
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

/// Gives somebody a place in a room, and says by which seat they act.
///
/// # Errors
/// What the room says; 403 where they have to be let in first.
pub(super) async fn reserve(
    clipper: &Clipper,
    app: &App,
    room: &RoomHandle,
    user: &User,
    grant: Grant,
    address: Option<IpAddr>,
) -> Result<SeatId, Refused> {
    let code = room.code().as_str();
    let seat = SeatId(u64::from_le_bytes(secret::random()));
    let command = Command::Reserve {
        person: user.person.clone(),
        name: user.name.clone(),
        grant,
        client: NAME.to_owned(),
        address: address.map(|address| app.hub.signer.address_digest(code, address)),
    };
    let outcome = room.call(Actor::Seat(seat), command).await?;
    let is_new = !outcome.events.is_empty();
    let person = user.person.clone();
    let found = room.read(move |room| participant(room, &person)).await?;
    let Some((_, Some(seat), _)) = found else {
        let message = "The host has to let you in. Try again in a moment.";
        return Err(Refused::forbidden(message));
    };
    if is_new {
        clipper.metrics.joined();
    }
    Ok(seat)
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
