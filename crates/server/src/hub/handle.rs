//! What the edges hold of a live room: its address, what may be told to strangers, and how to talk to its task.
use super::HubError;
use super::call::{CallError, Calls};
use super::clients::Client;
use super::encoder::{Encoder, Scene};
use super::signals::{Heard, Report};
use super::speech::Speech;
use super::viewers::Viewers;
use crate::code::RoomCode;
use crate::limits::Limits;
use crate::log::{Log, Origin};
use crate::secret;
use crate::store::RoomSecrets;
use crate::ws::Outbox;
use bytes::Bytes;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};
use watchalong_room::{
    Actor, Command, Entry, EntryPolicy, Life, Outcome, PersonId, Policy, Refusal, Room, SeatId,
    ServerTime, SourceKind, Span, Timeline, Visibility,
};

/// What a stranger may know of a room.
#[derive(Clone, Debug)]
pub struct PublicView {
    /// Its code.
    pub code: RoomCode,
    /// Its name.
    pub name: String,
    /// Its state.
    pub life: Life,
    /// How somebody gets in.
    pub entry: EntryPolicy,
    /// Where it may be found.
    pub visibility: Visibility,
    /// Its rules.
    pub policy: Policy,
    /// When it begins by itself.
    pub schedule: Option<ServerTime>,
    /// Members present.
    pub viewers: u32,
    /// Members with a place, connected or held.
    pub seated: u32,
    /// When it was made.
    pub created_at: ServerTime,
    /// What is on.
    pub media: Option<String>,
    /// Its picture, where the library has one.
    pub media_key: Option<String>,
    /// Where what is on comes from, and which it is there. Not for strangers as it is: it may be a private address.
    pub source: Option<(SourceKind, String)>,
    /// The id of what is on, where this server delivers it.
    pub delivered: Option<String>,
    /// Where it stands.
    pub timeline: Timeline,
}

impl PublicView {
    pub(super) fn of(code: &RoomCode, room: &Room) -> Self {
        let media = room.current().map(|item| &item.media);
        Self {
            code: code.clone(),
            name: room.name().to_owned(),
            life: room.life(),
            entry: room.policy().entry,
            visibility: room.policy().visibility,
            policy: *room.policy(),
            schedule: room.schedule(),
            viewers: room.members().filter(|m| m.present()).count() as u32,
            seated: room.seated(),
            created_at: room.created_at(),
            media: media.map(|m| m.title.clone()),
            media_key: media
                .filter(|m| m.kind == SourceKind::Library)
                .map(|m| m.key.clone()),
            source: media.map(|m| (m.kind, m.key.clone())),
            delivered: media
                .filter(|m| matches!(m.kind, SourceKind::Library | SourceKind::Upload))
                .map(|m| m.key.clone()),
            timeline: *room.timeline(),
        }
    }
}

/// How somebody comes in: with a new seat, or back to one that is held for them.
#[derive(Clone, Debug)]
pub struct Greeting {
    /// The seat of an earlier connection, where its token was genuine.
    pub resume: Option<SeatId>,
    /// Joins with this where there is nothing to resume.
    pub join: Command,
    /// Where they come from: what the operator's limits on chat and reactions count by.
    pub from: IpAddr,
}

/// Frames for seats, made from how the room stands.
pub(super) type Frames = Box<dyn FnOnce(Scene<'_>) -> Vec<(SeatId, Bytes)> + Send>;

/// What a room's task is told by this node's connections.
pub(super) enum Local {
    /// A connection wants in.
    Arrive {
        client: Box<Client>,
        greeting: Greeting,
    },
    /// A connection is over.
    Depart { seat: SeatId, connection: u64 },
    /// How somebody's player is doing.
    Report { seat: SeatId, report: Report },
    /// Somebody is typing.
    Typing { seat: SeatId },
    /// A client that was too slow has caught up.
    Drained { seat: SeatId },
    /// A command was refused before it came to the room.
    Refused {
        seat: SeatId,
        id: Option<u64>,
        refusal: Refusal,
    },
    /// Somebody wants to look at the room.
    Read(Box<dyn FnOnce(&Room) + Send>),
    /// Somebody wants to know how the players are doing.
    Reports(oneshot::Sender<Vec<Heard>>),
    /// What outlives the room is to be written now.
    Keep,
    /// Something of a dialect's own is to be passed to some of its connections.
    Pass(Frames),
    /// The server stops.
    Stop,
}

/// A live room.
#[derive(Debug)]
pub struct RoomHandle {
    code: RoomCode,
    /// Changes with the password; read at joins, never while playing.
    secrets: Mutex<RoomSecrets>,
    log: Arc<dyn Log>,
    local: mpsc::UnboundedSender<Local>,
    lead_ms: AtomicI64,
    view: Mutex<Arc<PublicView>>,
    viewers: Viewers,
    speech: Speech,
    stopped: watch::Receiver<bool>,
    calls: Calls,
}

impl std::fmt::Debug for dyn Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Log")
    }
}

impl RoomHandle {
    pub(super) fn new(
        code: RoomCode,
        secrets: RoomSecrets,
        log: Arc<dyn Log>,
        local: mpsc::UnboundedSender<Local>,
        view: PublicView,
        limits: Arc<Limits>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let view = Mutex::new(Arc::new(view));
        Self {
            code,
            secrets: Mutex::new(secrets),
            log,
            local,
            lead_ms: AtomicI64::new(0),
            view,
            viewers: Viewers::default(),
            speech: Speech::new(limits),
            stopped,
            calls: Calls::default(),
        }
    }

    /// Its code.
    pub fn code(&self) -> &RoomCode {
        &self.code
    }

    /// Whether this is the host's key.
    pub fn is_host_key(&self, key: &str) -> bool {
        secret::same(&secret::key_hash(key), &self.secrets().host_key_hash)
    }

    /// Whether this person made the room: as good as its host's key.
    pub fn is_owner(&self, person: &PersonId) -> bool {
        self.secrets().owner.as_ref() == Some(person)
    }

    /// Who made the room, where they are known.
    pub fn owner(&self) -> Option<PersonId> {
        self.secrets().owner.clone()
    }

    /// The Argon2id hash of the room's password, where it has one.
    pub fn password_hash(&self) -> Option<String> {
        self.secrets().password_hash.clone()
    }

    /// Another password from now on, or none; whoever is in stays in. Keep it in the store first.
    pub(super) fn set_password_hash(&self, hash: Option<String>) {
        self.secrets().password_hash = hash;
    }

    fn secrets(&self) -> MutexGuard<'_, RoomSecrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What may be told to strangers.
    pub fn view(&self) -> Arc<PublicView> {
        self.view
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whose players fetch media here.
    pub fn viewers(&self) -> &Viewers {
        &self.viewers
    }

    pub(super) fn set_view(&self, view: PublicView) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    pub(super) fn set_lead(&self, lead: Span) {
        self.lead_ms.store(lead.0, Ordering::Relaxed);
    }

    /// Hands a command to the log. The outcome comes to the seat's connection, also where it is too much for the
    /// operator's limits.
    pub async fn submit(&self, actor: Actor, command: Command, origin: Option<Origin>) {
        match (self.speech.count(actor, &command), origin) {
            (Ok(()), origin) => self.append(actor, command, origin).await,
            (Err(refusal), Some(Origin::Connection { seat, id })) => {
                self.tell(Local::Refused { seat, id, refusal });
            }
            (Err(refusal), Some(Origin::Call(call))) => {
                self.calls.answer(call, Err(CallError::Refused(refusal)));
            }
            (Err(_), None) => {}
        }
    }

    async fn append(&self, actor: Actor, command: Command, origin: Option<Origin>) {
        let seed = u64::from_le_bytes(secret::random());
        let lead = Span(self.lead_ms.load(Ordering::Relaxed));
        self.log
            .append(
                &self.code,
                Entry {
                    actor,
                    command,
                    seed,
                    lead,
                },
                origin,
            )
            .await;
    }

    /// Hands a command to the log and waits for its outcome.
    ///
    /// # Errors
    /// [`CallError`]: the room's refusal, or why it could not be asked. Nothing has changed then; only after
    /// [`CallError::Closed`] it may have.
    pub async fn call(&self, actor: Actor, command: Command) -> Result<Outcome, CallError> {
        let (number, answer) = self.calls.expect()?;
        self.submit(actor, command, Some(Origin::Call(number)))
            .await;
        answer.await.unwrap_or(Err(CallError::Closed))
    }

    /// Asks the room's task something, between two entries: what comes back is the room after everything that
    /// was told by then.
    ///
    /// # Errors
    /// [`HubError::Closed`] while the server stops.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Room) -> T + Send + 'static,
    ) -> Result<T, HubError> {
        let (reply, answer) = oneshot::channel();
        self.tell(Local::Read(Box::new(move |room| {
            // Whoever asked may have gone meanwhile.
            let _ = reply.send(look(room));
        })));
        answer.await.map_err(|_| HubError::Closed)
    }

    /// Passes on what only one dialect has words for and the room has no rule about: frames for some of its seats, made
    /// between two entries. Comes back once they have been handed to the sockets.
    ///
    /// # Errors
    /// [`HubError::Closed`] while the server stops.
    pub async fn pass(
        &self,
        frames: impl FnOnce(Scene<'_>) -> Vec<(SeatId, Bytes)> + Send + 'static,
    ) -> Result<(), HubError> {
        self.tell(Local::Pass(Box::new(frames)));
        // Taken in order: who is answered comes after what was passed.
        self.read(|_| ()).await
    }

    /// What members' players last said of themselves, and when: of those who ever did since the room was opened.
    ///
    /// # Errors
    /// [`HubError::Closed`] while the server stops.
    pub async fn reports(&self) -> Result<Vec<Heard>, HubError> {
        let (reply, answer) = oneshot::channel();
        self.tell(Local::Reports(reply));
        answer.await.map_err(|_| HubError::Closed)
    }

    /// Has written what outlives the room (who was there, what was said, its figures), and waits until it is.
    ///
    /// # Errors
    /// [`HubError::Closed`] while the server stops.
    pub async fn keep(&self) -> Result<(), HubError> {
        self.tell(Local::Keep);
        self.read(|_| ()).await?;
        self.log.flush().await;
        Ok(())
    }

    pub(super) fn calls(&self) -> &Calls {
        &self.calls
    }

    pub(super) fn tell(&self, local: Local) {
        // Fails only when the room's task has ended, and with it every connection of the room.
        let _ = self.local.send(local);
    }

    /// Lets a connection come in. The answer (welcome, or a farewell) goes to its outbox; dropping what is
    /// returned tells the room that the connection is over.
    pub fn arrive(
        self: &Arc<Self>,
        seat: SeatId,
        outbox: Outbox,
        encoder: &'static dyn Encoder,
        greeting: Greeting,
    ) -> Connection {
        let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        if let Command::Join { person, .. } = &greeting.join {
            self.speech.seated(seat, number, greeting.from, person);
        }
        let client = Box::new(Client::new(seat, number, outbox, encoder));
        self.tell(Local::Arrive { client, greeting });
        Connection {
            room: self.clone(),
            seat,
            number,
        }
    }

    /// A player's report.
    pub fn report(&self, seat: SeatId, report: Report) {
        self.tell(Local::Report { seat, report });
    }

    /// Somebody is typing.
    pub fn typing(&self, seat: SeatId) {
        self.tell(Local::Typing { seat });
    }

    /// A lagging client's backlog is written.
    pub fn drained(&self, seat: SeatId) {
        self.tell(Local::Drained { seat });
    }

    pub(super) fn stop(&self) {
        self.tell(Local::Stop);
    }

    pub(super) async fn stopped(&self) {
        let mut stopped = self.stopped.clone();
        let _ = stopped.wait_for(|s| *s).await;
    }
}

/// Tells two connections of one seat apart.
static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

/// A connection's place in its room: dropping it disconnects, so that no path can forget to.
#[derive(Debug)]
pub struct Connection {
    room: Arc<RoomHandle>,
    seat: SeatId,
    number: u64,
}

impl Connection {
    /// Its seat.
    pub fn seat(&self) -> SeatId {
        self.seat
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.room.speech.gone(self.seat, self.number);
        self.room.tell(Local::Depart {
            seat: self.seat,
            connection: self.number,
        });
    }
}
