//! Playback in rooms of the Random Clip Player, and rooms that it shares with our page.
use crate::client::Server;
use crate::rdm::{create, enter, guest, host};
use crate::rdm_clips::{bring, fetch, start};
use serde_json::{Value, json};
use watchalong_media::SAMPLE_CLIP;

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
