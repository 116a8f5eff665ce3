//! Files over HTTP: ranges, signed links, and everything a link must not open.
use crate::client::Server;
use futures_util::StreamExt as _;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_rooms_link_serves_ranges_of_the_file_and_nothing_else_does() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server.room(&json!({"media": sample})).await;
    let host = server.host(&room).await;
    let link = host.room()["media"]["url"].as_str().unwrap().to_owned();
    let url = format!("{}/{link}", server.base);
    let whole = watchalong_media::SAMPLE_CLIP;
    let part = server
        .http
        .get(&url)
        .header("range", "bytes=100-299")
        .send()
        .await
        .unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(
        part.headers()["content-range"],
        format!("bytes 100-299/{}", whole.len())
    );
    assert_eq!(part.headers()["x-content-type-options"], "nosniff");
    assert_eq!(&part.bytes().await.unwrap()[..], &whole[100..300]);
    let tail = server
        .http
        .get(&url)
        .header("range", "bytes=-50")
        .send()
        .await
        .unwrap();
    assert_eq!(&tail.bytes().await.unwrap()[..], &whole[whole.len() - 50..]);
    let beyond = server
        .http
        .get(&url)
        .header("range", "bytes=99999999-")
        .send()
        .await
        .unwrap();
    assert_eq!(beyond.status(), 416);
    let head = server.http.head(&url).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], whole.len().to_string());
    let etag = head.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(
        server
            .http
            .get(&url)
            .header("if-none-match", &etag)
            .send()
            .await
            .unwrap()
            .status(),
        304
    );
    let all = server
        .http
        .get(&url)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(&all[..], whole);

    let (path, query) = link.split_once('?').unwrap();
    let other = server.room(&json!({})).await;
    let other = path.replace(
        room["code"].as_str().unwrap(),
        other["code"].as_str().unwrap(),
    );
    for (bad, code) in [
        (path.to_owned(), "media_link_invalid"),
        (format!("{other}?{query}"), "media_link_invalid"),
        (
            format!("{path}?{}", query.replace("expires=", "expires=9")),
            "media_link_invalid",
        ),
        (format!("{path}?{}a", query), "media_link_invalid"),
    ] {
        let (status, error) = server.get(&format!("/{bad}")).await;
        assert_eq!((status, error["code"].as_str()), (403, Some(code)), "{bad}");
    }
    for bad in [
        "/media/x/..%2f..%2fetc%2fpasswd?a",
        "/media/../watchalong.db",
        "/watchalong.db",
    ] {
        assert!([403, 404].contains(&server.get(bad).await.0), "{bad}");
    }
}

#[tokio::test]
async fn a_link_dies_with_its_room() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server.room(&json!({"media": sample})).await;
    let mut host = server.host(&room).await;
    let link = format!("/{}", host.room()["media"]["url"].as_str().unwrap());
    assert_eq!(server.get(&link).await.0, 200);
    host.must(json!({"do": "end"})).await;
    for _ in 0..50 {
        if server.get(&link).await.0 == 410 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the link outlived its room");
}

#[tokio::test]
async fn the_page_is_served_with_a_base_that_fits_its_depth() {
    let server = Server::start().await;
    for (path, base) in [("/", "./"), ("/r/bakoti-zuna", "../")] {
        let answer = server
            .http
            .get(format!("{}{path}", server.base))
            .send()
            .await
            .unwrap();
        assert!(
            answer.headers()["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("default-src 'none'")
        );
        let text = answer.text().await.unwrap();
        assert!(
            text.contains(&format!("<base href=\"{base}\"")) || text.contains("not built"),
            "{text}"
        );
    }
}

/// A film of `length` bytes, no two stretches of it alike: a real clip, and a box that players skip.
fn long_film(folder: &Path, length: usize) -> Vec<u8> {
    let mut film = watchalong_media::SAMPLE_CLIP.to_vec();
    let left = length - film.len();
    film.extend(1_u32.to_be_bytes());
    film.extend(b"free");
    film.extend((left as u64).to_be_bytes());
    let mut state = 1_u64;
    while film.len() < length {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        film.push((state >> 33) as u8);
    }
    let file = std::fs::File::create(folder.join("Long Film.mp4")).unwrap();
    std::io::Write::write_all(&mut &file, &film).unwrap();
    // What was written just now may still be being written; this was an hour ago.
    file.set_modified(SystemTime::now() - Duration::from_secs(3600))
        .unwrap();
    film
}

/// A server with such a film in a room; the film's address.
async fn showing(folder: &Path) -> (Server, String) {
    let server = Server::with(&["--head-cache", "2mb", folder.to_str().unwrap()]).await;
    let item = server.sample().await;
    let room = server.room(&json!({"media": item})).await;
    let host = server.host(&room).await;
    let url = format!(
        "{}/{}",
        server.base,
        host.room()["media"]["url"].as_str().unwrap()
    );
    (server, url)
}

#[tokio::test]
async fn a_long_film_arrives_byte_for_byte_however_it_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let film = long_film(folder.path(), 24_000_000);
    let (server, url) = showing(folder.path()).await;
    // The second time its head comes from memory.
    for _ in 0..2 {
        let whole = server.http.get(&url).send().await.unwrap();
        assert!(whole.bytes().await.unwrap() == film);
    }
    let address = server.base.strip_prefix("http://").unwrap();
    let path = url.strip_prefix(&server.base).unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    // Asked for in one go on one connection, answered one after the other; read slowly, so that they wait.
    let parts = [
        (5_000_000, 9_999_999),
        (0, 299),
        (23_999_999, 23_999_999),
        (1_900_000, 4_200_000),
    ];
    let mut request = String::new();
    for (from, to) in parts {
        request +=
            &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nRange: bytes={from}-{to}\r\n\r\n");
    }
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut socket = BufReader::with_capacity(7_000, socket);
    for (from, to) in parts {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(socket.read_line(&mut line).await.unwrap() > 0);
        }
        let mut part = vec![0; to - from + 1];
        for piece in part.chunks_mut(1_000_000) {
            socket.read_exact(piece).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(part == film[from..=to], "{from}-{to}");
    }
}

#[tokio::test]
async fn a_film_that_shrinks_while_it_is_sent_is_cut_off_not_filled_up() {
    let folder = tempfile::tempdir().unwrap();
    let film = long_film(folder.path(), 64_000_000);
    let (server, url) = showing(folder.path()).await;
    let answer = server.http.get(&url).send().await.unwrap();
    assert_eq!(answer.headers()["content-length"], "64000000");
    let file = std::fs::File::options()
        .write(true)
        .open(folder.path().join("Long Film.mp4"))
        .unwrap();
    file.set_len(20_000_000).unwrap();
    let (mut body, mut got) = (answer.bytes_stream(), Vec::new());
    let mut cut = false;
    while let Some(piece) = body.next().await {
        match piece {
            Ok(bytes) => got.extend(bytes),
            Err(_) => cut = true,
        }
    }
    assert!(cut, "it must not look complete");
    assert!(got == film[..got.len()], "what came is the film");
}
