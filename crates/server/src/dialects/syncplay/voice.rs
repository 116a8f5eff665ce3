//! What the hub tells a Syncplay connection: that there is news, or that it is over.
//!
//! No two Syncplay clients are sent the same bytes (each message carries that client's counters and clocks), so
//! nothing is encoded here for everybody. A notice makes the connection's own task look at the room and tell its
//! client what is other than what it was told last; a lost notice therefore loses nothing.
use crate::hub::encoder::{Encoder, Farewell, Roster, Scene};
use bytes::Bytes;
use serde_json::json;
use watchalong_room::{Departure, Event, MemberId, SeatId};

/// Something is other than it was.
pub const NEWS: &[u8] = b"news";
/// The client is in.
pub const WELCOME: &[u8] = b"welcome";
/// The client waits to be let in.
pub const PENDING: &[u8] = b"pending";
/// Go away without a word: the client comes back by itself.
pub const AGAIN: &[u8] = b"again";

/// The one voice of all Syncplay connections.
#[derive(Debug)]
pub struct Voice;

impl Voice {
    fn news() -> Option<Bytes> {
        Some(Bytes::from_static(NEWS))
    }
}

impl Encoder for Voice {
    fn id(&self) -> u8 {
        b'S'
    }

    fn welcome(&self, _: Scene<'_>, _: SeatId, _: MemberId, _: bool) -> Bytes {
        Bytes::from_static(WELCOME)
    }

    fn pending(&self, _: Scene<'_>, _: SeatId, _: MemberId) -> Option<Bytes> {
        Some(Bytes::from_static(PENDING))
    }

    fn events(&self, _: Scene<'_>, _: &[&Event]) -> Option<Bytes> {
        Self::news()
    }

    fn roster(&self, _: Scene<'_>, _: &Roster) -> Option<Bytes> {
        Self::news()
    }

    fn rights(&self, _: Scene<'_>, _: MemberId) -> Option<Bytes> {
        Self::news()
    }

    fn snapshot(&self, _: Scene<'_>, _: MemberId) -> Bytes {
        Bytes::from_static(NEWS)
    }

    /// An `Error` where coming back would be in vain, else nothing: the client reconnects on a plain close.
    fn farewell(&self, why: &Farewell) -> (Option<Bytes>, Bytes) {
        let words = match why {
            Farewell::Refused(refusal) => refusal.to_string(),
            Farewell::Departed(Departure::Kicked) => "You were removed from the room.".to_owned(),
            Farewell::Departed(Departure::Banned) => "You were banned from the room.".to_owned(),
            Farewell::Departed(Departure::Denied) => "You were not let in.".to_owned(),
            Farewell::Departed(Departure::RoomOver) => "The party is over.".to_owned(),
            Farewell::Departed(Departure::Left | Departure::TimedOut)
            | Farewell::Replaced
            | Farewell::Restarting
            | Farewell::Failed => return (None, Bytes::from_static(AGAIN)),
        };
        (
            None,
            super::wire::line(&json!({"Error": {"message": words}})).into(),
        )
    }
}
