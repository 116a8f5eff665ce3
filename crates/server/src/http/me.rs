//! What stays of somebody's evenings: where they stopped, the parties they were at, with whom, and their own rooms.
use super::{ApiError, App, Identity};
use crate::code::RoomCode;
use crate::hub::kind_name;
use crate::store::{Listed, Party, Progress, ProgressStep};
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use watchalong_room::{Media, PersonId, Position, Room, SourceKind};

/// Items where the client does not say, and at most.
const ITEMS: (i64, i64) = (20, 200);
/// Parties on a page.
const PARTIES: i64 = 30;
/// People where the client does not say, and at most.
const PEOPLE: (i64, i64) = (50, 500);

/// A medium that somebody watched.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WatchedMedia {
    /// Its key.
    key: String,
    /// Its title.
    title: String,
    /// `library`, `url`, ...
    kind: String,
}

/// A room in which something was watched.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WatchedIn {
    /// Its code.
    code: String,
    /// Its name.
    name: String,
    /// Whether the party can be entered still.
    live: bool,
}

/// How far somebody came with a medium.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProgressItem {
    /// What.
    media: WatchedMedia,
    /// Address of a picture, relative to the page's base; may answer 404.
    poster: Option<String>,
    /// Seconds.
    position: f64,
    /// Its length in seconds, where known.
    duration: Option<f64>,
    /// Seen to its end: 95 %, or less than two minutes left of twenty or more.
    completed: bool,
    /// When, in ms.
    at: i64,
    /// Where, in a room.
    room: Option<WatchedIn>,
}

fn poster(kind: &str, key: &str) -> Option<String> {
    (kind == "library").then(|| format!("api/v2/library/{key}/poster"))
}

pub(super) fn item(listed: Listed) -> ProgressItem {
    let Listed {
        progress,
        room_name,
        live,
    } = listed;
    ProgressItem {
        poster: poster(&progress.kind, &progress.media),
        media: WatchedMedia {
            key: progress.media,
            title: progress.title,
            kind: progress.kind,
        },
        position: progress.position,
        duration: progress.duration,
        completed: progress.completed,
        at: progress.at.0,
        room: room_name.map(|name| WatchedIn {
            code: progress.room,
            name,
            live,
        }),
    }
}

/// Which progress.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// How many at most, 1 to 200.
    limit: Option<i64>,
    /// With what was seen to its end.
    #[serde(default)]
    completed: bool,
}

/// What somebody can go on with.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProgressList {
    /// Newest first, each medium once.
    items: Vec<ProgressItem>,
}

/// Lists what one can go on with.
#[utoipa::path(get, path = "/api/v2/me/progress", params(Which),
    responses((status = 200, body = ProgressList), (status = 401, body = super::error::ErrorBody)))]
pub async fn progress(
    State(app): State<App>,
    identity: Identity,
    query: Result<Query<Which>, QueryRejection>,
) -> Result<Json<ProgressList>, ApiError> {
    let Query(which) = query?;
    let limit = which.limit.unwrap_or(ITEMS.0).clamp(1, ITEMS.1);
    let store = &app.hub.store;
    let listed = store
        .progress(&identity.person, which.completed, limit)
        .await?;
    Ok(Json(ProgressList {
        items: listed.into_iter().map(item).collect(),
    }))
}

/// Where somebody is in a medium.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct PutProgress {
    /// The medium's key.
    media: String,
    /// The room it is watched in.
    room: Option<String>,
    /// Seconds.
    position: f64,
    /// Its length in seconds, where known.
    duration: Option<f64>,
    /// Seen to its end; follows from the position where it is left out.
    completed: Option<bool>,
    /// Went there on purpose: an earlier position counts.
    #[serde(default)]
    seeked: bool,
}

fn unprocessable(code: &str, message: &str) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
}

/// Notes where one is in a medium; the answer is what is stored then.
#[utoipa::path(put, path = "/api/v2/me/progress", request_body = PutProgress,
    responses((status = 200, body = ProgressItem), (status = 422, body = super::error::ErrorBody)))]
pub async fn put_progress(
    State(app): State<App>,
    identity: Identity,
    body: Result<Json<PutProgress>, JsonRejection>,
) -> Result<Json<ProgressItem>, ApiError> {
    let Json(asked) = body?;
    let seconds = |value: f64| {
        Position::new(value).ok_or_else(|| {
            unprocessable(
                "bad_position",
                "A position is a number of seconds from 0 to 30 days.",
            )
        })
    };
    let told = asked.duration.map(seconds).transpose()?;
    let mut position = seconds(asked.position)?.seconds();
    let seen = match &asked.room {
        Some(code) => Some(in_room(&app, &identity.person, code, &asked.media).await?),
        None => None,
    };
    let (room, media, played) = match seen {
        Some((code, media, played)) => (code.to_string(), media, played),
        None => (String::new(), None, None),
    };
    let media = media
        .or_else(|| app.shelf.from_library(&asked.media).ok())
        .or_else(|| app.shelf.from_address(&asked.media, None).ok())
        .ok_or_else(|| unprocessable("unknown_media", "There is no such medium. Give its key."))?;
    let duration = media.duration.or(told).map(|d| d.seconds());
    for bound in [duration, played].into_iter().flatten() {
        position = position.min(bound);
    }
    let progress = Progress {
        person: identity.person,
        room,
        kind: kind_name(media.kind).to_owned(),
        media: media.key,
        title: media.title,
        position,
        duration,
        completed: asked
            .completed
            .unwrap_or_else(|| Progress::is_completed(position, duration)),
        at: app.hub.clock.now(),
    };
    let seeked = asked.seeked;
    let step = ProgressStep { progress, seeked };
    Ok(Json(item(app.hub.store.put_progress(step).await?)))
}

/// A room that somebody says they watched in: the medium where it is on there, and how far it has been played.
async fn in_room(
    app: &App,
    person: &PersonId,
    code: &str,
    key: &str,
) -> Result<(RoomCode, Option<Media>, Option<f64>), ApiError> {
    let stranger = || unprocessable("unknown_room", "You were not at a party with this code.");
    let code = RoomCode::parse(code).ok_or_else(stranger)?;
    let Some(room) = app.hub.room(&code).await? else {
        // Over and gone; who was there may still say how far they came.
        let party = app.hub.store.party(person, &code).await?;
        let media = party.ok_or_else(stranger)?.media.filter(|m| m.key == key);
        return Ok((code, media, None));
    };
    let (who, key, now) = (person.clone(), key.to_owned(), app.hub.clock.now());
    let look = move |room: &Room| {
        let here = room.members().any(|member| member.person == who);
        let current = room.current().map(|item| &item.media);
        let media = current.filter(|media| media.key == key).cloned();
        let played = room.timeline().position_at(now).seconds();
        (here, media.as_ref().map(|_| played), media)
    };
    let (here, played, media) = room.read(look).await?;
    if !here && app.hub.store.party(person, &code).await?.is_none() {
        return Err(stranger());
    }
    Ok((code, media, played))
}

/// Forgets how far one came with a medium.
#[utoipa::path(delete, path = "/api/v2/me/progress/{key}", params(("key" = String, Path, description = "The medium's key")),
    responses((status = 204, description = "Forgotten")))]
pub async fn forget_progress(
    State(app): State<App>,
    identity: Identity,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let store = &app.hub.store;
    store.forget_progress(&identity.person, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Page, from 0.
    #[serde(default)]
    page: u32,
}

/// What was on last at a party.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LastMedia {
    /// Its key.
    key: String,
    /// Its title.
    title: String,
    /// Where it stood, in seconds.
    position: f64,
    /// Its length in seconds, where known.
    duration: Option<f64>,
}

/// A party that somebody was at.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PartyView {
    /// Its room's code.
    code: String,
    /// Its name.
    name: String,
    /// What one was there: `host`, `co_host` or `viewer`.
    role: String,
    /// When it began, in ms.
    started_at: i64,
    /// When it ended, in ms; null while it can go on.
    ended_at: Option<i64>,
    /// Whether it can be entered still.
    live: bool,
    /// How long something played for somebody, in ms.
    duration: i64,
    /// Most people at a time.
    peak: u32,
    /// Messages said.
    messages: u64,
    /// Reactions.
    reactions: u64,
    /// Reactions in a minute of watching.
    reactions_per_minute: f64,
    /// Titles of what was played.
    media: Vec<String>,
    /// What was on last.
    last: Option<LastMedia>,
    /// Address of a picture, relative to the page's base; may answer 404.
    poster: Option<String>,
    /// Names of the others, as last shown; the first fifty who came.
    people: Vec<String>,
}

pub(super) fn party_view(party: Party) -> PartyView {
    let minutes = party.watched as f64 / 60_000.0;
    let per_minute = if minutes > 0.0 {
        (party.reactions as f64 / minutes * 100.0).round() / 100.0
    } else {
        0.0
    };
    let library = |media: &&Media| media.kind == SourceKind::Library;
    PartyView {
        live: party.ended_at.is_none(),
        code: party.code,
        name: party.name,
        role: party.role,
        started_at: party.started_at.0,
        ended_at: party.ended_at.map(|at| at.0),
        duration: party.watched,
        peak: party.peak,
        messages: party.messages,
        reactions: party.reactions,
        reactions_per_minute: per_minute,
        media: party.titles,
        poster: party
            .media
            .as_ref()
            .filter(library)
            .and_then(|media| poster("library", &media.key)),
        last: party.media.map(|media| LastMedia {
            key: media.key,
            title: media.title,
            position: party.position,
            duration: media.duration.map(|duration| duration.seconds()),
        }),
        people: party.people,
    }
}

/// A page of the parties that somebody was at.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PartyPage {
    /// How many in all.
    total: i64,
    /// Newest first.
    parties: Vec<PartyView>,
}

/// Lists the parties that one was at.
#[utoipa::path(get, path = "/api/v2/me/parties", params(Page), responses((status = 200, body = PartyPage)))]
pub async fn parties(
    State(app): State<App>,
    identity: Identity,
    query: Result<Query<Page>, QueryRejection>,
) -> Result<Json<PartyPage>, ApiError> {
    let Query(Page { page }) = query?;
    let skip = i64::from(page) * PARTIES;
    let store = &app.hub.store;
    let (total, parties) = store.parties(&identity.person, skip, PARTIES).await?;
    Ok(Json(PartyPage {
        total,
        parties: parties.into_iter().map(party_view).collect(),
    }))
}

/// How many people.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HowMany {
    /// At most, 1 to 500.
    limit: Option<i64>,
}

/// Somebody with whom one has watched.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PersonView {
    /// As last shown.
    name: String,
    /// Parties together.
    parties: u32,
    /// When the last of them was, in ms.
    last_at: i64,
}

/// People with whom one has watched.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PeopleList {
    /// The latest first.
    people: Vec<PersonView>,
}

/// Lists the people with whom one has watched.
#[utoipa::path(get, path = "/api/v2/me/people", params(HowMany), responses((status = 200, body = PeopleList)))]
pub async fn people(
    State(app): State<App>,
    identity: Identity,
    query: Result<Query<HowMany>, QueryRejection>,
) -> Result<Json<PeopleList>, ApiError> {
    let Query(HowMany { limit }) = query?;
    let limit = limit.unwrap_or(PEOPLE.0).clamp(1, PEOPLE.1);
    let store = &app.hub.store;
    let found = store.companions(&identity.person, limit).await?;
    let people = found.into_iter().map(|of| PersonView {
        name: of.name,
        parties: of.parties,
        last_at: of.last_at.0,
    });
    Ok(Json(PeopleList {
        people: people.collect(),
    }))
}

/// A room of one's own.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OwnRoom {
    /// Its code.
    code: String,
    /// Its name.
    name: String,
    /// Whether somebody is there.
    live: bool,
    /// People present.
    viewers: u32,
    /// When it begins by itself, in ms.
    schedule: Option<i64>,
}

/// Rooms of one's own.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OwnRooms {
    /// Newest first.
    rooms: Vec<OwnRoom>,
}

/// Lists the rooms that one made and that are not over.
#[utoipa::path(get, path = "/api/v2/me/rooms", responses((status = 200, body = OwnRooms)))]
pub async fn rooms(State(app): State<App>, identity: Identity) -> Result<Json<OwnRooms>, ApiError> {
    let mut rooms = Vec::new();
    for code in app.hub.store.rooms_of(&identity.person).await? {
        let Some(room) = app.hub.room(&code).await? else {
            continue;
        };
        let view = room.view();
        if view.life.is_terminal() {
            continue;
        }
        rooms.push(OwnRoom {
            code: code.to_string(),
            name: view.name.clone(),
            live: view.viewers > 0,
            viewers: view.viewers,
            schedule: view.schedule.map(|at| at.0),
        });
    }
    Ok(Json(OwnRooms { rooms }))
}

/// Forgets one's progress and at which parties one was.
#[utoipa::path(delete, path = "/api/v2/me/history", responses((status = 204, description = "Forgotten")))]
pub async fn forget_history(
    State(app): State<App>,
    identity: Identity,
) -> Result<StatusCode, ApiError> {
    app.hub.store.forget_history(&identity.person).await?;
    Ok(StatusCode::NO_CONTENT)
}
