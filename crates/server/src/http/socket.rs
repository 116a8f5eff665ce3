//! The way from an HTTP request to a connection of the native protocol.
use super::{ApiError, App, base, identity, open_socket};
use crate::code::RoomCode;
use crate::dialects::native::{self, Visitor};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

pub(super) fn router() -> Router<App> {
    Router::new().route("/api/v2/rooms/{code}/socket", get(open))
}

async fn open(
    State(app): State<App>,
    Path(code): Path<String>,
    request: Request<Body>,
) -> Response {
    if !base::own_origin(request.headers(), &app.config) {
        let message = "This page may not connect here. Open the party by its own link.";
        return ApiError::new(StatusCode::FORBIDDEN, "foreign_origin", message).into_response();
    }
    let caller = match identity::resolve(&app, request.headers()).await {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    // An unknown room is told over the socket: a page can't read the status of a refused handshake.
    let room = match RoomCode::parse(&code) {
        Some(code) => match app.hub.room(&code).await {
            Ok(room) => room,
            Err(error) => return ApiError::from(error).into_response(),
        },
        None => None,
    };
    let (served, identity) = (app.clone(), caller.identity);
    let opened = open_socket(&app, request, move |socket, address| {
        let visitor = Visitor {
            identity,
            address,
            accounts: served.accounts,
            limits: served.limits,
        };
        native::connect(served.hub, served.native, room, visitor, socket)
    });
    opened.unwrap_or_else(|error| {
        let (status, message) = (StatusCode::UPGRADE_REQUIRED, error.to_string());
        ApiError::new(status, "not_a_websocket", message).into_response()
    })
}
