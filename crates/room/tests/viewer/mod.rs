//! Whatever a viewer tries, in whatever order: what only a host or a co-host may change stays as it is.
use crate::world::moves::{self, KINDS, Move};
use proptest::prelude::*;
use watchalong_room::{
    Actor, Command, Controls, Entry, EntryPolicy, Grant, Life, Media, MemberId, NodeId, PersonId,
    Policy, Position, Preset, Room, SeatId, ServerTime, SourceKind, Span, Who,
};

const HOST: SeatId = SeatId(900);
const CO_HOST: SeatId = SeatId(901);

fn by(room: &mut Room, now: ServerTime, seat: SeatId, command: Command) -> bool {
    let actor = Actor::Seat(seat);
    let (seed, lead) = (1, Span(0));
    let entry = Entry {
        actor,
        command,
        seed,
        lead,
    };
    room.apply(now, &entry).is_ok()
}

fn join(person: &str, grant: Grant) -> Command {
    Command::Join {
        person: PersonId(person.to_owned()),
        name: person.to_owned(),
        grant,
        client: "web".to_owned(),
        reports: false,
        node: NodeId(1),
        address: Some("home".to_owned()),
    }
}

/// A room in which nothing but the chat is everybody's, with all that a viewer might want to change.
fn fortress(now: ServerTime) -> Room {
    let policy = Policy {
        controls: Controls {
            invite: Who::CoHosts,
            ..Controls::preset(Preset::Host)
        },
        ..Policy::default()
    };
    let mut room = Room::new("Friday", policy, now).expect("a good policy");
    let media = Media {
        kind: SourceKind::Library,
        key: "film".into(),
        title: "Film".into(),
        duration: Position::new(7200.0),
    };
    let (invite, member) = (
        Command::MakeInvite {
            uses: None,
            lasts: None,
            label: None,
        },
        MemberId,
    );
    for (seat, command) in [
        (HOST, join("hanna", Grant::Host)),
        (CO_HOST, join("cora", Grant::None)),
        (SeatId(902), join("eve", Grant::None)),
        (SeatId(903), join("muted", Grant::None)),
        (
            HOST,
            Command::SetCoHost {
                member: member(2),
                co_host: true,
            },
        ),
        (
            HOST,
            Command::Mute {
                member: member(4),
                muted: true,
            },
        ),
        (
            HOST,
            Command::Ban {
                member: member(3),
                address: false,
            },
        ),
        (
            HOST,
            Command::SetWords {
                words: vec!["darn".into()],
            },
        ),
        (HOST, invite.clone()),
        (CO_HOST, invite),
        (
            HOST,
            Command::Load {
                media: media.clone(),
                position: Position::clamped(60.0),
                play: false,
            },
        ),
        (
            HOST,
            Command::QueueAdd {
                media,
                before: None,
            },
        ),
        (
            HOST,
            Command::SetSchedule {
                at: Some(now + Span::seconds(3600)),
            },
        ),
        (
            CO_HOST,
            Command::Say {
                text: "hello".into(),
                reply_to: None,
            },
        ),
        (
            CO_HOST,
            Command::Report {
                message: None,
                member: Some(member(4)),
                reason: "loud".into(),
            },
        ),
    ] {
        assert!(by(&mut room, now, seat, command.clone()), "{command:?}");
    }
    room
}

/// Everything that a viewer has no say in.
fn kept(room: &Room) -> impl PartialEq + std::fmt::Debug + use<> {
    let others = room
        .members()
        .filter(|m| m.person != PersonId("vera".into()));
    let others = others.map(|m| {
        (
            m.id,
            m.name.clone(),
            m.role,
            m.standing,
            m.muted,
            m.present(),
        )
    });
    let written = room.messages().filter(|message| message.by == MemberId(2));
    let queue = room
        .queue()
        .iter()
        .map(|item| (item.id, item.media.key.clone()));
    (
        (
            *room.policy(),
            room.name().to_owned(),
            room.life(),
            room.schedule(),
        ),
        (
            *room.timeline(),
            room.current().cloned(),
            queue.collect::<Vec<_>>(),
        ),
        (
            room.words().to_vec(),
            room.banned().cloned().collect::<Vec<_>>(),
        ),
        room.invites()
            .map(|invite| (invite.id, invite.by, invite.until))
            .collect::<Vec<_>>(),
        (
            others.collect::<Vec<_>>(),
            written.cloned().collect::<Vec<_>>(),
        ),
        room.acts().count(),
        room.reports()
            .filter(|report| report.by == MemberId(2))
            .count(),
    )
}

/// What the viewer does with a move: as anybody would, but from seats of their own, and without the host's key.
fn tried(m: Move, room: &Room, now: ServerTime) -> (Span, Entry) {
    let (gap, mut entry) = moves::entry(m, room, now);
    entry.actor = Actor::Seat(SeatId(u64::from(m.who % 3)));
    if let Command::Join { person, grant, .. } | Command::Reserve { person, grant, .. } =
        &mut entry.command
    {
        *person = PersonId("vera".into());
        if *grant == Grant::Host {
            *grant = Grant::None;
        }
    }
    (gap, entry)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_commands_by_a_viewer_changes_what_only_a_host_may(
        moves in prop::collection::vec((0..KINDS, any::<u8>(), any::<u8>(), any::<u16>()), 1..200),
    ) {
        let mut now = ServerTime(1_700_000_000_000);
        let mut room = fortress(now);
        let _ = by(&mut room, now, SeatId(0), join("vera", Grant::None));
        let before = kept(&room);
        let mut heard = 0;
        for (kind, who, what, amount) in moves {
            let (gap, entry) = tried(Move { kind, who, what, amount }, &room, now);
            now = now + Span(gap.0.min(10_000));
            heard += u64::from(room.apply(now, &entry).is_ok());
            prop_assert!(kept(&room) == before, "{:?}: {:?}", entry.command, kept(&room));
            prop_assert_eq!(room.host().map(|host| host.id), Some(MemberId(1)));
        }
        prop_assert_eq!(room.life(), Life::Live);
        // It is no empty promise: without a seat, or with one, something of all this is allowed now and then.
        prop_assume!(heard > 0);
    }

    #[test]
    fn a_room_that_is_over_stays_over_whoever_tries_what(
        moves in prop::collection::vec((0..KINDS, any::<u8>(), any::<u8>(), any::<u16>()), 1..80),
        expires in any::<bool>(),
    ) {
        let now = ServerTime(1_700_000_000_000);
        let mut room = fortress(now);
        if expires {
            for seat in [HOST, CO_HOST, SeatId(903)] {
                by(&mut room, now, seat, Command::Leave);
            }
            let (actor, seed, lead) = (Actor::Server, 0, Span(0));
            // Twice: once for the schedule, once for the idle expiry that is counted from it.
            let late = now + Span::seconds(2 * 24 * 3600);
            let tick = Entry { actor, command: Command::Tick, seed, lead };
            room.apply(late, &tick).expect("ticks are harmless");
        } else {
            by(&mut room, now, HOST, Command::End);
        }
        prop_assert!(room.life().is_terminal());
        let over = room.clone();
        for (kind, who, what, amount) in moves {
            let (_, entry) = moves::entry(Move { kind, who, what, amount }, &room, now);
            let _ = room.apply(now + Span::seconds(9_000_000), &entry);
            prop_assert_eq!(&room, &over);
            prop_assert_eq!(room.deadline(), None);
        }
        prop_assert_eq!(Room::restore(room.snapshot()), Ok(over));
    }
}

#[test]
fn the_room_that_viewers_try_is_one_in_which_a_host_can_do_all_of_it() {
    let now = ServerTime(1_700_000_000_000);
    let mut room = fortress(now);
    assert_eq!(room.policy().entry, EntryPolicy::Open);
    let before = format!("{:?}", kept(&room));
    assert!(by(
        &mut room,
        now,
        HOST,
        Command::Unban {
            member: MemberId(3)
        }
    ));
    assert_ne!(before, format!("{:?}", kept(&room)));
}
