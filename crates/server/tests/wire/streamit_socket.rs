//! StreamIt: the socket. Who comes and goes, what an absent host does, and frames that are no messages.
use super::client::Server;
use super::streamit::{OPEN, Page, Socket, denied, evening, refusal, server};
use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// What two people see of a short evening, in order.
#[tokio::test]
async fn a_transcript_of_both_ends() {
    let server = server().await;
    let (_, guest, room, mut hanna, mut gus) = evening(&server).await;
    let mut lines: Vec<String> = gus.welcome.iter().map(|m| format!("gus   < {m}")).collect();
    let steps = [
        ("hanna", r#"{"type":"PLAY","time":0}"#),
        ("hanna", r#"{"type":"SEEK","time":90.25}"#),
        ("gus", r#"{"type":"SEEK","time":5}"#),
        ("gus", r#"{"type":"CHAT_MESSAGE","message":"Wow"}"#),
        ("gus", r#"{"type":"CHAT_MESSAGE","message":"Wow"}"#),
        ("gus", r#"{"type":"KICK_USER"}"#),
        ("hanna", r#"{"type":"KICK_USER"}"#),
        ("hanna", r#"{"type":"PAUSE","time":91}"#),
    ];
    for (who, said) in steps {
        let socket = if who == "hanna" { &mut hanna } else { &mut gus };
        lines.push(format!("{who:5} > {said}"));
        socket.client.raw(said).await;
        // What the sender is told comes before the answer to what they ask next, and so has everybody been told.
        for (name, socket) in [(who, socket)] {
            let told = socket.told().await;
            lines.extend(told.iter().map(|m| format!("{name:5} < {m}")));
        }
        let (name, other) = if who == "hanna" {
            ("gus", &mut gus)
        } else {
            ("hanna", &mut hanna)
        };
        let told = other.told().await;
        lines.extend(told.iter().map(|m| format!("{name:5} < {m}")));
    }
    drop(gus);
    lines.push(format!("hanna < {}", hanna.until("USER_LEFT").await));
    let back = guest.enter(&room).await;
    lines.push(format!("hanna < {}", hanna.next().await));
    lines.push(format!("hanna < {}", hanna.next().await));
    drop(back);
    insta::assert_snapshot!(lines.join("\n"), @r#"
    gus   < {"messages":[],"type":"CHAT_HISTORY"}
    gus   < {"is_playing":false,"time":0,"type":"PLAYBACK_STATE","version":0}
    gus   < {"host":"Hanna","participants":["Hanna","Gus"],"type":"ROOM_PARTICIPANTS"}
    hanna > {"type":"PLAY","time":0}
    hanna < {"is_playing":true,"time":0,"type":"PLAYBACK_STATE","version":1}
    gus   < {"is_playing":true,"time":0,"type":"PLAYBACK_STATE","version":1}
    hanna > {"type":"SEEK","time":90.25}
    hanna < {"is_playing":true,"time":90.25,"type":"PLAYBACK_STATE","version":2}
    gus   < {"is_playing":true,"time":90.25,"type":"PLAYBACK_STATE","version":2}
    gus   > {"type":"SEEK","time":5}
    gus   < {"code":"PERMISSION_DENIED","message":"Only host can control playback","type":"ERROR"}
    gus   > {"type":"CHAT_MESSAGE","message":"Wow"}
    gus   < {"message":"Wow","type":"CHAT_MESSAGE","user":"Gus"}
    hanna < {"message":"Wow","type":"CHAT_MESSAGE","user":"Gus"}
    gus   > {"type":"CHAT_MESSAGE","message":"Wow"}
    gus   < {"message":"Duplicate message blocked.","type":"ERROR"}
    gus   > {"type":"KICK_USER"}
    gus   < {"code":"PERMISSION_DENIED","message":"Only host can moderate","type":"ERROR"}
    hanna > {"type":"KICK_USER"}
    hanna > {"type":"PAUSE","time":91}
    hanna < {"is_playing":false,"time":91,"type":"PLAYBACK_STATE","version":3}
    gus   < {"is_playing":false,"time":91,"type":"PLAYBACK_STATE","version":3}
    hanna < {"type":"USER_LEFT","user":"Gus"}
    hanna < {"host":"Hanna","participants":["Hanna","Gus"],"type":"ROOM_PARTICIPANTS"}
    hanna < {"type":"USER_JOINED","user":"Gus"}
    "#);
}

// ---- coming in -----------------------------------------------------------------------

#[tokio::test]
async fn a_refused_connection_says_why_and_leaves_no_trace() {
    let server = server().await;
    let (_, _, room, mut hanna, mut gus) = evening(&server).await;
    let stranger = Page::guest(&server, "Eve").await;
    let path = |code: &str, token: &str| format!("/ws/room/{code}/?token={token}");
    for (path, code) in [
        (format!("/ws/room/{}/", room.code()), 4001),
        (path(room.code(), ""), 4001),
        (path(room.code(), "nonsense"), 4001),
        (path("NOSUCH", &stranger.token), 4002),
        (path(room.code(), &stranger.token), 4003),
        (
            format!("/ws/v1/room/{}/?token={}", room.code(), stranger.token),
            4003,
        ),
        (
            format!("/ws/room/{}?token={}", room.code(), stranger.token),
            4003,
        ),
    ] {
        let mut socket = Socket::open(&server.base, &path).await;
        assert_eq!(socket.ending().await, (vec![], json!(code)), "{path}");
    }
    let (_, list) = server.get("/api/rooms/public/").await;
    assert_eq!(list[0]["viewers"], 2);
    // Somebody who is let in is told of, and nobody before them.
    let late = Page::guest(&server, "Late").await;
    let _late = late.enter(&room).await;
    for socket in [&mut hanna, &mut gus] {
        let told = socket.next().await;
        assert_eq!(told["participants"], json!(["Hanna", "Gus", "Late"]));
        assert_eq!(
            socket.next().await,
            json!({"type": "USER_JOINED", "user": "Late"})
        );
    }
}

#[tokio::test]
async fn both_socket_paths_lead_to_the_same_room_with_and_without_a_slash() {
    let server = server().await;
    let (_, guest, room, mut hanna, _gus) = evening(&server).await;
    for path in ["/ws/room/", "/ws/v1/room/"] {
        for slash in ["", "/"] {
            let path = format!(
                "{path}{}{slash}?token={}",
                room.code().to_lowercase(),
                guest.token
            );
            let mut socket = Socket::open(&server.base, &path).await;
            socket.until("ROOM_PARTICIPANTS").await;
            socket.say(&path).await;
            socket.until("CHAT_MESSAGE").await;
            assert_eq!(hanna.until("CHAT_MESSAGE").await["message"], path.as_str());
        }
    }
}

#[tokio::test]
async fn quirk_several_sockets_of_one_person_come_once_and_leave_once() {
    let server = server().await;
    let (_, guest, room, mut hanna, first) = evening(&server).await;
    let second = guest.enter(&room).await;
    assert_eq!(
        second.welcome[2]["participants"],
        json!(["Hanna", "Gus"]),
        "a person, not a socket"
    );
    drop(first);
    let late = Page::guest(&server, "Late").await;
    let late = late.enter(&room).await;
    assert_eq!(hanna.next().await["type"], "ROOM_PARTICIPANTS");
    assert_eq!(hanna.next().await["user"], "Late", "and nothing before");
    drop(second);
    assert_eq!(
        hanna.next().await,
        json!({"type": "USER_LEFT", "user": "Gus"})
    );
    drop(late);
    assert_eq!(
        hanna.next().await,
        json!({"type": "USER_LEFT", "user": "Late"})
    );
}

// ---- an absent host ------------------------------------------------------------------

#[tokio::test]
async fn a_host_who_comes_back_in_time_finds_the_room_as_it_was() {
    let server = server().await;
    let (host, _, room, mut hanna, mut gus) = evening(&server).await;
    hanna.play("PLAY", 40).await;
    gus.until("PLAYBACK_STATE").await;
    let detail = format!("/api/rooms/{}/detail/", room.code());
    drop(hanna);
    let left = json!({"type": "HOST_DISCONNECTED", "grace_seconds": 300});
    assert_eq!(gus.next().await, left);
    assert_eq!(host.get(&detail).await.1["state"], "GRACE");
    gus.play("PAUSE", 1).await;
    assert_eq!(gus.next().await, denied("Only host can control playback"));
    gus.say("where is she?").await;
    assert_eq!(gus.next().await["type"], "CHAT_MESSAGE");
    let late = Page::guest(&server, "Late").await;
    let _late = late.enter(&room).await;
    gus.until("USER_JOINED").await;
    let hanna = host.enter(&room).await;
    assert_eq!(gus.next().await, json!({"type": "HOST_RECONNECTED"}));
    assert_eq!(gus.next().await["type"], "ROOM_PARTICIPANTS");
    assert_eq!(
        gus.next().await,
        json!({"type": "USER_JOINED", "user": "Hanna"})
    );
    let state = &hanna.welcome[1];
    assert_eq!(
        (&state["is_playing"], &state["version"]),
        (&json!(true), &json!(1))
    );
    assert!(state["time"].as_f64().unwrap() >= 40.0);
    assert_eq!(host.get(&detail).await.1["state"], "LIVE");
}

#[tokio::test]
async fn quirk_a_room_expires_by_itself_and_tells_everybody() {
    let server = Server::with(&[&OPEN[..], &["--streamit-grace", "1"]].concat()).await;
    let (host, guest, room, hanna, mut gus) = evening(&server).await;
    drop(hanna);
    assert_eq!(
        gus.next().await,
        json!({"type": "HOST_DISCONNECTED", "grace_seconds": 1})
    );
    assert_eq!(gus.next().await, json!({"type": "ROOM_EXPIRED"}));
    assert_eq!(gus.ending().await, (vec![], json!(4004)));
    let detail = format!("/api/rooms/{}/detail/", room.code());
    for page in [&host, &guest] {
        let (_, told) = page.get(&detail).await;
        assert_eq!(
            (&told["state"], &told["is_active"]),
            (&json!("EXPIRED"), &json!(false))
        );
        assert_eq!(page.dial(&room).await.ending().await.1, 4005);
        assert_eq!(page.join(&room).await.0, 410);
    }
    let deleted = host
        .must("/api/rooms/delete/", json!({"room_id": room.id()}))
        .await;
    assert_eq!(deleted["status"], "room_deleted");
    assert_eq!(
        host.get(&detail).await.1["state"],
        "EXPIRED",
        "what is over stays as it is"
    );
}

#[tokio::test]
async fn quirk_a_half_dead_socket_of_a_host_who_is_back_starts_no_grace() {
    let server = Server::with(&[&OPEN[..], &["--streamit-grace", "1"]].concat()).await;
    let (host, _, room, old, mut gus) = evening(&server).await;
    let mut new = host.enter(&room).await;
    drop(old);
    new.say("still here").await;
    assert_eq!(gus.next().await["message"], "still here");
    // Whoever comes now is told of after anything that the old socket's end had done.
    let late = Page::guest(&server, "Late").await;
    let _late = late.enter(&room).await;
    assert_eq!(
        gus.next().await["participants"],
        json!(["Hanna", "Gus", "Late"])
    );
    assert_eq!(gus.next().await["type"], "USER_JOINED");
}

#[tokio::test]
async fn quirk_a_room_lives_from_its_hosts_first_coming_on() {
    let server = server().await;
    let hanna = Page::account(&server, "Hanna").await;
    let gus = Page::guest(&server, "Gus").await;
    let room = hanna.create(json!({})).await;
    let mut early = gus.enter(&room).await;
    assert_eq!(early.welcome[2]["host"], Value::Null);
    let detail = format!("/api/rooms/{}/detail/", room.code());
    assert_eq!(gus.get(&detail).await.1["state"], "CREATED");
    let own = hanna.enter(&room).await;
    assert_eq!(early.next().await["host"], "Hanna");
    assert_eq!(early.next().await["type"], "USER_JOINED");
    assert_eq!(gus.get(&detail).await.1["state"], "LIVE");
    drop(own);
    assert_eq!(early.next().await["type"], "HOST_DISCONNECTED");
}

#[tokio::test]
async fn a_restart_waits_for_the_host_like_any_absence() {
    let server = server().await;
    let (host, guest, room, mut hanna, _gus) = evening(&server).await;
    hanna.play("SEEK", 33).await;
    hanna.until("PLAYBACK_STATE").await;
    let server = server.restarted().await;
    let moved = |page: Page| Page {
        base: server.base.clone(),
        ..page
    };
    let (host, guest) = (moved(host), moved(guest));
    let mut gus = guest.enter(&room).await;
    assert_eq!(gus.welcome[1]["version"], 1, "goes on counting");
    let detail = format!("/api/rooms/{}/detail/", room.code());
    assert_eq!(guest.get(&detail).await.1["state"], "GRACE");
    let hanna = host.enter(&room).await;
    assert_eq!(hanna.welcome[1]["time"], 33);
    assert_eq!(
        gus.until("HOST_RECONNECTED").await,
        json!({"type": "HOST_RECONNECTED"})
    );
}

// ---- what is no message --------------------------------------------------------------

#[tokio::test]
async fn quirk_bad_frames_are_ignored_and_nothing_is_lost() {
    let server = server().await;
    let (_, _, _, mut hanna, mut gus) = evening(&server).await;
    for text in [
        "",
        "nonsense",
        "7",
        "null",
        "true",
        "[]",
        "[1,2]",
        "\"PLAY\"",
        "{}",
        r#"{"type":7}"#,
        r#"{"type":null}"#,
        r#"{"type":"NOTHING"}"#,
        r#"{"type":"play","time":1}"#,
        r#"{"type":["PLAY"]}"#,
        r#"{"type":"CHAT_MESSAGE","message":{}}"#,
        r#"{"type":"KICK_USER","user_id":[]}"#,
        r#"{"type":"PLAYER_EVENT"}"#,
        r#"{"type":"PLAYER_EVENT","data":7}"#,
        r#"{"type":"SYNC_CHECK","client_time":{}}"#,
    ] {
        hanna.client.raw(text).await;
        gus.client.raw(text).await;
    }
    hanna.client.raw(&"[".repeat(100_000)).await;
    let binary = Message::binary(vec![0, 159, 146, 150]);
    hanna.client.socket.send(binary).await.unwrap();
    gus.say(&"x".repeat((1 << 20) - 100)).await;
    hanna.play("PLAY", 3).await;
    assert_eq!(hanna.until("PLAYBACK_STATE").await["version"], 1);
    assert_eq!(gus.next().await, denied("Only host can moderate"));
    assert_eq!(gus.until("ERROR").await, refusal("Message too long."));
    // Past what anybody sends by mistake nobody listens; the others are told that they went, and nothing else.
    gus.client.raw(&"x".repeat(3 << 20)).await;
    let (_, code) = gus.ending().await;
    assert_ne!(code, 1000);
    assert_eq!(hanna.until("USER_LEFT").await["user"], "Gus");
}

#[tokio::test]
async fn a_storm_of_sockets_leaves_everybody_told_right() {
    let server = Server::with(&[&OPEN[..], &["--limit-join", "off"]].concat()).await;
    let (_, guest, room, mut hanna, gus) = evening(&server).await;
    drop(gus);
    hanna.until("USER_LEFT").await;
    let room = &room;
    let guest = &guest;
    for _ in 0..5 {
        let storm = (0..6).map(|_| async move {
            let mut socket = guest.dial(room).await;
            socket.say("hi").await;
            drop(socket);
        });
        futures_util::future::join_all(storm).await;
    }
    // All of them are gone: the last that is told of the guest is that they left, or nothing at all.
    let late = Page::guest(&server, "Late").await;
    let mut names = json!(null);
    for _ in 0..100 {
        let entered = late.enter(room).await;
        names = entered.welcome[2]["participants"].clone();
        if names == json!(["Hanna", "Late"]) {
            break;
        }
    }
    assert_eq!(names, json!(["Hanna", "Late"]));
    let (_, list) = server.get("/api/rooms/public/").await;
    assert!(list[0]["viewers"].as_i64().unwrap() <= 2, "{list}");
}

#[tokio::test]
async fn two_who_say_they_are_the_host_are_one_and_the_other_is_not() {
    let server = server().await;
    let hanna = Page::account(&server, "Hanna").await;
    let otto = Page::account(&server, "Otto").await;
    let room = hanna.create(json!({})).await;
    // At the same moment, in either order.
    let (mut first, mut second) = tokio::join!(otto.enter(&room), hanna.enter(&room));
    first.play("PLAY", 5).await;
    assert_eq!(
        first.until("ERROR").await,
        denied("Only host can control playback")
    );
    second.play("PLAY", 6).await;
    assert_eq!(first.until("PLAYBACK_STATE").await["time"], 6);
}
