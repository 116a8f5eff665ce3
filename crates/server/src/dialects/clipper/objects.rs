//! The objects of this API: a party, its participants, messages and reactions. What the document and what the frontend
//! call by different names stands here under both.
use super::Clipper;
use super::policy::{self, Visibility};
use crate::clock::Civil;
use crate::code::RoomCode;
use crate::hub::Heard;
use serde_json::{Map, Value, json};
use watchalong_room::{
    ItemId, Life, Member, MemberId, Message, PersonId, Position, Role, Room, ServerTime, Standing,
};

/// An instant as it is told.
pub(super) fn time(at: ServerTime) -> String {
    Civil::of(at).rfc3339()
}

/// A role as it is told.
pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Host => "host",
        Role::CoHost => "co-host",
        Role::Viewer => "viewer",
    }
}

/// Where a room's clock stands, in whole seconds.
pub(super) fn position(room: &Room, now: ServerTime) -> i64 {
    room.timeline().position_at(now).seconds().floor() as i64
}

/// Participants of a room, in the order in which they came.
pub(super) fn participants(room: &Room) -> Vec<&Member> {
    let placed = |member: &&Member| member.standing == Standing::Admitted && member.has_place();
    let mut all: Vec<_> = room.members().filter(placed).collect();
    all.sort_by_key(|member| (member.joined_at, member.id));
    all
}

/// A party, but for what only the store knows: invite code, playlist. With its participants where `heard` is given: when
/// who was last heard.
pub(super) fn described(
    clipper: &Clipper,
    code: &RoomCode,
    room: &Room,
    now: ServerTime,
    owner: Option<&PersonId>,
    heard: Option<&[Heard]>,
) -> Map<String, Value> {
    let host = room.host().map(|host| &host.person).or(owner);
    let (at, count) = (position(room, now), participants(room).len());
    let ended_at = match room.life() {
        Life::Ended { at } | Life::Expired { at } => Some(at),
        _ => None,
    };
    let party = json!({
        "id": clipper.party_id(code),
        "host_user_id": host.map(|person| clipper.user_id(person)).unwrap_or_default(),
        "title": room.name(),
        "visibility": Visibility::of(room.policy()).as_str(),
        "max_participants": room.policy().capacity,
        "status": if ended_at.is_some() { "ended" } else { "active" },
        "created_at": time(room.created_at()),
        "current_clip_id": policy::current(room),
        "current_position": at,
        "current_position_seconds": at,
        "is_playing": room.timeline().playing,
        "participant_count": count,
        "active_participant_count": count,
    });
    let Value::Object(mut party) = party else {
        return Map::new();
    };
    let mut add = |name: &str, value| party.insert(name.to_owned(), value);
    if let Some(started_at) = room.stats().started_at {
        add("started_at", json!(time(started_at)));
    }
    if let Some(ended_at) = ended_at {
        add("ended_at", json!(time(ended_at)));
    }
    if let Some(heard) = heard {
        add("participants", clipper.participants(code, room, heard));
    }
    party
}

impl Clipper {
    /// The participants of a room.
    pub(super) fn participants(&self, code: &RoomCode, room: &Room, heard: &[Heard]) -> Value {
        let list = participants(room).into_iter();
        list.map(|member| self.participant(code, member, heard))
            .collect()
    }

    fn participant(&self, code: &RoomCode, member: &Member, heard: &[Heard]) -> Value {
        let user_id = self.user_id(&member.person);
        let heard = heard.iter().find(|heard| heard.member == member.id);
        let since = heard.map(|heard| heard.at.max(member.joined_at));
        let last_sync = time(since.unwrap_or(member.joined_at));
        let offset = heard.and_then(|heard| heard.skew_ms).unwrap_or(0.0);
        json!({
            "id": self.membership_id(code, member.id),
            "party_id": self.party_id(code),
            "user_id": user_id,
            "display_name": member.name,
            "avatar_url": null,
            "role": role(member.role),
            "is_active": true,
            "is_connected": member.present(),
            "last_sync": last_sync,
            "last_sync_at": last_sync,
            "joined_at": time(member.joined_at),
            "sync_offset_ms": offset.round() as i64,
            "user": {"id": user_id, "username": member.name, "display_name": member.name},
        })
    }

    /// A participant in an event.
    pub(super) fn info(&self, person: &PersonId, name: &str, of: Role) -> Value {
        json!({"user_id": self.user_id(person), "display_name": name, "role": role(of)})
    }

    /// Who somebody is, or was, in a room.
    fn author(&self, code: &RoomCode, room: &Room, member: MemberId) -> String {
        let known = room.anybody(member);
        known.map_or_else(
            || self.former_id(code, member),
            |member| self.user_id(&member.person),
        )
    }

    /// A message.
    pub(super) fn message(&self, code: &RoomCode, room: &Room, message: &Message) -> Value {
        json!({
            "id": self.message_id(code, message.id),
            "watch_party_id": self.party_id(code),
            "user_id": self.author(code, room, message.by),
            "username": message.name,
            "display_name": message.name,
            "message": message.text,
            "created_at": time(message.at),
        })
    }

    /// A reaction.
    pub(super) fn reaction(
        &self,
        code: &RoomCode,
        room: &Room,
        (by, emoji): (MemberId, &str),
        moment: Option<(ItemId, Position)>,
        at: ServerTime,
    ) -> Value {
        let name = room.anybody(by).map(|member| member.name.as_str());
        let mut reaction = json!({
            "id": self.reaction_id(code, by, at, emoji),
            "watch_party_id": self.party_id(code),
            "user_id": self.author(code, room, by),
            "username": name.unwrap_or_default(),
            "emoji": emoji,
            "created_at": time(at),
        });
        if let Some((_, seen)) = moment {
            reaction["video_timestamp"] = json!(seen.seconds());
        }
        reaction
    }
}
