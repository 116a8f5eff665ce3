//! Telling rooms how far the uploads that they watch have arrived.
//!
//! What follows from it is the room's ([`Command::Arrived`]): it stops before what is not there, and goes on. Told is
//! only what makes a difference: a film that arrives faster than it is watched costs a hundred entries of the log.
use crate::hub::{Hub, PublicView};
use crate::shelf::Shelf;
use std::sync::Arc;
use std::time::Duration;
use watchalong_media::{MediumState, UploadView};
use watchalong_room::{ARRIVAL_MARGIN, Actor, Command, Position, ServerTime, SourceKind};

/// How often uploads are compared with what their rooms know: within the margin that a room keeps.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Rounds between two looks where nobody brings anything, for rooms whose upload went while we were not running.
const REST: u32 = 20;
/// With so many seconds left before the bound that a room knows, it can wait for the next news.
const AHEAD: f64 = 60.0;
/// Seconds that make news, while a room plays; a held one is told of each.
const NEWS: f64 = 5.0;
/// See [`NEWS`].
const NEWS_HELD: f64 = 1.0;
/// News for whom the next seconds are there: people also skip, and see on the seek bar how far they can.
const STEPS: f64 = 100.0;

/// Looks at uploads and rooms until the process ends.
pub async fn tell_rooms(hub: Arc<Hub>, shelf: Arc<Shelf>) {
    let mut had = false;
    for round in 0_u32.. {
        tokio::time::sleep(LOOK_EVERY).await;
        // Once more after the last one went: its room waits for nothing now.
        let any = !shelf.uploads.rooms().is_empty();
        let looks = any || had || round.is_multiple_of(REST);
        had = any;
        if !looks {
            continue;
        }
        let now = hub.clock.now();
        for room in hub.live() {
            let view = room.view();
            let Some((SourceKind::Upload, key)) = &view.source else {
                continue;
            };
            if view.life.is_terminal() {
                continue;
            }
            let upload = key.parse().ok().and_then(|id| shelf.uploads.get(&id));
            let until = upload.and_then(|upload| arrived(&upload, view.timeline.duration));
            if is_news(&view, until, now) {
                let key = key.clone();
                let told = Command::Arrived { key, until };
                room.submit(Actor::Server, told, None).await;
            }
        }
    }
}

/// To which second an upload can be played; `None` where all of it is there, or will never be, and where nothing can
/// be known. Bytes are spread evenly over the film for want of knowing better.
fn arrived(upload: &UploadView, length: Option<Position>) -> Option<Position> {
    if upload.offset >= upload.size {
        return None;
    }
    let known = length.map(Position::seconds).or(upload.medium.duration);
    match (upload.medium.state, known) {
        (MediumState::Broken, _) => None,
        (MediumState::Copying | MediumState::Pending, _) => Some(Position::ZERO),
        (MediumState::Ready, None) => None,
        (MediumState::Ready, Some(seconds)) => {
            let part = upload.offset as f64 / upload.size as f64;
            Some(Position::clamped(part * seconds))
        }
    }
}

/// Whether a room has to know.
fn is_news(view: &PublicView, until: Option<Position>, now: ServerTime) -> bool {
    let line = &view.timeline;
    let (Some(told), Some(until)) = (line.bound, until) else {
        return line.bound.is_some() != until.is_some();
    };
    let grown = (until.seconds() - ARRIVAL_MARGIN).max(0.0) - told.seconds();
    let here = line.position_at(now.max(line.at)).seconds();
    if line.held {
        grown >= NEWS_HELD
    } else {
        let soon = grown >= NEWS && told.seconds() - here < AHEAD;
        let length = line.duration.unwrap_or(until).seconds();
        grown < 0.0 || soon || grown >= (length / STEPS).max(NEWS)
    }
}
