//! One connection, from its token to its end.
//!
//! A connection that is refused is accepted and closed with a code that tells the page why; it never reaches the room, so
//! it leaves no trace there. What is no message of the format is ignored, as the page ignores what it does not know.
use super::encode::{close, error, seconds, version};
use super::error::Refused;
use super::people::{User, id_of, user_of};
use super::policy::{CHAT_COOLDOWN, CHAT_LENGTH};
use super::progress;
use super::rooms::{by_code, look};
use super::token::ACCESS;
use super::{NAME, StreamIt};
use crate::dialects::pace::{Bucket, Pace};
use crate::dialects::steer::Control;
use crate::http::{App, open_socket};
use crate::hub::{CallError, HubError, Newcomer, NotIn, Seated, new_seat};
use crate::ws::{Cut, Heard, Line, Manners, close_frame, converse, json_frame};
use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;
use watchalong_room::{Command, Grant, Position, Refusal, Standing};

const MANNERS: Manners = Manners {
    // Longer ones than a megabyte are no mistake of a page; below that they are refused in words.
    message_bytes: (1 << 20) + (1 << 16),
    ping_after: Duration::from_secs(20),
    silent_for: Duration::from_secs(30),
};
/// A slider sends a seek with each move of the mouse, a player tells of its progress four times a second.
const MESSAGES: Pace = Pace {
    per_second: 100.0,
    burst: 300.0,
};
/// Records of progress that a player may write: what lies between two says nothing.
const RECORDS: Pace = Pace {
    per_second: 1.0,
    burst: 10.0,
};
/// Seconds by which a client may be off before it is corrected.
const DRIFT: f64 = 2.0;
const DENIED: Option<&str> = Some("PERMISSION_DENIED");
const TOO_FAST: &str = "Rate limit exceeded. Please wait.";
const TOO_LONG: &str = "Message too long.";
const CHAT_OFF: &str = "Chat is disabled in this room";

/// The token of an address: `?token=...`.
fn token(uri: &Uri) -> Option<String> {
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    let mut pairs = query.0.into_iter();
    pairs
        .find(|(key, _)| key == "token")
        .map(|(_, token)| token)
}

/// Opens a socket. What is wrong is told by its close code: a page can't read a refused handshake.
pub(super) async fn open(
    State(app): State<App>,
    Extension(dialect): Extension<&'static StreamIt>,
    Path(code): Path<String>,
    request: Request<Body>,
) -> Response {
    let (served, token) = (app.clone(), token(request.uri()));
    let opened = open_socket(&app, request, move |socket, address| {
        converse(socket, MANNERS, move |line| {
            let session = Session {
                app: served,
                dialect,
                address,
                line,
                cooling: None,
                records: Bucket::new(RECORDS),
            };
            session.run(token, code)
        })
    });
    opened.unwrap_or_else(|error| Refused::new(426, error.to_string()).into_response())
}

struct Session {
    app: App,
    dialect: &'static StreamIt,
    address: IpAddr,
    line: Line,
    /// Until when nothing of theirs is heard in the chat: they wrote too much.
    cooling: Option<Instant>,
    records: Bucket,
}

/// Somebody who is in.
struct Viewer {
    user: User,
    place: Seated,
}

/// The code to close with.
struct End(u16);

impl From<HubError> for End {
    fn from(error: HubError) -> Self {
        match error {
            HubError::Closed => Self(1012),
            error => {
                tracing::warn!(%error, "streamit");
                Self(1011)
            }
        }
    }
}

impl From<Cut> for End {
    fn from(cut: Cut) -> Self {
        Self(cut.close_code())
    }
}

impl Session {
    async fn run(mut self, token: Option<String>, code: String) {
        let End(code) = match self.talk(token, code).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        self.line.outbox().close(&close_frame(code, ""));
    }

    async fn talk(
        &mut self,
        token: Option<String>,
        code: String,
    ) -> Result<std::convert::Infallible, End> {
        let viewer = self.enter(token, &code).await?;
        let mut pace = Bucket::new(MESSAGES);
        loop {
            match self.line.next().await? {
                Heard::Text(text) if pace.take() => self.hear(&viewer, &text).await,
                Heard::Text(_) | Heard::Binary(_) => {}
                Heard::Drained => viewer.place.room.drained(viewer.place.seat),
            }
        }
    }

    // ---- coming in -------------------------------------------------------------------

    async fn enter(&mut self, token: Option<String>, code: &str) -> Result<Viewer, End> {
        let unknown = || End(close::UNAUTHENTICATED);
        let token = token.ok_or_else(unknown)?;
        let user = user_of(&self.app, ACCESS, &token).await;
        let user = user.map_err(HubError::from)?.ok_or_else(unknown)?;
        let room = by_code(&self.app, code).await?;
        let room = room.ok_or(End(close::NO_ROOM))?;
        let seen = look(&room, &user.person).await?;
        if seen.standing == Some(Standing::Banned) {
            return Err(End(close::BANNED));
        }
        if seen.over {
            return Err(End(close::INACTIVE));
        }
        if !(seen.standing == Some(Standing::Admitted) || seen.is_host) {
            return Err(End(close::FORBIDDEN));
        }
        let grant = if seen.is_host {
            Grant::Host
        } else {
            Grant::None
        };
        let newcomer = Newcomer {
            person: user.person.clone(),
            name: user.name.clone(),
            grant,
            client: NAME.to_owned(),
            reports: false,
            from: self.address,
        };
        let (hub, voice) = (&self.app.hub, &self.dialect.voice);
        let place = hub.enter(&room, new_seat(), self.line.outbox(), voice, newcomer);
        let place = place.await.map_err(|why| match why {
            // Closed already, by the room's task; or they were sent to wait meanwhile.
            NotIn::Refused(_) => End(close::FORBIDDEN),
            NotIn::Closed => End(1012),
        })?;
        Ok(Viewer { user, place })
    }

    // ---- being in --------------------------------------------------------------------

    async fn hear(&mut self, viewer: &Viewer, text: &str) {
        let Ok(message) = serde_json::from_str::<Map<String, Value>>(text) else {
            return;
        };
        let kind = message.get("type").and_then(Value::as_str);
        match kind.unwrap_or_default() {
            kind @ ("PLAY" | "PAUSE" | "SEEK") => self.steer(viewer, kind, &message).await,
            "CHAT_MESSAGE" => {
                if let Some(text) = message.get("message").and_then(Value::as_str) {
                    self.chat(viewer, text).await;
                }
            }
            kind @ ("MUTE_USER" | "UNMUTE_USER" | "KICK_USER" | "BAN_USER") => {
                self.moderate(viewer, kind, &message).await;
            }
            "SYNC_CHECK" => self.correct(viewer, &message).await,
            "PLAYER_EVENT" => {
                if let Some(data) = message.get("data").and_then(Value::as_object) {
                    self.player_event(viewer, data).await;
                }
            }
            _ => {}
        }
    }

    fn refuse(&self, message: &str, code: Option<&str>) {
        self.line.outbox().push(&error(message, code));
    }

    /// Tells of a refusal that the room gave.
    fn refused(&self, error: &CallError, not_allowed: &str) {
        match error {
            CallError::Refused(Refusal::NotAllowed { .. }) => self.refuse(not_allowed, DENIED),
            // They have been told by their socket's end.
            CallError::Refused(Refusal::UnknownSeat | Refusal::RoomOver) | CallError::Closed => {}
            error => self.refuse(&error.to_string(), None),
        }
    }

    async fn steer(&mut self, viewer: &Viewer, kind: &str, message: &Map<String, Value>) {
        let wanted = match message.get("time") {
            None => None,
            Some(time) => match time.as_f64().filter(|time| time.is_finite()) {
                Some(time) => Some(Position::clamped(time)),
                None => return,
            },
        };
        let now = self.app.hub.clock.now();
        let look = viewer.place.room.read(move |room| {
            let timeline = room.timeline();
            (timeline.playing, timeline.position_at(now))
        });
        let Ok((playing, here)) = look.await else {
            return;
        };
        let position = wanted.unwrap_or(here);
        let Some(control) = Control::named(kind) else {
            return;
        };
        for command in control.commands(position, playing) {
            if let Err(error) = viewer.place.call(command).await {
                return self.refused(&error, "Only host can control playback");
            }
        }
        progress::moved(&self.app, viewer.place.room.clone(), &viewer.user, position).await;
    }

    async fn chat(&mut self, viewer: &Viewer, text: &str) {
        let text = text.replace('\0', "");
        let text = text.trim();
        let chat = viewer.place.room.read(|room| room.policy().chat.enabled);
        match chat.await {
            Ok(true) => {}
            Ok(false) => return self.refuse(CHAT_OFF, None),
            Err(_) => return,
        }
        if text.is_empty() {
            return;
        }
        if text.chars().count() > CHAT_LENGTH {
            return self.refuse(TOO_LONG, None);
        }
        if self.cooling.is_some_and(|until| Instant::now() < until) {
            return self.refuse(TOO_FAST, None);
        }
        let say = Command::Say {
            text: text.to_owned(),
            reply_to: None,
        };
        let Err(error) = viewer.place.call(say).await else {
            return;
        };
        match error {
            CallError::Refused(Refusal::TooFast { .. }) => {
                self.cooling = Some(Instant::now() + CHAT_COOLDOWN);
                self.refuse(TOO_FAST, None);
            }
            CallError::Refused(Refusal::Duplicate) => {
                self.refuse("Duplicate message blocked.", None);
            }
            CallError::Refused(Refusal::Muted) => self.refuse("You are muted in this room", None),
            CallError::Refused(Refusal::ChatOff) => self.refuse(CHAT_OFF, None),
            // Nothing of it can be seen.
            CallError::Refused(Refusal::BadText { .. }) => {}
            error => self.refused(&error, CHAT_OFF),
        }
    }

    async fn moderate(&mut self, viewer: &Viewer, kind: &str, message: &Map<String, Value>) {
        let own = viewer.place.member;
        let look = viewer.place.room.read(move |room| {
            let may = room.rights(own).people;
            let known = room.members().chain(room.former());
            let known = known.filter(|member| member.id != own);
            let known: Vec<_> = known.map(|m| (m.id, m.person.clone())).collect();
            (may, known)
        });
        let Ok((may, known)) = look.await else { return };
        if !may {
            return self.refuse("Only host can moderate", DENIED);
        }
        let Some(whom) = message.get("user_id").and_then(Value::as_str) else {
            return;
        };
        let mut known = known.into_iter();
        let target = known.find(|(_, person)| id_of(&self.app, person) == whom);
        let Some((member, _)) = target else { return };
        let command = match kind {
            "MUTE_USER" => Command::Mute {
                member,
                muted: true,
            },
            "UNMUTE_USER" => Command::Mute {
                member,
                muted: false,
            },
            "KICK_USER" => Command::Kick { member },
            _ => Command::Ban {
                member,
                address: false,
            },
        };
        match viewer.place.call(command).await {
            // Nobody there to be kicked: as it was wanted.
            Ok(_) | Err(CallError::Refused(Refusal::UnknownMember)) => {}
            Err(error) => self.refused(&error, "Only host can moderate"),
        }
    }

    /// Where the room is, for a client that believes itself elsewhere.
    async fn correct(&self, viewer: &Viewer, message: &Map<String, Value>) {
        let client = match message.get("client_time") {
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(client) = client.filter(|time: &f64| time.is_finite()) else {
            return;
        };
        let now = self.app.hub.clock.now();
        let look = viewer
            .place
            .room
            .read(move |room| (room.timeline().position_at(now), version(room)));
        let Ok((here, version)) = look.await else {
            return;
        };
        if (here.seconds() - client).abs() > DRIFT {
            let correction = json!({
                "type": "SYNC_CORRECTION", "time": seconds(here), "version": version,
            });
            self.line.outbox().push(&json_frame(&correction));
        }
    }

    async fn player_event(&mut self, viewer: &Viewer, data: &Map<String, Value>) {
        let Some(step) = progress::Step::read(data) else {
            return;
        };
        // What lies between two of a player's own messages says nothing; a person's act always does.
        if step.by_itself && !self.records.take() {
            return;
        }
        let hosts = look(&viewer.place.room, &viewer.user.person).await;
        if hosts.is_ok_and(|seen| seen.is_host) {
            progress::played(&self.app, viewer.place.room.clone(), &viewer.user, step).await;
        }
    }
}
