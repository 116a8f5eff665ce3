//! Converting real films: that every segment is where the playlist says, picture for picture, and what belongs to a
//! film beside its pictures. What happens when ffmpeg fails is in `encoders.rs`.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::H264_AAC;
use support::studio::{ann, bytes, studio};
use watchalong_media::{Offer, TextFormat, Wanting};

/// Presentation times of all packets, in decoding order, and whether each stands alone.
fn packets(path: &Path, kind: &str) -> Vec<(f64, bool)> {
    let printed = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", kind])
        .args([
            "-show_entries",
            "packet=pts_time,dts_time,flags",
            "-of",
            "csv=p=0",
        ])
        .arg(path)
        .output()
        .unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    let all = text.lines().filter_map(|line| {
        let mut parts = line.split(',');
        let (pts, dts, flags) = (parts.next()?, parts.next()?, parts.next()?);
        Some((pts.parse().ok()?, dts.parse().ok(), flags.starts_with('K')))
    });
    let all: Vec<(f64, Option<f64>, bool)> = all.collect();
    // ffmpeg delays all of an MP4 in which pictures are due before their decoding time; browsers don't. The first
    // of ours is due at its own.
    let delay = match all.first() {
        Some((pts, Some(dts), _)) if path.extension().is_some_and(|e| e == "mp4") => pts - dts,
        _ => 0.0,
    };
    all.into_iter()
        .map(|(pts, _, key)| (pts - delay, key))
        .collect()
}

/// Small grey pictures, one after another.
fn pictures(path: &Path, from_zero: bool) -> Vec<Vec<u8>> {
    const SIZE: usize = 32 * 18;
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-i"]).arg(path);
    command.args(["-map", "0:v:0", "-vf"]);
    command.arg(if from_zero {
        "fps=25:start_time=0,scale=32:18,format=gray"
    } else {
        "scale=32:18,format=gray"
    });
    command.args(["-fps_mode", "passthrough", "-f", "rawvideo", "-"]);
    let raw = command.output().unwrap().stdout;
    raw.chunks_exact(SIZE).map(<[u8]>::to_vec).collect()
}

fn distance(a: &[u8], b: &[u8]) -> u64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2))
        .sum()
}

/// Whether `converted[n]` shows what `source[n + shift]` shows, and not its neighbours.
fn same_pictures(source: &[Vec<u8>], converted: &[Vec<u8>], shift: usize) {
    assert!(!converted.is_empty());
    for (n, picture) in converted.iter().enumerate().step_by(7) {
        let at = n + shift;
        let near = at.saturating_sub(3)..(at + 4).min(source.len());
        let best = near.min_by_key(|m| distance(&source[*m], picture)).unwrap();
        assert_eq!(best, at, "picture {n} of the part shows another moment");
    }
}

#[tokio::test]
async fn films_that_browsers_refuse_become_segments_on_their_own_timeline() {
    let kinds: [(&str, &[&str]); 4] = [
        ("dvb.ts", &["-c:v", "mpeg2video", "-g", "12", "-c:a", "mp2"]),
        ("old.avi", &["-c:v", "mpeg4", "-c:a", "libmp3lame"]),
        (
            "disc.mkv",
            &[
                "-c:v",
                "libx265",
                "-preset",
                "ultrafast",
                "-x265-params",
                "log-level=none",
                "-c:a",
                "ac3",
            ],
        ),
        (
            "web.webm",
            &[
                "-c:v",
                "libvpx-vp9",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
                "-c:a",
                "libopus",
            ],
        ),
    ];
    for (name, options) in kinds {
        let studio = studio(name, 8.0, options).await;
        let starts = studio.starts("v180").await;
        assert_eq!(starts.len(), 4, "{name}: {starts:?}");
        assert!((starts[3] - 8.0).abs() < 0.15, "{name}: {starts:?}");
        let whole = studio.part("v180", 0, 3).await;
        let times = packets(&whole, "v:0");
        assert!((times[0].0).abs() < 1e-6, "{name} begins at {}", times[0].0);
        let mut shown: Vec<f64> = times.iter().map(|(at, _)| *at).collect();
        shown.sort_by(f64::total_cmp);
        for (n, at) in shown.iter().enumerate() {
            assert!(
                (at - n as f64 / 25.0).abs() < 1e-5,
                "{name}: picture {n} at {at}"
            );
        }
        let keys: Vec<f64> = times
            .iter()
            .filter(|(_, key)| *key)
            .map(|(at, _)| *at)
            .collect();
        assert_eq!(keys.len(), 3, "{name}: {keys:?}");
        assert!(
            keys.iter()
                .zip(&starts)
                .all(|(key, start)| (key - start).abs() < 1e-5)
        );
        same_pictures(
            &pictures(&studio.place.film(name), true),
            &pictures(&whole, false),
            0,
        );

        let sound = packets(&studio.part("a0", 0, 3).await, "a:0");
        assert!(
            (sound[0].0).abs() < 1e-6,
            "{name}: sound begins at {}",
            sound[0].0
        );
        for (n, (at, _)) in sound.iter().enumerate() {
            let due = n as f64 * 1024.0 / 48_000.0;
            assert!((at - due).abs() < 1e-5, "{name}: block {n} at {at}");
        }
    }
}

#[tokio::test]
async fn a_seek_shows_the_same_pictures_as_playing_there() {
    let options = ["-c:v", "mpeg2video", "-g", "15", "-bf", "2", "-c:a", "mp2"];
    let studio = studio("dvb.ts", 14.0, &options).await;
    let part = studio.part("v180", 3, 1).await;
    let times = packets(&part, "v:0");
    let first = times.iter().map(|(at, _)| *at).fold(f64::MAX, f64::min);
    assert!((first - 9.0).abs() < 1e-5, "{first}");
    same_pictures(
        &pictures(&studio.place.film("dvb.ts"), true),
        &pictures(&part, false),
        9 * 25,
    );
    let sound = packets(&studio.part("a0", 3, 1).await, "a:0");
    let starts = studio.starts("a0").await;
    assert!((sound[0].0 - starts[3]).abs() < 1e-5);
    studio.until_quiet().await;
    let runs = studio.hls.status().ended;
    assert!(runs.iter().all(|run| run.first == 3), "{runs:?}");
    assert!(runs.iter().all(|run| run.outcome == "complete"), "{runs:?}");
    // Before it nothing was made; a run there stops where segments are.
    studio.segment("v180", 1).await.unwrap();
    studio.until_quiet().await;
    let earlier = &studio.hls.status().ended[0];
    assert_eq!(
        (earlier.first, earlier.segments, earlier.outcome),
        (1, 2, "complete")
    );
}

#[tokio::test]
async fn a_copied_picture_keeps_every_frame_at_its_time() {
    let options = [&["-r", "24000/1001", "-g", "40", "-bf", "2"], H264_AAC].concat();
    let studio = studio("film.mkv", 12.0, &options).await;
    assert!(studio.hls.can_copy(&studio.film).await);
    let source = packets(&studio.place.film("film.mkv"), "v:0");
    let starts = studio.starts("copy").await;
    assert!(starts.len() > 3, "{starts:?}");
    let whole = packets(&studio.part("copy", 0, starts.len() - 1).await, "v:0");
    assert_eq!(whole.len(), source.len());
    // Matroska counts milliseconds; the first picture is shown from zero on.
    for (copied, own) in whole.iter().zip(&source).skip(1) {
        assert!((copied.0 - own.0).abs() < 0.0005, "{copied:?} for {own:?}");
    }
    let later = packets(&studio.part("copy", 2, 1).await, "v:0");
    assert!((later[0].0 - starts[2]).abs() < 0.0005 && later[0].1);
    let master = studio.hls.master(
        &studio.film,
        Offer {
            copy: true,
            most_lines: None,
            sound: None,
        },
    );
    assert!(master.contains("\ncopy.m3u8"), "{master}");
    assert!(master.contains("URI=\"a0.m3u8\""), "{master}");
}

/// As DVDs and broadcasts have it: 720x576 shown at 16:9.
#[tokio::test]
async fn squeezed_pictures_come_out_in_their_shape() {
    let options = [
        &["-vf", "scale=180:144,setsar=64/45", "-c:v", "mpeg2video"][..],
        &["-an"],
    ];
    let studio = studio("disc.mpg", 3.0, &options.concat()).await;
    let rendition = studio.hls.heights(&studio.film)[0];
    assert_eq!(rendition, 144);
    let part = studio.part("v144", 0, 1).await;
    let shown = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "stream=width,height,sample_aspect_ratio",
        ])
        .args(["-of", "csv=p=0"])
        .arg(part)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&shown.stdout).trim(), "256,144,1:1");
}

#[tokio::test]
async fn music_that_browsers_refuse_is_converted_too() {
    let studio = studio("song.mka", 7.0, &["-vn", "-c:a", "ac3"]).await;
    let offer = Offer {
        copy: true,
        most_lines: None,
        sound: None,
    };
    let master = studio.hls.master(&studio.film, offer);
    assert!(
        master.ends_with("CODECS=\"mp4a.40.2\"\na0.m3u8\n"),
        "{master}"
    );
    assert!(!master.contains("EXT-X-MEDIA"), "{master}");
    assert_eq!(packets(&studio.part("a0", 0, 3).await, "a:0").len(), 329);
}

/// ffmpeg's DASH player, on the files as they would be served.
#[tokio::test]
async fn the_dash_manifest_names_the_same_segments() {
    let studio = studio("old.avi", 7.0, &["-c:v", "mpeg4", "-c:a", "mp2"]).await;
    let folder = studio.place.dir.path().join("dash");
    for rendition in ["v180", "a0"] {
        fs::create_dir_all(folder.join(rendition)).unwrap();
        let parsed = rendition.parse().unwrap();
        let init = studio
            .hls
            .init(&studio.film, parsed, 0.0, &ann("room"))
            .await;
        fs::write(
            folder.join(rendition).join("init.mp4"),
            bytes(init.unwrap()).await,
        )
        .unwrap();
        for number in 0..studio.starts(rendition).await.len() - 1 {
            let segment = studio.segment(rendition, number).await.unwrap();
            fs::write(folder.join(format!("{rendition}/{number}.m4s")), segment).unwrap();
        }
    }
    let offer = Offer {
        copy: true,
        most_lines: None,
        sound: None,
    };
    let manifest = folder.join("main.mpd");
    fs::write(&manifest, studio.hls.manifest(&studio.film, offer).await).unwrap();
    let end = studio.starts("v180").await.pop().unwrap();
    let pictures = packets(&manifest, "v:0");
    assert_eq!(pictures.len(), (end * 25.0).round() as usize);
    let end = studio.starts("a0").await.pop().unwrap();
    let blocks = (end * 48_000.0 / 1024.0).round() as usize;
    assert_eq!(packets(&manifest, "a:0").len(), blocks);
}

#[tokio::test]
async fn all_who_watch_together_share_one_encode() {
    let studio = studio("old.avi", 8.0, &["-c:v", "mpeg4", "-an"]).await;
    let ask = |name: &str| {
        let (hls, film) = (studio.hls.clone(), studio.film.clone());
        let who = Wanting {
            room: "room".into(),
            viewer: name.into(),
        };
        async move {
            let rendition = "v180".parse().unwrap();
            hls.segment(&film, rendition, 0, &who).await.map(drop)
        }
    };
    let (a, b, c) = tokio::join!(ask("ann"), ask("bob"), ask("cem"));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    studio.until_quiet().await;
    assert_eq!(studio.hls.status().ended.len(), 1);
}

#[tokio::test]
async fn there_is_nothing_beyond_what_is_offered() {
    let studio = studio("old.avi", 4.0, &["-c:v", "mpeg4", "-an"]).await;
    for (rendition, number) in [
        ("v1080", 0),
        ("a0", 0),
        ("copy", 0),
        ("v180", 2),
        ("v180", usize::MAX),
    ] {
        let refused = studio.segment(rendition, number).await.unwrap_err();
        assert_eq!(refused.code(), "segment_not_found", "{rendition} {number}");
    }
    assert!(
        studio.hls.status().ended.is_empty(),
        "nothing was started for it"
    );
}

const SRT: &str = "1\n00:00:01,000 --> 00:00:02,500\nSchöne <i>Grüße</i>\n";
const ASS: &str = "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n\
    Style: Default,Arial,20\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n\
    Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\pos(5,5)}Styled\n";

#[tokio::test]
async fn subtitles_are_found_inside_a_film_and_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let (srt, ass) = (folder.path().join("a.srt"), folder.path().join("a.ass"));
    fs::write(&srt, SRT).unwrap();
    fs::write(&ass, ASS).unwrap();
    let inputs = ["-i", srt.to_str().unwrap(), "-i", ass.to_str().unwrap()];
    let options = [
        &inputs[..],
        &[
            "-map", "0", "-map", "1", "-map", "2", "-map", "3", "-c:s:0", "srt", "-c:s:1", "ass",
        ],
        &[
            "-metadata:s:s:0",
            "language=ger",
            "-metadata:s:s:1",
            "title=Signs",
        ],
        H264_AAC,
    ];
    let studio = studio("Film.mkv", 4.0, &options.concat()).await;
    // Written on an old Windows, and put there after the film was found.
    let old = SRT.chars().map(|c| c as u8).collect::<Vec<_>>();
    fs::write(studio.place.film("Film.de.forced.srt"), old).unwrap();
    fs::write(studio.place.film("Film 2.srt"), SRT).unwrap();
    let id = studio.library.list("", 0, 10).media[0].id;
    let sidecars = studio.library.sidecars(&id).await;
    let tracks = studio.hls.text_tracks(&studio.film, &sidecars);
    let told: Vec<_> = tracks
        .iter()
        .map(|track| {
            (
                track.label.as_str(),
                track.language.as_deref(),
                track.format,
                track.forced,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("ger", Some("ger"), TextFormat::Vtt, false),
            ("Signs", None, TextFormat::Ass, false),
            ("de forced", Some("de"), TextFormat::Vtt, true),
        ]
    );
    let inside = bytes(studio.hls.text(&studio.film, 0).await.unwrap()).await;
    let inside = String::from_utf8(inside).unwrap();
    assert!(
        inside.starts_with("WEBVTT") && inside.contains("\n00:01.0"),
        "{inside}"
    );
    assert!(inside.contains("Schöne <i>Grüße</i>"), "{inside}");
    let styled = bytes(studio.hls.text(&studio.film, 1).await.unwrap()).await;
    assert!(
        String::from_utf8(styled)
            .unwrap()
            .contains("{\\pos(5,5)}Styled")
    );
    let file = studio
        .library
        .open_sidecar(&id, &sidecars[0])
        .await
        .unwrap();
    let beside = studio
        .hls
        .sidecar(&studio.film, &sidecars[0], file)
        .await
        .unwrap();
    assert!(
        String::from_utf8(bytes(beside).await)
            .unwrap()
            .contains("Schöne <i>Grüße</i>")
    );
    let missing = studio.hls.text(&studio.film, 2).await.unwrap_err();
    assert_eq!(missing.code(), "segment_not_found");
}
