//! What lies beside the film that is on: subtitles and sound tracks in files of their own, by this format's names.
//!
//! `Film.eng.vtt`, `Film.eng.forced.srt`, `Film.srt`; `Film.audio.jpn.m4a`. The language is the first word behind the
//! film's name, and with what follows it is what a page asks by, so it is told once each. Names are only read here: which
//! files there are is the library's to say.
use super::Staged;
use serde_json::{Value, json};
use watchalong_media::{AudioTrack, MediaId, Placed, Sidecar};

/// Where no language is said.
const UNDETERMINED: &str = "und";
/// Most sound tracks beside a film: a disc with every language of Europe.
const MOST_AUDIO: usize = 64;

/// A film's name without its extension, and without what the format's own scripts add to it.
fn base_of(path: &str) -> &str {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    stem.strip_suffix(".wp").unwrap_or(stem)
}

/// Subtitles beside a film.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subtitles {
    pub(super) sidecar: Sidecar,
    /// What a page asks by: `eng`, `eng.forced`, `und`.
    pub(super) lang: String,
    extension: &'static str,
}

/// What a subtitle's name says behind the film's: the language with what follows it, and the extension.
fn read(name: &str, base: &str) -> Option<(String, &'static str)> {
    let (own, extension) = name.rsplit_once('.')?;
    let extension = match extension.to_ascii_lowercase().as_str() {
        "vtt" => "vtt",
        "srt" => "srt",
        _ => return None,
    };
    let added = own.strip_prefix(base)?;
    let added = added.strip_prefix(".wp").unwrap_or(added);
    let added = added.trim_start_matches(['.', '_', '-', ' ']);
    let lang = if added.is_empty() {
        UNDETERMINED
    } else {
        added
    };
    Some((lang.to_lowercase(), extension))
}

impl Subtitles {
    pub(super) fn value(&self) -> Value {
        json!({
            "file": self.sidecar.name(), "lang": self.lang, "label": self.lang.replace('.', " "),
            "ext": self.extension,
        })
    }
}

/// Whether it is English, of whatever kind.
fn is_english(lang: &str) -> bool {
    matches!(lang.split('.').next(), Some("eng" | "en" | "english"))
}

/// The one that is asked for, else English, else the first.
pub(super) fn chosen<'a>(all: &'a [Subtitles], lang: &str) -> Option<&'a Subtitles> {
    let lang = lang.to_lowercase();
    all.iter()
        .find(|subtitles| subtitles.lang == lang)
        .or_else(|| all.iter().find(|subtitles| is_english(&subtitles.lang)))
        .or_else(|| all.first())
}

/// Of the files beside a film those that this format knows: one for each language, WebVTT before SubRip.
fn subtitles_of(sidecars: Vec<Sidecar>, path: &str) -> Vec<Subtitles> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let base = base_of(name);
    let known = sidecars.into_iter().filter_map(|sidecar| {
        let (lang, extension) = read(sidecar.name(), base)?;
        Some(Subtitles {
            sidecar,
            lang,
            extension,
        })
    });
    let mut all: Vec<Subtitles> = known.collect();
    all.sort_by(|a, b| (&a.lang, b.extension).cmp(&(&b.lang, a.extension)));
    all.dedup_by(|later, first| later.lang == first.lang);
    all
}

/// A sound track in a file of its own, which the library knows as a medium like any.
#[derive(Debug, Clone)]
pub(super) struct Sound {
    pub(super) id: MediaId,
    pub(super) lang: String,
}

/// The language that a sound track's name says, where it belongs to the film.
fn sound_of(path: &str, base: &str) -> Option<String> {
    let added = path.strip_prefix(base)?.strip_prefix(".audio.")?;
    let (words, extension) = added.rsplit_once('.')?;
    let lang = words.split('.').next().unwrap_or_default().to_lowercase();
    let known = ["m4a", "aac", "mp4"];
    let is_known = known.iter().any(|e| e.eq_ignore_ascii_case(extension));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    (is_known && (2..=8).contains(&lang.len()) && lang.bytes().all(plain)).then_some(lang)
}

impl Staged {
    /// The subtitles beside a film, by language.
    pub(super) async fn subtitles(&self, placed: &Placed) -> Vec<Subtitles> {
        let sidecars = self.shelf.library.sidecars(&placed.medium.id).await;
        subtitles_of(sidecars, &placed.path)
    }

    /// The sound tracks beside a film, by language. Looks through the library.
    pub(super) fn sounds(&self, placed: &Placed) -> Vec<Sound> {
        let (base, library) = (base_of(&placed.path), &self.shelf.library);
        let folder = placed
            .path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let paths = library.paths(folder);
        let named = paths.iter().filter_map(|path| {
            let lang = sound_of(path, base)?;
            let id = library.at(path)?.medium.id;
            Some(Sound { id, lang })
        });
        let mut all: Vec<Sound> = named.take(MOST_AUDIO).collect();
        all.sort_by(|a, b| a.lang.cmp(&b.lang));
        all.dedup_by(|later, first| later.lang == first.lang);
        all
    }
}

/// Sound tracks for a page to choose: those beside the film, else those inside. `url` makes the address of one beside it.
pub(super) fn audio(
    sounds: &[Sound],
    inside: &[AudioTrack],
    url: impl Fn(usize) -> String,
) -> Value {
    let english = sounds.iter().position(|sound| is_english(&sound.lang));
    let default = english.unwrap_or(0);
    let beside = sounds.iter().enumerate().map(|(number, sound)| {
        json!({
            "logical": number, "lang": sound.lang, "title": "", "sample_rate": null, "default": number == default,
            "url": url(number), "kind": "sidecar", "preferred": number == default,
        })
    });
    if !sounds.is_empty() {
        return beside.collect();
    }
    let inside = inside.iter().enumerate().map(|(number, track)| {
        json!({
            "logical": number, "index": number, "lang": track.language.as_deref().unwrap_or(UNDETERMINED),
            "title": track.title.as_deref().unwrap_or_default(), "codec": track.codec,
            "channels": track.channels, "sample_rate": null, "default": track.default, "kind": "embedded",
            "url": null,
        })
    });
    inside.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_the_language_and_a_bare_name_has_none() {
        let read = |name| read(name, base_of("Big Film.wp.mp4")).map(|(lang, _)| lang);
        assert_eq!(read("Big Film.eng.vtt").as_deref(), Some("eng"));
        assert_eq!(
            read("Big Film.eng.forced.srt").as_deref(),
            Some("eng.forced")
        );
        assert_eq!(read("Big Film.wp.ger.SRT").as_deref(), Some("ger"));
        assert_eq!(read("Big Film.vtt").as_deref(), Some("und"));
        assert_eq!(read("Big Film.ass"), None);
        assert_eq!(read("Other.vtt"), None);
        assert_eq!(base_of("a/b.c.mkv"), "a/b.c");
    }

    #[test]
    fn sound_beside_a_film_belongs_to_it_by_its_whole_name() {
        let of = |path| sound_of(path, "anime/Film 1");
        assert_eq!(of("anime/Film 1.audio.JPN.m4a").as_deref(), Some("jpn"));
        assert_eq!(of("anime/Film 1.audio.eng.dub.aac").as_deref(), Some("eng"));
        for other in [
            "anime/Film 10.audio.jpn.m4a",
            "Film 1.audio.jpn.m4a",
            "anime/Film 1.audio.m4a",
            "anime/Film 1.audio.j.m4a",
            "anime/Film 1.audio.<b>.m4a",
            "anime/Film 1.jpn.m4a",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn tracks_inside_are_told_only_where_none_lies_beside() {
        let inside = [AudioTrack {
            codec: "aac".to_owned(),
            channels: Some(2),
            language: Some("jpn".to_owned()),
            default: true,
            ..AudioTrack::default()
        }];
        let url = |number: usize| format!("sidecar/{number}");
        let told = audio(&[], &inside, url);
        assert_eq!(
            (&told[0]["kind"], &told[0]["lang"]),
            (&json!("embedded"), &json!("jpn"))
        );
        let sound = |lang: &str| Sound {
            id: "0123456789abcdef0123456789abcdef".parse().expect("an id"),
            lang: lang.to_owned(),
        };
        let told = audio(&[sound("deu"), sound("eng")], &inside, url);
        assert_eq!(told.as_array().map(Vec::len), Some(2));
        assert_eq!(
            (&told[1]["default"], &told[1]["url"]),
            (&json!(true), &json!("sidecar/1"))
        );
        assert_eq!(told[0]["default"], json!(false));
    }
}
