//! One connection of OpenWatchParty, from its hello to its end: in a room, or in the lobby between two.
//!
//! The connection holds a place in at most one room. Whether that place still is one (the room may have closed, the
//! host may have removed them) is asked of the room, never remembered here.
use super::wire::{self, Envelope, Say};
use super::{NAME, OpenWatchParty, lobby, policy};
use crate::code::RoomCode;
use crate::dialects::pace::{Bucket, Pace};
use crate::hub::{Connection, Greeting, Hub, HubError, NewRoom, RoomHandle};
use crate::limits::Limits;
use crate::secret;
use crate::ws::{Cut, Heard, Line, Manners, Socket, close_frame, converse};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use watchalong_room::{
    Actor, Command, Grant, HostAbsence, MAX_ROOM_NAME, Media, Position, SeatId, SourceKind,
};

const MANNERS: Manners = Manners {
    // Larger messages are refused in words; past this nobody listens.
    message_bytes: 1 << 20,
    // Background tabs send one ping a minute; theirs are answered by the browser itself.
    ping_after: Duration::from_secs(25),
    silent_for: Duration::from_secs(60),
};
/// The client's log lines: a hundred come at once after an outage, and must not use up what `auth` needs.
const LOG_LINES: Pace = Pace {
    per_second: 10.0,
    burst: 120.0,
};
/// Rooms that a connection was told are gone: it believes in one at a time.
const TOLD: usize = 16;
/// Characters of a log line that are worth keeping.
const LOG_LENGTH: usize = 300;

/// Who opened a connection.
pub struct Visitor {
    /// Where from.
    pub address: IpAddr,
    /// How often one may come, and make rooms.
    pub limits: Arc<Limits>,
}

/// Runs a connection to its end.
pub async fn connect(
    hub: Arc<Hub>,
    dialect: &'static OpenWatchParty,
    visitor: Visitor,
    socket: Socket,
) {
    converse(socket, MANNERS, |line| {
        let seat = SeatId(u64::from_le_bytes(secret::random()));
        let session = Session {
            id: dialect.signer.uuid("owp-client", &secret::new_key()),
            seat,
            name: "Anonymous".to_owned(),
            authenticated: !dialect.auth_enabled(),
            place: None,
            told: Vec::new(),
            window: Window::new(),
            log_lines: Bucket::new(LOG_LINES),
            hub,
            dialect,
            visitor,
            line,
        };
        session.run()
    })
    .await;
}

/// The fixed window that the format counts messages in.
struct Window {
    since: Instant,
    count: u32,
}

impl Window {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            count: 0,
        }
    }

    /// Counts a message; `Err(true)` for the first too many of a window, `Err(false)` for more.
    fn take(&mut self) -> Result<(), bool> {
        if self.since.elapsed() > Duration::from_secs(1) {
            *self = Self::new();
        }
        self.count = self.count.saturating_add(1);
        match self.count {
            n if n <= wire::MESSAGES => Ok(()),
            n => Err(n == wire::MESSAGES + 1),
        }
    }
}

/// A place in a room.
pub(super) struct Place {
    pub(super) room: Arc<RoomHandle>,
    /// What the room is called here.
    pub(super) id: String,
    /// `None` once it was left on purpose.
    connection: Option<Connection>,
}

impl Drop for Place {
    /// A connection that is lost leaves, whatever ended it: in this format nobody comes back to a place.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let (room, seat) = (self.room.clone(), connection.seat());
            tokio::spawn(async move {
                let _ = room.call(Actor::Seat(seat), Command::Leave).await;
                drop(connection);
            });
        }
    }
}

/// Whoever is gone is sent no more lists.
impl Drop for Session {
    fn drop(&mut self) {
        self.dialect.lobby.leave(&self.id);
    }
}

pub(super) struct Session {
    id: String,
    pub(super) seat: SeatId,
    name: String,
    authenticated: bool,
    pub(super) place: Option<Place>,
    told: Vec<String>,
    window: Window,
    log_lines: Bucket,
    hub: Arc<Hub>,
    dialect: &'static OpenWatchParty,
    visitor: Visitor,
    line: Line,
}

impl Session {
    async fn run(mut self) {
        let hello = json!({"client_id": self.id});
        self.send(self.say("client_hello").client(&self.id).payload(hello));
        if self.authenticated {
            self.dialect.lobby.enter(&self.id, self.line.outbox());
            self.list().await;
        } else {
            self.line
                .outbox()
                .push(&lobby::nothing(self.hub.clock.now()));
        }
        let close = loop {
            match self.line.next().await {
                Ok(Heard::Text(text)) => self.hear(&text).await,
                Ok(Heard::Binary(_)) => {}
                // It missed messages and can't be told what: better a new connection than being out of step.
                Ok(Heard::Drained) => break close_frame(1013, "too slow"),
                Err(Cut::Gone) => break close_frame(1000, ""),
                Err(Cut::Silent) => break close_frame(1001, "idle"),
                Err(Cut::Broken(error)) => break close_frame(error.close_code(), ""),
            }
        };
        self.place = None;
        self.line.outbox().close(&close);
    }

    async fn hear(&mut self, text: &str) {
        let message = (text.len() <= wire::MESSAGE_BYTES)
            .then(|| Envelope::read(text))
            .flatten();
        if let Some(message) = message.as_ref().filter(|m| m.kind == "client_log") {
            return self.log(message);
        }
        match self.window.take() {
            Ok(()) => {}
            Err(first) => {
                if first {
                    self.error(wire::TOO_FAST);
                }
                return;
            }
        }
        if text.len() > wire::MESSAGE_BYTES {
            return self.error(wire::TOO_LARGE);
        }
        let Some(message) = message else {
            return self.error(wire::BAD_FORMAT);
        };
        match message.kind.as_str() {
            "auth" => self.auth(&message).await,
            "list_rooms" => self.list().await,
            "create_room" => self.create(&message).await,
            "join_room" => self.join(&message).await,
            "leave_room" => {
                if self.place.is_none() {
                    self.list().await;
                }
                self.leave().await;
            }
            "ready" => self.ready(&message).await,
            "player_event" => self.player_event(&message).await,
            "state_update" => self.state_update(&message).await,
            "chat_message" => self.chat(&message).await,
            "ping" => self.pong(&message),
            _ => self.error(wire::UNKNOWN_TYPE),
        }
        if let "ping" | "player_event" | "state_update" | "chat_message" = message.kind.as_str() {
            self.set_right(&message).await;
        }
    }

    // ---- who one is ------------------------------------------------------------------

    async fn auth(&mut self, message: &Envelope) {
        let token = message.text("token");
        match (&self.dialect.tokens, token) {
            (None, token) => {
                self.call(message.user_name()).await;
                if token.is_some() {
                    self.welcome();
                }
            }
            (Some(_), None) => {}
            (Some(tokens), Some(token)) => {
                let Some(claims) = tokens.check(token) else {
                    return self.error(wire::AUTH_FAILED);
                };
                self.call(wire::name(&claims.name)).await;
                let known = std::mem::replace(&mut self.authenticated, true);
                self.welcome();
                if !known {
                    self.dialect.lobby.enter(&self.id, self.line.outbox());
                    self.list().await;
                }
            }
        }
    }

    fn welcome(&self) {
        let payload = json!({"user_name": self.name});
        self.send(self.say("auth_success").client(&self.id).payload(payload));
    }

    /// Another name from now on.
    async fn call(&mut self, name: Option<String>) {
        let Some(name) = name.filter(|name| *name != self.name) else {
            return;
        };
        self.name = name.clone();
        self.submit(Command::Rename { name }).await;
    }

    /// A name from a message that is not about names: a token's is not overruled by it.
    async fn call_by(&mut self, message: &Envelope) {
        if !self.dialect.auth_enabled() {
            self.call(message.user_name()).await;
        }
    }

    fn may_enter(&self) -> bool {
        if !self.authenticated {
            self.error(wire::AUTH_NEEDED);
        }
        self.authenticated
    }

    // ---- rooms -----------------------------------------------------------------------

    async fn create(&mut self, message: &Envelope) {
        if !self.may_enter() {
            return;
        }
        let limits = self.visitor.limits.clone();
        if limits.create.take(self.visitor.address.into()).is_err() {
            return self.error(wire::TOO_FAST);
        }
        self.close_own().await;
        self.leave().await;
        self.call_by(message).await;
        let name = format!("Room de {}", self.name);
        // A room plays something always here; what it is may be known to its members alone.
        let media = match message.media_id() {
            Some(id) => (SourceKind::Jellyfin, id),
            None => (SourceKind::Local, NAME),
        };
        let new = NewRoom {
            name: name.chars().take(MAX_ROOM_NAME).collect(),
            policy: policy::preset(),
            media: Some(Media {
                kind: media.0,
                key: media.1.to_owned(),
                title: "Jellyfin".to_owned(),
                duration: None,
            }),
            position: message.position("start_pos").unwrap_or(Position::ZERO),
            password_hash: None,
            owner: None,
            schedule: None,
        };
        let made = async {
            let created = self.hub.create(new).await?;
            let id = self.dialect.known(&self.hub, created.room.code()).await?;
            Ok::<_, HubError>((created.room, id))
        };
        match made.await {
            Ok((room, id)) => {
                self.enter(room, id, Grant::Host).await;
                self.report_ready().await;
            }
            Err(error) => self.failed(&error),
        }
    }

    async fn join(&mut self, message: &Envelope) {
        if !self.may_enter() {
            return;
        }
        let named = message.room.clone().unwrap_or_default();
        let room = match self.find(&named).await {
            Ok(Some(room)) => room,
            Ok(None) => return self.error(wire::NO_ROOM),
            Err(error) => return self.failed(&error),
        };
        self.call_by(message).await;
        if let Some(place) = self.place.as_ref().filter(|p| p.room.code() == room.code())
            && self.is_in(&place.room).await
        {
            let (seat, dialect) = (self.seat, self.dialect);
            let state = move |scene: crate::hub::encoder::Scene<'_>| {
                let member = scene.room.member_of_seat(seat).map(|member| member.id);
                vec![(seat, dialect.room_state(scene, member))]
            };
            let _ = room.pass(state).await;
            return;
        }
        let limits = self.visitor.limits.clone();
        if limits.join.take(self.visitor.address.into()).is_err() {
            return self.error(wire::TOO_FAST);
        }
        self.leave().await;
        match self.dialect.known(&self.hub, room.code()).await {
            Ok(id) => self.enter(room, id, Grant::None).await,
            Err(error) => self.failed(&error),
        }
    }

    async fn enter(&mut self, room: Arc<RoomHandle>, id: String, grant: Grant) {
        let address = &self.visitor.address;
        let address = self
            .hub
            .signer
            .address_digest(room.code().as_str(), *address);
        let join = Command::Join {
            person: OpenWatchParty::person(&self.id),
            name: self.name.clone(),
            grant,
            client: "jellyfin".to_owned(),
            reports: policy::may_wait(&room.view().policy),
            node: self.hub.node,
            address: Some(address),
        };
        let greeting = Greeting {
            resume: None,
            join,
            from: self.visitor.address,
        };
        let outbox = self.line.outbox().clone();
        let connection = room.arrive(self.seat, outbox, self.dialect, greeting);
        // What is sent right behind this must not overtake it on the way to the log.
        let _ = room.read(|_| ()).await;
        self.place = Some(Place {
            room,
            id,
            connection: Some(connection),
        });
    }

    /// Ends a room that closes without its host anyway: its host opens another one. The room refuses anybody else.
    async fn close_own(&mut self) {
        let Some(place) = &self.place else { return };
        if place.room.view().policy.host_absence == HostAbsence::Close {
            let _ = place.room.call(Actor::Seat(self.seat), Command::End).await;
        }
    }

    async fn leave(&mut self) {
        if let Some(mut place) = self.place.take() {
            let _connection = place.connection.take();
            let actor = Actor::Seat(self.seat);
            let _ = place.room.call(actor, Command::Leave).await;
        }
    }

    async fn find(&self, named: &str) -> Result<Option<Arc<RoomHandle>>, HubError> {
        let found = match self.hub.by_alias(NAME, named).await? {
            Some(room) => Some(room),
            None => match RoomCode::parse(named) {
                Some(code) => self.hub.room(&code).await?,
                None => None,
            },
        };
        Ok(found.filter(|room| !room.view().life.is_terminal()))
    }

    async fn is_in(&self, room: &RoomHandle) -> bool {
        let seat = self.seat;
        let here = room.read(move |room| room.member_of_seat(seat).is_some());
        here.await.unwrap_or(false)
    }

    /// A client that lost its connection believes for ever that it is still in its room: tells it once that it is
    /// not, and it goes back to the lobby. Somebody who only speaks of another room is told where there is none.
    async fn set_right(&mut self, message: &Envelope) {
        let Some(named) = message.room.as_ref().filter(|room| !room.is_empty()) else {
            return;
        };
        let right = match self.place.as_ref().filter(|place| place.id == *named) {
            Some(place) => self.is_in(&place.room).await,
            None => {
                let exists = matches!(self.find(named).await, Ok(Some(_)));
                exists && message.kind == "chat_message"
            }
        };
        if right || self.told.contains(named) || self.told.len() >= TOLD {
            return;
        }
        self.told.push(named.clone());
        let payload = json!({"reason": "The room is closed"});
        self.send(self.say("room_closed").room(named).payload(payload));
    }

    async fn list(&self) {
        let frame = if self.authenticated {
            match self.dialect.list(&self.hub).await {
                Ok(list) => lobby::frame(list, self.hub.clock.now()),
                Err(error) => return self.failed(&error),
            }
        } else {
            lobby::nothing(self.hub.clock.now())
        };
        self.line.outbox().push(&frame);
    }

    // ---- besides ---------------------------------------------------------------------

    fn pong(&self, message: &Envelope) {
        let mut pong = self.say("pong");
        if let Some(room) = &message.room {
            pong = pong.room(room);
        }
        if let Some(client) = &message.claimed {
            pong = pong.client(client);
        }
        if let Some(payload) = &message.payload {
            pong = pong.payload(payload.clone());
        }
        self.send(pong);
    }

    fn log(&mut self, message: &Envelope) {
        if self.log_lines.take() {
            let of = |key| message.text(key).unwrap_or_default();
            let clean = |raw: &str| watchalong_room::clean_line(raw, LOG_LENGTH);
            let (category, text) = (clean(of("category")), clean(of("message")));
            tracing::debug!(client = self.id, category, text, "client says");
        }
    }

    fn say(&self, kind: &str) -> Say {
        Say::new(kind, self.hub.clock.now())
    }

    fn send(&self, message: Say) {
        self.line.outbox().push(&message.frame());
    }

    pub(super) fn error(&self, message: &str) {
        let payload: Value = json!({"message": message});
        self.send(self.say("error").client(&self.id).payload(payload));
    }

    fn failed(&self, error: &HubError) {
        tracing::warn!(%error, "openwatchparty");
        self.error(&error.to_string());
    }
}
