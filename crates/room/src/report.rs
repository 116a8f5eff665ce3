//! Telling the moderators what somebody said or did, without telling the room.
//!
//! A report keeps what a message said at that time, so that it can be judged after it was deleted. Reports are
//! open until a moderator closes them; they are few, and limited, because each rings a bell.
use crate::audit::ActKind;
use crate::room::Step;
use crate::{
    Audience, Event, MemberId, MessageId, Refusal, ReportId, Room, ServerTime, Span, text,
};
use serde::{Deserialize, Serialize};

/// Open reports of a room: past this many, reading them is the problem.
const MAX_REPORTS: usize = 100;

/// Of which one member may have this many.
const MAX_REPORTS_EACH: usize = 5;

/// Between two reports of one member.
const REPORT_INTERVAL: Span = Span::seconds(10);

/// Characters of a reason.
const MAX_REASON: usize = 300;

/// What somebody wants the moderators to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Its number in this room.
    pub id: ReportId,
    /// Who reports.
    pub by: MemberId,
    /// Their name as it was then.
    pub name: String,
    /// Whom: the message's author, where a message is reported.
    pub member: Option<MemberId>,
    /// Which message.
    pub message: Option<MessageId>,
    /// What it said.
    pub text: Option<String>,
    /// Why, in the reporter's words.
    pub reason: String,
    /// When.
    pub at: ServerTime,
}

/// The open ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Reports {
    open: Vec<Report>,
    /// The highest number given.
    last: u64,
}

impl Reports {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Report> {
        self.open.iter()
    }

    pub(crate) fn fits(&self) -> bool {
        let ascending = self.open.windows(2).all(|pair| pair[0].id < pair[1].id);
        let known = self
            .open
            .last()
            .is_none_or(|report| report.id.0 <= self.last);
        ascending && known && self.open.len() <= MAX_REPORTS
    }
}

impl Room {
    pub(crate) fn report(
        &mut self,
        step: &mut Step,
        by: Option<MemberId>,
        message: Option<MessageId>,
        member: Option<MemberId>,
        reason: &str,
    ) -> Result<(), Refusal> {
        let reporter = by.and_then(|id| self.people.get(id));
        let reporter = reporter.ok_or(Refusal::UnknownSeat)?;
        let (by, name) = (reporter.id, reporter.name.clone());
        let said = match message {
            Some(id) => {
                let said = self.message(id).filter(|message| !message.deleted);
                Some(said.ok_or(Refusal::UnknownMessage)?)
            }
            None => None,
        };
        let whom = said.map(|message| message.by).or(member);
        let Some(whom) = whom else {
            return Err(Refusal::BadTarget(
                "Say which message or which person you mean.",
            ));
        };
        if whom == by {
            return Err(Refusal::BadTarget("You can't report yourself."));
        }
        if said.is_none() && self.name_of(whom).is_none() {
            return Err(Refusal::UnknownMember);
        }
        let reason = text::line(reason, MAX_REASON);
        if reason.is_empty() {
            return Err(Refusal::BadText {
                what: "A reason",
                min: 1,
                max: MAX_REASON as u32,
            });
        }
        if let Some(last) = reporter.speech.reported
            && last + REPORT_INTERVAL > step.now
        {
            return Err(Refusal::TooFast {
                what: "report",
                retry_ms: (last + REPORT_INTERVAL - step.now).0,
            });
        }
        let mine = self.reports.open.iter().filter(|report| report.by == by);
        if mine.count() >= MAX_REPORTS_EACH {
            return Err(Refusal::LimitReached {
                what: "Your list of open reports",
                max: MAX_REPORTS_EACH as u32,
            });
        }
        if self.reports.open.len() >= MAX_REPORTS {
            return Err(Refusal::LimitReached {
                what: "The list of open reports",
                max: MAX_REPORTS as u32,
            });
        }
        let text = said.map(|message| message.text.clone());
        self.reports.last += 1;
        self.reports.open.push(Report {
            id: ReportId(self.reports.last),
            by,
            name,
            member: Some(whom),
            message,
            text,
            reason,
            at: step.now,
        });
        if let Some(member) = self.people.touch(by) {
            member.speech.reported = Some(step.now);
        }
        step.emit(Audience::Moderators, Event::Reports);
        Ok(())
    }

    pub(crate) fn resolve_report(&mut self, step: &mut Step, id: ReportId) -> Result<(), Refusal> {
        let place = self.reports.open.iter().position(|report| report.id == id);
        let report = self
            .reports
            .open
            .remove(place.ok_or(Refusal::UnknownReport)?);
        step.emit(Audience::Moderators, Event::Reports);
        self.record(
            step,
            ActKind::ReportResolve,
            report.member,
            Some(report.reason),
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::{Party, say};
    use crate::{Command, Policy};

    fn report(message: Option<u64>, member: Option<MemberId>) -> Command {
        Command::Report {
            message: message.map(MessageId),
            member,
            reason: " rude ".to_owned(),
        }
    }

    #[test]
    fn a_report_keeps_the_words_and_only_moderators_hear_of_it() {
        let (mut party, host, ann, ben) = Party::of_three(Policy::default());
        party.ok(ann, say("you fool"));
        let outcome = party.act(ben, report(Some(1), None)).expect("allowed");
        assert_eq!(outcome.events, [(Audience::Moderators, Event::Reports)]);
        let message = MessageId(1);
        party.ok(ann, Command::DeleteMessage { message });
        let open = party.room.reports().next().expect("open").clone();
        assert_eq!((open.by, open.member), (party.id(ben), Some(party.id(ann))));
        assert_eq!(
            (open.text.as_deref(), open.reason.as_str()),
            (Some("you fool"), "rude")
        );
        let resolve = Command::ResolveReport { report: open.id };
        let refusal = party.act(ben, resolve.clone());
        assert_eq!(refusal.expect_err("refused").code(), "not_allowed");
        party.ok(host, resolve.clone());
        assert_eq!(party.room.reports().count(), 0);
        assert_eq!(party.act(host, resolve), Err(Refusal::UnknownReport));
    }

    #[test]
    fn a_report_is_about_something_and_not_about_oneself() {
        let (mut party, _, ann, ben) = Party::of_three(Policy::default());
        party.ok(ben, say("mine"));
        for (command, code) in [
            (report(None, None), "bad_target"),
            (report(None, Some(party.id(ben))), "bad_target"),
            (report(Some(1), None), "bad_target"),
            (report(Some(9), None), "unknown_message"),
            (report(None, Some(MemberId(99))), "unknown_member"),
        ] {
            assert_eq!(party.act(ben, command).expect_err("refused").code(), code);
        }
        let empty = Command::Report {
            message: None,
            member: Some(party.id(ann)),
            reason: "\u{200B}".to_owned(),
        };
        assert_eq!(
            party.act(ben, empty).expect_err("refused").code(),
            "bad_text"
        );
    }

    #[test]
    fn reports_are_limited_in_time_and_number() {
        let (mut party, _, ann, ben) = Party::of_three(Policy::default());
        let about = report(None, Some(party.id(ann)));
        for _ in 0..MAX_REPORTS_EACH {
            party.ok(ben, about.clone());
            let refusal = party.act(ben, about.clone()).expect_err("refused");
            assert_eq!(refusal.code(), "too_fast");
            party.pass(REPORT_INTERVAL);
        }
        let refusal = party.act(ben, about).expect_err("refused");
        assert_eq!(refusal.code(), "limit_reached");
    }
}
