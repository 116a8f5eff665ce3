//! The HTTP side: the pages, the list of files, staging, and the film that is on under an address that never changes.
//!
//! No answer holds a key, and none may be read by another site's page. Ranges and shares of the line are
//! `watchalong-media`'s, as for every other client.
use super::socket::{self, Visitor};
use super::{Asked, Staged};
use crate::delivery::Fetcher;
use crate::http::accept::Admission;
use crate::http::{App, own_origin, page};
use crate::hub::{HubError, RoomHandle};
use crate::limits::{self, ClientAddress};
use crate::{password, ws};
use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use watchalong_media::MediaId;
use watchalong_room::{Actor, Grant, SourceKind};

/// Names of what is on: any of these, and none, mean the same.
const CURRENT: [&str; 6] = [
    "current",
    "current.mp4",
    "current.mkv",
    "current.webm",
    "current.m4v",
    "current.mov",
];
/// Colours whose names say what they are; others get one that is made of the name.
const HEX: [(&str, &str); 8] = [
    ("red", "#e5484d"),
    ("orange", "#f76b15"),
    ("yellow", "#ffc53d"),
    ("green", "#30a46c"),
    ("blue", "#3e93de"),
    ("purple", "#8e4ec6"),
    ("pink", "#e93d82"),
    ("übel", "#7c8a00"),
];

/// Its routes, at the root of the port.
pub fn router(staged: &'static Staged) -> Router<App> {
    let mut router = Router::new()
        .route("/admin.html", get(control_page))
        .route("/api/media", get(media))
        .route("/api/files", get(media))
        .route("/api/staged", get(what_is_staged))
        .route("/api/stage", axum::routing::post(stage))
        .route("/api/colors", get(colors))
        .route("/healthz", get(async || Json(json!({"ok": true}))))
        .route("/media/{current}", axum::routing::any(current));
    for path in ["/watchparty", "/watchparty/", "/watchparty/index.html"] {
        router = router.route(path, get(viewer_page));
    }
    for path in [
        "/watchparty-admin",
        "/watchparty-admin/",
        "/watchparty-admin/index.html",
    ] {
        router = router.route(path, get(host_page));
    }
    router.layer(Extension(staged))
}

/// In the shape that pages of this dialect read.
struct Refused(StatusCode, String);

impl Refused {
    fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self(status, error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"ok": false, "error": self.1}))).into_response()
    }
}

impl From<HubError> for Refused {
    fn from(error: HubError) -> Self {
        let status = match &error {
            HubError::RoomNotFound => StatusCode::NOT_FOUND,
            HubError::Refused(_) => StatusCode::BAD_REQUEST,
            HubError::Store(_) | HubError::Closed => {
                tracing::warn!(%error, "staged");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Self::new(status, error.to_string())
    }
}

// ---- pages and sockets ---------------------------------------------------------------

/// For pages of others that lie where this format has its socket: an upgrade there is ours.
pub async fn sockets(
    State((app, staged)): State<(App, &'static Staged)>,
    request: Request,
    next: Next,
) -> Response {
    let here = matches!(request.uri().path(), "/" | "/admin" | "/admin/");
    if here && is_upgrade(request.headers()) {
        return open(app, staged, request).await;
    }
    next.run(request).await
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE);
    upgrade.is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

fn depth_of(uri: &Uri) -> usize {
    uri.path().matches('/').count().saturating_sub(1)
}

fn unauthorized() -> Response {
    (
        StatusCode::UNAUTHORIZED,
        Json(json!({"error": "unauthorized"})),
    )
        .into_response()
}

async fn viewer_page(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    request: Request,
) -> Response {
    if is_upgrade(request.headers()) {
        return open(app, staged, request).await;
    }
    let uri = request.uri();
    if !staged.lets_in(Asked::of(uri).key()) {
        return unauthorized();
    }
    page::html("watchparty.html", depth_of(uri), request.headers().clone()).await
}

/// The control page, for whoever has the key already.
async fn host_page(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    ClientAddress(address): ClientAddress,
    request: Request,
) -> Response {
    if is_upgrade(request.headers()) {
        return open(app, staged, request).await;
    }
    let asked = Asked::of(request.uri());
    let guesses = &app.limits.guess;
    let right =
        guesses.take(address.into()).is_ok() && staged.is_admin(asked.key().unwrap_or_default());
    if !right {
        return unauthorized();
    }
    guesses.give_back(&[address.into()]);
    let depth = depth_of(request.uri());
    page::html("watchparty-admin.html", depth, request.headers().clone()).await
}

async fn control_page(headers: HeaderMap) -> Response {
    page::html("watchparty-admin.html", 0, headers).await
}

async fn open(app: App, staged: &'static Staged, mut request: Request) -> Response {
    if !own_origin(request.headers(), &app.config) {
        let message = "This page may not connect here.";
        return Refused::new(StatusCode::FORBIDDEN, message).into_response();
    }
    let address = limits::of_request(request.extensions(), request.headers(), &app.config);
    let asked = Asked::of(request.uri());
    let path = request.uri().path();
    let (by_hosts_door, is_page) = (
        path.starts_with("/admin") || path.starts_with("/watchparty-admin"),
        path.starts_with("/watchparty"),
    );
    let (response, socket) = match ws::accept(&mut request) {
        Ok(accepted) => accepted,
        Err(error) => {
            return Refused::new(StatusCode::UPGRADE_REQUIRED, error.to_string()).into_response();
        }
    };
    let room = match staged.room(&app, &asked).await {
        Ok(room) => Some(room),
        Err(HubError::RoomNotFound) => None,
        Err(error) => return Refused::from(error).into_response(),
    };
    // A key is counted as a guess until it proves right.
    let guesses = &app.limits.guess;
    let counted = asked.key().is_none() || guesses.take(address.into()).is_ok();
    let key = asked.key().filter(|_| counted);
    let of_room = |key: &str| {
        let other = asked.room.is_some();
        other && room.as_ref().is_some_and(|room| room.is_host_key(key))
    };
    let lets_in = if by_hosts_door {
        key.is_some_and(|key| staged.is_admin(key) || of_room(key))
    } else {
        counted && staged.lets_in(key)
    };
    if lets_in && asked.key().is_some() {
        guesses.give_back(&[address.into()]);
    }
    let grant = match (&asked.password, &room) {
        _ if by_hosts_door => Grant::Host,
        (Some(given), Some(room)) => password_of(&app, room, given, address).await,
        _ => Grant::None,
    };
    let admission = request.extensions().get::<Admission>().cloned();
    let visitor = Visitor {
        address,
        grant,
        is_page,
    };
    tokio::spawn(async move {
        let _counted = admission;
        let Some(socket) = socket.await else { return };
        match room {
            Some(room) if lets_in => socket::connect(app, staged, room, visitor, socket).await,
            Some(_) => socket::refuse(socket, "unauthorized").await,
            None => socket::refuse(socket, "no such room").await,
        }
    });
    response
}

/// What a password proves. A wrong one is a guess, of which an address has few.
async fn password_of(app: &App, room: &RoomHandle, given: &str, address: IpAddr) -> Grant {
    let Some(hash) = room.password_hash() else {
        return Grant::None;
    };
    let guesses = &app.limits.guess;
    if given.is_empty() || guesses.take(address.into()).is_err() {
        return Grant::None;
    }
    match password::is_right(given.to_owned(), Some(hash)).await {
        Ok(true) => {
            guesses.give_back(&[address.into()]);
            Grant::Password
        }
        _ => Grant::WrongPassword,
    }
}

// ---- files ---------------------------------------------------------------------------

async fn media(Extension(staged): Extension<&'static Staged>, uri: Uri) -> Json<Vec<String>> {
    let path = Asked::of(&uri).path.unwrap_or_default();
    // The whole library is looked through.
    let list = tokio::task::spawn_blocking(move || staged.list(&path)).await;
    Json(list.unwrap_or_default())
}

async fn what_is_staged(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    uri: Uri,
) -> Result<Json<Value>, Refused> {
    let asked = Asked::of(&uri);
    let room = staged.room(&app, &asked).await?;
    let look = room.read(move |room| (staged.staged(room), room.timeline().at.0));
    let (on, at) = look.await?;
    let mut answer = match on {
        Some((path, etag)) => json!({"path": path, "etag": etag, "updatedAt": at}),
        None => json!({}),
    };
    // The room's own code, by which other clients enter: for whoever stages.
    if asked.key().is_some_and(|key| staged.is_admin(key)) {
        answer["room"] = json!(room.code().as_str());
    }
    Ok(Json(answer))
}

async fn stage(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refused> {
    let body = body.map_err(|error| Refused::new(error.status(), error.body_text()))?;
    let Ok(Value::Object(body)) = serde_json::from_slice(&body) else {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "This body is no JSON object.",
        ));
    };
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let guesses = &app.limits.guess;
    let key = text("key").filter(|_| guesses.take(address.into()).is_ok());
    if !key.is_some_and(|key| staged.is_admin(key)) {
        let message = "Only the server's admin key may stage a file.";
        return Err(Refused::new(StatusCode::FORBIDDEN, message));
    }
    guesses.give_back(&[address.into()]);
    let path = text("path")
        .ok_or_else(|| Refused::new(StatusCode::BAD_REQUEST, "A path is needed, as a text."))?;
    let room = staged.room(&app, &Asked::of(&uri)).await?;
    let etag = staged.stage(&room, Actor::Server, path).await;
    let etag = etag.map_err(|error| Refused::new(error.status(), error.to_string()))?;
    Ok(Json(json!({"ok": true, "etag": etag})))
}

/// A colour for a name that nobody knows: the same for the same name, and light enough to be read on black.
fn made_hex(name: &str) -> String {
    let sum = name.bytes().fold(7_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    let part = |shift: u32| 0x60 + (sum >> shift) % 0x90;
    format!("#{:02x}{:02x}{:02x}", part(0), part(7), part(14))
}

async fn colors(Extension(staged): Extension<&'static Staged>) -> Json<Value> {
    let palette = staged.desk.palette();
    let hex = |name: &String| {
        let known = HEX.iter().find(|(known, _)| known == name);
        let hex = known.map_or_else(|| made_hex(name), |(_, hex)| (*hex).to_owned());
        (name.clone(), json!(hex))
    };
    let hex: serde_json::Map<String, Value> = palette.iter().map(hex).collect();
    Json(json!({"palette": palette, "hex": hex}))
}

// ---- the film ------------------------------------------------------------------------

async fn current(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    ClientAddress(address): ClientAddress,
    Path(name): Path<String>,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let nothing = || Refused::new(StatusCode::NOT_FOUND, "Nothing is staged.");
    if !CURRENT.contains(&name.as_str()) {
        return Err(Refused::new(
            StatusCode::NOT_FOUND,
            "There is nothing at this address.",
        ));
    }
    let asked = Asked::of(&uri);
    let room = staged.room(&app, &asked).await?;
    let table = staged.desk.table(room.code());
    let guid = asked.guid.as_deref().unwrap_or_default();
    let is_here = table.is_some_and(|table| table.knows(guid));
    if !is_here && !staged.lets_in(asked.key()) {
        return Err(Refused::new(StatusCode::UNAUTHORIZED, "unauthorized"));
    }
    // Of the room's task, in order: whoever was told of a load gets what was loaded.
    let on = room.read(|room| room.current().map(|item| item.media.clone()));
    let media = on.await?.ok_or_else(nothing)?;
    if media.kind == SourceKind::Url {
        return Ok(Redirect::temporary(&media.key).into_response());
    }
    let id: MediaId = media.key.parse().map_err(|_| nothing())?;
    let shelf = &app.shelf;
    let opened = match media.kind {
        SourceKind::Library => shelf.library.open_media(&id).await,
        SourceKind::Upload => shelf.uploads.open_media(&id).await,
        _ => return Err(nothing()),
    };
    let file = opened.map_err(|error| Refused::new(error.status(), error.to_string()))?;
    let file = file.with_head(&shelf.heads);
    let mut response = file.answer(&method, &headers);
    let headers = response.headers_mut();
    // The address stays and the film changes: nobody on the way may keep it.
    let cache = HeaderValue::from_static("private, max-age=0, must-revalidate, no-transform");
    if headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, cache);
    }
    if response.body().is_end_stream() {
        return Ok(response.map(Body::new));
    }
    let duration = shelf.medium(&media).and_then(|medium| medium.duration);
    let duration = duration.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let content = file.content(duration);
    let (signer, clock) = (&app.hub.signer, app.hub.clock.clone());
    let code = room.code().clone();
    let fetcher = Fetcher::new(room, "", id.to_string(), signer, clock);
    // A page that is here has a share of its own; who is not goes by their address.
    let viewer: Arc<str> = if is_here {
        format!("{code}/{guid}").into()
    } else {
        fetcher.name(address)
    };
    let share = shelf
        .uplink
        .stream(viewer, content, Some(Arc::new(fetcher)));
    let share = share.ok_or_else(|| {
        let message = "You are fetching this too many times at once.";
        Refused::new(StatusCode::TOO_MANY_REQUESTS, message)
    })?;
    Ok(response.map(|body| Body::new(body.through(share))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_colour_has_one() {
        for name in ["teal", "", "übergrün"] {
            let hex = made_hex(name);
            assert!(hex.len() == 7 && hex.starts_with('#'), "{name}: {hex}");
        }
        assert_eq!(made_hex("teal"), made_hex("teal"));
    }
}
