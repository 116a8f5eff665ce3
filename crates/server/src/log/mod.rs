//! The log: where a command gets its place and its time, and where it is safe.
//!
//! A room is the fold of its log. Whoever has members in a room follows its log and applies
//! what comes, in order; a command is acknowledged and told to others only after it was
//! committed, so that nothing anybody saw is lost by `kill -9`. The [`embedded`] log is one
//! writer over SQLite; anything that orders and keeps entries (a Redis stream) fits the same [`Log`].
mod chronicle;
mod embedded;
mod keeping;

use crate::code::RoomCode;
use crate::store::StoreError;
pub use chronicle::{Attended, Chronicle, News};
pub use embedded::EmbeddedLog;
use std::pin::Pin;
use tokio::sync::mpsc;
use watchalong_room::{Entry, Room, SeatId, ServerTime};

/// A boxed answer, so that the log can be chosen at start.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A place in a room's log, counted from 1.
pub type Seq = u64;

/// Who on this node waits for the outcome of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A connection.
    Connection {
        /// Its seat.
        seat: SeatId,
        /// Its own number for the command, for the acknowledgement.
        id: Option<u64>,
    },
    /// Somebody who awaits [`RoomHandle::call`](crate::hub::RoomHandle::call), by the call's number.
    Call(u64),
}

/// An entry that is safe, with its place and time.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its place.
    pub seq: Seq,
    /// Its time.
    pub at: ServerTime,
    /// What happened.
    pub entry: Entry,
    /// Who waits for it here.
    pub origin: Option<Origin>,
}

/// What a follower gets.
#[derive(Debug)]
pub enum Feed {
    /// The next entry.
    Entry(Logged),
    /// An entry of this node could not be kept, and so did not happen.
    Failed {
        /// What it was.
        entry: Entry,
        /// Who waits.
        origin: Option<Origin>,
    },
}

/// A room as far as it is known, and what comes after.
#[derive(Debug)]
pub struct Followed {
    /// The room after `seq`.
    pub room: Room,
    /// The last entry it holds.
    pub seq: Seq,
    /// The last entry that its snapshot held.
    pub kept: Seq,
    /// What the replay brought up that is not written yet.
    pub chronicle: Chronicle,
    /// Everything after, in order.
    pub feed: mpsc::UnboundedReceiver<Feed>,
}

/// Orders, times and keeps the entries of all rooms.
pub trait Log: Send + Sync + 'static {
    /// Hands an entry in. Its outcome comes through the feed. Waits only where the log is behind.
    fn append(&self, room: &RoomCode, entry: Entry, origin: Option<Origin>) -> Answer<'_, ()>;
    /// The room and its feed; `None` where there is no such room. One follower a room and node.
    fn follow(&self, room: &RoomCode) -> Answer<'_, Result<Option<Followed>, StoreError>>;
    /// Keeps the room's state after `seq`, so that what came before need not be replayed, and with it what
    /// outlives the room: its chat, its acts, its figures, and the chronicle's news.
    fn snapshot(&self, code: &RoomCode, room: &Room, seq: Seq, news: News) -> Answer<'_, ()>;
    /// Forgets the feed of a room, after its receiver was dropped.
    fn unfollow(&self, room: &RoomCode) -> Answer<'_, ()>;
    /// Waits until everything handed in so far is safe or refused.
    fn flush(&self) -> Answer<'_, ()>;
}
