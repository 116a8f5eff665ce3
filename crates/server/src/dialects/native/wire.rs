//! The messages of `docs/protocol.md`, from the client, as types; and what they mean to a room.
use super::policy::PolicyInput;
use crate::code::RoomCode;
use crate::hub::{PlayerState, Report};
use crate::shelf::{Shelf, ShelfError};
use serde::{Deserialize, Serialize};
use watchalong_room::{
    Command, Fingerprint, InviteId, ItemId, Media, MemberId, MessageId, Policy, Position, Rate,
    ReportId, Revision, ServerTime, Span,
};

/// Anything a client sends.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum ClientMessage {
    Hello(Box<Hello>),
    Clock {
        #[serde(default)]
        id: serde_json::Value,
        #[serde(default)]
        c: f64,
    },
    Cmd(Box<Cmd>),
    Report(WireReport),
    Typing,
}

#[derive(Debug, Deserialize)]
pub(super) struct Hello {
    pub(super) v: u32,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default = "web")]
    pub(super) client: String,
    #[serde(default)]
    pub(super) reports: bool,
    #[serde(default)]
    pub(super) person: Option<String>,
    /// A JWT.
    #[serde(default)]
    pub(super) token: Option<String>,
    #[serde(default)]
    pub(super) resume: Option<String>,
    #[serde(default)]
    pub(super) host_key: Option<String>,
    #[serde(default)]
    pub(super) password: Option<String>,
    #[serde(default)]
    pub(super) invite: Option<String>,
}

fn web() -> String {
    "web".to_owned()
}

#[derive(Debug, Deserialize)]
pub(super) struct Cmd {
    pub(super) id: u64,
    #[serde(flatten)]
    pub(super) what: WireCommand,
}

/// A medium as clients name it: a library id, or an object.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum MediaInput {
    /// A library id.
    Id(String),
    /// By kind.
    Object(MediaObject),
}

/// A medium by its kind.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MediaObject {
    /// A file of the library.
    Library {
        /// Its id.
        #[serde(alias = "id")]
        key: String,
    },
    /// A film that a member of this room brought.
    Upload {
        /// Its id.
        #[serde(alias = "id")]
        key: String,
    },
    /// A film of a provider, in its player.
    Embed {
        /// `provider:id`, as in `youtube:dQw4w9WgXcQ`.
        key: String,
        /// Shown to people; otherwise made of provider and id.
        #[serde(default)]
        title: Option<String>,
    },
    /// An address on the web. One of a provider's pages is its film in its player.
    Url {
        /// `http(s)://…`, fetched by each client itself.
        #[serde(alias = "key")]
        url: String,
        /// Shown to people; otherwise the file's name.
        #[serde(default)]
        title: Option<String>,
    },
    /// Everybody opens their own copy; the server has none.
    Local {
        /// Shown to people.
        title: String,
        /// Seconds.
        #[serde(default)]
        duration: Option<f64>,
        /// Of the copy that whoever asks has opened; `docs/protocol.md` tells how it is made.
        fingerprint: String,
    },
}

impl MediaInput {
    /// The medium, looked up; `room` is the one that it is for, once there is one.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn resolve(&self, shelf: &Shelf, room: Option<&RoomCode>) -> Result<Media, ShelfError> {
        match self {
            Self::Id(key) | Self::Object(MediaObject::Library { key }) => shelf.from_library(key),
            Self::Object(MediaObject::Upload { key }) => {
                shelf.from_upload(room.ok_or(ShelfError::NotFound)?, key)
            }
            Self::Object(MediaObject::Embed { key, title }) => {
                shelf.from_provider(key, title.as_deref())
            }
            Self::Object(MediaObject::Url { url, title }) => {
                shelf.from_address(url, title.as_deref())
            }
            Self::Object(MediaObject::Local {
                title,
                duration,
                fingerprint,
            }) => Shelf::from_own_copies(title, *duration, fingerprint),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum WireCommand {
    Play {
        position: Option<Position>,
        expect: Option<u64>,
    },
    Pause {
        position: Option<Position>,
        expect: Option<u64>,
    },
    Seek {
        position: Position,
        expect: Option<u64>,
    },
    Rate {
        rate: Rate,
    },
    Load {
        media: MediaInput,
        #[serde(default)]
        position: Option<Position>,
        #[serde(default)]
        play: bool,
    },
    Unload,
    Ready {
        item: u64,
        ready: bool,
    },
    Start,
    Undo,
    Ask {
        play: bool,
    },
    Duration {
        item: u64,
        duration: Position,
    },
    Fingerprint {
        item: u64,
        fingerprint: Fingerprint,
    },
    HoldNext {
        item: u64,
        held: bool,
    },
    QueueAdd {
        media: MediaInput,
        before: Option<u64>,
    },
    QueueRemove {
        item: u64,
    },
    QueueMove {
        item: u64,
        before: Option<u64>,
    },
    QueueVote {
        item: u64,
        up: bool,
    },
    QueueSort,
    QueueShuffle,
    QueueClear,
    QueueNext {
        item: Option<u64>,
    },
    PoolOffer {
        media: Vec<MediaInput>,
    },
    PoolDraw,
    PoolReset,
    Say {
        text: String,
        reply_to: Option<u64>,
    },
    DeleteMessage {
        message: u64,
    },
    React {
        emoji: String,
    },
    Rename {
        name: String,
    },
    Admit {
        member: u32,
    },
    Deny {
        member: u32,
    },
    Kick {
        member: u32,
    },
    Ban {
        member: u32,
        #[serde(default)]
        address: bool,
    },
    Unban {
        member: u32,
    },
    Mute {
        member: u32,
        muted: bool,
    },
    CoHost {
        member: u32,
        co_host: bool,
    },
    HandOver {
        member: u32,
    },
    Policy {
        patch: PolicyInput,
    },
    RoomName {
        name: String,
    },
    Schedule {
        at: Option<ServerTime>,
    },
    Words {
        words: Vec<String>,
    },
    Report {
        message: Option<u64>,
        member: Option<u32>,
        reason: String,
    },
    Resolve {
        report: u64,
    },
    Invite {
        uses: Option<u32>,
        lasts: Option<Span>,
        label: Option<String>,
    },
    RevokeInvite {
        invite: u64,
    },
    Leave,
    End,
}

/// Why a command of the wire has no meaning.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoMeaning {
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error("{0}")]
    Policy(String),
}

impl NoMeaning {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Shelf(error) => error.code(),
            Self::Policy(_) => "bad_policy",
        }
    }
}

impl WireCommand {
    /// The room's command. `policy` is the one in force, for patches of a part of it.
    pub(super) fn decode(
        self,
        shelf: &Shelf,
        room: &RoomCode,
        policy: impl FnOnce() -> Policy,
    ) -> Result<Command, NoMeaning> {
        let item = ItemId;
        let member = MemberId;
        let expect = |rev: Option<u64>| rev.map(Revision);
        Ok(match self {
            Self::Play {
                position,
                expect: rev,
            } => Command::Play {
                position,
                expect: expect(rev),
            },
            Self::Pause {
                position,
                expect: rev,
            } => Command::Pause {
                position,
                expect: expect(rev),
            },
            Self::Seek {
                position,
                expect: rev,
            } => Command::Seek {
                position,
                expect: expect(rev),
            },
            Self::Rate { rate } => Command::SetRate { rate },
            Self::Load {
                media,
                position,
                play,
            } => Command::Load {
                media: media.resolve(shelf, Some(room))?,
                position: position.unwrap_or_default(),
                play,
            },
            Self::Unload => Command::Unload,
            Self::Ready { item: of, ready } => Command::Ready {
                item: item(of),
                ready,
            },
            Self::Start => Command::ForceStart,
            Self::Undo => Command::Undo,
            Self::Ask { play } => Command::Ask { play },
            Self::Duration { item: of, duration } => Command::SetDuration {
                item: item(of),
                duration,
            },
            Self::Fingerprint {
                item: of,
                fingerprint,
            } => Command::SetFingerprint {
                item: item(of),
                fingerprint,
            },
            Self::HoldNext { item: of, held } => Command::HoldSequel {
                item: item(of),
                held,
            },
            Self::QueueAdd { media, before } => Command::QueueAdd {
                media: media.resolve(shelf, Some(room))?,
                before: before.map(item),
            },
            Self::QueueRemove { item: of } => Command::QueueRemove { item: item(of) },
            Self::QueueMove { item: of, before } => Command::QueueMove {
                item: item(of),
                before: before.map(item),
            },
            Self::QueueVote { item: of, up } => Command::QueueVote { item: item(of), up },
            Self::QueueSort => Command::QueueSort,
            Self::QueueShuffle => Command::QueueShuffle,
            Self::QueueClear => Command::QueueClear,
            Self::QueueNext { item: of } => Command::QueueNext { item: of.map(item) },
            Self::PoolOffer { media } => Command::PoolOffer {
                media: media
                    .iter()
                    .map(|one| one.resolve(shelf, Some(room)))
                    .collect::<Result<_, _>>()?,
            },
            Self::PoolDraw => Command::PoolDraw,
            Self::PoolReset => Command::PoolReset,
            Self::Say { text, reply_to } => Command::Say {
                text,
                reply_to: reply_to.map(MessageId),
            },
            Self::DeleteMessage { message } => Command::DeleteMessage {
                message: MessageId(message),
            },
            Self::React { emoji } => Command::React {
                emoji,
                position: None,
            },
            Self::Rename { name } => Command::Rename { name },
            Self::Admit { member: who } => Command::Admit {
                member: member(who),
            },
            Self::Deny { member: who } => Command::Deny {
                member: member(who),
            },
            Self::Kick { member: who } => Command::Kick {
                member: member(who),
            },
            Self::Ban {
                member: who,
                address,
            } => Command::Ban {
                member: member(who),
                address,
            },
            Self::Unban { member: who } => Command::Unban {
                member: member(who),
            },
            Self::Mute { member: who, muted } => Command::Mute {
                member: member(who),
                muted,
            },
            Self::CoHost {
                member: who,
                co_host,
            } => Command::SetCoHost {
                member: member(who),
                co_host,
            },
            Self::HandOver { member: who } => Command::HandOver {
                member: member(who),
            },
            Self::Policy { patch } => Command::SetPolicy {
                patch: patch.patch(&policy()).map_err(NoMeaning::Policy)?,
            },
            Self::RoomName { name } => Command::SetName { name },
            Self::Schedule { at } => Command::SetSchedule { at },
            Self::Words { words } => Command::SetWords { words },
            Self::Report {
                message,
                member: who,
                reason,
            } => Command::Report {
                message: message.map(MessageId),
                member: who.map(member),
                reason,
            },
            Self::Resolve { report } => Command::ResolveReport {
                report: ReportId(report),
            },
            Self::Invite { uses, lasts, label } => Command::MakeInvite { uses, lasts, label },
            Self::RevokeInvite { invite } => Command::RevokeInvite {
                invite: InviteId(invite),
            },
            Self::Leave => Command::Leave,
            Self::End => Command::End,
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireReport {
    position: Option<f64>,
    skew: Option<f64>,
    buffer: Option<f64>,
    delay: Option<f64>,
    jitter: Option<f64>,
    startup: Option<f64>,
    state: Option<String>,
}

impl WireReport {
    /// The report, without numbers that can't be (they would be shown to everybody).
    pub(super) fn decode(self) -> Report {
        let sane =
            |value: Option<f64>, most: f64| value.filter(|v| v.is_finite() && v.abs() <= most);
        const DAY_MS: f64 = 86_400_000.0;
        Report {
            position: sane(self.position, Position::MAX.seconds()),
            skew_ms: sane(self.skew, DAY_MS),
            buffer_s: sane(self.buffer, Position::MAX.seconds()),
            delay_ms: sane(self.delay, DAY_MS).filter(|d| *d >= 0.0),
            jitter_ms: sane(self.jitter, DAY_MS).filter(|j| *j >= 0.0),
            startup_ms: sane(self.startup, DAY_MS).filter(|s| *s >= 0.0),
            state: match self.state.as_deref() {
                Some("playing") => PlayerState::Playing,
                Some("paused") => PlayerState::Paused,
                Some("holding") => PlayerState::Holding,
                Some("buffering") => PlayerState::Buffering,
                Some("seeking") => PlayerState::Seeking,
                Some("hidden") => PlayerState::Hidden,
                Some("blocked") => PlayerState::Blocked,
                Some("error") => PlayerState::Error,
                _ => PlayerState::Unknown,
            },
        }
    }
}

/// Reads a message as a connection does; for fuzzing.
pub(in crate::dialects) fn decode(text: &str) {
    match serde_json::from_str(text) {
        Ok(ClientMessage::Report(report)) => drop(report.decode()),
        Ok(_) => {}
        Err(error) => {
            let known = serde_json::from_str::<Peek>(text).unwrap_or_default();
            known.diagnose(&error);
        }
    }
}

/// As much of a message as is needed to say what is wrong with it.
#[derive(Default, Deserialize)]
pub(super) struct Peek {
    #[serde(default)]
    t: Option<String>,
    #[serde(default)]
    pub(super) id: Option<u64>,
    #[serde(default, rename = "do")]
    what: Option<String>,
}

impl Peek {
    pub(super) fn diagnose(&self, error: &serde_json::Error) -> (&'static str, String) {
        let unknown = error.to_string().contains("unknown variant");
        match (&self.t, &self.what) {
            (Some(t), Some(what)) if unknown && t == "cmd" => (
                "unknown_type",
                format!("This server knows no command \"{}\".", short(what)),
            ),
            (Some(t), _) if unknown && t != "cmd" => (
                "unknown_type",
                format!("This server knows no message \"{}\".", short(t)),
            ),
            _ => (
                "bad_message",
                format!("This message can't be read: {error}."),
            ),
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
