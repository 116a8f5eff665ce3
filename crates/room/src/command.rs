//! What can happen to a room: the entries of its log.
//!
//! The log's format is these types as JSON, kept readable for as long as a room
//! lives: new fields get a default, variants are never given another meaning.
use crate::{
    Fingerprint, InviteId, ItemId, Media, MemberId, MessageId, NodeId, PersonId, PolicyPatch,
    Position, Rate, ReportId, Revision, SeatId, ServerTime, Span,
};
use serde::{Deserialize, Serialize};

/// Who sent a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The server itself: ticks, lost nodes, the admin.
    Server,
    /// The member who holds this seat.
    Seat(SeatId),
}

/// What the edge checked for somebody who wants in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Nothing but the link.
    #[default]
    None,
    /// The room's password was right.
    Password,
    /// A password that is not the room's; counts like none, and is told apart in words.
    WrongPassword,
    /// A token that this server made for this invitation. Whether it still counts is the room's to say.
    Invite(InviteId),
    /// The host's key was right: becomes (or is again) the host.
    Host,
    /// Another device of somebody who has a place here. Whoever has none (any more) gets none by it.
    Seated,
}

/// One log entry: everything `apply` needs besides its place in the log and its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Who sent it.
    pub actor: Actor,
    /// What they want.
    pub command: Command,
    /// Randomness for rules that draw (shuffle, pool): chosen by whoever appends, so that replicas agree.
    #[serde(default)]
    pub seed: u64,
    /// The one-way lead that the slowest reporting member needs, as the edge measured it when appending.
    #[serde(default)]
    pub lead: Span,
}

/// What can be asked of a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    // ---- seats: sent by the edge -------------------------------------------------
    /// Somebody takes a seat. `Actor::Seat(seat)` names the new seat.
    Join {
        /// Who; several devices of one person share a member.
        person: PersonId,
        /// Shown name (cleaned and cut by the room; made unique with a number where needed).
        name: String,
        /// What the edge checked.
        #[serde(default)]
        grant: Grant,
        /// Kind of client, for people to read: `web`, `syncplay`, `jellyfin`, ... (at most 32 characters).
        client: String,
        /// Whether this client reports readiness. Those that don't are followers and never block anybody.
        reports: bool,
        /// Which process holds the connection.
        node: NodeId,
        /// Where they come from: an opaque digest of their network address's prefix, made by the edge with a key
        /// of its own, so that an address can be banned and none is stored. At most 64 bytes.
        #[serde(default)]
        address: Option<String>,
    },
    /// Takes a place without a connection, as requests over HTTP do: a seat that is held for
    /// [`RESERVATION`](crate::RESERVATION), or like a lost one where that is longer. Nothing where the person has a
    /// place already. `Actor::Seat(seat)` names the new seat.
    Reserve {
        /// As in `Join`.
        person: PersonId,
        /// As in `Join`.
        name: String,
        /// As in `Join`.
        #[serde(default)]
        grant: Grant,
        /// As in `Join`.
        client: String,
        /// As in `Join`.
        #[serde(default)]
        address: Option<String>,
    },
    /// Somebody becomes a member before they come, or knocks: for wire formats that ask at the door and connect
    /// later, if at all. Unlike with `Reserve` nothing is held for them: they count for nothing until they join.
    /// Nothing where the room knows them already. Only from the server.
    Enroll {
        /// Who.
        person: PersonId,
        /// As in `Join`.
        name: String,
        /// What the edge checked.
        #[serde(default)]
        grant: Grant,
        /// As in `Join`.
        #[serde(default)]
        address: Option<String>,
    },
    /// The seat's connection is back (resume token checked by the edge).
    Resume {
        /// Which process holds it now.
        node: NodeId,
    },
    /// The seat's connection is gone; the seat is held for `Policy::seat_hold`.
    Disconnect {
        /// The process that lost it: ignored where the seat has since moved to another.
        node: NodeId,
    },
    /// The member leaves on purpose with this seat; no hold.
    Leave,
    /// The member leaves on purpose with all seats; those that are connected are told so and closed.
    Withdraw,
    /// A process died or started anew: all its seats are disconnected. Only from the server.
    NodeLost {
        /// Which.
        node: NodeId,
    },
    /// Time has passed a deadline. Idempotent. Only from the server.
    Tick,

    // ---- timeline ----------------------------------------------------------------
    /// Play, from `position` (with the right to seek) or from where it is; from the start where it is at its end.
    /// Waits at the barrier where people are still loading. Nothing where it plays already.
    Play {
        /// Where the sender saw it.
        position: Option<Position>,
        /// Refuse if the timeline's revision is another.
        expect: Option<Revision>,
    },
    /// Pause, at `position` or where it is. Takes back the wish to play at a barrier. Nothing where it is paused.
    Pause {
        /// Where the sender saw it; counts within 3 s of where it is.
        position: Option<Position>,
        /// Refuse if the timeline's revision is another.
        expect: Option<Revision>,
    },
    /// Go to `position`.
    Seek {
        /// Where to.
        position: Position,
        /// Refuse if the timeline's revision is another.
        expect: Option<Revision>,
    },
    /// Where the host's player is, from a client whose player leads the room instead of following it. What says
    /// nothing new is ignored. Host only.
    Steer {
        /// Where, where it is known.
        position: Option<Position>,
        /// Whether it plays, where it is known.
        playing: Option<bool>,
    },
    /// Shared speed.
    SetRate {
        /// How fast.
        rate: Rate,
    },
    /// Put a medium on the timeline at once (it does not enter the queue).
    Load {
        /// What.
        media: Media,
        /// From where.
        #[serde(default)]
        position: Position,
        /// Whether to start once all are ready.
        #[serde(default)]
        play: bool,
    },
    /// Take the medium off.
    Unload,
    /// The medium turned out to have another length (learned by probing or by a client that may control).
    SetDuration {
        /// Of which item.
        item: ItemId,
        /// The length.
        duration: Position,
    },
    /// Which bytes the sender's own copy of an item is, where the server has none to compare with. The first counts.
    SetFingerprint {
        /// Of which item; an old one is ignored.
        item: ItemId,
        /// Of the copy.
        fingerprint: Fingerprint,
    },
    /// What follows an item by itself, where the queue is empty then: the next episode. Only from the server.
    Suggest {
        /// After which item; an old one is ignored.
        item: ItemId,
        /// What.
        media: Media,
        /// From where on in the item, where it has nothing but credits from there; else at its end.
        #[serde(default)]
        at: Option<Position>,
    },
    /// Nothing follows by itself after all (or it does, again).
    HoldSequel {
        /// After which item; an old one is ignored.
        item: ItemId,
        /// Whether it is held back.
        held: bool,
    },
    /// So much of an upload has arrived that it can be played up to there. Only from the server.
    Arrived {
        /// The upload's key; another than what is on is ignored.
        key: String,
        /// Seconds from its start; `None` once all of it is there.
        until: Option<Position>,
    },
    /// The sender's player has `item` at the right place and could start at once (or no longer).
    /// Heard only from members who joined with a client that reports.
    Ready {
        /// For which item; an old one is ignored.
        item: ItemId,
        /// Ready or not.
        ready: bool,
    },
    /// Start now, whoever is missing. Needs the right to play.
    ForceStart,
    /// Take back the last control, within `Policy::undo_window`. Needs the right that the control needed.
    Undo,
    /// Ask those who may to pause (or play): a request, not a control.
    Ask {
        /// True for play, false for pause.
        play: bool,
    },

    // ---- queue and pool ----------------------------------------------------------
    /// Add to the queue.
    QueueAdd {
        /// What.
        media: Media,
        /// Before this item, or at the end.
        before: Option<ItemId>,
    },
    /// Remove from the queue.
    QueueRemove {
        /// Which.
        item: ItemId,
    },
    /// Move within the queue.
    QueueMove {
        /// Which.
        item: ItemId,
        /// Before this item, or to the end.
        before: Option<ItemId>,
    },
    /// Vote for an item (votes order the queue only where people look at them; `QueueSort` applies them).
    QueueVote {
        /// Which.
        item: ItemId,
        /// For it, or vote withdrawn.
        up: bool,
    },
    /// Order the queue by votes, most first, otherwise stable.
    QueueSort,
    /// Shuffle by the entry's seed.
    QueueShuffle,
    /// Remove all.
    QueueClear,
    /// Put the next item (or this one) on the timeline.
    QueueNext {
        /// Which, or the first.
        item: Option<ItemId>,
    },
    /// Offer one's own clips for the shared random pool (replaces an earlier offer; empty withdraws).
    PoolOffer {
        /// What.
        media: Vec<Media>,
    },
    /// Draw a clip by the entry's seed and put it on the timeline.
    PoolDraw,
    /// Make all drawn clips available again.
    PoolReset,

    // ---- chat --------------------------------------------------------------------
    /// Say something.
    Say {
        /// What.
        text: String,
        /// To which message.
        reply_to: Option<MessageId>,
    },
    /// Delete a message: one's own, or anybody's with the right to manage people. Those who may also delete what
    /// the room does not hold any more: the event is for the keeper of the whole history.
    DeleteMessage {
        /// Which.
        message: MessageId,
    },
    /// React to this moment; bound to the medium's position.
    React {
        /// One emoji: at most 16 characters and 64 bytes, without spaces.
        emoji: String,
        /// What moment of the medium they saw, where their client says; else where the room is.
        #[serde(default)]
        position: Option<Position>,
    },

    // ---- people ------------------------------------------------------------------
    /// Another name for oneself.
    Rename {
        /// The name.
        name: String,
    },
    /// Let a pending member in; of somebody denied lately, lift that, so that they may come in when they try again.
    Admit {
        /// Who.
        member: MemberId,
    },
    /// Send a pending member away; they can knock again after ten minutes.
    Deny {
        /// Who.
        member: MemberId,
    },
    /// Make or unmake a co-host. Host only.
    SetCoHost {
        /// Who.
        member: MemberId,
        /// Make, or unmake.
        co_host: bool,
    },
    /// Make somebody else the host. Host only; the old host becomes a co-host.
    HandOver {
        /// Who.
        member: MemberId,
    },
    /// Nobody hears them in the chat.
    Mute {
        /// Who.
        member: MemberId,
        /// Mute, or lift it.
        muted: bool,
    },
    /// Out, and the seats revoked; no invitation made before lets in, and the link alone only to knock.
    Kick {
        /// Who.
        member: MemberId,
    },
    /// Out for good. Of somebody banned already, adds their address where that is asked for.
    Ban {
        /// Who.
        member: MemberId,
        /// Whether newcomers from where they came from are refused too.
        #[serde(default)]
        address: bool,
    },
    /// Let a banned person knock again.
    Unban {
        /// Who.
        member: MemberId,
    },

    /// Make an invitation that lets in without knocking or password.
    MakeInvite {
        /// How many people it lets in; any number where it is left out.
        #[serde(default)]
        uses: Option<u32>,
        /// How long it lasts; as long as the room where it is left out.
        #[serde(default)]
        lasts: Option<Span>,
        /// For whom or what, to be read by its maker.
        #[serde(default)]
        label: Option<String>,
    },
    /// Take an invitation back: one's own, or anybody's with the right to manage people.
    RevokeInvite {
        /// Which.
        invite: InviteId,
    },
    /// Tell the moderators of a message, or of somebody. At least one of the two.
    Report {
        /// Which message.
        #[serde(default)]
        message: Option<MessageId>,
        /// Whom, where it is not about a message.
        #[serde(default)]
        member: Option<MemberId>,
        /// Why, in 1 to 300 characters.
        reason: String,
    },
    /// Close a report.
    ResolveReport {
        /// Which.
        report: ReportId,
    },
    /// Replace the list of blocked words.
    SetWords {
        /// All of them.
        words: Vec<String>,
    },

    // ---- the room ----------------------------------------------------------------
    /// Change the policy. Host only.
    SetPolicy {
        /// What changes.
        patch: PolicyPatch,
    },
    /// Another name for the room. Host only.
    SetName {
        /// The name (at most 200 characters).
        name: String,
    },
    /// The room has another password now, or none: for the audit, which never has the password. Only from the server,
    /// which keeps it.
    PasswordChanged {
        /// Who changed it; `None` for the server and the admin.
        by: Option<MemberId>,
        /// Whether there is one now.
        set: bool,
    },
    /// When the party begins by itself; `None` lifts it. Host only.
    SetSchedule {
        /// The instant: to come, and at most a year ahead.
        at: Option<ServerTime>,
    },
    /// End the party. Host or server.
    End,
}
