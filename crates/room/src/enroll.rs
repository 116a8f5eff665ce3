//! Members who are not there: for wire formats in which one asks at the door and connects later, if at all.
//!
//! Whoever may enter is remembered as somebody who left: they come in when they connect, and count for nothing until
//! then. Whoever has to knock waits without a seat, seen by those who may let them in, who then are the same to them as
//! anybody else at the door. The host is never enrolled: a room has one once they have come.
use crate::audit::ActKind;
use crate::chat::Speech;
use crate::member::{Member, Role, Standing};
use crate::room::Step;
use crate::seats::Way;
use crate::{Audience, Departure, Event, Grant, MemberId, PersonId, Refusal, Room};

/// An [`Enroll`](crate::Command::Enroll) on its way in.
pub(crate) struct Enrolling<'a> {
    pub(crate) person: &'a PersonId,
    pub(crate) name: &'a str,
    pub(crate) grant: Grant,
    pub(crate) address: Option<&'a str>,
}

impl Room {
    pub(crate) fn enroll(
        &mut self,
        step: &mut Step,
        enrolling: Enrolling<'_>,
    ) -> Result<(), Refusal> {
        let person = enrolling.person;
        self.may_ask(person, enrolling.address)?;
        if self.people.of_person(person).is_some() {
            return Ok(());
        }
        let known = self.people.remembered(person);
        let way = self.admits(step.now, known, enrolling.grant, enrolling.address)?;
        if known.is_some_and(Member::admitted) {
            return Ok(());
        }
        let name = self.entry_name(None, known, enrolling.name)?;
        if way == Way::Knock {
            self.may_wait()?;
        }

        // Nothing is refused from here on.
        if let Way::By(invite) = way {
            self.invites.spend(invite);
        }
        let former = known.cloned();
        let id = former
            .as_ref()
            .map_or_else(|| self.people.fresh_id(), |former| former.id);
        let (muted, kicked, speech) = former.map_or((false, false, Speech::default()), |former| {
            (former.muted, former.kicked, former.speech)
        });
        let mut member = Member {
            id,
            person: person.clone(),
            name,
            role: Role::Viewer,
            standing: Standing::Pending,
            muted,
            seats: Vec::new(),
            ready: false,
            joined_at: step.now,
            address_banned: false,
            address: enrolling.address.map(str::to_owned),
            denied_until: None,
            kicked,
            left: false,
            speech,
        };
        if way == Way::Knock {
            member.name = self.people.free_name(&member.name, None);
            self.people.insert(member);
            self.announce(step, id);
        } else {
            member.standing = Standing::Admitted;
            member.kicked = false;
            self.people.remember(member);
            step.quietly();
        }
        Ok(())
    }

    /// Lets somebody in who waits without a seat: they are remembered until they come.
    pub(crate) fn admit_absent(&mut self, step: &mut Step, id: MemberId) {
        let Some(mut member) = self.people.remove(id) else {
            return;
        };
        member.standing = Standing::Admitted;
        member.kicked = false;
        let gone = Event::Gone {
            member: id,
            reason: Departure::Left,
        };
        step.emit(Audience::Moderators, gone);
        self.people.remember(member);
        self.record(step, ActKind::Admit, Some(id), None);
    }
}

#[cfg(test)]
mod tests {
    use crate::party::Party;
    use crate::{Command, EntryPolicy, Grant, PersonId, Policy, Refusal, Room, Standing};

    fn person(name: &str) -> PersonId {
        PersonId(format!("guest:{name}"))
    }

    fn enroll(party: &mut Party, name: &str, grant: Grant) -> Result<(), Refusal> {
        let command = Command::Enroll {
            person: person(name),
            name: name.to_owned(),
            grant,
            address: None,
        };
        party.server(command).map(drop)
    }

    fn with(entry: EntryPolicy) -> Party {
        let mut party = Party::new(Policy {
            entry,
            ..Policy::default()
        });
        party.arrive("Hanna", Grant::Host, false).expect("the host");
        party
    }

    fn standing(room: &Room, name: &str) -> Option<Standing> {
        room.known(&person(name)).map(|member| member.standing)
    }

    #[test]
    fn who_may_enter_is_a_member_before_they_come_and_counts_for_nothing() {
        let mut party = with(EntryPolicy::Open);
        enroll(&mut party, "Zoe", Grant::None).expect("open");
        assert_eq!(standing(&party.room, "Zoe"), Some(Standing::Admitted));
        assert_eq!((party.room.members().count(), party.room.seated()), (1, 1));
        assert_eq!(party.room.former().len(), 1);
        let revision = party.room.revision();
        enroll(&mut party, "Zoe", Grant::None).expect("again");
        assert_eq!(party.room.revision(), revision, "nothing new");
    }

    #[test]
    fn a_password_is_asked_once() {
        let mut party = with(EntryPolicy::Password);
        assert_eq!(
            enroll(&mut party, "Zoe", Grant::WrongPassword),
            Err(Refusal::WrongPassword)
        );
        assert_eq!(standing(&party.room, "Zoe"), None);
        enroll(&mut party, "Zoe", Grant::Password).expect("right");
        enroll(&mut party, "Zoe", Grant::None).expect("known");
    }

    #[test]
    fn who_knocks_without_a_seat_is_let_in_and_comes_later() {
        let mut party = with(EntryPolicy::Approval);
        enroll(&mut party, "Zoe", Grant::None).expect("may knock");
        assert_eq!(standing(&party.room, "Zoe"), Some(Standing::Pending));
        let copy = Room::restore(party.room.snapshot()).expect("a sound room");
        assert_eq!(standing(&copy, "Zoe"), Some(Standing::Pending));
        let member = party.room.known(&person("Zoe")).expect("knocks").id;
        party.server(Command::Admit { member }).expect("let in");
        assert_eq!(standing(&party.room, "Zoe"), Some(Standing::Admitted));
        assert_eq!(party.room.members().count(), 1, "not there yet");
        let again = party.server(Command::Admit { member });
        assert_eq!(again, Err(Refusal::UnknownMember));
    }

    #[test]
    fn only_the_server_enrols() {
        let mut party = with(EntryPolicy::Open);
        let seat = party.arrive("Ann", Grant::None, false).expect("open");
        let command = Command::Enroll {
            person: person("Zoe"),
            name: "Zoe".to_owned(),
            grant: Grant::None,
            address: None,
        };
        assert_eq!(party.act(seat, command), Err(Refusal::ServerOnly));
    }

    #[test]
    fn the_kicked_may_come_back_where_the_room_says_so() {
        for (kicked_return, after) in [(true, Standing::Admitted), (false, Standing::Pending)] {
            let policy = Policy {
                kicked_return,
                ..Policy::default()
            };
            let (mut party, host, ann, _) = Party::of_three(policy);
            let (member, of) = (party.id(ann), party.member(ann).person.clone());
            party.ok(host, Command::Kick { member });
            let known = party.room.known(&of).expect("remembered");
            assert_eq!(known.standing, after);
        }
    }

    #[test]
    fn who_is_muted_while_away_is_still_muted_when_they_come_back() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let (member, of) = (party.id(ann), party.member(ann).person.clone());
        party.ok(ann, Command::Leave);
        party.ok(
            host,
            Command::Mute {
                member,
                muted: true,
            },
        );
        assert!(party.room.known(&of).expect("remembered").muted);
    }

    #[test]
    fn a_room_that_is_over_still_knows_who_was_in_it() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let of = party.member(ann).person.clone();
        party.ok(host, Command::End);
        assert_eq!(party.room.members().count(), 0);
        assert!(party.room.known(&of).is_some());
        assert_eq!(party.room.former().len(), 3);
        Room::restore(party.room.snapshot()).expect("a sound room");
    }
}
