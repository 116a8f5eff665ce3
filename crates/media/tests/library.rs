//! The library over real files: what it lists, what it knows of them, and what it refuses.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use support::{H264_AAC, Place, all_probed, clip, mp4, titles, until};
use watchalong_media::{Library, MediumState, SAMPLE_CLIP, Tools, Verdict, place_sample};

/// One file of each kind that people have.
fn make_common_files(place: &Place) {
    mp4(&place.film("film.mp4"), 3.0);
    clip(
        &place.film("phone.mov"),
        2.5,
        &[H264_AAC, &["-movflags", "+faststart"]].concat(),
    );
    let vp9 = [
        "-c:v",
        "libvpx-vp9",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-c:a",
        "libopus",
    ];
    clip(&place.film("web.webm"), 2.0, &vp9);
    let srt = place.dir.path().join("words.srt");
    fs::write(&srt, "1\n00:00:00,500 --> 00:00:01,500\nHello\n").unwrap();
    let with_words = [
        "-i",
        srt.to_str().unwrap(),
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-map",
        "2:s",
        "-c:s",
        "srt",
    ];
    let tracks = [
        "-metadata:s:s:0",
        "language=ger",
        "-metadata:s:a:0",
        "language=fra",
    ];
    clip(
        &place.film("disc.mkv"),
        4.0,
        &[&with_words[..], H264_AAC, &tracks].concat(),
    );
    clip(
        &place.film("song.mp3"),
        5.0,
        &["-map", "1:a", "-c:a", "libmp3lame"],
    );
    clip(
        &place.film("song.flac"),
        5.0,
        &["-map", "1:a", "-c:a", "flac"],
    );
    clip(
        &place.film("song.ogg"),
        5.0,
        &["-map", "1:a", "-c:a", "libvorbis"],
    );
    clip(
        &place.film("fragments.mp4"),
        3.0,
        &[
            H264_AAC,
            &["-movflags", "frag_keyframe+empty_moov+default_base_moof"],
        ]
        .concat(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn probing_agrees_with_and_without_ffprobe() {
    let place = Place::new();
    make_common_files(&place);
    let with = Library::open(place.config()).await.unwrap();
    let mut config = place.config();
    config.tools = Tools::none();
    config.cache = place.dir.path().join("other cache");
    let without = Library::open(config).await.unwrap();
    let with = all_probed(&with, 8).await;
    let without = all_probed(&without, 8).await;
    for (a, b) in with.iter().zip(&without) {
        let name = &a.title;
        assert_eq!(
            (a.id, a.state, b.state),
            (b.id, MediumState::Ready, MediumState::Ready),
            "{name} {a:?} {b:?}"
        );
        assert_eq!(a.mime, b.mime, "{name}");
        let codecs = |medium: &watchalong_media::Medium| {
            let video: Vec<_> = medium
                .video
                .iter()
                .map(|track| (track.codec.clone(), track.width, track.height))
                .collect();
            let audio: Vec<_> = medium
                .audio
                .iter()
                .map(|track| (track.codec.clone(), track.channels, track.language.clone()))
                .collect();
            let words: Vec<_> = medium
                .subtitles
                .iter()
                .map(|track| (track.codec.clone(), track.language.clone()))
                .collect();
            (video, audio, words)
        };
        assert_eq!(codecs(a), codecs(b), "{name}");
        // A fragmented file without an index says its length nowhere; only adding up its fragments would tell.
        if name != "fragments" {
            let (a, b) = (a.duration.unwrap(), b.duration.unwrap());
            assert!(
                (a - b).abs() <= 0.05,
                "{name}: {a} s with ffprobe, {b} s without"
            );
        }
        assert_eq!(
            a.browser_playable.as_ref().unwrap().verdict,
            b.browser_playable.as_ref().unwrap().verdict,
            "{name}"
        );
    }
    let get = |title: &str| with.iter().find(|medium| medium.title == title).unwrap();
    assert_eq!(
        get("film").browser_playable.as_ref().unwrap().verdict,
        Verdict::Yes
    );
    assert_eq!(
        (get("film").video[0].width, get("film").audio[0].channels),
        (320, Some(1))
    );
    assert_eq!(get("web").mime, "video/webm");
    assert_eq!(
        get("disc").browser_playable.as_ref().unwrap().verdict,
        Verdict::Maybe
    );
    assert_eq!(get("disc").subtitles[0].language.as_deref(), Some("ger"));
    assert_eq!(get("phone").mime, "video/mp4");
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_are_listed_with_their_problem_and_harm_nobody() {
    let place = Place::new();
    mp4(&place.film("good.mp4"), 2.0);
    clip(
        &place.film("faststart.mp4"),
        2.0,
        &[H264_AAC, &["-movflags", "+faststart"]].concat(),
    );
    for (name, of) in [
        ("cut index last.mp4", "good.mp4"),
        ("cut index first.mp4", "faststart.mp4"),
    ] {
        let whole = fs::read(place.film(of)).unwrap();
        fs::write(place.film(name), &whole[..whole.len() / 2]).unwrap();
    }
    fs::write(place.film("empty.mp4"), "").unwrap();
    fs::write(
        place.film("text.mp4"),
        "Dear diary, this is no film. ".repeat(1000),
    )
    .unwrap();
    fs::write(
        place.film("noise.webm"),
        (0..200_000u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect::<Vec<_>>(),
    )
    .unwrap();
    // Playlists that would make ffprobe open other files.
    let good = place.film("good.mp4");
    fs::write(
        place.film("hls.mp4"),
        format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n",
            good.display()
        ),
    )
    .unwrap();
    fs::write(
        place.film("concat.mp4"),
        "ffconcat version 1.0\nfile good.mp4\n",
    )
    .unwrap();
    for (number, tools) in [Tools::find(), Tools::none()].into_iter().enumerate() {
        let mut config = place.config();
        config.cache = place.dir.path().join(format!("cache {number}"));
        config.tools = tools;
        let library = Library::open(config).await.unwrap();
        let media = all_probed(&library, 9).await;
        let codes: Vec<(&str, &str)> = media
            .iter()
            .map(|medium| {
                (
                    medium.title.as_str(),
                    medium
                        .problem
                        .as_ref()
                        .map_or("", |problem| problem.code.as_str()),
                )
            })
            .collect();
        assert_eq!(
            codes,
            [
                ("concat", "media_corrupt"),
                ("cut index first", "media_incomplete"),
                ("cut index last", "media_incomplete"),
                ("empty", "media_empty"),
                ("faststart", ""),
                ("good", ""),
                ("hls", "media_corrupt"),
                ("noise", "media_corrupt"),
                ("text", "media_corrupt"),
            ],
            "round {number}"
        );
        let text = media.iter().find(|medium| medium.title == "text").unwrap();
        assert_eq!(
            library.open_media(&text.id).await.unwrap_err().code(),
            "media_unreadable"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn file_names_are_never_options_protocols_or_patterns() {
    let place = Place::new();
    let original = place.film("plain.mp4");
    mp4(&original, 1.0);
    let names = [
        "-i.mp4",
        "--help.mp4",
        "concat:a|b.mp4",
        "http:evil.mp4",
        "%03d.mp4",
        "a\nb.mp4",
        "'; touch x.mp4",
        "file:x.mp4",
    ];
    for name in names {
        fs::copy(&original, place.film(name)).unwrap();
    }
    let library = Library::open(place.config()).await.unwrap();
    for medium in all_probed(&library, names.len() + 1).await {
        assert_eq!(medium.state, MediumState::Ready, "{:?}", medium.title);
        assert!(
            library.poster(&medium.id).await.unwrap().is_some(),
            "{:?}",
            medium.title
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_out_of_the_root_are_not_listed_and_swapped_files_not_served() {
    let place = Place::new();
    let secret = place.dir.path().join("secret.mp4");
    mp4(&secret, 1.0);
    mp4(&place.film("film.mp4"), 1.0);
    symlink("/etc/passwd", place.film("passwd.mp4")).unwrap();
    symlink(&secret, place.film("secret.mp4")).unwrap();
    symlink("film.mp4", place.film("alias.mp4")).unwrap();
    let mut config = place.config();
    (config.watch, config.poll_unwatched) = (false, Duration::from_secs(3600));
    let library = Library::open(config).await.unwrap();
    let media = all_probed(&library, 2).await;
    assert_eq!(titles(&media), ["alias", "film"]);
    assert_eq!(library.status().warnings[0].code, "media_folder_unreadable");
    // Listed as a film, then swapped for a link to outside.
    fs::remove_file(place.film("film.mp4")).unwrap();
    symlink(&secret, place.film("film.mp4")).unwrap();
    for medium in &media {
        assert_eq!(
            library.open_media(&medium.id).await.unwrap_err().code(),
            "media_unreadable",
            "{}",
            medium.title
        );
    }
    let id = media[1].id;
    until(&library, "gone from the list", |_| {
        library.get(&id).is_none()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posters_are_made_once_and_only_with_ffmpeg() {
    let place = Place::new();
    mp4(&place.film("film.mp4"), 3.0);
    clip(
        &place.film("song.mp3"),
        1.0,
        &["-map", "1:a", "-c:a", "libmp3lame"],
    );
    let library = Library::open(place.config()).await.unwrap();
    let media = all_probed(&library, 2).await;
    let (a, b) = tokio::join!(library.poster(&media[0].id), library.poster(&media[0].id));
    let (a, b) = (a.unwrap().unwrap(), b.unwrap().unwrap());
    assert_eq!((a.mime(), a.etag()), ("image/jpeg", b.etag()));
    let jpeg = a
        .answer(&Method::GET, &HeaderMap::new())
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes();
    let sof = jpeg
        .windows(2)
        .position(|pair| pair[0] == 0xff && (pair[1] == 0xc0 || pair[1] == 0xc2))
        .unwrap();
    let side = |at: usize| u16::from_be_bytes([jpeg[sof + at], jpeg[sof + at + 1]]);
    assert_eq!((side(7), side(5)), (480, 270));
    assert!(
        library.poster(&media[1].id).await.unwrap().is_none(),
        "a song without a cover has no poster"
    );

    let posters = place.dir.path().join("cache/posters");
    assert_eq!(fs::read_dir(&posters).unwrap().count(), 1);
    fs::remove_dir_all(&posters).unwrap();
    assert!(
        library.poster(&media[0].id).await.unwrap().is_some(),
        "a cleared cache is filled again"
    );

    let mut config = place.config();
    config.tools = Tools::none();
    config.cache = place.dir.path().join("other cache");
    let library = Library::open(config).await.unwrap();
    let media = all_probed(&library, 2).await;
    assert!(library.poster(&media[0].id).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_roots_are_refused_at_start_with_their_name() {
    let place = Place::new();
    let mut config = place.config();
    config.roots.push(place.film("nowhere"));
    let error = Library::open(config).await.unwrap_err();
    assert_eq!(error.code(), "media_root_missing");
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_cache_folder_costs_only_the_cache() {
    let place = Place::new();
    mp4(&place.film("film.mp4"), 1.0);
    fs::write(
        place.dir.path().join("cache"),
        "a file where a folder should be",
    )
    .unwrap();
    let library = Library::open(place.config()).await.unwrap();
    let media = all_probed(&library, 1).await;
    assert_eq!(media[0].state, MediumState::Ready);
    assert!(library.poster(&media[0].id).await.unwrap().is_none());
    until(&library, "warned", |_| {
        library
            .status()
            .warnings
            .iter()
            .any(|warning| warning.code == "media_cache_unusable")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_clip_is_a_library_of_its_own() {
    let place = Place::new();
    let mut config = place.config();
    config.roots = vec![place_sample(place.dir.path()).unwrap()];
    config.tools = Tools::none(); // a fresh machine
    let library = Library::open(config).await.unwrap();
    let media = all_probed(&library, 1).await;
    let clip = &media[0];
    assert_eq!(
        (clip.title.as_str(), clip.state, clip.size),
        (
            "Watchalong sample",
            MediumState::Ready,
            SAMPLE_CLIP.len() as u64
        )
    );
    assert_eq!(
        (
            clip.video[0].codec.as_str(),
            clip.video[0].width,
            clip.video[0].height
        ),
        ("h264", 960, 540)
    );
    assert_eq!(
        (clip.audio[0].codec.as_str(), clip.audio[0].channels),
        ("aac", Some(2))
    );
    assert!((clip.duration.unwrap() - 60.0).abs() < 0.1);
    assert_eq!(
        clip.browser_playable.as_ref().unwrap().verdict,
        Verdict::Yes
    );
}
