//! What happened in a room, in the words of this dialect.
//!
//! Every event tells where the party stands, whatever it is about: the document's own client hands each to its player.
//! What changed comes first and a `sync` right behind it. Speed, the queue, readiness and votes have no words here;
//! whoever types in another dialect is left out, because nothing would ever say that they stopped.
use super::{Clipper, objects, policy};
use crate::hub::encoder::{Encoder, Farewell, Reaction, Roster, Scene};
use crate::ws::{close_frame, frames, json_frame};
use bytes::Bytes;
use serde_json::{Value, json};
use watchalong_room::{ControlKind, Departure, Event, MemberId, SeatId};

/// Tells this dialect apart in the hub.
const ID: u8 = 6;

impl Clipper {
    /// An event of this type, with how the party stands.
    pub(super) fn event(&self, scene: Scene<'_>, kind: &str) -> Value {
        let at = scene.room.timeline().position_at(scene.now);
        json!({
            "type": kind,
            "party_id": self.party_id(scene.code),
            "position": objects::position(scene.room, scene.now),
            "position_ms": (at.seconds() * 1000.0).floor() as i64,
            "is_playing": scene.room.timeline().playing,
            "server_timestamp": scene.now.0.div_euclid(1000),
            "server_timestamp_ms": scene.now.0,
        })
    }

    /// How the party stands, and with what.
    pub(super) fn sync(&self, scene: Scene<'_>, kind: &str) -> Value {
        let mut event = self.event(scene, kind);
        event["clip_id"] = json!(policy::current(scene.room));
        event
    }

    /// Why a command came to nothing.
    pub(super) fn error(&self, scene: Scene<'_>, code: &str, message: &str) -> Value {
        let mut event = self.event(scene, "error");
        event["code"] = json!(code);
        event["message"] = json!(message);
        event
    }

    /// A playback event and the `sync` behind it.
    pub(super) fn moved(&self, scene: Scene<'_>, kind: &str) -> Bytes {
        let first = match kind {
            "skip" => self.sync(scene, kind),
            _ => self.event(scene, kind),
        };
        let both = [first, self.sync(scene, "sync")];
        frames(both.iter().map(json_frame)).unwrap_or_default()
    }

    fn told(&self, scene: Scene<'_>, event: &Event) -> Option<Bytes> {
        match event {
            Event::Said { message } => {
                let said = scene.room.message(*message)?;
                let mut event = self.event(scene, "chat_message");
                event["chat_message"] = self.message(scene.code, scene.room, said);
                Some(json_frame(&event))
            }
            Event::Timeline { cause, .. } => self.motion(scene, *cause),
            _ => None,
        }
    }

    fn motion(&self, scene: Scene<'_>, cause: ControlKind) -> Option<Bytes> {
        let playing = scene.room.timeline().playing;
        let kind = match cause {
            // A start that waits for people moves nothing yet.
            ControlKind::Play | ControlKind::Start if !playing => return None,
            ControlKind::Play | ControlKind::Start => "play",
            ControlKind::Pause | ControlKind::End | ControlKind::Hold => "pause",
            ControlKind::Seek | ControlKind::Undo => "seek",
            ControlKind::Load | ControlKind::Unload => "skip",
            // A player that leads says where it is; the frontend listens to nothing but these two for it.
            ControlKind::Steer if playing => "play",
            ControlKind::Steer => "pause",
            ControlKind::Rate => return Some(json_frame(&self.sync(scene, "sync"))),
            ControlKind::Duration | ControlKind::Arrival => return None,
        };
        Some(self.moved(scene, kind))
    }

    fn presence(&self, scene: Scene<'_>, kind: &str, info: Value) -> Value {
        let mut event = self.event(scene, kind);
        event["user_id"] = info["user_id"].clone();
        event["participant"] = info;
        event
    }
}

impl Encoder for Clipper {
    fn id(&self) -> u8 {
        ID
    }

    /// Nothing: whoever comes asks with a `sync-request`, or is told by the roster.
    fn welcome(&self, _: Scene<'_>, _: SeatId, _: MemberId, _: bool) -> Bytes {
        Bytes::new()
    }

    fn events(&self, scene: Scene<'_>, events: &[&Event]) -> Option<Bytes> {
        if scene.room.life().is_terminal() {
            // That it stands still, too, goes without saying.
            let over = events.iter().any(|event| matches!(event, Event::Life));
            let message = "This watch party has ended.";
            return over.then(|| json_frame(&self.error(scene, "PARTY_ENDED", message)));
        }
        frames(events.iter().filter_map(|event| self.told(scene, event)))
    }

    fn roster(&self, scene: Scene<'_>, roster: &Roster) -> Option<Bytes> {
        let mut told = Vec::new();
        for went in &roster.went {
            let info = self.info(&went.person, &went.name, went.role);
            told.push(self.presence(scene, "participant-left", info));
        }
        let kinds = [
            ("participant-joined", &roster.came),
            ("participant-updated", &roster.turned),
        ];
        for (kind, members) in kinds {
            for member in members.iter().filter_map(|id| scene.room.member(*id)) {
                let info = self.info(&member.person, &member.name, member.role);
                told.push(self.presence(scene, kind, info));
            }
        }
        frames(told.iter().map(json_frame))
    }

    fn reactions(&self, scene: Scene<'_>, list: &[Reaction], _: usize) -> Option<Bytes> {
        let told: Vec<Value> = list
            .iter()
            .map(|reaction| {
                let Reaction {
                    by,
                    emoji,
                    moment,
                    at,
                } = reaction;
                let mut event = self.event(scene, "reaction");
                let what = (*by, emoji.as_str());
                event["reaction"] = self.reaction(scene.code, scene.room, what, *moment, *at);
                event
            })
            .collect();
        frames(told.iter().map(json_frame))
    }

    fn snapshot(&self, scene: Scene<'_>, _: MemberId) -> Bytes {
        json_frame(&self.sync(scene, "sync"))
    }

    fn farewell(&self, why: &Farewell) -> (Option<Bytes>, Bytes) {
        let (code, reason) = match why {
            Farewell::Departed(Departure::Kicked | Departure::Banned) => (1008, "removed"),
            Farewell::Departed(Departure::RoomOver) => (1000, "ended"),
            Farewell::Departed(_) => (1000, "left"),
            Farewell::Refused(refusal) => (1008, refusal.code()),
            Farewell::Replaced => (1000, "replaced"),
            Farewell::Restarting => (1012, "restarting"),
            Farewell::Failed => (1011, "failed"),
        };
        (None, close_frame(code, reason))
    }
}
