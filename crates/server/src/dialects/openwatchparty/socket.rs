//! One connection of OpenWatchParty, from its hello to its end: in a room, or in the lobby between two.
//!
//! The connection holds a place in at most one room. Whether that place still is one (the room may have closed, the
//! host may have removed them) is asked of the room, never remembered here.
use super::rooms::Place;
use super::wire::{self, Envelope, Say};
use super::{OpenWatchParty, lobby};
use crate::dialects::pace::{Bucket, Pace};
use crate::hub::{Hub, HubError, new_seat};
use crate::secret;
use crate::ws::{Heard, Line, Manners, Socket, close_frame, converse};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use watchalong_room::{Command, SeatId};

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

/// Runs a connection to its end.
pub async fn connect(
    hub: Arc<Hub>,
    dialect: &'static OpenWatchParty,
    address: IpAddr,
    socket: Socket,
) {
    converse(socket, MANNERS, |line| {
        let seat = new_seat();
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
            address,
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

/// Whoever is gone is sent no more lists.
impl Drop for Session {
    fn drop(&mut self) {
        self.dialect.lobby.leave(&self.id);
    }
}

pub(super) struct Session {
    pub(super) id: String,
    pub(super) seat: SeatId,
    pub(super) name: String,
    pub(super) authenticated: bool,
    pub(super) place: Option<Place>,
    told: Vec<String>,
    window: Window,
    log_lines: Bucket,
    pub(super) hub: Arc<Hub>,
    pub(super) dialect: &'static OpenWatchParty,
    pub(super) address: IpAddr,
    pub(super) line: Line,
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
                Err(cut) => break cut.close(),
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
    pub(super) async fn call_by(&mut self, message: &Envelope) {
        if !self.dialect.auth_enabled() {
            self.call(message.user_name()).await;
        }
    }

    pub(super) fn may_enter(&self) -> bool {
        if !self.authenticated {
            self.error(wire::AUTH_NEEDED);
        }
        self.authenticated
    }

    // ---- where one is ----------------------------------------------------------------

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

    pub(super) fn say(&self, kind: &str) -> Say {
        Say::new(kind, self.hub.clock.now())
    }

    pub(super) fn send(&self, message: Say) {
        self.line.outbox().push(&message.frame());
    }

    pub(super) fn error(&self, message: &str) {
        let payload: Value = json!({"message": message});
        self.send(self.say("error").client(&self.id).payload(payload));
    }

    pub(super) fn failed(&self, error: &HubError) {
        self.error(&broken(error));
    }
}

/// A failure of the server's own, in words.
pub(super) fn broken(error: &HubError) -> String {
    tracing::warn!(%error, "openwatchparty");
    error.to_string()
}
