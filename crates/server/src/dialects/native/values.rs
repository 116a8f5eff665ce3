//! The parts of a room as JSON: how each looks on the wire of the native protocol, over the socket and over REST.
//!
//! They are built here and nowhere else; the room's own types are its log format and may differ.
use crate::hub::{PlayerState, Report};
use serde_json::{Value, json};
use watchalong_room::{
    Act, Departure, Invite, Life, Member, MemberId, Message, Preset, Report as RoomReport, Role,
    Room, Standing, Timeline,
};

pub(super) fn life(life: Life) -> Value {
    match life {
        Life::Created => json!({"state": "created"}),
        Life::Live => json!({"state": "live"}),
        Life::Grace { until } => json!({"state": "grace", "until": until}),
        Life::Expired { at } => json!({"state": "expired", "at": at}),
        Life::Ended { at } => json!({"state": "ended", "at": at}),
    }
}

/// A life's name alone.
pub(crate) fn life_name(of: Life) -> &'static str {
    match of {
        Life::Created => "created",
        Life::Live => "live",
        Life::Grace { .. } => "grace",
        Life::Expired { .. } => "expired",
        Life::Ended { .. } => "ended",
    }
}

pub(super) fn timeline(timeline: &Timeline) -> Value {
    json!({
        "item": timeline.item, "position": timeline.position, "at": timeline.at, "rate": timeline.rate,
        "playing": timeline.playing, "rev": timeline.revision, "by": timeline.by, "duration": timeline.duration,
        "bound": timeline.bound, "held": timeline.held,
    })
}

pub(super) fn member(member: &Member) -> Value {
    let role = match member.role {
        Role::Host => "host",
        Role::CoHost => "co_host",
        Role::Viewer => "viewer",
    };
    let standing = match member.standing {
        Standing::Pending => "pending",
        Standing::Admitted => "admitted",
        Standing::Banned => "banned",
    };
    json!({
        "id": member.id, "name": member.name, "role": role, "standing": standing, "present": member.present(),
        "away_since": member.away_since(), "muted": member.muted, "ready": member.ready,
        "reports": member.reports(), "client": member.client(),
    })
}

/// A banned person: a member, and whether their address is banned too.
fn banned(of: &Member) -> Value {
    let mut value = member(of);
    value["address"] = json!(of.address_banned);
    value
}

pub(super) fn bans(room: &Room) -> Vec<Value> {
    room.banned().map(banned).collect()
}

/// A message as the socket tells it; the REST interface tells it alike.
pub fn message(message: &Message) -> Value {
    let mut value = json!({
        "id": message.id, "by": message.by, "name": message.name, "text": message.text, "at": message.at,
        "item": message.moment.map(|m| m.0), "position": message.moment.map(|m| m.1), "reply_to": message.reply_to,
    });
    if !message.mentions.is_empty() {
        value["mentions"] = json!(message.mentions);
    }
    if message.deleted {
        value["deleted"] = json!(true);
    }
    value
}

/// An act of the audit log; the REST interface tells it alike.
pub fn act(act: &Act) -> Value {
    let person = |id: Option<MemberId>, name: &Option<String>| {
        id.map(|id| json!({"member": id, "name": name.as_deref().unwrap_or_default()}))
    };
    json!({
        "id": act.id, "at": act.at, "by": person(act.by, &act.by_name), "act": act.kind.as_str(),
        "target": person(act.target, &act.target_name), "detail": act.detail,
    })
}

/// An invitation, without its token.
pub fn invite(invite: &Invite) -> Value {
    json!({
        "id": invite.id, "by": invite.by, "name": invite.name, "label": invite.label,
        "uses_left": invite.uses_left, "until": invite.until,
    })
}

fn complaint(report: &RoomReport) -> Value {
    json!({
        "id": report.id, "by": report.by, "name": report.name, "member": report.member,
        "message": report.message, "text": report.text, "reason": report.reason, "at": report.at,
    })
}

pub(super) fn complaints(room: &Room) -> Vec<Value> {
    room.reports().map(complaint).collect()
}

pub(super) fn settings(room: &Room) -> Value {
    json!({
        "event": "settings", "name": room.name(), "policy": room.policy(),
        "preset": Preset::of(&room.policy().controls), "schedule": room.schedule(),
    })
}

pub(super) fn departure(reason: Departure) -> &'static str {
    match reason {
        Departure::Left => "left",
        Departure::TimedOut => "timed_out",
        Departure::Kicked => "kicked",
        Departure::Banned => "banned",
        Departure::Denied => "denied",
        Departure::RoomOver => "room_over",
    }
}

pub(super) fn barrier(room: &Room) -> Value {
    room.barrier().map_or(Value::Null, |b| {
        let purpose = match b.purpose {
            watchalong_room::Purpose::Load => "load",
            watchalong_room::Purpose::Start => "start",
        };
        json!({
            "item": b.item, "purpose": purpose, "deadline": b.deadline, "wants_play": b.wants_play,
            "ready": b.ready, "waiting": b.waiting,
        })
    })
}

pub(super) fn undo(room: &Room) -> Value {
    room.undoable().map_or(
        Value::Null,
        |u| json!({"by": u.by, "what": u.kind, "until": u.until}),
    )
}

pub(super) fn pending(room: &Room) -> Vec<Value> {
    room.members()
        .filter(|m| m.standing == Standing::Pending)
        .map(member)
        .collect()
}

pub(super) fn report(id: MemberId, report: &Report) -> Value {
    let state = match report.state {
        PlayerState::Unknown => None,
        PlayerState::Playing => Some("playing"),
        PlayerState::Paused => Some("paused"),
        PlayerState::Holding => Some("holding"),
        PlayerState::Buffering => Some("buffering"),
        PlayerState::Seeking => Some("seeking"),
        PlayerState::Hidden => Some("hidden"),
        PlayerState::Blocked => Some("blocked"),
        PlayerState::Error => Some("error"),
    };
    // Tenths of a millisecond are below what anybody can measure; the frame goes to everybody each second.
    let tenth = |v: Option<f64>| v.map(|v| (v * 10.0).round() / 10.0);
    json!([
        id,
        tenth(report.skew_ms),
        tenth(report.buffer_s),
        tenth(report.delay_ms),
        state
    ])
}
