//! The staged page: one admin puts a file on, everybody else loads one page and follows.
//!
//! The whole format is about one room, which this dialect makes when it is first asked for and finds again under its
//! alias; `?room=CODE` (and `&password=`) behind any of its addresses means another room. What is staged is what is on in
//! the room, so it survives a restart like everything in it. `stage` finds files by their paths and puts them on, `doors`
//! has pages, sockets and lists, `film` what is on and what lies beside it (`tracks`, `vtt`), `debug` figures for the host's
//! page (`meter`). `socket` hears a page, `wire` reads what it says, `controls` does it, `encode` speaks in both
//! families of the format (`cmd` and `type` messages, told to everybody alike), `desk` holds what only these pages have a
//! word for (colours, whether viewers may pause), and `gate` who is waited for after a seek.
//!
//! **No loop can close.** Controls come from people at a control page, who are told of their own like everybody
//! else; our pages answer no message with a control, and a page's `pos`, `telemetry` and `viewer*` messages, the
//! only ones that it sends by itself, never become commands. What a viewer's player does is undone in the page. The host
//! page of the original says its player's `pause` and `seeked` after each gesture: the room takes what is so already for
//! nothing new, a seek that repeats the last one is dropped, and so is the pause that a gate makes a page say. What a page
//! answers to a gate says that it is ready and nothing else.
mod controls;
mod debug;
mod desk;
mod doors;
mod encode;
mod film;
mod gate;
mod meter;
mod socket;
mod stage;
mod tracks;
mod vtt;
mod wire;

use crate::code::RoomCode;
use crate::config::Config;
use crate::http::App;
use crate::hub::{HubError, NewRoom, RoomHandle};
use crate::secret;
use crate::shelf::Shelf;
use desk::Desk;
pub use doors::{router, sockets};
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use watchalong_room::{
    Actor, BarrierPolicy, ChatRules, Command, Controls, EntryPolicy, HostAbsence, Policy,
    PolicyPatch, Position, Span, StartLead, Visibility, Who,
};
pub(super) use wire::decode;

/// By this name the dialect keeps its room, seats say what their client is, and settings switch it.
pub const NAME: &str = "staged";
/// Under this the room is found again.
const ALIAS: &str = "current";
/// What the persons of this dialect begin with: one for each connection, as the format has it.
const PERSON: &str = "staged:";
/// The room must be there whenever somebody comes; a policy's longest span is ten years.
const FOR_GOOD: Span = Span::seconds(10 * 365 * 24 * 3600);
/// Some formats take a place before they connect; this is for them, pages leave at once.
const PLACE_HELD: Span = Span::seconds(15);
/// Characters of a message (`chat`).
const CHAT_LENGTH: u32 = 500;

/// The dialect's voice, and what its doors need.
pub struct Staged {
    shelf: Arc<Shelf>,
    desk: Desk,
    admin_key: Option<String>,
    viewer_key: Option<String>,
    /// Messages of before that a newcomer is sent.
    history: usize,
    /// How many messages one may send in what time.
    chat_rate: (u32, Span),
    /// After so long without a sign of life somebody is gone.
    silence: Duration,
    /// Only films that the format's own scripts made are listed.
    lists_wp: bool,
    /// While this file is there, nothing of this dialect is.
    offline: PathBuf,
    /// The room's code, once it is known.
    room: Mutex<Option<RoomCode>>,
    /// One at a time: makes the room, and lets the host in.
    door: tokio::sync::Mutex<()>,
}

/// What an address of this dialect may say behind its `?`. Anything else there only keeps caches away.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    key: Option<String>,
    admin: Option<String>,
    /// Another room than the staged one ...
    room: Option<String>,
    /// ... and its password, where it has one.
    password: Option<String>,
    /// Who fetches.
    guid: Option<String>,
    /// Below which path.
    path: Option<String>,
    /// Which subtitles.
    lang: Option<String>,
}

impl Asked {
    fn of(uri: &axum::http::Uri) -> Self {
        axum::extract::Query::try_from_uri(uri).map_or_else(|_| Self::default(), |query| query.0)
    }

    fn key(&self) -> Option<&str> {
        let key = self.key.as_deref().or(self.admin.as_deref());
        key.filter(|key| !key.is_empty())
    }
}

/// As the room is made: the host alone steers, nobody waits for anybody, nothing is scheduled ahead.
fn policy(chat_rate: (u32, Span)) -> Policy {
    let at_once = StartLead::Fixed {
        play: Span(0),
        pause: Span(0),
        seek: Span(0),
    };
    Policy {
        entry: EntryPolicy::Open,
        visibility: Visibility::Unlisted,
        controls: Controls {
            play: Who::Host,
            seek: Who::Host,
            rate: Who::Host,
            queue: Who::Host,
            chat: Who::Everyone,
            invite: Who::Host,
            people: Who::Host,
            ask: true,
        },
        seek_pauses: false,
        host_absence: HostAbsence::Stay,
        barrier: BarrierPolicy::Off,
        start_lead: at_once,
        chat: ChatRules {
            enabled: true,
            max_length: CHAT_LENGTH,
            window: chat_rate.1,
            window_count: chat_rate.0,
            cool_down: Span(0),
            duplicate_span: Span(0),
            slow_mode: Span(0),
        },
        seat_hold: PLACE_HELD,
        idle_expiry: FOR_GOOD,
        auto_advance: false,
        pause_within: FOR_GOOD,
        ..Policy::default()
    }
}

impl Staged {
    /// With the server's settings.
    pub fn new(shelf: Arc<Shelf>, config: &Config) -> Self {
        Self {
            shelf,
            desk: Desk::new(&config.colors),
            admin_key: config.admin_key.clone(),
            viewer_key: config.viewer_key.clone(),
            history: config.staged_history,
            chat_rate: (
                u32::try_from(config.staged_chat_count).unwrap_or(u32::MAX),
                Span(i64::try_from(config.staged_chat_window.as_millis()).unwrap_or(i64::MAX)),
            ),
            silence: config.staged_silence,
            lists_wp: config.staged_list_wp,
            offline: config.data.join("offline.flag"),
            room: Mutex::default(),
            door: tokio::sync::Mutex::default(),
        }
    }

    /// Whether this is the key that controls.
    fn is_admin(&self, key: &str) -> bool {
        is_key(self.admin_key.as_deref(), key)
    }

    /// Whether a viewer may come with this key, or with none.
    fn lets_in(&self, key: Option<&str>) -> bool {
        match (key, &self.viewer_key) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some(key), viewer_key) => self.is_admin(key) || is_key(viewer_key.as_deref(), key),
        }
    }

    /// The room that an address means.
    ///
    /// # Errors
    /// [`HubError::RoomNotFound`], also for one that is over; [`HubError::Store`].
    async fn room(&self, app: &App, asked: &Asked) -> Result<Arc<RoomHandle>, HubError> {
        let Some(code) = &asked.room else {
            return self.own_room(app).await;
        };
        let code = RoomCode::parse(code).ok_or(HubError::RoomNotFound)?;
        let room = app.hub.room(&code).await?;
        room.filter(|room| !room.view().life.is_terminal())
            .ok_or(HubError::RoomNotFound)
    }

    async fn own_room(&self, app: &App) -> Result<Arc<RoomHandle>, HubError> {
        let known = || {
            let code = self.room.lock().unwrap_or_else(PoisonError::into_inner);
            code.clone()
        };
        let open = async |code: Option<RoomCode>| match code {
            Some(code) => app.hub.room(&code).await,
            None => Ok(None),
        };
        let lives = |room: &Arc<RoomHandle>| !room.view().life.is_terminal();
        if let Some(room) = open(known()).await?.filter(lives) {
            return Ok(room);
        }
        let _one_at_a_time = self.door.lock().await;
        if let Some(room) = open(known()).await?.filter(lives) {
            return Ok(room);
        }
        let room = self.find_or_make(app).await?;
        let mut code = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        *code = Some(room.code().clone());
        Ok(room)
    }

    /// The settings count for a room of an earlier start, too.
    async fn keep_chat_rate(&self, room: &RoomHandle) {
        let (window_count, window) = self.chat_rate;
        let before = room.view().policy.chat;
        let chat = ChatRules {
            window,
            window_count,
            ..before
        };
        if chat != before {
            let patch = PolicyPatch {
                chat: Some(chat),
                ..PolicyPatch::default()
            };
            let changed = room.call(Actor::Server, Command::SetPolicy { patch }).await;
            if let Err(error) = changed {
                tracing::warn!(%error, "the staged page's limit of messages stays as it was");
            }
        }
    }

    /// Whether an operator has taken the dialect off the air, with a file as the original's scripts do.
    async fn is_offline(&self) -> bool {
        tokio::fs::try_exists(&self.offline).await.unwrap_or(false)
    }

    /// The room under its alias, or a new one where there is none or an administrator has ended it.
    async fn find_or_make(&self, app: &App) -> Result<Arc<RoomHandle>, HubError> {
        let found = app.hub.by_alias(NAME, ALIAS).await?;
        if let Some(room) = found.filter(|room| !room.view().life.is_terminal()) {
            self.keep_chat_rate(&room).await;
            return Ok(room);
        }
        let new = NewRoom {
            name: "Watch party".to_owned(),
            policy: policy(self.chat_rate),
            media: None,
            position: Position::ZERO,
            password_hash: None,
            owner: None,
            schedule: None,
        };
        let made = app.hub.create(new).await?.room;
        let store = &app.hub.store;
        store.move_alias(made.code(), NAME, ALIAS).await?;
        tracing::info!(room = %made.code(), "room of the staged page made");
        Ok(made)
    }
}

/// Compares digests in constant time, so that nothing is learned of a key by trying.
fn is_key(key: Option<&str>, given: &str) -> bool {
    let same = |key| secret::same(&secret::key_hash(key), &secret::key_hash(given));
    key.is_some_and(|key| !given.is_empty() && same(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preset_is_a_policy_and_a_key_is_a_key() {
        policy((5, Span::seconds(5)))
            .check()
            .expect("a sound policy");
        assert!(is_key(Some("the key"), "the key"));
        for (key, given) in [(Some("the key"), ""), (Some("the key"), "the"), (None, "")] {
            assert!(!is_key(key, given));
        }
    }

    #[test]
    fn a_query_says_what_it_says_and_nothing_breaks_it() {
        let of = |uri: &str| Asked::of(&uri.parse().expect("an address"));
        let asked = of("/watchparty?admin=k&room=r&v=1&r1=2");
        assert_eq!((asked.key(), asked.room.as_deref()), (Some("k"), Some("r")));
        assert_eq!(of("/?key=").key(), None);
        assert_eq!(of("/").key(), None);
        assert_eq!(of("/?key=a%20b&path=x%2Fy").path.as_deref(), Some("x/y"));
    }
}
