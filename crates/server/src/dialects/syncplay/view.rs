//! A room as a Syncplay client sees it, and how what it sees became another.
//!
//! A view is made from the room and the table of cards; [`View::news`] says in messages what is other than in the
//! last one. Nothing is kept that the next look would not make again, so a missed notice loses nothing.
use super::desk::Card;
use super::wire::fits;
use crate::code::RoomCode;
use crate::shelf::Shelf;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use watchalong_room::{
    ItemId, Media, MemberId, MessageId, Rights, Room, SeatId, SourceKind, Standing, Timeline, Who,
};

/// Entries of a playlist, and characters in all: more a client refuses.
pub const PLAYLIST_ENTRIES: usize = 250;
/// See [`PLAYLIST_ENTRIES`].
pub const PLAYLIST_CHARACTERS: usize = 10_000;
/// Characters of a chat message told: the room's limit may be longer, the client's line is not.
const CHAT_CHARACTERS: usize = 2000;

/// Somebody as they are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// An object, empty where nothing is open.
    pub file: Value,
    /// May play and pause.
    pub controller: bool,
    /// Ready, not ready, or never said.
    pub ready: Option<bool>,
    /// By hand.
    pub manually: bool,
    /// Said by another.
    pub ready_by: Option<String>,
    /// Of their client.
    pub version: String,
    /// Of their client.
    pub features: Value,
}

/// The room, through one client's eyes.
#[derive(Clone, Debug)]
pub struct View {
    /// Whose eyes.
    pub me: String,
    /// What they may do.
    pub rights: Rights,
    /// The room's name, which says whether control is restricted.
    pub name: String,
    /// Everybody present, by shown name.
    pub people: BTreeMap<String, Person>,
    /// The motion.
    pub timeline: Timeline,
    /// Who set it.
    pub by: Option<String>,
    /// Set by these eyes' owner.
    pub mine: bool,
    /// What is on first, then what comes.
    pub files: Vec<String>,
    /// The items of the files.
    pub items: Vec<ItemId>,
    /// What is on.
    pub item: Option<ItemId>,
    /// Its length is not known.
    pub endless: bool,
    /// What was said after the last message told.
    pub said: Vec<(String, String)>,
    /// The newest message.
    pub newest: Option<MessageId>,
}

/// What a look needs beside the room.
pub struct Look<'a> {
    /// Whose.
    pub seat: SeatId,
    /// The room's code.
    pub code: &'a RoomCode,
    /// The name to show while everybody may control, and while not.
    pub names: (&'a str, &'a str),
    /// The cards on the table.
    pub cards: &'a BTreeMap<SeatId, Card>,
    /// For links.
    pub shelf: &'a Shelf,
    /// Where links begin.
    pub base: Option<&'a str>,
    /// Entries as they were told, by item: a link that changed its signature is no other entry.
    pub texts: &'a BTreeMap<ItemId, String>,
    /// The last message told; `None` to be told none.
    pub told: Option<MessageId>,
}

/// How an entry of the playlist is written: an address where there is one, else a file's name.
fn text_of(media: &Media, look: &Look<'_>) -> String {
    match (media.kind, look.base) {
        (SourceKind::Url, _) => media.key.clone(),
        // mpv plays many a provider's page by itself.
        (SourceKind::Embed, _) => watchalong_media::embedded(&media.key)
            .and_then(|(provider, id)| provider.page(id))
            .unwrap_or_else(|| media.title.clone()),
        // A file of that name, as its first owner wrote it; another dialect's key may be a fingerprint.
        (SourceKind::Local, _) if media.key.ends_with(&media.title) => media.key.clone(),
        (SourceKind::Library | SourceKind::Upload, Some(base)) => look
            .shelf
            .link(look.code, media)
            .map_or_else(|| media.title.clone(), |link| format!("{base}/{link}")),
        _ => media.title.clone(),
    }
}

impl View {
    /// Looks at the room; `None` where the seat is not in it.
    pub fn of(room: &Room, look: &Look<'_>) -> Option<Self> {
        let me = room.member_of_seat(look.seat)?;
        let mut files = Vec::new();
        let mut items = Vec::new();
        let mut characters = 0;
        for entry in room.current().into_iter().chain(room.queue()) {
            let text = look.texts.get(&entry.id).cloned();
            let text = text.unwrap_or_else(|| text_of(&entry.media, look));
            characters += text.chars().count();
            if files.len() == PLAYLIST_ENTRIES || characters > PLAYLIST_CHARACTERS {
                break;
            }
            files.push(text);
            items.push(entry.id);
        }
        let current = room.current();
        let shown: BTreeMap<MemberId, (String, Option<&Card>)> = names(room, look.cards);
        let open = current.map_or_else(
            || json!({}),
            |item| {
                let duration = item.media.duration.map_or(0.0, |d| d.seconds());
                json!({"name": files[0], "duration": duration, "size": 0})
            },
        );
        let people = shown.iter().map(|(id, (name, card))| {
            let waits = room
                .barrier()
                .is_some_and(|barrier| barrier.waiting.contains(id));
            let person = match card {
                Some(card) => Person {
                    file: card.file.as_ref().map_or_else(|| json!({}), |f| json!(f)),
                    controller: false,
                    ready: card.ready,
                    manually: card.manually,
                    ready_by: card.ready_by.clone(),
                    version: card.version.clone(),
                    features: card.features.clone(),
                },
                None => Person {
                    file: open.clone(),
                    controller: false,
                    ready: Some(!waits),
                    manually: false,
                    ready_by: None,
                    version: super::VERSION.to_owned(),
                    features: json!({"chat": true, "readiness": true, "managedRooms": true, "sharedPlaylists": true}),
                },
            };
            let rights = room.rights(*id);
            let controller = managed(room) && rights.play && rights.seek;
            (name.clone(), Person { controller, ..person })
        });
        let name_of = |id: MemberId| shown.get(&id).map(|(name, _)| name.clone());
        let said = room
            .messages()
            .filter(|message| look.told.is_some_and(|told| message.id > told) && !message.deleted);
        let said = said.map(|message| {
            let by = name_of(message.by).unwrap_or_else(|| message.name.clone());
            let plain = message
                .text
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c });
            (by, plain.take(CHAT_CHARACTERS).collect())
        });
        let timeline = *room.timeline();
        Some(Self {
            me: name_of(me.id)?,
            rights: room.rights(me.id),
            name: if managed(room) {
                look.names.1
            } else {
                look.names.0
            }
            .to_owned(),
            people: people.collect(),
            timeline,
            by: timeline.by.and_then(name_of),
            mine: timeline.by == Some(me.id),
            files,
            items,
            item: current.map(|item| item.id),
            endless: current.is_some_and(|item| item.media.duration.is_none()),
            said: said.collect(),
            newest: room.messages().next_back().map(|message| message.id),
        })
    }

    /// Which entry is on: always the first, since what was played leaves the queue.
    pub fn index(&self) -> Option<usize> {
        self.item.map(|_| 0)
    }

    /// The whole list of people; what does not fit the line, as messages that follow.
    pub fn list(&self) -> Vec<Value> {
        let mut people = Map::new();
        let mut rest = Vec::new();
        for (name, person) in &self.people {
            let entry = json!({"position": 0, "file": person.file, "controller": person.controller,
                "isReady": person.ready, "features": {}});
            people.insert(name.clone(), entry);
            if !fits(&json!({"List": {self.name.as_str(): people}})) {
                people.remove(name);
                rest.extend(self.arrival(name, person));
            }
        }
        let mut list = vec![json!({"List": {self.name.as_str(): people}})];
        list.append(&mut rest);
        list
    }

    fn arrival(&self, name: &str, person: &Person) -> Vec<Value> {
        let mut user = json!({"room": {"name": self.name}, "event": {"joined": true, "version": person.version,
            "features": person.features}});
        if person.file != json!({}) {
            user["file"] = person.file.clone();
        }
        let mut told = vec![json!({"Set": {"user": {name: user}}}), ready(name, person)];
        if person.controller {
            told.push(self.promotion(name));
        }
        told
    }

    fn promotion(&self, name: &str) -> Value {
        json!({"Set": {"controllerAuth": {"user": name, "room": self.name, "success": true}}})
    }

    /// The playlist and the place in it, in somebody's name: never the receiver's, who would take it for their own.
    pub fn playlist(&self) -> Vec<Value> {
        let by = self
            .by
            .as_ref()
            .filter(|_| !self.mine)
            .unwrap_or(&self.name);
        vec![
            json!({"Set": {"playlistChange": {"user": by, "files": self.files}}}),
            json!({"Set": {"playlistIndex": {"user": by, "index": self.index()}}}),
        ]
    }

    /// Its owner's readiness, as the first thing that a newcomer hears.
    pub fn own_ready(&self) -> Option<Value> {
        self.people
            .get(&self.me)
            .map(|person| ready(&self.me, person))
    }

    /// What is other than it was: people, readiness, roles, the room's name. Not the playlist and not the motion.
    pub fn news(&self, old: &Self) -> Vec<Value> {
        let mut told = Vec::new();
        let mut list = old.name != self.name;
        if list {
            told.push(json!({"Set": {"room": {"name": self.name}}}));
        }
        for name in old
            .people
            .keys()
            .filter(|name| !self.people.contains_key(*name))
        {
            let left = json!({"room": {"name": self.name}, "event": {"left": true}});
            told.push(json!({"Set": {"user": {name.as_str(): left}}}));
        }
        for (name, person) in &self.people {
            let Some(before) = old.people.get(name) else {
                told.append(&mut self.arrival(name, person));
                continue;
            };
            if before.file != person.file {
                let user = json!({"room": {"name": self.name}, "file": person.file});
                told.push(json!({"Set": {"user": {name.as_str(): user}}}));
            }
            if (before.ready, before.manually) != (person.ready, person.manually) {
                told.push(ready(name, person));
            }
            // A new name of the room says who controls by its list.
            match (before.controller, person.controller) {
                (false, true) => told.push(self.promotion(name)),
                (true, false) => list = true,
                _ => {}
            }
        }
        if list {
            told.extend(self.list());
        }
        told
    }

    /// What was said.
    pub fn chat(&self) -> impl Iterator<Item = Value> {
        self.said
            .iter()
            .map(|(by, text)| json!({"Chat": {"message": text, "username": by}}))
    }
}

fn ready(name: &str, person: &Person) -> Value {
    let mut ready =
        json!({"username": name, "isReady": person.ready, "manuallyInitiated": person.manually});
    if let Some(by) = &person.ready_by {
        ready["setBy"] = json!(by);
    }
    json!({"Set": {"ready": ready}})
}

/// Whether control is restricted: the client then goes by the room's name.
fn managed(room: &Room) -> bool {
    let controls = &room.policy().controls;
    controls.play != Who::Everyone || controls.seek != Who::Everyone
}

/// Everybody present: Syncplay's users by their usernames, the others by their own, with a suffix where that is taken.
fn names<'a>(
    room: &Room,
    cards: &'a BTreeMap<SeatId, Card>,
) -> BTreeMap<MemberId, (String, Option<&'a Card>)> {
    let present = || {
        room.members()
            .filter(|m| m.present() && m.standing == Standing::Admitted)
    };
    let card = |seats: &[watchalong_room::Seat]| {
        let mut connected = seats.iter().filter(|seat| seat.connected);
        connected.find_map(|seat| cards.get(&seat.id))
    };
    let mut shown = BTreeMap::new();
    let mut taken: Vec<String> = Vec::new();
    for member in present() {
        if let Some(card) = card(&member.seats) {
            taken.push(card.name.to_lowercase());
            shown.insert(member.id, (card.name.clone(), Some(card)));
        }
    }
    for member in present() {
        // A player whose card is gone is on its way out.
        if shown.contains_key(&member.id) || member.client() == "syncplay" {
            continue;
        }
        let mut name = member.name.clone();
        while taken.contains(&name.to_lowercase()) {
            name.push('_');
        }
        taken.push(name.to_lowercase());
        shown.insert(member.id, (name, None));
    }
    shown
}
