//! Why a command was not carried out: a code that never changes, and a sentence for people.
use crate::{Position, Rate, ServerTime, Who};

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
    /// No such invitation (any more).
    #[error("That invitation does not exist any more.")]
    UnknownInvite,
    /// No such report (any more).
    #[error("That report has been closed already.")]
    UnknownReport,
    /// Entry needs a password, and none was given.
    #[error("This room needs its password to enter.")]
    PasswordNeeded,
    /// Entry needs a password, and another was given.
    #[error("That is not this room's password. Check it and try again.")]
    WrongPassword,
    /// The invitation has let in as many as it was made for.
    #[error("This invitation has been used up. Ask for a new one.")]
    InviteUsed,
    /// The invitation is past its time, or was taken back.
    #[error("This invitation is not valid any more. Ask for a new one.")]
    InviteExpired,
    /// An invitation that can't be.
    #[error("{0}")]
    BadInvite(&'static str),
    /// Sent away at the door lately.
    #[error("The host did not let you in. You can knock again in {} min.", (.retry_ms + 59_999) / 60_000)]
    Denied {
        /// Milliseconds until they may knock again.
        retry_ms: i64,
    },
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
    /// People are getting ready for another medium.
    #[error("Everybody is getting ready for another clip. Wait until it has started.")]
    Starting,
    /// Nothing is loaded.
    #[error("Nothing is loaded yet. Choose something to watch first.")]
    NothingLoaded,
    /// A position outside the medium.
    #[error("Position {} s is outside this medium.", .0.seconds())]
    BadPosition(Position),
    /// The rate can't be.
    #[error("{} is not a playback rate this room can use.", .0.factor())]
    BadRate(Rate),
    /// Scheduled for later.
    #[error("This party has not begun yet. Until its time only the host can start playback.")]
    NotStarted {
        /// When it begins.
        at: ServerTime,
    },
    /// A schedule that can't be.
    #[error("{0}")]
    BadSchedule(&'static str),
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
    /// Too many messages, reactions, requests or reports.
    #[error("Too fast. You can {what} again in {} s.", (.retry_ms + 999) / 1000)]
    TooFast {
        /// What, as a verb: `write`, `react`.
        what: &'static str,
        /// Milliseconds until it is allowed again.
        retry_ms: i64,
    },
    /// A word of the room's list.
    #[error("A word in it is blocked in this room. Say it in another way.")]
    BlockedWord,
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
            Self::UnknownInvite => "unknown_invite",
            Self::UnknownReport => "unknown_report",
            Self::RoomOver => "room_over",
            Self::PasswordNeeded => "password_needed",
            Self::WrongPassword => "wrong_password",
            Self::InviteNeeded => "invite_needed",
            Self::InviteUsed => "invite_used",
            Self::InviteExpired => "invite_expired",
            Self::BadInvite(_) => "bad_invite",
            Self::Denied { .. } => "denied",
            Self::Banned => "banned",
            Self::Full { .. } => "room_full",
            Self::StaleRevision => "stale_revision",
            Self::Starting => "starting",
            Self::NothingLoaded => "nothing_loaded",
            Self::BadPosition(_) => "bad_position",
            Self::BadRate(_) => "bad_rate",
            Self::NotStarted { .. } => "not_started",
            Self::BadSchedule(_) => "bad_schedule",
            Self::NothingToUndo => "nothing_to_undo",
            Self::AskingOff => "asking_off",
            Self::BadText { .. } => "bad_text",
            Self::ChatOff => "chat_off",
            Self::Muted => "muted",
            Self::TooFast { .. } => "too_fast",
            Self::BlockedWord => "blocked_word",
            Self::Duplicate => "duplicate",
            Self::BadTarget(_) => "bad_target",
            Self::LimitReached { .. } => "limit_reached",
            Self::QueueEmpty => "queue_empty",
            Self::PoolEmpty => "pool_empty",
            Self::BadPolicy(_) => "bad_policy",
            Self::ServerOnly => "server_only",
        }
    }

    /// Milliseconds after which the same may be allowed, where time alone decides.
    pub fn retry_ms(&self) -> Option<i64> {
        match self {
            Self::TooFast { retry_ms, .. } | Self::Denied { retry_ms } => Some(*retry_ms),
            _ => None,
        }
    }
}
