//! The voice of a room's task: who is told what, once something has been applied.
//!
//! What is for everybody is encoded once per dialect; what is for some (rights, knocks, answers) goes to their
//! seats alone. People's changes are gathered ([`roster::every`]), reactions every
//! [`REACTIONS_EVERY`](super::task::REACTIONS_EVERY).
use super::call::CallError;
use super::clients::{Client, Stage};
use super::encoder::{Farewell, Reaction, Roster, Scene};
use super::handle::PublicView;
use super::presence::Turn;
use super::roster;
use super::task::{Pending, Reactions, Task};
use crate::log::{Logged, Origin};
use std::time::Duration;
use tokio::time::Instant;
use watchalong_room::{Command, Entry, Event, MemberId, Refusal, Rights, SeatId, Standing};

/// Reactions told one by one in a frame: as many as can fly over a picture without hiding it.
const REACTIONS_TOLD: usize = 50;
/// A disk that was full may have room again after this.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Task {
    pub(super) fn tell(&mut self, told: &[Event]) {
        if told.is_empty() {
            return;
        }
        let events = newest(told);
        self.clients.broadcast(self.scene(), |encoder, scene| {
            encoder.events(scene, &events)
        });
        if told
            .iter()
            .any(|e| matches!(e, Event::Settings | Event::Life))
        {
            self.refresh_rights();
        }
    }

    pub(super) fn tell_some(&self, event: &Event, whom: impl Fn(&Rights) -> bool) {
        let scene = self.scene();
        for seat in self.room.members().flat_map(|m| &m.seats) {
            if let Some(client) = self.clients.get(seat.id)
                && let Stage::In { rights, member } = &client.stage
                && whom(rights)
            {
                let scene = Scene {
                    to: Some(*member),
                    ..scene
                };
                client.send(client.encoder.events(scene, &[event]));
            }
        }
    }

    pub(super) fn tell_member(&self, event: &Event, member: MemberId) {
        let scene = Scene {
            to: Some(member),
            ..self.scene()
        };
        for client in self.clients_of(member) {
            client.send(client.encoder.events(scene, &[event]));
        }
    }

    fn clients_of(&self, member: MemberId) -> impl Iterator<Item = &Client> {
        let seats = self
            .room
            .member(member)
            .map(|m| m.seats.as_slice())
            .unwrap_or_default();
        seats.iter().filter_map(|seat| self.clients.get(seat.id))
    }

    /// Welcomes who was let in, and tells a member whose role changed what they may do now.
    pub(super) fn admitted_or_changed(&mut self, member: MemberId) {
        let Some(of) = self.room.member(member) else {
            return;
        };
        let admitted = of.standing == Standing::Admitted;
        let seats: Vec<SeatId> = of.seats.iter().map(|seat| seat.id).collect();
        for seat in seats {
            if admitted
                && self
                    .clients
                    .get(seat)
                    .is_some_and(|c| matches!(c.stage, Stage::Pending(_)))
            {
                self.welcome(seat, false);
            }
            let scene = Scene {
                code: &self.code,
                room: &self.room,
                now: self.hub.clock.now(),
                to: None,
            };
            if let Some(client) = self.clients.get_mut(seat) {
                refresh(client, scene);
            }
        }
    }

    /// Tells everybody whose rights are others now.
    fn refresh_rights(&mut self) {
        let scene = Scene {
            code: &self.code,
            room: &self.room,
            now: self.hub.clock.now(),
            to: None,
        };
        for client in self.clients.iter_mut() {
            refresh(client, scene);
        }
    }

    pub(super) fn knock(&mut self) {
        let scene = Scene {
            code: &self.code,
            room: &self.room,
            now: self.hub.clock.now(),
            to: None,
        };
        for client in self.clients.iter_mut() {
            if matches!(&client.stage, Stage::In { rights, .. } if rights.people) {
                client.send(client.encoder.knock(scene));
            }
        }
    }

    pub(super) async fn answer(&mut self, logged: Logged, refusal: Option<Refusal>) {
        let Some(Origin::Connection { seat, id }) = logged.origin else {
            return;
        };
        match (&logged.entry.command, refusal) {
            (Command::Resume { .. }, Some(_)) => {
                // Held too long, or the room forgot the seat: come in like anybody.
                if let Some(join) = self.joins.remove(&seat) {
                    self.submit(seat, join).await;
                }
            }
            (Command::Join { .. }, Some(refusal)) => {
                if let Some(client) = self.clients.remove(seat) {
                    client.part(self.scene(), &Farewell::Refused(refusal));
                }
            }
            (Command::Resume { .. }, None) => {
                self.joins.remove(&seat);
                self.welcome(seat, true);
            }
            (Command::Join { .. }, None) => self.welcome(seat, false),
            (_, refusal) => {
                let Some(client) = self.clients.get(seat) else {
                    return;
                };
                match (refusal, id) {
                    (Some(refusal), Some(_)) => client.refuse(id, &refusal),
                    (None, Some(id)) => client.send(client.encoder.ack(self.scene(), id)),
                    _ => {}
                }
            }
        }
    }

    pub(super) fn failed(&mut self, entry: Entry, origin: Option<Origin>) {
        let origin = match origin {
            Some(Origin::Call(call)) => {
                return self.handle.calls().answer(call, Err(CallError::Failed));
            }
            Some(Origin::Connection { seat, id }) => Some((seat, id)),
            None => None,
        };
        match entry.command {
            Command::Tick | Command::NodeLost { .. } | Command::Disconnect { .. } => {
                self.owed_at = Instant::now() + RETRY_AFTER;
                self.owed.push((entry.actor, entry.command));
            }
            Command::Join { .. } | Command::Resume { .. } => {
                if let Some(client) = origin.and_then(|(seat, _)| self.clients.remove(seat)) {
                    client.part(self.scene(), &Farewell::Failed);
                }
            }
            _ => {
                let waiting = origin.and_then(|(seat, id)| Some((self.clients.get(seat)?, id?)));
                if let Some((client, id)) = waiting {
                    let message =
                        "The server could not save this (is its disk full?). Nothing has changed.";
                    client.send(
                        client
                            .encoder
                            .refused(Some(id), "storage_failed", message, None),
                    );
                }
            }
        }
    }

    /// Lets a connection in whose join or resume went through.
    fn welcome(&mut self, seat: SeatId, resumed: bool) {
        let Some(member) = self.room.member_of_seat(seat) else {
            return;
        };
        let (id, pending) = (member.id, member.standing == Standing::Pending);
        let rights = self.room.rights(id);
        let scene = Scene {
            code: &self.code,
            room: &self.room,
            now: self.hub.clock.now(),
            to: None,
        };
        let known = self.signals.all();
        let Some(client) = self.clients.get_mut(seat) else {
            return;
        };
        if pending {
            client.stage = Stage::Pending(id);
            client.send(client.encoder.pending(scene, seat, id));
            return;
        }
        client.stage = Stage::In { member: id, rights };
        self.handle.viewers().seated(seat, id);
        client.send(Some(client.encoder.welcome(scene, seat, id, resumed)));
        if !known.is_empty() {
            client.send(client.encoder.signals(&known, &[]));
        }
    }

    /// Notes a reaction: the first of a batch are told each, of the rest how many there were.
    pub(super) fn note_reaction(&mut self, reaction: Reaction) {
        let Reactions { list, more, .. } = &mut self.reactions;
        if list.len() < REACTIONS_TOLD {
            list.push(reaction);
        } else {
            *more += 1;
        }
    }

    /// Tells the reactions gathered; the first after a quiet time at once.
    pub(super) fn flush_reactions(&mut self) {
        if self.reactions.list.is_empty() || !self.reactions.due() {
            return;
        }
        let (list, more) = self.reactions.take();
        self.clients.broadcast(self.scene(), |encoder, scene| {
            encoder.reactions(scene, &list, more)
        });
    }

    /// A first change after a quiet time is told at once; what follows is gathered.
    pub(super) fn flush_roster(&mut self) {
        let pending = !self.roster.changed.is_empty() || !self.roster.gone.is_empty();
        let due = self.roster_sent + roster::every(&self.room) <= Instant::now();
        if !pending || !due {
            return;
        }
        self.roster_sent = Instant::now();
        let pending = std::mem::take(&mut self.roster);
        let told = self.gather(pending);
        let news = !told.changed.is_empty() || !told.gone.is_empty();
        if news || roster::is_crowd(&self.room) {
            self.clients
                .broadcast(self.scene(), |encoder, scene| encoder.roster(scene, &told));
        }
        self.handle.set_view(PublicView::of(&self.code, &self.room));
        self.hub.directory_changed();
    }
}

impl Task {
    /// What there is to say of the people whose changes wait, of those who are told of by name; see [`roster`]. The
    /// others hear of their own changes alone.
    fn gather(&mut self, Pending { changed, gone }: Pending) -> Roster {
        let Turn { came, turned, went } = self.presence.turn(&self.room, &changed, &gone);
        let shown = roster::shown(&self.room);
        let before = std::mem::replace(&mut self.shown, shown);
        let crowd = roster::is_crowd(&self.room);
        let told = |id: &MemberId| self.shown.contains(id);
        let was_told = |id: &MemberId| !crowd || before.contains(id) || self.shown.contains(id);
        if crowd {
            for &id in changed.iter().filter(|id| !told(id) && !came.contains(id)) {
                self.tell_of_themselves(id);
            }
        }
        let next: Vec<MemberId> = self.shown.difference(&before).copied().collect();
        let admitted = |id: &MemberId| {
            let member = self.room.member(*id);
            member.is_some_and(|m| m.standing == Standing::Admitted)
        };
        let mut changed = changed;
        changed.retain(|id| admitted(id) && told(id));
        changed.extend(next);
        Roster {
            changed: changed.into_iter().collect(),
            gone: gone.into_iter().filter(|(id, _)| was_told(id)).collect(),
            came: came.into_iter().filter(told).collect(),
            turned: turned.into_iter().filter(told).collect(),
            went: went.into_iter().filter(|of| was_told(&of.member)).collect(),
        }
    }

    fn tell_of_themselves(&self, member: MemberId) {
        let roster = Roster {
            changed: vec![member],
            ..Roster::default()
        };
        let scene = Scene {
            to: Some(member),
            ..self.scene()
        };
        for client in self.clients_of(member).filter(|c| c.member().is_some()) {
            client.send(client.encoder.roster(scene, &roster));
        }
    }
}

/// Tells one connection what its member may do now, where that is something else.
fn refresh(client: &mut Client, scene: Scene<'_>) {
    let Stage::In { member, rights } = &mut client.stage else {
        return;
    };
    let (member, now) = (*member, scene.room.rights(*member));
    if now == *rights {
        return;
    }
    let may_admit_now = now.people && !rights.people;
    *rights = now;
    client.send(client.encoder.rights(scene, member));
    if may_admit_now {
        let desk = [&Event::Words, &Event::Bans, &Event::Reports];
        client.send(client.encoder.knock(scene));
        client.send(client.encoder.events(scene, &desk));
    }
}

/// What to tell of a batch: where the value is read from the room, its last mention says it all.
fn newest(told: &[Event]) -> Vec<&Event> {
    let whole = |event: &Event| {
        matches!(
            event,
            Event::Barrier
                | Event::Medium
                | Event::Queue
                | Event::Settings
                | Event::Life
                | Event::Pool
        )
    };
    let mut events = Vec::with_capacity(told.len());
    for event in told.iter().rev() {
        if !(whole(event) && events.contains(&event)) {
            events.push(event);
        }
    }
    events.reverse();
    events
}
