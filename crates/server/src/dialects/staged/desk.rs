//! What only the staged page has a word for: who has which colour, whether viewers may pause for themselves, whose page has
//! loaded what, and how much was said.
//!
//! It lives in memory and goes with its connections, as the format has it. What a room knows is never kept here.
use super::gate::Gate;
use super::meter::Meter;
use crate::code::RoomCode;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use watchalong_room::{Member, SeatId, ServerTime};

/// What a page is shown as.
#[derive(Clone, Debug, Default)]
pub(super) struct Card {
    /// Names the viewer in addresses of media.
    pub(super) guid: String,
    /// Of the palette; `None` where all are taken.
    pub(super) color: Option<String>,
    /// Whether it knows `type` messages: a page, and no control page of the first kind.
    pub(super) is_page: bool,
    /// Connected at the host's door.
    pub(super) is_host: bool,
    /// The revision whose film it has metadata of.
    pub(super) loaded: Option<u64>,
    /// The part of the film that it fetched last: first and last byte, and when.
    pub(super) fetched: Option<(u64, u64, ServerTime)>,
    /// What was said and heard.
    pub(super) meter: Option<Arc<Meter>>,
}

/// One room's cards.
#[derive(Debug)]
pub(super) struct Table {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    cards: BTreeMap<SeatId, Card>,
    /// Pages set a viewer's pause right.
    enforces: bool,
    /// A host's seek that waits for pages.
    pub(super) gate: Option<Gate>,
    /// So many were there.
    pub(super) gates: u64,
}

/// All tables.
#[derive(Debug)]
pub(super) struct Desk {
    palette: Vec<String>,
    tables: Mutex<HashMap<RoomCode, Weak<Table>>>,
}

/// A card on the table; dropping it takes it away.
#[derive(Debug)]
pub(super) struct Laid {
    pub(super) table: Arc<Table>,
    pub(super) seat: SeatId,
}

impl Drop for Laid {
    fn drop(&mut self) {
        let mut inner = self.table.lock();
        inner.cards.remove(&self.seat);
        if let Some(gate) = &mut inner.gate {
            gate.release(self.seat);
        }
    }
}

impl Desk {
    pub(super) fn new(palette: &[String]) -> Self {
        Self {
            palette: palette.to_vec(),
            tables: Mutex::default(),
        }
    }

    /// The colours, in the order in which they are handed out.
    pub(super) fn palette(&self) -> &[String] {
        &self.palette
    }

    /// The table of a room, while anybody is there.
    pub(super) fn table(&self, code: &RoomCode) -> Option<Arc<Table>> {
        lock(&self.tables).get(code).and_then(Weak::upgrade)
    }

    /// Lays a card down with the first free colour.
    pub(super) fn lay(&self, code: &RoomCode, seat: SeatId, mut card: Card) -> Laid {
        let mut tables = lock(&self.tables);
        let table = match tables.get(code).and_then(Weak::upgrade) {
            Some(table) => table,
            None => {
                tables.retain(|_, table| table.strong_count() > 0);
                let inner = Mutex::new(Inner {
                    cards: BTreeMap::new(),
                    enforces: true,
                    gate: None,
                    gates: 0,
                });
                let table = Arc::new(Table { inner });
                tables.insert(code.clone(), Arc::downgrade(&table));
                table
            }
        };
        {
            let mut inner = table.lock();
            let mut free = self.palette.iter().filter(|color| inner.is_free(color));
            card.color = free.next().cloned();
            inner.cards.insert(seat, card);
        }
        Laid { table, seat }
    }
}

impl Inner {
    fn is_free(&self, color: &str) -> bool {
        let mut cards = self.cards.values();
        cards.all(|card| card.color.as_deref() != Some(color))
    }

    /// Viewers whose page has this revision's film.
    pub(super) fn viewers_with(&self, revision: u64) -> impl Iterator<Item = SeatId> {
        let has = move |card: &Card| !card.is_host && card.loaded == Some(revision);
        let cards = self.cards.iter();
        cards.filter_map(move |(seat, card)| has(card).then_some(*seat))
    }
}

impl Table {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// Notes what the holder of this name fetched.
    pub(super) fn fetched(&self, guid: &str, part: (u64, u64, ServerTime)) {
        let mut inner = self.lock();
        let card = inner.cards.values_mut().find(|card| card.guid == guid);
        if let Some(card) = card {
            card.fetched = Some(part);
        }
    }

    /// Everybody's cards.
    pub(super) fn cards(&self) -> BTreeMap<SeatId, Card> {
        self.lock().cards.clone()
    }

    pub(super) fn card(&self, seat: SeatId) -> Option<Card> {
        self.lock().cards.get(&seat).cloned()
    }

    /// Whether somebody who is here has this name for fetching.
    pub(super) fn knows(&self, guid: &str) -> bool {
        self.lock().cards.values().any(|card| card.guid == guid)
    }

    pub(super) fn change(&self, seat: SeatId, change: impl FnOnce(&mut Card)) {
        if let Some(card) = self.lock().cards.get_mut(&seat) {
            change(card);
        }
    }

    /// Takes another colour; false where somebody else has it.
    pub(super) fn recolor(&self, seat: SeatId, color: &str) -> bool {
        let mut inner = self.lock();
        let free = inner.is_free(color);
        if let Some(card) = inner.cards.get_mut(&seat).filter(|_| free) {
            card.color = Some(color.to_owned());
        }
        free
    }

    /// A member's colour: that of the first of their seats that has one.
    pub(super) fn color_of(&self, member: &Member) -> Option<String> {
        let inner = self.lock();
        let mut cards = member
            .seats
            .iter()
            .filter_map(|seat| inner.cards.get(&seat.id));
        cards.find_map(|card| card.color.clone())
    }

    pub(super) fn enforces(&self) -> bool {
        self.lock().enforces
    }

    pub(super) fn set_enforces(&self, enforces: bool) {
        self.lock().enforces = enforces;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Held for map operations only; none of them leaves a map half-changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_handed_out_in_order_and_come_back() {
        let desk = Desk::new(&["red".to_owned(), "blue".to_owned()]);
        let code = RoomCode::random();
        let lay = |seat| desk.lay(&code, SeatId(seat), Card::default());
        let color = |laid: &Laid| laid.table.card(laid.seat).expect("laid").color;
        let (first, second, third) = (lay(1), lay(2), lay(3));
        assert_eq!(color(&first).as_deref(), Some("red"));
        assert_eq!(color(&second).as_deref(), Some("blue"));
        assert_eq!(color(&third), None);
        drop(first);
        assert!(third.table.recolor(SeatId(3), "red"));
        assert!(!third.table.recolor(SeatId(2), "red"), "taken");
        drop((second, third));
        assert!(desk.table(&code).is_none(), "gone with the last");
    }
}
