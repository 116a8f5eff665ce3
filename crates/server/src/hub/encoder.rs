//! What a wire format has to say of a room: the interface between the hub and the dialects.
//!
//! The hub decides *who* is told *what*; an encoder turns it into a frame. A frame for everybody is
//! made once per dialect and event and shared by all of its connections.
use super::signals::Report;
use crate::code::RoomCode;
use crate::ws::frames;
use bytes::Bytes;
use watchalong_room::{
    Departure, Event, ItemId, MemberId, PersonId, Position, Refusal, Role, Room, SeatId, ServerTime,
};

/// The room at the moment of encoding.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// Its code.
    pub code: &'a RoomCode,
    /// Its state after everything that is told.
    pub room: &'a Room,
    /// Server time.
    pub now: ServerTime,
    /// Whom it is told to, where the dialect is [personal](Encoder::personal) or only they are told.
    pub to: Option<MemberId>,
}

impl Scene<'_> {
    /// The same for every connection of this kind of client.
    pub fn to_all_of(&self, client: &str, frame: &Bytes) -> Vec<(SeatId, Bytes)> {
        let seats = self.room.seats_of(client);
        seats.map(|seat| (seat, frame.clone())).collect()
    }
}

/// People who came, changed or went since the last roster frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roster {
    /// Whole members to be read from the room, ascending.
    pub changed: Vec<MemberId>,
    /// Those who are gone.
    pub gone: Vec<(MemberId, Departure)>,
    /// Those of `changed` who were not present before, and are.
    pub came: Vec<MemberId>,
    /// Those of `changed` who were present and are, by another name or in another role.
    pub turned: Vec<MemberId>,
    /// Those who were present and are not.
    pub went: Vec<Went>,
}

/// Somebody who is not present any more: gone, or only disconnected.
#[derive(Clone, Debug, PartialEq)]
pub struct Went {
    /// Who.
    pub member: MemberId,
    /// Who, across rooms.
    pub person: PersonId,
    /// What they were called.
    pub name: String,
    /// What they were.
    pub role: Role,
    /// Why, where they are gone for good.
    pub reason: Option<Departure>,
}

/// Somebody reacted.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaction {
    /// Who.
    pub by: MemberId,
    /// With what.
    pub emoji: String,
    /// At which item and position, where something was loaded.
    pub moment: Option<(ItemId, Position)>,
    /// When.
    pub at: ServerTime,
}

/// Why a connection is closed by the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Farewell {
    /// The room refused to let them in.
    Refused(Refusal),
    /// Their seat was revoked.
    Departed(Departure),
    /// The same seat connected elsewhere.
    Replaced,
    /// The server stops; come back.
    Restarting,
    /// The command that was to let them in could not be kept.
    Failed,
}

/// A dialect's way of telling. `None`: this dialect has no words for it, which is what those say that it leaves out.
pub trait Encoder: Send + Sync + 'static {
    /// Tells dialects apart in the cache of frames.
    fn id(&self) -> u8;
    /// Whether each recipient is told in words of their own ([`Scene::to`]). What is told to everybody is then encoded
    /// for each of them: for wire formats that leave out the sender, or show people themselves by another id.
    fn personal(&self) -> bool {
        false
    }
    /// To somebody who is in: who they are and how the room stands.
    fn welcome(&self, scene: Scene<'_>, seat: SeatId, member: MemberId, resumed: bool) -> Bytes;
    /// To somebody who has to wait for approval.
    fn pending(&self, _: Scene<'_>, _: SeatId, _: MemberId) -> Option<Bytes> {
        None
    }
    /// To everybody: one thing that happened, without the people.
    fn event(&self, _: Scene<'_>, _: &Event) -> Option<Bytes> {
        None
    }
    /// To everybody: all that happened in one step.
    fn events(&self, scene: Scene<'_>, events: &[&Event]) -> Option<Bytes> {
        frames(events.iter().filter_map(|event| self.event(scene, event)))
    }
    /// To everybody: who came, changed and went.
    fn roster(&self, scene: Scene<'_>, roster: &Roster) -> Option<Bytes>;
    /// To everybody: who reacted since the last frame, and how many more did (the last argument).
    fn reactions(&self, _: Scene<'_>, _: &[Reaction], _: usize) -> Option<Bytes> {
        None
    }
    /// To one member, after what they may do has changed.
    fn rights(&self, _: Scene<'_>, _: MemberId) -> Option<Bytes> {
        None
    }
    /// To those who may admit people: who is waiting.
    fn knock(&self, _: Scene<'_>) -> Option<Bytes> {
        None
    }
    /// To a client that lost its backlog: the whole state.
    fn snapshot(&self, scene: Scene<'_>, member: MemberId) -> Bytes;
    /// A command was carried out.
    fn ack(&self, _: Scene<'_>, _: u64) -> Option<Bytes> {
        None
    }
    /// A command (of this id) was refused, by this code and in these words; after so many ms the same may be allowed,
    /// where time alone decides.
    fn refused(&self, _: Option<u64>, _: &str, _: &str, _: Option<i64>) -> Option<Bytes> {
        None
    }
    /// How everybody's player is doing, and who is typing.
    fn signals(&self, _: &[(MemberId, Report)], _: &[MemberId]) -> Option<Bytes> {
        None
    }
    /// For formats whose connections outlive their rooms: the last word of the room, where there is one. `None`: the
    /// connection ends with the [farewell](Encoder::farewell).
    fn parting(&self, _: Scene<'_>, _: &Farewell) -> Option<Option<Bytes>> {
        None
    }
    /// The last frames of a connection: a word and a close.
    fn farewell(&self, why: &Farewell) -> (Option<Bytes>, Bytes);
    /// As [`Encoder::farewell`], where it is the room that lets somebody go: for formats whose last word depends on how
    /// the room stands.
    fn dismissal(&self, _: Scene<'_>, why: &Farewell) -> (Option<Bytes>, Bytes) {
        self.farewell(why)
    }
}
