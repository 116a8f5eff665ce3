//! A participant's socket: every command and event of the document, what is refused and how, and limits.
use crate::client::Server;
use crate::clipper::{Person, Socket, Transcript, kinds, party};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn the_events_of_the_document_as_a_transcript() {
    let server = Server::start().await;
    let mut log = Transcript::default();
    let (host, viewer) = (
        Person::guest(&server, "Hanna").await,
        Person::guest(&server, "Ann").await,
    );
    let made = host.create(json!({})).await;
    let id = made["id"].as_str().unwrap();
    viewer.join(&made).await;
    let mut one = host.socket(&made).await;
    log.note("host, at first", &one.next().await);
    let mut two = viewer.socket(&made).await;
    log.note("viewer, at first", &two.next().await);
    log.note("host", &one.next().await);
    for command in [
        json!({"type": "sync-request", "party_id": id, "timestamp": 1_735_660_800}),
        json!({"type": "seek", "party_id": id, "position": 150.9, "timestamp": 1_735_660_800.25}),
        json!({"type": "play", "party_id": id, "timestamp": 1_735_660_800_250_u64}),
        json!({"type": "skip", "clip_id": "5e1f7d2c-0000-4000-8000-000000000001"}),
        json!({"type": "seek", "position": 5}),
        json!({"type": "pause"}),
        json!({"type": "chat", "message": "Hello 👋"}),
        json!({"type": "reaction", "emoji": "❤️", "video_timestamp": 5.5}),
        json!({"type": "typing", "is_typing": true}),
        json!({"type": "typing", "is_typing": false}),
        json!({"type": "seek"}),
    ] {
        log.note("host says", &command);
        let alone = command["type"] == "sync-request" || command == json!({"type": "seek"});
        let events = match command["type"].as_str() {
            Some("seek" | "play" | "pause" | "skip") if !alone => 2,
            _ => 1,
        };
        one.send(command).await;
        for _ in 0..events {
            let event = one.next().await;
            if !alone {
                assert_eq!(two.next().await["type"], event["type"]);
            }
            log.note(if alone { "host" } else { "both" }, &event);
        }
    }
    host.post(&format!("/{id}/promote"), json!({"user_id": viewer.id}))
        .await
        .data(200);
    log.note("both", &one.next().await);
    assert_eq!(two.next().await["type"], "participant-updated");
    drop(two);
    log.note("host", &one.next().await);
    host.post(&format!("/{id}/end"), json!({})).await;
    log.note("host", &one.next().await);
    log.note("host", &one.next().await);
    insta::assert_snapshot!(log.tidy(&server));
}

#[tokio::test]
async fn a_viewer_who_controls_gets_no_answer_and_changes_nothing() {
    let server = Server::start().await;
    let (_, viewer, made, mut host, mut ann) = party(&server).await;
    for command in [
        json!({"type": "play"}),
        json!({"type": "pause"}),
        json!({"type": "seek", "position": 50}),
        json!({"type": "seek", "position": "nonsense"}),
        json!({"type": "seek", "party_id": "elsewhere"}),
        json!({"type": "skip", "clip_id": "x"}),
        json!({"type": "skip"}),
    ] {
        ann.send(command).await;
    }
    assert!(ann.so_far().await.is_empty());
    assert!(host.so_far().await.is_empty());
    // Who asks to be told is.
    let id = made["id"].as_str().unwrap();
    let mut strict = viewer.try_socket(id, "?strict=1").await.unwrap();
    strict.send(json!({"type": "play"})).await;
    let error = strict.until("error").await;
    assert_eq!(error["code"], "UNAUTHORIZED_COMMAND");
    assert_eq!(
        (&error["position"], &error["is_playing"]),
        (&json!(0), &json!(false))
    );
}

#[tokio::test]
async fn a_co_host_controls_from_the_very_next_command_and_no_longer() {
    let server = Server::start().await;
    let (host, viewer, made, mut hanna, mut ann) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    let promote = format!("/{id}/promote");
    host.post(&promote, json!({"user_id": viewer.id}))
        .await
        .data(200);
    ann.send(json!({"type": "seek", "position": 30})).await;
    let seek = hanna.until("seek").await;
    assert_eq!(
        (&seek["position"], &seek["is_playing"]),
        (&json!(30), &json!(false))
    );
    host.post(&promote, json!({"user_id": viewer.id, "role": "viewer"}))
        .await
        .data(200);
    ann.send(json!({"type": "seek", "position": 90})).await;
    ann.so_far().await;
    assert!(!kinds(&hanna.so_far().await).contains(&"seek"));
}

#[tokio::test]
async fn play_while_it_plays_is_told_and_does_not_rewind() {
    let server = Server::start().await;
    let (_, _, _, mut host, mut ann) = party(&server).await;
    host.send(json!({"type": "seek", "position": 100})).await;
    host.send(json!({"type": "play"})).await;
    ann.until("play").await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    host.send(json!({"type": "play"})).await;
    let again = ann.until("play").await;
    assert!(again["position"].as_i64().unwrap() >= 101, "{again}");
    assert_eq!(again["is_playing"], true);
    ann.until("sync").await;
    host.send(json!({"type": "pause"})).await;
    let paused = ann.until("pause").await;
    host.send(json!({"type": "pause"})).await;
    let again = ann.until("pause").await;
    assert_eq!(again["position_ms"], paused["position_ms"]);
}

#[tokio::test]
async fn what_is_no_command_is_told_to_its_sender_and_the_socket_stays() {
    let server = Server::start().await;
    let (_, _, _, mut host, mut ann) = party(&server).await;
    let deep = format!(r#"{{"type":"play","x":{}}}"#, "[".repeat(5000));
    let texts = [
        "",
        "null",
        "[]",
        "5",
        "\"play\"",
        "{",
        "{}",
        r#"{"type":5}"#,
        r#"{"type":"fly"}"#,
        r#"{"type":"seek"}"#,
        r#"{"type":"seek","position":-1}"#,
        r#"{"type":"seek","position":1e400}"#,
        r#"{"type":"seek","position":NaN}"#,
        r#"{"type":"seek","position":1e30}"#,
        r#"{"type":"seek","position":"5"}"#,
        r#"{"type":"skip","clip_id":""}"#,
        r#"{"type":"skip","clip_id":7}"#,
        r#"{"type":"chat"}"#,
        r#"{"type":"chat","message":"   "}"#,
        r#"{"type":"reaction","emoji":"aaaaaaaaaaa"}"#,
        r#"{"type":"reaction","emoji":"x","video_timestamp":-3}"#,
        r#"{"type":"typing","is_typing":"yes"}"#,
        r#"{"type":"play","timestamp":"now"}"#,
        &deep,
    ];
    for text in texts {
        host.raw(Message::text(text)).await;
        let error = host.next().await;
        assert_eq!(
            (error["type"].as_str(), error["code"].as_str()),
            (Some("error"), Some("INVALID_COMMAND")),
            "{text}: {error}"
        );
    }
    let long = json!({"type": "chat", "message": "ü".repeat(1001)});
    host.send(long).await;
    assert_eq!(host.next().await["code"], "INVALID_COMMAND");
    host.raw(Message::binary(vec![0, 159, 146, 150])).await;
    host.send(json!({"type": "chat", "message": "ü".repeat(1000)}))
        .await;
    let said = ann.next().await;
    assert_eq!(
        said["type"], "chat_message",
        "nobody else heard a thing: {said}"
    );
}

#[tokio::test]
async fn a_message_that_is_too_long_closes_and_nothing_is_lost() {
    let server = Server::start().await;
    let (host, _, made, mut hanna, mut ann) = party(&server).await;
    hanna.send(json!({"type": "seek", "position": 77})).await;
    ann.until("sync").await;
    hanna.raw(Message::text("x".repeat(16 * 1024 + 1))).await;
    assert_eq!(hanna.closed().await, 1009);
    ann.until("participant-left").await;
    // A larger one is cut off while it is still being sent.
    let mut huge = host.socket(&made).await;
    let _ = huge.try_raw(Message::text("x".repeat(1 << 20))).await;
    huge.closed().await;
    let mut back = host.socket(&made).await;
    back.send(json!({"type": "sync-request"})).await;
    let sync = back.until("sync").await;
    assert_eq!(
        (&sync["position"], &sync["clip_id"]),
        (&json!(77), &Value::Null)
    );
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let server = Server::start().await;
    let (_, _, _, mut host, mut ann) = party(&server).await;
    for _ in 0..2000 {
        let text = Message::text(r#"{"type":"sync-request"}"#);
        // The server hangs up in the middle of it.
        if host.try_raw(text).await.is_err() {
            break;
        }
    }
    assert!(matches!(host.closed().await.as_u64(), Some(1008) | None));
    ann.until("participant-left").await;
}

#[tokio::test]
async fn the_eleventh_message_and_the_31st_reaction_of_a_minute_are_refused_over_all_doors() {
    let server = Server::start().await;
    let (_, viewer, made, mut host, mut ann) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    let another = Person::guest(&server, "Ben")
        .await
        .create(json!({"visibility": "public"}))
        .await;
    viewer.join(&another).await;
    let elsewhere = format!("/{}/messages", another["id"].as_str().unwrap());
    for n in 0..4 {
        ann.send(json!({"type": "chat", "message": format!("socket {n}")}))
            .await;
        ann.until("chat_message").await;
        viewer
            .post(
                &format!("/{id}/messages"),
                json!({"message": format!("http {n}")}),
            )
            .await
            .data(201);
    }
    // What comes to nothing costs nothing.
    ann.send(json!({"type": "chat", "message": ""})).await;
    assert_eq!(ann.until("error").await["code"], "INVALID_COMMAND");
    assert_eq!(
        viewer
            .post(&elsewhere, json!({"message": 5}))
            .await
            .refused(),
        (400, "INVALID_REQUEST")
    );
    for n in 0..2 {
        viewer
            .post(&elsewhere, json!({"message": format!("elsewhere {n}")}))
            .await
            .data(201);
    }
    ann.send(json!({"type": "chat", "message": "one too many"}))
        .await;
    assert_eq!(ann.until("error").await["code"], "RATE_LIMITED");
    let refused = viewer
        .post(&elsewhere, json!({"message": "one too many"}))
        .await;
    assert_eq!(refused.refused(), (429, "RATE_LIMITED"));
    assert!(
        refused.body["retry_after"]
            .as_u64()
            .is_some_and(|s| (1..=60).contains(&s))
    );
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.headers["x-ratelimit-limit"], "10");
    assert_eq!(refused.headers["x-ratelimit-remaining"], "0");
    let list = viewer.get(&format!("/{id}/messages")).await.data(200);
    assert_eq!(list["count"], 8);
    host.send(json!({"type": "chat", "message": "others may"}))
        .await;
    host.until("chat_message").await;

    for _ in 0..30 {
        ann.send(json!({"type": "reaction", "emoji": "🔥"})).await;
    }
    ann.send(json!({"type": "reaction", "emoji": "🔥"})).await;
    assert_eq!(ann.until("error").await["code"], "RATE_LIMITED");
    let refused = viewer
        .post(&format!("/{id}/react"), json!({"emoji": "🔥"}))
        .await;
    assert_eq!(refused.refused(), (429, "RATE_LIMITED"));
}

#[tokio::test]
async fn what_happens_over_http_is_told_on_sockets() {
    let server = Server::start().await;
    let (_, viewer, made, mut host, _ann) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    let said = viewer
        .post(&format!("/{id}/messages"), json!({"message": "hi"}))
        .await
        .data(201);
    let told = host.until("chat_message").await;
    assert_eq!(told["chat_message"], said);
    let reaction = json!({"emoji": "👏", "video_timestamp": 3});
    let reacted = viewer
        .post(&format!("/{id}/react"), reaction)
        .await
        .data(201);
    let told = host.until("reaction").await;
    assert_eq!(told["reaction"], reacted);
    assert_eq!(reacted["video_timestamp"], 3.0);
}

#[tokio::test]
async fn two_hosts_at_once_leave_one_order_for_everybody() {
    let server = Server::start().await;
    let (host, viewer, made, mut one, mut two) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    host.post(&format!("/{id}/promote"), json!({"user_id": viewer.id}))
        .await
        .data(200);
    one.until("participant-updated").await;
    two.until("participant-updated").await;
    let drag = |who: i64| (0..20).map(move |n| json!({"type": "seek", "position": who * 1000 + n}));
    for (first, second) in drag(1).zip(drag(2)) {
        one.send(first).await;
        two.send(second).await;
    }
    // Each of them gets all forty, in the same order, and agrees on the end.
    let mut seen = Vec::new();
    for socket in [&mut one, &mut two] {
        let mut all = Vec::new();
        while all.len() < 40 {
            let event = socket.until("seek").await;
            all.push(event["position"].clone());
            assert_eq!(event["is_playing"], false);
        }
        seen.push(all);
    }
    assert_eq!(seen[0], seen[1]);
    let mut ends = Vec::new();
    for socket in [&mut one, &mut two] {
        socket.so_far().await;
        socket.send(json!({"type": "sync-request"})).await;
        ends.push(socket.until("sync").await["position"].clone());
    }
    assert_eq!(ends[0], ends[1]);
}

#[tokio::test]
async fn the_clock_runs_while_it_plays_and_newcomers_hear_the_truth() {
    let server = Server::start().await;
    let (host, _, made, mut hanna, _ann) = party(&server).await;
    hanna
        .send(json!({"type": "skip", "clip_id": "a clip"}))
        .await;
    let skip = hanna.until("skip").await;
    assert_eq!(
        (&skip["clip_id"], &skip["is_playing"]),
        (&json!("a clip"), &json!(true))
    );
    assert_eq!(skip["position"], 0);
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    let late = Person::guest(&server, "Late").await;
    let party = late.join(&made).await["party"].clone();
    assert!(party["current_position"].as_i64().unwrap() >= 2, "{party}");
    assert_eq!(party["current_position"], party["current_position_seconds"]);
    assert_eq!(
        (&party["is_playing"], &party["current_clip_id"]),
        (&json!(true), &json!("a clip"))
    );
    let mut socket: Socket = late.socket(&made).await;
    socket.send(json!({"type": "sync-request"})).await;
    let sync = socket.until("sync").await;
    assert!(sync["position_ms"].as_i64().unwrap() >= 2000);
    hanna.send(json!({"type": "pause"})).await;
    let paused = socket.until("pause").await["position"].as_i64().unwrap();
    let id = made["id"].as_str().unwrap();
    let party = host.get(&format!("/{id}")).await.data(200);
    assert_eq!(
        party["current_position"], paused,
        "a pause stays where it was"
    );
}
