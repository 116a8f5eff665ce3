//! The rules of a watch party, and the only place where one lives.
//!
//! A [`Room`] is a small deterministic state machine: it is given a command, who
//! sent it and the server's time, and returns events or a [`Refusal`]. There is
//! no clock, no randomness, no socket and no task in here; everything a rule
//! needs is in its arguments, so that the same log gives the same room on every
//! node, after every restart and in every test.
//!
//! What lives elsewhere: hashing of passwords and tokens (the edge checks them
//! and passes a [`Grant`]), media files (a [`Media`] is an opaque reference),
//! telemetry such as reported positions (signals, not log entries), and every
//! wire format (dialects translate to [`Command`] and from [`Event`]).
//!
//! ```
//! use watchalong_room::{Actor, Command, Entry, Grant, NodeId, PersonId, Policy, Room, SeatId, ServerTime, Span};
//!
//! let mut room = Room::new("Friday", Policy::default(), ServerTime(0))?;
//! let join = Command::Join {
//!     person: PersonId("guest:4711".into()),
//!     name: "Ann".into(),
//!     grant: Grant::Host,
//!     address: None,
//!     client: "web".into(),
//!     reports: true,
//!     node: NodeId(1),
//! };
//! let entry = Entry { actor: Actor::Seat(SeatId(1)), command: join, seed: 0, lead: Span(0) };
//! let outcome = room.apply(ServerTime(5), &entry)?;
//! assert!(!outcome.events.is_empty());
//! assert_eq!(room.host().map(|host| host.name.as_str()), Some("Ann"));
//!
//! // A viewer's refusal changes nothing, and says why.
//! let stranger = Entry { actor: Actor::Seat(SeatId(2)), command: Command::End, seed: 0, lead: Span(0) };
//! assert_eq!(room.apply(ServerTime(6), &stranger).unwrap_err().code(), "unknown_seat");
//! # Ok::<(), watchalong_room::Refusal>(())
//! ```
#![forbid(unsafe_code)]

mod arrival;
mod audit;
mod barrier;
mod chat;
mod command;
mod enroll;
mod event;
mod fingerprint;
mod id;
mod invite;
mod lifecycle;
mod media;
mod member;
mod mention;
mod moderation;
#[cfg(test)]
mod party;
mod people;
mod playback;
mod policy;
mod pool;
mod preset;
mod queue;
mod reading;
mod refusal;
mod report;
mod rights;
mod room;
mod schedule;
mod seats;
mod sequel;
mod shuffle;
mod snapshot;
mod stats;
mod steer;
mod tail;
mod text;
pub use text::line as clean_line;
mod timeline;
mod undo;
mod units;
mod words;

pub use arrival::ARRIVAL_MARGIN;
pub use audit::{ACT_TAIL, Act, ActKind};
pub use barrier::{Barrier, Purpose};
pub use chat::{CHAT_TAIL, Message};
pub use command::{Actor, Command, Entry, Grant};
pub use event::{Audience, ControlKind, Departure, Event, Outcome};
pub use fingerprint::{Fingerprint, NoFingerprint};
pub use id::{ActId, InviteId, ItemId, MemberId, MessageId, NodeId, PersonId, ReportId, SeatId};
pub use invite::Invite;
pub use lifecycle::Life;
pub use media::{Media, SourceKind};
pub use member::{Member, Role, Seat, Standing};
pub use people::RESERVATION;
pub use policy::{
    Barrier as BarrierPolicy, ChatRules, Controls, Entry as EntryPolicy, HostAbsence, Policy,
    PolicyPatch, StartLead, Visibility, Who,
};
pub use preset::Preset;
pub use queue::QueueItem;
pub use refusal::Refusal;
pub use report::Report;
pub use rights::Rights;
pub use room::{MAX_ROOM_NAME, Room};
pub use sequel::Sequel;
pub use snapshot::{Snapshot, SnapshotError};
pub use stats::Stats;
pub use timeline::Timeline;
pub use undo::Undoable;
pub use units::{Position, Rate, Revision, ServerTime, Span};
