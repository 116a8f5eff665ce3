//! Chat, reactions, queue: what people do besides watching.
use crate::client::Server;
use serde_json::json;

#[tokio::test]
async fn what_is_said_is_heard_and_kept_for_late_joiners() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    host.must(json!({"do": "say", "text": "Hello <b>all</b>"}))
        .await;
    let said = ann.event("said").await["message"].clone();
    assert_eq!(
        (&said["text"], &said["name"]),
        (&json!("Hello <b>all</b>"), &json!("Hanna"))
    );
    ann.must(json!({"do": "say", "text": "hi", "reply_to": said["id"]}))
        .await;
    let late = server.join(&room, "Ben", json!({})).await;
    let chat = late.room()["chat"].as_array().unwrap();
    assert_eq!(chat.len(), 2);
    assert_eq!(chat[1]["reply_to"], said["id"]);
    assert_eq!(
        ann.command(json!({"do": "say", "text": " "})).await["code"],
        "bad_text"
    );
    assert_eq!(
        ann.command(json!({"do": "delete_message", "message": said["id"]}))
            .await["code"],
        "not_allowed"
    );
    host.must(json!({"do": "delete_message", "message": said["id"]}))
        .await;
    assert_eq!(ann.event("deleted").await["message"], said["id"]);
}

#[tokio::test]
async fn who_comes_late_sees_that_something_was_deleted_and_not_what() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    for text in ["one", "a secret", "three"] {
        host.must(json!({"do": "say", "text": text})).await;
    }
    host.must(json!({"do": "delete_message", "message": 2}))
        .await;
    let late = server.join(&room, "Ben", json!({})).await;
    let chat = late.room()["chat"].as_array().unwrap();
    let texts: Vec<_> = chat.iter().map(|m| m["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["one", "", "three"]);
    assert_eq!(chat[1]["deleted"], true);
    assert_eq!(chat[1]["name"], "Hanna", "whose it was is no secret");
    assert!(chat[0].get("deleted").is_none());
}

#[tokio::test]
async fn one_address_writes_and_reacts_only_so_often_in_all_rooms_together() {
    let server = Server::with(&["--limit-chat", "3/hour", "--limit-reactions", "2/hour"]).await;
    let rooms = [server.room(&json!({})).await, server.room(&json!({})).await];
    let mut hosts = [server.host(&rooms[0]).await, server.host(&rooms[1]).await];
    for (text, at) in [("one", 0), ("two", 1), ("three", 0)] {
        hosts[at].must(json!({"do": "say", "text": text})).await;
    }
    let refused = hosts[1].command(json!({"do": "say", "text": "four"})).await;
    assert_eq!(refused["code"], "too_fast");
    let wait = refused["retry_ms"].as_u64().unwrap();
    assert!((1..=1_200_000).contains(&wait), "{refused}");
    for host in &mut hosts {
        host.must(json!({"do": "react", "emoji": "🎉"})).await;
    }
    let react = json!({"do": "react", "emoji": "🎉"});
    assert_eq!(hosts[0].command(react).await["code"], "too_fast");
    // Nothing else is held back by it.
    hosts[0]
        .must(json!({"do": "rename", "name": "Hanna L"}))
        .await;
}

#[tokio::test]
async fn reactions_and_typing_pass_by() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    ann.must(json!({"do": "react", "emoji": "🎉"})).await;
    let told = host.event("reactions").await;
    assert_eq!(
        (
            &told["list"][0]["emoji"],
            &told["list"][0]["by"],
            &told["more"]
        ),
        (&json!("🎉"), &json!(2), &json!(0))
    );
    ann.send(&json!({"t": "typing"})).await;
    assert_eq!(host.until("signals").await["typing"], json!([2]));
}

#[tokio::test]
async fn the_queue_is_shared_and_the_next_item_goes_on() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    ann.must(json!({"do": "queue_add", "media": {"kind": "url", "url": "https://example.org/a/film.mp4"}})).await;
    ann.must(json!({"do": "queue_add", "media": sample})).await;
    let mut queue = host.event("queue").await["queue"].clone();
    while queue.as_array().unwrap().len() < 2 {
        queue = host.event("queue").await["queue"].clone();
    }
    assert_eq!(queue[0]["media"]["title"], "film.mp4");
    host.must(json!({"do": "queue_vote", "item": queue[1]["item"], "up": true}))
        .await;
    host.must(json!({"do": "queue_sort"})).await;
    host.must(json!({"do": "queue_next"})).await;
    let loaded = ann.event("timeline").await;
    assert_eq!(loaded["media"]["key"], sample);
    assert!(
        loaded["media"]["url"]
            .as_str()
            .unwrap()
            .starts_with("media/")
    );
}

#[tokio::test]
async fn the_room_draws_from_what_its_members_offer_until_all_was_shown() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    assert_eq!(
        ann.room()["pool"],
        json!({"left": 0, "shown": 0, "yours": []})
    );
    let clip = json!({"kind": "url", "url": "https://example.org/clip.mp4"});
    ann.must(json!({"do": "pool_offer", "media": [sample, clip]}))
        .await;
    let pool = host.event("pool").await;
    assert_eq!((&pool["left"], &pool["shown"]), (&json!(2), &json!(0)));
    let late = server.join(&room, "Ben", json!({})).await;
    assert_eq!(late.room()["pool"]["yours"], json!([]));
    let mut drawn = Vec::new();
    for _ in 0..2 {
        host.must(json!({"do": "pool_draw"})).await;
        drawn.push(ann.event("timeline").await["media"]["key"].clone());
    }
    assert!(drawn.contains(&json!(sample)) && drawn[0] != drawn[1]);
    let empty = host.command(json!({"do": "pool_draw"})).await;
    assert_eq!(empty["code"], "pool_empty");
    host.must(json!({"do": "pool_reset"})).await;
    let gone = json!({"kind": "upload", "key": "0000"});
    let refused = ann
        .command(json!({"do": "pool_offer", "media": [gone]}))
        .await;
    assert_eq!(refused["code"], "media_not_found");
}

#[tokio::test]
async fn the_address_of_what_comes_next_is_told_ahead() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    for _ in 0..2 {
        host.must(json!({"do": "queue_add", "media": sample})).await;
    }
    let mut ann = server.join(&room, "Ann", json!({})).await;
    let queue = &ann.room()["queue"];
    assert!(queue[1]["media"].get("url").is_none());
    let next = queue[0]["media"]["url"].clone();
    host.must(json!({"do": "queue_next"})).await;
    assert_eq!(ann.event("timeline").await["media"]["url"], next);
}
