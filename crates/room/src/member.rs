//! A member of a room: a person with a role, a standing and a seat for each of their devices.
//!
//! These are values to read. How they come and change is the matter of `seats` and
//! `moderation`, how they are found that of `people`.
use crate::chat::Speech;
use crate::{MemberId, NodeId, PersonId, SeatId, ServerTime};
use serde::{Deserialize, Serialize};

/// What somebody is in this room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The one whose room it is.
    Host,
    /// Trusted by the host.
    CoHost,
    /// Everybody else.
    Viewer,
}

/// Whether somebody has been let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Knocked; gets nothing of the room until admitted.
    Pending,
    /// In.
    Admitted,
    /// Out for good. Holds no seat.
    Banned,
}

/// One connection's place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seat {
    /// Its name.
    pub id: SeatId,
    /// The process that holds, or last held, its connection.
    pub node: NodeId,
    /// Kind of client.
    pub client: String,
    /// Whether this client reports readiness.
    pub reports: bool,
    /// Whether it is connected.
    pub connected: bool,
    /// When its connection was lost, or the place taken that has none yet; `None` while connected.
    pub away_since: Option<ServerTime>,
    /// Taken without a connection: held for at least [`RESERVATION`](crate::RESERVATION), for the connection to come.
    #[serde(default)]
    pub reserved: bool,
}

/// A person in this room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Their number in this room; the same again when they come back.
    pub id: MemberId,
    /// Who they are across rooms.
    pub person: PersonId,
    /// Shown name, unique in the room.
    pub name: String,
    /// Host, co-host or viewer.
    pub role: Role,
    /// Let in, waiting, or banned.
    pub standing: Standing,
    /// Nobody hears them.
    pub muted: bool,
    /// Their devices, in order of joining. Empty only for a host who is away for longer than the hold, for the
    /// banned, and for those who knocked before they came.
    pub seats: Vec<Seat>,
    /// Whether one of their players reported that it could start the current item at once.
    pub ready: bool,
    /// When they came (this time).
    pub joined_at: ServerTime,
    /// Whether newcomers from their address are refused; only of the banned.
    #[serde(default)]
    pub address_banned: bool,
    /// Where they last came from, as the edge digested it.
    #[serde(default)]
    pub(crate) address: Option<String>,
    /// Sent away at the door, and not to be heard again before this.
    #[serde(default)]
    pub(crate) denied_until: Option<ServerTime>,
    /// Kicked, and not let in since: needs more than the link.
    #[serde(default)]
    pub(crate) kicked: bool,
    /// Left on purpose, and is a member still because they are the host.
    #[serde(default)]
    pub(crate) left: bool,
    /// What they said lately, for the limits of the chat.
    #[serde(default)]
    pub(crate) speech: Speech,
}

impl Member {
    /// Whether any of their devices is connected.
    pub fn present(&self) -> bool {
        self.seats.iter().any(|seat| seat.connected)
    }

    /// Whether they are still of the party: a device is connected or held, or they are the host, who keeps their
    /// place until they leave on purpose.
    pub fn has_place(&self) -> bool {
        !self.seats.is_empty() || (self.role == Role::Host && !self.left)
    }

    /// Whether a connected device of theirs reports readiness: only those are ever waited for.
    pub fn reports(&self) -> bool {
        self.seats.iter().any(|seat| seat.connected && seat.reports)
    }

    /// Kind of client, of the device that joined first among the connected (else among all); empty without a seat.
    pub fn client(&self) -> &str {
        let seat = self
            .seats
            .iter()
            .find(|seat| seat.connected)
            .or(self.seats.first());
        seat.map_or("", |seat| seat.client.as_str())
    }

    /// Since when none of their devices is connected; `None` while one is, and without a seat.
    pub fn away_since(&self) -> Option<ServerTime> {
        if self.present() {
            None
        } else {
            self.seats.iter().filter_map(|seat| seat.away_since).max()
        }
    }

    pub(crate) fn admitted(&self) -> bool {
        self.standing == Standing::Admitted
    }

    /// Whether a barrier may wait for them.
    pub(crate) fn counts_for_barrier(&self) -> bool {
        self.admitted() && self.reports()
    }

    /// Remembered longer than others: forgetting would undo a decision of the host.
    pub(crate) fn privileged(&self) -> bool {
        self.role != Role::Viewer || self.muted || self.kicked
    }

    /// Its connected seats, where it has been let in.
    pub(crate) fn connected_seats(&self) -> u32 {
        if self.admitted() {
            self.seats.iter().filter(|seat| seat.connected).count() as u32
        } else {
            0
        }
    }
}
