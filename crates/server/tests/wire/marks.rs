//! Chapters, pictures on the seek bar, and the next episode.
use crate::client::{Client, Server};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const CHAPTERS: &str = ";FFMETADATA1
[CHAPTER]
TIMEBASE=1/1
START=0
END=2
title=Opening
[CHAPTER]
TIMEBASE=1/1
START=2
END=7
title=The Story
";

fn episode(folder: &Path, name: &str, more: &[&str]) {
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", "lavfi"])
        .args(["-i", "testsrc2=size=160x90:rate=10:duration=7"])
        .args(more)
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
        ])
        .arg(folder.join(name))
        .status();
    assert!(status.unwrap().success(), "ffmpeg is needed");
}

/// A folder of two episodes and something else, the first episode with chapters.
fn series() -> tempfile::TempDir {
    let films = tempfile::tempdir().unwrap();
    let chapters = films.path().join("chapters.txt");
    std::fs::write(&chapters, CHAPTERS).unwrap();
    let marked = ["-i", chapters.to_str().unwrap(), "-map_chapters", "1"];
    episode(films.path(), "Show.S01E01.mp4", &marked);
    episode(films.path(), "Show.S01E02.mp4", &[]);
    episode(films.path(), "Another Film.mp4", &[]);
    films
}

async fn medium(server: &Server, title: &str) -> String {
    for _ in 0..400 {
        let (_, page) = server.get("/api/v2/library").await;
        let items = page["items"].as_array().unwrap();
        let looked = items.iter().all(|item| !item["duration"].is_null());
        let found = items.iter().find(|item| item["title"] == title);
        if let Some(item) = found.filter(|_| looked && items.len() == 3) {
            return item["id"].as_str().unwrap().to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{title} is not in the library");
}

/// The medium that is on, once the room knows what comes next.
async fn with_next(client: &mut Client) -> Value {
    let media = &client.room()["media"];
    if media["next"].is_object() {
        return media.clone();
    }
    client.event("medium").await["media"].clone()
}

#[tokio::test]
async fn the_seek_bar_is_told_of_chapters_and_pictures() {
    let films = series();
    let server = Server::with(&[films.path().to_str().unwrap()]).await;
    let film = medium(&server, "Show S01E01").await;
    let room = server.room(&json!({"media": film})).await;
    let host = server.host(&room).await;
    let link = host.room()["media"]["url"].as_str().unwrap().to_owned();
    let (path, query) = link.split_once('?').unwrap();

    let (status, marks) = server.get(&format!("/{path}/marks?{query}")).await;
    assert_eq!(status, 200);
    assert_eq!(
        marks["chapters"],
        json!([
            {"start": 0.0, "end": 2.0, "title": "Opening", "kind": "intro"},
            {"start": 2.0, "end": 7.0, "title": "The Story", "kind": null},
        ])
    );
    let previews = &marks["previews"];
    assert_eq!(previews["step"], 1.0);
    assert_eq!(previews["count"], 7);
    assert_eq!(
        (&previews["width"], &previews["height"]),
        (&json!(192), &json!(108))
    );
    let sheets = previews["sheets"].as_array().unwrap();
    assert_eq!(sheets.len(), 1);
    let sheet = sheets[0].as_str().unwrap();
    let answer = server.http.get(format!("{}/{sheet}", server.base)).send();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    assert!(answer.bytes().await.unwrap().starts_with(&[0xff, 0xd8]));

    for (bad, status, code) in [
        (format!("/{path}/previews/1.jpg?{query}"), 404, "no_preview"),
        (format!("/{path}/previews/x.jpg?{query}"), 404, "no_preview"),
        (
            format!("/{path}/previews/0.jpg?{query}0"),
            403,
            "media_link_invalid",
        ),
        (format!("/{path}/marks?{query}0"), 403, "media_link_invalid"),
    ] {
        let (got, error) = server.get(&bad).await;
        assert_eq!((got, error["code"].as_str()), (status, Some(code)), "{bad}");
    }
}

#[tokio::test]
async fn the_next_episode_follows_unless_somebody_who_may_calls_it_off() {
    let films = series();
    let server = Server::with(&[films.path().to_str().unwrap()]).await;
    let film = medium(&server, "Show S01E01").await;
    let policy = json!({"preset": "host"});
    let room = server.room(&json!({"media": film, "policy": policy})).await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    let on = with_next(&mut host).await;
    assert_eq!(on["next"]["media"]["title"], "Show S01E02");
    assert_eq!(on["next"]["at"], Value::Null);
    assert_eq!(on["next"]["held"], false);

    let item = on["item"].clone();
    let hold = |held: bool| json!({"do": "hold_next", "item": item, "held": held});
    assert_eq!(ann.command(hold(true)).await["code"], "not_allowed");
    host.must(hold(true)).await;
    let held = loop {
        let media = ann.event("medium").await["media"].clone();
        if media["next"]["held"] == true {
            break media;
        }
    };
    assert_eq!(held["next"]["media"]["title"], "Show S01E02");
    host.must(hold(false)).await;

    host.must(json!({"do": "seek", "position": 6.5})).await;
    host.must(json!({"do": "play"})).await;
    loop {
        let event = ann.event("timeline").await;
        if event["cause"] == "load" {
            assert_eq!(event["media"]["title"], "Show S01E02");
            assert_eq!(event["by"], Value::Null);
            assert_eq!(event["timeline"]["playing"], true);
            break;
        }
    }
}
