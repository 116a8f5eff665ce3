//! What comes next in rooms of the Random Clip Player: the latest players' queue, and clips brought ahead of time.
use crate::client::Server;
use crate::rdm::{create, enter, guest, host};
use crate::rdm_clips::{bring, fetch};
use serde_json::{Value, json};
use watchalong_media::SAMPLE_CLIP;

fn ids(queue: &Value) -> Vec<Value> {
    let items = queue.as_array().unwrap();
    items.iter().map(|item| item["video_id"].clone()).collect()
}

#[tokio::test]
async fn the_queue_is_the_rooms_and_crosses_to_other_players() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    let mut videos = Vec::new();
    for name in ["a.mp4", "b.mp4", "c.mp4"] {
        videos.push(bring(&server, &room, &hanna.id, name).await["video_id"].clone());
    }
    let (a, b, c) = (&videos[0], &videos[1], &videos[2]);
    let add = |id: &Value| json!({"type": "queue_add", "video_id": id});
    for id in [a, b, a, c] {
        hanna.send(add(id)).await;
    }
    for nothing in [json!("nothing"), json!(5), Value::Null] {
        hanna.send(add(&nothing)).await;
    }
    gus.until("queue_updated").await;
    gus.until("queue_updated").await;
    let told = gus.until("queue_updated").await;
    assert_eq!(
        ids(&told["queue"]),
        [a.clone(), b.clone(), c.clone()],
        "no doubles"
    );
    assert_eq!(
        told["queue"][0],
        json!({"video_id": a, "filename": "a.mp4", "size": SAMPLE_CLIP.len(), "added_by": "Hanna"})
    );
    let late = guest(&server, &room, "Late").await;
    assert_eq!(ids(&late.entry["queue"]).len(), 3);

    gus.send(json!({"type": "queue_reorder", "video_id": c, "new_index": 0}))
        .await;
    let told = gus.until("queue_updated").await;
    assert_eq!(ids(&told["queue"]), [c.clone(), a.clone(), b.clone()]);
    gus.send(json!({"type": "queue_reorder", "video_id": c, "new_index": 1}))
        .await;
    let told = gus.until("queue_updated").await;
    assert_eq!(ids(&told["queue"]), [a.clone(), c.clone(), b.clone()]);
    gus.send(json!({"type": "queue_reorder", "video_id": a, "new_index": 99}))
        .await;
    let told = gus.until("queue_updated").await;
    assert_eq!(ids(&told["queue"]), [c.clone(), b.clone(), a.clone()]);
    gus.send(json!({"type": "queue_remove", "video_id": b}))
        .await;
    assert_eq!(ids(&gus.until("queue_updated").await["queue"]).len(), 2);

    // The head is put on, with its sender as who shares it.
    drop(late);
    gus.until("user_left").await;
    gus.send(json!({"type": "queue_play_next"})).await;
    let prepare = hanna.until("prepare_video").await;
    assert_eq!((&prepare["video_id"], &prepare["user"]), (c, &json!("Gus")));
    gus.send(json!({"type": "queue_play_next"})).await;
    assert_eq!(&gus.until("transition_busy").await["pending_video_id"], c);
    hanna.send(json!({"type": "ready", "video_id": c})).await;
    gus.until("all_ready").await;
    gus.send(json!({"type": "queue_play_next"})).await;
    assert_eq!(&hanna.until("prepare_video").await["video_id"], a);
}

#[tokio::test]
async fn a_page_sees_the_queue_of_players_and_adds_to_it() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let native = server.room(&json!({})).await;
    let mut page = server.host(&native).await;
    let code = native["code"].as_str().unwrap();
    let entry = json!({"password": "whatever", "username": "Gus"});
    let (status, room) = server.post(&format!("/rooms/{code}/join"), &entry).await;
    assert_eq!(status, 200, "{room}");
    let mut gus = enter(&server, &room, room.clone()).await;
    page.must(json!({"do": "queue_add", "media": {"kind": "library", "id": sample}}))
        .await;
    let told = gus.until("queue_updated").await;
    let film = &told["queue"][0];
    assert_eq!(film["added_by"], "Hanna");
    let got = fetch(&server, &room, film, Some("bytes=0-9")).await;
    assert_eq!(
        (got.status().as_u16(), &got.bytes().await.unwrap()[..]),
        (206, &SAMPLE_CLIP[..10])
    );
    gus.send(json!({"type": "queue_remove", "video_id": film["video_id"]}))
        .await;
    let event = page.event("queue").await;
    assert_eq!(event["queue"], json!([]));
}

#[tokio::test]
async fn a_clip_may_be_brought_before_it_is_shown() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    gus.send(json!({"type": "request_prefetch"})).await;
    let asked = gus.until("provide_prefetch_clip").await;
    assert_eq!(asked["requested_by"], "Gus", "their own, without a pool");
    hanna
        .send(json!({"type": "set_shared_pool", "enabled": true}))
        .await;
    gus.send(json!({"type": "pool_opt_in", "opted_in": false, "clip_count": 0}))
        .await;
    hanna.until("pool_opt_in_changed").await;
    gus.send(json!({"type": "request_prefetch"})).await;
    hanna.until("provide_prefetch_clip").await;
    let video = bring(&server, &room, &hanna.id, "next.mp4").await;
    hanna
        .send(json!({"type": "prefetch_uploaded", "video_id": "nothing"}))
        .await;
    hanna
        .send(json!({"type": "prefetch_uploaded", "video_id": video["video_id"]}))
        .await;
    for player in [&mut hanna, &mut gus] {
        let told = player.until("prefetch_available").await;
        assert_eq!(
            told,
            json!({"type": "prefetch_available", "video_id": video["video_id"], "filename": "next.mp4"})
        );
    }
    hanna
        .send(json!({"type": "pool_opt_in", "opted_in": false, "clip_count": 0}))
        .await;
    gus.until("pool_opt_in_changed").await;
    gus.send(json!({"type": "request_prefetch"})).await;
    gus.until("random_failed").await;
}
