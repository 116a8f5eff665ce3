//! Taking the last control back, within [`Policy::undo_window`](crate::Policy::undo_window).
//!
//! Kept is where things stood just before it. A scrub is many seeks: those that follow each
//! other within a second count as one, and are taken back to before the first. Whoever takes
//! back needs the right that the control itself needed (its author had it; where it was
//! withdrawn since, undo is no way around that). What the server does by itself, such as a
//! medium's end, can't be taken back.
use crate::queue::QueueItem;
use crate::room::Step;
use crate::{Audience, ControlKind, Event, MemberId, Refusal, Room, ServerTime, Span, Timeline};
use serde::{Deserialize, Serialize};

/// Seeks of one member that are closer together than this are one scrub.
const SCRUB: Span = Span::seconds(1);

/// The last control, as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undoable {
    /// Whose it was.
    pub by: MemberId,
    /// What it was.
    pub kind: ControlKind,
    /// When.
    pub at: ServerTime,
    /// Until when it can be taken back.
    pub until: ServerTime,
}

/// The last control, with what is needed to take it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undo {
    pub(crate) shown: Undoable,
    /// The timeline as it stood at that instant: `position` is where it was then.
    before: Timeline,
    /// Whether it was moving, or about to by the wish of somebody at a barrier.
    moving: bool,
    /// What was on it, where the control changed that.
    item: Option<QueueItem>,
    /// The place in the queue from which the new item came.
    from_queue: Option<usize>,
}

impl Room {
    /// Remembers where things stand, right before a control changes them.
    pub(crate) fn note_undo(&mut self, step: &Step, by: Option<MemberId>, kind: ControlKind) {
        let window = self.policy.undo_window;
        let Some(by) = by.filter(|_| window > Span(0)) else {
            self.undo = None;
            return;
        };
        let shown = Undoable {
            by,
            kind,
            at: step.now,
            until: step.now + window,
        };
        if let Some(last) = &mut self.undo
            && kind == ControlKind::Seek
            && (last.shown.kind, last.shown.by) == (kind, by)
            && step.now - last.shown.at <= SCRUB
        {
            last.shown = shown;
            return;
        }
        let before = Timeline {
            position: self.timeline.position_at(step.now),
            ..self.timeline
        };
        let changes_item = matches!(kind, ControlKind::Load | ControlKind::Unload);
        self.undo = Some(Box::new(Undo {
            shown,
            before,
            moving: before.playing
                || self
                    .barrier
                    .as_ref()
                    .is_some_and(|barrier| barrier.wants_play),
            item: self.current.clone().filter(|_| changes_item),
            from_queue: None,
        }));
    }

    /// The new item came from this place in the queue, and is to go back there.
    pub(crate) fn note_queue_place(&mut self, place: usize) {
        if let Some(undo) = &mut self.undo {
            undo.from_queue = Some(place);
        }
    }

    pub(crate) fn take_back(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
    ) -> Result<(), Refusal> {
        if self
            .undo
            .as_ref()
            .is_none_or(|undo| step.now > undo.shown.until)
        {
            return Err(Refusal::NothingToUndo);
        }
        let undo = self.undo.take().ok_or(Refusal::NothingToUndo)?;
        let cause = ControlKind::Undo;
        match undo.shown.kind {
            ControlKind::Rate => self.change_rate(step, by, cause, undo.before.rate),
            ControlKind::Load | ControlKind::Unload => {
                let leaving = self.current.take();
                if let (Some(place), Some(item)) = (undo.from_queue, leaving) {
                    self.put_back(step, item, place);
                }
                match undo.item {
                    Some(item) => {
                        self.put_on(step, by, cause, item, undo.before.position, undo.moving)
                    }
                    None => self.take_off(step, by, cause),
                }
            }
            _ => {
                let position = self.timeline.within(undo.before.position);
                if undo.moving {
                    self.begin(step, by, cause, position);
                } else {
                    self.cancel_wish(step);
                    self.move_to(step, by, cause, position, step.now, false);
                }
            }
        }
        // A start that only waits is told by its barrier; people still want to read who took what back.
        if !step.told_timeline() {
            step.emit(Audience::All, Event::Timeline { cause, by });
        }
        Ok(())
    }

    /// Whether a restored memory can be used.
    pub(crate) fn undo_fits(&self) -> bool {
        let Some(undo) = &self.undo else { return true };
        let item = undo.item.as_ref().map(|item| item.id);
        match undo.shown.kind {
            ControlKind::Load | ControlKind::Unload => item == undo.before.item,
            _ => item.is_none() && undo.before.item == self.timeline.item,
        }
    }
}
