//! Who asks something of a room over HTTP, without a connection to it: one of its members, or somebody as good as
//! its host (its owner, the holder of its host key, an administrator).
use super::{ApiError, App, Caller};
use crate::code::RoomCode;
use crate::hub::{HubError, RoomHandle};
use axum::http::StatusCode;
use std::sync::Arc;
use watchalong_room::{Actor, Command, MemberId, Outcome, Rights, Room, SeatId, Standing};

/// The room with this code.
///
/// # Errors
/// 404 `room_not_found`.
pub(super) async fn find(app: &App, code: &str) -> Result<Arc<RoomHandle>, ApiError> {
    let code = RoomCode::parse(code).ok_or(HubError::RoomNotFound)?;
    Ok(app.hub.room(&code).await?.ok_or(HubError::RoomNotFound)?)
}

/// A member, as far as asking goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    pub(super) id: MemberId,
    pub(super) rights: Rights,
    /// None for a host who is away for long.
    pub(super) seat: Option<SeatId>,
}

/// Somebody whom a room answers.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) room: Arc<RoomHandle>,
    pub(super) member: Option<Asking>,
    /// May do what the server may.
    pub(super) trusted: bool,
}

impl Asker {
    /// Finds out who asks.
    ///
    /// # Errors
    /// 404 `room_not_found`; 401 `bad_token` for a key that is nothing here.
    pub(super) async fn of(app: &App, caller: &Caller, code: &str) -> Result<Self, ApiError> {
        let room = find(app, code).await?;
        let person = caller.identity.as_ref().map(|of| of.person.clone());
        let key = caller.key.as_deref();
        caller.count_guess(app)?;
        let trusted = caller.is_admin()
            || key.is_some_and(|key| room.is_host_key(key))
            || person.as_ref().is_some_and(|person| room.is_owner(person));
        if trusted {
            caller.was_right(app);
        }
        if key.is_some() && !trusted {
            return Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "bad_token",
                "This token is neither yours nor this room's host key. Get a new one.",
            ));
        }
        let member = match person {
            Some(person) => {
                let look = move |room: &Room| {
                    let member = room.members().find(|member| {
                        member.person == person && member.standing == Standing::Admitted
                    })?;
                    Some(Asking {
                        id: member.id,
                        rights: room.rights(member.id),
                        seat: member.seats.first().map(|seat| seat.id),
                    })
                };
                room.read(look).await?
            }
            None => None,
        };
        Ok(Self {
            room,
            member,
            trusted,
        })
    }

    /// Whether they may what needs this right.
    pub(super) fn may(&self, right: impl FnOnce(&Rights) -> bool) -> bool {
        self.trusted || self.member.is_some_and(|member| right(&member.rights))
    }

    /// Only somebody who may.
    ///
    /// # Errors
    /// 403 `not_allowed` with `message`.
    pub(super) fn must(
        &self,
        right: impl FnOnce(&Rights) -> bool,
        message: &str,
    ) -> Result<(), ApiError> {
        if self.may(right) {
            return Ok(());
        }
        Err(ApiError::new(StatusCode::FORBIDDEN, "not_allowed", message))
    }

    /// Carries a command out in their name: the room's rights decide about members.
    ///
    /// # Errors
    /// 403 `not_allowed` for strangers; else what the room or the log says.
    pub(super) async fn call(&self, command: Command) -> Result<Outcome, ApiError> {
        let seat = self.member.and_then(|member| member.seat);
        let actor = match seat {
            Some(seat) => Actor::Seat(seat),
            None if self.trusted => Actor::Server,
            None => {
                let message = "Only members of this room can do that. Join it first.";
                return Err(ApiError::new(StatusCode::FORBIDDEN, "not_allowed", message));
            }
        };
        Ok(self.room.call(actor, command).await?)
    }
}
