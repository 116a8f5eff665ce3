//! Syncplay: mpv, VLC and their like, over the TCP protocol of the ordinary desktop client. Off unless asked for.
//!
//! [`wire`] has the messages, [`rooms`] finds rooms by name, [`desk`] keeps usernames and what
//! only Syncplay clients say of themselves, [`view`] is a room through a client's eyes, [`clocks`] what belongs to
//! the connection, [`session`] runs it, with its parts on motion ([`motion`]), the playlist ([`playlist`]) and what else
//! a client sets ([`changes`]); [`place`] is its seat in a room.
//!
//! **No echo, no loop**, by construction: a client's state becomes a command only where it differs from the last
//! state that this client was sent *and has acknowledged* (the counters of [`clocks`]), so what comes back of our
//! own changes is never a change. A report never moves the room. And a client is told of motion only where the
//! timeline differs from the one it was told, so its own change comes back to it once, as the acknowledgement.
mod changes;
mod clocks;
mod desk;
mod motion;
mod place;
mod playlist;
mod rooms;
mod session;
mod view;
mod voice;
mod wire;

use crate::hub::Hub;
use crate::limits::Limits;
use crate::lines;
pub use crate::lines::tls;
use crate::secret::Signer;
use crate::shelf::Shelf;
use desk::Desk;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
pub(super) use wire::decode;

/// What this server says it is: the release whose wire behaviour this is.
const VERSION: &str = "1.7.6";

/// What all Syncplay connections share.
pub struct Syncplay {
    hub: Arc<Hub>,
    shelf: Arc<Shelf>,
    limits: Arc<Limits>,
    signer: Signer,
    desk: Arc<Desk>,
    /// Held while a room is made for a new name.
    making: tokio::sync::Mutex<()>,
    /// Where links to our media begin, if the server knows its address.
    base: Option<String>,
    tls: Option<TlsAcceptor>,
}

impl Syncplay {
    /// `base` is the page's address as people outside reach it.
    pub fn new(
        hub: Arc<Hub>,
        shelf: Arc<Shelf>,
        limits: Arc<Limits>,
        base: Option<String>,
        tls: Option<TlsAcceptor>,
    ) -> Arc<Self> {
        let signer = hub.signer.clone();
        Arc::new(Self {
            hub,
            shelf,
            limits,
            signer,
            desk: Arc::default(),
            making: tokio::sync::Mutex::default(),
            base,
            tls,
        })
    }

    /// Takes connections until `stop`; those that are open end with their rooms.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, stop: impl Future<Output = ()>) {
        let end = || self.hub.stopping();
        let talk = |pipe, address| session::run(self.clone(), pipe, address);
        lines::serve(listener, wire::LINE_BYTES, stop, end, talk).await;
    }
}
