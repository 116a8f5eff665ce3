//! What comes next: an ordered list with votes.
//!
//! Votes are opinions that anybody in the room may have; they move nothing until somebody
//! with the right to the queue sorts by them.
use crate::rights::{Caller, reaches};
use crate::room::Step;
use crate::{
    Audience, ControlKind, Event, Fingerprint, ItemId, Media, MemberId, Position, Refusal, Room,
    Sequel, shuffle,
};
use serde::{Deserialize, Serialize};

/// Items in a queue: weeks of watching, and still one screenful of memory per item.
pub(crate) const MAX_QUEUE: usize = 1000;

/// Votes for one item, so that a queue's memory has an end.
const MAX_VOTES: usize = 10_000;

/// Something to watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueItem {
    /// Its number in this room; kept when it moves to the timeline.
    pub id: ItemId,
    /// What.
    pub media: Media,
    /// By whom; `None` for the server.
    pub added_by: Option<MemberId>,
    /// Who voted for it, by number.
    pub votes: Vec<MemberId>,
    /// Of the first copy that somebody here opened, where the server has none; read it by
    /// [`QueueItem::fingerprint()`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// What follows it by itself where the queue is empty, of what is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequel: Option<Box<Sequel>>,
}

impl Room {
    fn queue_place(&self, item: ItemId) -> Result<usize, Refusal> {
        self.queue
            .iter()
            .position(|queued| queued.id == item)
            .ok_or(Refusal::UnknownItem)
    }

    /// Where an item goes that is to stand before another, or at the end.
    fn place_before(&self, before: Option<ItemId>) -> Result<usize, Refusal> {
        before.map_or(Ok(self.queue.len()), |item| self.queue_place(item))
    }

    pub(crate) fn queue_add(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        media: &Media,
        before: Option<ItemId>,
    ) -> Result<(), Refusal> {
        let media = media.checked()?;
        let place = self.place_before(before)?;
        if self.queue.len() >= MAX_QUEUE {
            return Err(Refusal::LimitReached {
                what: "The queue",
                max: MAX_QUEUE as u32,
            });
        }
        let item = QueueItem {
            id: self.fresh_item(),
            media,
            added_by: by,
            votes: Vec::new(),
            fingerprint: None,
            sequel: None,
        };
        self.queue.insert(place, item);
        step.emit(Audience::All, Event::Queue);
        Ok(())
    }

    pub(crate) fn queue_remove(&mut self, step: &mut Step, item: ItemId) -> Result<(), Refusal> {
        let place = self.queue_place(item)?;
        self.queue.remove(place);
        step.emit(Audience::All, Event::Queue);
        Ok(())
    }

    pub(crate) fn queue_move(
        &mut self,
        step: &mut Step,
        item: ItemId,
        before: Option<ItemId>,
    ) -> Result<(), Refusal> {
        let from = self.queue_place(item)?;
        let to = self.place_before(before)?;
        // Places count the item itself, which leaves first.
        let to = if to > from { to - 1 } else { to };
        if to != from && before != Some(item) {
            let moved = self.queue.remove(from);
            self.queue.insert(to, moved);
            step.emit(Audience::All, Event::Queue);
        }
        Ok(())
    }

    pub(crate) fn queue_vote(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        item: ItemId,
        up: bool,
    ) -> Result<(), Refusal> {
        let by = by.ok_or(Refusal::UnknownSeat)?;
        let place = self.queue_place(item)?;
        let Some(queued) = self.queue.get_mut(place) else {
            return Err(Refusal::UnknownItem);
        };
        match (queued.votes.binary_search(&by), up) {
            (Err(_), true) if queued.votes.len() >= MAX_VOTES => {
                return Err(Refusal::LimitReached {
                    what: "The list of votes",
                    max: MAX_VOTES as u32,
                });
            }
            (Err(vote), true) => queued.votes.insert(vote, by),
            (Ok(vote), false) => {
                queued.votes.remove(vote);
            }
            _ => return Ok(()),
        }
        step.emit(Audience::All, Event::Queue);
        Ok(())
    }

    pub(crate) fn queue_sort(&mut self, step: &mut Step) {
        let most_first = |item: &QueueItem| std::cmp::Reverse(item.votes.len());
        if !self.queue.is_sorted_by_key(most_first) {
            self.queue.sort_by_key(most_first);
            step.emit(Audience::All, Event::Queue);
        }
    }

    pub(crate) fn queue_shuffle(&mut self, step: &mut Step) {
        if self.queue.len() > 1 {
            shuffle::shuffle(&mut self.queue, step.seed);
            step.emit(Audience::All, Event::Queue);
        }
    }

    pub(crate) fn queue_clear(&mut self, step: &mut Step) {
        if !self.queue.is_empty() {
            self.queue.clear();
            step.emit(Audience::All, Event::Queue);
        }
    }

    pub(crate) fn queue_next(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        item: Option<ItemId>,
    ) -> Result<(), Refusal> {
        let place = item.map_or(Ok(0), |item| self.queue_place(item))?;
        if self.queue.is_empty() {
            return Err(Refusal::QueueEmpty);
        }
        self.may_put_on(by)?;
        self.note_undo(step, by, ControlKind::Load);
        self.note_queue_place(place);
        let next = self.queue.remove(place);
        step.emit(Audience::All, Event::Queue);
        self.put_on(step, by, ControlKind::Load, next, Position::ZERO, true);
        Ok(())
    }

    /// An item goes back to where it came from, where there is still room.
    pub(crate) fn put_back(&mut self, step: &mut Step, item: QueueItem, place: usize) {
        if self.queue.len() < MAX_QUEUE {
            self.queue.insert(place.min(self.queue.len()), item);
            step.emit(Audience::All, Event::Queue);
        }
    }

    /// The length of something that is not on the timeline (yet).
    pub(crate) fn set_queued_duration(
        &mut self,
        step: &mut Step,
        caller: Caller,
        item: ItemId,
        duration: Position,
    ) -> Result<(), Refusal> {
        let needs = self.policy.controls.queue;
        let place = self.queue_place(item)?;
        if caller.role.is_some_and(|role| !reaches(role, needs)) {
            return Err(Refusal::NotAllowed {
                needs,
                what: "change the queue",
            });
        }
        if let Some(queued) = self.queue.get_mut(place)
            && queued.media.duration != Some(duration)
        {
            queued.media.duration = Some(duration);
            step.emit(Audience::All, Event::Queue);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::party::{Party, clip};
    use crate::{Command, Controls, ItemId, Policy, Refusal, SeatId, Who};

    fn queued(keys: &[&str]) -> (Party, SeatId, SeatId, SeatId) {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        for key in keys {
            party.ok(
                ann,
                Command::QueueAdd {
                    media: clip(key),
                    before: None,
                },
            );
        }
        (party, host, ann, ben)
    }

    fn keys(party: &Party) -> String {
        party
            .room
            .queue()
            .iter()
            .map(|item| item.media.key.as_str())
            .collect()
    }

    fn item(party: &Party, key: &str) -> ItemId {
        party
            .room
            .queue()
            .iter()
            .find(|item| item.media.key == key)
            .expect("queued")
            .id
    }

    #[test]
    fn items_are_added_moved_and_removed_by_name() {
        let (mut party, host, ..) = queued(&["a", "b", "c"]);
        let (a, b, c) = (item(&party, "a"), item(&party, "b"), item(&party, "c"));
        party.ok(
            host,
            Command::QueueAdd {
                media: clip("d"),
                before: Some(b),
            },
        );
        assert_eq!(keys(&party), "adbc");
        party.ok(
            host,
            Command::QueueMove {
                item: c,
                before: Some(a),
            },
        );
        assert_eq!(keys(&party), "cadb");
        party.ok(
            host,
            Command::QueueMove {
                item: c,
                before: Some(b),
            },
        );
        assert_eq!(keys(&party), "adcb");
        party.ok(
            host,
            Command::QueueMove {
                item: a,
                before: None,
            },
        );
        assert_eq!(keys(&party), "dcba");
        assert!(
            party
                .ok(
                    host,
                    Command::QueueMove {
                        item: a,
                        before: Some(a)
                    }
                )
                .is_empty()
        );
        party.ok(host, Command::QueueRemove { item: c });
        assert_eq!(
            party.act(host, Command::QueueRemove { item: c }),
            Err(Refusal::UnknownItem)
        );
        assert_eq!(keys(&party), "dba");
    }

    #[test]
    fn votes_order_it_when_somebody_sorts_and_ties_keep_their_order() {
        let (mut party, host, ann, ben) = queued(&["a", "b", "c"]);
        let (b, c) = (item(&party, "b"), item(&party, "c"));
        for (seat, item) in [(ann, c), (ben, c), (ben, b), (ben, b)] {
            party.ok(seat, Command::QueueVote { item, up: true });
        }
        assert_eq!(keys(&party), "abc");
        party.ok(host, Command::QueueSort);
        assert_eq!(keys(&party), "cba");
        party.ok(ann, Command::QueueVote { item: c, up: false });
        party.ok(host, Command::QueueSort);
        assert_eq!(keys(&party), "cba");
    }

    #[test]
    fn a_shuffle_is_the_same_for_the_same_seed() {
        let letters = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let ((mut one, host, ..), (mut two, ..)) = (queued(&letters), queued(&letters));
        (one.seed, two.seed) = (42, 42);
        one.ok(host, Command::QueueShuffle);
        two.ok(host, Command::QueueShuffle);
        assert_eq!(keys(&one), keys(&two));
        assert_ne!(keys(&one), letters.concat());
    }

    #[test]
    fn the_next_waits_for_a_start_where_nothing_may_interrupt_it() {
        let policy = Policy {
            load_interrupts: false,
            ..Policy::default()
        };
        let mut party = Party::new(policy);
        let host = party
            .arrive("host", crate::Grant::Host, true)
            .expect("may enter");
        party
            .arrive("ann", crate::Grant::None, true)
            .expect("may enter");
        for key in ["a", "b"] {
            let media = clip(key);
            party.ok(
                host,
                Command::QueueAdd {
                    media,
                    before: None,
                },
            );
        }
        party.ok(host, Command::QueueNext { item: None });
        assert_eq!(
            party.act(host, Command::QueueNext { item: None }),
            Err(Refusal::Starting)
        );
        assert_eq!(keys(&party), "b");
        party.ok(host, Command::ForceStart);
        party.ok(host, Command::QueueNext { item: None });
        assert_eq!(keys(&party), "");
    }

    #[test]
    fn the_next_is_the_first_or_the_one_named() {
        let (mut party, host, ..) = queued(&["a", "b", "c"]);
        let b = item(&party, "b");
        party.ok(host, Command::QueueNext { item: Some(b) });
        assert_eq!(
            (party.room.timeline().item, keys(&party).as_str()),
            (Some(b), "ac")
        );
        party.ok(host, Command::QueueNext { item: None });
        party.ok(host, Command::QueueClear);
        assert_eq!(
            party.act(host, Command::QueueNext { item: None }),
            Err(Refusal::QueueEmpty)
        );
    }

    #[test]
    fn a_viewer_without_the_right_may_vote_and_nothing_else() {
        let controls = Controls {
            queue: Who::CoHosts,
            ..Policy::default().controls
        };
        let (mut party, host, ann, _) = Party::of_three(Policy {
            controls,
            ..Policy::default()
        });
        party.ok(
            host,
            Command::QueueAdd {
                media: clip("a"),
                before: None,
            },
        );
        let a = item(&party, "a");
        for command in [
            Command::QueueAdd {
                media: clip("b"),
                before: None,
            },
            Command::QueueRemove { item: a },
            Command::QueueNext { item: None },
            Command::QueueShuffle,
            Command::SetDuration {
                item: a,
                duration: crate::party::at(5.0),
            },
            crate::party::load("b"),
        ] {
            assert_eq!(
                party.act(ann, command).expect_err("refused").code(),
                "not_allowed"
            );
        }
        party.ok(ann, Command::QueueVote { item: a, up: true });
    }

    #[test]
    fn a_queue_has_an_end_and_a_medium_a_key() {
        let (mut party, host, ..) = queued(&[]);
        let nothing = Command::QueueAdd {
            media: clip(""),
            before: None,
        };
        assert_eq!(
            party.act(host, nothing).expect_err("refused").code(),
            "bad_text"
        );
        let media = crate::Media {
            title: "x\u{0}".repeat(10_000),
            ..clip("k")
        };
        party.ok(
            host,
            Command::QueueAdd {
                media,
                before: None,
            },
        );
        assert_eq!(party.room.queue()[0].media.title, "x".repeat(200));
    }
}
