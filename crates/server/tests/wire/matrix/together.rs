//! All kinds in one room for a while: nobody drifts, and nothing comes back as a command.
//!
//! Each client does what it is told and sends what its like sends by itself. Between people's acts the room must not
//! move at all, and at the end of each stretch every player must be where the room is.
use super::table::{only_room, server};
use super::{Act, KINDS, Kind as _, Somebody, native};
use crate::client::Server;
use futures_util::future::join_all;
use std::time::Duration;
use watchalong_room::Revision;

/// Seconds off that no kind may be: the coarsest (whole seconds on the wire) is off by less than one.
const FAR: f64 = 1.0;
const TURN: Duration = Duration::from_millis(120);

async fn stretch(people: &mut [Somebody], span: Duration) {
    let until = tokio::time::Instant::now() + span;
    let mut turn = 0_u32;
    while tokio::time::Instant::now() < until {
        join_all(people.iter_mut().map(|person| person.listens(TURN))).await;
        if turn.is_multiple_of(8) {
            for person in &mut *people {
                person.routine().await;
            }
        }
        turn += 1;
    }
}

fn revision(server: &Server) -> Revision {
    server.running.hub.live()[0].view().timeline.revision
}

/// Everybody's skew, in ms, by the room's own timeline; asserts that nobody is far off.
fn skews(server: &Server, people: &[Somebody], after: &str) {
    let view = server.running.hub.live()[0].view();
    let expected = view
        .timeline
        .position_at(server.running.hub.clock.now())
        .seconds();
    let mut line = format!("{after:>24}, room at {expected:7.2} s:");
    for person in people {
        let off = person.position() - expected;
        line += &format!("  {} {:+.0} ms", person.kind.name(), off * 1000.0);
        assert!(
            off.abs() < FAR,
            "{} is off by {off:.3} s after {after}",
            person.kind.name()
        );
        assert_eq!(
            person.deck.playing,
            view.timeline.playing,
            "{}",
            person.kind.name()
        );
    }
    println!("{line}");
}

async fn evening(minutes: f64) {
    let server = server().await;
    let host = &native::Native;
    let mut people = vec![Somebody::new(host, host.host(&server).await, &server)];
    let code = only_room(&server);
    for kind in KINDS.into_iter().filter(|kind| kind.name() != host.name()) {
        let wire = kind
            .viewer(&server, &code, false)
            .await
            .expect("an open room");
        people.push(Somebody::new(kind, wire, &server));
    }
    stretch(&mut people, Duration::from_secs(1)).await;
    let names: Vec<&str> = people.iter().map(|person| person.kind.name()).collect();
    let part = Duration::from_secs_f64(minutes * 60.0 / (names.len() + 3) as f64);
    let acts = [
        (0, Act::Seek(60.0), "the host seeks"),
        (0, Act::Play, "the host plays"),
    ];
    let mut acts: Vec<(usize, Act, String)> = acts
        .into_iter()
        .map(|(who, act, what)| (who, act, what.to_owned()))
        .collect();
    // Everybody whose format lets them control takes a turn.
    for (who, name) in names.iter().enumerate().skip(1) {
        acts.push((who, Act::Seek(100.0 * who as f64), format!("{name} seeks")));
    }
    acts.push((0, Act::Pause, "the host pauses".to_owned()));
    for (who, act, what) in acts {
        people[who].does(act).await;
        // What it takes for a start that was announced, and for everybody to hear of it.
        stretch(&mut people, Duration::from_secs(2)).await;
        let (settled, moved) = (
            revision(&server),
            people.iter().map(|p| p.moves).sum::<usize>(),
        );
        stretch(&mut people, part).await;
        assert_eq!(
            revision(&server),
            settled,
            "something came back as a command after {what}"
        );
        let told = people.iter().map(|p| p.moves).sum::<usize>() - moved;
        // At most those that tell every half second, each of them.
        let most = people.len() as f64 * (part.as_secs_f64() + 1.0) * 2.5;
        assert!(
            (told as f64) < most,
            "{told} motions while nobody moved after {what}"
        );
        skews(&server, &people, &what);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_kinds_in_one_room_neither_drift_nor_loop() {
    evening(0.2).await;
}

/// Two minutes of it: `cargo test --test wire -- --ignored all_kinds --nocapture` prints everybody's skew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes two minutes and a half"]
async fn all_kinds_in_one_room_for_two_minutes() {
    evening(2.0).await;
}
