//! What can be put on in a room: from the words of a wire format to a [`Media`], and back to an address.
//!
//! The library knows files, the room knows opaque references; here the two meet. Links to
//! files are signed for one room and expire, so a room link grants that room and nothing else.
use crate::code::RoomCode;
use crate::secret::Signer;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use watchalong_media::{
    Heads, Hls, Library, MediaId, MediaSigner, Medium, Previews, Uplink, Uploads, embedded,
    recognise,
};
use watchalong_room::{Fingerprint, Media, NoFingerprint, Position, SourceKind};

/// Links are good until the end of the day after: longer than any party, and the same link
/// for everybody in a room on one day, so that caches work.
const LINK_DAY: u64 = 24 * 3600;

/// How often uploads are looked through: their rooms end, and people give up.
const UPLOAD_SWEEP: Duration = Duration::from_secs(30);

/// How often rooms that films are converted for are looked at: an encoder that works for nobody takes a whole processor.
const CONVERSION_SWEEP: Duration = Duration::from_secs(1);

/// Why a medium can't be put on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ShelfError {
    /// Not in the library.
    #[error("This file is not in the library any more. Choose another.")]
    NotFound,
    /// In the library, but broken.
    #[error("This file can't be played: {0}")]
    Broken(String),
    /// An address that is none, or not of the web.
    #[error(
        "This is not an address that can be played. Give one that begins with https:// or http://."
    )]
    BadAddress,
    /// No provider of that name, or no id of its.
    #[error("This is no film of a provider that is known here. Give its link instead.")]
    UnknownEmbed,
    /// No fingerprint of a file.
    #[error(transparent)]
    NoFingerprint(#[from] NoFingerprint),
}

impl ShelfError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "media_not_found",
            Self::Broken(_) => "media_unreadable",
            Self::BadAddress => "bad_address",
            Self::UnknownEmbed => "unknown_embed",
            Self::NoFingerprint(_) => "bad_fingerprint",
        }
    }
}

/// The library, and the links into it.
#[derive(Debug)]
pub struct Shelf {
    /// What is there.
    pub library: Library,
    /// What links are signed with.
    pub signer: MediaSigner,
    /// What media leave through.
    pub uplink: Uplink,
    /// The beginnings of files in use.
    pub heads: Heads,
    /// What members brought.
    pub uploads: Uploads,
    /// What converts films that a browser can't play.
    pub hls: Hls,
    /// What makes the pictures of the seek bar.
    pub previews: Previews,
}

impl Shelf {
    /// Over a library and uploads, with links signed by a key derived from the server's.
    pub fn new(
        library: Library,
        uploads: Uploads,
        signer: &Signer,
        uplink: Uplink,
        heads: Heads,
        hls: Hls,
        previews: Previews,
    ) -> Self {
        Self {
            library,
            signer: MediaSigner::new(&signer.media_key()),
            uplink,
            heads,
            uploads,
            hls,
            previews,
        }
    }

    /// A film that a member of `room` brought, as the room holds it. It may still be arriving.
    ///
    /// # Errors
    /// [`ShelfError::NotFound`], also for another room's, or [`ShelfError::Broken`].
    pub fn from_upload(&self, room: &RoomCode, id: &str) -> Result<Media, ShelfError> {
        let id: MediaId = id.parse().map_err(|_| ShelfError::NotFound)?;
        let upload = self.uploads.get(&id).ok_or(ShelfError::NotFound)?;
        if upload.room != room.as_str() {
            return Err(ShelfError::NotFound);
        }
        if let Some(problem) = &upload.medium.problem {
            return Err(ShelfError::Broken(problem.message.clone()));
        }
        Ok(Media {
            kind: SourceKind::Upload,
            key: id.to_string(),
            title: upload.medium.title.clone(),
            duration: upload.medium.duration.and_then(Position::new),
        })
    }

    /// The library's medium with this id, as a room holds it.
    ///
    /// # Errors
    /// [`ShelfError::NotFound`] or [`ShelfError::Broken`].
    pub fn from_library(&self, id: &str) -> Result<Media, ShelfError> {
        let id: MediaId = id.parse().map_err(|_| ShelfError::NotFound)?;
        let medium = self.library.get(&id).ok_or(ShelfError::NotFound)?;
        if let Some(problem) = &medium.problem {
            return Err(ShelfError::Broken(problem.message.clone()));
        }
        Ok(Media {
            kind: SourceKind::Library,
            key: id.to_string(),
            title: medium.title.clone(),
            duration: medium.duration.and_then(Position::new),
        })
    }

    /// A film of a provider, by `provider:id`.
    ///
    /// # Errors
    /// [`ShelfError::UnknownEmbed`].
    pub fn from_provider(&self, key: &str, title: Option<&str>) -> Result<Media, ShelfError> {
        let (provider, id) = embedded(key).ok_or(ShelfError::UnknownEmbed)?;
        let title = title.filter(|title| !title.trim().is_empty());
        let title = title.map_or_else(|| provider.title(id), str::to_owned);
        Ok(Media {
            kind: SourceKind::Embed,
            key: key.to_owned(),
            title: title.chars().take(Media::MAX_TITLE).collect(),
            duration: None,
        })
    }

    /// A medium by its address on the web; clients fetch it themselves. A page of a provider's is its film.
    ///
    /// # Errors
    /// [`ShelfError::BadAddress`].
    pub fn from_address(&self, url: &str, title: Option<&str>) -> Result<Media, ShelfError> {
        if let Some((provider, id)) = recognise(url) {
            return self.from_provider(&format!("{}:{id}", provider.name()), title);
        }
        let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
        let rest = ["https://", "http://"]
            .iter()
            .find_map(|scheme| lower.starts_with(scheme).then_some(scheme.len()));
        let rest = rest
            .and_then(|len| url.get(len..))
            .ok_or(ShelfError::BadAddress)?;
        let plain = url.len() <= Media::MAX_KEY
            && !url.chars().any(|c| c.is_control() || c.is_whitespace());
        if rest.is_empty() || rest.starts_with('/') || !plain {
            return Err(ShelfError::BadAddress);
        }
        let last = rest
            .split(['?', '#'])
            .next()
            .unwrap_or(rest)
            .rsplit('/')
            .find(|part| !part.is_empty());
        let title = title
            .filter(|t| !t.trim().is_empty())
            .or(last)
            .unwrap_or(rest);
        let title = title.chars().take(Media::MAX_TITLE).collect();
        Ok(Media {
            kind: SourceKind::Url,
            key: url.to_owned(),
            title,
            duration: None,
        })
    }

    /// A medium that everybody opens their own copy of; `fingerprint` is that of the copy it is put on by.
    ///
    /// # Errors
    /// [`ShelfError::NoFingerprint`].
    pub fn from_own_copies(
        title: &str,
        duration: Option<f64>,
        fingerprint: &str,
    ) -> Result<Media, ShelfError> {
        let key = fingerprint.parse::<Fingerprint>()?.to_string();
        Ok(Media {
            kind: SourceKind::Local,
            key,
            title: title.chars().take(Media::MAX_TITLE).collect(),
            duration: duration.and_then(Position::new),
        })
    }

    /// Removes the uploads of rooms that are over, and unfinished ones that nobody goes on with.
    pub async fn look_after_uploads(self: std::sync::Arc<Self>, store: crate::store::Store) {
        loop {
            self.uploads.sweep().await;
            for room in self.uploads.rooms() {
                match store.is_over(&room).await {
                    Ok(true) => {
                        let removed = self.uploads.remove_room(&room).await;
                        tracing::info!(room, removed, "uploads of a room that is over removed");
                    }
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%error, "rooms with uploads can't be looked at"),
                }
            }
            tokio::time::sleep(UPLOAD_SWEEP).await;
        }
    }

    /// Ends conversions for rooms that are over, and forgets films that nobody watches.
    pub async fn look_after_conversions(
        self: std::sync::Arc<Self>,
        hub: std::sync::Arc<crate::hub::Hub>,
    ) {
        loop {
            tokio::time::sleep(CONVERSION_SWEEP).await;
            let mut over = Vec::new();
            for room in self.hls.rooms() {
                let code = RoomCode::parse(&room);
                let open = match code {
                    // A database that is away for a moment ends no film.
                    Some(code) => hub.room(&code).await.ok().flatten(),
                    None => None,
                };
                if open.is_none_or(|room| room.view().life.is_terminal()) {
                    over.push(room);
                }
            }
            if !over.is_empty() {
                self.hls
                    .leave(|room| over.iter().any(|gone| **gone == *room));
            }
            self.hls.tidy();
        }
    }

    /// What is known of a medium that a room holds.
    pub fn medium(&self, media: &Media) -> Option<std::sync::Arc<Medium>> {
        let id = media.key.parse().ok()?;
        match media.kind {
            SourceKind::Library => self.library.get(&id),
            SourceKind::Upload => self.uploads.get(&id).map(|upload| upload.medium),
            _ => None,
        }
    }

    /// Where a client of `room` finds a medium: relative to the page's base, or the address itself.
    pub fn link(&self, room: &RoomCode, media: &Media) -> Option<String> {
        match media.kind {
            SourceKind::Library | SourceKind::Upload => {
                let id: MediaId = media.key.parse().ok()?;
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or(Duration::ZERO)
                    .as_secs();
                let expires = (now / LINK_DAY + 2) * LINK_DAY;
                Some(format!(
                    "media/{room}/{id}?{}",
                    self.signer.sign(room.as_str(), &id, expires)
                ))
            }
            SourceKind::Url => Some(media.key.clone()),
            SourceKind::Embed => {
                let (provider, id) = embedded(&media.key)?;
                provider.player(id).ok()
            }
            _ => None,
        }
    }
}
