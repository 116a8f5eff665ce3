//! StreamIt: what is said over the socket. Controls, corrections, chat and moderation.
use super::streamit::{Page, Socket, denied, evening, kinds, refusal, server};
use serde_json::{Value, json};

// ---- playback ------------------------------------------------------------------------

#[tokio::test]
async fn every_control_counts_once_and_says_what_was_sent() {
    let server = server().await;
    let (_, _, _, mut hanna, mut gus) = evening(&server).await;
    let steps = [
        ("PLAY", json!(10), true, json!(10)),
        ("PLAY", json!(20.5), true, json!(20.5)),
        ("SEEK", json!(30), true, json!(30)),
        ("PAUSE", json!(7), false, json!(7)),
        ("PAUSE", json!(8), false, json!(8)),
        ("SEEK", json!(-5), false, json!(0)),
        ("PLAY", json!(5), true, json!(5)),
    ];
    for (version, (kind, time, playing, told)) in (1..).zip(steps) {
        hanna.play(kind, time).await;
        let state = json!({"type": "PLAYBACK_STATE", "is_playing": playing, "time": told, "version": version});
        assert_eq!(gus.next().await, state);
        assert_eq!(hanna.next().await, state);
    }
    hanna.send(json!({"type": "PAUSE"})).await;
    let state = gus.next().await;
    let time = state["time"].as_f64().unwrap();
    let here = (5.0..1000.0).contains(&time) && state["is_playing"] == false;
    assert!(here, "where it is: {state}");
}

#[tokio::test]
async fn quirk_what_is_no_time_is_ignored_and_breaks_nothing() {
    let server = server().await;
    let (_, _, _, mut hanna, mut gus) = evening(&server).await;
    for time in [
        "\"12\"",
        "true",
        "null",
        "[]",
        "{}",
        "1e400",
        "NaN",
        "-Infinity",
    ] {
        let message = format!(r#"{{"type":"PLAY","time":{time}}}"#);
        hanna.client.raw(&message).await;
    }
    assert!(kinds(&hanna.told().await).is_empty());
    hanna.play("SEEK", 1e300).await;
    let state = gus.next().await;
    assert_eq!(state["version"], 1);
    assert!(state["time"].as_f64().unwrap() <= 2_592_000.0, "{state}");
}

#[tokio::test]
async fn only_who_is_far_off_is_corrected_with_the_time_that_has_passed() {
    let server = server().await;
    let (_, _, _, mut hanna, mut gus) = evening(&server).await;
    hanna.play("SEEK", 100).await;
    gus.until("PLAYBACK_STATE").await;
    let check = |time: Value| json!({"type": "SYNC_CHECK", "client_time": time});
    for near in [
        json!(100),
        json!(98),
        json!(102.0),
        json!("101.5"),
        json!("x"),
        Value::Null,
        json!(true),
        json!([]),
    ] {
        gus.send(check(near)).await;
    }
    gus.send(json!({"type": "SYNC_CHECK"})).await;
    gus.send(check(json!(102.5))).await;
    let correction = json!({"type": "SYNC_CORRECTION", "time": 100, "version": 1});
    assert_eq!(gus.next().await, correction, "and none before");
    gus.send(check(json!("97"))).await;
    assert_eq!(gus.next().await, correction);
    hanna.play("PLAY", 100).await;
    gus.until("PLAYBACK_STATE").await;
    hanna.until("PLAYBACK_STATE").await;
    // A second newcomer a moment later is further: the room does not stand still.
    gus.send(check(json!(0))).await;
    let first = gus.until("SYNC_CORRECTION").await["time"].as_f64().unwrap();
    tokio::time::timeout(super::client::PATIENCE, async {
        loop {
            gus.send(check(json!(0))).await;
            let then = gus.until("SYNC_CORRECTION").await;
            if then["time"].as_f64().unwrap() > first {
                assert_eq!(then["version"], 2);
                break;
            }
        }
    })
    .await
    .unwrap();
}

// ---- chat ----------------------------------------------------------------------------

#[tokio::test]
async fn chat_has_a_length_a_pace_and_no_repetition() {
    let server = server().await;
    let (_, guest, room, _hanna, mut gus) = evening(&server).await;
    for nothing in ["", "   ", "\u{0}"] {
        gus.say(nothing).await;
    }
    gus.send(json!({"type": "CHAT_MESSAGE"})).await;
    gus.send(json!({"type": "CHAT_MESSAGE", "message": 7}))
        .await;
    gus.say(&"ä".repeat(501)).await;
    assert_eq!(
        gus.next().await,
        refusal("Message too long."),
        "and nothing before"
    );
    let full = "ä".repeat(500);
    gus.say(&format!("  {full}  ")).await;
    assert_eq!(gus.next().await["message"], full.as_str());
    gus.say(&full).await;
    assert_eq!(gus.next().await, refusal("Duplicate message blocked."));
    // Three more within three seconds from the first make four, the fifth is the last, on whatever socket.
    let mut second = guest.enter(&room).await;
    for n in 2..=5 {
        let socket = if n % 2 == 0 { &mut gus } else { &mut second };
        socket.say(&format!("message {n}")).await;
        let told = socket.until("CHAT_MESSAGE").await;
        let told = told["message"].as_str().unwrap();
        // The other socket heard of earlier ones.
        assert!(told.starts_with("message") || told == full);
    }
}

#[tokio::test]
async fn the_sixth_message_in_three_seconds_silences_for_a_while() {
    let server = server().await;
    let (_, _, _, mut hanna, mut gus) = evening(&server).await;
    // On a slow machine five may not fit into three seconds: then there is nothing to refuse yet.
    let fast = refusal("Rate limit exceeded. Please wait.");
    let mut n = 0;
    loop {
        n += 1;
        gus.say(&format!("message {n}")).await;
        let told = gus.next().await;
        if told == fast {
            break;
        }
        assert_eq!(told["type"], "CHAT_MESSAGE");
        assert!(n < 200, "never refused");
    }
    assert!(n >= 6, "five pass: {n}");
    for text in ["again", "and again"] {
        gus.say(text).await;
        assert_eq!(gus.next().await, fast);
    }
    gus.say("").await;
    gus.say(&"x".repeat(501)).await;
    assert_eq!(
        gus.next().await,
        refusal("Message too long."),
        "is looked at before"
    );
    hanna.say("others are heard").await;
    assert_eq!(gus.next().await["message"], "others are heard");
}

#[tokio::test]
async fn newcomers_are_told_the_last_fifty_messages() {
    let server = server().await;
    let (_, _, room, mut hanna, _gus) = evening(&server).await;
    let talkers = 11;
    for n in 0..talkers {
        let talker = Page::guest(&server, &format!("Guest {n}")).await;
        let mut socket = talker.enter(&room).await;
        for m in 0..5 {
            socket.say(&format!("{n} {m}")).await;
            hanna.until("CHAT_MESSAGE").await;
        }
    }
    let late = Page::guest(&server, "Late").await.enter(&room).await;
    let history = late.welcome[0]["messages"].as_array().unwrap();
    assert_eq!(history.len(), 50);
    assert_eq!(history[0]["message"], "1 0");
    assert_eq!(history[49]["message"], "10 4");
}

// ---- moderation ----------------------------------------------------------------------

async fn act(socket: &mut Socket, kind: &str, whom: &str) {
    socket.send(json!({"type": kind, "user_id": whom})).await;
}

#[tokio::test]
async fn the_muted_are_not_heard_and_may_be_unmuted() {
    let server = server().await;
    let (_, guest, room, mut hanna, mut gus) = evening(&server).await;
    act(&mut hanna, "MUTE_USER", &guest.id).await;
    assert!(kinds(&hanna.told().await).is_empty(), "no acknowledgement");
    gus.say("hello?").await;
    assert_eq!(gus.next().await, refusal("You are muted in this room"));
    drop(gus);
    hanna.until("USER_LEFT").await;
    let mut gus = guest.enter(&room).await;
    gus.say("and now?").await;
    assert_eq!(
        gus.next().await,
        refusal("You are muted in this room"),
        "for good"
    );
    act(&mut hanna, "UNMUTE_USER", &guest.id).await;
    hanna.told().await;
    gus.say("at last").await;
    assert_eq!(gus.next().await["message"], "at last");
}

#[tokio::test]
async fn the_kicked_may_come_back_and_the_banned_may_not() {
    let server = server().await;
    let (host, guest, room, mut hanna, mut gus) = evening(&server).await;
    let mut second = guest.enter(&room).await;
    act(&mut hanna, "KICK_USER", &guest.id).await;
    for socket in [&mut gus, &mut second] {
        assert_eq!(socket.ending().await.1, 4011, "every socket");
    }
    assert_eq!(hanna.until("USER_LEFT").await["user"], "Gus");
    let mut gus = guest.enter(&room).await;
    hanna.until("USER_JOINED").await;
    act(&mut hanna, "BAN_USER", &guest.id).await;
    assert_eq!(gus.ending().await.1, 4011);
    assert_eq!(
        guest.dial(&room).await.ending().await,
        (vec![], json!(4010))
    );
    assert_eq!(guest.join(&room).await.0, 200, "asking again does not help");
    assert_eq!(
        guest.dial(&room).await.ending().await,
        (vec![], json!(4010))
    );
    let other = host.create(json!({})).await;
    guest.enter(&other).await;
}

#[tokio::test]
async fn quirk_a_host_cannot_lose_the_room_to_themselves() {
    let server = server().await;
    let (host, guest, _, mut hanna, mut gus) = evening(&server).await;
    for kind in ["KICK_USER", "BAN_USER", "MUTE_USER"] {
        act(&mut hanna, kind, &host.id).await;
        act(&mut hanna, kind, "nobody").await;
        hanna.send(json!({"type": kind, "user_id": 7})).await;
        hanna.send(json!({"type": kind})).await;
        act(&mut gus, kind, &host.id).await;
        assert_eq!(gus.next().await, denied("Only host can moderate"));
        gus.send(json!({"type": kind})).await;
        assert_eq!(gus.next().await, denied("Only host can moderate"));
        act(&mut gus, kind, &guest.id).await;
        assert_eq!(gus.next().await, denied("Only host can moderate"));
    }
    assert!(kinds(&hanna.told().await).is_empty());
    hanna.say("still the host").await;
    assert_eq!(gus.next().await["message"], "still the host");
}
