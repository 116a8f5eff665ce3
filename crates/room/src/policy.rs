//! Policy is data: what a room allows, decided when it is made and changed by its host.
//!
//! Every wire format creates rooms with its own preset of these; a room's policy, not
//! the wire format, decides what happens, so that clients of all kinds can share it.
use crate::{Refusal, Span};
use serde::{Deserialize, Serialize};

/// Who may do a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Every admitted member.
    Everyone,
    /// Host and co-hosts.
    CoHosts,
    /// The host alone.
    Host,
}

impl Who {
    /// Its name in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::CoHosts => "co_hosts",
            Self::Host => "host",
        }
    }
}

/// How somebody gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The link is enough.
    Open,
    /// The link and a password (checked at the edge, seen here as a grant).
    Password,
    /// Knock; the host or a co-host decides.
    Approval,
    /// Only with an invite token (checked at the edge).
    Invite,
}

impl Entry {
    /// Its name in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Password => "password",
            Self::Approval => "approval",
            Self::Invite => "invite",
        }
    }
}

/// Where the room can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// In the directory.
    Public,
    /// By its link.
    Unlisted,
    /// By its link, and told to nobody: not even by name before entry.
    Private,
}

impl Visibility {
    /// Its name in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Private => "private",
        }
    }
}

/// What happens when no seat of the host is connected (after the seat hold).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum HostAbsence {
    /// The room goes on without a host; the role waits for them.
    Stay,
    /// The room ends at once.
    Close,
    /// A countdown, then the room expires unless the host is back.
    Grace {
        /// Length of the countdown.
        span: Span,
    },
    /// The longest present co-host becomes host, else the longest present member.
    HandOver,
}

impl HostAbsence {
    fn describe(&self) -> String {
        match self {
            Self::Stay => "stay".to_owned(),
            Self::Close => "close".to_owned(),
            Self::Grace { span } => format!("grace {}", span.0),
            Self::HandOver => "hand_over".to_owned(),
        }
    }
}

/// Waiting for each other before a start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Barrier {
    /// Start when told to.
    Off,
    /// Wait until enough reporting members are ready, or the deadline.
    Wait {
        /// Share of reporting, present members that must be ready: 0 < q <= 1.
        quorum: f64,
        /// The longest wait.
        deadline: Span,
    },
}

impl Barrier {
    fn describe(&self) -> String {
        match self {
            Self::Off => "off".to_owned(),
            Self::Wait { quorum, deadline } => format!("wait {quorum} {}", deadline.0),
        }
    }
}

/// How far ahead a start is scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum StartLead {
    /// Just enough for the slowest reporting member, as the edge measured it and put into the entry.
    Adaptive {
        /// Never shorter than this.
        min: Span,
        /// Never longer: one bad link must not delay everybody.
        max: Span,
    },
    /// Always the same, per action (some wire formats promise it).
    Fixed {
        /// For play.
        play: Span,
        /// For pause.
        pause: Span,
        /// For seek.
        seek: Span,
    },
}

impl StartLead {
    /// Nothing is scheduled ahead.
    pub const AT_ONCE: Self = Self::Fixed {
        play: Span(0),
        pause: Span(0),
        seek: Span(0),
    };

    fn describe(&self) -> String {
        match self {
            Self::Adaptive { min, max } => format!("adaptive {} {}", min.0, max.0),
            Self::Fixed { play, pause, seek } => {
                format!("fixed {} {} {}", play.0, pause.0, seek.0)
            }
        }
    }
}

/// Who controls what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controls {
    /// Play and pause.
    pub play: Who,
    /// Seek.
    pub seek: Who,
    /// Playback speed.
    pub rate: Who,
    /// Load media and change the queue.
    pub queue: Who,
    /// Write in the chat.
    pub chat: Who,
    /// Make invitations.
    pub invite: Who,
    /// Admit, mute, kick and ban.
    pub people: Who,
    /// Whether who may not pause can ask for it.
    pub ask: bool,
}

impl ChatRules {
    /// With nothing but a length and a window, for wire formats that promise no more.
    pub fn within(max_length: u32, window_count: u32, window: Span) -> Self {
        Self {
            enabled: true,
            max_length,
            window,
            window_count,
            cool_down: Span(0),
            duplicate_span: Span(0),
            slow_mode: Span(0),
        }
    }
}

/// The rules of the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatRules {
    /// Off: no messages, no reactions; playback is untouched.
    pub enabled: bool,
    /// Characters in one message.
    pub max_length: u32,
    /// At most `window_count` messages of one member in `window`.
    pub window: Span,
    /// See `window`.
    pub window_count: u32,
    /// Refusal time after the window was exceeded.
    pub cool_down: Span,
    /// The same text again within this span is a duplicate; zero allows all.
    pub duplicate_span: Span,
    /// Slow mode: least time between two messages of a member; zero is off.
    pub slow_mode: Span,
}

/// All of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// How somebody gets in.
    pub entry: Entry,
    /// Where the room can be found.
    pub visibility: Visibility,
    /// Who controls what.
    pub controls: Controls,
    /// Whether a seek pauses.
    pub seek_pauses: bool,
    /// What a host's absence does.
    pub host_absence: HostAbsence,
    /// Waiting for each other.
    pub barrier: Barrier,
    /// How far ahead starts are scheduled.
    pub start_lead: StartLead,
    /// Members at most (present and held).
    pub capacity: u32,
    /// Chat rules.
    pub chat: ChatRules,
    /// How long a lost seat is kept for its owner.
    pub seat_hold: Span,
    /// A room with nobody in it for this long expires.
    pub idle_expiry: Span,
    /// Whether the next item of the queue starts by itself at the end of one.
    pub auto_advance: bool,
    /// How long the last control can be undone.
    pub undo_window: Span,
    /// How far from the timeline a pause may say it was and still stop there; further off, it stops where the
    /// timeline is.
    #[serde(default = "pause_within")]
    pub pause_within: Span,
    /// Whether another medium can be put on while people get ready to start one.
    #[serde(default = "yes")]
    pub load_interrupts: bool,
    /// At most `reaction_count` reactions of one member in `reaction_window`.
    #[serde(default = "reaction_window")]
    pub reaction_window: Span,
    /// See `reaction_window`.
    #[serde(default = "reaction_count")]
    pub reaction_count: u32,
    /// Whether those who were kicked may come back as if they had left, instead of having to knock.
    #[serde(default)]
    pub kicked_return: bool,
}

const fn reaction_window() -> Span {
    Span::seconds(1)
}

/// A thumb can't tap faster, a script can.
const fn reaction_count() -> u32 {
    5
}

/// A player in step is within 2 s (past that it seeks), a command travels less than 1 s; whoever is further off is
/// buffering or mistaken, and must not drag everybody along.
const fn pause_within() -> Span {
    Span::seconds(3)
}

const fn yes() -> bool {
    true
}

impl Default for Policy {
    /// Our own page's preset: friends with a link, everyone may control, wait for each other briefly.
    fn default() -> Self {
        Self {
            entry: Entry::Open,
            visibility: Visibility::Unlisted,
            controls: Controls {
                play: Who::Everyone,
                seek: Who::Everyone,
                rate: Who::CoHosts,
                queue: Who::Everyone,
                chat: Who::Everyone,
                invite: Who::Everyone,
                people: Who::CoHosts,
                ask: true,
            },
            seek_pauses: false,
            host_absence: HostAbsence::Stay,
            barrier: Barrier::Wait {
                quorum: 1.0,
                deadline: Span::seconds(10),
            },
            start_lead: StartLead::Adaptive {
                min: Span(120),
                max: Span(1500),
            },
            capacity: 10_000,
            chat: ChatRules {
                enabled: true,
                max_length: 2000,
                window: Span::seconds(10),
                window_count: 10,
                cool_down: Span::seconds(10),
                duplicate_span: Span::seconds(5),
                slow_mode: Span(0),
            },
            seat_hold: Span::seconds(90),
            idle_expiry: Span::seconds(24 * 3600),
            auto_advance: true,
            undo_window: Span::seconds(10),
            pause_within: pause_within(),
            load_interrupts: yes(),
            reaction_window: reaction_window(),
            reaction_count: reaction_count(),
            kicked_return: false,
        }
    }
}

/// Changes to a policy; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyPatch {
    /// See [`Policy::entry`].
    pub entry: Option<Entry>,
    /// See [`Policy::visibility`].
    pub visibility: Option<Visibility>,
    /// See [`Policy::controls`].
    pub controls: Option<Controls>,
    /// See [`Policy::seek_pauses`].
    pub seek_pauses: Option<bool>,
    /// See [`Policy::host_absence`].
    pub host_absence: Option<HostAbsence>,
    /// See [`Policy::barrier`].
    pub barrier: Option<Barrier>,
    /// See [`Policy::start_lead`].
    pub start_lead: Option<StartLead>,
    /// See [`Policy::capacity`].
    pub capacity: Option<u32>,
    /// See [`Policy::chat`].
    pub chat: Option<ChatRules>,
    /// See [`Policy::idle_expiry`].
    pub idle_expiry: Option<Span>,
    /// See [`Policy::auto_advance`].
    pub auto_advance: Option<bool>,
}

/// Longest span that any rule counts in: ten years, so that adding two of them never overflows.
const LONGEST: Span = Span::seconds(10 * 366 * 24 * 3600);
/// Longest wait of a barrier; past this nobody believes that it starts by itself.
const LONGEST_BARRIER: Span = Span::seconds(10 * 60);
/// Longest lead of a start; longer is a countdown, not a lead.
const LONGEST_LEAD: Span = Span::seconds(10);
/// Longest hold of a lost seat.
const LONGEST_HOLD: Span = Span::seconds(24 * 3600);
/// Longest time for taking something back; later it would surprise more than help.
const LONGEST_UNDO: Span = Span::seconds(5 * 60);
/// Members that a room is built and measured for, ten times over.
const LARGEST_CAPACITY: u32 = 100_000;
/// Characters in a message that any room can allow.
const LONGEST_MESSAGE: u32 = 10_000;

impl Policy {
    /// This policy with a patch applied.
    pub fn patched(&self, patch: &PolicyPatch) -> Self {
        Self {
            entry: patch.entry.unwrap_or(self.entry),
            visibility: patch.visibility.unwrap_or(self.visibility),
            controls: patch.controls.unwrap_or(self.controls),
            seek_pauses: patch.seek_pauses.unwrap_or(self.seek_pauses),
            host_absence: patch.host_absence.unwrap_or(self.host_absence),
            barrier: patch.barrier.unwrap_or(self.barrier),
            start_lead: patch.start_lead.unwrap_or(self.start_lead),
            capacity: patch.capacity.unwrap_or(self.capacity),
            chat: patch.chat.unwrap_or(self.chat),
            seat_hold: self.seat_hold,
            idle_expiry: patch.idle_expiry.unwrap_or(self.idle_expiry),
            auto_advance: patch.auto_advance.unwrap_or(self.auto_advance),
            undo_window: self.undo_window,
            pause_within: self.pause_within,
            load_interrupts: self.load_interrupts,
            reaction_window: self.reaction_window,
            reaction_count: self.reaction_count,
            kicked_return: self.kicked_return,
        }
    }

    /// The window of reactions, and how many it allows.
    pub(crate) fn reactions(&self) -> (Span, usize) {
        (self.reaction_window, self.reaction_count as usize)
    }

    /// What another policy has otherwise, for the audit: `controls.play=host, capacity=12`.
    pub(crate) fn difference(&self, other: &Self) -> String {
        let who = |who: Who| who.as_str().to_owned();
        let parts = |policy: &Self| {
            let (c, chat) = (policy.controls, policy.chat);
            [
                ("entry", policy.entry.as_str().to_owned()),
                ("visibility", policy.visibility.as_str().to_owned()),
                ("controls.play", who(c.play)),
                ("controls.seek", who(c.seek)),
                ("controls.rate", who(c.rate)),
                ("controls.queue", who(c.queue)),
                ("controls.chat", who(c.chat)),
                ("controls.invite", who(c.invite)),
                ("controls.people", who(c.people)),
                ("controls.ask", c.ask.to_string()),
                ("seek_pauses", policy.seek_pauses.to_string()),
                ("host_absence", policy.host_absence.describe()),
                ("barrier", policy.barrier.describe()),
                ("start_lead", policy.start_lead.describe()),
                ("capacity", policy.capacity.to_string()),
                ("chat.enabled", chat.enabled.to_string()),
                ("chat.max_length", chat.max_length.to_string()),
                ("chat.window", chat.window.0.to_string()),
                ("chat.window_count", chat.window_count.to_string()),
                ("chat.cool_down", chat.cool_down.0.to_string()),
                ("chat.duplicate_span", chat.duplicate_span.0.to_string()),
                ("chat.slow_mode", chat.slow_mode.0.to_string()),
                ("seat_hold", policy.seat_hold.0.to_string()),
                ("idle_expiry", policy.idle_expiry.0.to_string()),
                ("auto_advance", policy.auto_advance.to_string()),
                ("undo_window", policy.undo_window.0.to_string()),
            ]
        };
        let pairs = parts(self).into_iter().zip(parts(other));
        let changed = pairs.filter(|((_, old), (_, new))| old != new);
        let lines: Vec<String> = changed
            .map(|(_, (name, new))| format!("{name}={new}"))
            .collect();
        lines.join(", ")
    }

    /// Whether a room can be run by this policy.
    ///
    /// # Errors
    /// [`Refusal::BadPolicy`] names the setting and its range.
    pub fn check(&self) -> Result<(), Refusal> {
        let within = |span: Span, least: Span, most: Span| span >= least && span <= most;
        let (zero, tick) = (Span(0), Span(1));
        let grace = match self.host_absence {
            HostAbsence::Grace { span } => within(span, zero, LONGEST),
            _ => true,
        };
        let (quorum, wait) = match self.barrier {
            Barrier::Wait { quorum, deadline } => (
                quorum > 0.0 && quorum <= 1.0,
                within(deadline, tick, LONGEST_BARRIER),
            ),
            Barrier::Off => (true, true),
        };
        let lead = match self.start_lead {
            StartLead::Adaptive { min, max } => within(min, zero, max) && max <= LONGEST_LEAD,
            StartLead::Fixed { play, pause, seek } => [play, pause, seek]
                .iter()
                .all(|s| within(*s, zero, LONGEST_LEAD)),
        };
        let chat = &self.chat;
        let spans = [
            chat.window,
            chat.cool_down,
            chat.duplicate_span,
            chat.slow_mode,
        ];
        let checks = [
            (
                grace,
                "The grace for an absent host must be between 0 s and ten years.",
            ),
            (
                quorum,
                "The barrier's quorum must be more than 0 and at most 1.",
            ),
            (
                wait,
                "The barrier's deadline must be between 1 ms and 10 minutes.",
            ),
            (
                lead,
                "The start lead must be between 0 s and 10 s, its minimum not above its maximum.",
            ),
            (
                (1..=LARGEST_CAPACITY).contains(&self.capacity),
                "The capacity must be between 1 and 100,000 people.",
            ),
            (
                (1..=LONGEST_MESSAGE).contains(&chat.max_length),
                "A message's length must be between 1 and 10,000.",
            ),
            (
                (1..=crate::chat::MAX_WINDOW_COUNT).contains(&chat.window_count),
                "Between 1 and 100 messages must be allowed in the chat's window.",
            ),
            (
                (1..=crate::chat::MAX_WINDOW_COUNT).contains(&self.reaction_count),
                "Between 1 and 100 reactions must be allowed in their window.",
            ),
            (
                within(self.reaction_window, zero, LONGEST_HOLD),
                "The window of reactions must be between 0 s and one day.",
            ),
            (
                spans.iter().all(|s| within(*s, zero, LONGEST_HOLD)),
                "The chat's spans must be between 0 s and one day.",
            ),
            (
                within(self.seat_hold, zero, LONGEST_HOLD),
                "The seat hold must be between 0 s and one day.",
            ),
            (
                within(self.pause_within, zero, LONGEST),
                "How far off a pause may be must be between 0 s and ten years.",
            ),
            (
                within(self.idle_expiry, Span::seconds(1), LONGEST),
                "The idle expiry must be between 1 s and ten years.",
            ),
            (
                within(self.undo_window, zero, LONGEST_UNDO),
                "The undo window must be between 0 s and 5 minutes.",
            ),
        ];
        checks
            .iter()
            .find(|(holds, _)| !holds)
            .map_or(Ok(()), |(_, what)| Err(Refusal::BadPolicy(what)))
    }
}
