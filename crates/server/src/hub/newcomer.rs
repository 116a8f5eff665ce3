//! Coming into a room with a connection: the same for every wire format, from its join to a place it can act from.
use super::encoder::Encoder;
use super::{CallError, Connection, Greeting, Hub, RoomHandle};
use crate::log::Origin;
use crate::secret;
use crate::ws::Outbox;
use std::net::IpAddr;
use std::sync::Arc;
use watchalong_room::{
    Actor, Command, Grant, ItemId, MemberId, Outcome, PersonId, Refusal, SeatId,
};

/// A seat that nobody has.
pub fn new_seat() -> SeatId {
    SeatId(u64::from_le_bytes(secret::random()))
}

/// Somebody with a connection who wants in.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Who, across rooms and dialects.
    pub person: PersonId,
    /// What they want to be called.
    pub name: String,
    /// What they brought.
    pub grant: Grant,
    /// Kind of client.
    pub client: String,
    /// Whether it reports readiness.
    pub reports: bool,
    /// Where from.
    pub from: IpAddr,
}

/// Somebody who is in. Dropping it disconnects.
#[derive(Debug)]
pub struct Seated {
    /// Where.
    pub room: Arc<RoomHandle>,
    /// By which seat.
    pub seat: SeatId,
    /// As whom.
    pub member: MemberId,
    _connection: Connection,
}

/// Why somebody is not in.
#[derive(Clone, Debug, PartialEq)]
pub enum NotIn {
    /// The room let them wait, or has sent them away: it has said so over the connection, and closed it where it is over.
    Refused(Refusal),
    /// The server stops.
    Closed,
}

impl Hub {
    /// Lets somebody come in, or back to the seat that they resume. The answer (welcome, or a farewell) goes to their
    /// outbox.
    pub fn arrive(
        &self,
        room: &Arc<RoomHandle>,
        (seat, resume): (SeatId, Option<SeatId>),
        outbox: &Outbox,
        encoder: &'static dyn Encoder,
        newcomer: Newcomer,
    ) -> Connection {
        let from = newcomer.from;
        let digest = self.signer.address_digest(room.code().as_str(), from);
        let join = Command::Join {
            person: newcomer.person,
            name: newcomer.name,
            grant: newcomer.grant,
            client: newcomer.client,
            reports: newcomer.reports,
            node: self.node,
            address: Some(digest),
        };
        let greeting = Greeting { resume, join, from };
        room.arrive(seat, outbox.clone(), encoder, greeting)
    }

    /// As [`Hub::arrive`], and waits until they are in.
    ///
    /// # Errors
    /// [`NotIn`].
    pub async fn enter(
        &self,
        room: &Arc<RoomHandle>,
        seat: SeatId,
        outbox: &Outbox,
        encoder: &'static dyn Encoder,
        newcomer: Newcomer,
    ) -> Result<Seated, NotIn> {
        let connection = self.arrive(room, (seat, None), outbox, encoder, newcomer);
        // The join is in the log once the room's task has answered this, and applied once it has answered that: what
        // is sent right behind it must neither overtake it nor be answered to a seat that is not there yet.
        room.read(|_| ()).await.map_err(|_| NotIn::Closed)?;
        let nothing = Command::Ready {
            item: ItemId(0),
            ready: false,
        };
        match room.call(Actor::Seat(seat), nothing).await {
            Ok(_) => {}
            Err(CallError::Refused(refusal)) => return Err(NotIn::Refused(refusal)),
            Err(_) => return Err(NotIn::Closed),
        }
        let member = room.read(move |room| room.member_of_seat(seat).map(|member| member.id));
        let member = member.await.map_err(|_| NotIn::Closed)?;
        Ok(Seated {
            room: room.clone(),
            seat,
            member: member.ok_or(NotIn::Refused(Refusal::UnknownSeat))?,
            _connection: connection,
        })
    }
}

impl Seated {
    /// Carries a command out in their name, and waits for what comes of it.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call(&self, command: Command) -> Result<Outcome, CallError> {
        self.room.call(Actor::Seat(self.seat), command).await
    }

    /// Hands a command to the log in their name; a refusal is told to their connection.
    pub async fn submit(&self, command: Command) {
        let origin = Origin::Connection {
            seat: self.seat,
            id: Some(0),
        };
        let actor = Actor::Seat(self.seat);
        self.room.submit(actor, command, Some(origin)).await;
    }

    /// What they are called in the room; empty where they are not in it any more.
    pub async fn name(&self) -> String {
        let member = self.member;
        let name = self
            .room
            .read(move |room| room.member(member).map(|m| m.name.clone()));
        name.await.ok().flatten().unwrap_or_default()
    }
}
