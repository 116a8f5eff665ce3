//! The shared random pool: everybody offers clips of their own, the room draws one that was not shown yet.
//!
//! A clip is told from others by its kind and key, so that the same clip offered by two is
//! drawn once. An offer goes with its member (the clips may lie on their disk); that a clip
//! has been drawn is remembered until the pool is reset, also when its member is gone.
use crate::queue::QueueItem;
use crate::room::Step;
use crate::shuffle::SplitMix64;
use crate::{Audience, ControlKind, Event, Media, MemberId, Position, Refusal, Room};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Clips that one member can offer.
const MAX_OFFER: usize = 500;

/// Clips in a pool, those drawn included.
const MAX_POOL: usize = 10_000;

/// One clip of the pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Clip {
    media: Media,
    /// Who offers it; nobody where it was drawn and its member is gone.
    by: BTreeSet<MemberId>,
    drawn: bool,
}

impl Clip {
    fn available(&self) -> bool {
        !self.drawn && !self.by.is_empty()
    }
}

/// What has been offered and drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pool {
    clips: BTreeMap<String, Clip>,
    /// Derived: clips that can still be drawn.
    #[serde(skip)]
    left: usize,
}

impl Pool {
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    fn shown(&self) -> usize {
        self.clips.values().filter(|clip| clip.drawn).count()
    }

    /// Counts anew, after a restore.
    pub(crate) fn recount(&mut self) {
        self.left = self.clips.values().filter(|clip| clip.available()).count();
    }

    pub(crate) fn fits(&self) -> bool {
        self.clips.len() <= MAX_POOL
            && self
                .clips
                .iter()
                .all(|(key, clip)| *key == clip_key(&clip.media))
    }

    fn offer(&mut self, member: MemberId, media: Media) {
        let clip = self.clips.entry(clip_key(&media));
        let clip = clip.or_insert_with(|| Clip {
            media,
            by: BTreeSet::new(),
            drawn: false,
        });
        let before = clip.available();
        clip.by.insert(member);
        self.left += usize::from(clip.available() && !before);
    }

    /// Takes a member's offer back. Says whether there was one.
    fn withdraw(&mut self, member: MemberId) -> bool {
        let mut had = false;
        let mut left = self.left;
        self.clips.retain(|_, clip| {
            let before = clip.available();
            had |= clip.by.remove(&member);
            left -= usize::from(before && !clip.available());
            clip.drawn || !clip.by.is_empty()
        });
        self.left = left;
        had
    }

    fn offered_by(&self, member: MemberId) -> impl Iterator<Item = &String> {
        self.clips
            .iter()
            .filter(move |(_, clip)| clip.by.contains(&member))
            .map(|(key, _)| key)
    }
}

fn clip_key(media: &Media) -> String {
    format!("{:?}:{}", media.kind, media.key)
}

impl Room {
    /// Clips of the random pool that have been drawn since its last reset.
    pub fn pool_shown(&self) -> usize {
        self.pool.shown()
    }

    /// What a member offers to the random pool, drawn or not.
    pub fn pool_offer_of(&self, member: MemberId) -> impl Iterator<Item = &Media> {
        let clips = self.pool.clips.values();
        clips
            .filter(move |clip| clip.by.contains(&member))
            .map(|clip| &clip.media)
    }

    pub(crate) fn pool_offer(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        media: &[Media],
    ) -> Result<(), Refusal> {
        let by = by.ok_or(Refusal::UnknownSeat)?;
        if media.len() > MAX_OFFER {
            return Err(Refusal::LimitReached {
                what: "Your offer to the pool",
                max: MAX_OFFER as u32,
            });
        }
        let offer = media
            .iter()
            .map(Media::checked)
            .collect::<Result<Vec<_>, _>>()?;
        let new = offer
            .iter()
            .filter(|media| !self.pool.clips.contains_key(&clip_key(media)))
            .count();
        if self.pool.clips.len() + new > MAX_POOL {
            return Err(Refusal::LimitReached {
                what: "The pool",
                max: MAX_POOL as u32,
            });
        }
        let wanted: BTreeSet<String> = offer.iter().map(clip_key).collect();
        if self.pool.offered_by(by).eq(wanted.iter()) {
            return Ok(());
        }
        self.pool.withdraw(by);
        for media in offer {
            self.pool.offer(by, media);
        }
        step.emit(Audience::All, Event::Pool);
        Ok(())
    }

    pub(crate) fn withdraw_offer(&mut self, step: &mut Step, member: MemberId) {
        if !self.pool.clips.is_empty() && self.pool.withdraw(member) {
            step.emit(Audience::All, Event::Pool);
        }
    }

    pub(crate) fn pool_draw(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
    ) -> Result<(), Refusal> {
        if self.pool.left == 0 {
            return Err(Refusal::PoolEmpty);
        }
        let pick = SplitMix64::new(step.seed).below(self.pool.left);
        let available = self.pool.clips.values_mut().filter(|clip| clip.available());
        let Some(clip) = available.into_iter().nth(pick) else {
            return Err(Refusal::PoolEmpty);
        };
        clip.drawn = true;
        let (media, added_by) = (clip.media.clone(), clip.by.first().copied());
        self.pool.left -= 1;
        step.emit(Audience::All, Event::Pool);
        self.note_undo(step, by, ControlKind::Load);
        let item = QueueItem {
            id: self.fresh_item(),
            media,
            added_by,
            votes: Vec::new(),
            fingerprint: None,
            sequel: None,
        };
        self.put_on(step, by, ControlKind::Load, item, Position::ZERO, true);
        Ok(())
    }

    pub(crate) fn pool_reset(&mut self, step: &mut Step) {
        if !self.pool.clips.values().any(|clip| clip.drawn) {
            return;
        }
        self.pool.clips.retain(|_, clip| !clip.by.is_empty());
        for clip in self.pool.clips.values_mut() {
            clip.drawn = false;
        }
        self.pool.recount();
        step.emit(Audience::All, Event::Pool);
    }
}

#[cfg(test)]
mod tests {
    use crate::party::{Party, clip};
    use crate::{Command, Policy, Refusal, SeatId};
    use std::collections::BTreeSet;

    fn offer(party: &mut Party, seat: SeatId, keys: &[&str]) {
        party.ok(
            seat,
            Command::PoolOffer {
                media: keys.iter().map(|key| clip(key)).collect(),
            },
        );
    }

    #[test]
    fn each_clip_is_drawn_once_until_the_pool_is_reset() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        offer(&mut party, ann, &["a", "b", "c"]);
        offer(&mut party, ben, &["c", "d"]);
        assert_eq!(party.room.pool_left(), 4);
        let second = party.id(ben);
        let of_ben: Vec<_> = party.room.pool_offer_of(second).map(|m| &m.key).collect();
        assert_eq!(of_ben, ["c", "d"]);
        let mut seen = BTreeSet::new();
        for seed in 0..4 {
            party.seed = seed;
            party.ok(host, Command::PoolDraw);
            seen.insert(party.room.current().expect("drawn").media.key.clone());
        }
        assert_eq!((seen.len(), party.room.pool_left()), (4, 0));
        assert_eq!(party.act(host, Command::PoolDraw), Err(Refusal::PoolEmpty));
        assert_eq!(party.room.pool_shown(), 4);
        party.ok(host, Command::PoolReset);
        assert_eq!((party.room.pool_left(), party.room.pool_shown()), (4, 0));
    }

    #[test]
    fn an_offer_goes_with_its_member_and_a_drawn_clip_stays_drawn() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        offer(&mut party, ann, &["a"]);
        offer(&mut party, ben, &["b"]);
        party.ok(host, Command::PoolDraw);
        let drawn = party.room.current().expect("drawn").media.key.clone();
        let (mine, other) = if drawn == "a" { (ann, ben) } else { (ben, ann) };
        offer(&mut party, mine, &[]);
        assert_eq!(party.room.pool_left(), 1);
        offer(&mut party, mine, &[drawn.as_str()]);
        assert_eq!(party.room.pool_left(), 1);
        party.ok(other, Command::Leave);
        assert_eq!(party.room.pool_left(), 0);
    }

    #[test]
    fn an_offer_has_an_end() {
        let (mut party, _, ann, _) = Party::of_three(Policy::default());
        let media = (0..501).map(|i| clip(&i.to_string())).collect();
        assert_eq!(
            party
                .act(ann, Command::PoolOffer { media })
                .expect_err("refused")
                .code(),
            "limit_reached"
        );
    }
}
