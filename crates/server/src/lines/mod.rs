//! A TCP port for a protocol of lines: connections taken and counted by address, TLS by upgrade, and lines of bounded
//! length over either ([`Pipe`]). What a line says is a dialect's.
mod pipe;

pub use pipe::{Broken, Carrier, Pipe};

use anyhow::Context as _;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Connections from one address: a household has a few, a school behind one address some dozens.
const CONNECTIONS_OF_ONE: usize = 100;

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

/// Takes connections until `stop`, and runs `talk` for each until `end` of its own: what ends all of them.
pub async fn serve<T, E>(
    listener: TcpListener,
    longest: usize,
    stop: impl Future<Output = ()>,
    end: impl Fn() -> E,
    talk: impl Fn(Pipe, IpAddr) -> T,
) where
    T: Future<Output = ()> + Send + 'static,
    E: Future<Output = ()> + Send + 'static,
{
    let connected = Arc::new(Connected::default());
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
                tracing::warn!(%error, "a connection of lines can't be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let address = address.ip().to_canonical();
        let Some(counted) = connected.admit(address) else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (talk, end) = (talk(Pipe::new(Box::new(stream), longest), address), end());
        tokio::spawn(async move {
            let _counted = counted;
            tokio::select! {
                () = talk => {}
                () = end => {}
            }
        });
    }
}

/// Connections of each address.
#[derive(Default)]
struct Connected(Mutex<HashMap<IpAddr, usize>>);

impl Connected {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let mut connected = self.lock();
        let count = connected.entry(address).or_default();
        if *count >= CONNECTIONS_OF_ONE {
            return None;
        }
        *count += 1;
        Some(Counted(self.clone(), address))
    }
}

/// A connection, counted for its address.
struct Counted(Arc<Connected>, IpAddr);

impl Drop for Counted {
    fn drop(&mut self) {
        let mut connected = self.0.lock();
        if let Some(count) = connected.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                connected.remove(&self.1);
            }
        }
    }
}
