//! StreamIt: rooms made, entered, told of and changed over HTTP.
use super::streamit::{Page, evening, kinds, server};
use serde_json::{Value, json};

#[tokio::test]
async fn a_room_is_made_as_it_was_asked_for() {
    let server = server().await;
    let hanna = Page::account(&server, "Hanna").await;
    let open = hanna
        .create(json!({"is_private": false, "entry_mode": "APPROVAL"}))
        .await;
    assert_eq!(
        (&open.0["is_private"], &open.0["entry_mode"]),
        (&json!(false), &Value::Null)
    );
    let code = open.code();
    assert!(
        code.len() == 6
            && code
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    );
    let asked = hanna
        .create(json!({"is_private": true, "entry_mode": "APPROVAL"}))
        .await;
    assert_eq!(
        (&asked.0["is_private"], &asked.0["entry_mode"]),
        (&json!(true), &json!("APPROVAL"))
    );
    assert!(asked.0.get("room_password").is_none());
    let kept = hanna
        .create(json!({"is_private": true, "entry_mode": "PASSWORD"}))
        .await;
    let password = kept.0["room_password"].as_str().unwrap();
    assert!(password.len() == 8 && password.chars().all(|c| c.is_ascii_alphanumeric()));
    for mode in [Value::Null, json!(""), json!("approval"), json!("OPEN")] {
        let body = json!({"is_private": true, "entry_mode": mode});
        let answer = hanna.post("/api/rooms/create/", body).await;
        assert_eq!(
            answer,
            (400, json!({"error": "Invalid entry_mode for private room"}))
        );
    }
    let (status, detail) = hanna.get(&format!("/api/rooms/{code}/detail/")).await;
    assert_eq!(status, 200);
    let created = detail["created_at"].as_str().unwrap();
    assert_eq!(
        detail,
        json!({
            "room_id": open.id(), "code": code, "state": "CREATED", "is_active": true, "is_private": false,
            "entry_mode": null, "is_chat_enabled": true, "host": "Hanna", "host_id": hanna.id,
            "video_provider": "", "video_id": "", "created_at": created, "is_host": true,
        })
    );
    let lower = format!("/api/v1/rooms/{}/detail/", code.to_lowercase());
    assert_eq!(hanna.get(&lower).await.1["room_id"], open.id());
}

#[tokio::test]
async fn a_password_is_asked_once_and_cannot_be_guessed() {
    let server = server().await;
    let hanna = Page::account(&server, "Hanna").await;
    let gus = Page::guest(&server, "Gus").await;
    let room = hanna
        .create(json!({"is_private": true, "entry_mode": "PASSWORD"}))
        .await;
    let ask = |password: Value| json!({"code": room.code(), "password": password});
    let wrong = (403, json!({"error": "Invalid room password"}));
    for password in [json!("nothing"), json!(""), Value::Null] {
        assert_eq!(gus.post("/api/rooms/join/", ask(password)).await, wrong);
    }
    let right = room.0["room_password"].clone();
    let told = gus.must("/api/rooms/join/", ask(right.clone())).await;
    assert_eq!(
        told,
        json!({"room_id": room.id(), "code": room.code(), "status": "APPROVED", "is_host": false})
    );
    assert_eq!(
        gus.join(&room).await.1["status"],
        "APPROVED",
        "not asked again"
    );
    assert_eq!(
        hanna.join(&room).await.1["is_host"],
        true,
        "nor is the host"
    );
    let eve = Page::guest(&server, "Eve").await;
    let mut last = (0, Value::Null);
    for _ in 0..6 {
        last = eve.post("/api/rooms/join/", ask(json!("guess"))).await;
    }
    assert_eq!((last.0, &last.1["code"]), (429, &json!("RATE_LIMITED")));
    let (status, _) = eve
        .get(&format!("/api/rooms/{}/detail/", room.code()))
        .await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn who_needs_approval_waits_until_the_host_approves() {
    let server = server().await;
    let hanna = Page::account(&server, "Hanna").await;
    let gus = Page::guest(&server, "Gus").await;
    let room = hanna
        .create(json!({"is_private": true, "entry_mode": "APPROVAL"}))
        .await;
    assert_eq!(gus.join(&room).await.1["status"], "PENDING");
    assert_eq!(
        gus.join(&room).await.1["status"],
        "PENDING",
        "asking again changes nothing"
    );
    let mut waiting = gus.dial(&room).await;
    assert_eq!(waiting.ending().await, (vec![], json!(4003)));
    let (status, _) = gus
        .get(&format!("/api/rooms/{}/detail/", room.code()))
        .await;
    assert_eq!(status, 200, "who waits may look");
    let list = format!("/api/rooms/participants/?room_id={}", room.id());
    let (_, told) = hanna.get(&list).await;
    assert_eq!(
        told,
        json!([
            {"id": hanna.id, "display_name": "Hanna", "status": "APPROVED", "is_host": true, "is_guest": false},
            {"id": gus.id, "display_name": "Gus", "status": "PENDING", "is_host": false, "is_guest": true},
        ])
    );
    let ask = json!({"room_id": room.id(), "user_id": gus.id});
    let answer = gus.post("/api/rooms/approve/", ask.clone()).await;
    assert_eq!(answer, (403, json!({"error": "Only host can approve"})));
    let told = hanna.must("/api/rooms/approve/", ask.clone()).await;
    assert_eq!(told, json!({"approved": true}));
    assert_eq!(hanna.post("/api/rooms/approve/", ask).await.0, 404, "once");
    assert_eq!(gus.join(&room).await.1["status"], "APPROVED");
    let (_, told) = hanna.get(&list).await;
    assert_eq!(told[1]["status"], "APPROVED", "before they ever came");
    gus.enter(&room).await;
    // The host is connected now, and approves as a member.
    let mut own = hanna.enter(&room).await;
    let ada = Page::guest(&server, "Ada").await;
    ada.join(&room).await;
    let ask = json!({"room_id": room.id(), "user_id": ada.id});
    hanna.must("/api/rooms/approve/", ask).await;
    let _ada = ada.enter(&room).await;
    assert_eq!(own.until("USER_JOINED").await["user"], "Ada");
}

#[tokio::test]
async fn what_is_wrong_at_the_door_is_told_in_its_words() {
    let server = server().await;
    let (hanna, gus, room, _own, _other) = evening(&server).await;
    let eve = Page::guest(&server, "Eve").await;
    let required = (400, json!({"error": "Room code required"}));
    assert_eq!(gus.post("/api/rooms/join/", json!({})).await, required);
    let nowhere = gus
        .post("/api/rooms/join/", json!({"code": "NOSUCH"}))
        .await;
    assert_eq!(nowhere, (404, json!({"error": "Room not found"})));
    assert_eq!(
        eve.get(&format!("/api/rooms/{}/detail/", room.code()))
            .await,
        (403, json!({"error": "Not a participant"}))
    );
    assert_eq!(
        eve.get("/api/rooms/NOSUCH/detail/").await,
        (404, json!({"error": "Room not found"}))
    );
    let list = format!("/api/rooms/participants/?room_id={}", room.id());
    assert_eq!(
        gus.get(&list).await,
        (403, json!({"error": "Only host can view participants"}))
    );
    let none = hanna.get("/api/rooms/participants/").await;
    assert_eq!(none, (400, json!({"error": "room_id required"})));
    let (status, told) = hanna.get("/api/rooms/participants/?room_id=x").await;
    assert_eq!((status, &told["detail"]), (404, &json!("Not found.")));
    let delete = gus
        .post("/api/rooms/delete/", json!({"room_id": room.id()}))
        .await;
    assert_eq!(delete, (403, json!({"error": "Only host can delete room"})));
}

#[tokio::test]
async fn a_title_is_put_on_without_disturbing_playback() {
    let server = server().await;
    let (hanna, gus, room, mut own, mut other) = evening(&server).await;
    own.play("PLAY", 30).await;
    other.until("PLAYBACK_STATE").await;
    let source = |provider: &str, video: &str| json!({"room_id": room.id(), "provider": provider, "video_id": video});
    let required = (
        400,
        json!({"error": "room_id, provider, and video_id required"}),
    );
    for missing in [source(" ", "1"), source("vidking", " "), json!({})] {
        assert_eq!(hanna.post("/api/rooms/source/", missing).await, required);
    }
    let denied = gus.post("/api/rooms/source/", source("vidking", "1")).await;
    assert_eq!(
        denied,
        (403, json!({"error": "Only host can update room media"}))
    );
    let unknown = hanna
        .post("/api/rooms/source/", source("dailymotion", "1"))
        .await;
    assert_eq!(
        unknown,
        (400, json!({"error": "Unknown provider: dailymotion"}))
    );
    let (status, _) = hanna
        .post("/api/rooms/source/", source("vidking", "../x?"))
        .await;
    assert_eq!(status, 400);
    let told = hanna
        .must("/api/rooms/source/", source(" vidking ", " 1078605 "))
        .await;
    assert_eq!(
        told,
        json!({"room_id": room.id(), "video_provider": "vidking", "video_id": "1078605"})
    );
    assert!(kinds(&other.told().await).is_empty(), "nothing is pushed");
    let (_, detail) = gus
        .get(&format!("/api/rooms/{}/detail/", room.code()))
        .await;
    assert_eq!(
        (&detail["video_provider"], &detail["video_id"]),
        (&json!("vidking"), &json!("1078605"))
    );
    let late = Page::guest(&server, "Late").await.enter(&room).await;
    let state = &late.welcome[1];
    assert_eq!(
        (&state["is_playing"], &state["version"]),
        (&json!(true), &json!(1))
    );
    assert!(state["time"].as_f64().unwrap() >= 30.0);
}

#[tokio::test]
async fn the_chat_is_switched_at_once_by_the_host() {
    let server = server().await;
    let (hanna, gus, room, mut own, mut other) = evening(&server).await;
    let switch = |enabled: bool| json!({"room_id": room.id(), "enabled": enabled});
    assert_eq!(gus.post("/api/rooms/chat/", switch(false)).await.0, 403);
    assert_eq!(
        hanna
            .post("/api/rooms/chat/", json!({"room_id": room.id()}))
            .await
            .0,
        400
    );
    let told = hanna.must("/api/rooms/chat/", switch(false)).await;
    assert_eq!(
        told,
        json!({"room_id": room.id(), "is_chat_enabled": false})
    );
    other.say("hello?").await;
    let off = json!({"type": "ERROR", "message": "Chat is disabled in this room"});
    assert_eq!(other.next().await, off);
    let (_, detail) = gus
        .get(&format!("/api/rooms/{}/detail/", room.code()))
        .await;
    assert_eq!(detail["is_chat_enabled"], false);
    hanna.must("/api/rooms/chat/", switch(true)).await;
    other.say("hello!").await;
    assert_eq!(own.until("CHAT_MESSAGE").await["message"], "hello!");
}

#[tokio::test]
async fn quirk_a_deleted_room_is_over_for_everybody_and_never_comes_back() {
    let server = server().await;
    let (hanna, gus, room, mut own, mut other) = evening(&server).await;
    let delete = json!({"room_id": room.id()});
    for _ in 0..2 {
        let told = hanna.must("/api/rooms/delete/", delete.clone()).await;
        assert_eq!(told, json!({"status": "room_deleted"}), "repeatable");
    }
    for socket in [&mut own, &mut other] {
        let (told, code) = socket.ending().await;
        assert_eq!(kinds(&told), ["ROOM_DELETED"]);
        assert_eq!(code, 4005);
    }
    let (status, told) = gus.join(&room).await;
    assert_eq!((status, &told["code"]), (410, &json!("ROOM_EXPIRED")));
    for page in [&hanna, &gus] {
        assert_eq!(page.dial(&room).await.ending().await, (vec![], json!(4005)));
        let (status, detail) = page
            .get(&format!("/api/rooms/{}/detail/", room.code()))
            .await;
        assert_eq!(
            (status, &detail["state"]),
            (200, &json!("DELETED")),
            "{detail}"
        );
        assert_eq!(detail["is_active"], false);
        assert_eq!(detail["host"], "Hanna");
    }
    assert_eq!(server.get("/api/rooms/public/").await.1, json!([]));
}
