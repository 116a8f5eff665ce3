//! The WebSocket handshake, and the way from an HTTP request to the bare TCP socket.
//!
//! Taking the socket itself (instead of a boxed stream) is what lets a broadcast be written
//! without waking a task per delivery. Bytes that the client sent right behind its request are
//! kept and parsed first.
use crate::http::file_socket::FileSocket;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use base64::Engine as _;
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use sha1::{Digest, Sha1};
use std::sync::Arc;
use tokio::net::TcpStream;

/// RFC 6455, section 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A connection after its handshake.
#[derive(Debug)]
pub struct Socket {
    /// The socket.
    pub stream: Arc<TcpStream>,
    /// What the client had sent before the handshake was answered.
    pub early: Bytes,
}

/// Why a request can't become a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeRefused {
    /// Not a WebSocket handshake at all.
    #[error("This address is a WebSocket. Connect with a WebSocket client (version 13).")]
    NotAWebSocket,
    /// The connection can't be taken over (HTTP/2, or behind a layer that hides the socket).
    #[error("This connection can't be upgraded. Connect over HTTP/1.1.")]
    NotUpgradable,
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|t| t.trim().eq_ignore_ascii_case(token))
}

/// Answers a handshake. The future gives the socket once the answer is out.
///
/// # Errors
/// [`UpgradeRefused`] where the request is no handshake.
pub fn accept(
    request: &mut Request<Body>,
) -> Result<
    (
        Response<Body>,
        impl Future<Output = Option<Socket>> + Send + use<>,
    ),
    UpgradeRefused,
> {
    let headers = request.headers();
    let asked = has_token(headers, header::CONNECTION, "upgrade")
        && has_token(headers, header::UPGRADE, "websocket")
        && headers
            .get(header::SEC_WEBSOCKET_VERSION)
            .is_some_and(|v| v == "13");
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .filter(|key| key.len() == 24);
    let (true, Some(key)) = (asked, key) else {
        return Err(UpgradeRefused::NotAWebSocket);
    };
    let digest = Sha1::new()
        .chain_update(key.as_bytes())
        .chain_update(GUID)
        .finalize();
    let accept = base64::engine::general_purpose::STANDARD.encode(digest);
    let upgrade = request
        .extensions_mut()
        .remove::<hyper::upgrade::OnUpgrade>()
        .ok_or(UpgradeRefused::NotUpgradable)?;
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept)
        .body(Body::empty())
        .expect("constant headers are valid");
    let socket = async move {
        let upgraded = upgrade.await.ok()?;
        let parts = downcast::<TokioIo<FileSocket>>(upgraded).ok()?;
        Some(Socket {
            stream: Arc::new(parts.io.into_inner().into_stream()),
            early: parts.read_buf,
        })
    };
    Ok((response, socket))
}
