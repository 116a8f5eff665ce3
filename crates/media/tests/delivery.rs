//! Delivery of real files: what goes over the wire, and what happens when the file changes underneath.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use http::header::{self, HeaderName};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use support::{Place, all_probed, mp4};
use watchalong_media::{Library, MediaBody, MediaFile, MediaId, TURN_BYTES};

struct Served {
    place: Place,
    library: Library,
    id: MediaId,
    bytes: Vec<u8>,
}

/// A film of several turns: a real clip with a large padding box behind it.
async fn served() -> Served {
    let place = Place::new();
    let film = place.film("film.mp4");
    mp4(&film, 1.0);
    let mut bytes = fs::read(&film).unwrap();
    let padding = 5 * TURN_BYTES + 123;
    bytes.extend((padding as u32).to_be_bytes());
    bytes.extend(b"free");
    bytes.extend((8..padding as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
    fs::write(&film, &bytes).unwrap();
    let library = Library::open(place.config()).await.unwrap();
    let id = all_probed(&library, 1).await[0].id;
    Served {
        place,
        library,
        id,
        bytes,
    }
}

fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), value.parse().unwrap()))
        .collect()
}

async fn body(response: Response<MediaBody>) -> Vec<u8> {
    response
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .to_vec()
}

fn get(file: &MediaFile, pairs: &[(HeaderName, &str)]) -> Response<MediaBody> {
    file.answer(&Method::GET, &headers(pairs))
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_and_parts_arrive_as_they_are_on_disk() {
    let served = served().await;
    let file = served.library.open_media(&served.id).await.unwrap();
    let length = served.bytes.len();
    let whole = get(&file, &[]);
    assert_eq!(whole.status(), StatusCode::OK);
    assert_eq!(whole.headers()[header::CONTENT_LENGTH], length.to_string());
    assert_eq!(whole.headers()[header::CONTENT_TYPE], "video/mp4");
    assert_eq!(whole.headers()[header::ACCEPT_RANGES], "bytes");
    assert_eq!(whole.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(whole.headers()[header::CONTENT_DISPOSITION], "inline");
    assert_eq!(
        whole.headers()[header::CONTENT_SECURITY_POLICY],
        "default-src 'none'; sandbox"
    );
    assert_eq!(whole.body().size_hint().exact(), Some(length as u64));
    assert_eq!(body(whole).await, served.bytes);

    for (range, part) in [
        ("bytes=0-0", 0..1),
        ("bytes=0-1", 0..2),
        ("bytes=262143-262144", 262_143..262_145),
        ("bytes=1000-900000", 1000..900_001),
        ("bytes=-1", length - 1..length),
        ("bytes=100-", 100..length),
    ] {
        let answer = get(&file, &[(header::RANGE, range)]);
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        let says = format!("bytes {}-{}/{length}", part.start, part.end - 1);
        assert_eq!(answer.headers()[header::CONTENT_RANGE], says);
        assert_eq!(
            answer.headers()[header::CONTENT_LENGTH],
            part.len().to_string()
        );
        assert_eq!(body(answer).await, served.bytes[part], "{range}");
    }
    let beyond = get(&file, &[(header::RANGE, &format!("bytes={length}-"))]);
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(
        beyond.headers()[header::CONTENT_RANGE],
        format!("bytes */{length}")
    );
    assert!(body(beyond).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_head_and_other_methods_are_answered() {
    let served = served().await;
    let file = served.library.open_media(&served.id).await.unwrap();
    let etag = file.etag().to_owned();
    let head = file.answer(&Method::HEAD, &headers(&[(header::RANGE, "bytes=0-0")]));
    assert_eq!(
        (head.status(), head.body().is_end_stream()),
        (StatusCode::OK, true)
    );
    assert_eq!(
        head.headers()[header::CONTENT_LENGTH],
        served.bytes.len().to_string()
    );

    let same = get(&file, &[(header::IF_NONE_MATCH, &etag)]);
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(same.headers()[header::ETAG], etag);
    assert!(same.headers().get(header::CONTENT_LENGTH).is_none());
    assert_eq!(
        get(&file, &[(header::IF_MATCH, "\"other\"")]).status(),
        StatusCode::PRECONDITION_FAILED
    );

    let resumed = get(
        &file,
        &[(header::RANGE, "bytes=5-9"), (header::IF_RANGE, &etag)],
    );
    assert_eq!(resumed.status(), StatusCode::PARTIAL_CONTENT);
    let changed = get(
        &file,
        &[
            (header::RANGE, "bytes=5-9"),
            (header::IF_RANGE, "\"older\""),
        ],
    );
    assert_eq!(changed.status(), StatusCode::OK);

    let post = file.answer(&Method::POST, &HeaderMap::new());
    assert_eq!(
        (post.status(), &post.headers()[header::ALLOW]),
        (
            StatusCode::METHOD_NOT_ALLOWED,
            &"GET, HEAD".parse().unwrap()
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_comes_in_turns_and_takes_its_buffer_back() {
    let served = served().await;
    let file = served.library.open_media(&served.id).await.unwrap();
    let mut stream = get(&file, &[]).into_body();
    let mut buffers = std::collections::HashSet::new();
    let mut got = Vec::new();
    while let Some(frame) = stream.frame().await {
        let turn = frame.unwrap().into_data().unwrap();
        assert!(turn.len() <= TURN_BYTES);
        buffers.insert(turn.as_ptr());
        got.extend_from_slice(&turn);
    }
    assert_eq!(got, served.bytes);
    assert_eq!(buffers.len(), 1, "one warm buffer serves the whole stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_deleted_or_replaced_while_playing_plays_on() {
    let served = served().await;
    let file = served.library.open_media(&served.id).await.unwrap();
    let mut stream = get(&file, &[]).into_body();
    let mut got = stream
        .frame()
        .await
        .unwrap()
        .unwrap()
        .into_data()
        .unwrap()
        .to_vec();
    let film = served.place.film("film.mp4");
    let other = served.place.dir.path().join("other.mp4");
    mp4(&other, 2.0);
    fs::rename(&other, &film).unwrap();
    let replaced = served.library.open_media(&served.id).await.unwrap();
    assert_ne!(replaced.etag(), file.etag());
    fs::remove_file(&film).unwrap();
    got.extend(stream.collect().await.unwrap().to_bytes());
    assert_eq!(got, served.bytes);
    assert_eq!(
        served
            .library
            .open_media(&served.id)
            .await
            .unwrap_err()
            .code(),
        "media_gone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_cut_or_overwritten_while_playing_fails_and_never_ends_early() {
    for overwrite in [false, true] {
        let served = served().await;
        let file = served.library.open_media(&served.id).await.unwrap();
        let mut stream = get(&file, &[]).into_body();
        assert!(stream.frame().await.unwrap().is_ok());
        let writer = fs::OpenOptions::new()
            .write(true)
            .open(served.place.film("film.mp4"))
            .unwrap();
        if overwrite {
            writer.write_all_at(b"something else", 600_000).unwrap();
        } else {
            writer.set_len(400_000).unwrap();
        }
        let rest = stream.collect().await;
        assert!(rest.is_err(), "a changed film ended as if it were whole");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_streams_share_the_disk_without_blocking_the_runtime() {
    let served = Arc::new(served().await);
    let streams: Vec<_> = (0..64)
        .map(|_| {
            let served = Arc::clone(&served);
            tokio::spawn(async move {
                let file = served.library.open_media(&served.id).await.unwrap();
                assert_eq!(body(get(&file, &[])).await.len(), served.bytes.len());
            })
        })
        .collect();
    for stream in streams {
        stream.await.unwrap();
    }
}
