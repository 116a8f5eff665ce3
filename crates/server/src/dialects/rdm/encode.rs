//! What happened in a room, in the words of this dialect.
//!
//! Each member is told by themselves: whoever did a thing is not told of it, and everybody sees themselves by the id
//! that is theirs alone. What this dialect has no words for (chat, reactions, votes, a film that its players can't
//! fetch) is left out.
use super::names::is_here;
use super::pool::Pools;
use super::videos::Video;
use crate::hub::encoder::{Encoder, Farewell, Roster, Scene};
use crate::limits::Limit;
use crate::secret::Signer;
use crate::shelf::Shelf;
use crate::ws::{close_frame, frames, json_frame};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use watchalong_room::{ActKind, ControlKind, Departure, Event, MemberId, Room, SeatId, ServerTime};

/// Tells this dialect apart in the hub.
const ID: u8 = 3;

/// The dialect's voice, and what its doors need.
pub struct Rdm {
    pub(super) signer: Signer,
    pub(super) shelf: Arc<Shelf>,
    /// How often one address may try to join.
    pub(super) joins: Limit,
    /// Who shares clips with whom.
    pub(super) pools: Pools,
}

/// Seconds since 1970.
fn seconds(at: ServerTime) -> f64 {
    at.0 as f64 / 1000.0
}

pub(super) fn error(message: &str) -> Bytes {
    json_frame(&json!({"type": "error", "message": message}))
}

fn name_of(room: &Room, member: Option<MemberId>) -> &str {
    let member = member.and_then(|id| room.member(id));
    member.map_or("Server", |member| member.name.as_str())
}

/// Where playback was told to be, without the time that has passed since: players take it as it is.
pub(super) fn playback_state(room: &Room) -> Value {
    let timeline = room.timeline();
    let began = room.current().is_some();
    json!({
        "playing": timeline.playing, "position": timeline.position.seconds(), "speed": timeline.rate.factor(),
        "timestamp": if began { seconds(timeline.at) } else { 0.0 },
    })
}

pub(super) fn videos_map(videos: &[Video]) -> Map<String, Value> {
    let entry = |video: &Video| {
        let about = json!({"filename": video.filename, "size": video.size});
        (video.id.clone(), about)
    };
    videos.iter().map(entry).collect()
}

impl Rdm {
    fn room_state(&self, scene: Scene<'_>) -> Value {
        let room = scene.room;
        let videos = self.videos(scene.code, room);
        let on = room.current().map(|item| &item.media.key);
        let on = on.filter(|key| videos.iter().any(|video| video.id == **key));
        let host = room.host().map(|host| self.id(scene, &host.person));
        json!({
            "type": "room_state", "users": self.users(scene), "playback_state": playback_state(room),
            "current_video": on, "host_id": host.unwrap_or_default(), "videos": videos_map(&videos),
            "queue": self.queue(scene),
        })
    }

    /// A control, as told to one member.
    fn control(&self, scene: Scene<'_>, cause: ControlKind, by: Option<MemberId>) -> Vec<Value> {
        let room = scene.room;
        let timeline = room.timeline();
        let user = name_of(room, by);
        let own = by.is_some() && by == scene.to;
        let motion = |kind: &str| {
            json!({
                "type": kind, "position": timeline.position.seconds(), "user": user,
                "timestamp": seconds(scene.now),
            })
        };
        let speed = || json!({"type": "speed", "speed": timeline.rate.factor(), "user": user});
        let moving = if timeline.playing { "play" } else { "pause" };
        match cause {
            ControlKind::Play | ControlKind::Pause | ControlKind::Hold if !own => {
                vec![motion(moving)]
            }
            ControlKind::Seek if !own && room.policy().seek_pauses => {
                vec![motion("seek"), motion(moving)]
            }
            ControlKind::Seek if !own => vec![motion("seek")],
            ControlKind::Rate if !own => vec![speed()],
            ControlKind::Undo => vec![speed(), motion("seek"), motion(moving)],
            ControlKind::Load if !own || room.barrier().is_none() => {
                let Some(video) = self.on(scene.code, room) else {
                    return Vec::new();
                };
                let prepare = json!({
                    "type": "prepare_video", "video_id": video.id, "filename": video.filename, "user": user,
                    "timestamp": seconds(scene.now),
                });
                let mut told: Vec<Value> = (!own).then_some(prepare).into_iter().collect();
                if room.barrier().is_none() {
                    // Nobody waits for anybody in this room.
                    told.extend(self.shown(scene, &video));
                }
                told
            }
            ControlKind::Start => {
                let Some(video) = self.on(scene.code, room) else {
                    return Vec::new();
                };
                let mut told = Vec::new();
                let reporting: Vec<_> = room
                    .members()
                    .filter(|member| is_here(member) && member.reports())
                    .collect();
                if reporting.len() > 1 && reporting.iter().all(|member| member.ready) {
                    told.push(progress(&video.id, reporting.len(), reporting.len()));
                }
                told.extend(self.shown(scene, &video));
                told
            }
            _ => Vec::new(),
        }
    }

    /// What is on is to be shown now: from its start and playing, as this dialect has it, or else as it stands.
    fn shown(&self, scene: Scene<'_>, video: &Video) -> Vec<Value> {
        let timeline = scene.room.timeline();
        let by = video.by.as_ref().map(|person| self.id(scene, person));
        let by = by.unwrap_or_default();
        let mut told = vec![json!({"type": "all_ready", "video_id": video.id, "uploaded_by": by})];
        let position = timeline.position.seconds();
        if !timeline.playing || position > 0.0 {
            let kind = if timeline.playing { "seek" } else { "pause" };
            told.push(json!({
                "type": kind, "position": position, "user": name_of(scene.room, timeline.by),
                "timestamp": seconds(scene.now),
            }));
        }
        told
    }

    /// How the wait goes.
    fn waiting(&self, scene: Scene<'_>, alone: bool) -> Vec<Value> {
        let room = scene.room;
        let Some(current) = room.current() else {
            return Vec::new();
        };
        match room.barrier() {
            // Whoever put it on has it, which nobody has to be told.
            Some(barrier) if barrier.ready.iter().all(|id| Some(*id) == barrier.by) => Vec::new(),
            Some(barrier) => vec![progress(
                &current.media.key,
                barrier.ready.len(),
                barrier.total(),
            )],
            // Everybody has it, and it waits for somebody to press play.
            None if alone && !room.timeline().playing => {
                let video = self.on(scene.code, room);
                video.map_or_else(Vec::new, |video| self.shown(scene, &video))
            }
            None => Vec::new(),
        }
    }
}

fn progress(video: &str, ready: usize, total: usize) -> Value {
    json!({"type": "ready_progress", "video_id": video, "ready": ready, "total": total})
}

impl Encoder for Rdm {
    fn id(&self) -> u8 {
        ID
    }

    fn personal(&self) -> bool {
        true
    }

    fn welcome(&self, scene: Scene<'_>, _seat: SeatId, member: MemberId, _resumed: bool) -> Bytes {
        let to = Some(member);
        let mut told = vec![self.room_state(Scene { to, ..scene })];
        if let Some(by) = self.pools.switched_by(scene.code) {
            told.push(json!({"type": "shared_pool_changed", "enabled": true, "changed_by": by}));
        }
        frames(told.iter().map(json_frame)).unwrap_or_default()
    }

    fn pending(&self, _scene: Scene<'_>, _seat: SeatId, _member: MemberId) -> Option<Bytes> {
        Some(error("The host has to let you in"))
    }

    fn events(&self, scene: Scene<'_>, events: &[&Event]) -> Option<Bytes> {
        let moves = |event: &&Event| matches!(event, Event::Timeline { .. });
        let alone = !events.iter().any(moves);
        let told: Vec<Value> = events
            .iter()
            .flat_map(|event| match event {
                Event::Timeline { cause, by } => self.control(scene, *cause, *by),
                Event::Barrier => self.waiting(scene, alone),
                Event::Queue => vec![json!({"type": "queue_updated", "queue": self.queue(scene)})],
                _ => Vec::new(),
            })
            .collect();
        frames(told.iter().map(json_frame))
    }

    fn roster(&self, scene: Scene<'_>, roster: &Roster) -> Option<Bytes> {
        let room = scene.room;
        let came = roster.came.iter().filter(|id| Some(**id) != scene.to);
        let came: Vec<_> = came.filter_map(|id| room.member(*id)).collect();
        if came.is_empty() && roster.went.is_empty() {
            return None;
        }
        let users = self.users(scene);
        let mut told = Vec::new();
        for went in &roster.went {
            told.push(match went.reason {
                Some(Departure::Kicked | Departure::Banned) => json!({
                    "type": "user_kicked", "username": went.name, "kicked_by": kicked_by(room, went.member),
                    "users": users,
                }),
                _ => json!({
                    "type": "user_left", "user_id": self.id(scene, &went.person), "username": went.name,
                    "users": users,
                }),
            });
        }
        for member in came {
            told.push(json!({
                "type": "user_joined", "user_id": self.id(scene, &member.person), "username": member.name,
                "users": users,
            }));
        }
        frames(told.iter().map(json_frame))
    }

    fn snapshot(&self, scene: Scene<'_>, member: MemberId) -> Bytes {
        let to = Some(member);
        json_frame(&self.room_state(Scene { to, ..scene }))
    }

    fn refused(
        &self,
        _id: Option<u64>,
        code: &str,
        message: &str,
        _retry_ms: Option<i64>,
    ) -> Option<Bytes> {
        // What finds nothing to act on is silently nothing here; what one may not do, one is told.
        (code == "not_allowed" || code == "not_started").then(|| error(message))
    }

    fn farewell(&self, why: &Farewell) -> (Option<Bytes>, Bytes) {
        let kicked = || {
            let message = "You were kicked by the host";
            Some(json_frame(&json!({"type": "kicked", "message": message})))
        };
        match why {
            Farewell::Refused(refusal) => {
                let word = error(&refusal.to_string());
                (Some(word), close_frame(1008, refusal.code()))
            }
            Farewell::Departed(Departure::Kicked | Departure::Banned) => {
                (kicked(), close_frame(1000, "Kicked"))
            }
            Farewell::Departed(Departure::RoomOver) => (None, close_frame(1000, "Room expired")),
            Farewell::Departed(_) | Farewell::Replaced => (None, close_frame(1000, "")),
            Farewell::Restarting => (None, close_frame(1001, "Server restarts")),
            Farewell::Failed => {
                let word = error("The server could not let you in. Try again.");
                (Some(word), close_frame(1011, "Failed"))
            }
        }
    }
}

/// Who sent somebody away, by the room's own record of it.
fn kicked_by(room: &Room, member: MemberId) -> String {
    let mut acts = room.acts().rev();
    let act = acts
        .find(|act| act.target == Some(member) && matches!(act.kind, ActKind::Kick | ActKind::Ban));
    act.and_then(|act| act.by_name.clone())
        .unwrap_or_else(|| "Server".to_owned())
}
