//! What is known about one medium: what the list shows, and the tracks inside.
//!
//! Codec names are ffmpeg's (`h264`, `hevc`, `aac`, `subrip`, ...), whoever did the probing.

use serde::{Deserialize, Serialize};

use crate::chapter::Chapter;
use crate::id::MediaId;
use crate::playable::Playability;

/// One medium of the library.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Medium {
    /// Its name in URLs and rooms.
    pub id: MediaId,
    /// For people; made from the file's name.
    pub title: String,
    /// The folder below its root, `/` between parts; empty for files directly in the root.
    pub collection: String,
    /// Bytes.
    pub size: u64,
    /// When the file was last changed: milliseconds since 1970.
    pub modified_ms: i64,
    /// Whether it can be watched now.
    pub state: MediumState,
    /// Why it can't be watched; only with [`MediumState::Broken`].
    pub problem: Option<Problem>,
    /// MIME type of the container, as delivered.
    pub mime: String,
    /// Seconds. `None` until probed, and for the few files that don't say.
    pub duration: Option<f64>,
    /// Pictures that move; cover art is not among them.
    pub video: Vec<VideoTrack>,
    /// Sound.
    pub audio: Vec<AudioTrack>,
    /// Subtitles inside the file.
    pub subtitles: Vec<SubtitleTrack>,
    /// Its chapters in order.
    pub chapters: Vec<Chapter>,
    /// Whether browsers play the file as it is. `None` until probed.
    pub browser_playable: Option<Playability>,
}

/// How far a medium has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MediumState {
    /// Its size or date still changes: somebody is copying it here.
    Copying,
    /// Complete, and waiting to be looked into. Can be opened already.
    Pending,
    /// Looked into; can be watched.
    Ready,
    /// Looked into; there is nothing to watch in it. [`Medium::problem`] says why.
    Broken,
}

/// Why a medium can't be watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable code: `media_empty`, `media_incomplete`, `media_corrupt`, `media_no_tracks`, `media_unreadable`
    /// or `media_probe_timeout`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

impl Problem {
    /// Whether it may go away without the file changing: somebody gives rights, a disk comes back.
    pub(crate) fn may_pass(&self) -> bool {
        self.code == "media_unreadable"
    }

    pub(crate) fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// The kind of file the tracks are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // their names are their documentation
pub enum Container {
    Mp4,
    QuickTime,
    WebM,
    Matroska,
    Ogg,
    Mp3,
    Flac,
    Wav,
    Adts,
    MpegTs,
    Avi,
    Other,
}

/// One video track.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VideoTrack {
    /// ffmpeg's name of the codec.
    pub codec: String,
    /// ffmpeg's name of the profile, where known.
    pub profile: Option<String>,
    /// Pixels as shown, rotation applied.
    pub width: u32,
    /// Pixels as shown, rotation applied.
    pub height: u32,
    /// Bits per sample, where known.
    pub bit_depth: Option<u8>,
    /// Frames per second, where known.
    pub frame_rate: Option<f64>,
    /// As the file has it: ISO 639-2 or BCP 47. `None` where undetermined.
    pub language: Option<String>,
    /// Marked as the one to play.
    pub default: bool,
}

/// One audio track.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AudioTrack {
    /// ffmpeg's name of the codec.
    pub codec: String,
    /// Number of channels, where known.
    pub channels: Option<u16>,
    /// As the file has it: ISO 639-2 or BCP 47. `None` where undetermined.
    pub language: Option<String>,
    /// The track's own name, such as "Director's commentary".
    pub title: Option<String>,
    /// Marked as the one to play.
    pub default: bool,
}

/// One subtitle track inside the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubtitleTrack {
    /// ffmpeg's name of the codec.
    pub codec: String,
    /// As the file has it: ISO 639-2 or BCP 47. `None` where undetermined.
    pub language: Option<String>,
    /// The track's own name, such as "Forced".
    pub title: Option<String>,
    /// Marked as shown by default.
    pub default: bool,
    /// Marked as shown even when subtitles are off.
    pub forced: bool,
}

/// What a look into a file found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// The kind of file.
    pub container: Container,
    /// Seconds, where the file says.
    pub duration: Option<f64>,
    /// Video tracks in the file's order, cover art left out.
    pub video: Vec<VideoTrack>,
    /// Audio tracks in the file's order.
    pub audio: Vec<AudioTrack>,
    /// Subtitle tracks in the file's order.
    pub subtitles: Vec<SubtitleTrack>,
    /// Chapters in order; the built-in parsers find none.
    #[serde(default)]
    pub chapters: Vec<Chapter>,
    /// There is a cover picture inside.
    pub cover: bool,
}

impl Probe {
    /// MIME type of the file.
    pub fn mime(&self) -> &'static str {
        let video = !self.video.is_empty();
        match self.container {
            // QuickTime files with codecs browsers know play as MP4, of which they are the forerunner; under
            // video/quicktime Chromium and Firefox refuse to try.
            Container::Mp4 | Container::QuickTime if video => "video/mp4",
            Container::Mp4 | Container::QuickTime => "audio/mp4",
            Container::WebM if video => "video/webm",
            Container::WebM => "audio/webm",
            Container::Matroska if video => "video/x-matroska",
            Container::Matroska => "audio/x-matroska",
            Container::Ogg if video => "video/ogg",
            Container::Ogg => "audio/ogg",
            Container::Mp3 => "audio/mpeg",
            Container::Flac => "audio/flac",
            Container::Wav => "audio/wav",
            Container::Adts => "audio/aac",
            Container::MpegTs => "video/mp2t",
            Container::Avi => "video/x-msvideo",
            Container::Other => "application/octet-stream",
        }
    }
}

/// The kind of file its extension promises; `None` for files that are no media.
pub(crate) fn container_by_extension(extension: &str) -> Option<Container> {
    Some(match extension.to_ascii_lowercase().as_str() {
        "mp4" | "m4v" | "m4a" | "m4b" | "3gp" | "3g2" => Container::Mp4,
        "mov" | "qt" => Container::QuickTime,
        "webm" => Container::WebM,
        "mkv" | "mk3d" | "mka" => Container::Matroska,
        "ogg" | "ogv" | "oga" | "opus" => Container::Ogg,
        "mp3" => Container::Mp3,
        "flac" => Container::Flac,
        "wav" => Container::Wav,
        "aac" => Container::Adts,
        "ts" | "m2ts" | "mts" => Container::MpegTs,
        "avi" | "divx" => Container::Avi,
        "wmv" | "asf" | "wma" | "flv" | "mpg" | "mpeg" | "vob" | "rm" | "rmvb" => Container::Other,
        _ => return None,
    })
}
