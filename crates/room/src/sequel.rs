//! What follows by itself where nobody chose anything: the next episode.
//!
//! The edge knows episodes and tells what would come next ([`Command::Suggest`](crate::Command::Suggest)), once for an item.
//! Where the queue is empty and the policy goes on by itself, that is put on at the item's end, or a while after its
//! credits began. The countdown before it is no state: all see the same one by the shared timeline, and seeking back
//! takes it away. Whoever may choose what is watched may hold it back, for everybody.
use crate::room::Step;
use crate::{Audience, Event, ItemId, Media, Position, Refusal, Room, ServerTime, Span};
use serde::{Deserialize, Serialize};

/// What follows an item by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequel {
    /// What.
    pub media: Media,
    /// Where in the item it is put on; `None`: at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Position>,
    /// Somebody does not want it: the item is played to its end, and nothing follows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

impl Room {
    /// What follows if nobody does anything.
    pub(crate) fn sequel(&self) -> Option<&Sequel> {
        let on = self.current.as_ref()?;
        let goes_on = self.policy.auto_advance && self.queue.is_empty();
        let sequel = on.sequel.as_deref();
        sequel.filter(|sequel| goes_on && !sequel.held)
    }

    /// When a playing timeline comes to the place where what follows is put on before the end. Whoever skips behind that
    /// place wants to see what is there.
    pub(crate) fn sequel_due(&self) -> Option<ServerTime> {
        let (line, at) = (&self.timeline, self.sequel()?.at?);
        let left = at.seconds() - line.position.seconds();
        let comes = line.playing && left > 0.0;
        comes.then(|| line.at + Span((left / line.rate.factor() * 1000.0).ceil() as i64))
    }

    /// The edge found out what follows.
    pub(crate) fn suggest(
        &mut self,
        step: &mut Step,
        item: ItemId,
        media: &Media,
        at: Option<Position>,
    ) -> Result<(), Refusal> {
        let media = media.checked()?;
        let Some(current) = self.current.as_mut().filter(|on| on.id == item) else {
            return Ok(());
        };
        let held = current.sequel.as_ref().is_some_and(|known| known.held);
        let sequel = Some(Box::new(Sequel { media, at, held }));
        if current.sequel != sequel {
            current.sequel = sequel;
            step.emit(Audience::All, Event::Medium);
        }
        Ok(())
    }

    /// Somebody wants it, or not.
    pub(crate) fn hold_sequel(&mut self, step: &mut Step, item: ItemId, held: bool) {
        let current = self.current.as_mut().filter(|on| on.id == item);
        if let Some(sequel) = current.and_then(|on| on.sequel.as_mut())
            && sequel.held != held
        {
            sequel.held = held;
            step.emit(Audience::All, Event::Medium);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{PLAY, Party, at, clip, load, seek};
    use crate::{BarrierPolicy, Command, Policy, PolicyPatch, SeatId, Who};

    /// A room that plays `one`, of 100 s, after which comes `two`.
    fn series(credits: Option<f64>) -> (Party, SeatId, SeatId) {
        let policy = Policy {
            barrier: BarrierPolicy::Off,
            ..Policy::default()
        };
        let (mut party, host, ann, _) = Party::of_three(policy);
        party.ok(host, load("one"));
        suggest(&mut party, "two", credits);
        party.ok(host, PLAY);
        (party, host, ann)
    }

    fn suggest(party: &mut Party, key: &str, credits: Option<f64>) {
        let command = Command::Suggest {
            item: item(party),
            media: clip(key),
            at: credits.map(at),
        };
        party.server(command).expect("the server may");
    }

    fn item(party: &Party) -> ItemId {
        party.room.timeline().item.expect("loaded")
    }

    fn hold(party: &Party, held: bool) -> Command {
        let item = item(party);
        Command::HoldSequel { item, held }
    }

    fn on(party: &Party) -> &str {
        &party.room.current().expect("loaded").media.key
    }

    #[test]
    fn the_next_episode_follows_at_the_end_and_plays() {
        let (mut party, ..) = series(None);
        party.pass(Span::seconds(99));
        assert_eq!(on(&party), "one");
        party.pass(Span::seconds(2));
        assert_eq!((on(&party), party.playing()), ("two", true));
        // What would come after that one has to be told anew.
        party.pass(Span::seconds(200));
        assert_eq!((on(&party), party.playing()), ("two", false));
    }

    #[test]
    fn it_follows_a_while_into_the_credits_and_not_for_who_skipped_into_them() {
        let (mut party, host, _) = series(Some(90.0));
        party.pass(Span::seconds(92));
        assert_eq!(on(&party), "two");
        let (mut party, host_again, _) = series(Some(90.0));
        party.ok(host_again, seek(95.0));
        party.pass(Span::seconds(4));
        assert_eq!(on(&party), "one");
        party.pass(Span::seconds(3));
        assert_eq!(on(&party), "two");
        let _ = host;
    }

    #[test]
    fn who_chooses_what_is_watched_holds_it_back_for_all_and_lets_it_come_again() {
        let (mut party, host, ann) = series(Some(90.0));
        let patch = PolicyPatch {
            controls: Some(crate::Controls {
                queue: Who::Host,
                ..party.room.policy().controls
            }),
            ..PolicyPatch::default()
        };
        party.ok(host, Command::SetPolicy { patch });
        let held = hold(&party, true);
        assert!(matches!(
            party.act(ann, held.clone()),
            Err(Refusal::NotAllowed { .. })
        ));
        assert_eq!(party.ok(host, held), [Event::Medium]);
        // The server finds the same out again after a restart: that changes nothing.
        suggest(&mut party, "two", Some(90.0));
        party.pass(Span::seconds(95));
        assert_eq!(on(&party), "one");
        let wanted = hold(&party, false);
        party.ok(host, wanted);
        party.pass(Span::seconds(10));
        assert_eq!(on(&party), "two");
    }

    #[test]
    fn what_people_queued_comes_first() {
        let (mut party, host, _) = series(Some(90.0));
        let media = clip("chosen");
        party.ok(
            host,
            Command::QueueAdd {
                media,
                before: None,
            },
        );
        party.pass(Span::seconds(95));
        assert_eq!(on(&party), "one");
        party.pass(Span::seconds(6));
        assert_eq!(on(&party), "chosen");
    }

    #[test]
    fn a_room_that_does_not_go_on_by_itself_does_not() {
        let (mut party, host, _) = series(Some(90.0));
        let patch = PolicyPatch {
            auto_advance: Some(false),
            ..PolicyPatch::default()
        };
        party.ok(host, Command::SetPolicy { patch });
        party.pass(Span::seconds(120));
        assert_eq!((on(&party), party.playing()), ("one", false));
    }

    #[test]
    fn nobody_but_the_server_says_what_follows() {
        let (mut party, host, _) = series(None);
        let command = Command::Suggest {
            item: item(&party),
            media: clip("mine"),
            at: None,
        };
        assert_eq!(party.act(host, command), Err(Refusal::ServerOnly));
    }
}
