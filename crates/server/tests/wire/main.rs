//! The server over its wires: real sockets, a real SQLite file, a WebSocket client that is not ours.
#![allow(clippy::unwrap_used, missing_docs)]

mod accounts;
mod admin;
mod browser;
mod client;
mod delivery;
mod entry;
mod guessing;
mod history;
mod hls;
mod invites;
mod limits;
mod media;
mod oidc;
mod openwatchparty;
mod people;
mod playback;
mod provider;
mod rdm;
mod restart;
mod rooms;
mod syncplay;
mod talk;
mod tokens;
mod uploads;
