//! Renditions: the forms in which a medium is offered, and what ffmpeg is told to make one.
//!
//! Names are short and closed (`v720`, `copy`, `a0`), parsed into [`Rendition`] and never used as paths before that.
//! All numbers on a command line are ours or ffprobe's, parsed; nothing a file says of itself gets there as text.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::encoder::Encoder;
use super::film::{Film, SOUND_BLOCK, SOUND_RATE};
use super::grid::{Even, Grid};

/// Heights offered below the source's own: what streaming services use, each about half the data of the one above.
const LADDER: [u32; 3] = [1080, 720, 480];

/// Bits a second of a picture 1080 lines high at 30 frames/s, at most. Fast H.264 looks clean with it.
const TOP_RATE: f64 = 6_000_000.0;
/// Bits a second of the smallest picture: below, nothing is saved that anybody pays for.
const LEAST_RATE: f64 = 400_000.0;
/// How the rate falls with the height: somewhat slower than the number of pixels.
const RATE_POWER: f64 = 1.75;

/// Bits a second of sound: AAC in stereo that nobody tells from its source.
pub(crate) const SOUND_BITS: u32 = 192_000;

/// Seconds added to all times on their way through ffmpeg, so that none is ever before zero.
const LEAD: u32 = 10;

/// Blocks of sound encoded before those wanted: the first decodes to silence, the second leans on it.
const SOUND_RUN_UP: u64 = 2;

/// Bump when the same name begins to mean other bytes: cached segments of older servers then don't mix in.
const VERSION: u32 = 1;

/// One form of a medium's picture or of one of its sound tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rendition {
    /// The picture as it is in the source.
    Copy,
    /// H.264 of about so many lines.
    Picture(u32),
    /// AAC of the source's n-th sound track.
    Sound(usize),
}

impl fmt::Display for Rendition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copy => f.write_str("copy"),
            Self::Picture(lines) => write!(f, "v{lines}"),
            Self::Sound(track) => write!(f, "a{track}"),
        }
    }
}

impl FromStr for Rendition {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = |text: &str| -> Option<u32> {
            let number = text.parse().ok()?;
            // One name for each: no `+1`, no `01`.
            (u32::to_string(&number) == text).then_some(number)
        };
        let parsed = match text {
            "copy" => Some(Self::Copy),
            text if text.starts_with('v') => number(&text[1..]).map(Self::Picture),
            text if text.starts_with('a') => {
                number(&text[1..]).map(|track| Self::Sound(track as usize))
            }
            _ => None,
        };
        parsed.ok_or(())
    }
}

/// How a picture is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

fn even(number: f64) -> u32 {
    (((number / 2.0).round() as u32) * 2).max(2)
}

impl Film {
    /// The heights this is converted to, highest first.
    pub(crate) fn ladder(&self) -> Vec<u32> {
        if !self.has_video || self.medium.video.is_empty() {
            return Vec::new();
        }
        let top = even(f64::from(self.lines().max(2))).min(LADDER[0]);
        let lower = LADDER.into_iter().filter(|lines| lines * 10 <= top * 8);
        std::iter::once(top).chain(lower).collect()
    }

    /// Width and height as shown, with square pixels.
    fn shown(&self) -> (f64, f64) {
        self.medium.video.first().map_or((16.0, 9.0), |video| {
            let (width, height) = (
                f64::from(video.width.max(1)),
                f64::from(video.height.max(1)),
            );
            (width * self.stretch, height)
        })
    }

    /// Its own lines as people count them: a wide film of 1920x800 is "1080".
    pub(crate) fn lines(&self) -> u32 {
        let (width, height) = self.shown();
        height.max(width * 9.0 / 16.0).round() as u32
    }

    /// Pixels of a rendition of `lines`.
    pub(crate) fn size(&self, lines: u32) -> Size {
        let (width, height) = self.shown();
        let scale = f64::from(lines) / f64::from(self.lines().max(1));
        Size {
            width: even(width * scale.min(1.0)),
            height: even(height * scale.min(1.0)),
        }
    }

    /// Bits a second of a rendition of `lines`, at most.
    pub(crate) fn bits(&self, lines: u32) -> u32 {
        let motion = if self.rate.hertz() > 40.0 { 1.5 } else { 1.0 };
        let rate = TOP_RATE * motion * (f64::from(lines) / f64::from(LADDER[0])).powf(RATE_POWER);
        rate.max(LEAST_RATE) as u32
    }

    /// Whether there is such a rendition, copied ones left aside.
    pub(crate) fn offers(&self, rendition: Rendition) -> bool {
        match rendition {
            Rendition::Copy => self.codec.is_some(),
            Rendition::Picture(lines) => self.ladder().contains(&lines),
            Rendition::Sound(track) => track < self.medium.audio.len(),
        }
    }
}

impl Rendition {
    /// Whether making it takes a processor, rather than a disk.
    pub(crate) fn is_heavy(self) -> bool {
        matches!(self, Self::Picture(_))
    }

    /// The folder of its segments, below that of its film.
    pub(crate) fn folder(self) -> String {
        format!("{self}.{VERSION}")
    }

    /// What ffmpeg is told to make segments from `first` on.
    pub(crate) fn arguments(
        self,
        film: &Film,
        grid: &Arc<Grid>,
        first: usize,
        encoder: &Encoder,
    ) -> Vec<String> {
        let begin = grid.start(first);
        let mut out = Arguments::default();
        out.flag("-nostdin");
        // Places in the file: the source's own times throughout, read from a little before.
        let seek = match (self, &**grid) {
            // Half a frame behind the keyframe, so that rounding doesn't lead to the one before.
            (Self::Copy, _) => begin + 0.01,
            _ => (begin - film.run_up()).max(0.0),
        };
        if let Self::Picture(_) = self {
            for option in encoder.before_input() {
                out.flag(*option);
            }
        }
        if seek > 0.0 && first > 0 {
            out.pair("-ss", format!("{seek:.6}"));
        }
        out.flag("-copyts");
        if film.zero_based {
            out.flag("-start_at_zero");
        }
        out.pair("-i", crate::tools::INPUT);
        out.flag("-sn");
        out.flag("-dn");
        out.pair("-map_metadata", "-1");
        out.pair("-map_chapters", "-1");
        match (self, &**grid) {
            (Self::Sound(track), Grid::Even(even)) => {
                out.sound(track, even, first, seek);
            }
            (Self::Picture(lines), Grid::Even(even)) => {
                out.picture(film, lines, even, first, encoder);
            }
            _ => {
                out.pair("-map", "0:V:0");
                out.pair("-c:v", "copy");
                if film.codec.as_deref().is_some_and(|c| c.starts_with("hvc1")) {
                    out.pair("-tag:v", "hvc1");
                }
                out.pair("-video_track_timescale", "90000");
            }
        }
        out.pair("-fflags", "+bitexact");
        out.pair("-output_ts_offset", LEAD.to_string());
        out.pair("-avoid_negative_ts", "disabled");
        out.pair("-use_editlist", "0");
        out.pair(
            "-movflags",
            "empty_moov+default_base_moof+frag_every_frame+frag_discont",
        );
        out.pair("-f", "mp4");
        out.flag("pipe:1");
        out.0
    }

    /// What was added to all times, in ticks of `timescale`.
    pub(crate) fn lead(timescale: u32) -> i64 {
        i64::from(LEAD) * i64::from(timescale)
    }
}

#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn flag(&mut self, flag: impl Into<String>) {
        self.0.push(flag.into());
    }

    fn pair(&mut self, name: &str, value: impl Into<String>) {
        self.0.push(name.to_owned());
        self.0.push(value.into());
    }

    fn sound(&mut self, track: usize, even: &Even, first: usize, seek: f64) {
        let block = even.first(first);
        let begun = block.saturating_sub(SOUND_RUN_UP);
        let wanted = even.total - begun + SOUND_RUN_UP;
        // Gaps become silence, and what begins late begins with it; then exactly from the first block on.
        let filter = format!(
            "atrim=start={seek:.6},aresample={SOUND_RATE}:async=1:first_pts={},atrim=start_pts={},\
             aformat=sample_fmts=fltp:channel_layouts=stereo,apad",
            (seek * f64::from(SOUND_RATE)) as u64,
            begun * u64::from(SOUND_BLOCK),
        );
        self.flag("-vn");
        self.pair("-map", format!("0:a:{track}"));
        self.pair("-af", filter);
        self.pair("-c:a", "aac");
        self.pair("-b:a", SOUND_BITS.to_string());
        self.pair("-flags:a", "+bitexact");
        self.pair("-frames:a", wanted.to_string());
    }

    fn picture(&mut self, film: &Film, lines: u32, even: &Even, first: usize, encoder: &Encoder) {
        let (size, bits) = (film.size(lines), film.bits(lines));
        let rate = film.rate;
        let begin = even.first(first) as f64 * f64::from(even.ticks) / f64::from(even.timescale);
        // Fields are woven where there are any; then a steady rate from exactly the first picture on, the last one held
        // for as long as the sound goes on.
        let mut filter = format!(
            "yadif=deint=interlaced,fps=fps={}/{}:start_time={begin:.6}:round=near,\
             tpad=stop=-1:stop_mode=clone",
            rate.over, rate.under
        );
        if film.hdr && encoder.tone_maps() {
            filter.push_str(
                ",zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,\
                 zscale=t=bt709:m=bt709:r=tv",
            );
        }
        filter.push_str(&format!(
            ",scale=w={}:h={},setsar=1{}",
            size.width,
            size.height,
            encoder.filter()
        ));
        self.flag("-an");
        self.pair("-map", "0:V:0");
        self.pair("-vf", filter);
        for option in encoder.options() {
            self.flag(*option);
        }
        self.pair("-maxrate", bits.to_string());
        self.pair("-bufsize", (u64::from(bits) * 2).to_string());
        if encoder.wants_rate() {
            self.pair("-b:v", (f64::from(bits) * 0.8).round().to_string());
        }
        let samples = even.samples;
        self.pair("-g", samples.to_string());
        self.pair("-keyint_min", samples.to_string());
        self.pair("-sc_threshold", "0");
        self.pair("-force_key_frames", format!("expr:eq(mod(n,{samples}),0)"));
        self.pair("-frames:v", (even.total - even.first(first)).to_string());
        self.pair("-video_track_timescale", even.timescale.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_closed() {
        for name in ["copy", "v720", "a0", "a12"] {
            let parsed: Rendition = name.parse().unwrap();
            assert_eq!(parsed.to_string(), name);
        }
        for name in [
            "",
            "v",
            "a-1",
            "a+1",
            "v007",
            "copy/",
            "../copy",
            "v720.m3u8",
        ] {
            assert!(name.parse::<Rendition>().is_err(), "{name:?}");
        }
    }
}
