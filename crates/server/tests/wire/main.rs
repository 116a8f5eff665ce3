//! The server over its wires: real sockets, a real SQLite file, a WebSocket client that is not ours.
#![allow(clippy::unwrap_used, missing_docs)]

mod accounts;
mod browser;
mod client;
mod delivery;
mod entry;
mod guessing;
mod limits;
mod media;
mod people;
mod playback;
mod restart;
mod rooms;
mod talk;
mod tokens;
