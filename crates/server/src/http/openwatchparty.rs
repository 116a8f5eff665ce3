//! The way from an HTTP request to a connection of OpenWatchParty, at the path that its client has built in.
use super::{ApiError, App, health, open_socket};
use crate::dialects::openwatchparty;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/ws", get(open))
        .route("/health", axum::routing::options(preflight))
}

/// Before a Jellyfin page asks for `/health`.
async fn preflight(State(app): State<App>, headers: HeaderMap) -> Result<HeaderMap, ApiError> {
    let mut answer = health::readers(&app, &headers)?;
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
    ] {
        answer.insert(name, HeaderValue::from_static(value));
    }
    Ok(answer)
}

async fn open(State(app): State<App>, request: Request<Body>) -> Response {
    let refuse = |status, code: &'static str, message: &str| {
        ApiError::new(status, code, message.to_owned()).into_response()
    };
    let Some(dialect) = app.openwatchparty else {
        let message = "OpenWatchParty is switched off on this server.";
        return refuse(StatusCode::NOT_FOUND, "not_found", message);
    };
    let origin = request.headers().get(header::ORIGIN);
    // What is no text is no origin that anybody allowed.
    if !dialect.allows(origin.map(|origin| origin.to_str().unwrap_or_default())) {
        let message =
            "This page may not connect here. Add its origin to the setting allowed-origins.";
        return refuse(StatusCode::FORBIDDEN, "foreign_origin", message);
    }
    let hub = app.hub.clone();
    let opened = open_socket(&app, request, move |socket, address| {
        openwatchparty::connect(hub, dialect, address, socket)
    });
    opened.unwrap_or_else(|error| {
        refuse(
            StatusCode::BAD_REQUEST,
            "not_a_websocket",
            &error.to_string(),
        )
    })
}
