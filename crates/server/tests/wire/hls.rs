//! Converted films over the wire: who is told which way, what the addresses open, and what ends with a room.
use crate::client::{Client, PATIENCE, Server};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const KEY: &str = "correct horse";

/// What Chromium says of itself.
const PLAYS: &str = "mp4,webm,mkv,h264,vp9,aac,mp3,opus,hls,hls-h264,hls-vp9";

/// Encoding on a loaded machine takes longer than an answer.
const LONG: Duration = Duration::from_secs(60);

fn film(folder: &Path, name: &str, options: &[&str]) {
    let sources = ["testsrc2=size=160x90:rate=25", "sine=sample_rate=48000"];
    let mut ffmpeg = std::process::Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin"]);
    for source in sources {
        ffmpeg.args(["-f", "lavfi", "-i", source]);
    }
    ffmpeg
        .args(["-t", "7"])
        .args(options)
        .arg(folder.join(name));
    assert!(ffmpeg.status().unwrap().success(), "ffmpeg is needed");
}

struct Party {
    server: Server,
    films: tempfile::TempDir,
    room: Value,
    host: Client,
}

impl Party {
    /// A room that watches an AVI.
    async fn start(more: &[&str]) -> Self {
        let films = tempfile::tempdir().unwrap();
        film(films.path(), "old.avi", &["-c:v", "mpeg4", "-c:a", "mp2"]);
        let mut settings = vec![films.path().to_str().unwrap(), "--admin-key", KEY];
        settings.extend(more);
        let server = Server::with(&settings).await;
        let room = server.room(&json!({"media": server.sample().await})).await;
        let host = server.host(&room).await;
        Self {
            server,
            films,
            room,
            host,
        }
    }

    fn link(&self) -> (String, String) {
        let link = self.host.room()["media"]["url"].as_str().unwrap();
        let (path, query) = link.split_once('?').unwrap();
        (path.to_owned(), query.to_owned())
    }

    async fn way(&self, more: &str) -> Value {
        let (path, query) = self.link();
        let (status, way) = self
            .server
            .get(&format!("/{path}/way?{query}&{more}"))
            .await;
        assert_eq!(status, 200, "{way}");
        way
    }

    async fn text(&self, path: &str) -> String {
        let answer = self.server.http.get(format!("{}/{path}", self.server.base));
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }
}

#[tokio::test]
async fn a_player_that_lacks_something_is_shown_another_way_and_told_why() {
    let party = Party::start(&[]).await;
    let media = &party.host.room()["media"];
    assert_eq!(media["needs"], json!(["avi", "mpeg4", "mp2"]));
    let way = party.way(&format!("plays={PLAYS}")).await;
    assert_eq!(way["way"], "transcode");
    let why = way["why"].to_string();
    assert!(
        why.contains("AVI") && why.contains("MPEG-4 Part 2") && why.contains("MPEG layer 2"),
        "{why}"
    );
    assert_eq!(way["heights"], json!([90]));
    assert_eq!(way["sound"][0]["default"], true);
    // Somebody who plays all of it is sent the file.
    let direct = party.way("plays=avi,mpeg4,mp2,hls").await;
    assert_eq!(
        (&direct["way"], &direct["why"]),
        (&json!("direct"), &json!([]))
    );
    let refused = party.way("plays=avi,mpeg4,mp2,hls&refused=true").await;
    assert_eq!(refused["way"], "transcode");
    // And who can't play conversions either hears that.
    let dumb = party.way("plays=mp4").await;
    assert_eq!(
        (&dumb["doubtful"], &dumb["hls"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test]
async fn playlists_lead_to_segments_and_only_from_their_own_room() {
    let mut party = Party::start(&[]).await;
    let viewer = party.host.seen[0]["viewer"].as_str().unwrap().to_owned();
    let way = party.way(&format!("plays={PLAYS}&viewer={viewer}")).await;
    let master = way["hls"].as_str().unwrap().to_owned();
    let text = party.text(&master).await;
    assert!(
        text.contains("#EXT-X-STREAM-INF") && text.contains("v90.m3u8"),
        "{text}"
    );
    let folder = master.rsplit_once('/').unwrap().0.to_owned();
    let list = party.text(&format!("{folder}/v90.m3u8")).await;
    assert!(
        list.contains("v90/init.mp4") && list.contains("v90/2.m4s"),
        "{list}"
    );
    let manifest = party.text(&master.replace("main.m3u8", "main.mpd")).await;
    assert!(
        manifest.contains("<Representation id=\"v90\""),
        "{manifest}"
    );
    let part = |name: &str| {
        let url = format!("{}/{folder}/{name}", party.server.base);
        let request = party.server.http.get(url).timeout(LONG);
        async move { request.send().await.unwrap() }
    };
    for name in ["v90/init.mp4", "v90/0.m4s", "a0/init.mp4", "a0/1.m4s"] {
        let answer = part(name).await;
        assert_eq!(answer.status(), 200, "{name}");
        assert_eq!(answer.headers()["content-type"], "video/mp4");
        assert!(!answer.bytes().await.unwrap().is_empty(), "{name}");
    }
    for name in [
        "v90/3.m4s",
        "v90/-1.m4s",
        "v90/0",
        "v720/0.m4s",
        "..%2fa0/0.m4s",
        "a9.m3u8",
    ] {
        let answer = part(name).await;
        assert_eq!(answer.status(), 404, "{name}");
    }
    let other = party.server.room(&json!({})).await;
    let code = party.room["code"].as_str().unwrap();
    let stolen = folder.replacen(code, other["code"].as_str().unwrap(), 1);
    let (status, error) = party.server.get(&format!("/{stolen}/v90.m3u8")).await;
    assert_eq!(
        (status, error["code"].as_str()),
        (403, Some("media_link_invalid"))
    );
    let (status, _) = party
        .server
        .get(&format!("/{}/v90/0.m4s", folder.replace('.', "0.")))
        .await;
    assert_eq!(status, 403);

    let (status, told) = admin(&party.server).await;
    assert_eq!(status, 200);
    assert!(told["cache_bytes"].as_u64().unwrap() > 0, "{told}");
    party.host.must(json!({"do": "end"})).await;
    let begun = Instant::now();
    loop {
        let gone = part("v90/0.m4s").await.status();
        let (_, told) = admin(&party.server).await;
        if gone == 410 && told["running"] == json!([]) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{gone} {told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn admin(server: &Server) -> (u16, Value) {
    let request = server
        .http
        .get(format!("{}/api/v2/admin/conversions", server.base))
        .bearer_auth(KEY);
    let answer = request.send().await.unwrap();
    (
        answer.status().as_u16(),
        answer.json().await.unwrap_or(Value::Null),
    )
}

#[tokio::test]
async fn subtitles_beside_a_film_are_read_by_who_may_watch_it() {
    let party = Party::start(&[]).await;
    let beside = party.films.path().join("old.en.srt");
    std::fs::write(beside, "1\n00:00:01,000 --> 00:00:02,000\nHello\n").unwrap();
    let way = party.way(&format!("plays={PLAYS}")).await;
    let track = &way["text"][0];
    assert_eq!(
        (&track["language"], &track["format"]),
        (&json!("en"), &json!("vtt"))
    );
    let (path, query) = party.link();
    let id = track["id"].as_str().unwrap();
    let text = party.text(&format!("{path}/text/{id}?{query}")).await;
    assert!(
        text.starts_with("WEBVTT") && text.contains("Hello"),
        "{text}"
    );
    for wrong in ["s0", "fffffffffffff", "..%2fold.en.srt"] {
        let (status, _) = party
            .server
            .get(&format!("/{path}/text/{wrong}?{query}"))
            .await;
        assert_eq!(status, 404, "{wrong}");
    }
    let (status, _) = party.server.get(&format!("/{path}/text/{id}")).await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn an_operator_may_turn_converting_off() {
    let party = Party::start(&["--transcode", "off"]).await;
    let way = party.way(&format!("plays={PLAYS}")).await;
    assert_eq!((&way["way"], &way["hls"]), (&json!("direct"), &Value::Null));
    let why = way["why"].to_string();
    assert!(why.contains("turned that off"), "{why}");
    let (_, told) = admin(&party.server).await;
    assert_eq!(told["on"], false);
}
