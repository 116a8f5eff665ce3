//! What happened in a room, in the words of this dialect.
//!
//! Newcomers are not told of their own coming, so everybody is told by themselves. What this dialect has no words for
//! (speed, reactions, the queue, readiness, who knocks) is left out; a change of speed is told as a position.
use super::NAME;
use crate::hub::encoder::{Encoder, Farewell, Roster, Scene};
use crate::ws::{close_frame, frames, json_frame};
use bytes::Bytes;
use serde_json::{Value, json};
use watchalong_room::{
    ControlKind, Departure, Event, HostAbsence, Life, Member, MemberId, Position, Refusal, Room,
    SeatId, ServerTime, Standing,
};

/// Tells this dialect apart in the hub.
const ID: u8 = b'I';
/// Messages that a newcomer is told.
const HISTORY: usize = 50;

/// Why a socket is closed. With each of them the page stays away.
pub(super) mod close {
    /// No genuine token.
    pub(in super::super) const UNAUTHENTICATED: u16 = 4001;
    /// No such room.
    pub(in super::super) const NO_ROOM: u16 = 4002;
    /// Not let in.
    pub(in super::super) const FORBIDDEN: u16 = 4003;
    /// The host did not come back.
    pub(in super::super) const EXPIRED: u16 = 4004;
    /// Over.
    pub(in super::super) const INACTIVE: u16 = 4005;
    /// Banned before they came.
    pub(in super::super) const BANNED: u16 = 4010;
    /// Kicked or banned while they were there.
    pub(in super::super) const REMOVED: u16 = 4011;
}

/// The dialect's voice.
pub(super) struct Voice;

/// Seconds as they were sent: whole ones without a fraction.
pub(super) fn seconds(position: Position) -> Value {
    let seconds = position.seconds();
    if seconds.fract() == 0.0 {
        json!(seconds as i64)
    } else {
        json!(seconds)
    }
}

/// A change of the timeline counts once, whoever made it, and goes on counting across restarts.
pub(super) fn version(room: &Room) -> u64 {
    room.stats().controls
}

/// A refusal, where it is told.
pub(super) fn error(message: &str, code: Option<&str>) -> Bytes {
    let mut value = json!({"type": "ERROR", "message": message});
    if let Some(code) = code {
        value["code"] = json!(code);
    }
    json_frame(&value)
}

fn is_here(member: &Member) -> bool {
    member.standing == Standing::Admitted && member.present()
}

fn history(room: &Room) -> Bytes {
    let said = room.messages().filter(|message| !message.deleted);
    let mut last: Vec<Value> = said
        .rev()
        .take(HISTORY)
        .map(|said| {
            json!({
                "user": said.name, "message": said.text, "created_at": super::rooms::iso(said.at),
            })
        })
        .collect();
    last.reverse();
    json_frame(&json!({"type": "CHAT_HISTORY", "messages": last}))
}

fn playback(room: &Room, time: Position) -> Bytes {
    json_frame(&json!({
        "type": "PLAYBACK_STATE", "is_playing": room.timeline().playing, "time": seconds(time),
        "version": version(room),
    }))
}

fn participants(room: &Room) -> Bytes {
    let here = room.members().filter(|member| is_here(member));
    let names: Vec<&str> = here.map(|member| member.name.as_str()).collect();
    let host = room.host().map(|host| &host.name);
    json_frame(&json!({"type": "ROOM_PARTICIPANTS", "participants": names, "host": host}))
}

/// How the room stands, to whoever comes in.
fn snapshot(room: &Room, now: ServerTime) -> Bytes {
    let told = [
        history(room),
        playback(room, room.timeline().position_at(now)),
        participants(room),
    ];
    told.concat().into()
}

/// Whether a change of what is on is told: the page that made it knows, and the others look for themselves, as in the
/// original; what another dialect puts on also moves the room.
fn is_told(room: &Room, cause: ControlKind, by: Option<MemberId>) -> bool {
    match cause {
        ControlKind::Duration | ControlKind::Arrival => false,
        ControlKind::Load | ControlKind::Unload => {
            let by = by.and_then(|by| room.member(by));
            by.is_none_or(|by| by.client() != NAME)
        }
        _ => true,
    }
}

fn life(room: &Room) -> Option<Bytes> {
    let said = match room.life() {
        Life::Grace { .. } => {
            let HostAbsence::Grace { span } = room.policy().host_absence else {
                return None;
            };
            json!({"type": "HOST_DISCONNECTED", "grace_seconds": span.0 / 1000})
        }
        Life::Live => {
            room.host().filter(|host| host.present())?;
            json!({"type": "HOST_RECONNECTED"})
        }
        Life::Expired { .. } => json!({"type": "ROOM_EXPIRED"}),
        Life::Ended { .. } => json!({"type": "ROOM_DELETED"}),
        Life::Created => return None,
    };
    Some(json_frame(&said))
}

fn told(room: &Room, event: &Event) -> Option<Bytes> {
    match event {
        Event::Said { message } => {
            let said = room.message(*message)?;
            let (user, text) = (&said.name, &said.text);
            Some(json_frame(
                &json!({"type": "CHAT_MESSAGE", "user": user, "message": text}),
            ))
        }
        Event::Timeline { cause, by } => {
            let told = !room.life().is_terminal() && is_told(room, *cause, *by);
            told.then(|| playback(room, room.timeline().position))
        }
        Event::Life => life(room),
        _ => None,
    }
}

/// The close code of an end.
fn code(why: &Farewell, life: Option<Life>) -> u16 {
    match why {
        Farewell::Refused(Refusal::Banned) => close::BANNED,
        Farewell::Refused(Refusal::RoomOver) => close::INACTIVE,
        Farewell::Refused(_) => close::FORBIDDEN,
        Farewell::Departed(Departure::Kicked | Departure::Banned) => close::REMOVED,
        Farewell::Departed(Departure::RoomOver) => match life {
            Some(Life::Expired { .. }) => close::EXPIRED,
            _ => close::INACTIVE,
        },
        Farewell::Departed(Departure::Denied) => close::FORBIDDEN,
        Farewell::Departed(Departure::Left | Departure::TimedOut) | Farewell::Replaced => 1000,
        Farewell::Restarting => 1012,
        Farewell::Failed => 1011,
    }
}

impl Encoder for Voice {
    fn id(&self) -> u8 {
        ID
    }

    fn personal(&self) -> bool {
        true
    }

    fn welcome(&self, scene: Scene<'_>, _: SeatId, _: MemberId, _: bool) -> Bytes {
        snapshot(scene.room, scene.now)
    }

    fn event(&self, scene: Scene<'_>, event: &Event) -> Option<Bytes> {
        told(scene.room, event)
    }

    fn roster(&self, scene: Scene<'_>, roster: &Roster) -> Option<Bytes> {
        let room = scene.room;
        let mut told = Vec::new();
        let waits = matches!(room.life(), Life::Grace { .. });
        let host = room.host().map(|host| host.id);
        for went in &roster.went {
            // An absent host who is waited for has been told of as that.
            if !(waits && host == Some(went.member)) {
                let left = json!({"type": "USER_LEFT", "user": went.name});
                told.push(json_frame(&left));
            }
        }
        let others = roster.came.iter().filter(|came| Some(**came) != scene.to);
        let names: Vec<&str> = others
            .filter_map(|came| Some(room.member(*came)?.name.as_str()))
            .collect();
        if !names.is_empty() {
            told.push(participants(room));
        }
        let joined = |name| json_frame(&json!({"type": "USER_JOINED", "user": name}));
        told.extend(names.into_iter().map(joined));
        frames(told)
    }

    fn snapshot(&self, scene: Scene<'_>, _: MemberId) -> Bytes {
        snapshot(scene.room, scene.now)
    }

    fn refused(&self, _: Option<u64>, _: &str, message: &str, _: Option<i64>) -> Option<Bytes> {
        Some(error(message, None))
    }

    fn farewell(&self, why: &Farewell) -> (Option<Bytes>, Bytes) {
        (None, close_frame(code(why, None), ""))
    }

    fn dismissal(&self, scene: Scene<'_>, why: &Farewell) -> (Option<Bytes>, Bytes) {
        (None, close_frame(code(why, Some(scene.room.life())), ""))
    }
}
