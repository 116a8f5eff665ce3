//! Any history whatsoever keeps the invariants. Failing ones are cut down to the moves that matter.
mod viewer;
mod world;

use proptest::prelude::*;
use watchalong_room::{Actor, Command, Entry, Room, Snapshot, Span};
use world::World;
use world::moves::{KINDS, Move, policy};

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = (0..KINDS, any::<u8>(), any::<u8>(), any::<u16>());
    let one = one.prop_map(|(kind, who, what, amount)| Move {
        kind,
        who,
        what,
        amount,
    });
    // Most histories begin with somebody coming in: without them nearly all is refused.
    prop::collection::vec(one, 1..160).prop_map(|mut moves| {
        let kinds = [0, 1, 2, 28, 3, 0];
        for (first, kind) in moves.iter_mut().zip(kinds) {
            first.kind = kind;
        }
        moves
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_refusal_leaves_the_room_equal_and_so_does_what_does_not_count(n in any::<u64>(), moves in moves()) {
        let mut world = World::new(policy(n));
        for m in moves {
            let before = world.room.clone();
            let (_, _, answer) = world.make(m);
            if answer.is_err() || world.room.revision() == before.revision() {
                prop_assert_eq!(&world.room, &before);
            } else {
                prop_assert_ne!(&world.room, &before);
            }
        }
    }

    #[test]
    fn snapshot_restore_and_replay_equal_the_straight_run(n in any::<u64>(), moves in moves(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(moves.len());
        let mut straight = World::new(policy(n));
        let mut restored: Option<Room> = None;
        for (i, m) in moves.into_iter().enumerate() {
            if i == cut {
                let json = serde_json::to_string(&straight.room.snapshot()).expect("plain data");
                let snapshot: Snapshot = serde_json::from_str(&json).expect("what was written");
                restored = Some(Room::restore(snapshot).expect("what was a room"));
            }
            let (at, entry, answer) = straight.make(m);
            if let Some(room) = &mut restored {
                prop_assert_eq!(room.apply(at, &entry), answer);
                prop_assert_eq!(&*room, &straight.room);
            }
        }
    }

    #[test]
    fn two_replicas_of_one_log_are_the_same_room(n in any::<u64>(), moves in moves()) {
        let mut world = World::new(policy(n));
        let mut log = Vec::new();
        for m in moves {
            let (at, entry, answer) = world.make(m);
            log.push((at, serde_json::to_string(&entry).expect("plain data"), answer));
        }
        let mut replica = World::new(policy(n)).room;
        for (at, json, answer) in log {
            let entry: Entry = serde_json::from_str(&json).expect("what was written");
            prop_assert_eq!(replica.apply(at, &entry), answer);
        }
        prop_assert_eq!(replica, world.room);
    }

    #[test]
    fn ticking_at_each_deadline_comes_to_rest(n in any::<u64>(), moves in moves()) {
        let mut world = World::new(policy(n));
        for m in moves {
            let _ = world.make(m);
        }
        let tick = Entry { actor: Actor::Server, command: Command::Tick, seed: 0, lead: Span(0) };
        let mut last = None;
        for _ in 0..1000 {
            let Some(due) = world.room.deadline() else { return Ok(()) };
            let now = due.max(world.now);
            prop_assert!(last.is_none_or(|last| now > last), "due again at the same instant");
            let revision = world.room.revision();
            world.room.apply(now, &tick).expect("ticks are harmless");
            prop_assert!(world.room.revision() > revision, "a deadline at which nothing happened");
            let before = world.room.clone();
            world.room.apply(now, &tick).expect("ticks are harmless");
            prop_assert_eq!(&world.room, &before);
            world.now = now;
            last = Some(now);
        }
        prop_assert!(false, "a room that nobody touches goes on forever");
    }
}
