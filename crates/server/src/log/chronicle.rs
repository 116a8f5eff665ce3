//! What a room does not remember: who was there and left, and what was deleted of its oldest chat.
//!
//! A fold over the same entries as the room, written with its snapshot. Whoever applies entries, live or in a
//! replay, shows each outcome to the [`Chronicle`]; it tells what has to be written. People who were not let in
//! were not there.
use std::collections::{BTreeMap, HashMap};
use watchalong_room::{
    Audience, Event, MemberId, MessageId, PersonId, Role, Room, ServerTime, Standing,
};

/// Somebody at a party.
#[derive(Clone, Debug, PartialEq)]
pub struct Attended {
    /// Their number in the room.
    pub member: MemberId,
    /// As last shown.
    pub name: String,
    /// As last held.
    pub role: Role,
    /// When they came (this time).
    pub first_at: ServerTime,
    /// When they were last seen there.
    pub last_at: ServerTime,
}

/// What the store does not know yet.
#[derive(Debug, Default)]
pub struct News {
    /// People as they are now.
    pub attended: BTreeMap<PersonId, Attended>,
    /// Messages deleted after the room had forgotten them.
    pub deleted: Vec<MessageId>,
}

impl News {
    /// Puts what was to be written earlier below this.
    pub(super) fn after(mut self, mut earlier: Self) -> Self {
        earlier.attended.append(&mut self.attended);
        earlier.deleted.append(&mut self.deleted);
        earlier
    }
}

/// The chronicle of one room.
#[derive(Debug, Default)]
pub struct Chronicle {
    /// Who is in the room, to know who it was that went.
    here: HashMap<MemberId, Here>,
    news: News,
}

#[derive(Debug)]
struct Here {
    person: PersonId,
    attended: Attended,
    present: bool,
}

impl Chronicle {
    /// Of a room as it stands in the store: everybody in it has been written.
    pub fn of(room: &Room) -> Self {
        let mut new = Self::default();
        for member in room.members() {
            new.look(room, member.id, member.joined_at);
        }
        new.news = News::default();
        new
    }

    /// Takes note of what an entry applied at `at` made of `room`.
    pub fn observe(&mut self, room: &Room, events: &[(Audience, Event)], at: ServerTime) {
        for (_, event) in events {
            match event {
                Event::Member { member } => self.look(room, *member, at),
                Event::Gone { member, .. } => self.gone(*member, at),
                // The end of a room tells of seats, not of people: all who were there were there until now.
                Event::Life if room.life().is_terminal() => {
                    let all: Vec<MemberId> = self.here.keys().copied().collect();
                    for member in all {
                        self.gone(member, at);
                    }
                }
                Event::MessageDeleted { message } if room.message(*message).is_none() => {
                    self.news.deleted.push(*message);
                }
                _ => {}
            }
        }
    }

    /// What must be written, told once.
    pub fn take_news(&mut self) -> News {
        std::mem::take(&mut self.news)
    }

    fn look(&mut self, room: &Room, id: MemberId, at: ServerTime) {
        let Some(member) = room.member(id) else {
            return;
        };
        if member.standing != Standing::Admitted {
            return;
        }
        let present = member.present();
        let known = self.here.get(&id);
        // Most news of a member (ready, muted, host of a barrier) change nothing here.
        let same = known.is_some_and(|known| {
            known.present == present
                && known.attended.role == member.role
                && known.attended.name == member.name
        });
        if same {
            return;
        }
        let was_present = known.is_none_or(|known| known.present);
        let last_at = match known {
            Some(known) if !present && !was_present => known.attended.last_at,
            _ => at,
        };
        let attended = Attended {
            member: id,
            name: member.name.clone(),
            role: member.role,
            first_at: member.joined_at,
            last_at,
        };
        self.news
            .attended
            .insert(member.person.clone(), attended.clone());
        let person = member.person.clone();
        self.here.insert(
            id,
            Here {
                person,
                attended,
                present,
            },
        );
    }

    fn gone(&mut self, id: MemberId, at: ServerTime) {
        if let Some(mut here) = self.here.remove(&id) {
            if here.present {
                here.attended.last_at = at;
            }
            self.news.attended.insert(here.person, here.attended);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchalong_room::{Actor, Command, Entry, Grant, NodeId, Policy, SeatId, Span};

    struct Party {
        room: Room,
        chronicle: Chronicle,
        now: ServerTime,
    }

    impl Party {
        fn new() -> Self {
            let room = Room::new("Friday", Policy::default(), ServerTime(0)).expect("valid");
            Self {
                chronicle: Chronicle::of(&room),
                room,
                now: ServerTime(0),
            }
        }

        fn act(&mut self, seat: u64, command: Command) {
            self.now = self.now + Span::seconds(1);
            let entry = Entry {
                actor: Actor::Seat(SeatId(seat)),
                command,
                seed: 0,
                lead: Span(0),
            };
            let outcome = self.room.apply(self.now, &entry).expect("allowed");
            self.chronicle
                .observe(&self.room, &outcome.events, self.now);
        }

        fn join(&mut self, seat: u64, name: &str, grant: Grant) {
            let entry: Command = serde_json::from_value(serde_json::json!({
                "do": "join", "person": format!("guest:{name}"), "name": name, "grant": grant, "client": "test",
                "reports": false, "node": 1,
            }))
            .expect("a join");
            self.act(seat, entry);
        }

        fn news(&mut self) -> Vec<(String, i64, i64)> {
            let news = self.chronicle.take_news().attended;
            news.into_values()
                .map(|of| (of.name, of.first_at.0 / 1000, of.last_at.0 / 1000))
                .collect()
        }
    }

    #[test]
    fn who_came_and_went_between_two_snapshots_was_there() {
        let mut party = Party::new();
        party.join(1, "Hanna", Grant::Host);
        party.join(2, "Ann", Grant::None);
        party.act(2, Command::Leave);
        assert_eq!(party.news(), [("Ann".into(), 2, 3), ("Hanna".into(), 1, 1)]);
        assert_eq!(party.news(), [], "everything is told once");
    }

    #[test]
    fn a_lost_connection_is_the_last_that_was_seen_of_somebody() {
        let mut party = Party::new();
        party.join(1, "Hanna", Grant::Host);
        party.join(2, "Ann", Grant::None);
        let node = NodeId(1);
        party.act(2, Command::Disconnect { node });
        party.act(1, Command::End);
        assert_eq!(party.news(), [("Ann".into(), 2, 3), ("Hanna".into(), 1, 4)]);
    }

    #[test]
    fn who_was_known_before_is_written_again_when_they_go() {
        let mut party = Party::new();
        party.join(1, "Hanna", Grant::Host);
        party.chronicle = Chronicle::of(&party.room);
        assert_eq!(party.news(), []);
        party.act(1, Command::Leave);
        assert_eq!(party.news(), [("Hanna".into(), 1, 2)]);
    }
}
