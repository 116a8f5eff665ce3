//! Random entries from small numbers.
//!
//! A [`Move`] is a handful of small numbers that stand for an entry: who, what, on which of the items
//! or people there are. A failing history can be cut down by leaving moves out. Names are few, so that
//! histories collide: eight people with two seats each, sixteen clips.
use watchalong_room::{
    Actor, BarrierPolicy, ChatRules, Command, Controls, Entry, EntryPolicy, Fingerprint, Grant,
    HostAbsence, InviteId, ItemId, Media, MemberId, MessageId, NodeId, PersonId, Policy,
    PolicyPatch, Position, Rate, ReportId, Revision, Room, SeatId, ServerTime, SourceKind, Span,
    StartLead, Who,
};

/// Kinds of moves; more of one kind are more of its command.
pub const KINDS: u8 = 84;

/// One entry of a random history.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    pub kind: u8,
    pub who: u8,
    pub what: u8,
    pub amount: u16,
}

fn who_may(n: u8) -> Who {
    [Who::Everyone, Who::CoHosts, Who::Host][usize::from(n % 3)]
}

fn controls(n: u16) -> Controls {
    let digit = |place: u32| who_may((n / 3u16.pow(place) % 3) as u8);
    Controls {
        play: digit(0),
        seek: digit(1),
        rate: digit(2),
        queue: digit(3),
        chat: digit(4),
        invite: digit(5),
        people: digit(6),
        ask: n.is_multiple_of(2),
    }
}

/// One of many policies.
pub fn policy(n: u64) -> Policy {
    let [a, b, c, d, e, f, low, high] = n.to_le_bytes();
    Policy {
        entry: [
            EntryPolicy::Open,
            EntryPolicy::Open,
            EntryPolicy::Approval,
            EntryPolicy::Invite,
            EntryPolicy::Password,
        ][usize::from(a % 5)],
        controls: controls(u16::from_le_bytes([low, high])),
        seek_pauses: b.is_multiple_of(2),
        host_absence: host_absence(c),
        barrier: barrier(d),
        start_lead: if e.is_multiple_of(2) {
            Policy::default().start_lead
        } else {
            StartLead::Fixed {
                play: Span(0),
                pause: Span(300),
                seek: Span(0),
            }
        },
        capacity: u32::from(f % 8) + 1,
        seat_hold: Span(i64::from(a % 3) * 1_500),
        idle_expiry: Span::seconds(60),
        undo_window: Span(i64::from(b % 3) * 5_000),
        auto_advance: !f.is_multiple_of(3),
        kicked_return: f.is_multiple_of(2),
        ..Policy::default()
    }
}

fn host_absence(n: u8) -> HostAbsence {
    match n % 5 {
        0 => HostAbsence::Grace {
            span: Span::seconds(4),
        },
        1 => HostAbsence::Close,
        2 | 3 => HostAbsence::HandOver,
        _ => HostAbsence::Stay,
    }
}

fn barrier(n: u8) -> BarrierPolicy {
    match n % 4 {
        0 => BarrierPolicy::Off,
        n => BarrierPolicy::Wait {
            quorum: f64::from(n) / 3.0,
            deadline: Span::seconds(3),
        },
    }
}

fn media(n: u8) -> Media {
    let duration = (!n.is_multiple_of(3)).then(|| Position::clamped(f64::from(n % 16) + 0.5));
    // A quarter was brought by members, and may still be arriving; some the server does not have.
    let kind = match n % 8 {
        1 | 5 => SourceKind::Upload,
        3 => SourceKind::Url,
        _ => SourceKind::Library,
    };
    Media {
        kind,
        key: format!("clip{}", n % 16),
        title: String::new(),
        duration,
    }
}

/// Mostly something of this room; now and then what was, or never was.
fn item(room: &Room, n: u8) -> ItemId {
    let items: Vec<ItemId> = room
        .current()
        .into_iter()
        .chain(room.queue())
        .map(|item| item.id)
        .collect();
    let place = usize::from(n / 8) % items.len().max(1);
    items
        .get(place)
        .copied()
        .filter(|_| !n.is_multiple_of(8))
        .unwrap_or(ItemId(u64::from(n) + 1))
}

/// As `item`, of people: those in the room, and those banned from it.
fn member(room: &Room, n: u8) -> MemberId {
    let people: Vec<MemberId> = room
        .members()
        .chain(room.banned())
        .map(|member| member.id)
        .collect();
    let place = usize::from(n / 8) % people.len().max(1);
    people
        .get(place)
        .copied()
        .filter(|_| !n.is_multiple_of(8))
        .unwrap_or(MemberId(u32::from(n / 8) + 1))
}

/// As `item`, of messages.
fn message(room: &Room, n: u8) -> MessageId {
    let latest = room
        .messages()
        .next_back()
        .map_or(0, |message| message.id.0);
    MessageId((latest + 1).saturating_sub(u64::from(n % 8)))
}

/// As `item`, of invitations.
fn invite(room: &Room, n: u16) -> InviteId {
    let ids: Vec<InviteId> = room.invites().map(|invite| invite.id).collect();
    let place = usize::from(n / 4) % ids.len().max(1);
    ids.get(place)
        .copied()
        .filter(|_| !n.is_multiple_of(4))
        .unwrap_or(InviteId(u64::from(n % 8)))
}

/// A time to begin: mostly soon, sometimes one that can't be, sometimes none.
fn schedule(now: ServerTime, n: u16) -> Option<ServerTime> {
    match n % 5 {
        0 => None,
        1 => Some(now + Span(-i64::from(n))),
        2 => Some(ServerTime(i64::MAX)),
        _ => Some(now + Span(i64::from(n) / 8 + 1)),
    }
}

/// The entry a move stands for, and how much later it comes.
pub fn entry(m: Move, room: &Room, now: ServerTime) -> (Span, Entry) {
    let Move {
        kind,
        who,
        what,
        amount,
    } = m;
    let gap = Span(if what.is_multiple_of(8) {
        i64::from(amount) / 8
    } else {
        i64::from(amount % 400)
    });
    let seat = SeatId(u64::from(who % 16));
    let node = NodeId(u64::from(what % 2));
    let (item, member) = (item(room, what), member(room, what));
    let position = Position::clamped(f64::from(amount) / 2000.0);
    let seen = amount.is_multiple_of(2).then_some(position);
    let expect = match what % 16 {
        0 => Some(room.timeline().revision),
        1 => Some(Revision(0)),
        _ => None,
    };
    let yes = !amount.is_multiple_of(4);
    let before = yes.then(|| self::item(room, amount as u8));
    // Mostly what is on.
    let on = room.timeline().item.filter(|_| what % 16 != 2);
    let on = on.unwrap_or(item);
    let mut actor = Actor::Seat(seat);
    let command = match kind % KINDS {
        0..=7 => {
            // Mostly the seat's own person; now and then somebody tries another's seat.
            let person = if what.is_multiple_of(31) {
                amount % 8
            } else {
                u16::from(who % 16) / 2
            };
            let grant = [
                Grant::None,
                Grant::None,
                Grant::None,
                Grant::Invite(invite(room, amount)),
                [Grant::Password, Grant::WrongPassword][usize::from(amount % 2)],
                Grant::Host,
            ];
            let person_id = PersonId(format!("person{person}"));
            let name = ["Ann", "Ben", "Ann 2", "\u{202E}Cem"][usize::from(what % 4)].to_owned();
            let client = "web".to_owned();
            let address = (amount % 3 != 0).then(|| format!("address{}", person % 3));
            match kind % KINDS {
                0 => Command::Reserve {
                    person: person_id,
                    name,
                    grant: grant[usize::from(what % 6)],
                    client,
                    address,
                },
                of => Command::Join {
                    person: person_id,
                    name,
                    grant: if of == 1 {
                        Grant::Seated
                    } else {
                        grant[usize::from(what % 6)]
                    },
                    client,
                    reports: yes,
                    node,
                    address,
                },
            }
        }
        8..=9 => Command::Resume { node },
        10..=11 => Command::Disconnect { node },
        12 if what.is_multiple_of(4) => Command::Withdraw,
        12 => Command::Leave,
        13 if what.is_multiple_of(4) => {
            actor = Actor::Server;
            Command::NodeLost { node }
        }
        13..=16 => {
            // Now and then somebody tries what only the server may.
            if what != 1 {
                actor = Actor::Server;
            }
            Command::Tick
        }
        17..=20 => Command::Play {
            position: seen,
            expect,
        },
        21..=23 => Command::Pause {
            position: seen,
            expect,
        },
        24..=26 => Command::Seek { position, expect },
        27 => Command::SetRate {
            rate: Rate::new(f64::from(what % 4) + 0.5).expect("in range"),
        },
        28..=29 => Command::Load {
            media: media(what),
            position,
            play: yes,
        },
        30 => Command::Unload,
        31 => Command::SetDuration {
            item,
            duration: position,
        },
        32..=36 => Command::Ready { item, ready: yes },
        37 => Command::ForceStart,
        38..=39 => Command::Undo,
        40 => Command::Ask { play: yes },
        41..=43 => Command::QueueAdd {
            media: media(what),
            before: before.filter(|_| what > 128),
        },
        44 => Command::QueueRemove { item },
        45 => Command::QueueMove { item, before },
        46 => Command::QueueVote { item, up: yes },
        47 => [
            Command::QueueSort,
            Command::QueueShuffle,
            Command::QueueClear,
        ][usize::from(what % 3)]
        .clone(),
        48..=49 => Command::QueueNext {
            item: before.filter(|_| what > 200),
        },
        50 => Command::PoolOffer {
            media: (0..if what == 255 {
                501
            } else {
                u16::from(what % 4)
            })
                .map(|n| media((n as u8).wrapping_add(who)))
                .collect(),
        },
        51 => [Command::PoolDraw, Command::PoolDraw, Command::PoolReset][usize::from(what % 3)]
            .clone(),
        52..=53 => Command::Say {
            text: ["hi", "ho @Ann", "", "\u{200B}", "darn"][usize::from(what % 5)].to_owned(),
            reply_to: yes.then(|| message(room, what)),
        },
        54 => Command::React {
            emoji: "🎉".to_owned(),
            position: seen,
        },
        55 => Command::DeleteMessage {
            message: message(room, what),
        },
        56 => Command::Rename {
            name: ["Ann", "Zoe"][usize::from(what % 2)].to_owned(),
        },
        57 => Command::Admit { member },
        58 => Command::SetCoHost {
            member,
            co_host: yes,
        },
        59 => Command::HandOver { member },
        60 => Command::Mute { member, muted: yes },
        61 => match amount % 4 {
            0 => Command::Kick { member },
            1 => Command::Deny { member },
            2 => Command::Ban {
                member,
                address: what.is_multiple_of(2),
            },
            _ => Command::Unban { member },
        },
        62 => Command::SetPolicy {
            patch: patch(what, amount),
        },
        64..=65 => Command::MakeInvite {
            uses: (amount % 3 != 0).then(|| u32::from(what % 4)),
            lasts: (amount % 5 == 0).then(|| Span(i64::from(amount))),
            label: yes.then(|| "friends".to_owned()),
        },
        66 => Command::RevokeInvite {
            invite: invite(room, amount),
        },
        67..=68 => Command::SetSchedule {
            at: schedule(now, amount),
        },
        69 => Command::SetWords {
            words: [vec!["darn"], vec!["zoe", "darn"], vec![], vec![" "]][usize::from(what % 4)]
                .iter()
                .map(|word| (*word).to_owned())
                .collect(),
        },
        70..=71 => Command::Report {
            message: yes.then(|| message(room, what)),
            member: (what % 3 != 0).then_some(member),
            reason: ["rude", ""][usize::from(amount % 16 == 1)].to_owned(),
        },
        72..=73 => Command::ResolveReport {
            report: room
                .reports()
                .next()
                .map(|report| report.id)
                .filter(|_| yes)
                .unwrap_or(ReportId(u64::from(what))),
        },
        74..=75 => {
            actor = Actor::Server;
            let grants = [Grant::None, Grant::None, Grant::Password, Grant::Host];
            Command::Enroll {
                person: PersonId(format!("person{}", amount % 8)),
                name: ["Dan", "Ann", "Eve"][usize::from(what % 3)].to_owned(),
                grant: grants[usize::from(who % 4)],
                address: yes.then(|| format!("address{}", amount % 3)),
            }
        }
        77..=79 => {
            if what != 1 {
                actor = Actor::Server;
            }
            // Mostly of what is on; from nothing to all of it, and now and then less than before.
            let on = room.current().map(|item| item.media.key.clone());
            let until = Position::clamped(f64::from(amount) / 2000.0 + 2.0);
            Command::Arrived {
                key: on.filter(|_| what % 16 != 2).unwrap_or("clip1".to_owned()),
                until: (!amount.is_multiple_of(5)).then_some(until),
            }
        }
        80 => {
            if what != 1 {
                actor = Actor::Server;
            }
            Command::PasswordChanged {
                by: yes.then_some(member),
                set: what.is_multiple_of(2),
            }
        }
        81 => {
            if what != 1 {
                actor = Actor::Server;
            }
            Command::Suggest {
                item: on,
                media: media(what),
                at: yes.then_some(position),
            }
        }
        82 => Command::HoldSequel {
            item: on,
            held: yes,
        },
        83 => Command::SetFingerprint {
            item: on,
            fingerprint: Fingerprint::new(u64::from(what) + 1, None).expect("a size"),
        },
        _ if what.is_multiple_of(64) => Command::End,
        _ => Command::SetName {
            name: format!("room {what}"),
        },
    };
    if who >= 250 {
        actor = Actor::Server;
    }
    (
        gap,
        Entry {
            actor,
            command,
            seed: u64::from(amount),
            lead: Span(i64::from(what)),
        },
    )
}

fn patch(what: u8, amount: u16) -> PolicyPatch {
    let none = PolicyPatch::default();
    match what % 6 {
        0 => PolicyPatch {
            controls: Some(controls(amount)),
            ..none
        },
        1 => PolicyPatch {
            host_absence: Some(host_absence(amount as u8)),
            ..none
        },
        2 => PolicyPatch {
            barrier: Some(barrier(amount as u8)),
            ..none
        },
        3 => PolicyPatch {
            capacity: Some(u32::from(amount % 10)),
            ..none
        },
        4 => PolicyPatch {
            seek_pauses: Some(amount.is_multiple_of(2)),
            auto_advance: Some(true),
            ..none
        },
        _ => {
            let chat = ChatRules {
                enabled: amount.is_multiple_of(2),
                ..Policy::default().chat
            };
            PolicyPatch {
                chat: Some(chat),
                ..none
            }
        }
    }
}
