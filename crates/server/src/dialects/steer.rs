//! Controls of formats whose play and pause also say where, whatever the room does already.
//!
//! What the room takes for nothing new is a seek then. What was known of the room may be a moment old, so the order is
//! such that the last command leaves it as it was told either way.
use watchalong_room::{Command, Position};

/// What a player's button sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Play from there.
    Play,
    /// Stand there.
    Pause,
    /// Go there.
    Seek,
}

impl Control {
    /// By its name in any case.
    pub fn named(name: &str) -> Option<Self> {
        let known = [
            ("play", Self::Play),
            ("pause", Self::Pause),
            ("seek", Self::Seek),
        ];
        let mut known = known.into_iter();
        known
            .find(|(of, _)| name.eq_ignore_ascii_case(of))
            .map(|(_, control)| control)
    }

    /// What a room is asked, which was playing or not when that was looked at.
    pub fn commands(self, position: Position, playing: bool) -> Vec<Command> {
        let (at, expect) = (Some(position), None);
        let seek = Command::Seek { position, expect };
        let play = Command::Play {
            position: at,
            expect,
        };
        let pause = Command::Pause {
            position: at,
            expect,
        };
        match (self, playing) {
            (Self::Play, false) => vec![play],
            (Self::Play, true) => vec![seek, play],
            (Self::Pause, true) => vec![pause],
            (Self::Pause, false) => vec![pause, seek],
            (Self::Seek, _) => vec![seek],
        }
    }
}
