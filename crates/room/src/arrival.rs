//! A film that is watched while it still arrives: where it stops for now, and when it goes on.
//!
//! The edge tells how much of it is there ([`Command::Arrived`](crate::Command::Arrived)); nothing is played past that,
//! whoever asks. A room that comes to the bound holds itself there, and goes on by itself once there is some to
//! watch again; who pauses meanwhile takes that back. This is no listening to players (a stall is never a pause):
//! it is the same for everybody, and known beforehand. To clients that know nothing of it, it is a pause and a play.
use crate::room::Step;
use crate::{
    Audience, ControlKind, Event, MemberId, Position, Room, ServerTime, SourceKind, Span, Timeline,
};

/// Seconds that stay ahead of everybody: a player needs some to go on smoothly, and the edge only estimates to which
/// second the bytes reach.
pub const ARRIVAL_MARGIN: f64 = 3.0;
/// Seconds past the bound's old place before a held room goes on: a pause every few seconds would be worse than one
/// longer one.
const ENOUGH: f64 = 17.0;

impl Timeline {
    /// Whether nothing more is there to be played from `position`.
    pub(crate) fn is_dry_at(&self, position: Position) -> bool {
        self.bound.is_some_and(|bound| position >= bound)
    }

    /// When a playing timeline stops by itself: at its end or where nothing more has arrived.
    pub(crate) fn stops_at(&self) -> Option<ServerTime> {
        [self.ends_at(), self.runs_dry_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// When a playing timeline comes to its bound.
    pub(crate) fn runs_dry_at(&self) -> Option<ServerTime> {
        let left = self.bound?.seconds() - self.position.seconds();
        self.playing
            .then(|| self.at + Span((left.max(0.0) / self.rate.factor() * 1000.0).ceil() as i64))
    }
}

impl Room {
    /// So much of an upload has arrived; `None` where all of it has.
    pub(crate) fn arrived(&mut self, step: &mut Step, key: &str, until: Option<Position>) {
        let on = self.current.as_ref().map(|item| &item.media);
        if !on.is_some_and(|media| media.kind == SourceKind::Upload && media.key == key) {
            return;
        }
        let bound = until.map(|until| Position::clamped(until.seconds() - ARRIVAL_MARGIN));
        if bound == self.timeline.bound {
            return;
        }
        let at = self.timeline.at.max(step.now);
        let here = self.timeline.position_at(at);
        let late = self.timeline.playing && self.timeline.is_dry_at(here);
        self.timeline.bound = bound;
        let enough = bound.is_none_or(|bound| bound.seconds() - here.seconds() >= ENOUGH);
        if self.timeline.held && enough {
            self.start(step, None, ControlKind::Play, here);
        } else if self.timeline.playing && self.timeline.is_dry_at(here) {
            self.hold(step);
        } else if self.timeline.within(here) != here {
            let held = self.timeline.held;
            let back = self.timeline.within(here);
            self.move_to(step, None, ControlKind::Hold, back, step.now, false);
            self.timeline.held = held;
        } else {
            if late {
                // Its bound was passed without a tick: it goes on from there, without a jump.
                (self.timeline.position, self.timeline.at) = (here, at);
            }
            // The motion is the same, so its revision is too: nobody's control becomes stale by what arrives.
            let cause = ControlKind::Arrival;
            step.emit(Audience::All, Event::Timeline { cause, by: None });
        }
    }

    /// The timeline has come to its bound. With nobody there to see it, it stands where they left it.
    pub(crate) fn hold(&mut self, step: &mut Step) {
        if self.stop_where_left(step) {
            return;
        }
        let stop = self.timeline.within(Position::MAX);
        self.move_to(step, None, ControlKind::Hold, stop, step.now, false);
        self.timeline.held = true;
    }

    /// Sets the timeline moving at `at`, or waiting for what has not arrived.
    pub(crate) fn run_from(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        cause: ControlKind,
        position: Position,
        at: ServerTime,
    ) {
        let position = self.timeline.within(position);
        let dry = self.timeline.is_dry_at(position);
        let at = if dry { step.now } else { at };
        self.move_to(step, by, cause, position, at, !dry);
        self.timeline.held = dry;
    }

    /// Whether a restored timeline may be bound and held as it is.
    pub(crate) fn arrival_fits(&self) -> bool {
        let line = &self.timeline;
        let bound = line.bound.is_none_or(|bound| line.position <= bound);
        bound && (line.item.is_some() || line.bound.is_none()) && !(line.held && line.playing)
    }

    /// Plays, or would but for what has not arrived.
    pub(crate) fn runs(&self) -> bool {
        self.timeline.playing || self.timeline.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{PAUSE, PLAY, Party, clip, load, seek};
    use crate::{Command, Media, Policy, Rate, SeatId};

    fn upload() -> Media {
        Media {
            kind: SourceKind::Upload,
            duration: Position::new(3600.0),
            ..clip("film")
        }
    }

    fn arrived(party: &mut Party, until: f64) {
        let until = Position::new(until);
        let key = "film".to_owned();
        party
            .server(Command::Arrived { key, until })
            .expect("the server may");
    }

    /// A film of which 63 s have arrived, not yet playing.
    fn arriving() -> (Party, SeatId, SeatId) {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        let media = upload();
        let (position, play) = (Position::ZERO, false);
        party.ok(
            host,
            Command::Load {
                media,
                position,
                play,
            },
        );
        arrived(&mut party, 63.0);
        (party, host, ann)
    }

    fn stands(party: &Party) -> (f64, bool, bool) {
        let held = party.room.timeline().held;
        (party.position(), party.playing(), held)
    }

    #[test]
    fn a_room_holds_itself_before_what_has_not_arrived_and_goes_on_by_itself() {
        let (mut party, host, _) = arriving();
        party.ok(host, PLAY);
        let events = party.pass(Span::seconds(80));
        assert_eq!(stands(&party), (60.0, false, true));
        let hold = Event::Timeline {
            cause: ControlKind::Hold,
            by: None,
        };
        assert!(events.contains(&hold));
        arrived(&mut party, 75.0);
        assert_eq!(stands(&party), (60.0, false, true), "not worth it yet");
        arrived(&mut party, 80.0);
        assert!(party.playing());
        party.pass(Span::seconds(10));
        let (position, playing, held) = stands(&party);
        assert!((69.0..=70.0).contains(&position) && playing && !held);
    }

    #[test]
    fn what_arrives_while_it_plays_is_not_felt() {
        let (mut party, host, _) = arriving();
        party.ok(host, PLAY);
        party.pass(Span::seconds(30));
        let before = *party.room.timeline();
        let here = party.position();
        arrived(&mut party, 200.0);
        assert_eq!(party.position(), here);
        assert_eq!(party.room.timeline().revision, before.revision);
        party.pass(Span::seconds(100));
        assert!(party.playing());
    }

    #[test]
    fn with_the_last_byte_it_goes_on_however_little_is_left() {
        let (mut party, host, _) = arriving();
        party.ok(host, PLAY);
        party.pass(Span::seconds(80));
        let key = "film".to_owned();
        let all = Command::Arrived { key, until: None };
        party.server(all).expect("the server may");
        assert!(party.playing());
        assert_eq!(party.room.timeline().bound, None);
    }

    #[test]
    fn a_pause_takes_back_that_it_goes_on() {
        let (mut party, host, ann) = arriving();
        party.ok(host, PLAY);
        party.pass(Span::seconds(80));
        party.ok(ann, PAUSE);
        arrived(&mut party, 300.0);
        assert_eq!(stands(&party), (60.0, false, false));
        party.ok(ann, PLAY);
        assert!(party.playing());
    }

    #[test]
    fn a_room_that_somebody_paused_is_not_started() {
        let (mut party, host, _) = arriving();
        party.ok(host, PLAY);
        party.pass(Span::seconds(20));
        party.ok(host, PAUSE);
        arrived(&mut party, 300.0);
        assert!(!party.playing());
    }

    #[test]
    fn play_and_seek_reach_no_further_than_the_film() {
        let (mut party, host, _) = arriving();
        party.ok(host, seek(500.0));
        assert_eq!(stands(&party), (60.0, false, false));
        party.ok(host, PLAY);
        assert_eq!(stands(&party), (60.0, false, true), "held at once");
        party.ok(host, seek(10.0));
        assert!(party.playing(), "there is enough from here");
        party.ok(host, seek(59.0));
        party.ok(
            host,
            Command::SetRate {
                rate: Rate::new(2.0).expect("a rate"),
            },
        );
        party.pass(Span::seconds(1));
        assert_eq!(stands(&party), (60.0, false, true));
        assert!(party.ok(host, PLAY).is_empty(), "that is what it wants");
    }

    #[test]
    fn other_media_and_late_news_of_the_last_one_are_left_alone() {
        let (mut party, host, _) = arriving();
        party.ok(host, load("another"));
        assert_eq!(party.room.timeline().bound, None);
        arrived(&mut party, 1.0);
        assert_eq!(party.room.timeline().bound, None);
        let refusal = party.act(
            host,
            Command::Arrived {
                key: "film".into(),
                until: None,
            },
        );
        assert_eq!(refusal.expect_err("a member").code(), "server_only");
    }

    #[test]
    fn what_turns_out_not_to_be_there_is_not_played() {
        let (mut party, host, _) = arriving();
        party.ok(host, PLAY);
        party.pass(Span::seconds(50));
        arrived(&mut party, 33.0);
        assert_eq!(stands(&party), (30.0, false, true));
        party.ok(host, PAUSE);
        arrived(&mut party, 13.0);
        assert_eq!(stands(&party), (10.0, false, false));
    }

    #[test]
    fn nobody_finds_it_started_where_all_had_left() {
        let (mut party, host, ann) = arriving();
        party.ok(host, PLAY);
        party.pass(Span::seconds(80));
        let ben = SeatId(3);
        for seat in [host, ann, ben] {
            party.ok(seat, Command::Leave);
        }
        arrived(&mut party, 300.0);
        assert_eq!(stands(&party), (60.0, false, false));
    }
}
