//! The connections of one room on this node, and the fan-out to them.
//!
//! A frame is encoded at most once per dialect and written to each socket by the room's task itself.
use super::encoder::{Encoder, Farewell, Scene};
use crate::ws::{Outbox, Pushed};
use bytes::Bytes;
use std::collections::HashMap;
use watchalong_room::{MemberId, Refusal, Rights, SeatId};

/// One connection.
pub struct Client {
    /// Its seat.
    pub seat: SeatId,
    /// Tells two connections of one seat apart.
    pub connection: u64,
    /// Where its frames go.
    pub outbox: Outbox,
    /// How it is spoken to.
    pub encoder: &'static dyn Encoder,
    pub(super) stage: Stage,
}

/// How far in a connection is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stage {
    /// Its join is on the way through the log.
    Arriving,
    /// It waits for approval.
    Pending(MemberId),
    /// It is in.
    In { member: MemberId, rights: Rights },
}

impl Client {
    /// A connection that is about to arrive.
    pub fn new(
        seat: SeatId,
        connection: u64,
        outbox: Outbox,
        encoder: &'static dyn Encoder,
    ) -> Self {
        Self {
            seat,
            connection,
            outbox,
            encoder,
            stage: Stage::Arriving,
        }
    }

    /// Sends a frame, where there is one.
    pub(super) fn send(&self, frame: Option<Bytes>) {
        if let Some(frame) = frame.filter(|frame| !frame.is_empty()) {
            // A client that lags gets a snapshot when it has drained; one that is gone departs by itself.
            let _: Pushed = self.outbox.push(&frame);
        }
    }

    /// Says that a command was refused.
    pub(super) fn refuse(&self, id: Option<u64>, refusal: &Refusal) {
        let (code, words) = (refusal.code(), refusal.to_string());
        self.send(self.encoder.refused(id, code, &words, refusal.retry_ms()));
    }

    pub(super) fn dismiss(&self, why: &Farewell) {
        let (word, close) = self.encoder.farewell(why);
        self.send(word);
        self.outbox.close(&close);
    }

    /// Lets somebody go from the room; whether their connection ends with it is their dialect's.
    pub(super) fn part(&self, scene: Scene<'_>, why: &Farewell) {
        match self.encoder.parting(scene, why) {
            Some(word) => self.send(word),
            None => {
                let (word, close) = self.encoder.dismissal(scene, why);
                self.send(word);
                self.outbox.close(&close);
            }
        }
    }

    pub(super) fn member(&self) -> Option<MemberId> {
        match self.stage {
            Stage::In { member, .. } => Some(member),
            _ => None,
        }
    }
}

/// All connections of a room here.
#[derive(Default)]
pub(super) struct Clients(HashMap<SeatId, Client>);

impl Clients {
    /// Takes a connection in; one that held the seat before is told so and closed.
    pub(super) fn arrive(&mut self, client: Client) {
        if let Some(old) = self.0.insert(client.seat, client) {
            old.dismiss(&Farewell::Replaced);
        }
    }

    /// Lets a connection go, unless the seat is another's by now.
    pub(super) fn depart(&mut self, seat: SeatId, connection: u64) -> Option<Client> {
        if self.0.get(&seat)?.connection == connection {
            self.0.remove(&seat)
        } else {
            None
        }
    }

    pub(super) fn remove(&mut self, seat: SeatId) -> Option<Client> {
        self.0.remove(&seat)
    }

    pub(super) fn get(&self, seat: SeatId) -> Option<&Client> {
        self.0.get(&seat)
    }

    pub(super) fn get_mut(&mut self, seat: SeatId) -> Option<&mut Client> {
        self.0.get_mut(&seat)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Client> {
        self.0.values_mut()
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Client> + '_ {
        self.0.drain().map(|(_, client)| client)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sends to everybody who is in: one encoding per dialect, one write per connection.
    pub(super) fn broadcast(
        &self,
        scene: Scene<'_>,
        encode: impl Fn(&dyn Encoder, Scene<'_>) -> Option<Bytes>,
    ) {
        let mut frames: Vec<(u8, Option<Bytes>)> = Vec::with_capacity(1);
        for client in self.0.values() {
            let Some(member) = client.member() else {
                continue;
            };
            if client.encoder.personal() {
                let to = Some(member);
                client.send(encode(client.encoder, Scene { to, ..scene }));
                continue;
            }
            let id = client.encoder.id();
            let place = frames
                .iter()
                .position(|(of, _)| *of == id)
                .unwrap_or_else(|| {
                    frames.push((id, encode(client.encoder, scene)));
                    frames.len() - 1
                });
            if let Some(frame) = &frames[place].1 {
                let _: Pushed = client.outbox.push(frame);
            }
        }
    }
}
