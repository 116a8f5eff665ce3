//! Whom a room tells of by name, and how often.
//!
//! A room of a family tells of everybody at once. In a crowd the host, the co-hosts and those who came first are told
//! of, and of the rest how many they are: a list of ten thousand names is nobody's to read, and would cost each of
//! ten thousand newcomers all of it.
use std::collections::BTreeSet;
use std::time::Duration;
use watchalong_room::{Member, MemberId, Role, Room, Standing};

/// Viewers told of by name: more than fit on any screen, and 30 kB in a welcome.
pub(crate) const SHOWN: usize = 200;

/// People are told of at most this often, so that N joins cost N deliveries each, not N squared.
pub(super) const EVERY: Duration = Duration::from_millis(100);
/// The same in a crowd, where only a number changes for most.
const EVERY_IN_A_CROWD: Duration = Duration::from_secs(1);

/// Those told of by name.
pub(crate) fn shown(room: &Room) -> BTreeSet<MemberId> {
    let admitted = |member: &&Member| member.standing == Standing::Admitted;
    let viewers = room
        .members()
        .filter(admitted)
        .filter(|member| member.role == Role::Viewer)
        .take(SHOWN);
    let staff = room
        .members()
        .filter(admitted)
        .filter(|member| member.role != Role::Viewer);
    viewers.chain(staff).map(|member| member.id).collect()
}

/// How many are there, connected at this moment.
pub(crate) fn present(room: &Room) -> usize {
    room.members()
        .filter(|member| member.standing == Standing::Admitted && member.present())
        .count()
}

pub(super) fn is_crowd(room: &Room) -> bool {
    room.seated() as usize > SHOWN
}

pub(super) fn every(room: &Room) -> Duration {
    if is_crowd(room) {
        EVERY_IN_A_CROWD
    } else {
        EVERY
    }
}
