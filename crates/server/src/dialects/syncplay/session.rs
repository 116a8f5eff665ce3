//! One Syncplay connection, from its first line to its end.
//!
//! One task reads its lines, hears the hub's notices and the table's, and keeps the State that a client lives by
//! going: once a second. It acts in the client's name and then looks at the room, so whatever comes of an act is
//! told by the same way as everybody's. What a client sets is in `changes`, its seat in `place`, its motion in `motion`.
use super::changes::FILE_CHARACTERS;
use super::clocks::Clocks;
use super::desk::{Card, Held};
use super::place::{Place, enter, first_look, look};
use super::rooms::NAME_CHARACTERS;
use super::view::View;
use super::voice;
use super::wire::{self, Change, Hello, Said};
use super::{Syncplay, VERSION};
use crate::dialects::pace::{Bucket, Pace};
use crate::hub::CallError;
use crate::lines::{Broken, Pipe};
use crate::ws::Next;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use watchalong_room::{Actor, Command, ItemId, MessageId, Timeline};

/// A connection that says nothing costs nothing for longer.
const LOGIN_WITHIN: Duration = Duration::from_secs(5);
/// Lines a second; an honest client bursts to about 20 at its start.
const LINES: Pace = Pace {
    per_second: 20.0,
    burst: 100.0,
};
/// A client lives by these.
const STATE_EVERY: Duration = Duration::from_secs(1);
/// No state for so long: gone.
const SILENT_FOR: Duration = Duration::from_millis(12_500);
const USERNAME_CHARACTERS: usize = 16;
/// What every room allows, unless its own rules are tighter.
pub(super) const CHAT_CHARACTERS: usize = 500;
/// What a card keeps of a client's features.
const FEATURES: [&str; 7] = [
    "sharedPlaylists",
    "chat",
    "featureList",
    "readiness",
    "managedRooms",
    "persistentRooms",
    "setOthersReadiness",
];

/// Why a connection ends.
pub(super) enum End {
    /// The client comes back by itself.
    Close,
    /// With a line that it shows, and stays away.
    Line(String),
}

impl End {
    pub(super) fn error(message: &str) -> Self {
        Self::Line(wire::line(&json!({"Error": {"message": message}})))
    }
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Gone => Self::Close,
            Broken::Nonsense(why) => Self::error(why),
        }
    }
}

/// What the client was told last.
pub(super) struct Told {
    pub(super) view: View,
    /// Whether its player was told to stand.
    pub(super) paused: bool,
    pub(super) timeline: Timeline,
    /// The playlist that the client has, its own words last.
    pub(super) files: Vec<String>,
    /// It has just said a playlist: a place in it is meant in its own list.
    pub(super) own_list: bool,
    /// What the room was told of readiness.
    pub(super) ready: Option<(ItemId, bool)>,
    pub(super) chat: Option<MessageId>,
    /// When the item came on.
    pub(super) item_at: Instant,
}

pub(super) struct Session {
    pub(super) server: Arc<Syncplay>,
    pub(super) pipe: Pipe,
    address: IpAddr,
    pub(super) held: Held,
    pub(super) card: Card,
    pub(super) place: Place,
    pub(super) clocks: Clocks,
    pub(super) told: Told,
    /// When its player's state was last touched by opening a file or changing rooms.
    pub(super) stirred: Instant,
    pub(super) file_at: Option<Instant>,
    pub(super) lag: super::motion::Lag,
    /// Its player is up: before, a chat message would break it.
    pub(super) up: bool,
    pace: Bucket,
    heard: Instant,
    state_at: Instant,
    /// When a start that was announced comes.
    pub(super) start_at: Option<Instant>,
}

enum Woken {
    Line(Result<String, Broken>),
    Notice(Next),
    Table,
    Cut,
    Time,
}

/// Runs a connection to its end.
pub(super) async fn run(server: Arc<Syncplay>, mut pipe: Pipe, address: IpAddr) {
    let (mut pipe, end) = match timeout(LOGIN_WITHIN, hello(&server, &mut pipe)).await {
        Err(_) | Ok(Err(End::Close)) => return,
        Ok(Err(end)) => (pipe, end),
        Ok(Ok(Greeted::Tls)) => {
            let Some(acceptor) = server.tls.clone() else {
                return;
            };
            let tls = timeout(LOGIN_WITHIN, acceptor.accept(pipe.into_carrier())).await;
            let Ok(Ok(carrier)) = tls else { return };
            let mut pipe = Pipe::new(Box::new(carrier), wire::LINE_BYTES);
            match timeout(LOGIN_WITHIN, hello(&server, &mut pipe)).await {
                Ok(Ok(Greeted::Hello(hello))) => Session::open(server, pipe, address, *hello).await,
                Ok(Ok(Greeted::Tls)) | Err(_) | Ok(Err(End::Close)) => return,
                Ok(Err(end)) => (pipe, end),
            }
        }
        Ok(Ok(Greeted::Hello(hello))) => Session::open(server, pipe, address, *hello).await,
    };
    if let End::Line(line) = end {
        let _ = pipe.write(&line).await;
    }
    pipe.close().await;
}

enum Greeted {
    Tls,
    Hello(Box<Hello>),
}

async fn hello(server: &Syncplay, pipe: &mut Pipe) -> Result<Greeted, End> {
    loop {
        let line = pipe.line().await?;
        for said in wire::read(&line).map_err(|why| End::error(&why))? {
            match said {
                Said::Tls if server.tls.is_some() => {
                    pipe.write("{\"TLS\":{\"startTLS\":\"true\"}}\r\n").await?;
                    return Ok(Greeted::Tls);
                }
                Said::Tls => pipe.write("{\"TLS\":{\"startTLS\":\"false\"}}\r\n").await?,
                Said::Hello(hello) => return Ok(Greeted::Hello(hello)),
                Said::Error => return Err(End::Close),
                _ => return Err(End::error("Say Hello first.")),
            }
        }
    }
}

/// A name as it may be shown.
pub(super) fn plain(text: &str, most: usize) -> String {
    let plain = text.trim().chars().filter(|c| !c.is_control());
    plain.take(most).collect::<String>().trim().to_owned()
}

fn features_of(hello: &Hello, version: &str) -> Value {
    let mut features = serde_json::Map::new();
    if let Some(Value::Object(said)) = &hello.features {
        for name in FEATURES {
            if let Some(Value::Bool(can)) = said.get(name) {
                features.insert(name.to_owned(), json!(can));
            }
        }
        return Value::Object(features);
    }
    // Before 1.5 clients did not say.
    let mut numbers = version
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    json!({"sharedPlaylists": version >= (1, 4), "chat": version >= (1, 5), "readiness": version >= (1, 3),
        "managedRooms": version >= (1, 3)})
}

impl Session {
    async fn open(
        server: Arc<Syncplay>,
        mut pipe: Pipe,
        address: IpAddr,
        hello: Hello,
    ) -> (Pipe, End) {
        let username = plain(&hello.username, USERNAME_CHARACTERS);
        let version = plain(hello.realversion.as_deref().unwrap_or(&hello.version), 32);
        if username.is_empty() || version.is_empty() || hello.room.name.trim().is_empty() {
            return (pipe, End::error("A name, a room and a version are needed."));
        }
        let held = server
            .desk
            .hold(&username, address, || server.signer.new_guest());
        let features = features_of(&hello, &version);
        let card = Card {
            name: held.name.clone(),
            version,
            features,
            ..Card::default()
        };
        let entered = async {
            let found = server.find(&hello.room.name, address).await;
            let found = found.map_err(|why| End::error(&why))?;
            let mut place = enter(&server, found, &held, &card, address).await?;
            let told = first_look(&server, &mut place).await?;
            Ok((place, told))
        };
        let (place, told) = match entered.await {
            Ok(entered) => entered,
            Err(end) => return (pipe, end),
        };
        let now = Instant::now();
        let hello = server.hello(&told.view, &card);
        let mut lines = String::new();
        let first = told
            .view
            .own_ready()
            .into_iter()
            .chain(told.view.playlist());
        for message in first.chain([hello]) {
            lines.push_str(&wire::line(&message));
        }
        if pipe.write(&lines).await.is_err() {
            return (pipe, End::Close);
        }
        let mut session = Self {
            server,
            pipe,
            address,
            held,
            card,
            place,
            clocks: Clocks::default(),
            told,
            stirred: now,
            file_at: None,
            lag: super::motion::Lag::default(),
            up: false,
            pace: Bucket::new(LINES),
            heard: now,
            state_at: now,
            start_at: None,
        };
        let end = match session.talk().await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        session.step_down().await;
        (session.pipe, end)
    }

    async fn talk(&mut self) -> Result<std::convert::Infallible, End> {
        loop {
            let silent = self.heard + SILENT_FOR;
            let wake = self
                .start_at
                .map_or(self.state_at, |at| at.min(self.state_at));
            let woken = tokio::select! {
                line = self.pipe.line() => Woken::Line(line),
                next = self.place.outbox.next() => Woken::Notice(next),
                _ = self.place.turned.changed() => Woken::Table,
                () = self.held.cut.notified() => Woken::Cut,
                () = sleep_until(wake.min(silent)) => Woken::Time,
            };
            match woken {
                Woken::Line(line) => {
                    if !self.pace.take() {
                        return Err(End::Close);
                    }
                    for said in wire::read(&line?).map_err(|why| End::error(&why))? {
                        self.hear(said).await?;
                    }
                }
                Woken::Notice(Next::Frame(frame)) if frame == voice::AGAIN => {
                    return Err(End::Close);
                }
                Woken::Notice(Next::Frame(frame)) if frame.starts_with(b"{") => {
                    return Err(End::Line(String::from_utf8_lossy(&frame).into_owned()));
                }
                Woken::Notice(Next::Over) | Woken::Cut => return Err(End::Close),
                Woken::Notice(_) | Woken::Table => self.refresh(None).await?,
                Woken::Time => {
                    let now = Instant::now();
                    if now >= silent {
                        return Err(End::Close);
                    }
                    if self.start_at.is_some_and(|at| at <= now) {
                        self.start_at = None;
                        self.refresh(None).await?;
                    }
                    if self.state_at <= now {
                        self.state_at = now + STATE_EVERY;
                        if self.clocks.settled() {
                            self.periodic().await?;
                        }
                        self.tell_ready().await?;
                    }
                }
            }
        }
    }

    async fn hear(&mut self, said: Said) -> Result<(), End> {
        match said {
            Said::State(state) => {
                self.heard = Instant::now();
                self.held.heard();
                self.on_state(state).await
            }
            Said::Set(changes) => {
                for change in changes {
                    self.set(change).await?;
                }
                Ok(())
            }
            Said::List => {
                let list = self.told.view.list();
                self.say(&list).await
            }
            Said::Chat(text) => self.chat(&text).await,
            Said::Tls => {
                self.pipe
                    .write("{\"TLS\":{\"startTLS\":\"false\"}}\r\n")
                    .await?;
                Ok(())
            }
            Said::Hello(_) => Err(End::error("You have said Hello already.")),
            Said::Error => Err(End::Close),
        }
    }

    async fn set(&mut self, change: Change) -> Result<(), End> {
        match change {
            Change::Room(named) => self.go(&named.name).await,
            Change::File(file) => self.open_file(file).await,
            Change::Ready(ready) => self.set_ready(ready).await,
            Change::Playlist(files) => self.set_playlist(files.files).await,
            Change::Index(index) => self.set_index(index.index).await,
            Change::Auth(auth) => self.auth(auth).await,
        }
    }

    // ---- where it is -------------------------------------------------------------------

    async fn go(&mut self, name: &str) -> Result<(), End> {
        let found = match self.server.find(name, self.address).await {
            Ok(found) => found,
            Err(why) => {
                // Its client has switched its own view already.
                self.note(&why).await?;
                return self.stay().await;
            }
        };
        if Arc::ptr_eq(&found.room, &self.place.room) {
            return self.stay().await;
        }
        self.step_down().await;
        let _ = self.act(Command::Leave).await;
        let mut card = self.card.clone();
        let cards = self.place.table.cards();
        if let Some(own) = cards.get(&self.place.seat) {
            card = own.clone();
        }
        self.place = enter(&self.server, found, &self.held, &card, self.address).await?;
        self.told = first_look(&self.server, &mut self.place).await?;
        self.stirred = Instant::now();
        self.state_at = Instant::now() + STATE_EVERY;
        self.stay().await?;
        let playlist = self.told.view.playlist();
        self.say(&playlist).await?;
        let by = self.told.view.name.clone();
        self.force(true, &by).await
    }

    /// Tells its client which room it is in, and with whom.
    async fn stay(&mut self) -> Result<(), End> {
        let mut told = vec![json!({"Set": {"room": {"name": self.told.view.name}}})];
        told.extend(self.told.view.own_ready());
        told.extend(self.told.view.list());
        self.say(&told).await
    }

    // ---- telling -----------------------------------------------------------------------

    pub(super) async fn say(&mut self, messages: &[Value]) -> Result<(), End> {
        let lines: String = messages.iter().map(wire::line).collect();
        Ok(self.pipe.write(&lines).await?)
    }

    /// Asks the room for something in this client's name. The inner error is the refusal, in words.
    pub(super) async fn act(&self, command: Command) -> Result<Result<(), String>, End> {
        let actor = Actor::Seat(self.place.seat);
        match self.place.room.call(actor, command).await {
            Ok(_) => Ok(Ok(())),
            Err(CallError::Closed) => Err(End::Close),
            Err(refusal) => Ok(Err(refusal.to_string())),
        }
    }

    /// Looks at the room and tells what is other than it was. `own` where the client has just changed its motion
    /// itself, with whether it jumped: it is owed an answer.
    pub(super) async fn refresh(&mut self, own: Option<bool>) -> Result<(), End> {
        let texts = self.told.texts();
        let chat = self.told.chat;
        let Some(view) = look(&self.server, &mut self.place, texts, chat).await? else {
            // The seat is gone; the farewell that says why is on its way.
            return Ok(());
        };
        let another = view.item != self.told.view.item;
        self.tell_motion(&view, own, another).await?;
        let mut told = view.news(&self.told.view);
        if view.files != self.told.files || another {
            told.extend(view.playlist());
            self.told.files.clone_from(&view.files);
            self.told.own_list = false;
        }
        if self.up {
            told.extend(view.chat());
            self.told.chat = view.newest.or(self.told.chat);
        }
        if another {
            self.told.item_at = Instant::now();
        }
        self.told.view = view;
        self.say(&told).await?;
        self.tell_ready().await
    }
}

impl Told {
    fn texts(&self) -> BTreeMap<ItemId, String> {
        let entries = self.view.items.iter().copied();
        entries.zip(self.view.files.iter().cloned()).collect()
    }
}

impl Syncplay {
    fn hello(&self, view: &View, card: &Card) -> Value {
        json!({"Hello": {"username": view.me, "room": {"name": view.name}, "version": card.version,
            "realversion": VERSION, "motd": "", "features": {"isolateRooms": true, "readiness": true,
            "managedRooms": true, "persistentRooms": false, "chat": true, "maxChatMessageLength": CHAT_CHARACTERS,
            "maxUsernameLength": USERNAME_CHARACTERS, "maxRoomNameLength": NAME_CHARACTERS,
            "maxFilenameLength": FILE_CHARACTERS, "setOthersReadiness": true}}})
    }
}
