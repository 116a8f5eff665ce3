//! Subtitles as the page reads them: WebVTT, made of SubRip where need be, with nothing in it that could be markup.
//!
//! The page of the original puts a cue's text into its HTML, so only bare `<i>`, `<b>` and `<u>` pass; anything else that
//! begins like a tag is escaped, but for the formatting that subtitle files are full of, which is dropped. Codes in braces
//! and translators' notes go, as in the original. Notes and styles of a WebVTT file are left alone.

/// Tags of subtitle formats that mean nothing to the page.
const DROPPED: [&str; 6] = ["font", "c", "v", "lang", "ruby", "rt"];
/// Tags that pass, bare.
const KEPT: [&str; 3] = ["i", "b", "u"];

/// The text of a subtitle file as clean WebVTT.
pub(super) fn clean(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}');
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::from("WEBVTT\n");
    if text.starts_with("WEBVTT") {
        blocks(&text, &mut out);
    } else {
        cues(&text, &mut out);
    }
    out
}

/// WebVTT: blocks between empty lines, of which those with a timing are cues.
fn blocks(text: &str, out: &mut String) {
    let blocks = text.split("\n\n").map(|block| block.trim_matches('\n'));
    for block in blocks.skip(1).filter(|block| !block.is_empty()) {
        let first = block.lines().next().unwrap_or_default();
        let is_other = |kind: &str| first == kind || first.starts_with(&format!("{kind} "));
        if ["NOTE", "STYLE", "REGION"].into_iter().any(is_other) {
            out.push_str(&format!("\n{block}\n"));
            continue;
        }
        let mut lines = block.lines();
        // A name of the cue may stand in front of its timing.
        if let Some(timing) = lines.by_ref().take(2).find_map(timing) {
            cue(&timing, lines, out);
        }
    }
}

/// SubRip: a cue is what follows a timing, whatever empty lines and numbers stand around.
fn cues(text: &str, out: &mut String) {
    let mut open: Option<(String, Vec<&str>)> = None;
    let mut close = |open: Option<(String, Vec<&str>)>| {
        if let Some((timing, lines)) = open {
            cue(&timing, lines.into_iter(), out);
        }
    };
    for line in text.lines() {
        match (timing(line), &mut open) {
            (Some(timing), open) => {
                if let Some((_, lines)) = open
                    && lines.last().is_some_and(|line| is_counter(line))
                {
                    // The number of this cue, not something that was said.
                    lines.pop();
                }
                close(open.replace((timing, Vec::new())));
            }
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    close(open);
}

fn is_counter(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit())
}

/// A line of two times, as WebVTT has it; what follows them is kept where it is settings of that format.
fn timing(line: &str) -> Option<String> {
    let (from, rest) = line.split_once("-->")?;
    let (to, settings) = match rest.trim_start().split_once(char::is_whitespace) {
        Some((to, settings)) => (to, settings),
        None => (rest.trim(), ""),
    };
    let known = [
        "align:",
        "line:",
        "position:",
        "region:",
        "size:",
        "vertical:",
    ];
    let plain = |word: &&str| {
        let is = |kind: &&str| word.starts_with(*kind);
        let safe = |b: u8| b.is_ascii_alphanumeric() || b":%.,-".contains(&b);
        known.iter().any(is) && word.bytes().all(safe)
    };
    let settings: String = settings
        .split_whitespace()
        .filter(plain)
        .map(|word| format!(" {word}"))
        .collect();
    Some(format!("{} --> {}{settings}", time(from)?, time(to)?))
}

/// `1:02:03,4` or `02:03.400` as `01:02:03.400`.
fn time(text: &str) -> Option<String> {
    let text = text.trim().replace(',', ".");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    let parts: Option<Vec<u32>> = whole.split(':').map(|part| part.parse().ok()).collect();
    let (hours, minutes, seconds) = match parts?[..] {
        [hours, minutes, seconds] => (hours, minutes, seconds),
        [minutes, seconds] => (0, minutes, seconds),
        _ => return None,
    };
    let digits = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    let right = digits && minutes < 60 && seconds < 60;
    let millis: String = format!("{fraction}00").chars().take(3).collect();
    right.then(|| format!("{hours:02}:{minutes:02}:{seconds:02}.{millis}"))
}

/// Writes a cue; one without text is nothing.
fn cue<'a>(timing: &str, lines: impl Iterator<Item = &'a str>, out: &mut String) {
    let mut kept: Vec<String> = Vec::new();
    for line in lines {
        let line = squeeze(&markup(&without_notes(line)));
        if !line.is_empty() && !kept.contains(&line) {
            kept.push(line);
        }
    }
    if !kept.is_empty() {
        out.push_str(&format!("\n{timing}\n{}\n", kept.join("\n")));
    }
}

fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without `{\an8}` and the like, and without `[translator's note: ...]`.
fn without_notes(line: &str) -> String {
    let is_note = |inner: &str| {
        let inner = inner.to_lowercase();
        ["translator", "tl note", "t/n", "note"]
            .iter()
            .any(|word| inner.contains(word))
    };
    let line = without(line, '{', '}', |_| true);
    without(&line, '[', ']', is_note)
}

/// Without what stands between these, brackets included, where it is of a kind.
fn without(line: &str, open: char, close: char, goes: impl Fn(&str) -> bool) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some(from) = rest.find(open) {
        let Some(length) = rest[from..].find(close) else {
            break;
        };
        let inner = &rest[from + 1..from + length];
        out.push_str(&rest[..from]);
        if !goes(inner) {
            out.push_str(&rest[from..=from + length]);
        }
        rest = &rest[from + length + 1..];
    }
    out + rest
}

/// With its tags kept, dropped or escaped.
fn markup(line: &str) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some(at) = rest.find(['<', '>', '&']) {
        out.push_str(&rest[..at]);
        let found = &rest[at..];
        let (written, length) = match found.as_bytes()[0] {
            b'<' => tag(found),
            b'>' => ("&gt;".to_owned(), 1),
            _ => entity(found),
        };
        out.push_str(&written);
        rest = &found[length..];
    }
    out + rest
}

/// What becomes of a `<`, and how many bytes it stands for.
fn tag(text: &str) -> (String, usize) {
    let escaped = || ("&lt;".to_owned(), 1);
    let Some(end) = text.find('>') else {
        return escaped();
    };
    let inner = text[1..end].strip_prefix('/').unwrap_or(&text[1..end]);
    let lower = inner.to_ascii_lowercase();
    if KEPT.contains(&lower.as_str()) {
        return (text[..=end].to_ascii_lowercase(), end + 1);
    }
    let name = lower.split([' ', '.', '\t']).next().unwrap_or_default();
    if DROPPED.contains(&name) || time(inner).is_some() {
        return (String::new(), end + 1);
    }
    escaped()
}

/// What becomes of an `&`: an entity stays, a sign by itself becomes one.
fn entity(text: &str) -> (String, usize) {
    let end = text.find(';').filter(|end| (2..10).contains(end));
    let is_entity = end.is_some_and(|end| {
        let name = text[1..end].strip_prefix('#').unwrap_or(&text[1..end]);
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    match end.filter(|_| is_entity) {
        Some(end) => (text[..=end].to_owned(), end + 1),
        None => ("&amp;".to_owned(), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(srt: &str) -> String {
        let vtt = clean(&format!("1\n00:00:01,000 --> 00:00:02,500\n{srt}\n"));
        let cue = vtt.split_once("--> 00:00:02.500\n");
        cue.map_or(String::new(), |(_, text)| text.trim_end().to_owned())
    }

    #[test]
    fn a_spoken_number_stays_and_only_the_counter_before_a_timing_goes() {
        let srt = "\u{feff}1\r\n00:00:01,000 --> 00:00:02,000\r\nHow many?\r\n\r\n2\r\n0:00:03,5 --> 0:00:04,25 X1:5\r\n42\r\n\r\n3\r\n00:00:05,000 --> 00:00:06,000\r\nRight.";
        assert_eq!(
            clean(srt),
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHow many?\n\n00:00:03.500 --> 00:00:04.250\n42\n\n00:00:05.000 --> 00:00:06.000\nRight.\n"
        );
    }

    #[test]
    fn no_markup_but_bare_italics_bold_and_underline_passes() {
        assert_eq!(one("<i>Hi</i> <B>you</B>"), "<i>Hi</i> <b>you</b>");
        assert_eq!(one("<script>x</script>"), "&lt;script&gt;x&lt;/script&gt;");
        assert_eq!(one("<i onclick=x>a"), "&lt;i onclick=x&gt;a");
        assert_eq!(one("<font color=red>a</font> <c.x>b</c>"), "a b");
        assert_eq!(one("<img src=x"), "&lt;img src=x");
        assert_eq!(one("a < b && c > d"), "a &lt; b &amp;&amp; c &gt; d");
        assert_eq!(
            one("Tom &amp; Jerry &nbsp; & &#x27; &"),
            "Tom &amp; Jerry &nbsp; &amp; &#x27; &amp;"
        );
    }

    #[test]
    fn codes_notes_doubles_and_spaces_go() {
        assert_eq!(one("{\\an8}Up   here"), "Up here");
        assert_eq!(one("[T/N: a pun] Ha [laughs]"), "Ha [laughs]");
        assert_eq!(one("twice\ntwice\nonce"), "twice\nonce");
        assert_eq!(one("{\\an8}"), "", "nothing is left of it");
        assert_eq!(one("{open"), "{open");
    }

    #[test]
    fn notes_and_styles_of_webvtt_are_left_alone_and_cues_are_cleaned() {
        let vtt = "WEBVTT - a title\n\nSTYLE\n::cue { color: red }\n\nNOTE {kept} [note]\n\nintro\n00:01.000 --> 00:02.000 align:start <x>\n{\\i1}Hello\n\nnonsense\n\n00:03.000 --> oops\nlost\n";
        assert_eq!(
            clean(vtt),
            "WEBVTT\n\nSTYLE\n::cue { color: red }\n\nNOTE {kept} [note]\n\n00:00:01.000 --> 00:00:02.000 align:start\nHello\n"
        );
        assert_eq!(clean(""), "WEBVTT\n");
    }
}
