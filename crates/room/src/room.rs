//! The room itself: its state, and the one way to change it. What can be read of it is in `reading`.
//!
//! [`Room::apply`] asks `rights` who may, hands the command to the file that owns its rule
//! (`seats`, `moderation`, `invite`, `playback`, `fingerprint`, `arrival`, `barrier`, `schedule`, `queue`, `sequel`, `pool`, `chat`,
//! `words`, `report`, `lifecycle`), and counts the revision. A rule first checks everything, then changes: a refusal leaves the
//! room equal to what it was, without a copy having been made. Time passes only in
//! `Command::Tick`; between two entries nothing changes by itself.
use crate::audit::{Act, ActKind};
use crate::barrier::Barrier;
use crate::chat::Message;
use crate::invite::Invites;
use crate::lifecycle::Life;
use crate::people::People;
use crate::pool::Pool;
use crate::queue::QueueItem;
use crate::report::Reports;
use crate::stats::Stats;
use crate::tail::Tail;
use crate::undo::Undo;
use crate::{
    Actor, Audience, Command, Entry, Event, ItemId, MemberId, Outcome, Policy, Refusal, Revision,
    ServerTime, Span, Timeline, text,
};

/// Characters in a room's name: what the most generous of the wire formats takes.
pub const MAX_ROOM_NAME: usize = 200;

/// A watch party: who is in it, what they watch and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Room {
    pub(crate) name: String,
    pub(crate) policy: Policy,
    pub(crate) created_at: ServerTime,
    /// The time of the last entry that changed anything: time never goes back behind it.
    pub(crate) now: ServerTime,
    pub(crate) revision: Revision,
    pub(crate) life: Life,
    /// Since when nobody is connected; `None` while somebody is.
    pub(crate) idle_since: Option<ServerTime>,
    pub(crate) people: People,
    pub(crate) timeline: Timeline,
    pub(crate) current: Option<QueueItem>,
    /// Whether the current item has been started: its first start may wait for people, later ones don't.
    pub(crate) started: bool,
    pub(crate) barrier: Option<Barrier>,
    pub(crate) undo: Option<Box<Undo>>,
    /// When somebody last played, paused or sought.
    pub(crate) controlled_at: Option<ServerTime>,
    pub(crate) queue: Vec<QueueItem>,
    pub(crate) next_item: u64,
    pub(crate) pool: Pool,
    pub(crate) chat: Tail<Message>,
    /// When it begins by itself; `None` for a party that began with its first guest.
    pub(crate) schedule: Option<ServerTime>,
    pub(crate) invites: Invites,
    /// Blocked words, folded and sorted.
    pub(crate) words: Vec<String>,
    pub(crate) reports: Reports,
    pub(crate) acts: Tail<Act>,
    pub(crate) stats: Stats,
}

/// One entry being applied: what its rule needs of it, and what it says in return.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) now: ServerTime,
    pub(crate) seed: u64,
    pub(crate) lead: Span,
    /// Whose entry it is; `None` for the server.
    pub(crate) by: Option<MemberId>,
    /// The revision that the room has once this entry is applied.
    pub(crate) revision: Revision,
    changed: bool,
    told_barrier: bool,
    /// Who inherited last in this step: where a whole process is lost, one after the other may.
    pub(crate) heir: Option<MemberId>,
    outcome: Outcome,
}

impl Step {
    pub(crate) fn emit(&mut self, audience: Audience, event: Event) {
        self.changed = true;
        // It is read from the room after the entry: once says it all.
        if event == Event::Barrier && std::mem::replace(&mut self.told_barrier, true) {
            return;
        }
        self.outcome.events.push((audience, event));
    }

    /// Whether a change of the timeline was told already.
    pub(crate) fn told_timeline(&self) -> bool {
        self.outcome
            .events
            .iter()
            .any(|(_, event)| matches!(event, Event::Timeline { .. }))
    }

    /// Something changed that nobody needs to be told.
    pub(crate) fn quietly(&mut self) {
        self.changed = true;
    }
}

impl Room {
    /// An empty room that nobody is in.
    ///
    /// # Errors
    /// [`Refusal::BadPolicy`], or [`Refusal::BadText`] for a name without a visible character or a longer one
    /// than [`MAX_ROOM_NAME`].
    pub fn new(name: &str, policy: Policy, at: ServerTime) -> Result<Self, Refusal> {
        policy.check()?;
        Ok(Self {
            name: room_name(name)?,
            policy,
            created_at: at,
            now: at,
            revision: Revision(0),
            life: Life::Created,
            idle_since: Some(at),
            people: People::default(),
            timeline: Timeline::empty(at),
            current: None,
            started: false,
            barrier: None,
            undo: None,
            controlled_at: None,
            queue: Vec::new(),
            next_item: 1,
            pool: Pool::default(),
            chat: Tail::default(),
            schedule: None,
            invites: Invites::default(),
            words: Vec::new(),
            reports: Reports::default(),
            acts: Tail::default(),
            stats: Stats::default(),
        })
    }

    /// Applies one entry of the log. An earlier time than the last entry's counts as the last one's.
    ///
    /// # Errors
    /// A [`Refusal`] says which rule was broken; nothing at all has changed then.
    pub fn apply(&mut self, at: ServerTime, entry: &Entry) -> Result<Outcome, Refusal> {
        if self.life.is_terminal() {
            // What the server sends about connections and time may come late; there is nothing left to do.
            return match (&entry.command, entry.actor) {
                (Command::Disconnect { .. }, _)
                | (Command::Tick | Command::NodeLost { .. }, Actor::Server) => {
                    Ok(Outcome::default())
                }
                _ => Err(Refusal::RoomOver),
            };
        }
        let mut step = Step {
            now: at.max(self.now),
            seed: entry.seed,
            lead: entry.lead,
            by: None,
            revision: Revision(self.revision.0 + 1),
            changed: false,
            told_barrier: false,
            heir: None,
            outcome: Outcome::default(),
        };
        self.dispatch(&mut step, entry)?;
        if step.changed {
            self.note_control(&entry.command, step.now);
            self.settle_schedule(&mut step);
            if let Some(heir) = step
                .heir
                .filter(|heir| self.people.host().is_some_and(|h| h.id == *heir))
            {
                self.record_by(&mut step, None, ActKind::Inherit, Some(heir), None);
            }
            self.count_up(step.now);
            self.revision = step.revision;
            self.now = step.now;
        }
        Ok(step.outcome)
    }

    fn dispatch(&mut self, step: &mut Step, entry: &Entry) -> Result<(), Refusal> {
        let caller = self.permit(entry.actor, &entry.command)?;
        let by = caller.member;
        step.by = by;
        self.keep_the_schedule(caller, &entry.command)?;
        match &entry.command {
            Command::Join {
                person,
                name,
                grant,
                client,
                reports,
                node,
                address,
            } => {
                let arrival = crate::seats::Arrival {
                    person,
                    name,
                    grant: *grant,
                    client,
                    reports: *reports,
                    connected: Some(*node),
                    address: address.as_deref(),
                };
                self.join(step, caller, arrival)
            }
            Command::Reserve {
                person,
                name,
                grant,
                client,
                address,
            } => {
                let arrival = crate::seats::Arrival {
                    person,
                    name,
                    grant: *grant,
                    client,
                    reports: false,
                    connected: None,
                    address: address.as_deref(),
                };
                self.reserve(step, caller, arrival)
            }
            Command::Enroll {
                person,
                name,
                grant,
                address,
            } => {
                let enrolling = crate::enroll::Enrolling {
                    person,
                    name,
                    grant: *grant,
                    address: address.as_deref(),
                };
                self.enroll(step, enrolling)
            }
            Command::Resume { node } => self.resume(step, caller, *node),
            Command::Disconnect { node } => {
                self.disconnect(step, caller, *node);
                Ok(())
            }
            Command::Leave => self.leave(step, caller),
            Command::Withdraw => self.withdraw(step, caller),
            Command::NodeLost { node } => {
                self.node_lost(step, *node);
                Ok(())
            }
            Command::Tick => {
                self.tick(step);
                Ok(())
            }
            Command::Rename { name } => self.rename(step, caller, name),

            Command::Play { position, expect } => self.play(step, caller, *position, *expect),
            Command::Pause { position, expect } => self.pause(step, by, *position, *expect),
            Command::Seek { position, expect } => self.seek(step, by, *position, *expect),
            Command::Steer { position, playing } => self.steer(step, by, *position, *playing),
            Command::SetRate { rate } => {
                self.set_rate(step, by, *rate);
                Ok(())
            }
            Command::Load {
                media,
                position,
                play,
            } => self.load(step, by, media, *position, *play),
            Command::Unload => self.unload(step, by),
            Command::SetDuration { item, duration } => {
                self.set_duration(step, caller, *item, *duration)
            }
            Command::SetFingerprint { item, fingerprint } => {
                self.set_fingerprint(step, by, *item, *fingerprint)
            }
            Command::Suggest { item, media, at } => self.suggest(step, *item, media, *at),
            Command::HoldSequel { item, held } => {
                self.hold_sequel(step, *item, *held);
                Ok(())
            }
            Command::Arrived { key, until } => {
                self.arrived(step, key, *until);
                Ok(())
            }
            Command::Ready { item, ready } => {
                self.set_ready(step, by, *item, *ready);
                Ok(())
            }
            Command::ForceStart => self.force_start(step, by),
            Command::Undo => self.take_back(step, by),
            Command::Ask { play } => self.ask(step, caller, *play),

            Command::QueueAdd { media, before } => self.queue_add(step, by, media, *before),
            Command::QueueRemove { item } => self.queue_remove(step, *item),
            Command::QueueMove { item, before } => self.queue_move(step, *item, *before),
            Command::QueueVote { item, up } => self.queue_vote(step, by, *item, *up),
            Command::QueueSort => {
                self.queue_sort(step);
                Ok(())
            }
            Command::QueueShuffle => {
                self.queue_shuffle(step);
                Ok(())
            }
            Command::QueueClear => {
                self.queue_clear(step);
                Ok(())
            }
            Command::QueueNext { item } => self.queue_next(step, by, *item),
            Command::PoolOffer { media } => self.pool_offer(step, by, media),
            Command::PoolDraw => self.pool_draw(step, by),
            Command::PoolReset => {
                self.pool_reset(step);
                Ok(())
            }

            Command::Say { text, reply_to } => self.say(step, caller, text, *reply_to),
            Command::DeleteMessage { message } => self.delete_message(step, caller, *message),
            Command::React { emoji, position } => self.react(step, caller, emoji, *position),

            Command::Admit { member } => self.admit(step, *member),
            Command::Deny { member } => self.deny(step, *member),
            Command::SetCoHost { member, co_host } => self.set_co_host(step, *member, *co_host),
            Command::HandOver { member } => self.hand_over(step, *member),
            Command::Mute { member, muted } => self.mute(step, caller, *member, *muted),
            Command::Kick { member } => self.kick(step, caller, *member),
            Command::Ban { member, address } => self.ban(step, caller, *member, *address),
            Command::Unban { member } => self.unban(step, *member),

            Command::MakeInvite { uses, lasts, label } => {
                self.make_invite(step, by, *uses, *lasts, label.as_deref())
            }
            Command::RevokeInvite { invite } => self.revoke_invite(step, caller, *invite),
            Command::Report {
                message,
                member,
                reason,
            } => self.report(step, by, *message, *member, reason),
            Command::ResolveReport { report } => self.resolve_report(step, *report),
            Command::SetWords { words } => self.set_words(step, words),

            Command::PasswordChanged { by, set } => {
                let detail = if *set { "set" } else { "removed" };
                self.record_by(step, *by, ActKind::Password, None, Some(detail.to_owned()));
                Ok(())
            }
            Command::SetSchedule { at } => self.set_schedule(step, *at),
            Command::SetPolicy { patch } => self.set_policy(step, patch),
            Command::SetName { name } => self.set_name(step, name),
            Command::End => {
                self.end(step);
                Ok(())
            }
        }
    }

    fn set_policy(&mut self, step: &mut Step, patch: &crate::PolicyPatch) -> Result<(), Refusal> {
        let policy = self.policy.patched(patch);
        policy.check()?;
        if policy != self.policy {
            let detail = self.policy.difference(&policy);
            self.policy = policy;
            step.emit(Audience::All, Event::Settings);
            self.record(step, ActKind::Policy, None, Some(detail));
            self.settle(step);
        }
        Ok(())
    }

    fn set_name(&mut self, step: &mut Step, name: &str) -> Result<(), Refusal> {
        let name = room_name(name)?;
        if name != self.name {
            self.name = name.clone();
            step.emit(Audience::All, Event::Settings);
            self.record(step, ActKind::Rename, None, Some(name));
        }
        Ok(())
    }

    /// Another number for an item.
    pub(crate) fn fresh_item(&mut self) -> ItemId {
        let id = ItemId(self.next_item);
        self.next_item += 1;
        id
    }
}

fn room_name(raw: &str) -> Result<String, Refusal> {
    let bad = Refusal::BadText {
        what: "A room's name",
        min: 1,
        max: MAX_ROOM_NAME as u32,
    };
    // One more than fits, so that a name which is too long can be told from one that just fits.
    let name = text::line(raw, MAX_ROOM_NAME + 1);
    if name.is_empty() || name.chars().count() > MAX_ROOM_NAME {
        Err(bad)
    } else {
        Ok(name)
    }
}
