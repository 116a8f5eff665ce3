//! What Syncplay's connections know of each other: names, and a card for each with what only Syncplay has a word for.
//!
//! A username is unique over all connections of the server, since a client can't be renamed when it changes rooms.
//! A card holds what its client said of itself (open file, readiness by hand, version) for other Syncplay
//! clients to see; it goes with the connection. What a room knows is never kept here.
use super::wire::File;
use crate::code::RoomCode;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use watchalong_room::{PersonId, SeatId};

/// A connection that was silent for this long gives way to one of the same name and address: its client sends a
/// state every second, and comes back at once when it loses the connection.
const GHOST_AFTER: Duration = Duration::from_secs(3);
/// Who comes back within this is the same person to the room, as a seat is held for them.
const KNOWN_FOR: Duration = Duration::from_secs(90);
/// Names remembered of those who left.
const MOST_FORMER: usize = 10_000;

/// What a client says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Card {
    /// Its username.
    pub name: String,
    /// What its player has open.
    pub file: Option<File>,
    /// Ready, not ready, or never said.
    pub ready: Option<bool>,
    /// By a person's hand.
    pub manually: bool,
    /// Who said so, where it was another.
    pub ready_by: Option<String>,
    /// Of its client.
    pub version: String,
    /// What its client can.
    pub features: Value,
}

/// The cards of one room.
#[derive(Debug)]
pub struct Table {
    cards: Mutex<BTreeMap<SeatId, Card>>,
    turned: watch::Sender<()>,
}

impl Table {
    /// All of them.
    pub fn cards(&self) -> BTreeMap<SeatId, Card> {
        lock(&self.cards).clone()
    }

    /// Lays down or changes a card, and tells the others where it is another now.
    pub fn change(&self, seat: SeatId, change: impl FnOnce(&mut Card)) {
        let mut cards = lock(&self.cards);
        let card = cards.entry(seat).or_default();
        let before = card.clone();
        change(card);
        if *card != before {
            self.turned.send_replace(());
        }
    }

    /// Changes the card of this name, where there is one.
    pub fn change_of(&self, name: &str, change: impl FnOnce(&mut Card)) {
        let seat = lock(&self.cards)
            .iter()
            .find_map(|(seat, card)| (card.name == name).then_some(*seat));
        if let Some(seat) = seat {
            self.change(seat, change);
        }
    }

    /// Takes a card away.
    pub fn remove(&self, seat: SeatId) {
        if lock(&self.cards).remove(&seat).is_some() {
            self.turned.send_replace(());
        }
    }

    /// Tells when a card is another.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.turned.subscribe()
    }
}

#[derive(Debug)]
struct Holder {
    number: u64,
    address: IpAddr,
    person: PersonId,
    heard: Instant,
    /// Gone, and remembered for a while.
    left: bool,
    cut: Arc<Notify>,
}

/// All names and tables.
#[derive(Debug, Default)]
pub struct Desk {
    names: Mutex<HashMap<String, Holder>>,
    tables: Mutex<HashMap<RoomCode, Weak<Table>>>,
    numbers: std::sync::atomic::AtomicU64,
}

/// A username held; dropping it lets it go.
#[derive(Debug)]
pub struct Held {
    desk: Arc<Desk>,
    /// The name as shown.
    pub name: String,
    /// Who its holder is to rooms.
    pub person: PersonId,
    /// Another connection took the name over.
    pub cut: Arc<Notify>,
    number: u64,
}

impl Desk {
    /// The table of a room.
    pub fn table(&self, code: &RoomCode) -> Arc<Table> {
        let mut tables = lock(&self.tables);
        if let Some(table) = tables.get(code).and_then(Weak::upgrade) {
            return table;
        }
        tables.retain(|_, table| table.strong_count() > 0);
        let table = Arc::new(Table {
            cards: Mutex::default(),
            turned: watch::Sender::new(()),
        });
        tables.insert(code.clone(), Arc::downgrade(&table));
        table
    }

    /// Takes a username, or the next free one as the original makes it: `ann`, `ann_`, `ann__`.
    pub fn hold(
        self: &Arc<Self>,
        wanted: &str,
        address: IpAddr,
        stranger: impl FnOnce() -> PersonId,
    ) -> Held {
        let mut names = lock(&self.names);
        let now = Instant::now();
        if names.len() > MOST_FORMER {
            names.retain(|_, holder| !holder.left);
        }
        names.retain(|_, holder| !holder.left || now - holder.heard < KNOWN_FOR);
        let free = |holder: &Holder| {
            holder.left || (holder.address == address && now - holder.heard >= GHOST_AFTER)
        };
        let taken = |name: &str| names.get(&name.to_lowercase()).is_some_and(|h| !free(h));
        let mut name = wanted.to_owned();
        if taken(&name) {
            name.truncate(name.trim_end_matches('_').len());
            while taken(&name) {
                name.push('_');
            }
        }
        let number = self
            .numbers
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let former = names.remove(&name.to_lowercase());
        if let Some(former) = &former {
            former.cut.notify_one();
        }
        let person = former
            .filter(|former| former.address == address)
            .map_or_else(stranger, |former| former.person);
        let cut = Arc::new(Notify::new());
        let holder = Holder {
            number,
            address,
            person: person.clone(),
            heard: now,
            left: false,
            cut: cut.clone(),
        };
        names.insert(name.to_lowercase(), holder);
        Held {
            desk: self.clone(),
            name,
            person,
            cut,
            number,
        }
    }
}

impl Held {
    fn with(&self, change: impl FnOnce(&mut Holder)) {
        if let Some(holder) = lock(&self.desk.names).get_mut(&self.name.to_lowercase())
            && holder.number == self.number
        {
            change(holder);
        }
    }

    /// Its client gave a sign of life.
    pub fn heard(&self) {
        self.with(|holder| holder.heard = Instant::now());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.with(|holder| {
            holder.left = true;
            holder.heard = Instant::now();
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Held for map operations only; none of them leaves a map half-changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn names_are_one_persons_and_a_ghost_gives_way_to_its_own_address() {
        let desk = Arc::new(Desk::default());
        let (home, away) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let hold =
            |name, address, person: &str| desk.hold(name, address, || PersonId(person.to_owned()));
        let ann = hold("Ann", home, "1");
        let other = hold("ann", home, "2");
        assert_eq!((ann.name.as_str(), other.name.as_str()), ("Ann", "ann_"));
        tokio::time::advance(Duration::from_secs(4)).await;
        other.heard();
        assert_eq!(hold("ANN", away, "3").name, "ANN__", "another address");
        let again = hold("Ann", home, "4");
        assert_eq!((again.name.as_str(), &again.person.0[..]), ("Ann", "1"));
        ann.cut.notified().await;
        drop(ann);
        assert_eq!(
            hold("Ann", away, "5").name,
            "Ann__",
            "still held by the newcomer"
        );
        drop(again);
        assert_eq!(
            hold("Ann", away, "6").person.0,
            "6",
            "free, to another person"
        );
    }
}
