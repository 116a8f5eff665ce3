//! StreamIt: one room with the page's own clients, both ways.
use super::client::Server;
use super::streamit::{Page, Room, evening, server};
use serde_json::json;

/// A room of this dialect under its own code in ours.
async fn own_code(server: &Server, room: &Room) -> String {
    let codes = server.texts("SELECT room || ' ' || alias FROM aliases WHERE dialect = 'streamit'");
    let codes = codes.await;
    let pairs = codes.iter().filter_map(|pair| pair.split_once(' '));
    let found = pairs.into_iter().find(|(_, alias)| *alias == room.code());
    found.unwrap().0.to_owned()
}

#[tokio::test]
async fn our_own_page_and_streamit_share_a_room_both_ways() {
    let server = server().await;
    let (_, guest, room, mut hanna, mut gus) = evening(&server).await;
    let code = own_code(&server, &room).await;
    let mut page = server.join(&json!({"code": code}), "Paul", json!({})).await;
    assert_eq!(
        hanna.until("ROOM_PARTICIPANTS").await["participants"],
        json!(["Hanna", "Gus", "Paul"])
    );
    assert_eq!(hanna.until("USER_JOINED").await["user"], "Paul");
    hanna.play("PLAY", 70).await;
    let mut text = String::new();
    while !(text.contains("\"playing\":true") && text.contains("70.0")) {
        text = page.until("events").await.to_string();
    }
    let refused = page.command(json!({"do": "pause"})).await;
    assert_eq!(
        refused["code"], "not_allowed",
        "the room's rule, for every client"
    );
    page.must(json!({"do": "say", "text": "hello streamit"}))
        .await;
    let said = json!({"type": "CHAT_MESSAGE", "user": "Paul", "message": "hello streamit"});
    assert_eq!(gus.until("CHAT_MESSAGE").await, said);
    gus.say("hello page").await;
    while !text.contains("hello page") {
        text = page.until("events").await.to_string();
    }
    drop(page);
    assert_eq!(hanna.until("USER_LEFT").await["user"], "Paul");

    // And a room of the page, by its code, with its host's controls and its rules.
    let made = server.room(&json!({"name": "Friday"})).await;
    let mut page = server.host(&made).await;
    let code = made["code"].as_str().unwrap();
    let told = guest.must("/api/rooms/join/", json!({"code": code})).await;
    assert_eq!(
        (&told["status"], &told["is_host"]),
        (&json!("APPROVED"), &json!(false))
    );
    let friday = Room(told);
    assert_eq!(friday.code().len(), 6, "it has a code of this dialect's");
    let mut gus = guest.enter(&friday).await;
    assert_eq!(gus.welcome[2]["participants"], json!(["Hanna", "Gus"]));
    gus.play("PLAY", 1).await;
    assert_eq!(gus.next().await["type"], "ERROR", "nothing is on");
    let media = json!({"kind": "library", "key": server.sample().await});
    page.must(json!({"do": "load", "media": media})).await;
    assert_eq!(gus.next().await["time"], 0);
    page.must(json!({"do": "seek", "position": 3.0})).await;
    let told = gus.next().await;
    assert_eq!(
        (&told["time"], &told["is_playing"]),
        (&json!(3), &json!(false))
    );
    // Everybody steers in that room: also who came by this dialect.
    gus.play("SEEK", 4.5).await;
    assert_eq!(gus.next().await["time"], 4.5);
    while !text.contains("\"position\":4.5") {
        text = page.until("events").await.to_string();
    }
    page.must(json!({"do": "say", "text": "hello"})).await;
    assert_eq!(gus.next().await["message"], "hello");
    drop(page);
    assert_eq!(
        gus.next().await,
        json!({"type": "USER_LEFT", "user": "Hanna"})
    );
}

#[tokio::test]
async fn the_page_lets_in_who_asked_by_streamit() {
    let server = server().await;
    let made = server
        .room(&json!({"name": "Friday", "policy": {"entry": "approval"}}))
        .await;
    let mut page = server.host(&made).await;
    let gus = Page::guest(&server, "Gus").await;
    let code = made["code"].as_str().unwrap();
    let told = gus.must("/api/rooms/join/", json!({"code": code})).await;
    assert_eq!(told["status"], "PENDING");
    let room = Room(told);
    let waiting = page.event("knock").await;
    let member = waiting["members"][0]["id"].clone();
    assert!(member.is_number(), "{waiting}");
    page.must(json!({"do": "admit", "member": member})).await;
    assert_eq!(gus.join(&room).await.1["status"], "APPROVED");
    gus.enter(&room).await;
}
