//! `MediaId`: the only name of a medium that leaves this crate.
//!
//! It is a digest of the root and the path below it, so it stays the same over restarts and re-encodes in
//! place, says nothing about the disk, and can't be turned into a path except by looking it up in the index.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Bytes kept of the digest: 128 bits, so that two of 50,000 files meet with probability 2^-97.
const ID_BYTES: usize = 16;

/// A stable, opaque, URL-safe name of a medium: 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaId([u8; ID_BYTES]);

/// The text is not a media id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A media id has 32 digits of 0-9 and a-f; this text is something else.")]
pub struct InvalidMediaId;

impl InvalidMediaId {
    /// Stable code: the same as for an id that nobody has, so that the two can't be told apart.
    pub fn code(&self) -> &'static str {
        "media_not_found"
    }
}

impl MediaId {
    /// An id that nobody can guess, for a medium that has no path: an upload.
    pub(crate) fn random() -> Self {
        let mut id = [0; ID_BYTES];
        getrandom::fill(&mut id).expect("the operating system gives randomness");
        Self(id)
    }

    /// The id of the file at `relative` below `root`. `root` is the resolved path of the root.
    pub(crate) fn of(root: &Path, relative: &Path) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"watchalong media id v1\0");
        digest.update(root.as_os_str().as_encoded_bytes());
        digest.update(b"\0"); // no path holds a NUL, so root and rest can't be shifted against each other
        digest.update(relative.as_os_str().as_encoded_bytes());
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&digest.finalize()[..ID_BYTES]);
        Self(id)
    }
}

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaId({self})")
    }
}

impl FromStr for MediaId {
    type Err = InvalidMediaId;

    fn from_str(text: &str) -> Result<Self, InvalidMediaId> {
        // One spelling per id: upper case would make a second URL for the same medium.
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(InvalidMediaId);
        }
        let mut id = [0; ID_BYTES];
        hex::decode_to_slice(text, &mut id).map_err(|_| InvalidMediaId)?;
        Ok(Self(id))
    }
}

impl Serialize for MediaId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MediaId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_stable_and_differs_by_root_and_path() {
        let id = MediaId::of(Path::new("/films"), Path::new("a/b.mp4"));
        assert_eq!(id, MediaId::of(Path::new("/films"), Path::new("a/b.mp4")));
        assert_ne!(id, MediaId::of(Path::new("/films/a"), Path::new("b.mp4")));
        assert_ne!(id, MediaId::of(Path::new("/films"), Path::new("a/c.mp4")));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 32);
    }

    #[test]
    fn paths_and_other_spellings_are_no_ids() {
        let id = MediaId::of(Path::new("/films"), Path::new("b.mp4")).to_string();
        for text in [
            "",
            "../../etc/passwd",
            "/etc/passwd",
            "a\0b",
            "zz",
            &id[1..],
            &format!("{id}00"),
        ] {
            assert_eq!(text.parse::<MediaId>(), Err(InvalidMediaId), "{text:?}");
        }
        assert_eq!("AB".repeat(16).parse::<MediaId>(), Err(InvalidMediaId));
    }
}
