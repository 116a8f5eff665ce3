//! What must hold between a room and the room that it was one entry before.
use watchalong_room::{
    Actor, Command, Entry, Event, InviteId, ItemId, Life, MemberId, Outcome, Policy, Refusal,
    ReportId, Revision, Role, Room, Seat, ServerTime, Standing,
};

/// What a room was like before an entry, as far as the checks look back.
pub(super) struct Before {
    pub(super) revision: Revision,
    pub(super) life: Life,
    timeline: watchalong_room::Timeline,
    wished: bool,
    barrier: Option<(ItemId, bool)>,
    policy: Policy,
    queue: Vec<ItemId>,
    roles: Vec<(MemberId, Role, Standing, bool)>,
    pub(super) reigned: bool,
    /// Places that were taken without a connection.
    pub(super) reserved: Vec<Seat>,
    desk: Desk,
    acts: usize,
    actor: Option<(MemberId, watchalong_room::Rights, bool)>,
}

/// What only those with a right to it may change, besides what is seen on the screen.
#[derive(PartialEq)]
struct Desk {
    name: String,
    schedule: Option<ServerTime>,
    words: Vec<String>,
    banned: Vec<(MemberId, bool)>,
    invites: Vec<(InviteId, Option<MemberId>)>,
    reports: Vec<ReportId>,
}

impl Desk {
    fn of(room: &Room) -> Self {
        let banned = room.banned();
        let invites = room.invites();
        Self {
            name: room.name().to_owned(),
            schedule: room.schedule(),
            words: room.words().to_vec(),
            banned: banned.map(|m| (m.id, m.address_banned)).collect(),
            invites: invites.map(|invite| (invite.id, invite.by)).collect(),
            reports: room.reports().map(|report| report.id).collect(),
        }
    }

    fn others_invites(&self, member: MemberId) -> Vec<InviteId> {
        let others = self.invites.iter().filter(|(_, by)| *by != Some(member));
        others.map(|(id, _)| *id).collect()
    }
}

/// Acts ever recorded.
fn act_count(room: &Room) -> usize {
    room.acts().next_back().map_or(0, |act| act.id.0 as usize)
}

fn roles(room: &Room) -> Vec<(MemberId, Role, Standing, bool)> {
    room.members()
        .map(|member| (member.id, member.role, member.standing, member.muted))
        .collect()
}

fn queue(room: &Room) -> Vec<ItemId> {
    room.queue().iter().map(|item| item.id).collect()
}

impl Before {
    pub(super) fn of(room: &Room, entry: &Entry) -> Self {
        let member = match entry.actor {
            Actor::Seat(seat) => room.member_of_seat(seat),
            Actor::Server => None,
        };
        Self {
            revision: room.revision(),
            life: room.life(),
            timeline: *room.timeline(),
            wished: room.barrier().is_some_and(|barrier| barrier.wants_play),
            barrier: room
                .barrier()
                .map(|barrier| (barrier.item, barrier.wants_play)),
            policy: *room.policy(),
            queue: queue(room),
            roles: roles(room),
            reigned: room.host().is_some(),
            reserved: room
                .members()
                .flat_map(|member| &member.seats)
                .filter(|seat| seat.reserved)
                .cloned()
                .collect(),
            desk: Desk::of(room),
            acts: act_count(room),
            actor: member.map(|member| (member.id, room.rights(member.id), member.muted)),
        }
    }

    /// Whatever is another was told, so that who listens knows all.
    pub(super) fn check_told(&self, room: &Room, outcome: &Outcome, command: &Command) {
        let told = |event: fn(&Event) -> bool| outcome.events.iter().any(|(_, e)| event(e));
        let barrier = room
            .barrier()
            .map(|barrier| (barrier.item, barrier.wants_play));
        let changes = [
            (
                *room.timeline() != self.timeline,
                told(|e| matches!(e, Event::Timeline { .. })),
                "the timeline",
            ),
            (
                barrier != self.barrier,
                told(|e| matches!(e, Event::Barrier)),
                "the barrier",
            ),
            (
                queue(room) != self.queue,
                told(|e| matches!(e, Event::Queue)),
                "the queue",
            ),
            (
                *room.policy() != self.policy,
                told(|e| matches!(e, Event::Settings)),
                "the policy",
            ),
            (
                room.life() != self.life,
                told(|e| matches!(e, Event::Life)),
                "the life",
            ),
            (
                (room.schedule(), room.name()) != (self.desk.schedule, self.desk.name.as_str()),
                told(|e| matches!(e, Event::Settings)) || room.life().is_terminal(),
                "name or schedule",
            ),
            (
                room.words() != self.desk.words,
                told(|e| matches!(e, Event::Words)),
                "the word list",
            ),
            (
                Desk::of(room).banned != self.desk.banned,
                told(|e| matches!(e, Event::Bans)),
                "the bans",
            ),
            (
                Desk::of(room).reports != self.desk.reports,
                told(|e| matches!(e, Event::Reports)),
                "the reports",
            ),
            (
                act_count(room) != self.acts,
                told(|e| matches!(e, Event::Acted { .. })),
                "the audit",
            ),
        ];
        for (changed, told, what) in changes {
            assert!(!changed || told, "{what} changed silently by {command:?}");
        }
        let recorded = act_count(room) - self.acts;
        let told = outcome.events.iter();
        let told = told.filter(|(_, e)| matches!(e, Event::Acted { .. }));
        assert!(
            recorded <= 2 && recorded == told.count(),
            "{recorded} acts by {command:?}"
        );
        self.check_recorded(room, command, recorded);
        let now = roles(room);
        for was in self
            .roles
            .iter()
            .filter(|was| !now.contains(was))
            .chain(now.iter().filter(|is| !self.roles.contains(is)))
        {
            let known = outcome.events.iter().any(|(_, event)| {
                matches!(event, Event::Member { member } | Event::Gone { member, .. } if *member == was.0)
            });
            assert!(
                known || room.life().is_terminal(),
                "{was:?} changed silently by {command:?}"
            );
        }
    }

    /// Nothing privileged happens without an act in the audit.
    fn check_recorded(&self, room: &Room, command: &Command, recorded: usize) {
        let desk = Desk::of(room);
        let privileged = [
            (*room.policy() != self.policy, "the policy"),
            (desk.name != self.desk.name, "the name"),
            (desk.words != self.desk.words, "the word list"),
            (desk.banned != self.desk.banned, "the bans"),
            (
                desk.schedule != self.desk.schedule
                    && matches!(command, Command::SetSchedule { .. }),
                "the schedule",
            ),
            (
                desk.invites.len() > self.desk.invites.len(),
                "the invitations",
            ),
            (
                room.life().is_terminal() && !self.life.is_terminal(),
                "the end",
            ),
            (
                desk.reports.len() < self.desk.reports.len(),
                "a report's end",
            ),
        ];
        for (changed, what) in privileged {
            assert!(
                !changed || recorded > 0,
                "{what} changed by {command:?}, and nobody recorded it"
            );
        }
    }

    /// Nobody changes what they have no right to.
    pub(super) fn check_rights(
        &self,
        room: &Room,
        entry: &Entry,
        answer: &Result<Outcome, Refusal>,
    ) {
        let Actor::Seat(_) = entry.actor else { return };
        match &entry.command {
            // Presence has consequences that the policy draws, not the person.
            Command::Join { .. }
            | Command::Resume { .. }
            | Command::Disconnect { .. }
            | Command::Reserve { .. }
            | Command::Leave
            | Command::Withdraw => return,
            Command::Ready { .. } => {
                assert!(
                    *room.timeline() == self.timeline || self.wished,
                    "a report moved the timeline"
                );
                return;
            }
            _ => {}
        }
        let Some((id, may, muted)) = self.actor else {
            assert!(
                answer.is_err(),
                "somebody outside was heard: {:?}",
                entry.command
            );
            return;
        };
        let speaks = matches!(
            entry.command,
            Command::Say { .. }
                | Command::React { .. }
                | Command::Ask { .. }
                | Command::Rename { .. }
        );
        assert!(
            !(muted && speaks && answer.is_ok()),
            "the muted were heard: {:?}",
            entry.command
        );
        // Who is removed is waited for no longer: a start that others wished for may come of it.
        let removes = matches!(entry.command, Command::Kick { .. } | Command::Ban { .. });
        let lets_start = removes && self.wished;
        let (old, new, desk) = (&self.timeline, room.timeline(), Desk::of(room));
        let untouched = [
            (
                may.play || may.seek || may.rate || may.queue || may.host || lets_start,
                old == new,
                "timeline",
            ),
            (may.rate, old.rate == new.rate, "rate"),
            (may.queue, old.item == new.item, "medium"),
            (may.queue, self.queue == queue(room), "queue"),
            (may.host, self.policy == *room.policy(), "policy"),
            (may.host, self.life == room.life(), "life"),
            (may.people || may.host, self.roles == roles(room), "people"),
            (may.host, self.desk.name == desk.name, "name"),
            (may.host, self.desk.schedule == desk.schedule, "schedule"),
            (may.people, self.desk.words == desk.words, "words"),
            (may.people, self.desk.banned == desk.banned, "bans"),
            (
                may.people,
                self.desk.others_invites(id) == desk.others_invites(id),
                "invitations of others",
            ),
            (
                may.invite,
                self.desk.invites.len() >= desk.invites.len(),
                "invitations",
            ),
            (
                may.people,
                self.desk.reports.iter().all(|id| desk.reports.contains(id)),
                "reports",
            ),
        ];
        for (may, same, what) in untouched {
            assert!(
                may || same,
                "member {} has no right to the {what}, and changed it by {:?}",
                id.0,
                entry.command
            );
        }
        if !may.host {
            let role = |list: &[(MemberId, Role, Standing, bool)]| {
                list.iter().map(|r| (r.0, r.1)).collect::<Vec<_>>()
            };
            let now = role(&roles(room));
            assert!(
                role(&self.roles)
                    .iter()
                    .all(|was| now.contains(was) || !now.iter().any(|n| n.0 == was.0))
            );
        }
    }
}
