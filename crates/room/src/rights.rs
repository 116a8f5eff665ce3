//! Who may do what: the one table, and the one place that asks it.
//!
//! Every command has a [`Need`]; `Room::permit` compares it with the actor before any rule
//! runs. A rule that needs more (a target that may not be touched, a message that is one's
//! own) refuses for that reason; none grants what the table denies.
use crate::{
    Actor, Command, ControlKind, Member, MemberId, Policy, Refusal, Role, Room, SeatId, Standing,
    Who,
};
use serde::{Deserialize, Serialize};

/// What a member may do right now: what a page enables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Play and pause.
    pub play: bool,
    /// Seek.
    pub seek: bool,
    /// Playback speed.
    pub rate: bool,
    /// Load media and change the queue.
    pub queue: bool,
    /// Write and react. False for the muted and where the chat is off.
    pub chat: bool,
    /// Make invitations.
    pub invite: bool,
    /// Admit, mute, kick and ban; reports, word list and audit.
    pub people: bool,
    /// What only the host may: policy, name, schedule, co-hosts, hand-over, end.
    pub host: bool,
    /// Ask those who may to play or pause, where one may not.
    pub ask: bool,
}

/// What a command asks of its actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Only the server itself.
    Server,
    /// The edge, in the name of a seat that may not exist yet or any more.
    Seat,
    /// A seat, admitted or not.
    Here,
    /// An admitted member in person: the server can't do it for them.
    Member,
    /// An admitted member who reaches this far, or the server.
    Reach(Who, &'static str),
    /// As `Reach`, but in person.
    Speak(Who, &'static str),
}

/// Who passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// `None` for the server, and for a seat that isn't in the room (yet).
    pub(crate) member: Option<MemberId>,
    /// `None` for the server.
    pub(crate) seat: Option<SeatId>,
    /// Unlimited: the server.
    pub(crate) role: Option<Role>,
}

/// What each command needs under a policy. The whole table.
pub(crate) fn need(policy: &Policy, command: &Command, undoable: Option<ControlKind>) -> Need {
    let c = &policy.controls;
    match command {
        Command::Tick
        | Command::NodeLost { .. }
        | Command::Enroll { .. }
        | Command::Arrived { .. }
        | Command::Suggest { .. }
        | Command::PasswordChanged { .. } => Need::Server,
        Command::Join { .. } | Command::Reserve { .. } | Command::Disconnect { .. } => Need::Seat,
        Command::Resume { .. } | Command::Leave | Command::Withdraw | Command::Rename { .. } => {
            Need::Here
        }
        Command::Ready { .. }
        | Command::SetFingerprint { .. }
        | Command::Ask { .. }
        | Command::QueueVote { .. }
        | Command::PoolOffer { .. }
        | Command::Report { .. } => Need::Member,

        Command::Play { .. } | Command::ForceStart => Need::Reach(c.play, "start playback"),
        Command::Pause { .. } => Need::Reach(c.play, "pause"),
        Command::SetDuration { .. } => Need::Reach(c.play, "set the length"),
        Command::Seek { .. } => Need::Reach(c.seek, "seek"),
        Command::Steer { .. } => Need::Reach(Who::Host, "lead the room"),
        Command::SetRate { .. } => Need::Reach(c.rate, "change the speed"),
        Command::HoldSequel { .. } => Need::Reach(c.queue, "say what comes next"),
        Command::Load { .. } | Command::Unload => Need::Reach(c.queue, "choose what to watch"),
        Command::Undo => Need::Reach(
            match undoable {
                Some(ControlKind::Seek) => c.seek,
                Some(ControlKind::Rate) => c.rate,
                Some(ControlKind::Load | ControlKind::Unload) => c.queue,
                _ => c.play,
            },
            "take that back",
        ),

        Command::QueueAdd { .. }
        | Command::QueueRemove { .. }
        | Command::QueueMove { .. }
        | Command::QueueSort
        | Command::QueueShuffle
        | Command::QueueClear
        | Command::QueueNext { .. } => Need::Reach(c.queue, "change the queue"),
        Command::PoolDraw | Command::PoolReset => Need::Reach(c.queue, "draw from the pool"),

        Command::Say { .. } => Need::Speak(c.chat, "write in the chat"),
        Command::React { .. } => Need::Speak(c.chat, "react"),
        // One's own, or anybody's with the right to manage people: the rule looks at the message.
        Command::DeleteMessage { .. } => Need::Reach(Who::Everyone, "delete messages"),

        Command::Admit { .. } | Command::Deny { .. } => Need::Reach(c.people, "let people in"),
        Command::Mute { .. } => Need::Reach(c.people, "mute people"),
        Command::Kick { .. } => Need::Reach(c.people, "remove people"),
        Command::Ban { .. } | Command::Unban { .. } => Need::Reach(c.people, "ban people"),

        Command::SetWords { .. } => Need::Reach(c.people, "change the word list"),
        Command::ResolveReport { .. } => Need::Reach(c.people, "close reports"),
        Command::MakeInvite { .. } => Need::Reach(c.invite, "invite people"),
        // One's own, or anybody's with the right to manage people: the rule looks at the invitation.
        Command::RevokeInvite { .. } => Need::Reach(Who::Everyone, "take invitations back"),

        Command::SetCoHost { .. } => Need::Reach(Who::Host, "appoint co-hosts"),
        Command::HandOver { .. } => Need::Reach(Who::Host, "hand the room over"),
        Command::SetPolicy { .. } => Need::Reach(Who::Host, "change the settings"),
        Command::SetName { .. } => Need::Reach(Who::Host, "rename the room"),
        Command::SetSchedule { .. } => Need::Reach(Who::Host, "schedule the party"),
        Command::End => Need::Reach(Who::Host, "end the party"),
    }
}

/// Whether a role reaches as far as `who`.
pub(crate) fn reaches(role: Role, who: Who) -> bool {
    match who {
        Who::Everyone => true,
        Who::CoHosts => role != Role::Viewer,
        Who::Host => role == Role::Host,
    }
}

impl Room {
    /// The one decision: who this is, or why they may not.
    pub(crate) fn permit(&self, actor: Actor, command: &Command) -> Result<Caller, Refusal> {
        let need = need(self.policy(), command, self.undoable_kind());
        let Actor::Seat(seat) = actor else {
            return match need {
                Need::Server | Need::Reach(..) => Ok(Caller {
                    member: None,
                    seat: None,
                    role: None,
                }),
                // These are somebody's own: the server has no seat to do them from.
                Need::Seat | Need::Here | Need::Member | Need::Speak(..) => {
                    Err(Refusal::UnknownSeat)
                }
            };
        };
        let member = self.member_of_seat(seat);
        let caller = Caller {
            member: member.map(|m| m.id),
            seat: Some(seat),
            role: member.map(|m| m.role),
        };
        match need {
            Need::Server => Err(Refusal::ServerOnly),
            Need::Seat => Ok(caller),
            Need::Here => member.map(|_| caller).ok_or(Refusal::UnknownSeat),
            Need::Member => admitted(member).map(|_| caller),
            Need::Reach(needs, what) | Need::Speak(needs, what) => {
                let member = admitted(member)?;
                if reaches(member.role, needs) {
                    Ok(caller)
                } else {
                    Err(Refusal::NotAllowed { needs, what })
                }
            }
        }
    }

    /// What a member may do now. All false for somebody who isn't admitted, and once the room is over.
    pub fn rights(&self, member: MemberId) -> Rights {
        let Some(member) = self.member(member).filter(|m| m.admitted()) else {
            return Rights::default();
        };
        if self.life().is_terminal() {
            return Rights::default();
        }
        let (c, may) = (&self.policy().controls, |who| reaches(member.role, who));
        Rights {
            play: may(c.play),
            seek: may(c.seek),
            rate: may(c.rate),
            queue: may(c.queue),
            chat: may(c.chat) && self.policy().chat.enabled && !member.muted,
            invite: may(c.invite),
            people: may(c.people),
            host: may(Who::Host),
            ask: c.ask && !may(c.play) && !member.muted,
        }
    }
}

fn admitted(member: Option<&Member>) -> Result<&Member, Refusal> {
    match member {
        None => Err(Refusal::UnknownSeat),
        Some(member) if member.standing == Standing::Pending => Err(Refusal::Pending),
        Some(member) => Ok(member),
    }
}
