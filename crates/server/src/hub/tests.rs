//! The hub over a real log and a real SQLite file, with connections that say nothing.
use super::encoder::{Encoder, Farewell, Reaction, Roster, Scene};
use super::{CallError, Greeting, Hub, NewRoom, Report, RoomHandle};
use crate::clock::ServerClock;
use crate::code::RoomCode;
use crate::log::{Answer, EmbeddedLog, Feed, Followed, Log, News, Origin, Seq};
use crate::secret::Signer;
use crate::store::{ProgressWriter, Store, StoreError};
use crate::ws::{Limits, Outbox};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use watchalong_room::{
    Actor, Command, Entry, Event, Grant, MemberId, PersonId, Policy, Position, Room, SeatId,
};

/// Has no words for anything.
struct Silent;

impl Encoder for Silent {
    fn id(&self) -> u8 {
        255
    }
    fn welcome(&self, _: Scene<'_>, _: SeatId, _: MemberId, _: bool) -> Bytes {
        Bytes::new()
    }
    fn events(&self, _: Scene<'_>, _: &[&Event]) -> Option<Bytes> {
        None
    }
    fn roster(&self, _: Scene<'_>, _: &Roster) -> Option<Bytes> {
        None
    }
    fn knock(&self, _: Scene<'_>) -> Option<Bytes> {
        None
    }
    fn snapshot(&self, _: Scene<'_>, _: MemberId) -> Bytes {
        Bytes::new()
    }
    fn reactions(&self, _: Scene<'_>, _: &[Reaction], _: usize) -> Option<Bytes> {
        None
    }
    fn signals(&self, _: &[(MemberId, Report)], _: &[MemberId]) -> Option<Bytes> {
        None
    }
    fn farewell(&self, _: &Farewell) -> (Option<Bytes>, Bytes) {
        (None, Bytes::new())
    }
}

/// The embedded log on a disk that can be full for a while.
struct Flaky {
    inner: EmbeddedLog,
    full: AtomicBool,
    feeds: Mutex<HashMap<RoomCode, mpsc::UnboundedSender<Feed>>>,
}

impl Log for Flaky {
    fn append(&self, room: &RoomCode, entry: Entry, origin: Option<Origin>) -> Answer<'_, ()> {
        if self.full.load(Ordering::Relaxed) {
            let feed = self.feeds.lock().expect("unbroken")[room].clone();
            let _ = feed.send(Feed::Failed { entry, origin });
            return Box::pin(async {});
        }
        self.inner.append(room, entry, origin)
    }

    fn follow(&self, code: &RoomCode) -> Answer<'_, Result<Option<Followed>, StoreError>> {
        let (code, followed) = (code.clone(), self.inner.follow(code));
        Box::pin(async move {
            let Some(mut followed) = followed.await? else {
                return Ok(None);
            };
            let (sender, receiver) = mpsc::unbounded_channel();
            let mut inner = std::mem::replace(&mut followed.feed, receiver);
            let mut feeds = self.feeds.lock().expect("unbroken");
            feeds.insert(code, sender.clone());
            tokio::spawn(async move {
                while let Some(feed) = inner.recv().await {
                    let _ = sender.send(feed);
                }
            });
            Ok(Some(followed))
        })
    }

    fn snapshot(&self, code: &RoomCode, room: &Room, seq: Seq, news: News) -> Answer<'_, ()> {
        self.inner.snapshot(code, room, seq, news)
    }

    fn unfollow(&self, room: &RoomCode) -> Answer<'_, ()> {
        self.inner.unfollow(room)
    }

    fn flush(&self) -> Answer<'_, ()> {
        self.inner.flush()
    }
}

struct Ground {
    hub: Arc<Hub>,
    log: Arc<Flaky>,
    room: Arc<RoomHandle>,
    _data: tempfile::TempDir,
}

impl Ground {
    async fn new() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let store = Store::open(data.path()).await.expect("a database");
        let clock = Arc::new(ServerClock::start());
        let log = Arc::new(Flaky {
            inner: EmbeddedLog::start(&store, clock.clone())
                .await
                .expect("a log"),
            full: AtomicBool::new(false),
            feeds: Mutex::default(),
        });
        let progress = ProgressWriter::start(&store).await.expect("a writer");
        let limits = Arc::new(crate::limits::Limits::new(crate::limits::Rates::default()));
        let signer = Signer::new([7; 32]);
        let hub = Hub::new(log.clone(), store, clock, signer, progress, limits);
        let new = NewRoom {
            name: "Friday".into(),
            policy: Policy::default(),
            media: None,
            position: Position::ZERO,
            password_hash: None,
            owner: None,
            schedule: None,
        };
        let room = hub.create(new).await.expect("a room").room;
        Self {
            hub,
            log,
            room,
            _data: data,
        }
    }

    fn ann(&self) -> Command {
        Command::Join {
            person: PersonId("guest:ann".into()),
            name: "Ann".into(),
            grant: Grant::Host,
            client: "test".into(),
            reports: false,
            node: self.hub.node,
            address: None,
        }
    }

    async fn connect(&self, resume: Option<SeatId>) -> (super::Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        let outbox = Outbox::new(Arc::new(near.expect("connected")), Limits::CLIENT);
        let greeting = Greeting {
            resume,
            join: self.ann(),
            from: std::net::Ipv4Addr::LOCALHOST.into(),
        };
        let connection = self.room.arrive(SeatId(1), outbox, &Silent, greeting);
        (connection, far.expect("accepted").0)
    }

    /// Whether Ann is there; `None` where nobody of that name is.
    async fn present(&self) -> Option<bool> {
        let look = |room: &Room| room.members().next().map(|member| member.present());
        self.room.read(look).await.expect("a living room")
    }

    async fn until_present(&self, wanted: bool) {
        for _ in 0..500 {
            if self.present().await == Some(wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("Ann never was present = {wanted}");
    }
}

#[tokio::test]
async fn a_call_brings_back_what_happened_or_why_not() {
    let ground = Ground::new().await;
    let name = "Saturday".to_owned();
    let done = ground
        .room
        .call(Actor::Server, Command::SetName { name })
        .await
        .expect("the server may");
    assert!(done.events.iter().any(|(_, e)| *e == Event::Settings));
    let name = ground.room.read(|room| room.name().to_owned()).await;
    assert_eq!(name.expect("a living room"), "Saturday");

    let stranger = Actor::Seat(SeatId(99));
    let refused = ground.room.call(stranger, Command::End).await;
    assert_eq!(
        refused.map_err(|error| error.code()),
        Err("unknown_seat"),
        "a refusal comes back as one"
    );

    ground.log.full.store(true, Ordering::Relaxed);
    let lost = ground.room.call(Actor::Server, Command::End).await;
    assert_eq!(lost, Err(CallError::Failed));
}

#[tokio::test]
async fn calls_and_looks_end_with_the_server_instead_of_waiting_for_ever() {
    let ground = Ground::new().await;
    ground.hub.shut_down().await;
    let call = ground.room.call(Actor::Server, Command::End).await;
    assert_eq!(call, Err(CallError::Closed));
    let look = ground.room.read(|room| room.revision()).await;
    assert_eq!(look.map_err(|error| error.code()), Err("restarting"));
}

#[tokio::test]
async fn somebody_who_is_back_is_not_disconnected_by_what_the_full_disk_owed() {
    let ground = Ground::new().await;
    let (connection, _far) = ground.connect(None).await;
    ground.until_present(true).await;
    ground.log.full.store(true, Ordering::Relaxed);
    drop(connection);
    // The room hears of the departure, the log can't keep it, and the room still owes it.
    ground.present().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    ground.log.full.store(false, Ordering::Relaxed);
    let (_back, _far) = ground.connect(Some(SeatId(1))).await;
    // Longer than until what is owed is tried again.
    tokio::time::sleep(Duration::from_millis(1300)).await;
    assert_eq!(ground.present().await, Some(true));
}

#[tokio::test]
async fn somebody_who_stays_away_is_disconnected_once_the_disk_has_room_again() {
    let ground = Ground::new().await;
    let (connection, _far) = ground.connect(None).await;
    ground.until_present(true).await;
    ground.log.full.store(true, Ordering::Relaxed);
    drop(connection);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(ground.present().await, Some(true), "nothing was kept");
    ground.log.full.store(false, Ordering::Relaxed);
    ground.until_present(false).await;
}
