//! Who is meant by an `@` in a message.
//!
//! Told by the room, so that every client underlines and pings the same: names have spaces, and only the room
//! knows them all. The longest name that fits is the one meant: `@Ann 2` is not `Ann` who is counted to two.
use crate::people::People;
use crate::{MemberId, text};

/// People that one message can call; more is shouting.
const MAX_MENTIONS: usize = 20;

/// Signs that are looked at, each against the names of up to 40 lengths.
const MAX_SIGNS: usize = 100;

/// The present members named in a message, in order of naming, each once.
pub(crate) fn mentions(people: &People, message: &str) -> Vec<MemberId> {
    let mut found = Vec::new();
    let signs = message.match_indices('@').take(MAX_SIGNS);
    for (at, _) in signs {
        // An address such as `ann@example.org` calls nobody.
        let glued = message[..at].chars().next_back();
        if glued.is_some_and(char::is_alphanumeric) {
            continue;
        }
        if let Some(id) = named(people, &message[at + 1..])
            && !found.contains(&id)
        {
            found.push(id);
            if found.len() == MAX_MENTIONS {
                break;
            }
        }
    }
    found
}

/// The present member with whose name a text begins: the longest of those that end where a word does.
fn named(people: &People, rest: &str) -> Option<MemberId> {
    let ends: Vec<usize> = rest
        .char_indices()
        .map(|(i, c)| i + c.len_utf8())
        .take(text::MAX_NAME)
        .collect();
    ends.into_iter().rev().find_map(|end| {
        let next = rest[end..].chars().next();
        if next.is_some_and(char::is_alphanumeric) {
            return None;
        }
        let member = people.called(&rest[..end])?;
        (member.admitted() && member.present()).then_some(member.id)
    })
}

#[cfg(test)]
mod tests {
    use crate::party::{Party, say};
    use crate::{Grant, Policy};

    #[test]
    fn the_longest_name_of_somebody_present_is_meant() {
        let mut party = Party::new(Policy::default());
        let names = ["Hanna", "Ann", "ann", "Ann Marie", "Ben"];
        let mut seats = Vec::new();
        for (n, name) in names.iter().enumerate() {
            let seat = crate::SeatId(100 + n as u64);
            party
                .sit(seat, &format!("p{n}"), name, Grant::None, false)
                .expect("may enter");
            seats.push(seat);
        }
        // Ben is only held: he is not here to be called.
        party.lose(seats[4]);
        let [host, ann, second, marie] = [0, 1, 2, 3].map(|n| party.id(seats[n]));
        for (text, meant) in [
            ("@ann hello", vec![ann]),
            ("(@ANN 2) and @Ann, @ann", vec![second, ann]),
            ("@ann marie!", vec![marie]),
            ("@Ann Maria", vec![ann]),
            ("@Annette ann@Ann @Ben @nobody @", vec![]),
            ("@@Hanna", vec![host]),
        ] {
            party.ok(seats[0], say(text));
            let said = party.room.messages().next_back().expect("said");
            assert_eq!(said.mentions, meant, "{text}");
        }
    }

    #[test]
    fn a_message_calls_at_most_twenty_and_looks_at_few_signs() {
        let mut party = Party::new(Policy::default());
        let seats: Vec<_> = (0..30)
            .map(|i| party.arrive(&format!("p{i}"), Grant::None, false))
            .collect();
        let seat = seats[0].clone().expect("may enter");
        let all: String = (0..30).map(|i| format!("@p{i} ")).collect();
        party.ok(seat, say(&all));
        let count = |party: &Party| {
            let said = party.room.messages().next_back();
            said.map(|message| message.mentions.len())
        };
        assert_eq!(count(&party), Some(20));
        party.ok(seat, say(&format!("{} @p1", "@".repeat(1000))));
        assert_eq!(count(&party), Some(0));
    }
}
