//! Delivery of media and posters. Ranges, validators and turns are `watchalong-media`'s; here stands who may have what.
use super::{ApiError, App};
use crate::code::RoomCode;
use crate::delivery::{Fetcher, Lane, Outgoing, TooManyStreams};
use crate::hub::RoomHandle;
use crate::limits::client_address;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, Method, Response, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use watchalong_media::{MediaError, MediaFile, MediaId, Medium};
use watchalong_room::Fingerprint;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/media/{room}/{id}", get(file))
        .route("/media/{room}/{id}/fingerprint", get(fingerprint))
        .route("/api/v2/library/{id}/poster", get(poster))
}

pub(super) fn refused(error: &MediaError) -> ApiError {
    ApiError::new(error.status(), error.code(), error.to_string())
}

pub(super) fn media_id(text: &str) -> Result<MediaId, ApiError> {
    text.parse().map_err(|_| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "media_not_found",
            "There is no such medium.",
        )
    })
}

/// The room for which a medium was asked, where the link that it was asked by is good and the party goes on.
pub(super) async fn admitted(
    app: &App,
    room: &str,
    id: &MediaId,
    query: &str,
) -> Result<Arc<RoomHandle>, ApiError> {
    let forbidden =
        |code: &str, message: String| ApiError::new(StatusCode::FORBIDDEN, code, message);
    let link = app
        .shelf
        .signer
        .verify(id, query, SystemTime::now())
        .map_err(|error| forbidden(error.code(), error.to_string()))?;
    let invalid = || {
        forbidden(
            "media_link_invalid",
            "This link is for another room.".to_owned(),
        )
    };
    let code = RoomCode::parse(room)
        .filter(|code| code.as_str() == link.room)
        .ok_or_else(invalid)?;
    let over = || ApiError::new(StatusCode::GONE, "room_over", "This party is over.");
    let room = app.hub.room(&code).await?.ok_or_else(over)?;
    if room.view().life.is_terminal() {
        return Err(over());
    }
    Ok(room)
}

/// A medium's file, and what is known of it.
pub(super) async fn opened(
    app: &App,
    id: &MediaId,
) -> Result<(MediaFile, Option<Arc<Medium>>), ApiError> {
    let shelf = &app.shelf;
    let brought = shelf.uploads.get(id).map(|upload| upload.medium);
    let opened = if brought.is_some() {
        shelf.uploads.open_media(id).await
    } else {
        shelf.library.open_media(id).await
    };
    let file = opened.map_err(|error| refused(&error))?;
    Ok((file, brought.or_else(|| shelf.library.get(id))))
}

pub(super) fn too_many_streams() -> ApiError {
    let message =
        "You are fetching this too many times at once. Close other windows of this party.";
    // A player that is closed lets go within moments.
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", message)
        .after(Duration::from_secs(2))
}

async fn file(
    State(app): State<App>,
    Path((room, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    lane: Lane,
    method: Method,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let (id, query) = (media_id(&id)?, query.unwrap_or_default());
    let room = admitted(&app, &room, &id, &query).await?;
    let (file, medium) = opened(&app, &id).await?;
    let file = file.with_head(&app.shelf.heads);
    let response = file.answer(&method, &headers);
    let (signer, clock) = (&app.hub.signer, app.hub.clock.clone());
    let fetcher = Fetcher::new(room, &query, id.to_string(), signer, clock);
    let outgoing = Outgoing {
        file: &file,
        duration: medium.and_then(|medium| medium.duration),
        viewer: fetcher.name(client_address(peer.ip(), &headers, &app.config)),
        needs: Arc::new(fetcher),
        lane,
    };
    let sent = outgoing.send(&app.shelf, response);
    sent.map_err(|TooManyStreams| too_many_streams())
}

/// Which bytes a medium is, so that whoever has a copy of their own can tell whether it is the same.
#[derive(Debug, Serialize)]
struct FingerprintAnswer {
    fingerprint: Fingerprint,
}

async fn fingerprint(
    State(app): State<App>,
    Path((room, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Json<FingerprintAnswer>, ApiError> {
    let id = media_id(&id)?;
    admitted(&app, &room, &id, &query.unwrap_or_default()).await?;
    let (file, _) = opened(&app, &id).await?;
    let hash = file.sampled_hash().await.map_err(|error| refused(&error))?;
    let fingerprint = Fingerprint::new(file.size(), Some(hash)).ok_or_else(|| {
        refused(&MediaError::Unreadable {
            reason: "it is empty".to_owned(),
        })
    })?;
    Ok(Json(FingerprintAnswer { fingerprint }))
}

async fn poster(
    State(app): State<App>,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let id = media_id(&id)?;
    let poster = app
        .shelf
        .library
        .poster(&id)
        .await
        .map_err(|error| refused(&error))?;
    let none = || {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "no_poster",
            "There is no picture of this medium.",
        )
    };
    Ok(poster
        .ok_or_else(none)?
        .answer(&method, &headers)
        .map(Body::new))
}
