//! Waiting for each other before the first start of a medium, without ever freezing.
//!
//! A barrier waits for the members who are present and report readiness when it opens; it is
//! met when a quorum of them is ready, and it has a deadline. Whoever never reports, comes
//! later, leaves or loses the connection is a follower: they catch up and block nobody.
//! Once a medium has been started, nothing waits for anybody.
use crate::room::Step;
use crate::{Audience, BarrierPolicy, ControlKind, Event, ItemId, MemberId, Room, ServerTime};
use serde::{Deserialize, Serialize};

/// With more people than this, readiness is told in steps of one percent: a thousand players that report
/// within a second would else send a million notices.
const DETAIL_UP_TO: usize = 100;

/// Why a barrier is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A medium was put on the timeline.
    Load,
    /// Somebody pressed play before all had loaded it.
    Start,
}

/// Members being waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Barrier {
    /// For which item.
    pub item: ItemId,
    /// Why.
    pub purpose: Purpose,
    /// Since when.
    pub opened_at: ServerTime,
    /// Until when at the latest.
    pub deadline: ServerTime,
    /// Whether playback starts with the end of the wait; else it only shows who is loading.
    pub wants_play: bool,
    /// Who wished it to play; `None` for the server.
    pub by: Option<MemberId>,
    /// Who is ready, by number.
    pub ready: Vec<MemberId>,
    /// Who is still loading, by number.
    pub waiting: Vec<MemberId>,
}

impl Barrier {
    /// How many are being waited for or have arrived.
    pub fn total(&self) -> usize {
        self.ready.len() + self.waiting.len()
    }

    fn concerns(&self, member: MemberId) -> bool {
        self.ready.binary_search(&member).is_ok() || self.waiting.binary_search(&member).is_ok()
    }

    /// Moves somebody between the lists; false where they are no part of it or there already.
    fn mark(&mut self, member: MemberId, ready: bool) -> bool {
        let (from, to) = if ready {
            (&mut self.waiting, &mut self.ready)
        } else {
            (&mut self.ready, &mut self.waiting)
        };
        let (Ok(old), Err(new)) = (from.binary_search(&member), to.binary_search(&member)) else {
            return false;
        };
        from.remove(old);
        to.insert(new, member);
        true
    }

    fn forget(&mut self, member: MemberId) -> bool {
        for list in [&mut self.ready, &mut self.waiting] {
            if let Ok(place) = list.binary_search(&member) {
                list.remove(place);
                return true;
            }
        }
        false
    }

    /// Whether this change is worth telling: each while few are concerned, else each percent and the last ten.
    fn worth_telling(&self) -> bool {
        let step = (self.total() / DETAIL_UP_TO).max(1);
        self.waiting.len() <= 10 || self.ready.len().is_multiple_of(step)
    }
}

impl Room {
    /// Opens a barrier where the policy wants one and somebody has to be waited for. Says whether it did.
    pub(crate) fn open_barrier(&mut self, step: &mut Step, purpose: Purpose) -> bool {
        let BarrierPolicy::Wait { quorum, deadline } = self.policy.barrier else {
            return false;
        };
        let Some(item) = self.timeline.item else {
            return false;
        };
        let counted = self
            .people
            .members()
            .filter(|member| member.counts_for_barrier());
        let (ready, waiting): (Vec<_>, Vec<_>) = counted
            .map(|m| (m.id, m.ready))
            .partition(|(_, ready)| *ready);
        let ids =
            |list: Vec<(MemberId, bool)>| list.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        let (ready, waiting) = (ids(ready), ids(waiting));
        if met(quorum, ready.len(), waiting.len()) {
            return false;
        }
        self.barrier = Some(Barrier {
            item,
            purpose,
            opened_at: step.now,
            deadline: step.now + deadline,
            wants_play: false,
            by: None,
            ready,
            waiting,
        });
        step.emit(Audience::All, Event::Barrier);
        true
    }

    /// Playback is to start with the end of the wait; the deadline runs from this wish.
    pub(crate) fn wish_play(&mut self, step: &mut Step, by: Option<MemberId>) {
        let BarrierPolicy::Wait { deadline, .. } = self.policy.barrier else {
            return;
        };
        if let Some(barrier) = &mut self.barrier
            && !barrier.wants_play
        {
            barrier.wants_play = true;
            barrier.by = by;
            barrier.deadline = step.now + deadline;
            step.emit(Audience::All, Event::Barrier);
        }
    }

    /// Playback is not to start by itself any more. Where that was all it was for, the barrier goes too.
    pub(crate) fn cancel_wish(&mut self, step: &mut Step) {
        if let Some(barrier) = &mut self.barrier {
            barrier.wants_play = false;
            barrier.by = None;
            if barrier.purpose == Purpose::Start {
                self.barrier = None;
            }
            step.emit(Audience::All, Event::Barrier);
        }
    }

    pub(crate) fn set_ready(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        item: ItemId,
        ready: bool,
    ) {
        let Some(id) = by.filter(|_| self.timeline.item == Some(item)) else {
            return;
        };
        if self.people.get(id).is_none_or(|member| !member.reports()) {
            // It joined as a follower, and stays one: who could be ready could also be waited for.
            return;
        }
        let Some(member) = self.people.touch(id) else {
            return;
        };
        if *member.ready == ready {
            return;
        }
        *member.ready = ready;
        step.quietly();
        if self.people.seated() as usize <= DETAIL_UP_TO {
            self.announce(step, id);
        }
        if let Some(barrier) = &mut self.barrier
            && barrier.mark(id, ready)
            && barrier.worth_telling()
        {
            step.emit(Audience::All, Event::Barrier);
        }
        self.settle_barrier(step);
    }

    /// Somebody left, lost the connection or doesn't report any more: not waited for.
    pub(crate) fn forget_in_barrier(&mut self, step: &mut Step, id: MemberId) {
        if let Some(barrier) = &mut self.barrier
            && barrier.forget(id)
        {
            step.emit(Audience::All, Event::Barrier);
        }
    }

    /// Closes the barrier once it is met.
    pub(crate) fn settle_barrier(&mut self, step: &mut Step) {
        let Some(barrier) = &self.barrier else { return };
        let is_met = match self.policy.barrier {
            BarrierPolicy::Off => true,
            BarrierPolicy::Wait { quorum, .. } => {
                met(quorum, barrier.ready.len(), barrier.waiting.len())
            }
        };
        if is_met {
            self.close_barrier(step);
        }
    }

    /// The wait is over: met, or long enough. Starts where that was the wish.
    pub(crate) fn close_barrier(&mut self, step: &mut Step) {
        let Some(barrier) = self.barrier.take() else {
            return;
        };
        step.emit(Audience::All, Event::Barrier);
        if barrier.wants_play {
            // Nobody pressed anything just now: whoever wished it was told with the wish.
            let from = self.timeline.start_from();
            self.start(step, None, ControlKind::Start, from);
        }
    }

    /// No barrier any more, and no start from it.
    pub(crate) fn drop_barrier(&mut self, step: &mut Step) {
        if self.barrier.take().is_some() {
            step.emit(Audience::All, Event::Barrier);
        }
    }

    /// Whether a restored barrier fits the room.
    pub(crate) fn barrier_fits(&self) -> bool {
        let Some(barrier) = &self.barrier else {
            return true;
        };
        let sorted = |list: &[MemberId]| list.windows(2).all(|pair| pair[0] < pair[1]);
        let members = self
            .people
            .members()
            .filter(|m| m.counts_for_barrier() && barrier.concerns(m.id))
            .count();
        Some(barrier.item) == self.timeline.item
            && !self.timeline.playing
            && sorted(&barrier.ready)
            && sorted(&barrier.waiting)
            && members == barrier.total()
    }
}

/// Whether enough are ready. With nobody to wait for, it is.
fn met(quorum: f64, ready: usize, waiting: usize) -> bool {
    let total = ready + waiting;
    // 0.1 * 30 is a hair above 3 in binary: without the tolerance a fourth would be waited for.
    ready as f64 + 1e-9 >= quorum * total as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{NODE, PAUSE, PLAY, Party, clip, load};
    use crate::{Command, Grant, Policy, Position, SeatId, Span};

    fn watchers(policy: Policy, count: usize) -> (Party, Vec<SeatId>) {
        let mut party = Party::new(policy);
        let grant = |i| if i == 0 { Grant::Host } else { Grant::None };
        let seats = (0..count)
            .map(|i| {
                party
                    .arrive(&format!("p{i}"), grant(i), true)
                    .expect("may enter")
            })
            .collect();
        (party, seats)
    }

    fn ready(party: &mut Party, seat: SeatId) {
        let item = party.room.timeline().item.expect("loaded");
        party.ok(seat, Command::Ready { item, ready: true });
    }

    #[test]
    fn it_starts_when_all_who_report_are_ready() {
        let (mut party, seats) = watchers(Policy::default(), 3);
        party.ok(seats[0], load("a"));
        party.ok(seats[0], PLAY);
        for seat in &seats {
            assert!(!party.playing());
            ready(&mut party, *seat);
        }
        assert!(party.playing());
        assert_eq!(party.room.barrier(), None);
    }

    #[test]
    fn it_starts_at_the_deadline_whoever_is_missing() {
        let (mut party, seats) = watchers(Policy::default(), 3);
        party.ok(seats[0], load("a"));
        party.pass(Span::seconds(4));
        party.ok(seats[0], PLAY);
        ready(&mut party, seats[1]);
        party.pass(Span(9_999));
        assert!(!party.playing());
        party.pass(Span(1));
        assert!(party.playing());
    }

    #[test]
    fn a_quorum_is_enough() {
        let barrier = BarrierPolicy::Wait {
            quorum: 0.5,
            deadline: Span::seconds(10),
        };
        let (mut party, seats) = watchers(
            Policy {
                barrier,
                ..Policy::default()
            },
            4,
        );
        party.ok(
            seats[0],
            Command::Load {
                media: clip("a"),
                position: Position::ZERO,
                play: true,
            },
        );
        ready(&mut party, seats[0]);
        assert!(!party.playing());
        ready(&mut party, seats[1]);
        assert!(party.playing());
    }

    #[test]
    fn those_who_never_report_block_nobody() {
        let (mut party, host, ..) = Party::of_three(Policy::default());
        party.ok(host, load("a"));
        assert_eq!(party.room.barrier(), None);
        party.ok(host, PLAY);
        assert!(party.playing());
    }

    #[test]
    fn whoever_loses_the_connection_or_leaves_is_not_waited_for() {
        let (mut party, seats) = watchers(Policy::default(), 3);
        party.ok(seats[0], load("a"));
        party.ok(seats[0], PLAY);
        ready(&mut party, seats[0]);
        party.ok(seats[1], Command::Disconnect { node: NODE });
        assert!(!party.playing());
        party.ok(seats[2], Command::Leave);
        assert!(party.playing());
    }

    #[test]
    fn whoever_comes_during_it_follows() {
        let (mut party, seats) = watchers(Policy::default(), 2);
        party.ok(seats[0], load("a"));
        party.ok(seats[0], PLAY);
        party.arrive("late", Grant::None, true).expect("may enter");
        ready(&mut party, seats[0]);
        ready(&mut party, seats[1]);
        assert!(party.playing());
    }

    #[test]
    fn a_pause_takes_the_wish_back_and_a_ready_room_waits_for_play() {
        let (mut party, seats) = watchers(Policy::default(), 2);
        party.ok(seats[0], load("a"));
        party.ok(seats[0], PLAY);
        party.ok(seats[1], PAUSE);
        ready(&mut party, seats[0]);
        ready(&mut party, seats[1]);
        assert_eq!((party.playing(), party.room.barrier()), (false, None));
        party.ok(seats[0], PLAY);
        assert!(party.playing());
    }

    #[test]
    fn the_first_play_waits_for_those_who_still_load_and_the_second_for_nobody() {
        let (mut party, seats) = watchers(Policy::default(), 2);
        party.ok(seats[0], load("a"));
        party.pass(Span::seconds(11));
        assert_eq!(party.room.barrier(), None);
        party.ok(seats[0], PLAY);
        assert_eq!(
            party.room.barrier().map(|barrier| barrier.purpose),
            Some(Purpose::Start)
        );
        party.pass(Span::seconds(10));
        assert!(party.playing());
        party.ok(seats[0], PAUSE);
        party.ok(seats[0], PLAY);
        assert!(party.playing());
    }

    #[test]
    fn a_stall_is_never_a_pause() {
        let (mut party, seats) = watchers(Policy::default(), 2);
        party.ok(seats[0], load("a"));
        ready(&mut party, seats[0]);
        ready(&mut party, seats[1]);
        party.ok(seats[0], PLAY);
        let timeline = *party.room.timeline();
        let item = timeline.item.expect("loaded");
        party.ok(seats[1], Command::Ready { item, ready: false });
        assert_eq!(*party.room.timeline(), timeline);
    }

    #[test]
    fn it_can_be_forced_and_a_report_for_another_item_is_nothing() {
        let (mut party, seats) = watchers(Policy::default(), 2);
        party.ok(seats[0], load("a"));
        assert!(
            party
                .ok(
                    seats[0],
                    Command::Ready {
                        item: ItemId(99),
                        ready: true
                    }
                )
                .is_empty()
        );
        party.ok(seats[1], Command::ForceStart);
        assert!(party.playing());
    }

    #[test]
    fn a_follower_stays_one_even_if_it_reports() {
        let (mut party, host, ann, _) = Party::of_three(Policy::default());
        party.ok(host, load("a"));
        let item = party.room.timeline().item.expect("loaded");
        assert!(
            party
                .ok(ann, Command::Ready { item, ready: true })
                .is_empty()
        );
        assert!(!party.member(ann).ready);
    }

    #[test]
    fn readiness_goes_with_the_last_player_that_reported_it() {
        let (mut party, seats) = watchers(Policy::default(), 2);
        party.ok(seats[0], load("a"));
        ready(&mut party, seats[1]);
        assert!(party.member(seats[1]).ready);
        party.lose(seats[1]);
        assert!(!party.member(seats[1]).ready);
        party.back(seats[1]).expect("held");
        assert!(!party.member(seats[1]).ready);
    }

    #[test]
    fn switching_the_barrier_off_lets_go() {
        let (mut party, seats) = watchers(Policy::default(), 2);
        party.ok(seats[0], load("a"));
        party.ok(seats[0], PLAY);
        let patch = crate::PolicyPatch {
            barrier: Some(BarrierPolicy::Off),
            ..Default::default()
        };
        party.ok(seats[0], Command::SetPolicy { patch });
        assert!(party.playing());
    }

    #[test]
    fn thirty_at_a_tenth_are_three() {
        assert!(met(0.1, 3, 27));
        assert!(!met(0.1, 2, 28));
        assert!(met(1.0, 0, 0));
    }
}
