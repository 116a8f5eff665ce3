//! The way from an HTTP request to a connection of the native protocol.
use super::accept::Admission;
use super::{ApiError, App, base, identity};
use crate::code::RoomCode;
use crate::dialects::native::{self, Visitor};
use crate::limits;
use crate::ws;
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
    mut request: Request<Body>,
) -> Response {
    if !base::own_origin(request.headers(), &app.config) {
        let message = "This page may not connect here. Open the party by its own link.";
        return ApiError::new(StatusCode::FORBIDDEN, "foreign_origin", message).into_response();
    }
    let caller = match identity::resolve(&app, request.headers()).await {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    let visitor = Visitor {
        identity: caller.identity,
        address: limits::of_request(request.extensions(), request.headers(), &app.config),
        accounts: app.accounts.clone(),
        limits: app.limits.clone(),
    };
    let (response, socket) = match ws::accept(&mut request) {
        Ok(accepted) => accepted,
        Err(error) => {
            return ApiError::new(
                StatusCode::UPGRADE_REQUIRED,
                "not_a_websocket",
                error.to_string(),
            )
            .into_response();
        }
    };
    // An unknown room is told over the socket: a page can't read the status of a refused handshake.
    let room = match RoomCode::parse(&code) {
        Some(code) => match app.hub.room(&code).await {
            Ok(room) => room,
            Err(error) => return ApiError::from(error).into_response(),
        },
        None => None,
    };
    let admission = request.extensions().get::<Admission>().cloned();
    tokio::spawn(async move {
        let _counted = admission;
        if let Some(socket) = socket.await {
            native::connect(app.hub, app.native, room, visitor, socket).await;
        }
    });
    response
}
