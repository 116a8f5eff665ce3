//! A room as data: what a log is cut at, and what a restart begins with.
//!
//! A snapshot holds the state and nothing derived; restoring makes the indexes anew and checks
//! that the parts fit each other, because what was stored may have been damaged or edited.
//! Its format is versioned: new fields get defaults, a change of meaning gets another version.
use crate::audit::{ACT_TAIL, Act};
use crate::barrier::Barrier;
use crate::chat::{CHAT_TAIL, Message};
use crate::invite::Invites;
use crate::people::{People, PeopleRecord};
use crate::pool::Pool;
use crate::queue::{MAX_QUEUE, QueueItem};
use crate::report::Reports;
use crate::stats::Stats;
use crate::tail::Tail;
use crate::undo::Undo;
use crate::{Life, Policy, Revision, Room, ServerTime, Timeline, words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The format written.
const VERSION: u32 = 1;

/// Everything a room is. Opaque: write it with serde, read it back with [`Room::restore`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    version: u32,
    name: String,
    policy: Policy,
    created_at: ServerTime,
    now: ServerTime,
    revision: Revision,
    life: Life,
    #[serde(default)]
    idle_since: Option<ServerTime>,
    people: PeopleRecord,
    timeline: Timeline,
    #[serde(default)]
    current: Option<QueueItem>,
    #[serde(default)]
    started: bool,
    #[serde(default)]
    barrier: Option<Barrier>,
    #[serde(default)]
    undo: Option<Box<Undo>>,
    #[serde(default)]
    controlled_at: Option<ServerTime>,
    #[serde(default)]
    queue: Vec<QueueItem>,
    next_item: u64,
    #[serde(default)]
    pool: Pool,
    chat: Tail<Message>,
    #[serde(default)]
    schedule: Option<ServerTime>,
    #[serde(default)]
    invites: Invites,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    reports: Reports,
    #[serde(default)]
    acts: Tail<Act>,
    #[serde(default)]
    stats: Stats,
}

impl Snapshot {
    /// The revision of the room that it was taken of.
    pub fn revision(&self) -> Revision {
        self.revision
    }
}

/// Why a snapshot is no room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Written by a newer (or never released) program.
    #[error(
        "This room was stored in format {found}; this program reads format {VERSION}. Update the program."
    )]
    Version {
        /// The format found.
        found: u32,
    },
    /// Its parts contradict each other.
    #[error("The stored room is damaged: {0}. Restore it from a backup.")]
    Damaged(&'static str),
}

impl SnapshotError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Version { .. } => "snapshot_version",
            Self::Damaged(_) => "snapshot_damaged",
        }
    }
}

impl Room {
    /// The whole room as data.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            version: VERSION,
            name: self.name.clone(),
            policy: self.policy,
            created_at: self.created_at,
            now: self.now,
            revision: self.revision,
            life: self.life,
            idle_since: self.idle_since,
            people: self.people.record(),
            timeline: self.timeline,
            current: self.current.clone(),
            started: self.started,
            barrier: self.barrier.clone(),
            undo: self.undo.clone(),
            controlled_at: self.controlled_at,
            queue: self.queue.clone(),
            next_item: self.next_item,
            pool: self.pool.clone(),
            chat: self.chat.clone(),
            schedule: self.schedule,
            invites: self.invites.clone(),
            words: self.words.clone(),
            reports: self.reports.clone(),
            acts: self.acts.clone(),
            stats: self.stats.clone(),
        }
    }

    /// The room that a snapshot was taken of.
    ///
    /// # Errors
    /// [`SnapshotError`] where the format is another or the parts contradict each other.
    pub fn restore(snapshot: Snapshot) -> Result<Self, SnapshotError> {
        let damaged = SnapshotError::Damaged;
        if snapshot.version != VERSION {
            return Err(SnapshotError::Version {
                found: snapshot.version,
            });
        }
        let mut room = Self {
            name: snapshot.name,
            policy: snapshot.policy,
            created_at: snapshot.created_at,
            now: snapshot.now,
            revision: snapshot.revision,
            life: snapshot.life,
            idle_since: snapshot.idle_since,
            people: People::reindex(snapshot.people).map_err(damaged)?,
            timeline: snapshot.timeline,
            current: snapshot.current,
            started: snapshot.started,
            barrier: snapshot.barrier,
            undo: snapshot.undo,
            controlled_at: snapshot.controlled_at,
            queue: snapshot.queue,
            next_item: snapshot.next_item,
            pool: snapshot.pool,
            chat: snapshot.chat,
            schedule: snapshot.schedule,
            invites: snapshot.invites,
            words: snapshot.words,
            reports: snapshot.reports,
            acts: snapshot.acts,
            stats: snapshot.stats,
        };
        room.pool.recount();
        room.flaw().map_or(Ok(room), |flaw| Err(damaged(flaw)))
    }

    /// The first contradiction between the room's parts.
    fn flaw(&self) -> Option<&'static str> {
        let items = self.queue.iter().chain(&self.current);
        let mut seen = BTreeSet::new();
        let items_fit = items
            .into_iter()
            .all(|item| item.id.0 < self.next_item && seen.insert(item.id));
        let idle = self.people.connected() == 0 && !self.life.is_terminal();
        let checks = [
            (self.policy.check().is_ok(), "its policy can't be"),
            (
                self.revision >= self.timeline.revision,
                "its timeline is newer than the room",
            ),
            (
                self.current.as_ref().map(|item| item.id) == self.timeline.item,
                "its timeline shows another item",
            ),
            (
                items_fit && self.queue.len() <= MAX_QUEUE,
                "its queue has an item twice, or too many",
            ),
            (
                self.timeline.item.is_some() || !self.timeline.playing,
                "it plays nothing",
            ),
            (self.arrival_fits(), "it waits for what it does not play"),
            (
                self.barrier_fits(),
                "its barrier waits for the wrong people",
            ),
            (self.undo_fits(), "its last control is of another item"),
            (self.pool.fits(), "its pool doesn't fit"),
            (idle == self.idle_since.is_some(), "it is idle and isn't"),
            (
                !self.life.is_terminal() || self.people.members().next().is_none(),
                "it is over, yet somebody is in it",
            ),
            (self.chat.fits(CHAT_TAIL), "the chat's numbers have gaps"),
            (self.acts.fits(ACT_TAIL), "the audit's numbers have gaps"),
            (self.invites.fits(), "its invitations are out of order"),
            (self.reports.fits(), "its reports are out of order"),
            (words::fits(&self.words), "its word list can't be"),
            (self.stats.fits(), "its figures can't be"),
            (
                self.schedule.is_none() || !self.timeline.playing,
                "it plays before its time",
            ),
        ];
        checks
            .iter()
            .find(|(holds, _)| !holds)
            .map(|(_, flaw)| *flaw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{INVITED, PLAY, Party, clip, load, say};
    use crate::{Command, Grant};

    fn busy() -> Room {
        let mut party = Party::new(Policy {
            entry: crate::EntryPolicy::Approval,
            ..Policy::default()
        });
        let host = party.arrive("Hanna", Grant::Host, true).expect("the host");
        let ann = party.arrive("Ann", INVITED, true).expect("invited");
        let ben = party.arrive("Ben", INVITED, false).expect("invited");
        party.arrive("Cem", Grant::None, false).expect("may knock");
        party.ok(host, load("a"));
        party.ok(ann, PLAY);
        party.ok(ann, say("hello"));
        party.ok(
            ann,
            Command::QueueAdd {
                media: clip("b"),
                before: None,
            },
        );
        party.ok(
            ann,
            Command::PoolOffer {
                media: vec![clip("c"), clip("d")],
            },
        );
        let member = party.id(ben);
        party.ok(
            host,
            Command::Ban {
                member,
                address: false,
            },
        );
        party.lose(ann);
        party.room
    }

    #[test]
    fn a_room_survives_json_as_it_is() {
        let room = busy();
        let json = serde_json::to_string(&room.snapshot()).expect("plain data");
        let snapshot: Snapshot = serde_json::from_str(&json).expect("what was written");
        assert_eq!(Room::restore(snapshot), Ok(room));
    }

    #[test]
    fn a_damaged_snapshot_is_refused_with_a_reason() {
        let good = serde_json::to_value(busy().snapshot()).expect("plain data");
        let damage: [(&str, serde_json::Value); 8] = [
            ("/version", 2.into()),
            ("/people/members/1/role", "host".into()),
            ("/people/members/1/id", 1.into()),
            ("/people/members/0/seats/0/id", 2.into()),
            ("/timeline/item", 77.into()),
            ("/barrier/waiting", serde_json::json!([1, 2, 3])),
            ("/chat/next", 9.into()),
            ("/policy/capacity", 0.into()),
        ];
        for (place, value) in damage {
            let mut json = good.clone();
            *json.pointer_mut(place).expect(place) = value;
            let snapshot: Snapshot = serde_json::from_value(json).expect("still well-formed");
            assert!(Room::restore(snapshot).is_err(), "{place}");
        }
    }
}
