//! Subtitle files beside a film: `Film.srt`, `Film.en.srt`, `Film.de.forced.ass`.
//!
//! Looked for when somebody asks: folders are small, and a file that was just put there counts at once.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::index::Entry;
use crate::library::Shared;
use crate::root::{Kind, Stamp};

/// Most files of a folder looked at.
const MAX_NAMES: usize = 20_000;

/// Most subtitles of a film: a disc with every language of Europe.
const MAX_SIDECARS: usize = 64;

/// The longest subtitle file, bytes.
const MAX_BYTES: u64 = 16 << 20;

/// A subtitle file that belongs to a film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sidecar {
    /// Its name in addresses; says nothing of its path.
    pub(crate) id: String,
    /// For people: what its name adds to the film's.
    pub(crate) label: String,
    pub(crate) language: Option<String>,
    pub(crate) forced: bool,
    /// It is ASS or SSA.
    pub(crate) styled: bool,
    pub(crate) stamp: Stamp,
    name: String,
}

impl Sidecar {
    /// Its name in addresses.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a name: `stem` is the film's, without its extension.
    fn of(name: &str, stem: &str, stamp: Stamp) -> Option<Self> {
        let (own, extension) = name.rsplit_once('.')?;
        let styled = match extension.to_ascii_lowercase().as_str() {
            "srt" | "vtt" => false,
            "ass" | "ssa" => true,
            _ => return None,
        };
        let added = own.strip_prefix(stem)?;
        // `Film 2.srt` belongs to "Film 2".
        if !(added.is_empty() || added.starts_with(['.', '_', '-'])) {
            return None;
        }
        let words: Vec<&str> = added
            .split(['.', '_', '-', ' '])
            .filter(|word| !word.is_empty())
            .collect();
        let is = |word: &str| words.iter().any(|own| own.eq_ignore_ascii_case(word));
        let language = words
            .iter()
            .find(|word| {
                let letters = word.bytes().all(|b| b.is_ascii_alphabetic());
                let word_of_kind = word.to_ascii_lowercase();
                let kind = matches!(word_of_kind.as_str(), "sdh" | "cc" | "hi" | "wp");
                (2..=3).contains(&word.len()) && letters && !kind
            })
            .map(|word| word.to_ascii_lowercase());
        let label = if words.is_empty() {
            format!("File ({extension})")
        } else {
            words.join(" ")
        };
        let digest = Sha256::digest(name.as_bytes());
        Some(Self {
            id: format!("f{}", hex::encode(&digest[..6])),
            label,
            language,
            forced: is("forced"),
            styled,
            stamp,
            name: name.to_owned(),
        })
    }
}

/// Those beside a film, by name. Blocking.
pub(crate) fn beside(shared: &Shared, entry: &Entry) -> Vec<Sidecar> {
    let root = &shared.roots[entry.root];
    let (Some(stem), Some(folder)) = (
        entry.relative.file_stem().and_then(|stem| stem.to_str()),
        entry.relative.parent(),
    ) else {
        return Vec::new();
    };
    // `Film.wp.mp4` was made of `Film.mkv`, and so were its subtitles.
    let stem = stem.strip_suffix(".wp").unwrap_or(stem);
    let Ok(handle) = root.handle() else {
        return Vec::new();
    };
    let Ok(names) = root.open_folder(&handle, folder).and_then(|f| f.entries()) else {
        return Vec::new();
    };
    let mut found: Vec<Sidecar> = names
        .flatten()
        .take(MAX_NAMES)
        .filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            // Asked of the disk only where the name fits.
            Sidecar::of(
                &name,
                stem,
                Stamp {
                    size: 0,
                    modified_ns: 0,
                },
            )?;
            match root.kind(&handle, &folder.join(&name)).ok()? {
                Kind::File(stamp) if stamp.size <= MAX_BYTES => Sidecar::of(&name, stem, stamp),
                _ => None,
            }
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.truncate(MAX_SIDECARS);
    found
}

/// Opens one. Blocking.
pub(crate) fn open(
    shared: &Shared,
    entry: &Entry,
    sidecar: &Sidecar,
) -> std::io::Result<std::fs::File> {
    let folder = entry.relative.parent().unwrap_or(Path::new(""));
    let path = folder.join(&sidecar.name);
    Ok(shared.roots[entry.root].open_file(&path)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<Sidecar> {
        let stamp = Stamp {
            size: 1,
            modified_ns: 0,
        };
        Sidecar::of(name, "Big Film (2020)", stamp)
    }

    #[test]
    fn names_tell_language_and_kind() {
        let plain = of("Big Film (2020).srt").unwrap();
        assert_eq!((plain.label.as_str(), plain.language), ("File (srt)", None));
        let german = of("Big Film (2020).de.forced.ASS").unwrap();
        assert_eq!(german.language.as_deref(), Some("de"));
        assert!(german.forced && german.styled);
        let deaf = of("Big Film (2020).sdh.eng.vtt").unwrap();
        assert_eq!(deaf.label, "sdh eng");
        for other in [
            "Big Film (2020) 2.srt",
            "Other.srt",
            "Big Film (2020).nfo",
            "Big Film (2020)",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
