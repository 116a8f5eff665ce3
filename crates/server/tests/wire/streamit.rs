//! StreamIt's dialect over its wire: a page as its tests see one, and the evening that everything else is a part of.
use super::client::{Client, Server};
use reqwest::Method;
use serde_json::{Value, json};

/// Somebody with the page open.
pub struct Page {
    pub base: String,
    pub http: reqwest::Client,
    pub token: String,
    pub id: String,
    pub name: String,
}

/// Everybody may make an account, as often as a test likes.
pub const OPEN: [&str; 6] = [
    "--sign-up",
    "open",
    "--limit-sign-up",
    "off",
    "--limit-create",
    "off",
];

pub async fn server() -> Server {
    Server::with(&OPEN).await
}

impl Page {
    fn of(server: &Server, told: &Value) -> Self {
        let text = |key: &str| told[key].as_str().unwrap().to_owned();
        Self {
            base: server.base.clone(),
            http: server.http.clone(),
            token: text("access_token"),
            id: text("id"),
            name: text("display_name"),
        }
    }

    /// Somebody with an account.
    pub async fn account(server: &Server, name: &str) -> Self {
        let email = format!("{}@example.org", name.to_lowercase());
        let new = json!({"email": email, "name": name, "password": "sesame open"});
        let (status, made) = server.post("/api/v2/accounts", &new).await;
        assert_eq!(status, 201, "{made}");
        Self::log_in(server, name).await
    }

    /// Who has an account already.
    pub async fn log_in(server: &Server, name: &str) -> Self {
        Self::log_in_as(server, &format!("{}@example.org", name.to_lowercase())).await
    }

    pub async fn log_in_as(server: &Server, email: &str) -> Self {
        let login = json!({"email": email, "password": "sesame open"});
        let (status, told) = server.post("/api/auth/login/", &login).await;
        assert_eq!((status, &told["is_guest"]), (200, &json!(false)), "{told}");
        Self::of(server, &told)
    }

    pub async fn guest(server: &Server, name: &str) -> Self {
        let login = json!({"display_name": name});
        let (status, told) = server.post("/api/auth/guest/", &login).await;
        assert_eq!((status, &told["is_guest"]), (200, &json!(true)), "{told}");
        Self::of(server, &told)
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    /// What must go through.
    pub async fn must(&self, path: &str, body: Value) -> Value {
        let (status, told) = self.post(path, body).await;
        assert_eq!(status, 200, "{path}: {told}");
        told
    }

    pub async fn create(&self, body: Value) -> Room {
        let (status, told) = self.post("/api/rooms/create/", body).await;
        assert_eq!(status, 201, "{told}");
        Room(told)
    }

    pub async fn join(&self, room: &Room) -> (u16, Value) {
        let code = room.code();
        self.post("/api/rooms/join/", json!({"code": code})).await
    }

    pub async fn dial(&self, room: &Room) -> Socket {
        let path = format!("/ws/room/{}/?token={}", room.code(), self.token);
        Socket::open(&self.base, &path).await
    }

    /// Comes in, and has been told how the room stands.
    pub async fn enter(&self, room: &Room) -> Socket {
        let (status, told) = self.join(room).await;
        assert_eq!(
            (status, &told["status"]),
            (200, &json!("APPROVED")),
            "{told}"
        );
        let mut socket = self.dial(room).await;
        for kind in ["CHAT_HISTORY", "PLAYBACK_STATE", "ROOM_PARTICIPANTS"] {
            let told = socket.next().await;
            assert_eq!(told["type"], kind, "{told}");
            socket.welcome.push(told);
        }
        socket
    }
}

/// A room, as its maker was told.
pub struct Room(pub Value);

impl Room {
    pub fn code(&self) -> &str {
        self.0["code"].as_str().unwrap()
    }

    pub fn id(&self) -> &str {
        self.0["room_id"].as_str().unwrap()
    }
}

/// A page's socket.
pub struct Socket {
    pub client: Client,
    pub welcome: Vec<Value>,
}

impl Socket {
    pub async fn open(base: &str, path: &str) -> Self {
        let url = format!("{}{path}", base.replace("http", "ws"));
        Self {
            client: Client::dial(&url).await,
            welcome: Vec::new(),
        }
    }

    pub async fn send(&mut self, message: Value) {
        self.client.send(&message).await;
    }

    pub async fn next(&mut self) -> Value {
        self.client.next().await
    }

    /// The next message of a type; others are let pass.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            let over = message["t"] == "gone" || message["t"] == "close";
            assert!(!over, "{message} while waiting for {kind}");
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// What was told until the answer to a question that is asked now: everything that came of what was sent before.
    pub async fn told(&mut self) -> Vec<Value> {
        self.send(json!({"type": "SYNC_CHECK", "client_time": -1_000_000}))
            .await;
        let mut told = Vec::new();
        loop {
            let message = self.next().await;
            let over = message["t"] == "gone" || message["t"] == "close";
            assert!(!over, "{message}");
            if message["type"] == "SYNC_CORRECTION" {
                return told;
            }
            told.push(message);
        }
    }

    /// The code that it is closed with, and what was told before.
    pub async fn ending(&mut self) -> (Vec<Value>, Value) {
        let mut told = Vec::new();
        loop {
            let message = self.next().await;
            match message["t"].as_str() {
                Some("close") => return (told, message["code"].clone()),
                Some("gone") => return (told, Value::Null),
                _ => told.push(message),
            }
        }
    }

    pub async fn play(&mut self, kind: &str, time: impl Into<Value>) {
        self.send(json!({"type": kind, "time": time.into()})).await;
    }

    pub async fn say(&mut self, text: &str) {
        self.send(json!({"type": "CHAT_MESSAGE", "message": text}))
            .await;
    }
}

pub fn kinds(told: &[Value]) -> Vec<&str> {
    told.iter().filter_map(|m| m["type"].as_str()).collect()
}

pub fn denied(message: &str) -> Value {
    json!({"type": "ERROR", "code": "PERMISSION_DENIED", "message": message})
}

pub fn refusal(message: &str) -> Value {
    json!({"type": "ERROR", "message": message})
}

/// A public room with its host and a guest in it.
pub async fn evening(server: &Server) -> (Page, Page, Room, Socket, Socket) {
    let host = Page::account(server, "Hanna").await;
    let guest = Page::guest(server, "Gus").await;
    let room = host.create(json!({"is_private": false})).await;
    let mut own = host.enter(&room).await;
    let other = guest.enter(&room).await;
    own.until("USER_JOINED").await;
    (host, guest, room, own, other)
}

#[tokio::test]
async fn an_evening_from_login_to_the_end() {
    let server = server().await;
    let (host, guest, room, mut hanna, mut gus) = evening(&server).await;
    assert_eq!(room.0["is_private"], false);
    assert_eq!(room.0["entry_mode"], Value::Null);
    assert!(room.0.get("room_password").is_none());
    assert_eq!(
        gus.welcome,
        [
            json!({"type": "CHAT_HISTORY", "messages": []}),
            json!({"type": "PLAYBACK_STATE", "is_playing": false, "time": 0, "version": 0}),
            json!({"type": "ROOM_PARTICIPANTS", "participants": ["Hanna", "Gus"], "host": "Hanna"}),
        ]
    );

    hanna.play("PLAY", 12.5).await;
    let playing = json!({"type": "PLAYBACK_STATE", "is_playing": true, "time": 12.5, "version": 1});
    assert_eq!(hanna.next().await, playing);
    assert_eq!(gus.next().await, playing);
    hanna.play("SEEK", 60).await;
    let moved = json!({"type": "PLAYBACK_STATE", "is_playing": true, "time": 60, "version": 2});
    assert_eq!(gus.next().await, moved);
    hanna.play("PAUSE", 61).await;
    let paused = json!({"type": "PLAYBACK_STATE", "is_playing": false, "time": 61, "version": 3});
    assert_eq!(gus.next().await, paused);

    gus.play("PLAY", 0).await;
    let denied = json!({
        "type": "ERROR", "code": "PERMISSION_DENIED", "message": "Only host can control playback",
    });
    assert_eq!(gus.next().await, denied);

    gus.say("  hello \u{0}there ").await;
    let said = json!({"type": "CHAT_MESSAGE", "user": "Gus", "message": "hello there"});
    assert_eq!(gus.next().await, said);
    assert_eq!(hanna.until("CHAT_MESSAGE").await, said);

    let late = Page::guest(&server, "Late").await;
    let entered = late.enter(&room).await;
    let history = &entered.welcome[0]["messages"];
    assert_eq!(history[0]["user"], "Gus");
    assert_eq!(history[0]["message"], "hello there");
    let created = history[0]["created_at"].as_str().unwrap();
    assert!(
        created.ends_with("+00:00") && created.len() == 32,
        "{created}"
    );
    assert_eq!(entered.welcome[1], paused);

    let (_, detail) = guest
        .get(&format!("/api/rooms/{}/detail/", room.code()))
        .await;
    assert_eq!(
        (&detail["state"], &detail["host"]),
        (&json!("LIVE"), &json!("Hanna"))
    );
    assert_eq!(detail["host_id"], host.id);
    assert_eq!(
        (&detail["is_host"], &detail["is_active"]),
        (&json!(false), &json!(true))
    );

    let gone = host
        .must("/api/rooms/delete/", json!({"room_id": room.id()}))
        .await;
    assert_eq!(gone, json!({"status": "room_deleted"}));
    let (told, code) = gus.ending().await;
    assert_eq!(told.last(), Some(&json!({"type": "ROOM_DELETED"})));
    assert_eq!(code, 4005);
}
