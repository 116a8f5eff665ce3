//! What pages of the staged party hear and say: newcomers, people, and the room shared with other kinds.
use crate::client::PATIENCE;
use crate::staged::{KEY, Party, door};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_newcomer_is_told_everything_in_order_and_where_the_room_is_now() {
    let party = Party::start().await;
    party.stage("b.mp4").await;
    let mut control = party.control().await;
    control.keyed(json!({"cmd": "play"})).await;
    control.cmd("play").await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let (mut page, told) = party.page("/watchparty").await;
    let kinds: Vec<&str> = told
        .iter()
        .filter_map(|message| message["type"].as_str())
        .collect();
    assert_eq!(&kinds[..4], ["self", "state", "chat-history", "presence"]);
    let data = &told[1]["data"];
    assert!(data["t"].as_f64().unwrap() > 1.0, "rebased: {data}");
    assert_eq!(told[0]["color"], "orange");
    // While it plays, a page is told twice a second.
    let first = page.kind("state").await["data"].clone();
    let second = page.kind("state").await["data"].clone();
    let passed = (second["ts"].as_f64().unwrap() - first["ts"].as_f64().unwrap()) / 1000.0;
    let moved = second["t"].as_f64().unwrap() - first["t"].as_f64().unwrap();
    assert!((passed - moved).abs() < 0.02, "{first} {second}");

    // A viewer of the first kind catches up by commands.
    let (mut seed, told) = party.page("/").await;
    let cmds: Vec<&str> = told
        .iter()
        .filter_map(|message| message["cmd"].as_str())
        .collect();
    assert_eq!(cmds, ["load", "seek", "play"]);
    tokio::time::sleep(Duration::from_millis(700)).await;
    seed.hears_no(|message| message["type"] == "state").await;

    // Where viewers may pause, nothing puts them back.
    control.keyed(json!({"enforcePausePlay": false})).await;
    page.until(|message| message["enforcePausePlay"] == false)
        .await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    page.hears_no(|_| false).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    page.hears_no(|message| message["type"] == "state").await;
    let (_, told) = party.page("/watchparty").await;
    assert!(
        told.iter()
            .any(|message| message["enforcePausePlay"] == false)
    );
}

#[tokio::test]
async fn people_talk_are_named_and_ask_for_a_pause() {
    let party = Party::start().await;
    party.stage("b.mp4").await;
    let (mut host, _) = party.page(&door()).await;
    let mut page = party.viewer().await;
    page.send(json!({"type": "rename", "name": "<img src=x>Ann"}))
        .await;
    let result = page.kind("rename-result").await;
    assert_eq!(
        (&result["ok"], &result["name"]),
        (&json!(true), &json!("img srcxAnn"))
    );
    page.send(json!({"type": "rename", "color": "red"})).await;
    assert_eq!(page.kind("rename-result").await["reason"], "in-use");
    page.send(json!({"type": "rename", "color": "blue", "name": "Ann"}))
        .await;
    let result = page.kind("rename-result").await;
    assert_eq!(
        (&result["color"], &result["name"]),
        (&json!("blue"), &json!("Ann"))
    );
    page.send(json!({"type": "rename", "color": "blue", "name": "Ann"}))
        .await;
    assert_eq!(page.kind("rename-result").await["reason"], "unchanged");
    let named = |message: &Value| {
        let users = message["users"].as_array();
        users.is_some_and(|users| {
            users
                .iter()
                .any(|u| u["name"] == "Ann" && u["color"] == "blue")
        })
    };
    host.until(named).await;
    page.send(json!({"type": "chat", "text": "  hello  "}))
        .await;
    let said = host.kind("chat").await;
    assert_eq!(
        (&said["name"], &said["color"], &said["text"]),
        (&json!("Ann"), &json!("blue"), &json!("hello"))
    );
    page.send(json!({"type": "chat", "text": "   "})).await;
    for number in 0..8 {
        page.send(json!({"type": "chat", "text": format!("{number}")}))
            .await;
    }
    page.until(|message| message == &json!({"type": "error", "error": "rate"}))
        .await;
    page.send(json!({"type": "request", "action": "pause"}))
        .await;
    assert_eq!(host.kind("toast").await["text"], "Ann asks for a pause");
    page.send(json!({"type": "drift-alert", "drift": 45.2}))
        .await;
    let alarm = |message: &Value| message["text"] == "Ann drifted 45.2s";
    host.until(alarm).await;
    page.send(json!({"type": "ping"})).await;
    assert!(page.kind("pong").await["ts"].is_i64());
    let (_, told) = party.page("/watchparty").await;
    let history = told
        .iter()
        .find(|message| message["type"] == "chat-history");
    assert_eq!(history.unwrap()["items"][0]["text"], "hello");
    drop(page);
    let left = |message: &Value| message["text"] == "Ann left";
    host.until(left).await;
}

#[tokio::test]
async fn oversized_and_binary_messages_lose_nothing_for_others() {
    use futures_util::SinkExt as _;
    use tokio_tungstenite::tungstenite::Message;
    let party = Party::start().await;
    let mut viewer = party.viewer().await;
    let mut rude = party.viewer().await;
    rude.socket
        .socket
        .send(Message::binary(vec![0; 100]))
        .await
        .unwrap();
    rude.hears_no(|_| false).await;
    let _ = rude
        .socket
        .socket
        .send(Message::text("x".repeat(1 << 20)))
        .await;
    let end = tokio::time::timeout(PATIENCE, async {
        loop {
            let message = rude.socket.next().await;
            if message["t"] == "close" || message["t"] == "gone" {
                return message;
            }
        }
    });
    let end = end.await.expect("an end");
    assert!(end["t"] == "gone" || end["code"] == 1009, "{end}");
    party.stage("b.mp4").await;
    viewer.cmd("load").await;
}

// ---- with others ---------------------------------------------------------------------

#[tokio::test]
async fn the_page_and_its_room_are_shared_with_our_own() {
    let party = Party::start().await;
    party.stage("b.mp4").await;
    let mut viewer = party.viewer().await;
    let query = format!("/api/staged?key={}", KEY.replace(' ', "%20"));
    let code = party.server.get(&query).await.1["room"].clone();
    let mut page = party
        .server
        .join(&json!({"code": code}), "Ann", json!({}))
        .await;
    let item = page.room()["timeline"]["item"].clone();
    assert!(!item.is_null(), "{}", page.room());
    page.must(json!({"do": "say", "text": "hi"})).await;
    let said = viewer.kind("chat").await;
    assert_eq!(
        (&said["name"], &said["color"]),
        (&json!("Ann"), &Value::Null)
    );
    let refused = page.command(json!({"do": "play"})).await;
    assert_eq!(
        refused["code"], "not_allowed",
        "its rules hold for everybody"
    );
    let mut control = party.control().await;
    control.keyed(json!({"cmd": "play"})).await;
    let event = page.event("timeline").await;
    assert_eq!(event["timeline"]["playing"], true, "{event}");

    // And the other way: any room, by its code.
    let room = party.server.room(&json!({"name": "Film"})).await;
    let mut host = party.server.host(&room).await;
    let path = format!("/watchparty?room={}", room["code"].as_str().unwrap());
    let (mut viewer, told) = party.page(&path).await;
    let state = told
        .iter()
        .find(|message| message["type"] == "state")
        .unwrap();
    assert_eq!(state["data"]["path"], Value::Null);
    let (_, files) = party.server.get("/api/v2/library").await;
    let id = files["items"][0]["id"].as_str().unwrap();
    host.must(json!({"do": "load", "media": {"kind": "library", "id": id}}))
        .await;
    let load = viewer.cmd("load").await;
    assert!(load["path"].as_str().unwrap().ends_with("mp4"), "{load}");
    let film = path.replace("/watchparty", "/media/current.mp4");
    assert_eq!(party.fetch(&film, &[]).await.status(), 200);
    host.must(json!({"do": "play"})).await;
    viewer.cmd("play").await;
    let mut gone = party.open("/watchparty?room=none").await;
    assert_eq!(gone.ending().await, 1008);
}
