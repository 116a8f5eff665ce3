//! A subtitle of another site, for one viewer: fetched by the server, since browsers may not read what other sites do
//! not share. Only what reads like a subtitle is passed on, so that this is no way to fetch anything else.
use super::{LinkError, file_name, fine, last_part};
use crate::fetch::{Fetcher, Want};
use std::time::Duration;

/// A film with karaoke has 3 MB; the page takes no more of a file, either.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// A person waits for it.
const WITHIN: Duration = Duration::from_secs(20);

/// A subtitle as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtitle {
    /// The file's name, for people.
    pub label: String,
    /// All of it, UTF-8 whatever it was.
    pub text: String,
}

pub(super) async fn fetch(fetcher: &Fetcher, address: &str) -> Result<Subtitle, LinkError> {
    let want = Want {
        most: MOST_BYTES,
        beginning: false,
        within: WITHIN,
        origin: None,
    };
    let found = fetcher.get(address, want).await?;
    fine(found.status)?;
    let text = watchalong_media::subtitle_text(&found.body);
    if !is_subtitle(&text) {
        return Err(LinkError::NoSubtitle);
    }
    let label = file_name(&found).unwrap_or_else(|| last_part(&found.url));
    Ok(Subtitle { label, text })
}

/// SubRip and WebVTT have arrows between times, SubStation Alpha a section of events. Pages have neither at the
/// beginnings of lines.
fn is_subtitle(text: &str) -> bool {
    let timed = |line: &str| {
        line.split_once("-->").is_some_and(|(from, _)| {
            let from = from.trim();
            from.contains(':')
                && from
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b":,.".contains(&b))
        })
    };
    text.lines().any(|line| {
        let line = line.trim_start();
        timed(line) || line.starts_with("Dialogue:")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reads_like_a_subtitle_is_one() {
        for text in [
            "1\n00:00:01,000 --> 00:00:02,000\nHello\n",
            "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n",
            "[Script Info]\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,Hello",
        ] {
            assert!(is_subtitle(text), "{text}");
        }
        for text in [
            "",
            "WEBVTT\n",
            "<html><!-- a comment --> <p>12:30 --> 13:00</p>",
            "root:x:0:0:root:/root:/bin/bash\n",
            "{\"AccessKeyId\": \"x\", \"Expiration\": \"2026-01-01T00:00:00Z\"}",
        ] {
            assert!(!is_subtitle(text), "{text}");
        }
    }
}
