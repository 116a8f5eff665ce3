//! One player's connection, from its `auth` to its end.
//!
//! Reads, decodes, answers pings at once, and hands everything else to the room. What is no message is answered with
//! an `error` and borne for a while: the original left such a connection open and dead, so that nobody came back.
use super::NAME;
use super::encode::{Rdm, error, send};
use super::error::Refused;
use super::names::{is_here, name_of};
use super::pool::Clips;
use super::rooms::find;
use super::rooms::waits_for_clips;
use crate::dialects::pace::{Bucket, Pace};
use crate::http::accept::Admission;
use crate::http::{App, own_origin};
use crate::hub::{CallError, Connection, Greeting, PlayerState, Report, RoomHandle};
use crate::limits;
use crate::log::Origin;
use crate::ws::{self, Cut, Heard, Line, Manners, close_frame, converse};
use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use watchalong_room::{Actor, Command, Grant, ItemId, MemberId, Position, Rate, Refusal, SeatId};

const MANNERS: Manners = Manners {
    // The longest message is under 1 KiB.
    message_bytes: 64 * 1024,
    ping_after: Duration::from_secs(20),
    silent_for: Duration::from_secs(40),
};
/// From the handshake to `auth`.
const AUTH_WITHIN: Duration = Duration::from_secs(10);
/// The slider sends a seek with each move of the mouse, more than a hundred a second.
const MESSAGES: Pace = Pace {
    per_second: 200.0,
    burst: 600.0,
};
/// Messages without meaning before we hang up.
const NONSENSE: u32 = 10;

/// Opens a player's socket. What is wrong is told over it: the window can't read a refused handshake.
pub(super) async fn open(
    State(app): State<App>,
    Extension(rdm): Extension<&'static Rdm>,
    Path(code): Path<String>,
    mut request: Request<Body>,
) -> Response {
    if !own_origin(request.headers(), &app.config) {
        return Refused::new(403, "This page may not connect here").into_response();
    }
    let address = limits::of_request(request.extensions(), request.headers(), &app.config);
    let (response, socket) = match ws::accept(&mut request) {
        Ok(accepted) => accepted,
        Err(error) => return Refused::new(426, error.to_string()).into_response(),
    };
    let room = find(&app, &code).await.ok();
    let admission = request.extensions().get::<Admission>().cloned();
    tokio::spawn(async move {
        let _counted = admission;
        if let Some(socket) = socket.await {
            converse(socket, MANNERS, |line| {
                let session = Session {
                    app,
                    rdm,
                    address,
                    line,
                };
                session.run(room)
            })
            .await;
        }
    });
    response
}

struct Session {
    app: App,
    rdm: &'static Rdm,
    address: IpAddr,
    line: Line,
}

/// Why a session is over: with these words and this close code, or with the connection.
struct End(Option<String>, u16);

impl End {
    fn words(message: &str) -> Self {
        Self(Some(message.to_owned()), 1008)
    }
}

impl From<Cut> for End {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Gone => Self(None, 1000),
            Cut::Silent => Self(None, 1001),
            Cut::Broken(error) => Self(Some(error.to_string()), error.close_code()),
        }
    }
}

/// A player that is in.
struct Seated {
    room: Arc<RoomHandle>,
    seat: SeatId,
    member: MemberId,
    clips: Clips,
    _guard: Connection,
}

/// Whoever is gone brings no clip any more.
impl Drop for Seated {
    fn drop(&mut self) {
        tokio::spawn(self.clips.clone().left(self.seat));
    }
}

impl Session {
    async fn run(mut self, room: Option<Arc<RoomHandle>>) {
        let end = match self.talk(room).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        let outbox = self.line.outbox();
        if let Some(message) = &end.0 {
            outbox.push(&error(message));
        }
        outbox.close(&close_frame(end.1, ""));
    }

    async fn talk(
        &mut self,
        room: Option<Arc<RoomHandle>>,
    ) -> Result<std::convert::Infallible, End> {
        let room = room.ok_or_else(|| End::words("Room not found"))?;
        let player = self.enter(room).await?;
        let (mut pace, mut nonsense) = (Bucket::new(MESSAGES), 0);
        loop {
            let text = match self.line.next().await? {
                Heard::Text(text) => text,
                Heard::Binary(_) => String::new(),
                // A player that lost frames can't be told how the room stands without loading its clip anew: it
                // comes back by itself, and then that is what it expects.
                Heard::Drained => return Err(End(None, 1013)),
            };
            if !pace.take() {
                return Err(End::words("Too many messages"));
            }
            match serde_json::from_str(&text) {
                Ok(Value::Object(message)) => self.message(&player, &message).await,
                _ => {
                    nonsense += 1;
                    if nonsense > NONSENSE {
                        return Err(End::words("Too many messages without meaning"));
                    }
                    self.say(&json!({"type": "error", "message": "Not a message"}));
                }
            }
        }
    }

    fn say(&self, value: &Value) {
        self.line.outbox().push(&send(value));
    }

    // ---- coming in -------------------------------------------------------------------

    async fn enter(&mut self, room: Arc<RoomHandle>) -> Result<Seated, End> {
        let first = tokio::time::timeout(AUTH_WITHIN, self.line.next()).await;
        let required = || End::words("Auth required");
        let Heard::Text(text) = first.map_err(|_| required())?? else {
            return Err(required());
        };
        let auth: Map<String, Value> = serde_json::from_str(&text).map_err(|_| required())?;
        if auth.get("type").and_then(Value::as_str) != Some("auth") {
            return Err(required());
        }
        let invalid = || End::words("Invalid user_id");
        let signer = &self.rdm.signer;
        let id = auth
            .get("user_id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let code = room.code().as_str();
        let person = signer.person_of(code, id).ok_or_else(invalid)?;
        let name = name_of(&person).ok_or_else(invalid)?.to_owned();
        let seat = signer.only_seat(code, &person);
        let kicked = person.clone();
        let closed = || End(None, 1012);
        if room
            .read(move |room| room.was_kicked(&kicked))
            .await
            .map_err(|_| closed())?
        {
            return Err(invalid());
        }
        let grant = if room.is_owner(&person) {
            Grant::Host
        } else {
            // Whoever holds an id has shown the password.
            Grant::Password
        };
        let join = Command::Join {
            person,
            name,
            grant,
            client: NAME.to_owned(),
            // In rooms of other kinds there may be on what its player can't fetch, and never is ready for.
            reports: waits_for_clips(&room.view().policy),
            node: self.app.hub.node,
            address: Some(signer.address_digest(code, self.address)),
        };
        let outbox = self.line.outbox().clone();
        let greeting = Greeting {
            resume: None,
            join,
            from: self.address,
        };
        let guard = room.arrive(seat, outbox, self.rdm, greeting);
        // The join is in the log once the room's task has answered this, and applied once it has answered that: an
        // answer to what comes next must not pass the state of the room.
        room.read(|_| ()).await.map_err(|_| closed())?;
        let nothing = Command::Ready {
            item: ItemId(0),
            ready: false,
        };
        match room.call(Actor::Seat(seat), nothing).await {
            Ok(_) => {}
            // The room's task has said why, and closed.
            Err(CallError::Refused(_)) => return Err(End(None, 1008)),
            Err(_) => return Err(closed()),
        }
        let member = room.read(move |room| room.member_of_seat(seat).map(|member| member.id));
        let member = member.await.map_err(|_| closed())?.ok_or_else(invalid)?;
        Ok(Seated {
            clips: Clips::of(self.rdm, room.clone(), seat),
            room,
            seat,
            member,
            _guard: guard,
        })
    }

    // ---- being in --------------------------------------------------------------------

    async fn message(&mut self, player: &Seated, message: &Map<String, Value>) {
        let text = |key: &str| message.get(key).and_then(Value::as_str).unwrap_or_default();
        let number = |key: &str, without: f64| match message.get(key) {
            None => Some(without),
            Some(value) => value.as_f64(),
        };
        let position = || number("position", 0.0).and_then(|p| Position::new(p.max(0.0)));
        match text("type") {
            "ping" => self.say(&json!({"type": "pong"})),
            kind @ ("play" | "pause" | "seek") => {
                if let Some(position) = position() {
                    player.steer(kind, position).await;
                }
            }
            "speed" => {
                let rate = number("speed", 1.0).and_then(Rate::new);
                if let Some(rate) = rate {
                    player.submit(Command::SetRate { rate }).await;
                }
            }
            "position_heartbeat" => {
                if let (Some(at), Some(speed)) = (position(), number("speed", 1.0)) {
                    self.heartbeat(player, at, speed).await;
                }
            }
            "play_video" => self.play_video(player, text("video_id").to_owned()).await,
            "ready" => player.ready(text("video_id")).await,
            "kick" => self.kick(player, text("target_user_id").to_owned()).await,
            "request_random" => {
                let name = player.name().await;
                player.clips.request(player.seat, name).await;
            }
            "pool_exhausted" => player.clips.exhausted(player.seat),
            "pool_opt_in" => {
                let count = message.get("clip_count").and_then(Value::as_u64);
                if let Some(Value::Bool(shares)) = message.get("opted_in") {
                    let clips = &player.clips;
                    clips
                        .offer(player.member, player.seat, *shares, count)
                        .await;
                }
            }
            "set_shared_pool" => {
                if let Some(Value::Bool(on)) = message.get("enabled") {
                    self.switch_pool(player, *on).await;
                }
            }
            _ => {}
        }
    }

    /// Where the host's player is, for the players of this dialect to follow and for everybody to see.
    async fn heartbeat(&self, player: &Seated, at: Position, speed: f64) {
        if !(speed > 0.0 && speed <= 16.0) {
            return;
        }
        let (member, own) = (player.member, player.seat);
        let view = player.room.view();
        let expected = view.timeline.position_at(self.app.hub.clock.now());
        let frame = send(&json!({
            "type": "position_heartbeat", "position": at.seconds(), "speed": speed,
        }));
        let passed = player.room.pass(move |scene| {
            if scene.room.host().map(|host| host.id) != Some(member) {
                return Vec::new();
            }
            let seats = scene.room.members().flat_map(|member| &member.seats);
            let others = seats.filter(|seat| seat.client == NAME && seat.id != own);
            others.map(|seat| (seat.id, frame.clone())).collect()
        });
        // Fails only while the server stops.
        let _ = passed.await;
        player.room.report(
            player.seat,
            Report {
                position: Some(at.seconds()),
                skew_ms: Some((at.seconds() - expected.seconds()) * 1000.0),
                state: if view.timeline.playing {
                    PlayerState::Playing
                } else {
                    PlayerState::Paused
                },
                ..Report::default()
            },
        );
    }

    async fn play_video(&self, player: &Seated, id: String) {
        // Also where another clip is being loaded: whoever was asked has brought theirs.
        player.clips.shown(player.seat);
        let (rdm, code, wanted) = (self.rdm, player.room.code().clone(), id.clone());
        let media = player
            .room
            .read(move |room| rdm.media(&code, room, &wanted));
        let Ok(Some(media)) = media.await else { return };
        let load = Command::Load {
            media,
            position: Position::ZERO,
            play: true,
        };
        match player.room.call(Actor::Seat(player.seat), load).await {
            // Whoever shares a clip has it.
            Ok(_) => player.ready(&id).await,
            Err(CallError::Refused(Refusal::Starting)) => {
                let view = player.room.view();
                self.say(&json!({
                    "type": "transition_busy", "message": "A clip is already being loaded.",
                    "pending_video_id": view.delivered.clone().unwrap_or_default(),
                }));
            }
            Err(CallError::Refused(refusal)) => self.refuse(&refusal.to_string()),
            Err(_) => {}
        }
    }

    async fn switch_pool(&self, player: &Seated, on: bool) {
        let own = player.member;
        match player.room.read(move |room| room.rights(own).host).await {
            Ok(true) => player.clips.switch(on, player.name().await).await,
            _ => self.refuse("Only the host can change pool mode"),
        }
    }

    async fn kick(&self, player: &Seated, target: String) {
        let (rdm, code, own) = (self.rdm, player.room.code().clone(), player.member);
        let found = player.room.read(move |room| {
            let mut members = room.members().filter(|member| is_here(member));
            let target = members.find(|m| rdm.id_for(&code, None, &m.person) == target);
            (room.rights(own).people, target.map(|member| member.id))
        });
        match found.await {
            Ok((false, _)) => self.refuse("Only the host can kick users"),
            Ok((true, Some(member))) if member != own => {
                let kick = Command::Kick { member };
                let kicked = player.room.call(Actor::Seat(player.seat), kick).await;
                if let Err(CallError::Refused(refusal)) = kicked {
                    self.refuse(&refusal.to_string());
                }
            }
            _ => {}
        }
    }

    fn refuse(&self, message: &str) {
        self.line.outbox().push(&error(message));
    }
}

impl Seated {
    async fn submit(&self, command: Command) {
        let origin = Some(Origin::Connection {
            seat: self.seat,
            id: Some(0),
        });
        self.room
            .submit(Actor::Seat(self.seat), command, origin)
            .await;
    }

    /// Play, pause and seek. This dialect's play and pause also say where, whatever the room does already; what the
    /// room takes for nothing new is a seek then. What the view says may be a moment old, so the order is such that
    /// the last command leaves the room as it was told either way.
    async fn steer(&self, kind: &str, position: Position) {
        let playing = self.room.view().timeline.playing;
        let at = Some(position);
        let expect = None;
        let seek = Command::Seek { position, expect };
        let pause = Command::Pause {
            position: at,
            expect,
        };
        let play = Command::Play {
            position: at,
            expect,
        };
        match (kind, playing) {
            ("play", false) => self.submit(play).await,
            ("pause", true) => self.submit(pause).await,
            ("play", true) => {
                self.submit(seek).await;
                self.submit(play).await;
            }
            ("pause", false) => {
                self.submit(pause).await;
                self.submit(seek).await;
            }
            _ => self.submit(seek).await,
        }
    }

    /// This player has the clip that is waited for.
    async fn ready(&self, video: &str) {
        let wanted = video.to_owned();
        let item = self.room.read(move |room| {
            let on = room.current().filter(|item| item.media.key == wanted);
            on.map(|item| item.id)
        });
        if let Ok(Some(item)) = item.await {
            let ready = true;
            self.submit(Command::Ready { item, ready }).await;
        }
    }

    async fn name(&self) -> String {
        let member = self.member;
        let name = self
            .room
            .read(move |room| room.member(member).map(|m| m.name.clone()));
        name.await.ok().flatten().unwrap_or_default()
    }
}
