//! Millions of steps through random rooms, and rooms of ten thousand. Prints how fast; asserts only what must hold.
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;
use watchalong_room::{
    Actor, Command, Entry, Grant, Media, NodeId, Outcome, PersonId, Policy, Position, Refusal,
    Room, SeatId, ServerTime, SourceKind, Span,
};
use world::World;
use world::moves::{Move, policy};

/// SplitMix64: fast, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn move_(&mut self) -> Move {
        let [kind, who, what, low, high, ..] = self.roll().to_le_bytes();
        Move {
            kind,
            who,
            what,
            amount: u16::from_le_bytes([low, high]),
        }
    }
}

/// Random rooms, each until it is over or two thousand steps old.
fn walk(
    seed: u64,
    count: u64,
    mut look: impl FnMut(&Entry, &Result<Outcome, Refusal>),
) -> (u64, u64) {
    let mut dice = Dice(seed);
    let (mut steps, mut rooms) = (0, 0);
    while steps < count {
        let mut world = World::new(policy(dice.roll()));
        rooms += 1;
        let mut over = 0;
        for _ in 0..2_000 {
            let (_, entry, answer) = world.make(dice.move_());
            look(&entry, &answer);
            steps += 1;
            over += u64::from(world.room.life().is_terminal());
            if over > 5 {
                break;
            }
        }
    }
    (steps, rooms)
}

#[test]
fn millions_of_steps_keep_the_invariants() {
    let begin = Instant::now();
    let mut accepted = 0;
    let (steps, rooms) = walk(2024, 2_000_000, |_, answer| {
        accepted += u64::from(answer.is_ok())
    });
    let seconds = begin.elapsed().as_secs_f64();
    let each = steps as f64 / seconds;
    println!(
        "{steps} checked steps, {accepted} accepted, {rooms} rooms: {seconds:.1} s, {each:.0} steps/s"
    );
}

#[test]
fn random_histories_reach_every_command_and_every_refusal() {
    let (mut commands, mut refusals) = (BTreeMap::new(), BTreeSet::new());
    walk(7, 1_000_000, |entry, answer| {
        let name = format!("{:?}", entry.command);
        let name = name.split([' ', '{']).next().unwrap_or_default().to_owned();
        let seen = commands.entry(name).or_insert((0, 0));
        match answer {
            Ok(outcome) => {
                seen.0 += 1;
                seen.1 += u64::from(!outcome.events.is_empty());
            }
            Err(refusal) => {
                refusals.insert(refusal.code());
            }
        }
    });
    println!("{commands:?}\n{refusals:?}");
    for (name, (accepted, told)) in &commands {
        assert!(
            *accepted >= 10 && *told >= 5,
            "{name}: {accepted} accepted, {told} of them with events"
        );
    }
    assert_eq!(commands.len(), 57, "a command that no history has");
    let expected = [
        "asking_off",
        "bad_invite",
        "bad_policy",
        "bad_position",
        "bad_schedule",
        "bad_target",
        "bad_text",
        "banned",
        "blocked_word",
        "chat_off",
        "denied",
        "duplicate",
        "invite_expired",
        "invite_needed",
        "invite_used",
        "limit_reached",
        "muted",
        "not_allowed",
        "not_started",
        "nothing_loaded",
        "nothing_to_undo",
        "password_needed",
        "pending",
        "pool_empty",
        "queue_empty",
        "room_full",
        "room_over",
        "server_only",
        "stale_revision",
        "too_fast",
        "unknown_invite",
        "unknown_item",
        "unknown_member",
        "unknown_message",
        "unknown_report",
        "unknown_seat",
        "wrong_password",
    ];
    assert_eq!(refusals.into_iter().collect::<Vec<_>>(), expected);
}

fn step(room: &mut Room, at: i64, actor: Actor, command: Command) {
    let entry = Entry {
        actor,
        command,
        seed: 0,
        lead: Span(0),
    };
    room.apply(ServerTime(at), &entry).expect("allowed");
}

fn crowd(people: u64, reports: bool) -> Room {
    let mut room = Room::new("stadium", Policy::default(), ServerTime(0)).expect("a good policy");
    for n in 0..people {
        let join = Command::Join {
            person: PersonId(format!("guest-{n}")),
            name: "Guest".to_owned(),
            grant: if n == 0 { Grant::Host } else { Grant::None },
            client: "web".to_owned(),
            reports,
            node: NodeId(1),
            address: None,
        };
        step(&mut room, 0, Actor::Seat(SeatId(n)), join);
    }
    room
}

fn timed<T>(what: &str, count: u64, act: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let answer = act();
    println!(
        "{what}: {:.2} µs each",
        begin.elapsed().as_secs_f64() * 1e6 / count as f64
    );
    answer
}

#[test]
fn ten_thousand_people_of_the_same_name_watch_together() {
    const PEOPLE: u64 = 10_000;
    let mut room = timed("join", PEOPLE, || crowd(PEOPLE, true));
    let names: BTreeSet<&str> = room.members().map(|member| member.name.as_str()).collect();
    assert_eq!(names.len() as u64, PEOPLE);

    let host = Actor::Seat(SeatId(0));
    let media = Media {
        kind: SourceKind::Library,
        key: "film".into(),
        title: "Film".into(),
        duration: Position::new(7200.0),
    };
    timed("load", 1, || {
        step(
            &mut room,
            1,
            host,
            Command::Load {
                media,
                position: Position::ZERO,
                play: true,
            },
        )
    });
    let item = room.timeline().item.expect("loaded");
    timed("ready", PEOPLE, || {
        for n in 0..PEOPLE {
            step(
                &mut room,
                2,
                Actor::Seat(SeatId(n)),
                Command::Ready { item, ready: true },
            );
        }
    });
    assert!(room.timeline().playing);
    timed("pause and play", 20_000, || {
        for at in 0..10_000 {
            step(
                &mut room,
                1_000 + at,
                host,
                Command::Pause {
                    position: None,
                    expect: None,
                },
            );
            step(
                &mut room,
                1_000 + at,
                host,
                Command::Play {
                    position: None,
                    expect: None,
                },
            );
        }
    });
    let copy = timed("snapshot", 1, || room.snapshot());
    assert_eq!(
        timed("restore", 1, || Room::restore(copy)),
        Ok(room.clone())
    );
    timed("disconnect", PEOPLE, || {
        for n in 0..PEOPLE {
            step(
                &mut room,
                20_000,
                Actor::Seat(SeatId(n)),
                Command::Disconnect { node: NodeId(1) },
            );
        }
    });
    timed("drop after the hold", PEOPLE, || {
        step(&mut room, 200_000, Actor::Server, Command::Tick)
    });
    assert_eq!(room.members().count(), 1, "the host's role waits");
}
