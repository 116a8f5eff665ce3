//! The seek gate: after a host's seek everybody stands where it led, and goes on once the viewers' pages have it.
//!
//! Only this format has words for it (`seek-gate`, `seek-ready`), so who is waited for is kept on the desk, like the
//! colours. To the room it is a pause, a seek and a play, each by its rules: the play is meant for the very revision
//! that the seek made, so whatever anybody else does meanwhile (another seek, a play, another film, from any kind of
//! client) ends the wait by itself, and nothing that a page answers is more than "I have it".
use super::NAME;
use super::desk::Table;
use super::encode::send;
use crate::hub::RoomHandle;
use crate::hub::encoder::Scene;
use bytes::Bytes;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use watchalong_room::{Actor, Command, Event, Position, Revision, SeatId};

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(12);
/// For so long a host's pause is their own page's echo of the gate.
const ECHO: Duration = Duration::from_millis(1500);

/// A wait.
#[derive(Debug)]
pub(super) struct Gate {
    number: u64,
    began: Instant,
    /// What the room's timeline was when everybody stood.
    revision: Revision,
    /// It played before, and is to go on.
    resumes: bool,
    /// Whose pages are still filling up.
    waits: BTreeSet<SeatId>,
    /// Told when the last of them is ready, or gone.
    done: Arc<Notify>,
}

/// A gate that was opened.
pub(super) struct Opened {
    number: u64,
    pages: Vec<SeatId>,
    done: Arc<Notify>,
}

impl Gate {
    /// Somebody is not waited for any more.
    pub(super) fn release(&mut self, seat: SeatId) {
        if self.waits.remove(&seat) && self.waits.is_empty() {
            self.done.notify_one();
        }
    }
}

impl Table {
    /// Waits for those who have this revision's film; `None` where nobody has.
    fn gather(&self, loaded: u64, revision: Revision, resumes: bool) -> Option<Opened> {
        let mut inner = self.lock();
        let waits: BTreeSet<SeatId> = inner.viewers_with(loaded).collect();
        if waits.is_empty() {
            return None;
        }
        inner.gates += 1;
        let (number, pages) = (inner.gates, waits.iter().copied().collect());
        let done = Arc::<Notify>::default();
        inner.gate = Some(Gate {
            number,
            began: Instant::now(),
            revision,
            resumes,
            waits,
            done: done.clone(),
        });
        Some(Opened {
            number,
            pages,
            done,
        })
    }

    /// A page says that it has what a gate waits for.
    pub(super) fn is_ready(&self, seat: SeatId, gate: &str) {
        let mut inner = self.lock();
        let same = |open: &&mut Gate| open.number.to_string() == gate;
        if let Some(open) = inner.gate.as_mut().filter(same) {
            open.release(seat);
        }
    }

    /// Ends the wait; says whether the room was to go on after it.
    pub(super) fn cancel_gate(&self) -> bool {
        let gate = self.lock().gate.take();
        gate.is_some_and(|gate| gate.resumes)
    }

    /// A host's pause: whether it means nothing more than that their page stands, as told. A later one takes the wish to
    /// go on back.
    pub(super) fn is_echo_of_gate(&self) -> bool {
        let mut inner = self.lock();
        let Some(gate) = &mut inner.gate else {
            return false;
        };
        if gate.began.elapsed() > ECHO {
            gate.resumes = false;
        }
        true
    }

    /// Takes the gate away that has this number.
    fn close_gate(&self, number: u64) -> Option<Gate> {
        let mut inner = self.lock();
        let same = inner
            .gate
            .as_ref()
            .is_some_and(|gate| gate.number == number);
        if same { inner.gate.take() } else { None }
    }
}

/// Where a host's gesture happens.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) room: Arc<RoomHandle>,
    pub(super) table: Arc<Table>,
    pub(super) seat: SeatId,
}

impl Place {
    /// A host's seek, through a gate; false where no page has the film, and it was a plain one.
    pub(super) async fn seek(self, position: Position) -> bool {
        let actor = Actor::Seat(self.seat);
        let seek = Command::Seek {
            position,
            expect: None,
        };
        let loaded = self.room.read(super::encode::revision).await;
        let anybody = loaded.is_ok_and(|loaded| self.table.lock().viewers_with(loaded).count() > 0);
        // Another place than before: who is on the way to the former is waited for there.
        let resumed = self.table.cancel_gate();
        if !anybody {
            let sought = self.room.call(actor, seek).await;
            if resumed && sought.is_ok() {
                self.go_on(None).await;
            }
            return false;
        }
        let pause = Command::Pause {
            position: None,
            expect: None,
        };
        let Ok(paused) = self.room.call(actor, pause).await else {
            return true;
        };
        let moved = |(_, event): &(_, Event)| matches!(event, Event::Timeline { .. });
        let resumes = resumed || paused.events.iter().any(moved);
        if self.room.call(actor, seek).await.is_err() {
            return true;
        }
        let (table, place) = (self.table.clone(), self.clone());
        let opened = Arc::new(std::sync::Mutex::new(None));
        let slot = opened.clone();
        let passed = self.room.pass(move |scene| {
            let line = scene.room.timeline();
            let loaded = super::encode::revision(scene.room);
            let Some(opened) = table.gather(loaded, line.revision, resumes) else {
                return Vec::new();
            };
            let frame = send(&json!({
                "type": "seek-gate", "gateId": opened.number.to_string(),
                "t": line.position_at(scene.now).seconds(), "rev": loaded,
            }));
            let count = opened.pages.len();
            let mut told: Vec<_> = opened
                .pages
                .iter()
                .map(|page| (*page, frame.clone()))
                .collect();
            let text = format!("Waiting for {count} to load that place");
            told.extend(place.to_hosts(scene, &text));
            *slot.lock().expect("nothing panics with it") = Some(opened);
            told
        });
        let _ = passed.await;
        let opened = opened.lock().expect("nothing panics with it").take();
        match opened {
            Some(opened) => drop(tokio::spawn(self.wait(opened))),
            // They left in between.
            None if resumes => self.go_on(None).await,
            None => {}
        }
        true
    }

    async fn wait(self, opened: Opened) {
        let _ = tokio::time::timeout(LONGEST, opened.done.notified()).await;
        let Some(gate) = self.table.close_gate(opened.number) else {
            return;
        };
        let text = match gate.waits.len() {
            0 => "Everybody has loaded it".to_owned(),
            late => format!("Not waiting any longer for {late}"),
        };
        let place = self.clone();
        let told = self.room.pass(move |scene| place.to_hosts(scene, &text));
        let _ = told.await;
        if gate.resumes {
            self.go_on(Some(gate.revision)).await;
        }
    }

    /// Plays again, where nobody has done anything since. By the host, or where they are gone by the server: they wished it.
    async fn go_on(&self, expect: Option<Revision>) {
        let position = None;
        let play = || Command::Play { position, expect };
        let by_host = self.room.call(Actor::Seat(self.seat), play()).await;
        if by_host.is_err() && expect.is_some() {
            let _ = self.room.call(Actor::Server, play()).await;
        }
    }

    fn to_hosts(&self, scene: Scene<'_>, text: &str) -> Vec<(SeatId, Bytes)> {
        let frame = send(&json!({"type": "system", "text": text, "ts": scene.now.0}));
        let is_host = |seat: SeatId| self.table.card(seat).is_some_and(|card| card.is_host);
        let seats = scene.room.members().flat_map(|member| &member.seats);
        let hosts = seats.filter(|seat| seat.client == NAME && is_host(seat.id));
        hosts.map(|seat| (seat.id, frame.clone())).collect()
    }

    /// Tells the hosts something that concerns them alone.
    pub(super) async fn tell_hosts(&self, text: impl FnOnce(Scene<'_>) -> String + Send + 'static) {
        let place = self.clone();
        let told = self.room.pass(move |scene| {
            let text = text(scene);
            place.to_hosts(scene, &text)
        });
        // Fails only while the server stops.
        let _ = told.await;
    }
}

#[cfg(test)]
mod tests {
    use super::super::desk::{Card, Desk};
    use super::*;
    use crate::code::RoomCode;

    fn page(loaded: u64) -> Card {
        Card {
            loaded: Some(loaded),
            ..Card::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_gate_waits_for_pages_with_the_film_and_for_nobody_else() {
        let desk = Desk::new(&["red".to_owned()]);
        let code = RoomCode::random();
        let host = Card {
            is_host: true,
            ..page(4)
        };
        let lay = |seat, card| desk.lay(&code, SeatId(seat), card);
        let (_host, ann, ben) = (lay(1, host), lay(2, page(4)), lay(3, page(4)));
        let _old = lay(4, page(2));
        let _silent = lay(5, Card::default());
        let table = ann.table.clone();
        let opened = table.gather(4, Revision(7), true).expect("two have it");
        assert_eq!(opened.pages, [SeatId(2), SeatId(3)]);
        table.is_ready(SeatId(2), "another");
        table.is_ready(SeatId(4), "1");
        let waits = || table.lock().gate.as_ref().map(|gate| gate.waits.len());
        assert_eq!(waits(), Some(2));
        table.is_ready(SeatId(2), "1");
        assert_eq!(waits(), Some(1));
        drop(ben);
        let done = tokio::time::timeout(Duration::from_secs(1), opened.done.notified());
        done.await.expect("who is gone is not waited for");
        let gate = table.close_gate(opened.number).expect("is open");
        assert!(gate.resumes && gate.waits.is_empty());
        assert!(
            table.gather(9, Revision(8), true).is_none(),
            "nobody has it"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_right_after_is_an_echo_and_a_later_one_is_meant() {
        let desk = Desk::new(&[]);
        let ann = desk.lay(&RoomCode::random(), SeatId(2), page(4));
        let table = &ann.table;
        assert!(!table.is_echo_of_gate(), "there is none");
        table.gather(4, Revision(7), true).expect("one has it");
        assert!(table.is_echo_of_gate());
        assert!(table.cancel_gate(), "it was to go on");
        table.gather(4, Revision(7), true).expect("one has it");
        tokio::time::advance(ECHO + Duration::from_millis(1)).await;
        assert!(table.is_echo_of_gate());
        assert!(!table.cancel_gate(), "it stays paused");
    }
}
