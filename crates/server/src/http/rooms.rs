//! Rooms: made, listed, looked at, ended.
use super::base::Base;
use super::{ApiError, App, Caller};
use crate::code::RoomCode;
use crate::dialects::native::{MediaInput, PolicyInput, life_name};
use crate::hub::{HubError, NewRoom, PublicView, RoomHandle};
use crate::limits::ClientAddress;
use crate::{password, secret};
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use watchalong_room::{Actor, Command, EntryPolicy, Policy, Visibility};

/// A room that nobody named.
const NAME: &str = "Watch party";
/// Rooms on a page of the directory.
const PAGE_SIZE: usize = 50;

/// A room to be made. Everything may be left out.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateRoom {
    /// Its name, at most 80 characters.
    name: Option<String>,
    /// What to watch first: a library id, or an object with a `kind`.
    media: Option<MediaInput>,
    /// Any part of a policy (docs/protocol.md, section 5).
    #[schema(value_type = Object)]
    policy: Option<PolicyInput>,
    /// A password to enter by.
    password: Option<String>,
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
    /// Seats the host. Keep it: the key is not shown again.
    host_url: String,
    /// The key in `host_url`.
    host_key: String,
    /// Path of the socket.
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
    }
}

/// Makes a room.
#[utoipa::path(post, path = "/api/v2/rooms", request_body = CreateRoom,
    responses((status = 201, body = RoomCreated), (status = 422, body = super::error::ErrorBody)))]
pub async fn create(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    address: ClientAddress,
    caller: Caller,
    headers: HeaderMap,
    body: Result<Json<CreateRoom>, JsonRejection>,
) -> Result<(StatusCode, Json<RoomCreated>), ApiError> {
    let Json(asked) = body?;
    app.limits
        .create
        .take_all(&caller.keys(address))
        .map_err(ApiError::too_many)?;
    let unprocessable = |code: &str, message: String| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    };
    let mut policy = Policy::default();
    if let Some(input) = &asked.policy {
        policy = input
            .over(&policy)
            .map_err(|message| unprocessable("bad_policy", message))?;
    }
    let password_hash = match asked.password.filter(|p| !p.is_empty()) {
        Some(password) => {
            policy.entry = EntryPolicy::Password;
            Some(password::hash(password).await?)
        }
        None if policy.entry == EntryPolicy::Password => {
            let message = "A room that is entered by password needs one. Give `password` too.";
            return Err(unprocessable("password_needed", message.to_owned()));
        }
        None => None,
    };
    let media = asked
        .media
        .map(|media| media.resolve(&app.shelf))
        .transpose()?;
    let name = asked
        .name
        .filter(|name| !name.trim().is_empty())
        .unwrap_or_else(|| NAME.to_owned());
    let created = app
        .hub
        .create(NewRoom {
            name,
            policy,
            media,
            password_hash,
        })
        .await?;
    let (room, base) = (
        created.room.view(),
        Base::of(&headers, peer.ip(), &app.config),
    );
    let invite = format!("r/{}", room.code);
    let answer = RoomCreated {
        code: room.code.to_string(),
        name: room.name.clone(),
        url: base.link(&invite),
        host_url: base.link(&format!("{invite}#host={}", created.host_key)),
        host_key: created.host_key,
        socket: format!("/api/v2/rooms/{}/socket", room.code),
    };
    Ok((StatusCode::CREATED, Json(answer)))
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
    /// Fullest first.
    rooms: Vec<RoomView>,
}

/// Lists public rooms.
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
    let found: Vec<_> = app
        .hub
        .public_rooms()
        .into_iter()
        .filter(|view| fits(view))
        .collect();
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

async fn find(app: &App, code: &str) -> Result<Arc<RoomHandle>, ApiError> {
    let code = RoomCode::parse(code).ok_or(HubError::RoomNotFound)?;
    Ok(app.hub.room(&code).await?.ok_or(HubError::RoomNotFound)?)
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

/// Ends a room, with its host key or the server's admin key as a bearer token.
#[utoipa::path(delete, path = "/api/v2/rooms/{code}", params(("code" = String, Path, description = "Its code")),
    responses((status = 202, description = "The room ends"), (status = 403, body = super::error::ErrorBody)))]
pub async fn end(
    State(app): State<App>,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let room = find(&app, &code).await?;
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok()?.strip_prefix("Bearer "));
    let admin = app.config.admin_key.as_deref();
    let allowed = bearer.is_some_and(|key| {
        room.is_host_key(key)
            || admin.is_some_and(|admin| secret::same(admin.as_bytes(), key.as_bytes()))
    });
    if !allowed {
        let message = "Only the room's host key or the server's admin key can end this room.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "not_allowed", message));
    }
    room.submit(Actor::Server, Command::End, None).await;
    Ok(StatusCode::ACCEPTED)
}
