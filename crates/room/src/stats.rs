//! What the history of a party tells of it afterwards: how long, how many, how lively.
//!
//! Counted where it happens, and only in steps that change the room; nothing here is a rule.
use crate::room::Room;
use crate::{ServerTime, Span, Timeline};
use serde::{Deserialize, Serialize};

/// Titles kept; an evening has a handful, a channel that runs for weeks has any number.
const MAX_TITLES: usize = 100;

/// A stretch of time in which something is being watched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Watching {
    from: ServerTime,
    /// The medium's end, where it is known.
    until: Option<ServerTime>,
}

/// Figures of a party.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// When somebody was first let in; `None` while nobody was.
    pub started_at: Option<ServerTime>,
    /// The most admitted members connected at a time.
    pub peak: u32,
    /// Messages said, those deleted since included.
    pub messages: u64,
    /// Reactions.
    pub reactions: u64,
    /// How often somebody moved the timeline: played, paused, went elsewhere, changed the speed.
    pub controls: u64,
    /// Time in which something played with somebody connected, up to the last change of the room.
    pub watched: Span,
    /// What was played, in order of its first start, each once; the first hundred.
    pub titles: Vec<String>,
    watching: Option<Watching>,
}

impl Stats {
    /// [`Stats::watched`], up to `now`.
    pub fn watched_at(&self, now: ServerTime) -> Span {
        let Some(Watching { from, until }) = self.watching else {
            return self.watched;
        };
        let end = until.map_or(now, |until| until.min(now));
        Span(self.watched.0 + (end - from).0.max(0))
    }

    pub(crate) fn played(&mut self, title: &str) {
        if self.titles.len() < MAX_TITLES && !self.titles.iter().any(|known| known == title) {
            self.titles.push(title.to_owned());
        }
    }

    fn watch(&mut self, timeline: &Timeline, now: ServerTime, present: u32) {
        self.watched = self.watched_at(now);
        self.watching = (timeline.playing && present > 0).then(|| Watching {
            from: timeline.at.max(now),
            until: timeline.stops_at(),
        });
    }

    pub(crate) fn fits(&self) -> bool {
        self.titles.len() <= MAX_TITLES && self.watched >= Span(0)
    }
}

impl Room {
    /// Counts what the step at hand made of the room.
    pub(crate) fn count_up(&mut self, now: ServerTime) {
        let present = self.people.present();
        self.stats.peak = self.stats.peak.max(present);
        self.stats.watch(&self.timeline, now, present);
    }
}

#[cfg(test)]
mod tests {
    use crate::party::{PAUSE, PLAY, Party, load, say};
    use crate::{Command, Policy, Span};

    #[test]
    fn what_was_said_shown_and_watched_is_counted() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        let started = party.now;
        party.ok(ben, Command::Leave);
        party.ok(host, load("a"));
        party.ok(host, load("b"));
        party.ok(host, PLAY);
        party.pass(Span(10_120));
        party.ok(ann, say("hi"));
        let emoji = "🎉".to_owned();
        let position = None;
        party.ok(ann, Command::React { emoji, position });
        party.pass(Span::seconds(10));
        party.ok(host, PAUSE);
        party.pass(Span::seconds(500));
        party.ok(host, load("a"));
        party.ok(host, PLAY);
        let stats = party.room.stats();
        assert_eq!((stats.started_at, stats.peak), (Some(started), 3));
        assert_eq!((stats.messages, stats.reactions), (1, 1));
        assert_eq!(stats.watched, Span::seconds(20));
        assert_eq!(stats.titles, ["b", "a"]);
    }

    #[test]
    fn nobody_watches_past_the_end_or_with_nobody_connected() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        party.ok(host, load("a"));
        party.ok(host, PLAY);
        let later = party.now + Span::seconds(900);
        // 100 s are all there is, after a lead of 120 ms.
        assert_eq!(party.room.stats().watched_at(later), Span::seconds(100));
        party.pass(Span(30_120));
        for seat in [host, ann, ben] {
            party.lose(seat);
        }
        party.pass(Span::seconds(60));
        assert_eq!(party.room.stats().watched, Span::seconds(30));
        party.back(ann).expect("held");
        party.pass(Span::seconds(5));
        let now = party.now;
        assert_eq!(party.room.stats().watched_at(now), Span::seconds(35));
    }
}
