use super::*;
use crate::party::{PAUSE, PLAY, Party, at, clip, load, seek};
use crate::{Command, Controls, Policy, Who};

fn host_only() -> Policy {
    let controls = Controls {
        play: Who::Host,
        seek: Who::Host,
        rate: Who::Host,
        ..Policy::default().controls
    };
    Policy {
        controls,
        ..Policy::default()
    }
}

#[test]
fn play_starts_after_the_lead_of_the_slowest_within_bounds() {
    let (mut party, host, ..) = Party::of_three(Policy::default());
    party.ok(host, load("a"));
    for (lead, scheduled) in [(0, 120), (400, 400), (99_999, 1500)] {
        party.lead = Span(lead);
        party.ok(host, PLAY);
        assert_eq!(party.room.timeline().at, party.now + Span(scheduled));
        assert_eq!(party.position(), 0.0);
        party.ok(host, PAUSE);
    }
}

#[test]
fn the_position_follows_from_time_and_rate() {
    let (mut party, host, ..) = Party::of_three(Policy::default());
    party.ok(host, load("a"));
    party.ok(host, PLAY);
    party.pass(Span(10_120));
    assert_eq!(party.position(), 10.0);
    party.ok(
        host,
        Command::SetRate {
            rate: Rate::new(2.0).expect("a rate"),
        },
    );
    party.pass(Span::seconds(5));
    assert_eq!(party.position(), 20.0);
    party.ok(host, PAUSE);
    party.pass(Span::seconds(5));
    assert_eq!(party.position(), 20.0);
}

#[test]
fn two_people_who_press_play_start_it_once() {
    let (mut party, host, ann, _) = Party::of_three(Policy::default());
    party.ok(host, load("a"));
    party.ok(host, PLAY);
    let timeline = *party.room.timeline();
    party.now = party.now + Span(50);
    assert!(party.ok(ann, PLAY).is_empty());
    assert_eq!(*party.room.timeline(), timeline);
}

#[test]
fn viewer_cannot_seize_playback() {
    let (mut party, host, ann, _) = Party::of_three(host_only());
    party.ok(host, load("a"));
    for command in [
        PLAY,
        PAUSE,
        seek(5.0),
        Command::ForceStart,
        Command::SetRate { rate: Rate::NORMAL },
    ] {
        assert_eq!(
            party.act(ann, command).expect_err("refused").code(),
            "not_allowed"
        );
    }
    party.ok(host, PLAY);
    assert!(party.playing());
}

#[test]
fn playing_from_elsewhere_needs_the_right_to_seek() {
    let controls = Controls {
        seek: Who::Host,
        ..Policy::default().controls
    };
    let (mut party, host, ann, _) = Party::of_three(Policy {
        controls,
        ..Policy::default()
    });
    party.ok(host, load("a"));
    party.ok(
        ann,
        Command::Play {
            position: Some(at(50.0)),
            expect: None,
        },
    );
    assert_eq!(party.position(), 0.0);
    party.ok(ann, PAUSE);
    party.ok(
        host,
        Command::Play {
            position: Some(at(50.0)),
            expect: None,
        },
    );
    assert_eq!(party.position(), 50.0);
}

#[test]
fn a_pause_stops_where_its_author_saw_it_unless_that_is_far_away() {
    let (mut party, host, ann, _) = Party::of_three(Policy::default());
    party.ok(host, load("a"));
    for (seen, stops) in [(48.5, 48.5), (20.0, 50.0), (99.0, 50.0)] {
        party.ok(host, seek(0.0));
        party.ok(host, PLAY);
        party.pass(Span(50_120));
        party.ok(
            ann,
            Command::Pause {
                position: Some(at(seen)),
                expect: None,
            },
        );
        assert_eq!(party.position(), stops, "seen at {seen}");
    }
}

#[test]
fn a_seek_while_playing_restarts_all_together() {
    let (mut party, host, ..) = Party::of_three(Policy::default());
    party.ok(host, load("a"));
    party.ok(host, PLAY);
    party.pass(Span::seconds(10));
    party.lead = Span(500);
    party.ok(host, seek(60.0));
    assert!(party.playing());
    party.pass(Span(500));
    assert_eq!(party.position(), 60.0);
    party.pass(Span(1000));
    assert_eq!(party.position(), 61.0);
}

#[test]
fn a_seek_ends_at_the_medium_and_pauses_where_the_policy_says_so() {
    let (mut party, host, ..) = Party::of_three(Policy {
        seek_pauses: true,
        ..Policy::default()
    });
    party.ok(host, load("a"));
    party.ok(host, PLAY);
    party.ok(host, seek(5000.0));
    assert!(!party.playing());
    assert_eq!(party.position(), 100.0);
    // Play at the end starts over.
    party.ok(host, PLAY);
    assert_eq!(party.position(), 0.0);
}

#[test]
fn a_control_of_somebody_slower_is_refused_where_they_ask_for_it() {
    let (mut party, host, ann, _) = Party::of_three(Policy::default());
    party.ok(host, load("a"));
    let seen = party.room.timeline().revision;
    party.ok(host, seek(10.0));
    let late = Command::Seek {
        position: at(20.0),
        expect: Some(seen),
    };
    assert_eq!(party.act(ann, late), Err(Refusal::StaleRevision));
    let seen = party.room.timeline().revision;
    // What else happens in the room makes no control stale.
    party.ok(ann, crate::party::say("hello"));
    party.ok(
        ann,
        Command::Seek {
            position: at(20.0),
            expect: Some(seen),
        },
    );
}

#[test]
fn nothing_can_be_played_before_something_is_loaded() {
    let (mut party, host, ..) = Party::of_three(Policy::default());
    for command in [PLAY, PAUSE, seek(1.0), Command::ForceStart] {
        assert_eq!(party.act(host, command), Err(Refusal::NothingLoaded));
    }
}

#[test]
fn a_medium_stops_at_its_end_or_gives_way_to_the_next() {
    let (mut party, host, ..) = Party::of_three(Policy::default());
    party.ok(host, load("a"));
    party.ok(
        host,
        Command::QueueAdd {
            media: clip("b"),
            before: None,
        },
    );
    party.ok(host, PLAY);
    party.pass(Span(100_120));
    assert_eq!(
        party.room.current().map(|item| item.media.key.as_str()),
        Some("b")
    );
    assert!(party.playing());
    party.pass(Span::seconds(200));
    assert!(!party.playing());
    assert_eq!(party.position(), 100.0);
}

#[test]
fn a_fixed_lead_is_kept_for_each_action() {
    let start_lead = StartLead::Fixed {
        play: Span(1000),
        pause: Span(300),
        seek: Span(300),
    };
    let (mut party, host, ..) = Party::of_three(Policy {
        start_lead,
        ..Policy::default()
    });
    party.ok(host, load("a"));
    party.ok(host, PLAY);
    assert_eq!(party.room.timeline().at, party.now + Span(1000));
    party.pass(Span::seconds(11));
    party.ok(host, PAUSE);
    assert_eq!(party.room.timeline().at, party.now + Span(300));
    assert_eq!(party.room.timeline().position.seconds(), 10.3);
}

#[test]
fn a_probed_length_changes_no_motion_and_no_member_can_cut_it_short() {
    let (mut party, host, ann, _) = Party::of_three(Policy::default());
    let media = Media {
        duration: None,
        ..clip("a")
    };
    party.ok(
        host,
        Command::Load {
            media,
            position: Position::ZERO,
            play: true,
        },
    );
    let item = party.room.timeline().item.expect("loaded");
    party.pass(Span(60_120));
    let revision = party.room.timeline().revision;
    let too_short = Command::SetDuration {
        item,
        duration: at(30.0),
    };
    assert_eq!(
        party.act(ann, too_short).expect_err("refused").code(),
        "bad_position"
    );
    party
        .server(Command::SetDuration {
            item,
            duration: at(90.0),
        })
        .expect("the server may");
    assert_eq!(
        (party.position(), party.room.timeline().revision),
        (60.0, revision)
    );
    party.pass(Span::seconds(60));
    assert_eq!((party.position(), party.playing()), (90.0, false));
}
