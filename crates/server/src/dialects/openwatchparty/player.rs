//! What a client of OpenWatchParty says while it is in a room: its player's doing, readiness and chat.
//!
//! Each becomes one command in the name of its seat, and the room says what becomes of it.
use super::policy;
use super::socket::Session;
use super::wire::{self, Envelope};
use crate::log::Origin;
use watchalong_room::{Actor, Command};

impl Session {
    pub(super) async fn submit(&self, command: Command) {
        let origin = Some(Origin::Connection {
            seat: self.seat,
            id: None,
        });
        if let Some(place) = &self.place {
            let actor = Actor::Seat(self.seat);
            place.room.submit(actor, command, origin).await;
        }
    }

    pub(super) async fn ready(&self, message: &Envelope) {
        let here = self.place.as_ref().map(|place| &place.id);
        if here.is_some() && here == message.room.as_ref() {
            self.report_ready().await;
        }
    }

    pub(super) async fn report_ready(&self) {
        let item = self
            .place
            .as_ref()
            .and_then(|place| place.room.view().timeline.item);
        if let Some(item) = item {
            self.submit(Command::Ready { item, ready: true }).await;
        }
    }

    pub(super) async fn player_event(&self, message: &Envelope) {
        let (Some(position), Some(place)) = (message.position("position"), &self.place) else {
            return;
        };
        let (at, expect) = (Some(position), None);
        let (command, leads) = match message.text("action") {
            Some("play") => (
                Command::Play {
                    position: at,
                    expect,
                },
                false,
            ),
            Some("pause") => (
                Command::Pause {
                    position: at,
                    expect,
                },
                false,
            ),
            Some("buffering") => (
                Command::Pause {
                    position: at,
                    expect,
                },
                true,
            ),
            Some("seek") => (Command::Seek { position, expect }, false),
            _ => return,
        };
        let state = message.playing();
        if leads || state.is_some() {
            let patch = policy::rolling(&place.room.view().policy);
            if let Some(patch) = patch {
                self.submit(Command::SetPolicy { patch }).await;
            }
        }
        let seeks = matches!(command, Command::Seek { .. });
        self.submit(command).await;
        if let Some(playing) = state.filter(|_| seeks) {
            let (position, playing) = (None, Some(playing));
            self.submit(Command::Steer { position, playing }).await;
        }
    }

    pub(super) async fn state_update(&self, message: &Envelope) {
        let position = message.position("position");
        let playing = message.playing();
        let nonsense = message.field("play_state").is_some() && playing.is_none();
        if nonsense || (position.is_none() && playing.is_none()) {
            return;
        }
        self.submit(Command::Steer { position, playing }).await;
    }

    pub(super) async fn chat(&mut self, message: &Envelope) {
        let Some(named) = &message.room else {
            return self.error(wire::CHAT_NO_ROOM);
        };
        let text = message.text("text").unwrap_or_default();
        if text.trim().is_empty() {
            return self.error(wire::CHAT_EMPTY);
        }
        if text.chars().count() > wire::CHAT_LENGTH {
            return self.error(wire::CHAT_LONG);
        }
        if self.place.as_ref().is_some_and(|place| place.id == *named) {
            if let Some(room) = text.trim_start().strip_prefix(wire::JOIN) {
                return self.join_by_chat(room).await;
            }
            let (text, reply_to) = (text.to_owned(), None);
            self.submit(Command::Say { text, reply_to }).await;
        }
    }
}
