//! What can be watched, as far as the rules care: an opaque reference with a title and a length.
use crate::{Position, Refusal, text};
use serde::{Deserialize, Serialize};

/// Where a medium comes from. The room never opens it; clients and the edge do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A file of the server's library; the key is its media id.
    Library,
    /// A file a member uploaded; the key is its upload id.
    Upload,
    /// A direct, HLS or DASH address; the key is the URL.
    Url,
    /// A provider's player; the key is `provider:id`.
    Embed,
    /// An item of a Jellyfin server; the key is its id.
    Jellyfin,
    /// Everybody's own copy; the key is a fingerprint.
    Local,
}

/// A medium that can be queued and watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// Where it comes from.
    pub kind: SourceKind,
    /// Which one, in the terms of its kind (at most [`Media::MAX_KEY`] bytes).
    pub key: String,
    /// For people (at most [`Media::MAX_TITLE`] characters; the rest is cut).
    pub title: String,
    /// Length, where known; a timeline never runs past it.
    pub duration: Option<Position>,
}

impl Media {
    /// A URL may be long, but a room holds hundreds of media.
    pub const MAX_KEY: usize = 2048;
    /// Longer titles break every list they are shown in.
    pub const MAX_TITLE: usize = 200;

    /// This medium as a room keeps it: title cleaned and cut, or made from the key where there is none to see.
    ///
    /// # Errors
    /// [`Refusal::BadText`] for an empty or too long key, [`Refusal::BadPosition`] for a length of zero.
    pub fn checked(&self) -> Result<Self, Refusal> {
        if self.key.is_empty()
            || self.key.len() > Self::MAX_KEY
            || self.key.chars().any(char::is_control)
        {
            return Err(Refusal::BadText {
                what: "A medium's key",
                min: 1,
                max: Self::MAX_KEY as u32,
            });
        }
        if let Some(duration) = self.duration.filter(|duration| *duration <= Position::ZERO) {
            return Err(Refusal::BadPosition(duration));
        }
        let title =
            Some(text::line(&self.title, Self::MAX_TITLE)).filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| text::line(&self.key, Self::MAX_TITLE));
        Ok(Self {
            title,
            ..self.clone()
        })
    }
}
