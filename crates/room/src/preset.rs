//! The four ways to share the remote control that people choose from, as data.
//!
//! One definition for every page and wire format. A preset says who steers and who may ask; who may talk,
//! invite and moderate is chosen apart from it and stays as it is.
use crate::{Controls, Who};
use serde::{Deserialize, Serialize};

/// Who holds the remote control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Anybody plays, pauses, skips and chooses.
    Everyone,
    /// Host and co-hosts steer; the others ask. Everybody may add to the queue.
    Ask,
    /// Host and co-hosts steer, and nobody asks.
    CoHosts,
    /// The host alone steers.
    Host,
}

impl Preset {
    /// All of them, from the most open to the most closed.
    pub const ALL: [Self; 4] = [Self::Everyone, Self::Ask, Self::CoHosts, Self::Host];

    /// Its stable name: `everyone`, `ask`, `co_hosts` or `host`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Ask => "ask",
            Self::CoHosts => "co_hosts",
            Self::Host => "host",
        }
    }

    /// The preset with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == name)
    }

    /// The preset that people would call these controls: told by who plays, who seeks, and whether the others may
    /// ask; `None` for a mixture of one's own.
    pub fn of(controls: &Controls) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| {
            let wanted = controls.under(*preset);
            let asks = wanted.play == Who::Everyone || wanted.ask == controls.ask;
            wanted.play == controls.play && wanted.seek == controls.seek && asks
        })
    }
}

impl Controls {
    /// The controls of a new room under a preset.
    pub fn preset(preset: Preset) -> Self {
        crate::Policy::default().controls.under(preset)
    }

    /// These controls with a preset's say on play, seek, speed, queue and asking.
    pub fn under(self, preset: Preset) -> Self {
        let (steer, queue, ask) = match preset {
            Preset::Everyone => (Who::Everyone, Who::Everyone, true),
            Preset::Ask => (Who::CoHosts, Who::Everyone, true),
            Preset::CoHosts => (Who::CoHosts, Who::CoHosts, false),
            Preset::Host => (Who::Host, Who::Host, false),
        };
        Self {
            play: steer,
            seek: steer,
            rate: steer,
            queue,
            ask,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;

    #[test]
    fn a_preset_is_known_again_and_leaves_talk_and_people_alone() {
        let own = Controls {
            chat: Who::Host,
            invite: Who::CoHosts,
            people: Who::Host,
            ..Policy::default().controls
        };
        for preset in Preset::ALL {
            let controls = own.under(preset);
            assert_eq!(Preset::of(&controls), Some(preset));
            assert_eq!(Preset::parse(preset.as_str()), Some(preset));
            assert_eq!(
                (controls.chat, controls.invite, controls.people),
                (own.chat, own.invite, own.people)
            );
        }
        assert_eq!(
            Preset::of(&Policy::default().controls),
            Some(Preset::Everyone)
        );
        let mixed = Controls {
            seek: Who::Host,
            ..own
        };
        assert_eq!(Preset::of(&mixed), None);
    }
}
