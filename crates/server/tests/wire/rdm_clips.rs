//! The Random Clip Player's clips over the wire: brought whole and in pieces, waited for, fetched in ranges.
use crate::client::Server;
use crate::rdm::{Player, create, guest, host, path};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use watchalong_media::SAMPLE_CLIP;

async fn put(server: &Server, path: &str, bytes: &[u8]) -> (u16, Value) {
    let url = format!("{}{path}", server.base);
    let answer = server
        .http
        .put(url)
        .body(bytes.to_vec())
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

const PIECE: usize = 20_000;

/// Brings a clip in pieces, the last first.
pub async fn bring(server: &Server, room: &Value, id: &str, name: &str) -> Value {
    let init = json!({
        "user_id": id, "filename": name, "file_size": SAMPLE_CLIP.len(), "chunk_size": PIECE,
    });
    let (status, made) = server.post(&path(room, "upload/init"), &init).await;
    assert_eq!(status, 200, "{made}");
    let upload = made["upload_id"].as_str().unwrap();
    for (index, piece) in SAMPLE_CLIP.chunks(PIECE).enumerate().rev() {
        let at = path(room, &format!("upload/{upload}/chunk/{index}"));
        let (status, answer) = put(server, &at, piece).await;
        assert_eq!(
            (status, answer),
            (200, json!({"index": index, "received_bytes": piece.len()}))
        );
    }
    let at = path(room, &format!("upload/{upload}/complete"));
    let (status, video) = server.post(&at, &json!({})).await;
    assert_eq!(status, 200, "{video}");
    let (status, gone) = server.post(&at, &json!({})).await;
    assert_eq!((status, &gone["detail"]), (404, &json!("Upload not found")));
    video
}

pub async fn fetch(server: &Server, room: &Value, video: &Value, range: Option<&str>) -> Response {
    let at = path(
        room,
        &format!("videos/{}", video["video_id"].as_str().unwrap()),
    );
    let mut request = server.http.get(format!("{}{at}", server.base));
    if let Some(range) = range {
        request = request.header("range", range);
    }
    request.send().await.unwrap()
}

/// Hanna shares, Gus gets ready.
pub async fn start(hanna: &mut Player, gus: &mut Player, video: &Value) {
    hanna
        .send(json!({"type": "play_video", "video_id": video["video_id"]}))
        .await;
    let prepare = gus.until("prepare_video").await;
    assert_eq!(
        (&prepare["video_id"], &prepare["user"]),
        (&video["video_id"], &json!("Hanna"))
    );
    gus.send(json!({"type": "ready", "video_id": video["video_id"]}))
        .await;
    for player in [&mut *hanna, &mut *gus] {
        let progress = player.until("ready_progress").await;
        assert_eq!(
            (&progress["ready"], &progress["total"]),
            (&json!(2), &json!(2))
        );
        assert_eq!(player.socket.next().await["type"], "all_ready");
    }
}

#[tokio::test]
async fn a_clip_comes_in_pieces_and_is_told_of_fetched_and_started_together() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    let video = bring(&server, &room, &hanna.id, "../Ünsere Reise.mp4").await;
    assert_eq!(video["filename"], "Ünsere Reise.mp4");
    assert_eq!(video["size"], SAMPLE_CLIP.len());
    for player in [&mut hanna, &mut gus] {
        let told = player.until("video_uploaded").await;
        assert_eq!(
            (&told["video_id"], &told["uploaded_by"]),
            (&video["video_id"], &json!("Hanna"))
        );
    }
    hanna
        .send(json!({"type": "play_video", "video_id": "nothing"}))
        .await;
    hanna
        .send(json!({"type": "play_video", "video_id": video["video_id"]}))
        .await;
    gus.until("prepare_video").await;
    hanna
        .send(json!({"type": "play_video", "video_id": video["video_id"]}))
        .await;
    let busy = hanna.until("transition_busy").await;
    assert_eq!(busy["pending_video_id"], video["video_id"]);
    gus.send(json!({"type": "ready", "video_id": "another"}))
        .await;
    gus.hears_no(&["all_ready", "ready_progress", "prepare_video"])
        .await;
    gus.send(json!({"type": "ready", "video_id": video["video_id"]}))
        .await;
    let ready = hanna.until("all_ready").await;
    assert_eq!(
        ready,
        json!({"type": "all_ready", "video_id": video["video_id"], "uploaded_by": hanna.id})
    );
    assert_ne!(gus.until("all_ready").await["uploaded_by"], json!(hanna.id));
    drop(gus);
    hanna.until("user_left").await;
    // Alone there is nobody to wait for.
    hanna
        .send(json!({"type": "play_video", "video_id": video["video_id"]}))
        .await;
    assert_eq!(hanna.socket.next().await["type"], "all_ready");
}

#[tokio::test]
async fn quirk_who_leaves_during_a_wait_is_not_waited_for() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let mut gus = guest(&server, &room, "Gus").await;
    let video = bring(&server, &room, &gus.id, "clip.mp4").await;
    gus.send(json!({"type": "play_video", "video_id": video["video_id"]}))
        .await;
    hanna.until("prepare_video").await;
    let mut late = guest(&server, &room, "Late").await;
    drop(hanna);
    gus.until("all_ready").await;
    late.until("all_ready").await;
}

#[tokio::test]
async fn ranges_are_those_of_http() {
    let server = Server::start().await;
    let room = create(&server).await;
    let hanna = host(&server, &room).await;
    let video = bring(&server, &room, &hanna.id, "clip.MP4").await;
    let whole = fetch(&server, &room, &video, None).await;
    assert_eq!(whole.status(), 200);
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    assert_eq!(whole.headers()["content-type"], "video/mp4");
    assert_eq!(whole.headers()["x-content-type-options"], "nosniff");
    assert_eq!(whole.headers()["cache-control"], "private");
    assert!(!whole.headers().contains_key("access-control-allow-origin"));
    assert_eq!(&whole.bytes().await.unwrap()[..], SAMPLE_CLIP);
    let size = SAMPLE_CLIP.len();
    let range = |from: usize, to: usize| Some(format!("bytes {from}-{}/{size}", to - 1));
    for (asked, status, content) in [
        ("bytes=5-9", 206, range(5, 10)),
        ("bytes=5-", 206, range(5, size)),
        ("bytes=5-99999999", 206, range(5, size)),
        ("bytes=-7", 206, range(size - 7, size)),
        ("bytes=-0", 416, Some(format!("bytes */{size}"))),
        ("bytes=99999999-", 416, Some(format!("bytes */{size}"))),
        ("bytes=9-5", 200, None),
        ("lines=1-2", 200, None),
        ("nonsense", 200, None),
    ] {
        let answer = fetch(&server, &room, &video, Some(asked)).await;
        let told = answer
            .headers()
            .get("content-range")
            .map(|v| v.to_str().unwrap().to_owned());
        assert_eq!(
            (answer.status().as_u16(), told),
            (status, content),
            "{asked}"
        );
    }
    let at = path(
        &room,
        &format!("videos/{}", video["video_id"].as_str().unwrap()),
    );
    let head = server
        .http
        .head(format!("{}{at}", server.base))
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["content-length"], size.to_string().as_str());
    let other = create(&server).await;
    assert_eq!(fetch(&server, &other, &video, None).await.status(), 404);
}

#[tokio::test]
async fn a_whole_clip_comes_in_a_form() {
    let server = Server::start().await;
    let room = create(&server).await;
    let mut hanna = host(&server, &room).await;
    let url = format!("{}{}", server.base, path(&room, "upload"));
    let send = |id: String, name: &str, clip: &[u8]| {
        let mut body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"user_id\"\r\n\r\n{id}\r\n--x\r\nContent-Disposition: \
             form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(clip);
        body.extend_from_slice(b"\r\n--x--\r\n");
        let kind = "multipart/form-data; boundary=x";
        server
            .http
            .post(&url)
            .header("content-type", kind)
            .body(body)
            .send()
    };
    let answer = send(hanna.id.clone(), "Über.mp4", SAMPLE_CLIP)
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let video: Value = answer.json().await.unwrap();
    assert_eq!(
        (&video["filename"], &video["size"]),
        (&json!("Über.mp4"), &json!(SAMPLE_CLIP.len()))
    );
    assert_eq!(
        hanna.until("video_uploaded").await["video_id"],
        video["video_id"]
    );
    for (id, name, clip, status) in [
        (
            "stranger".to_owned(),
            "a.mp4",
            SAMPLE_CLIP,
            StatusCode::FORBIDDEN,
        ),
        (
            hanna.id.clone(),
            "a.exe",
            SAMPLE_CLIP,
            StatusCode::BAD_REQUEST,
        ),
        (
            hanna.id.clone(),
            "a.mp4",
            &b"PK\x03\x04 no film"[..],
            StatusCode::BAD_REQUEST,
        ),
    ] {
        let answer = send(id, name, clip).await.unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.json::<Value>().await.unwrap()["detail"].is_string());
    }
}

#[tokio::test]
async fn quirk_pieces_have_their_length_and_come_again() {
    let server = Server::with(&["--upload-max", "16mb"]).await;
    let room = create(&server).await;
    let hanna = host(&server, &room).await;
    let init = |size: Value, chunk: Value, name: &str| json!({"user_id": hanna.id, "filename": name, "file_size": size, "chunk_size": chunk});
    let at = path(&room, "upload/init");
    for (body, status) in [
        (init(json!(0), json!(10), "a.mp4"), 400),
        (init(json!(-5), json!(10), "a.mp4"), 400),
        (init(json!("5"), json!(10), "a.mp4"), 400),
        (init(json!(2.5), json!(10), "a.mp4"), 400),
        (init(json!(100), json!(0), "a.mp4"), 400),
        (init(json!(100), json!(-1), "a.mp4"), 400),
        (init(json!(200_000), json!(1), "a.mp4"), 400),
        (init(json!(20_000_000), json!(1000), "a.mp4"), 413),
        (init(json!(100), json!(10), "a.txt"), 400),
        (
            json!({"user_id": "x", "filename": "a.mp4", "file_size": 5}),
            403,
        ),
    ] {
        let (got, answer) = server.post(&at, &body).await;
        assert_eq!(
            (got, answer["detail"].is_string()),
            (status, true),
            "{body} {answer}"
        );
    }
    let (_, made) = server
        .post(&at, &init(json!(SAMPLE_CLIP.len()), json!(PIECE), "a.mp4"))
        .await;
    let upload = made["upload_id"].as_str().unwrap();
    let piece = |index: &str| path(&room, &format!("upload/{upload}/chunk/{index}"));
    for (index, bytes) in [
        ("0", 3),
        ("0", PIECE + 1),
        ("99999", 3),
        ("-1", 3),
        ("x", 3),
        ("0", 0),
    ] {
        let (status, _) = put(&server, &piece(index), &SAMPLE_CLIP[..bytes]).await;
        assert_eq!(status, 400, "{index} {bytes}");
    }
    let second = &SAMPLE_CLIP[PIECE..2 * PIECE];
    for _ in 0..2 {
        assert_eq!(put(&server, &piece("1"), second).await.0, 200);
    }
    let (_, status) = server
        .get(&path(&room, &format!("upload/{upload}/status")))
        .await;
    let total = SAMPLE_CLIP.len().div_ceil(PIECE);
    assert_eq!(
        status,
        json!({
            "upload_id": upload, "last_chunk_index": 1, "received_chunks": 1, "total_chunks": total,
            "received_bytes": PIECE, "expected_bytes": SAMPLE_CLIP.len(),
        })
    );
    let complete = path(&room, &format!("upload/{upload}/complete"));
    let (status, missing) = server.post(&complete, &json!({})).await;
    assert_eq!(
        (status, missing["detail"].clone()),
        (400, json!(format!("Missing {} chunk(s)", total - 1)))
    );
    // Three more, and that is enough at once.
    for _ in 0..3 {
        assert_eq!(
            server
                .post(&at, &init(json!(100), json!(10), "a.mp4"))
                .await
                .0,
            200
        );
    }
    assert_eq!(
        server
            .post(&at, &init(json!(100), json!(10), "a.mp4"))
            .await
            .0,
        429
    );
}

#[tokio::test]
async fn an_upload_in_pieces_goes_on_after_a_restart() {
    let server = Server::start().await;
    let room = create(&server).await;
    let hanna = host(&server, &room).await;
    let init = json!({
        "user_id": hanna.id, "filename": "a.mp4", "file_size": SAMPLE_CLIP.len(), "chunk_size": PIECE,
    });
    let (_, made) = server.post(&path(&room, "upload/init"), &init).await;
    let upload = made["upload_id"].as_str().unwrap();
    let pieces: Vec<&[u8]> = SAMPLE_CLIP.chunks(PIECE).collect();
    let send = |index: usize| path(&room, &format!("upload/{upload}/chunk/{index}"));
    for index in (0..pieces.len()).step_by(2) {
        assert_eq!(put(&server, &send(index), pieces[index]).await.0, 200);
    }
    drop(hanna);
    let server = server.restarted().await;
    for index in (1..pieces.len()).step_by(2) {
        assert_eq!(put(&server, &send(index), pieces[index]).await.0, 200);
    }
    let (status, video) = server
        .post(
            &path(&room, &format!("upload/{upload}/complete")),
            &json!({}),
        )
        .await;
    assert_eq!(status, 200, "{video}");
    let clip = fetch(&server, &room, &video, None)
        .await
        .bytes()
        .await
        .unwrap();
    assert_eq!(&clip[..], SAMPLE_CLIP);
}
