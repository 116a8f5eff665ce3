//! Players of other sites, by provider: what one can do, which ids it has, and the address of its player.
//!
//! The address is built here and nowhere else, so that no client's text ever becomes part of one unchecked. A new
//! provider is one file with a [`Provider`] in it and a line in [`PROVIDERS`].
mod vidking;

use std::fmt;

/// Every provider there is.
static PROVIDERS: &[&dyn Provider] = &[&vidking::Vidking];

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
}

/// Why there is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// No id of this provider's.
    #[error("The id may have letters, digits, - and _, and at most 64 of them.")]
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
    /// What its player can do.
    fn capabilities(&self) -> Capabilities;
    /// Whether it is an id of the provider's.
    fn is_id(&self, id: &str) -> bool;
    /// The address of the player.
    ///
    /// # Errors
    /// [`EmbedError`].
    fn address(&self, id: &str, title: Title, options: &EmbedOptions)
    -> Result<String, EmbedError>;
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
        for unknown in ["", "Vidking", "vidking:1", "youtube"] {
            assert!(provider(unknown).is_none(), "{unknown}");
        }
        let mut names: Vec<_> = PROVIDERS.iter().map(|p| p.name()).collect();
        names.dedup();
        assert_eq!(names.len(), PROVIDERS.len());
    }
}
