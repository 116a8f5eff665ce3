//! The staged page's film under its one address, and what lies beside it.
use crate::staged::{KEY, Party, door, put};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn the_film_has_one_address_and_ranges_that_are_right() {
    let party = Party::start().await;
    assert_eq!(party.fetch("/media/current.mp4", &[]).await.status(), 404);
    party.stage("b.mp4").await;
    let clip = watchalong_media::SAMPLE_CLIP;
    let size = clip.len();
    for name in [
        "current",
        "current.mp4",
        "current.mkv",
        "current.mov?v=old&rev=9&r1=1&guid=../../x",
    ] {
        let answer = party.fetch(&format!("/media/{name}"), &[]).await;
        assert_eq!(answer.status(), 200, "{name}");
        assert_eq!(answer.headers()["content-type"], "video/mp4");
        assert_eq!(answer.headers()["accept-ranges"], "bytes");
        let cache = answer.headers()["cache-control"].to_str().unwrap();
        assert!(cache.contains("must-revalidate") && cache.contains("private"));
        assert_eq!(&answer.bytes().await.unwrap()[..], clip);
    }
    for (range, status, bytes) in [
        ("bytes=0-9", 206, Some(&clip[..10])),
        ("BYTES=0-9", 206, Some(&clip[..10])),
        ("bytes=-5", 206, Some(&clip[size - 5..])),
        ("bytes=0-99999999", 206, Some(clip)),
        ("bytes=99999999-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=9-0", 200, Some(clip)),
        ("lines=0-9", 200, Some(clip)),
    ] {
        let answer = party.fetch("/media/current.mp4", &[("range", range)]).await;
        assert_eq!(answer.status().as_u16(), status, "{range}");
        if let Some(bytes) = bytes {
            assert_eq!(&answer.bytes().await.unwrap()[..], bytes, "{range}");
        }
    }
    let etag = party.fetch("/media/current", &[]).await.headers()["etag"].clone();
    let known = [("if-none-match", etag.to_str().unwrap())];
    assert_eq!(
        party.fetch("/media/current.mp4", &known).await.status(),
        304
    );
    let url = format!("{}/media/current.mp4", party.server.base);
    let posted = party.server.http.post(url).send().await.unwrap();
    assert_eq!(posted.status(), 405);
    assert_eq!(party.fetch("/media/other.mp4", &[]).await.status(), 404);
    let colors = party.server.get("/api/colors").await.1;
    for color in colors["palette"].as_array().unwrap() {
        assert!(colors["hex"][color.as_str().unwrap()].is_string());
    }
}

#[tokio::test]
async fn no_address_shows_the_key_and_no_page_needs_it() {
    let party = Party::start().await;
    assert_eq!(party.fetch("/admin-key", &[]).await.status(), 404);
    let (_, mut told) = party
        .page(&format!("/watchparty?key={}", KEY.replace(' ', "%20")))
        .await;
    told.push(party.server.get("/api/staged").await.1);
    told.push(party.stage("b.mp4").await.1);
    assert!(!json!(told).to_string().contains(KEY));
    assert_eq!(party.fetch("/watchparty-admin", &[]).await.status(), 401);
}

// ---- beside it -------------------------------------------------------------------------

#[tokio::test]
async fn subtitles_beside_a_film_are_listed_by_language_and_come_clean() {
    let party = Party::start().await;
    let beside = |name: &str, text: &[u8]| {
        std::fs::write(party.films.path().join("anime").join(name), text).unwrap();
    };
    let cue = |text: &str| format!("1\n00:00:01,000 --> 00:00:02,000\n{text}\n");
    beside("a.srt", cue("of no language").as_bytes());
    beside("a.eng.forced.srt", cue("<i>forced</i>").as_bytes());
    beside(
        "a.eng.srt",
        cue("{\\an8}42\n\n2\n00:00:03,000 --> 00:00:04,000\n<script>hi</script>").as_bytes(),
    );
    beside(
        "a.eng.vtt",
        b"WEBVTT\n\n00:01.000 --> 00:02.000\nfrom the better file\n",
    );
    let wide: Vec<u8> = format!("\u{feff}{}", cue("Grüße"))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    beside("a.ger.srt", &wide);
    beside("a.fre.ass", b"[Script Info]");
    beside("b.eng.srt", cue("of another film").as_bytes());
    let nothing = party.server.get("/media/current-subs.json").await;
    assert_eq!((nothing.0, &nothing.1["tracks"]), (200, &json!([])));
    assert_eq!(party.fetch("/media/current.vtt", &[]).await.status(), 404);

    party.stage("anime/a.mp4").await;
    let (_, list) = party.server.get("/media/current-subs.json").await;
    let tracks = list["tracks"].as_array().unwrap();
    let langs: Vec<&str> = tracks
        .iter()
        .map(|track| track["lang"].as_str().unwrap())
        .collect();
    assert_eq!(langs, ["eng", "eng.forced", "ger", "und"], "{list}");
    assert_eq!(
        tracks[1],
        json!({"file": "a.eng.forced.srt", "lang": "eng.forced", "label": "eng forced", "ext": "srt"})
    );
    for (asked, lang, text) in [
        ("?lang=ger", "ger", "Grüße"),
        ("?lang=eng.forced", "eng.forced", "<i>forced</i>"),
        ("?lang=und", "und", "of no language"),
        ("?lang=xxx", "eng", "from the better file"),
        ("", "eng", "from the better file"),
    ] {
        let answer = party
            .fetch(&format!("/media/current.vtt{asked}"), &[])
            .await;
        assert_eq!(answer.status(), 200, "{asked}");
        assert_eq!(answer.headers()["content-type"], "text/vtt; charset=utf-8");
        assert_eq!(answer.headers()["x-subtitle-lang"], lang);
        let vtt = answer.text().await.unwrap();
        assert!(vtt.starts_with("WEBVTT\n") && vtt.contains(text), "{vtt}");
    }
    let head = party
        .server
        .http
        .head(format!("{}/media/current.vtt", party.server.base));
    assert_eq!(head.send().await.unwrap().status(), 200);
    std::fs::remove_file(party.films.path().join("anime/a.eng.vtt")).unwrap();
    let vtt = party
        .fetch("/media/current.vtt", &[])
        .await
        .text()
        .await
        .unwrap();
    assert!(
        vtt.contains("\n42\n") && vtt.contains("&lt;script&gt;hi"),
        "{vtt}"
    );
}

#[tokio::test]
async fn sound_beside_a_film_is_served_with_it_and_nothing_else_of_the_folder() {
    let party = Party::start().await;
    let none = party.server.get("/media/current-audio.json").await.1;
    assert_eq!(none, json!({"tracks": []}));
    put(party.films.path(), "b.audio.jpn.m4a");
    put(party.films.path(), "b.audio.eng.dub.m4a");
    party.stage("b.mp4").await;
    let mut list = json!(null);
    for tries in 0.. {
        list = party.server.get("/media/current-audio.json").await.1;
        if list["tracks"]
            .as_array()
            .is_some_and(|all| all.len() == 2 && all[0]["kind"] == "sidecar")
        {
            break;
        }
        assert!(tries < 400, "{list}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(
        (
            &list["tracks"][0]["lang"],
            &list["tracks"][0]["default"],
            &list["tracks"][1]["lang"]
        ),
        (&json!("eng"), &json!(true), &json!("jpn"))
    );
    let url = list["tracks"][1]["url"].as_str().unwrap();
    let clip = watchalong_media::SAMPLE_CLIP;
    let answer = party.fetch(url, &[("range", "bytes=5-9")]).await;
    assert_eq!(answer.status(), 206);
    assert_eq!(&answer.bytes().await.unwrap()[..], &clip[5..10]);
    for wrong in ["2", "-1", "x", "..%2Fnote.txt"] {
        let answer = party.fetch(&format!("/media/sidecar/{wrong}"), &[]).await;
        assert_eq!(answer.status(), 404, "{wrong}");
    }
    party.stage("anime/a.mp4").await;
    assert_eq!(party.fetch(url, &[]).await.status(), 404, "of another film");
}

// ---- figures ---------------------------------------------------------------------------

#[tokio::test]
async fn quirk_figures_are_for_the_host_alone_by_key_or_by_the_pages_cookie() {
    let party = Party::with(&["--limit-guess", "off"]).await;
    party.stage("b.mp4").await;
    let page = party.fetch(&door(), &[]).await;
    let cookie = page.headers()["set-cookie"].to_str().unwrap().to_owned();
    for word in ["HttpOnly", "SameSite=Strict", "Path=/api/debug"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert!(!cookie.contains(KEY));
    let cookie = cookie.split(';').next().unwrap();
    let (mut host, _) = party.page(&door()).await;
    let (mut ann, told) = party.page("/watchparty").await;
    let guid = told[0]["guid"].as_str().unwrap();
    let film = format!("/media/current.mp4?guid={guid}");
    let part = party.fetch(&film, &[("range", "bytes=0-99")]).await;
    assert_eq!(part.bytes().await.unwrap().len(), 100);
    ann.send(json!({"type": "pos", "t": 0.5})).await;
    ann.send(json!({"type": "ping"})).await;
    ann.kind("pong").await;
    for path in ["clients", "delivery", "state"] {
        let path = format!("/api/debug/{path}");
        assert_eq!(party.fetch(&path, &[]).await.status(), 401);
        let wrong = format!("{path}?key=wrong");
        assert_eq!(
            party
                .fetch(&wrong, &[("cookie", "watchparty-host=x")])
                .await
                .status(),
            401
        );
        let keyed = format!("{path}?key={}", KEY.replace(' ', "%20"));
        assert_eq!(party.fetch(&keyed, &[]).await.status(), 200, "{path}");
    }
    let figures = async |path: &str| -> Value {
        let answer = party
            .fetch(&format!("/api/debug/{path}"), &[("cookie", cookie)])
            .await;
        answer.json().await.unwrap()
    };
    let clients = figures("clients").await;
    assert_eq!(
        (&clients["count"], &clients["mediaPaused"]),
        (&json!(2), &json!(true))
    );
    let of = |all: &Value, key: &str, value: Value| {
        let mut all = all.as_array().unwrap().iter();
        all.find(|one| one[key] == value).cloned().unwrap()
    };
    assert_eq!(of(&clients["clients"], "isAdmin", json!(true))["msgsIn"], 0);
    let viewer = of(&clients["clients"], "isAdmin", json!(false));
    assert_eq!(
        (&viewer["msgsIn"], &viewer["lastPos"]["t"]),
        (&json!(2), &json!(0.5))
    );
    assert_eq!(viewer["mediaBytes"], 100);
    let delivery = figures("delivery").await;
    let viewer = of(&delivery["perClient"], "guid", json!(guid));
    assert_eq!(
        (&viewer["rangeCount"], &viewer["lastRange"]["bytes"]),
        (&json!(1), &json!(100))
    );
    assert_eq!(delivery["counters"]["completed"], 1, "{delivery}");
    let state = figures("state").await;
    assert_eq!(state["mediaFile"], "b.mp4");
    // The page itself: one host at a time.
    assert_eq!(party.fetch(&door(), &[]).await.status(), 409);
    host.send(json!({"type": "ping"})).await;
    host.kind("pong").await;
}

#[tokio::test]
async fn quirk_off_the_air_nothing_answers_and_no_socket_opens() {
    let party = Party::start().await;
    party.stage("b.mp4").await;
    let flag = party.server.data.path().join("offline.flag");
    std::fs::write(&flag, "").unwrap();
    for path in [
        "/watchparty",
        "/api/media",
        "/api/staged",
        "/media/current.mp4",
        "/healthz",
    ] {
        assert_eq!(party.fetch(path, &[]).await.status(), 404, "{path}");
    }
    for path in ["/", "/watchparty", "/admin"] {
        let url = format!("{}{path}", party.server.base.replace("http", "ws"));
        let refused = tokio_tungstenite::connect_async(url).await.map(drop);
        assert!(refused.is_err(), "{path}");
    }
    std::fs::remove_file(&flag).unwrap();
    assert_eq!(party.fetch("/media/current.mp4", &[]).await.status(), 200);
    party.viewer().await;
}

#[tokio::test]
async fn settings_of_the_original_say_how_much_may_be_said_and_what_is_listed() {
    let party = Party::with(&[
        "--staged-chat-count",
        "2",
        "--staged-chat-window",
        "1h",
        "--staged-history",
        "1",
    ])
    .await;
    let mut page = party.viewer().await;
    for number in 0..3 {
        page.send(json!({"type": "chat", "text": format!("{number}")}))
            .await;
    }
    page.kind("error").await;
    let (_, told) = party.page("/watchparty").await;
    let history = told
        .iter()
        .find(|message| message["type"] == "chat-history");
    let items = history.unwrap()["items"].as_array().unwrap().clone();
    assert_eq!((items.len(), &items[0]["text"]), (1, &json!("1")));
}
