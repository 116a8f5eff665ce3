//! Invitations: who may come in without knocking, how often and how long.
//!
//! The edge proves that a token was made by this server for this room and this number; whether the invitation
//! still counts is told here, at the place in the log where somebody uses it, so that of two people with the
//! last use of one exactly one gets in. A kick or a ban revokes all of them: whoever was sent away may hold
//! any. Spent and expired ones are kept while there is room, so that their makers see what became of them.
use crate::audit::ActKind;
use crate::rights::{Caller, reaches};
use crate::room::Step;
use crate::{Audience, Event, InviteId, MemberId, Refusal, Room, ServerTime, Span, text};
use serde::{Deserialize, Serialize};

/// Invitations of one room that still count; a list longer than this is nobody's to read.
const MAX_INVITES: usize = 200;

/// Of which one member may have this many, so that nobody fills the list for all.
const MAX_INVITES_EACH: usize = 20;

/// People that one invitation can let in.
const MAX_USES: u32 = 10_000;

/// The longest that one can last: a year, as a schedule reaches ahead.
const LONGEST: Span = Span::seconds(366 * 24 * 3600);

/// Characters in a label.
const MAX_LABEL: usize = 80;

/// An invitation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invite {
    /// Its number in this room.
    pub id: InviteId,
    /// Who made it; `None` for the server.
    pub by: Option<MemberId>,
    /// Their name as it was then; empty for the server.
    pub name: String,
    /// For whom or what, in its maker's words.
    pub label: Option<String>,
    /// When it was made.
    pub at: ServerTime,
    /// How many more it lets in; `None` for any number.
    pub uses_left: Option<u32>,
    /// Until when (exclusive); `None` for as long as the room lives.
    pub until: Option<ServerTime>,
}

impl Invite {
    /// Whether it lets somebody in at `now`.
    pub fn counts(&self, now: ServerTime) -> bool {
        self.check(now).is_ok()
    }

    fn check(&self, now: ServerTime) -> Result<(), Refusal> {
        if self.until.is_some_and(|until| now >= until) {
            Err(Refusal::InviteExpired)
        } else if self.uses_left == Some(0) {
            Err(Refusal::InviteUsed)
        } else {
            Ok(())
        }
    }
}

/// All that were made and not revoked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Invites {
    list: Vec<Invite>,
    /// The highest number given.
    last: u64,
}

impl Invites {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Invite> {
        self.list.iter()
    }

    /// Whether this one lets somebody in now. One that isn't listed was revoked, or spent long ago.
    pub(crate) fn check(&self, id: InviteId, now: ServerTime) -> Result<(), Refusal> {
        let invite = self.list.iter().find(|invite| invite.id == id);
        invite.ok_or(Refusal::InviteExpired)?.check(now)
    }

    /// Counts one use of it.
    pub(crate) fn spend(&mut self, id: InviteId) {
        let invite = self.list.iter_mut().find(|invite| invite.id == id);
        if let Some(left) = invite.and_then(|invite| invite.uses_left.as_mut()) {
            *left = left.saturating_sub(1);
        }
    }

    /// None counts any more. Says whether there were any.
    pub(crate) fn revoke_all(&mut self) -> bool {
        !std::mem::take(&mut self.list).is_empty()
    }

    pub(crate) fn fits(&self) -> bool {
        let ascending = self.list.windows(2).all(|pair| pair[0].id < pair[1].id);
        let known = self
            .list
            .last()
            .is_none_or(|invite| invite.id.0 <= self.last);
        ascending && known && self.list.len() <= MAX_INVITES
    }
}

impl Room {
    pub(crate) fn make_invite(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        uses: Option<u32>,
        lasts: Option<Span>,
        label: Option<&str>,
    ) -> Result<(), Refusal> {
        if uses.is_some_and(|uses| !(1..=MAX_USES).contains(&uses)) {
            return Err(Refusal::BadInvite(
                "An invitation lets in between 1 and 10,000 people, or any number.",
            ));
        }
        if lasts.is_some_and(|lasts| lasts < Span::seconds(1) || lasts > LONGEST) {
            return Err(Refusal::BadInvite(
                "An invitation lasts between a second and a year, or as long as the room.",
            ));
        }
        let full = |what, max: usize| Refusal::LimitReached {
            what,
            max: max as u32,
        };
        let counting = |invite: &&Invite| invite.counts(step.now);
        let mine = |invite: &&Invite| by.is_some() && invite.by == by;
        let listed = &self.invites.list;
        if listed.iter().filter(mine).filter(counting).count() >= MAX_INVITES_EACH {
            return Err(full("Your list of invitations", MAX_INVITES_EACH));
        }
        if listed.iter().filter(counting).count() >= MAX_INVITES {
            return Err(full("The list of invitations", MAX_INVITES));
        }
        let label = label.map(|label| text::line(label, MAX_LABEL));
        let label = label.filter(|label| !label.is_empty());
        if self.invites.list.len() >= MAX_INVITES {
            // One that counts no more makes room; that there is one was just counted.
            let spent = listed.iter().position(|invite| !invite.counts(step.now));
            self.invites.list.remove(spent.unwrap_or(0));
        }
        self.invites.last += 1;
        let invite = Invite {
            id: InviteId(self.invites.last),
            by,
            name: by.and_then(|id| self.name_of(id)).unwrap_or_default(),
            label: label.clone(),
            at: step.now,
            uses_left: uses,
            until: lasts.map(|lasts| step.now + lasts),
        };
        let id = invite.id;
        self.invites.list.push(invite);
        let audience = by.map_or(Audience::Moderators, Audience::Member);
        step.emit(audience, Event::Invited { invite: id });
        self.record(step, ActKind::Invite, None, label);
        Ok(())
    }

    pub(crate) fn revoke_invite(
        &mut self,
        step: &mut Step,
        caller: Caller,
        id: InviteId,
    ) -> Result<(), Refusal> {
        let place = self.invites.list.iter().position(|invite| invite.id == id);
        let place = place.ok_or(Refusal::UnknownInvite)?;
        let invite = &self.invites.list[place];
        let needs = self.policy.controls.people;
        let own = caller.member.is_some() && invite.by == caller.member;
        if !own && caller.role.is_some_and(|role| !reaches(role, needs)) {
            return Err(Refusal::NotAllowed {
                needs,
                what: "take back what others sent out",
            });
        }
        let (maker, label) = (invite.by, invite.label.clone());
        self.invites.list.remove(place);
        step.quietly();
        self.record(step, ActKind::InviteRevoke, maker, label);
        Ok(())
    }

    /// After a kick or a ban: no link that was sent out before lets anybody in.
    pub(crate) fn rotate_invites(&mut self, step: &mut Step) {
        self.invites.revoke_all();
        step.emit(Audience::All, Event::InviteRotated);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{Party, invited};
    use crate::{Command, Controls, EntryPolicy, Grant, Policy, SeatId, Who};

    fn by_invitation() -> (Party, SeatId) {
        let mut party = Party::new(Policy {
            entry: EntryPolicy::Invite,
            ..Policy::default()
        });
        let host = party.arrive("Hanna", Grant::Host, false).expect("the host");
        (party, host)
    }

    fn make(party: &mut Party, seat: SeatId, uses: Option<u32>, lasts: Option<Span>) -> Grant {
        let command = Command::MakeInvite {
            uses,
            lasts,
            label: None,
        };
        invited(&party.ok(seat, command))
    }

    #[test]
    fn a_single_use_lets_one_in_and_a_replay_nobody() {
        let (mut party, host) = by_invitation();
        let grant = make(&mut party, host, Some(1), None);
        party.arrive("Ann", grant, false).expect("invited");
        assert_eq!(party.arrive("Eve", grant, false), Err(Refusal::InviteUsed));
        assert_eq!(
            party.room.invites().last().map(|invite| invite.uses_left),
            Some(Some(0))
        );
    }

    #[test]
    fn whoever_was_in_uses_nothing_up() {
        let (mut party, host) = by_invitation();
        let grant = make(&mut party, host, Some(2), None);
        let ann = party.arrive("Ann", grant, false).expect("invited");
        for _ in 0..3 {
            party.arrive("Ann", grant, false).expect("another tab");
        }
        party.ok(ann, Command::Leave);
        party.arrive("Ann", grant, false).expect("was in");
        party.arrive("Ben", grant, false).expect("the second use");
        assert_eq!(party.arrive("Cem", grant, false), Err(Refusal::InviteUsed));
    }

    #[test]
    fn a_refused_entry_uses_nothing_up() {
        let (mut party, host) = by_invitation();
        let grant = make(&mut party, host, Some(1), None);
        let patch = crate::PolicyPatch {
            capacity: Some(1),
            ..Default::default()
        };
        party.ok(host, Command::SetPolicy { patch });
        assert_eq!(
            party.arrive("Ann", grant, false),
            Err(Refusal::Full { capacity: 1 })
        );
        assert_eq!(
            party.room.invites().last().map(|invite| invite.uses_left),
            Some(Some(1))
        );
    }

    #[test]
    fn it_expires_to_the_millisecond_and_a_forged_number_was_never_one() {
        let (mut party, host) = by_invitation();
        let grant = make(&mut party, host, None, Some(Span::seconds(60)));
        party.pass(Span(59_999));
        party.arrive("Ann", grant, false).expect("invited");
        party.pass(Span(1));
        assert_eq!(
            party.arrive("Ben", grant, false),
            Err(Refusal::InviteExpired)
        );
        assert_eq!(
            party.arrive("Ben", Grant::Invite(InviteId(77)), false),
            Err(Refusal::InviteExpired)
        );
    }

    #[test]
    fn an_open_room_lets_in_also_whoever_holds_a_spent_one() {
        let (mut party, host, ..) = Party::of_three(Policy::default());
        let grant = make(&mut party, host, Some(1), None);
        party.arrive("Cem", grant, false).expect("invited");
        party.arrive("Dora", grant, false).expect("open");
    }

    #[test]
    fn it_is_taken_back_by_its_maker_or_a_moderator() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        make(&mut party, ann, None, None);
        make(&mut party, ann, None, None);
        let ids: Vec<_> = party.room.invites().map(|invite| invite.id).collect();
        let (first, second) = (ids[ids.len() - 2], ids[ids.len() - 1]);
        let revoke = |invite| Command::RevokeInvite { invite };
        assert_eq!(
            party.act(ben, revoke(first)).expect_err("refused").code(),
            "not_allowed"
        );
        party.ok(ann, revoke(first));
        party.ok(host, revoke(second));
        assert_eq!(party.act(host, revoke(second)), Err(Refusal::UnknownInvite));
    }

    #[test]
    fn a_kick_revokes_all() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let grant = make(&mut party, host, None, None);
        let member = party.id(ann);
        party.ok(host, Command::Kick { member });
        assert_eq!(party.room.invites().count(), 0);
        let seat = party.arrive("Ann", grant, false).expect("may knock");
        assert_eq!(party.member(seat).standing, crate::Standing::Pending);
    }

    #[test]
    fn the_right_to_invite_is_the_policys_and_nobody_fills_the_list() {
        let controls = Controls {
            invite: Who::CoHosts,
            ..Policy::default().controls
        };
        let (mut party, host, ann, _) = Party::of_three(Policy {
            controls,
            ..Policy::default()
        });
        let command = Command::MakeInvite {
            uses: None,
            lasts: None,
            label: Some(" for\nthe  family ".into()),
        };
        assert_eq!(
            party.act(ann, command.clone()).expect_err("refused").code(),
            "not_allowed"
        );
        for _ in 0..MAX_INVITES_EACH {
            party.ok(host, command.clone());
        }
        assert_eq!(
            party.act(host, command).expect_err("refused").code(),
            "limit_reached"
        );
        let label = party.room.invites().last().and_then(|i| i.label.clone());
        assert_eq!(label.as_deref(), Some("for the family"));
        for (uses, lasts) in [(Some(0), None), (None, Some(Span(0)))] {
            let command = Command::MakeInvite {
                uses,
                lasts,
                label: None,
            };
            assert_eq!(
                party.act(host, command).expect_err("refused").code(),
                "bad_invite"
            );
        }
    }
}
