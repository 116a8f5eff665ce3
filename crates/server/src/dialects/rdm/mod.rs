//! What the Random Clip Player's "Watch Together" window speaks (RDM): rooms with a password, JSON over one
//! WebSocket at `/ws/{code}`, and clips that go through the server, at `/rooms/...`.
//!
//! `rooms` makes and enters rooms, `uploads` and `videos` move clips, `socket` hears a member, `encode` speaks to
//! them, `names` says who somebody is to whom, `pool` whom to ask for a random clip, `queue` is what comes next. Its players take their own clip of the room's, so a room of theirs is
//! one with a password in which everybody steers and waits for everybody ([`rooms::policy`]).
//!
//! Nothing echoes: what a member does becomes one command in the log, the event that comes of it is told to everybody
//! else ([`Encoder::personal`](crate::hub::encoder::Encoder::personal) leaves its author out), and no frame that the
//! server sends is ever answered by a command. The one message that players send by themselves, the position
//! heartbeat, is passed on and never becomes a command.
mod encode;
mod error;
mod names;
mod pool;
mod queue;
mod rooms;
mod socket;
mod uploads;
mod videos;

use crate::http::App;
use crate::limits::{Limit, Rate};
use crate::secret::Signer;
use crate::shelf::Shelf;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension};
use axum::routing::{get, post, put};
pub use encode::Rdm;
pub(crate) use error::nothing_here;
use pool::Pools;
use std::sync::Arc;
pub(super) use videos::decode;

/// By this name rooms keep their code in this dialect, seats say what their client is, and settings switch it.
pub const NAME: &str = "rdm";
/// Joins of one address, as in the original: a password of four characters is not to be guessed.
const JOINS: &str = "5/min";

/// Its routes, at the root of the port: the window knows a host and a port and no path.
pub fn router(signer: Signer, shelf: Arc<Shelf>) -> Router<App> {
    // Lives as long as the process: connections of every room borrow it.
    let rdm: &'static Rdm = Box::leak(Box::new(Rdm {
        signer,
        shelf,
        joins: Limit::new(Rate::parse(JOINS)),
        pools: Pools::default(),
    }));
    let bodies = Router::new()
        .route("/rooms/{code}/upload", post(uploads::whole))
        .route(
            "/rooms/{code}/upload/{upload}/chunk/{index}",
            put(uploads::chunk),
        )
        // A clip is as long as the settings say, which is checked before a byte of it is kept.
        .layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/rooms", post(rooms::create))
        .route("/rooms/{code}/join", post(rooms::join))
        .route("/rooms/{code}/upload/init", post(uploads::init))
        .route("/rooms/{code}/upload/{upload}/status", get(uploads::status))
        .route(
            "/rooms/{code}/upload/{upload}/complete",
            post(uploads::complete),
        )
        .route("/rooms/{code}/videos/{video}", get(videos::video))
        .route("/ws/{code}", get(socket::open))
        .merge(bodies)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(Extension(rdm))
}
