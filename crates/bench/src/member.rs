//! A member of a room, on a WebSocket of somebody else's codec.

use std::time::Duration;

use anyhow::{Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long a welcome may take before the measurement is void.
const PATIENCE: Duration = Duration::from_secs(10);

/// A member's connection.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Joins the room whose socket is at `url`, with `more` in the hello; answers the welcome, too.
///
/// # Errors
/// Where the room turns the member away, or is silent.
pub async fn enter(url: &str, more: Value) -> Result<(Socket, Value)> {
    let (mut socket, _) = connect_async(url).await?;
    let mut hello =
        json!({"t": "hello", "v": 2, "name": "Ann", "client": "bench", "reports": false});
    for (key, value) in more.as_object().into_iter().flatten() {
        hello[key] = value.clone();
    }
    socket.send(Message::text(hello.to_string())).await?;
    let welcome = async {
        while let Some(message) = socket.next().await {
            let Message::Text(text) = message? else {
                continue;
            };
            let message: Value = serde_json::from_str(&text)?;
            match message["t"].as_str() {
                Some("welcome") => return Ok(message),
                Some("bye") => bail!("turned away: {message}"),
                _ => {}
            }
        }
        bail!("the connection ended before the welcome")
    };
    let welcome = tokio::time::timeout(PATIENCE, welcome).await??;
    Ok((socket, welcome))
}
