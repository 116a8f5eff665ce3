//! What comes next, as the latest players have it: a list of clips that they name by id.
//!
//! It is the room's own queue. What these players can't fetch is left out of their list and stays where it is in the
//! room's; a place in theirs is one in the room's, counted over what they see. Older players say and hear nothing of it.
use super::encode::Rdm;
use super::videos::Video;
use crate::code::RoomCode;
use crate::hub::encoder::Scene;
use serde_json::{Value, json};
use watchalong_room::{Command, ItemId, Room};

/// Clips in a list; more is no evening.
pub(super) const MOST: usize = 100;

/// A player's wish for the queue.
#[derive(Debug, PartialEq)]
pub(super) enum Wish {
    /// At its end.
    Add(String),
    Remove(String),
    /// To a place in the list.
    Reorder(String, usize),
    /// Puts its head on.
    PlayNext,
}

impl Wish {
    /// Reads a message; `None` for what is none of these.
    pub(super) fn read(kind: &str, message: &serde_json::Map<String, Value>) -> Option<Self> {
        let video = || Some(message.get("video_id")?.as_str()?.to_owned());
        match kind {
            "queue_add" => Some(Self::Add(video()?)),
            "queue_remove" => Some(Self::Remove(video()?)),
            "queue_reorder" => {
                let place = message.get("new_index")?.as_u64()?;
                Some(Self::Reorder(video()?, usize::try_from(place).ok()?))
            }
            "queue_play_next" => Some(Self::PlayNext),
            _ => None,
        }
    }
}

/// The items that these players can fetch, in order, each clip once.
fn listed<'a>(room: &Room, videos: &'a [Video]) -> Vec<(ItemId, &'a Video)> {
    let mut list: Vec<(ItemId, &Video)> = Vec::new();
    for item in room.queue() {
        let video = videos.iter().find(|video| video.id == item.media.key);
        let is_new = |video: &&Video| list.iter().all(|(_, known)| known.id != video.id);
        if let Some(video) = video.filter(is_new) {
            list.push((item.id, video));
        }
    }
    list.truncate(MOST);
    list
}

impl Rdm {
    /// The list, as told to one member.
    pub(super) fn queue(&self, scene: Scene<'_>) -> Vec<Value> {
        let videos = self.videos(scene.code, scene.room);
        let entry = |(id, video): (ItemId, &Video)| {
            let mut items = scene.room.queue().iter();
            let by = items
                .find(|item| item.id == id)
                .and_then(|item| item.added_by);
            let by = by.and_then(|by| scene.room.member(by));
            json!({
                "video_id": video.id, "filename": video.filename, "size": video.size,
                "added_by": by.map_or("Server", |member| member.name.as_str()),
            })
        };
        listed(scene.room, &videos).into_iter().map(entry).collect()
    }

    /// What a wish is to the room, and for one that puts something on, which clip; `None` for what changes nothing.
    pub(super) fn wished(
        &self,
        code: &RoomCode,
        room: &Room,
        wish: Wish,
    ) -> Option<(Command, Option<String>)> {
        let videos = self.videos(code, room);
        let list = listed(room, &videos);
        let item = |id: &str| list.iter().find(|(_, video)| video.id == id).map(|of| of.0);
        match wish {
            Wish::Add(id) if item(&id).is_some() || list.len() >= MOST => None,
            Wish::Add(id) => {
                let media = self.media(code, room, &id)?;
                Some((
                    Command::QueueAdd {
                        media,
                        before: None,
                    },
                    None,
                ))
            }
            Wish::Remove(id) => Some((Command::QueueRemove { item: item(&id)? }, None)),
            Wish::Reorder(id, place) => {
                let item = item(&id)?;
                let mut others = list.iter().filter(|(other, _)| *other != item);
                let before = others.nth(place).map(|(other, _)| *other);
                Some((Command::QueueMove { item, before }, None))
            }
            Wish::PlayNext => {
                let (item, video) = list.first()?;
                let next = Command::QueueNext { item: Some(*item) };
                Some((next, Some(video.id.clone())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_names_a_clip_and_a_place_is_a_number() {
        let read = |text: &str| {
            let message = serde_json::from_str(text).expect("an object");
            let message: serde_json::Map<String, Value> = message;
            let kind = message
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default();
            Wish::read(kind, &message)
        };
        let place = |place: &str| {
            read(&format!(
                r#"{{"type":"queue_reorder","video_id":"v","new_index":{place}}}"#
            ))
        };
        assert_eq!(place("2"), Some(Wish::Reorder("v".to_owned(), 2)));
        for wrong in ["-1", "1.5", "\"1\"", "null", "1e99"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
        assert_eq!(read(r#"{"type":"queue_add","video_id":5}"#), None);
        assert_eq!(read(r#"{"type":"queue_play_next"}"#), Some(Wish::PlayNext));
    }
}
