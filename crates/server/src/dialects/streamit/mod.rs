//! StreamIt: a page of its own that watches with others by REST under `/api/auth`, `/api/rooms` (the same under
//! `/api/v1`) and a WebSocket at `/ws/room/{code}/`.
//!
//! `people` says who somebody is and `token` proves it, `entry` makes and enters rooms, `rooms` tells of them and changes
//! them, `progress` keeps how far somebody came, `discover` finds rooms and titles, `socket` hears a
//! member, `encode` speaks to them, `body` and `error` read and refuse, `headers` is what every answer carries;
//! `service`, `metrics` and `schema` are for those who look after a server, or write for it.
//!
//! A member is one before they connect: entering over HTTP enrols them (`Command::Enroll`), the socket takes a seat.
//! Who hosts, who may what, how long an absent host is waited for, chat and its limits are the room's.
//!
//! **No loop can close.** Only PLAY, PAUSE and SEEK become controls, which a person's button sends. What a client sends
//! by itself (`SYNC_CHECK`, `PLAYER_EVENT`) is answered or kept and is never a command; and no event that the
//! server sends makes a client send one.
mod body;
mod discover;
mod encode;
mod entry;
mod error;
mod headers;
mod metrics;
mod people;
mod policy;
mod progress;
mod rooms;
mod schema;
mod service;
mod socket;
mod token;

use crate::config::Config;
use crate::http::App;
use crate::limits::{Limit, Rate};
use crate::titles::Tmdb;
use axum::Router;
use axum::extract::{Extension, Request};
use axum::middleware::{Next, from_fn};
use axum::routing::{MethodRouter, get, post};
use metrics::Metrics;
pub(super) use progress::decode;
use std::sync::Arc;

/// By this name rooms keep their code in this dialect, seats say what their client is, and settings switch it.
pub const NAME: &str = "streamit";
/// By this name rooms keep their UUID.
const IDS: &str = "streamit-id";
/// Looks at the public list of one address, as in the original.
const LISTS: &str = "20/min";
/// Searches of one address, as in the original.
const SEARCHES: &str = "10/min";
/// Guests made from one address: a school's network, not a script's.
const GUESTS: &str = "60/min";

/// The dialect: what its doors need beside the server's own parts.
pub struct StreamIt {
    lists: Limit,
    searches: Limit,
    guests: Limit,
    tmdb: Tmdb,
    metrics: Metrics,
    voice: encode::Voice,
}

/// Its routes, at the root of the port: the page knows a host and a port and no path.
pub fn router(config: Arc<Config>) -> Router<App> {
    // Lives as long as the process: connections of every room borrow it.
    let dialect: &'static StreamIt = Box::leak(Box::new(StreamIt {
        lists: Limit::new(Rate::parse(LISTS)),
        searches: Limit::new(Rate::parse(SEARCHES)),
        guests: Limit::new(Rate::parse(GUESTS)),
        tmdb: Tmdb::new(&config),
        metrics: Metrics::new(),
        voice: encode::Voice,
    }));
    let dressed = |routes: Router<App>| {
        let headers = axum::middleware::from_fn_with_state(config.clone(), headers::all);
        routes
            .method_not_allowed_fallback(error::wrong_method)
            .layer(headers)
            .layer(from_fn(|request: Request, next: Next| {
                dialect.metrics.counted(request, next)
            }))
    };
    let nested = |routes: Router<App>| dressed(routes.fallback(error::nothing_here));
    let sockets = ["/ws/room/{code}", "/ws/v1/room/{code}"]
        .into_iter()
        .fold(Router::new(), |routes, path| {
            both(routes, path, get(socket::open))
        });
    let names = ["/api/set-username", "/api/v1/set-username"]
        .into_iter()
        .fold(service::router(), |routes, path| {
            both(routes, path, post(people::set_username))
        });
    ["/api", "/api/v1"]
        .into_iter()
        .fold(sockets.merge(dressed(names)), |all, base| {
            all.nest(&format!("{base}/auth"), nested(auth()))
                .nest(&format!("{base}/rooms"), nested(rooms()))
        })
        .layer(Extension(dialect))
}

/// A route with and without the slash at its end.
fn both(routes: Router<App>, path: &str, method: MethodRouter<App>) -> Router<App> {
    routes
        .route(path, method.clone())
        .route(&format!("{path}/"), method)
}

fn auth() -> Router<App> {
    [
        ("/login", post(people::log_in)),
        ("/guest", post(people::guest)),
        ("/guest-login", post(people::guest_login)),
        ("/logout", post(people::log_out)),
        ("/set-username", post(people::set_username)),
    ]
    .into_iter()
    .fold(Router::new(), |routes, (path, method)| {
        both(routes, path, method)
    })
}

fn rooms() -> Router<App> {
    [
        ("/create", post(entry::create)),
        ("/join", post(entry::join)),
        ("/approve", post(entry::approve)),
        ("/{code}/detail", get(rooms::detail)),
        ("/participants", get(rooms::participants)),
        ("/source", post(rooms::source)),
        ("/chat", post(rooms::chat)),
        ("/delete", post(rooms::delete)),
        ("/progress/save", post(progress::save)),
        ("/progress/get", get(progress::get)),
        ("/{code}/resume", get(progress::resume)),
        ("/public", get(discover::public)),
        ("/search", get(discover::search)),
        ("/embed", get(discover::embed)),
    ]
    .into_iter()
    .fold(Router::new(), |routes, (path, method)| {
        both(routes, path, method)
    })
}
