//! What happened in a room, in the words of the native protocol.
//!
//! Values, not deltas: each event carries the new value whole, so that applying one twice is harmless. How the parts
//! of a room look on the wire stands in `values.rs`; here they become messages.
use super::values::{
    act, bans, barrier, complaints, departure, invite, life, member, message, pending, report,
    settings, timeline, undo,
};
use crate::code::RoomCode;
use crate::hub::Report;
use crate::hub::encoder::{Encoder, Farewell, Reaction, Roster, Scene};
use crate::hub::roster;
use crate::secret::Signer;
use crate::shelf::Shelf;
use crate::ws::{close_frame, json_frame};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use watchalong_media::{Choice, embedded};
use watchalong_room::{
    Departure, Event, Media, MemberId, Preset, QueueItem, Refusal, Room, SeatId, SourceKind,
    Standing,
};

/// Version of the protocol.
pub(super) const VERSION: u32 = 2;

/// The native dialect's voice.
pub struct Native {
    pub(super) signer: Signer,
    pub(super) shelf: Arc<Shelf>,
}

impl Native {
    /// Signs seats with the server's key, and takes media from its shelf.
    pub fn new(signer: Signer, shelf: Arc<Shelf>) -> Self {
        Self { signer, shelf }
    }
}

impl Native {
    fn media(&self, code: &RoomCode, item: &QueueItem) -> Value {
        let media = &item.media;
        let mut value = self.media_card(media);
        let medium = self.shelf.medium(media);
        value["item"] = json!(item.id);
        value["fingerprint"] = json!(item.fingerprint());
        value["next"] = json!(item.sequel.as_deref().map(|next| {
            json!({"media": self.media_card(&next.media), "at": next.at, "held": next.held})
        }));
        value["url"] = json!(self.shelf.link(code, media));
        value["type"] = json!(medium.as_ref().map(|m| m.mime.clone()));
        if let Some(needs) = medium.as_deref().and_then(Choice::needs) {
            value["needs"] = json!(needs);
        }
        if let Some((provider, id)) =
            embedded(&media.key).filter(|_| media.kind == SourceKind::Embed)
        {
            let can = provider.capabilities();
            value["embed"] = json!({
                "provider": provider.name(), "name": provider.label(), "page": provider.page(id),
                "live": provider.is_live(id), "steered": can.steered, "rate": can.rate,
            });
        }
        let gone = (media.kind == SourceKind::Library && medium.is_none())
            .then(|| "This file is no longer in the library.".to_owned());
        value["problem"] =
            json!(gone.or_else(|| medium.and_then(|m| Some(m.problem.as_ref()?.message.clone()))));
        value
    }

    fn media_card(&self, media: &Media) -> Value {
        let poster = (media.kind == SourceKind::Library)
            .then(|| format!("api/v2/library/{}/poster", media.key));
        json!({
            "kind": media.kind, "key": media.key, "title": media.title, "duration": media.duration, "poster": poster,
        })
    }

    fn current(&self, scene: Scene<'_>) -> Value {
        let current = scene.room.current();
        current.map_or(Value::Null, |item| self.media(scene.code, item))
    }

    fn queue(&self, scene: Scene<'_>) -> Vec<Value> {
        let item = |(place, item): (usize, &QueueItem)| {
            let mut media = self.media_card(&item.media);
            if place == 0 {
                // What comes next is fetched ahead: its address is told before its turn.
                media["url"] = json!(self.shelf.link(scene.code, &item.media));
                let medium = self.shelf.medium(&item.media);
                if let Some(needs) = medium.as_deref().and_then(Choice::needs) {
                    media["needs"] = json!(needs);
                }
            }
            json!({
                "item": item.id, "media": media, "added_by": item.added_by, "votes": item.votes,
            })
        };
        scene.room.queue().iter().enumerate().map(item).collect()
    }

    /// The random pool, and what the receiver has put into it.
    fn pool(&self, room: &Room, you: MemberId) -> Value {
        let yours: Vec<Value> = room
            .pool_offer_of(you)
            .map(|media| self.media_card(media))
            .collect();
        json!({"left": room.pool_left(), "shown": room.pool_shown(), "yours": yours})
    }

    fn room(&self, scene: Scene<'_>, you: MemberId) -> Value {
        let Scene { code, room, .. } = scene;
        let rights = room.rights(you);
        let mut value = json!({
            "code": code.as_str(), "name": room.name(), "rev": room.revision(), "life": life(room.life()),
            "policy": room.policy(), "preset": Preset::of(&room.policy().controls), "schedule": room.schedule(),
            "timeline": timeline(room.timeline()), "media": self.current(scene),
            "barrier": barrier(room),
            "members": self.members(room, you), "people": roster::present(room),
            "queue": self.queue(scene), "pool": self.pool(room, you),
            "chat": room.messages().map(message).collect::<Vec<_>>(),
            "undo": undo(room),
            "you": {"member": you, "rights": rights},
            "pending": if rights.people { pending(room) } else { Vec::new() },
            "banned": if rights.people { bans(room) } else { Vec::new() },
        });
        if rights.people {
            value["words"] = json!(room.words());
            value["reports"] = json!(complaints(room));
        }
        value
    }

    /// Those told of by name, and the receiver.
    fn members(&self, room: &Room, you: MemberId) -> Vec<Value> {
        let mut shown = roster::shown(room);
        shown.insert(you);
        let told = shown.into_iter().filter_map(|id| room.member(id));
        told.filter(|m| m.standing == Standing::Admitted)
            .map(member)
            .collect()
    }

    fn event(&self, scene: Scene<'_>, event: &Event) -> Option<Value> {
        let room = scene.room;
        Some(match event {
            Event::Timeline { cause, by } => json!({
                "event": "timeline", "timeline": timeline(room.timeline()), "cause": cause, "by": by,
                "undo": undo(room), "media": self.current(scene),
            }),
            Event::Barrier => json!({"event": "barrier", "barrier": barrier(room)}),
            Event::Medium => json!({"event": "medium", "media": self.current(scene)}),
            Event::Queue => json!({"event": "queue", "queue": self.queue(scene)}),
            Event::Said { message: id } => {
                json!({"event": "said", "message": message(room.message(*id)?)})
            }
            Event::MessageDeleted { message } => json!({"event": "deleted", "message": message}),
            Event::Asked { by, play } => json!({"event": "asked", "by": by, "play": play}),
            Event::Settings => settings(room),
            // For moderators alone: their settings have the words too.
            Event::Words => {
                let mut value = settings(room);
                value["words"] = json!(room.words());
                value
            }
            Event::Reports => json!({"event": "reports", "reports": complaints(room)}),
            Event::Acted { act: id } => json!({"event": "acted", "act": act(room.act(*id)?)}),
            Event::Invited { invite: id } => {
                let mut value = invite(room.invite(*id)?);
                value["token"] = json!(self.signer.invite_token(scene.code.as_str(), *id));
                json!({"event": "invited", "invite": value})
            }
            Event::InviteRotated => json!({"event": "invites_revoked"}),
            Event::Life => json!({"event": "life", "life": life(room.life())}),
            Event::Bans => {
                json!({"event": "bans", "members": bans(room)})
            }
            Event::Pool => json!({
                "event": "pool", "left": room.pool_left(), "shown": room.pool_shown(),
            }),
            Event::Member { .. }
            | Event::Gone { .. }
            | Event::SeatRevoked { .. }
            | Event::Reacted { .. } => {
                return None;
            }
        })
    }

    fn person(&self, scene: Scene<'_>, member: MemberId) -> Option<String> {
        scene
            .room
            .member(member)
            .and_then(|m| self.signer.guest_token(&m.person))
    }

    fn frame(&self, scene: Scene<'_>, events: Vec<Value>) -> Option<Bytes> {
        (!events.is_empty()).then(|| {
            json_frame(&json!({"t": "events", "rev": scene.room.revision(), "events": events}))
        })
    }

    pub(super) fn bye(code: &str, message: &str, again: bool) -> Bytes {
        json_frame(&json!({"t": "bye", "code": code, "message": message, "again": again}))
    }

    /// A farewell that says when coming back makes sense.
    pub(super) fn bye_for(code: &str, message: &str, wait: Duration) -> Bytes {
        let retry_ms = wait.as_millis().max(1) as u64;
        json_frame(
            &json!({"t": "bye", "code": code, "message": message, "again": true, "retry_ms": retry_ms}),
        )
    }
}

impl Encoder for Native {
    fn id(&self) -> u8 {
        0
    }

    fn welcome(&self, scene: Scene<'_>, seat: SeatId, member: MemberId, resumed: bool) -> Bytes {
        json_frame(&json!({
            "t": "welcome", "v": VERSION, "member": member, "resumed": resumed,
            "person": self.person(scene, member),
            "resume": self.signer.seat_token(scene.code.as_str(), seat),
            "viewer": self.signer.viewer_token(scene.code.as_str(), seat),
            "hold": scene.room.policy().seat_hold,
            "server": {"name": "watchalong", "version": env!("CARGO_PKG_VERSION")},
            "clock": scene.now, "room": self.room(scene, member),
        }))
    }

    fn pending(&self, scene: Scene<'_>, seat: SeatId, member: MemberId) -> Option<Bytes> {
        Some(json_frame(&json!({
        "t": "pending", "member": member, "person": self.person(scene, member), "resume": self.signer.seat_token(scene.code.as_str(), seat),
                   "name": scene.room.name(),
               })))
    }

    fn events(&self, scene: Scene<'_>, events: &[&Event]) -> Option<Bytes> {
        self.frame(
            scene,
            events
                .iter()
                .filter_map(|event| self.event(scene, event))
                .collect(),
        )
    }

    fn roster(&self, scene: Scene<'_>, roster: &Roster) -> Option<Bytes> {
        let changed: Vec<Value> = roster
            .changed
            .iter()
            .filter_map(|id| scene.room.member(*id))
            .map(member)
            .collect();
        let gone: Vec<Value> = roster
            .gone
            .iter()
            .map(|(id, why)| json!({"member": id, "reason": departure(*why)}))
            .collect();
        self.frame(
            scene,
            vec![json!({
                "event": "members", "members": changed, "gone": gone, "people": roster::present(scene.room),
            })],
        )
    }

    fn reactions(&self, scene: Scene<'_>, list: &[Reaction], more: usize) -> Option<Bytes> {
        let told = |of: &Reaction| {
            json!({
                "by": of.by, "emoji": of.emoji, "item": of.moment.map(|m| m.0),
                "position": of.moment.map(|m| m.1), "at": of.at,
            })
        };
        let list: Vec<Value> = list.iter().map(told).collect();
        self.frame(
            scene,
            vec![json!({"event": "reactions", "list": list, "more": more})],
        )
    }

    fn rights(&self, scene: Scene<'_>, member: MemberId) -> Option<Bytes> {
        self.frame(
            scene,
            vec![json!({"event": "rights", "rights": scene.room.rights(member)})],
        )
    }

    fn knock(&self, scene: Scene<'_>) -> Option<Bytes> {
        self.frame(
            scene,
            vec![json!({"event": "knock", "members": pending(scene.room)})],
        )
    }

    fn snapshot(&self, scene: Scene<'_>, member: MemberId) -> Bytes {
        json_frame(&json!({"t": "room", "room": self.room(scene, member)}))
    }

    fn ack(&self, scene: Scene<'_>, id: u64) -> Option<Bytes> {
        Some(json_frame(
            &json!({"t": "ack", "id": id, "rev": scene.room.revision()}),
        ))
    }

    fn refused(
        &self,
        id: Option<u64>,
        code: &str,
        message: &str,
        retry_ms: Option<i64>,
    ) -> Option<Bytes> {
        let mut value = json!({"t": "refused", "id": id, "code": code, "message": message});
        if let Some(retry_ms) = retry_ms {
            value["retry_ms"] = json!(retry_ms);
        }
        Some(json_frame(&value))
    }

    fn signals(&self, reports: &[(MemberId, Report)], typing: &[MemberId]) -> Option<Bytes> {
        let members: Vec<Value> = reports.iter().map(|(id, of)| report(*id, of)).collect();
        Some(json_frame(
            &json!({"t": "signals", "members": members, "typing": typing}),
        ))
    }

    fn farewell(&self, why: &Farewell) -> (Option<Bytes>, Bytes) {
        let mut retry_ms = None;
        let (code, text, again, close) = match why {
            Farewell::Refused(refusal) => {
                retry_ms = refusal.retry_ms();
                let close = match refusal {
                    Refusal::PasswordNeeded
                    | Refusal::WrongPassword
                    | Refusal::InviteNeeded
                    | Refusal::InviteUsed
                    | Refusal::InviteExpired => 4401,
                    Refusal::Banned | Refusal::Denied { .. } => 4403,
                    Refusal::RoomOver => 4410,
                    Refusal::Full { .. } => 4503,
                    _ => 4400,
                };
                (refusal.code(), refusal.to_string(), false, close)
            }
            Farewell::Departed(reason) => {
                let (text, close) = match reason {
                    Departure::Left => ("You left the party.", 1000),
                    Departure::TimedOut => ("You were away for too long. Join again.", 1000),
                    Departure::Kicked => ("You were removed from this room.", 4403),
                    Departure::Banned => ("You have been banned from this room.", 4403),
                    Departure::Denied => ("The host did not let you in.", 4403),
                    Departure::RoomOver => ("This party is over.", 4410),
                };
                (departure(*reason), text.to_owned(), false, close)
            }
            Farewell::Replaced => (
                "replaced",
                "This seat was taken over by another window of yours.".to_owned(),
                false,
                4409,
            ),
            Farewell::Restarting => (
                "restarting",
                "The server restarts. It goes on in a moment.".to_owned(),
                true,
                1001,
            ),
            Farewell::Failed => {
                let text = "The server could not save that you joined (is its disk full?).";
                ("storage_failed", text.to_owned(), true, 1001)
            }
        };
        let mut bye = json!({"t": "bye", "code": code, "message": text, "again": again});
        if let Some(retry_ms) = retry_ms {
            bye["retry_ms"] = json!(retry_ms);
        }
        (Some(json_frame(&bye)), close_frame(close, code))
    }
}
