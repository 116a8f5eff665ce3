//! Which way a film takes to a viewer: as it is, its picture repackaged, or converted; and in words why.
//!
//! A viewer's program says what it plays in short words (`mp4`, `h264`, `ac3`, `hls-hevc`, ...: docs/protocol.md);
//! what it doesn't name, it doesn't play. The choice depends on nothing else, so the same film and program always
//! take the same way, and everybody who needs a conversion shares the same one.

use std::collections::HashSet;

use serde::Serialize;

use crate::medium::{AudioTrack, Medium, VideoTrack};
use crate::playable::codec_name;

/// Most words read of what a program plays: all there are, twice over.
const MAX_WORDS: usize = 64;

/// The longest word.
const MAX_WORD: usize = 16;

/// What a viewer's program plays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plays(HashSet<String>);

impl Plays {
    /// From words separated by commas.
    pub fn parse(text: &str) -> Self {
        let words = text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty() && word.len() <= MAX_WORD)
            .take(MAX_WORDS);
        Self(words.map(str::to_owned).collect())
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// Plays HLS with H.264 and AAC, which everything is converted to.
    pub fn hls(&self) -> bool {
        self.has("hls")
    }
}

/// How a film reaches a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The file itself.
    Direct,
    /// Its picture as it is, in another container, with the sound converted.
    Remux,
    /// Converted.
    Transcode,
}

/// The way, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The way.
    pub way: Way,
    /// What stands in the way of playing the file itself, a sentence each.
    pub why: Vec<String>,
    /// It needs converting, and that isn't possible: it may not play, or only in part.
    pub doubtful: bool,
}

/// The word for a picture's codec.
fn picture(track: &VideoTrack) -> String {
    let odd = track
        .profile
        .as_deref()
        .is_some_and(|profile| profile.contains("4:2:2") || profile.contains("4:4:4"));
    let deep = if track.bit_depth.is_some_and(|bits| bits > 8) {
        "_10"
    } else {
        ""
    };
    let odd = if odd { "_422" } else { "" };
    format!("{}{deep}{odd}", track.codec)
}

/// The word for a sound's codec.
fn sound(track: &AudioTrack) -> &str {
    match track.codec.as_str() {
        codec if codec.starts_with("pcm_") => "pcm",
        codec => codec,
    }
}

/// The word for a file's container, and what people call it.
fn container(mime: &str) -> (&'static str, &'static str) {
    match mime {
        "video/mp4" | "audio/mp4" => ("mp4", "an MP4 file"),
        "video/webm" | "audio/webm" => ("webm", "a WebM file"),
        "video/x-matroska" | "audio/x-matroska" => ("mkv", "a Matroska file"),
        "video/ogg" | "audio/ogg" => ("ogg", "an Ogg file"),
        "audio/mpeg" => ("mp3", "an MP3 file"),
        "audio/flac" => ("flac", "a FLAC file"),
        "audio/wav" => ("wav", "a WAV file"),
        "audio/aac" => ("adts", "an AAC file"),
        "video/mp2t" => ("ts", "an MPEG transport stream"),
        "video/x-msvideo" => ("avi", "an AVI file"),
        _ => ("other", "a kind of file that browsers don't know"),
    }
}

/// The track a browser picks: the one marked default, else the first.
fn picked<T>(tracks: &[T], default: impl Fn(&T) -> bool) -> Option<&T> {
    tracks
        .iter()
        .find(|track| default(track))
        .or(tracks.first())
}

impl Choice {
    /// The way of a medium to a program. `can_convert`: ffmpeg is there and may be used; `can_copy`: the picture can be
    /// cut where it has keyframes; `refused`: the program tried the file itself, and could not.
    pub fn of(
        medium: &Medium,
        plays: &Plays,
        can_convert: bool,
        can_copy: bool,
        refused: bool,
    ) -> Self {
        let mut why = Vec::new();
        let (word, named) = container(&medium.mime);
        if !plays.has(word) {
            why.push(format!("It is {named}, which your browser doesn't open."));
        }
        let video = picked(&medium.video, |track| track.default);
        if let Some(track) = video.filter(|track| !plays.has(&picture(track))) {
            let deep = match track.bit_depth {
                Some(bits @ 9..) => format!("{bits}-bit "),
                _ => String::new(),
            };
            let name = codec_name(&track.codec);
            why.push(format!(
                "Your browser doesn't decode {deep}{name} pictures."
            ));
        }
        let audio = picked(&medium.audio, |track| track.default);
        if let Some(track) = audio.filter(|track| !plays.has(sound(track))) {
            let name = codec_name(&track.codec);
            why.push(format!("Your browser doesn't decode {name} sound."));
        }
        if refused && why.is_empty() {
            why.push("Your browser could not play the file itself.".to_owned());
        }
        // What nobody has looked into yet is tried as it is.
        let known = medium.browser_playable.is_some();
        if why.is_empty() || !known {
            let (way, doubtful) = (Way::Direct, false);
            let why = Vec::new();
            return Self { way, why, doubtful };
        }
        if !can_convert || !plays.hls() {
            why.push(if can_convert {
                "It can't play converted films either.".to_owned()
            } else {
                "This server doesn't convert films.".to_owned()
            });
            let (way, doubtful) = (Way::Direct, true);
            return Self { way, why, doubtful };
        }
        let copies = can_copy && Self::copies(medium, plays);
        let way = if copies { Way::Remux } else { Way::Transcode };
        let doubtful = false;
        Self { way, why, doubtful }
    }

    /// The words of all that a program must know to play a medium's file itself; `None` until somebody looked into it.
    pub fn needs(medium: &Medium) -> Option<Vec<String>> {
        medium.browser_playable.as_ref()?;
        let mut words = vec![container(&medium.mime).0.to_owned()];
        words.extend(picked(&medium.video, |track| track.default).map(picture));
        let track = picked(&medium.audio, |track| track.default);
        words.extend(track.map(|track| sound(track).to_owned()));
        Some(words)
    }

    /// Whether the program decodes the picture as it is when it comes in segments.
    pub fn copies(medium: &Medium, plays: &Plays) -> bool {
        picked(&medium.video, |track| track.default)
            .is_some_and(|track| plays.has(&format!("hls-{}", picture(track))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MediaId;
    use crate::medium::{Container, MediumState, Probe};
    use crate::playable::Playability;

    const CHROMIUM: &str = "mp4,webm,mkv,ogg,mp3,flac,wav,h264,vp8,vp9,av1,aac,mp3,opus,vorbis,flac,hls,hls-h264,hls-vp9";

    fn medium(mime: &str, codec: &str, bits: u8, sound: &str) -> Medium {
        let probe = Probe {
            container: Container::Other,
            duration: Some(60.0),
            video: vec![VideoTrack {
                codec: codec.into(),
                bit_depth: Some(bits),
                ..VideoTrack::default()
            }],
            audio: vec![AudioTrack {
                codec: sound.into(),
                ..AudioTrack::default()
            }],
            subtitles: vec![],
            chapters: vec![],
            cover: false,
        };
        Medium {
            id: MediaId::random(),
            title: String::new(),
            collection: String::new(),
            size: 1,
            modified_ms: 0,
            state: MediumState::Ready,
            problem: None,
            mime: mime.to_owned(),
            duration: probe.duration,
            browser_playable: Some(Playability::of(&probe)),
            video: probe.video,
            audio: probe.audio,
            subtitles: vec![],
            chapters: vec![],
        }
    }

    fn way(medium: &Medium) -> (Way, String) {
        let choice = Choice::of(medium, &Plays::parse(CHROMIUM), true, true, false);
        (choice.way, choice.why.join(" "))
    }

    #[test]
    fn a_film_names_what_it_takes_to_play_it() {
        let film = medium("video/x-matroska", "hevc", 10, "pcm_s24le");
        assert_eq!(Choice::needs(&film).unwrap(), ["mkv", "hevc_10", "pcm"]);
    }

    #[test]
    fn a_film_takes_the_cheapest_way_that_plays() {
        let direct = medium("video/mp4", "h264", 8, "aac");
        assert_eq!(way(&direct), (Way::Direct, String::new()));
        let (remux, why) = way(&medium("video/x-matroska", "h264", 8, "ac3"));
        assert_eq!(remux, Way::Remux);
        assert_eq!(
            why,
            "Your browser doesn't decode Dolby Digital (AC-3) sound."
        );
        let (transcode, why) = way(&medium("video/x-matroska", "hevc", 10, "aac"));
        assert_eq!(transcode, Way::Transcode);
        assert_eq!(why, "Your browser doesn't decode 10-bit HEVC pictures.");
        let (transcode, why) = way(&medium("video/x-msvideo", "mpeg4", 8, "mp3"));
        assert_eq!(transcode, Way::Transcode);
        assert!(why.starts_with("It is an AVI file"), "{why}");
    }

    #[test]
    fn what_failed_directly_is_converted() {
        let film = medium("video/mp4", "h264", 8, "aac");
        let choice = Choice::of(&film, &Plays::parse(CHROMIUM), true, false, true);
        assert_eq!((choice.way, choice.why.len()), (Way::Transcode, 1));
    }

    #[test]
    fn without_ffmpeg_it_is_said_that_it_may_not_play() {
        let film = medium("video/x-msvideo", "mpeg4", 8, "mp3");
        let choice = Choice::of(&film, &Plays::parse(CHROMIUM), false, false, false);
        assert!(choice.doubtful);
        assert_eq!(choice.way, Way::Direct);
        let dumb = Choice::of(&film, &Plays::parse("mp4"), true, true, false);
        assert!(dumb.doubtful);
    }

    #[test]
    fn words_are_bounded() {
        let many = "x,".repeat(10_000) + &"y".repeat(1000);
        assert!(Plays::parse(&many).0.len() <= MAX_WORDS);
    }
}
