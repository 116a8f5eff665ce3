//! What people may type: names and messages, cleaned before anybody sees them.
//!
//! Removed are characters that no reader sees but every list suffers from: controls,
//! direction marks that turn the text around them (so that `Ann` can be made to look
//! like another's name), and characters without width. What remains is cut or refused
//! by the rule that asked. Nothing here knows a room.

/// Characters in a name; longer ones are cut, because a name is never worth refusing an entry.
pub(crate) const MAX_NAME: usize = 40;

/// Characters in a client's kind.
pub(crate) const MAX_CLIENT: usize = 32;

/// Marks, overrides and isolates of the bidirectional algorithm (Unicode UAX #9).
fn is_direction(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Characters that are drawn as nothing: they would make two names look alike, or one empty.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Whether no reader sees this character, though it is in the text.
pub(crate) fn is_hidden(c: char) -> bool {
    is_direction(c) || is_invisible(c) || (c.is_control() && !c.is_whitespace())
}

/// One line for a list: no controls, no direction marks, nothing without width, single spaces, at most
/// `max` characters. May be empty.
pub fn line(raw: &str, max: usize) -> String {
    let mut clean = String::new();
    let mut length = 0;
    let mut gap = false;
    for c in raw.chars() {
        if c.is_whitespace() {
            gap = length > 0;
        } else if !(c.is_control() || is_direction(c) || is_invisible(c)) {
            if gap {
                if length + 1 >= max {
                    break;
                }
                clean.push(' ');
                length += 1;
                gap = false;
            }
            if length >= max {
                break;
            }
            clean.push(c);
            length += 1;
        }
    }
    clean
}

/// A chat message: lines kept (never more than one empty one between two), controls and direction marks
/// removed, joiners inside emoji kept. Empty where nothing in it can be seen.
pub(crate) fn message(raw: &str) -> String {
    let mut clean = String::with_capacity(raw.len().min(4096));
    let mut newlines = 0;
    for c in raw.chars() {
        match c {
            '\n' | '\u{2028}' | '\u{2029}' => {
                newlines += 1;
                if newlines <= 2 {
                    clean.push('\n');
                }
            }
            '\t' => clean.push(' '),
            c if c.is_control() || is_direction(c) => {}
            c => {
                if !c.is_whitespace() {
                    newlines = 0;
                }
                clean.push(c);
            }
        }
    }
    let clean = clean.trim();
    if clean.chars().all(|c| c.is_whitespace() || is_invisible(c)) {
        String::new()
    } else {
        clean.to_owned()
    }
}

/// A reaction: one thing without spaces or controls, at most 16 characters and 64 bytes (a family emoji
/// with skin tones has 11 characters, 41 bytes).
pub(crate) fn reaction(raw: &str) -> Option<&str> {
    let emoji = raw.trim();
    let fits = emoji.len() <= 64 && emoji.chars().count() <= 16;
    let clean = !emoji
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || is_direction(c));
    let seen = emoji.chars().any(|c| !is_invisible(c));
    (fits && clean && seen).then_some(emoji)
}

/// What makes two names the same: letters without case, and the number at the end (1 without one).
pub(crate) fn name_key(name: &str) -> (String, u32) {
    let base = strip_number(name);
    let number = name[base.len()..].trim_start().parse().unwrap_or(1);
    (base.to_lowercase(), number)
}

/// `Ann` of `Ann 2`: a number of two to nine hundred thousand after a space, written as we write it.
pub(crate) fn strip_number(name: &str) -> &str {
    match name.rsplit_once(' ') {
        Some((base, digits))
            if !base.is_empty()
                && (1..=6).contains(&digits.len())
                && digits.bytes().all(|b| b.is_ascii_digit())
                && !digits.starts_with('0')
                && digits != "1" =>
        {
            base
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_what_cannot_be_seen_and_what_turns_text_around() {
        assert_eq!(line("  A\u{202E}n\u{0}n\t\n \u{200B}B. ", 40), "Ann B.");
        assert_eq!(line("\u{200B}\u{2066}\u{3164}\u{7}", 40), "");
    }

    #[test]
    fn a_name_of_ten_thousand_characters_is_cut() {
        assert_eq!(line(&"ä".repeat(10_000), 40).chars().count(), 40);
        assert_eq!(line("ab cd", 3), "ab");
        assert_eq!(line("ab cd", 4), "ab c");
    }

    #[test]
    fn a_message_keeps_its_lines_and_loses_its_controls() {
        assert_eq!(message(" a\r\n\n\n\n\nb\u{202E}\u{1b}[31m "), "a\n\nb[31m");
        assert_eq!(message("\u{200B}\n \u{FEFF}"), "");
        assert_eq!(message("👨\u{200D}👩\u{200D}👧"), "👨\u{200D}👩\u{200D}👧");
    }

    #[test]
    fn a_reaction_is_one_short_thing() {
        assert_eq!(reaction(" ❤️ "), Some("❤️"));
        for bad in ["", " ", "a b", "\u{200D}", "x\u{7}y", &"😀".repeat(17)] {
            assert_eq!(reaction(bad), None, "{bad:?}");
        }
    }
}
