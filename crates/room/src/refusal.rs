//! Why a command was not carried out: a code that never changes, and a sentence for people.
use crate::{Position, Rate, Who};

/// A command that broke a rule. Nothing in the room changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The actor's right doesn't reach this far.
    #[error("{}", not_allowed(*.needs, .what))]
    NotAllowed {
        /// Who may.
        needs: Who,
        /// What it is, as a verb phrase: `seek`, `change the queue`.
        what: &'static str,
    },
    /// The seat isn't in the room (any more).
    #[error("You are not in this room any more. Reload the page to join again.")]
    UnknownSeat,
    /// Waiting for approval.
    #[error("The host has not let you in yet.")]
    Pending,
    /// No such member.
    #[error("That person is not in this room any more.")]
    UnknownMember,
    /// No such item.
    #[error("That item is no longer in the queue.")]
    UnknownItem,
    /// No such message.
    #[error("That message does not exist any more.")]
    UnknownMessage,
    /// The room is over.
    #[error("This party is over.")]
    RoomOver,
    /// Entry needs a password that was missing or wrong.
    #[error("This room needs its password to enter.")]
    PasswordNeeded,
    /// Entry needs an invite.
    #[error("This room can be entered only with an invitation.")]
    InviteNeeded,
    /// Banned.
    #[error("You have been banned from this room.")]
    Banned,
    /// Full.
    #[error("This room is full ({capacity} people).")]
    Full {
        /// The limit.
        capacity: u32,
    },
    /// Somebody else changed the timeline first.
    #[error("Somebody else was faster; look at where it is now and try again.")]
    StaleRevision,
    /// Nothing is loaded.
    #[error("Nothing is loaded yet. Choose something to watch first.")]
    NothingLoaded,
    /// A position outside the medium.
    #[error("Position {} s is outside this medium.", .0.seconds())]
    BadPosition(Position),
    /// The rate can't be.
    #[error("{} is not a playback rate this room can use.", .0.factor())]
    BadRate(Rate),
    /// Nothing to undo.
    #[error("There is nothing to undo.")]
    NothingToUndo,
    /// Asking is off, or not needed.
    #[error("Asking for control is switched off in this room.")]
    AskingOff,
    /// A text is empty or too long, or a name has no visible character.
    #[error("{what} must have between {min} and {max} characters.")]
    BadText {
        /// What: `A name`, `A message`.
        what: &'static str,
        /// At least.
        min: u32,
        /// At most.
        max: u32,
    },
    /// Chat is off.
    #[error("The chat is switched off in this room.")]
    ChatOff,
    /// Muted.
    #[error("You have been muted in this room.")]
    Muted,
    /// Too many messages or reactions.
    #[error("Too fast. You can write again in {} s.", (.retry_ms + 999) / 1000)]
    TooFast {
        /// Milliseconds until it is allowed again.
        retry_ms: i64,
    },
    /// Said already.
    #[error("You just said exactly that.")]
    Duplicate,
    /// Not for oneself, or not for the host.
    #[error("{0}")]
    BadTarget(&'static str),
    /// The queue, pool or room can hold no more.
    #[error("{what} is full: at most {max}.")]
    LimitReached {
        /// What: `The queue`.
        what: &'static str,
        /// How many.
        max: u32,
    },
    /// Nothing comes next.
    #[error("The queue is empty. Add something to it first.")]
    QueueEmpty,
    /// The pool is empty.
    #[error("Every clip of the pool has been shown. Reset it to start over.")]
    PoolEmpty,
    /// A policy that can't be.
    #[error("{0}")]
    BadPolicy(&'static str),
    /// A command that only the server may send.
    #[error("Only the server may do that.")]
    ServerOnly,
}

fn not_allowed(needs: Who, what: &str) -> String {
    match needs {
        Who::Everyone => format!("You can't {what} in this room right now."),
        Who::CoHosts => format!("Only the host and co-hosts can {what} in this room."),
        Who::Host => format!("Only the host can {what} in this room."),
    }
}

impl Refusal {
    /// The stable code that clients and tests go by.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAllowed { .. } => "not_allowed",
            Self::UnknownSeat => "unknown_seat",
            Self::Pending => "pending",
            Self::UnknownMember => "unknown_member",
            Self::UnknownItem => "unknown_item",
            Self::UnknownMessage => "unknown_message",
            Self::RoomOver => "room_over",
            Self::PasswordNeeded => "password_needed",
            Self::InviteNeeded => "invite_needed",
            Self::Banned => "banned",
            Self::Full { .. } => "room_full",
            Self::StaleRevision => "stale_revision",
            Self::NothingLoaded => "nothing_loaded",
            Self::BadPosition(_) => "bad_position",
            Self::BadRate(_) => "bad_rate",
            Self::NothingToUndo => "nothing_to_undo",
            Self::AskingOff => "asking_off",
            Self::BadText { .. } => "bad_text",
            Self::ChatOff => "chat_off",
            Self::Muted => "muted",
            Self::TooFast { .. } => "too_fast",
            Self::Duplicate => "duplicate",
            Self::BadTarget(_) => "bad_target",
            Self::LimitReached { .. } => "limit_reached",
            Self::QueueEmpty => "queue_empty",
            Self::PoolEmpty => "pool_empty",
            Self::BadPolicy(_) => "bad_policy",
            Self::ServerOnly => "server_only",
        }
    }
}
