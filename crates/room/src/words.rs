//! Words that a room does not want to read: in messages, and in the names people give themselves.
//!
//! Whole words without regard to case: `ass` blocks neither `class` nor `assume`. An entry may have several
//! words, which then block only in that order. Characters that nobody sees don't hide a word. A list can't
//! stop whoever wants to offend; it spares the moderators the rest.
use crate::audit::ActKind;
use crate::room::Step;
use crate::{Audience, Event, Refusal, Room, text};
use std::collections::BTreeSet;

/// Entries of a list: every message is compared with each.
const MAX_WORDS: usize = 200;

/// Characters in an entry.
const MAX_WORD: usize = 40;

/// Named like nobody, where the name somebody came with is blocked: a name is never worth refusing an entry.
pub(crate) const NAMELESS: &str = "Guest";

/// The words of a text, lower case, each between single spaces: ` like this `.
fn folded(raw: &str) -> String {
    let mut words = String::with_capacity(raw.len() + 2);
    words.push(' ');
    for c in raw.chars().filter(|c| !text::is_hidden(*c)) {
        if c.is_alphanumeric() {
            words.extend(c.to_lowercase());
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
    }
    if !words.ends_with(' ') {
        words.push(' ');
    }
    words
}

/// Whether a text has one of these (folded) words in it.
pub(crate) fn blocks(words: &[String], raw: &str) -> bool {
    if words.is_empty() {
        return false;
    }
    let text = folded(raw);
    words.iter().any(|word| text.contains(&format!(" {word} ")))
}

/// Whether a restored list can be one.
pub(crate) fn fits(words: &[String]) -> bool {
    let sorted = words.windows(2).all(|pair| pair[0] < pair[1]);
    sorted && words.len() <= MAX_WORDS && words.iter().all(|w| folded(w).trim() == w)
}

impl Room {
    pub(crate) fn set_words(&mut self, step: &mut Step, typed: &[String]) -> Result<(), Refusal> {
        if typed.len() > MAX_WORDS {
            return Err(Refusal::LimitReached {
                what: "The word list",
                max: MAX_WORDS as u32,
            });
        }
        let mut words = BTreeSet::new();
        for raw in typed {
            // Cut before it is looked at: what is far too long need not be read to the end.
            let start: String = raw.chars().take(2 * MAX_WORD).collect();
            let word = folded(&start).trim().to_owned();
            if word.is_empty() || raw.chars().count() > MAX_WORD {
                return Err(Refusal::BadText {
                    what: "A blocked word",
                    min: 1,
                    max: MAX_WORD as u32,
                });
            }
            words.insert(word);
        }
        let words: Vec<String> = words.into_iter().collect();
        if words != self.words {
            let detail = words.len().to_string();
            self.words = words;
            step.emit(Audience::Moderators, Event::Words);
            self.record(step, ActKind::Words, None, Some(detail));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{Party, say};
    use crate::{Command, Grant, Policy, SeatId};

    fn with(words: &[&str]) -> (Party, SeatId, SeatId) {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        party.ok(host, Command::SetWords { words });
        (party, host, ann)
    }

    #[test]
    fn whole_words_are_blocked_whatever_their_case() {
        let (mut party, _, ann) = with(&["Darn", "two  words", "ÄRGER"]);
        for bad in [
            "darn",
            "oh DARN!",
            "d\u{200B}arn",
            "TWO, words",
            "so ein ärger",
        ] {
            assert_eq!(party.act(ann, say(bad)), Err(Refusal::BlockedWord), "{bad}");
        }
        for good in ["darning", "two other words", "words two"] {
            party.ok(ann, say(good));
        }
    }

    #[test]
    fn a_name_is_no_way_around_it() {
        let (mut party, _, ann) = with(&["darn"]);
        let name = "Darn It".to_owned();
        assert_eq!(
            party.act(ann, Command::Rename { name }),
            Err(Refusal::BlockedWord)
        );
        let seat = party.arrive("darn", Grant::None, false).expect("may enter");
        assert_eq!(party.member(seat).name, "Guest");
    }

    #[test]
    fn the_list_is_cleaned_bounded_and_the_moderators_own() {
        let (mut party, host, ann) = with(&["b", "a", "A ", "b!"]);
        assert_eq!(party.room.words(), ["a", "b"]);
        let words = vec!["x".to_owned()];
        let refusal = party.act(ann, Command::SetWords { words });
        assert_eq!(refusal.expect_err("refused").code(), "not_allowed");
        for (words, code) in [
            (vec!["!".to_owned()], "bad_text"),
            (vec!["x".repeat(1_000_000)], "bad_text"),
            ((0..201).map(|i| i.to_string()).collect(), "limit_reached"),
        ] {
            let refusal = party.act(host, Command::SetWords { words });
            assert_eq!(refusal.expect_err("refused").code(), code);
        }
        party.ok(host, Command::SetWords { words: vec![] });
        assert!(party.room.words().is_empty());
    }
}
