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
            moving: self.runs()
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

#[cfg(test)]
mod tests {
    use crate::party::{PAUSE, PLAY, Party, clip, load, seek};
    use crate::{Command, Controls, Policy, PolicyPatch, Rate, Refusal, Span, Who};

    fn playing_at_50() -> (Party, crate::SeatId, crate::SeatId) {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        party.ok(host, load("a"));
        party.ok(host, PLAY);
        party.pass(Span(50_120));
        (party, host, ann)
    }

    #[test]
    fn a_seek_is_taken_back_to_where_it_was() {
        let (mut party, _, ann) = playing_at_50();
        party.ok(ann, seek(3.0));
        party.pass(Span::seconds(2));
        party.ok(ann, Command::Undo);
        assert_eq!((party.position(), party.playing()), (50.0, true));
        assert_eq!(party.act(ann, Command::Undo), Err(Refusal::NothingToUndo));
    }

    #[test]
    fn a_scrub_is_one_control() {
        let (mut party, _, ann) = playing_at_50();
        for target in [55.0, 60.0, 80.0] {
            party.ok(ann, seek(target));
            party.pass(Span(400));
        }
        party.ok(ann, Command::Undo);
        assert_eq!(party.position(), 50.0);
    }

    #[test]
    fn an_accidental_pause_goes_on_where_it_stopped() {
        let (mut party, host, ann) = playing_at_50();
        party.ok(ann, PAUSE);
        party.pass(Span::seconds(4));
        party.ok(host, Command::Undo);
        assert_eq!((party.position(), party.playing()), (50.0, true));
    }

    #[test]
    fn a_speed_is_taken_back_without_a_jump() {
        let (mut party, host, _) = playing_at_50();
        party.ok(
            host,
            Command::SetRate {
                rate: Rate::new(2.0).expect("a rate"),
            },
        );
        party.pass(Span::seconds(5));
        party.ok(host, Command::Undo);
        assert_eq!(
            (party.position(), party.room.timeline().rate),
            (60.0, Rate::NORMAL)
        );
    }

    #[test]
    fn a_wrong_medium_gives_way_to_the_old_one_and_goes_back_into_the_queue() {
        let (mut party, host, ann) = playing_at_50();
        for key in ["b", "c"] {
            party.ok(
                host,
                Command::QueueAdd {
                    media: clip(key),
                    before: None,
                },
            );
        }
        let wrong = party.room.queue()[1].id;
        party.ok(ann, Command::QueueNext { item: Some(wrong) });
        party.pass(Span::seconds(3));
        party.ok(ann, Command::Undo);
        assert_eq!(
            party.room.current().map(|item| item.media.key.as_str()),
            Some("a")
        );
        assert_eq!((party.position(), party.playing()), (50.0, true));
        assert_eq!(
            party
                .room
                .queue()
                .iter()
                .map(|item| item.media.key.as_str())
                .collect::<Vec<_>>(),
            ["b", "c"]
        );
    }

    #[test]
    fn it_is_possible_for_a_while_only() {
        let (mut party, _, ann) = playing_at_50();
        party.ok(ann, seek(3.0));
        party.pass(Span(10_001));
        assert_eq!(party.act(ann, Command::Undo), Err(Refusal::NothingToUndo));
    }

    #[test]
    fn it_is_no_way_around_a_right_that_was_withdrawn() {
        let (mut party, host, ann) = playing_at_50();
        party.ok(ann, seek(3.0));
        let controls = Controls {
            seek: Who::Host,
            ..party.room.policy().controls
        };
        party.ok(
            host,
            Command::SetPolicy {
                patch: PolicyPatch {
                    controls: Some(controls),
                    ..Default::default()
                },
            },
        );
        assert_eq!(
            party.act(ann, Command::Undo).expect_err("refused").code(),
            "not_allowed"
        );
        party.ok(host, Command::Undo);
        assert_eq!(party.position(), 50.0);
    }

    #[test]
    fn it_is_told_who_did_what() {
        let (mut party, _, ann) = playing_at_50();
        party.ok(ann, PAUSE);
        let undoable = party.room.undoable().expect("undoable");
        assert_eq!(
            (undoable.by, undoable.kind),
            (party.id(ann), crate::ControlKind::Pause)
        );
        assert_eq!(undoable.until, party.now + Span::seconds(10));
    }
}
