//! The audit log: every privileged act, by whom, on whom, and when.
//!
//! The room keeps a bounded tail of numbered acts, in the manner of the chat's; the whole is the store's.
//! Names are kept as they were at that time. An act is recorded by the rule that carries it out, in the same
//! step, so that nothing privileged happens without one; those of the server and the admin have no author.
use crate::room::Step;
use crate::tail::Numbered;
use crate::{ActId, Audience, Event, MemberId, Room, ServerTime};
use serde::{Deserialize, Serialize};

/// Acts kept in the room. The store takes them with each snapshot, at most 200 entries apart, and no entry
/// records more than two.
pub const ACT_TAIL: usize = 400;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// Let somebody in.
    Admit,
    /// Sent somebody away at the door.
    Deny,
    /// Muted somebody.
    Mute,
    /// Lifted a mute.
    Unmute,
    /// Removed somebody.
    Kick,
    /// Banned somebody; the detail is `address` where their address is banned too.
    Ban,
    /// Lifted a ban.
    Unban,
    /// Made somebody a co-host.
    CoHost,
    /// Made a co-host a viewer.
    CoHostEnd,
    /// Handed the room over.
    HandOver,
    /// Became host because the old one is away: by the policy, or with the host's key (then by themselves).
    Inherit,
    /// Changed the policy; the detail names what, and to what.
    Policy,
    /// Renamed the room; the detail is the new name.
    Rename,
    /// Gave the room another password (the detail is `set`), or none (`removed`).
    Password,
    /// Changed the word list; the detail says how many words it has.
    Words,
    /// Set, moved or lifted the schedule; the detail is the instant in ms, or `none`.
    Schedule,
    /// Made an invitation; the detail is its label.
    Invite,
    /// Revoked an invitation; the target is its maker.
    InviteRevoke,
    /// Deleted what somebody else wrote; the detail is the message's number.
    DeleteMessage,
    /// Closed a report; the target is who was reported, the detail its reason.
    ReportResolve,
    /// Ended the party.
    End,
    /// The party expired.
    Expire,
}

impl ActKind {
    /// The stable name that clients, stores and tests go by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admit => "admit",
            Self::Deny => "deny",
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Kick => "kick",
            Self::Ban => "ban",
            Self::Unban => "unban",
            Self::CoHost => "co_host",
            Self::CoHostEnd => "co_host_end",
            Self::HandOver => "hand_over",
            Self::Inherit => "inherit",
            Self::Policy => "policy",
            Self::Rename => "rename",
            Self::Password => "password",
            Self::Words => "words",
            Self::Schedule => "schedule",
            Self::Invite => "invite",
            Self::InviteRevoke => "invite_revoke",
            Self::DeleteMessage => "delete_message",
            Self::ReportResolve => "report_resolve",
            Self::End => "end",
            Self::Expire => "expire",
        }
    }
}

/// A privileged act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Act {
    /// Its number in this room, ascending from 1 without gaps.
    pub id: ActId,
    /// When.
    pub at: ServerTime,
    /// By whom; `None` for the server and the admin.
    pub by: Option<MemberId>,
    /// Their name as it was then.
    pub by_name: Option<String>,
    /// What.
    pub kind: ActKind,
    /// On whom, where it is about somebody.
    pub target: Option<MemberId>,
    /// Their name as it was then.
    pub target_name: Option<String>,
    /// More of it, in few words: see [`ActKind`].
    pub detail: Option<String>,
}

impl Numbered for Act {
    fn number(&self) -> u64 {
        self.id.0
    }
}

impl Room {
    /// Records an act of this step's author.
    pub(crate) fn record(
        &mut self,
        step: &mut Step,
        kind: ActKind,
        target: Option<MemberId>,
        detail: Option<String>,
    ) {
        self.record_by(step, step.by, kind, target, detail);
    }

    /// Records an act of somebody else than this step's author, such as the policy's.
    pub(crate) fn record_by(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        kind: ActKind,
        target: Option<MemberId>,
        detail: Option<String>,
    ) {
        let id = ActId(self.acts.next());
        let act = Act {
            id,
            at: step.now,
            by,
            by_name: by.and_then(|id| self.name_of(id)),
            kind,
            target,
            target_name: target.and_then(|id| self.name_of(id)),
            detail,
        };
        self.acts.push(act, ACT_TAIL);
        step.emit(Audience::Moderators, Event::Acted { act: id });
    }

    /// The name of somebody who is or was here; walks the memory of those who left, for acts, which are rare.
    pub(crate) fn name_of(&self, id: MemberId) -> Option<String> {
        let member = self.member(id).or_else(|| self.people.remembered_as(id));
        member.map(|member| member.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{Party, say};
    use crate::{Command, Grant, HostAbsence, MessageId, Policy, PolicyPatch, SeatId, Span};

    fn told(party: &Party) -> Vec<String> {
        let line = |act: &Act| {
            let name = |name: &Option<String>| name.clone().unwrap_or("-".into());
            let (by, target) = (name(&act.by_name), name(&act.target_name));
            let detail = act.detail.as_deref().unwrap_or("-");
            format!("{by} {} {target} {detail}", act.kind.as_str())
        };
        party.room.acts().map(line).collect()
    }

    #[test]
    fn every_privileged_act_is_recorded_with_names_and_without_gaps() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        let (ann_id, ben_id) = (party.id(ann), party.id(ben));
        let again = party.sit_at(Some("home"), SeatId(70), "ann", "Ann", Grant::None, false);
        again.expect("another tab");
        let before = party.room.acts().count();
        party.ok(ann, say("one"));
        let by = Some(party.id(host));
        for (by, set) in [(by, true), (None, false)] {
            let changed = Command::PasswordChanged { by, set };
            party.server(changed).expect("the server may");
        }
        for command in [
            Command::Mute {
                member: ann_id,
                muted: true,
            },
            Command::Mute {
                member: ann_id,
                muted: false,
            },
            Command::SetCoHost {
                member: ann_id,
                co_host: true,
            },
            Command::SetCoHost {
                member: ann_id,
                co_host: false,
            },
            Command::DeleteMessage {
                message: MessageId(1),
            },
            Command::SetName {
                name: "Saturday".into(),
            },
            Command::SetPolicy {
                patch: PolicyPatch {
                    capacity: Some(12),
                    ..Default::default()
                },
            },
            Command::Kick { member: ben_id },
            Command::Ban {
                member: ann_id,
                address: true,
            },
            Command::Unban { member: ann_id },
        ] {
            party.ok(host, command);
        }
        party.server(Command::End).expect("the server may");
        let lines = told(&party);
        assert_eq!(
            lines[before..],
            [
                "Hanna password - set",
                "- password - removed",
                "Hanna mute Ann -",
                "Hanna unmute Ann -",
                "Hanna co_host Ann -",
                "Hanna co_host_end Ann -",
                "Hanna delete_message Ann 1",
                "Hanna rename - Saturday",
                "Hanna policy - capacity=12",
                "Hanna kick Ben -",
                "Hanna ban Ann address",
                "Hanna unban Ann -",
                "- end - -",
            ]
        );
        let ids: Vec<u64> = party.room.acts().map(|act| act.id.0).collect();
        assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn what_changes_nothing_is_no_act() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let before = party.room.acts().count();
        let member = party.id(ann);
        party.ok(
            host,
            Command::Mute {
                member,
                muted: false,
            },
        );
        let name = "Friday".to_owned();
        party.ok(host, Command::SetName { name });
        let patch = PolicyPatch::default();
        party.ok(host, Command::SetPolicy { patch });
        party.ok(ann, say("mine"));
        let message = MessageId(1);
        party.ok(ann, Command::DeleteMessage { message });
        assert_eq!(party.room.acts().count(), before);
    }

    #[test]
    fn the_ways_to_become_host_are_told_apart() {
        let (mut party, host, ann, ben) = Party::of_three(Policy {
            host_absence: HostAbsence::HandOver,
            ..Policy::default()
        });
        let before = party.room.acts().count();
        let member = party.id(ann);
        party.ok(host, Command::HandOver { member });
        party.ok(ann, Command::Leave);
        party.lose(host);
        party.pass(Span::seconds(90));
        party.ok(ben, Command::Leave);
        party
            .arrive("Cem", Grant::Host, false)
            .expect("has the key");
        let lines = told(&party);
        // Ann leaves: Hanna, her co-host by then, inherits; then Ben, the last who is there.
        assert_eq!(
            lines[before..],
            [
                "Hanna hand_over Ann -",
                "- inherit Hanna -",
                "- inherit Ben -",
                "Cem inherit Cem -",
            ]
        );
    }

    #[test]
    fn only_moderators_are_told() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let member = party.id(ann);
        let outcome = party.act(
            host,
            Command::Mute {
                member,
                muted: true,
            },
        );
        let outcome = outcome.expect("allowed");
        let acted = |(audience, event): &&(Audience, Event)| {
            matches!(event, Event::Acted { .. }) && *audience == Audience::Moderators
        };
        assert_eq!(outcome.events.iter().filter(acted).count(), 1);
    }

    #[test]
    fn the_room_keeps_a_tail_of_acts() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let member = party.id(ann);
        for i in 0..ACT_TAIL + 10 {
            let muted = i % 2 == 0;
            party.ok(host, Command::Mute { member, muted });
        }
        assert_eq!(party.room.acts().count(), ACT_TAIL);
        let last = party.room.acts().next_back().expect("recorded").id;
        assert!(party.room.act(last).is_some());
        assert!(party.room.act(ActId(1)).is_none());
    }
}
