//! Links to media that are bound to a room and expire.
//!
//! `<video src>` can't send headers, so the right to fetch a medium travels in the URL:
//! `expires=<unix seconds>&room=<code>&signature=<hex>`. The signature is HMAC-SHA256 over the room, the
//! medium and the expiry, each with its length in front, so that no two triples sign the same bytes. Whether
//! the room still lives is the server's to check: the link names the room, and only proves it was meant.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::id::MediaId;

/// Longest query looked at, in bytes. Ours stay under 200 plus the room's name.
const MAX_QUERY_BYTES: usize = 2048;

/// Signs and checks links. Cloning shares the key.
#[derive(Clone)]
pub struct MediaSigner {
    mac: Hmac<Sha256>,
}

/// Why a link is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It was signed by us, and its time is over.
    #[error("This media link has expired. Reload the room to get a fresh one.")]
    Expired,
    /// It wasn't signed by us, or not for this medium.
    #[error("This media link is not valid. Open the medium from its room.")]
    Invalid,
}

impl SignatureError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expired => "media_link_expired",
            Self::Invalid => "media_link_invalid",
        }
    }
}

/// What a valid link proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaLink {
    /// The room it was signed for. The caller checks that it still lives.
    pub room: String,
    /// Unix seconds up to and including which it holds.
    pub expires: u64,
}

impl MediaSigner {
    /// A signer with the server's key. 32 random bytes are right; any length works.
    pub fn new(key: &[u8]) -> Self {
        Self {
            mac: Hmac::new_from_slice(key).expect("HMAC takes keys of any length"),
        }
    }

    /// The query string, without `?`, that lets `room` fetch `media` until `expires` (unix seconds, inclusive).
    pub fn sign(&self, room: &str, media: &MediaId, expires: u64) -> String {
        let signature = hex::encode(self.mac_of(room, media, expires).finalize().into_bytes());
        form_urlencoded::Serializer::new(String::new())
            .append_pair("expires", &expires.to_string())
            .append_pair("room", room)
            .append_pair("signature", &signature)
            .finish()
    }

    /// Checks the query string of a request for `media`, now. Other parameters are ignored.
    ///
    /// # Errors
    /// [`SignatureError::Invalid`] unless the signature is ours, then [`SignatureError::Expired`] if it is late.
    pub fn verify(
        &self,
        media: &MediaId,
        query: &str,
        now: SystemTime,
    ) -> Result<MediaLink, SignatureError> {
        if query.len() > MAX_QUERY_BYTES {
            return Err(SignatureError::Invalid);
        }
        let (mut expires, mut room, mut signature) = (None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let slot = match name.as_ref() {
                "expires" => &mut expires,
                "room" => &mut room,
                "signature" => &mut signature,
                _ => continue,
            };
            // Given twice, two readers of the URL could read different rooms out of it.
            if slot.replace(value.into_owned()).is_some() {
                return Err(SignatureError::Invalid);
            }
        }
        let (Some(expires), Some(room), Some(signature)) = (expires, room, signature) else {
            return Err(SignatureError::Invalid);
        };
        let expires: u64 = expires.parse().map_err(|_| SignatureError::Invalid)?;
        let signature = hex::decode(signature).map_err(|_| SignatureError::Invalid)?;
        // Constant-time, and before the expiry: a forger learns nothing from the answer.
        self.mac_of(&room, media, expires)
            .verify_slice(&signature)
            .map_err(|_| SignatureError::Invalid)?;
        let now = now
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if now > expires {
            return Err(SignatureError::Expired);
        }
        Ok(MediaLink { room, expires })
    }

    fn mac_of(&self, room: &str, media: &MediaId, expires: u64) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        for part in [
            "watchalong media link v1",
            room,
            &media.to_string(),
            &expires.to_string(),
        ] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}

impl std::fmt::Debug for MediaSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MediaSigner") // the key stays out of logs
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn media(name: &str) -> MediaId {
        MediaId::of(Path::new("/films"), Path::new(name))
    }

    #[test]
    fn a_link_opens_its_medium_until_it_expires() {
        let signer = MediaSigner::new(b"key");
        let query = signer.sign("QUIET FOX & co", &media("a.mp4"), 1000);
        let link = signer.verify(&media("a.mp4"), &query, at(1000)).unwrap();
        assert_eq!(
            link,
            MediaLink {
                room: "QUIET FOX & co".into(),
                expires: 1000
            }
        );
        let late = signer
            .verify(&media("a.mp4"), &query, at(1001))
            .unwrap_err();
        assert_eq!(
            (late, late.code()),
            (SignatureError::Expired, "media_link_expired")
        );
    }

    #[test]
    fn any_change_makes_a_link_invalid() {
        let signer = MediaSigner::new(b"key");
        let query = signer.sign("ROOM", &media("a.mp4"), 1000);
        let refused = |query: &str| {
            signer.verify(&media("a.mp4"), query, at(2000)).unwrap_err() == SignatureError::Invalid
        };
        assert!(signer.verify(&media("b.mp4"), &query, at(0)) == Err(SignatureError::Invalid));
        assert!(
            MediaSigner::new(b"other").verify(&media("a.mp4"), &query, at(0))
                == Err(SignatureError::Invalid)
        );
        assert!(refused(&query.replace("ROOM", "ROOM2")));
        assert!(refused(&query.replace("1000", "9999999999")));
        assert!(refused(&query[..query.len() - 2]));
        assert!(refused(&format!("{query}00")));
        assert!(refused(&format!("room=OTHER&{query}")));
        assert!(refused(&query.replace("signature", "x")));
        assert!(refused(&format!("{query}&{}", "x".repeat(MAX_QUERY_BYTES))));
        for query in [
            "",
            "signature=",
            "expires=-1&room=ROOM&signature=00",
            "expires=1000&room=ROOM&signature=zz",
            "%ff%00&=&&",
        ] {
            assert!(refused(query), "{query:?}");
        }
        assert_eq!(SignatureError::Invalid.code(), "media_link_invalid");
    }

    #[test]
    fn length_prefixes_keep_fields_apart() {
        let signer = MediaSigner::new(b"key");
        let one = signer.sign("A1", &media("a.mp4"), 1);
        let signature = one.rsplit('=').next().unwrap();
        assert_eq!(
            signer.verify(
                &media("a.mp4"),
                &format!("expires=11&room=A&signature={signature}"),
                at(0)
            ),
            Err(SignatureError::Invalid)
        );
    }
}
