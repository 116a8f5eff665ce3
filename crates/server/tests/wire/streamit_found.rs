//! StreamIt: what is found without an account, and how far somebody came.
use super::client::Server;
use super::streamit::{OPEN, evening, kinds, server};
use axum::extract::Query;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

// ---- finding -------------------------------------------------------------------------

#[tokio::test]
async fn live_public_rooms_are_listed_newest_first_with_their_open_sockets() {
    let server = server().await;
    let (hanna, gus, first, own, _other) = evening(&server).await;
    let unseen = hanna
        .create(json!({"is_private": true, "entry_mode": "PASSWORD"}))
        .await;
    let _host = hanna.enter(&unseen).await;
    let empty = hanna.create(json!({})).await;
    gus.enter(&empty).await;
    let second = hanna.create(json!({})).await;
    let _host = hanna.enter(&second).await;
    let _again = hanna.enter(&second).await;
    let (_, list) = server.get("/api/v1/rooms/public/").await;
    let rows: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["code"].as_str().unwrap(),
                row["viewers"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(rows, [(second.code(), 2), (first.code(), 2)]);
    assert_eq!(list[0]["host"], "Hanna");
    assert!(list[0]["created_at"].as_str().unwrap().ends_with("+00:00"));
    assert_eq!(list[0].as_object().unwrap().len(), 4);
    // Waiting for its host, a room is not listed.
    let mut gus = gus.enter(&first).await;
    drop(own);
    gus.until("HOST_DISCONNECTED").await;
    let (_, list) = server.get("/api/rooms/public/").await;
    assert_eq!(list.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_list_is_looked_at_twenty_times_a_minute_in_both_versions_together() {
    let server = server().await;
    for n in 0..20 {
        let path = ["/api/rooms/public/", "/api/v1/rooms/public/"][n % 2];
        assert_eq!(server.get(path).await.0, 200);
    }
    let many = json!({"error": "Rate limit exceeded. Please wait.", "code": "RATE_LIMITED"});
    assert_eq!(server.get("/api/rooms/public/").await, (429, many));
}

/// A title database that counts who asks.
async fn database() -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let search = move |Query(query): Query<HashMap<String, String>>| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            if query["api_key"] != "k3y" || query["query"] == "broken" {
                return (StatusCode::UNAUTHORIZED, Json(json!({"status_code": 7})));
            }
            let film = json!({
                "id": 603, "media_type": "movie", "title": format!("{} {}", query["query"], query["page"]),
                "release_date": "1999-03-31", "poster_path": "/m.jpg",
            });
            let bare = json!({"id": 1, "media_type": "tv", "name": "Bare", "first_air_date": ""});
            let person = json!({"id": 6384, "media_type": "person", "name": "Keanu Reeves"});
            (
                StatusCode::OK,
                Json(json!({"page": 1, "results": [film, person, bare, 7]})),
            )
        }
    };
    let routes = Router::new().route("/3/search/multi", get(search));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (format!("http://{address}/3"), asked)
}

#[tokio::test]
async fn titles_are_searched_and_an_answer_is_kept() {
    let (address, asked) = database().await;
    let more = ["--tmdb-url", address.as_str(), "--tmdb-api-key", "k3y"];
    let server = Server::with(&[&OPEN[..], &more].concat()).await;
    let required = (400, json!({"error": "q required"}));
    assert_eq!(server.get("/api/rooms/search/?q=%20").await, required);
    assert_eq!(
        server.get("/api/rooms/search/?q=x&page=two").await,
        (400, json!({"error": "page must be an integer"}))
    );
    assert_eq!(
        server.get("/api/rooms/search/?q=x&page=0").await,
        (400, json!({"error": "page must be >= 1"}))
    );
    let found = json!([
        {"provider": "vidking", "stream_id": "603", "media_type": "movie", "title": "The Matrix 1",
         "poster": "https://image.tmdb.org/t/p/w500/m.jpg", "release_year": 1999},
        {"provider": "vidking", "stream_id": "1", "media_type": "tv", "title": "Bare", "poster": null,
         "release_year": null},
    ]);
    for _ in 0..2 {
        let answer = server.get("/api/rooms/search/?q=The%20Matrix&page=1").await;
        assert_eq!(answer, (200, found.clone()));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "kept");
    let (status, told) = server
        .get("/api/v1/rooms/search/?q=The%20Matrix&page=2")
        .await;
    assert_eq!((status, &told[0]["title"]), (200, &json!("The Matrix 2")));
    let (status, told) = server.get("/api/rooms/search/?q=broken").await;
    assert_eq!((status, told["error"].is_string()), (502, true));
    for _ in 0..3 {
        server.get("/api/rooms/search/?q=The%20Matrix").await;
    }
    let (status, told) = server.get("/api/rooms/search/?q=The%20Matrix").await;
    assert_eq!((status, &told["code"]), (429, &json!("RATE_LIMITED")));
}

#[tokio::test]
async fn without_a_key_there_is_no_search() {
    let server = server().await;
    let (status, told) = server.get("/api/rooms/search/?q=x").await;
    assert_eq!((status, told["error"].is_string()), (503, true));
}

#[tokio::test]
async fn the_server_makes_the_address_of_a_player() {
    let server = server().await;
    let ask = async |query: &str| server.get(&format!("/api/rooms/embed/?{query}")).await;
    let movie = "provider=vidking&media_type=movie&video_id=1078605";
    assert_eq!(
        ask(movie).await,
        (
            200,
            json!({
                "provider": "vidking", "media_type": "movie", "video_id": "1078605",
                "embed_url": "https://www.vidking.net/embed/movie/1078605",
            })
        )
    );
    let all = "provider=vidking&media_type=tv&video_id=119051&season=1&episode=8&progress=90&episodeSelector=true\
               &nextEpisode=true&autoPlay=true&color=e50914";
    assert_eq!(
        ask(all).await.1["embed_url"],
        "https://www.vidking.net/embed/tv/119051/1/8?color=e50914&autoPlay=true&nextEpisode=true\
         &episodeSelector=true&progress=90"
    );
    for wrong in [
        "provider=youtube&media_type=movie&video_id=1",
        "provider=vidking&media_type=song&video_id=1",
        "provider=vidking&media_type=tv&video_id=1",
        "provider=vidking&media_type=tv&video_id=1&season=1",
        "provider=vidking&media_type=tv&video_id=1&season=-1&episode=x",
        "provider=vidking&media_type=movie&video_id=a%2Fb",
        "provider=vidking&media_type=movie",
        "provider=vidking&media_type=movie&video_id=1&autoPlay=yes",
        "provider=vidking&media_type=movie&video_id=1&color=%23e50914",
        "provider=vidking&media_type=movie&video_id=1&progress=1.5",
        "",
    ] {
        let (status, told) = ask(wrong).await;
        assert_eq!((status, told["error"].is_string()), (400, true), "{wrong}");
    }
}

// ---- progress ------------------------------------------------------------------------

#[tokio::test]
async fn progress_is_kept_for_each_and_the_newest_is_resumed() {
    let server = server().await;
    let (hanna, gus, room, _own, _other) = evening(&server).await;
    let resume = format!("/api/rooms/{}/resume/", room.code());
    let nothing =
        json!({"progress_percent": 0.0, "last_position_seconds": 0.0, "completed": false});
    assert_eq!(gus.get(&resume).await, (200, nothing.clone()));
    let episode = |episode: i64, at: f64| {
        json!({
            "room_id": room.id(), "media_id": "119051", "media_type": "tv", "season": 1, "episode": episode,
            "timestamp": at, "duration": 2700, "progress_percent": 40.5, "completed": false,
        })
    };
    let saved = gus
        .must("/api/rooms/progress/save/", episode(1, 1000.5))
        .await;
    let at = saved["updated_at"].as_str().unwrap();
    assert!(at.ends_with('Z'), "{at}");
    assert_eq!(
        saved,
        json!({
            "room": room.id(), "media_id": "119051", "media_type": "tv", "season": 1, "episode": 1,
            "timestamp": 1000.5, "duration": 2700.0, "progress_percent": 40.5, "completed": false, "updated_at": at,
        })
    );
    gus.must("/api/rooms/progress/save/", episode(1, 20.0))
        .await;
    let query = |more: &str| {
        format!(
            "/api/rooms/progress/get/?room_id={}&media_id=119051&media_type=tv{more}",
            room.id()
        )
    };
    assert_eq!(
        gus.get(&query("")).await.1["timestamp"],
        20.0,
        "overwritten"
    );
    // Two episodes broke the original.
    gus.must("/api/rooms/progress/save/", episode(2, 7.0)).await;
    assert_eq!(gus.get(&query("")).await.1["episode"], 2);
    assert_eq!(
        gus.get(&query("&season=1&episode=1")).await.1["timestamp"],
        20.0
    );
    assert_eq!(
        gus.get(&query("&season=9")).await.1,
        json!({"progress": null})
    );
    assert_eq!(
        hanna.get(&query("")).await,
        (200, json!({"progress": null}))
    );
    let (_, told) = gus.get(&resume).await;
    assert_eq!(
        told,
        json!({"progress_percent": 40.5, "last_position_seconds": 7.0, "completed": false})
    );
    for (body, status) in [
        (json!({}), 400),
        (json!({"room_id": "x"}), 404),
        (json!({"room_id": room.id()}), 400),
        (
            json!({"room_id": room.id(), "media_id": "1", "media_type": "tv", "timestamp": "1"}),
            400,
        ),
        (
            json!({"room_id": room.id(), "media_id": "1", "media_type": "tv", "season": 1.5}),
            400,
        ),
        (
            json!({"room_id": room.id(), "media_id": "1", "media_type": "tv", "completed": 1}),
            400,
        ),
    ] {
        let (got, told) = gus.post("/api/rooms/progress/save/", body.clone()).await;
        assert_eq!(
            (got, told["error"].is_string()),
            (status, true),
            "{body}: {told}"
        );
    }
    let missing = gus.get("/api/rooms/progress/get/?room_id=x").await;
    let words = json!({"error": "room_id, media_id and media_type required"});
    assert_eq!(missing, (400, words));
    assert_eq!(gus.get("/api/rooms/NOSUCH/resume/").await.0, 404);
}

#[tokio::test]
async fn the_hosts_player_and_controls_move_the_hosts_progress_and_nothing_else() {
    let server = server().await;
    let (hanna, gus, room, mut own, mut other) = evening(&server).await;
    let source = json!({"room_id": room.id(), "provider": "vidking", "video_id": "603"});
    hanna.must("/api/rooms/source/", source).await;
    let event = |event: &str| json!({"type": "PLAYER_EVENT", "data": {"event": event, "currentTime": 61.5, "duration": 8160, "progress": 0.75}});
    own.send(event("timeupdate")).await;
    other.send(event("ended")).await;
    assert!(kinds(&own.told().await).is_empty() && kinds(&other.told().await).is_empty());
    let resume = format!("/api/rooms/{}/resume/", room.code());
    assert_eq!(
        hanna.get(&resume).await.1,
        json!({"progress_percent": 0.75, "last_position_seconds": 61.5, "completed": false})
    );
    assert_eq!(
        gus.get(&resume).await.1["last_position_seconds"],
        0.0,
        "not a guest's"
    );
    own.send(event("ended")).await;
    own.send(event("quality_change")).await;
    own.send(json!({"type": "PLAYER_EVENT", "data": {"event": "pause", "currentTime": "x"}}))
        .await;
    own.told().await;
    let ended =
        json!({"progress_percent": 100.0, "last_position_seconds": 8160.0, "completed": true});
    assert_eq!(hanna.get(&resume).await.1, ended);
    let query = format!(
        "/api/rooms/progress/get/?room_id={}&media_id=603&media_type=vidking",
        room.id()
    );
    assert_eq!(hanna.get(&query).await.1["season"], Value::Null);
    own.play("SEEK", 12).await;
    own.told().await;
    let (_, told) = hanna.get(&resume).await;
    assert_eq!(
        told,
        json!({"progress_percent": 100.0, "last_position_seconds": 12.0, "completed": true})
    );
}

// ---- for those who look after it -----------------------------------------------------

#[tokio::test]
async fn what_was_asked_is_counted_under_the_names_of_the_original_for_who_has_the_admin_key() {
    let server = Server::with(&["--admin-key", "a long admin key"]).await;
    assert_eq!(server.get("/api/rooms/public/").await.0, 200);
    assert_eq!(server.get("/api/v1/rooms/ABCDEF/detail/").await.0, 401);
    assert_eq!(server.get("/metrics/").await.0, 401);
    let asked = server.http.get(format!("{}/metrics/", server.base));
    let answer = asked.bearer_auth("a long admin key").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    let view = "/api/v1/rooms/{code}/detail/";
    let of_view = format!("status=\"401\",view=\"{view}\",method=\"GET\"");
    for line in [
        "django_http_requests_total_by_method_total{method=\"GET\"} 4".to_owned(),
        "django_http_responses_total_by_status_total{status=\"200\"} 1".to_owned(),
        format!("django_http_responses_total_by_status_view_method_total{{{of_view}}} 1"),
        "django_http_requests_latency_including_middlewares_seconds_count 3".to_owned(),
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn every_route_of_the_openapi_document_is_one() {
    let server = server().await;
    let (status, document) = server.get("/api/schema/").await;
    assert_eq!(status, 200);
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 20);
    for (path, operations) in paths {
        for method in operations.as_object().unwrap().keys() {
            for base in ["/api", "/api/v1"] {
                if base == "/api/v1" && path == "/api/health/" {
                    continue;
                }
                let rest = path.strip_prefix("/api").unwrap();
                let rest = rest.replace("{code}", "ABCDEF");
                let method = method.to_uppercase().parse().unwrap();
                let url = format!("{}{base}{rest}", server.base);
                let answer = server.http.request(method, &url).send().await.unwrap();
                let text = answer.text().await.unwrap();
                // Refused for what was not given, by the handler itself.
                assert!(!text.contains("Not found."), "{url}: {text}");
                assert!(!text.contains("not allowed"), "{url}: {text}");
            }
        }
    }
}
