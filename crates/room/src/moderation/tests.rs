use super::*;
use crate::party::{INVITED, Party, invited, react, say};
use crate::{Command, Controls, Grant, Policy, PolicyPatch, SeatId, Who};

#[test]
fn a_kick_revokes_the_seat_and_rotates_the_invite() {
    let (mut party, host, ann, _) = Party::of_three(Policy::default());
    let member = party.id(ann);
    let events = party.ok(host, Command::Kick { member });
    let reason = Departure::Kicked;
    assert_eq!(
        events,
        [
            Event::SeatRevoked { seat: ann, reason },
            Event::Gone { member, reason },
            Event::InviteRotated,
            Event::Acted {
                act: crate::ActId(2)
            }
        ]
    );
    assert_eq!(party.back(ann), Err(Refusal::UnknownSeat));
}

#[test]
fn the_kicked_knock_even_at_an_open_door_and_a_second_try_is_no_way_around_it() {
    let (mut party, host, ann, _) = Party::of_three(Policy::default());
    let member = party.id(ann);
    party.ok(host, Command::Kick { member });
    for seat in [60, 61] {
        party
            .sit(SeatId(seat), "ann", "Ann", Grant::None, false)
            .expect("may knock");
        assert_eq!(party.member(SeatId(seat)).standing, Standing::Pending);
    }
    party.ok(SeatId(60), Command::Leave);
    party.ok(SeatId(61), Command::Leave);
    party
        .sit(SeatId(62), "ann", "Ann", Grant::None, false)
        .expect("may knock");
    assert_eq!(party.member(SeatId(62)).standing, Standing::Pending);
    let invite = Command::MakeInvite {
        uses: Some(1),
        lasts: None,
        label: None,
    };
    let fresh = invited(&party.ok(host, invite));
    for (seat, grant, standing) in [
        (63, INVITED, Standing::Pending),
        (64, fresh, Standing::Admitted),
    ] {
        party
            .sit(SeatId(seat), "ann", "Ann", grant, false)
            .expect("may knock");
        assert_eq!(party.member(SeatId(seat)).standing, standing);
    }
}

#[test]
fn a_ban_holds_until_it_is_lifted() {
    let (mut party, host, ann, ben) = Party::of_three(Policy::default());
    let member = party.id(ann);
    party.ok(
        host,
        Command::Ban {
            member,
            address: false,
        },
    );
    for grant in [Grant::None, INVITED, Grant::Host] {
        assert_eq!(
            party.sit(SeatId(60), "ann", "Other", grant, false),
            Err(Refusal::Banned)
        );
    }
    assert_eq!(
        party
            .room
            .banned()
            .map(|banned| banned.id)
            .collect::<Vec<_>>(),
        [member]
    );
    assert_eq!(
        party
            .act(ben, Command::Unban { member })
            .expect_err("refused")
            .code(),
        "not_allowed"
    );
    party.ok(host, Command::Unban { member });
    party
        .sit(SeatId(60), "ann", "Ann", Grant::None, false)
        .expect("may come again");
}

#[test]
fn whoever_ran_away_can_still_be_banned() {
    let (mut party, host, ann, _) = Party::of_three(Policy::default());
    let member = party.id(ann);
    party.ok(ann, Command::Leave);
    party.ok(
        host,
        Command::Ban {
            member,
            address: false,
        },
    );
    assert_eq!(
        party.sit(SeatId(60), "ann", "Ann", Grant::None, false),
        Err(Refusal::Banned)
    );
}

#[test]
fn nobody_acts_on_the_host_on_themselves_or_on_their_equals() {
    let (mut party, host, ann, ben) = Party::of_three(Policy::default());
    let (host_id, ann_id, ben_id) = (party.id(host), party.id(ann), party.id(ben));
    for member in [ann_id, ben_id] {
        party.ok(
            host,
            Command::SetCoHost {
                member,
                co_host: true,
            },
        );
    }
    for (seat, member) in [
        (ann, host_id),
        (ann, ann_id),
        (ann, ben_id),
        (host, host_id),
    ] {
        for command in [
            Command::Kick { member },
            Command::Ban {
                member,
                address: false,
            },
            Command::Mute {
                member,
                muted: true,
            },
        ] {
            assert_eq!(
                party.act(seat, command).expect_err("refused").code(),
                "bad_target"
            );
        }
    }
    assert_eq!(
        party
            .server(Command::Kick { member: host_id })
            .expect_err("refused")
            .code(),
        "bad_target"
    );
    party.ok(host, Command::Kick { member: ann_id });
}

#[test]
fn everyone_may_moderate_where_the_policy_says_so_but_not_upwards() {
    let controls = Controls {
        people: Who::Everyone,
        ..Policy::default().controls
    };
    let (mut party, host, ann, ben) = Party::of_three(Policy {
        controls,
        ..Policy::default()
    });
    let (ann_id, ben_id) = (party.id(ann), party.id(ben));
    party.ok(
        host,
        Command::SetCoHost {
            member: ann_id,
            co_host: true,
        },
    );
    assert_eq!(
        party
            .act(ben, Command::Kick { member: ann_id })
            .expect_err("refused")
            .code(),
        "bad_target"
    );
    party.ok(ann, Command::Kick { member: ben_id });
}

#[test]
fn the_muted_are_not_heard_and_their_mute_survives_leaving() {
    let (mut party, host, ann, _) = Party::of_three(Policy::default());
    let member = party.id(ann);
    party.ok(
        host,
        Command::Mute {
            member,
            muted: true,
        },
    );
    let speak = [say("hi"), react("😀"), Command::Ask { play: false }];
    for command in speak.clone() {
        assert_eq!(party.act(ann, command), Err(Refusal::Muted));
    }
    party.ok(ann, Command::Leave);
    party
        .sit(SeatId(60), "ann", "Ann", INVITED, false)
        .expect("may enter");
    assert_eq!(party.act(SeatId(60), say("hi")), Err(Refusal::Muted));
}

#[test]
fn a_hand_over_leaves_exactly_one_host() {
    let (mut party, host, ann, ben) = Party::of_three(Policy::default());
    let (member, ben_id) = (party.id(ann), party.id(ben));
    party.ok(host, Command::HandOver { member });
    assert_eq!(
        (party.member(ann).role, party.member(host).role),
        (Role::Host, Role::CoHost)
    );
    assert_eq!(
        party
            .act(host, Command::HandOver { member: ben_id })
            .expect_err("refused")
            .code(),
        "not_allowed"
    );
    let patch = PolicyPatch {
        capacity: Some(5),
        ..Default::default()
    };
    assert_eq!(
        party
            .act(host, Command::SetPolicy { patch })
            .expect_err("refused")
            .code(),
        "not_allowed"
    );
    party.ok(ann, Command::SetPolicy { patch });
}

fn at_the_door() -> (Party, SeatId, SeatId) {
    let mut party = Party::new(Policy {
        entry: crate::EntryPolicy::Approval,
        ..Policy::default()
    });
    let host = party.arrive("Hanna", Grant::Host, false).expect("the host");
    let ann = party.arrive("Ann", Grant::None, false).expect("may knock");
    (party, host, ann)
}

#[test]
fn whoever_is_denied_is_gone_and_not_heard_again_for_ten_minutes() {
    let (mut party, host, ann) = at_the_door();
    let member = party.id(ann);
    let outcome = party.act(host, Command::Deny { member }).expect("allowed");
    assert!(
        outcome
            .events
            .iter()
            .all(|(audience, _)| *audience != Audience::All),
        "{outcome:?}"
    );
    assert!(party.room.member(member).is_none());
    party.pass(Span::seconds(1));
    assert_eq!(
        party.arrive("Ann", Grant::None, false),
        Err(Refusal::Denied { retry_ms: 599_000 })
    );
    party.pass(Span::seconds(599));
    let again = party.arrive("Ann", Grant::None, false).expect("may knock");
    assert_eq!(party.member(again).standing, Standing::Pending);
}

#[test]
fn a_denial_is_lifted_by_admitting_after_all_or_by_an_invitation() {
    let (mut party, host, ann) = at_the_door();
    let member = party.id(ann);
    party.ok(host, Command::Deny { member });
    party.ok(host, Command::Admit { member });
    let ann = party.arrive("Ann", Grant::None, false).expect("let in");
    assert_eq!(
        (party.member(ann).standing, party.id(ann)),
        (Standing::Admitted, member)
    );
    assert_eq!(
        party.act(
            host,
            Command::Admit {
                member: MemberId(9)
            }
        ),
        Err(Refusal::UnknownMember)
    );

    let (mut party, host, ann) = at_the_door();
    let member = party.id(ann);
    party.ok(host, Command::Deny { member });
    let ann = party.arrive("Ann", INVITED, false).expect("invited");
    party.ok(ann, Command::Leave);
    party.arrive("Ann", Grant::None, false).expect("was in");
}

#[test]
fn two_who_admit_the_same_person_admit_them_once() {
    let (mut party, host, ann) = at_the_door();
    let member = party.id(ann);
    let acts = party.room.acts().count();
    assert!(!party.ok(host, Command::Admit { member }).is_empty());
    assert!(party.ok(host, Command::Admit { member }).is_empty());
    assert_eq!(party.room.acts().count(), acts + 1);
    let late = party.act(host, Command::Deny { member });
    assert_eq!(late.expect_err("refused").code(), "bad_target");
}

#[test]
fn a_banned_address_refuses_newcomers_but_neither_the_known_nor_the_host() {
    let (mut party, host, ..) = Party::of_three(Policy::default());
    let come = |party: &mut Party, seat, person: &str, grant| {
        let seat = SeatId(seat);
        let came = party.sit_at(Some("cafe"), seat, person, person, grant, false);
        came.map(|_| seat)
    };
    let eve = come(&mut party, 60, "eve", Grant::None).expect("may enter");
    let dora = come(&mut party, 61, "dora", Grant::None).expect("may enter");
    let member = party.id(eve);
    let ban = |address| Command::Ban { member, address };
    party.ok(host, ban(false));
    let new = come(&mut party, 62, "mallory", Grant::None).expect("may enter");
    // Asked for later, it is added.
    party.ok(host, ban(true));
    assert!(party.ok(host, ban(true)).is_empty());
    for grant in [Grant::None, Grant::Password, INVITED] {
        assert_eq!(
            come(&mut party, 63, "newcomer", grant),
            Err(Refusal::Banned)
        );
    }
    for (seat, known) in [(dora, "dora"), (new, "mallory")] {
        party.ok(seat, Command::Leave);
        come(&mut party, 70 + seat.0, known, Grant::None).expect("was in");
    }
    come(&mut party, 64, "owner", Grant::Host).expect("never the host's key");
    party
        .arrive("Elsewhere", Grant::None, false)
        .expect("from another address");
    party.ok(host, Command::Unban { member });
    come(&mut party, 65, "newcomer", Grant::None).expect("lifted");
}

#[test]
fn two_bans_of_an_address_are_lifted_one_by_one() {
    let (mut party, host, ..) = Party::of_three(Policy::default());
    let mut ids = Vec::new();
    for (seat, person) in [(60, "eve"), (61, "mallory")] {
        let seat = SeatId(seat);
        party
            .sit_at(Some("cafe"), seat, person, person, Grant::None, false)
            .expect("may enter");
        ids.push(party.id(seat));
    }
    for member in ids.clone() {
        let address = true;
        party.ok(host, Command::Ban { member, address });
    }
    let mut answers = Vec::new();
    for member in ids {
        party.ok(host, Command::Unban { member });
        let seat = SeatId(80);
        let came = party.sit_at(Some("cafe"), seat, "new", "new", Grant::None, false);
        answers.push(came.is_ok());
    }
    assert_eq!(answers, [false, true]);
}

#[test]
fn whoever_races_for_the_room_there_is_one_host() {
    let (mut party, host, ann, ben) = Party::of_three(Policy::default());
    let (host_id, ann_id, ben_id) = (party.id(host), party.id(ann), party.id(ben));
    // Two windows of the host hand over to two people: the second is no host any more.
    party.ok(host, Command::HandOver { member: ann_id });
    let second = party.act(host, Command::HandOver { member: ben_id });
    assert_eq!(second.expect_err("refused").code(), "not_allowed");
    // The old host and the new one act on each other: the new one wins.
    let demote = Command::SetCoHost {
        member: host_id,
        co_host: false,
    };
    party.ok(ann, demote);
    for command in [
        Command::Kick { member: ann_id },
        Command::End,
        Command::HandOver { member: host_id },
    ] {
        let refusal = party.act(host, command).expect_err("refused");
        assert_eq!(refusal.code(), "not_allowed");
    }
    let hosts = party.room.members().filter(|m| m.role == Role::Host);
    assert_eq!(hosts.map(|m| m.id).collect::<Vec<_>>(), [ann_id]);
}
