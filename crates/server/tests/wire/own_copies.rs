//! Copies of people's own: what the server tells of its files, and what a room knows of films that it has none of.
use crate::client::Server;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use watchalong_media::SAMPLE_CLIP;

/// As `docs/protocol.md` has it.
fn fingerprint(file: &[u8]) -> String {
    let sample = 65_536;
    let middle = file.len() / 2 - sample / 2;
    let mut hasher = Sha256::new();
    hasher.update((file.len() as u64).to_be_bytes());
    hasher.update(&file[..sample]);
    hasher.update(&file[middle..middle + sample]);
    hasher.update(&file[file.len() - sample..]);
    let hash: [u8; 32] = hasher.finalize().into();
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{hex}", file.len())
}

#[tokio::test]
async fn who_has_a_copy_of_a_film_can_tell_whether_it_is_the_servers() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server.room(&json!({"media": sample})).await;
    let mut host = server.host(&room).await;
    assert!(host.room()["media"]["fingerprint"].is_null());
    let link = host.room()["media"]["url"].as_str().unwrap().to_owned();
    let (path, query) = link.split_once('?').unwrap();
    let (status, answer) = server.get(&format!("/{path}/fingerprint?{query}")).await;
    assert_eq!(status, 200);
    assert_eq!(answer["fingerprint"], fingerprint(SAMPLE_CLIP));
    // It says as much of a film as a look into it: only who may fetch it is told.
    let (status, answer) = server.get(&format!("/{path}/fingerprint?{query}0")).await;
    assert_eq!(
        (status, answer["code"].as_str()),
        (403, Some("media_link_invalid"))
    );
    // Nobody tells the server what its own files are.
    let item = host.room()["media"]["item"].clone();
    host.must(json!({"do": "fingerprint", "item": item, "fingerprint": "5"}))
        .await;
    let ann = server.join(&room, "Ann", json!({})).await;
    assert!(ann.room()["media"]["fingerprint"].is_null());
}

#[tokio::test]
async fn a_room_watches_what_everybody_has_a_copy_of() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let print = fingerprint(SAMPLE_CLIP);
    let media =
        json!({"kind": "local", "title": "Our Film", "duration": 61.5, "fingerprint": print});
    host.must(json!({"do": "load", "media": media})).await;
    let ann = server.join(&room, "Ann", json!({})).await;
    let on = &ann.room()["media"];
    assert_eq!(on["kind"], "local");
    assert_eq!(on["title"], "Our Film");
    assert_eq!(on["duration"], 61.5);
    assert_eq!(on["fingerprint"], print);
    assert!(on["url"].is_null());

    for bad in ["", "0", "12-abc", "../film.mp4"] {
        let media = json!({"kind": "local", "title": "Film", "fingerprint": bad});
        let answer = host
            .command(json!({"do": "queue_add", "media": media}))
            .await;
        assert_eq!(answer["code"], "bad_fingerprint", "{bad}");
    }
}

#[tokio::test]
async fn the_first_copy_of_a_film_from_elsewhere_is_what_others_compare_theirs_with() {
    let server = Server::start().await;
    let media = json!({"kind": "url", "url": "https://example.org/film.mp4"});
    let room = server.room(&json!({"media": media})).await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    let item = host.room()["media"]["item"].clone();
    let tell = |print: &str| json!({"do": "fingerprint", "item": item, "fingerprint": print});
    let print = fingerprint(SAMPLE_CLIP);
    ann.must(tell(&print)).await;
    assert_eq!(host.event("medium").await["media"]["fingerprint"], print);
    host.must(tell("5")).await;
    let ben = server.join(&room, "Ben", json!({})).await;
    assert_eq!(ben.room()["media"]["fingerprint"], print);
    let answer = ann.command(tell("five")).await;
    assert_eq!(answer["code"], "bad_message");
}
