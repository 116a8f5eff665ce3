//! Syncplay clients over TCP: coming in, motion, chat, roles, and one room with the page's clients.
use super::client::{PATIENCE, Server};
use super::uploads::{create, header, patch, person, state};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use watchalong_media::SAMPLE_CLIP;

/// A client that answers every state at once, as real ones do.
pub struct Player {
    lines: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    out: Box<dyn AsyncWrite + Send + Unpin>,
    position: f64,
    paused: bool,
    clock: Value,
    ack: Value,
    changes: i64,
}

async fn server() -> Server {
    Server::with(&["--syncplay", "127.0.0.1:0"]).await
}

impl Player {
    pub async fn connect(server: &Server) -> Self {
        let address = server.running.syncplay.unwrap();
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    /// Over whatever carries bytes.
    pub fn over(carrier: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        let (lines, out) = tokio::io::split(carrier);
        Self {
            lines: BufReader::new(Box::new(lines)),
            out: Box::new(out),
            position: 0.0,
            paused: true,
            clock: Value::Null,
            ack: Value::Null,
            changes: 0,
        }
    }

    pub async fn join(server: &Server, room: &str, name: &str) -> Self {
        let mut player = Self::connect(server).await;
        player.come_in(room, name).await;
        player
    }

    /// Says hello, and is up: from here it is heard.
    pub async fn come_in(&mut self, room: &str, name: &str) {
        self.hello(room, name).await;
        self.until("Hello").await;
        self.until("State").await;
        self.state(None).await;
    }

    pub async fn hello(&mut self, room: &str, name: &str) {
        let features =
            json!({"sharedPlaylists": true, "chat": true, "readiness": true, "managedRooms": true});
        let hello = json!({"username": name, "room": {"name": room}, "version": "1.2.255", "realversion": "1.7.6",
            "features": features});
        self.send(&json!({ "Hello": hello })).await;
    }

    pub async fn send(&mut self, message: &Value) {
        self.raw(&format!("{message}\r\n")).await;
    }

    pub async fn raw(&mut self, text: &str) {
        self.out.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next line; none once the connection is over.
    pub async fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line);
        let read = tokio::time::timeout(PATIENCE, read)
            .await
            .expect("an answer in time");
        if read.unwrap_or(0) == 0 {
            return None;
        }
        assert!(line.ends_with("\r\n"), "clients split on CR LF only");
        let message: Value = serde_json::from_str(&line).unwrap();
        if message.get("State").is_some() {
            self.clock = message["State"]["ping"]["latencyCalculation"].clone();
            let server = &message["State"]["ignoringOnTheFly"]["server"];
            if !server.is_null() {
                self.ack = server.clone();
            }
        }
        Some(message)
    }

    /// The next message of a kind.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let message = self.line().await.expect("still connected");
            if let Some(found) = message.get(kind) {
                return found.clone();
            }
        }
    }

    /// The next thing set.
    pub async fn until_set(&mut self, key: &str) -> Value {
        loop {
            let set = self.until("Set").await;
            if let Some(found) = set.get(key) {
                return found.clone();
            }
        }
    }

    /// Follows the room until its state is like this, answering each state.
    pub async fn until_state(&mut self, like: impl Fn(&Value) -> bool) -> Value {
        // As long as one waits for a line: states come for ever.
        for _ in 0..PATIENCE.as_secs() {
            let state = self.until("State").await;
            let playstate = &state["playstate"];
            self.position = playstate["position"].as_f64().unwrap();
            self.paused = playstate["paused"].as_bool().unwrap();
            self.state(None).await;
            if like(playstate) {
                return playstate.clone();
            }
        }
        panic!("no such state in time");
    }

    /// Answers with its player's state; a change where `seek` is given, or the pause is another.
    pub async fn state(&mut self, seek: Option<bool>) {
        let mut playstate = json!({"position": self.position, "paused": self.paused});
        let mut ignoring = json!({});
        if let Some(seek) = seek {
            self.changes += 1;
            ignoring["client"] = json!(self.changes);
            if seek {
                playstate["doSeek"] = json!(true);
            }
        }
        if !self.ack.is_null() {
            ignoring["server"] = self.ack.take();
        }
        let ping = json!({"latencyCalculation": self.clock, "clientLatencyCalculation": 7.5, "clientRtt": 0.001});
        let state = json!({"playstate": playstate, "ping": ping, "ignoringOnTheFly": ignoring});
        self.send(&json!({ "State": state })).await;
    }

    pub async fn change(&mut self, position: f64, paused: bool, seek: bool) {
        (self.position, self.paused) = (position, paused);
        self.state(Some(seek)).await;
    }
}

pub async fn film(server: &Server) -> Value {
    let media = json!({"kind": "library", "id": server.sample().await});
    server
        .room(&json!({"name": "Film", "media": media, "policy": {"barrier": {"do": "off"}}}))
        .await
}

#[tokio::test]
async fn a_player_and_the_page_share_one_room() {
    let server = server().await;
    let room = film(&server).await;
    let mut page = server.host(&room).await;
    let code = room["code"].as_str().unwrap();
    let mut player = Player::join(&server, code, "ann").await;

    // Play, seek and pause of the page reach the player.
    page.must(json!({"do": "play"})).await;
    let told = player.until_state(|state| state["paused"] == false).await;
    assert_eq!(told["setBy"], "Hanna");
    page.must(json!({"do": "seek", "position": 3.0})).await;
    let told = player.until_state(|state| state["doSeek"] == true).await;
    assert!(
        (told["position"].as_f64().unwrap() - 3.0).abs() < 0.5,
        "{told}"
    );
    page.must(json!({"do": "pause"})).await;
    player.until_state(|state| state["paused"] == true).await;

    // And the player's reach the page, once each.
    player.change(1.0, true, true).await;
    let event = page.event("timeline").await;
    assert_eq!(event["cause"], "seek", "{event}");
    let told = player.until_state(|state| state["setBy"] == "ann").await;
    assert_eq!(told["position"], 1.0);
    player.change(1.0, false, false).await;
    assert_eq!(page.event("timeline").await["cause"], "play");
    player.until_state(|state| state["setBy"] == "ann").await;
    // Nothing of this comes back as a command.
    let rev = page.rev;
    for _ in 0..3 {
        player.until_state(|_| true).await;
    }
    player.change(player.position, true, false).await;
    let event = page.event("timeline").await;
    assert_eq!(
        (event["cause"].as_str(), page.rev),
        (Some("pause"), rev + 1)
    );

    // Chat crosses over.
    player.send(&json!({"Chat": "hello\nthere"})).await;
    assert_eq!(
        player.until("Chat").await,
        json!({"message": "hello there", "username": "ann"})
    );
    page.must(json!({"do": "say", "text": "hi"})).await;
    assert_eq!(
        player.until("Chat").await,
        json!({"message": "hi", "username": "Hanna"})
    );

    // And people: with roles, files and readiness as the client counts them.
    player.send(&json!({"List": null})).await;
    let list = player.until("List").await;
    assert_eq!(list[code]["Hanna"]["isReady"], true, "{list}");
    assert!(list[code]["Hanna"]["file"]["duration"].as_f64().unwrap() > 0.0);
    drop(page);
    let user = player.until_set("user").await;
    assert_eq!(user["Hanna"]["event"]["left"], true);
}

#[tokio::test]
async fn viewer_in_a_restricted_room_is_put_back_and_nobody_notices() {
    let server = server().await;
    let room = film(&server).await;
    let mut page = server.host(&room).await;
    page.must(json!({"do": "policy", "patch": {"preset": "host"}}))
        .await;
    let code = room["code"].as_str().unwrap();
    let mut player = Player::connect(&server).await;
    player.hello(code, "ann").await;
    let hello = player.until("Hello").await;
    let name = hello["room"]["name"].as_str().unwrap().to_owned();
    assert!(
        name.starts_with(&format!("+{code}:")) && name.len() == code.len() + 14,
        "{name}"
    );
    player.until("State").await;
    player.state(None).await;
    player.change(2.0, true, true).await;
    let back = player.until_state(|state| state["doSeek"] == true).await;
    assert_eq!(
        (back["position"].as_f64(), back["setBy"] == "ann"),
        (Some(0.0), false)
    );
    // The name that it was shown leads back to the same room.
    let mut again = Player::join(&server, &name, "bob").await;
    // Once everybody may control, the name says so.
    page.must(json!({"do": "policy", "patch": {"preset": "everyone"}}))
        .await;
    assert_eq!(player.until_set("room").await["name"], code);
    assert_eq!(again.until_set("room").await["name"], code);
}

#[tokio::test]
async fn operator_of_a_managed_room_gets_in_by_its_password() {
    let server = server().await;
    let mut ann = Player::join(&server, "films", "ann").await;
    let auth = json!({"controllerAuth": {"room": "films", "password": "AB-123-456"}});
    ann.send(&json!({ "Set": auth })).await;
    let made = ann.until_set("newControlledRoom").await;
    let name = made["roomName"].as_str().unwrap().to_owned();
    ann.send(&json!({"Set": {"room": {"name": name}}})).await;
    assert_eq!(ann.until_set("room").await["name"], name);
    let mut bob = Player::join(&server, &name, "bob").await;
    let wrong = json!({"controllerAuth": {"room": name, "password": "AB-123-457"}});
    bob.send(&json!({ "Set": wrong })).await;
    assert_eq!(bob.until_set("controllerAuth").await["success"], false);
    let right = json!({"controllerAuth": {"room": name, "password": "AB-123-456"}});
    ann.send(&json!({ "Set": right })).await;
    let told = json!({"user": "ann", "room": name, "success": true});
    assert_eq!(bob.until_set("controllerAuth").await, told);
    // A viewer's playlist is put back, the operator's is everybody's.
    let list = |files: Value| json!({"Set": {"playlistChange": {"files": files}, "playlistIndex": {"index": 0}}});
    bob.send(&list(json!(["bob.mkv"]))).await;
    assert_eq!(bob.until_set("playlistChange").await["files"], json!([]));
    ann.send(&list(json!(["one.mkv", "two.mkv"]))).await;
    loop {
        let files = bob.until_set("playlistChange").await["files"].clone();
        if files == json!(["one.mkv", "two.mkv"]) {
            break;
        }
    }
    while bob.until_set("playlistIndex").await["index"] != 0 {}
}

#[tokio::test]
async fn a_starting_player_moves_nobody() {
    let server = server().await;
    let room = film(&server).await;
    let mut page = server.host(&room).await;
    page.must(json!({"do": "seek", "position": 5.5})).await;
    page.must(json!({"do": "play"})).await;
    let mut player = Player::connect(&server).await;
    player.hello(room["code"].as_str().unwrap(), "ann").await;
    player.until("Hello").await;
    while player.until("State").await["playstate"]["paused"] == true {
        // The start was announced for a moment ahead.
    }
    // A number for a boolean, then a pause that nobody made, then a rewind: start-up of every real client.
    player
        .send(&json!({"State": {"playstate": {"position": 0.0, "paused": 0.0}}}))
        .await;
    player
        .send(&json!({"Set": {"file": {"name": "own.mkv", "duration": 10.0, "size": 1}}}))
        .await;
    player.change(0.0, true, false).await;
    let back = player.until_state(|state| state["doSeek"] == true).await;
    assert_eq!(back["paused"], false);
    player.change(0.2, false, true).await;
    player.until_state(|state| state["doSeek"] == true).await;
    page.must(json!({"do": "pause"})).await;
    let at = player.until_state(|state| state["paused"] == true).await;
    assert!(at["position"].as_f64().unwrap() > 5.5, "{at}");
}

#[tokio::test]
async fn names_are_unique_and_nonsense_is_shown_the_door() {
    let server = server().await;
    let _ann = Player::join(&server, "lounge", "ann").await;
    let mut other = Player::connect(&server).await;
    other.send(&json!({"TLS": {"startTLS": "send"}})).await;
    assert_eq!(other.until("TLS").await["startTLS"], "false");
    other.hello("lounge", "ANN").await;
    assert_eq!(other.until("Hello").await["username"], "ANN_");
    let long = format!("{{\"Chat\":\"{}\"}}\r\n", "x".repeat(17_000));
    for bad in [
        "nonsense\r\n",
        "[]\r\n",
        "{\"State\":{}}\r\n",
        "{\"Set\":7}\n",
        "{\"Hello\":{\"username\":1}}\n",
        &long,
    ] {
        let mut client = Player::connect(&server).await;
        client.raw(bad).await;
        let said = client.line().await.expect("a word first");
        assert!(said["Error"]["message"].is_string(), "{said}");
        assert!(client.line().await.is_none());
    }
    let mut lost = Player::connect(&server).await;
    lost.hello("bakoti-zuna", "bob").await;
    assert!(
        lost.until("Error").await["message"]
            .as_str()
            .unwrap()
            .contains("no room")
    );
    let mut silent = Player::connect(&server).await;
    let gone = tokio::time::timeout(Duration::from_secs(8), silent.line()).await;
    assert!(gone.unwrap().is_none(), "nobody waits for a hello for ever");
}

#[tokio::test]
async fn a_film_that_has_not_arrived_is_an_ordinary_pause_and_play_for_its_players() {
    let server = server().await;
    let policy = json!({"barrier": {"do": "off"}});
    let room = server.room(&json!({"policy": policy})).await;
    let mut page = server.host(&room).await;
    let (size, half) = (SAMPLE_CLIP.len(), SAMPLE_CLIP.len() / 2);
    let made = create(&server, &room, &person(&page), "Trip.mp4", size).await;
    let (url, id) = (header(&made, "location"), header(&made, "upload-media-id"));
    patch(&server, &url, 0, &SAMPLE_CLIP[..half]).await;
    state(&server, &url, "watchable").await;
    page.must(json!({"do": "load", "media": {"kind": "upload", "key": id}}))
        .await;
    while page.event("timeline").await["timeline"]["bound"].is_null() {}
    let code = room["code"].as_str().unwrap();
    let mut player = Player::join(&server, code, "ann").await;
    page.must(json!({"do": "seek", "position": 10_000.0})).await;
    page.must(json!({"do": "play"})).await;
    let told = player
        .until_state(|state| state["position"].as_f64().unwrap() > 1.0)
        .await;
    assert_eq!(told["paused"], true);
    patch(&server, &url, half, &SAMPLE_CLIP[half..]).await;
    let on = player.until_state(|state| state["paused"] == false).await;
    assert!(on["position"].as_f64() >= told["position"].as_f64(), "{on}");
}

#[tokio::test]
async fn two_who_come_to_a_new_room_at_once_meet_there() {
    let server = server().await;
    for round in 0..8 {
        let room = format!("a new room {round}");
        let (mut ann, mut ben) = tokio::join!(
            Player::join(&server, &room, "ann"),
            Player::join(&server, &room, "ben")
        );
        ann.send(&json!({"Chat": format!("round {round}")})).await;
        let said = ben.until("Chat").await;
        assert_eq!(said["message"], format!("round {round}"));
    }
}

#[tokio::test]
async fn whoever_plays_a_file_that_is_on_no_playlist_has_chosen_it() {
    let server = server().await;
    let mut ann = Player::join(&server, "film night", "ann").await;
    let mut ben = Player::join(&server, "film night", "ben").await;
    let file = json!({"Set": {"file": {"name": "film.mkv", "duration": 120.0, "size": 0}}});
    for player in [&mut ann, &mut ben] {
        player.send(&file).await;
    }
    ben.change(60.0, true, true).await;
    let told = ann.until_state(|state| state["position"] == 60.0).await;
    assert_eq!(told["setBy"], "ben");
    let ready = json!({"Set": {"ready": {"isReady": true, "manuallyInitiated": true}}});
    for player in [&mut ann, &mut ben] {
        player.send(&ready).await;
    }
    ann.change(60.0, false, false).await;
    ben.until_state(|state| state["paused"] == false).await;
}
