//! Which episode of what a file is, by its name and folder: `S01E02`, `1x02`, `Season 1 Episode 2`, `Episode 3`, `- 04`.
//!
//! It only serves to find what comes next. Names are anybody's, so nothing is concluded from one alone: a next episode
//! is suggested where another file of the same series has a greater number.

use std::path::Path;

use crate::title::{fold, plain};

/// An episode's place in its series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Episode {
    /// Folded; the name in front of the number, or the folder where there is none.
    pub(crate) series: String,
    pub(crate) season: u32,
    pub(crate) number: u32,
}

/// Words that stand in front of an episode's number, and of a season's, folded.
const EPISODE_WORDS: &[&str] = &[
    "episode", "ep", "e", "folge", "part", "teil", "capitulo", "puntata",
];
const SEASON_WORDS: &[&str] = &[
    "season",
    "staffel",
    "saison",
    "temporada",
    "stagione",
    "series",
];

/// Where the number stands among the words of a name, and what it says.
struct Found {
    /// The first word that belongs to it.
    at: usize,
    season: Option<u32>,
    number: u32,
}

impl Episode {
    /// Of a file, `relative` to its root.
    pub(crate) fn of(relative: &Path) -> Option<Self> {
        let stem = fold(&plain(&relative.file_stem()?.to_string_lossy()));
        let words = words(&stem);
        let found = find(&words)?;
        let folders: Vec<String> = relative
            .parent()
            .into_iter()
            .flat_map(Path::components)
            .map(|part| fold(&plain(&part.as_os_str().to_string_lossy())))
            .collect();
        let (folder_season, above) = match folders.split_last() {
            Some((last, above)) => match season_of(last) {
                Some(season) => (Some(season), above),
                None => (None, &folders[..]),
            },
            None => (None, &folders[..]),
        };
        let named = words[..found.at].join(" ");
        let series = if named.is_empty() {
            above.join("/")
        } else {
            named
        };
        Some(Self {
            series,
            season: found.season.or(folder_season).unwrap_or(1),
            number: found.number,
        })
    }

    /// Whether `other` comes later in the same series.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        self.series == other.series
            && (self.season, self.number) < (other.season, other.number)
            // Not from the first season to the fifth because that is all there is.
            && other.season <= self.season + 1
    }
}

fn words(folded: &str) -> Vec<&str> {
    folded
        .split(|c: char| c.is_whitespace() || "._-[]()".contains(c))
        .filter(|word| !word.is_empty())
        .collect()
}

fn find(words: &[&str]) -> Option<Found> {
    let sure = words.iter().enumerate().find_map(|(at, word)| {
        let next = words.get(at + 1);
        if let Some((season, number)) = season_and_episode(word) {
            return Some(Found {
                at,
                season: Some(season),
                number,
            });
        }
        // "S01 E02", "Season 1 Episode 2"
        let season = marked(word, "s").or_else(|| {
            next.filter(|_| SEASON_WORDS.contains(word))
                .and_then(|n| number(n))
        });
        if let Some(season) = season {
            let rest = &words[at + 1..];
            let after = if marked(word, "s").is_some() {
                rest
            } else {
                &rest[1..]
            };
            if let Some(number) = episode_word(after) {
                return Some(Found {
                    at,
                    season: Some(season),
                    number,
                });
            }
        }
        let number = episode_word(&words[at..])?;
        Some(Found {
            at,
            season: None,
            number,
        })
    });
    // "Anime - 03", "Anime - 03 [1080p]": a bare number near the end, where something is in front of it.
    sure.or_else(|| {
        let bare = |word: &str| number(word).filter(|_| (2..=3).contains(&word.len()));
        let at = words.iter().rposition(|word| bare(word).is_some())?;
        let near = at > 0 && at + 2 >= words.len();
        let number = bare(words[at]).filter(|_| near)?;
        Some(Found {
            at,
            season: None,
            number,
        })
    })
}

/// `episode 3`, `ep03`, `e3` at the beginning of `words`.
fn episode_word(words: &[&str]) -> Option<u32> {
    let word = words.first()?;
    if EPISODE_WORDS.contains(word) {
        return words.get(1).and_then(|next| number(next));
    }
    EPISODE_WORDS.iter().find_map(|mark| marked(word, mark))
}

/// `s01e02`, also `s01e02e03`; `1x02`.
fn season_and_episode(word: &str) -> Option<(u32, u32)> {
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    if let Some(rest) = word.strip_prefix('s') {
        let (season, rest) = rest.split_at(digits(rest));
        let rest = rest.strip_prefix('e')?;
        return Some((number(season)?, number(&rest[..digits(rest)])?));
    }
    let (season, episode) = word.split_once('x')?;
    // 1920x1080 is none.
    let fits = season.len() <= 2 && (2..=3).contains(&episode.len());
    fits.then_some(())?;
    Some((number(season)?, number(episode)?))
}

/// The number behind a mark: `e03` for `e`.
fn marked(word: &str, mark: &str) -> Option<u32> {
    number(word.strip_prefix(mark)?)
}

fn number(text: &str) -> Option<u32> {
    let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Of a folder's name: `Season 2`, `Staffel 2`, `S02`.
fn season_of(folder: &str) -> Option<u32> {
    let words = words(folder);
    let named = words
        .windows(2)
        .find_map(|pair| number(pair[1]).filter(|_| SEASON_WORDS.contains(&pair[0])));
    named.or_else(|| words.iter().find_map(|word| marked(word, "s")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> Option<(String, u32, u32)> {
        let episode = Episode::of(Path::new(path))?;
        Some((episode.series, episode.season, episode.number))
    }

    #[test]
    fn names_tell_series_season_and_number() {
        for (path, series, season, number) in [
            ("Show.Name.S01E02.The.Pilot.720p.mkv", "show name", 1, 2),
            ("Show Name - s2e10 - Title.mkv", "show name", 2, 10),
            ("Show Name S01E02E03.mkv", "show name", 1, 2),
            ("Show Name 1x02.avi", "show name", 1, 2),
            ("Show/Season 3/Episode 4.mkv", "show", 3, 4),
            ("Shows/Show/S03/E04 - Title.mkv", "shows/show", 3, 4),
            ("Show/Staffel 2/Folge 7.mp4", "show", 2, 7),
            ("Show Season 2 Episode 5.mp4", "show", 2, 5),
            ("Show S02 E05.mp4", "show", 2, 5),
            ("Episode 3.mp4", "", 1, 3),
            ("Show Ep. 12.mp4", "show", 1, 12),
            ("[Group] Anime - 03 [1080p].mkv", "group anime", 1, 3),
            ("Café Show S01E01.mkv", "cafe show", 1, 1),
        ] {
            let found = of(path);
            assert_eq!(found, Some((series.to_owned(), season, number)), "{path}");
        }
    }

    #[test]
    fn films_are_no_episodes() {
        for path in [
            "Big Film.mp4",
            "Big Film (1999).mp4",
            "Clip 1920x1080.mp4",
            "2012.mp4",
            "s.mp4",
            "x.mp4",
            "Se7en.mp4",
            "Season.mp4",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    #[test]
    fn what_comes_later_is_of_the_same_series_and_this_season_or_the_next() {
        let is_before = |one: &str, other: &str| {
            let episode = |path| Episode::of(Path::new(path)).expect("an episode");
            episode(one).is_before(&episode(other))
        };
        assert!(is_before("Show S01E02.mkv", "Show S01E03.mkv"));
        assert!(is_before("Show S01E09.mkv", "Show S02E01.mkv"));
        assert!(!is_before("Show S01E03.mkv", "Show S01E02.mkv"));
        assert!(!is_before("Show S01E03.mkv", "Other S01E04.mkv"));
        assert!(!is_before("Show S01E03.mkv", "Show S05E01.mkv"));
    }
}
