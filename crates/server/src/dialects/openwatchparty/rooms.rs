//! How a connection of OpenWatchParty comes into rooms, goes from one to another, and leaves.
//!
//! The client shows a list of open rooms and has no field for a code or a password, but it has a chat, and obeys the
//! state of any room that it is sent: what is typed there as `/join CODE:SECRET` is heard here and by nobody else. So
//! rooms that are in no list, and those with a password, can be entered with the client as it is.
use super::socket::{Session, broken};
use super::wire::{self, Envelope};
use super::{NAME, OpenWatchParty, policy};
use crate::hub::encoder::Scene;
use crate::hub::{Connection, HubError, NewRoom, Newcomer, RoomHandle};
use serde_json::json;
use std::sync::Arc;
use watchalong_room::{
    Actor, Command, Grant, HostAbsence, MAX_ROOM_NAME, Media, Position, SourceKind,
};

/// Who answers in the chat.
const SERVER: &str = "Watchalong";

/// A place in a room.
pub(super) struct Place {
    pub(super) room: Arc<RoomHandle>,
    /// What the room is called here.
    pub(super) id: String,
    /// `None` once it was left on purpose.
    connection: Option<Connection>,
}

impl Drop for Place {
    /// A connection that is lost leaves, whatever ended it: in this format nobody comes back to a place.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let (room, seat) = (self.room.clone(), connection.seat());
            tokio::spawn(async move {
                let _ = room.call(Actor::Seat(seat), Command::Leave).await;
                drop(connection);
            });
        }
    }
}

impl Session {
    pub(super) async fn create(&mut self, message: &Envelope) {
        if !self.may_enter() {
            return;
        }
        let created = self.hub.limits.create.take(self.address.into());
        if created.is_err() {
            return self.error(wire::TOO_FAST);
        }
        self.close_own().await;
        self.leave().await;
        self.call_by(message).await;
        let name = format!("Room de {}", self.name);
        // A room plays something always here; what it is may be known to its members alone.
        let media = match message.media_id() {
            Some(id) => (SourceKind::Jellyfin, id),
            None => (SourceKind::Local, NAME),
        };
        let name: String = name.chars().take(MAX_ROOM_NAME).collect();
        let new = NewRoom {
            media: Some(Media {
                kind: media.0,
                key: media.1.to_owned(),
                title: "Jellyfin".to_owned(),
                duration: None,
            }),
            position: message.position("start_pos").unwrap_or(Position::ZERO),
            ..NewRoom::of(name, policy::preset())
        };
        let made = async {
            let created = self.hub.create(new).await?;
            let id = self.dialect.known(&self.hub, created.room.code()).await?;
            Ok::<_, HubError>((created.room, id))
        };
        match made.await {
            Ok((room, id)) => {
                self.enter(room, id, Grant::Host).await;
                self.report_ready().await;
            }
            Err(error) => self.failed(&error),
        }
    }

    pub(super) async fn join(&mut self, message: &Envelope) {
        if !self.may_enter() {
            return;
        }
        let named = message.room.clone().unwrap_or_default();
        match self.wanted(&named).await {
            Ok((room, grant)) => {
                self.call_by(message).await;
                if let Err(why) = self.go(room, grant).await {
                    self.error(&why);
                }
            }
            Err(why) => self.error(&why),
        }
    }

    /// As [`Session::join`], of who is in a room and typed it there: the client has no other field for a room that is
    /// not in its list, or for a password. What came to nothing is told in the chat, to them alone, as the client shows
    /// no errors; and they stay where they are.
    pub(super) async fn join_by_chat(&mut self, named: &str) {
        let moved = async {
            let (room, grant) = self.wanted(named.trim()).await?;
            let (person, now) = (OpenWatchParty::person(&self.id), self.hub.clock.now());
            let signer = &self.hub.signer;
            let address = signer.address_digest(room.code().as_str(), self.address);
            let outlook = room
                .read(move |room| room.would_admit(now, &person, grant, Some(&address)))
                .await;
            outlook
                .map_err(|e| e.to_string())?
                .map_err(|e| e.to_string())?;
            self.go(room, grant).await
        };
        if let Err(text) = moved.await
            && let Some(place) = &self.place
        {
            let said = json!({"username": SERVER, "text": text});
            self.send(self.say("chat_message").room(&place.id).payload(said));
        }
    }

    /// The room that somebody names, by its id or code, and what the secret behind that proves: `CODE:SECRET`.
    async fn wanted(&self, named: &str) -> Result<(Arc<RoomHandle>, Grant), String> {
        let (named, secret) = match named.split_once(':') {
            Some((named, secret)) => (named, Some(secret)),
            None => (named, None),
        };
        let found = self.find(named).await.map_err(|error| broken(&error))?;
        let room = found.ok_or_else(|| wire::NO_ROOM.to_owned())?;
        let grant = match secret {
            Some(secret) => {
                let grant = self.hub.secret_grant(&room, secret, self.address);
                grant.await.map_err(|error| error.to_string())?
            }
            None => Grant::None,
        };
        Ok((room, grant))
    }

    /// Leaves the room they are in for another one.
    async fn go(&mut self, room: Arc<RoomHandle>, grant: Grant) -> Result<(), String> {
        if let Some(place) = self.place.as_ref().filter(|p| p.room.code() == room.code())
            && self.is_in(&place.room).await
        {
            let (seat, dialect) = (self.seat, self.dialect);
            let state = move |scene: Scene<'_>| {
                let member = scene.room.member_of_seat(seat).map(|member| member.id);
                vec![(seat, dialect.room_state(scene, member))]
            };
            let _ = room.pass(state).await;
            return Ok(());
        }
        let taken = self.hub.limits.join.take(self.address.into());
        taken.map_err(|_| wire::TOO_FAST.to_owned())?;
        self.leave().await;
        let id = self.dialect.known(&self.hub, room.code()).await;
        let id = id.map_err(|error| broken(&error))?;
        self.enter(room, id, grant).await;
        Ok(())
    }

    async fn enter(&mut self, room: Arc<RoomHandle>, id: String, grant: Grant) {
        let newcomer = Newcomer {
            person: OpenWatchParty::person(&self.id),
            name: self.name.clone(),
            grant,
            client: "jellyfin".to_owned(),
            reports: policy::may_wait(&room.view().policy),
            from: self.address,
        };
        let (seat, outbox) = ((self.seat, None), self.line.outbox());
        let connection = self.hub.arrive(&room, seat, outbox, self.dialect, newcomer);
        // What is sent right behind this must not overtake it on the way to the log.
        let _ = room.read(|_| ()).await;
        self.place = Some(Place {
            room,
            id,
            connection: Some(connection),
        });
    }

    /// Ends a room that closes without its host anyway: its host opens another one. The room refuses anybody else.
    async fn close_own(&mut self) {
        let Some(place) = &self.place else { return };
        if place.room.view().policy.host_absence == HostAbsence::Close {
            let _ = place.room.call(Actor::Seat(self.seat), Command::End).await;
        }
    }

    pub(super) async fn leave(&mut self) {
        if let Some(mut place) = self.place.take() {
            let _connection = place.connection.take();
            let actor = Actor::Seat(self.seat);
            let _ = place.room.call(actor, Command::Leave).await;
        }
    }

    pub(super) async fn find(&self, named: &str) -> Result<Option<Arc<RoomHandle>>, HubError> {
        let found = self.hub.find(NAME, named).await?;
        Ok(found.filter(|room| !room.view().life.is_terminal()))
    }

    pub(super) async fn is_in(&self, room: &RoomHandle) -> bool {
        let seat = self.seat;
        let here = room.read(move |room| room.member_of_seat(seat).is_some());
        here.await.unwrap_or(false)
    }
}
