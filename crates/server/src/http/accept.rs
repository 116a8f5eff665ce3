//! From a listening socket to requests: the accept loop, its limits and its end.
//!
//! Connections are admitted in order: past the limit they wait in the kernel's queue, and none is dropped.
//! A connection that says nothing, or says it too slowly, is cut. HTTP/1.1 is spoken here (proxies speak
//! HTTP/2 to browsers). Hyper is given exactly a `TokioIo<FileSocket>`, so that a WebSocket gets the
//! bare socket back by `hyper_util::server::conn::auto::upgrade::downcast::<TokioIo<FileSocket>>`.
use super::file_socket::FileSocket;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::any::Any;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;

/// How long a request's head may take, and how long a kept-alive connection may rest. Browsers reopen without a word.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// Room for the longest cookies and links; also the most that one idle connection may make us hold.
pub const MAX_HEAD: usize = 64 * 1024;
/// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn` (4096 since Linux 5.4).
const BACKLOG: u32 = 4096;
/// The first wait after a failed accept, doubled up to a second: file descriptors come back when others close.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What one accept loop may do; clones share the count of connections, so one is made for all listeners.
#[derive(Debug, Clone)]
pub struct Limits {
    connections: Arc<Semaphore>,
    grace: Duration,
    header_timeout: Duration,
}

impl Limits {
    /// At most `connections` at once; `grace` for running requests to end after the stop.
    pub fn new(connections: usize, grace: Duration) -> Self {
        let connections = Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS)));
        Self {
            connections,
            grace,
            header_timeout: HEADER_TIMEOUT,
        }
    }

    /// Another time for heads than [`HEADER_TIMEOUT`].
    #[must_use]
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }
}

/// A connection's place among those admitted, in every request's extensions. Whoever takes the socket over
/// (a WebSocket) keeps a clone as long as the socket, or it would not be counted any more.
#[derive(Debug, Clone)]
pub struct Admission(#[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>);

/// An address that can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {addr}: {}", reason(.cause))]
pub struct ListenError {
    /// As configured.
    pub addr: SocketAddr,
    /// What the system said.
    pub cause: io::Error,
}

impl ListenError {
    /// Stable, for scripts.
    pub fn code(&self) -> &'static str {
        match self.cause.kind() {
            io::ErrorKind::AddrInUse => "port_in_use",
            io::ErrorKind::PermissionDenied => "port_not_permitted",
            io::ErrorKind::AddrNotAvailable => "address_not_here",
            _ => "listen_failed",
        }
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program already does. Stop it, or choose another port with --listen".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "the system does not permit it. Ports below 1024 need a privilege; 8080 does not"
                .to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address".to_owned(),
        _ => error.to_string(),
    }
}

/// Listens on every address, or on none.
///
/// # Errors
/// The first address that can't be had.
pub fn bind(addrs: &[SocketAddr]) -> Result<Vec<TcpListener>, ListenError> {
    addrs
        .iter()
        .map(|&addr| listen(addr).map_err(|cause| ListenError { addr, cause }))
        .collect()
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // So that a restart gets its port back while old connections linger. (On Windows it would share the port.)
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Where a connection's life is: the sender closes once the last connection has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    /// Answers are finished, then the connection closes.
    Draining,
    /// Time is up.
    Ended,
}

/// Serves `app` until `stop`, then lets running requests end for `grace` and cuts the rest.
///
/// Every request carries `ConnectInfo<SocketAddr>`, [`Admission`] and, where the system can send files, the connection's
/// [`FileLane`](watchalong_media::FileLane). A handler that panics answers 500 and
/// takes nothing else down. Upgraded connections are not waited for: whoever holds them ends them.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let app = app.layer(CatchPanicLayer::custom(panicked));
    let mut http = Builder::new(TokioExecutor::new()).http1_only();
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(MAX_HEAD);
    let (phase, _) = watch::channel(Phase::Serving);
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            // Biased, so that a flood of connections can't hide the stop.
            biased;
            () = &mut stop => break,
            admitted = admit(&listener, &limits) => admitted,
        };
        let served = Served {
            peer,
            place,
            app: app.clone(),
            patience: limits.header_timeout,
        };
        tokio::spawn(connection(http.clone(), stream, served, phase.subscribe()));
    }
    // Refused from here on, instead of waiting for nobody.
    drop(listener);
    phase.send_replace(Phase::Draining);
    if tokio::time::timeout(limits.grace, phase.closed())
        .await
        .is_err()
    {
        tracing::info!(
            connections = phase.receiver_count(),
            "cut connections that did not end in time"
        );
        phase.send_replace(Phase::Ended);
        phase.closed().await;
    }
}

/// The next connection, once there is a place for it.
async fn admit(listener: &TcpListener, limits: &Limits) -> (TcpStream, SocketAddr, Admission) {
    if limits.connections.available_permits() == 0 {
        tracing::warn!("as many connections as allowed (max-connections); more wait in line");
    }
    let permit = limits
        .connections
        .clone()
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    let mut pause = FIRST_PAUSE;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Events are small and must not wait for the answer to the last (Nagle).
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection closed before it was served");
                    continue;
                }
                return (stream, peer, Admission(Arc::new(permit)));
            }
            // It went away while it waited in line; the others are fine.
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                tracing::warn!(%error, wait_ms = pause.as_millis(), "can't accept connections (ulimit -n?)");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// What a connection's requests get.
struct Served {
    peer: SocketAddr,
    place: Admission,
    app: Router,
    /// For the first request's head, from the connection's start.
    patience: Duration,
}

async fn connection(
    http: Builder<TokioExecutor>,
    stream: TcpStream,
    served: Served,
    mut phase: watch::Receiver<Phase>,
) {
    let Served {
        peer,
        place,
        app,
        patience,
    } = served;
    let asked = Arc::new(AtomicBool::new(false));
    let first = asked.clone();
    let socket = FileSocket::new(stream);
    let lane = socket.lane();
    let answer = hyper::service::service_fn(move |request: Request<Incoming>| {
        first.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(place.clone());
        if let Some(lane) = &lane {
            request.extensions_mut().insert(lane.clone());
        }
        app.clone().oneshot(request)
    });
    let mut serving = pin!(http.serve_connection_with_upgrades(TokioIo::new(socket), answer));
    // Hyper times heads only once it has told HTTP's versions apart, and for that it waits as long as it takes.
    let silent = async {
        tokio::time::sleep(patience).await;
        if asked.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    let ended = tokio::select! {
        ended = serving.as_mut() => Some(ended),
        () = silent => return tracing::debug!(%peer, "a connection asked for nothing"),
        _ = phase.wait_for(|phase| *phase >= Phase::Draining) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            serving.as_mut().graceful_shutdown();
            tokio::select! {
                ended = serving => ended,
                _ = phase.wait_for(|phase| *phase == Phase::Ended) => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        // Closed tabs, timeouts, nonsense instead of HTTP: everyday life of a server.
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let what = panic
        .downcast_ref::<&str>()
        .copied()
        .or(panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(
        panic = what.unwrap_or("without a message"),
        "a request failed inside the server"
    );
    let body =
        r#"{"code":"internal","message":"Something broke inside the server. Its log says what."}"#;
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        [(header::CONTENT_TYPE, "application/json")],
        body,
    )
        .into_response()
}

#[cfg(test)]
mod tests;
