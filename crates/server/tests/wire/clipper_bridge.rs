//! One room, this dialect and our own page: what one does the other sees, and nothing comes back as an echo.
use crate::client::Server;
use crate::clipper::{AT, Person, QUIET, Socket, kinds};
use serde_json::{Value, json};
use tokio::time::timeout;

/// The room's own code, which a participant is led to by the invitation's address.
async fn room_of(server: &Server, party: &Value) -> Value {
    let url = party["invite_url"].as_str().unwrap();
    let no_redirect = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = no_redirect.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let to = answer.headers()["location"].to_str().unwrap();
    let code = to.strip_prefix(&format!("{}/r/", server.base)).unwrap();
    json!({"code": code})
}

#[tokio::test]
async fn a_page_in_a_watch_party() {
    let server = Server::start().await;
    let host = Person::guest(&server, "Hanna").await;
    let made = host.create(json!({})).await;
    let mut hanna = host.socket(&made).await;
    hanna.until("participant-joined").await;
    let room = room_of(&server, &made).await;
    let mut page = server.join(&room, "Paula", json!({})).await;
    let joined = hanna.until("participant-joined").await;
    assert_eq!(
        (
            &joined["participant"]["display_name"],
            &joined["participant"]["role"]
        ),
        (&json!("Paula"), &json!("viewer"))
    );
    assert_eq!(page.room()["members"].as_array().unwrap().len(), 2);

    hanna.send(json!({"type": "seek", "position": 42.5})).await;
    hanna.send(json!({"type": "play"})).await;
    let timeline = loop {
        let event = page.event("timeline").await;
        if event["timeline"]["playing"] == true {
            break event["timeline"].clone();
        }
    };
    assert_eq!(timeline["position"], 42.5);
    // A viewer of the page controls no more than one of this dialect.
    assert_eq!(
        page.command(json!({"do": "pause"})).await["code"],
        "not_allowed"
    );
    page.must(json!({"do": "say", "text": "hello from the page"}))
        .await;
    let said = hanna.until("chat_message").await;
    assert_eq!(said["chat_message"]["message"], "hello from the page");
    assert_eq!(said["chat_message"]["user_id"], joined["user_id"]);
    hanna
        .send(json!({"type": "chat", "message": "hello from the party"}))
        .await;
    assert_eq!(
        page.event("said").await["message"]["text"],
        "hello from the party"
    );
    page.must(json!({"do": "react", "emoji": "🎉"})).await;
    assert_eq!(hanna.until("reaction").await["reaction"]["emoji"], "🎉");

    // Promoted here, the page controls, and this dialect's clients are told so and follow.
    let id = made["id"].as_str().unwrap();
    host.post(
        &format!("/{id}/promote"),
        json!({"user_id": joined["user_id"]}),
    )
    .await
    .data(200);
    assert_eq!(
        hanna.until("participant-updated").await["participant"]["role"],
        "co-host"
    );
    page.must(json!({"do": "pause"})).await;
    let paused = hanna.until("pause").await;
    assert_eq!(paused["is_playing"], false);
    page.must(json!({"do": "rate", "rate": 1.5})).await;
    let sync = hanna.until("sync").await;
    assert_eq!(sync["is_playing"], false);
    let film = server.sample().await;
    page.must(json!({"do": "load", "media": film, "play": true}))
        .await;
    let skip = hanna.until("skip").await;
    assert_eq!(skip["clip_id"], film.as_str());
    let list = host.get(&format!("/{id}/participants")).await.data(200);
    assert_eq!(list["count"], 2);

    drop(page);
    assert_eq!(
        hanna.until("participant-left").await["user_id"],
        joined["user_id"]
    );
    silent(&mut hanna).await;
}

#[tokio::test]
async fn a_client_of_this_dialect_in_a_room_of_our_page() {
    let server = Server::start().await;
    let film = server.sample().await;
    let room = server
        .room(&json!({"name": "Ours", "media": film, "policy": {"barrier": {"do": "off"}}}))
        .await;
    let mut page = server.host(&room).await;
    let ann = Person::guest(&server, "Ann").await;
    let joined = ann
        .post(
            &format!("/{}/join", room["code"].as_str().unwrap()),
            json!({}),
        )
        .await
        .data(200);
    let party = &joined["party"];
    assert_eq!(
        (
            &party["title"],
            &party["visibility"],
            &party["current_clip_id"]
        ),
        (&json!("Ours"), &json!("friends"), &json!(film))
    );
    let mut socket = ann.socket(party).await;
    socket.until("participant-joined").await;
    // The room lets everybody control; a seek does not pause here, and the truth is told.
    socket.send(json!({"type": "play"})).await;
    page.event("timeline").await;
    socket.until("play").await;
    socket.send(json!({"type": "seek", "position": 3.25})).await;
    let seek = socket.until("seek").await;
    assert_eq!(seek["is_playing"], true);
    let told = loop {
        let event = page.event("timeline").await;
        if event["timeline"]["position"] == 3.25 {
            break event;
        }
    };
    assert_eq!(told["timeline"]["playing"], true);
    // A film of the library is put on by the id that it has there.
    socket.send(json!({"type": "skip", "clip_id": film})).await;
    assert_eq!(socket.until("skip").await["clip_id"], film.as_str());
    page.must(json!({"do": "say", "text": "welcome"})).await;
    assert_eq!(
        socket.until("chat_message").await["chat_message"]["username"],
        "Hanna"
    );
    // What this dialect has no words for is left out.
    socket.so_far().await;
    page.must(json!({"do": "queue_add", "media": film})).await;
    page.send(&json!({"t": "typing"})).await;
    silent(&mut socket).await;
    let list = server.get(&format!("{AT}/public")).await.1;
    assert_eq!(list["data"]["total_count"], 0, "it is not public");
}

/// Nothing more comes: no event is answered by another.
async fn silent(socket: &mut Socket) {
    let more = socket.so_far().await;
    assert!(
        !kinds(&more)
            .iter()
            .any(|kind| ["play", "pause", "seek", "skip"].contains(kind)),
        "{more:?}"
    );
    let next = timeout(QUIET, socket.next()).await;
    assert!(next.is_err(), "{next:?}");
}
