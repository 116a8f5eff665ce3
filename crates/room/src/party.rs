//! A party for the tests of the rules: a room, its time, and people who act in one line.
use crate::{
    Actor, Command, Entry, Event, Grant, InviteId, Life, Media, Member, MemberId, NodeId, Outcome,
    PersonId, Policy, Position, Refusal, Room, SeatId, ServerTime, SourceKind, Span,
};

pub(crate) const NODE: NodeId = NodeId(1);

/// Any number of people come in by this one, which every party begins with.
pub(crate) const INVITED: Grant = Grant::Invite(InviteId(1));

/// The grant of the invitation that was made by these events.
pub(crate) fn invited(events: &[Event]) -> Grant {
    let made = events.iter().find_map(|event| match event {
        Event::Invited { invite } => Some(*invite),
        _ => None,
    });
    Grant::Invite(made.expect("an invitation was made"))
}

pub(crate) struct Party {
    pub(crate) room: Room,
    pub(crate) now: ServerTime,
    pub(crate) lead: Span,
    pub(crate) seed: u64,
    seats: u64,
}

impl Party {
    pub(crate) fn new(policy: Policy) -> Self {
        let now = ServerTime(1_000_000);
        let room = Room::new("Friday", policy, now).expect("a good policy");
        let mut party = Self {
            room,
            now,
            lead: Span(0),
            seed: 1,
            seats: 0,
        };
        let invite = Command::MakeInvite {
            uses: None,
            lasts: None,
            label: None,
        };
        party.server(invite).expect("the server may invite");
        party
    }

    /// With a host and two viewers, none of whom reports readiness.
    pub(crate) fn of_three(policy: Policy) -> (Self, SeatId, SeatId, SeatId) {
        let mut party = Self::new(policy);
        let host = party
            .arrive("Hanna", Grant::Host, false)
            .expect("the host may enter");
        let ann = party.arrive("Ann", INVITED, false).expect("Ann may enter");
        let ben = party.arrive("Ben", INVITED, false).expect("Ben may enter");
        (party, host, ann, ben)
    }

    pub(crate) fn arrive(
        &mut self,
        name: &str,
        grant: Grant,
        reports: bool,
    ) -> Result<SeatId, Refusal> {
        self.seats += 1;
        let seat = SeatId(self.seats);
        self.sit(seat, name, name, grant, reports).map(|_| seat)
    }

    pub(crate) fn sit(
        &mut self,
        seat: SeatId,
        person: &str,
        name: &str,
        grant: Grant,
        reports: bool,
    ) -> Result<Outcome, Refusal> {
        self.sit_at(None, seat, person, name, grant, reports)
    }

    /// As `sit`, from an address.
    pub(crate) fn sit_at(
        &mut self,
        address: Option<&str>,
        seat: SeatId,
        person: &str,
        name: &str,
        grant: Grant,
        reports: bool,
    ) -> Result<Outcome, Refusal> {
        self.act(
            seat,
            Command::Join {
                person: PersonId(person.to_lowercase()),
                name: name.to_owned(),
                grant,
                client: "web".to_owned(),
                reports,
                node: NODE,
                address: address.map(str::to_owned),
            },
        )
    }

    /// Applies a command and checks what holds for every one: a refusal changes nothing, a change counts.
    fn apply(&mut self, actor: Actor, command: Command) -> Result<Outcome, Refusal> {
        let before = self.room.clone();
        let entry = Entry {
            actor,
            command,
            seed: self.seed,
            lead: self.lead,
        };
        let answer = self.room.apply(self.now, &entry);
        if answer.is_err() || self.room.revision() == before.revision() {
            assert_eq!(
                self.room, before,
                "{:?} changed the room without counting",
                entry.command
            );
        }
        assert_eq!(Room::restore(self.room.snapshot()), Ok(self.room.clone()));
        answer
    }

    pub(crate) fn act(&mut self, seat: SeatId, command: Command) -> Result<Outcome, Refusal> {
        self.apply(Actor::Seat(seat), command)
    }

    /// As `act`, and the command must be allowed.
    pub(crate) fn ok(&mut self, seat: SeatId, command: Command) -> Vec<Event> {
        let outcome = self.act(seat, command).expect("this is allowed");
        outcome.events.into_iter().map(|(_, event)| event).collect()
    }

    pub(crate) fn server(&mut self, command: Command) -> Result<Outcome, Refusal> {
        self.apply(Actor::Server, command)
    }

    /// Time passes, with a tick at each deadline, as the server appends them.
    pub(crate) fn pass(&mut self, span: Span) -> Vec<Event> {
        let end = self.now + span;
        let mut events = Vec::new();
        while let Some(due) = self.room.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            events.extend(
                self.server(Command::Tick)
                    .expect("ticks are harmless")
                    .events,
            );
        }
        self.now = end;
        events.into_iter().map(|(_, event)| event).collect()
    }

    pub(crate) fn lose(&mut self, seat: SeatId) {
        self.ok(seat, Command::Disconnect { node: NODE });
    }

    pub(crate) fn back(&mut self, seat: SeatId) -> Result<Outcome, Refusal> {
        self.act(seat, Command::Resume { node: NODE })
    }

    pub(crate) fn id(&self, seat: SeatId) -> MemberId {
        self.member(seat).id
    }

    pub(crate) fn member(&self, seat: SeatId) -> &Member {
        self.room.member_of_seat(seat).expect("the seat is held")
    }

    pub(crate) fn position(&self) -> f64 {
        self.room.timeline().position_at(self.now).seconds()
    }

    pub(crate) fn playing(&self) -> bool {
        self.room.timeline().playing
    }

    pub(crate) fn live(&self) -> bool {
        self.room.life() == Life::Live
    }
}

pub(crate) fn clip(key: &str) -> Media {
    Media {
        kind: SourceKind::Library,
        key: key.to_owned(),
        title: key.to_owned(),
        duration: Position::new(100.0),
    }
}

pub(crate) fn at(seconds: f64) -> Position {
    Position::new(seconds).expect("a position")
}

pub(crate) fn load(key: &str) -> Command {
    Command::Load {
        media: clip(key),
        position: Position::ZERO,
        play: false,
    }
}

pub(crate) const PLAY: Command = Command::Play {
    position: None,
    expect: None,
};
pub(crate) const PAUSE: Command = Command::Pause {
    position: None,
    expect: None,
};

pub(crate) fn seek(seconds: f64) -> Command {
    Command::Seek {
        position: at(seconds),
        expect: None,
    }
}

pub(crate) fn say(text: &str) -> Command {
    Command::Say {
        text: text.to_owned(),
        reply_to: None,
    }
}

pub(crate) fn react(emoji: &str) -> Command {
    Command::React {
        emoji: emoji.to_owned(),
        position: None,
    }
}
