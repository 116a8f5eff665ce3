//! One player's connection, from its `auth` to its end.
//!
//! Reads, decodes, answers pings at once, and hands everything else to the room. What is no message is answered with
//! an `error` and borne for a while: the original left such a connection open and dead, so that nobody came back.
use super::NAME;
use super::encode::{Rdm, error};
use super::error::Refused;
use super::names::{is_here, name_of};
use super::pool::Clips;
use super::queue::Wish;
use super::rooms::find;
use super::rooms::waits_for_clips;
use crate::dialects::pace::{Bucket, Pace};
use crate::dialects::steer::Control;
use crate::http::{App, open_socket, own_origin};
use crate::hub::{CallError, Newcomer, NotIn, Report, RoomHandle, Seated};
use crate::ws::{Cut, Heard, Line, Manners, close_frame, converse, json_frame};
use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use watchalong_room::{Command, Grant, Position, Rate, Refusal};

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
    request: Request<Body>,
) -> Response {
    if !own_origin(request.headers(), &app.config) {
        return Refused::new(403, "This page may not connect here").into_response();
    }
    let room = find(&app, &code).await.ok();
    let served = app.clone();
    let opened = open_socket(&app, request, move |socket, address| {
        converse(socket, MANNERS, move |line| {
            let app = served;
            let session = Session {
                app,
                rdm,
                address,
                line,
            };
            session.run(room)
        })
    });
    opened.unwrap_or_else(|error| Refused::new(426, error.to_string()).into_response())
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
        let code = cut.close_code();
        match cut {
            Cut::Broken(error) => Self(Some(error.to_string()), code),
            Cut::Gone | Cut::Silent => Self(None, code),
        }
    }
}

/// A player that is in.
struct Player {
    place: Seated,
    clips: Clips,
}

/// Whoever is gone brings no clip any more.
impl Drop for Player {
    fn drop(&mut self) {
        tokio::spawn(self.clips.clone().left(self.place.seat));
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
        self.line.outbox().push(&json_frame(value));
    }

    // ---- coming in -------------------------------------------------------------------

    async fn enter(&mut self, room: Arc<RoomHandle>) -> Result<Player, End> {
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
        let newcomer = Newcomer {
            person,
            name,
            grant,
            client: NAME.to_owned(),
            // In rooms of other kinds there may be on what its player can't fetch, and never is ready for.
            reports: waits_for_clips(&room.view().policy),
            from: self.address,
        };
        let hub = &self.app.hub;
        let place = hub.enter(&room, seat, self.line.outbox(), self.rdm, newcomer);
        let place = place.await.map_err(|why| match why {
            // The room's task has said why, and closed.
            NotIn::Refused(_) => End(None, 1008),
            NotIn::Closed => closed(),
        })?;
        Ok(Player {
            clips: Clips::of(self.rdm, room, seat),
            place,
        })
    }

    // ---- being in --------------------------------------------------------------------

    async fn message(&mut self, player: &Player, message: &Map<String, Value>) {
        let text = |key: &str| message.get(key).and_then(Value::as_str).unwrap_or_default();
        let number = |key: &str, without: f64| match message.get(key) {
            None => Some(without),
            Some(value) => value.as_f64(),
        };
        let position = || number("position", 0.0).and_then(|p| Position::new(p.max(0.0)));
        match text("type") {
            "ping" => self.say(&json!({"type": "pong"})),
            kind @ ("play" | "pause" | "seek") => {
                let playing = player.place.room.view().timeline.playing;
                if let (Some(control), Some(position)) = (Control::named(kind), position()) {
                    for command in control.commands(position, playing) {
                        player.place.submit(command).await;
                    }
                }
            }
            "speed" => {
                let rate = number("speed", 1.0).and_then(Rate::new);
                if let Some(rate) = rate {
                    player.place.submit(Command::SetRate { rate }).await;
                }
            }
            "position_heartbeat" => {
                if let (Some(at), Some(speed)) = (position(), number("speed", 1.0)) {
                    self.heartbeat(player, at, speed).await;
                }
            }
            "play_video" => self.play_video(player, text("video_id").to_owned()).await,
            "request_prefetch" => {
                let name = player.place.name().await;
                player.clips.prefetch(player.place.seat, name).await;
            }
            "prefetch_uploaded" => {
                let id = text("video_id").to_owned();
                player.clips.prefetched(id).await;
            }
            "ready" => player.ready(text("video_id")).await,
            "kick" => self.kick(player, text("target_user_id").to_owned()).await,
            "request_random" => {
                let name = player.place.name().await;
                player.clips.request(player.place.seat, name).await;
            }
            "pool_exhausted" => player.clips.exhausted(player.place.seat),
            "pool_opt_in" => {
                let count = message.get("clip_count").and_then(Value::as_u64);
                if let Some(Value::Bool(shares)) = message.get("opted_in") {
                    let clips = &player.clips;
                    clips
                        .offer(player.place.member, player.place.seat, *shares, count)
                        .await;
                }
            }
            "set_shared_pool" => {
                if let Some(Value::Bool(on)) = message.get("enabled") {
                    self.switch_pool(player, *on).await;
                }
            }
            kind => {
                if let Some(wish) = Wish::read(kind, message) {
                    self.queue(player, wish).await;
                }
            }
        }
    }

    /// Changes what comes next. What it puts on is waited for like any clip; the sender has it.
    async fn queue(&self, player: &Player, wish: Wish) {
        let (rdm, code) = (self.rdm, player.place.room.code().clone());
        let wished = player
            .place
            .room
            .read(move |room| rdm.wished(&code, room, wish));
        let Ok(Some((command, puts_on))) = wished.await else {
            return;
        };
        if puts_on.is_some() {
            player.clips.shown(player.place.seat);
        }
        let done = player.place.call(command).await;
        match (done, puts_on) {
            (Ok(_), Some(id)) => player.ready(&id).await,
            (Err(error), _) => self.not_put_on(player, error),
            (Ok(_), None) => {}
        }
    }

    /// Where the host's player is, for the players of this dialect to follow and for everybody to see.
    async fn heartbeat(&self, player: &Player, at: Position, speed: f64) {
        if !(speed > 0.0 && speed <= 16.0) {
            return;
        }
        let (member, own) = (player.place.member, player.place.seat);
        let view = player.place.room.view();
        let frame = json_frame(&json!({
            "type": "position_heartbeat", "position": at.seconds(), "speed": speed,
        }));
        let passed = player.place.room.pass(move |scene| {
            if scene.room.host().map(|host| host.id) != Some(member) {
                return Vec::new();
            }
            let others = scene.room.seats_of(NAME).filter(|seat| *seat != own);
            others.map(|seat| (seat, frame.clone())).collect()
        });
        // Fails only while the server stops.
        let _ = passed.await;
        player.place.room.report(
            player.place.seat,
            Report::following(at.seconds(), &view.timeline, self.app.hub.clock.now()),
        );
    }

    async fn play_video(&self, player: &Player, id: String) {
        // Also where another clip is being loaded: whoever was asked has brought theirs.
        player.clips.shown(player.place.seat);
        let (rdm, code, wanted) = (self.rdm, player.place.room.code().clone(), id.clone());
        let media = player
            .place
            .room
            .read(move |room| rdm.media(&code, room, &wanted));
        let Ok(Some(media)) = media.await else { return };
        let load = Command::Load {
            media,
            position: Position::ZERO,
            play: true,
        };
        match player.place.call(load).await {
            // Whoever shares a clip has it.
            Ok(_) => player.ready(&id).await,
            Err(error) => self.not_put_on(player, error),
        }
    }

    fn not_put_on(&self, player: &Player, error: CallError) {
        match error {
            CallError::Refused(Refusal::Starting) => {
                let view = player.place.room.view();
                self.say(&json!({
                    "type": "transition_busy", "message": "A clip is already being loaded.",
                    "pending_video_id": view.delivered.clone().unwrap_or_default(),
                }));
            }
            CallError::Refused(refusal) => self.refuse(&refusal.to_string()),
            CallError::Failed | CallError::Closed => {}
        }
    }

    async fn switch_pool(&self, player: &Player, on: bool) {
        let own = player.place.member;
        match player
            .place
            .room
            .read(move |room| room.rights(own).host)
            .await
        {
            Ok(true) => player.clips.switch(on, player.place.name().await).await,
            _ => self.refuse("Only the host can change pool mode"),
        }
    }

    async fn kick(&self, player: &Player, target: String) {
        let (rdm, code, own) = (
            self.rdm,
            player.place.room.code().clone(),
            player.place.member,
        );
        let found = player.place.room.read(move |room| {
            let mut members = room.members().filter(|member| is_here(member));
            let target = members.find(|m| rdm.id_for(&code, None, &m.person) == target);
            (room.rights(own).people, target.map(|member| member.id))
        });
        match found.await {
            Ok((false, _)) => self.refuse("Only the host can kick users"),
            Ok((true, Some(member))) if member != own => {
                let kick = Command::Kick { member };
                let kicked = player.place.call(kick).await;
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

impl Player {
    /// This player has the clip that is waited for.
    async fn ready(&self, video: &str) {
        let wanted = video.to_owned();
        let item = self.place.room.read(move |room| {
            let on = room.current().filter(|item| item.media.key == wanted);
            on.map(|item| item.id)
        });
        if let Ok(Some(item)) = item.await {
            let ready = true;
            self.place.submit(Command::Ready { item, ready }).await;
        }
    }
}
