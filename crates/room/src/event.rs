//! What happened: the answer of a room to a command that broke no rule.
//!
//! Events carry values, not deltas against something a client may have missed:
//! applying one twice, or after a snapshot that already holds it, is harmless.
use crate::{ActId, InviteId, ItemId, MemberId, MessageId, Position, SeatId, ServerTime};
use serde::{Deserialize, Serialize};

/// For whose eyes an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// Every admitted member.
    All,
    /// One member, on all devices.
    Member(MemberId),
    /// Those who may manage people.
    Moderators,
    /// Those who may play and pause.
    Controllers,
}

/// What a control did, for toasts and the undo button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlKind {
    /// Play.
    Play,
    /// Pause.
    Pause,
    /// Seek.
    Seek,
    /// Speed.
    Rate,
    /// Another medium.
    Load,
    /// No medium.
    Unload,
    /// A control was taken back.
    Undo,
    /// Nobody pressed anything: the host's player leads, and this is where it is.
    Steer,
    /// All are ready or the deadline passed (by nobody), or somebody forced it.
    Start,
    /// The medium's end.
    End,
    /// The medium's length became known, or is another; its motion is the same.
    Duration,
    /// Played up to what has arrived of an upload: the room waits for more, and goes on by a `Play` of nobody.
    Hold,
    /// More of an upload has arrived; its motion is the same.
    Arrival,
}

/// Something that changed. Where a value is needed, the reader takes it from the room after the entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The timeline is another: read `Room::timeline()`.
    Timeline {
        /// Why.
        cause: ControlKind,
        /// By whom; `None` for the server.
        by: Option<MemberId>,
    },
    /// The barrier opened, changed or closed: read `Room::barrier()`.
    Barrier,
    /// A member is new or changed in any way (name, role, presence, mute, readiness): read `Room::member(id)`.
    Member {
        /// Who.
        member: MemberId,
    },
    /// A member is gone for good.
    Gone {
        /// Who.
        member: MemberId,
        /// Why.
        reason: Departure,
    },
    /// A seat was revoked: its connection is to be closed with this reason.
    SeatRevoked {
        /// Which.
        seat: SeatId,
        /// Why.
        reason: Departure,
    },
    /// More became known of the medium that is on: which bytes it is, or what follows it. Read `Room::current()`.
    Medium,
    /// The queue is another: read `Room::queue()`.
    Queue,
    /// The random pool is another.
    Pool,
    /// A chat message: read `Room::message(id)`.
    Said {
        /// Which.
        message: MessageId,
    },
    /// A message was deleted; it may have left the room's tail long ago.
    MessageDeleted {
        /// Which.
        message: MessageId,
    },
    /// Somebody reacted.
    Reacted {
        /// Who.
        by: MemberId,
        /// With what.
        emoji: String,
        /// At which item and position, where something is loaded.
        moment: Option<(ItemId, Position)>,
        /// When.
        at: ServerTime,
    },
    /// Somebody without the right asks for play or pause.
    Asked {
        /// Who.
        by: MemberId,
        /// For play, or for pause.
        play: bool,
    },
    /// Policy, name or schedule are others: read `Room::policy()`, `Room::name()`, `Room::schedule()`.
    Settings,
    /// The life cycle moved: read `Room::life()`.
    Life,
    /// The list of banned people is another: read `Room::banned()`.
    Bans,
    /// The word list is another: read `Room::words()`.
    Words,
    /// The open reports are others: read `Room::reports()`.
    Reports,
    /// A privileged act was recorded: read `Room::act(id)`.
    Acted {
        /// Which.
        act: ActId,
    },
    /// An invitation was made: read `Room::invite(id)`.
    Invited {
        /// Which.
        invite: InviteId,
    },
    /// All invitations were revoked, after a kick or a ban.
    InviteRotated,
}

/// Why somebody is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// On purpose.
    Left,
    /// Lost, and the hold ran out.
    TimedOut,
    /// Kicked.
    Kicked,
    /// Banned.
    Banned,
    /// Knocked in vain.
    Denied,
    /// The room ended or expired.
    RoomOver,
}

/// The events of one applied entry, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Each with its audience.
    pub events: Vec<(Audience, Event)>,
}
