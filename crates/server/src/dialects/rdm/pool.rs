//! The shared random pool: somebody asks for a clip, one of those who offered theirs is asked to bring one.
//!
//! Clips lie on their people's disks, so there is nothing that the room could draw from: all that is known is who would
//! share, and how many they have. That is kept here in memory, as in the original, for as long as anybody of this dialect
//! is in the room. Whom to ask is [`State::turn`], which knows no clock and no socket.
use super::NAME;
use super::encode::Rdm;
use crate::code::RoomCode;
use crate::hub::RoomHandle;
use crate::secret;
use crate::ws::json_frame;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use watchalong_room::{MemberId, SeatId};

/// Seconds in which somebody who was asked begins to show a clip; an upload that runs is not counted.
const PATIENCE: u32 = 10;
/// When there is nobody to ask.
const NOBODY: &str = "Nobody in the pool has a clip to show";
/// How many are asked before it is given up.
const TRIES: usize = 3;

/// What somebody offers. Players that never said anything are of the first generation, which says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Offer {
    opted_out: bool,
    /// Clips, where they said how many.
    clips: Option<u64>,
    /// Shown all of them.
    exhausted: bool,
}

/// Somebody wants a clip.
#[derive(Debug, Default)]
struct Request {
    number: u64,
    by: String,
    /// Who is to be told when nobody brings one.
    waiting: Vec<SeatId>,
    /// Who was asked, the latest last.
    asked: Vec<SeatId>,
}

/// Whom to ask next.
#[derive(Debug, PartialEq)]
struct Turn {
    /// Everybody had shown all they have: they begin anew.
    reset: bool,
    ask: Option<SeatId>,
}

#[derive(Debug, Default)]
struct State {
    /// On, and switched by this name.
    on: Option<String>,
    /// Connections of each seat: two for a moment, when a player comes back before its old connection is known to be over.
    here: BTreeMap<SeatId, u32>,
    offers: BTreeMap<SeatId, Offer>,
    request: Option<Request>,
    requests: u64,
}

impl State {
    /// Whom to ask of those who are `here`, for the request at hand.
    fn turn(&mut self, here: &[SeatId], random: u64) -> Turn {
        let asked = self.request.as_ref().map_or(&[][..], |r| &r.asked);
        if asked.len() >= TRIES {
            return Turn {
                reset: false,
                ask: None,
            };
        }
        let offer = |seat: &SeatId| self.offers.get(seat).copied().unwrap_or_default();
        let shares = |seat: &&SeatId| !offer(seat).opted_out && offer(seat).clips != Some(0);
        let sharing: Vec<SeatId> = here.iter().filter(shares).copied().collect();
        let mut able: Vec<SeatId> = sharing.clone();
        able.retain(|seat| !offer(seat).exhausted);
        let reset = able.is_empty() && !sharing.is_empty();
        if reset {
            able = sharing;
        }
        able.retain(|seat| !asked.contains(seat));
        let pick = (random % able.len().max(1) as u64) as usize;
        let ask = able.get(pick).copied();
        if reset {
            self.offers.values_mut().for_each(|o| o.exhausted = false);
        }
        if let (Some(seat), Some(request)) = (ask, &mut self.request) {
            request.asked.push(seat);
        }
        Turn { reset, ask }
    }

    /// Somebody of those who are `here` to ask once, for a clip that is not shown yet.
    fn anybody(&self, here: &[SeatId], random: u64) -> Option<SeatId> {
        let offer = |seat: &SeatId| self.offers.get(seat).copied().unwrap_or_default();
        let able = |seat: &&SeatId| {
            let offer = offer(seat);
            !offer.opted_out && !offer.exhausted && offer.clips != Some(0)
        };
        let able: Vec<SeatId> = here.iter().filter(able).copied().collect();
        let pick = (random % able.len().max(1) as u64) as usize;
        able.get(pick).copied()
    }

    /// The seat that is asked now.
    fn asked(&self) -> Option<(u64, SeatId)> {
        let request = self.request.as_ref()?;
        Some((request.number, *request.asked.last()?))
    }
}

/// The pool of one room.
#[derive(Debug, Default)]
struct Pool(Mutex<State>);

impl Pool {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

/// All pools.
#[derive(Debug, Default)]
pub(super) struct Pools(Mutex<HashMap<RoomCode, Weak<Pool>>>);

impl Pools {
    /// Who switched the room's pool on, where it is.
    pub(super) fn switched_by(&self, code: &RoomCode) -> Option<String> {
        let pool = lock(&self.0).get(code).and_then(Weak::upgrade)?;
        pool.state().on.clone()
    }

    fn of(&self, code: &RoomCode) -> Arc<Pool> {
        let mut pools = lock(&self.0);
        if let Some(pool) = pools.get(code).and_then(Weak::upgrade) {
            return pool;
        }
        pools.retain(|_, pool| pool.strong_count() > 0);
        let pool = Arc::<Pool>::default();
        pools.insert(code.clone(), Arc::downgrade(&pool));
        pool
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Held for map operations only; none of them leaves a map half-changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A room's pool, as one of its players reaches it.
#[derive(Clone)]
pub(super) struct Clips {
    rdm: &'static Rdm,
    room: Arc<RoomHandle>,
    pool: Arc<Pool>,
}

impl Clips {
    /// For a player who is in. Their connection's end is told with [`Clips::left`].
    pub(super) fn of(rdm: &'static Rdm, room: Arc<RoomHandle>, seat: SeatId) -> Self {
        let pool = rdm.pools.of(room.code());
        *pool.state().here.entry(seat).or_default() += 1;
        Self { rdm, room, pool }
    }

    /// The same for everybody of this dialect. Fails only while the server stops.
    async fn tell(&self, message: serde_json::Value) {
        let frame = json_frame(&message);
        let told = self.room.pass(move |scene| scene.to_all_of(NAME, &frame));
        let _ = told.await;
    }

    async fn tell_some(&self, seats: Vec<SeatId>, message: serde_json::Value) {
        let frame = json_frame(&message);
        let told = self.room.pass(move |_| {
            let seats = seats.into_iter();
            seats.map(|seat| (seat, frame.clone())).collect()
        });
        let _ = told.await;
    }

    /// Turns the pool on or off, for everybody.
    pub(super) async fn switch(&self, on: bool, by: String) {
        {
            let mut state = self.pool.state();
            state.on = on.then(|| by.clone());
            state.request = None;
        }
        self.tell(json!({"type": "shared_pool_changed", "enabled": on, "changed_by": by}))
            .await;
    }

    /// Notes what a player offers, and tells everybody.
    pub(super) async fn offer(
        &self,
        member: MemberId,
        seat: SeatId,
        shares: bool,
        clips: Option<u64>,
    ) {
        let offer = Offer {
            opted_out: !shares,
            clips,
            exhausted: false,
        };
        self.pool.state().offers.insert(seat, offer);
        let rdm = self.rdm;
        let told = self.room.pass(move |scene| {
            let Some(of) = scene.room.member(member) else {
                return Vec::new();
            };
            scene
                .room
                .seats_of(NAME)
                .map(|seat| {
                    let to = scene.room.member_of_seat(seat).map(|member| member.id);
                    let scene = crate::hub::encoder::Scene { to, ..scene };
                    let id = rdm.id(scene, &of.person);
                    let message = json!({
                        "type": "pool_opt_in_changed", "user_id": id, "username": of.name, "opted_in": shares,
                    });
                    (seat, json_frame(&message))
                })
                .collect()
        });
        let _ = told.await;
    }

    /// A player has shown all it has.
    pub(super) fn exhausted(&self, seat: SeatId) {
        let mut state = self.pool.state();
        state.offers.entry(seat).or_default().exhausted = true;
    }

    /// Somebody wants a clip: of their own, where the pool is off.
    pub(super) async fn request(&self, seat: SeatId, name: String) {
        let own = json!({"type": "provide_random_clip", "requested_by": name});
        let number = {
            let mut state = self.pool.state();
            if state.on.is_none() {
                None
            } else if let Some(request) = &mut state.request {
                // One clip is enough for both.
                if !request.waiting.contains(&seat) {
                    request.waiting.push(seat);
                }
                return;
            } else {
                state.requests += 1;
                let number = state.requests;
                state.request = Some(Request {
                    number,
                    by: name,
                    waiting: vec![seat],
                    asked: Vec::new(),
                });
                Some(number)
            }
        };
        match number {
            Some(number) => self.ask_next(number).await,
            None => self.tell_some(vec![seat], own).await,
        }
    }

    /// Somebody wants the next clip to be there before it is needed: one player is asked, once.
    pub(super) async fn prefetch(&self, seat: SeatId, name: String) {
        let here = self
            .room
            .read(|room| room.seats_of(NAME).collect::<Vec<_>>());
        let Ok(mut here) = here.await else {
            return;
        };
        let asked = {
            let state = self.pool.state();
            here.retain(|seat| state.here.contains_key(seat));
            match state.on {
                Some(_) => state.anybody(&here, u64::from_le_bytes(secret::random())),
                None => Some(seat),
            }
        };
        let message = match asked {
            Some(_) => json!({"type": "provide_prefetch_clip", "requested_by": name}),
            None => json!({"type": "random_failed", "message": NOBODY}),
        };
        self.tell_some(vec![asked.unwrap_or(seat)], message).await;
    }

    /// A player has brought the clip that it was asked for, without showing it: everybody may fetch it.
    pub(super) async fn prefetched(&self, video: String) {
        let (rdm, code) = (self.rdm, self.room.code().clone());
        let known = self.room.read(move |room| {
            let mut videos = rdm.videos(&code, room).into_iter();
            videos.find(|known| known.id == video)
        });
        if let Ok(Some(video)) = known.await {
            let (id, filename) = (video.id, video.filename);
            self.tell(json!({"type": "prefetch_available", "video_id": id, "filename": filename}))
                .await;
        }
    }

    /// A player put a clip on: where it was asked to, it has done so.
    pub(super) fn shown(&self, seat: SeatId) {
        let mut state = self.pool.state();
        if state.asked().is_some_and(|(_, asked)| asked == seat) {
            state.request = None;
        }
    }

    /// A player is gone; where it was asked, somebody else is, at once.
    pub(super) async fn left(self, seat: SeatId) {
        let number = {
            let mut state = self.pool.state();
            let connections = state.here.entry(seat).or_default();
            *connections = connections.saturating_sub(1);
            if *connections > 0 {
                return;
            }
            state.here.remove(&seat);
            state.offers.remove(&seat);
            if let Some(request) = &mut state.request {
                request.waiting.retain(|waiting| *waiting != seat);
            }
            let asked = state.asked().filter(|(_, asked)| *asked == seat);
            asked.map(|(number, _)| number)
        };
        if let Some(number) = number {
            self.ask_next(number).await;
        }
    }

    /// Asks the next one for this request, or gives it up. Two generations in one room share: who never said anything
    /// counts as willing.
    async fn ask_next(&self, number: u64) {
        let here = self
            .room
            .read(|room| room.seats_of(NAME).collect::<Vec<_>>());
        let Ok(mut here) = here.await else {
            return;
        };
        let (turn, by, waiting) = {
            let mut state = self.pool.state();
            let Some(request) = state.request.as_ref().filter(|r| r.number == number) else {
                return;
            };
            let (by, waiting) = (request.by.clone(), request.waiting.clone());
            here.retain(|seat| state.here.contains_key(seat));
            let turn = state.turn(&here, u64::from_le_bytes(secret::random()));
            if turn.ask.is_none() {
                state.request = None;
            }
            (turn, by, waiting)
        };
        if turn.reset {
            self.tell(json!({"type": "pool_reset"})).await;
        }
        match turn.ask {
            Some(seat) => {
                let ask = json!({"type": "provide_random_clip", "requested_by": by});
                self.tell_some(vec![seat], ask).await;
                tokio::spawn(self.clone().wait(number, seat));
            }
            None => {
                let failed = json!({"type": "random_failed", "message": NOBODY});
                self.tell_some(waiting, failed).await;
            }
        }
    }

    /// Gives somebody who was asked their time. Boxed: what comes after it may begin another.
    fn wait(self, number: u64, asked: SeatId) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.waited(number, asked))
    }

    async fn waited(self, number: u64, asked: SeatId) {
        let mut left = PATIENCE;
        while left > 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if self.pool.state().asked() != Some((number, asked)) {
                return;
            }
            if !self.is_uploading(asked).await {
                left -= 1;
            }
        }
        if self.pool.state().asked() == Some((number, asked)) {
            self.ask_next(number).await;
        }
    }

    async fn is_uploading(&self, seat: SeatId) -> bool {
        let person = self.room.read(move |room| {
            let member = room.member_of_seat(seat);
            member.map(|member| member.person.0.clone())
        });
        let Ok(Some(person)) = person.await else {
            return false;
        };
        let uploads = self.rdm.shelf.uploads.of_room(self.room.code().as_str());
        uploads
            .iter()
            .any(|u| u.person == person && (u.chunks.is_some() || u.offset < u.size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(numbers: &[u64]) -> Vec<SeatId> {
        numbers.iter().map(|number| SeatId(*number)).collect()
    }

    fn state(offers: &[(u64, Offer)]) -> State {
        State {
            offers: offers
                .iter()
                .map(|(seat, offer)| (SeatId(*seat), *offer))
                .collect(),
            request: Some(Request::default()),
            ..State::default()
        }
    }

    const SHARES: Offer = Offer {
        opted_out: false,
        clips: Some(3),
        exhausted: false,
    };

    #[test]
    fn those_who_share_are_asked_once_each_and_three_at_most() {
        let here = seats(&[1, 2, 3, 4, 5]);
        let none = Offer {
            clips: Some(0),
            ..SHARES
        };
        let out = Offer {
            opted_out: true,
            ..SHARES
        };
        let mut pool = state(&[(1, none), (2, out), (9, SHARES)]);
        let mut asked = Vec::new();
        for random in 0..3 {
            let turn = pool.turn(&here, random);
            assert!(!turn.reset);
            asked.extend(turn.ask);
        }
        asked.sort_unstable();
        assert_eq!(asked, seats(&[3, 4, 5]), "who never said anything shares");
        assert_eq!(pool.turn(&here, 0).ask, None, "three were asked");
    }

    #[test]
    fn when_all_have_shown_everything_they_begin_anew() {
        let done = Offer {
            exhausted: true,
            ..SHARES
        };
        let mut pool = state(&[(1, done), (2, done)]);
        let turn = pool.turn(&seats(&[1, 2]), 1);
        assert_eq!((turn.reset, turn.ask), (true, Some(SeatId(2))));
        assert!(pool.offers.values().all(|offer| !offer.exhausted));
        let nobody = state(&[]).turn(&[], 7);
        assert_eq!((nobody.reset, nobody.ask), (false, None));
    }
}
