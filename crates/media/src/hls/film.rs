//! A medium as converting sees it: what its tracks are, when they begin, how many pictures a second it has, and
//! where it could be cut without converting.
//!
//! Asked of ffprobe once for each version of a file, when somebody first needs it.

use std::collections::hash_map::DefaultHasher;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::OnceCell;

use super::error::HlsError;
use super::grid::{Even, Grid};
use crate::delivery::MediaFile;
use crate::id::MediaId;
use crate::medium::Medium;
use crate::tools::{INPUT, ToolFailure, Tools, output};

/// About how long a segment is, seconds. Short enough that a seek shows a picture after a moment of encoding,
/// long enough that keyframes cost little (some 5 % over 6 s).
pub(crate) const SEGMENT: f64 = 3.0;

/// The longest segment of copied pictures, seconds. Some recorders put a keyframe every 10 s; past this a seek would
/// take too long, and converting is better.
const LONGEST_COPY: f64 = 20.0;

/// Most places at which keyframes are looked for: a file needs some ms for each.
const MAX_LOOKS: usize = 4000;

/// Looking for keyframes reads a little at each place. A disk that sleeps needs 10 s to spin up.
const KEYFRAME_TIME: Duration = Duration::from_secs(60);

/// A look at the tracks.
const PROBE_TIME: Duration = Duration::from_secs(30);

/// Most bytes of JSON read: 4000 keyframes are 400 KB.
const MAX_JSON: u64 = 2 << 20;

/// Media longer than this have no timeline that anybody watches: a broken or hostile file (a day and a half).
const MAX_DURATION: f64 = 36.0 * 3600.0;

/// A file that begins later than this (seconds) is watched from its first picture; below, its own times count, as
/// in browsers that play it directly.
const LATE_START: f64 = 1.0;

/// Ticks a second of sound: AAC at 48 kHz, in blocks of 1024.
pub(crate) const SOUND_RATE: u32 = 48_000;
/// Samples of one block of AAC.
pub(crate) const SOUND_BLOCK: u32 = 1024;

/// Frames a second as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameRate {
    pub(crate) over: u32,
    pub(crate) under: u32,
}

/// Rates that films are made in; one that varies is shown at the next above its mean.
const COMMON: [FrameRate; 9] = [
    FrameRate::new(24_000, 1001),
    FrameRate::new(24, 1),
    FrameRate::new(25, 1),
    FrameRate::new(30_000, 1001),
    FrameRate::new(30, 1),
    FrameRate::new(48, 1),
    FrameRate::new(50, 1),
    FrameRate::new(60_000, 1001),
    FrameRate::new(60, 1),
];

impl FrameRate {
    const fn new(over: u32, under: u32) -> Self {
        Self { over, under }
    }

    /// Frames a second.
    pub(crate) fn hertz(self) -> f64 {
        f64::from(self.over) / f64::from(self.under)
    }

    fn parse(text: &str) -> Option<Self> {
        let (over, under) = text.split_once('/')?;
        let rate = Self::new(over.parse().ok()?, under.parse().ok()?);
        (rate.over > 0 && rate.under > 0).then_some(rate)
    }

    /// What pictures are converted at: the source's own rate where it keeps one, 60 at most.
    fn of(real: Option<Self>, mean: Option<Self>) -> Self {
        let steady = match (real, mean) {
            (Some(real), Some(mean)) => (real.hertz() / mean.hertz() - 1.0).abs() < 0.01,
            _ => false,
        };
        let wanted = match (real, mean) {
            (Some(real), _) if steady => real,
            (_, Some(mean)) => COMMON
                .into_iter()
                .find(|rate| rate.hertz() >= mean.hertz() * 0.999)
                .unwrap_or(mean),
            (Some(real), None) => real,
            (None, None) => Self::new(25, 1),
        };
        let hertz = wanted.hertz();
        if hertz > 60.5 {
            let times = (hertz / 60.5).ceil() as u32;
            Self::new(wanted.over, wanted.under.saturating_mul(times))
        } else if hertz < 1.0 {
            Self::new(25, 1) // a slide show
        } else {
            wanted
        }
    }

    /// Ticks a second that make a frame a whole number of ticks: at least 10,000, as players like it.
    fn timescale(self) -> (u32, u32) {
        let times = 10_000_u32.div_ceil(self.over);
        (
            self.over.saturating_mul(times),
            self.under.saturating_mul(times),
        )
    }
}

/// One version of one medium.
#[derive(Debug)]
pub struct Film {
    /// Its name.
    pub(crate) id: MediaId,
    /// What the library knows of it.
    pub(crate) medium: Arc<Medium>,
    /// Names this version of it on disk.
    pub(crate) key: String,
    pub(crate) file: MediaFile,
    pub(crate) duration: f64,
    /// Its times are counted from its first picture or sound.
    pub(crate) zero_based: bool,
    pub(crate) rate: FrameRate,
    /// How wide a pixel is shown, for its height: DVDs and broadcasts squeeze their pictures.
    pub(crate) stretch: f64,
    /// The picture's brightness is coded for HDR screens.
    pub(crate) hdr: bool,
    /// The picture's codec in the words of RFC 6381, where copying it makes sense.
    pub(crate) codec: Option<String>,
    pub(crate) has_video: bool,
    pictures: Arc<Grid>,
    sound: Arc<Grid>,
    copied: OnceCell<Option<Arc<Grid>>>,
}

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Format {
    start_time: Option<String>,
    duration: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Stream {
    codec_type: String,
    codec_name: String,
    profile: Option<String>,
    level: Option<i64>,
    pix_fmt: Option<String>,
    r_frame_rate: Option<String>,
    avg_frame_rate: Option<String>,
    field_order: Option<String>,
    color_transfer: Option<String>,
    sample_aspect_ratio: Option<String>,
    disposition: Disposition,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Disposition {
    attached_pic: u8,
}

const ENTRIES: &str = "format=start_time,duration:stream=codec_type,codec_name,profile,level,pix_fmt,r_frame_rate,\
avg_frame_rate,field_order,color_transfer,sample_aspect_ratio:stream_disposition=attached_pic";

impl Film {
    /// Looks into an opened medium.
    pub(super) async fn look(
        tools: &Tools,
        medium: Arc<Medium>,
        file: MediaFile,
    ) -> Result<Self, HlsError> {
        let program = tools.ffprobe.as_ref().ok_or_else(no_ffprobe)?;
        let mut command = tools.command(program, input(&file)?);
        command.args(["-print_format", "json", "-show_entries", ENTRIES]);
        command.args(["-i", INPUT]);
        let json = output(command, PROBE_TIME, MAX_JSON)
            .await
            .map_err(unsuitable)?;
        let report: Report =
            serde_json::from_slice(&json).map_err(|_| unsuitable(ToolFailure::Refused))?;
        Self::of(medium, file, &report)
    }

    fn of(medium: Arc<Medium>, file: MediaFile, report: &Report) -> Result<Self, HlsError> {
        let seconds = |text: Option<&String>| -> Option<f64> {
            text?.parse().ok().filter(|at: &f64| at.is_finite())
        };
        let format = report.format.as_ref();
        let start = format.and_then(|format| seconds(format.start_time.as_ref()));
        let start = start.unwrap_or(0.0);
        let zero_based = !(-LATE_START..LATE_START).contains(&start);
        let length = format
            .and_then(|format| seconds(format.duration.as_ref()))
            .or(medium.duration)
            .filter(|length| *length > 0.0)
            .ok_or_else(|| HlsError::Unsuitable {
                reason: "it doesn't say how long it is".to_owned(),
            })?;
        // ffmpeg counts a file's length from its start; we from zero.
        let duration = if zero_based {
            length
        } else {
            length + start.max(0.0)
        };
        if duration > MAX_DURATION {
            return Err(HlsError::Unsuitable {
                reason: format!("it claims to be {:.0} hours long", duration / 3600.0),
            });
        }
        let video = report
            .streams
            .iter()
            .find(|stream| stream.codec_type == "video" && stream.disposition.attached_pic == 0);
        let fraction = |text: Option<&String>| FrameRate::parse(text?);
        let rate = video.map_or(FrameRate::new(25, 1), |video| {
            let mean = fraction(video.avg_frame_rate.as_ref());
            let progressive = matches!(video.field_order.as_deref(), None | Some("progressive"));
            // Of interlaced pictures some containers count the fields.
            let real = fraction(video.r_frame_rate.as_ref()).filter(|_| progressive);
            FrameRate::of(real.or(mean), mean)
        });
        let (timescale, ticks) = rate.timescale();
        let sound = Even::new(duration, SEGMENT, SOUND_RATE, SOUND_BLOCK);
        let mut hasher = DefaultHasher::new();
        file.etag().hash(&mut hasher);
        Ok(Self {
            id: medium.id,
            key: format!("{}-{:016x}", medium.id, hasher.finish()),
            file,
            duration,
            zero_based,
            rate,
            stretch: video.map_or(1.0, stretch),
            hdr: video.is_some_and(|video| {
                matches!(
                    video.color_transfer.as_deref(),
                    Some("smpte2084" | "arib-std-b67")
                )
            }),
            codec: video.and_then(codec),
            has_video: video.is_some(),
            pictures: Arc::new(Grid::Even(Even::new(duration, SEGMENT, timescale, ticks))),
            sound: Arc::new(Grid::Even(sound)),
            copied: OnceCell::new(),
            medium,
        })
    }

    /// Where converted pictures are cut.
    pub(crate) fn pictures(&self) -> &Arc<Grid> {
        &self.pictures
    }

    /// Where sound is cut.
    pub(crate) fn sound(&self) -> &Arc<Grid> {
        &self.sound
    }

    /// Where the source's pictures can be cut as they are; `None` where they can't. Looked for once.
    pub(crate) async fn copied(&self, tools: &Tools) -> Option<Arc<Grid>> {
        let look = async || match self.keyframes(tools).await {
            Ok(keys) => {
                Grid::of_keyframes(keys, self.duration, SEGMENT, LONGEST_COPY).map(Arc::new)
            }
            Err(error) => {
                tracing::debug!(media = %self.id, %error, "no keyframes found: pictures can't be copied");
                None
            }
        };
        self.copied.get_or_init(look).await.clone()
    }

    /// Keyframes in about equal distances, by asking at many places for the one before.
    async fn keyframes(&self, tools: &Tools) -> Result<Vec<f64>, HlsError> {
        // Only containers with an index are found a way in quickly and exactly.
        let indexed = matches!(
            self.medium.mime.as_str(),
            "video/mp4" | "video/webm" | "video/x-matroska"
        );
        if self.codec.is_none() || self.zero_based || !indexed {
            return Err(HlsError::Unsuitable {
                reason: "its pictures can't be copied".to_owned(),
            });
        }
        let program = tools.ffprobe.as_ref().ok_or_else(no_ffprobe)?;
        let step = SEGMENT.max(self.duration / MAX_LOOKS as f64);
        let places: Vec<String> = (0..)
            .map(|n| f64::from(n) * step)
            .take_while(|at| *at < self.duration)
            .map(|at| format!("{at:.3}%+#1"))
            .collect();
        let mut command = tools.command(program, input(&self.file)?);
        command.args(["-select_streams", "V:0", "-show_entries"]);
        command.args(["packet=pts_time,flags", "-print_format", "csv=p=0"]);
        command.args(["-read_intervals", &places.join(","), "-i", INPUT]);
        let printed = output(command, KEYFRAME_TIME, MAX_JSON)
            .await
            .map_err(unsuitable)?;
        Ok(String::from_utf8_lossy(&printed)
            .lines()
            .filter_map(|line| {
                let (at, flags) = line.split_once(',')?;
                flags.starts_with('K').then(|| at.parse().ok())?
            })
            .collect())
    }

    /// How far before a position reading has to begin so that all of it is decoded, seconds. Files without an
    /// index are entered anywhere, also between keyframes.
    pub(crate) fn run_up(&self) -> f64 {
        match self.medium.mime.as_str() {
            "video/mp4" | "video/webm" | "video/x-matroska" => 1.0,
            _ => 10.0,
        }
    }
}

/// Pixels are square where nothing sensible is said.
fn stretch(stream: &Stream) -> f64 {
    let ratio = stream.sample_aspect_ratio.as_deref();
    let ratio = ratio.and_then(|ratio| {
        let (wide, high) = ratio.split_once(':')?;
        Some(wide.parse::<f64>().ok()? / high.parse::<f64>().ok()?)
    });
    ratio
        .filter(|ratio| (0.25..=4.0).contains(ratio))
        .unwrap_or(1.0)
}

/// What a child reads.
pub(crate) fn input(file: &MediaFile) -> Result<File, HlsError> {
    file.whole().map_err(HlsError::from)
}

fn no_ffprobe() -> HlsError {
    HlsError::Unavailable {
        reason: "ffprobe is not installed".to_owned(),
    }
}

fn unsuitable(failure: ToolFailure) -> HlsError {
    HlsError::Unsuitable {
        reason: match failure {
            ToolFailure::NotRun => "ffprobe could not be run",
            ToolFailure::Refused => "nothing in it could be read",
            ToolFailure::OverLimit => "looking into it took too long",
        }
        .to_owned(),
    }
}

/// RFC 6381's name of a codec that fMP4 carries and some browser decodes. Its level is what files of that kind have
/// at most: browsers look at the profile.
fn codec(stream: &Stream) -> Option<String> {
    let deep = stream
        .pix_fmt
        .as_deref()
        .is_some_and(|format| format.contains("10"));
    let level = stream.level.filter(|level| (1..=255).contains(level));
    match stream.codec_name.as_str() {
        "h264" => {
            let profile = match stream.profile.as_deref() {
                Some("Constrained Baseline") => "42e0",
                Some("Baseline") => "4200",
                Some("Main") => "4d40",
                Some("High") => "6400",
                _ => return None, // 10 bits or more colour: browsers don't decode it
            };
            Some(format!("avc1.{profile}{:02x}", level.unwrap_or(40)))
        }
        "hevc" => {
            let level = level.unwrap_or(120);
            Some(if deep {
                format!("hvc1.2.4.L{level}.B0")
            } else {
                format!("hvc1.1.6.L{level}.B0")
            })
        }
        "vp9" => Some(
            if deep {
                "vp09.02.40.10"
            } else {
                "vp09.00.40.08"
            }
            .to_owned(),
        ),
        "av1" => Some(
            if deep {
                "av01.0.08M.10"
            } else {
                "av01.0.08M.08"
            }
            .to_owned(),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(real: &str, mean: &str) -> FrameRate {
        FrameRate::of(FrameRate::parse(real), FrameRate::parse(mean))
    }

    #[test]
    fn pictures_keep_the_rate_they_were_made_in() {
        assert_eq!(
            rate("24000/1001", "24000/1001"),
            FrameRate::new(24_000, 1001)
        );
        assert_eq!(rate("25/1", "25/1"), FrameRate::new(25, 1));
        // Phones vary: the next common rate shows every picture.
        assert_eq!(rate("90000/1", "29410/1003"), FrameRate::new(30_000, 1001));
        assert_eq!(rate("120/1", "120/1"), FrameRate::new(120, 2));
        assert_eq!(rate("0/0", "0/0"), FrameRate::new(25, 1));
        assert_eq!(rate("1/4", "1/4"), FrameRate::new(25, 1));
    }

    #[test]
    fn a_frame_is_a_whole_number_of_ticks() {
        for rate in COMMON {
            let (timescale, ticks) = rate.timescale();
            assert!(timescale >= 10_000);
            assert_eq!(
                u64::from(timescale) * u64::from(rate.under),
                u64::from(ticks) * u64::from(rate.over)
            );
        }
    }
}
