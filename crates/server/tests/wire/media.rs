//! Files over HTTP: ranges, signed links, and everything a link must not open.
use crate::client::Server;
use serde_json::json;

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
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
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
