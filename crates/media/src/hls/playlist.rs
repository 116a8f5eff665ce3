//! Playlists (RFC 8216) of a film's renditions.
//!
//! Addresses are relative to the playlist, so that whatever gave access to it gives access to what it names.

use std::fmt::Write as _;

use serde::Serialize;

use super::film::Film;
use super::grid::Grid;
use super::rendition::{Rendition, SOUND_BITS, Size};
use crate::medium::AudioTrack;

/// The codec of converted pictures: High profile, with a level that their size and rate need at most.
fn codec(lines: u32, hertz: f64) -> &'static str {
    match (lines, hertz > 31.0) {
        (..=576, false) => "avc1.64001e",
        (..=720, false) => "avc1.64001f",
        (..=720, true) => "avc1.640020",
        (_, false) => "avc1.640028",
        (_, true) => "avc1.64002a",
    }
}

/// The codec of converted sound: AAC-LC.
const SOUND_CODEC: &str = "mp4a.40.2";

/// What a master playlist offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The source's own pictures, for those who decode them.
    pub copy: bool,
    /// Converted ones of no more lines than this.
    pub most_lines: Option<u32>,
    /// The sound track to begin with.
    pub sound: Option<usize>,
}

/// The playlist that names all others.
pub(super) fn master(film: &Film, offer: Offer) -> String {
    let mut out = String::from("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    let sound = &film.medium.audio;
    let chosen = offer
        .sound
        .filter(|track| *track < sound.len())
        .or_else(|| sound.iter().position(|track| track.default))
        .unwrap_or(0);
    if film.has_video {
        for (number, track) in sound.iter().enumerate() {
            let rendition = Rendition::Sound(number);
            let name = quoted(&film.sound_label(number));
            let _ = write!(
                out,
                "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"{name}\""
            );
            if let Some(language) = &track.language {
                let _ = write!(out, ",LANGUAGE=\"{}\"", quoted(language));
            }
            let default = if number == chosen { "YES" } else { "NO" };
            let _ = writeln!(
                out,
                ",DEFAULT={default},AUTOSELECT=YES,CHANNELS=\"2\",URI=\"{rendition}.m3u8\""
            );
        }
    }
    let sound_bits = if sound.is_empty() { 0 } else { SOUND_BITS };
    if !film.has_video {
        let only = Rendition::Sound(chosen);
        let _ = writeln!(
            out,
            "#EXT-X-STREAM-INF:BANDWIDTH={sound_bits},CODECS=\"{SOUND_CODEC}\"\n{only}.m3u8"
        );
        return out;
    }
    for stream in streams(film, offer) {
        let codecs = if sound.is_empty() {
            stream.codec
        } else {
            format!("{},{SOUND_CODEC}\",AUDIO=\"sound", stream.codec)
        };
        let _ = writeln!(
            out,
            "#EXT-X-STREAM-INF:BANDWIDTH={},RESOLUTION={}x{},FRAME-RATE={:.3},CODECS=\"{codecs}\"\n{}.m3u8",
            stream.bits + u64::from(sound_bits),
            stream.size.width,
            stream.size.height,
            film.rate.hertz(),
            stream.rendition,
        );
    }
    out
}

/// A form of the picture, as playlists name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) rendition: Rendition,
    /// Bits a second, at most.
    pub(super) bits: u64,
    /// In the words of RFC 6381.
    pub(super) codec: String,
    pub(super) size: Size,
}

/// The forms of the picture that are offered, best first.
pub(super) fn streams(film: &Film, offer: Offer) -> Vec<Stream> {
    let ladder = film.ladder();
    let least = ladder.last().copied().unwrap_or(0);
    let most = offer.most_lines.unwrap_or(u32::MAX).max(least);
    let mut found = Vec::new();
    // Converted pictures that take as much of the line as the source's own are of use to nobody who can have those.
    let mut ceiling = u64::MAX;
    let own = film.medium.video.first().filter(|_| offer.copy);
    if let (Some(video), Some(codec)) = (own, &film.codec)
        && film.lines() <= most
    {
        // Tracks are not weighed apart; the file's mean, and what scenes with much motion take above it.
        let bits = (film.medium.size as f64 * 8.0 / film.duration * 1.5) as u64;
        ceiling = bits / 5 * 4;
        found.push(Stream {
            rendition: Rendition::Copy,
            bits,
            codec: codec.clone(),
            size: Size {
                width: video.width,
                height: video.height,
            },
        });
    }
    let converted = ladder.into_iter().filter(|lines| *lines <= most);
    let converted = converted.map(|lines| Stream {
        rendition: Rendition::Picture(lines),
        bits: u64::from(film.bits(lines)),
        codec: codec(lines, film.rate.hertz()).to_owned(),
        size: film.size(lines),
    });
    found.extend(converted.filter(|stream| stream.bits <= ceiling));
    found
}

/// The playlist of one rendition.
pub(super) fn media(rendition: Rendition, grid: &Grid) -> String {
    let count = grid.count();
    let mut out = String::with_capacity(128 + count * 40);
    let _ = write!(
        out,
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"{rendition}/init.mp4\"\n",
        grid.longest().ceil().max(1.0)
    );
    // Each length is the difference of rounded times, so that their sum never drifts from the medium.
    let micros = |n: usize| (grid.start(n) * 1e6).round() as u64;
    for n in 0..count {
        let length = micros(n + 1) - micros(n);
        let (whole, part) = (length / 1_000_000, length % 1_000_000);
        let _ = write!(out, "#EXTINF:{whole}.{part:06},\n{rendition}/{n}.m4s\n");
    }
    out.push_str("#EXT-X-ENDLIST\n");
    out
}

/// A text from a file, within quotes: RFC 8216 has no escapes.
fn quoted(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .map(|c| if c == '"' { '\'' } else { c })
        .take(120)
        .collect()
}

/// A sound track, for people to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SoundTrack {
    /// What people call it.
    pub label: String,
    /// As the file has it: ISO 639-2 or BCP 47.
    pub language: Option<String>,
    /// The one that plays where nobody chooses.
    pub default: bool,
}

impl Film {
    /// Its sound tracks, in order.
    pub fn sound_tracks(&self) -> Vec<SoundTrack> {
        let tracks = &self.medium.audio;
        let picked = tracks.iter().position(|track| track.default).unwrap_or(0);
        let told = |(number, track): (usize, &AudioTrack)| SoundTrack {
            label: self.sound_label(number),
            language: track.language.clone(),
            default: number == picked,
        };
        tracks.iter().enumerate().map(told).collect()
    }

    /// What people call a sound track: its own name, or its language and channels.
    pub(super) fn sound_label(&self, track: usize) -> String {
        let Some(of) = self.medium.audio.get(track) else {
            return String::new();
        };
        let language = of.language.as_deref().unwrap_or_default();
        let layout = match of.channels {
            Some(1) => "mono",
            Some(2) => "stereo",
            Some(6) => "5.1",
            Some(8) => "7.1",
            _ => "",
        };
        let own = of.title.as_deref().unwrap_or_default();
        let name: Vec<&str> = [own, language, layout]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        // Names tell renditions apart: each has its number.
        format!("{} {}", track + 1, name.join(" · "))
            .trim()
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::grid::Even;
    use super::*;

    #[test]
    fn lengths_sum_up_to_the_medium() {
        let grid = Grid::Even(Even::new(7200.0, 3.0, 24_000, 1001));
        let text = media(Rendition::Picture(720), &grid);
        let sum: f64 = text
            .lines()
            .filter_map(|line| {
                line.strip_prefix("#EXTINF:")?
                    .trim_end_matches(',')
                    .parse::<f64>()
                    .ok()
            })
            .sum();
        assert!((sum - grid.start(grid.count())).abs() < 1e-4);
        assert!(text.contains("#EXT-X-MAP:URI=\"v720/init.mp4\"\n"));
        assert!(text.ends_with("#EXT-X-ENDLIST\n"));
        assert_eq!(text.matches(".m4s").count(), grid.count());
    }

    #[test]
    fn names_from_files_stay_within_their_quotes() {
        assert_eq!(quoted("a\"b\n#EXT\u{7}c"), "a'b#EXTc");
    }
}
