//! One run of ffmpeg: from a place in a film onwards, segment after segment, until nobody wants more.
//!
//! Its output comes through a pipe, so a run that is far enough ahead is simply not read from and stands still
//! without a signal or a file. It is killed when it says nothing for too long, when its viewers are gone, when its
//! room ends and when the server stops: the child dies with the task that reads from it.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::task::JoinHandle;

use super::cutter::{Cut, Cutter};
use super::desk::{Desk, Watched};
use super::encoder::Encoder;
use super::error::HlsError;
use super::film::input;
use super::fragments::{Fragments, Piece};
use super::rendition::Rendition;
use super::track::Track;

/// What is kept of what ffmpeg complains about: enough for the reason, too little to fill memory.
const STDERR_TAIL: usize = 4096;

/// How much is taken from the pipe at once; Linux's pipes hold 64 KiB.
const READ: usize = 64 << 10;

/// How long the end of stderr is waited for after a child ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a run ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// With the film, or where the segments of an earlier run begin.
    Complete,
    /// Nobody wanted more.
    Unwanted,
    Failed(HlsError),
}

/// What the administrator is told of a run.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) segments: usize,
    pub(super) stderr: String,
}

/// Makes segments of `track` from `first` on.
pub(super) async fn run(
    desk: &Arc<Desk>,
    track: &Arc<Track>,
    id: u64,
    first: usize,
    encoder: &Encoder,
    told: &mut Told,
) -> Ended {
    // Its viewers may have left while it stood in line.
    if let Watched::Nobody = track.rest(desk, id).await {
        return Ended::Unwanted;
    }
    if !desk.cache.has_room().await {
        return Ended::Failed(HlsError::DiskFull);
    }
    let (child, stdout, stderr) = match start(desk, track, first, encoder) {
        Ok(started) => started,
        Err(error) => return Ended::Failed(error),
    };
    let words = tokio::spawn(last_words(stderr));
    let mut work = Work {
        desk,
        track,
        id,
        reader: Fragments::default(),
        cutter: None,
        first,
        told,
    };
    let ended = work.read(stdout).await;
    let told = work.told;
    end(child, words, told).await;
    match ended {
        // What ffmpeg said is a better reason than that its output ended.
        Ended::Failed(HlsError::Failed { reason }) => {
            let said = told.stderr.lines().rev().find(|line| !line.is_empty());
            let reason = said.map_or(reason, |said| said.chars().take(200).collect());
            Ended::Failed(HlsError::Failed { reason })
        }
        ended => ended,
    }
}

fn start(
    desk: &Arc<Desk>,
    track: &Arc<Track>,
    first: usize,
    encoder: &Encoder,
) -> Result<(Child, ChildStdout, ChildStderr), HlsError> {
    let missing = || HlsError::Unavailable {
        reason: "ffmpeg is not installed".to_owned(),
    };
    let program = desk.tools.ffmpeg.as_ref().ok_or_else(missing)?;
    let mut command = desk.tools.command(program, input(&track.film.file)?);
    let arguments = track
        .rendition
        .arguments(&track.film, &track.grid, first, encoder);
    command.args(arguments).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| HlsError::Failed {
        reason: format!("ffmpeg could not be started: {error}"),
    })?;
    match (child.stdout.take(), child.stderr.take()) {
        (Some(stdout), Some(stderr)) => Ok((child, stdout, stderr)),
        _ => Err(missing()),
    }
}

struct Work<'a> {
    desk: &'a Arc<Desk>,
    track: &'a Arc<Track>,
    id: u64,
    first: usize,
    reader: Fragments,
    cutter: Option<(Cutter, i64)>,
    told: &'a mut Told,
}

impl Work<'_> {
    async fn read(&mut self, mut stdout: ChildStdout) -> Ended {
        let mut buffer = BytesMut::with_capacity(READ);
        let mut pieces = Vec::new();
        loop {
            if let Watched::Nobody = self.track.rest(self.desk, self.id).await {
                return Ended::Unwanted;
            }
            buffer.clear();
            let read = tokio::time::timeout(self.desk.config.hang, stdout.read_buf(&mut buffer));
            match read.await {
                Err(_) => {
                    let seconds = self.desk.config.hang.as_secs();
                    return Ended::Failed(HlsError::Hung { seconds });
                }
                Ok(Err(error)) => return failed(&error),
                Ok(Ok(0)) => return self.finish().await,
                Ok(Ok(_)) => {}
            }
            if let Err(error) = self.reader.push(&buffer, &mut pieces) {
                return failed(&error);
            }
            for piece in pieces.drain(..) {
                match self.take(piece).await {
                    Ok(false) => {}
                    Ok(true) => return Ended::Complete,
                    Err(error) => return Ended::Failed(error),
                }
            }
        }
    }

    /// Takes a piece; true where nothing more is needed.
    async fn take(&mut self, piece: Piece) -> Result<bool, HlsError> {
        match piece {
            Piece::Init { bytes, timescale } => {
                let grid = Arc::clone(&self.track.grid);
                let cutter = Cutter::new(grid, timescale, self.first);
                self.cutter = Some((cutter, Rendition::lead(timescale)));
                self.desk.keep(&self.track.init_name(), bytes).await?;
                self.track.tell();
                Ok(false)
            }
            Piece::Sample(mut sample) => {
                let Some((cutter, lead)) = &mut self.cutter else {
                    return Ok(false);
                };
                sample.dts = sample.dts.saturating_sub(*lead);
                let cut = cutter.push(sample).map_err(|error| HlsError::Failed {
                    reason: error.to_string(),
                })?;
                match cut {
                    Some(cut) => self.keep(cut).await,
                    None => Ok(false),
                }
            }
        }
    }

    /// Keeps a segment; true where the next one is there already, or there is none.
    async fn keep(&mut self, cut: Cut) -> Result<bool, HlsError> {
        let name = self.track.segment_name(cut.number);
        self.desk.keep(&name, cut.bytes).await?;
        self.told.segments += 1;
        let next = cut.number + 1;
        self.track.made(self.id, next);
        Ok(next >= self.track.grid.count() || self.desk.cache.has(&self.track.segment_name(next)))
    }

    /// ffmpeg came to the end of its input.
    async fn finish(&mut self) -> Ended {
        let last = self.cutter.as_mut().and_then(|(cutter, _)| cutter.end());
        let Some(cut) = last else {
            return failed(&"it ended before anything came out");
        };
        match self.keep(cut).await {
            Ok(true) => Ended::Complete,
            Ok(false) => failed(&"the file ends before it should"),
            Err(error) => Ended::Failed(error),
        }
    }
}

fn failed(reason: &dyn std::fmt::Display) -> Ended {
    Ended::Failed(HlsError::Failed {
        reason: reason.to_string(),
    })
}

/// Ends the child, and gathers what it said.
async fn end(mut child: Child, mut words: JoinHandle<String>, told: &mut Told) {
    let _ = child.start_kill();
    let _ = child.wait().await;
    match tokio::time::timeout(LAST_WORDS, &mut words).await {
        Ok(said) => told.stderr = said.unwrap_or_default(),
        Err(_) => words.abort(), // a grandchild holds the pipe
    }
}

/// Reads to the end, keeps the last of it.
async fn last_words(mut stderr: impl AsyncRead + Unpin) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..read]);
        let surplus = kept.len().saturating_sub(STDERR_TAIL);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// For the record: how long a run took.
pub(super) fn speed(segments: usize, seconds: f64, since: Instant) -> f64 {
    let made = segments as f64 * seconds;
    made / since.elapsed().as_secs_f64().max(0.001)
}
