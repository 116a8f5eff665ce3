//! What happened in a room, in the words of OpenWatchParty.
//!
//! `server_ts` is the instant at which a message's position holds (the client's drift correction counts from it),
//! `target_server_ts` the one at which to act. The speed of playback, reactions, the queue and readiness have no words
//! here; a change of speed is told as a position.
use super::OpenWatchParty;
use super::wire::{FULL, Say};
use crate::hub::encoder::{Encoder, Farewell, Roster, Scene};
use crate::ws::{close_frame, frames};
use bytes::Bytes;
use serde_json::json;
use watchalong_room::{
    ActKind, BarrierPolicy, ControlKind, Departure, Event, HostAbsence, Life, MemberId, Refusal,
    Role, SeatId, ServerTime, SourceKind, Span,
};

/// `CONTROL_SCHEDULE_MS`: after this the client acts on a pause or a seek.
const CONTROL_LEAD: Span = Span(300);
/// The client adds as much to what a newcomer is told, and takes it for the truth.
const NEWCOMERS_LEAD: Span = Span(300);
/// Seconds: no position is later.
const LAST_POSITION: f64 = 86_400.0;

fn play_state(playing: bool) -> &'static str {
    if playing { "playing" } else { "paused" }
}

impl OpenWatchParty {
    /// The whole state, to whoever comes in.
    pub(super) fn room_state(&self, scene: Scene<'_>, to: Option<MemberId>) -> Bytes {
        let Scene { code, room, .. } = scene;
        let jellyfin = room
            .current()
            .filter(|item| item.media.kind == SourceKind::Jellyfin);
        let host = room.host().map(|host| self.client_id(code, room, host.id));
        let then = ServerTime(scene.now.0 - NEWCOMERS_LEAD.0);
        let position = room.timeline().position_at(then).seconds();
        let state = json!({
            "position": position.min(LAST_POSITION),
            "play_state": play_state(room.timeline().playing),
        });
        let message = Say::new("room_state", scene.now)
            .room(&self.room_id(code))
            .payload(json!({
                "name": room.name(), "host_id": host, "media_id": jellyfin.map(|item| &item.media.key),
                "participant_count": room.present(), "state": state,
            }));
        match to {
            Some(member) => message.client(&self.client_id(code, room, member)),
            None => message,
        }
        .frame()
    }

    /// How the timeline moves now. A host's player is ahead of it anyway; only a start that everybody waited for is
    /// told to the host, too.
    fn motion(&self, scene: Scene<'_>, cause: ControlKind, leads: bool) -> Option<Bytes> {
        let room = scene.room;
        let line = room.timeline();
        let scheduled = room.policy().barrier != BarrierPolicy::Off;
        let start = matches!(cause, ControlKind::Play | ControlKind::Start);
        if leads && !(start && scheduled && line.playing) {
            return None;
        }
        let position = line.position.seconds();
        let state = play_state(line.playing);
        let command = |action: &str, target: ServerTime| {
            let mut payload = json!({
                "action": action, "position": position, "target_server_ts": target.0,
            });
            if !(start && scheduled) {
                payload["play_state"] = json!(state);
            }
            let message = Say::new("player_event", scene.now)
                .room(&self.room_id(scene.code))
                .payload(payload)
                .holds_at(line.at);
            Some(message.frame())
        };
        match cause {
            // Told with the wait for people who are loading: nothing moves yet.
            ControlKind::Play | ControlKind::Start if !line.playing => None,
            ControlKind::Play | ControlKind::Start => command("play", line.at),
            ControlKind::Pause | ControlKind::End | ControlKind::Hold => {
                command("pause", line.at + CONTROL_LEAD)
            }
            ControlKind::Seek | ControlKind::Undo => command("seek", line.at + CONTROL_LEAD),
            ControlKind::Steer | ControlKind::Rate => {
                let message = Say::new("state_update", scene.now)
                    .room(&self.room_id(scene.code))
                    .payload(json!({"position": position, "play_state": state}))
                    .holds_at(line.at);
                Some(message.frame())
            }
            ControlKind::Load | ControlKind::Unload => Some(self.room_state(scene, scene.to)),
            ControlKind::Duration | ControlKind::Arrival => None,
        }
    }

    fn closed(&self, scene: Scene<'_>, reason: &str) -> Bytes {
        Say::new("room_closed", scene.now)
            .room(&self.room_id(scene.code))
            .payload(json!({"reason": reason}))
            .frame()
    }

    fn error(scene: Scene<'_>, message: &str) -> Say {
        Say::new("error", scene.now).payload(json!({"message": message}))
    }
}

/// Why a room is over, for people. Where its host can't go without closing it, ending it is what precedes another.
fn reason(scene: Scene<'_>) -> &'static str {
    let room = scene.room;
    let last = room.acts().next_back();
    let by_somebody = last.is_some_and(|act| act.kind == ActKind::End && act.by.is_some());
    match (room.life(), by_somebody, room.policy().host_absence) {
        (Life::Ended { .. }, true, HostAbsence::Close) => "Host started a new room",
        (Life::Ended { .. }, true, _) => "Host ended the party",
        (Life::Ended { .. }, false, HostAbsence::Close) => "Host left the room",
        _ => "The party is over",
    }
}

impl Encoder for OpenWatchParty {
    fn id(&self) -> u8 {
        1
    }

    fn personal(&self) -> bool {
        true
    }

    fn welcome(&self, scene: Scene<'_>, _: SeatId, member: MemberId, _: bool) -> Bytes {
        self.room_state(scene, Some(member))
    }

    fn pending(&self, scene: Scene<'_>, _: SeatId, _: MemberId) -> Option<Bytes> {
        // Whoever is let in gets the room's state then; until then there is no room for them.
        Some(Self::error(scene, "The host has to let you in").frame())
    }

    fn event(&self, scene: Scene<'_>, event: &Event) -> Option<Bytes> {
        let leads = scene
            .to
            .and_then(|to| scene.room.member(to))
            .is_some_and(|member| member.role == Role::Host);
        match event {
            Event::Said { message } => {
                let said = scene.room.message(*message)?;
                let by = self.client_id(scene.code, scene.room, said.by);
                let message = Say::new("chat_message", scene.now)
                    .room(&self.room_id(scene.code))
                    .client(&by)
                    .payload(json!({"username": said.name, "text": said.text}));
                Some(message.frame())
            }
            Event::Timeline { cause, .. } => self.motion(scene, *cause, leads),
            _ => None,
        }
    }

    fn roster(&self, scene: Scene<'_>, roster: &Roster) -> Option<Bytes> {
        let Scene { code, room, .. } = scene;
        let id = self.room_id(code);
        let payload = json!({"participant_count": room.present()});
        let say = |kind: &str| Say::new(kind, scene.now).room(&id).payload(payload.clone());
        let mut told = Vec::new();
        for went in &roster.went {
            let client = self.client_of(code, &went.person, went.member);
            told.push(say("client_left").client(&client).frame());
        }
        if roster.came.iter().any(|member| Some(*member) != scene.to) {
            told.push(say("participants_update").frame());
        }
        frames(told)
    }

    /// Who has become host, or is no more, learns it from the state: the client compares `host_id` with its own.
    fn rights(&self, scene: Scene<'_>, member: MemberId) -> Option<Bytes> {
        Some(self.room_state(scene, Some(member)))
    }

    fn snapshot(&self, scene: Scene<'_>, member: MemberId) -> Bytes {
        self.room_state(scene, Some(member))
    }

    fn refused(&self, _: Option<u64>, _: &str, message: &str, _: Option<i64>) -> Option<Bytes> {
        let payload = json!({"message": message});
        let now = self.clock.now();
        Some(Say::new("error", now).payload(payload).frame())
    }

    fn farewell(&self, why: &Farewell) -> (Option<Bytes>, Bytes) {
        let code = if matches!(why, Farewell::Restarting) {
            1012
        } else {
            1000
        };
        (None, close_frame(code, ""))
    }

    /// A connection outlives its rooms: it goes back to the lobby.
    fn parting(&self, scene: Scene<'_>, why: &Farewell) -> Option<Option<Bytes>> {
        Some(match why {
            Farewell::Refused(Refusal::Full { .. }) => Some(
                Self::error(scene, FULL)
                    .room(&self.room_id(scene.code))
                    .frame(),
            ),
            Farewell::Refused(refusal) => Some(Self::error(scene, &refusal.to_string()).frame()),
            Farewell::Departed(Departure::Left) => None,
            Farewell::Departed(Departure::RoomOver) => Some(self.closed(scene, reason(scene))),
            Farewell::Departed(Departure::TimedOut) => Some(self.closed(scene, "Connection lost")),
            Farewell::Departed(_) => Some(self.closed(scene, "You were removed from the room")),
            Farewell::Failed => {
                Some(Self::error(scene, "The server could not save this. Try again.").frame())
            }
            Farewell::Replaced | Farewell::Restarting => return None,
        })
    }
}
