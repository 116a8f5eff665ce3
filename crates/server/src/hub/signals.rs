//! Signals: how players are doing right now. They pass through the room without being part of it.
//!
//! Reports never enter the log and never change the room. They feed the sync meter, the
//! adaptive lead of scheduled starts, and the metrics; newest wins.
use std::collections::{BTreeMap, BTreeSet};
use watchalong_room::{MemberId, Room, SeatId, ServerTime, Span, Timeline};

/// Members whose signals are sent around. In a larger room nobody reads them, and N members' signals
/// to N members are N squared bytes.
const SHOWN: usize = 50;
/// On top of the measured way: the server's own batching, and the timer of a browser (about one frame).
const MARGIN_MS: f64 = 40.0;
/// From `play()` to the first moving picture where a player does not tell: 67 to 82 ms measured in Chromium.
const STARTUP_MS: f64 = 80.0;
/// A link's one-way delay that a start waits for at most; a worse one catches up instead.
const LONGEST_LEAD_MS: f64 = 2000.0;

/// What a player says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Where it is, in seconds.
    pub position: Option<f64>,
    /// Ahead of the room (positive) or behind, in ms.
    pub skew_ms: Option<f64>,
    /// Media ahead of the position, in seconds.
    pub buffer_s: Option<f64>,
    /// Round trip of the clock exchange, in ms.
    pub delay_ms: Option<f64>,
    /// How much the round trip varies, in ms.
    pub jitter_ms: Option<f64>,
    /// From its `play()` to the first picture that moves, in ms.
    pub startup_ms: Option<f64>,
    /// What it does.
    pub state: PlayerState,
}

impl Report {
    /// Of a player that says nothing but where it is, `at` seconds: it does what the room does.
    pub fn following(at: f64, timeline: &Timeline, now: ServerTime) -> Self {
        Self {
            position: Some(at),
            skew_ms: Some((at - timeline.position_at(now).seconds()) * 1000.0),
            state: match timeline.playing {
                true => PlayerState::Playing,
                false => PlayerState::Paused,
            },
            ..Self::default()
        }
    }
}

/// What a player does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlayerState {
    /// Not told.
    #[default]
    Unknown,
    /// Plays.
    Playing,
    /// Paused with the room.
    Paused,
    /// Holds until a scheduled start.
    Holding,
    /// Waits for data.
    Buffering,
    /// On its way to another position.
    Seeking,
    /// In a tab that is not shown.
    Hidden,
    /// Not allowed to play with sound before a gesture.
    Blocked,
    /// Can't play this.
    Error,
}

/// Somebody whose player says something of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// Who.
    pub member: MemberId,
    /// When they last did.
    pub at: ServerTime,
    /// How far their player was from the room in ms, where it ever said so: ahead (positive) or behind.
    pub skew_ms: Option<f64>,
}

/// Signals that nobody has been told of yet.
#[derive(Debug)]
pub(super) struct News {
    pub(super) reports: Vec<(MemberId, Report)>,
    pub(super) typing: Vec<MemberId>,
}

/// The newest reports of a room.
#[derive(Debug, Default)]
pub(super) struct Signals {
    reports: BTreeMap<MemberId, (SeatId, Report)>,
    heard: BTreeMap<MemberId, Heard>,
    changed: BTreeSet<MemberId>,
    typing: BTreeSet<MemberId>,
}

impl Signals {
    pub(super) fn report(&mut self, member: MemberId, seat: SeatId, report: Report) {
        let old = self.reports.insert(member, (seat, report));
        if old.is_none_or(|(_, old)| old != report) {
            self.changed.insert(member);
        }
    }

    /// Somebody's player gave a sign of life.
    pub(super) fn heard(&mut self, member: MemberId, at: ServerTime, report: &Report) {
        let before = self.heard.get(&member).and_then(|heard| heard.skew_ms);
        let skew_ms = report.skew_ms.or(before);
        let heard = Heard {
            member,
            at,
            skew_ms,
        };
        self.heard.insert(member, heard);
    }

    /// Everybody of the room who ever was heard.
    pub(super) fn all_heard(&mut self, room: &Room) -> Vec<Heard> {
        self.heard.retain(|id, _| room.member(*id).is_some());
        self.heard.values().copied().collect()
    }

    pub(super) fn typing(&mut self, member: MemberId) {
        self.typing.insert(member);
    }

    /// Forgets a connection, so that a lost player holds up no start.
    pub(super) fn forget(&mut self, seat: SeatId) {
        self.reports.retain(|_, (of, _)| *of != seat);
    }

    /// What is new, at most for [`SHOWN`] members.
    pub(super) fn take(&mut self, room: &Room) -> Option<News> {
        if self.changed.is_empty() && self.typing.is_empty() {
            return None;
        }
        let shown = |id: &MemberId| room.member(*id).is_some_and(|m| m.present());
        let changed = std::mem::take(&mut self.changed);
        let reports = changed
            .into_iter()
            .filter(shown)
            .filter_map(|id| self.reports.get(&id).map(|(_, report)| (id, *report)))
            .take(SHOWN)
            .collect();
        let typing = std::mem::take(&mut self.typing)
            .into_iter()
            .filter(shown)
            .take(SHOWN)
            .collect();
        Some(News { reports, typing })
    }

    /// The newest report of everybody.
    pub(super) fn reports(&self) -> impl Iterator<Item = (MemberId, &Report)> {
        self.reports.iter().map(|(id, (_, report))| (*id, report))
    }

    /// What a connection reported last, with the member whose it is.
    pub(super) fn report_of(&self, seat: SeatId) -> Option<(MemberId, Report)> {
        let of = |(id, (by, report)): (&MemberId, &(SeatId, Report))| {
            (*by == seat).then_some((*id, *report))
        };
        self.reports.iter().find_map(of)
    }

    /// All that is known, for somebody who just came.
    pub(super) fn all(&self) -> Vec<(MemberId, Report)> {
        self.reports
            .iter()
            .take(SHOWN)
            .map(|(id, (_, report))| (*id, *report))
            .collect()
    }

    /// How far ahead a start must be told so that the slowest player can make it.
    ///
    /// One way is half the round trip; twice the jitter covers all but the rarest message. The room's policy
    /// bounds what one bad or lying client can do.
    pub(super) fn lead(&self) -> Span {
        let slowest = self
            .reports
            .values()
            .filter_map(|(_, r)| {
                let way = r.delay_ms? / 2.0
                    + 2.0 * r.jitter_ms.unwrap_or(0.0)
                    + r.startup_ms.unwrap_or(STARTUP_MS);
                way.is_finite().then(|| way.clamp(0.0, LONGEST_LEAD_MS))
            })
            .fold(0.0, f64::max);
        Span((slowest + MARGIN_MS) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_is_what_the_slowest_player_needs_and_no_liar_can_stretch_it() {
        let mut signals = Signals::default();
        assert_eq!(signals.lead(), Span(40));
        let slow = Report {
            delay_ms: Some(120.0),
            jitter_ms: Some(20.0),
            ..Report::default()
        };
        signals.report(MemberId(1), SeatId(1), slow);
        assert_eq!(signals.lead(), Span(220));
        for lie in [1e300, f64::NAN, -5.0] {
            signals.report(
                MemberId(2),
                SeatId(2),
                Report {
                    delay_ms: Some(lie),
                    ..Report::default()
                },
            );
            assert!(signals.lead().0 <= 2040);
        }
        signals.forget(SeatId(2));
        assert_eq!(signals.lead(), Span(220));
    }
}
