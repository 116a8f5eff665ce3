//! Films that members bring: by tus 1.0 and by a form, cut and resumed, refused and removed.
use crate::client::{Client, Server};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use sha1::Digest as _;
use std::time::Duration;
use watchalong_media::SAMPLE_CLIP;

pub fn tus(request: RequestBuilder) -> RequestBuilder {
    request.header("tus-resumable", "1.0.0")
}

pub fn person(client: &Client) -> String {
    client.seen[0]["person"].as_str().unwrap().to_owned()
}

pub async fn create(server: &Server, room: &Value, who: &str, name: &str, size: usize) -> Response {
    let code = room["code"].as_str().unwrap();
    let url = format!("{}/api/v2/rooms/{code}/uploads", server.base);
    tus(server.http.post(url))
        .bearer_auth(who)
        .header("upload-length", size)
        .header(
            "upload-metadata",
            format!("filetype dmlkZW8vbXA0,filename {}", STANDARD.encode(name)),
        )
        .send()
        .await
        .unwrap()
}

pub fn header(answer: &Response, name: &str) -> String {
    answer.headers()[name].to_str().unwrap().to_owned()
}

pub async fn patch(server: &Server, url: &str, offset: usize, bytes: &[u8]) -> Response {
    tus(server.http.patch(url))
        .header("upload-offset", offset)
        .header("content-type", "application/offset+octet-stream")
        .body(bytes.to_vec())
        .send()
        .await
        .unwrap()
}

async fn reached(server: &Server, url: &str) -> usize {
    let answer = tus(server.http.head(url)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "cache-control"), "no-store");
    header(&answer, "upload-offset").parse().unwrap()
}

pub async fn state(server: &Server, url: &str, wanted: &str) -> Value {
    for _ in 0..400 {
        let answer = server.http.get(url).send().await.unwrap();
        let status: Value = answer.json().await.unwrap();
        if status["state"] == wanted {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never {wanted}");
}

#[tokio::test]
async fn a_member_brings_a_film_in_pieces_and_the_room_watches_it() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut ann = server.host(&room).await;
    let made = create(
        &server,
        &room,
        &person(&ann),
        "../Our.Trip.mp4",
        SAMPLE_CLIP.len(),
    )
    .await;
    assert_eq!(made.status(), 201);
    assert_eq!(header(&made, "tus-resumable"), "1.0.0");
    assert!(made.headers().contains_key("upload-expires"));
    let (url, id) = (header(&made, "location"), header(&made, "upload-media-id"));
    let half = SAMPLE_CLIP.len() / 2;
    let went = patch(&server, &url, 0, &SAMPLE_CLIP[..half]).await;
    assert_eq!(
        (went.status(), header(&went, "upload-offset")),
        (StatusCode::NO_CONTENT, half.to_string())
    );
    assert_eq!(reached(&server, &url).await, half);
    let wrong = patch(&server, &url, 5, b"x").await;
    assert_eq!(wrong.status(), 409);
    // Half of it is enough to put it on: its index is in front.
    state(&server, &url, "watchable").await;
    let load = json!({"t": "cmd", "id": 900, "do": "load", "media": {"kind": "upload", "key": id}});
    ann.send(&load).await;
    let media = ann.event("timeline").await["media"].clone();
    assert_eq!(media["title"], "Our Trip");
    let film = format!("{}/{}", server.base, media["url"].as_str().unwrap());
    let watching = tokio::spawn({
        let http = server.http.clone();
        async move { http.get(film).send().await.unwrap().bytes().await.unwrap() }
    });
    assert_eq!(
        patch(&server, &url, half, &SAMPLE_CLIP[half..])
            .await
            .status(),
        204
    );
    assert_eq!(&watching.await.unwrap()[..], SAMPLE_CLIP);

    let other = server.room(&json!({})).await;
    let mut ben = server.host(&other).await;
    let refused = ben
        .command(json!({"do": "load", "media": {"kind": "upload", "key": id}}))
        .await;
    assert_eq!(refused["code"], "media_not_found", "another room's");
    let gone = tus(server.http.delete(&url)).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    let head = tus(server.http.head(&url)).send().await.unwrap();
    assert_eq!(head.status(), 404);
}

#[tokio::test]
async fn what_is_no_film_and_who_is_no_member_is_refused_before_a_byte() {
    let server = Server::with(&["--upload-max", "3mb", "--upload-room-files", "2"]).await;
    let room = server
        .room(&json!({"policy": {"controls": {"queue": "host"}}}))
        .await;
    let ann = server.host(&room).await;
    let ben = server.join(&room, "Ben", json!({})).await;
    let host = person(&ann);
    for (who, name, size, status, code) in [
        (&host, "film.exe", 10, 415, "upload_not_media"),
        (&host, "film.mp4", 3_000_001, 413, "upload_too_large"),
        (&host, "film.mp4", 0, 400, "upload_empty"),
        (&person(&ben), "film.mp4", 10, 403, "not_allowed"),
        (&"nobody".to_owned(), "film.mp4", 10, 401, "bad_token"),
    ] {
        let refused = create(&server, &room, who, name, size).await;
        assert_eq!(refused.status(), status, "{name} {size}");
        assert_eq!(refused.json::<Value>().await.unwrap()["code"], code);
    }
    let zip = create(&server, &room, &host, "film.mp4", 5000).await;
    let url = header(&zip, "location");
    let refused = patch(
        &server,
        &url,
        0,
        &[b"PK\x03\x04".as_slice(), &[0; 4996]].concat(),
    )
    .await;
    assert_eq!(refused.status(), 415);
    assert_eq!(
        refused.json::<Value>().await.unwrap()["code"],
        "upload_not_media_inside"
    );
    for _ in 0..2 {
        assert_eq!(
            create(&server, &room, &host, "a.mp4", 10).await.status(),
            201
        );
    }
    let full = create(&server, &room, &host, "a.mp4", 10).await;
    assert_eq!(
        full.json::<Value>().await.unwrap()["code"],
        "upload_room_full"
    );
    let old = server
        .http
        .patch(&url)
        .header("upload-offset", 0)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (old.status(), header(&old, "tus-version")),
        (StatusCode::PRECONDITION_FAILED, "1.0.0".into())
    );
}

#[tokio::test]
async fn checksums_are_checked_and_options_say_what_is_spoken() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let ann = server.host(&room).await;
    let made = create(&server, &room, &person(&ann), "film.mp4", SAMPLE_CLIP.len()).await;
    let url = header(&made, "location");
    let sum = STANDARD.encode(sha1::Sha1::digest(SAMPLE_CLIP));
    for (sum, status) in [("AAAA".to_owned(), 460), (sum, 204)] {
        let answer = tus(server.http.patch(&url))
            .header("upload-offset", 0)
            .header("content-type", "application/offset+octet-stream")
            .header("upload-checksum", format!("sha1 {sum}"))
            .body(SAMPLE_CLIP.to_vec())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status);
    }
    state(&server, &url, "watchable").await;
    let options = server
        .http
        .request(reqwest::Method::OPTIONS, &url)
        .send()
        .await
        .unwrap();
    assert_eq!(options.status(), 204);
    assert!(header(&options, "tus-extension").contains("checksum"));
    assert!(header(&options, "tus-checksum-algorithm").contains("sha1"));
}

#[tokio::test]
async fn a_form_brings_a_whole_film() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let ann = server.host(&room).await;
    let code = room["code"].as_str().unwrap();
    let url = format!("{}/api/v2/rooms/{code}/uploads", server.base);
    let mut body =
        b"--limit\r\ncontent-disposition: form-data; name=\"file\"; filename=\"Film.mp4\"\r\n\r\n"
            .to_vec();
    body.extend_from_slice(SAMPLE_CLIP);
    body.extend_from_slice(b"\r\n--limit--\r\n");
    let answer = server
        .http
        .post(&url)
        .bearer_auth(person(&ann))
        .header("content-type", "multipart/form-data; boundary=limit")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    let made: Value = answer.json().await.unwrap();
    assert_eq!(made["size"], SAMPLE_CLIP.len());
    let listed = server
        .http
        .get(&url)
        .bearer_auth(person(&ann))
        .send()
        .await
        .unwrap();
    let listed: Value = listed.json().await.unwrap();
    assert_eq!(
        (&listed[0]["id"], &listed[0]["by"]),
        (&made["id"], &json!(1))
    );
    let own = listed[0]["location"].as_str().unwrap();
    assert_eq!(
        server.http.get(own).send().await.unwrap().status(),
        200,
        "whoever brought it can go on with it, remove it and keep it, on any device"
    );
    assert_eq!(listed[0]["may_keep"], false);
    let ben = server.join(&room, "Ben", json!({})).await;
    let listed = server.http.get(&url).bearer_auth(person(&ben)).send().await;
    let listed: Value = listed.unwrap().json().await.unwrap();
    assert_eq!(listed[0]["id"], made["id"]);
    assert!(listed[0].get("location").is_none(), "an address overwrites");
    let stranger = server.http.get(&url).send().await.unwrap();
    assert_eq!(stranger.status(), 403);
}

#[tokio::test]
async fn a_restart_keeps_an_unfinished_upload_and_a_rooms_end_removes_it() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let ann = server.host(&room).await;
    let made = create(&server, &room, &person(&ann), "film.mp4", SAMPLE_CLIP.len()).await;
    let url = header(&made, "location");
    let part = SAMPLE_CLIP.len() * 6 / 10;
    patch(&server, &url, 0, &SAMPLE_CLIP[..part]).await;
    let path = url[server.base.len()..].to_owned();
    drop(ann);
    let server = server.restarted().await;
    let url = format!("{}{path}", server.base);
    assert_eq!(reached(&server, &url).await, part);
    assert_eq!(
        patch(&server, &url, part, &SAMPLE_CLIP[part..])
            .await
            .status(),
        204
    );
    state(&server, &url, "watchable").await;
    let uploads = server.data.path().join("uploads");
    assert_eq!(std::fs::read_dir(&uploads).unwrap().count(), 1);
    let ended = server
        .http
        .delete(format!(
            "{}/api/v2/rooms/{}",
            server.base,
            room["code"].as_str().unwrap()
        ))
        .bearer_auth(room["host_key"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(ended.status(), 202);
    let show = format!("/api/v2/rooms/{}", room["code"].as_str().unwrap());
    while server.get(&show).await.1["life"] != "ended" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The server looks every half minute; a restart looks at once.
    let server = server.restarted().await;
    for _ in 0..200 {
        if std::fs::read_dir(server.data.path().join("uploads"))
            .unwrap()
            .count()
            == 0
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the upload outlived its room");
}

#[tokio::test]
async fn the_operator_sees_what_was_brought_and_removes_it() {
    let server = Server::with(&["--admin-key", "open sesame"]).await;
    let room = server.room(&json!({})).await;
    let ann = server.host(&room).await;
    create(&server, &room, &person(&ann), "small.mp4", 10).await;
    create(&server, &room, &person(&ann), "large.mp4", 5_000_000).await;
    let url = format!("{}/api/v2/admin/uploads", server.base);
    let ask = || server.http.get(&url).bearer_auth("open sesame").send();
    let seen: Value = ask().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&seen["total"], &seen["bytes"]),
        (&json!(2), &json!(5_000_010))
    );
    assert_eq!(seen["uploads"][0]["name"], "large.mp4");
    assert_eq!(seen["uploads"][0]["room"], room["code"]);
    let one = format!("{url}/{}", seen["uploads"][0]["id"].as_str().unwrap());
    let refused = server.http.delete(&one).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    for expected in [204, 404] {
        let gone = server.http.delete(&one).bearer_auth("open sesame").send();
        assert_eq!(gone.await.unwrap().status(), expected);
    }
    let left: Value = ask().await.unwrap().json().await.unwrap();
    assert_eq!(left["total"], 1);
}
