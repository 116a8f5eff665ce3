//! What a hostile or broken client can do, and what it can't.
use crate::client::Server;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn nonsense_is_answered_ten_times_and_then_the_line_is_cut() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let mut fool = server.join(&room, "Fool", json!({})).await;
    for (text, code) in [
        ("{", "bad_message"),
        ("null", "bad_message"),
        (r#"{"t":"dance"}"#, "unknown_type"),
        (r#"{"t":"cmd","id":-1,"do":"play"}"#, "bad_message"),
        (r#"{"t":"cmd","do":"play"}"#, "bad_message"),
    ] {
        fool.raw(text).await;
        assert_eq!(fool.until("refused").await["code"], code, "{text}");
    }
    for _ in 0..5 {
        fool.socket
            .send(Message::binary(vec![0, 1, 2]))
            .await
            .unwrap();
    }
    let (bye, close) = fool.farewell().await;
    assert_eq!(
        (bye["code"].as_str(), close),
        (Some("bad_message"), json!(4400))
    );
    host.must(json!({"do": "say", "text": "fine here"})).await;
}

#[tokio::test]
async fn an_oversize_message_ends_only_its_own_connection() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let mut big = server.join(&room, "Big", json!({})).await;
    big.socket
        .send(Message::text("x".repeat(1 << 20)))
        .await
        .ok();
    assert_eq!(big.farewell().await.1, json!(1009));
    host.must(json!({"do": "say", "text": "fine here"})).await;
}

#[tokio::test]
async fn a_flood_of_commands_is_slowed_and_a_flood_of_messages_is_cut() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut flood = server.join(&room, "Flood", json!({})).await;
    let mut refused = 0;
    for _ in 0..100 {
        refused += usize::from(flood.command(json!({"do": "undo"})).await["code"] == "too_fast");
    }
    assert!((30..=70).contains(&refused), "{refused} of 100 refused");
    for i in 0..1000 {
        if flood
            .socket
            .send(Message::text(format!(r#"{{"t":"clock","c":{i}}}"#)))
            .await
            .is_err()
        {
            break;
        }
    }
    let (bye, close) = flood.farewell().await;
    assert!(
        bye["code"] == "too_fast" || close.is_null() || close == json!(4429),
        "{bye} {close}"
    );
}

#[tokio::test]
async fn a_client_that_never_reads_slows_nobody_and_gets_a_snapshot_when_it_does() {
    let server = Server::with(&["--limit-chat", "off"]).await;
    let chat = json!({"max_length": 10_000, "window_count": 100, "window": 0, "duplicate_span": 0});
    let room = server.room(&json!({"policy": {"chat": chat}})).await;
    // Several, since each is held to 20 commands a second.
    let mut speakers = Vec::new();
    for i in 0..6 {
        speakers.push(server.join(&room, &format!("S{i}"), json!({})).await);
    }
    let mut stalled = server.join(&room, "Stalled", json!({})).await;
    let text = "ü".repeat(9_000);
    // Far more than the socket's buffers and the outbox hold together.
    for i in 0..700 {
        loop {
            let answer = speakers[i % 6]
                .command(json!({"do": "say", "text": format!("{i} {text}")}))
                .await;
            if answer["t"] == "ack" {
                break;
            }
            assert_eq!(answer["code"], "too_fast");
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }
    let mut events = 0;
    loop {
        let message = stalled.next().await;
        match message["t"].as_str().unwrap() {
            "events" => events += 1,
            "room" => {
                let chat = message["room"]["chat"].as_array().unwrap();
                assert!(
                    chat.last().unwrap()["text"]
                        .as_str()
                        .unwrap()
                        .starts_with("699 ")
                );
                break;
            }
            other => assert!(other == "signals", "{message}"),
        }
    }
    assert!(events < 700, "its backlog was dropped");
    stalled
        .must(json!({"do": "say", "text": "I am back"}))
        .await;
}

#[tokio::test]
async fn half_closed_and_aborted_sockets_leave_no_member_behind() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    for i in 0..20 {
        let mut guest = server.join(&room, &format!("G{i}"), json!({})).await;
        if i % 2 == 0 {
            guest.socket.close(None).await.ok();
            while guest.socket.next().await.is_some_and(|m| m.is_ok()) {}
        }
    }
    for _ in 0..100 {
        host.must(json!({"do": "rename", "name": "Hanna"})).await;
        let late = server.join(&room, "Late", json!({})).await;
        let here = late.room()["members"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|m| m["present"] == true)
            .count();
        if here <= 3 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("members stay present without a connection");
}
