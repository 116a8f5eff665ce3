use super::*;
use crate::SAMPLE_CLIP;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;

const MB: u64 = 1_000_000;

fn limits() -> UploadLimits {
    UploadLimits {
        file: 10 * MB,
        room: 20 * MB,
        room_files: 4,
        person: 15 * MB,
        total: 100 * MB,
        expiry: Duration::from_secs(3600),
    }
}

fn open(folder: &Path) -> Uploads {
    let uploads = Uploads::open(folder.join("uploads"), limits(), Tools::find());
    uploads.look_at_all();
    uploads
}

fn new(name: &str, size: u64) -> NewUpload {
    NewUpload {
        room: "bakoti-zuna".into(),
        person: "guest:ann".into(),
        name: name.into(),
        size,
    }
}

fn clip() -> NewUpload {
    new("My.Film.2024.1080p.mp4", SAMPLE_CLIP.len() as u64)
}

async fn send(uploads: &Uploads, id: &MediaId, from: usize, to: usize) -> u64 {
    let mut writer = uploads.write(id, from as u64).await.expect("goes on");
    for piece in SAMPLE_CLIP[from..to].chunks(16_000) {
        writer.push(piece).await.expect("is taken");
    }
    writer.finish().await.expect("is written")
}

async fn until(uploads: &Uploads, id: &MediaId, state: MediumState) -> Arc<Medium> {
    for _ in 0..1000 {
        let medium = uploads.get(id).expect("is there").medium;
        if medium.state == state {
            return medium;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {state:?}: {:?}", uploads.get(id));
}

/// Until it was looked into as a whole: nothing drops it any more.
async fn finished(uploads: &Uploads, id: &MediaId) {
    for _ in 0..1000 {
        if uploads.get(id).expect("is there").expires_ms.is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never finished");
}

#[tokio::test]
async fn a_film_arrives_in_pieces_and_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = open(folder.path());
    let id = uploads.create(clip()).await.expect("made").id;
    let half = SAMPLE_CLIP.len() / 2;
    assert_eq!(send(&uploads, &id, 0, half).await, half as u64);
    // Another process takes it up where the file is.
    drop(uploads);
    let uploads = open(folder.path());
    assert_eq!(uploads.get(&id).expect("taken up").offset, half as u64);
    send(&uploads, &id, half, SAMPLE_CLIP.len()).await;
    let medium = until(&uploads, &id, MediumState::Ready).await;
    assert_eq!(medium.title, "My Film (2024)");
    assert!(medium.duration.is_some_and(|seconds| seconds > 1.0));
    let file = uploads.open_media(&id).await.expect("opens");
    let answer = file.answer(&Method::GET, &HeaderMap::new());
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("whole")
        .to_bytes();
    assert_eq!(&body[..], SAMPLE_CLIP);
    finished(&uploads, &id).await;
}

#[tokio::test]
async fn it_is_watched_while_it_arrives() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = open(folder.path());
    let id = uploads.create(clip()).await.expect("made").id;
    let part = SAMPLE_CLIP.len() * 2 / 3;
    send(&uploads, &id, 0, part).await;
    // The sample's index is in front.
    let medium = until(&uploads, &id, MediumState::Ready).await;
    assert!(medium.duration.is_some_and(|seconds| seconds > 1.0));
    let file = uploads.open_media(&id).await.expect("opens");
    let answer = file.answer(&Method::GET, &HeaderMap::new());
    let reading = tokio::spawn(async move { answer.into_body().collect().await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!reading.is_finished(), "waits for the rest");
    send(&uploads, &id, part, SAMPLE_CLIP.len()).await;
    let body = reading.await.expect("runs").expect("whole").to_bytes();
    assert_eq!(&body[..], SAMPLE_CLIP);
}

#[tokio::test]
async fn whoever_watches_what_is_given_up_is_cut_off_and_never_ends_early_in_silence() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = open(folder.path());
    let id = uploads.create(clip()).await.expect("made").id;
    send(&uploads, &id, 0, SAMPLE_CLIP.len() * 2 / 3).await;
    until(&uploads, &id, MediumState::Ready).await;
    let answer = uploads
        .open_media(&id)
        .await
        .expect("opens")
        .answer(&Method::GET, &HeaderMap::new());
    let reading = tokio::spawn(async move { answer.into_body().collect().await });
    assert!(uploads.remove(&id).await);
    assert!(reading.await.expect("runs").is_err());
    assert!(!folder.path().join("uploads").join(id.to_string()).exists());
}

#[tokio::test]
async fn a_zip_under_the_name_of_a_film_is_refused_at_once_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = open(folder.path());
    let id = uploads.create(new("film.mp4", MB)).await.expect("made").id;
    let mut writer = uploads.write(&id, 0).await.expect("begins");
    writer.push(b"PK\x03\x04").await.expect("gathered");
    writer.push(&[0; 8000]).await.expect("gathered");
    let refused = writer.finish().await.expect_err("is refused");
    assert_eq!(refused.code(), "upload_not_media_inside");
    assert!(uploads.get(&id).is_none());
}

#[tokio::test]
async fn a_file_that_only_begins_like_a_film_is_told_to_be_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = open(folder.path());
    let id = uploads
        .create(new("film.mp4", 5000))
        .await
        .expect("made")
        .id;
    let mut writer = uploads.write(&id, 0).await.expect("begins");
    writer.push(b"\0\0\0\x20ftypisom").await.expect("gathered");
    writer.push(&[7; 4988]).await.expect("gathered");
    writer.finish().await.expect("is written");
    let medium = until(&uploads, &id, MediumState::Broken).await;
    assert!(medium.problem.is_some());
    drop(uploads);
    let again = open(folder.path());
    assert_eq!(
        again.get(&id).expect("kept").medium.state,
        MediumState::Broken
    );
}

#[tokio::test]
async fn limits_are_told_before_a_byte_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = open(folder.path());
    let code = |made: Result<UploadView, UploadError>| made.expect_err("is refused").code();
    assert_eq!(
        code(uploads.create(new("film.exe", 5)).await),
        "upload_not_media"
    );
    assert_eq!(
        code(uploads.create(new("film", 5)).await),
        "upload_not_media"
    );
    assert_eq!(
        code(uploads.create(new("film.mp4", 0)).await),
        "upload_empty"
    );
    assert_eq!(
        code(uploads.create(new("a.mp4", 11 * MB)).await),
        "upload_too_large"
    );
    uploads.create(new("a.mp4", 10 * MB)).await.expect("fits");
    assert_eq!(
        code(uploads.create(new("b.mp4", 6 * MB)).await),
        "upload_person_full"
    );
    let mut other = new("b.mp4", 10 * MB);
    other.person = "guest:ben".into();
    uploads.create(other.clone()).await.expect("fits");
    other.person = "guest:cleo".into();
    other.size = 1;
    assert_eq!(
        code(uploads.create(other.clone()).await),
        "upload_room_full"
    );
    other.room = "other-room".into();
    for n in 0..4 {
        other.name = format!("{n}.mp4");
        uploads.create(other.clone()).await.expect("fits");
    }
    assert_eq!(code(uploads.create(other).await), "upload_room_full");
}

#[tokio::test]
async fn a_name_is_never_a_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = open(folder.path());
    for name in [
        "../../etc/film.mp4",
        "C:\\Users\\x\\film.mp4",
        "\u{202e}\0a/film.mp4",
        &format!("{}film.mp4", "😀".repeat(90)),
    ] {
        let view = uploads.create(new(name, 10)).await.expect("made");
        assert!(view.name.ends_with("film.mp4"), "{}", view.name);
        assert!(!view.name.contains(['/', '\\', '\0']));
    }
    let mut found: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    found.sort();
    assert_eq!(found, ["uploads"]);
}

#[tokio::test]
async fn offsets_must_fit_and_a_new_connection_takes_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = open(folder.path());
    let id = uploads.create(clip()).await.expect("made").id;
    let wrong = uploads.write(&id, 7).await.expect_err("is refused");
    assert_eq!(wrong.code(), "upload_wrong_offset");
    let mut stuck = uploads.write(&id, 0).await.expect("begins");
    stuck.push(&SAMPLE_CLIP[..5000]).await.expect("gathered");
    stuck.flush().await.expect("written");
    stuck
        .push(&SAMPLE_CLIP[5000..6000])
        .await
        .expect("gathered");
    let mut fresh = uploads.write(&id, 5000).await.expect("takes over");
    let late = stuck.flush().await.expect_err("too late");
    assert_eq!(late.code(), "upload_taken_over");
    fresh.push(&SAMPLE_CLIP[5000..]).await.expect("taken");
    fresh.finish().await.expect("whole");
    until(&uploads, &id, MediumState::Ready).await;
    let mut more = uploads
        .write(&id, SAMPLE_CLIP.len() as u64)
        .await
        .expect("at its end");
    assert_eq!(
        more.push(b"x").await.expect_err("too many").code(),
        "upload_too_many_bytes"
    );
}

#[tokio::test]
async fn bytes_whose_checksum_is_wrong_are_thrown_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = open(folder.path());
    let id = uploads.create(clip()).await.expect("made").id;
    send(&uploads, &id, 0, 10_000).await;
    let mut writer = uploads.write(&id, 10_000).await.expect("goes on");
    writer.unchecked();
    writer.push(&[9; 5000]).await.expect("gathered");
    writer.flush().await.expect("written");
    assert_eq!(uploads.get(&id).expect("there").offset, 10_000);
    writer.discard().await;
    send(&uploads, &id, 10_000, SAMPLE_CLIP.len()).await;
    let answer = uploads.open_media(&id).await;
    let medium = until(&uploads, &id, MediumState::Ready).await;
    assert!(medium.problem.is_none());
    drop(answer);
}

#[tokio::test]
async fn what_nobody_goes_on_with_is_dropped_and_a_rooms_end_takes_its_uploads() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut short = limits();
    short.expiry = Duration::from_millis(30);
    let uploads = Uploads::open(folder.path().join("uploads"), short, Tools::find());
    let stale = uploads.create(clip()).await.expect("made").id;
    tokio::time::sleep(Duration::from_millis(60)).await;
    let done = uploads.create(clip()).await.expect("made").id;
    send(&uploads, &done, 0, SAMPLE_CLIP.len()).await;
    until(&uploads, &done, MediumState::Ready).await;
    finished(&uploads, &done).await;
    assert_eq!(uploads.sweep().await, 1);
    assert!(uploads.get(&stale).is_none());
    let kept = uploads
        .keep(&done, folder.path().join("kept"))
        .await
        .expect("is kept");
    let second = uploads.keep(&done, folder.path().join("kept")).await;
    assert_ne!(second.expect("is kept too"), kept);
    assert_eq!(uploads.remove_room("bakoti-zuna").await, 1);
    assert_eq!(std::fs::read(kept).expect("is still there"), SAMPLE_CLIP);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_removed_while_it_is_looked_into_stays_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let uploads = open(folder.path());
    for wait in 0..20 {
        let id = uploads.create(clip()).await.expect("made").id;
        send(&uploads, &id, 0, SAMPLE_CLIP.len()).await;
        tokio::time::sleep(Duration::from_millis(wait * 10)).await;
        uploads.remove(&id).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let left = std::fs::read_dir(folder.path().join("uploads")).expect("a folder");
    assert_eq!(left.count(), 0);
}

#[test]
fn a_record_does_not_bring_a_removed_upload_back() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    let record = Record::new(
        MediaId::random(),
        "bakoti-zuna".into(),
        "guest:ann".into(),
        "gone.mp4".into(),
        1,
        0,
    );
    let error = record.write(&gone).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    assert!(!gone.exists());
}
