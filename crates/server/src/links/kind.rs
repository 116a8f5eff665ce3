//! What the beginning of something says that it is: its first bytes, else its type as its site says, else its ending.
//!
//! Sites say `application/octet-stream` of films and `video/mp4` of error pages, so that bytes come first.

/// MIME type of an HLS playlist (RFC 8216, section 4).
pub(super) const HLS: &str = "application/vnd.apple.mpegurl";
/// MIME type of a DASH manifest (ISO/IEC 23009-1).
pub(super) const DASH: &str = "application/dash+xml";

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file that browsers play, as this type.
    Plays(&'static str),
    /// An HLS playlist.
    Hls,
    /// A DASH manifest.
    Dash,
    /// A film in a form that they don't play, for people.
    Form(&'static str),
    /// HTML.
    WebPage,
    /// Anything else, as its site calls it.
    Other(String),
}

/// By its first bytes, its type and its path.
pub(super) fn of(head: &[u8], said: &str, path: &str) -> Kind {
    if let Some(kind) = by_bytes(head) {
        return kind;
    }
    let said = said.split(';').next().unwrap_or_default().trim();
    let said = said.to_ascii_lowercase();
    by_type(&said)
        .or_else(|| by_ending(path))
        .unwrap_or_else(|| {
            Kind::Other(if said.is_empty() {
                "its site does not say what it is".to_owned()
            } else {
                said.chars().take(60).collect()
            })
        })
}

fn by_bytes(head: &[u8]) -> Option<Kind> {
    let at = |place: usize, magic: &[u8]| head.get(place..place + magic.len()) == Some(magic);
    if at(4, b"ftyp") {
        // QuickTime with codecs that browsers know plays as MP4.
        let sound = at(8, b"M4A ") || at(8, b"M4B ");
        return Some(Kind::Plays(if sound { "audio/mp4" } else { "video/mp4" }));
    }
    if [&b"moov"[..], b"mdat", b"wide", b"styp"]
        .iter()
        .any(|kind| at(4, kind))
    {
        return Some(Kind::Plays("video/mp4"));
    }
    if at(0, b"\x1a\x45\xdf\xa3") {
        // The DocType stands within the first 64 bytes of all that writers write. Chromium plays Matroska, too; others
        // say so when they can't.
        let web = head.iter().take(64).copied().collect::<Vec<u8>>();
        let web = web.windows(4).any(|four| four == b"webm");
        return Some(Kind::Plays(if web {
            "video/webm"
        } else {
            "video/x-matroska"
        }));
    }
    if at(0, b"RIFF") {
        return Some(match () {
            () if at(8, b"WAVE") => Kind::Plays("audio/wav"),
            () if at(8, b"AVI ") => Kind::Form("an AVI file"),
            () => Kind::Other("a picture".to_owned()),
        });
    }
    for (magic, kind) in [
        (&b"OggS"[..], Kind::Plays("video/ogg")),
        (b"fLaC", Kind::Plays("audio/flac")),
        (b"ID3", Kind::Plays("audio/mpeg")),
        (b"\xff\xfb", Kind::Plays("audio/mpeg")),
        (b"\xff\xf3", Kind::Plays("audio/mpeg")),
        (b"\xff\xf1", Kind::Plays("audio/aac")),
        (
            b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
            Kind::Form("a Windows Media file"),
        ),
        (b"FLV\x01", Kind::Form("a Flash video")),
        (b".RMF", Kind::Form("a RealMedia file")),
        (b"\x00\x00\x01\xba", Kind::Form("an MPEG program stream")),
        (b"PK\x03\x04", Kind::Other("an archive".to_owned())),
        (b"%PDF", Kind::Other("a document".to_owned())),
        (b"\x89PNG", Kind::Other("a picture".to_owned())),
        (b"GIF8", Kind::Other("a picture".to_owned())),
        (b"\xff\xd8\xff", Kind::Other("a picture".to_owned())),
    ] {
        if at(0, magic) {
            return Some(kind);
        }
    }
    if (0..3).all(|n| head.get(n * 188) == Some(&0x47)) {
        return Some(Kind::Form("an MPEG transport stream"));
    }
    by_text(head)
}

/// Texts begin behind a byte order mark and white space.
fn by_text(head: &[u8]) -> Option<Kind> {
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let start = start.trim_ascii_start();
    let text = String::from_utf8_lossy(&start[..start.len().min(2048)]).to_ascii_lowercase();
    if text.starts_with("#extm3u") {
        return Some(Kind::Hls);
    }
    if text.starts_with('<') && text.contains("<mpd") {
        return Some(Kind::Dash);
    }
    let page = ["<!doctype html", "<html", "<head", "<body"];
    page.iter()
        .any(|tag| text.starts_with(tag) || (text.starts_with("<?xml") && text.contains(tag)))
        .then_some(Kind::WebPage)
}

fn by_type(said: &str) -> Option<Kind> {
    Some(match said {
        "text/html" | "application/xhtml+xml" => Kind::WebPage,
        "application/vnd.apple.mpegurl"
        | "application/x-mpegurl"
        | "audio/mpegurl"
        | "audio/x-mpegurl" => Kind::Hls,
        "application/dash+xml" => Kind::Dash,
        "video/mp4" | "video/quicktime" => Kind::Plays("video/mp4"),
        "video/webm" => Kind::Plays("video/webm"),
        "video/ogg" => Kind::Plays("video/ogg"),
        "audio/mpeg" => Kind::Plays("audio/mpeg"),
        "audio/mp4" => Kind::Plays("audio/mp4"),
        "audio/ogg" => Kind::Plays("audio/ogg"),
        "audio/aac" => Kind::Plays("audio/aac"),
        "audio/webm" => Kind::Plays("audio/webm"),
        "audio/flac" => Kind::Plays("audio/flac"),
        "audio/wav" | "audio/x-wav" => Kind::Plays("audio/wav"),
        _ => return None,
    })
}

/// The last word: a site that sends a film as `text/plain` and begins it in a way that nobody knows.
fn by_ending(path: &str) -> Option<Kind> {
    let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "m3u8" => Kind::Hls,
        "mpd" => Kind::Dash,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_speak_before_types_and_types_before_endings() {
        for (head, said, path, kind) in [
            (
                &b"\0\0\0\x20ftypisom"[..],
                "text/html",
                "/a",
                Kind::Plays("video/mp4"),
            ),
            (b"\0\0\0\x20ftypM4A ", "", "/a", Kind::Plays("audio/mp4")),
            (
                b"\x1a\x45\xdf\xa3\x42\x82\x84webm",
                "",
                "/a",
                Kind::Plays("video/webm"),
            ),
            (
                b"\x1a\x45\xdf\xa3\x42\x82\x88matroska",
                "",
                "/a",
                Kind::Plays("video/x-matroska"),
            ),
            (
                b"RIFF\0\0\0\0AVI LIST",
                "video/mp4",
                "/a.mp4",
                Kind::Form("an AVI file"),
            ),
            (b"\xef\xbb\xbf#EXTM3U\n", "text/plain", "/a", Kind::Hls),
            (
                b"<?xml version=\"1.0\"?>\n<MPD>",
                "text/plain",
                "/a",
                Kind::Dash,
            ),
            (
                b"\n <!DOCTYPE html><html>",
                "video/mp4",
                "/film.mp4",
                Kind::WebPage,
            ),
            (
                b"PK\x03\x04",
                "video/mp4",
                "/film.mp4",
                Kind::Other("an archive".into()),
            ),
            (
                b"\0\0\0\0",
                "video/mp4; codecs=x",
                "/a",
                Kind::Plays("video/mp4"),
            ),
            (b"", "text/plain", "/live/master.m3u8", Kind::Hls),
            (
                b"hello",
                "text/plain",
                "/a",
                Kind::Other("text/plain".into()),
            ),
        ] {
            assert_eq!(of(head, said, path), kind, "{head:?} {said} {path}");
        }
        assert!(matches!(of(b"", "", "/a"), Kind::Other(_)));
    }
}
