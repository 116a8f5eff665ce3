//! Which H.264 encoder pictures are converted with: the machine's own where it works, else x264.
//!
//! Being listed by ffmpeg says nothing of the machine, so each candidate encodes a few pictures once, at the first
//! need. One that fails later with a real film is given up for x264 (see [`Encoders::gave_up`]).

use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::tools::{Tools, output};

/// A graphics card that sleeps wakes up within seconds.
const TRIAL_TIME: Duration = Duration::from_secs(15);

/// `ffmpeg -encoders` prints some 30 KiB.
const MAX_LIST: u64 = 1 << 20;

/// The card on Linux that most machines with one have.
const RENDER_NODE: &str = "/dev/dri/renderD128";

/// An encoder of H.264.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nvenc,
    QuickSync,
    VideoToolbox,
    Vaapi,
    X264,
    OpenH264,
}

/// In the order of preference: what leaves the processor alone first.
const KINDS: [Kind; 6] = [
    Kind::Nvenc,
    Kind::QuickSync,
    Kind::VideoToolbox,
    Kind::Vaapi,
    Kind::X264,
    Kind::OpenH264,
];

impl Kind {
    /// ffmpeg's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nvenc => "h264_nvenc",
            Self::QuickSync => "h264_qsv",
            Self::VideoToolbox => "h264_videotoolbox",
            Self::Vaapi => "h264_vaapi",
            Self::X264 => "libx264",
            Self::OpenH264 => "libopenh264",
        }
    }

    fn in_hardware(self) -> bool {
        !matches!(self, Self::X264 | Self::OpenH264)
    }
}

/// The encoder in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoder {
    pub(crate) kind: Kind,
    /// ffmpeg has what turns HDR into pictures for ordinary screens.
    tone_maps: bool,
}

impl Encoder {
    /// For runs that encode no pictures.
    pub(crate) const UNUSED: Self = Self {
        kind: Kind::X264,
        tone_maps: false,
    };

    /// Options in front of the input.
    pub(crate) fn before_input(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Vaapi => &["-vaapi_device", RENDER_NODE],
            _ => &[],
        }
    }

    /// What follows the filters that make the picture.
    pub(crate) fn filter(&self) -> &'static str {
        match self.kind {
            Kind::Vaapi => ",format=nv12,hwupload",
            Kind::QuickSync => ",format=nv12",
            _ => ",format=yuv420p",
        }
    }

    /// Codec and quality.
    pub(crate) fn options(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Nvenc => &[
                "-c:v",
                "h264_nvenc",
                "-preset",
                "p4",
                "-rc",
                "vbr",
                "-cq",
                "24",
                "-profile:v",
                "high",
                "-forced-idr",
                "1",
                "-no-scenecut",
                "1",
            ],
            Kind::QuickSync => &[
                "-c:v",
                "h264_qsv",
                "-preset",
                "faster",
                "-profile:v",
                "high",
                "-forced_idr",
                "1",
            ],
            Kind::VideoToolbox => &["-c:v", "h264_videotoolbox", "-profile:v", "high"],
            Kind::Vaapi => &["-c:v", "h264_vaapi", "-profile:v", "high"],
            Kind::X264 => &[
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-crf",
                "21",
                "-profile:v",
                "high",
                "-flags:v",
                "+bitexact",
            ],
            Kind::OpenH264 => &["-c:v", "libopenh264", "-profile:v", "high"],
        }
    }

    /// Whether it needs a mean rate told: it knows no constant quality.
    pub(crate) fn wants_rate(&self) -> bool {
        !matches!(self.kind, Kind::X264 | Kind::Nvenc)
    }

    pub(crate) fn tone_maps(&self) -> bool {
        self.tone_maps
    }
}

/// Finds the encoder, once.
#[derive(Debug, Default)]
pub(crate) struct Encoders {
    working: OnceCell<Vec<Encoder>>,
    given_up: Mutex<Vec<Kind>>,
}

impl Encoders {
    /// The best that works; `None` where there is none.
    pub(crate) async fn best(&self, tools: &Tools) -> Option<Encoder> {
        let working = self.working.get_or_init(|| find(tools)).await;
        let given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        working
            .iter()
            .find(|encoder| !given_up.contains(&encoder.kind))
            .copied()
    }

    /// One failed with a film: a card may be full or gone. Those in software are kept, as the film was at fault.
    pub(crate) fn gave_up(&self, kind: Kind) -> bool {
        let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        if kind.in_hardware() && !given_up.contains(&kind) {
            given_up.push(kind);
            tracing::warn!(
                encoder = kind.name(),
                "the hardware encoder failed and is not used any more until the next start"
            );
            return true;
        }
        false
    }
}

async fn find(tools: &Tools) -> Vec<Encoder> {
    let Some(ffmpeg) = &tools.ffmpeg else {
        return Vec::new();
    };
    let listed = list(ffmpeg, "-encoders").await;
    let filters = list(ffmpeg, "-filters").await;
    let has = |list: &str, name: &str| {
        list.lines()
            .any(|line| line.split_whitespace().nth(1) == Some(name))
    };
    let tone_maps = has(&filters, "zscale") && has(&filters, "tonemap");
    let mut working = Vec::new();
    for kind in KINDS {
        let there =
            has(&listed, kind.name()) && (kind != Kind::Vaapi || Path::new(RENDER_NODE).exists());
        let encoder = Encoder { kind, tone_maps };
        if there && trial(ffmpeg, &encoder).await {
            working.push(encoder);
        }
        // In software the first is enough.
        if !kind.in_hardware() && !working.is_empty() {
            break;
        }
    }
    match working.first() {
        Some(best) => tracing::info!(encoder = best.kind.name(), "films are converted with it"),
        None => tracing::warn!("ffmpeg has no working H.264 encoder: films can't be converted"),
    }
    working
}

async fn list(ffmpeg: &Path, what: &str) -> String {
    let mut command = Command::new(ffmpeg);
    command.args(["-hide_banner", "-v", "error", what]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let printed = output(command, TRIAL_TIME, MAX_LIST).await;
    String::from_utf8_lossy(&printed.unwrap_or_default()).into_owned()
}

/// Whether it encodes a few grey pictures.
async fn trial(ffmpeg: &Path, encoder: &Encoder) -> bool {
    let mut command = Command::new(ffmpeg);
    command.args(["-nostdin", "-hide_banner", "-v", "error"]);
    command.args(encoder.before_input());
    command.args(["-f", "lavfi", "-i", "color=gray:size=640x360:rate=25"]);
    command.args([
        "-frames:v",
        "5",
        "-vf",
        &format!("null{}", encoder.filter()),
    ]);
    command.args(encoder.options());
    command.args(["-b:v", "1M", "-f", "null", "-"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    output(command, TRIAL_TIME, MAX_LIST).await.is_ok()
}
