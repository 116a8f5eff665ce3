//! What happens when ffmpeg hangs, dies, or works for nobody.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use support::studio::studio_with;
use watchalong_media::{Tools, Wanting};

/// A film that costs nothing to encode: encoders run below everything else, and machines that test are busy.
const TINY: &[&str] = &["-c:v", "mpeg4", "-an", "-s", "64x36", "-r", "5"];

/// Longer than anything here takes on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// An ffmpeg that does `instead` where a film is to be converted; looking for encoders works as ever.
fn stand_in(place: &Path, instead: &str) -> Tools {
    let path = place.join("ffmpeg-stand-in");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *lavfi*|*-encoders*|*-filters*) exec ffmpeg \"$@\";; esac\n\
         echo $$ > {}/pid\n{instead}\n",
        place.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let mut tools = Tools::find();
    tools.ffmpeg = Some(path);
    tools
}

fn alive(folder: &Path) -> bool {
    let pid = fs::read_to_string(folder.join("pid")).unwrap_or_default();
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    // A zombie is dead, and waits to be counted.
    !stat.is_empty() && !stat.contains(") Z ")
}

async fn until_dead(folder: &Path) {
    let begun = Instant::now();
    while alive(folder) {
        assert!(begun.elapsed() < PATIENCE, "it still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_encoder_that_says_nothing_is_killed_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let tools = stand_in(folder.path(), "echo stuck >&2\nexec sleep 600");
    let studio = studio_with("old.avi", 4.0, TINY, tools, |config| {
        config.hang = Duration::from_millis(500);
    })
    .await;
    let error = studio.segment("v36", 0).await.unwrap_err();
    assert_eq!(
        (error.code(), error.status().as_u16()),
        ("transcode_hung", 500)
    );
    until_dead(folder.path()).await;
    studio.until_quiet().await;
    let ended = studio.hls.status().ended;
    assert_eq!(
        (ended[0].outcome, ended[0].stderr.trim()),
        ("transcode_hung", "stuck")
    );
}

#[tokio::test]
async fn an_encoder_that_dies_is_told_with_its_last_words_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let dies = "echo 'Invalid data found' >&2\nexec false";
    let tools = stand_in(folder.path(), dies);
    let studio = studio_with("old.avi", 20.0, TINY, tools, |_| {}).await;
    let error = studio.segment("v36", 0).await.unwrap_err();
    assert_eq!(error.code(), "transcode_failed");
    assert!(error.to_string().contains("Invalid data found"), "{error}");
    // At once, without a new attempt: players ask again and again.
    let asked = studio.hls.status().ended.len();
    assert!(studio.segment("v36", 0).await.is_err());
    assert_eq!(studio.hls.status().ended.len(), asked);
    // Further on it is tried.
    assert!(studio.segment("v36", 6).await.is_err());
    assert_eq!(studio.hls.status().ended.len(), asked + 1);
}

#[tokio::test]
async fn an_encoder_dies_with_its_room() {
    let folder = tempfile::tempdir().unwrap();
    // The pictures come, and then it would stand still for ever.
    let tools = stand_in(folder.path(), "exec ffmpeg \"$@\"");
    let studio = studio_with("old.avi", 90.0, TINY, tools, |_| {}).await;
    studio.segment("v36", 0).await.unwrap();
    // It is ahead as far as it may be, and waits.
    let begun = Instant::now();
    while studio.hls.status().running[0].at < 10 {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(alive(folder.path()));
    studio.hls.leave(|room| room == "another");
    assert!(alive(folder.path()));
    assert_eq!(&*studio.hls.rooms()[0], "room");
    studio.hls.leave(|room| room == "room");
    studio.until_quiet().await;
    until_dead(folder.path()).await;
    assert_eq!(studio.hls.status().ended[0].outcome, "stopped");
}

#[tokio::test]
async fn an_encoder_that_is_ahead_gives_way_to_one_that_somebody_waits_for() {
    let options = ["-c:v", "mpeg4", "-an", "-s", "64x600", "-r", "2"];
    let studio = studio_with("old.avi", 60.0, &options, Tools::find(), |config| {
        config.encodes = 1;
    })
    .await;
    studio.segment("v600", 0).await.unwrap();
    let who = Wanting {
        room: "other".into(),
        viewer: "bob".into(),
    };
    let rendition = "v480".parse().unwrap();
    studio
        .hls
        .segment(&studio.film, rendition, 0, &who)
        .await
        .unwrap();
    let begun = Instant::now();
    let gave_way = || {
        let ended = studio.hls.status().ended;
        ended.iter().any(|run| run.rendition == "v600")
    };
    while !gave_way() {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn names_and_contents_of_files_reach_no_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let show = format!(
        "for a in \"$@\"; do echo \"$a\"; done > {}/args\nexec ffmpeg \"$@\"",
        folder.path().display()
    );
    let tools = stand_in(folder.path(), &show);
    let name = "-i concat:`touch x` $(touch y);.avi";
    let studio = studio_with(
        name,
        4.0,
        &[TINY, &["-metadata", "title=$(touch z)"]].concat(),
        tools,
        |_| {},
    )
    .await;
    studio.segment("v36", 0).await.unwrap();
    let arguments = fs::read_to_string(folder.path().join("args")).unwrap();
    assert!(!arguments.contains("touch"), "{arguments}");
    assert!(
        arguments.contains("-protocol_whitelist\nfile\n"),
        "{arguments}"
    );
}
