//! Subtitles: the tracks inside a film and the files beside it, as text that a browser can show.
//!
//! Plain ones become WebVTT; those with a style of their own (ASS, SSA) stay what they are, for a renderer in the page.
//! Pictures (PGS, VobSub, DVB) are no text and are not offered. A track lies all over its file, so the file is read
//! to its end once and the text is kept; who asks meanwhile waits, and asks again.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;
use serde::Serialize;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;

use super::desk::Desk;
use super::error::HlsError;
use super::film::{Film, input};
use crate::delivery::MediaFile;
use crate::medium::SubtitleTrack;
use crate::sidecar::Sidecar;
use crate::tools::{INPUT, ToolFailure, output};

/// Reading 60 GB from a slow disk takes seven minutes; past this something is wrong.
const TIME: Duration = Duration::from_secs(900);

/// The most text of one track. A film with karaoke has 3 MB.
const MAX_TEXT: u64 = 16 << 20;

/// Files read through at once: more would only take the disk from the viewers.
const AT_ONCE: usize = 2;

/// What a subtitle file may be, for ffmpeg.
const TEXT_CONTAINERS: &str = "srt,webvtt,ass";

/// Bump when the text made of the same file changes.
const VERSION: u32 = 1;

/// How a subtitle's text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextFormat {
    /// WebVTT.
    Vtt,
    /// Advanced SubStation Alpha.
    Ass,
}

impl TextFormat {
    fn of_codec(codec: &str) -> Option<Self> {
        match codec {
            "subrip" | "srt" | "webvtt" | "mov_text" | "text" => Some(Self::Vtt),
            "ass" | "ssa" => Some(Self::Ass),
            _ => None,
        }
    }

    fn mime(self) -> &'static str {
        match self {
            Self::Vtt => "text/vtt; charset=utf-8",
            Self::Ass => "text/x-ssa; charset=utf-8",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Vtt => "vtt",
            Self::Ass => "ass",
        }
    }
}

/// A subtitle, for people to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TextTrack {
    /// Its name in addresses: `s0` inside the film, `f1a2b3c4d` beside it.
    pub id: String,
    /// For people.
    pub label: String,
    /// As the file has it: ISO 639 or BCP 47.
    pub language: Option<String>,
    /// Marked as shown by default.
    pub default: bool,
    /// Only what has to be read even by those who understand the film.
    pub forced: bool,
    /// How it comes.
    pub format: TextFormat,
}

/// The subtitles of a film, those inside first.
pub(super) fn tracks(film: &Film, sidecars: &[Sidecar]) -> Vec<TextTrack> {
    let inside = film.medium.subtitles.iter().enumerate();
    let inside = inside.filter_map(|(number, track)| {
        Some(TextTrack {
            id: format!("s{number}"),
            label: label(number, track),
            language: track.language.clone(),
            default: track.default,
            forced: track.forced,
            format: TextFormat::of_codec(&track.codec)?,
        })
    });
    let beside = sidecars.iter().map(|sidecar| TextTrack {
        id: sidecar.id.clone(),
        label: sidecar.label.clone(),
        language: sidecar.language.clone(),
        default: false,
        forced: sidecar.forced,
        format: format_of(sidecar),
    });
    inside.chain(beside).collect()
}

fn format_of(sidecar: &Sidecar) -> TextFormat {
    if sidecar.styled {
        TextFormat::Ass
    } else {
        TextFormat::Vtt
    }
}

fn label(number: usize, track: &SubtitleTrack) -> String {
    let parts = [track.title.as_deref(), track.language.as_deref()];
    let named: Vec<&str> = parts.into_iter().flatten().collect();
    if named.is_empty() {
        format!("Subtitles {}", number + 1)
    } else {
        named.join(" · ")
    }
}

/// What came of making a text; `None` while it is made.
type Making = watch::Receiver<Option<Result<(), HlsError>>>;

/// Makes texts, each once.
#[derive(Debug)]
pub(super) struct Texts {
    making: Arc<Mutex<HashMap<String, Making>>>,
    places: Arc<Semaphore>,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            making: Arc::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Texts {
    /// A track inside a film.
    pub(super) async fn inside(
        &self,
        desk: &Arc<Desk>,
        film: &Arc<Film>,
        number: usize,
    ) -> Result<MediaFile, HlsError> {
        let track = film.medium.subtitles.get(number);
        let format = track.and_then(|track| TextFormat::of_codec(&track.codec));
        let format = format.ok_or(HlsError::NotFound)?;
        let name = format!(
            "{}/text.{VERSION}/s{number}.{}",
            film.key,
            format.extension()
        );
        let (own, film) = (Arc::clone(desk), Arc::clone(film));
        self.text(desk, name, format, async move {
            extract(&own, &film, number, format).await
        })
        .await
    }

    /// A file beside a film.
    pub(super) async fn beside(
        &self,
        desk: &Arc<Desk>,
        film: &Arc<Film>,
        sidecar: &Sidecar,
        file: File,
    ) -> Result<MediaFile, HlsError> {
        let format = format_of(sidecar);
        let (id, stamp) = (&sidecar.id, &sidecar.stamp);
        let version = format!("{id}-{:x}-{:x}", stamp.size, stamp.modified_ns);
        let extension = format.extension();
        let name = format!("{}/text.{VERSION}/{version}.{extension}", film.key);
        let own = Arc::clone(desk);
        self.text(desk, name, format, async move {
            convert(&own, file, format).await
        })
        .await
    }

    async fn text(
        &self,
        desk: &Arc<Desk>,
        name: String,
        format: TextFormat,
        make: impl Future<Output = Result<Bytes, HlsError>> + Send + 'static,
    ) -> Result<MediaFile, HlsError> {
        let mut make = Some(make);
        loop {
            if let Some(file) = desk.cache.get(&name, format.mime()).await {
                return Ok(file);
            }
            let known = self.making().get(&name).cloned();
            let mut making = match (known, make.take()) {
                (Some(making), _) => making,
                (None, Some(make)) => self.begin(desk, &name, make),
                // It was made, and is gone again already: a cache of nearly nothing.
                (None, None) => return Err(HlsError::NotYet),
            };
            let done = making.wait_for(Option::is_some);
            match tokio::time::timeout(desk.config.patience, done).await {
                Err(_) => return Err(HlsError::NotYet),
                Ok(Ok(result)) => {
                    if let Some(Err(error)) = &*result {
                        return Err(error.clone());
                    }
                }
                Ok(Err(_)) => {} // it ended between two looks
            }
        }
    }

    fn begin(
        &self,
        desk: &Arc<Desk>,
        name: &str,
        make: impl Future<Output = Result<Bytes, HlsError>> + Send + 'static,
    ) -> Making {
        let (tell, making) = watch::channel(None);
        self.making().insert(name.to_owned(), making.clone());
        let (desk, name) = (Arc::clone(desk), name.to_owned());
        let (all, places) = (Arc::clone(&self.making), Arc::clone(&self.places));
        tokio::spawn(async move {
            let _place = places.acquire().await;
            let made = match make.await {
                Ok(bytes) => desk.keep(&name, bytes).await,
                Err(error) => Err(error),
            };
            if let Err(error) = &made {
                tracing::warn!(name, code = error.code(), "no subtitle: {error}");
            }
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all.remove(&name);
            tell.send_replace(Some(made));
        });
        making
    }

    fn making(&self) -> std::sync::MutexGuard<'_, HashMap<String, Making>> {
        // Map operations only.
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn extract(
    desk: &Desk,
    film: &Film,
    number: usize,
    format: TextFormat,
) -> Result<Bytes, HlsError> {
    let program = desk.tools.ffmpeg.as_ref().ok_or(HlsError::NotFound)?;
    let mut command = desk.tools.command(program, input(&film.file)?);
    command.args(["-nostdin", "-copyts"]);
    if film.zero_based {
        command.arg("-start_at_zero");
    }
    command.args(["-i", INPUT, "-map", &format!("0:s:{number}")]);
    write_as(&mut command, format);
    output(command, TIME, MAX_TEXT)
        .await
        .map(Bytes::from)
        .map_err(|failure| failed(failure, "the track"))
}

async fn convert(desk: &Desk, file: File, format: TextFormat) -> Result<Bytes, HlsError> {
    let text = spawn_blocking(move || read_text(file)).await;
    let text = text.unwrap_or_else(|ended| Err(std::io::Error::other(ended)));
    let text = text.map_err(|error| HlsError::Unsuitable {
        reason: format!("the subtitle file can't be read ({})", error.kind()),
    })?;
    if format == TextFormat::Ass {
        return Ok(Bytes::from(text));
    }
    let program = desk.tools.ffmpeg.as_ref().ok_or(HlsError::NotFound)?;
    let rewritten = spawn_blocking(move || {
        let mut file = tempfile::tempfile()?;
        file.write_all(text.as_bytes())?;
        file.seek(SeekFrom::Start(0))?;
        std::io::Result::Ok(file)
    });
    let file = rewritten
        .await
        .unwrap_or_else(|ended| Err(std::io::Error::other(ended)));
    let file = file.map_err(|_| HlsError::DiskFull)?;
    let mut command = desk.tools.command(program, file);
    command.args([
        "-format_whitelist",
        TEXT_CONTAINERS,
        "-nostdin",
        "-i",
        INPUT,
    ]);
    write_as(&mut command, format);
    output(command, TIME, MAX_TEXT)
        .await
        .map(Bytes::from)
        .map_err(|failure| failed(failure, "the subtitle file"))
}

fn write_as(command: &mut tokio::process::Command, format: TextFormat) {
    match format {
        TextFormat::Vtt => command.args(["-c:s", "webvtt", "-f", "webvtt", "pipe:1"]),
        TextFormat::Ass => command.args(["-c:s", "ass", "-f", "ass", "pipe:1"]),
    };
}

fn failed(failure: ToolFailure, what: &str) -> HlsError {
    let reason = match failure {
        ToolFailure::NotRun => "ffmpeg could not be run".to_owned(),
        ToolFailure::Refused => format!("nothing in {what} could be read"),
        ToolFailure::OverLimit => format!("{what} is too large, or reading it took too long"),
    };
    HlsError::Failed { reason }
}

/// The same of a file.
pub(crate) fn read_text(file: File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.take(MAX_TEXT).read_to_end(&mut bytes)?;
    Ok(subtitle_text(&bytes))
}

/// A subtitle file's text, whatever it is encoded in: half of them are older than UTF-8.
pub fn subtitle_text(bytes: &[u8]) -> String {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None => {
            let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
            detector.feed(bytes, true);
            detector.guess(None, Utf8Detection::Allow)
        }
    };
    encoding.decode(bytes).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_encodings_are_read() {
        assert_eq!(subtitle_text("\u{feff}Grüße".as_bytes()), "Grüße");
        assert_eq!(subtitle_text("Grüße, naïve".as_bytes()), "Grüße, naïve");
        let old = b"1\n00:00:01,000 --> 00:00:02,000\nSch\xf6ne Gr\xfc\xdfe aus M\xfcnchen\n";
        assert!(subtitle_text(old).contains("Schöne Grüße aus München"));
        let wide: Vec<u8> = "\u{feff}Hallo"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(subtitle_text(&wide), "Hallo");
    }
}
