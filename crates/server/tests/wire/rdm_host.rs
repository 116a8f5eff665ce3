//! What a host decides in a room of the Random Clip Player, over the wire: who is sent away, and whether clips come from a
//! shared pool.
use crate::client::Server;
use crate::rdm::{create, guest, host, join, names, open};
use serde_json::{Value, json};

#[tokio::test]
async fn quirk_a_kick_is_told_at_once_and_the_kicked_do_not_come_back() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    let mut ida = guest(&server, &room, "Ida").await;
    let target = hanna.until("user_joined").await["user_id"].clone();
    let kick = json!({"type": "kick", "target_user_id": target});
    ida.send(kick.clone()).await;
    assert_eq!(
        ida.until("error").await["message"],
        "Only the host can kick users"
    );
    for nobody in [json!("nobody"), json!(hanna.id), Value::Null] {
        hanna
            .send(json!({"type": "kick", "target_user_id": nobody}))
            .await;
    }
    hanna.send(kick).await;
    let (last, code) = gus.ending().await;
    assert_eq!(
        (&last.last().unwrap()["type"], code),
        (&json!("kicked"), json!(1000))
    );
    for player in [&mut hanna, &mut ida] {
        let told = player.until("user_kicked").await;
        assert_eq!(
            (&told["username"], &told["kicked_by"]),
            (&json!("Gus"), &json!("Hanna"))
        );
        assert_eq!(names(&told["users"]), ["Hanna", "Ida"]);
        player.hears_no(&["user_left"]).await;
    }
    let (status, refused) = join(&server, &room, "Gus").await;
    assert_eq!((status, refused["detail"].is_string()), (403, true));
    let mut socket = open(&server, room["room_code"].as_str().unwrap()).await;
    socket
        .send(&json!({"type": "auth", "user_id": gus.id, "username": "Gus"}))
        .await;
    assert_eq!(socket.next().await["message"], "Invalid user_id");
}

#[tokio::test]
async fn without_the_pool_everybody_brings_their_own() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    gus.send(json!({"type": "request_random"})).await;
    let asked = gus.until("provide_random_clip").await;
    assert_eq!(
        asked,
        json!({"type": "provide_random_clip", "requested_by": "Gus"})
    );
    hanna.hears_no(&["provide_random_clip"]).await;
}

#[tokio::test]
async fn only_the_host_switches_the_pool_and_late_ones_are_told() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    gus.send(json!({"type": "set_shared_pool", "enabled": true}))
        .await;
    assert_eq!(
        gus.until("error").await["message"],
        "Only the host can change pool mode"
    );
    hanna
        .send(json!({"type": "set_shared_pool", "enabled": "yes"}))
        .await;
    hanna.hears_no(&["shared_pool_changed"]).await;
    hanna
        .send(json!({"type": "set_shared_pool", "enabled": true}))
        .await;
    let told = json!({"type": "shared_pool_changed", "enabled": true, "changed_by": "Hanna"});
    for player in [&mut hanna, &mut gus] {
        assert_eq!(player.until("shared_pool_changed").await, told);
    }
    // The first thing after the state of the room.
    let mut late = guest(&server, &room, "Lea").await;
    assert_eq!(late.behind, [told]);
    hanna
        .send(json!({"type": "set_shared_pool", "enabled": false}))
        .await;
    assert_eq!(late.until("shared_pool_changed").await["enabled"], false);
}

#[tokio::test]
async fn one_who_shares_is_asked_and_the_next_when_they_leave() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    let mut lea = guest(&server, &room, "Lea").await;
    hanna
        .send(json!({"type": "set_shared_pool", "enabled": true}))
        .await;
    let none = json!({"type": "pool_opt_in", "opted_in": true, "clip_count": 0});
    hanna.send(none).await;
    let told = gus.until("pool_opt_in_changed").await;
    assert_eq!(
        (&told["username"], &told["opted_in"]),
        (&json!("Hanna"), &json!(true))
    );
    assert_ne!(told["user_id"], json!(hanna.id), "another id than her own");
    assert_eq!(
        hanna.until("pool_opt_in_changed").await["user_id"],
        json!(hanna.id)
    );
    lea.send(json!({"type": "pool_opt_in", "opted_in": false, "clip_count": 9}))
        .await;
    hanna.until("pool_opt_in_changed").await;
    // Gus is of the first generation: he never said anything, and shares.
    hanna.send(json!({"type": "request_random"})).await;
    assert_eq!(
        gus.until("provide_random_clip").await["requested_by"],
        "Hanna"
    );
    // Another request shares the open one.
    lea.send(json!({"type": "request_random"})).await;
    lea.send(json!({"type": "pool_opt_in", "opted_in": true, "clip_count": 9}))
        .await;
    hanna.until("pool_opt_in_changed").await;
    drop(gus);
    assert_eq!(
        lea.until("provide_random_clip").await["requested_by"],
        "Hanna"
    );
    // What she shows ends it, even where there is no such clip.
    lea.send(json!({"type": "play_video", "video_id": "none"}))
        .await;
    lea.hears_no(&["random_failed"]).await;
    lea.send(json!({"type": "pool_opt_in", "opted_in": false, "clip_count": 9}))
        .await;
    hanna.until("pool_opt_in_changed").await;
    lea.send(json!({"type": "request_random"})).await;
    assert!(lea.until("random_failed").await["message"].is_string());
    hanna
        .hears_no(&["random_failed", "provide_random_clip"])
        .await;
}

#[tokio::test]
async fn when_all_have_shown_all_they_have_the_pool_begins_anew() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    hanna
        .send(json!({"type": "set_shared_pool", "enabled": true}))
        .await;
    hanna
        .send(json!({"type": "pool_opt_in", "opted_in": true, "clip_count": 3}))
        .await;
    hanna.send(json!({"type": "pool_exhausted"})).await;
    hanna.send(json!({"type": "request_random"})).await;
    assert_eq!(
        hanna.until("pool_reset").await,
        json!({"type": "pool_reset"})
    );
    hanna.until("provide_random_clip").await;
}
