//! Probing with ffprobe: its JSON, turned into a [`Probe`].

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::{Outcome, corrupt, sane_duration, sane_language, sane_title, timeout};
use crate::chapter::{self, Chapter};
use crate::medium::{AudioTrack, Container, Probe, Problem, SubtitleTrack, VideoTrack};
use crate::tools::{INPUT, ToolFailure, Tools, output};

/// A probe reads some megabytes; a sleeping disk needs 10 s to spin up; past this the file is at fault.
const TIME: Duration = Duration::from_secs(30);

/// Most bytes of JSON read. A film with a hundred tracks prints 60 KiB.
const MAX_JSON: u64 = 1 << 20;

/// Most tracks of a kind kept. Discs have a few dozen.
const MAX_TRACKS: usize = 64;

const ENTRIES: &str = "format=format_name,duration:format_tags=major_brand:\
stream=codec_type,codec_name,profile,width,height,pix_fmt,bits_per_raw_sample,channels,avg_frame_rate,duration:\
stream_tags=language,title:stream_disposition=default,forced,attached_pic:stream_side_data=rotation:\
chapter=start_time,end_time:chapter_tags=title";

pub(super) async fn look(tools: &Tools, program: &Path, input: File, hint: Container) -> Outcome {
    let mut command = tools.command(program, input);
    command.args([
        "-print_format",
        "json",
        "-show_entries",
        ENTRIES,
        "-i",
        INPUT,
    ]);
    match output(command, TIME, MAX_JSON).await {
        Ok(json) => match serde_json::from_slice::<Report>(&json) {
            Ok(report) => report
                .into_probe(hint)
                .map_or_else(|| Outcome::Broken(corrupt()), Outcome::Found),
            Err(_) => Outcome::Broken(corrupt()),
        },
        Err(ToolFailure::Refused) => Outcome::Broken(corrupt()),
        Err(ToolFailure::OverLimit) => Outcome::Failed(timeout()),
        Err(ToolFailure::NotRun) => Outcome::Failed(Problem::new(
            "media_unreadable",
            "ffprobe could not be run, or died, looking into this file. Check its installation.",
        )),
    }
}

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    chapters: Vec<Mark>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Format {
    #[serde(default)]
    format_name: String,
    duration: Option<String>,
    #[serde(default)]
    tags: Tags,
}

/// A chapter.
#[derive(Deserialize)]
struct Mark {
    start_time: Option<String>,
    end_time: Option<String>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Deserialize, Default)]
struct Tags {
    major_brand: Option<String>,
    language: Option<String>,
    title: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    #[serde(default)]
    codec_type: String,
    #[serde(default)]
    codec_name: String,
    profile: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    pix_fmt: Option<String>,
    bits_per_raw_sample: Option<String>,
    channels: Option<u16>,
    avg_frame_rate: Option<String>,
    duration: Option<String>,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Disposition {
    default: u8,
    forced: u8,
    attached_pic: u8,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

impl Report {
    fn into_probe(self, hint: Container) -> Option<Probe> {
        let format = self.format?;
        let seconds = |text: &Option<String>| {
            text.as_deref()
                .and_then(|text| text.parse().ok())
                .and_then(sane_duration)
        };
        let longest = self
            .streams
            .iter()
            .filter_map(|stream| seconds(&stream.duration))
            .reduce(f64::max);
        let mut probe = Probe {
            container: container(
                &format.format_name,
                format.tags.major_brand.as_deref(),
                hint,
            ),
            duration: seconds(&format.duration).or(longest),
            video: Vec::new(),
            audio: Vec::new(),
            subtitles: Vec::new(),
            chapters: Vec::new(),
            cover: false,
        };
        let instant = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let marks = self.chapters.into_iter().map(|mark| Chapter {
            start: instant(mark.start_time).unwrap_or(f64::NAN),
            end: instant(mark.end_time).unwrap_or(f64::NAN),
            title: sane_title(mark.tags.title.as_deref()).unwrap_or_default(),
        });
        probe.chapters = chapter::sane(marks, probe.duration);
        for stream in self.streams {
            let language = sane_language(stream.tags.language.as_deref());
            let title = sane_title(stream.tags.title.as_deref());
            let default = stream.disposition.default == 1;
            match stream.codec_type.as_str() {
                "video" if stream.disposition.attached_pic == 1 => probe.cover = true,
                "video" if probe.video.len() < MAX_TRACKS => {
                    probe.video.push(video(stream, language, default))
                }
                "audio" if probe.audio.len() < MAX_TRACKS => {
                    let channels = stream.channels.filter(|channels| *channels > 0);
                    probe.audio.push(AudioTrack {
                        codec: stream.codec_name,
                        channels,
                        language,
                        title,
                        default,
                    });
                }
                "subtitle" if probe.subtitles.len() < MAX_TRACKS => {
                    let forced = stream.disposition.forced == 1;
                    probe.subtitles.push(SubtitleTrack {
                        codec: stream.codec_name,
                        language,
                        title,
                        default,
                        forced,
                    });
                }
                _ => {}
            }
        }
        Some(probe)
    }
}

fn video(stream: Stream, language: Option<String>, default: bool) -> VideoTrack {
    let turned = stream
        .side_data_list
        .iter()
        .filter_map(|data| data.rotation)
        .any(|angle| (angle.abs() % 180.0 - 90.0).abs() < 1.0);
    let (mut width, mut height) = (stream.width.unwrap_or(0), stream.height.unwrap_or(0));
    if turned {
        std::mem::swap(&mut width, &mut height);
    }
    let named_depth = stream.pix_fmt.as_deref().map(|format| match format {
        format if format.contains("p10") || format.contains("10le") => 10,
        format if format.contains("p12") || format.contains("12le") => 12,
        _ => 8,
    });
    VideoTrack {
        codec: stream.codec_name,
        profile: stream.profile,
        width,
        height,
        bit_depth: stream
            .bits_per_raw_sample
            .and_then(|bits| bits.parse().ok())
            .filter(|bits| *bits > 0)
            .or(named_depth),
        frame_rate: stream.avg_frame_rate.as_deref().and_then(fraction),
        language,
        default,
    }
}

fn fraction(text: &str) -> Option<f64> {
    let (over, under) = text.split_once('/')?;
    let rate = over.parse::<f64>().ok()? / under.parse::<f64>().ok()?;
    (rate.is_finite() && rate > 0.0).then(|| (rate * 1000.0).round() / 1000.0)
}

/// ffprobe names families of formats; the extension decides inside a family.
fn container(name: &str, brand: Option<&str>, hint: Container) -> Container {
    match name {
        "mov,mp4,m4a,3gp,3g2,mj2" if brand.is_some_and(|brand| brand.starts_with("qt")) => {
            Container::QuickTime
        }
        "mov,mp4,m4a,3gp,3g2,mj2" => Container::Mp4,
        "matroska,webm" if hint == Container::WebM => Container::WebM,
        "matroska,webm" => Container::Matroska,
        "ogg" => Container::Ogg,
        "mp3" => Container::Mp3,
        "flac" => Container::Flac,
        "wav" => Container::Wav,
        "aac" => Container::Adts,
        "mpegts" => Container::MpegTs,
        "avi" => Container::Avi,
        _ => Container::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_becomes_a_probe() {
        let json = r#"{"format":{"format_name":"mov,mp4,m4a,3gp,3g2,mj2","duration":"60.010000","tags":{"major_brand":"isom"}},
          "streams":[
            {"codec_type":"video","codec_name":"h264","profile":"High","width":1920,"height":1080,"pix_fmt":"yuv420p",
             "avg_frame_rate":"30000/1001","disposition":{"default":1},"side_data_list":[{"rotation":-90}]},
            {"codec_type":"audio","codec_name":"aac","channels":2,"tags":{"language":"und","title":" a\u0007b "}},
            {"codec_type":"video","codec_name":"mjpeg","disposition":{"attached_pic":1}},
            {"codec_type":"data","codec_name":"bin"},
            {"codec_type":"subtitle","codec_name":"mov_text","tags":{"language":"deu"},"disposition":{"forced":1}}]}"#;
        let probe = serde_json::from_str::<Report>(json)
            .unwrap()
            .into_probe(Container::Mp4)
            .unwrap();
        assert_eq!(
            (probe.mime(), probe.duration, probe.cover),
            ("video/mp4", Some(60.01), true)
        );
        let video = &probe.video[..];
        assert_eq!(
            (
                video.len(),
                video[0].width,
                video[0].height,
                video[0].frame_rate
            ),
            (1, 1080, 1920, Some(29.97))
        );
        assert_eq!((video[0].bit_depth, video[0].default), (Some(8), true));
        assert_eq!(
            (
                probe.audio[0].language.as_deref(),
                probe.audio[0].title.as_deref()
            ),
            (None, Some("a b"))
        );
        assert_eq!(
            (
                probe.subtitles[0].language.as_deref(),
                probe.subtitles[0].forced
            ),
            (Some("deu"), true)
        );
    }

    #[test]
    fn chapters_are_read_with_their_names() {
        let json = r#"{"format":{"format_name":"matroska,webm","duration":"60"},
          "chapters":[{"start_time":"0.000000","end_time":"12.5","tags":{"title":"Intro"}},
                      {"start_time":"12.500000","end_time":"60.0"}, {"start_time":"N/A"}]}"#;
        let report = serde_json::from_str::<Report>(json).unwrap();
        let probe = report.into_probe(Container::Matroska).unwrap();
        let told: Vec<_> = probe
            .chapters
            .iter()
            .map(|c| (c.start, c.end, c.title.as_str()))
            .collect();
        assert_eq!(told, [(0.0, 12.5, "Intro"), (12.5, 60.0, "")]);
    }

    #[test]
    fn nonsense_durations_are_unknown() {
        for duration in ["N/A", "-1", "nan", "inf", "1e300", "0"] {
            let json = format!(r#"{{"format":{{"format_name":"flac","duration":"{duration}"}}}}"#);
            let probe = serde_json::from_str::<Report>(&json)
                .unwrap()
                .into_probe(Container::Flac)
                .unwrap();
            assert_eq!(probe.duration, None, "{duration}");
        }
    }
}
