//! The HTTP side: the pages, their sockets, the list of files, and staging. What is on is in `film`.
//!
//! No answer holds a key, and none may be read by another site's page.
use super::socket::{self, Visitor};
use super::{Asked, Staged, debug, film};
use crate::http::accept::Admission;
use crate::http::{App, own_origin, page};
use crate::hub::{HubError, RoomHandle};
use crate::limits::{self, ClientAddress};
use crate::{password, ws};
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::net::IpAddr;
use watchalong_room::{Actor, Grant};

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
        .route("/media/{current}", axum::routing::any(film::current))
        .route("/media/current.vtt", get(film::subtitles))
        .route("/media/current-subs.json", get(film::subtitle_list))
        .route("/media/current-audio.json", get(film::audio_list))
        .route("/media/sidecar/{number}", axum::routing::any(film::audio))
        .route("/api/debug/clients", get(debug::clients))
        .route("/api/debug/delivery", get(debug::delivery))
        .route("/api/debug/state", get(debug::state));
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
    let off_air = axum::middleware::from_fn_with_state(staged, unless_offline);
    router.layer(off_air).layer(Extension(staged))
}

/// Nothing is here while the operator says so.
async fn unless_offline(
    State(staged): State<&'static Staged>,
    request: Request,
    next: Next,
) -> Response {
    if staged.is_offline().await {
        return off_air();
    }
    next.run(request).await
}

fn off_air() -> Response {
    let message = "This party is off the air.";
    Refused::new(StatusCode::NOT_FOUND, message).into_response()
}

/// In the shape that pages of this dialect read.
pub(super) struct Refused(StatusCode, String);

impl Refused {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
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
        if staged.is_offline().await {
            return off_air();
        }
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
    match staged.room(&app, &asked).await {
        Ok(room) if socket::host_is_here(&room).await => {
            let message = "There is a host already.";
            return Refused::new(StatusCode::CONFLICT, message).into_response();
        }
        Ok(_) => {}
        Err(error) => return Refused::from(error).into_response(),
    }
    let depth = depth_of(request.uri());
    let headers = request.headers().clone();
    let page = page::html("watchparty-admin.html", depth, headers).await;
    debug::with_cookie(&app, page)
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
            Some(_) => socket::refuse(staged, socket, "unauthorized").await,
            None => socket::refuse(staged, socket, "no such room").await,
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
