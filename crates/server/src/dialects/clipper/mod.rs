//! Clipper's watch parties: REST and a WebSocket below `/api/v1/watch-parties`, for its web frontend and for programs
//! that follow its API document.
//!
//! `caller` and `token` tell who asks, `parties`, `manage`, `talk` and `lists` answer over HTTP in the shapes of
//! `objects` and `error`; `socket` hears a participant in the words of `wire`, `encode` tells what happened; `policy` is
//! what such a party allows, `windows` how often one may, `metrics` what is counted.
//!
//! A party is a room, known here by two aliases: a UUID and an invite code of six characters. Being a participant is
//! having a place in the room ([`Member::has_place`](watchalong_room::Member::has_place)), which a request over HTTP
//! reserves and each socket adds a seat to; so every rule about people is the room's, and a socket that comes after its
//! user left or was removed is refused by the room itself ([`Grant::Seated`](watchalong_room::Grant::Seated)).
//!
//! **No loop can close.** A command is what a person did; what the server sends is answered by nothing but a
//! `sync-request`, which is asked on opening a socket, changes no room and is answered to its asker alone. A position that
//! comes with one is a report for the sync meter, never a control.
mod answer;
mod caller;
mod encode;
mod error;
mod find;
mod lists;
mod manage;
mod metrics;
mod objects;
mod parties;
mod policy;
mod socket;
mod talk;
mod token;
mod windows;
mod wire;

use crate::clock::ServerClock;
use crate::code::RoomCode;
use crate::config::Config;
use crate::http::App;
use crate::secret::Signer;
use axum::Router;
use axum::extract::{Extension, Request};
use axum::middleware::{Next, from_fn};
use axum::routing::{delete, get, patch, post};
use metrics::Metrics;
use std::sync::Arc;
use token::Tokens;
use watchalong_room::{MemberId, MessageId, PersonId, ServerTime};
use windows::Windows;
pub(super) use wire::decode;

/// By this name rooms keep their party's id, seats say what their client is, and settings switch the dialect.
pub const NAME: &str = "clipper";
/// By this name rooms keep their invite code.
const CODE: &str = "clipper-code";
/// By this name rooms keep the playlist that they were made with, which is the frontend's own and opaque here.
const PLAYLIST: &str = "clipper-playlist";
/// What the persons begin with that only this dialect knows: its guests.
const GUEST: &str = "clipper:";

/// The dialect: its voice, and what its doors need.
pub struct Clipper {
    signer: Signer,
    clock: Arc<ServerClock>,
    tokens: Tokens,
    windows: Windows,
    metrics: Metrics,
    /// Pages of other origins that may ask with a browser's cookie.
    origins: Vec<String>,
}

impl Clipper {
    /// With the server's key and settings.
    pub fn new(signer: Signer, clock: Arc<ServerClock>, config: &Config) -> Self {
        Self {
            tokens: Tokens::new(&signer.clipper_key()),
            windows: Windows::new(),
            metrics: Metrics::default(),
            origins: config.clipper_origins.clone(),
            signer,
            clock,
        }
    }

    /// What was counted since the start, in the text format of Prometheus.
    pub async fn exposition(&self, app: &App) -> String {
        let (parties, sockets) = lists::gauges(app).await;
        self.metrics.write(parties, sockets)
    }

    /// What a room is called here: told by the code alone, so that whoever encodes need not look it up.
    fn party_id(&self, code: &RoomCode) -> String {
        self.signer.uuid("clipper-party", code.as_str())
    }

    /// What somebody is called here, in all parties.
    fn user_id(&self, person: &PersonId) -> String {
        let guest = person.0.strip_prefix(GUEST);
        guest.map_or_else(
            || self.signer.uuid("clipper-user", &person.0),
            str::to_owned,
        )
    }

    /// What somebody is called of whom a room knows nothing but their number any more.
    fn former_id(&self, code: &RoomCode, member: MemberId) -> String {
        let of = format!("{code}/{}", member.0);
        self.signer.uuid("clipper-former", &of)
    }

    fn membership_id(&self, code: &RoomCode, member: MemberId) -> String {
        let of = format!("{code}/{}", member.0);
        self.signer.uuid("clipper-member", &of)
    }

    fn message_id(&self, code: &RoomCode, message: MessageId) -> String {
        let of = format!("{code}/{}", message.0);
        self.signer.uuid("clipper-message", &of)
    }

    fn reaction_id(&self, code: &RoomCode, by: MemberId, at: ServerTime, emoji: &str) -> String {
        let of = format!("{code}/{}/{}/{emoji}", by.0, at.0);
        self.signer.uuid("clipper-reaction", &of)
    }
}

/// Its routes.
pub fn router(clipper: &'static Clipper) -> Router<App> {
    const AT: &str = "/api/v1/watch-parties";
    let at = |rest: &str| format!("{AT}{rest}");
    Router::new()
        .route(AT, post(parties::create))
        .route(&at("/"), post(parties::create))
        .route(&at("/guest"), post(caller::guest))
        .route(&at("/public"), get(lists::public))
        .route(&at("/trending"), get(lists::trending))
        .route(&at("/history"), get(lists::history))
        .route(&at("/{id}"), get(parties::details))
        .route(&at("/{id}/join"), post(parties::join))
        .route(&at("/{id}/participants"), get(parties::participants))
        .route(&at("/{id}/leave"), delete(parties::leave))
        .route(&at("/{id}/end"), post(parties::end))
        .route(&at("/{id}/ws"), get(socket::open))
        .route(&at("/{id}/messages"), get(talk::messages).post(talk::say))
        .route(&at("/{id}/react"), post(talk::react))
        .route(&at("/{id}/settings"), patch(manage::settings))
        .route(&at("/{id}/kick"), post(manage::kick))
        .route(&at("/{id}/promote"), post(manage::promote))
        .route(&at("/{id}/analytics"), get(lists::analytics))
        .route("/api/v1/users/{id}/watch-party-stats", get(lists::stats))
        .route("/api/v1/auth/refresh", post(caller::refresh))
        .route("/api/v1/auth/me", get(caller::me))
        .route("/watch-parties/{code}", get(parties::invited))
        .method_not_allowed_fallback(error::wrong_method)
        .layer(from_fn(move |request: Request, next: Next| {
            caller::across_origins(clipper, request, next)
        }))
        .layer(Extension(clipper))
}
