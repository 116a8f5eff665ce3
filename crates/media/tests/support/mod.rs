//! Real files made by ffmpeg, and a library over them.
#![allow(dead_code, clippy::unwrap_used)] // each test binary uses its part; a failed set-up should panic

pub mod studio;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use watchalong_media::{Library, LibraryConfig, Medium, MediumState};

/// A folder for media and one for the cache, gone with the value.
pub struct Place {
    pub dir: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("films")).unwrap();
        Self { dir }
    }

    pub fn films(&self) -> PathBuf {
        self.dir.path().join("films")
    }

    pub fn film(&self, name: &str) -> PathBuf {
        self.films().join(name)
    }

    /// Settings that make tests quick: files rest after 300 ms.
    pub fn config(&self) -> LibraryConfig {
        let mut config = LibraryConfig::new(vec![self.films()], self.dir.path().join("cache"));
        config.settle = Duration::from_millis(300);
        config
    }
}

/// Runs ffmpeg with test pictures and sound as its inputs 0 and 1.
pub fn clip(target: &Path, seconds: f64, options: &[&str]) {
    let picture = format!("testsrc2=size=320x180:rate=25:duration={seconds}");
    let sound = format!("sine=frequency=440:sample_rate=48000:duration={seconds}");
    let status = Command::new("ffmpeg")
        .args([
            "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i",
            &sound,
        ])
        .args(options)
        .arg(target)
        .status()
        .expect("these tests need ffmpeg on PATH");
    assert!(status.success(), "ffmpeg could not make {target:?}");
}

pub const H264_AAC: &[&str] = &[
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-pix_fmt",
    "yuv420p",
    "-c:a",
    "aac",
];

pub fn mp4(target: &Path, seconds: f64) {
    clip(target, seconds, &[H264_AAC, &["-f", "mp4"]].concat());
}

/// Waits until the library is as described, and fails with what it is if it never gets there.
pub async fn until(
    library: &Library,
    what: &str,
    mut done: impl FnMut(&[Arc<Medium>]) -> bool,
) -> Vec<Arc<Medium>> {
    let start = Instant::now();
    loop {
        let media = library.list("", 0, 200).media;
        if done(&media) {
            return media;
        }
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "not {what}: {media:#?} {:?}",
            library.status()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until all of `count` media are looked into, good or bad.
pub async fn all_probed(library: &Library, count: usize) -> Vec<Arc<Medium>> {
    let done =
        |medium: &Arc<Medium>| matches!(medium.state, MediumState::Ready | MediumState::Broken);
    until(library, "all probed", |media| {
        media.len() == count && media.iter().all(done)
    })
    .await
}

pub fn titles(media: &[Arc<Medium>]) -> Vec<&str> {
    media.iter().map(|medium| medium.title.as_str()).collect()
}
