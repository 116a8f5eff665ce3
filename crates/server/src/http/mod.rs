//! HTTP: one router for the API, the page, media and the sockets of all dialects.
//!
//! A handler parses, asks the hub or the shelf, and answers with a named struct, whose doc comments become the
//! OpenAPI document. Every refusal is an [`ApiError`].
pub mod accept;
mod accounts;
mod admin;
mod admin_people;
mod admin_uploads;
mod asking;
mod base;
mod calendar;
mod conversions;
pub(crate) mod cors;
mod delivery;
mod error;
mod export;
pub mod file_socket;
mod health;
mod hls;
pub mod identity;
mod library;
mod links;
mod logs;
mod marks;
mod me;
mod media;
mod metrics;
mod oidc;
mod opening;
mod openwatchparty;
pub(crate) mod page;
mod resume;
mod room_people;
mod rooms;
mod session;
mod socket;
mod uploads;

use crate::accounts::Accounts;
use crate::config::Config;
use crate::dialects::clipper::{self, Clipper};
use crate::dialects::native::Native;
use crate::dialects::openwatchparty::OpenWatchParty;
use crate::dialects::staged::{self, Staged};
use crate::dialects::{rdm, streamit};
use crate::fetch::Fetcher;
use crate::hub::Hub;
use crate::limits::{ClientAddress, Limits};
use crate::oidc::Oidc;
use crate::shelf::Shelf;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
pub use base::Base;
pub(crate) use base::own_origin;
pub use error::ApiError;
pub use identity::{Admin, Caller, Identity, MaybeIdentity};
pub(crate) use opening::open as open_socket;
pub(crate) use session::{Cookies, check as check_password};
use std::sync::Arc;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bodies of API requests: a room with a policy is about 1 KiB.
const BODY_BYTES: usize = 64 * 1024;

/// What handlers need.
#[derive(Clone)]
pub struct App {
    /// Live rooms.
    pub hub: Arc<Hub>,
    /// What can be watched.
    pub shelf: Arc<Shelf>,
    /// Settings in force.
    pub config: Arc<Config>,
    /// Who people are.
    pub accounts: Arc<Accounts>,
    /// How often people may do what costs others something.
    pub limits: Arc<Limits>,
    /// What looks at people's links.
    pub fetcher: Arc<Fetcher>,
    /// Logins by the operator's OpenID provider, where there is one.
    pub oidc: Option<Arc<Oidc>>,
    /// The native dialect.
    pub native: &'static Native,
    /// OpenWatchParty's, where it is served.
    pub openwatchparty: Option<&'static OpenWatchParty>,
    /// Clipper's, where it is served.
    pub clipper: Option<&'static Clipper>,
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Watchalong",
    description = "Rooms in which people in different places watch the same video at the same moment. \
                   The socket of a room is described in docs/protocol.md."
))]
struct Document;

/// All routes.
pub fn router(app: App) -> Router {
    let (api, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(rooms::create, rooms::list))
        .routes(routes!(rooms::show, rooms::change, rooms::end))
        .routes(routes!(calendar::calendar))
        .routes(routes!(room_people::messages))
        .routes(routes!(room_people::make_invite, room_people::invites))
        .routes(routes!(room_people::revoke_invite))
        .routes(routes!(room_people::audit))
        .routes(routes!(me::progress, me::put_progress))
        .routes(routes!(me::forget_progress))
        .routes(routes!(me::parties))
        .routes(routes!(me::people))
        .routes(routes!(me::rooms))
        .routes(routes!(me::forget_history))
        .routes(routes!(admin::overview))
        .routes(routes!(admin::rooms))
        .routes(routes!(admin::end_room))
        .routes(routes!(admin::settings))
        .routes(routes!(admin::audit))
        .routes(routes!(admin::library))
        .routes(routes!(admin_uploads::list))
        .routes(routes!(admin_uploads::remove))
        .routes(routes!(admin::scan))
        .routes(routes!(conversions::show))
        .routes(routes!(logs::logs))
        .routes(routes!(library::list))
        .routes(routes!(library::show))
        .routes(routes!(links::look))
        .routes(routes!(links::subtitle))
        .routes(routes!(delivery::show))
        .routes(routes!(accounts::me, accounts::change, accounts::remove))
        .routes(routes!(accounts::sign_up))
        .routes(routes!(export::export))
        .routes(routes!(session::log_in, session::log_out))
        .routes(routes!(session::list, session::log_out_everywhere))
        .routes(routes!(session::end_one))
        .routes(routes!(session::make_token))
        .routes(routes!(oidc::start, oidc::start_here))
        .routes(routes!(oidc::callback))
        .routes(routes!(admin_people::list, admin_people::create))
        .routes(routes!(admin_people::change, admin_people::remove))
        .routes(routes!(admin_people::invite))
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .split_for_parts();
    let document = Arc::new(by_topic(&document));
    let openapi = axum::routing::get(move || {
        let document = document.clone();
        async move {
            (
                [("content-type", "application/json")],
                document.as_str().to_owned(),
            )
        }
    });
    let described = api
        .route("/api/v2/openapi.json", openapi)
        .layer(CompressionLayer::new())
        .layer(axum::middleware::from_fn_with_state(app.clone(), counted));
    let base_path = app.config.base_path.trim_end_matches('/').to_owned();
    let mut others = Router::new();
    if app.config.speaks(rdm::NAME) {
        others = others.merge(rdm::router(app.hub.signer.clone(), app.shelf.clone()));
    }
    if let Some(clipper) = app.clipper {
        others = others.merge(clipper::router(clipper));
    }
    if app.config.speaks(streamit::NAME) {
        others = others.merge(streamit::router(app.config.clone()));
    }
    let (pages, staged_routes) = if app.config.speaks(staged::NAME) {
        // Lives as long as the process: connections of every room borrow it.
        let staged: &'static Staged =
            Box::leak(Box::new(Staged::new(app.shelf.clone(), &app.config)));
        let sockets = axum::middleware::from_fn_with_state((app.clone(), staged), staged::sockets);
        let pages = page::router::<App>().route_layer(sockets);
        (pages, staged::router(staged))
    } else {
        (page::router::<App>(), Router::new())
    };
    let routes = described
        .merge(pages)
        .merge(staged_routes)
        // Not compressed: video is already, and a range of a compressed body would be another range.
        .merge(media::router())
        .merge(marks::router())
        .merge(hls::router())
        .merge(uploads::router())
        .merge(socket::router())
        .merge(others)
        .merge(openwatchparty::router())
        .route("/metrics", axum::routing::get(metrics::metrics))
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(axum::middleware::from_fn(safe_headers))
        .with_state(app);
    if base_path.is_empty() {
        routes
    } else {
        Router::new().nest(&base_path, routes)
    }
}

/// Counts requests to the API by address; those of an account are counted for it where it is recognised.
async fn counted(
    axum::extract::State(app): axum::extract::State<App>,
    ClientAddress(address): ClientAddress,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    match app.limits.requests.take(address.into()) {
        Ok(()) => next.run(request).await,
        Err(wait) => ApiError::too_many(wait).into_response(),
    }
}

/// To people the page, which leads on from anywhere; to programs a refusal like any other.
async fn nothing_here(uri: axum::http::Uri, headers: axum::http::HeaderMap) -> Response {
    let path = uri.path();
    let wants_page = headers
        .get_all(axum::http::header::ACCEPT)
        .iter()
        .any(|accept| {
            accept
                .to_str()
                .is_ok_and(|accept| accept.contains("text/html"))
        });
    if wants_page && !path.starts_with("/api/") && !path.starts_with("/media/") {
        return page::not_found(path, headers).await;
    }
    let message = "There is nothing at this address.";
    if path.starts_with("/rooms/") {
        return rdm::nothing_here();
    }
    ApiError::new(StatusCode::NOT_FOUND, "not_found", message).into_response()
}

/// The document as text, its operations sorted by topic.
fn by_topic(document: &utoipa::openapi::OpenApi) -> String {
    let mut document = serde_json::to_value(document).expect("the document is plain data");
    let paths = document["paths"].as_object_mut();
    for (path, operations) in paths.into_iter().flatten() {
        let mut parts = path.trim_start_matches("/api/v2/").split('/');
        let topic = match parts.next() {
            Some(topic @ ("rooms" | "library" | "links" | "admin")) => topic,
            Some("me") if parts.next().is_some_and(|part| part != "export") => "history",
            Some("me" | "accounts" | "session" | "sessions" | "tokens" | "oidc") => "accounts",
            _ => "server",
        };
        for operation in operations.as_object_mut().into_iter().flatten() {
            operation.1["tags"] = serde_json::json!([topic]);
        }
    }
    serde_json::to_string_pretty(&document).expect("JSON is text")
}

/// What every answer says, unless its handler said something stricter.
async fn safe_headers(
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    use axum::http::header::{HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let defaults = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
        (
            HeaderName::from_static("content-security-policy"),
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in defaults {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
