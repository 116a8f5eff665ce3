//! The end of a numbered list: the latest things said or done, while the store has all of them.
//!
//! Numbers ascend without gaps and are never used again, so that a place follows from a number and a
//! reader of the store can tell whether it has everything. What leaves the tail was written elsewhere.
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Something with a number of its own.
pub(crate) trait Numbered {
    fn number(&self) -> u64;
}

/// The latest of a list that begins with number 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tail<T> {
    /// Chat tails were stored as `messages` before there was a second list.
    #[serde(alias = "messages")]
    items: VecDeque<T>,
    next: u64,
}

impl<T> Default for Tail<T> {
    fn default() -> Self {
        Self {
            items: VecDeque::new(),
            next: 1,
        }
    }
}

impl<T: Numbered> Tail<T> {
    /// The number of whatever comes next.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    pub(crate) fn iter(&self) -> std::collections::vec_deque::Iter<'_, T> {
        self.items.iter()
    }

    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        self.place(number).and_then(|place| self.items.get(place))
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        self.place(number)
            .and_then(|place| self.items.get_mut(place))
    }

    /// Whether this number was given once, and its thing has left the tail since.
    pub(crate) fn has_left(&self, number: u64) -> bool {
        number >= 1 && number < self.next && self.place(number).is_none()
    }

    /// Puts the next one in, which must have the number [`Tail::next`]; the oldest goes where there are more than `most`.
    pub(crate) fn push(&mut self, item: T, most: usize) {
        debug_assert_eq!(item.number(), self.next);
        self.next += 1;
        self.items.push_back(item);
        if self.items.len() > most {
            self.items.pop_front();
        }
    }

    fn place(&self, number: u64) -> Option<usize> {
        let first = self.items.front()?.number();
        number
            .checked_sub(first)
            .map(|place| place as usize)
            .filter(|place| *place < self.items.len())
    }

    /// Whether a restored tail can be one.
    pub(crate) fn fits(&self, most: usize) -> bool {
        let first = self.items.front().map_or(self.next, Numbered::number);
        let in_order = self
            .items
            .iter()
            .enumerate()
            .all(|(i, item)| item.number() == first + i as u64);
        in_order
            && first >= 1
            && first + self.items.len() as u64 == self.next
            && self.items.len() <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Numbered for u64 {
        fn number(&self) -> u64 {
            *self
        }
    }

    #[test]
    fn the_oldest_leave_and_numbers_go_on() {
        let mut tail = Tail::default();
        for number in 1..=10 {
            tail.push(number, 4);
        }
        assert_eq!(tail.iter().copied().collect::<Vec<u64>>(), [7, 8, 9, 10]);
        assert_eq!(
            (tail.get(6), tail.get(7), tail.get(11)),
            (None, Some(&7), None)
        );
        assert!(tail.has_left(6) && !tail.has_left(7) && !tail.has_left(11) && !tail.has_left(0));
        assert!(tail.fits(4) && !tail.fits(3));
    }
}
