//! Nonsense sent to a real server, through every door at once, beside people who behave.
//!
//! For each dialect a sender that gets in, sends what is made wrong until it is shown the door, and comes back. Meanwhile
//! a room of our own page goes on as if nothing was; at the end every dialect still lets somebody in, and no task has
//! panicked.
use crate::mutate::{self, Dice};
use crate::{budget, dice, seeds};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use watchalong_server::Running;
use watchalong_server::config::Config;

/// Longer than anything here takes on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server, and a party in each of its dialects.
struct Stage {
    running: Running,
    base: String,
    http: reqwest::Client,
    native: Value,
    rdm: Value,
    /// The party's id, and its host's token.
    clipper: (String, String),
    /// The room's code, and its host's token.
    streamit: (String, String),
}

impl Stage {
    async fn set(data: &std::path::Path) -> Self {
        let arguments = [
            "--data",
            data.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
            "--syncplay",
            "127.0.0.1:0",
            "--sign-up",
            "open",
            "--limit-join",
            "off",
            "--limit-create",
            "off",
            "--limit-requests",
            "off",
            "--limit-guess",
            "off",
            "--admin-key",
            seeds::ADMIN_KEY,
        ];
        let running = watchalong_server::start(Config::parse(arguments).unwrap())
            .await
            .unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut stage = Self {
            base: format!("http://{}", running.addresses[0]),
            running,
            http: reqwest::Client::new(),
            native: Value::Null,
            rdm: Value::Null,
            clipper: Default::default(),
            streamit: Default::default(),
        };
        stage.native = stage.post("/api/v2/rooms", None, json!({})).await;
        let entry = json!({"password": "secret", "username": "Hanna"});
        stage.rdm = stage.post("/rooms", None, entry).await;
        let guest = stage
            .post(
                "/api/v1/watch-parties/guest",
                None,
                json!({"display_name": "Hanna"}),
            )
            .await;
        let token = guest["token"].as_str().unwrap().to_owned();
        let party = stage
            .post("/api/v1/watch-parties", Some(&token), json!({"title": "x"}))
            .await;
        stage.clipper = (party["id"].as_str().unwrap().to_owned(), token);
        let login =
            json!({"email": "hanna@example.org", "name": "Hanna", "password": "sesame open"});
        stage.post("/api/v2/accounts", None, login.clone()).await;
        let login = stage.post("/api/auth/login/", None, login).await;
        let token = login["access_token"].as_str().unwrap().to_owned();
        let made = stage
            .post("/api/rooms/create/", Some(&token), json!({"title": "x"}))
            .await;
        stage.streamit = (made["code"].as_str().unwrap().to_owned(), token);
        stage
    }

    async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Value {
        let mut request = self.http.post(format!("{}{path}", self.base)).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    async fn socket(&self, path: &str, token: Option<&str>) -> Socket {
        let url = format!("{}{path}", self.base.replace("http", "ws"));
        let mut request = url.into_client_request().unwrap();
        if let Some(token) = token {
            let bearer = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", bearer);
        }
        connect_async(request).await.unwrap().0
    }

    /// What a dialect calls its room.
    fn room_of(&self, dialect: &str) -> &str {
        match dialect {
            "clipper" => &self.clipper.0,
            "streamit" => &self.streamit.0,
            "rdm" => self.rdm["room_code"].as_str().unwrap(),
            _ => self.native["code"].as_str().unwrap(),
        }
    }

    /// Comes in as somebody of a dialect, and hears that one is in.
    async fn enter(&self, dialect: &str) -> Wire {
        let room = self.room_of(dialect);
        let (mut wire, first) = match dialect {
            "native" => {
                let socket = self
                    .socket(&format!("/api/v2/rooms/{room}/socket"), None)
                    .await;
                let hello = json!({"t": "hello", "v": 2, "name": "Nonsense", "client": "test"});
                (Wire::Socket(Box::new(socket)), Some(hello))
            }
            "openwatchparty" => {
                let create =
                    json!({"type": "create_room", "ts": 1, "payload": {"user_name": "Nonsense"}});
                (
                    Wire::Socket(Box::new(self.socket("/ws", None).await)),
                    Some(create),
                )
            }
            "rdm" => {
                let auth = json!({"type": "auth", "user_id": self.rdm["user_id"]});
                (
                    Wire::Socket(Box::new(self.socket(&format!("/ws/{room}"), None).await)),
                    Some(auth),
                )
            }
            "streamit" => {
                let path = format!("/ws/room/{room}/?token={}", self.streamit.1);
                (Wire::Socket(Box::new(self.socket(&path, None).await)), None)
            }
            "staged" => {
                let socket = self.socket("/watchparty", None).await;
                (Wire::Socket(Box::new(socket)), None)
            }
            "clipper" => {
                let path = format!("/api/v1/watch-parties/{room}/ws");
                let socket = self.socket(&path, Some(&self.clipper.1)).await;
                (
                    Wire::Socket(Box::new(socket)),
                    Some(json!({"type": "sync-request"})),
                )
            }
            _ => {
                let stream = TcpStream::connect(self.running.syncplay.unwrap())
                    .await
                    .unwrap();
                let hello = json!({"Hello": {"username": "Nonsense", "room": {"name": room}, "version": "1.7.6"}});
                (Wire::Line(stream), Some(hello))
            }
        };
        if let Some(first) = first {
            wire.send(first.to_string().as_bytes())
                .await
                .expect("is open");
        }
        let heard = timeout(PATIENCE, wire.heard())
            .await
            .expect("an answer in time");
        assert!(heard, "{dialect} does not let anybody in any more");
        wire
    }
}

/// A connection of any dialect.
enum Wire {
    Socket(Box<Socket>),
    Line(TcpStream),
}

impl Wire {
    /// Sends a message; an error where the server has hung up.
    async fn send(&mut self, message: &[u8]) -> Result<(), ()> {
        match self {
            Self::Socket(socket) => {
                let message = match std::str::from_utf8(message) {
                    Ok(text) => Message::text(text),
                    Err(_) => Message::binary(message.to_vec()),
                };
                socket.send(message).await.map_err(drop)
            }
            Self::Line(stream) => {
                let line = [message, b"\r\n"].concat();
                stream.write_all(&line).await.map_err(drop)
            }
        }
    }

    /// Whether anything more was heard, and the connection lives.
    async fn heard(&mut self) -> bool {
        match self {
            Self::Socket(socket) => {
                matches!(socket.next().await, Some(Ok(message)) if !message.is_close())
            }
            Self::Line(stream) => {
                let mut some = [0; 4096];
                matches!(stream.read(&mut some).await, Ok(count) if count > 0)
            }
        }
    }

    /// Takes what there is, so that the server is never made to wait; false once the connection is over.
    async fn take_all(&mut self) -> bool {
        loop {
            match timeout(Duration::from_millis(1), self.heard()).await {
                Ok(true) => {}
                Ok(false) => return false,
                Err(_) => return true,
            }
        }
    }
}

/// Counts panics of all tasks: the runtime swallows them.
fn count_panics() -> Arc<AtomicUsize> {
    let panics = Arc::new(AtomicUsize::new(0));
    let (counter, usual) = (panics.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        counter.fetch_add(1, Ordering::Relaxed);
        usual(panic);
    }));
    panics
}

async fn nonsense(
    stage: Arc<Stage>,
    dialect: &'static str,
    mut dice: Dice,
    until: Instant,
) -> usize {
    let seeds = seeds::of(dialect, stage.room_of(dialect));
    let mut count = 0;
    while Instant::now() < until {
        let mut wire = stage.enter(dialect).await;
        while Instant::now() < until {
            let message = mutate::message(&mut dice, &seeds);
            count += 1;
            if wire.send(&message).await.is_err() || !wire.take_all().await {
                break;
            }
        }
    }
    count
}

/// Every dialect; [`crate::every_dialect_has_a_target_and_a_door`] misses those that are not here.
pub const DIALECTS: [&str; 7] = [
    "native",
    "openwatchparty",
    "rdm",
    "syncplay",
    "clipper",
    "streamit",
    "staged",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_through_every_door_takes_nobody_along() {
    let panics = count_panics();
    let data = tempfile::tempdir().unwrap();
    let stage = Arc::new(Stage::set(data.path()).await);
    let mut dice = dice();
    let until = Instant::now() + budget();
    let mut senders = tokio::task::JoinSet::new();
    for dialect in DIALECTS {
        let (stage, dice) = (stage.clone(), Dice(dice.roll()));
        senders.spawn(async move { (dialect, nonsense(stage, dialect, dice, until).await) });
    }
    // Meanwhile two people watch.
    let quiet = stage.post("/api/v2/rooms", None, json!({})).await;
    let mut host = member(&stage, &quiet, Some(&quiet["host_key"])).await;
    let mut ann = member(&stage, &quiet, None).await;
    let mut said = 0;
    while Instant::now() < until {
        said += 1;
        let text = format!("still here {said}");
        let command = json!({"t": "cmd", "id": said, "do": "rename", "name": text});
        host.send(command.to_string().as_bytes())
            .await
            .expect("is open");
        hears(&mut ann, &text).await;
    }
    while let Some(sender) = senders.join_next().await {
        let (dialect, count) = sender.expect("no sender fails");
        println!("{dialect}: {count} messages");
    }
    for dialect in DIALECTS {
        stage.enter(dialect).await;
    }
    assert_eq!(
        panics.load(Ordering::Relaxed),
        0,
        "panics on the way; see above"
    );
}

/// Somebody in a room of our own page.
async fn member(stage: &Stage, room: &Value, key: Option<&Value>) -> Wire {
    let code = room["code"].as_str().unwrap();
    let socket = stage
        .socket(&format!("/api/v2/rooms/{code}/socket"), None)
        .await;
    let mut wire = Wire::Socket(Box::new(socket));
    let hello = json!({"t": "hello", "v": 2, "name": "Quiet", "client": "test", "host_key": key});
    wire.send(hello.to_string().as_bytes())
        .await
        .expect("is open");
    hears(&mut wire, "welcome").await;
    wire
}

/// Waits until a text comes.
async fn hears(wire: &mut Wire, text: &str) {
    let Wire::Socket(socket) = wire else { return };
    let heard = async {
        loop {
            let message = socket.next().await.expect("is open").expect("is open");
            if message.to_text().unwrap_or_default().contains(text) {
                return;
            }
        }
    };
    timeout(PATIENCE, heard).await.expect("an answer in time");
}
