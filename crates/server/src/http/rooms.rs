//! Rooms: made, listed, looked at, ended.
use super::asking::{Asker, find};
use super::base::Base;
use super::resume::{self, Resumed};
use super::{ApiError, App, Caller};
use crate::dialects::native::{MediaInput, PolicyInput, life_name};
use crate::hub::{NewRoom, PublicView};
use crate::limits::ClientAddress;
use crate::password;
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use watchalong_room::{
    Actor, Command, EntryPolicy, Policy, PolicyPatch, Position, ServerTime, Visibility,
};

/// A room that nobody named.
const NAME: &str = "Watch party";
/// Rooms on a page of the directory.
const PAGE_SIZE: usize = 50;

/// A room to be made. Everything may be left out.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateRoom {
    /// Its name, at most 200 characters.
    name: Option<String>,
    /// What to watch first: a library id, or an object with a `kind`.
    media: Option<MediaInput>,
    /// Any part of a policy (docs/protocol.md, section 5).
    #[schema(value_type = Object)]
    policy: Option<PolicyInput>,
    /// A password to enter by.
    password: Option<String>,
    /// When it begins by itself, in ms.
    schedule: Option<i64>,
    /// The code of a party that one was at: name, policy, medium and position are taken from it. One that is not over
    /// answers 200 with its own code.
    from: Option<String>,
}

/// A room just made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RoomCreated {
    /// Its code.
    code: String,
    /// Its name.
    name: String,
    /// The invite. With `?name=Ann` it seats a guest called Ann without a dialog.
    url: String,
    /// Seats the host. Keep it: the key is not shown again. Null where no room was made.
    host_url: Option<String>,
    /// The key in `host_url`.
    host_key: Option<String>,
    /// Address of the socket.
    socket: String,
}

/// What a stranger may know of a room.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RoomView {
    /// Its code.
    code: String,
    /// Its name; null where the room is private.
    name: Option<String>,
    /// `created`, `live`, `grace`, `expired` or `ended`.
    life: &'static str,
    /// `open`, `password`, `approval` or `invite`.
    #[schema(value_type = String)]
    entry: EntryPolicy,
    /// People present; null where the room is private.
    viewers: Option<u32>,
    /// What is on; null where nothing is, or the room is private.
    media: Option<MediaView>,
    /// When it begins by itself, in ms; null where it does not, or the room is private.
    schedule: Option<i64>,
}

/// What is on in a room.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MediaView {
    /// Its title.
    title: String,
    /// Address of a picture, relative to the page's base; may answer 404.
    poster: Option<String>,
}

fn view(of: &PublicView) -> RoomView {
    let told = of.visibility != Visibility::Private;
    let poster = of
        .media_key
        .as_ref()
        .map(|key| format!("api/v2/library/{key}/poster"));
    RoomView {
        code: of.code.to_string(),
        name: told.then(|| of.name.clone()),
        life: life_name(of.life),
        entry: of.entry,
        viewers: told.then_some(of.viewers),
        media: of
            .media
            .clone()
            .filter(|_| told)
            .map(|title| MediaView { title, poster }),
        schedule: of.schedule.filter(|_| told).map(|at| at.0),
    }
}

/// Makes a room.
#[utoipa::path(post, path = "/api/v2/rooms", request_body = CreateRoom,
    responses((status = 201, body = RoomCreated), (status = 200, body = RoomCreated, description = "The party of `from` is not over"), (status = 422, body = super::error::ErrorBody)))]
pub async fn create(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    address: ClientAddress,
    headers: HeaderMap,
    caller: Caller,
    body: Result<Json<CreateRoom>, JsonRejection>,
) -> Result<(StatusCode, Json<RoomCreated>), ApiError> {
    let Json(asked) = body?;
    app.limits
        .create
        .take_all(&caller.keys(address))
        .map_err(ApiError::too_many)?;
    let person = caller.identity.map(|identity| identity.person);
    let base = Base::of(&headers, peer.ip(), &app.config);
    let resumed = match &asked.from {
        Some(code) => Some(resume::party(&app, person.as_ref(), code).await?),
        None => None,
    };
    if let Some(Resumed::Live(room)) = resumed {
        return Ok((StatusCode::OK, Json(created(&room.view(), None, &base))));
    }
    let over = resumed.and_then(Resumed::over);
    let mut policy = over
        .as_ref()
        .map_or_else(Policy::default, |over| over.policy);
    let mut password_hash = over.as_ref().and_then(|over| over.password_hash.clone());
    if let Some(input) = &asked.policy {
        policy = input
            .over(&policy)
            .map_err(|message| unprocessable("bad_policy", message))?;
    }
    if let Some(password) = asked.password.filter(|p| !p.is_empty()) {
        policy.entry = EntryPolicy::Password;
        password_hash = Some(password::hash(password).await?);
    }
    if policy.entry == EntryPolicy::Password && password_hash.is_none() {
        let message = "A room that is entered by password needs one. Give `password` too.";
        return Err(unprocessable("password_needed", message.to_owned()));
    }
    let mut media = asked
        .media
        .map(|media| media.resolve(&app.shelf, None))
        .transpose()?;
    let (mut name, mut position) = (asked.name.filter(|n| !n.trim().is_empty()), Position::ZERO);
    if let Some(over) = over {
        name = name.or(Some(over.name));
        if media.is_none() {
            (media, position) = (over.media, over.position);
        }
    }
    let made = app
        .hub
        .create(NewRoom {
            name: name.unwrap_or_else(|| NAME.to_owned()),
            policy,
            media,
            position,
            password_hash,
            owner: person,
            schedule: asked.schedule.map(ServerTime),
        })
        .await?;
    let answer = created(&made.room.view(), Some(made.host_key), &base);
    Ok((StatusCode::CREATED, Json(answer)))
}

fn unprocessable(code: &str, message: String) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
}

fn created(room: &PublicView, host_key: Option<String>, base: &Base) -> RoomCreated {
    let invite = format!("r/{}", room.code);
    RoomCreated {
        code: room.code.to_string(),
        name: room.name.clone(),
        url: base.link(&invite),
        host_url: host_key
            .as_ref()
            .map(|key| base.link(&format!("{invite}#host={key}"))),
        host_key,
        socket: base.socket(&format!("api/v2/rooms/{}/socket", room.code)),
    }
}

/// Which rooms.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Directory {
    /// Part of a name or of what is on.
    #[serde(default)]
    q: String,
    /// Page, from 0.
    #[serde(default)]
    page: usize,
}

/// A page of the directory of public rooms.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RoomPage {
    /// How many match in all.
    total: usize,
    /// Fullest first; behind them those to come, the next first.
    rooms: Vec<RoomView>,
}

/// Lists public rooms: those in which somebody is, and those whose party is to begin.
#[utoipa::path(get, path = "/api/v2/rooms", params(Directory), responses((status = 200, body = RoomPage)))]
pub async fn list(
    State(app): State<App>,
    query: Result<Query<Directory>, QueryRejection>,
) -> Result<Json<RoomPage>, ApiError> {
    let Query(Directory { q, page }) = query?;
    let needle = q.to_lowercase();
    let fits = |view: &PublicView| {
        let title = view.media.as_deref().unwrap_or_default();
        view.name.to_lowercase().contains(&needle) || title.to_lowercase().contains(&needle)
    };
    let mut found = app.hub.public_rooms();
    found.extend(app.hub.announced_rooms().await?);
    found.retain(|view| fits(view));
    let rooms = found
        .iter()
        .skip(page.saturating_mul(PAGE_SIZE))
        .take(PAGE_SIZE)
        .map(|v| view(v))
        .collect();
    Ok(Json(RoomPage {
        total: found.len(),
        rooms,
    }))
}

/// Tells what a stranger may know of a room.
#[utoipa::path(get, path = "/api/v2/rooms/{code}", params(("code" = String, Path, description = "Its code")),
    responses((status = 200, body = RoomView), (status = 404, body = super::error::ErrorBody)))]
pub async fn show(
    State(app): State<App>,
    Path(code): Path<String>,
) -> Result<Json<RoomView>, ApiError> {
    Ok(Json(view(&find(&app, &code).await?.view())))
}

/// What changes of a room from outside.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct ChangeRoom {
    /// Another password to enter by, or null for none: then the room is open again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    password: Option<Option<String>>,
}

/// Tells null from nothing.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

/// Sets, changes or removes the password of a room, for its host. Who is in stays in.
#[utoipa::path(patch, path = "/api/v2/rooms/{code}", params(("code" = String, Path, description = "Its code")),
    request_body = ChangeRoom, responses((status = 200, body = RoomView), (status = 403, body = super::error::ErrorBody)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
    body: Result<Json<ChangeRoom>, JsonRejection>,
) -> Result<Json<RoomView>, ApiError> {
    let Json(asked) = body?;
    let asker = Asker::of(&app, &caller, &code).await?;
    asker.must(
        |rights| rights.host,
        "Only the host can change the password.",
    )?;
    let room = &asker.room;
    match asked.password {
        None => {}
        Some(Some(password)) if !password.is_empty() => {
            let hash = password::hash(password).await?;
            // First the password, then the door that asks for it; and the other way round below.
            app.hub.set_password(room, Some(hash)).await?;
            note_password(&asker, true).await?;
            enter_by(&asker, EntryPolicy::Password).await?;
        }
        Some(_) => {
            if room.view().entry == EntryPolicy::Password {
                enter_by(&asker, EntryPolicy::Open).await?;
            }
            let had = room.password_hash().is_some();
            app.hub.set_password(room, None).await?;
            if had {
                note_password(&asker, false).await?;
            }
        }
    }
    Ok(Json(view(&room.view())))
}

/// Tells the room's audit that there is another password, by whom, and never which.
async fn note_password(asker: &Asker, set: bool) -> Result<(), ApiError> {
    let by = asker.member.map(|member| member.id);
    let changed = Command::PasswordChanged { by, set };
    asker.room.call(Actor::Server, changed).await?;
    Ok(())
}

async fn enter_by(asker: &Asker, entry: EntryPolicy) -> Result<(), ApiError> {
    let patch = PolicyPatch {
        entry: Some(entry),
        ..PolicyPatch::default()
    };
    asker.call(Command::SetPolicy { patch }).await.map(drop)
}

/// Ends a room: for its host, its host key's holder, or an administrator.
#[utoipa::path(delete, path = "/api/v2/rooms/{code}", params(("code" = String, Path, description = "Its code")),
    responses((status = 202, description = "The room ends"), (status = 403, body = super::error::ErrorBody)))]
pub async fn end(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<StatusCode, ApiError> {
    let asker = Asker::of(&app, &caller, &code).await?;
    let message =
        "Only the room's host, its host key or the server's administrator can end this room.";
    asker.must(|rights| rights.host, message)?;
    asker.call(Command::End).await?;
    Ok(StatusCode::ACCEPTED)
}
