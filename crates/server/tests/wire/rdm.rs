//! The Random Clip Player's dialect, section by section of its document: what works, what is refused, and the holes of
//! the original that are closed.
use crate::client::{Client, Server};
use futures_util::SinkExt as _;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use watchalong_media::SAMPLE_CLIP;

/// A player that is in.
struct Player {
    socket: Client,
    id: String,
    entry: Value,
}

impl Player {
    async fn send(&mut self, message: Value) {
        self.socket.send(&message).await;
    }

    /// The next message of a type; others are let pass.
    async fn until(&mut self, kind: &str) -> Value {
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
    async fn hears_no(&mut self, kinds: &[&str]) {
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

    async fn ending(&mut self) -> (Vec<Value>, Value) {
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

async fn create(server: &Server) -> Value {
    let entry = json!({"password": " secret ", "username": "Hanna"});
    let (status, made) = server.post("/rooms", &entry).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["user_id"], made["host_id"]);
    made
}

async fn join(server: &Server, room: &Value, name: &str) -> (u16, Value) {
    let path = format!("/rooms/{}/join", room["room_code"].as_str().unwrap());
    let entry = json!({"password": "secret", "username": name});
    server.post(&path, &entry).await
}

async fn open(server: &Server, code: &str) -> Client {
    let url = format!("{}/ws/{code}", server.base.replace("http", "ws"));
    server.socket_with(&url, &[]).await
}

/// Opens a socket with what was given at the door.
async fn enter(server: &Server, room: &Value, entry: Value) -> Player {
    let mut socket = open(server, room["room_code"].as_str().unwrap()).await;
    let id = entry["user_id"].as_str().unwrap().to_owned();
    let auth = json!({"type": "auth", "user_id": id, "username": "ignored"});
    socket.send(&auth).await;
    // The player says this before it has read anything.
    socket.send(&json!({"type": "ping"})).await;
    let state = socket.next().await;
    assert_eq!(state["type"], "room_state", "{state}");
    assert_eq!(socket.next().await, json!({"type": "pong"}));
    Player {
        socket,
        id,
        entry: state,
    }
}

async fn host(server: &Server, room: &Value) -> Player {
    enter(server, room, room.clone()).await
}

async fn guest(server: &Server, room: &Value, name: &str) -> Player {
    let (status, entry) = join(server, room, name).await;
    assert_eq!(status, 200, "{entry}");
    enter(server, room, entry).await
}

fn names(list: &Value) -> Vec<&str> {
    let users = list.as_array().unwrap();
    users
        .iter()
        .map(|u| u["username"].as_str().unwrap())
        .collect()
}

fn path(room: &Value, rest: &str) -> String {
    format!("/rooms/{}/{rest}", room["room_code"].as_str().unwrap())
}

async fn put(server: &Server, path: &str, bytes: &[u8]) -> (u16, Value) {
    let url = format!("{}{path}", server.base);
    let answer = server
        .http
        .put(url)
        .body(bytes.to_vec())
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

const PIECE: usize = 20_000;

/// Brings a clip in pieces, the last first.
async fn bring(server: &Server, room: &Value, id: &str, name: &str) -> Value {
    let init = json!({
        "user_id": id, "filename": name, "file_size": SAMPLE_CLIP.len(), "chunk_size": PIECE,
    });
    let (status, made) = server.post(&path(room, "upload/init"), &init).await;
    assert_eq!(status, 200, "{made}");
    let upload = made["upload_id"].as_str().unwrap();
    for (index, piece) in SAMPLE_CLIP.chunks(PIECE).enumerate().rev() {
        let at = path(room, &format!("upload/{upload}/chunk/{index}"));
        let (status, answer) = put(server, &at, piece).await;
        assert_eq!(
            (status, answer),
            (200, json!({"index": index, "received_bytes": piece.len()}))
        );
    }
    let at = path(room, &format!("upload/{upload}/complete"));
    let (status, video) = server.post(&at, &json!({})).await;
    assert_eq!(status, 200, "{video}");
    let (status, gone) = server.post(&at, &json!({})).await;
    assert_eq!((status, &gone["detail"]), (404, &json!("Upload not found")));
    video
}

async fn fetch(server: &Server, room: &Value, video: &Value, range: Option<&str>) -> Response {
    let at = path(
        room,
        &format!("videos/{}", video["video_id"].as_str().unwrap()),
    );
    let mut request = server.http.get(format!("{}{at}", server.base));
    if let Some(range) = range {
        request = request.header("range", range);
    }
    request.send().await.unwrap()
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

// ---- playback ------------------------------------------------------------------------

#[tokio::test]
async fn controls_reach_everybody_but_their_sender() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    let video = bring(&server, &room, &hanna.id, "clip.mp4").await;
    start(&mut hanna, &mut gus, &video).await;
    gus.send(json!({"type": "pause", "position": 1.25})).await;
    let paused = hanna.until("pause").await;
    assert_eq!(
        (&paused["position"], &paused["user"]),
        (&json!(1.25), &json!("Gus"))
    );
    assert!(paused["timestamp"].as_f64().unwrap() > 1.7e9);
    hanna.send(json!({"type": "play", "position": 0.5})).await;
    assert_eq!(gus.until("play").await["position"], 0.5);
    hanna.send(json!({"type": "seek", "position": 0.75})).await;
    assert_eq!(gus.until("seek").await["position"], 0.75);
    hanna.send(json!({"type": "seek", "position": -1.0})).await;
    assert_eq!(gus.until("seek").await["position"], 0.0);
    hanna.send(json!({"type": "speed", "speed": 1.5})).await;
    assert_eq!(
        gus.until("speed").await,
        json!({"type": "speed", "speed": 1.5, "user": "Hanna"})
    );
    // In a burst the order is kept, and the last word stands.
    for position in [0.1, 0.2] {
        hanna
            .send(json!({"type": "pause", "position": position}))
            .await;
        hanna
            .send(json!({"type": "play", "position": position}))
            .await;
    }
    let mut last = Value::Null;
    while last["type"] != "play" || last["position"] != 0.2 {
        last = gus.socket.next().await;
    }
    hanna.send(json!({"type": "pause", "position": 0.3})).await;
    while last["type"] != "pause" || last["position"] != 0.3 {
        last = gus.socket.next().await;
    }
    for wrong in [json!("1"), json!(true), json!(null), json!([1])] {
        hanna.send(json!({"type": "seek", "position": wrong})).await;
        hanna.send(json!({"type": "speed", "speed": wrong})).await;
    }
    hanna.send(json!({"type": "speed", "speed": 0})).await;
    gus.hears_no(&["seek", "speed"]).await;
    hanna.hears_no(&["play", "pause", "seek", "speed"]).await;
    let late = guest(&server, &room, "Late").await;
    let state = &late.entry["playback_state"];
    assert_eq!(
        (&state["playing"], &state["position"], &state["speed"]),
        (&json!(false), &json!(0.3), &json!(1.5))
    );
    assert_eq!(late.entry["current_video"], video["video_id"]);
}

#[tokio::test]
async fn quirk_only_the_hosts_heartbeat_is_passed_on() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    gus.send(json!({"type": "position_heartbeat", "position": 3.0, "speed": 1.0}))
        .await;
    hanna.hears_no(&["position_heartbeat"]).await;
    hanna
        .send(json!({"type": "position_heartbeat", "position": 4.5, "speed": 1.0}))
        .await;
    let beat = gus.until("position_heartbeat").await;
    assert_eq!(
        beat,
        json!({"type": "position_heartbeat", "position": 4.5, "speed": 1.0})
    );
    hanna.hears_no(&["position_heartbeat"]).await;
}

// ---- clips ---------------------------------------------------------------------------

/// Hanna shares, Gus gets ready.
async fn start(hanna: &mut Player, gus: &mut Player, video: &Value) {
    hanna
        .send(json!({"type": "play_video", "video_id": video["video_id"]}))
        .await;
    let prepare = gus.until("prepare_video").await;
    assert_eq!(
        (&prepare["video_id"], &prepare["user"]),
        (&video["video_id"], &json!("Hanna"))
    );
    gus.send(json!({"type": "ready", "video_id": video["video_id"]}))
        .await;
    for player in [&mut *hanna, &mut *gus] {
        let progress = player.until("ready_progress").await;
        assert_eq!(
            (&progress["ready"], &progress["total"]),
            (&json!(2), &json!(2))
        );
        assert_eq!(player.socket.next().await["type"], "all_ready");
    }
}

#[tokio::test]
async fn a_clip_comes_in_pieces_and_is_told_of_fetched_and_started_together() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    let video = bring(&server, &room, &hanna.id, "../Ünsere Reise.mp4").await;
    assert_eq!(video["filename"], "Ünsere Reise.mp4");
    assert_eq!(video["size"], SAMPLE_CLIP.len());
    for player in [&mut hanna, &mut gus] {
        let told = player.until("video_uploaded").await;
        assert_eq!(
            (&told["video_id"], &told["uploaded_by"]),
            (&video["video_id"], &json!("Hanna"))
        );
    }
    hanna
        .send(json!({"type": "play_video", "video_id": "nothing"}))
        .await;
    hanna
        .send(json!({"type": "play_video", "video_id": video["video_id"]}))
        .await;
    gus.until("prepare_video").await;
    hanna
        .send(json!({"type": "play_video", "video_id": video["video_id"]}))
        .await;
    let busy = hanna.until("transition_busy").await;
    assert_eq!(busy["pending_video_id"], video["video_id"]);
    gus.send(json!({"type": "ready", "video_id": "another"}))
        .await;
    gus.hears_no(&["all_ready", "ready_progress", "prepare_video"])
        .await;
    gus.send(json!({"type": "ready", "video_id": video["video_id"]}))
        .await;
    let ready = hanna.until("all_ready").await;
    assert_eq!(
        ready,
        json!({"type": "all_ready", "video_id": video["video_id"], "uploaded_by": hanna.id})
    );
    assert_ne!(gus.until("all_ready").await["uploaded_by"], json!(hanna.id));
    drop(gus);
    hanna.until("user_left").await;
    // Alone there is nobody to wait for.
    hanna
        .send(json!({"type": "play_video", "video_id": video["video_id"]}))
        .await;
    assert_eq!(hanna.socket.next().await["type"], "all_ready");
}

#[tokio::test]
async fn quirk_who_leaves_during_a_wait_is_not_waited_for() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    let video = bring(&server, &room, &gus.id, "clip.mp4").await;
    gus.send(json!({"type": "play_video", "video_id": video["video_id"]}))
        .await;
    hanna.until("prepare_video").await;
    let mut late = guest(&server, &room, "Late").await;
    drop(hanna);
    gus.until("all_ready").await;
    late.until("all_ready").await;
}

#[tokio::test]
async fn ranges_are_those_of_http() {
    let server = Server::start().await;
    let room = create(&server).await;
    let hanna = host(&server, &room).await;
    let video = bring(&server, &room, &hanna.id, "clip.MP4").await;
    let whole = fetch(&server, &room, &video, None).await;
    assert_eq!(whole.status(), 200);
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    assert_eq!(whole.headers()["content-type"], "video/mp4");
    assert_eq!(whole.headers()["x-content-type-options"], "nosniff");
    assert_eq!(whole.headers()["cache-control"], "private");
    assert!(!whole.headers().contains_key("access-control-allow-origin"));
    assert_eq!(&whole.bytes().await.unwrap()[..], SAMPLE_CLIP);
    let size = SAMPLE_CLIP.len();
    let range = |from: usize, to: usize| Some(format!("bytes {from}-{}/{size}", to - 1));
    for (asked, status, content) in [
        ("bytes=5-9", 206, range(5, 10)),
        ("bytes=5-", 206, range(5, size)),
        ("bytes=5-99999999", 206, range(5, size)),
        ("bytes=-7", 206, range(size - 7, size)),
        ("bytes=-0", 416, Some(format!("bytes */{size}"))),
        ("bytes=99999999-", 416, Some(format!("bytes */{size}"))),
        ("bytes=9-5", 200, None),
        ("lines=1-2", 200, None),
        ("nonsense", 200, None),
    ] {
        let answer = fetch(&server, &room, &video, Some(asked)).await;
        let told = answer
            .headers()
            .get("content-range")
            .map(|v| v.to_str().unwrap().to_owned());
        assert_eq!(
            (answer.status().as_u16(), told),
            (status, content),
            "{asked}"
        );
    }
    let at = path(
        &room,
        &format!("videos/{}", video["video_id"].as_str().unwrap()),
    );
    let head = server
        .http
        .head(format!("{}{at}", server.base))
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["content-length"], size.to_string().as_str());
    let other = create(&server).await;
    assert_eq!(fetch(&server, &other, &video, None).await.status(), 404);
}

#[tokio::test]
async fn a_whole_clip_comes_in_a_form() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let url = format!("{}{}", server.base, path(&room, "upload"));
    let send = |id: String, name: &str, clip: &[u8]| {
        let mut body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"user_id\"\r\n\r\n{id}\r\n--x\r\nContent-Disposition: \
             form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(clip);
        body.extend_from_slice(b"\r\n--x--\r\n");
        let kind = "multipart/form-data; boundary=x";
        server
            .http
            .post(&url)
            .header("content-type", kind)
            .body(body)
            .send()
    };
    let answer = send(hanna.id.clone(), "Über.mp4", SAMPLE_CLIP)
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let video: Value = answer.json().await.unwrap();
    assert_eq!(
        (&video["filename"], &video["size"]),
        (&json!("Über.mp4"), &json!(SAMPLE_CLIP.len()))
    );
    assert_eq!(
        hanna.until("video_uploaded").await["video_id"],
        video["video_id"]
    );
    for (id, name, clip, status) in [
        (
            "stranger".to_owned(),
            "a.mp4",
            SAMPLE_CLIP,
            StatusCode::FORBIDDEN,
        ),
        (
            hanna.id.clone(),
            "a.exe",
            SAMPLE_CLIP,
            StatusCode::BAD_REQUEST,
        ),
        (
            hanna.id.clone(),
            "a.mp4",
            &b"PK\x03\x04 no film"[..],
            StatusCode::BAD_REQUEST,
        ),
    ] {
        let answer = send(id, name, clip).await.unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.json::<Value>().await.unwrap()["detail"].is_string());
    }
}

#[tokio::test]
async fn quirk_pieces_have_their_length_and_come_again() {
    let server = Server::with(&["--upload-max", "16mb"]).await;
    let room = create(&server).await;
    let hanna = host(&server, &room).await;
    let init = |size: Value, chunk: Value, name: &str| json!({"user_id": hanna.id, "filename": name, "file_size": size, "chunk_size": chunk});
    let at = path(&room, "upload/init");
    for (body, status) in [
        (init(json!(0), json!(10), "a.mp4"), 400),
        (init(json!(-5), json!(10), "a.mp4"), 400),
        (init(json!("5"), json!(10), "a.mp4"), 400),
        (init(json!(2.5), json!(10), "a.mp4"), 400),
        (init(json!(100), json!(0), "a.mp4"), 400),
        (init(json!(100), json!(-1), "a.mp4"), 400),
        (init(json!(200_000), json!(1), "a.mp4"), 400),
        (init(json!(20_000_000), json!(1000), "a.mp4"), 413),
        (init(json!(100), json!(10), "a.txt"), 400),
        (
            json!({"user_id": "x", "filename": "a.mp4", "file_size": 5}),
            403,
        ),
    ] {
        let (got, answer) = server.post(&at, &body).await;
        assert_eq!(
            (got, answer["detail"].is_string()),
            (status, true),
            "{body} {answer}"
        );
    }
    let (_, made) = server
        .post(&at, &init(json!(SAMPLE_CLIP.len()), json!(PIECE), "a.mp4"))
        .await;
    let upload = made["upload_id"].as_str().unwrap();
    let piece = |index: &str| path(&room, &format!("upload/{upload}/chunk/{index}"));
    for (index, bytes) in [
        ("0", 3),
        ("0", PIECE + 1),
        ("99999", 3),
        ("-1", 3),
        ("x", 3),
        ("0", 0),
    ] {
        let (status, _) = put(&server, &piece(index), &SAMPLE_CLIP[..bytes]).await;
        assert_eq!(status, 400, "{index} {bytes}");
    }
    let second = &SAMPLE_CLIP[PIECE..2 * PIECE];
    for _ in 0..2 {
        assert_eq!(put(&server, &piece("1"), second).await.0, 200);
    }
    let (_, status) = server
        .get(&path(&room, &format!("upload/{upload}/status")))
        .await;
    let total = SAMPLE_CLIP.len().div_ceil(PIECE);
    assert_eq!(
        status,
        json!({
            "upload_id": upload, "last_chunk_index": 1, "received_chunks": 1, "total_chunks": total,
            "received_bytes": PIECE, "expected_bytes": SAMPLE_CLIP.len(),
        })
    );
    let complete = path(&room, &format!("upload/{upload}/complete"));
    let (status, missing) = server.post(&complete, &json!({})).await;
    assert_eq!(
        (status, missing["detail"].clone()),
        (400, json!(format!("Missing {} chunk(s)", total - 1)))
    );
    // Three more, and that is enough at once.
    for _ in 0..3 {
        assert_eq!(
            server
                .post(&at, &init(json!(100), json!(10), "a.mp4"))
                .await
                .0,
            200
        );
    }
    assert_eq!(
        server
            .post(&at, &init(json!(100), json!(10), "a.mp4"))
            .await
            .0,
        429
    );
}

#[tokio::test]
async fn an_upload_in_pieces_goes_on_after_a_restart() {
    let server = Server::start().await;
    let room = create(&server).await;
    let hanna = host(&server, &room).await;
    let init = json!({
        "user_id": hanna.id, "filename": "a.mp4", "file_size": SAMPLE_CLIP.len(), "chunk_size": PIECE,
    });
    let (_, made) = server.post(&path(&room, "upload/init"), &init).await;
    let upload = made["upload_id"].as_str().unwrap();
    let pieces: Vec<&[u8]> = SAMPLE_CLIP.chunks(PIECE).collect();
    let send = |index: usize| path(&room, &format!("upload/{upload}/chunk/{index}"));
    for index in (0..pieces.len()).step_by(2) {
        assert_eq!(put(&server, &send(index), pieces[index]).await.0, 200);
    }
    drop(hanna);
    let server = server.restarted().await;
    for index in (1..pieces.len()).step_by(2) {
        assert_eq!(put(&server, &send(index), pieces[index]).await.0, 200);
    }
    let (status, video) = server
        .post(
            &path(&room, &format!("upload/{upload}/complete")),
            &json!({}),
        )
        .await;
    assert_eq!(status, 200, "{video}");
    let clip = fetch(&server, &room, &video, None)
        .await
        .bytes()
        .await
        .unwrap();
    assert_eq!(&clip[..], SAMPLE_CLIP);
}

// ---- kick ----------------------------------------------------------------------------

#[tokio::test]
async fn quirk_a_kick_is_told_at_once_and_the_kicked_do_not_come_back() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    let mut ida = guest(&server, &room, "Ida").await;
    let target = hanna.until("user_joined").await["user_id"].clone();
    let kick = json!({"type": "kick", "target_user_id": target});
    ida.send(kick.clone()).await;
    assert_eq!(
        ida.until("error").await["message"],
        "Only the host can kick users"
    );
    for nobody in [json!("nobody"), json!(hanna.id), Value::Null] {
        hanna
            .send(json!({"type": "kick", "target_user_id": nobody}))
            .await;
    }
    hanna.send(kick).await;
    let (last, code) = gus.ending().await;
    assert_eq!(
        (&last.last().unwrap()["type"], code),
        (&json!("kicked"), json!(1000))
    );
    for player in [&mut hanna, &mut ida] {
        let told = player.until("user_kicked").await;
        assert_eq!(
            (&told["username"], &told["kicked_by"]),
            (&json!("Gus"), &json!("Hanna"))
        );
        assert_eq!(names(&told["users"]), ["Hanna", "Ida"]);
        player.hears_no(&["user_left"]).await;
    }
    let (status, refused) = join(&server, &room, "Gus").await;
    assert_eq!((status, refused["detail"].is_string()), (403, true));
    let mut socket = open(&server, room["room_code"].as_str().unwrap()).await;
    socket
        .send(&json!({"type": "auth", "user_id": gus.id, "username": "Gus"}))
        .await;
    assert_eq!(socket.next().await["message"], "Invalid user_id");
}

// ---- bridging ------------------------------------------------------------------------

#[tokio::test]
async fn a_player_and_a_page_share_a_room() {
    let server = Server::start().await;
    let film = server.sample().await;
    let native = server.room(&json!({"media": film})).await;
    let mut ann = server.host(&native).await;
    let code = native["code"].as_str().unwrap();
    let entry = json!({"password": "whatever", "username": "Gus"});
    let (status, entry) = server.post(&format!("/rooms/{code}/join"), &entry).await;
    assert_eq!(status, 200, "{entry}");
    assert_eq!(entry["users"][0]["username"], "Hanna");
    let mut gus = enter(&server, &entry, entry.clone()).await;
    assert_eq!(gus.entry["current_video"], json!(film));
    while !ann.event("members").await.to_string().contains("Gus") {}
    let clip = fetch(&server, &entry, &json!({"video_id": film}), None).await;
    assert_eq!(&clip.bytes().await.unwrap()[..], SAMPLE_CLIP);
    gus.send(json!({"type": "ready", "video_id": film})).await;
    ann.must(json!({"do": "play"})).await;
    let begun = loop {
        let message = gus.socket.next().await;
        if ["play", "all_ready"].contains(&message["type"].as_str().unwrap()) {
            break message;
        }
    };
    assert!(begun["type"] == "play" || begun["video_id"] == json!(film));
    gus.send(json!({"type": "pause", "position": 0.5})).await;
    let timeline = loop {
        let event = ann.event("timeline").await;
        if event["timeline"]["playing"] == false {
            break event;
        }
    };
    assert_eq!(timeline["timeline"]["by"], json!(2));
    ann.must(json!({"do": "seek", "position": 1.0})).await;
    assert_eq!(gus.until("seek").await["position"], 1.0);
    ann.must(json!({"do": "say", "text": "hello"})).await;
    gus.hears_no(&["error"]).await;
    drop(ann);
    let (_, again) = server.get(&format!("/api/v2/rooms/{code}")).await;
    assert_eq!(again["life"], "live");
}

#[tokio::test]
async fn it_is_switched_off_by_a_setting() {
    let server = Server::with(&["--dialects", "none"]).await;
    let (status, _) = server.post("/rooms", &json!({"username": "Ann"})).await;
    assert!((400..500).contains(&status), "{status}");
    let (status, _) = server.get("/ws/ABCDE-12345-FGHIJ").await;
    assert_eq!(status, 404);
}
