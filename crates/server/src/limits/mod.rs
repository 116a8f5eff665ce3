//! How often one may do what costs others something: log in, sign up, join, make rooms, chat, guess passwords.
//!
//! A [`Limit`] counts for many keys at once: addresses (an IPv6 customer's /64 is one), accounts, browsers that
//! logged in before. It is the GCRA (ITU-T I.371): one instant is kept for each key, so memory is small, and
//! [`MOST_KEYS`] bounds it. It is our own because a try that succeeded is given back, which `governor` has no way
//! to do, and because the bound must hold at every moment, not after a periodic sweep. Where a request comes from
//! stands in `address.rs`, how rates are written in `rate.rs`.
mod address;
mod rate;
mod window;

pub(crate) use address::of_request;
pub use address::{ClientAddress, client_address};
pub use rate::Rate;
pub use window::{Standing, Window};

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Keys that one limit remembers, about 3 MiB. When more are busy at once an arbitrary one is forgotten: who has
/// 50,000 networks at hand is not held by a limit per network.
const MOST_KEYS: usize = 50_000;
/// Looking for keys that can be forgotten passes over all of them: not oftener than this.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// One IPv4 address.
    V4([u8; 4]),
    /// A /64 of IPv6: what one customer gets at least.
    V6([u8; 8]),
    /// Anything with a name, by a digest of it.
    Named([u8; 16]),
}

impl Key {
    /// A name within a kind of names (`account`, `device`).
    pub fn named(kind: &str, name: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(kind.as_bytes())
            .chain_update([0])
            .chain_update(name.as_bytes())
            .finalize();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        Self::Named(half)
    }
}

impl From<IpAddr> for Key {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4.octets()),
            IpAddr::V6(v6) => {
                let mut network = [0; 8];
                network.copy_from_slice(&v6.octets()[..8]);
                Self::V6(network)
            }
        }
    }
}

/// One limit, for every key by itself. Without a rate it refuses nobody.
#[derive(Debug)]
pub struct Limit {
    rate: Option<Rate>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When each key will be as if it had never done anything.
    rested: HashMap<Key, Instant>,
    swept: Instant,
}

impl Limit {
    /// With this rate, or none.
    pub fn new(rate: Option<Rate>) -> Self {
        let state = State {
            rested: HashMap::new(),
            swept: Instant::now(),
        };
        Self {
            rate,
            state: Mutex::new(state),
        }
    }

    /// Counts one.
    ///
    /// # Errors
    /// How long to wait, where it is too many; then nothing is counted.
    pub fn take(&self, key: Key) -> Result<(), Duration> {
        self.take_all(&[key])
    }

    /// Counts one for each of the keys, or for none of them.
    ///
    /// # Errors
    /// The longest of their waits.
    pub fn take_all(&self, keys: &[Key]) -> Result<(), Duration> {
        let Some(rate) = self.rate else {
            return Ok(());
        };
        let now = Instant::now();
        let spare = rate.per.saturating_sub(rate.interval());
        let mut state = self.lock();
        let wait = keys
            .iter()
            .filter_map(|key| state.rested.get(key)?.checked_duration_since(now + spare))
            .max()
            .unwrap_or_default();
        if !wait.is_zero() {
            return Err(wait);
        }
        for key in keys {
            state.make_room(now);
            let rested = state.rested.entry(*key).or_insert(now);
            *rested = (*rested).max(now) + rate.interval();
        }
        Ok(())
    }

    /// Takes back what [`Limit::take`] counted: it was no abuse after all.
    pub fn give_back(&self, keys: &[Key]) {
        let Some(rate) = self.rate else { return };
        let now = Instant::now();
        let mut state = self.lock();
        for key in keys {
            let Some(rested) = state.rested.get_mut(key) else {
                continue;
            };
            match rested.checked_sub(rate.interval()) {
                Some(earlier) if earlier > now => *rested = earlier,
                _ => {
                    state.rested.remove(key);
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing in there can be left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn make_room(&mut self, now: Instant) {
        if self.rested.len() < MOST_KEYS {
            return;
        }
        if now.duration_since(self.swept) >= SWEEP_EVERY {
            self.swept = now;
            self.rested.retain(|_, rested| *rested > now);
        }
        if self.rested.len() >= MOST_KEYS
            && let Some(any) = self.rested.keys().next().copied()
        {
            self.rested.remove(&any);
        }
    }
}

/// The rates that an operator chose; `None` is `off`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    /// Failed logins.
    pub login: Option<Rate>,
    /// Sign-ups.
    pub sign_up: Option<Rate>,
    /// Entries to rooms.
    pub join: Option<Rate>,
    /// Rooms made.
    pub create: Option<Rate>,
    /// Uploads that begin.
    pub upload: Option<Rate>,
    /// Links of other sites that are looked at.
    pub links: Option<Rate>,
    /// Chat messages.
    pub chat: Option<Rate>,
    /// Reactions.
    pub reactions: Option<Rate>,
    /// Wrong room passwords, invitations and admin keys.
    pub guess: Option<Rate>,
    /// Requests to the API.
    pub requests: Option<Rate>,
}

/// The limits of a server.
#[derive(Debug)]
pub struct Limits {
    /// Failed logins.
    pub login: Limit,
    /// Sign-ups.
    pub sign_up: Limit,
    /// Entries to rooms.
    pub join: Limit,
    /// Rooms made.
    pub create: Limit,
    /// Uploads that begin.
    pub upload: Limit,
    /// Links of other sites that are looked at.
    pub links: Limit,
    /// Chat messages.
    pub chat: Limit,
    /// Reactions.
    pub reactions: Limit,
    /// Wrong room passwords, invitations and admin keys.
    pub guess: Limit,
    /// Requests to the API.
    pub requests: Limit,
}

impl Limits {
    /// With these rates.
    pub fn new(rates: Rates) -> Self {
        Self {
            login: Limit::new(rates.login),
            sign_up: Limit::new(rates.sign_up),
            join: Limit::new(rates.join),
            create: Limit::new(rates.create),
            upload: Limit::new(rates.upload),
            links: Limit::new(rates.links),
            chat: Limit::new(rates.chat),
            reactions: Limit::new(rates.reactions),
            guess: Limit::new(rates.guess),
            requests: Limit::new(rates.requests),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(text: &str) -> Limit {
        Limit::new(Some(Rate::parse(text).expect("a rate")))
    }

    fn key(address: &str) -> Key {
        Key::from(address.parse::<IpAddr>().expect("an address"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_the_rate_holds() {
        let (limit, me) = (limit("10/min"), key("192.0.2.1"));
        assert_eq!((0..30).filter(|_| limit.take(me).is_ok()).count(), 10);
        let wait = limit.take(me).expect_err("too many");
        assert_eq!(wait, Duration::from_secs(6));
        tokio::time::advance(wait).await;
        assert!(limit.take(me).is_ok());
        assert!(limit.take(me).is_err());
        assert!(limit.take(key("192.0.2.2")).is_ok(), "others are not held");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_given_back_was_never_counted() {
        let (limit, me) = (limit("2/hour"), key("192.0.2.1"));
        for _ in 0..10 {
            limit.take(me).expect("the one before was given back");
            limit.give_back(&[me]);
        }
        assert_eq!((0..10).filter(|_| limit.take(me).is_ok()).count(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn all_keys_are_counted_or_none() {
        let (limit, one, two) = (limit("1/min"), key("192.0.2.1"), key("192.0.2.2"));
        limit.take(two).expect("the first");
        assert!(limit.take_all(&[one, two]).is_err());
        assert!(limit.take(one).is_ok());
    }

    #[test]
    fn a_customers_ipv6_network_is_one_key_and_mapped_ipv4_is_ipv4() {
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(Key::named("account", "a"), Key::named("device", "a"));
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_whoever_comes() {
        let limit = limit("1/day");
        for n in 0..(MOST_KEYS as u32 + 1000) {
            let _ = limit.take(Key::V4(n.to_be_bytes()));
        }
        assert!(limit.lock().rested.len() <= MOST_KEYS);
    }

    #[test]
    fn a_limit_that_is_off_refuses_nobody() {
        let limit = Limit::new(None);
        assert!((0..1000).all(|_| limit.take(key("192.0.2.1")).is_ok()));
    }
}
