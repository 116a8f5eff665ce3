//! How often one address and one person may write and react, whatever the room and the wire format.
//!
//! Every command passes a room's handle, so that no dialect can forget to ask. What a room allows each of its
//! members is the room's own rule and comes on top: this is the operator's, against who floods many rooms, or one by
//! many names. An account is counted by its person, on whatever device.
use crate::limits::{Key, Limit, Limits};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use watchalong_room::{Actor, Command, PersonId, Refusal, SeatId};

/// Seats that are remembered: more than a room has, so that what is reserved and never used has an end. A seat past
/// them is counted by itself.
const MOST_SPEAKERS: usize = 20_000;

/// Who speaks from the seats of one room that are connected here.
#[derive(Debug)]
pub(super) struct Speech {
    limits: Arc<Limits>,
    /// With the number of the connection that holds the seat.
    speakers: Mutex<HashMap<SeatId, (u64, [Key; 2])>>,
}

impl Speech {
    pub(super) fn new(limits: Arc<Limits>) -> Self {
        Self {
            limits,
            speakers: Mutex::default(),
        }
    }

    /// A connection has this seat now.
    pub(super) fn seated(&self, seat: SeatId, connection: u64, from: IpAddr, person: &PersonId) {
        let keys = [from.into(), Key::named("person", &person.0)];
        self.lock().insert(seat, (connection, keys));
    }

    /// A place without a connection: its holder asks over HTTP. Of their address only the digest is known.
    fn reserved(&self, actor: Actor, person: &PersonId, digest: Option<&str>) {
        let mut speakers = self.lock();
        if let Actor::Seat(seat) = actor
            && speakers.len() < MOST_SPEAKERS
        {
            let from = digest.map_or_else(|| by_seat(seat), |digest| Key::named("address", digest));
            let person = Key::named("person", &person.0);
            speakers.entry(seat).or_insert((0, [from, person]));
        }
    }

    /// A connection is over, unless another has its seat by now.
    pub(super) fn gone(&self, seat: SeatId, connection: u64) {
        let mut speakers = self.lock();
        if speakers.get(&seat).is_some_and(|(of, _)| *of == connection) {
            speakers.remove(&seat);
        }
    }

    /// Counts what is said.
    ///
    /// # Errors
    /// [`Refusal::TooFast`], with how long to wait.
    pub(super) fn count(&self, actor: Actor, command: &Command) -> Result<(), Refusal> {
        let (limit, what): (&Limit, _) = match command {
            Command::Reserve {
                person, address, ..
            } => {
                self.reserved(actor, person, address.as_deref());
                return Ok(());
            }
            Command::Say { .. } => (&self.limits.chat, "write"),
            Command::React { .. } => (&self.limits.reactions, "react"),
            _ => return Ok(()),
        };
        let Actor::Seat(seat) = actor else {
            return Ok(());
        };
        let known = self.lock().get(&seat).map(|(_, keys)| *keys);
        let taken = match known {
            Some(keys) => limit.take_all(&keys),
            // Of a seat without a connection nothing else is known here.
            None => limit.take(by_seat(seat)),
        };
        taken.map_err(|wait| Refusal::TooFast {
            what,
            retry_ms: milliseconds(wait),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SeatId, (u64, [Key; 2])>> {
        // Held for map operations only.
        self.speakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn by_seat(seat: SeatId) -> Key {
    Key::named("seat", &seat.0.to_string())
}

fn milliseconds(wait: Duration) -> i64 {
    i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{Rate, Rates};
    use std::net::Ipv4Addr;

    fn say() -> Command {
        Command::Say {
            text: "hi".into(),
            reply_to: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_is_counted_by_whatever_names_and_a_person_from_wherever() {
        let rates = Rates {
            chat: Rate::parse("2/min"),
            ..Rates::default()
        };
        let speech = Speech::new(Arc::new(Limits::new(rates)));
        let address = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        let person = |name: &str| PersonId(name.to_owned());
        for (seat, last, name) in [(1, 1, "ann"), (2, 1, "ben"), (3, 2, "ann"), (4, 3, "cem")] {
            speech.seated(SeatId(seat), seat, address(last), &person(name));
        }
        let by = |seat| speech.count(Actor::Seat(SeatId(seat)), &say());
        assert_eq!((by(1), by(2)), (Ok(()), Ok(())));
        let refusal = by(2).expect_err("the address is spent");
        assert_eq!(
            (refusal.code(), refusal.retry_ms()),
            ("too_fast", Some(30_000))
        );
        assert_eq!(by(3), Ok(()), "Ann from elsewhere");
        assert!(by(3).is_err(), "Ann is spent");
        assert_eq!(by(4), Ok(()));
        assert_eq!(speech.count(Actor::Server, &say()), Ok(()));
        let react = Command::React {
            emoji: "x".into(),
            position: None,
        };
        assert_eq!(
            speech.count(Actor::Seat(SeatId(2)), &react),
            Ok(()),
            "no limit"
        );
    }

    #[test]
    fn a_seat_that_moved_to_another_connection_stays_known() {
        let speech = Speech::new(Arc::new(Limits::new(Rates::default())));
        let (seat, from) = (SeatId(1), IpAddr::V4(Ipv4Addr::LOCALHOST));
        let ann = PersonId("ann".into());
        speech.seated(seat, 1, from, &ann);
        speech.seated(seat, 2, from, &ann);
        speech.gone(seat, 1);
        assert_eq!(speech.lock().len(), 1);
        speech.gone(seat, 2);
        assert_eq!(speech.lock().len(), 0);
    }
}
