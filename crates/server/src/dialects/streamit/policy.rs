//! What a room made here allows.
use std::time::Duration;
use watchalong_room::{
    BarrierPolicy, ChatRules, Controls, EntryPolicy, HostAbsence, Media, Policy, Preset,
    SourceKind, Span, StartLead, Visibility, Who,
};

/// Characters of a message.
pub(super) const CHAT_LENGTH: usize = 500;
/// Who sent too many messages is not heard for this long (`socket` counts it, from the one too many).
pub(super) const CHAT_COOLDOWN: Duration = Duration::from_secs(10);
/// A host who pauses is where they say, however far the room believed them to be.
const ANYWHERE: Span = Span::seconds(30 * 24 * 3600);

/// As a room is made: the host alone steers and moderates, nothing is scheduled ahead, nobody is waited for, a seat is
/// gone with its connection, and the room waits `grace` for its host.
pub(super) fn preset(entry: EntryPolicy, grace: Duration) -> Policy {
    let own = Policy::default();
    Policy {
        entry,
        visibility: if entry == EntryPolicy::Open {
            Visibility::Public
        } else {
            Visibility::Private
        },
        controls: Controls {
            invite: Who::Host,
            people: Who::Host,
            ..Controls::preset(Preset::Host)
        },
        seek_pauses: false,
        host_absence: HostAbsence::Grace {
            span: Span(grace.as_millis() as i64),
        },
        barrier: BarrierPolicy::Off,
        start_lead: StartLead::AT_ONCE,
        chat: ChatRules {
            duplicate_span: Span::seconds(3),
            ..ChatRules::within(CHAT_LENGTH as u32, 5, Span::seconds(3))
        },
        seat_hold: Span(0),
        auto_advance: false,
        pause_within: ANYWHERE,
        kicked_return: true,
        ..own
    }
}

/// What is on before a host chose anything: rooms here play from the first moment, each on a page of its own.
pub(super) fn nothing_chosen() -> Media {
    Media {
        kind: SourceKind::Local,
        key: super::NAME.to_owned(),
        title: "StreamIt".to_owned(),
        duration: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preset_is_a_policy() {
        for entry in [
            EntryPolicy::Open,
            EntryPolicy::Password,
            EntryPolicy::Approval,
        ] {
            let grace = Duration::from_secs(86_400);
            preset(entry, grace).check().expect("a sound policy");
        }
        nothing_chosen().checked().expect("a sound medium");
    }
}
