use super::*;
use crate::party::{PLAY, Party, load, react, say};
use crate::{Command, Controls, Policy, Who};

fn chatting(
    change: impl FnOnce(&mut ChatRules),
) -> (Party, crate::SeatId, crate::SeatId, crate::SeatId) {
    let mut policy = Policy::default();
    change(&mut policy.chat);
    Party::of_three(policy)
}

fn code(party: &mut Party, seat: crate::SeatId, command: Command) -> &'static str {
    party.act(seat, command).expect_err("refused").code()
}

#[test]
fn a_message_keeps_its_moment_its_authors_name_and_what_it_answers() {
    let (mut party, host, ann, ben) = chatting(|_| {});
    party.ok(host, load("a"));
    party.ok(host, PLAY);
    party.pass(Span(5_120));
    party.ok(ann, say(" look \u{202E}at\u{0} that "));
    let first = party.room.messages().last().expect("said").clone();
    assert_eq!(
        (first.text.as_str(), first.name.as_str()),
        ("look at that", "Ann")
    );
    assert_eq!(first.moment.map(|(_, at)| at.seconds()), Some(5.0));
    party.ok(
        ben,
        Command::Say {
            text: "yes".into(),
            reply_to: Some(first.id),
        },
    );
    party.ok(
        ben,
        Command::Say {
            text: "no".into(),
            reply_to: Some(MessageId(99)),
        },
    );
    let answers: Vec<_> = party
        .room
        .messages()
        .skip(1)
        .map(|message| message.reply_to)
        .collect();
    assert_eq!(answers, [Some(first.id), None]);
}

#[test]
fn a_message_has_between_one_and_the_most_characters() {
    let (mut party, _, ann, _) = chatting(|rules| rules.max_length = 5);
    party.ok(ann, say("äöüß€"));
    for bad in ["", "\n \u{200B}", "123456", &"x".repeat(1_000_000)] {
        assert_eq!(code(&mut party, ann, say(bad)), "bad_text");
    }
}

#[test]
fn the_window_and_its_cool_down_slow_a_flood() {
    let (mut party, _, ann, ben) = chatting(|rules| {
        (rules.window, rules.window_count, rules.cool_down) =
            (Span::seconds(5), 3, Span::seconds(20));
    });
    for text in ["1", "2", "3"] {
        party.ok(ann, say(text));
    }
    assert_eq!(
        party.act(ann, say("4")),
        Err(Refusal::TooFast {
            what: "write",
            retry_ms: 20_000
        })
    );
    party.ok(ben, say("4"));
    party.pass(Span::seconds(19));
    assert_eq!(
        party.act(ann, say("4")),
        Err(Refusal::TooFast {
            what: "write",
            retry_ms: 1_000
        })
    );
    party.pass(Span::seconds(1));
    party.ok(ann, say("4"));
}

#[test]
fn whoever_writes_slowly_is_never_slowed() {
    let (mut party, _, ann, _) = chatting(|rules| {
        (rules.window, rules.window_count, rules.cool_down) =
            (Span::seconds(5), 3, Span::seconds(20));
    });
    for i in 0..20 {
        party.ok(ann, say(&i.to_string()));
        party.pass(Span(2_500));
    }
}

#[test]
fn slow_mode_and_duplicates() {
    let (mut party, _, ann, _) = chatting(|rules| rules.slow_mode = Span::seconds(3));
    party.ok(ann, say("hi"));
    assert_eq!(code(&mut party, ann, say("ho")), "too_fast");
    party.pass(Span::seconds(3));
    assert_eq!(code(&mut party, ann, say(" hi ")), "duplicate");
    party.pass(Span::seconds(2));
    party.ok(ann, say("hi"));
}

#[test]
fn the_chat_can_be_off_without_touching_playback() {
    let (mut party, host, ann, _) = chatting(|rules| rules.enabled = false);
    assert_eq!(code(&mut party, ann, say("hi")), "chat_off");
    assert_eq!(code(&mut party, ann, react("😀")), "chat_off");
    assert!(!party.room.rights(party.id(ann)).chat);
    party.ok(host, load("a"));
    party.ok(ann, PLAY);
}

#[test]
fn a_message_is_deleted_by_its_author_or_a_moderator() {
    let (mut party, host, ann, ben) = chatting(|_| {});
    for text in ["one", "two"] {
        party.ok(ann, say(text));
    }
    assert_eq!(
        code(
            &mut party,
            ben,
            Command::DeleteMessage {
                message: MessageId(1)
            }
        ),
        "not_allowed"
    );
    party.ok(
        ann,
        Command::DeleteMessage {
            message: MessageId(1),
        },
    );
    party.ok(
        host,
        Command::DeleteMessage {
            message: MessageId(2),
        },
    );
    assert!(
        party
            .room
            .messages()
            .all(|message| message.deleted && message.text.is_empty())
    );
    assert_eq!(
        code(
            &mut party,
            host,
            Command::DeleteMessage {
                message: MessageId(3)
            }
        ),
        "unknown_message"
    );
}

#[test]
fn the_room_keeps_a_tail() {
    let (mut party, _, ann, _) = chatting(|rules| rules.window = Span(0));
    for i in 0..CHAT_TAIL + 50 {
        party.ok(ann, say(&i.to_string()));
    }
    assert_eq!(party.room.messages().count(), CHAT_TAIL);
    assert!(party.room.message(MessageId(50)).is_none());
    assert_eq!(
        party
            .room
            .message(MessageId(51))
            .map(|message| message.text.as_str()),
        Some("50")
    );
}

#[test]
fn reactions_are_bound_to_the_moment_and_limited() {
    let (mut party, host, ann, _) = chatting(|_| {});
    party.ok(host, load("a"));
    for _ in 0..5 {
        let events = party.ok(ann, react("🎉"));
        assert!(matches!(
            &events[..],
            [Event::Reacted {
                moment: Some(_),
                ..
            }]
        ));
    }
    assert_eq!(code(&mut party, ann, react("🎉")), "too_fast");
    assert_eq!(code(&mut party, host, react(" ")), "bad_text");
    party.pass(Span::seconds(1));
    party.ok(ann, react("🎉"));
}

#[test]
fn whoever_may_not_pause_asks_those_who_may() {
    let controls = Controls {
        play: Who::CoHosts,
        ..Policy::default().controls
    };
    let (mut party, host, ann, _) = Party::of_three(Policy {
        controls,
        ..Policy::default()
    });
    let ask = Command::Ask { play: false };
    assert_eq!(code(&mut party, ann, ask.clone()), "nothing_loaded");
    party.ok(host, load("a"));
    let outcome = party.act(ann, ask.clone()).expect("allowed");
    let by = party.id(ann);
    assert_eq!(
        outcome.events,
        [(Audience::Controllers, Event::Asked { by, play: false })]
    );
    assert_eq!(code(&mut party, ann, ask.clone()), "too_fast");
    assert_eq!(code(&mut party, host, ask), "asking_off");
    assert!(party.room.rights(by).ask);
}

#[test]
fn a_reaction_is_to_what_its_sender_saw_and_as_often_as_the_policy_says() {
    let policy = Policy {
        reaction_window: Span::seconds(60),
        reaction_count: 30,
        ..Policy::default()
    };
    let (mut party, host, ann, _) = Party::of_three(policy);
    party.ok(host, load("a"));
    for seen in 0..30 {
        let events = party.ok(
            ann,
            Command::React {
                emoji: "🎉".into(),
                position: Position::new(f64::from(seen) * 10.0),
            },
        );
        let [
            Event::Reacted {
                moment: Some((_, at)),
                ..
            },
        ] = &events[..]
        else {
            panic!("{events:?}");
        };
        // The clip has 100 s.
        assert_eq!(at.seconds(), (f64::from(seen) * 10.0).min(100.0));
    }
    assert_eq!(code(&mut party, ann, react("🎉")), "too_fast");
    party.pass(Span::seconds(60));
    party.ok(ann, react("🎉"));
}
