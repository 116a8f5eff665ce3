//! How far people come with what a room plays: gathered from their players' reports, written in batches.
//!
//! Nothing here changes the room or waits for anything. A report counts for what the room shows, and at most as far
//! as the room has played: whoever lies about their position moves at most their own "continue watching", up to where
//! the others are. Another medium, or a room that went back, counts as on purpose; else progress only grows.
use super::signals::Report;
use crate::code::RoomCode;
use crate::store::{Progress, ProgressStep, ProgressWriter};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use watchalong_room::{
    Media, MemberId, PersonId, Revision, Room, ServerTime, SourceKind, Timeline,
};

/// Between two rounds: what a crash may cost somebody of their place.
const EVERY: Duration = Duration::from_secs(15);
/// Who leaves is written soon, together with others who leave.
const GATHER: Duration = Duration::from_millis(500);
/// Seconds by which a timeline must fall back to have been sent back; less is a pause that was set right.
const BACK: f64 = 1.0;
/// Steps that a writer which can't keep up leaves with a room; more are told anew by the next round anyway.
const OWED: usize = 1000;

/// What was last written of somebody.
#[derive(Clone, Copy, Debug)]
struct Written {
    position: f64,
    /// The timeline's revision at that time.
    timeline: Revision,
}

/// The progress of one room's people.
#[derive(Debug)]
pub(super) struct Watching {
    writer: ProgressWriter,
    /// What is on, and how it moves, as of the last entry.
    media: Option<Media>,
    timeline: Timeline,
    /// The last revision at which the timeline went back or began with another medium.
    went_back: Revision,
    written: HashMap<MemberId, Written>,
    /// Who reported: a room that let somebody go does not know them any more.
    people: HashMap<MemberId, PersonId>,
    owed: Vec<ProgressStep>,
    due: Option<Instant>,
}

impl Watching {
    pub(super) fn of(room: &Room, writer: ProgressWriter) -> Self {
        Self {
            writer,
            media: room.current().map(|item| item.media.clone()),
            timeline: *room.timeline(),
            went_back: Revision(0),
            written: HashMap::new(),
            people: HashMap::new(),
            owed: Vec::new(),
            due: None,
        }
    }

    /// When there is something to write.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Somebody's player said where it is: there will be something to write.
    pub(super) fn heard(&mut self, room: &Room, member: MemberId) {
        if !self.people.contains_key(&member)
            && let Some(of) = room.member(member)
        {
            self.people.insert(member, of.person.clone());
        }
        self.due.get_or_insert_with(|| Instant::now() + EVERY);
    }

    /// The room after an entry. What people saw of an earlier medium is noted before it is forgotten.
    pub(super) fn follow<'a>(
        &mut self,
        code: &RoomCode,
        room: &Room,
        reports: impl Iterator<Item = (MemberId, &'a Report)>,
        now: ServerTime,
    ) {
        let timeline = room.timeline();
        if *timeline == self.timeline {
            return;
        }
        if timeline.item != self.timeline.item {
            for (member, report) in reports {
                self.note(code, member, report, now);
            }
            self.written.clear();
            self.media = room.current().map(|item| item.media.clone());
            self.went_back = timeline.revision;
        } else {
            let would_be = self.timeline.position_at(timeline.at).seconds();
            if timeline.position.seconds() + BACK < would_be {
                self.went_back = timeline.revision;
            }
            // Its length may have become known.
            if timeline.duration != self.timeline.duration {
                self.media = room.current().map(|item| item.media.clone());
            }
        }
        self.timeline = *timeline;
    }

    /// Somebody leaves.
    pub(super) fn leaves(
        &mut self,
        code: &RoomCode,
        member: MemberId,
        report: &Report,
        now: ServerTime,
    ) {
        self.note(code, member, report, now);
        self.written.remove(&member);
        self.people.remove(&member);
        if !self.owed.is_empty() {
            let soon = Instant::now() + GATHER;
            self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
        }
    }

    /// Hands over what there is to write.
    pub(super) fn round<'a>(
        &mut self,
        code: &RoomCode,
        reports: impl Iterator<Item = (MemberId, &'a Report)>,
        now: ServerTime,
    ) {
        for (member, report) in reports {
            self.note(code, member, report, now);
        }
        self.due = None;
        if self.owed.is_empty() {
            return;
        }
        if let Err(mut back) = self.writer.write(std::mem::take(&mut self.owed)) {
            back.truncate(OWED);
            self.owed = back;
            self.due = Some(Instant::now() + EVERY);
        } else if self.timeline.playing {
            self.due = Some(Instant::now() + EVERY);
        }
    }

    fn note(&mut self, code: &RoomCode, member: MemberId, report: &Report, now: ServerTime) {
        let (Some(media), Some(position)) = (&self.media, report.position) else {
            return;
        };
        let Some(person) = self.people.get(&member) else {
            return;
        };
        if position.is_nan() {
            return;
        }
        let played = self.timeline.position_at(now).seconds();
        let position = position.clamp(0.0, played);
        let written = self.written.get(&member);
        if written.is_some_and(|w| w.position == position && w.timeline == self.timeline.revision) {
            return;
        }
        let since = written.map_or(Revision(0), |written| written.timeline);
        let duration = self
            .timeline
            .duration
            .or(media.duration)
            .map(|duration| duration.seconds());
        let progress = Progress {
            person: person.clone(),
            room: code.to_string(),
            media: media.key.clone(),
            kind: kind_name(media.kind).to_owned(),
            title: media.title.clone(),
            position,
            duration,
            completed: Progress::is_completed(position, duration),
            at: now,
        };
        let seeked = self.went_back > since;
        self.owed.push(ProgressStep { progress, seeked });
        let timeline = self.timeline.revision;
        self.written.insert(member, Written { position, timeline });
    }
}

/// A kind's stable name.
pub(crate) fn kind_name(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Library => "library",
        SourceKind::Upload => "upload",
        SourceKind::Url => "url",
        SourceKind::Embed => "embed",
        SourceKind::Jellyfin => "jellyfin",
        SourceKind::Local => "local",
    }
}
