//! What a watch party allows, and the document's four visibilities in the room's terms.
use watchalong_room::{
    BarrierPolicy, ChatRules, Controls, EntryPolicy, HostAbsence, Media, Policy, PolicyPatch,
    Preset, Room, SourceKind, Span, StartLead, Visibility as Shown, Who,
};

/// Messages of a user in a minute.
pub(super) const MESSAGES: u32 = 10;
/// Reactions of a user in a minute.
pub(super) const REACTIONS: u32 = 30;
/// Characters of a message.
pub(super) const MESSAGE_LENGTH: usize = 1000;
/// What the medium's key begins with where it is a clip of the frontend's own, which this server knows nothing of.
const CLIP: &str = "clip:";
/// What is on in a party before a clip is: its clock runs without one.
const NOTHING: &str = "clipper";

/// Who can find a party. Whoever has the code may join in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visibility {
    /// By its code, and its name is told to nobody outside.
    Private,
    /// In the list.
    Public,
    /// By its code, which everybody in it may pass on: there is no list of friends here to ask.
    Friends,
    /// By its code, which is the host's to give.
    Invite,
}

impl Visibility {
    const ALL: [Self; 4] = [Self::Private, Self::Public, Self::Friends, Self::Invite];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
            Self::Friends => "friends",
            Self::Invite => "invite",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.as_str() == name)
    }

    /// That of a room, whichever dialect made it.
    pub(super) fn of(policy: &Policy) -> Self {
        match (policy.visibility, policy.controls.invite) {
            (Shown::Private, _) => Self::Private,
            (Shown::Public, _) => Self::Public,
            (Shown::Unlisted, Who::Host) => Self::Invite,
            (Shown::Unlisted, _) => Self::Friends,
        }
    }

    fn terms(self) -> (Shown, Who) {
        match self {
            Self::Private => (Shown::Private, Who::Everyone),
            Self::Public => (Shown::Public, Who::Everyone),
            Self::Friends => (Shown::Unlisted, Who::Everyone),
            Self::Invite => (Shown::Unlisted, Who::Host),
        }
    }

    /// What changes of a room that becomes as visible as this.
    pub(super) fn patch(self, policy: &Policy) -> PolicyPatch {
        let (shown, invite) = self.terms();
        PolicyPatch {
            visibility: Some(shown),
            controls: Some(Controls {
                invite,
                ..policy.controls
            }),
            ..PolicyPatch::default()
        }
    }
}

/// A party as it is made: host and co-hosts steer, only the host moderates, a seek pauses and nothing is scheduled ahead
/// or waited for; who loses the connection keeps the place for a quarter of an hour.
pub(super) fn preset(visibility: Visibility, capacity: u32, password: bool) -> Policy {
    let (shown, invite) = visibility.terms();
    Policy {
        entry: entry(password),
        visibility: shown,
        controls: Controls {
            invite,
            people: Who::Host,
            ..Controls::preset(Preset::CoHosts)
        },
        seek_pauses: true,
        host_absence: HostAbsence::Stay,
        barrier: BarrierPolicy::Off,
        start_lead: StartLead::AT_ONCE,
        capacity,
        chat: ChatRules::within(MESSAGE_LENGTH as u32, MESSAGES, Span::seconds(60)),
        seat_hold: Span::seconds(15 * 60),
        idle_expiry: Span::seconds(24 * 3600),
        auto_advance: false,
        reaction_window: Span::seconds(60),
        reaction_count: REACTIONS,
        ..Policy::default()
    }
}

/// How a room is entered with a password, or without.
pub(super) fn entry(password: bool) -> EntryPolicy {
    if password {
        EntryPolicy::Password
    } else {
        EntryPolicy::Open
    }
}

/// What a new party plays: nothing that anybody could see, but its clock can run.
pub(super) fn nothing() -> Media {
    Media {
        kind: SourceKind::Local,
        key: NOTHING.to_owned(),
        title: "Watch party".to_owned(),
        duration: None,
    }
}

/// A clip that only the frontend knows.
pub(super) fn clip(id: &str) -> Media {
    Media {
        kind: SourceKind::Local,
        key: format!("{CLIP}{id}"),
        title: format!("Clip {id}"),
        duration: None,
    }
}

/// What this API calls a medium; a file of the library by the id that it has there.
pub(super) fn clip_id(media: &Media) -> Option<&str> {
    match (media.kind, media.key.strip_prefix(CLIP)) {
        (SourceKind::Local, Some(clip)) => Some(clip),
        (SourceKind::Local, None) if media.key == NOTHING => None,
        _ => Some(&media.key),
    }
}

/// What is on in a room.
pub(super) fn current(room: &Room) -> Option<&str> {
    clip_id(&room.current()?.media)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_visibility_is_told_as_it_was_given() {
        for visibility in Visibility::ALL {
            assert_eq!(Visibility::parse(visibility.as_str()), Some(visibility));
            for password in [false, true] {
                let policy = preset(visibility, 100, password);
                policy.check().expect("a sound policy");
                assert_eq!(Visibility::of(&policy), visibility);
                for other in Visibility::ALL {
                    let changed = policy.patched(&other.patch(&policy));
                    assert_eq!(Visibility::of(&changed), other);
                    assert_eq!(changed.entry, policy.entry);
                }
            }
        }
        assert_eq!(Visibility::parse("secret"), None);
        assert_eq!(Visibility::of(&Policy::default()), Visibility::Friends);
    }

    #[test]
    fn a_clip_is_called_what_it_was_called_and_nothing_is_nothing() {
        assert_eq!(clip_id(&clip("abc")), Some("abc"));
        assert_eq!(clip_id(&clip("clipper")), Some("clipper"));
        assert_eq!(clip_id(&nothing()), None);
        let film = Media {
            kind: SourceKind::Library,
            key: "f1".into(),
            title: "A film".into(),
            duration: None,
        };
        assert_eq!(clip_id(&film), Some("f1"));
    }
}
