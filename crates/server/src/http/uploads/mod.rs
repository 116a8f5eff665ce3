//! Files that members bring: tus 1.0 for the page, a plain form for everything else, and what has become of them.
//!
//! Who may change the queue of a room may bring a film for it. An upload's address carries a token of its own: its id
//! is known to everybody in the room, and an id must not be enough to overwrite or remove. What is taken and kept is
//! `watchalong-media`'s.
mod form;
mod tus;

use super::asking::Asker;
use super::base::Base;
use super::identity::Caller;
use super::{ApiError, App};
use crate::code::RoomCode;
use crate::config::Keepers;
use axum::Json;
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use serde::Serialize;
use std::collections::HashMap;
use std::net::SocketAddr;
use watchalong_media::{MediaId, MediumState, UploadError, UploadView};
use watchalong_room::PersonId;

/// Who brings what comes with the host's or the admin's key alone.
const BY_KEY: &str = "key";

pub(super) fn router() -> Router<App> {
    Router::new()
        .route(
            "/api/v2/uploads/{token}",
            get(status)
                .head(tus::offset)
                .patch(tus::append)
                .delete(tus::terminate)
                .options(tus::options),
        )
        .route("/api/v2/uploads/{token}/keep", post(keep))
        .route(
            "/api/v2/rooms/{code}/uploads",
            post(create).get(list).options(tus::options),
        )
        // A film is as long as the settings say, which is checked before a byte of it is read.
        .layer(DefaultBodyLimit::disable())
}

/// An upload as it stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UploadStatus {
    /// Its id: put it on with `{"kind":"upload","key":ID}`.
    id: String,
    /// The file's name.
    name: String,
    /// A title for people.
    title: String,
    /// Bytes in all.
    size: u64,
    /// Bytes that have arrived.
    offset: u64,
    /// `arriving`, `watchable` (also while the rest arrives) or `broken`.
    state: &'static str,
    /// Why it is broken.
    problem: Option<String>,
    /// Seconds.
    duration: Option<f64>,
    /// When it is dropped unless more arrives: milliseconds since 1970.
    expires: Option<u64>,
    /// Who brought it, by their number in the room; null where they are gone.
    by: Option<u32>,
    /// In lists, where it goes on: for whoever brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// In lists, for whoever brought it: whether the server lets them keep it in its library.
    #[serde(skip_serializing_if = "Option::is_none")]
    may_keep: Option<bool>,
}

fn shown(view: &UploadView, by: Option<u32>) -> UploadStatus {
    UploadStatus {
        id: view.id.to_string(),
        name: view.name.clone(),
        title: view.medium.title.clone(),
        size: view.size,
        offset: view.offset,
        state: match view.medium.state {
            MediumState::Copying | MediumState::Pending => "arriving",
            MediumState::Ready => "watchable",
            MediumState::Broken => "broken",
        },
        problem: view.medium.problem.as_ref().map(|p| p.message.clone()),
        duration: view.medium.duration,
        expires: view.expires_ms,
        by,
        location: None,
        may_keep: None,
    }
}

fn refused(error: &UploadError) -> ApiError {
    if let UploadError::Disk(cause) = error {
        tracing::error!(%cause, "upload");
    }
    ApiError::new(error.status(), error.code(), error.to_string())
}

/// The room, and the person behind a request, where they may bring films to it.
async fn uploader(
    app: &App,
    caller: &Caller,
    code: &str,
) -> Result<(RoomCode, PersonId), ApiError> {
    let asker = Asker::of(app, caller, code).await?;
    let message = "Only members who may choose what is watched can bring films to this room.";
    asker.must(|rights| rights.queue, message)?;
    caller.count_upload(app)?;
    let person = caller.identity.as_ref().map(|of| of.person.clone());
    let person = person.unwrap_or_else(|| PersonId(BY_KEY.to_owned()));
    Ok((asker.room.code().clone(), person))
}

/// The upload that a token opens.
fn opened(app: &App, token: &str) -> Result<MediaId, ApiError> {
    app.hub
        .signer
        .upload_of(token)
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| refused(&UploadError::NotFound))
}

/// Where an upload goes on.
fn address(app: &App, base: &Base, id: &MediaId) -> String {
    base.link(&format!(
        "api/v2/uploads/{}",
        app.hub.signer.upload_token(&id.to_string())
    ))
}

fn may_keep(keepers: Keepers, caller: &Caller) -> bool {
    match keepers {
        Keepers::Nobody => false,
        Keepers::Admins => caller.is_admin(),
        Keepers::Accounts => caller.is_admin() || caller.account().is_some(),
        Keepers::Everyone => true,
    }
}

/// Begins an upload: by tus 1.0, or whole by a form.
async fn create(
    state: State<App>,
    caller: Caller,
    path: Path<String>,
    request: axum::extract::Request,
) -> Result<axum::response::Response, ApiError> {
    let form = request
        .headers()
        .get("content-type")
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("multipart/form-data"));
    if form {
        form::create(state, caller, path, request).await
    } else {
        tus::create(state, caller, path, request).await
    }
}

/// The uploads of a room, for its members.
async fn list(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<Json<Vec<UploadStatus>>, ApiError> {
    let asker = Asker::of(&app, &caller, &code).await?;
    asker.must(
        |_| true,
        "Only members of this room see what was brought to it.",
    )?;
    let room = &asker.room;
    let people = room
        .read(|room| {
            let numbers = room.members().map(|m| (m.person.clone(), m.id.0));
            numbers.collect::<HashMap<_, _>>()
        })
        .await?;
    let base = Base::of(&headers, peer.ip(), &app.config);
    let me = caller.identity.as_ref().map_or(BY_KEY, |of| &of.person.0);
    let uploads = app.shelf.uploads.of_room(room.code().as_str());
    let shown = uploads.iter().map(|view| {
        let by = people.get(&PersonId(view.person.clone())).copied();
        let mut status = shown(view, by);
        if view.person == me {
            // Theirs to go on with on whatever device they are, to remove and to keep.
            status.location = Some(address(&app, &base, &view.id));
            status.may_keep = Some(may_keep(app.config.keep_uploads, &caller));
        }
        status
    });
    Ok(Json(shown.collect()))
}

/// How an upload stands, for whoever holds its address.
async fn status(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<Json<UploadStatus>, ApiError> {
    let id = opened(&app, &token)?;
    let view = app.shelf.uploads.get(&id);
    let view = view.ok_or_else(|| refused(&UploadError::NotFound))?;
    Ok(Json(shown(&view, None)))
}

/// Keeps an upload in the server's library, where the settings let this person.
async fn keep(
    State(app): State<App>,
    caller: Caller,
    Path(token): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = opened(&app, &token)?;
    if !may_keep(app.config.keep_uploads, &caller) {
        let message =
            "This server does not let you keep uploads in its library. Ask whoever runs it.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "not_allowed", message));
    }
    app.shelf
        .uploads
        .keep(&id, app.config.kept_folder())
        .await
        .map_err(|error| refused(&error))?;
    app.shelf.library.rescan();
    Ok(StatusCode::CREATED)
}
