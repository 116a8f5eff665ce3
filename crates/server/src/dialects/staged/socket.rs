//! One page's connection, from its door to its end.
//!
//! Who has the key may control from any connection, in the server's name; who came by the host's door does so as the
//! room's host; what anybody else controls is the room's to refuse, and it says nothing about it. While the room plays
//! a page is told the state twice a second: this is also what puts a player back that was paused by a key of the keyboard.
use super::desk::{Card, Laid, Table};
use super::encode::send;
use super::gate::Place;
use super::meter::Meter;
use super::wire::{self, Message, Said};
use super::{NAME, PERSON, Staged};
use crate::dialects::pace::{Bucket, Pace};
use crate::http::App;
use crate::hub::encoder::Scene;
use crate::hub::{CallError, Connection, Greeting, PlayerState, Report, RoomHandle};
use crate::log::Origin;
use crate::secret;
use crate::ws::{Cut, Heard, Line, Manners, Socket, close_frame, converse};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use watchalong_room::{Actor, Command, Grant, ItemId, MemberId, PersonId, Position, SeatId};

/// The longest quiet before a ping: a tunnel's idle timer runs out after about 100 s.
const PING_AFTER: Duration = Duration::from_secs(20);
/// A page sends a ping and a position each 5 s; a host who drags the slider, tens of seeks a second.
const MESSAGES: Pace = Pace {
    per_second: 50.0,
    burst: 300.0,
};
/// Log lines of a page that are looked at.
const LOG_LINES: Pace = Pace {
    per_second: 20.0,
    burst: 60.0,
};
/// How often a playing room's state is told to pages.
const STATE_EVERY: Duration = Duration::from_millis(500);
/// Seconds off from which a page's alarm is worth the host's attention.
const ALARMING: f64 = 30.0;
/// Closed with this: there is a host already.
const HOST_TAKEN: u16 = 4003;

/// Who comes, and by which door.
pub(super) struct Visitor {
    pub(super) address: IpAddr,
    /// What was checked: the host's key at the host's door, a room's password at a viewer's.
    pub(super) grant: Grant,
    /// By the page's own path.
    pub(super) is_page: bool,
}

/// Two pings that are missed mean that nobody is there any more; who answers them is, whatever else they say.
fn manners(staged: &Staged) -> Manners {
    Manners {
        message_bytes: wire::MESSAGE_BYTES,
        ping_after: PING_AFTER.min(staged.silence / 2),
        silent_for: staged.silence,
    }
}

/// Refuses a connection over itself: a page can't read the status of a refused handshake.
pub(super) async fn refuse(staged: &Staged, socket: Socket, reason: &'static str) {
    converse(socket, manners(staged), |line| async move {
        line.outbox().close(&close_frame(1008, reason));
    })
    .await;
}

/// Runs a connection to its end.
pub(super) async fn connect(
    app: App,
    staged: &'static Staged,
    room: Arc<RoomHandle>,
    visitor: Visitor,
    socket: Socket,
) {
    converse(socket, manners(staged), |mut line| async move {
        let close = match Session::enter(app, staged, room, &visitor, &line).await {
            Ok(mut session) => session.talk(&mut line).await,
            Err(close) => close,
        };
        line.outbox().close(&close);
    })
    .await;
}

fn host() -> PersonId {
    PersonId(format!("{PERSON}host"))
}

/// Whether somebody is connected by the host's door.
pub(super) async fn host_is_here(room: &RoomHandle) -> bool {
    let host = host();
    let here = room.read(move |room| {
        let mut members = room.members();
        members.any(|member| member.person == host && member.present())
    });
    // Fails only while the server stops; then nobody comes in anyway.
    here.await.unwrap_or(false)
}

type Close = bytes::Bytes;

pub(super) struct Session {
    pub(super) staged: &'static Staged,
    pub(super) app: App,
    address: IpAddr,
    pub(super) room: Arc<RoomHandle>,
    member: MemberId,
    pub(super) is_host: bool,
    pub(super) laid: Laid,
    meter: Arc<Meter>,
    pace: Bucket,
    log_lines: Bucket,
    pub(super) last_seek: Option<(Instant, Position)>,
    teller: Option<JoinHandle<()>>,
    // Last of all: once the room knows, nothing here matters any more.
    _connection: Connection,
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(teller) = &self.teller {
            teller.abort();
        }
        // A page that is gone never comes back to its seat. The host's place is theirs for good.
        if !self.is_host {
            let (room, seat) = (self.room.clone(), self.laid.seat);
            tokio::spawn(async move {
                let _ = room.call(Actor::Seat(seat), Command::Leave).await;
            });
        }
    }
}

impl Session {
    /// Takes a seat. `Err` is the close to send; what the room refused it has said itself.
    async fn enter(
        app: App,
        staged: &'static Staged,
        room: Arc<RoomHandle>,
        visitor: &Visitor,
        line: &Line,
    ) -> Result<Self, Close> {
        let address = visitor.address;
        let is_host = visitor.grant == Grant::Host;
        if app.limits.join.take(address.into()).is_err() {
            return Err(close_frame(1008, "too many"));
        }
        let closed = || close_frame(1012, "");
        // The host's place is looked at and taken in one step.
        let alone = match is_host {
            true => Some(staged.door.lock().await),
            false => None,
        };
        if alone.is_some() && host_is_here(&room).await {
            return Err(close_frame(HOST_TAKEN, "admin-already-active"));
        }
        let seat = SeatId(u64::from_le_bytes(secret::random()));
        let guid = app.hub.signer.uuid(NAME, &secret::new_key());
        let person = match is_host {
            true => host(),
            false => PersonId(format!("{PERSON}{guid}")),
        };
        let meter = Arc::new(Meter::new(line.outbox().clone(), app.hub.clock.now()));
        let card = Card {
            guid,
            is_page: visitor.is_page,
            is_host,
            meter: Some(meter.clone()),
            ..Card::default()
        };
        let code = room.code().clone();
        // The card lies there first, so that nobody sees its holder without their colour.
        let laid = staged.desk.lay(&code, seat, card);
        let color = laid.table.card(seat).and_then(|card| card.color);
        let join = Command::Join {
            person,
            name: color.unwrap_or_else(|| "anon".to_owned()),
            grant: visitor.grant,
            client: NAME.to_owned(),
            reports: false,
            node: app.hub.node,
            address: Some(app.hub.signer.address_digest(code.as_str(), address)),
        };
        let greeting = Greeting {
            resume: None,
            join,
            from: address,
        };
        let outbox = line.outbox().clone();
        let connection = room.arrive(seat, outbox, staged, greeting);
        // The join is in the log once the room's task has answered this, and applied once it has answered that.
        room.read(|_| ()).await.map_err(|_| closed())?;
        let nothing = Command::Ready {
            item: ItemId(0),
            ready: false,
        };
        match room.call(Actor::Seat(seat), nothing).await {
            Ok(_) => {}
            // The room's task has said why, and closed.
            Err(CallError::Refused(_)) => return Err(close_frame(1008, "")),
            Err(_) => return Err(closed()),
        }
        drop(alone);
        let member = room.read(move |room| room.member_of_seat(seat).map(|member| member.id));
        let member = member.await.map_err(|_| closed())?.ok_or_else(closed)?;
        let mut session = Self {
            staged,
            app,
            address,
            room,
            member,
            is_host,
            laid,
            meter,
            pace: Bucket::new(MESSAGES),
            log_lines: Bucket::new(LOG_LINES),
            last_seek: None,
            teller: None,
            _connection: connection,
        };
        if visitor.is_page {
            session.tell_states();
        }
        Ok(session)
    }

    async fn talk(&mut self, line: &mut Line) -> Close {
        loop {
            let text = match line.next().await {
                Ok(Heard::Text(text)) => text,
                Ok(Heard::Binary(_)) => continue,
                Ok(Heard::Drained) => {
                    self.room.drained(self.laid.seat);
                    continue;
                }
                Err(Cut::Gone) => return close_frame(1000, ""),
                Err(Cut::Silent) => return close_frame(1001, "silent"),
                Err(Cut::Broken(error)) => return close_frame(error.close_code(), ""),
            };
            if !self.pace.take() {
                return close_frame(1008, "too many");
            }
            self.meter.heard(text.len(), self.app.hub.clock.now());
            if let Some(message) = wire::read(&text) {
                self.hear(message, line).await;
            }
        }
    }

    async fn hear(&mut self, message: Message, line: &Line) {
        let Message { said, key, is_page } = message;
        let seat = self.laid.seat;
        if is_page && self.teller.is_none() {
            self.laid.table.change(seat, |card| card.is_page = true);
            self.tell_states();
        }
        let keyed = || self.is_right(key.as_deref());
        match said {
            Said::Keyed(control) if keyed() => self.control(Actor::Server, control).await,
            Said::Enforce(enforce) if keyed() => self.enforce(enforce).await,
            Said::Announce(etag) if keyed() => self.announce(etag).await,
            Said::Keyed(_) | Said::Enforce(_) | Said::Announce(_) => {}
            Said::Control(control) => {
                // A host is the host, whatever else their page sends along.
                let actor = if !self.is_host && key.is_some() && keyed() {
                    Actor::Server
                } else {
                    Actor::Seat(seat)
                };
                self.control(actor, control).await;
            }
            Said::Ping => {
                let pong = json!({"type": "pong", "ts": self.app.hub.clock.now().0});
                line.outbox().push(&send(&pong));
            }
            Said::Pos(at) => self.report(at),
            Said::Drift(drift) => self.alarm(drift).await,
            Said::Loaded(revision) => {
                let loaded = |card: &mut Card| card.loaded = Some(revision);
                self.laid.table.change(seat, loaded);
            }
            Said::Gathered(gate) => self.laid.table.is_ready(seat, &gate),
            Said::Chat(text) => {
                let text = text.trim().to_owned();
                if !text.is_empty() {
                    let reply_to = None;
                    self.submit(Actor::Seat(seat), Command::Say { text, reply_to }, true)
                        .await;
                }
            }
            Said::Rename { color, name } => {
                let answer = self.rename(color, name).await;
                line.outbox().push(&send(&answer));
            }
            Said::AskPause => {
                let ask = Command::Ask { play: false };
                self.submit(Actor::Seat(seat), ask, false).await;
            }
            Said::Log(kind) => {
                if self.log_lines.take() {
                    tracing::debug!(member = self.member.0, kind, "page says");
                }
            }
            Said::Nothing => {}
        }
    }

    /// Whether this key controls. A wrong one is a guess, of which an address has few.
    fn is_right(&self, key: Option<&str>) -> bool {
        let Some(key) = key else { return false };
        let guesses = &self.app.limits.guess;
        if guesses.take(self.address.into()).is_err() {
            return false;
        }
        let right = self.staged.is_admin(key);
        if right {
            guesses.give_back(&[self.address.into()]);
        }
        right
    }

    /// Where its gestures happen.
    pub(super) fn place(&self) -> Place {
        Place {
            room: self.room.clone(),
            table: self.laid.table.clone(),
            seat: self.laid.seat,
        }
    }

    pub(super) async fn submit(&self, actor: Actor, command: Command, told: bool) {
        let origin = Origin::Connection {
            seat: self.laid.seat,
            id: told.then_some(0),
        };
        self.room.submit(actor, command, Some(origin)).await;
    }

    // ---- what it says of itself -----------------------------------------------------------

    fn report(&self, at: f64) {
        let line = self.room.view().timeline;
        let now = self.app.hub.clock.now();
        let expected = line.position_at(now).seconds();
        self.meter.at(at, at - expected, now);
        let report = Report {
            position: Some(at),
            skew_ms: Some((at - expected) * 1000.0),
            state: if line.playing {
                PlayerState::Playing
            } else {
                PlayerState::Paused
            },
            ..Report::default()
        };
        self.room.report(self.laid.seat, report);
    }

    /// Tells the host of a page that is far off.
    async fn alarm(&self, drift: f64) {
        if self.is_host || drift.abs() <= ALARMING || !drift.is_finite() {
            return;
        }
        let member = self.member;
        let text = move |scene: Scene<'_>| {
            let name = scene.room.member(member).map(|m| wire::plain_name(&m.name));
            format!("{} drifted {drift:.1}s", name.unwrap_or_default())
        };
        self.place().tell_hosts(text).await;
    }

    async fn rename(&self, color: Option<String>, name: Option<String>) -> Value {
        let (seat, member) = (self.laid.seat, self.member);
        let table: &Arc<Table> = &self.laid.table;
        let before = table.card(seat).unwrap_or_default().color;
        let color = color.filter(|color| Some(color) != before.as_ref());
        let answer = |ok: bool, reason: Option<&str>, name: String| {
            let color = table.card(seat).and_then(|card| card.color);
            let mut answer =
                json!({"type": "rename-result", "ok": ok, "color": color, "name": name});
            if let Some(reason) = reason {
                answer["reason"] = json!(reason);
            }
            answer
        };
        let shown = self
            .room
            .read(move |room| room.member(member).map(|m| m.name.clone()));
        let shown = shown.await.ok().flatten().unwrap_or_default();
        if let Some(color) = &color {
            let known = self.staged.desk.palette().contains(color);
            if !known || !table.recolor(seat, color) {
                return answer(false, Some("in-use"), shown);
            }
        }
        // Who has no name of their own goes by their colour.
        let own = name.filter(|name| !name.is_empty());
        let by_color = || color.clone().filter(|_| Some(&shown) == before.as_ref());
        let wanted = own.or_else(by_color).filter(|name| *name != shown);
        if color.is_none() && wanted.is_none() {
            return answer(false, Some("unchanged"), shown);
        }
        if let Some(name) = wanted {
            let renamed = Command::Rename { name };
            if self.room.call(Actor::Seat(seat), renamed).await.is_err() {
                return answer(false, Some("in-use"), shown);
            }
        }
        let staged = self.staged;
        let passed = self.room.pass(move |scene| {
            let own = send(&staged.own(scene, seat, member));
            let presence = send(&staged.presence(scene));
            let mut told = vec![(seat, own)];
            told.extend(Staged::everybody(scene, &presence));
            told
        });
        let _ = passed.await;
        let shown = self
            .room
            .read(move |room| room.member(member).map(|m| m.name.clone()));
        answer(true, None, shown.await.ok().flatten().unwrap_or_default())
    }

    /// From now on a playing room's state, twice a second. Through the room's task, so that none overtakes a control.
    fn tell_states(&mut self) {
        if self.is_host || self.teller.is_some() {
            return;
        }
        let (room, table) = (self.room.clone(), self.laid.table.clone());
        let (staged, seat) = (self.staged, self.laid.seat);
        self.teller = Some(tokio::spawn(async move {
            loop {
                tokio::time::sleep(STATE_EVERY).await;
                if !room.view().timeline.playing || !table.enforces() {
                    continue;
                }
                let told = room.pass(move |scene| vec![(seat, send(&staged.state(scene)))]);
                if told.await.is_err() {
                    return;
                }
            }
        }));
    }
}
