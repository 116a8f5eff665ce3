//! What comes next: an ordered list with votes.
//!
//! Votes are opinions that anybody in the room may have; they move nothing until somebody
//! with the right to the queue sorts by them.
use crate::rights::{Caller, reaches};
use crate::room::Step;
use crate::{
    Audience, ControlKind, Event, ItemId, Media, MemberId, Position, Refusal, Room, shuffle,
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
