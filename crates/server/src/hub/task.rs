//! A room's task: applies what the log orders, and tells everybody.
//!
//! It takes all that waits, applies it, and writes one frame per dialect for the whole batch, so that
//! a burst (a seek drag, a chat storm) costs little more than one event. Nothing here waits for a
//! client. Changes of people are gathered ([`roster::every`]).
use super::Hub;
use super::call::CallError;
use super::clients::{Client, Clients};
use super::encoder::{Farewell, Reaction, Scene};
use super::handle::{Greeting, Local, PublicView, RoomHandle};
use super::presence::Presence;
use super::roster;
use super::signals::{Report, Signals};
use super::watching::Watching;
use crate::code::RoomCode;
use crate::log::{Chronicle, Feed, Followed, Origin, Seq};
use crate::store::RoomSecrets;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use watchalong_room::{Actor, Audience, Command, Departure, Event, MemberId, NodeId, Room, SeatId};

/// Reactions are told at most this often: four times a second is as alive as each by itself, and a crowd of
/// ten thousand that cheers costs everybody four frames, not thousands.
pub(super) const REACTIONS_EVERY: Duration = Duration::from_millis(250);
/// Signals are for the eye.
const SIGNALS_EVERY: Duration = Duration::from_secs(1);
/// Entries after which the state is kept: replaying so many takes about a millisecond, and the room's tail of
/// chat (200) is always written before it is forgotten.
const SNAPSHOT_AFTER: Seq = 150;
/// Once nobody is there, what stays of the party is written this much earlier: within a few seconds.
const KEEP_EMPTY: Duration = Duration::from_secs(28);
/// Entries taken in one go. With those since the last snapshot fewer than the tail of the chat, so that no
/// message leaves the room unwritten.
const BATCH: usize = 48;

pub(super) async fn spawn(
    hub: Arc<Hub>,
    code: RoomCode,
    secrets: RoomSecrets,
    followed: Followed,
) -> Arc<RoomHandle> {
    let (local, inbox) = mpsc::unbounded_channel();
    let (stopped, stopped_receiver) = watch::channel(false);
    let Followed {
        room,
        seq,
        kept,
        chronicle,
        feed,
    } = followed;
    let view = PublicView::of(&code, &room);
    let handle = Arc::new(RoomHandle::new(
        code.clone(),
        secrets,
        hub.log.clone(),
        local,
        view,
        hub.limits.clone(),
        stopped_receiver,
    ));
    // Whoever was connected to a process that is no more has lost their connection; their seats are held.
    let lost: BTreeSet<NodeId> = room
        .members()
        .flat_map(|m| &m.seats)
        .filter(|seat| seat.connected && seat.node != hub.node)
        .map(|seat| seat.node)
        .collect();
    for node in lost {
        handle
            .submit(Actor::Server, Command::NodeLost { node }, None)
            .await;
    }
    let now = Instant::now();
    let presence = Presence::of(&room);
    let shown = roster::shown(&room);
    let watching = Watching::of(&room, hub.progress.clone());
    let task = Task {
        hub,
        code,
        room,
        seq,
        kept,
        // What a replay brought up is for people to see: soon, not in half a minute.
        kept_at: now.checked_sub(KEEP_EMPTY).unwrap_or(now),
        clients: Clients::default(),
        signals: Signals::default(),
        chronicle,
        watching,
        roster: Pending::default(),
        roster_sent: now - roster::EVERY,
        presence,
        shown,
        reactions: Reactions::default(),
        signals_at: None,
        joins: BTreeMap::new(),
        revoked: Vec::new(),
        owed: Vec::new(),
        owed_at: now,
        ticked: false,
        empty_since: Some(now),
        handle: handle.clone(),
    };
    tokio::spawn(task.run(inbox, feed, stopped));
    handle
}

/// People's changes that wait to be told.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) changed: BTreeSet<MemberId>,
    pub(super) gone: Vec<(MemberId, Departure)>,
}

/// Reactions that wait to be told.
#[derive(Default)]
pub(super) struct Reactions {
    pub(super) list: Vec<Reaction>,
    /// How many more there were.
    pub(super) more: usize,
    /// When the last were told.
    sent: Option<Instant>,
}

impl Reactions {
    pub(super) fn next(&self) -> Option<Instant> {
        self.sent.map(|sent| sent + REACTIONS_EVERY)
    }

    pub(super) fn due(&self) -> bool {
        self.next().is_none_or(|next| next <= Instant::now())
    }

    pub(super) fn take(&mut self) -> (Vec<Reaction>, usize) {
        self.sent = Some(Instant::now());
        (
            std::mem::take(&mut self.list),
            std::mem::take(&mut self.more),
        )
    }
}

pub(super) struct Task {
    pub(super) hub: Arc<Hub>,
    pub(super) code: RoomCode,
    pub(super) room: Room,
    pub(super) seq: Seq,
    pub(super) kept: Seq,
    pub(super) kept_at: Instant,
    pub(super) clients: Clients,
    pub(super) signals: Signals,
    pub(super) chronicle: Chronicle,
    pub(super) watching: Watching,
    pub(super) roster: Pending,
    pub(super) roster_sent: Instant,
    pub(super) presence: Presence,
    /// Whom the roster last told of by name.
    pub(super) shown: BTreeSet<MemberId>,
    pub(super) reactions: Reactions,
    pub(super) signals_at: Option<Instant>,
    /// Joins to fall back on where a resume is refused.
    pub(super) joins: BTreeMap<SeatId, Command>,
    /// What must still happen though the log could not take it: nobody else will ask again.
    pub(super) owed: Vec<(Actor, Command)>,
    pub(super) owed_at: Instant,
    /// Seats that the batch at hand took away.
    pub(super) revoked: Vec<(SeatId, Departure)>,
    /// A tick is on its way through the log.
    pub(super) ticked: bool,
    pub(super) empty_since: Option<Instant>,
    pub(super) handle: Arc<RoomHandle>,
}

impl Task {
    async fn run(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Local>,
        mut feed: mpsc::UnboundedReceiver<Feed>,
        stopped: watch::Sender<bool>,
    ) {
        let mut batch = Vec::with_capacity(16);
        loop {
            let wake = self.next_wake();
            tokio::select! {
                biased;
                taken = feed.recv_many(&mut batch, BATCH) => {
                    if taken == 0 {
                        break;
                    }
                    self.take(std::mem::take(&mut batch)).await;
                }
                local = inbox.recv() => match local {
                    Some(Local::Stop) | None => break,
                    Some(local) => self.hear(local).await,
                },
                () = sleep_until(wake) => {
                    if self.on_time().await {
                        break;
                    }
                }
            }
        }
        for client in self.clients.drain() {
            client.dismiss(&Farewell::Restarting);
        }
        self.write_progress();
        self.keep().await;
        drop(feed);
        self.hub.log.unfollow(&self.code).await;
        self.handle.calls().close();
        let _ = stopped.send(true);
    }

    pub(super) fn scene(&self) -> Scene<'_> {
        Scene {
            code: &self.code,
            room: &self.room,
            now: self.hub.clock.now(),
            to: None,
        }
    }

    // ---- what connections say ----------------------------------------------------

    async fn hear(&mut self, local: Local) {
        match local {
            Local::Arrive { client, greeting } => self.arrive(*client, greeting).await,
            Local::Depart { seat, connection } => {
                if self.clients.depart(seat, connection).is_some() {
                    self.handle.viewers().gone(seat);
                    self.joins.remove(&seat);
                    self.note_leaving(seat);
                    self.signals.forget(seat);
                    self.handle.set_lead(self.signals.lead());
                    if self.clients.is_empty() {
                        self.empty_since = Some(Instant::now());
                        let sooner = Instant::now().checked_sub(KEEP_EMPTY);
                        self.kept_at = sooner.map_or(self.kept_at, |at| self.kept_at.min(at));
                    }
                    self.submit(
                        seat,
                        Command::Disconnect {
                            node: self.hub.node,
                        },
                    )
                    .await;
                }
            }
            Local::Report { seat, report } => {
                if let Some(member) = self.clients.get(seat).and_then(Client::member) {
                    self.signals.heard(member, self.hub.clock.now(), &report);
                    if report == Report::default() {
                        // Nothing but a sign of life.
                        return;
                    }
                    self.signals.report(member, seat, report);
                    self.handle.viewers().reported(seat, report.buffer_s);
                    self.watching.heard(&self.room, member);
                    // Looks at all reports, so not for each of them.
                    if self.signals_at.is_none() {
                        self.handle.set_lead(self.signals.lead());
                        self.signals_at = Some(Instant::now() + SIGNALS_EVERY);
                    }
                }
            }
            Local::Typing { seat } => {
                let heard = self.clients.get(seat).and_then(Client::member);
                if let Some(member) =
                    heard.filter(|id| self.room.member(*id).is_some_and(|m| !m.muted))
                {
                    self.signals.typing(member);
                    self.signals_at
                        .get_or_insert_with(|| Instant::now() + SIGNALS_EVERY / 4);
                }
            }
            Local::Drained { seat } => {
                if let Some((client, member)) =
                    self.clients.get(seat).and_then(|c| Some((c, c.member()?)))
                {
                    client.send(Some(client.encoder.snapshot(self.scene(), member)));
                }
            }
            Local::Refused { seat, id, refusal } => {
                if let Some(client) = self.clients.get(seat).filter(|_| id.is_some()) {
                    client.refuse(id, &refusal);
                }
            }
            Local::Read(read) => read(&self.room),
            Local::Reports(reply) => {
                // Whoever asked may have gone meanwhile.
                let _ = reply.send(self.signals.all_heard(&self.room));
            }
            Local::Keep => self.keep().await,
            Local::Pass(frames) => {
                for (seat, frame) in frames(self.scene()) {
                    if let Some(client) = self.clients.get(seat).filter(|c| c.member().is_some()) {
                        client.send(Some(frame));
                    }
                }
            }
            Local::Stop => {}
        }
    }

    async fn arrive(&mut self, mut client: Client, greeting: Greeting) {
        self.empty_since = None;
        let command = match greeting.resume {
            Some(seat) => {
                client.seat = seat;
                self.joins.insert(seat, greeting.join);
                Command::Resume {
                    node: self.hub.node,
                }
            }
            None => greeting.join,
        };
        let seat = client.seat;
        self.clients.arrive(client);
        self.submit(seat, command).await;
    }

    pub(super) async fn submit(&self, seat: SeatId, command: Command) {
        let origin = Some(Origin::Connection { seat, id: None });
        self.handle.submit(Actor::Seat(seat), command, origin).await;
    }

    // ---- what the log says ---------------------------------------------------------

    async fn take(&mut self, batch: Vec<Feed>) {
        let mut told: Vec<Event> = Vec::new();
        let mut answers = Vec::new();
        let mut returns = Vec::new();
        for feed in batch {
            match feed {
                Feed::Failed { entry, origin } => self.failed(entry, origin),
                Feed::Entry(logged) => {
                    self.seq = logged.seq;
                    let outcome = self.room.apply(logged.at, &logged.entry);
                    if logged.entry.command == Command::Tick {
                        self.ticked = false;
                    }
                    match outcome {
                        Ok(outcome) => {
                            self.chronicle
                                .observe(&self.room, &outcome.events, logged.at);
                            self.watching.follow(
                                &self.code,
                                &self.room,
                                self.signals.reports(),
                                logged.at,
                            );
                            if let Some(Origin::Call(call)) = logged.origin {
                                returns.push((call, Ok(outcome.clone())));
                            }
                            self.sort_out(outcome.events, &mut told);
                            answers.push((logged, None));
                        }
                        Err(refusal) => {
                            if let Some(Origin::Call(call)) = logged.origin {
                                returns.push((call, Err(CallError::Refused(refusal.clone()))));
                            }
                            answers.push((logged, Some(refusal)));
                        }
                    }
                }
            }
        }
        self.tell(&told);
        for (logged, refusal) in answers {
            self.answer(logged, refusal).await;
        }
        for (call, result) in returns {
            self.handle.calls().answer(call, result);
        }
        for (seat, reason) in std::mem::take(&mut self.revoked) {
            if let Some(client) = self.clients.remove(seat) {
                self.handle.viewers().gone(seat);
                self.note_leaving(seat);
                self.signals.forget(seat);
                client.part(self.scene(), &Farewell::Departed(reason));
            }
        }
        if self.room.life().is_terminal() {
            // What stays of the party is to be seen at once.
            self.keep().await;
        }
        self.flush_roster();
        self.flush_reactions();
        self.update_view(&told);
        if self.seq - self.kept >= SNAPSHOT_AFTER {
            self.keep().await;
        }
    }

    /// Parts what is for everybody from what is for some.
    fn sort_out(&mut self, events: Vec<(Audience, Event)>, told: &mut Vec<Event>) {
        for (audience, event) in events {
            match event {
                Event::Member { member } => {
                    self.roster.changed.insert(member);
                    self.admitted_or_changed(member);
                    if audience == Audience::Moderators {
                        self.knock();
                    }
                }
                Event::Gone { member, reason } => {
                    self.roster.changed.remove(&member);
                    self.roster.gone.push((member, reason));
                    if audience == Audience::Moderators {
                        self.knock();
                    }
                }
                Event::Reacted {
                    by,
                    emoji,
                    moment,
                    at,
                } => self.note_reaction(Reaction {
                    by,
                    emoji,
                    moment,
                    at,
                }),
                // Last of all: who ends the party, or leaves, is still owed an answer.
                Event::SeatRevoked { seat, reason } => self.revoked.push((seat, reason)),
                event => match audience {
                    Audience::All => told.push(event),
                    Audience::Moderators => self.tell_some(&event, |rights| rights.people),
                    Audience::Controllers => self.tell_some(&event, |rights| rights.play),
                    Audience::Member(member) => self.tell_member(&event, member),
                },
            }
        }
    }
}
