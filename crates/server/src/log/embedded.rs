//! The embedded log: one task, one SQLite connection, group commit.
//!
//! Everything that waits is committed in one transaction, so a thousand commands a second cost a
//! few hundred commits, and none waits longer than the commit before it. Opening, snapshots and
//! appends all pass through the one task: no two of them can cross.
use super::keeping::{self, Kept, Owed, PartyRow};
use super::{Answer, Chronicle, Feed, Followed, Log, Logged, News, Origin, Seq};
use crate::clock::ServerClock;
use crate::code::RoomCode;
use crate::store::{Store, StoreError};
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use watchalong_room::{Entry, Room, ServerTime, Snapshot};

/// Requests that wait before senders have to: past this the disk is the limit and waiting is honest.
const QUEUE: usize = 8192;
/// Entries in one transaction; SQLite allows 32,766 variables in a statement, and we bind four per entry.
const BATCH: usize = 512;

enum Request {
    Append {
        room: RoomCode,
        entry: Box<Entry>,
        origin: Option<Origin>,
    },
    Follow {
        room: RoomCode,
        reply: oneshot::Sender<Result<Option<Followed>, StoreError>>,
    },
    Snapshot(Box<Kept>),
    Unfollow {
        room: RoomCode,
    },
    Flush {
        reply: oneshot::Sender<()>,
    },
}

/// The log of a single server.
#[derive(Debug)]
pub struct EmbeddedLog {
    requests: mpsc::Sender<Request>,
    clock: Arc<ServerClock>,
}

impl EmbeddedLog {
    /// Starts the writer.
    ///
    /// # Errors
    /// [`StoreError::Statement`] where the database does not let itself be written.
    pub async fn start(store: &Store, clock: Arc<ServerClock>) -> Result<Self, StoreError> {
        let connection = SqliteConnection::connect_with(&store.writer_options()).await?;
        let (requests, inbox) = mpsc::channel(QUEUE);
        tokio::spawn(
            Writer {
                connection,
                clock: clock.clone(),
                rooms: HashMap::new(),
                owed: Owed::default(),
            }
            .run(inbox),
        );
        Ok(Self { requests, clock })
    }

    async fn send(&self, request: Request) {
        // The writer ends only with the process.
        let _ = self.requests.send(request).await;
    }
}

impl Log for EmbeddedLog {
    fn append(&self, room: &RoomCode, entry: Entry, origin: Option<Origin>) -> Answer<'_, ()> {
        Box::pin(self.send(Request::Append {
            room: room.clone(),
            entry: Box::new(entry),
            origin,
        }))
    }

    fn follow(&self, room: &RoomCode) -> Answer<'_, Result<Option<Followed>, StoreError>> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Follow {
            room: room.clone(),
            reply,
        };
        Box::pin(async move {
            self.send(request).await;
            answer
                .await
                .unwrap_or(Err(StoreError::Statement(sqlx::Error::WorkerCrashed)))
        })
    }

    fn snapshot(&self, code: &RoomCode, room: &Room, seq: Seq, news: News) -> Answer<'_, ()> {
        let kept = Kept {
            code: code.clone(),
            state: serde_json::to_string(&room.snapshot()).expect("a snapshot is plain data"),
            seq,
            occupied: room.members().any(|m| m.present()),
            deadline: room.deadline(),
            messages: room.messages().cloned().collect(),
            acts: room.acts().cloned().collect(),
            party: PartyRow::of(room, self.clock.now()),
            news,
        };
        Box::pin(self.send(Request::Snapshot(Box::new(kept))))
    }

    fn unfollow(&self, room: &RoomCode) -> Answer<'_, ()> {
        Box::pin(self.send(Request::Unfollow { room: room.clone() }))
    }

    fn flush(&self) -> Answer<'_, ()> {
        let (reply, answer) = oneshot::channel();
        Box::pin(async move {
            self.send(Request::Flush { reply }).await;
            let _ = answer.await;
        })
    }
}

struct Writer {
    connection: SqliteConnection,
    clock: Arc<ServerClock>,
    rooms: HashMap<RoomCode, Follower>,
    owed: Owed,
}

struct Follower {
    next: Seq,
    feed: mpsc::UnboundedSender<Feed>,
}

impl Writer {
    async fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        let mut requests = Vec::with_capacity(BATCH);
        let mut appends = Vec::with_capacity(BATCH);
        while inbox.recv_many(&mut requests, BATCH).await > 0 {
            for request in requests.drain(..) {
                if let Request::Append {
                    room,
                    entry,
                    origin,
                } = request
                {
                    appends.push((room, *entry, origin));
                    continue;
                }
                self.commit(&mut appends).await;
                match request {
                    Request::Append { .. } => {}
                    Request::Follow { room, reply } => {
                        let _ = reply.send(self.follow(room).await);
                    }
                    Request::Snapshot(kept) => {
                        keeping::keep(&mut self.connection, &mut self.owed, *kept).await;
                    }
                    // Somebody else may follow it by now: only a feed that nobody reads is taken away.
                    Request::Unfollow { room } => {
                        if self.rooms.get(&room).is_some_and(|of| of.feed.is_closed()) {
                            self.rooms.remove(&room);
                            self.owed.forget(&room);
                        }
                    }
                    Request::Flush { reply } => {
                        let _ = reply.send(());
                    }
                }
            }
            self.commit(&mut appends).await;
        }
    }

    /// Commits what has been handed in and passes it on, all or nothing.
    async fn commit(&mut self, appends: &mut Vec<(RoomCode, Entry, Option<Origin>)>) {
        if appends.is_empty() {
            return;
        }
        let at = self.clock.now();
        let mut placed = Vec::with_capacity(appends.len());
        let mut firsts: HashMap<RoomCode, Seq> = HashMap::new();
        for (room, entry, origin) in appends.drain(..) {
            // A room nobody follows here has no place to give: its task has just ended.
            let Some(follower) = self.rooms.get_mut(&room) else {
                continue;
            };
            firsts.entry(room.clone()).or_insert(follower.next);
            placed.push((
                room,
                Logged {
                    seq: follower.next,
                    at,
                    entry,
                    origin,
                },
            ));
            follower.next += 1;
        }
        match self.write(&placed).await {
            Ok(()) => {
                for (room, logged) in placed {
                    self.tell(&room, Feed::Entry(logged));
                }
            }
            Err(error) => {
                tracing::error!(%error, entries = placed.len(), "log not written");
                for (room, first) in firsts {
                    if let Some(follower) = self.rooms.get_mut(&room) {
                        follower.next = first;
                    }
                }
                for (room, Logged { entry, origin, .. }) in placed {
                    self.tell(&room, Feed::Failed { entry, origin });
                }
            }
        }
    }

    fn tell(&self, room: &RoomCode, feed: Feed) {
        if let Some(follower) = self.rooms.get(room) {
            let _ = follower.feed.send(feed);
        }
    }

    async fn write(&mut self, placed: &[(RoomCode, Logged)]) -> Result<(), sqlx::Error> {
        if placed.is_empty() {
            return Ok(());
        }
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO entries (room, seq, at, entry) ");
        insert.push_values(placed, |mut row, (room, logged)| {
            let entry = serde_json::to_string(&logged.entry).expect("an entry is plain data");
            row.push_bind(room.as_str())
                .push_bind(logged.seq as i64)
                .push_bind(logged.at.0)
                .push_bind(entry);
        });
        // One statement is one transaction.
        insert.build().execute(&mut self.connection).await?;
        Ok(())
    }

    async fn follow(&mut self, code: RoomCode) -> Result<Option<Followed>, StoreError> {
        let row: Option<(String, i64)> =
            sqlx::query_as("SELECT snapshot, snapshot_seq FROM rooms WHERE code = ?")
                .bind(code.as_str())
                .fetch_optional(&mut self.connection)
                .await?;
        let Some((state, seq)) = row else {
            return Ok(None);
        };
        let damaged = || StoreError::Damaged(code.clone());
        let snapshot: Snapshot = serde_json::from_str(&state).map_err(|_| damaged())?;
        let mut room = Room::restore(snapshot).map_err(|_| damaged())?;
        let mut seq = seq as Seq;
        let kept = seq;
        let mut chronicle = Chronicle::of(&room);
        let entries: Vec<(i64, i64, String)> = sqlx::query_as(
            "SELECT seq, at, entry FROM entries WHERE room = ? AND seq > ? ORDER BY seq",
        )
        .bind(code.as_str())
        .bind(seq as i64)
        .fetch_all(&mut self.connection)
        .await?;
        for (place, at, entry) in entries {
            let entry: Entry = serde_json::from_str(&entry).map_err(|_| damaged())?;
            // A refusal was one the first time, too: it changed nothing.
            if let Ok(outcome) = room.apply(ServerTime(at), &entry) {
                chronicle.observe(&room, &outcome.events, ServerTime(at));
            }
            seq = place as Seq;
        }
        let (feed, receiver) = mpsc::unbounded_channel();
        self.rooms.insert(
            code,
            Follower {
                next: seq + 1,
                feed,
            },
        );
        Ok(Some(Followed {
            room,
            seq,
            kept,
            chronicle,
            feed: receiver,
        }))
    }
}
