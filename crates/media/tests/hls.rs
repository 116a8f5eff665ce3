//! Converting real films: that every segment is where the playlist says, picture for picture; and what happens
//! when ffmpeg hangs, dies, or works for nobody.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use support::{H264_AAC, Place, all_probed, clip};
use watchalong_media::{
    Film, Hls, HlsConfig, HlsError, Library, MediaFile, Offer, Rendition, TextFormat, Tools,
    Wanting,
};

/// A film, and what converts it.
struct Studio {
    place: Place,
    library: Library,
    hls: Arc<Hls>,
    film: Arc<Film>,
}

async fn studio(name: &str, seconds: f64, options: &[&str]) -> Studio {
    studio_with(name, seconds, options, Tools::find(), |_| {}).await
}

async fn studio_with(
    name: &str,
    seconds: f64,
    options: &[&str],
    tools: Tools,
    change: impl FnOnce(&mut HlsConfig),
) -> Studio {
    let place = Place::new();
    clip(&place.film(name), seconds, options);
    let library = Library::open(place.config()).await.unwrap();
    let medium = all_probed(&library, 1).await.remove(0);
    let mut config = HlsConfig::new(place.dir.path().join("hls"));
    // A loaded machine is slow, not wrong.
    config.patience = Duration::from_secs(120);
    config.hang = Duration::from_secs(60);
    change(&mut config);
    let hls = Arc::new(Hls::open(config, tools));
    let file = library.open_media(&medium.id).await.unwrap();
    let film = hls.film(medium, file).await.unwrap();
    Studio {
        place,
        library,
        hls,
        film,
    }
}

fn ann(room: &str) -> Wanting {
    Wanting {
        room: room.into(),
        viewer: format!("{room}/ann").into(),
    }
}

async fn bytes(file: MediaFile) -> Vec<u8> {
    let answer = file.answer(&Method::GET, &HeaderMap::new());
    answer
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .to_vec()
}

impl Studio {
    async fn segment(&self, rendition: &str, number: usize) -> Result<Vec<u8>, HlsError> {
        let rendition: Rendition = rendition.parse().unwrap();
        let who = ann("room");
        let (file, ..) = self
            .hls
            .segment(&self.film, rendition, number, &who)
            .await?;
        Ok(bytes(file).await)
    }

    /// Init and the segments from `first` on, as one file.
    async fn part(&self, rendition: &str, first: usize, count: usize) -> PathBuf {
        let parsed: Rendition = rendition.parse().unwrap();
        let begin = first as f64 * 3.0 + 0.5;
        let init = self.hls.init(&self.film, parsed, begin, &ann("room")).await;
        let mut all = bytes(init.unwrap()).await;
        for number in first..first + count {
            all.extend(self.segment(rendition, number).await.unwrap());
        }
        let path = self
            .place
            .dir
            .path()
            .join(format!("{rendition}-{first}.mp4"));
        fs::write(&path, all).unwrap();
        path
    }

    /// When each segment begins, by the playlist; the last number is the end.
    async fn starts(&self, rendition: &str) -> Vec<f64> {
        let parsed = rendition.parse().unwrap();
        let text = self.hls.playlist(&self.film, parsed).await.unwrap();
        let lengths = text.lines().filter_map(|line| {
            let length = line.strip_prefix("#EXTINF:")?.trim_end_matches(',');
            Some(length.parse::<f64>().unwrap())
        });
        let mut at = 0.0;
        let mut starts = vec![0.0];
        for length in lengths {
            at += length;
            starts.push(at);
        }
        starts
    }

    async fn until_quiet(&self) {
        let begun = Instant::now();
        while !self.hls.status().running.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(60), "still running");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

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
    assert!(
        master.contains("\ncopy.m3u8") && master.contains("\nv180.m3u8"),
        "{master}"
    );
    assert!(master.contains("URI=\"a0.m3u8\""), "{master}");
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
        assert!(begun.elapsed() < Duration::from_secs(60), "it still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_encoder_that_says_nothing_is_killed_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let tools = stand_in(folder.path(), "echo stuck >&2\nexec sleep 600");
    let studio = studio_with("old.avi", 4.0, &["-c:v", "mpeg4", "-an"], tools, |config| {
        config.hang = Duration::from_millis(500);
    })
    .await;
    let error = studio.segment("v180", 0).await.unwrap_err();
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
    let studio = studio_with("old.avi", 20.0, &["-c:v", "mpeg4", "-an"], tools, |_| {}).await;
    let error = studio.segment("v180", 0).await.unwrap_err();
    assert_eq!(error.code(), "transcode_failed");
    assert!(error.to_string().contains("Invalid data found"), "{error}");
    // At once, without a new attempt: players ask again and again.
    let asked = studio.hls.status().ended.len();
    assert!(studio.segment("v180", 0).await.is_err());
    assert_eq!(studio.hls.status().ended.len(), asked);
    // Further on it is tried.
    assert!(studio.segment("v180", 6).await.is_err());
    assert_eq!(studio.hls.status().ended.len(), asked + 1);
}

#[tokio::test]
async fn an_encoder_dies_with_its_room() {
    let folder = tempfile::tempdir().unwrap();
    // The pictures come, and then it would stand still for ever.
    let tools = stand_in(folder.path(), "exec ffmpeg \"$@\"");
    let studio = studio_with("old.avi", 90.0, &["-c:v", "mpeg4", "-an"], tools, |_| {}).await;
    studio.segment("v180", 0).await.unwrap();
    // It is ahead as far as it may be, and waits.
    let begun = Instant::now();
    while studio.hls.status().running[0].at < 10 {
        assert!(begun.elapsed() < Duration::from_secs(60));
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
    let options = ["-c:v", "mpeg4", "-an", "-s", "640x1000"];
    let studio = studio_with("old.avi", 60.0, &options, Tools::find(), |config| {
        config.encodes = 1;
    })
    .await;
    studio.segment("v1000", 0).await.unwrap();
    let who = Wanting {
        room: "other".into(),
        viewer: "bob".into(),
    };
    let rendition = "v720".parse().unwrap();
    studio
        .hls
        .segment(&studio.film, rendition, 0, &who)
        .await
        .unwrap();
    let begun = Instant::now();
    let gave_way = || {
        let ended = studio.hls.status().ended;
        ended.iter().any(|run| run.rendition == "v1000")
    };
    while !gave_way() {
        assert!(begun.elapsed() < Duration::from_secs(60));
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
        &["-c:v", "mpeg4", "-metadata", "title=$(touch z)", "-an"],
        tools,
        |_| {},
    )
    .await;
    studio.segment("v180", 0).await.unwrap();
    let arguments = fs::read_to_string(folder.path().join("args")).unwrap();
    assert!(!arguments.contains("touch"), "{arguments}");
    assert!(
        arguments.contains("-protocol_whitelist\nfile\n"),
        "{arguments}"
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
    let old = SRT
        .replace('ö', "\u{f6}")
        .chars()
        .map(|c| c as u8)
        .collect::<Vec<_>>();
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
