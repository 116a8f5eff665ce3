//! The timeline over the wire: who moves it, what others see, and what is refused.
use crate::client::Server;
use serde_json::json;

#[tokio::test]
async fn play_seek_and_pause_reach_everybody_with_a_server_instant() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server.room(&json!({"media": sample})).await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    assert_eq!(ann.room()["media"]["title"], host.room()["media"]["title"]);
    let before = ann.seen[0]["clock"].as_f64().unwrap();
    host.must(json!({"do": "play"})).await;
    let play = ann.event("timeline").await;
    assert_eq!(
        (&play["cause"], &play["timeline"]["playing"]),
        (&json!("play"), &json!(true))
    );
    assert!(
        play["timeline"]["at"].as_f64().unwrap() > before + 100.0,
        "a start is scheduled ahead"
    );
    host.must(json!({"do": "seek", "position": 20.5})).await;
    let seek = ann.event("timeline").await;
    assert_eq!(
        (&seek["timeline"]["position"], &seek["timeline"]["playing"]),
        (&json!(20.5), &json!(true))
    );
    assert_eq!(seek["undo"]["what"], "seek");
    ann.must(json!({"do": "pause"})).await;
    let pause = host.event("timeline").await;
    assert!(pause["timeline"]["position"].as_f64().unwrap() >= 20.5 || pause["cause"] != "pause");
    let late = server.join(&room, "Ben", json!({})).await;
    assert_eq!(late.room()["timeline"]["playing"], false);
}

#[tokio::test]
async fn a_viewer_without_the_right_moves_nothing_and_hears_why() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let controls = json!({"play": "host", "seek": "host", "rate": "host", "queue": "host"});
    let room = server
        .room(&json!({"media": sample, "policy": {"controls": controls}}))
        .await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    let before = ann.room()["timeline"].clone();
    for command in [
        json!({"do": "play"}),
        json!({"do": "pause"}),
        json!({"do": "seek", "position": 5}),
        json!({"do": "rate", "rate": 2}),
        json!({"do": "load", "media": sample}),
        json!({"do": "queue_add", "media": sample}),
        json!({"do": "policy", "patch": {"controls": {"play": "everyone"}}}),
        json!({"do": "end"}),
    ] {
        let refused = ann.command(command.clone()).await;
        assert_eq!(refused["code"], "not_allowed", "{command}");
        assert!(
            refused["message"]
                .as_str()
                .unwrap()
                .starts_with("Only the host"),
            "{refused}"
        );
    }
    let late = server.join(&room, "Ben", json!({})).await;
    assert_eq!(late.room()["timeline"], before);
    ann.must(json!({"do": "ask", "play": true})).await;
    assert_eq!(host.event("asked").await["play"], true);
    host.must(json!({"do": "policy", "patch": {"controls": {"play": "everyone"}}}))
        .await;
    assert_eq!(ann.event("rights").await["rights"]["play"], true);
    ann.must(json!({"do": "play"})).await;
}

#[tokio::test]
async fn numbers_that_can_not_be_change_nothing() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server.room(&json!({"media": sample})).await;
    let mut host = server.host(&room).await;
    for bad in ["-1", "1e300", "NaN", "\"5\"", "null", "[]", "-0.5", "1e9"] {
        host.raw(&format!(
            r#"{{"t":"cmd","id":77,"do":"seek","position":{bad}}}"#
        ))
        .await;
        let refused = host.until("refused").await;
        assert_eq!(refused["code"], "bad_message", "{bad}: {refused}");
        // Something that means something, so that patience does not run out.
        host.must(json!({"do": "rename", "name": "Hanna"})).await;
    }
    for (command, code) in [
        (json!({"do": "rate", "rate": 0}), "bad_message"),
        (json!({"do": "rate", "rate": 100}), "bad_message"),
        (json!({"do": "dance"}), "unknown_type"),
        (json!({"do": "pause", "expect": 99_999}), "stale_revision"),
        (json!({"do": "queue_remove", "item": 99}), "unknown_item"),
        (json!({"do": "kick", "member": 99}), "unknown_member"),
        (
            json!({"do": "load", "media": "00000000000000000000000000000000"}),
            "media_not_found",
        ),
    ] {
        let refused = host.command(command.clone()).await;
        assert_eq!(refused["code"], code, "{command}: {refused}");
    }
    host.must(json!({"do": "seek", "position": 86_400})).await;
    let seek = server.join(&room, "Ben", json!({})).await;
    let end = seek.room()["timeline"]["duration"].as_f64().unwrap();
    assert_eq!(
        seek.room()["timeline"]["position"].as_f64().unwrap(),
        end,
        "past the end is the end"
    );
}

#[tokio::test]
async fn a_start_waits_for_who_reports_and_follows_with_who_does_not() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server.room(&json!({})).await;
    let mut host = server
        .join(
            &room,
            "Hanna",
            json!({"host_key": room["host_key"], "reports": true}),
        )
        .await;
    let mut ann = server.join(&room, "Ann", json!({"reports": true})).await;
    let _mute = server.join(&room, "Silent", json!({})).await;
    host.must(json!({"do": "load", "media": sample, "play": true}))
        .await;
    let waiting = ann.event("barrier").await["barrier"].clone();
    assert_eq!(waiting["waiting"], json!([1, 2]));
    assert_eq!(waiting["wants_play"], true);
    let item = waiting["item"].clone();
    host.must(json!({"do": "ready", "item": item, "ready": true}))
        .await;
    ann.must(json!({"do": "ready", "item": item, "ready": true}))
        .await;
    loop {
        let start = host.event("timeline").await;
        if start["cause"] == "start" {
            assert_eq!(start["timeline"]["playing"], true);
            break;
        }
    }
}

#[tokio::test]
async fn the_clock_answers_at_once_with_two_instants() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut client = server.join(&room, "Ann", json!({})).await;
    client
        .send(&json!({"t": "clock", "id": "a", "c": 12.5, "unknown": true}))
        .await;
    let answer = client.until("clock").await;
    assert_eq!((&answer["id"], &answer["c"]), (&json!("a"), &json!(12.5)));
    let (received, sent) = (answer["r"].as_f64().unwrap(), answer["s"].as_f64().unwrap());
    assert!(received <= sent && sent - received < 50.0);
}

#[tokio::test]
async fn reports_become_everybodys_signals_and_never_change_the_room() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({"reports": true})).await;
    let rev = ann.rev;
    ann.send(&json!({"t": "report", "skew": -3.24, "buffer": 14, "delay": 21, "state": "playing"}))
        .await;
    let signals = host.until("signals").await;
    assert_eq!(
        signals["members"][0],
        json!([2, -3.2, 14.0, 21.0, "playing"])
    );
    assert_eq!(ann.rev, rev);
}
