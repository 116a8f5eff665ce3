//! Probing without ffprobe, through symphonia's demuxers: MP4/MOV, Matroska/WebM, Ogg, FLAC, MP3, WAV, AAC.
//!
//! Files are bounded in how much of them is read and for how long, whatever they claim about themselves.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::{Duration, Instant};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known as audio;
use symphonia::core::codecs::subtitle::well_known as subtitle;
use symphonia::core::codecs::video::well_known as video;
use symphonia::core::errors::Error;
use symphonia::core::formats::well_known as formats;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackFlags};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use super::{Outcome, corrupt, sane_duration, sane_language, timeout, unreadable};
use crate::medium::{AudioTrack, Container, Probe, Problem, SubtitleTrack, VideoTrack};
use crate::platform::read_exact_at;

/// Longest look at one file. A header takes milliseconds.
const TIME: Duration = Duration::from_secs(20);

/// Most bytes read of one file. The index of a ten-hour film has some 30 MiB.
const MAX_READ: u64 = 256 << 20;

/// Most tracks of a kind kept.
const MAX_TRACKS: usize = 64;

pub(crate) fn look(file: &Arc<File>, size: u64, hint: Container) -> Outcome {
    let source = Bounded {
        file: Arc::clone(file),
        size,
        at: 0,
        left: MAX_READ,
        until: Instant::now() + TIME,
    };
    let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
    let probed = symphonia::default::get_probe().probe(
        &symphonia::core::formats::probe::Hint::new(), // the content decides, not the name
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    );
    match probed {
        Ok(reader) => found(reader, hint),
        Err(Error::IoError(error)) if error.kind() == io::ErrorKind::TimedOut => {
            Outcome::Failed(timeout())
        }
        Err(Error::IoError(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
            Outcome::Failed(unreadable(&error))
        }
        Err(_) if matches!(hint, Container::MpegTs | Container::Avi | Container::Other) => {
            Outcome::Failed(Problem::new(
                "media_unreadable",
                "This kind of file can be looked into only with ffprobe. Install ffmpeg on the server.",
            ))
        }
        Err(_) => Outcome::Broken(corrupt()),
    }
}

fn found(mut reader: Box<dyn FormatReader + '_>, hint: Container) -> Outcome {
    let mut probe = Probe {
        container: container(&*reader, hint),
        duration: None,
        video: Vec::new(),
        audio: Vec::new(),
        subtitles: Vec::new(),
        chapters: Vec::new(),
        cover: false,
    };
    let info = reader.media_info();
    let whole = info
        .time_base
        .zip(info.duration)
        .map(|(base, length)| base.calc_duration_saturating(length).as_secs_f64());
    let longest = reader
        .tracks()
        .iter()
        .filter_map(track_seconds)
        .reduce(f64::max);
    probe.duration = whole.and_then(sane_duration).or(longest);
    for track in reader.tracks() {
        add(&mut probe, track);
    }
    probe.cover = reader
        .metadata()
        .skip_to_latest()
        .is_some_and(|revision| !revision.media.visuals.is_empty());
    Outcome::Found(probe)
}

fn track_seconds(track: &Track) -> Option<f64> {
    sane_duration(
        track
            .time_base?
            .calc_duration_saturating(track.duration?)
            .as_secs_f64(),
    )
}

fn add(probe: &mut Probe, track: &Track) {
    let language = sane_language(track.language.as_deref());
    let default = track.flags.contains(TrackFlags::DEFAULT);
    match &track.codec_params {
        Some(CodecParameters::Video(params)) if probe.video.len() < MAX_TRACKS => {
            let profile = params.profile.map(|profile| profile.get());
            let deep_h264 = [
                video::profiles::CODEC_PROFILE_H264_HIGH_10,
                video::profiles::CODEC_PROFILE_H264_HIGH_422,
            ];
            let deep = params.codec == video::CODEC_ID_H264
                && deep_h264.iter().any(|deep| Some(deep.get()) == profile);
            let seconds = track_seconds(track);
            let frames = track.num_frames.filter(|frames| *frames > 0);
            // Some containers count ticks as frames; a rate no screen has is not a frame rate.
            let frame_rate = frames
                .zip(seconds)
                .map(|(frames, seconds)| frames as f64 / seconds)
                .filter(|rate| *rate < 1000.0);
            probe.video.push(VideoTrack {
                codec: video_name(params.codec).to_owned(),
                profile: None,
                width: params.width.unwrap_or(0).into(),
                height: params.height.unwrap_or(0).into(),
                bit_depth: deep.then_some(10),
                frame_rate,
                language,
                default,
            });
        }
        Some(CodecParameters::Audio(params)) if probe.audio.len() < MAX_TRACKS => {
            probe.audio.push(AudioTrack {
                codec: audio_name(params.codec).to_owned(),
                channels: params
                    .channels
                    .as_ref()
                    .and_then(|channels| u16::try_from(channels.count()).ok()),
                language,
                title: None,
                default,
            })
        }
        Some(CodecParameters::Subtitle(params)) if probe.subtitles.len() < MAX_TRACKS => {
            probe.subtitles.push(SubtitleTrack {
                codec: subtitle_name(params.codec).to_owned(),
                language,
                title: None,
                default,
                forced: track.flags.contains(TrackFlags::FORCED),
            });
        }
        _ => {}
    }
}

fn container(reader: &dyn FormatReader, hint: Container) -> Container {
    match reader.format_info().format {
        formats::FORMAT_ID_ISOMP4 if hint == Container::QuickTime => Container::QuickTime,
        formats::FORMAT_ID_ISOMP4 => Container::Mp4,
        formats::FORMAT_ID_MKV if hint == Container::WebM => Container::WebM,
        formats::FORMAT_ID_MKV => Container::Matroska,
        formats::FORMAT_ID_OGG => Container::Ogg,
        formats::FORMAT_ID_MP3 | formats::FORMAT_ID_MP2 | formats::FORMAT_ID_MP1 => Container::Mp3,
        formats::FORMAT_ID_FLAC => Container::Flac,
        formats::FORMAT_ID_WAVE => Container::Wav,
        formats::FORMAT_ID_ADTS => Container::Adts,
        _ => Container::Other,
    }
}

fn video_name(codec: symphonia::core::codecs::video::VideoCodecId) -> &'static str {
    match codec {
        video::CODEC_ID_H264 => "h264",
        video::CODEC_ID_HEVC => "hevc",
        video::CODEC_ID_VP8 => "vp8",
        video::CODEC_ID_VP9 => "vp9",
        video::CODEC_ID_AV1 => "av1",
        video::CODEC_ID_VVC => "vvc",
        video::CODEC_ID_MPEG1 => "mpeg1video",
        video::CODEC_ID_MPEG2 => "mpeg2video",
        video::CODEC_ID_MPEG4 => "mpeg4",
        video::CODEC_ID_THEORA => "theora",
        video::CODEC_ID_MJPEG => "mjpeg",
        _ => "unknown",
    }
}

fn audio_name(codec: symphonia::core::codecs::audio::AudioCodecId) -> &'static str {
    match codec {
        audio::CODEC_ID_AAC => "aac",
        audio::CODEC_ID_MP3 => "mp3",
        audio::CODEC_ID_MP2 => "mp2",
        audio::CODEC_ID_OPUS => "opus",
        audio::CODEC_ID_VORBIS => "vorbis",
        audio::CODEC_ID_FLAC => "flac",
        audio::CODEC_ID_ALAC => "alac",
        audio::CODEC_ID_AC3 => "ac3",
        audio::CODEC_ID_EAC3 => "eac3",
        audio::CODEC_ID_DCA => "dts",
        audio::CODEC_ID_TRUEHD => "truehd",
        audio::CODEC_ID_PCM_S16LE => "pcm_s16le",
        audio::CODEC_ID_PCM_S16BE => "pcm_s16be",
        audio::CODEC_ID_PCM_S24LE => "pcm_s24le",
        audio::CODEC_ID_PCM_S24BE => "pcm_s24be",
        audio::CODEC_ID_PCM_S32LE => "pcm_s32le",
        audio::CODEC_ID_PCM_F32LE => "pcm_f32le",
        audio::CODEC_ID_PCM_U8 => "pcm_u8",
        _ => "unknown",
    }
}

fn subtitle_name(codec: symphonia::core::codecs::subtitle::SubtitleCodecId) -> &'static str {
    match codec {
        subtitle::CODEC_ID_SRT | subtitle::CODEC_ID_TEXT_UTF8 => "subrip",
        subtitle::CODEC_ID_ASS | subtitle::CODEC_ID_SSA => "ass",
        subtitle::CODEC_ID_WEBVTT => "webvtt",
        subtitle::CODEC_ID_MOV_TEXT => "mov_text",
        subtitle::CODEC_ID_HDMV_PGS => "hdmv_pgs_subtitle",
        subtitle::CODEC_ID_VOBSUB => "dvd_subtitle",
        subtitle::CODEC_ID_DVBSUB => "dvb_subtitle",
        _ => "unknown",
    }
}

/// The file, with an end to patience: past the byte or time limit every read fails with `TimedOut`.
struct Bounded {
    file: Arc<File>,
    size: u64,
    at: u64,
    left: u64,
    until: Instant,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 || Instant::now() > self.until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let left = self.size.saturating_sub(self.at).min(self.left);
        let count = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        read_exact_at(&self.file, &mut buffer[..count], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

impl Seek for Bounded {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

impl MediaSource for Bounded {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.size)
    }
}
