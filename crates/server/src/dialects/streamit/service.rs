//! For those who look after the server with the original's own tools.
use super::both;
use crate::http::App;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use watchalong_room::ServerTime;

pub(super) fn router() -> Router<App> {
    // Without the slash `/health` is the server's own, which says more.
    let routes = Router::new().route("/health/", get(health));
    both(routes, "/api/health", get(alive))
}

/// The realtime store of a server without Redis is its memory, which answers as long as it does.
async fn health(State(app): State<App>) -> Json<Value> {
    let asked = app.hub.store.rooms_due(ServerTime(0), false).await;
    let database = if asked.is_ok() { "ok" } else { "error" };
    Json(json!({"status": "ok", "database": database, "redis": "ok"}))
}

async fn alive() -> Json<Value> {
    Json(json!({"status": "ok"}))
}
