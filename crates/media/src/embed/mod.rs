//! Players of other sites, by provider: what one can do, which ids it has, and the address of its player.
//!
//! The address is built here and nowhere else, so that no client's text ever becomes part of one unchecked. A new
//! provider is one file with a [`Provider`] in it and a line in [`PROVIDERS`]; links to it are then recognised, its
//! player may be shown by the page (and no other), and where the page has an adapter of its name it is steered.
//!
//! A room holds `provider:id`, see [`embedded`]. What the page can do with a player is its adapter's matter
//! (`web/src/embeds`); what is fetched from a provider (titles), the server's.
mod twitch;
mod vidking;
mod vimeo;
mod youtube;

use std::fmt;
use url::Url;

/// Every provider there is.
static PROVIDERS: &[&dyn Provider] = &[
    &youtube::YouTube,
    &vimeo::Vimeo,
    &twitch::Twitch,
    &vidking::Vidking,
];

/// A film, or an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Title {
    /// A film.
    Movie,
    /// An episode of a series.
    Episode {
        /// From 0 (specials).
        season: u32,
        /// From 1.
        episode: u32,
    },
}

/// What the player is asked to be like; what is `None` is left to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbedOptions {
    /// Three, six or eight hex digits, without `#`.
    pub color: Option<String>,
    /// Starts by itself.
    pub auto_play: Option<bool>,
    /// Shows a button for the next episode.
    pub next_episode: Option<bool>,
    /// Shows a list of episodes.
    pub episode_selector: Option<bool>,
    /// Where to start, whole seconds.
    pub progress: Option<u64>,
}

/// What a provider's player can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Tells what happens in it.
    pub events: bool,
    /// Tells how far it is.
    pub progress: bool,
    /// Can be sent to a position.
    pub seek: bool,
    /// Can be paused and resumed.
    pub pause: bool,
    /// Can start where it was left.
    pub resume: bool,
    /// Can start by itself.
    pub autoplay: bool,
    /// Can be played faster and slower.
    pub rate: bool,
    /// Does what the page tells it, so that it is kept in step; otherwise people work it by hand.
    pub steered: bool,
}

/// Why there is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// No id of this provider's.
    #[error("This is no id of that provider's. Copy the link from its page again.")]
    BadId,
    /// No colour.
    #[error("The colour must be three, six or eight hex digits without a #.")]
    BadColor,
}

impl EmbedError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::BadId => "bad_embed_id",
            Self::BadColor => "bad_embed_color",
        }
    }
}

/// A site whose player can be shown in a page.
pub trait Provider: Sync {
    /// By this name it is known: lower case, without a colon.
    fn name(&self) -> &'static str;
    /// What people call it.
    fn label(&self) -> &'static str;
    /// Where its player comes from: scheme and host, the only ones that the page may show in a frame.
    fn origin(&self) -> &'static str;
    /// What its player can do.
    fn capabilities(&self) -> Capabilities;
    /// Whether it is an id of the provider's, as its own users write it.
    fn is_id(&self, id: &str) -> bool;
    /// The address of the player, as somebody asks for it who shows it by themselves.
    ///
    /// # Errors
    /// [`EmbedError`].
    fn address(&self, id: &str, title: Title, options: &EmbedOptions)
    -> Result<String, EmbedError>;
    /// What a link that people paste leads to, as a key of this provider's: an id, or more where an id does not say
    /// all (an episode, a live channel).
    fn key_in(&self, link: &Url) -> Option<String>;
    /// Whether [`Provider::key_in`] could have said this.
    fn is_key(&self, key: &str) -> bool {
        self.is_id(key)
    }
    /// The address of the player for our page; what it needs to know of the page, the page adds.
    ///
    /// # Errors
    /// [`EmbedError::BadId`].
    fn player(&self, key: &str) -> Result<String, EmbedError>;
    /// Where people watch it without us.
    fn page(&self, key: &str) -> Option<String>;
    /// It is going on right now: nobody can be sent to a position in it.
    fn is_live(&self, _key: &str) -> bool {
        false
    }
    /// Where its title is told (oEmbed 1.0, as JSON); `None` where nobody tells it without a contract.
    fn told_at(&self, _key: &str) -> Option<String> {
        None
    }
    /// What it is called while nobody knows its title.
    fn title(&self, key: &str) -> String;
}

impl fmt::Debug for dyn Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Provider").field(&self.name()).finish()
    }
}

/// The provider of this name.
pub fn provider(name: &str) -> Option<&'static dyn Provider> {
    PROVIDERS
        .iter()
        .copied()
        .find(|provider| provider.name() == name)
}

/// Every provider there is.
pub fn providers() -> impl Iterator<Item = &'static dyn Provider> {
    PROVIDERS.iter().copied()
}

/// Origins of all players, for the page's content security policy.
pub fn player_origins() -> impl Iterator<Item = &'static str> {
    PROVIDERS.iter().map(|provider| provider.origin())
}

/// What a link leads to, where it is one of a provider's: who, and the key.
pub fn recognise(link: &str) -> Option<(&'static dyn Provider, String)> {
    let link = Url::parse(link).ok()?;
    if !matches!(link.scheme(), "https" | "http") {
        return None;
    }
    PROVIDERS.iter().find_map(|provider| {
        let key = provider.key_in(&link)?;
        provider.is_key(&key).then_some((*provider, key))
    })
}

/// What a room's `provider:key` means, where it does.
pub fn embedded(key: &str) -> Option<(&'static dyn Provider, &str)> {
    let (name, key) = key.split_once(':')?;
    let provider = provider(name)?;
    provider.is_key(key).then_some((provider, key))
}

/// The host of a link without its `www.` or `m.`, lower case.
fn host_of(link: &Url) -> Option<&str> {
    let host = link.host_str()?;
    Some(
        host.strip_prefix("www.")
            .or_else(|| host.strip_prefix("m."))
            .unwrap_or(host),
    )
}

/// The parts of a link's path, empty ones left out.
fn parts_of(link: &Url) -> Vec<&str> {
    link.path()
        .split('/')
        .filter(|part| !part.is_empty())
        .collect()
}

/// A value of a link's query.
fn asked(link: &Url, name: &str) -> Option<String> {
    let found = link.query_pairs().find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

/// An oEmbed address that asks about `page`.
fn oembed(endpoint: &str, page: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("format", "json")
        .append_pair("url", page)
        .finish();
    format!("{endpoint}?{query}")
}

/// An id that can stand in a path as it is.
fn is_plain_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&id.len()) && id.bytes().all(plain)
}

fn is_color(color: &str) -> bool {
    matches!(color.len(), 3 | 6 | 8) && color.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_found_by_its_name_alone() {
        assert!(provider("vidking").is_some());
        for unknown in ["", "Vidking", "vidking:1", "dailymotion"] {
            assert!(provider(unknown).is_none(), "{unknown}");
        }
        let mut names: Vec<_> = PROVIDERS.iter().map(|p| p.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PROVIDERS.len());
    }

    #[test]
    fn a_pasted_link_says_what_it_leads_to() {
        for (link, room_key) in [
            (
                "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
                "youtube:dQw4w9WgXcQ",
            ),
            ("https://youtu.be/dQw4w9WgXcQ?t=42", "youtube:dQw4w9WgXcQ"),
            (
                "http://m.youtube.com/watch?list=PL1&v=dQw4w9WgXcQ&t=1s",
                "youtube:dQw4w9WgXcQ",
            ),
            (
                "https://youtube.com/shorts/dQw4w9WgXcQ",
                "youtube:dQw4w9WgXcQ",
            ),
            (
                "https://music.youtube.com/watch?v=dQw4w9WgXcQ",
                "youtube:dQw4w9WgXcQ",
            ),
            (
                "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ",
                "youtube:dQw4w9WgXcQ",
            ),
            (
                "https://www.youtube.com/live/dQw4w9WgXcQ?feature=share",
                "youtube:dQw4w9WgXcQ",
            ),
            ("https://vimeo.com/76979871", "vimeo:76979871"),
            (
                "https://vimeo.com/76979871/8272103f6e",
                "vimeo:76979871/8272103f6e",
            ),
            (
                "https://vimeo.com/channels/staffpicks/76979871",
                "vimeo:76979871",
            ),
            (
                "https://player.vimeo.com/video/76979871?h=8272103f6e",
                "vimeo:76979871/8272103f6e",
            ),
            (
                "https://www.twitch.tv/videos/1234567890",
                "twitch:video/1234567890",
            ),
            ("https://m.twitch.tv/somebody", "twitch:channel/somebody"),
            (
                "https://player.twitch.tv/?video=v1234&parent=a.example",
                "twitch:video/1234",
            ),
            (
                "https://www.vidking.net/embed/movie/1078605?autoPlay=true",
                "vidking:1078605",
            ),
            (
                "https://www.vidking.net/embed/tv/119051/1/8",
                "vidking:tv/119051/1/8",
            ),
        ] {
            let (provider, key) = recognise(link).unwrap_or_else(|| panic!("{link}"));
            assert_eq!(format!("{}:{key}", provider.name()), room_key, "{link}");
            let (again, same) = embedded(room_key).expect("a room may hold it");
            assert_eq!((again.name(), same), (provider.name(), key.as_str()));
            let player = again.player(same).expect("there is a player");
            assert!(
                player.starts_with(&format!("{}/", again.origin())),
                "{player}"
            );
        }
    }

    #[test]
    fn what_is_like_a_providers_link_is_none() {
        for link in [
            "https://youtube.com.evil.example/watch?v=dQw4w9WgXcQ",
            "https://evil.example/watch?v=dQw4w9WgXcQ",
            "https://www.youtube.com/watch?v=short",
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ%22onload",
            "https://www.youtube.com/@somebody",
            "https://www.youtube.com/playlist?list=PL1234567890",
            "https://vimeo.com/about",
            "https://vimeo.com/76979871/%2e%2e",
            "https://www.twitch.tv/",
            "https://www.twitch.tv/directory",
            "https://www.twitch.tv/a%2fb",
            "https://www.vidking.net/embed/tv/119051",
            "javascript:alert(1)//youtu.be/dQw4w9WgXcQ",
            "ftp://youtu.be/dQw4w9WgXcQ",
            "not a link",
        ] {
            assert!(recognise(link).is_none(), "{link}");
        }
        for key in [
            "youtube:",
            "youtube",
            ":dQw4w9WgXcQ",
            "youtube:dQw4w9WgXcQ?x=1",
            "vimeo:7/../8",
            "twitch:channel/../x",
            "vidking:tv/1/a/2",
        ] {
            assert!(embedded(key).is_none(), "{key}");
        }
    }

    #[test]
    fn a_player_is_told_the_wishes_that_it_knows() {
        let late = EmbedOptions {
            auto_play: Some(true),
            progress: Some(90),
            ..EmbedOptions::default()
        };
        for (name, id, address) in [
            (
                "youtube",
                "dQw4w9WgXcQ",
                "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1&start=90",
            ),
            (
                "vimeo",
                "76979871",
                "https://player.vimeo.com/video/76979871?autoplay=1#t=90s",
            ),
            (
                "twitch",
                "1234",
                "https://player.twitch.tv/?video=v1234&autoplay=true&time=90s",
            ),
        ] {
            let provider = provider(name).expect("known");
            let told = provider.address(id, Title::Movie, &late);
            assert_eq!(told.as_deref(), Ok(address));
            let bad = provider.address("../x", Title::Movie, &late);
            assert_eq!(bad, Err(EmbedError::BadId));
        }
    }
}
