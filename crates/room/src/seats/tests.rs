use super::*;
use crate::party::{INVITED, NODE, Party, say};
use crate::{Command, Policy, RESERVATION};

#[test]
fn a_name_is_cleaned_cut_and_made_unique() {
    let mut party = Party::new(Policy::default());
    let long = "x".repeat(10_000);
    for (seat, typed, shown) in [
        (1, " Ann\u{202E}\u{0} ", "Ann"),
        (2, "ann", "ann 2"),
        (3, long.as_str(), &long[..40]),
    ] {
        party
            .sit(SeatId(seat), &format!("p{seat}"), typed, Grant::None, false)
            .expect("may enter");
        assert_eq!(party.member(SeatId(seat)).name, shown);
    }
    let nothing = party.sit(SeatId(9), "p9", "\u{200B}", Grant::None, false);
    assert_eq!(nothing.expect_err("refused").code(), "bad_text");
}

#[test]
fn one_person_in_many_tabs_is_one_member_in_many_seats() {
    let mut party = Party::new(Policy::default());
    let most = MAX_SEATS as u64;
    for seat in 1..=most {
        party
            .sit(SeatId(seat), "ann", "Ann", Grant::None, false)
            .expect("may enter");
    }
    assert_eq!(
        (
            party.room.members().count(),
            party.member(SeatId(most)).seats.len()
        ),
        (1, MAX_SEATS)
    );
    let one_more = party.sit(SeatId(100), "ann", "Ann", Grant::None, false);
    assert_eq!(one_more.expect_err("refused").code(), "limit_reached");
    // A reloaded tab gives its lost seat to the new one.
    party.lose(SeatId(3));
    party
        .sit(SeatId(100), "ann", "Ann", Grant::None, false)
        .expect("may enter");
    assert!(party.room.member_of_seat(SeatId(3)).is_none());
    for seat in (1..=most).filter(|seat| *seat != 3) {
        party.ok(SeatId(seat), Command::Leave);
    }
    assert!(party.member(SeatId(100)).present());
}

#[test]
fn nobody_takes_anothers_seat() {
    let (mut party, _, ann, _) = Party::of_three(Policy::default());
    let taken = party.sit(ann, "ben", "Ben", Grant::None, false);
    assert_eq!(taken.expect_err("refused").code(), "bad_target");
}

#[test]
fn whoever_is_back_within_the_hold_was_never_gone() {
    let (mut party, _, ann, _) = Party::of_three(Policy::default());
    let before = party.member(ann).clone();
    party.lose(ann);
    assert_eq!(party.member(ann).away_since(), Some(party.now));
    party.pass(Span(89_999));
    party.back(ann).expect("held");
    assert_eq!(*party.member(ann), before);
    party.pass(Span::seconds(3600));
    assert!(party.member(ann).present());
}

#[test]
fn after_the_hold_a_member_is_gone_and_comes_back_as_they_were() {
    let (mut party, host, ann, _) = Party::of_three(Policy::default());
    let id = party.id(ann);
    party.ok(
        host,
        Command::SetCoHost {
            member: id,
            co_host: true,
        },
    );
    party.ok(
        host,
        Command::Mute {
            member: id,
            muted: true,
        },
    );
    party.lose(ann);
    let events = party.pass(Span::seconds(90));
    assert!(events.contains(&Event::Gone {
        member: id,
        reason: Departure::TimedOut
    }));
    assert_eq!(party.back(ann), Err(Refusal::UnknownSeat));
    party
        .sit(SeatId(77), "ann", "Annie", Grant::None, false)
        .expect("may enter");
    let member = party.member(SeatId(77));
    assert_eq!(
        (member.id, member.role, member.muted),
        (id, Role::CoHost, true)
    );
    assert_eq!(member.name, "Annie");
}

#[test]
fn a_seat_that_moved_to_another_process_is_not_lost_by_the_old_one() {
    let (mut party, _, ann, _) = Party::of_three(Policy::default());
    party.ok(ann, Command::Resume { node: NodeId(2) });
    party.lose(ann);
    assert!(party.member(ann).present());
    party
        .server(Command::NodeLost { node: NODE })
        .expect("harmless");
    assert!(party.member(ann).present());
    party
        .server(Command::NodeLost { node: NodeId(2) })
        .expect("harmless");
    assert!(!party.member(ann).present());
}

#[test]
fn without_a_hold_a_lost_seat_is_gone_at_once() {
    let (mut party, _, ann, _) = Party::of_three(Policy {
        seat_hold: Span(0),
        ..Policy::default()
    });
    let id = party.id(ann);
    party.lose(ann);
    assert!(party.room.member(id).is_none());
}

#[test]
fn a_full_room_still_has_a_place_for_its_host() {
    let mut party = Party::new(Policy {
        capacity: 2,
        ..Policy::default()
    });
    let ann = party.arrive("Ann", Grant::None, false).expect("may enter");
    party.arrive("Ben", Grant::None, false).expect("may enter");
    assert_eq!(
        party.arrive("Cem", Grant::None, false),
        Err(Refusal::Full { capacity: 2 })
    );
    let host = party
        .arrive("Hanna", Grant::Host, false)
        .expect("an owner is never locked out");
    assert_eq!(party.member(host).role, Role::Host);
    // Held seats count; a left one doesn't.
    party.lose(ann);
    assert_eq!(
        party.arrive("Cem", Grant::None, false),
        Err(Refusal::Full { capacity: 2 })
    );
    party.ok(ann, Command::Leave);
    party.ok(host, Command::Leave);
    party.arrive("Cem", Grant::None, false).expect("may enter");
}

#[test]
fn entry_asks_for_what_the_policy_says() {
    let needs = [
        (EntryPolicy::Password, "password_needed"),
        (EntryPolicy::Invite, "invite_needed"),
    ];
    for (entry, code) in needs {
        let mut party = Party::new(Policy {
            entry,
            ..Policy::default()
        });
        assert_eq!(
            party
                .arrive("Ann", Grant::None, false)
                .expect_err("refused")
                .code(),
            code
        );
        party.arrive("Ann", INVITED, false).expect("invited");
        party.arrive("Hanna", Grant::Host, false).expect("the host");
    }
    let mut party = Party::new(Policy {
        entry: EntryPolicy::Password,
        ..Policy::default()
    });
    let ann = party
        .arrive("Ann", Grant::Password, false)
        .expect("knew it");
    party.ok(ann, Command::Leave);
    party
        .arrive("Ann", Grant::None, false)
        .expect("was in before");
}

#[test]
fn whoever_knocks_gets_nothing_until_let_in() {
    let mut party = Party::new(Policy {
        entry: EntryPolicy::Approval,
        ..Policy::default()
    });
    let host = party.arrive("Hanna", Grant::Host, false).expect("the host");
    let knocked = party
        .sit(SeatId(50), "ann", "Ann", Grant::None, true)
        .expect("may knock");
    assert!(
        knocked
            .events
            .iter()
            .all(|(audience, _)| *audience == Audience::Moderators),
        "{knocked:?}"
    );
    let ann = SeatId(50);
    assert_eq!(party.act(ann, say("hi")), Err(Refusal::Pending));
    assert_eq!(party.room.rights(party.id(ann)), crate::Rights::default());
    let id = party.id(ann);
    assert_eq!(
        party.act(ann, Command::Admit { member: id }),
        Err(Refusal::Pending)
    );
    // The decision survives reconnects, on both sides of it.
    party.lose(ann);
    party.back(ann).expect("held");
    party.ok(host, Command::Admit { member: id });
    assert!(party.ok(host, Command::Admit { member: id }).is_empty());
    party.ok(ann, say("hi"));
    party.ok(ann, Command::Leave);
    party
        .sit(SeatId(51), "ann", "Ann", Grant::None, true)
        .expect("was let in before");
    assert_eq!(party.member(SeatId(51)).standing, Standing::Admitted);
}

#[test]
fn the_first_who_is_let_in_makes_it_live() {
    let mut party = Party::new(Policy {
        entry: EntryPolicy::Approval,
        ..Policy::default()
    });
    party.arrive("Ann", Grant::None, false).expect("may knock");
    assert_eq!(party.room.life(), Life::Created);
    party.arrive("Hanna", Grant::Host, false).expect("the host");
    assert!(party.live());
}

#[test]
fn the_hosts_key_takes_the_role_only_from_a_host_who_is_away() {
    let (mut party, host, ..) = Party::of_three(Policy::default());
    let second = party
        .arrive("Second", Grant::Host, false)
        .expect("has the key");
    assert_eq!(party.member(second).role, Role::CoHost);
    party.lose(host);
    let third = party
        .arrive("Third", Grant::Host, false)
        .expect("has the key");
    assert_eq!(
        (party.member(third).role, party.member(host).role),
        (Role::Host, Role::CoHost)
    );
}

#[test]
fn the_muted_cannot_speak_by_their_name() {
    let (mut party, host, ann, _) = Party::of_three(Policy::default());
    party.ok(
        ann,
        Command::Rename {
            name: "Ben".to_owned(),
        },
    );
    assert_eq!(party.member(ann).name, "Ben 2");
    let member = party.id(ann);
    party.ok(
        host,
        Command::Mute {
            member,
            muted: true,
        },
    );
    assert_eq!(
        party.act(
            ann,
            Command::Rename {
                name: "LOUD".to_owned()
            }
        ),
        Err(Refusal::Muted)
    );
}

fn reserve(person: &str, grant: Grant) -> Command {
    Command::Reserve {
        person: PersonId(person.to_owned()),
        name: person.to_owned(),
        grant,
        client: "api".to_owned(),
        address: None,
    }
}

#[test]
fn a_place_reserved_without_a_connection_is_held_and_counts_as_one() {
    let policy = Policy {
        capacity: 2,
        ..Policy::default()
    };
    let mut party = Party::new(policy);
    party.ok(SeatId(1), reserve("hanna", Grant::Host));
    assert!(party.live(), "the first who has a place makes it live");
    party.ok(SeatId(2), reserve("ann", Grant::None));
    assert!(!party.member(SeatId(2)).present());
    let again = party.ok(SeatId(3), reserve("ann", Grant::None));
    assert!(again.is_empty(), "one place is enough");
    let full = party.act(SeatId(4), reserve("ben", Grant::None));
    assert_eq!(full.expect_err("full").code(), "room_full");
    let hold = party.room.policy().seat_hold;
    party.pass(hold);
    assert!(
        party.room.member_of_seat(SeatId(2)).is_none(),
        "held no longer"
    );
    let host = party.room.host().expect("stays");
    assert!(host.has_place() && host.seats.is_empty());
}

#[test]
fn what_would_become_of_somebody_is_what_becomes_of_them() {
    let entries = [
        EntryPolicy::Open,
        EntryPolicy::Password,
        EntryPolicy::Approval,
        EntryPolicy::Invite,
    ];
    let grants = [
        Grant::None,
        Grant::Password,
        Grant::WrongPassword,
        INVITED,
        Grant::Host,
        Grant::Seated,
    ];
    for (entry, grant) in entries.into_iter().flat_map(|e| grants.map(|g| (e, g))) {
        for capacity in [2, 3] {
            let mut party = Party::new(Policy {
                entry,
                capacity,
                ..Policy::default()
            });
            party.arrive("Hanna", Grant::Host, false).expect("the host");
            party.arrive("Ann", INVITED, false).expect("invited");
            let person = PersonId("zoe".to_owned());
            let outlook = party.room.would_admit(party.now, &person, grant, None);
            let came = party
                .sit(SeatId(50), "zoe", "Zoe", grant, false)
                .map(|_| party.member(SeatId(50)).standing == Standing::Admitted);
            assert_eq!(outlook, came, "{entry:?} {grant:?} {capacity}");
        }
    }
}

fn holding(seat_hold: Span) -> Party {
    let mut party = Party::new(Policy {
        seat_hold,
        ..Policy::default()
    });
    party.arrive("Hanna", Grant::Host, false).expect("the host");
    party
}

#[test]
fn a_reserved_place_is_held_where_lost_ones_are_not() {
    let mut party = holding(Span(0));
    let reserved = SeatId(50);
    party.ok(reserved, reserve("zoe", Grant::None));
    party.pass(Span(RESERVATION.0 - 1));
    let connected = SeatId(51);
    party
        .sit(connected, "zoe", "Zoe", Grant::Seated, false)
        .expect("her place is held");
    assert!(party.room.member_of_seat(reserved).is_some());
    // It was held for the connection: with that it goes, as if it had never been there.
    party.lose(connected);
    assert!(party.room.member_of_seat(reserved).is_none());
    assert_eq!(party.room.members().count(), 1);
    party.ok(reserved, reserve("zoe", Grant::None));
    party.pass(RESERVATION);
    assert!(party.room.member_of_seat(reserved).is_none());
    let late = party.sit(connected, "zoe", "Zoe", Grant::Seated, false);
    assert_eq!(late.expect_err("too late").code(), "unknown_seat");
}

#[test]
fn a_reserved_place_is_held_like_a_lost_one_where_that_is_longer() {
    let hold = Span(RESERVATION.0 + 60_000);
    let mut party = holding(hold);
    let (reserved, connected) = (SeatId(50), SeatId(51));
    party.ok(reserved, reserve("zoe", Grant::None));
    party.pass(Span(hold.0 - 1));
    party
        .sit(connected, "zoe", "Zoe", Grant::Seated, false)
        .expect("her place is held");
    party.lose(connected);
    // Whoever acts by the place that they took may go on to.
    party.ok(reserved, say("still here"));
    party.pass(Span(1));
    let seats: Vec<SeatId> = party.member(connected).seats.iter().map(|s| s.id).collect();
    assert_eq!(seats, [connected], "each is held from when it began");
    party.pass(hold);
    assert!(party.room.member_of_seat(connected).is_none());
}

#[test]
fn a_short_hold_of_lost_seats_is_no_longer_for_the_reserved_ones_beside_them() {
    let mut party = holding(Span::seconds(5));
    let (reserved, ann) = (SeatId(50), SeatId(51));
    party.ok(reserved, reserve("zoe", Grant::None));
    party
        .sit(ann, "ann", "Ann", Grant::None, false)
        .expect("open");
    party.lose(ann);
    party.pass(Span::seconds(5));
    assert!(party.room.member_of_seat(ann).is_none());
    assert!(party.room.member_of_seat(reserved).is_some());
    let copy = Room::restore(party.room.snapshot()).expect("a sound room");
    assert_eq!(copy.deadline(), party.room.deadline());
    // Who comes back with the very place has a connection like any.
    party.back(reserved).expect("held");
    party.pass(RESERVATION);
    assert!(party.member(reserved).present());
    party.lose(reserved);
    party.pass(Span::seconds(5));
    assert!(party.room.member_of_seat(reserved).is_none());
}

#[test]
fn another_device_comes_in_only_where_its_person_has_a_place() {
    let (mut party, host, ann, _) = Party::of_three(Policy::default());
    let by_ann =
        |party: &mut Party, seat| party.sit(SeatId(seat), "ann", "Ann", Grant::Seated, false);
    by_ann(&mut party, 50).expect("has a place");
    party.ok(ann, Command::Withdraw);
    assert_eq!(
        by_ann(&mut party, 51).expect_err("left").code(),
        "unknown_seat"
    );
    let stranger = party.sit(SeatId(52), "zoe", "Zoe", Grant::Seated, false);
    assert_eq!(stranger.expect_err("never was in").code(), "unknown_seat");
    // A host keeps their place however long they are away, until they leave.
    party.lose(host);
    party.pass(party.room.policy().seat_hold);
    party
        .sit(SeatId(53), "hanna", "Hanna", Grant::Seated, false)
        .expect("still the host");
    party.ok(SeatId(53), Command::Withdraw);
    let back = party.sit(SeatId(54), "hanna", "Hanna", Grant::Seated, false);
    assert_eq!(back.expect_err("left").code(), "unknown_seat");
    party
        .sit(SeatId(55), "hanna", "Hanna", Grant::None, false)
        .expect("the host may come back");
    assert!(party.room.host().expect("again").has_place());
}

#[test]
fn who_withdraws_leaves_with_all_devices_at_once() {
    let (mut party, host, ann, _) = Party::of_three(Policy::default());
    party
        .sit(SeatId(50), "ann", "Ann", Grant::None, false)
        .expect("another device");
    let member = party.id(ann);
    let events = party.ok(SeatId(50), Command::Withdraw);
    let reason = Departure::Left;
    for seat in [ann, SeatId(50)] {
        assert!(events.contains(&Event::SeatRevoked { seat, reason }));
    }
    assert!(events.contains(&Event::Gone { member, reason }));
    assert_eq!(
        party.room.anybody(member).map(|m| m.name.as_str()),
        Some("Ann")
    );
    party.ok(host, Command::Withdraw);
    assert!(party.live() && party.room.host().is_some_and(|host| !host.has_place()));
    let outside = party.act(host, Command::Withdraw);
    assert_eq!(outside.expect_err("has left").code(), "unknown_seat");
}
