//! OpenWatchParty over its wire: the transcripts of its format, its quirks, and one room shared with our own page.
use crate::client::{PATIENCE, Server};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub struct Owp {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub id: String,
}

impl Owp {
    pub async fn connect(server: &Server) -> Self {
        let url = format!("{}/ws", server.base.replace("http", "ws"));
        let mut this = Self {
            socket: connect_async(url).await.unwrap().0,
            id: String::new(),
        };
        let hello = this.next().await;
        assert_eq!(hello["type"], "client_hello");
        this.id = hello["payload"]["client_id"].as_str().unwrap().to_owned();
        assert_eq!(hello["client"], this.id.as_str());
        assert_eq!(this.next().await["type"], "room_list");
        this
    }

    pub async fn raw(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub async fn send(&mut self, kind: &str, room: Option<&str>, payload: Value) {
        let message = json!({"type": kind, "ts": 1, "room": room, "payload": payload});
        self.raw(&message.to_string()).await;
    }

    pub async fn next(&mut self) -> Value {
        loop {
            match timeout(PATIENCE, self.socket.next())
                .await
                .expect("in time")
            {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Everything that comes within a while.
    pub async fn all(&mut self, span: Duration) -> Vec<Value> {
        let mut all = Vec::new();
        let _ = timeout(span, async {
            loop {
                all.push(self.next().await);
            }
        })
        .await;
        all
    }

    pub async fn error(&mut self) -> String {
        let error = self.until("error").await;
        error["payload"]["message"].as_str().unwrap().to_owned()
    }

    pub async fn create(&mut self, name: &str) -> String {
        let media = "0123456789abcdef0123456789ABCDEF";
        let payload = json!({"start_pos": 12.5, "media_id": media, "user_name": name});
        self.send("create_room", None, payload).await;
        let state = self.until("room_state").await;
        assert_eq!(state["payload"]["host_id"], self.id.as_str());
        assert_eq!(state["payload"]["media_id"], media);
        assert_eq!(state["payload"]["participant_count"], 1);
        assert_eq!(
            state["payload"]["state"],
            json!({"position": 12.5, "play_state": "paused"})
        );
        state["room"].as_str().unwrap().to_owned()
    }

    pub async fn join(&mut self, room: &str, name: &str) -> Value {
        self.send("join_room", Some(room), json!({"user_name": name}))
            .await;
        self.until("room_state").await
    }
}

pub const QUIET: Duration = Duration::from_millis(400);

pub fn kinds(messages: &[Value]) -> Vec<&str> {
    messages.iter().filter_map(|m| m["type"].as_str()).collect()
}

pub async fn party(server: &Server) -> (Owp, Owp, String) {
    let mut host = Owp::connect(server).await;
    let room = host.create("Hanna").await;
    let mut guest = Owp::connect(server).await;
    let state = guest.join(&room, "Ann").await;
    assert_eq!(state["payload"]["host_id"], host.id.as_str());
    assert_eq!(state["payload"]["participant_count"], 2);
    assert_eq!(state["payload"]["name"], "Room de Hanna");
    assert_eq!(state["client"], guest.id.as_str());
    let update = host.until("participants_update").await;
    assert_eq!(update["payload"]["participant_count"], 2);
    host.all(QUIET).await;
    guest.all(QUIET).await;
    (host, guest, room)
}

#[tokio::test]
async fn a_room_is_made_listed_joined_left_and_closed() {
    let server = Server::start().await;
    let mut stranger = Owp::connect(&server).await;
    let (mut host, mut guest, room) = party(&server).await;
    let mut list = json!(null);
    for message in stranger.all(QUIET).await {
        assert_eq!(message["type"], "room_list", "no room's traffic outside");
        list = message["payload"].clone();
    }
    let media = "0123456789abcdef0123456789ABCDEF";
    let entry = json!({"id": room, "name": "Room de Hanna", "count": 2, "media_id": media});
    assert_eq!(list, json!([entry]));

    guest.send("leave_room", None, json!({})).await;
    let left = host.until("client_left").await;
    assert_eq!(left["client"], guest.id.as_str());
    assert_eq!(left["payload"]["participant_count"], 1);
    assert_eq!(host.until("room_list").await["payload"][0]["count"], 1);

    guest.join(&room, "Ann").await;
    host.send("leave_room", None, json!({})).await;
    let closed = guest.until("room_closed").await;
    assert_eq!(closed["room"], room.as_str());
    assert_eq!(closed["payload"]["reason"], "Host left the room");
    assert_eq!(guest.until("room_list").await["payload"], json!([]));
    let rest = kinds(&host.all(QUIET).await).contains(&"room_closed");
    assert!(!rest, "the host who leaves is not told");
    guest.send("join_room", Some(&room), json!({})).await;
    assert_eq!(guest.error().await, "Room not found");
}

#[tokio::test]
async fn another_room_closes_the_first_and_a_lost_host_closes_theirs() {
    let server = Server::start().await;
    let (mut host, mut guest, room) = party(&server).await;
    host.send("create_room", None, json!({"user_name": "Hanna"}))
        .await;
    for who in [&mut host, &mut guest] {
        let closed = who.until("room_closed").await;
        assert_eq!(closed["room"], room.as_str());
        assert_eq!(closed["payload"]["reason"], "Host started a new room");
    }
    let state = host.until("room_state").await;
    assert_eq!(state["payload"]["media_id"], json!(null));
    let second = state["room"].as_str().unwrap().to_owned();
    guest.join(&second, "Ann").await;
    drop(host);
    let closed = guest.until("room_closed").await;
    assert_eq!(closed["payload"]["reason"], "Host left the room");
}

#[tokio::test]
async fn a_seed_shaped_play_waits_for_the_ready_and_is_told_to_all() {
    let server = Server::start().await;
    let (mut host, mut guest, room) = party(&server).await;
    let play = json!({"action": "play", "position": 20.0});
    host.send("player_event", Some(&room), play).await;
    assert!(guest.all(QUIET).await.is_empty(), "it waits");
    guest.send("ready", Some(&room), json!({})).await;
    for who in [&mut host, &mut guest] {
        let told = who.until("player_event").await;
        let (ts, at) = (
            told["ts"].as_i64().unwrap(),
            told["server_ts"].as_i64().unwrap(),
        );
        assert_eq!(told["payload"]["target_server_ts"], at);
        assert_eq!(told["payload"]["action"], "play");
        assert_eq!(told["payload"]["position"], 20.0);
        assert!((500..=1500).contains(&(at - ts)), "{told}");
    }
}

#[tokio::test]
async fn a_barrier_ends_by_itself_after_two_seconds() {
    let server = Server::start().await;
    let (mut host, mut guest, room) = party(&server).await;
    let begun = tokio::time::Instant::now();
    let play = json!({"action": "play", "position": 20.0});
    host.send("player_event", Some(&room), play).await;
    guest.until("player_event").await;
    let waited = begun.elapsed().as_millis();
    assert!((1950..20_000).contains(&waited), "{waited}");
}

#[tokio::test]
async fn the_real_clients_host_leads_without_waiting_and_hears_nothing_of_it() {
    let server = Server::start().await;
    let (mut host, mut guest, room) = party(&server).await;
    let event = |action: &str, position: f64, state: &str| json!({"action": action, "position": position, "play_state": state});
    let update = |position: f64, state: &str| json!({"position": position, "play_state": state});
    host.send("player_event", Some(&room), event("play", 20.0, "playing"))
        .await;
    host.send("state_update", Some(&room), update(20.0, "playing"))
        .await;
    let told = guest.until("player_event").await;
    assert_eq!(told["payload"]["action"], "play");
    assert_eq!(told["payload"]["play_state"], "playing");
    let off = told["ts"].as_i64().unwrap() - told["server_ts"].as_i64().unwrap();
    // A barrier would say when, 1500 ms ahead.
    assert!((0..1000).contains(&off), "it holds now: {told}");
    host.send("player_event", Some(&room), event("seek", 500.0, "playing"))
        .await;
    let told = guest.until("player_event").await;
    assert_eq!(told["payload"]["action"], "seek");
    assert_eq!(told["payload"]["position"], 500.0);
    assert_eq!(told["payload"]["play_state"], "playing");
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    host.send("state_update", Some(&room), update(502.1, "playing"))
        .await;
    host.send("state_update", Some(&room), update(502.3, "playing"))
        .await;
    let told = guest.until("state_update").await;
    assert_eq!(
        told["payload"],
        json!({"position": 502.1, "play_state": "playing"})
    );
    let stalled = json!({"action": "buffering", "position": 502.5});
    host.send("player_event", Some(&room), stalled).await;
    let told = guest.until("player_event").await;
    assert_eq!(told["payload"]["action"], "pause");
    assert_eq!(told["payload"]["position"], 502.5);
    let resumed = json!({"action": "play", "position": 502.5});
    host.send("player_event", Some(&room), resumed).await;
    let told = guest.until("player_event").await;
    assert_eq!(told["payload"]["action"], "play");
    assert!(guest.all(QUIET).await.is_empty());
    let heard = host.all(QUIET).await;
    assert!(heard.is_empty(), "no echo: {heard:?}");
    // A guest steers nothing, and what is no event is none.
    guest
        .send("player_event", Some(&room), event("pause", 1.0, "paused"))
        .await;
    guest
        .send("state_update", Some(&room), update(1.0, "paused"))
        .await;
    for odd in [
        json!("x"),
        json!([1]),
        json!(7),
        json!(true),
        json!({}),
        json!({"action": "dance", "position": 1.0}),
        json!({"action": "pause", "position": -1.0}),
    ] {
        host.send("player_event", Some(&room), odd).await;
    }
    assert!(host.all(QUIET).await.is_empty());
    assert!(guest.all(QUIET).await.is_empty());
}

#[tokio::test]
async fn chat_goes_to_all_members_and_says_what_is_wrong() {
    let server = Server::start().await;
    let (mut host, mut guest, room) = party(&server).await;
    let text = "<b>hé</b>";
    guest
        .send("chat_message", Some(&room), json!({"text": text}))
        .await;
    for who in [&mut host, &mut guest] {
        let said = who.until("chat_message").await;
        assert_eq!(said["payload"], json!({"username": "Ann", "text": text}));
        assert_eq!(said["room"], room.as_str());
    }
    guest.send("chat_message", None, json!({"text": "x"})).await;
    assert_eq!(guest.error().await, "Room ID required for chat");
    for empty in [json!({}), json!({"text": 5}), json!({"text": " \n"})] {
        guest.send("chat_message", Some(&room), empty).await;
        assert_eq!(guest.error().await, "Chat message cannot be empty");
    }
    guest
        .send(
            "chat_message",
            Some(&room),
            json!({"text": "é".repeat(501)}),
        )
        .await;
    assert_eq!(
        guest.error().await,
        "Chat message too long (max 500 characters)"
    );
    guest
        .send(
            "chat_message",
            Some(&room),
            json!({"text": "é".repeat(500)}),
        )
        .await;
    host.until("chat_message").await;
}

#[tokio::test]
async fn what_is_malformed_too_much_or_too_large_is_refused_and_the_connection_stays() {
    let server = Server::start().await;
    let mut client = Owp::connect(&server).await;
    for bad in [
        "",
        "{",
        "[]",
        "5",
        r#"{"type":"ping"}"#,
        r#"{"type":"ping","ts":-1}"#,
    ] {
        client.raw(bad).await;
        assert_eq!(client.error().await, "Invalid message format", "{bad}");
    }
    client.send("dance", None, json!(null)).await;
    assert_eq!(client.error().await, "Unknown message type");
    client.raw(&"x".repeat(65_537)).await;
    assert_eq!(client.error().await, "Message too large");
    client
        .socket
        .send(Message::binary(vec![1, 2, 3]))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    for _ in 0..100 {
        client
            .send("client_log", None, json!({"message": "a\nb"}))
            .await;
    }
    for n in 0..40 {
        client.send("ping", None, json!({"client_ts": n})).await;
    }
    let all = client.all(QUIET).await;
    let count = |kind| all.iter().filter(|m| m["type"] == kind).count();
    assert_eq!((count("pong"), count("error")), (30, 1), "{all:?}");
    assert_eq!(all[0]["payload"], json!({"client_ts": 0}));
    assert_eq!(all[0]["ts"], all[0]["server_ts"]);
    assert!(all[0].get("room").is_none());
}

#[tokio::test]
async fn a_client_that_believes_in_a_room_that_is_gone_is_told_once() {
    let server = Server::start().await;
    let mut client = Owp::connect(&server).await;
    for _ in 0..2 {
        client
            .send(
                "ping",
                Some("6d5f1c1e-0000-4000-8000-000000000000"),
                json!({}),
            )
            .await;
    }
    let all = client.all(QUIET).await;
    assert_eq!(kinds(&all), ["pong", "room_closed", "pong"]);
}

#[tokio::test]
async fn our_own_page_and_jellyfin_share_a_room_both_ways() {
    let server = Server::start().await;
    let (mut host, mut guest, room) = party(&server).await;
    let (_, list) = server.get("/api/v2/rooms").await;
    let code = json!({"code": list["rooms"][0]["code"]});
    let mut page = server.join(&code, "Paul", json!({})).await;
    let update = host.until("participants_update").await;
    assert_eq!(update["payload"]["participant_count"], 3);
    let seek = json!({"action": "seek", "position": 70.0, "play_state": "paused"});
    host.send("player_event", Some(&room), seek).await;
    let event = page.until("events").await;
    let mut text = event.to_string();
    while !text.contains("70.0") {
        text = page.until("events").await.to_string();
    }
    guest
        .send("chat_message", Some(&room), json!({"text": "hello page"}))
        .await;
    while !text.contains("hello page") {
        text = page.until("events").await.to_string();
    }
    drop(page);

    // And a room of the page, by its code, with its host's controls.
    let made = server.room(&json!({"name": "Friday"})).await;
    let mut page = server.host(&made).await;
    let state = guest.join(made["code"].as_str().unwrap(), "Ann").await;
    assert_eq!(state["payload"]["name"], "Friday");
    assert_ne!(state["payload"]["host_id"], guest.id.as_str());
    let sample = server.sample().await;
    let media = json!({"kind": "library", "key": sample});
    page.must(json!({"do": "load", "media": media})).await;
    guest.until("room_state").await;
    page.must(json!({"do": "seek", "position": 3.0})).await;
    let told = guest.until("player_event").await;
    assert_eq!(told["payload"]["position"], 3.0);
    page.must(json!({"do": "say", "text": "hello jellyfin"}))
        .await;
    let said = guest.until("chat_message").await;
    assert_eq!(
        said["payload"],
        json!({"username": "Hanna", "text": "hello jellyfin"})
    );
}
