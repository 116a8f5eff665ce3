//! Whether browsers play a file as it is, and in words why not.
//!
//! A hint for the list, from what current Chromium, Firefox and Safari are documented to play. The page still
//! asks its own browser; what this says "no" to needs a remux or transcode.

use serde::Serialize;

use crate::medium::{Container, Probe};

/// The hint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Playability {
    /// The short answer.
    pub verdict: Verdict,
    /// Sentences for people: what stands in the way. Empty with [`Verdict::Yes`].
    pub reasons: Vec<String>,
}

/// The short answer, ordered from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every current browser plays it.
    Yes,
    /// Some browsers or devices play it.
    Maybe,
    /// None plays it whole.
    No,
}

impl Playability {
    /// The hint for what a probe found.
    pub fn of(probe: &Probe) -> Self {
        let mut hint = Self {
            verdict: Verdict::Yes,
            reasons: Vec::new(),
        };
        hint.container(probe.container);
        // The picture and sound a browser picks: those marked default, else the first.
        if let Some(video) = probe
            .video
            .iter()
            .find(|track| track.default)
            .or(probe.video.first())
        {
            let deep = video.bit_depth.is_some_and(|bits| bits > 8);
            let chroma = video
                .profile
                .as_deref()
                .is_some_and(|profile| profile.contains("4:2:2") || profile.contains("4:4:4"));
            match video.codec.as_str() {
                "h264" if deep => hint.say(Verdict::No, "The picture is 10-bit H.264, which browsers don't decode."),
                "h264" if chroma => hint.say(Verdict::No, "The picture is H.264 with 4:2:2 or 4:4:4 colour, which browsers don't decode."),
                "h264" | "vp8" | "vp9" => {}
                "av1" => hint.say(Verdict::Maybe, "The picture is AV1: Safari plays it only on newer devices."),
                "hevc" => hint.say(Verdict::Maybe, "The picture is HEVC: it plays only where the device can decode it in hardware."),
                codec => hint.say(Verdict::No, &format!("Browsers don't decode {} pictures.", codec_name(codec))),
            }
        }
        if let Some(audio) = probe
            .audio
            .iter()
            .find(|track| track.default)
            .or(probe.audio.first())
        {
            match audio.codec.as_str() {
                "aac" | "mp3" | "opus" | "vorbis" | "flac" => {}
                codec if codec.starts_with("pcm_") && probe.container == Container::Wav => {}
                codec if codec.starts_with("pcm_") => hint.say(
                    Verdict::Maybe,
                    "The sound is uncompressed: not every browser plays that in a film.",
                ),
                "alac" => hint.say(
                    Verdict::Maybe,
                    "The sound is ALAC, which only Safari plays.",
                ),
                "ac3" | "eac3" => hint.say(
                    Verdict::No,
                    "The sound is Dolby Digital: most browsers would play the picture in silence.",
                ),
                codec => hint.say(
                    Verdict::No,
                    &format!("Browsers don't decode {} sound.", codec_name(codec)),
                ),
            }
        }
        hint
    }

    fn container(&mut self, container: Container) {
        match container {
            Container::Mp4
            | Container::QuickTime
            | Container::WebM
            | Container::Mp3
            | Container::Flac
            | Container::Wav
            | Container::Adts => {}
            Container::Matroska => self.say(
                Verdict::Maybe,
                "It is a Matroska file: Chromium and Firefox play it, Safari doesn't.",
            ),
            Container::Ogg => self.say(
                Verdict::Maybe,
                "It is an Ogg file: older Safari doesn't play it.",
            ),
            Container::MpegTs => self.say(
                Verdict::No,
                "Browsers don't play MPEG transport streams directly.",
            ),
            Container::Avi => self.say(Verdict::No, "Browsers don't play AVI files."),
            Container::Other => self.say(Verdict::No, "Browsers don't play this kind of file."),
        }
    }

    fn say(&mut self, verdict: Verdict, reason: &str) {
        self.verdict = self.verdict.max(verdict);
        self.reasons.push(reason.to_owned());
    }
}

/// What people call a codec.
pub(crate) fn codec_name(codec: &str) -> &str {
    match codec {
        "" | "unknown" => "such",
        "h264" => "H.264",
        "hevc" => "HEVC",
        "vp8" => "VP8",
        "vp9" => "VP9",
        "av1" => "AV1",
        "mpeg1video" => "MPEG-1",
        "mpeg2video" => "MPEG-2",
        "mpeg4" => "MPEG-4 Part 2",
        "aac" => "AAC",
        "ac3" => "Dolby Digital (AC-3)",
        "eac3" => "Dolby Digital Plus (E-AC-3)",
        "alac" => "ALAC",
        "dts" => "DTS",
        "truehd" => "Dolby TrueHD",
        "mp2" => "MPEG layer 2",
        "mp3" => "MP3",
        "opus" => "Opus",
        "vorbis" => "Vorbis",
        "flac" => "FLAC",
        codec if codec.starts_with("pcm_") => "uncompressed",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::medium::{AudioTrack, VideoTrack};

    fn hint(container: Container, video: &str, bits: u8, audio: &str) -> Verdict {
        let video = VideoTrack {
            codec: video.into(),
            bit_depth: Some(bits),
            ..Default::default()
        };
        let audio = AudioTrack {
            codec: audio.into(),
            ..Default::default()
        };
        let probe = Probe {
            container,
            duration: None,
            video: vec![video],
            audio: vec![audio],
            subtitles: vec![],
            chapters: vec![],
            cover: false,
        };
        let hint = Playability::of(&probe);
        assert_eq!(hint.verdict == Verdict::Yes, hint.reasons.is_empty());
        hint.verdict
    }

    #[test]
    fn hints_tell_what_browsers_play() {
        assert_eq!(hint(Container::Mp4, "h264", 8, "aac"), Verdict::Yes);
        assert_eq!(hint(Container::WebM, "vp9", 8, "opus"), Verdict::Yes);
        assert_eq!(hint(Container::Matroska, "h264", 8, "aac"), Verdict::Maybe);
        assert_eq!(hint(Container::Mp4, "hevc", 10, "aac"), Verdict::Maybe);
        assert_eq!(hint(Container::Mp4, "h264", 10, "aac"), Verdict::No);
        assert_eq!(hint(Container::Matroska, "h264", 8, "dts"), Verdict::No);
        assert_eq!(hint(Container::Avi, "mpeg4", 8, "mp3"), Verdict::No);
    }
}
