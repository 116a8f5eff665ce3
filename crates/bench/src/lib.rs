//! What measures Watchalong.
//!
//! - [`link`] makes a loopback connection behave like a real one: delay, jitter, a rate cap, stalls.
//! - [`sync`] is the sync lab: real browsers behind such links, and how far apart they show the film.
//! - [`fanout`] tells what an event costs for each member who hears of it, beside the floor.
//! - [`media`] compares delivery with nginx; [`accounts`] tells what logins cost a busy room.
//! - [`clip`], [`server`] and [`member`] bring what is measured: a film made by ffmpeg, the real binary, who joins its rooms;
//!   [`process`] looks at it from outside.
//!
//! Nothing here is a test with a pass mark: figures depend on the machine. What must hold on any
//! machine is tested in the other crates and in `web/e2e`.
#![forbid(unsafe_code)]

pub mod about;
pub mod accounts;
pub mod clip;
pub mod fanout;
pub mod link;
pub mod media;
pub mod member;
pub mod process;
pub mod server;
pub mod sync;
