//! Live rooms: found by their code, opened when somebody asks, kept by one task each.
//!
//! The hub knows which rooms are in memory and what may be told of them to strangers. What happens in a
//! room is its task's ([`task`]), what is right is the room's (`watchalong-room`), and how it is said
//! is the dialects' ([`encoder`]).
mod aliases;
mod call;
mod clients;
mod door;
pub mod encoder;
mod figures;
mod handle;
mod newcomer;
mod presence;
pub(crate) mod roster;
mod signals;
mod speech;
mod task;
mod telling;
#[cfg(test)]
mod tests;
mod timing;
mod viewers;
mod watching;

use crate::clock::ServerClock;
use crate::code::RoomCode;
use crate::limits::Limits;
use crate::log::Log;
use crate::secret::{self, Signer};
use crate::store::{ProgressWriter, RoomSecrets, Store, StoreError};
pub use call::CallError;
pub use door::DoorError;
pub use figures::Figures;
pub use handle::{Connection, Greeting, PublicView, RoomHandle};
pub use newcomer::{Newcomer, NotIn, Seated, new_seat};
pub use signals::{Heard, PlayerState, Report};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OnceCell, watch};
pub use viewers::{Viewer, Viewers};
use watchalong_room::{
    Actor, Command, Entry, Media, NodeId, PersonId, Policy, Position, Refusal, Room, ServerTime,
    Span, Visibility,
};
pub(crate) use watching::kind_name;

/// How often rooms that are not in memory are looked through for a passed deadline (idle expiry, grace): these
/// count in minutes and hours.
const SWEEP: Duration = Duration::from_secs(10);

/// How often rooms that were over long ago are let go of.
const PURGE: Duration = Duration::from_secs(3600);

/// What can go wrong with a room as a whole.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// There is none.
    #[error("There is no room with this code. Check the link, or ask for a new one.")]
    RoomNotFound,
    /// The room's settings or medium broke a rule.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The room is being put away.
    #[error("The server restarts. Try again in a moment.")]
    Closed,
}

impl HubError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RoomNotFound => "room_not_found",
            Self::Refused(refusal) => refusal.code(),
            Self::Store(error) => error.code(),
            Self::Closed => "restarting",
        }
    }

    /// The status that tells so over HTTP. What is the server's own fault is logged.
    pub fn status(&self) -> u16 {
        match self {
            Self::RoomNotFound => 404,
            Self::Refused(_) => 400,
            Self::Store(_) | Self::Closed => {
                tracing::warn!(error = %self, "a room can't be reached");
                503
            }
        }
    }
}

/// A room to be made.
#[derive(Debug)]
pub struct NewRoom {
    /// Its name.
    pub name: String,
    /// Its rules.
    pub policy: Policy,
    /// What to watch first.
    pub media: Option<Media>,
    /// From where, in seconds.
    pub position: Position,
    /// Argon2id of its password.
    pub password_hash: Option<String>,
    /// Who makes it, where they are known.
    pub owner: Option<PersonId>,
    /// When it begins by itself.
    pub schedule: Option<ServerTime>,
}

impl NewRoom {
    /// With nothing on, no password and nobody's yet.
    pub fn of(name: impl Into<String>, policy: Policy) -> Self {
        Self {
            name: name.into(),
            policy,
            media: None,
            position: Position::ZERO,
            password_hash: None,
            owner: None,
            schedule: None,
        }
    }
}

/// A room just made.
#[derive(Debug)]
pub struct Created {
    /// The room.
    pub room: Arc<RoomHandle>,
    /// The key that makes its holder the host. Not stored, so never shown again.
    pub host_key: String,
}

/// What the server does to a room before anybody is in it.
fn by_server(room: &mut Room, now: ServerTime, command: Command) -> Result<(), Refusal> {
    let entry = Entry {
        actor: Actor::Server,
        command,
        seed: 0,
        lead: Span(0),
    };
    room.apply(now, &entry).map(drop)
}

type Slot = Arc<OnceCell<Option<Arc<RoomHandle>>>>;

/// All rooms of this process.
pub struct Hub {
    /// Where entries get their place and time.
    pub log: Arc<dyn Log>,
    /// Where rooms are kept.
    pub store: Store,
    /// The time all timelines are measured by.
    pub clock: Arc<ServerClock>,
    /// What tokens are signed with.
    pub signer: Signer,
    /// Where rooms hand over how far people came.
    pub progress: ProgressWriter,
    /// How often people may write and react.
    pub limits: Arc<Limits>,
    /// This process, among those that ever held seats.
    pub node: NodeId,
    rooms: Mutex<HashMap<RoomCode, Slot>>,
    stopping: watch::Sender<bool>,
    directory: watch::Sender<()>,
}

impl Hub {
    /// Nothing in memory yet.
    pub fn new(
        log: Arc<dyn Log>,
        store: Store,
        clock: Arc<ServerClock>,
        signer: Signer,
        progress: ProgressWriter,
        limits: Arc<Limits>,
    ) -> Arc<Self> {
        let node = NodeId(u64::from_le_bytes(secret::random()));
        Arc::new(Self {
            log,
            store,
            clock,
            signer,
            progress,
            limits,
            node,
            rooms: Mutex::default(),
            stopping: watch::Sender::new(false),
            directory: watch::Sender::new(()),
        })
    }

    /// Makes a room, and a host key for whoever asked.
    ///
    /// # Errors
    /// [`HubError::Refused`] where name, policy or medium break a rule; [`HubError::Store`].
    pub async fn create(self: &Arc<Self>, new: NewRoom) -> Result<Created, HubError> {
        let now = self.clock.now();
        let mut room = Room::new(&new.name, new.policy, now)?;
        if let Some(media) = new.media {
            let position = new.position;
            by_server(
                &mut room,
                now,
                Command::Load {
                    media,
                    position,
                    play: false,
                },
            )?;
        }
        if new.schedule.is_some() {
            by_server(&mut room, now, Command::SetSchedule { at: new.schedule })?;
        }
        let host_key = secret::new_key();
        let secrets = RoomSecrets {
            host_key_hash: secret::key_hash(&host_key),
            password_hash: new.password_hash,
            owner: new.owner,
        };
        let code = loop {
            let code = RoomCode::random();
            if self
                .store
                .create_room(&code, now, &secrets, &room.snapshot(), room.deadline())
                .await?
            {
                break code;
            }
        };
        let room = self.room(&code).await?.ok_or(HubError::RoomNotFound)?;
        tracing::info!(room = %code, "room made");
        Ok(Created { room, host_key })
    }

    /// Gives a room another password, or none. Who may enter by what is its policy's.
    ///
    /// # Errors
    /// [`HubError::Store`]; the old one holds then.
    pub async fn set_password(
        &self,
        room: &RoomHandle,
        hash: Option<String>,
    ) -> Result<(), HubError> {
        self.store
            .set_room_password(room.code(), hash.as_deref())
            .await?;
        room.set_password_hash(hash);
        Ok(())
    }

    /// The room with this code, opened from the store if it isn't in memory.
    ///
    /// # Errors
    /// [`HubError::Store`] where the room can't be read.
    pub async fn room(
        self: &Arc<Self>,
        code: &RoomCode,
    ) -> Result<Option<Arc<RoomHandle>>, HubError> {
        let slot = self.slots().entry(code.clone()).or_default().clone();
        let opened = slot.get_or_try_init(|| self.open(code)).await;
        if !matches!(opened, Ok(Some(_))) {
            // Nothing to remember: a guessed code must not leave a trace in memory.
            let mut slots = self.slots();
            if slots.get(code).is_some_and(|s| Arc::ptr_eq(s, &slot)) {
                slots.remove(code);
            }
        }
        opened.cloned()
    }

    async fn open(self: &Arc<Self>, code: &RoomCode) -> Result<Option<Arc<RoomHandle>>, HubError> {
        let Some(secrets) = self.store.room_secrets(code).await? else {
            return Ok(None);
        };
        let Some(followed) = self.log.follow(code).await? else {
            return Ok(None);
        };
        Ok(Some(
            task::spawn(self.clone(), code.clone(), secrets, followed).await,
        ))
    }

    /// Takes a room out of memory unless somebody just asked for it; true when it is out.
    fn forget(&self, handle: &Arc<RoomHandle>) -> bool {
        let mut slots = self.slots();
        // The slot is the map's alone and the handle the slot's and the task's: nobody else holds or is just
        // getting it, and nobody can begin to while we hold the lock.
        let slot = slots.get(handle.code());
        let unused =
            slot.is_some_and(|slot| Arc::strong_count(slot) == 1) && Arc::strong_count(handle) <= 2;
        if unused {
            slots.remove(handle.code());
        }
        unused
    }

    /// The rooms in memory that are shown to strangers, fullest first.
    pub fn public_rooms(&self) -> Vec<Arc<PublicView>> {
        let mut views: Vec<_> = self
            .live()
            .iter()
            .map(|room| room.view())
            .filter(|view| {
                view.visibility == Visibility::Public
                    && !view.life.is_terminal()
                    && view.viewers > 0
            })
            .collect();
        views.sort_by(|a, b| b.viewers.cmp(&a.viewers).then_with(|| a.name.cmp(&b.name)));
        views
    }

    /// The public rooms whose party is to begin and which nobody is in yet, the next first, whether they are in memory
    /// or asleep.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub async fn announced_rooms(&self) -> Result<Vec<Arc<PublicView>>, HubError> {
        let now = self.clock.now();
        let views = |room: Arc<RoomHandle>| (room.code().clone(), room.view());
        let mut views: HashMap<_, _> = self.live().into_iter().map(views).collect();
        for (code, room) in self.store.announced(now).await? {
            // What is in memory is newer than what is written.
            let asleep = || Arc::new(PublicView::of(&code, &room));
            views.entry(code.clone()).or_insert_with(asleep);
        }
        let to_come = |view: &Arc<PublicView>| {
            view.visibility == Visibility::Public
                && !view.life.is_terminal()
                && view.viewers == 0
                && view.schedule.is_some_and(|at| at > now)
        };
        let mut views: Vec<_> = views.into_values().filter(to_come).collect();
        views.sort_by(|a, b| {
            a.schedule
                .cmp(&b.schedule)
                .then_with(|| a.name.cmp(&b.name))
        });
        Ok(views)
    }

    /// Changes whenever something that may be told of a room to strangers does.
    pub fn directory(&self) -> watch::Receiver<()> {
        self.directory.subscribe()
    }

    fn directory_changed(&self) {
        self.directory.send_replace(());
    }

    /// Every room in memory.
    pub fn live(&self) -> Vec<Arc<RoomHandle>> {
        self.slots()
            .values()
            .filter_map(|slot| slot.get().cloned().flatten())
            .collect()
    }

    /// Opens the rooms that were occupied when the last process died, and from then on those whose time has come.
    pub async fn look_after_sleeping_rooms(self: Arc<Self>) {
        let mut first = true;
        let mut purged: Option<Instant> = None;
        loop {
            if purged.is_none_or(|at| at.elapsed() >= PURGE) {
                purged = Some(Instant::now());
                self.purge().await;
            }
            match self.store.rooms_due(self.clock.now(), first).await {
                Ok(codes) => {
                    first = false;
                    for code in codes {
                        if let Err(error) = self.room(&code).await {
                            tracing::warn!(room = %code, %error, "room can't be opened");
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "rooms can't be looked through"),
            }
            tokio::time::sleep(SWEEP).await;
        }
    }

    /// Lets go of rooms that were over long ago. Their codes may be given again from then on.
    async fn purge(&self) {
        loop {
            match self.store.purge(self.clock.now()).await {
                Ok(codes) if codes.is_empty() => return,
                Ok(codes) => {
                    tracing::info!(rooms = codes.len(), "rooms of long ago let go of");
                }
                Err(error) => {
                    tracing::warn!(%error, "rooms of long ago can't be let go of");
                    return;
                }
            }
        }
    }

    /// Ends when the server begins to stop: for answers that else never end.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.stopping.subscribe();
        async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        }
    }

    /// Tells everybody to come back in a moment, keeps every room, and waits until all is safe.
    pub async fn shut_down(&self) {
        let _ = self.stopping.send_replace(true);
        let rooms = self.live();
        for room in &rooms {
            room.stop();
        }
        for room in rooms {
            room.stopped().await;
        }
        self.log.flush().await;
        self.progress.flush().await;
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<RoomCode, Slot>> {
        // Held for map operations only; none of them leaves it half-changed.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
