//! The same segments for players that speak MPEG-DASH (ISO 23009-1): one manifest beside the HLS playlists.

use std::fmt::Write as _;
use std::sync::Arc;

use super::film::Film;
use super::grid::Grid;
use super::playlist::{Offer, Stream, streams};
use super::rendition::{Rendition, SOUND_BITS};

/// Ticks a second of the manifest's times: microseconds, as exact as the playlists.
const TIMESCALE: u32 = 1_000_000;

/// The manifest. `copied` is where the film's own pictures are cut, if they are offered.
pub(super) fn manifest(film: &Film, offer: Offer, copied: Option<&Arc<Grid>>) -> String {
    let offer = Offer {
        copy: offer.copy && copied.is_some(),
        ..offer
    };
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = write!(
        out,
        "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
         profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" minBufferTime=\"PT6S\" \
         mediaPresentationDuration=\"PT{:.3}S\">\n<Period id=\"0\" start=\"PT0S\">\n",
        film.duration
    );
    let pictures: Vec<Stream> = streams(film, offer);
    // The film's own pictures are cut elsewhere than converted ones: players switch within a set only.
    let (own, converted): (Vec<_>, Vec<_>) = pictures
        .into_iter()
        .filter(|stream| !matches!(stream.rendition, Rendition::Sound(_)))
        .partition(|stream| stream.rendition == Rendition::Copy);
    if let (Some(grid), false) = (copied, own.is_empty()) {
        set(&mut out, film, grid, &own);
    }
    if !converted.is_empty() {
        set(&mut out, film, film.pictures(), &converted);
    }
    for (number, track) in film.medium.audio.iter().enumerate() {
        let rendition = Rendition::Sound(number);
        let _ = write!(
            out,
            "<AdaptationSet contentType=\"audio\" mimeType=\"audio/mp4\""
        );
        if let Some(language) = &track.language {
            let _ = write!(out, " lang=\"{}\"", escaped(language));
        }
        let label = escaped(&film.sound_label(number));
        let _ = writeln!(out, ">\n<Label>{label}</Label>");
        template(&mut out, film.sound());
        let _ = writeln!(
            out,
            "<Representation id=\"{rendition}\" codecs=\"mp4a.40.2\" audioSamplingRate=\"48000\" \
             bandwidth=\"{SOUND_BITS}\"/>\n</AdaptationSet>"
        );
    }
    out.push_str("</Period>\n</MPD>\n");
    out
}

fn set(out: &mut String, film: &Film, grid: &Grid, streams: &[Stream]) {
    out.push_str(
        "<AdaptationSet contentType=\"video\" mimeType=\"video/mp4\" segmentAlignment=\"true\" startWithSAP=\"1\">\n",
    );
    template(out, grid);
    for stream in streams {
        let Stream {
            rendition,
            bits,
            codec,
            size,
        } = stream;
        let _ = writeln!(
            out,
            "<Representation id=\"{rendition}\" codecs=\"{codec}\" width=\"{}\" height=\"{}\" \
             frameRate=\"{}/{}\" bandwidth=\"{bits}\"/>",
            size.width, size.height, film.rate.over, film.rate.under
        );
    }
    out.push_str("</AdaptationSet>\n");
}

/// Where segments begin and are found; equal lengths in a row are told once.
fn template(out: &mut String, grid: &Grid) {
    let _ = write!(
        out,
        "<SegmentTemplate timescale=\"{TIMESCALE}\" startNumber=\"0\" \
         initialization=\"$RepresentationID$/init.mp4\" media=\"$RepresentationID$/$Number$.m4s\">\n<SegmentTimeline>"
    );
    let at = |n: usize| (grid.start(n) * f64::from(TIMESCALE)).round() as u64;
    let mut n = 0;
    while n < grid.count() {
        let length = at(n + 1) - at(n);
        let same = (n + 1..grid.count())
            .take_while(|next| at(next + 1) - at(*next) == length)
            .count();
        let _ = write!(out, "<S t=\"{}\" d=\"{length}\" r=\"{same}\"/>", at(n));
        n += same + 1;
    }
    out.push_str("</SegmentTimeline>\n</SegmentTemplate>\n");
}

/// A text from a file, within XML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()).take(120) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::grid::Even;
    use super::*;

    #[test]
    fn equal_lengths_are_told_once_and_times_are_whole() {
        let mut out = String::new();
        template(&mut out, &Grid::Even(Even::new(10.0, 3.0, 25, 1)));
        assert!(
            out.contains(
                "<S t=\"0\" d=\"3000000\" r=\"2\"/><S t=\"9000000\" d=\"1000000\" r=\"0\"/>"
            ),
            "{out}"
        );
    }

    #[test]
    fn names_from_files_stay_text() {
        assert_eq!(
            escaped("<a href=\"x\">&\u{7}"),
            "&lt;a href=&quot;x&quot;&gt;&amp;"
        );
    }
}
