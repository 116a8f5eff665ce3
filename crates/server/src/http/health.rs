//! For supervisors: is the process alive, and can it serve.
use super::{ApiError, App, own_origin};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;

/// The state of the server.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// `ok`, or `unavailable` when the database does not answer.
    status: &'static str,
    /// Version of the server.
    version: &'static str,
    /// Whether OpenWatchParty's clients need a token.
    auth_enabled: bool,
    /// Rooms in memory.
    rooms: usize,
    /// Media in the library.
    media: usize,
}

fn state(app: &App, status: &'static str) -> Health {
    Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        auth_enabled: app.openwatchparty.is_some_and(|d| d.auth_enabled()),
        rooms: app.hub.live().len(),
        media: app.shelf.library.status().media,
    }
}

/// The process is alive.
#[utoipa::path(get, path = "/health", responses((status = 200, body = Health)))]
pub async fn health(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let readers = readers(&app, &headers)?;
    Ok((readers, Json(state(&app, "ok"))))
}

/// Which other site's page may read the answer: those that OpenWatchParty's settings allow.
///
/// # Errors
/// 403 for a page of any other site.
pub fn readers(app: &App, headers: &HeaderMap) -> Result<HeaderMap, ApiError> {
    let mut readers = HeaderMap::new();
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(readers);
    };
    let dialect = app.openwatchparty;
    let named = origin.to_str().unwrap_or_default();
    if dialect.is_some_and(|dialect| dialect.allows(Some(named))) {
        readers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        readers.insert(header::VARY, HeaderValue::from_static("origin"));
        let policy = HeaderName::from_static("cross-origin-resource-policy");
        readers.insert(policy, HeaderValue::from_static("cross-origin"));
    } else if !own_origin(headers, &app.config) {
        let message = "This page may not ask. Add its origin to the setting allowed-origins.";
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            message,
        ));
    }
    Ok(readers)
}

/// The server can serve: its database answers.
#[utoipa::path(get, path = "/ready", responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn ready(State(app): State<App>) -> (StatusCode, Json<Health>) {
    match app
        .hub
        .store
        .rooms_due(watchalong_room::ServerTime(0), false)
        .await
    {
        Ok(_) => (StatusCode::OK, Json(state(&app, "ok"))),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(state(&app, "unavailable")),
        ),
    }
}
