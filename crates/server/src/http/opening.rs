//! The way from an HTTP request to a connection of whatever dialect.
use super::App;
use super::accept::Admission;
use crate::limits;
use crate::ws::{self, Socket, UpgradeRefused};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use std::net::IpAddr;

/// Answers a WebSocket's handshake and has `talk` run the connection to its end, counted among those of the port. What
/// is wrong with who asks is for the caller to see first, or for `talk` to say over the socket: a page can't read the
/// status of a refused handshake.
///
/// # Errors
/// [`UpgradeRefused`] where the request is no handshake; then `talk` is dropped.
pub(crate) fn open<T: Future<Output = ()> + Send>(
    app: &App,
    mut request: Request<Body>,
    talk: impl FnOnce(Socket, IpAddr) -> T + Send + 'static,
) -> Result<Response, UpgradeRefused> {
    let address = limits::of_request(request.extensions(), request.headers(), &app.config);
    let (response, socket) = ws::accept(&mut request)?;
    let admission = request.extensions().get::<Admission>().cloned();
    tokio::spawn(async move {
        let _counted = admission;
        if let Some(socket) = socket.await {
            talk(socket, address).await;
        }
    });
    Ok(response)
}
