//! What delivery may know of the people in a room here: who sits on a seat, and how full their player is.
//!
//! Written by the room's task, read by media answers between two pieces; the newest value wins.
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use watchalong_room::{MemberId, SeatId};

/// Somebody whose player is fetching media.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewer {
    /// Who.
    pub member: MemberId,
    /// Seconds of media ahead of their player, where it reports that.
    pub buffer: Option<f64>,
}

/// The viewers of one room on this node.
#[derive(Debug, Default)]
pub struct Viewers(Mutex<HashMap<SeatId, Viewer>>);

impl Viewers {
    /// Who sits there.
    pub fn get(&self, seat: SeatId) -> Option<Viewer> {
        self.seats().get(&seat).copied()
    }

    pub(super) fn seated(&self, seat: SeatId, member: MemberId) {
        let buffer = None;
        self.seats()
            .entry(seat)
            .or_insert(Viewer { member, buffer });
    }

    pub(super) fn reported(&self, seat: SeatId, buffer: Option<f64>) {
        if let Some(viewer) = self.seats().get_mut(&seat) {
            viewer.buffer = buffer;
        }
    }

    pub(super) fn gone(&self, seat: SeatId) {
        self.seats().remove(&seat);
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<SeatId, Viewer>> {
        // Map operations only.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
