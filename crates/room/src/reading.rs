//! What can be read of a room. Nothing here changes it or decides anything.
use crate::audit::Act;
use crate::barrier::Barrier;
use crate::chat::Message;
use crate::invite::Invite;
use crate::lifecycle::Life;
use crate::member::Member;
use crate::queue::QueueItem;
use crate::report::Report;
use crate::stats::Stats;
use crate::undo::Undoable;
use crate::{
    ActId, ControlKind, InviteId, ItemId, MemberId, MessageId, PersonId, Policy, Revision, Room,
    SeatId, ServerTime, Timeline,
};

impl Room {
    /// Counts the applied entries that changed anything.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The room's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the room allows.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Where in its life the room is.
    pub fn life(&self) -> Life {
        self.life
    }

    /// When the room was made.
    pub fn created_at(&self) -> ServerTime {
        self.created_at
    }

    /// What plays, from where, since when.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// What is on the timeline.
    pub fn current(&self) -> Option<&QueueItem> {
        self.current.as_ref()
    }

    /// Who is being waited for, if anybody is.
    pub fn barrier(&self) -> Option<&Barrier> {
        self.barrier.as_ref()
    }

    /// Everybody in the room, by number: admitted (connected, held, or a host who is away) and pending.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.people.members()
    }

    /// A member of the room, or somebody banned from it.
    pub fn member(&self, id: MemberId) -> Option<&Member> {
        self.people
            .get(id)
            .or_else(|| self.people.banned_member(id))
    }

    /// Somebody who is, or was, in the room and is remembered. Walks the memory: for lists that people ask for.
    pub fn anybody(&self, id: MemberId) -> Option<&Member> {
        self.member(id).or_else(|| self.people.remembered_as(id))
    }

    /// Who holds a seat.
    pub fn member_of_seat(&self, seat: SeatId) -> Option<&Member> {
        self.people.of_seat(seat)
    }

    /// Those who are not in the room and are members of it: who left and may come back, who was let in before they
    /// came, and once it is over everybody; by number.
    pub fn former(&self) -> Vec<&Member> {
        let mut former: Vec<&Member> = self.people.former().collect();
        former.retain(|member| member.admitted());
        former.sort_by_key(|member| member.id);
        former
    }

    /// Somebody whom the room knows: in it, waiting, remembered, or banned.
    pub fn known(&self, person: &PersonId) -> Option<&Member> {
        let here = self.people.of_person(person);
        here.or_else(|| self.people.remembered(person))
            .or_else(|| self.people.banned_person(person))
    }

    /// Those banned, for whoever may lift it.
    pub fn banned(&self) -> impl Iterator<Item = &Member> {
        self.people.banned()
    }

    /// Whether this person was kicked and has not been let in since.
    pub fn was_kicked(&self, person: &PersonId) -> bool {
        let known = self.people.of_person(person);
        let known = known.or_else(|| self.people.remembered(person));
        known.is_some_and(|member| member.kicked)
    }

    /// The host, present or not; `None` until one came.
    pub fn host(&self) -> Option<&Member> {
        self.people.host()
    }

    /// Connected seats whose client is of this kind.
    pub fn seats_of<'a>(&'a self, client: &'a str) -> impl Iterator<Item = SeatId> + 'a {
        let seats = self.members().flat_map(|member| &member.seats);
        let theirs = seats.filter(move |seat| seat.connected && seat.client == client);
        theirs.map(|seat| seat.id)
    }

    /// Admitted members with a seat, connected or held: what [`Policy::capacity`] counts.
    pub fn seated(&self) -> u32 {
        self.people.seated()
    }

    /// The last number given to an item, on or queued: it grows with each medium that is put on. Zero before the first.
    pub fn newest_item(&self) -> ItemId {
        ItemId(self.next_item.saturating_sub(1))
    }

    /// What comes next.
    pub fn queue(&self) -> &[QueueItem] {
        &self.queue
    }

    /// Clips of the random pool that have not been drawn yet.
    pub fn pool_left(&self) -> usize {
        self.pool.left()
    }

    /// The latest messages, oldest first: at most [`CHAT_TAIL`](crate::CHAT_TAIL).
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.chat.iter()
    }

    /// One of the latest messages.
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.chat.get(id.0)
    }

    /// The last control, while it can be taken back ([`Undoable::until`] says how long).
    pub fn undoable(&self) -> Option<&Undoable> {
        self.undo.as_ref().map(|undo| &undo.shown)
    }

    /// When it begins by itself, while that is to come.
    pub fn schedule(&self) -> Option<ServerTime> {
        self.schedule
    }

    /// The invitations that were not revoked, by number: those that count, and spent ones of late
    /// ([`Invite::counts`]).
    pub fn invites(&self) -> impl Iterator<Item = &Invite> {
        self.invites.iter()
    }

    /// One of [`Room::invites`].
    pub fn invite(&self, id: InviteId) -> Option<&Invite> {
        self.invites.iter().find(|invite| invite.id == id)
    }

    /// The blocked words, as they are compared: lower case, sorted.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The open reports, oldest first.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.reports.iter()
    }

    /// The latest privileged acts, oldest first: at most [`ACT_TAIL`](crate::ACT_TAIL).
    pub fn acts(&self) -> impl DoubleEndedIterator<Item = &Act> {
        self.acts.iter()
    }

    /// One of the latest acts.
    pub fn act(&self, id: ActId) -> Option<&Act> {
        self.acts.get(id.0)
    }

    /// The party in figures.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Admitted members who are connected.
    pub fn present(&self) -> u32 {
        self.people.present()
    }

    pub(crate) fn undoable_kind(&self) -> Option<ControlKind> {
        self.undoable().map(|undoable| undoable.kind)
    }
}
