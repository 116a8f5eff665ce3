//! `/api/v2/links`: what a link leads to, against a site of our own on this machine, which the setting allows.
use crate::client::Server;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde_json::{Value, json};
use watchalong_media::SAMPLE_CLIP;

const SRT: &[u8] =
    b"1\r\n00:00:01,000 --> 00:00:02,000\r\nSch\xf6ne Gr\xfc\xdfe aus M\xfcnchen\r\n";

fn of(kind: &'static str, body: &'static [u8]) -> Response {
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn shared(kind: &'static str, body: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, body).into_response()
}

/// Some site; where it is.
async fn site() -> String {
    let list = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n";
    let film = "#EXTM3U\n#EXTINF:6,\na.ts\n#EXTINF:4,\nb.ts\n#EXT-X-ENDLIST\n";
    let live = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:9\n#EXTINF:6,\na.ts\n";
    let mpd = "<?xml version=\"1.0\"?><MPD type=\"static\" mediaPresentationDuration=\"PT90S\"/>";
    let away = |to: &'static str| get(move || async move { Redirect::temporary(to) });
    let app = Router::new()
        .route(
            "/A%20Film_(2019).1080p.mp4",
            get(|| async { of("video/mp4", SAMPLE_CLIP) }),
        )
        .route(
            "/watch",
            get(|| async {
                let named = "attachment; filename=\"x.mp4\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.mp4";
                let headers = [(header::CONTENT_DISPOSITION, named)];
                (headers, of("application/octet-stream", SAMPLE_CLIP)).into_response()
            }),
        )
        .route(
            "/page",
            get(|| async { of("text/html", b"<!doctype html><title>A film</title>") }),
        )
        .route(
            "/film.zip",
            get(|| async { of("video/mp4", b"PK\x03\x04\x14\0") }),
        )
        .route(
            "/film.avi",
            get(|| async { of("video/x-msvideo", b"RIFF\0\0\0\0AVI LIST") }),
        )
        .route("/login", get(|| async { StatusCode::FORBIDDEN }))
        .route("/trouble", get(|| async { StatusCode::BAD_GATEWAY }))
        .route(
            "/vod/list.m3u8",
            get(move || async move { shared("audio/mpegurl", list) }),
        )
        .route(
            "/vod/low.m3u8",
            get(move || async move { shared("audio/mpegurl", film) }),
        )
        .route(
            "/live.m3u8",
            get(move || async move { shared("text/plain", live) }),
        )
        .route(
            "/own.m3u8",
            get(move || async move { of("audio/mpegurl", film.as_bytes()) }),
        )
        .route(
            "/film.mpd",
            get(move || async move { shared("application/dash+xml", mpd) }),
        )
        .route("/short", away("/watch"))
        .route("/loop", away("/loop"))
        .route("/inward", away("http://169.254.169.254/latest/meta-data/"))
        .route("/inward6", away("http://[::ffff:7f00:2]/"))
        .route("/file", away("file:///etc/passwd"))
        .route("/old.srt", get(|| async { of("text/plain", SRT) }))
        .route(
            "/secrets",
            get(|| async { of("text/plain", b"key = 12:30") }),
        )
        .route(
            "/endless.srt",
            get(|| async {
                let large = [(header::CONTENT_LENGTH, "99000000000")];
                (
                    large,
                    axum::body::Body::from_stream(futures_util::stream::pending::<
                        Result<Vec<u8>, std::io::Error>,
                    >()),
                )
            }),
        );
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, app).await });
    base
}

async fn look(server: &Server, url: &str) -> (u16, Value) {
    server.post("/api/v2/links", &json!({"url": url})).await
}

#[tokio::test]
async fn a_link_says_what_it_leads_to_before_it_is_put_on() {
    let site = site().await;
    let server = Server::with(&["--fetch-allow", "127.0.0.1"]).await;
    let film = format!("{site}/A%20Film_(2019).1080p.mp4");
    let (status, found) = look(&server, &format!(" {film} ")).await;
    assert_eq!(status, 200, "{found}");
    assert_eq!(found["type"], "video/mp4");
    assert_eq!(found["size"], SAMPLE_CLIP.len());
    assert_eq!(found["checked"], true);
    assert_eq!(found["provider"], Value::Null);
    assert!(
        found["title"].as_str().unwrap().starts_with("A Film"),
        "{found}"
    );
    // As it is, it can be put on.
    let room = server.room(&json!({"media": found["media"]})).await;
    let host = server.host(&room).await;
    assert_eq!(host.room()["media"]["url"], film);
    assert_eq!(host.room()["media"]["title"], found["title"]);

    for (path, kind, duration, live) in [
        ("/watch", "video/mp4", Value::Null, false),
        ("/short", "video/mp4", Value::Null, false),
        (
            "/vod/list.m3u8",
            "application/vnd.apple.mpegurl",
            json!(10.0),
            false,
        ),
        (
            "/live.m3u8",
            "application/vnd.apple.mpegurl",
            Value::Null,
            true,
        ),
        ("/film.mpd", "application/dash+xml", json!(90.0), false),
    ] {
        let (status, found) = look(&server, &format!("{site}{path}")).await;
        assert_eq!(status, 200, "{path}: {found}");
        assert_eq!(
            (&found["type"], &found["duration"]),
            (&json!(kind), &duration),
            "{path}"
        );
        assert_eq!(found["live"], live, "{path}");
    }
    let (_, named) = look(&server, &format!("{site}/watch")).await;
    assert_eq!(named["title"], "Grüße");
}

#[tokio::test]
async fn what_can_not_be_played_is_refused_in_words() {
    let site = site().await;
    let server = Server::with(&["--fetch-allow", "127.0.0.1"]).await;
    for (path, code) in [
        ("/page", "link_web_page"),
        ("/film.zip", "link_no_film"),
        ("/film.avi", "link_form"),
        ("/login", "link_not_allowed"),
        ("/trouble", "link_trouble"),
        ("/nothing", "link_not_found"),
        ("/own.m3u8", "link_not_shared"),
        ("/loop", "address_redirects"),
        ("/file", "bad_address"),
    ] {
        let (status, refused) = look(&server, &format!("{site}{path}")).await;
        assert_eq!(
            (status, refused["code"].as_str()),
            (422, Some(code)),
            "{path}: {refused}"
        );
        assert!(refused["message"].as_str().unwrap().len() > 20);
    }
    let (status, refused) = look(&server, "not a link").await;
    assert_eq!((status, &refused["code"]), (422, &json!("bad_address")));
    // Nobody listens there: the port was just given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}/film.mp4", free.local_addr().unwrap());
    drop(free);
    let (_, refused) = look(&server, &gone).await;
    assert_eq!(refused["code"], "address_unreachable");
}

#[tokio::test]
async fn nobody_reaches_into_the_servers_network_through_it() {
    let site = site().await;
    let port = site.rsplit(':').next().unwrap().to_owned();
    let closed = Server::start().await;
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
    ] {
        let url = format!("http://{host}:{port}/watch");
        for path in ["/api/v2/links", "/api/v2/links/subtitle"] {
            let (status, refused) = closed.post(path, &json!({"url": url})).await;
            assert_eq!(
                (status, refused["code"].as_str()),
                (422, Some("address_not_public")),
                "{path} {url}: {refused}"
            );
        }
    }
    // A network that is allowed is no way into another one.
    let open = Server::with(&["--fetch-allow", "127.0.0.1"]).await;
    for path in ["/inward", "/inward6"] {
        let (_, refused) = look(&open, &format!("{site}{path}")).await;
        assert_eq!(refused["code"], "address_not_public", "{path}: {refused}");
    }
    // A host that is allowed by its name is reached wherever it is.
    let named = Server::with(&["--fetch-allow", "localhost"]).await;
    let (status, found) = look(&named, &format!("http://localhost:{port}/watch")).await;
    assert_eq!(status, 200, "{found}");
    let (_, refused) = look(&named, &format!("{site}/watch")).await;
    assert_eq!(refused["code"], "address_not_public");
}

#[tokio::test]
async fn a_subtitle_of_another_site_is_read_whatever_its_encoding() {
    let site = site().await;
    let server = Server::with(&["--fetch-allow", "127.0.0.1"]).await;
    let ask = async |path: &str| {
        let url = format!("{site}{path}");
        server
            .post("/api/v2/links/subtitle", &json!({"url": url}))
            .await
    };
    let (status, found) = ask("/old.srt").await;
    assert_eq!(status, 200, "{found}");
    assert!(
        found["text"]
            .as_str()
            .unwrap()
            .contains("Schöne Grüße aus München")
    );
    assert_eq!(found["label"], "old");
    for (path, code) in [
        ("/secrets", "link_no_subtitle"),
        ("/watch", "link_no_subtitle"),
        ("/nothing", "link_not_found"),
        ("/endless.srt", "address_too_large"),
    ] {
        let (status, refused) = ask(path).await;
        assert_eq!(
            (status, refused["code"].as_str()),
            (422, Some(code)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn links_are_looked_at_no_oftener_than_the_operator_lets() {
    let server = Server::with(&["--limit-links", "2/hour", "--fetch", "off"]).await;
    let url = "https://films.example/a.mp4";
    for _ in 0..2 {
        let (status, found) = look(&server, url).await;
        // Not looked at, and taken as it is.
        assert_eq!((status, &found["checked"]), (200, &json!(false)), "{found}");
        assert_eq!(found["media"]["url"], url);
    }
    let (status, refused) = look(&server, url).await;
    assert_eq!(
        (status, &refused["code"]),
        (429, &json!("too_many_requests"))
    );
    assert!(refused["retry_after"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_providers_link_puts_its_player_on() {
    let server = Server::with(&["--fetch", "off"]).await;
    let (_, found) = look(&server, "https://youtu.be/dQw4w9WgXcQ?t=42").await;
    assert_eq!(found["media"]["kind"], "embed");
    assert_eq!(found["media"]["key"], "youtube:dQw4w9WgXcQ");
    assert_eq!(found["provider"], "YouTube");
    let (_, channel) = look(&server, "https://www.twitch.tv/Somebody").await;
    assert_eq!(
        (&channel["live"], &channel["media"]["key"]),
        (&json!(true), &json!("twitch:channel/somebody"))
    );

    let room = server
        .room(&json!({"media": {"kind": "url", "url": "https://vimeo.com/76979871"}}))
        .await;
    let mut host = server.host(&room).await;
    let media = &host.room()["media"];
    assert_eq!(
        (&media["kind"], &media["key"]),
        (&json!("embed"), &json!("vimeo:76979871"))
    );
    let player = media["url"].as_str().unwrap();
    assert!(
        player.starts_with("https://player.vimeo.com/video/76979871?"),
        "{player}"
    );
    assert_eq!(media["embed"]["name"], "Vimeo");
    assert_eq!(media["embed"]["steered"], true);
    host.must(json!({"do": "load", "media": {"kind": "embed", "key": "youtube:dQw4w9WgXcQ", "title": "A song"}})).await;
    let path = format!("/api/v2/rooms/{}", room["code"].as_str().unwrap());
    let (_, now) = server.get(&path).await;
    assert_eq!(now["media"]["title"], "A song");
    let refused = host
        .command(json!({"do": "queue_add", "media": {"kind": "embed", "key": "youtube:../x"}}))
        .await;
    assert_eq!(refused["code"], "unknown_embed", "{refused}");
}
