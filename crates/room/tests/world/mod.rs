//! A small world of people, items and times for random histories, and what must hold in all of them.
//!
//! `moves` makes entries, `before` compares what a room was with what it became.
mod before;
pub mod moves;

use before::Before;
use moves::{Move, entry};
use watchalong_room::{
    Command, Entry, Outcome, Policy, RESERVATION, Refusal, Role, Room, ServerTime, Span,
};

/// A room with its time, and what was true of it so far.
pub struct World {
    pub room: Room,
    pub now: ServerTime,
    /// The latest time so far: the log's clock may jump back, the room's does not.
    latest: ServerTime,
    widest: u32,
    had_host: bool,
}

impl World {
    pub fn new(policy: Policy) -> Self {
        let now = ServerTime(1_700_000_000_000);
        let room = Room::new("random", policy, now).expect("a good policy");
        Self {
            room,
            now,
            latest: now,
            widest: policy.capacity,
            had_host: false,
        }
    }

    /// Makes a move and checks what must hold after every one.
    pub fn make(&mut self, m: Move) -> (ServerTime, Entry, Result<Outcome, Refusal>) {
        let (gap, entry) = entry(m, &self.room, self.now);
        // One in a while the clock of the log jumps back, which the room must not see.
        self.now = self.now + if m.amount == 7 { Span(-5_000) } else { gap };
        self.latest = self.latest.max(self.now);
        let before = Before::of(&self.room, &entry);
        let answer = self.room.apply(self.now, &entry);
        self.check(&before, &entry, &answer);
        (self.now, entry, answer)
    }

    fn check(&mut self, before: &Before, entry: &Entry, answer: &Result<Outcome, Refusal>) {
        let room = &self.room;
        let command = &entry.command;
        let grown = room.revision().0 - before.revision.0;
        match answer {
            Err(_) => assert_eq!(grown, 0, "a refusal counted: {command:?}"),
            Ok(outcome) => {
                assert!(grown <= 1, "one entry is one revision: {command:?}");
                assert!(
                    grown == 1 || outcome.events.is_empty(),
                    "told, not counted: {command:?}"
                );
                before.check_told(room, outcome, command);
            }
        }
        if before.life.is_terminal() {
            assert_eq!(room.life(), before.life, "a room that was over lives again");
            assert_eq!(grown, 0, "a room that is over changed");
        }
        self.had_host |= before.reigned || room.host().is_some();
        let hosts = room
            .members()
            .filter(|member| member.role == Role::Host)
            .count();
        let expected = usize::from(self.had_host && !room.life().is_terminal());
        assert_eq!(hosts, expected, "hosts after {command:?}");
        self.widest = self.widest.max(room.policy().capacity);
        assert!(
            room.seated() <= self.widest + 1,
            "{} seated in {}",
            room.seated(),
            self.widest
        );
        before.check_rights(room, entry, answer);
        self.check_arrival(command);
        if matches!(command, Command::Tick) && answer.is_ok() {
            assert!(
                room.deadline().is_none_or(|due| due > self.now),
                "a tick left something due"
            );
            self.check_held();
        }
        self.check_reserved(before, command);
    }

    /// No seat is held for longer than it should be.
    fn check_held(&self) {
        let hold = self.room.policy().seat_hold;
        for seat in self.room.members().flat_map(|member| &member.seats) {
            let hold = if seat.reserved {
                hold.max(RESERVATION)
            } else {
                hold
            };
            let held = seat.away_since.is_none_or(|since| since + hold > self.now);
            assert!(
                held || self.room.life().is_terminal(),
                "held too long: {seat:?}"
            );
        }
    }

    /// A place that was taken without a connection is there for its time, whatever the policy, unless its holder lost
    /// or left a connection since, or somebody put an end to it.
    fn check_reserved(&self, before: &Before, command: &Command) {
        for seat in self.room.members().flat_map(|member| &member.seats) {
            assert!(!(seat.reserved && seat.connected), "both: {seat:?}");
        }
        if !matches!(command, Command::Tick) || self.room.life().is_terminal() {
            return;
        }
        for seat in &before.reserved {
            let since = seat.away_since.expect("reserved seats have no connection");
            let there = self.room.member_of_seat(seat.id).is_some();
            assert!(
                there || since + RESERVATION <= self.latest,
                "gone too soon: {seat:?}"
            );
        }
    }

    /// Nothing is played that has not arrived, by whatever way it came to be played.
    fn check_arrival(&self, command: &Command) {
        let line = self.room.timeline();
        assert!(
            !(line.held && line.playing),
            "held and playing: {command:?}"
        );
        let Some(bound) = line.bound else {
            assert!(!line.held, "held, and all is there: {command:?}");
            return;
        };
        assert!(line.position <= bound, "past what has arrived: {command:?}");
        if !line.playing {
            return;
        }
        // Whoever derives the position without knowing of the bound is told before they pass it.
        let due = self.room.deadline().expect("it comes to its bound");
        let moved = (due - line.at).max(Span(0)).as_seconds() * line.rate.factor();
        let past = line.position.seconds() + moved - bound.seconds();
        assert!(
            past <= 0.001 * line.rate.factor() + 1e-9,
            "{past} s past: {command:?}"
        );
    }
}
