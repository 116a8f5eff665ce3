//! Thumbnails for the seek bar: sheets of small pictures, each made by ffmpeg when somebody looks there, and kept.
//!
//! A film is cut into stretches of [`PER_SHEET`] pictures. Only its keyframes are decoded, so that a sheet costs
//! seconds and not minutes; a picture shows the last keyframe before its moment. One sheet is made at a time,
//! niced, on one thread, within a time limit, from the opened file, which a child gets as its standard input. Who stops
//! waiting ends the child. Sheets lie in a cache of their own with a limit; the longest unused go first.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Semaphore;

use crate::delivery::MediaFile;
use crate::error::MediaError;
use crate::hls::cache::Cache;
use crate::medium::Medium;
use crate::tools::{INPUT, Tools, output};

/// Pictures of a sheet, in rows of ten: some 250 KB as a whole.
const COLUMNS: u32 = 10;
const ROWS: u32 = 10;
const PER_SHEET: u32 = COLUMNS * ROWS;

/// Pixels across of one picture; seek bars show them at about this size.
const WIDTH: u32 = 192;

/// Seconds between two pictures: a film of an hour and more has one in ten seconds, shorter ones more.
const LONGEST_STEP: f64 = 10.0;
const SHORTEST_STEP: f64 = 1.0;
/// Pictures wanted of a whole film, where that needs no step outside of the bounds above.
const PICTURES: f64 = 400.0;

/// Pictures at most, those of a day: what a file says of its length is not to be believed.
const MOST: f64 = 8_640.0;

/// Longest making of a sheet. A thousand seconds of a 4K film have some 300 keyframes, a minute's work on a small server.
const TIME: Duration = Duration::from_secs(180);

/// Largest sheet taken, bytes.
const MAX_BYTES: u64 = 4 << 20;

/// Sheets kept on disk, bytes: some three hundred hours of film.
const CACHE_BYTES: u64 = 256 << 20;

/// A sheet that was looked at so lately stays.
const REST: Duration = Duration::from_secs(60);

/// Failures remembered, so that no film is tried again with each movement over the seek bar.
const MAX_FAILED: usize = 1_000;

/// Where the pictures of a film are on their sheets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PreviewGrid {
    /// Seconds from one picture to the next; the first is of the film's beginning.
    pub step: f64,
    /// Pictures in a row of a sheet.
    pub columns: u32,
    /// Rows of a sheet.
    pub rows: u32,
    /// Pixels of a picture.
    pub width: u32,
    /// Pixels of a picture.
    pub height: u32,
    /// Pictures in all.
    pub count: u32,
}

impl PreviewGrid {
    /// Of a film; `None` where it has no picture or nobody knows its length.
    pub fn of(medium: &Medium) -> Option<Self> {
        let duration = medium.duration?;
        let video = medium.video.first()?;
        let step = (duration / PICTURES)
            .ceil()
            .clamp(SHORTEST_STEP, LONGEST_STEP);
        let shape = f64::from(video.height) / f64::from(video.width.max(1));
        // Both sides even, as JPEG's colour wants; no column of pixels, whatever a file says of itself.
        let height = if video.width == 0 || video.height == 0 {
            9.0 / 16.0
        } else {
            shape.clamp(0.2, 2.0)
        };
        Some(Self {
            step,
            columns: COLUMNS,
            rows: ROWS,
            width: WIDTH,
            height: (f64::from(WIDTH) * height / 2.0).round() as u32 * 2,
            count: (duration / step).ceil().clamp(1.0, MOST) as u32,
        })
    }

    /// How many sheets there are.
    pub fn sheets(&self) -> u32 {
        self.count.div_ceil(PER_SHEET)
    }
}

/// The maker of sheets.
#[derive(Debug)]
pub struct Previews {
    cache: Arc<Cache>,
    tools: Tools,
    turn: Semaphore,
    failed: Mutex<HashSet<String>>,
}

impl Previews {
    /// With what an earlier run left in `folder`. Blocking.
    pub fn open(folder: PathBuf, tools: Tools) -> Self {
        Self {
            cache: Arc::new(Cache::open(folder, CACHE_BYTES, REST)),
            tools,
            turn: Semaphore::new(1),
            failed: Mutex::default(),
        }
    }

    /// Whether any can be made.
    pub fn on(&self) -> bool {
        self.tools.ffmpeg.is_some()
    }

    /// Sheet `number`, JPEG, made now if need be. `None` without ffmpeg, past the last, and where none could be made.
    ///
    /// Waits for its turn: one is made at a time. Dropping the future gives the turn up.
    ///
    /// # Errors
    /// [`MediaError::Copying`] while the file still arrives, and what else keeps it from being read.
    pub async fn sheet(
        &self,
        medium: &Medium,
        file: &MediaFile,
        number: u32,
    ) -> Result<Option<MediaFile>, MediaError> {
        let Some(grid) = PreviewGrid::of(medium).filter(|grid| number < grid.sheets()) else {
            return Ok(None);
        };
        // A file that was replaced has other pictures.
        let version = file.content(None).id;
        let name = format!("{}-{version:016x}/sheets/{number}.jpg", medium.id);
        if let Some(kept) = self.cache.get(&name, "image/jpeg").await {
            return Ok(Some(kept));
        }
        let input = file.whole()?;
        let (Some(ffmpeg), Ok(_turn)) = (self.tools.ffmpeg.clone(), self.turn.acquire().await)
        else {
            return Ok(None);
        };
        // Whoever had the turn before may have made the same one, or failed to.
        if let Some(kept) = self.cache.get(&name, "image/jpeg").await {
            return Ok(Some(kept));
        }
        if self.failed().contains(&name) {
            return Ok(None);
        }
        let mut command = self.tools.command(&ffmpeg, input);
        command.args(arguments(&grid, number));
        let made = output(command, TIME, MAX_BYTES).await.ok();
        let Some(picture) = made.filter(|made| made.starts_with(&[0xff, 0xd8, 0xff])) else {
            tracing::debug!(media = %medium.id, number, "no previews could be made");
            let mut failed = self.failed();
            if failed.len() >= MAX_FAILED {
                failed.clear();
            }
            failed.insert(name);
            return Ok(None);
        };
        if !self.cache.has_room().await || self.cache.put(&name, picture.into()).await.is_err() {
            tracing::warn!(
                "previews can't be kept: the disk is full, or the cache folder can't be written"
            );
            return Ok(None);
        }
        Ok(self.cache.get(&name, "image/jpeg").await)
    }

    fn failed(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What ffmpeg is told for one sheet.
fn arguments(grid: &PreviewGrid, number: u32) -> Vec<String> {
    let (step, from) = (grid.step, f64::from(number * PER_SHEET) * grid.step);
    // From the keyframe before the sheet's beginning on; `fps` repeats it until the next, `tpad` the last to the end.
    let filter = format!(
        "fps=fps=1/{step}:start_time=0:round=up,tpad=stop={PER_SHEET}:stop_mode=clone,scale={}:{},setsar=1,tile={}x{}",
        grid.width, grid.height, grid.columns, grid.rows
    );
    [
        "-nostdin",
        "-threads",
        "1",
        "-skip_frame",
        "nokey",
        "-noaccurate_seek",
        "-ss",
        &format!("{from:.3}"),
        "-i",
        INPUT,
        "-map",
        "0:v:0",
        "-an",
        "-sn",
        "-dn",
        "-vf",
        &filter,
        "-frames:v",
        "1",
        "-threads",
        "1",
        "-q:v",
        "5",
        "-c:v",
        "mjpeg",
        "-f",
        "image2pipe",
        "pipe:1",
    ]
    .map(str::to_owned)
    .into()
}
