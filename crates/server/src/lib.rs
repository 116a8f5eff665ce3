//! Watchalong: a watch-party server. Everything around the rules (`watchalong-room`) and the media
//! (`watchalong-media`): settings, the log, live rooms, wire formats and the web page.
//!
//! The arrow of dependency points one way: `http` and `dialects` -> [`hub`] -> [`log`] -> [`store`]. A dialect
//! translates between a wire format and the room's commands and events; it decides nothing.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod arrivals;
pub mod banner;
pub mod clock;
pub mod code;
pub mod config;
pub mod delivery;
pub mod dialects;
pub mod exposition;
pub mod fetch;
pub mod http;
pub mod hub;
pub mod limits;
pub mod lines;
pub mod links;
pub mod log;
pub mod oidc;
pub mod password;
pub mod secret;
pub mod sequels;
pub mod shelf;
pub mod store;
pub mod telemetry;
pub mod titles;
pub mod ws;

mod files;
mod run;
pub use run::{Running, serve, start};
