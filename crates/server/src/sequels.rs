//! Telling rooms what comes next of the series that they watch.
//!
//! Names of files and chapters say so (the library knows them); what follows from it is the room's
//! ([`Command::Suggest`]). A room is told once for each film that is put on; telling it again changes nothing.
use crate::code::RoomCode;
use crate::hub::Hub;
use crate::shelf::Shelf;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use watchalong_media::{ChapterKind, MediaId, Medium};
use watchalong_room::{Actor, Command, ItemId, Media, Position, SourceKind};

/// How often rooms are looked at: long before anything ends.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Seconds from the beginning of the credits until the next one is put on: enough to read who comes next and say no.
const INTO_CREDITS: f64 = 15.0;
/// Credits begin in the last part of a film; a chapter of that name before it is something else.
const LAST_PART: f64 = 0.7;

/// Looks at rooms until the process ends.
pub async fn tell_rooms(hub: Arc<Hub>, shelf: Arc<Shelf>) {
    let mut told: HashMap<RoomCode, ItemId> = HashMap::new();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let live = hub.live();
        if told.len() > live.len() {
            told.retain(|code, _| live.iter().any(|room| room.code() == code));
        }
        for room in live {
            let view = room.view();
            let (Some((SourceKind::Library, key)), Some(item)) = (&view.source, view.timeline.item)
            else {
                continue;
            };
            if view.life.is_terminal() || told.get(room.code()) == Some(&item) {
                continue;
            }
            // A film that is still being looked into has neither length nor chapters.
            let medium = key.parse().ok().and_then(|id| shelf.library.get(&id));
            let Some(medium) = medium.filter(|medium| medium.browser_playable.is_some()) else {
                continue;
            };
            told.insert(room.code().clone(), item);
            if let Some(media) = next(&shelf, medium.id).await {
                let at = credits_seen(&medium);
                let command = Command::Suggest { item, media, at };
                room.submit(Actor::Server, command, None).await;
            }
        }
    }
}

/// What comes next, as a room holds it.
async fn next(shelf: &Arc<Shelf>, id: MediaId) -> Option<Media> {
    let library = Arc::clone(shelf);
    let found = tokio::task::spawn_blocking(move || library.library.next_episode(&id));
    let next = found.await.ok().flatten()?;
    shelf.from_library(&next.id.to_string()).ok()
}

/// Where the credits have run for a while, where a film ends with them and says so.
fn credits_seen(medium: &Medium) -> Option<Position> {
    let (last, end) = (medium.chapters.last()?, medium.duration?);
    let credits = last.kind() == Some(ChapterKind::Credits) && last.start > end * LAST_PART;
    let at = last.start + INTO_CREDITS;
    Position::new(at).filter(|_| credits && at < end)
}
