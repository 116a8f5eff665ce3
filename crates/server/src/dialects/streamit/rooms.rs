//! Rooms as this dialect knows them: found, told of, and changed by their host.
use super::body::{Asked, Body};
use super::entry::{mode, new_code};
use super::error::Refused;
use super::people::{User, id_of};
use super::{IDS, NAME};
use crate::clock::Civil;
use crate::http::App;
use crate::hub::{CallError, HubError, RoomHandle};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use std::sync::Arc;
use watchalong_media::provider;
use watchalong_room::{
    Actor, Command, Life, Media, MemberId, PersonId, PolicyPatch, Refusal, Room, SeatId,
    ServerTime, SourceKind, Standing,
};

/// A room under the names that this dialect has for it.
pub(super) struct Place {
    pub(super) room: Arc<RoomHandle>,
    /// A UUID.
    pub(super) id: String,
    /// Six characters.
    pub(super) code: String,
}

/// Gives a room its names, where it has none yet.
pub(super) async fn named(app: &App, room: Arc<RoomHandle>) -> Result<Place, HubError> {
    let id = || app.hub.signer.uuid("streamit-room", room.code().as_str());
    let id = app.hub.alias(room.code(), IDS, id).await?;
    let code = app.hub.alias(room.code(), NAME, new_code).await?;
    Ok(Place { room, id, code })
}

/// A room by its UUID, also one that is over.
pub(super) async fn by_id(app: &App, id: &str) -> Result<Option<Arc<RoomHandle>>, HubError> {
    app.hub.by_alias(IDS, id).await
}

/// A room by its code here, or its own; also one that is over.
pub(super) async fn by_code(app: &App, code: &str) -> Result<Option<Arc<RoomHandle>>, HubError> {
    let code = code.trim().to_ascii_uppercase();
    app.hub.find(NAME, &code).await
}

/// Somebody, as a room knows them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) is_host: bool,
    /// None for strangers, and for a host who never came.
    pub(super) standing: Option<Standing>,
    /// Where they are connected.
    seat: Option<SeatId>,
    /// Whether they may let people in.
    people: bool,
    /// The party is over.
    pub(super) over: bool,
}

impl Seen {
    /// Whether they may know of the room.
    pub(super) fn is_member(&self) -> bool {
        let known = matches!(self.standing, Some(Standing::Admitted | Standing::Pending));
        known || self.is_host
    }

    /// In whose name the host changes the room: their own where they are connected, else the server's.
    pub(super) fn host(&self) -> Option<Actor> {
        let seat = self.seat.map_or(Actor::Server, Actor::Seat);
        self.is_host.then_some(seat)
    }

    /// As [`Seen::host`], for whoever may let people in.
    pub(super) fn moderator(&self) -> Option<Actor> {
        let seat = self.seat.filter(|_| self.people).map(Actor::Seat);
        seat.or_else(|| self.host())
    }
}

/// The room's host, present or not; its owner where nobody has hosted it yet, or it is over.
fn is_host(room: &Room, owner: Option<&PersonId>, person: &PersonId) -> bool {
    match room.host() {
        Some(host) => host.person == *person,
        None => owner == Some(person),
    }
}

pub(super) async fn look(room: &RoomHandle, person: &PersonId) -> Result<Seen, HubError> {
    let (person, owner) = (person.clone(), room.owner());
    room.read(move |room| {
        let member = room.known(&person);
        let seats = member.map(|member| member.seats.as_slice());
        Seen {
            is_host: is_host(room, owner.as_ref(), &person),
            standing: member.map(|member| member.standing),
            seat: seats.and_then(|seats| seats.first()).map(|seat| seat.id),
            people: member.is_some_and(|member| room.rights(member.id).people),
            over: room.life().is_terminal(),
        }
    })
    .await
}

/// A room by its UUID, for its host, and in whose name they change it.
///
/// # Errors
/// `missing` where there is none, 403 in these words for everybody else.
async fn hosted(
    app: &App,
    user: &User,
    id: &str,
    missing: fn() -> Refused,
    only: &str,
) -> Result<(Arc<RoomHandle>, Actor), Refused> {
    let room = by_id(app, id).await?.ok_or_else(missing)?;
    let actor = look(&room, &user.person).await?.host();
    let actor = actor.ok_or_else(|| Refused::new(403, only))?;
    Ok((room, actor))
}

/// What the format calls where in its life a room is: it lives from its host's first coming on.
pub(super) fn state(room: &Room) -> &'static str {
    match room.life() {
        Life::Created => "CREATED",
        Life::Live if room.host().is_none() => "CREATED",
        Life::Live => "LIVE",
        Life::Grace { .. } => "GRACE",
        Life::Expired { .. } => "EXPIRED",
        Life::Ended { .. } => "DELETED",
    }
}

/// An instant to microseconds, with its offset.
pub(super) fn iso(at: ServerTime) -> String {
    let utc = Civil::of(at).rfc3339();
    format!("{}000+00:00", utc.trim_end_matches('Z'))
}

/// Provider and id of what is on, where it is of a provider that this dialect's page may know.
pub(super) fn source_of(room: &Room) -> Option<(&'static str, String)> {
    let media = room.current().map(|item| &item.media)?;
    let (name, id) = media.key.split_once(':')?;
    let known = provider(name).filter(|_| media.kind == SourceKind::Embed)?;
    // An episode or a live channel has no id that its page could do anything with.
    known.is_id(id).then(|| (known.name(), id.to_owned()))
}

/// What a person is called outside of any room.
async fn name_of(app: &App, person: &PersonId) -> Result<String, Refused> {
    let store = &app.hub.store;
    if let Some(account) = store.account_of_person(person).await? {
        return Ok(account.name);
    }
    let known = store.streamit_user(&id_of(app, person)).await?;
    Ok(known.map(|user| user.display_name).unwrap_or_default())
}

// ---- telling -------------------------------------------------------------------------

pub(super) async fn detail(
    State(app): State<App>,
    user: User,
    Path(code): Path<String>,
) -> Result<Json<Value>, Refused> {
    let room = by_code(&app, &code).await?.ok_or_else(Refused::no_room)?;
    let seen = look(&room, &user.person).await?;
    if !seen.is_member() {
        return Err(Refused::new(403, "Not a participant"));
    }
    let place = named(&app, room).await?;
    let told = place.room.read(|room| {
        let (policy, source) = (room.policy(), source_of(room));
        let (provider, video) = source.unwrap_or_default();
        let host = room
            .host()
            .map(|host| (host.person.clone(), host.name.clone()));
        let told = json!({
            "state": state(room), "is_active": !room.life().is_terminal(),
            "is_private": mode(policy.entry).is_some(), "entry_mode": mode(policy.entry),
            "is_chat_enabled": policy.chat.enabled, "video_provider": provider, "video_id": video,
            "created_at": iso(room.created_at()),
        });
        (told, host)
    });
    let (mut told, host) = told.await?;
    let host = match (host, place.room.owner()) {
        (Some(host), _) => Some(host),
        (None, Some(owner)) => {
            let name = name_of(&app, &owner).await?;
            Some((owner, name))
        }
        (None, None) => None,
    };
    let (person, name) = host.unzip();
    told["room_id"] = json!(place.id);
    told["code"] = json!(place.code);
    told["host"] = json!(name.unwrap_or_default());
    told["host_id"] = json!(person.map(|person| id_of(&app, &person)));
    told["is_host"] = json!(seen.is_host);
    Ok(Json(told))
}

/// A row of the list of participants.
struct Participant {
    member: Option<MemberId>,
    person: PersonId,
    name: String,
    pending: bool,
    host: bool,
}

pub(super) async fn participants(
    State(app): State<App>,
    user: User,
    asked: Asked,
) -> Result<Json<Value>, Refused> {
    let id = asked.text("room_id");
    if id.is_empty() {
        return Err(Refused::new(400, "room_id required"));
    }
    let only = "Only host can view participants";
    let (room, _) = hosted(&app, &user, id, Refused::not_found, only).await?;
    let own = user.person.clone();
    let mut list = room
        .read(move |room| {
            let rows = room.members().chain(room.former());
            let rows = rows.map(|member| Participant {
                member: Some(member.id),
                person: member.person.clone(),
                name: member.name.clone(),
                pending: member.standing == Standing::Pending,
                host: member.person == own,
            });
            rows.collect::<Vec<_>>()
        })
        .await?;
    if !list.iter().any(|row| row.host) {
        list.push(Participant {
            member: None,
            person: user.person.clone(),
            name: user.name.clone(),
            pending: false,
            host: true,
        });
    }
    list.sort_by_key(|row| (!row.host, row.member));
    let people: Vec<PersonId> = list.iter().map(|row| row.person.clone()).collect();
    let accounts = app.hub.store.with_account(&people).await?;
    let rows = list.into_iter().map(|row| {
        json!({
            "id": id_of(&app, &row.person), "display_name": row.name,
            "status": if row.pending { "PENDING" } else { "APPROVED" },
            "is_host": row.host, "is_guest": !accounts.contains(&row.person),
        })
    });
    Ok(Json(rows.collect()))
}

// ---- changing ------------------------------------------------------------------------

/// Puts a title on under the room as it plays: for the original, what is on has nothing to do with where it is.
pub(super) async fn source(
    State(app): State<App>,
    user: User,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let (id, name, video) = (
        body.text("room_id")?,
        body.text("provider")?,
        body.text("video_id")?,
    );
    if id.is_empty() || name.is_empty() || video.is_empty() {
        let message = "room_id, provider, and video_id required";
        return Err(Refused::new(400, message));
    }
    let only = "Only host can update room media";
    let (room, actor) = hosted(&app, &user, &id, Refused::not_found, only).await?;
    let Some(provider) = provider(&name) else {
        return Err(Refused::new(400, format!("Unknown provider: {name}")));
    };
    if !provider.is_id(&video) {
        return Err(Refused::new(400, "Invalid video_id"));
    }
    let now = app.hub.clock.now();
    let (position, play) = room
        .read(move |room| {
            let timeline = room.timeline();
            (timeline.position_at(now), timeline.playing)
        })
        .await?;
    let media = Media {
        kind: SourceKind::Embed,
        key: format!("{}:{video}", provider.name()),
        title: format!("{} {video}", provider.name()),
        duration: None,
    };
    let load = Command::Load {
        media,
        position,
        play,
    };
    room.call(actor, load).await?;
    Ok(Json(json!({
        "room_id": id, "video_provider": provider.name(), "video_id": video,
    })))
}

/// Turns the chat on or off.
pub(super) async fn chat(
    State(app): State<App>,
    user: User,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let id = body.text("room_id")?;
    let enabled = body.flag("enabled")?;
    let (false, Some(enabled)) = (id.is_empty(), enabled) else {
        return Err(Refused::new(400, "room_id and enabled required"));
    };
    let only = "Only host can change the chat";
    let (room, actor) = hosted(&app, &user, &id, Refused::no_room, only).await?;
    let mut chat = room.read(|room| room.policy().chat).await?;
    chat.enabled = enabled;
    let patch = PolicyPatch {
        chat: Some(chat),
        ..PolicyPatch::default()
    };
    room.call(actor, Command::SetPolicy { patch }).await?;
    Ok(Json(json!({"room_id": id, "is_chat_enabled": enabled})))
}

/// Ends the party. Saying so again is no mistake.
pub(super) async fn delete(
    State(app): State<App>,
    user: User,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let id = body.text("room_id")?;
    let only = "Only host can delete room";
    let (room, actor) = hosted(&app, &user, &id, Refused::no_room, only).await?;
    match room.call(actor, Command::End).await {
        Ok(_) | Err(CallError::Refused(Refusal::RoomOver)) => {}
        // Their socket went while they asked.
        Err(CallError::Refused(Refusal::UnknownSeat)) => {
            room.call(Actor::Server, Command::End).await?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Json(json!({"status": "room_deleted"})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_microseconds_and_an_offset() {
        assert_eq!(iso(ServerTime(0)), "1970-01-01T00:00:00.000000+00:00");
        assert_eq!(
            iso(ServerTime(951_827_696_789)),
            "2000-02-29T12:34:56.789000+00:00"
        );
    }
}
