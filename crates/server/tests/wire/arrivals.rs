//! A film that is watched while it still arrives: the room holds itself where the bytes end, and goes on by itself.
use crate::client::{Client, Server};
use crate::uploads::{create, header, patch, person, state};
use serde_json::{Value, json};
use watchalong_media::SAMPLE_CLIP;

/// The timeline as soon as it is as it should be; what comes before is let pass.
async fn line(client: &mut Client, is: impl Fn(&Value) -> bool) -> (Value, Value) {
    loop {
        let event = client.event("timeline").await;
        if is(&event["timeline"]) {
            return (event["timeline"].clone(), event["cause"].clone());
        }
    }
}

#[tokio::test]
async fn a_room_waits_for_its_film_and_goes_on_when_it_came() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut ann = server.host(&room).await;
    let size = SAMPLE_CLIP.len();
    let made = create(&server, &room, &person(&ann), "Trip.mp4", size).await;
    let (url, id) = (header(&made, "location"), header(&made, "upload-media-id"));
    patch(&server, &url, 0, &SAMPLE_CLIP[..size / 2]).await;
    let status = state(&server, &url, "watchable").await;
    let half = status["duration"].as_f64().unwrap() / 2.0;
    let mut ben = server.join(&room, "Ben", json!({})).await;
    let load = json!({"do": "load", "media": {"kind": "upload", "key": id}});
    ann.must(load).await;
    let (told, cause) = line(&mut ben, |line| !line["bound"].is_null()).await;
    let bound = told["bound"].as_f64().unwrap();
    assert!(bound > 1.0 && bound < half, "{bound} of {half}");
    assert_eq!(cause, "arrival");
    assert_eq!(told["held"], false, "nobody wanted to play yet");

    ann.must(json!({"do": "seek", "position": 2.0 * half}))
        .await;
    ann.must(json!({"do": "play"})).await;
    let (held, _) = line(&mut ben, |line| line["held"] == true).await;
    assert_eq!(held["position"], bound, "no further than there is");
    assert_eq!(held["playing"], false, "a pause, to whoever knows no more");
    let late = server.join(&room, "Cem", json!({})).await;
    assert_eq!(late.room()["timeline"]["held"], true);
    // Pressing play once more is what the room wants already.
    ben.must(json!({"do": "play"})).await;

    patch(&server, &url, size / 2, &SAMPLE_CLIP[size / 2..]).await;
    let (on, cause) = line(&mut ann, |line| line["playing"] == true).await;
    assert_eq!((&on["position"], cause), (&held["position"], json!("play")));
    assert_eq!((&on["held"], &on["bound"]), (&json!(false), &Value::Null));
    assert_eq!(on["by"], Value::Null, "nobody pressed anything");
}

#[tokio::test]
async fn a_room_that_waited_for_a_film_that_never_comes_is_free_again() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut ann = server.host(&room).await;
    let size = SAMPLE_CLIP.len();
    let made = create(&server, &room, &person(&ann), "Trip.mp4", size).await;
    let (url, id) = (header(&made, "location"), header(&made, "upload-media-id"));
    patch(&server, &url, 0, &SAMPLE_CLIP[..size / 2]).await;
    state(&server, &url, "watchable").await;
    let load = json!({"do": "load", "media": {"kind": "upload", "key": id}});
    ann.must(load).await;
    line(&mut ann, |line| !line["bound"].is_null()).await;
    let gone = crate::uploads::tus(server.http.delete(&url));
    assert_eq!(gone.send().await.unwrap().status(), 204);
    line(&mut ann, |line| line["bound"].is_null()).await;
}
