//! The Random Clip Player's dialect, section by section of its document: what works, what is refused, and the holes of
//! the original that are closed.
use crate::client::{Client, Server};
use futures_util::SinkExt as _;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// A player that is in.
pub struct Player {
    pub socket: Client,
    pub id: String,
    pub entry: Value,
    /// What came between the state of the room and the answer to the first ping.
    pub behind: Vec<Value>,
}

impl Player {
    pub async fn send(&mut self, message: Value) {
        self.socket.send(&message).await;
    }

    /// The next message of a type; others are let pass.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let message = self.socket.next().await;
            assert!(
                message["t"] != "gone" && message["t"] != "close",
                "{message} while waiting for {kind}"
            );
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// That nothing of these types comes before the answer to a ping that is sent now.
    pub async fn hears_no(&mut self, kinds: &[&str]) {
        // What the room's task does meanwhile takes no longer.
        tokio::time::sleep(Duration::from_millis(250)).await;
        self.send(json!({"type": "ping"})).await;
        loop {
            let message = self.socket.next().await;
            let kind = message["type"].as_str().unwrap_or_default();
            assert!(!kinds.contains(&kind), "{message}");
            if kind == "pong" {
                return;
            }
        }
    }

    pub async fn ending(&mut self) -> (Vec<Value>, Value) {
        let mut last = Vec::new();
        loop {
            let message = self.socket.next().await;
            match message["t"].as_str() {
                Some("close") => return (last, message["code"].clone()),
                Some("gone") => return (last, Value::Null),
                _ => last.push(message),
            }
        }
    }
}

pub async fn create(server: &Server) -> Value {
    let entry = json!({"password": " secret ", "username": "Hanna"});
    let (status, made) = server.post("/rooms", &entry).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["user_id"], made["host_id"]);
    made
}

pub async fn join(server: &Server, room: &Value, name: &str) -> (u16, Value) {
    let path = format!("/rooms/{}/join", room["room_code"].as_str().unwrap());
    let entry = json!({"password": "secret", "username": name});
    server.post(&path, &entry).await
}

pub async fn open(server: &Server, code: &str) -> Client {
    let url = format!("{}/ws/{code}", server.base.replace("http", "ws"));
    server.socket_with(&url, &[]).await
}

/// Opens a socket with what was given at the door.
pub async fn enter(server: &Server, room: &Value, entry: Value) -> Player {
    let mut socket = open(server, room["room_code"].as_str().unwrap()).await;
    let id = entry["user_id"].as_str().unwrap().to_owned();
    let auth = json!({"type": "auth", "user_id": id, "username": "ignored"});
    socket.send(&auth).await;
    // The player says this before it has read anything.
    socket.send(&json!({"type": "ping"})).await;
    let state = socket.next().await;
    assert_eq!(state["type"], "room_state", "{state}");
    let mut behind = Vec::new();
    loop {
        let message = socket.next().await;
        if message == json!({"type": "pong"}) {
            break;
        }
        behind.push(message);
    }
    Player {
        socket,
        id,
        entry: state,
        behind,
    }
}

pub async fn host(server: &Server, room: &Value) -> Player {
    enter(server, room, room.clone()).await
}

pub async fn guest(server: &Server, room: &Value, name: &str) -> Player {
    let (status, entry) = join(server, room, name).await;
    assert_eq!(status, 200, "{entry}");
    enter(server, room, entry).await
}

pub fn names(list: &Value) -> Vec<&str> {
    let users = list.as_array().unwrap();
    users
        .iter()
        .map(|u| u["username"].as_str().unwrap())
        .collect()
}

pub fn path(room: &Value, rest: &str) -> String {
    format!("/rooms/{}/{rest}", room["room_code"].as_str().unwrap())
}

// ---- rooms ---------------------------------------------------------------------------

#[tokio::test]
async fn a_room_is_made_entered_and_left() {
    let server = Server::start().await;
    let (_, health) = server.get("/health").await;
    assert_eq!(
        (&health["status"], &health["rooms"]),
        (&json!("ok"), &json!(0))
    );
    let room = create(&server).await;
    let code = room["room_code"].as_str().unwrap();
    assert_eq!(code.len(), 17);
    let (_, early) = join(&server, &room, "Early").await;
    assert_eq!(early["users"], json!([]), "the maker is not there yet");
    assert_eq!(
        early["playback_state"],
        json!({"playing": false, "position": 0.0, "speed": 1.0, "timestamp": 0.0})
    );
    assert_eq!(
        (&early["current_video"], &early["videos"]),
        (&Value::Null, &json!({}))
    );
    let mut hanna = host(&server, &room).await;
    assert_eq!(hanna.entry["host_id"], json!(hanna.id));
    let mut gus = guest(&server, &room, "Gus").await;
    assert_eq!(names(&gus.entry["users"]), ["Hanna", "Gus"]);
    assert_eq!(gus.entry["users"][1]["user_id"], json!(gus.id));
    assert_eq!(gus.entry["users"][0]["user_id"], gus.entry["host_id"]);
    assert_eq!(
        early["host_id"], gus.entry["host_id"],
        "known before they came"
    );
    let came = hanna.until("user_joined").await;
    assert_eq!(
        (&came["username"], names(&came["users"])),
        (&json!("Gus"), vec!["Hanna", "Gus"])
    );
    drop(gus);
    let went = hanna.until("user_left").await;
    assert_eq!(
        (&went["username"], names(&went["users"])),
        (&json!("Gus"), vec!["Hanna"])
    );
    assert_eq!(went["user_id"], came["user_id"]);
    hanna.hears_no(&["user_left", "user_joined"]).await;
    gus = guest(&server, &room, "Gus").await;
    assert_eq!(hanna.until("user_joined").await["user_id"], came["user_id"]);
    gus.hears_no(&["user_joined"]).await;
}

#[tokio::test]
async fn quirk_an_id_is_shown_to_nobody_but_its_owner() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let gus = guest(&server, &room, "Gus").await;
    let came = hanna.until("user_joined").await;
    assert!(!gus.entry.to_string().contains(&hanna.id));
    assert!(!came.to_string().contains(&gus.id) && came.to_string().contains(&hanna.id));
    for wrong in [
        gus.entry["host_id"].clone(),
        json!(""),
        json!("x"),
        json!(7),
        Value::Null,
    ] {
        let mut socket = open(&server, room["room_code"].as_str().unwrap()).await;
        let auth = json!({"type": "auth", "user_id": wrong, "username": "Hanna"});
        socket.send(&auth).await;
        assert_eq!(
            socket.next().await,
            json!({"type": "error", "message": "Invalid user_id"})
        );
        assert_eq!(socket.next().await["t"], "close");
    }
}

#[tokio::test]
async fn what_is_wrong_at_the_door_is_told_in_its_words() {
    let server = Server::with(&["--limit-create", "1000/min"]).await;
    let detail =
        |answer: &(u16, Value)| (answer.0, answer.1["detail"].as_str().unwrap().to_owned());
    for (body, status, words) in [
        (
            json!({"password": " abc ", "username": ""}),
            400,
            "Password must be at least 4 characters",
        ),
        (
            json!({"password": "abcd", "username": " "}),
            400,
            "Username required (max 32 chars)",
        ),
        (
            json!({"password": "abcd", "username": "x".repeat(33)}),
            400,
            "Username required (max 32 chars)",
        ),
    ] {
        let answer = server.post("/rooms", &body).await;
        assert_eq!(detail(&answer), (status, words.to_owned()));
    }
    for body in [
        "",
        "[]",
        "7",
        r#"{"password":1,"username":"x"}"#,
        &"[".repeat(5000),
    ] {
        let url = format!("{}/rooms", server.base);
        let answer = server
            .http
            .post(url)
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 400);
        assert!(answer.json::<Value>().await.unwrap()["detail"].is_string());
    }
    let room = create(&server).await;
    let at = path(&room, "join");
    let entry = json!({"password": "abcd", "username": "x"});
    let nowhere = server.post("/rooms/AAAAA-00000-AAAAA/join", &entry).await;
    assert_eq!(detail(&nowhere), (404, "Room not found".to_owned()));
    let wrong = server
        .post(&at, &json!({"password": "wrong", "username": "x"}))
        .await;
    assert_eq!(detail(&wrong), (403, "Incorrect password".to_owned()));
    for _ in 0..3 {
        server
            .post(&at, &json!({"password": "wrong", "username": "x"}))
            .await;
    }
    let many = server
        .post(&at, &json!({"password": "secret", "username": "x"}))
        .await;
    assert_eq!(
        detail(&many),
        (429, "Too many join attempts. Try again later.".to_owned())
    );
    let (status, missing) = server.get("/rooms/x/y/z").await;
    assert_eq!((status, missing["detail"].is_string()), (404, true));
    let (status, method) = server.get(&at).await;
    assert_eq!((status, method["detail"].is_string()), (405, true));
}

#[tokio::test]
async fn a_socket_without_auth_or_room_is_told_so_and_closed() {
    let server = Server::start().await;
    let mut lost = open(&server, "AAAAA-00000-AAAAA").await;
    assert_eq!(lost.next().await["message"], "Room not found");
    assert_eq!(lost.next().await["t"], "close");
    let room = create(&server).await;
    for first in [r#"{"type":"ping"}"#, "garbage", "[1]"] {
        let mut socket = open(&server, room["room_code"].as_str().unwrap()).await;
        socket.raw(first).await;
        assert_eq!(socket.next().await["message"], "Auth required");
        assert_eq!(socket.next().await["t"], "close");
    }
}

#[tokio::test]
async fn quirk_what_is_no_message_does_not_leave_a_dead_socket() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    hanna.socket.raw("garbage").await;
    assert_eq!(hanna.socket.next().await["type"], "error");
    hanna
        .socket
        .raw(r#"{"type":"seek","position":1e999}"#)
        .await;
    assert_eq!(hanna.socket.next().await["type"], "error");
    hanna
        .socket
        .socket
        .send(Message::binary(vec![0, 1]))
        .await
        .unwrap();
    assert_eq!(hanna.socket.next().await["type"], "error");
    hanna.send(json!({"type": "no such thing"})).await;
    hanna.send(json!({"type": 7})).await;
    hanna.send(json!({"type": "ping"})).await;
    assert_eq!(hanna.socket.next().await["type"], "pong");
    for _ in 0..10 {
        hanna.socket.raw("[]").await;
    }
    assert_eq!(hanna.ending().await.1, 1008);
    let mut large = guest(&server, &room, "Gus").await;
    large.socket.raw(&"x".repeat(1024 * 1024)).await;
    assert_ne!(large.ending().await.1, 1000);
}

#[tokio::test]
async fn quirk_the_newest_socket_of_an_id_owns_the_seat() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let (_, entry) = join(&server, &room, "Gus").await;
    let mut first = enter(&server, &room, entry.clone()).await;
    hanna.until("user_joined").await;
    let mut second = enter(&server, &room, entry).await;
    assert_eq!(first.ending().await.1, 1000);
    second.hears_no(&["user_left"]).await;
    hanna.hears_no(&["user_left", "user_joined"]).await;
    second.send(json!({"type": "speed", "speed": 1.5})).await;
    assert_eq!(hanna.until("speed").await["user"], "Gus");
}

#[tokio::test]
async fn quirk_a_host_who_comes_back_is_the_host_with_the_same_id() {
    let server = Server::start().await;
    let room = create(&server).await;
    let hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    let id = hanna.id.clone();
    drop(hanna);
    gus.until("user_left").await;
    let (_, entry) = join(&server, &room, "Hanna").await;
    assert_eq!(
        (&entry["user_id"], &entry["host_id"]),
        (&json!(id), &json!(id))
    );
    let mut hanna = enter(&server, &room, entry).await;
    let target = hanna.entry["users"]
        .as_array()
        .unwrap()
        .iter()
        .find(|u| u["username"] == "Gus")
        .unwrap();
    let kick = json!({"type": "kick", "target_user_id": target["user_id"]});
    hanna.send(kick).await;
    gus.until("kicked").await;
}

#[tokio::test]
async fn it_is_switched_off_by_a_setting() {
    let server = Server::with(&["--dialects", "none"]).await;
    let (status, _) = server.post("/rooms", &json!({"username": "Ann"})).await;
    assert!((400..500).contains(&status), "{status}");
    let (status, _) = server.get("/ws/ABCDE-12345-FGHIJ").await;
    assert_eq!(status, 404);
}
