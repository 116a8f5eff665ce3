//! The chapters of a film, and what their names say of them: where the titles run, and where the credits begin.
//!
//! Names come from the file, so they are cleaned and bounded before anybody sees them. That a chapter is an intro is
//! guessed from its name alone, in the words that discs and their makers use; a wrong guess offers a button that
//! nobody presses.

use serde::{Deserialize, Serialize};

use crate::title::fold;

/// Most chapters kept. Discs have some forty; a list longer than this is no help to anybody.
const MAX_CHAPTERS: usize = 300;

/// Shorter ones are marks that authoring tools leave at the ends, in seconds.
const SHORTEST: f64 = 0.5;

/// One chapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chapter {
    /// Seconds from the film's beginning.
    pub start: f64,
    /// Seconds from the film's beginning; where the next one starts, or the film ends.
    pub end: f64,
    /// Its name; empty where it has none.
    pub title: String,
}

/// What can be skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChapterKind {
    /// The opening titles.
    Intro,
    /// What happened in earlier episodes.
    Recap,
    /// The credits at the end.
    Credits,
}

/// Whole names, folded.
const INTRO: &[&str] = &[
    "intro",
    "introduction",
    "opening",
    "op",
    "opening titles",
    "opening credits",
    "opening theme",
    "title sequence",
    "main title",
    "main titles",
    "titles",
    "vorspann",
    "generique de debut",
    "sigla",
    "sigla iniziale",
    "cabecera",
    "オープニング",
];
const RECAP: &[&str] = &[
    "recap",
    "previously",
    "previously on",
    "avant",
    "ruckblick",
    "was bisher geschah",
    "resume",
    "riassunto",
];
const CREDITS: &[&str] = &[
    "credits",
    "end credits",
    "closing credits",
    "closing",
    "ending",
    "ed",
    "outro",
    "end titles",
    "ending credits",
    "abspann",
    "generique de fin",
    "sigla finale",
    "titoli di coda",
    "creditos",
    "エンディング",
];

impl Chapter {
    /// What its name says.
    pub fn kind(&self) -> Option<ChapterKind> {
        let folded = fold(&self.title);
        // "Opening - Big Song", "03. End Credits"
        let name = folded
            .trim_start_matches(|c: char| c.is_ascii_digit() || " .:-)".contains(c))
            .trim();
        let first = name
            .split([':', '–', '-', '(', '"'])
            .next()
            .unwrap_or(name)
            .trim();
        let is = |names: &[&str]| names.contains(&name) || names.contains(&first);
        if is(INTRO) {
            Some(ChapterKind::Intro)
        } else if is(RECAP) || name.starts_with("previously on") {
            Some(ChapterKind::Recap)
        } else if is(CREDITS) {
            Some(ChapterKind::Credits)
        } else {
            None
        }
    }
}

/// Chapters as a file names them, in order, each reaching to the next; nonsense left out.
pub(crate) fn sane(found: impl Iterator<Item = Chapter>, duration: Option<f64>) -> Vec<Chapter> {
    let end = duration.unwrap_or(f64::MAX);
    let whole = |c: &Chapter| c.start.is_finite() && c.start >= 0.0 && c.start < end - SHORTEST;
    let mut chapters: Vec<Chapter> = found.filter(whole).take(MAX_CHAPTERS).collect();
    chapters.sort_by(|a, b| a.start.total_cmp(&b.start));
    chapters.dedup_by(|later, earlier| later.start - earlier.start < SHORTEST);
    let starts: Vec<f64> = chapters.iter().skip(1).map(|next| next.start).collect();
    let mut starts = starts.into_iter();
    for chapter in &mut chapters {
        let own = if chapter.end.is_finite() {
            chapter.end
        } else {
            end
        };
        let to = starts.next().or(duration).unwrap_or(own);
        chapter.end = to.max(chapter.start);
    }
    chapters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chapter(start: f64, end: f64, title: &str) -> Chapter {
        Chapter {
            start,
            end,
            title: title.to_owned(),
        }
    }

    #[test]
    fn names_tell_what_can_be_skipped() {
        use ChapterKind::{Credits, Intro, Recap};
        for (name, kind) in [
            ("Intro", Some(Intro)),
            ("OPENING CREDITS", Some(Intro)),
            ("01. Opening - Big Song", Some(Intro)),
            ("Vorspann", Some(Intro)),
            ("Previously on The Show", Some(Recap)),
            ("Rückblick", Some(Recap)),
            ("End Credits", Some(Credits)),
            ("Générique de fin", Some(Credits)),
            ("Chapter 7: Credits due", None),
            ("The Introduction of Ann", None),
            ("", None),
        ] {
            assert_eq!(chapter(0.0, 1.0, name).kind(), kind, "{name}");
        }
    }

    #[test]
    fn they_are_in_order_and_reach_to_each_other() {
        let found = [
            chapter(50.0, 50.0, "Two"),
            chapter(0.0, 40.0, "One"),
            chapter(f64::NAN, 1.0, "Nowhere"),
            chapter(-3.0, 1.0, "Before"),
            chapter(99.9, 100.0, "End mark"),
            chapter(500.0, 600.0, "Behind"),
        ];
        let sane = sane(found.into_iter(), Some(100.0));
        assert_eq!(
            sane,
            [chapter(0.0, 50.0, "One"), chapter(50.0, 100.0, "Two")]
        );
        let many = (0..1000).map(|n| chapter(f64::from(n), f64::from(n + 1), ""));
        assert_eq!(super::sane(many, None).len(), MAX_CHAPTERS);
    }
}
