//! Which bytes a medium is, so that people who open their own copy know whether it is the same.
//!
//! A fingerprint is a size and, where whoever made it could, a SHA-256 over samples of the file; how they are taken
//! is told in `docs/protocol.md`, and done by clients for their files and by the server for its own. The room only
//! keeps the one that others compare theirs with: of an item whose bytes the server does not have, the first that
//! anybody here told. It never judges a copy; a person's own player does, and nobody else hears of it.
use crate::room::Step;
use crate::{Audience, Event, ItemId, MemberId, Refusal, Room, SourceKind};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Largest size taken, bytes: what a number in JSON holds exactly.
const MAX_SIZE: u64 = 1 << 53;

/// A file's size and a hash of samples of it. As text `SIZE-HEX`, or `SIZE` without a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint {
    size: u64,
    /// `None` from a browser that may not hash (a page without TLS).
    hash: Option<[u8; 32]>,
}

impl Fingerprint {
    /// Of a file of `size` bytes. `None` for sizes that no file has.
    pub fn new(size: u64, hash: Option<[u8; 32]>) -> Option<Self> {
        (1..=MAX_SIZE)
            .contains(&size)
            .then_some(Self { size, hash })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.size)?;
        let Some(hash) = self.hash else {
            return Ok(());
        };
        f.write_str("-")?;
        hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This is no fingerprint of a file. Give its size, a hyphen, and 64 hexadecimal digits.")]
pub struct NoFingerprint;

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let (size, hash) = match text.split_once('-') {
            Some((size, hash)) => (size, Some(digest(hash).ok_or(NoFingerprint)?)),
            None => (text, None),
        };
        let plain = size.bytes().all(|byte| byte.is_ascii_digit()) && !size.starts_with('0');
        let size = size.parse().ok().filter(|_| plain).ok_or(NoFingerprint)?;
        Self::new(size, hash).ok_or(NoFingerprint)
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut hash = [0; 32];
    let pairs = text.as_bytes().chunks_exact(2);
    if text.len() != 2 * hash.len() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(pairs) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(hash)
}

impl TryFrom<String> for Fingerprint {
    type Error = NoFingerprint;

    fn try_from(text: String) -> Result<Self, NoFingerprint> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(of: Fingerprint) -> Self {
        of.to_string()
    }
}

impl crate::QueueItem {
    /// What people's own copies are compared with: what was told first, or what the medium was put on by.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let named = || self.media.key.parse().ok();
        let local = self.media.kind == SourceKind::Local;
        self.fingerprint.or_else(|| named().filter(|_| local))
    }
}

impl Room {
    /// Somebody opened a copy of their own of what is on. The first counts; of the server's own files none does.
    pub(crate) fn set_fingerprint(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        item: ItemId,
        fingerprint: Fingerprint,
    ) -> Result<(), Refusal> {
        by.ok_or(Refusal::UnknownSeat)?;
        let current = self.current.as_mut().filter(|on| on.id == item);
        let Some(current) = current.filter(|on| on.fingerprint().is_none()) else {
            return Ok(());
        };
        if matches!(current.media.kind, SourceKind::Library | SourceKind::Upload) {
            return Ok(());
        }
        current.fingerprint = Some(fingerprint);
        step.emit(Audience::All, Event::Medium);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{Party, load};
    use crate::{Command, Media, Policy, Position};

    fn print(size: u64, byte: u8) -> Fingerprint {
        Fingerprint::new(size, Some([byte; 32])).expect("a size")
    }

    fn of_kind(kind: SourceKind, key: &str) -> Command {
        Command::Load {
            media: Media {
                kind,
                key: key.to_owned(),
                title: "Film".to_owned(),
                duration: None,
            },
            position: Position::ZERO,
            play: false,
        }
    }

    fn tell(party: &Party, fingerprint: Fingerprint) -> Command {
        let item = party.room.timeline().item.expect("loaded");
        Command::SetFingerprint { item, fingerprint }
    }

    fn known(party: &Party) -> Option<Fingerprint> {
        party.room.current().and_then(crate::QueueItem::fingerprint)
    }

    #[test]
    fn its_text_is_read_back_and_nonsense_is_not() {
        let with = print(1_048_576, 0xa7);
        assert!(with.to_string().starts_with("1048576-a7a7"));
        assert_eq!(with.to_string().parse(), Ok(with));
        let without = Fingerprint::new(5, None).expect("a size");
        assert_eq!("5".parse(), Ok(without));
        let short = format!("5-{}", "a".repeat(63));
        let capital = format!("5-{}", "A".repeat(64));
        for bad in [
            "",
            "-",
            "0",
            "05",
            "+5",
            "5-",
            "x",
            &short,
            &capital,
            "99999999999999999999",
        ] {
            assert_eq!(bad.parse::<Fingerprint>(), Err(NoFingerprint), "{bad}");
        }
    }

    #[test]
    fn the_first_copy_of_a_foreign_film_is_what_others_compare_theirs_with() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        party.ok(
            host,
            of_kind(SourceKind::Url, "https://example.org/film.mp4"),
        );
        assert_eq!(known(&party), None);
        let first = tell(&party, print(10, 1));
        assert_eq!(party.ok(ann, first), [Event::Medium]);
        let second = tell(&party, print(20, 2));
        assert!(party.ok(ben, second).is_empty());
        assert_eq!(known(&party), Some(print(10, 1)));
        party.ok(
            host,
            of_kind(SourceKind::Url, "https://example.org/other.mp4"),
        );
        assert_eq!(known(&party), None);
    }

    #[test]
    fn a_room_that_watches_its_own_copies_has_the_one_it_was_put_on_by() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let named = print(10, 1);
        party.ok(host, of_kind(SourceKind::Local, &named.to_string()));
        assert_eq!(known(&party), Some(named));
        let other = tell(&party, print(20, 2));
        assert!(party.ok(ann, other).is_empty());
        assert_eq!(known(&party), Some(named));
    }

    #[test]
    fn nobody_tells_the_server_what_its_own_files_are() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        party.ok(host, load("a"));
        let told = tell(&party, print(10, 1));
        assert!(party.ok(ann, told).is_empty());
        let old = Command::SetFingerprint {
            item: ItemId(99),
            fingerprint: print(10, 1),
        };
        assert!(party.ok(ann, old).is_empty());
        assert_eq!(known(&party), None);
    }
}
