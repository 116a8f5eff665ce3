//! The film that is measured: made by ffmpeg, with each frame's number and time drawn into it.
//!
//! Measuring needs no reading of the picture (the browser tells each shown frame's media time);
//! the numbers are for people who watch the pages while the lab runs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

/// Frames a second: what most films on the web have.
pub const FRAME_RATE: u32 = 30;

/// Makes `folder/Sync Lab.mp4` of `seconds`, 640x360, H.264 and AAC, a key frame every two seconds,
/// about 1 Mbit/s: small enough to decode several times on two cores, and like a real film in all
/// that matters to seeking and buffering.
pub async fn make(folder: &Path, seconds: u32) -> Result<PathBuf> {
    let path = folder.join("Sync Lab.mp4");
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args([
            "-f",
            "lavfi",
            "-i",
            &format!("testsrc2=size=640x360:rate={FRAME_RATE}"),
        ])
        .args([
            "-f",
            "lavfi",
            "-i",
            "sine=frequency=440:beep_factor=4:sample_rate=48000",
        ])
        .args(["-t", &seconds.to_string()])
        .args([
            "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p",
        ])
        .args(["-b:v", "900k", "-maxrate", "1200k", "-bufsize", "1200k"])
        .args(["-g", &(2 * FRAME_RATE).to_string()])
        .args(["-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart"])
        .arg(&path)
        .stdin(Stdio::null())
        .output()
        .await
        .context("ffmpeg could not be started; install it and try again")?;
    if !output.status.success() {
        bail!(
            "ffmpeg could not make the clip: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(path)
}
