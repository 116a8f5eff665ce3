//! OpenWatchParty: the wire format of the Jellyfin plugin of that name, at `/ws`.
//!
//! `wire.rs` reads and builds messages, `socket.rs` is a connection, `rooms.rs` how it comes into rooms, `player.rs`
//! what it says in one, `encode.rs` says what happened in a room,
//! `lobby.rs` who is told of which rooms, `token.rs` checks the plugin's JWTs, `policy.rs` is what such a room allows.
//!
//! **No loop can close.** Only what the host's client sends becomes a control, and the host is never sent a playback
//! message about its own act; its client ignores those about others' acts. A guest's client sends no playback at
//! all, and what a script sends in a guest's name the room refuses. `state_update` becomes `Command::Steer`, which
//! no rule answers with anything that a leading player obeys.
//!
//! **`rolling`** of the document (section 6.3) is the room's policy: made with a barrier and a lead of 1.5 s, which
//! the first event of a player that leads by itself turns off. So it lives in the room and survives restarts.
mod encode;
mod lobby;
mod player;
mod policy;
mod rooms;
mod socket;
mod token;
mod wire;

use crate::clock::ServerClock;
use crate::code::RoomCode;
use crate::config::Config;
use crate::hub::{Hub, HubError, PublicView};
use crate::secret::Signer;
use lobby::Lobby;
use serde_json::{Value, json};
pub use socket::connect;
use std::sync::Arc;
use token::Tokens;
use watchalong_room::{EntryPolicy, MemberId, PersonId, Room, SourceKind};
pub(super) use wire::decode;

/// The dialect's name in the table of aliases and in settings.
pub const NAME: &str = "openwatchparty";
/// Rooms in a list: what the client's panel can show, and a frame of about 30 KiB.
const LISTED: usize = 200;
/// What the persons of this dialect begin with: one for each connection, as the format has it.
const PERSON: &str = "owp:";

/// The dialect: who speaks it, and what it needs to.
pub struct OpenWatchParty {
    signer: Signer,
    clock: Arc<ServerClock>,
    /// Checks the plugin's tokens; `None` where everybody may do everything.
    tokens: Option<Tokens>,
    origins: Vec<String>,
    lobby: Lobby,
}

impl OpenWatchParty {
    /// With the settings of the original server.
    pub fn new(signer: Signer, clock: Arc<ServerClock>, config: &Config) -> Self {
        Self {
            signer,
            clock,
            tokens: Tokens::of(config),
            origins: config.allowed_origins.clone(),
            lobby: Lobby::default(),
        }
    }

    /// Whether tokens are asked for.
    pub fn auth_enabled(&self) -> bool {
        self.tokens.is_some()
    }

    /// Whether a page of this origin may connect; programs send none and may.
    pub fn allows(&self, origin: Option<&str>) -> bool {
        origin.is_none_or(|origin| self.origins.iter().any(|o| o == "*" || o == origin))
    }

    /// Tells everybody of the rooms there are whenever that is something else.
    pub async fn keep_lists_fresh(&'static self, hub: Arc<Hub>) {
        self.lobby.run(self, hub).await;
    }

    /// What rooms are called here: told by the code alone, so that whoever encodes need not look it up.
    fn room_id(&self, code: &RoomCode) -> String {
        self.signer.uuid("owp-room", code.as_str())
    }

    /// The id of a member's client.
    fn client_id(&self, code: &RoomCode, room: &Room, member: MemberId) -> String {
        room.member(member).map_or_else(
            || self.foreign_id(code, member),
            |of| self.client_of(code, &of.person, member),
        )
    }

    /// The id of a person's client.
    fn client_of(&self, code: &RoomCode, person: &PersonId, member: MemberId) -> String {
        let own = person.0.strip_prefix(PERSON);
        own.map_or_else(|| self.foreign_id(code, member), str::to_owned)
    }

    /// An id for somebody who speaks another dialect, their own in this room.
    fn foreign_id(&self, code: &RoomCode, member: MemberId) -> String {
        let whom = format!("{code}/{}", member.0);
        self.signer.uuid("owp-member", &whom)
    }

    fn person(client_id: &str) -> PersonId {
        PersonId(format!("{PERSON}{client_id}"))
    }

    /// Gives a room its id in the table of aliases, so that it is found by it.
    async fn known(&self, hub: &Hub, code: &RoomCode) -> Result<String, HubError> {
        hub.alias(code, NAME, || self.room_id(code)).await
    }

    /// The rooms that somebody without a password or an invitation may look for.
    async fn list(&self, hub: &Hub) -> Result<Value, HubError> {
        let mut rooms = Vec::new();
        let open = |view: &&Arc<PublicView>| view.entry == EntryPolicy::Open;
        for view in hub.public_rooms().iter().filter(open).take(LISTED) {
            let id = self.known(hub, &view.code).await?;
            let jellyfin = view
                .source
                .as_ref()
                .filter(|(kind, _)| *kind == SourceKind::Jellyfin);
            let media = jellyfin.map(|(_, key)| key);
            rooms.push(
                json!({"id": id, "name": view.name, "count": view.viewers, "media_id": media}),
            );
        }
        Ok(Value::Array(rooms))
    }
}
