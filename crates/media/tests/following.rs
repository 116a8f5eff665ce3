//! How the list follows the disk: files that come, go, move, grow, and whole folders that go away.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::time::Duration;

use support::{H264_AAC, Place, all_probed, clip, mp4, titles, until};
use watchalong_media::{Library, MediumState};

#[tokio::test(flavor = "multi_thread")]
async fn the_list_follows_the_disk_by_events() {
    let place = Place::new();
    let mut config = place.config();
    config.poll = Duration::from_secs(3600);
    follow_the_disk(place, config).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_follows_the_disk_by_polling_alone() {
    let place = Place::new();
    let mut config = place.config();
    config.watch = false;
    config.poll_unwatched = Duration::from_millis(200);
    follow_the_disk(place, config).await;
}

async fn follow_the_disk(place: Place, config: watchalong_media::LibraryConfig) {
    let elsewhere = place.dir.path().join("made.mp4");
    mp4(&elsewhere, 1.0);
    let library = Library::open(config).await.unwrap();
    until(&library, "scanned", |_| !library.status().scanning).await;
    let mut changes = library.changes();
    changes.mark_unchanged();

    fs::copy(&elsewhere, place.film("added.mp4")).unwrap();
    let added = all_probed(&library, 1).await;
    assert!(changes.has_changed().unwrap());

    fs::rename(place.film("added.mp4"), place.film("renamed.mp4")).unwrap();
    let renamed = until(&library, "renamed", |media| titles(media) == ["renamed"]).await;
    assert_ne!(added[0].id, renamed[0].id);
    assert_eq!(
        library.open_media(&added[0].id).await.unwrap_err().code(),
        "media_not_found"
    );

    fs::create_dir_all(place.film("series/one")).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    fs::copy(&elsewhere, place.film("series/one/e1.mp4")).unwrap();
    fs::copy(&elsewhere, place.film("series/one/e2.mp4")).unwrap();
    let media = all_probed(&library, 3).await;
    assert_eq!(media[0].collection, "series/one");

    fs::rename(place.film("series"), place.film("show")).unwrap();
    until(&library, "moved", |media| {
        media.len() == 3 && media[0].collection == "show/one"
    })
    .await;
    fs::remove_dir_all(place.film("show")).unwrap();
    fs::remove_file(place.film("renamed.mp4")).unwrap();
    until(&library, "empty", <[_]>::is_empty).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_being_copied_can_be_watched_only_when_it_is_whole() {
    let place = Place::new();
    let made = place.dir.path().join("made.mp4");
    clip(
        &made,
        2.0,
        &[H264_AAC, &["-movflags", "+faststart"]].concat(),
    );
    let bytes = fs::read(&made).unwrap();
    let library = Library::open(place.config()).await.unwrap();
    let copier = {
        let (target, bytes) = (place.film("slow.mp4"), bytes.clone());
        std::thread::spawn(move || {
            use std::io::Write;
            let mut file = fs::File::create(target).unwrap();
            for part in bytes.chunks(bytes.len() / 20 + 1) {
                file.write_all(part).unwrap();
                std::thread::sleep(Duration::from_millis(100));
            }
        })
    };
    let media = until(&library, "seen", |media| media.len() == 1).await;
    assert_eq!(media[0].state, MediumState::Copying);
    assert_eq!(
        library.open_media(&media[0].id).await.unwrap_err().code(),
        "media_copying"
    );
    let media = until(&library, "ready", |media| {
        assert!(
            media
                .iter()
                .all(|medium| medium.state != MediumState::Broken),
            "half a film was looked into"
        );
        media
            .iter()
            .any(|medium| medium.state == MediumState::Ready)
    })
    .await;
    assert!(
        copier.is_finished(),
        "it was called ready before it was whole"
    );
    assert_eq!(media[0].size, bytes.len() as u64);
    copier.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_asks_nobody_again() {
    let place = Place::new();
    mp4(&place.film("film.mp4"), 1.0);
    let library = Library::open(place.config()).await.unwrap();
    let before = all_probed(&library, 1).await;
    until(&library, "kept", |_| {
        place.dir.path().join("cache/probes.json").exists()
    })
    .await;
    drop(library);
    let mut config = place.config();
    config.tools.ffprobe = Some("/nonexistent/ffprobe".into()); // whoever asks, fails
    let library = Library::open(config).await.unwrap();
    let after = until(&library, "listed", |media| media.len() == 1).await;
    assert_eq!(
        (after[0].state, after[0].duration),
        (MediumState::Ready, before[0].duration)
    );
    assert_eq!(after[0].id, before[0].id);
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_answers_at_once_however_much_there_is_to_scan() {
    let place = Place::new();
    for n in 0..3000 {
        fs::write(place.film(&format!("{n}.mp4")), "x").unwrap();
    }
    let library = Library::open(place.config()).await.unwrap();
    // No stopwatch: looking into 3000 files takes many seconds, so some unprobed one shows that nobody waited.
    let listing = library.list("", 0, 200);
    assert!(
        listing.total < 3000
            || listing
                .media
                .iter()
                .any(|medium| medium.state == MediumState::Pending)
    );
    until(&library, "scanned", |_| library.status().media == 3000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_goes_away_and_comes_back_takes_its_media_along() {
    let place = Place::new();
    mp4(&place.film("film.mp4"), 1.0);
    let mut config = place.config();
    (config.poll, config.poll_unwatched) = (Duration::from_millis(300), Duration::from_millis(300));
    let library = Library::open(config).await.unwrap();
    let media = all_probed(&library, 1).await;
    let away = place.dir.path().join("away");
    fs::rename(place.films(), &away).unwrap();
    let refused = library.open_media(&media[0].id).await.unwrap_err().code();
    assert!(
        ["media_gone", "media_not_found"].contains(&refused),
        "{refused}"
    );
    until(&library, "empty", <[_]>::is_empty).await;
    until(&library, "warned", |_| {
        library
            .status()
            .warnings
            .iter()
            .any(|warning| warning.code == "media_root_unreadable")
    })
    .await;
    fs::rename(&away, place.films()).unwrap();
    all_probed(&library, 1).await;
    until(&library, "at ease", |_| {
        library.status().warnings.is_empty()
    })
    .await;
    assert!(library.open_media(&media[0].id).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_probe_is_tried_again_at_the_next_look() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    mp4(&place.film("film.mp4"), 1.0);
    // Root may read everything, so a missing right is played by an ffprobe that can't be run.
    let ffprobe = place.dir.path().join("ffprobe");
    fs::write(&ffprobe, "").unwrap();
    let mut config = place.config();
    config.tools.ffprobe = Some(ffprobe.clone());
    let library = Library::open(config).await.unwrap();
    let media = all_probed(&library, 1).await;
    assert_eq!(media[0].problem.as_ref().unwrap().code, "media_unreadable");
    fs::write(&ffprobe, "#!/bin/sh\nexec ffprobe \"$@\"\n").unwrap();
    fs::set_permissions(&ffprobe, fs::Permissions::from_mode(0o755)).unwrap();
    library.rescan();
    until(&library, "ready", |media| {
        media
            .iter()
            .all(|medium| medium.state == MediumState::Ready)
    })
    .await;
}
