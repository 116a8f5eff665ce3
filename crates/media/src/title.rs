//! Names for people, made from file names; and the folded forms by which they are searched and sorted.
//!
//! File names come from anywhere, so control and direction-changing characters are dropped and lengths
//! bounded before anybody sees them. What release groups add (1080p, x264, WEB-DL, [tags]) is cut off.

use std::path::Path;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest title shown, in characters. Longer ones break layouts, and file systems allow 255 bytes.
const MAX_TITLE_CHARS: usize = 200;

/// Words after which a file name speaks of the encode and not of the film. Compared in lower case.
const ENCODE_WORDS: &[&str] = &[
    "480p", "576p", "720p", "1080p", "1080i", "1440p", "2160p", "4320p", "4k", "uhd", "bluray",
    "blu-ray", "bdrip", "brrip", "dvdrip", "dvd", "webrip", "web-dl", "webdl", "hdtv", "hdrip",
    "remux", "x264", "x265", "h264", "h265", "h.264", "h.265", "hevc", "avc", "xvid", "divx",
    "10bit", "8bit", "hdr", "hdr10", "ddp5", "dd5", "aac", "ac3", "dts", "dts-hd", "truehd",
    "atmos",
];

/// A title for people from a file's name: `The.Matrix.1999.1080p.BluRay.x264-GRP.mkv` is `The Matrix (1999)`.
pub fn clean_title(file: &Path) -> String {
    let stem = plain(&file.file_stem().unwrap_or_default().to_string_lossy());
    let cleaned = clean_stem(&stem);
    let title = if cleaned.is_empty() {
        stem.trim().to_owned()
    } else {
        cleaned
    };
    let title = if title.is_empty() {
        "Untitled".to_owned()
    } else {
        title
    };
    title.chars().take(MAX_TITLE_CHARS).collect()
}

/// NFC without control, format and direction-changing characters: safe to show anywhere.
pub(crate) fn plain(text: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffd}');
    text.nfc()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !hidden(*c))
        .collect()
}

fn clean_stem(stem: &str) -> String {
    // With blanks in the name, dots and underscores belong to it ("Mr. Robot"); without, they stand for blanks.
    let spaced = if stem.contains(' ') {
        stem.to_owned()
    } else {
        stem.replace(['.', '_'], " ")
    };
    let without_tags = drop_square_brackets(&spaced);
    let words: Vec<&str> = without_tags.split_whitespace().collect();
    let mut kept: Vec<String> = Vec::new();
    let mut tail_is_encode = false;
    for (at, word) in words.iter().enumerate() {
        let bare = word.trim_matches(['(', ')', '-']).to_lowercase();
        let first_part = bare.split('-').next().unwrap_or_default();
        let encode = ENCODE_WORDS.contains(&bare.as_str()) || ENCODE_WORDS.contains(&first_part);
        if at > 0 && encode {
            tail_is_encode = true;
            break;
        }
        kept.push((*word).to_owned());
    }
    // "Film 1999 1080p": the year in front of the encode's words is the film's. A bare "2012" stays a title.
    if tail_is_encode
        && kept.len() > 1
        && let Some(last) = kept.last_mut()
        && is_year(last)
    {
        *last = format!("({last})");
    }
    kept.join(" ").trim_matches([' ', '-', '_', '.']).to_owned()
}

fn is_year(word: &str) -> bool {
    word.len() == 4
        && word
            .parse()
            .is_ok_and(|year: u32| (1888..=2100).contains(&year)) // 1888: the oldest film
}

fn drop_square_brackets(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut depth = 0usize;
    for c in text.chars() {
        match c {
            '[' => depth += 1,
            ']' if depth > 0 => {
                depth -= 1;
                kept.push(' ');
            }
            c if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    // An opening bracket that never closes is part of the name.
    if depth == 0 { kept } else { text.to_owned() }
}

/// The form in which texts are compared: no case, no accents, letters that don't decompose spelled out.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
    {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'þ' => folded.push_str("th"),
            'ı' => folded.push('i'),
            c if is_combining_mark(c) => {} // lower case of some capitals brings its dot along
            c => folded.push(c),
        }
    }
    folded
}

/// A key that sorts as people count: "Part 2" before "Part 10". Expects folded text.
pub(crate) fn natural_key(folded: &str) -> String {
    let mut key = String::with_capacity(folded.len() + 4);
    let mut rest = folded;
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_digit() {
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let number = rest[..end].trim_start_matches('0');
            // The length in front makes longer numbers larger; '0'.. keeps numbers before letters.
            key.push('0');
            key.push(char::from_u32(0x30 + number.len() as u32).unwrap_or('0'));
            key.push_str(number);
            rest = &rest[end..];
        } else {
            key.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_what_people_call_the_film() {
        for (file, title) in [
            (
                "The.Matrix.1999.1080p.BluRay.x264-GRP.mkv",
                "The Matrix (1999)",
            ),
            (
                "Show.Name.S01E02.The.Pilot.720p.WEB-DL.mkv",
                "Show Name S01E02 The Pilot",
            ),
            ("[Group] Anime - 03 [1080p][ABCD1234].mkv", "Anime - 03"),
            ("big_buck_bunny.mp4", "big buck bunny"),
            ("Big Buck Bunny.mp4", "Big Buck Bunny"),
            ("Mr. Robot - eps1.0.mp4", "Mr. Robot - eps1.0"),
            ("Blade Runner (1982).mp4", "Blade Runner (1982)"),
            ("2012.mp4", "2012"),
            ("1080p.mp4", "1080p"),
            ("4K.mp4", "4K"),
            ("2012.2009.720p.mp4", "2012 (2009)"),
            ("x264.mp4", "x264"),
            ("[only tags].mp4", "[only tags]"),
            ("unclosed [bracket.mp4", "unclosed [bracket"),
            ("Ame\u{301}lie.mp4", "Amélie"),
            ("evil\u{202e}4pm.exe\nname.mp4", "evil4pm.exe name"),
            ("   .mp4", "Untitled"),
            ("映画.mp4", "映画"),
        ] {
            assert_eq!(clean_title(Path::new(file)), title, "{file:?}");
        }
        assert_eq!(
            clean_title(Path::new(&"x".repeat(9000))).chars().count(),
            MAX_TITLE_CHARS
        );
    }

    #[test]
    fn folding_ignores_case_and_accents() {
        for (text, folded) in [
            ("AMÉLIE", "amelie"),
            ("Straße", "strasse"),
            ("Łódź", "lodz"),
            ("Smørrebrød", "smorrebrod"),
            ("İstanbul", "istanbul"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }

    #[test]
    fn numbers_sort_as_people_count() {
        let mut names = [
            "part 10",
            "part 2",
            "part 1",
            "part 002b",
            "part",
            "partner",
        ];
        names.sort_by_key(|name| natural_key(name));
        assert_eq!(
            names,
            [
                "part",
                "part 1",
                "part 2",
                "part 002b",
                "part 10",
                "partner"
            ]
        );
    }
}
