//! Syncplay: mpv, VLC and their like, over the TCP protocol of the ordinary desktop client. Off unless asked for.
//!
//! [`wire`] has the messages, [`pipe`] the lines, [`rooms`] finds rooms by name, [`desk`] keeps usernames and what
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
mod pipe;
mod place;
mod playlist;
mod rooms;
mod session;
mod view;
mod voice;
mod wire;

use crate::hub::Hub;
use crate::limits::Limits;
use crate::secret::Signer;
use crate::shelf::Shelf;
use anyhow::Context as _;
use desk::Desk;
use pipe::Pipe;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
pub(super) use wire::decode;

/// What this server says it is: the release whose wire behaviour this is.
const VERSION: &str = "1.7.6";
/// Connections from one address: a household has a few, a school behind one address some dozens.
const CONNECTIONS_OF_ONE: usize = 100;

/// What all Syncplay connections share.
pub struct Syncplay {
    hub: Arc<Hub>,
    shelf: Arc<Shelf>,
    limits: Arc<Limits>,
    signer: Signer,
    desk: Arc<Desk>,
    /// Where links to our media begin, if the server knows its address.
    base: Option<String>,
    tls: Option<TlsAcceptor>,
    connected: Mutex<HashMap<IpAddr, usize>>,
}

/// The certificate and key of TLS.
///
/// # Errors
/// For people: a file that can't be read, or is none.
pub fn tls((chain, key): &(PathBuf, PathBuf)) -> anyhow::Result<TlsAcceptor> {
    let read = |file: &PathBuf| format!("{} can't be read as PEM", file.display());
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| read(chain))?;
    let secret = PrivateKeyDer::from_pem_file(key).with_context(|| read(key))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, secret)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
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
            base,
            tls,
            connected: Mutex::default(),
        })
    }

    /// Takes connections until `stop`; those that are open end with their rooms.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => return,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of files, mostly: others must end first.
                    tracing::warn!(%error, "a Syncplay connection can't be taken");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Some(counted) = self.admit(address) else {
                continue;
            };
            let _ = stream.set_nodelay(true);
            let server = self.clone();
            let stopping = self.hub.stopping();
            tokio::spawn(async move {
                let _counted = counted;
                let address = address.ip().to_canonical();
                tokio::select! {
                    () = session::run(server, Pipe::new(Box::new(stream)), address) => {}
                    () = stopping => {}
                }
            });
        }
    }

    fn admit(self: &Arc<Self>, address: SocketAddr) -> Option<Counted> {
        let address = address.ip().to_canonical();
        let mut connected = self
            .connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = connected.entry(address).or_default();
        if *count >= CONNECTIONS_OF_ONE {
            return None;
        }
        *count += 1;
        let server = self.clone();
        Some(Counted { server, address })
    }
}

/// A connection, counted for its address.
struct Counted {
    server: Arc<Syncplay>,
    address: IpAddr,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let connected = &self.server.connected;
        let mut connected = connected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = connected.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                connected.remove(&self.address);
            }
        }
    }
}
