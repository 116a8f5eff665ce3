//! A type for each unit, so that seconds and milliseconds can't be mixed up.
//!
//! Media positions are seconds ([`Position`]), instants and spans of the server's
//! clock are whole milliseconds ([`ServerTime`], [`Span`]). Constructors refuse
//! what no timeline can hold (NaN, negative, absurdly large), so that a rule
//! never has to ask again.
use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};

/// A position in a medium, in seconds: finite, `0 <= p <= Position::MAX`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Position(f64);

impl Position {
    /// The start of a medium.
    pub const ZERO: Self = Self(0.0);
    /// 30 days: longer than any medium, short enough that milliseconds of it stay exact in an `f64`.
    pub const MAX: Self = Self(30.0 * 24.0 * 3600.0);

    /// `seconds` as a position, or `None` where it is NaN, infinite, negative or past [`Position::MAX`].
    pub fn new(seconds: f64) -> Option<Self> {
        (seconds.is_finite() && (0.0..=Self::MAX.0).contains(&seconds))
            .then_some(Self(seconds + 0.0))
    }

    /// `seconds`, pulled into the range a position may have (NaN becomes zero).
    pub fn clamped(seconds: f64) -> Self {
        if seconds.is_nan() {
            Self::ZERO
        } else {
            Self(seconds.clamp(0.0, Self::MAX.0))
        }
    }

    /// In seconds.
    pub fn seconds(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Position {
    type Error = String;
    fn try_from(seconds: f64) -> Result<Self, String> {
        Self::new(seconds).ok_or_else(|| {
            format!(
                "{seconds} is not a position: seconds from 0 to {}",
                Self::MAX.0
            )
        })
    }
}

impl From<Position> for f64 {
    fn from(position: Position) -> f64 {
        position.0
    }
}

/// Playback speed: 1 is as filmed, `0.25 <= r <= 4` (what browsers play with sound).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(f64);

impl Rate {
    /// As filmed.
    pub const NORMAL: Self = Self(1.0);
    /// The slowest and fastest that a room can be set to.
    pub const RANGE: (f64, f64) = (0.25, 4.0);

    /// `rate`, or `None` where it is out of [`Rate::RANGE`] or not a number.
    pub fn new(rate: f64) -> Option<Self> {
        (rate.is_finite() && (Self::RANGE.0..=Self::RANGE.1).contains(&rate)).then_some(Self(rate))
    }

    /// Media seconds per second.
    pub fn factor(self) -> f64 {
        self.0
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl TryFrom<f64> for Rate {
    type Error = String;
    fn try_from(rate: f64) -> Result<Self, String> {
        Self::new(rate).ok_or_else(|| {
            format!(
                "{rate} is not a playback rate: from {} to {}",
                Self::RANGE.0,
                Self::RANGE.1
            )
        })
    }
}

impl From<Rate> for f64 {
    fn from(rate: Rate) -> f64 {
        rate.0
    }
}

/// An instant of the server's clock: milliseconds since the Unix epoch, never going back within a room.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ServerTime(pub i64);

/// A length of time in milliseconds; may be negative (an instant that has passed).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Span(pub i64);

impl Span {
    /// `s` whole seconds.
    pub const fn seconds(s: i64) -> Self {
        Self(s * 1000)
    }

    /// As fractional seconds, the unit of a [`Position`].
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Add<Span> for ServerTime {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for ServerTime {
    type Output = Span;
    fn sub(self, other: Self) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

/// Counts the changes of a room; each applied entry that changed anything has a greater one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Revision(pub u64);
