//! The controls of the shared timeline: play, pause, seek, speed, and what is on it.
//!
//! A start is scheduled just far enough ahead for the slowest ([`StartLead`]); a pause acts at
//! once. Controls that find things as they want them change nothing, so that two people who
//! press play together don't start twice. A stall is never a pause: no rule here listens to
//! players, only to people. Waiting for each other before a start is in `barrier`, taking a
//! control back in `undo`.
use crate::barrier::Purpose;
use crate::queue::QueueItem;
use crate::rights::{Caller, reaches};
use crate::room::Step;
use crate::{
    Audience, ControlKind, Event, ItemId, Media, MemberId, Position, Rate, Refusal, Revision, Room,
    ServerTime, Span, StartLead,
};

/// What is scheduled, for the lead it gets.
#[derive(Clone, Copy)]
enum Act {
    Play,
    Pause,
    Seek,
}

impl Room {
    fn lead(&self, step: &Step, act: Act) -> Span {
        match (self.policy.start_lead, act) {
            (StartLead::Adaptive { .. }, Act::Pause) => Span(0),
            (StartLead::Adaptive { .. }, Act::Seek) if !self.timeline.playing => Span(0),
            (StartLead::Adaptive { min, max }, _) => step.lead.clamp(min, max),
            (StartLead::Fixed { play, .. }, Act::Play) => play,
            (StartLead::Fixed { pause, .. }, Act::Pause) => pause,
            (StartLead::Fixed { seek, .. }, Act::Seek) => seek,
        }
    }

    pub(crate) fn loaded(&self, expect: Option<Revision>) -> Result<(), Refusal> {
        if self.timeline.item.is_none() {
            return Err(Refusal::NothingLoaded);
        }
        if expect.is_some_and(|revision| revision != self.timeline.revision) {
            return Err(Refusal::StaleRevision);
        }
        Ok(())
    }

    pub(crate) fn play(
        &mut self,
        step: &mut Step,
        caller: Caller,
        position: Option<Position>,
        expect: Option<Revision>,
    ) -> Result<(), Refusal> {
        self.loaded(expect)?;
        let wished = self
            .barrier
            .as_ref()
            .is_some_and(|barrier| barrier.wants_play);
        if self.runs() || wished {
            return Ok(());
        }
        // Playing from elsewhere is a seek, and needs the right to it.
        let may_seek = caller
            .role
            .is_none_or(|role| reaches(role, self.policy.controls.seek));
        let mut from = position
            .filter(|_| may_seek)
            .map_or(self.timeline.position, |p| self.timeline.within(p));
        if self.timeline.duration.is_some_and(|end| from >= end) {
            from = Position::ZERO;
        }
        self.note_undo(step, caller.member, ControlKind::Play);
        self.begin(step, caller.member, ControlKind::Play, from);
        Ok(())
    }

    /// Starts from `from`: at once, or as soon as those who are still loading are there.
    pub(crate) fn begin(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        cause: ControlKind,
        from: Position,
    ) {
        let waits =
            self.barrier.is_some() || (!self.started && self.open_barrier(step, Purpose::Start));
        if !waits {
            return self.start(step, by, cause, from);
        }
        if self.timeline.position != from {
            self.move_to(step, by, cause, from, step.now, false);
        }
        self.wish_play(step, by);
        self.settle_barrier(step);
    }

    /// Plays from `from` after the lead.
    pub(crate) fn start(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        cause: ControlKind,
        from: Position,
    ) {
        let at = step.now + self.lead(step, Act::Play);
        self.started = true;
        if let Some(current) = &self.current {
            self.stats.played(&current.media.title);
        }
        self.run_from(step, by, cause, from, at);
    }

    /// Sets the timeline.
    pub(crate) fn move_to(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        cause: ControlKind,
        position: Position,
        at: ServerTime,
        playing: bool,
    ) {
        let timeline = &mut self.timeline;
        (timeline.position, timeline.at, timeline.playing) = (position, at, playing);
        timeline.held = false;
        (timeline.revision, timeline.by) = (step.revision, by);
        if by.is_some() && !matches!(cause, ControlKind::Load | ControlKind::Unload) {
            self.stats.controls += 1;
        }
        step.emit(Audience::All, Event::Timeline { cause, by });
    }

    pub(crate) fn pause(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        position: Option<Position>,
        expect: Option<Revision>,
    ) -> Result<(), Refusal> {
        self.loaded(expect)?;
        if self
            .barrier
            .as_ref()
            .is_some_and(|barrier| barrier.wants_play)
        {
            self.note_undo(step, by, ControlKind::Pause);
            self.cancel_wish(step);
        } else if self.timeline.playing {
            self.note_undo(step, by, ControlKind::Pause);
            let at = step.now + self.lead(step, Act::Pause);
            let here = self.timeline.position_at(at);
            let most = self.policy.pause_within.as_seconds();
            let seen = |p: &Position| (p.seconds() - here.seconds()).abs() <= most;
            let stop = position
                .filter(seen)
                .map_or(here, |p| self.timeline.within(p));
            self.move_to(step, by, ControlKind::Pause, stop, at, false);
        } else if self.timeline.held {
            self.note_undo(step, by, ControlKind::Pause);
            let here = self.timeline.position;
            self.move_to(step, by, ControlKind::Pause, here, step.now, false);
        }
        Ok(())
    }

    pub(crate) fn seek(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        position: Position,
        expect: Option<Revision>,
    ) -> Result<(), Refusal> {
        self.loaded(expect)?;
        self.note_undo(step, by, ControlKind::Seek);
        let at = step.now + self.lead(step, Act::Seek);
        let target = self.timeline.within(position);
        if self.runs() && !self.policy.seek_pauses {
            self.run_from(step, by, ControlKind::Seek, target, at);
        } else {
            self.move_to(step, by, ControlKind::Seek, target, at, false);
        }
        Ok(())
    }

    pub(crate) fn set_rate(&mut self, step: &mut Step, by: Option<MemberId>, rate: Rate) {
        if self.timeline.rate != rate {
            self.note_undo(step, by, ControlKind::Rate);
            self.change_rate(step, by, ControlKind::Rate, rate);
        }
    }

    /// Another speed from where the timeline is; a scheduled start stays scheduled.
    pub(crate) fn change_rate(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        cause: ControlKind,
        rate: Rate,
    ) {
        let at = self.timeline.at.max(step.now);
        let here = self.timeline.position_at(at);
        let held = self.timeline.held;
        self.timeline.rate = rate;
        self.move_to(step, by, cause, here, at, self.timeline.playing);
        self.timeline.held = held;
    }

    /// Whether something else may be put on now: people may be getting ready for what is on.
    pub(crate) fn may_put_on(&self, by: Option<MemberId>) -> Result<(), Refusal> {
        let starting = self.barrier.as_ref().is_some_and(|b| b.wants_play);
        if starting && by.is_some() && !self.policy.load_interrupts {
            return Err(Refusal::Starting);
        }
        Ok(())
    }

    pub(crate) fn load(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        media: &Media,
        position: Position,
        play: bool,
    ) -> Result<(), Refusal> {
        let media = media.checked()?;
        self.may_put_on(by)?;
        self.note_undo(step, by, ControlKind::Load);
        let item = QueueItem {
            id: self.fresh_item(),
            media,
            added_by: by,
            votes: Vec::new(),
            fingerprint: None,
            sequel: None,
        };
        self.put_on(step, by, ControlKind::Load, item, position, play);
        Ok(())
    }

    /// Puts an item on the timeline and waits for those who have to load it.
    pub(crate) fn put_on(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        cause: ControlKind,
        item: QueueItem,
        position: Position,
        play: bool,
    ) {
        self.people.clear_ready();
        self.drop_barrier(step);
        self.started = false;
        self.timeline.item = Some(item.id);
        self.timeline.duration = item.media.duration;
        self.timeline.bound = None;
        self.current = Some(item);
        let position = self.timeline.within(position);
        let waits = self.open_barrier(step, Purpose::Load);
        if play && !waits {
            self.start(step, by, cause, position);
        } else {
            self.move_to(step, by, cause, position, step.now, false);
            if play {
                self.wish_play(step, by);
            }
        }
    }

    pub(crate) fn unload(&mut self, step: &mut Step, by: Option<MemberId>) -> Result<(), Refusal> {
        if self.timeline.item.is_some() {
            self.note_undo(step, by, ControlKind::Unload);
            self.take_off(step, by, ControlKind::Unload);
        }
        Ok(())
    }

    /// Nothing on the timeline.
    pub(crate) fn take_off(&mut self, step: &mut Step, by: Option<MemberId>, cause: ControlKind) {
        self.people.clear_ready();
        self.drop_barrier(step);
        self.started = false;
        self.current = None;
        self.timeline.item = None;
        self.timeline.duration = None;
        self.timeline.bound = None;
        self.move_to(step, by, cause, Position::ZERO, step.now, false);
    }

    pub(crate) fn set_duration(
        &mut self,
        step: &mut Step,
        caller: Caller,
        item: ItemId,
        duration: Position,
    ) -> Result<(), Refusal> {
        if duration <= Position::ZERO {
            return Err(Refusal::BadPosition(duration));
        }
        if self.timeline.item != Some(item) {
            return self.set_queued_duration(step, caller, item, duration);
        }
        let at = self.timeline.at.max(step.now);
        let here = self.timeline.position_at(at);
        if caller.member.is_some() && duration < here {
            // A member would end the medium, or move it back, by way of its length.
            return Err(Refusal::BadPosition(duration));
        }
        if self.timeline.duration != Some(duration) {
            self.timeline.duration = Some(duration);
            // The motion is the same, so its revision is too: nobody's control becomes stale by a probe.
            self.timeline.position = self.timeline.within(here);
            self.timeline.at = at;
            if let Some(current) = &mut self.current {
                current.media.duration = Some(duration);
            }
            step.emit(
                Audience::All,
                Event::Timeline {
                    cause: ControlKind::Duration,
                    by: caller.member,
                },
            );
        }
        Ok(())
    }

    pub(crate) fn force_start(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
    ) -> Result<(), Refusal> {
        self.loaded(None)?;
        if !self.timeline.playing {
            let from = self.timeline.start_from();
            self.note_undo(step, by, ControlKind::Play);
            self.drop_barrier(step);
            self.start(step, by, ControlKind::Start, from);
        }
        Ok(())
    }

    /// The end: the next of the queue where the policy says so, or the next episode, else standing still at the last frame. With
    /// nobody there to see it, it stands where they left it.
    pub(crate) fn end_of_medium(&mut self, step: &mut Step) {
        if self.stop_where_left(step) {
            return;
        }
        self.undo = None;
        if self.policy.auto_advance && !self.queue.is_empty() {
            let next = self.queue.remove(0);
            step.emit(Audience::All, Event::Queue);
            self.put_on(step, None, ControlKind::Load, next, Position::ZERO, true);
        } else if let Some(media) = self.sequel().map(|sequel| sequel.media.clone()) {
            let next = QueueItem {
                id: self.fresh_item(),
                media,
                added_by: None,
                votes: Vec::new(),
                fingerprint: None,
                sequel: None,
            };
            self.put_on(step, None, ControlKind::Load, next, Position::ZERO, true);
        } else {
            let end = self.timeline.duration.unwrap_or(self.timeline.position);
            self.move_to(step, None, ControlKind::End, end, step.now, false);
        }
    }
}

#[cfg(test)]
mod tests;
