//! Shared motion: what plays, from where, since when, how fast.
//!
//! A position is never stored by ticking; it is derived from the instant at which
//! the timeline takes effect. That instant may lie in the future: a scheduled start. Where a medium still
//! arrives, the position stops at its bound (`arrival`).
use crate::{ItemId, MemberId, Position, Rate, Revision, ServerTime, Span};
use serde::{Deserialize, Serialize};

/// The room's one timeline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// What is on it.
    pub item: Option<ItemId>,
    /// Where it is at [`Timeline::at`].
    pub position: Position,
    /// When `position` holds; in the future for a scheduled start.
    pub at: ServerTime,
    /// Media seconds per second once it plays.
    pub rate: Rate,
    /// Whether it moves from `at` on.
    pub playing: bool,
    /// The room's revision when this timeline was set: what a stale control is told by.
    pub revision: Revision,
    /// Who set it; `None` for the server (barrier, end of medium).
    pub by: Option<MemberId>,
    /// The medium's length where known; the position stops there.
    pub duration: Option<Position>,
    /// How far it may be played for now, where the rest has not arrived yet; the position never passes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Position>,
    /// Stands only because nothing more has arrived, and goes on by itself. It is not playing then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

impl Timeline {
    /// Nothing, standing still.
    pub(crate) fn empty(at: ServerTime) -> Self {
        Self {
            item: None,
            position: Position::ZERO,
            at,
            rate: Rate::NORMAL,
            playing: false,
            revision: Revision(0),
            by: None,
            duration: None,
            bound: None,
            held: false,
        }
    }

    /// `position`, pulled back to the medium's end where that is known, and to what has arrived of it.
    pub fn within(&self, position: Position) -> Position {
        let ends = [self.duration, self.bound];
        let pull = |position, end| if position > end { end } else { position };
        ends.into_iter().flatten().fold(position, pull)
    }

    /// Where a paused timeline goes on: where it stands, or from the start where it stands at its end.
    pub(crate) fn start_from(&self) -> Position {
        let ended = self.duration.is_some_and(|end| self.position >= end);
        if ended { Position::ZERO } else { self.position }
    }

    /// Where the medium is at `now`: held at `position` before `at`, never past the end or what has arrived.
    pub fn position_at(&self, now: ServerTime) -> Position {
        let moved = if self.playing {
            (now - self.at).max(Span(0)).as_seconds() * self.rate.factor()
        } else {
            0.0
        };
        self.within(Position::clamped(self.position.seconds() + moved))
    }

    /// When a playing timeline reaches its medium's end, where the length is known.
    pub fn ends_at(&self) -> Option<ServerTime> {
        let left = self.duration?.seconds() - self.position.seconds();
        self.playing
            .then(|| self.at + Span((left.max(0.0) / self.rate.factor() * 1000.0).ceil() as i64))
    }
}
