//! Syncplay over TLS: the upgrade on its own port, with a certificate that signs itself (`syncplay_cert.pem`, for
//! `localhost`, good for a hundred years) and a client that checks it.
use crate::client::Server;
use crate::syncplay::{Player, film};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wire/syncplay_cert.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wire/syncplay_key.pem");

async fn server() -> Server {
    Server::with(&[
        "--syncplay",
        "127.0.0.1:0",
        "--syncplay-cert",
        CERTIFICATE,
        "--syncplay-key",
        KEY,
    ])
    .await
}

/// A client that trusts these certificates and speaks these versions.
fn connector(roots: RootCertStore, versions: &[&'static SupportedProtocolVersion]) -> TlsConnector {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

fn trusting() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(CERTIFICATE).unwrap();
    roots.add(certificate).unwrap();
    roots
}

/// Asks for TLS in clear, and gives the connection back with the answer. Not a byte more than the line is read.
async fn asked(server: &Server) -> (TcpStream, Value) {
    let address = server.running.syncplay.unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"{\"TLS\": {\"startTLS\": \"send\"}}\r\n")
        .await
        .unwrap();
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await.unwrap());
    }
    (stream, serde_json::from_slice(&line).unwrap())
}

async fn upgraded(
    server: &Server,
    connector: &TlsConnector,
    name: &'static str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let (stream, answer) = asked(server).await;
    assert_eq!(answer, json!({"TLS": {"startTLS": "true"}}));
    let name = ServerName::try_from(name).unwrap();
    connector.connect(name, stream).await
}

#[tokio::test]
async fn a_player_behind_tls_shares_a_room_with_one_in_clear_and_with_a_page() {
    let server = server().await;
    let room = film(&server).await;
    let mut page = server.host(&room).await;
    let code = room["code"].as_str().unwrap();
    for (versions, name, who) in [
        (&[&TLS13], "localhost", "ann"),
        (&[&TLS12], "localhost", "ben"),
        (&[&TLS13], "127.0.0.1", "cleo"),
    ] {
        let tls = upgraded(&server, &connector(trusting(), versions), name).await;
        let mut player = Player::over(tls.unwrap());
        player.come_in(code, who).await;
        page.must(json!({"do": "seek", "position": 2.0})).await;
        player.until_state(|state| state["position"] == 2.0).await;
        player.change(1.0, true, true).await;
        let event = page.event("timeline").await;
        assert_eq!(event["cause"], "seek", "{event}");
        player.send(&json!({"Chat": format!("from {who}")})).await;
        let said = page.event("said").await;
        assert_eq!(said["message"]["text"], format!("from {who}"), "{said}");
    }
    let mut plain = Player::join(&server, code, "dan").await;
    plain.change(3.0, true, true).await;
    page.event("timeline").await;
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_certificate_harms_nobody_but_itself() {
    let server = server().await;
    let room = film(&server).await;
    let code = room["code"].as_str().unwrap();
    let mut before = Player::join(&server, code, "ann").await;
    let distrusting = connector(RootCertStore::empty(), &[&TLS13]);
    assert!(upgraded(&server, &distrusting, "localhost").await.is_err());
    let other = connector(trusting(), &[&TLS13]);
    assert!(upgraded(&server, &other, "example.org").await.is_err());
    // What is no TLS at all.
    let (mut stream, _) = asked(&server).await;
    stream.write_all(b"{\"Hello\": {}}\r\n").await.unwrap();
    let mut rest = Vec::new();
    // An alert or nothing, and the end.
    let _ = stream.read_to_end(&mut rest).await;
    assert!(!String::from_utf8_lossy(&rest).contains("Hello"));
    before.until_state(|_| true).await;
    let tls = upgraded(&server, &other, "localhost").await.unwrap();
    Player::over(tls).come_in(code, "ben").await;
}

#[tokio::test]
async fn what_is_wrong_behind_tls_is_told_there() {
    let server = server().await;
    let connector = connector(trusting(), &[&TLS13]);
    let tls = upgraded(&server, &connector, "localhost").await.unwrap();
    let mut player = Player::over(tls);
    player.send(&json!({"Chat": "before hello"})).await;
    let error = player.until("Error").await;
    assert!(error["message"].is_string(), "{error}");
}

#[tokio::test]
async fn without_a_certificate_one_is_told_so_and_goes_on_in_clear() {
    let server = Server::with(&["--syncplay", "127.0.0.1:0"]).await;
    let room = film(&server).await;
    let (stream, answer) = asked(&server).await;
    assert_eq!(answer, json!({"TLS": {"startTLS": "false"}}));
    let mut player = Player::over(stream);
    player.come_in(room["code"].as_str().unwrap(), "ann").await;
}
