//! ffmpeg and ffprobe, when they are there: found once, run one way.
//!
//! A child never sees a path or a name from the library: it gets the opened file as its standard input, so no
//! file name can become an option, a protocol or another file. It may read nothing else (`-protocol_whitelist
//! file`), knows only plain containers (a playlist renamed `.mp4` can't make it open other files), runs
//! niced, and is killed when its time is up or when nobody waits for it any more.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// Containers a child may read. Left out on purpose: hls, dash, concat, image2, sdp: they open other files.
const CONTAINERS: &str = "aac,asf,avi,flac,flv,matroska,mov,mp3,mpeg,mpegts,ogg,rm,wav";

/// How far down in priority children run: playing and chatting come first.
const NICENESS: &str = "15";

/// Where the optional programs are.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    /// Better probing, and more containers.
    pub ffprobe: Option<PathBuf>,
    /// Posters.
    pub ffmpeg: Option<PathBuf>,
    /// Lowers the priority of the others.
    nice: Option<PathBuf>,
}

impl Tools {
    /// Looks for the programs on `PATH`.
    pub fn find() -> Self {
        Self {
            ffprobe: on_path("ffprobe"),
            ffmpeg: on_path("ffmpeg"),
            nice: on_path("nice"),
        }
    }

    /// None of them: everything is done by the built-in parsers, and there are no posters.
    pub fn none() -> Self {
        Self::default()
    }

    /// A command for `program` that reads `input`, with the options for reading it in place.
    pub(crate) fn command(&self, program: &Path, input: File) -> Command {
        let mut command = match &self.nice {
            Some(nice) => {
                let mut command = Command::new(nice);
                command.args(["-n", NICENESS]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.args([
            "-hide_banner",
            "-v",
            "error",
            "-protocol_whitelist",
            "file",
            "-format_whitelist",
            CONTAINERS,
        ]);
        command
            .stdin(Stdio::from(input))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// The name under which a child finds its input: opened anew by the child, so that it can seek.
pub(crate) const INPUT: &str = "file:/dev/stdin";

/// How a child failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ToolFailure {
    /// It couldn't be started or read from, or died.
    NotRun,
    /// It ran and said no: with these files, that means the file.
    Refused,
    /// It took longer than it may, or said more than it may, and was killed.
    OverLimit,
}

/// Runs a child to its end and returns what it printed.
pub(crate) async fn output(
    mut command: Command,
    time: Duration,
    limit: u64,
) -> Result<Vec<u8>, ToolFailure> {
    let run = async {
        let mut child = command.spawn().map_err(|_| ToolFailure::NotRun)?;
        let mut stdout = child
            .stdout
            .take()
            .ok_or(ToolFailure::NotRun)?
            .take(limit + 1);
        let mut printed = Vec::new();
        stdout
            .read_to_end(&mut printed)
            .await
            .map_err(|_| ToolFailure::NotRun)?;
        if printed.len() as u64 > limit {
            return Err(ToolFailure::OverLimit);
        }
        let status = child.wait().await.map_err(|_| ToolFailure::NotRun)?;
        match status.code() {
            Some(0) => Ok(printed),
            // What `nice` says when it can't start the program; no code at all when a signal ended it.
            Some(126 | 127) | None => Err(ToolFailure::NotRun),
            Some(_) => Err(ToolFailure::Refused),
        }
    };
    // Past the time, the future is dropped, and with it the child (kill_on_drop).
    tokio::time::timeout(time, run)
        .await
        .unwrap_or(Err(ToolFailure::OverLimit))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?)
        .filter(|folder| folder.is_absolute()) // "." on PATH would run what lies in a media folder
        .map(|folder| folder.join(&name))
        .find(|candidate| is_executable(candidate))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}
