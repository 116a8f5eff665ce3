//! Delivery of media and posters. Ranges, validators and turns are `watchalong-media`'s; here stands who may have what.
use super::{ApiError, App};
use crate::code::RoomCode;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method, Response, StatusCode};
use axum::routing::get;
use std::time::SystemTime;
use watchalong_media::{MediaError, MediaId};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/media/{room}/{id}", get(file))
        .route("/api/v2/library/{id}/poster", get(poster))
}

fn refused(error: &MediaError) -> ApiError {
    ApiError::new(error.status(), error.code(), error.to_string())
}

fn media_id(text: &str) -> Result<MediaId, ApiError> {
    text.parse().map_err(|_| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "media_not_found",
            "There is no such medium.",
        )
    })
}

async fn file(
    State(app): State<App>,
    Path((room, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let id = media_id(&id)?;
    let forbidden =
        |code: &str, message: String| ApiError::new(StatusCode::FORBIDDEN, code, message);
    let link = app
        .shelf
        .signer
        .verify(&id, query.as_deref().unwrap_or_default(), SystemTime::now())
        .map_err(|error| forbidden(error.code(), error.to_string()))?;
    let invalid = || {
        forbidden(
            "media_link_invalid",
            "This link is for another room.".to_owned(),
        )
    };
    let code = RoomCode::parse(&room)
        .filter(|code| code.as_str() == link.room)
        .ok_or_else(invalid)?;
    let live = app
        .hub
        .room(&code)
        .await?
        .is_some_and(|room| !room.view().life.is_terminal());
    if !live {
        return Err(ApiError::new(
            StatusCode::GONE,
            "room_over",
            "This party is over.",
        ));
    }
    let file = app
        .shelf
        .library
        .open_media(&id)
        .await
        .map_err(|error| refused(&error))?;
    Ok(file.answer(&method, &headers).map(Body::new))
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
