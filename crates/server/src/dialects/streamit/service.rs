//! For those who look after the server with the original's own tools.
use super::error::Refused;
use super::{StreamIt, both, schema};
use crate::exposition::TEXT;
use crate::http::{Admin, App, page};
use axum::extract::{Extension, FromRequestParts, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use watchalong_room::ServerTime;

pub(super) fn router() -> Router<App> {
    // Without the slash `/health` is the server's own, which says more.
    let routes = Router::new()
        .route("/health/", get(health))
        // As is `/metrics`, which counts other things, and `/api/docs`.
        .route("/metrics/", get(metrics))
        .route("/api/docs/", get(docs));
    let routes = both(
        routes,
        "/api/schema",
        get(async || Json(schema::document())),
    );
    both(routes, "/api/health", get(alive))
}

/// What was counted. The original tells everybody; here it takes the admin key, as everything does that is about the
/// server as a whole.
async fn metrics(
    State(app): State<App>,
    Extension(dialect): Extension<&'static StreamIt>,
    request: Request,
) -> Result<Response, Refused> {
    let (mut parts, _) = request.into_parts();
    Admin::from_request_parts(&mut parts, &app).await?;
    let text = dialect.metrics.write();
    Ok(([(header::CONTENT_TYPE, TEXT)], text).into_response())
}

/// The page that reads OpenAPI documents; at this address it reads the dialect's.
async fn docs(headers: HeaderMap) -> Response {
    page::html("docs.html", 2, headers).await
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
