//! What people say: messages, reactions, asking, and the limits on all three.
//!
//! The room keeps a bounded tail of messages for those who come later; the whole history is
//! the store's. Limits are told from what was *accepted*, never from what was refused: a
//! refusal changes nothing, so nobody can be locked out by what they did not get to say.
use crate::rights::{Caller, reaches};
use crate::room::Step;
use crate::tail::Numbered;
use crate::{
    Audience, ChatRules, Event, ItemId, Member, MemberId, MessageId, Position, Refusal, Room,
    ServerTime, Span, text,
};
use crate::{audit::ActKind, mention, words};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Messages kept in the room: two screens of a busy chat. Older ones are read from the store.
pub const CHAT_TAIL: usize = 200;

/// Messages of one member that any window can look back on ([`ChatRules::window_count`] at most).
pub(crate) const MAX_WINDOW_COUNT: u32 = 100;

/// Between two requests of one member for play or pause: each shows a toast to somebody.
const ASK_INTERVAL: Span = Span::seconds(3);

/// Something said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its number in this room, ascending.
    pub id: MessageId,
    /// By whom.
    pub by: MemberId,
    /// Their name as it was then.
    pub name: String,
    /// What; empty once deleted.
    pub text: String,
    /// When.
    pub at: ServerTime,
    /// At which item and position, where something was loaded.
    pub moment: Option<(ItemId, Position)>,
    /// To which message it answers.
    pub reply_to: Option<MessageId>,
    /// Taken back, by its author or a moderator.
    pub deleted: bool,
    /// The present members it names with an `@`, in order of naming, at most 20; empty once deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<MemberId>,
}

impl Numbered for Message {
    fn number(&self) -> u64 {
        self.id.0
    }
}
/// What a member said lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Speech {
    /// When they wrote, the latest last; as many as the window counts.
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    said: VecDeque<ServerTime>,
    /// A digest of the last text.
    last: u64,
    /// When they reacted, the latest last.
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    reacted: VecDeque<ServerTime>,
    /// When they last asked.
    asked: Option<ServerTime>,
    /// When they last reported something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reported: Option<ServerTime>,
}

impl Speech {
    /// When the next message is allowed: window, cool-down and slow mode together.
    fn next_message(&self, rules: &ChatRules) -> ServerTime {
        let Some(&last) = self.said.back() else {
            return ServerTime(i64::MIN);
        };
        let mut next = if rules.slow_mode > Span(0) {
            last + rules.slow_mode
        } else {
            ServerTime(i64::MIN)
        };
        let count = rules.window_count as usize;
        if let Some(place) = self.said.len().checked_sub(count)
            && let Some(&first) = self.said.get(place)
            && last - first < rules.window
        {
            // The window was full with the last message: it has to move on, and the cool-down to pass.
            next = next.max(first + rules.window).max(last + rules.cool_down);
        }
        next
    }

    fn repeats(&self, text: &str, now: ServerTime, rules: &ChatRules) -> bool {
        self.said
            .back()
            .is_some_and(|last| now - *last < rules.duplicate_span)
            && self.last == digest(text)
    }

    fn note_message(&mut self, text: &str, now: ServerTime, rules: &ChatRules) {
        self.said.push_back(now);
        while self.said.len() > (rules.window_count as usize).max(1) {
            self.said.pop_front();
        }
        self.last = digest(text);
    }

    fn next_reaction(&self, window: Span, count: usize) -> ServerTime {
        let place = self.reacted.len().checked_sub(count);
        place
            .and_then(|place| self.reacted.get(place))
            .map_or(ServerTime(i64::MIN), |first| *first + window)
    }

    fn note_reaction(&mut self, now: ServerTime, count: usize) {
        self.reacted.push_back(now);
        while self.reacted.len() > count {
            self.reacted.pop_front();
        }
    }
}

/// FNV-1a, 64 bit: enough to tell a text from the one before, without keeping it.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn wait_until(allowed: ServerTime, now: ServerTime, what: &'static str) -> Result<(), Refusal> {
    if allowed > now {
        Err(Refusal::TooFast {
            what,
            retry_ms: (allowed - now).0,
        })
    } else {
        Ok(())
    }
}

impl Room {
    /// The member behind a caller who speaks in person.
    fn speaker(&self, caller: Caller) -> Result<&Member, Refusal> {
        let member = caller
            .member
            .and_then(|id| self.member(id))
            .ok_or(Refusal::UnknownSeat)?;
        if member.muted {
            Err(Refusal::Muted)
        } else {
            Ok(member)
        }
    }

    pub(crate) fn say(
        &mut self,
        step: &mut Step,
        caller: Caller,
        raw: &str,
        reply_to: Option<MessageId>,
    ) -> Result<(), Refusal> {
        let rules = self.policy().chat;
        if !rules.enabled {
            return Err(Refusal::ChatOff);
        }
        let member = self.speaker(caller)?;
        let too_long = || Refusal::BadText {
            what: "A message",
            min: 1,
            max: rules.max_length,
        };
        // A character has at most four bytes; what is more than twice that can't be saved by cleaning, and is
        // refused unread.
        if raw.len() > 8 * rules.max_length as usize + 1024 {
            return Err(too_long());
        }
        let said = text::message(raw);
        if said.is_empty() || said.chars().count() > rules.max_length as usize {
            return Err(too_long());
        }
        if words::blocks(&self.words, &said) {
            return Err(Refusal::BlockedWord);
        }
        wait_until(member.speech.next_message(&rules), step.now, "write")?;
        if member.speech.repeats(&said, step.now, &rules) {
            return Err(Refusal::Duplicate);
        }
        let (by, name) = (member.id, member.name.clone());
        let id = MessageId(self.chat.next());
        let reply_to =
            reply_to.filter(|to| self.message(*to).is_some_and(|message| !message.deleted));
        let mentions = mention::mentions(&self.people, &said);
        let moment = self.moment(step.now);
        if let Some(member) = self.people.touch(by) {
            member.speech.note_message(&said, step.now, &rules);
        }
        self.stats.messages += 1;
        let message = Message {
            id,
            by,
            name,
            text: said,
            at: step.now,
            moment,
            reply_to,
            deleted: false,
            mentions,
        };
        self.chat.push(message, CHAT_TAIL);
        step.emit(Audience::All, Event::Said { message: id });
        Ok(())
    }

    pub(crate) fn delete_message(
        &mut self,
        step: &mut Step,
        caller: Caller,
        id: MessageId,
    ) -> Result<(), Refusal> {
        let people = self.policy().controls.people;
        let moderates = caller.role.is_none_or(|role| reaches(role, people));
        let detail = Some(id.0.to_string());
        let Some(message) = self.chat.get_mut(id.0) else {
            // Whose it was is not known here any more, so that only those may who may delete anybody's.
            if !moderates || !self.chat.has_left(id.0) {
                return Err(Refusal::UnknownMessage);
            }
            step.emit(Audience::All, Event::MessageDeleted { message: id });
            self.record(step, ActKind::DeleteMessage, None, detail);
            return Ok(());
        };
        let author = message.by;
        if Some(author) != caller.member && !moderates {
            return Err(Refusal::NotAllowed {
                needs: people,
                what: "delete what others wrote",
            });
        }
        if !message.deleted {
            message.deleted = true;
            message.text.clear();
            message.mentions.clear();
            step.emit(Audience::All, Event::MessageDeleted { message: id });
            if Some(author) != caller.member {
                self.record(step, ActKind::DeleteMessage, Some(author), detail);
            }
        }
        Ok(())
    }

    pub(crate) fn react(
        &mut self,
        step: &mut Step,
        caller: Caller,
        raw: &str,
        seen: Option<Position>,
    ) -> Result<(), Refusal> {
        if !self.policy().chat.enabled {
            return Err(Refusal::ChatOff);
        }
        let (window, count) = self.policy().reactions();
        let member = self.speaker(caller)?;
        let emoji = text::reaction(raw).ok_or(Refusal::BadText {
            what: "A reaction",
            min: 1,
            max: 16,
        })?;
        let next = member.speech.next_reaction(window, count);
        wait_until(next, step.now, "react")?;
        let by = member.id;
        if let Some(member) = self.people.touch(by) {
            member.speech.note_reaction(step.now, count);
        }
        self.stats.reactions += 1;
        let reacted = Event::Reacted {
            by,
            emoji: emoji.to_owned(),
            moment: self.moment(step.now).map(|(item, here)| {
                let seen = seen.map(|seen| self.timeline().within(seen));
                (item, seen.unwrap_or(here))
            }),
            at: step.now,
        };
        step.emit(Audience::All, reacted);
        Ok(())
    }

    pub(crate) fn ask(
        &mut self,
        step: &mut Step,
        caller: Caller,
        play: bool,
    ) -> Result<(), Refusal> {
        let controls = self.policy().controls;
        let member = self.speaker(caller)?;
        if !controls.ask || reaches(member.role, controls.play) {
            return Err(Refusal::AskingOff);
        }
        if self.timeline().item.is_none() {
            return Err(Refusal::NothingLoaded);
        }
        if let Some(asked) = member.speech.asked {
            wait_until(asked + ASK_INTERVAL, step.now, "ask")?;
        }
        let by = member.id;
        if let Some(member) = self.people.touch(by) {
            member.speech.asked = Some(step.now);
        }
        step.emit(Audience::Controllers, Event::Asked { by, play });
        Ok(())
    }

    /// What is being seen now, for messages and reactions.
    fn moment(&self, now: ServerTime) -> Option<(ItemId, Position)> {
        let timeline = self.timeline();
        timeline.item.map(|item| (item, timeline.position_at(now)))
    }
}

#[cfg(test)]
mod tests;
