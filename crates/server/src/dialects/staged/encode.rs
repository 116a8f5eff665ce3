//! What happened in a room, in the words of the staged page: every motion in both families, `cmd` and `type`.
//!
//! All are told alike, whoever did it. A `state` is rebased to the instant at which it is told: a page takes `t` at `ts`
//! as the truth, and one that came late would stay behind by an older pair's age. What the format has no words for
//! (reactions, the queue, readiness) is left out; a change of speed is told as a position. Names are cut to letters
//! and a few marks, since the original's page takes them for markup.
use super::desk::Table;
use super::wire::plain_name;
use super::{NAME, Staged};
use crate::hub::encoder::{Encoder, Farewell, Roster, Scene};
use crate::ws::{close_frame, text_frame};
use bytes::Bytes;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use std::sync::Arc;
use watchalong_media::Placed;
use watchalong_room::{
    ControlKind, Departure, Event, Media, Member, MemberId, Message, Room, SeatId, SourceKind,
    Standing,
};

/// Tells this dialect apart in the hub.
const ID: u8 = b'P';

pub(super) fn send(value: &Value) -> Bytes {
    text_frame(&value.to_string())
}

/// Several messages, in order.
fn frames(values: &[Value]) -> Option<Bytes> {
    let bytes = || values.iter().flat_map(send).collect::<Vec<u8>>();
    (!values.is_empty()).then(|| bytes().into())
}

/// Which medium is on, as pages tell it from the one before: grows with each that is put on, and when it is taken off.
pub(super) fn revision(room: &Room) -> u64 {
    match room.current() {
        Some(item) => item.id.0 * 2,
        None => room.newest_item().0 * 2 + 1,
    }
}

/// A file's tag: another one for another file, and for the same one once it was changed.
pub(super) fn etag_of(placed: &Placed) -> String {
    let digest = Sha1::new()
        .chain_update(placed.path.as_bytes())
        .chain_update([0])
        .chain_update(placed.modified_ns.to_be_bytes())
        .chain_update(placed.medium.size.to_be_bytes())
        .finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_here(member: &Member) -> bool {
    member.standing == Standing::Admitted && member.present()
}

fn system(scene: Scene<'_>, text: &str) -> Value {
    json!({"type": "system", "text": text, "ts": scene.now.0})
}

impl Staged {
    /// What is on, as its path and tag, where pages can fetch it: a file of the library or a film that somebody brought,
    /// else an address.
    pub(super) fn on(&self, media: &Media) -> Option<(String, String)> {
        match media.kind {
            SourceKind::Library => {
                let placed = self.shelf.library.place_of(&media.key.parse().ok()?)?;
                let etag = etag_of(&placed);
                Some((placed.path, etag))
            }
            SourceKind::Upload => {
                let medium = self.shelf.medium(media)?;
                Some((medium.title.clone(), media.key.clone()))
            }
            SourceKind::Url => {
                let digest = Sha1::digest(media.key.as_bytes());
                let etag = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                Some((media.title.clone(), etag))
            }
            _ => None,
        }
    }

    /// The same of a room.
    pub(super) fn staged(&self, room: &Room) -> Option<(String, String)> {
        self.on(&room.current()?.media)
    }

    /// How the room stands at the instant of telling. A start that is to come holds from when it comes.
    pub(super) fn state(&self, scene: Scene<'_>) -> Value {
        let line = scene.room.timeline();
        let at = if line.playing {
            scene.now.max(line.at)
        } else {
            scene.now
        };
        json!({"type": "state", "data": {
            "t": line.position_at(at).seconds(), "paused": !line.playing, "ts": at.0,
            "rev": revision(scene.room), "path": self.staged(scene.room).map(|(path, _)| path),
        }})
    }

    /// `load` for what is on.
    pub(super) fn load(&self, scene: Scene<'_>) -> Option<Value> {
        let (path, etag) = self.staged(scene.room)?;
        Some(json!({"cmd": "load", "etag": etag, "path": path}))
    }

    pub(super) fn presence(&self, scene: Scene<'_>) -> Value {
        let table = self.desk.table(scene.code);
        let here = scene.room.members().filter(|member| is_here(member));
        let users: Vec<Value> = here
            .map(|member| {
                let color = color(table.as_deref(), member);
                json!({"id": member.id.0, "name": plain_name(&member.name), "color": color})
            })
            .collect();
        json!({"type": "presence", "users": users})
    }

    /// To a page: who it is.
    pub(super) fn own(&self, scene: Scene<'_>, seat: SeatId, member: MemberId) -> Value {
        let table = self.desk.table(scene.code);
        let card = table.and_then(|table| table.card(seat)).unwrap_or_default();
        let name = scene.room.member(member).map(|m| plain_name(&m.name));
        json!({"type": "self", "id": member.0, "guid": card.guid, "name": name, "color": card.color})
    }

    fn chat(&self, scene: Scene<'_>, table: Option<&Table>, message: &Message) -> Value {
        let by = scene.room.member(message.by);
        let color = by.and_then(|member| color(table, member));
        json!({
            "type": "chat", "id": message.by.0, "name": plain_name(&message.name), "color": color,
            "text": message.text, "ts": message.at.0,
        })
    }

    fn motion(&self, scene: Scene<'_>, cause: ControlKind) -> Vec<Value> {
        let line = scene.room.timeline();
        let moving = || json!({"cmd": if line.playing { "play" } else { "pause" }});
        let seek = || json!({"cmd": "seek", "time": line.position_at(scene.now).seconds()});
        let mut told = match cause {
            ControlKind::Play | ControlKind::Start if line.position.seconds() > 0.0 => {
                vec![seek(), moving()]
            }
            ControlKind::Play | ControlKind::Start | ControlKind::Pause => vec![moving()],
            ControlKind::End | ControlKind::Steer | ControlKind::Hold => vec![moving()],
            ControlKind::Seek if scene.room.policy().seek_pauses => vec![seek(), moving()],
            ControlKind::Seek | ControlKind::Rate => vec![seek()],
            ControlKind::Undo => vec![seek(), moving()],
            ControlKind::Load => {
                let Some(load) = self.load(scene) else {
                    return vec![self.state(scene)];
                };
                let mut told = vec![load];
                if line.position.seconds() > 0.0 {
                    told.push(seek());
                }
                if line.playing {
                    told.push(moving());
                }
                told
            }
            ControlKind::Unload => vec![json!({"cmd": "unload"})],
            ControlKind::Duration | ControlKind::Arrival => return Vec::new(),
        };
        told.push(self.state(scene));
        told
    }

    fn event(&self, scene: Scene<'_>, event: &Event) -> Vec<Value> {
        match event {
            Event::Timeline { cause, .. } => self.motion(scene, *cause),
            Event::Said { message } => {
                let table = self.desk.table(scene.code);
                let said = scene.room.message(*message);
                let said = said.map(|message| self.chat(scene, table.as_deref(), message));
                said.into_iter().collect()
            }
            Event::Asked { by, play } => {
                let name = scene.room.member(*by).map(|m| plain_name(&m.name));
                let what = if *play { "to go on" } else { "for a pause" };
                let text = format!("{} asks {what}", name.unwrap_or_default());
                vec![json!({"type": "toast", "text": text})]
            }
            _ => Vec::new(),
        }
    }

    /// Frames for every connection of this dialect.
    pub(super) fn everybody(scene: Scene<'_>, frame: &Bytes) -> Vec<(SeatId, Bytes)> {
        let seats = scene.room.members().flat_map(|member| &member.seats);
        let ours = seats.filter(|seat| seat.client == NAME);
        ours.map(|seat| (seat.id, frame.clone())).collect()
    }
}

fn color(table: Option<&Table>, member: &Member) -> Option<String> {
    table.and_then(|table| table.color_of(member))
}

impl Encoder for Staged {
    fn id(&self) -> u8 {
        ID
    }

    fn welcome(&self, scene: Scene<'_>, seat: SeatId, member: MemberId, _: bool) -> Bytes {
        let table: Option<Arc<Table>> = self.desk.table(scene.code);
        let card = table.as_ref().and_then(|table| table.card(seat));
        let mut told = vec![self.own(scene, seat, member), self.state(scene)];
        if table.as_ref().is_some_and(|table| !table.enforces()) {
            told.push(json!({"enforcePausePlay": false}));
        }
        let messages = scene.room.messages().filter(|message| !message.deleted);
        let mut items: Vec<Value> = messages
            .rev()
            .take(self.history)
            .map(|message| self.chat(scene, table.as_deref(), message))
            .collect();
        items.reverse();
        told.push(json!({"type": "chat-history", "items": items}));
        told.push(self.presence(scene));
        // A viewer of the first kind knows no `state`: without these it would stand at the start.
        if let Some(load) = self
            .load(scene)
            .filter(|_| card.is_none_or(|card| !card.is_page))
        {
            let line = scene.room.timeline();
            let position = line.position_at(scene.now).seconds();
            told.push(load);
            told.push(json!({"cmd": "seek", "time": position}));
            told.push(json!({"cmd": if line.playing { "play" } else { "pause" }}));
        }
        frames(&told).unwrap_or_default()
    }

    fn pending(&self, scene: Scene<'_>, _: SeatId, _: MemberId) -> Option<Bytes> {
        Some(send(&system(scene, "The host has to let you in")))
    }

    fn events(&self, scene: Scene<'_>, events: &[&Event]) -> Option<Bytes> {
        let told = events.iter().flat_map(|event| self.event(scene, event));
        frames(&told.collect::<Vec<_>>())
    }

    fn roster(&self, scene: Scene<'_>, roster: &Roster) -> Option<Bytes> {
        let mut told = vec![self.presence(scene)];
        for went in &roster.went {
            told.push(system(scene, &format!("{} left", plain_name(&went.name))));
        }
        let came = roster.came.iter().filter_map(|id| scene.room.member(*id));
        for member in came {
            let text = format!("{} joined", plain_name(&member.name));
            told.push(system(scene, &text));
        }
        frames(&told)
    }

    fn snapshot(&self, scene: Scene<'_>, _: MemberId) -> Bytes {
        let mut told: Vec<Value> = self.load(scene).into_iter().collect();
        told.extend([self.state(scene), self.presence(scene)]);
        frames(&told).unwrap_or_default()
    }

    fn refused(&self, _: Option<u64>, code: &str, _: &str, _: Option<i64>) -> Option<Bytes> {
        // What one may not do, one is not told: a viewer's control is nothing here.
        let rate = matches!(code, "too_fast" | "duplicate");
        rate.then(|| send(&json!({"type": "error", "error": "rate"})))
    }

    fn farewell(&self, why: &Farewell) -> (Option<Bytes>, Bytes) {
        let close = match why {
            Farewell::Refused(refusal) => close_frame(1008, refusal.code()),
            Farewell::Departed(Departure::Kicked | Departure::Banned) => {
                close_frame(1008, "removed")
            }
            Farewell::Departed(_) | Farewell::Replaced => close_frame(1000, ""),
            Farewell::Restarting => close_frame(1001, "restart"),
            Farewell::Failed => close_frame(1011, "failed"),
        };
        (None, close)
    }
}
