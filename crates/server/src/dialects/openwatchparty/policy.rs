//! What an OpenWatchParty room allows, and how its rolling start is one.
use super::wire;
use watchalong_room::{
    BarrierPolicy, ChatRules, Controls, EntryPolicy, HostAbsence, Policy, PolicyPatch, Preset,
    Span, StartLead, Visibility, Who,
};

/// `MAX_READY_WAIT_MS` of the original.
pub(super) const READY_WAIT: Span = Span(2000);
/// `PLAY_SCHEDULE_MS` of the original.
const PLAY_LEAD: Span = Span(1500);
/// Members of a room, its host with them.
const MEMBERS: u32 = 20;
/// A host who pauses is where they say, however far the room believed them to be.
const ANYWHERE: Span = Span::seconds(24 * 3600);

const fn lead(play: Span) -> StartLead {
    StartLead::Fixed {
        play,
        pause: Span(0),
        seek: Span(0),
    }
}

/// As a room is made.
pub(super) fn preset() -> Policy {
    Policy {
        entry: EntryPolicy::Open,
        visibility: Visibility::Public,
        controls: Controls {
            invite: Who::Everyone,
            people: Who::Host,
            ..Controls::preset(Preset::Host)
        },
        seek_pauses: false,
        host_absence: HostAbsence::Close,
        barrier: BarrierPolicy::Wait {
            quorum: 1.0,
            deadline: READY_WAIT,
        },
        start_lead: lead(PLAY_LEAD),
        capacity: MEMBERS,
        // The format limits messages of all kinds together; nothing of the chat's own.
        chat: ChatRules::within(wire::CHAT_LENGTH as u32, wire::MESSAGES, Span::seconds(1)),
        auto_advance: false,
        pause_within: ANYWHERE,
        ..Policy::default()
    }
}

/// What changes once the host's player turns out to lead by itself: it plays already when it says so, and every
/// millisecond of a schedule would be skew. `None` where the room is rolling, or is not one of ours.
pub(super) fn rolling(policy: &Policy) -> Option<PolicyPatch> {
    let made = preset();
    let waits = policy.barrier == made.barrier && policy.start_lead == made.start_lead;
    waits.then(|| PolicyPatch {
        barrier: Some(BarrierPolicy::Off),
        start_lead: Some(StartLead::AT_ONCE),
        ..PolicyPatch::default()
    })
}

/// Whether a client that reports ready once, and never takes it back, may be waited for here.
pub(super) fn may_wait(policy: &Policy) -> bool {
    matches!(policy.barrier, BarrierPolicy::Wait { deadline, .. } if deadline <= READY_WAIT)
}
