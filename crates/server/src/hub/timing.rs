//! What a room's task does by the clock: ticks, gathered news, signals, snapshots, and leaving the memory.
use super::handle::PublicView;
use super::roster;
use super::signals::News;
use super::task::Task;
use std::time::Duration;
use tokio::time::Instant;
use watchalong_room::{Actor, Command, Event, SeatId, Span};

/// A changed room is kept at least this often.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(30);
/// A room that nobody is in leaves the memory after this.
const IDLE_IN_MEMORY: Duration = Duration::from_secs(60);

impl Task {
    pub(super) fn next_wake(&self) -> Instant {
        let now = Instant::now();
        let mut wake = now + Duration::from_secs(3600);
        if let Some(deadline) = self.room.deadline().filter(|_| !self.ticked) {
            let wait = (deadline - self.hub.clock.now()).max(Span(0)).0 as u64;
            wake = wake.min(now + Duration::from_millis(wait));
        }
        if !self.roster.changed.is_empty() || !self.roster.gone.is_empty() {
            wake = wake.min(self.roster_sent + roster::every(&self.room));
        }
        if let Some(at) = self.signals_at {
            wake = wake.min(at);
        }
        if !self.reactions.list.is_empty() {
            wake = wake.min(self.reactions.next().unwrap_or(now));
        }
        if self.kept < self.seq {
            wake = wake.min(self.kept_at + SNAPSHOT_EVERY);
        }
        if let Some(since) = self.empty_since {
            wake = wake.min(since + IDLE_IN_MEMORY);
        }
        if let Some(due) = self.watching.due() {
            wake = wake.min(due);
        }
        if !self.owed.is_empty() {
            wake = wake.min(self.owed_at);
        }
        wake
    }

    /// Does what is due; true when the room is to leave the memory.
    pub(super) async fn on_time(&mut self) -> bool {
        let now = Instant::now();
        if !self.ticked
            && self
                .room
                .deadline()
                .is_some_and(|d| d <= self.hub.clock.now())
        {
            self.ticked = true;
            self.handle.submit(Actor::Server, Command::Tick, None).await;
        }
        if self.owed_at <= now {
            for (actor, command) in std::mem::take(&mut self.owed) {
                // Somebody who is back by now must not be disconnected for having been away.
                let back = matches!(actor, Actor::Seat(seat) if self.clients.get(seat).is_some());
                if !back {
                    self.handle.submit(actor, command, None).await;
                }
            }
        }
        self.flush_roster();
        self.flush_reactions();
        if self.watching.due().is_some_and(|due| due <= now) {
            self.write_progress();
        }
        if self.signals_at.is_some_and(|at| at <= now) {
            self.signals_at = None;
            self.handle.set_lead(self.signals.lead());
            if let Some(News { reports, typing }) = self.signals.take(&self.room) {
                self.clients.broadcast(self.scene(), |encoder, _| {
                    encoder.signals(&reports, &typing)
                });
            }
        }
        if self.kept < self.seq && self.kept_at + SNAPSHOT_EVERY <= now {
            self.keep().await;
        }
        if !self.clients.is_empty() {
            self.empty_since = None;
        } else if self.owed.is_empty()
            && *self.empty_since.get_or_insert(now) + IDLE_IN_MEMORY <= now
        {
            // Entries on their way would be lost to a feed that nobody reads: be sure that there are none.
            self.hub.log.flush().await;
            self.keep().await;
            if self.hub.forget(&self.handle) {
                return true;
            }
            self.empty_since = Some(now);
        }
        false
    }

    /// How far somebody came whose connection is over.
    pub(super) fn note_leaving(&mut self, seat: SeatId) {
        if let Some((member, report)) = self.signals.report_of(seat) {
            let now = self.hub.clock.now();
            self.watching.leaves(&self.code, member, &report, now);
        }
    }

    pub(super) fn write_progress(&mut self) {
        let now = self.hub.clock.now();
        self.watching.round(&self.code, self.signals.reports(), now);
    }

    pub(super) fn update_view(&self, told: &[Event]) {
        if told
            .iter()
            .any(|e| matches!(e, Event::Timeline { .. } | Event::Settings | Event::Life))
        {
            self.handle.set_view(PublicView::of(&self.code, &self.room));
            self.hub.directory_changed();
        }
    }

    pub(super) async fn keep(&mut self) {
        self.kept_at = Instant::now();
        if self.kept < self.seq {
            self.kept = self.seq;
            self.hub
                .log
                .snapshot(&self.code, &self.room, self.seq, self.chronicle.take_news())
                .await;
        }
    }
}
