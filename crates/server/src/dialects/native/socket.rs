//! One connection of the native protocol, from its hello to its end.
//!
//! Reads, decodes, answers the clock at once, and hands everything else on. What it sends goes through the
//! outbox, so a broadcast never passes this task.
use super::encode::{Native, VERSION};
use super::wire::{ClientMessage, Cmd, Hello, Peek};
use crate::accounts::{Accounts, Identity};
use crate::dialects::pace::{Bucket, Pace};
use crate::hub::encoder::Encoder;
use crate::hub::{Connection, DoorError, Hub, Newcomer, RoomHandle, new_seat};
use crate::limits::{Key, Limits as RateLimits};
use crate::log::Origin;
use crate::ws::{Cut, Heard, Line, Manners, Socket, close_frame, converse, text_frame};
use crate::{password, store::StoreError};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use watchalong_room::{Actor, Command, EntryPolicy, Grant, PersonId, SeatId};

/// One message: a chat message of the largest allowed length in four-byte characters fits, twice.
const MESSAGE_BYTES: usize = 64 * 1024;
/// The first message, so that a silent connection costs nothing for long.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
const MANNERS: Manners = Manners {
    message_bytes: MESSAGE_BYTES,
    ping_after: Duration::from_secs(25),
    // The ping had 50 s to be answered, longer than any mobile hand-over.
    silent_for: Duration::from_secs(75),
};
/// Messages a second in all; a person with every feature in use stays below 30.
const MESSAGES: Pace = Pace {
    per_second: 100.0,
    burst: 200.0,
};
/// Commands a second; a seek drag sends about 10.
const COMMANDS: Pace = Pace {
    per_second: 20.0,
    burst: 40.0,
};
/// Clock messages a second; a burst at the start is 8 within half a second.
const CLOCKS: Pace = Pace {
    per_second: 20.0,
    burst: 40.0,
};
/// Reports a second.
const REPORTS: Pace = Pace {
    per_second: 4.0,
    burst: 8.0,
};
/// Typing notes: one in two seconds.
const TYPING: Pace = Pace {
    per_second: 0.5,
    burst: 1.0,
};
/// Messages without meaning in a row before we hang up.
const NONSENSE: u32 = 10;

/// Who opened a connection, as far as its handshake says, and what is asked about them.
pub struct Visitor {
    /// By the handshake's cookie or token.
    pub identity: Option<Identity>,
    /// Where from.
    pub address: IpAddr,
    /// Who people are.
    pub accounts: Arc<Accounts>,
    /// How often one may come, and guess.
    pub limits: Arc<RateLimits>,
}

/// Runs a connection to its end. `room` is `None` where the code names none: the client is told so in words.
pub async fn connect(
    hub: Arc<Hub>,
    native: &'static Native,
    room: Option<Arc<RoomHandle>>,
    visitor: Visitor,
    socket: Socket,
) {
    converse(socket, MANNERS, |line| {
        let session = Session {
            hub,
            native,
            visitor,
            line,
        };
        session.run(room)
    })
    .await;
}

struct Session {
    hub: Arc<Hub>,
    native: &'static Native,
    visitor: Visitor,
    line: Line,
}

/// Why a session is over.
enum End {
    /// The other side is gone or said goodbye.
    Gone,
    /// With these words and this close code.
    Bye {
        code: &'static str,
        message: String,
        again: bool,
        close: u16,
    },
    /// Not now; in a while.
    Later {
        code: &'static str,
        message: String,
        wait: Duration,
        close: u16,
    },
}

impl End {
    fn bye(code: &'static str, message: &str, again: bool, close: u16) -> Self {
        Self::Bye {
            code,
            message: message.to_owned(),
            again,
            close,
        }
    }

    fn too_many(wait: Duration) -> Self {
        Self::Later {
            code: "too_many_requests",
            message: "Too many tries in a short time. Wait a little.".to_owned(),
            wait,
            close: 4429,
        }
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "store");
        Self::bye(error.code(), &error.to_string(), true, 1011)
    }
}

impl From<DoorError> for End {
    fn from(error: DoorError) -> Self {
        match error {
            DoorError::TooMany(wait) => Self::too_many(wait),
            DoorError::Password(error) => Self::Later {
                code: error.code(),
                message: error.to_string(),
                wait: password::BUSY_FOR,
                close: 4429,
            },
        }
    }
}

impl From<Cut> for End {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Gone => Self::Gone,
            Cut::Silent => Self::bye(
                "idle",
                "Nothing was heard from you for a while.",
                true,
                1001,
            ),
            Cut::Broken(error) => {
                Self::bye("bad_frame", &error.to_string(), false, error.close_code())
            }
        }
    }
}

/// Limits and counters of one connection that is in.
struct Meters {
    messages: Bucket,
    commands: Bucket,
    clocks: Bucket,
    reports: Bucket,
    typing: Bucket,
    nonsense: u32,
}

impl Session {
    async fn run(mut self, room: Option<Arc<RoomHandle>>) {
        let end = match self.talk(room).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        let outbox = self.line.outbox();
        match end {
            End::Gone => outbox.close(&close_frame(1000, "")),
            End::Bye {
                code,
                message,
                again,
                close,
            } => {
                outbox.push(&Native::bye(code, &message, again));
                outbox.close(&close_frame(close, code));
            }
            End::Later {
                code,
                message,
                wait,
                close,
            } => {
                outbox.push(&Native::bye_for(code, &message, wait));
                outbox.close(&close_frame(close, code));
            }
        }
    }

    async fn talk(
        &mut self,
        room: Option<Arc<RoomHandle>>,
    ) -> Result<std::convert::Infallible, End> {
        let Some(room) = room else {
            let message = "There is no room with this code. Check the link, or ask for a new one.";
            return Err(End::bye("room_not_found", message, false, 4404));
        };
        let hello = self.hello().await?;
        let (seat, connection) = self.arrive(&room, hello).await?;
        let mut meters = Meters {
            messages: Bucket::new(MESSAGES),
            commands: Bucket::new(COMMANDS),
            clocks: Bucket::new(CLOCKS),
            reports: Bucket::new(REPORTS),
            typing: Bucket::new(TYPING),
            nonsense: 0,
        };
        let _guard = connection;
        loop {
            let heard = self.line.next().await?;
            if matches!(heard, Heard::Drained) {
                room.drained(seat);
                continue;
            }
            if !meters.messages.take() {
                let message = "Too many messages. Slow down.";
                return Err(End::bye("too_fast", message, true, 4429));
            }
            match heard {
                Heard::Text(text) => self.message(&room, seat, &text, &mut meters).await?,
                _ => self.nonsense(&mut meters, "This protocol has text messages only.")?,
            }
        }
    }

    // ---- coming in -------------------------------------------------------------------

    async fn hello(&mut self) -> Result<Box<Hello>, End> {
        let until = Instant::now() + HELLO_WITHIN;
        loop {
            let heard = tokio::time::timeout_at(until, self.line.next()).await;
            let heard = heard
                .map_err(|_| End::bye("bad_hello", "No hello came in time.", true, 4408))??;
            let Heard::Text(text) = heard else { continue };
            let bad = |message: &str| Err(End::bye("bad_hello", message, false, 4400));
            return match serde_json::from_str(&text) {
                Ok(ClientMessage::Hello(hello)) if hello.v == VERSION => Ok(hello),
                Ok(ClientMessage::Hello(hello)) => bad(&format!(
                    "This server speaks version {VERSION}, not {}. Reload the page.",
                    hello.v
                )),
                Ok(ClientMessage::Clock { id, c }) => {
                    self.answer_clock(&id, c);
                    continue;
                }
                Ok(_) => bad("The first message must be a hello."),
                Err(error) => bad(&format!("The hello can't be read: {error}.")),
            };
        }
    }

    async fn arrive(
        &mut self,
        room: &Arc<RoomHandle>,
        hello: Box<Hello>,
    ) -> Result<(SeatId, Connection), End> {
        let resume = hello
            .resume
            .as_deref()
            .and_then(|token| self.hub.signer.seat_of(room.code().as_str(), token));
        let identity = self.identity(&hello).await?;
        // Who comes back to their seat was counted when they came: a server that restarts gets everybody at once.
        if resume.is_none() {
            let account = identity.as_ref().and_then(|known| known.account.as_ref());
            let keys: Vec<_> = [self.visitor.address.into()]
                .into_iter()
                .chain(account.map(|account| Key::named("account", &account.id.0)))
                .collect();
            self.visitor
                .limits
                .join
                .take_all(&keys)
                .map_err(End::too_many)?;
        }
        let person = match identity {
            Some(identity) => identity.person,
            None => self.hub.signer.new_guest(),
        };
        let grant = self.grant(room, &person, &hello).await?;
        let newcomer = Newcomer {
            person,
            name: hello.name,
            grant,
            client: hello.client,
            reports: hello.reports,
            from: self.visitor.address,
        };
        let (seat, outbox) = (resume.unwrap_or_else(new_seat), self.line.outbox());
        let places = (seat, resume);
        let connection = self.hub.arrive(room, places, outbox, self.native, newcomer);
        Ok((seat, connection))
    }

    /// Who this is: by the token in the hello, else by the handshake, else the guest of the hello.
    async fn identity(&self, hello: &Hello) -> Result<Option<Identity>, End> {
        let accounts = &self.visitor.accounts;
        if let Some(token) = &hello.token {
            let account = accounts.token(token).await?;
            let account = account.ok_or_else(|| {
                let message = "This token is not genuine, or it has expired. Log in again.";
                End::bye("bad_token", message, false, 4401)
            })?;
            return Ok(Some(Identity::of(account, None)));
        }
        if let Some(identity) = &self.visitor.identity {
            return Ok(Some(identity.clone()));
        }
        Ok(match &hello.person {
            Some(token) => accounts.guest(token).await?.map(Identity::guest),
            None => None,
        })
    }

    async fn grant(
        &self,
        room: &Arc<RoomHandle>,
        person: &PersonId,
        hello: &Hello,
    ) -> Result<Grant, End> {
        let key = hello.host_key.as_deref();
        if room.is_owner(person) || key.is_some_and(|key| room.is_host_key(key)) {
            return Ok(Grant::Host);
        }
        let invite = hello.invite.as_deref();
        let code = room.code().as_str();
        let invited = invite.and_then(|token| self.hub.signer.invite_of(code, token));
        let (given, from) = (hello.password.clone(), self.visitor.address);
        let proved = self.hub.password_grant(room, given, from).await?;
        Ok(match (proved, invited) {
            (Grant::None | Grant::WrongPassword, Some(invite)) => Grant::Invite(invite),
            (proved, _) => proved,
        })
    }

    // ---- being in --------------------------------------------------------------------

    async fn message(
        &mut self,
        room: &Arc<RoomHandle>,
        seat: SeatId,
        text: &str,
        meters: &mut Meters,
    ) -> Result<(), End> {
        match serde_json::from_str(text) {
            Ok(ClientMessage::Clock { id, c }) => {
                if meters.clocks.take() {
                    self.answer_clock(&id, c);
                }
            }
            Ok(ClientMessage::Cmd(cmd)) => {
                meters.nonsense = 0;
                let id = cmd.id;
                if meters.commands.take() {
                    self.command(room, seat, *cmd).await;
                } else {
                    self.refuse(
                        Some(id),
                        "too_fast",
                        "Too many commands at once. Slow down.",
                    );
                }
            }
            Ok(ClientMessage::Report(report)) => {
                if meters.reports.take() {
                    room.report(seat, report.decode());
                }
            }
            Ok(ClientMessage::Typing) => {
                if meters.typing.take() {
                    room.typing(seat);
                }
            }
            Ok(ClientMessage::Hello(_)) => self.nonsense(meters, "You have said hello already.")?,
            Err(error) => {
                let known = serde_json::from_str::<Peek>(text).unwrap_or_default();
                let (code, message) = known.diagnose(&error);
                self.refuse(known.id, code, &message);
                meters.nonsense += 1;
                self.patience(meters)?;
            }
        }
        Ok(())
    }

    async fn command(&mut self, room: &Arc<RoomHandle>, seat: SeatId, cmd: Cmd) {
        let policy = || room.view().policy;
        match cmd.what.decode(&self.native.shelf, room.code(), policy) {
            Ok(Command::SetPolicy { patch })
                if patch.entry == Some(EntryPolicy::Password) && room.password_hash().is_none() =>
            {
                // Nobody could enter. Setting one turns the policy, too: PATCH /api/v2/rooms/{code}.
                let message = "This room has no password. Set one first.";
                self.refuse(Some(cmd.id), "password_needed", message);
            }
            Ok(command) => {
                let origin = Some(Origin::Connection {
                    seat,
                    id: Some(cmd.id),
                });
                room.submit(Actor::Seat(seat), command, origin).await;
            }
            Err(error) => self.refuse(Some(cmd.id), error.code(), &error.to_string()),
        }
    }

    fn answer_clock(&self, id: &serde_json::Value, c: f64) {
        let received = self.hub.clock.precise_ms();
        let answer = json!({"t": "clock", "id": id, "c": c, "r": received, "s": self.hub.clock.precise_ms()});
        self.line.outbox().push(&text_frame(&answer.to_string()));
    }

    fn refuse(&self, id: Option<u64>, code: &str, message: &str) {
        if let Some(frame) = self.native.refused(id, code, message, None) {
            self.line.outbox().push(&frame);
        }
    }

    fn nonsense(&self, meters: &mut Meters, message: &str) -> Result<(), End> {
        self.refuse(None, "bad_message", message);
        meters.nonsense += 1;
        self.patience(meters)
    }

    fn patience(&self, meters: &Meters) -> Result<(), End> {
        if meters.nonsense < NONSENSE {
            return Ok(());
        }
        Err(End::bye(
            "bad_message",
            "Too many messages that mean nothing here.",
            false,
            4400,
        ))
    }
}
