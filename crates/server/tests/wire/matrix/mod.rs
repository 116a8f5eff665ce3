//! Clients of every wire format in one room: each as an adapter of its own, all seen through the same few sights.
//!
//! An adapter ([`Kind`], [`Wire`]) turns what a person does into its format's messages, and what it hears into
//! [`Sight`]s; it holds its format's answers and nothing that it could know of the room otherwise. [`Somebody`] is an
//! adapter with a deck: the player that does what it is told, whose place is compared with the room's.
//!
//! `table` checks every ordered pair and writes the table of docs/dialects.md, `together` keeps them all in one room.
mod clipper;
mod native;
mod openwatchparty;
mod rdm;
mod staged;
mod streamit;
mod syncplay;
mod table;
mod together;

use crate::client::{PATIENCE, Server};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use watchalong_server::clock::ServerClock;

pub type Fut<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// All kinds, in the order of the table.
pub const KINDS: [&dyn Kind; 7] = [
    &native::Native,
    &openwatchparty::OpenWatchParty,
    &rdm::Rdm,
    &streamit::StreamIt,
    &clipper::Clipper,
    &staged::Staged,
    &syncplay::Syncplay,
];

/// What rooms with a password are entered with here.
pub const PASSWORD: &str = "secret";

/// What a message means to whoever reads it.
#[derive(Clone, Debug, PartialEq)]
pub enum Sight {
    Motion(Motion),
    Said(String),
    /// Somebody is not there any more.
    Left,
}

/// What a player is told; the rest stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Motion {
    pub position: Option<f64>,
    pub playing: Option<bool>,
    /// From when on, in ms of the server's clock; from now on where it does not say.
    pub at: Option<f64>,
}

impl Motion {
    pub fn to(position: Option<f64>, playing: Option<bool>) -> Sight {
        Sight::Motion(Self {
            position,
            playing,
            at: None,
        })
    }
}

/// What somebody does.
#[derive(Clone, Debug)]
pub enum Act {
    Play,
    Pause,
    Seek(f64),
    Say(String),
    Leave,
}

/// A player that does what it is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deck {
    position: f64,
    since: f64,
    pub playing: bool,
}

impl Deck {
    /// Where it is at `now` (ms of the server's clock).
    pub fn at(&self, now: f64) -> f64 {
        let passed = (now - self.since).max(0.0) / 1000.0;
        self.position + if self.playing { passed } else { 0.0 }
    }

    fn obey(&mut self, motion: Motion, now: f64) {
        let since = motion.at.unwrap_or(now);
        *self = Self {
            position: motion.position.unwrap_or_else(|| self.at(now)),
            since,
            playing: motion.playing.unwrap_or(self.playing),
        };
    }
}

/// A connection, in its format's words.
pub trait Wire: Send {
    /// Does what a person does with its client, at `position`.
    fn act<'a>(&'a mut self, act: &'a Act, position: f64) -> Fut<'a, ()>;
    /// Reads the next message. May be dropped while it waits.
    fn hear(&mut self) -> Fut<'_, Vec<Sight>>;
    /// Sends what its client sends by itself every second or so.
    fn routine(&mut self, _deck: Deck, _position: f64) -> Fut<'_, ()> {
        Box::pin(async {})
    }
}

/// How somebody came in.
pub type Entered = Result<Box<dyn Wire>, &'static str>;

/// A wire format.
pub trait Kind: Sync {
    /// As the table has it.
    fn name(&self) -> &'static str;
    /// Its rooms need a password.
    fn locks(&self) -> bool {
        false
    }
    /// Whether it has a chat.
    fn talks(&self) -> bool {
        true
    }
    /// Makes a room with something on, standing at its start, and comes in as its host.
    fn host<'a>(&'a self, server: &'a Server) -> Fut<'a, Box<dyn Wire>>;
    /// Comes into a room by its own code.
    fn viewer<'a>(&'a self, server: &'a Server, code: &'a str, locked: bool) -> Fut<'a, Entered>;
}

/// Somebody with a client of some kind.
pub struct Somebody {
    pub kind: &'static dyn Kind,
    wire: Box<dyn Wire>,
    pub deck: Deck,
    clock: Arc<ServerClock>,
    /// Messages that moved its player.
    pub moves: usize,
}

/// Less than a client waits for any message at all, so that it is told who waited for what.
const WAIT: Duration = PATIENCE.saturating_sub(Duration::from_secs(1));
/// How far a player may be from where it was sent when that is looked at: the time that a message takes here.
const NEAR: f64 = 1.0;

impl Somebody {
    pub fn new(kind: &'static dyn Kind, wire: Box<dyn Wire>, server: &Server) -> Self {
        Self {
            kind,
            wire,
            deck: Deck::default(),
            clock: server.running.hub.clock.clone(),
            moves: 0,
        }
    }

    pub fn position(&self) -> f64 {
        self.deck.at(self.clock.precise_ms())
    }

    /// A person acts; their own player does it at once.
    pub async fn does(&mut self, act: Act) {
        let position = self.position();
        self.wire.act(&act, position).await;
        let motion = match act {
            Act::Play => (None, Some(true)),
            Act::Pause => (None, Some(false)),
            Act::Seek(to) => (Some(to), None),
            Act::Say(_) | Act::Leave => return,
        };
        if let Sight::Motion(motion) = Motion::to(motion.0, motion.1) {
            self.deck.obey(motion, self.clock.precise_ms());
        }
    }

    pub async fn routine(&mut self) {
        let position = self.position();
        self.wire.routine(self.deck, position).await;
    }

    fn take(&mut self, sights: &[Sight]) {
        for sight in sights {
            if let Sight::Motion(motion) = sight {
                self.moves += 1;
                self.deck.obey(*motion, self.clock.precise_ms());
            }
        }
    }

    /// Listens until its client has come to see this; false where it never does.
    pub async fn sees(&mut self, what: &Act) -> bool {
        let (wire, clock) = (&mut self.wire, self.clock.clone());
        let mut deck = self.deck;
        let mut moves = 0;
        let seen = timeout(WAIT, async {
            loop {
                let there = match what {
                    Act::Play => deck.playing,
                    Act::Pause => !deck.playing,
                    Act::Seek(to) => (deck.at(clock.precise_ms()) - to).abs() < NEAR,
                    Act::Say(_) | Act::Leave => false,
                };
                if there {
                    return;
                }
                for sight in wire.hear().await {
                    match (&sight, what) {
                        (Sight::Motion(motion), _) => {
                            moves += 1;
                            deck.obey(*motion, clock.precise_ms());
                        }
                        (Sight::Said(text), Act::Say(wanted)) if text == wanted => return,
                        (Sight::Left, Act::Leave) => return,
                        _ => {}
                    }
                }
            }
        });
        let seen = seen.await.is_ok();
        self.deck = deck;
        self.moves += moves;
        seen
    }

    /// Listens for so long.
    pub async fn listens(&mut self, span: Duration) {
        let until = Instant::now() + span;
        while let Ok(sights) = timeout_at(until, self.wire.hear()).await {
            self.take(&sights);
        }
    }
}
