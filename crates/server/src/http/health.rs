//! For supervisors: is the process alive, and can it serve.
use super::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
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
pub async fn health(State(app): State<App>) -> Json<Health> {
    Json(state(&app, "ok"))
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
