//! Fairness in virtual time: viewers that ask, wait and ask again, and what each of them got.
use super::account::Ticket;
use super::turns::Turns;
use super::{Content, Limits, Need};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

const MBIT: f64 = 1_000_000.0 / 8.0;
/// 90 minutes at 4 Mbit/s.
const FILM: Content = Content {
    id: 1,
    size: 2_700_000_000,
    duration: Some(Duration::from_secs(5400)),
};

/// A viewer of the simulation: as many connections as it likes, each asking for one piece at a time.
struct Viewer {
    name: Arc<str>,
    streams: Vec<Stream>,
    got: u64,
    first: Option<Duration>,
    from: Duration,
    need: Box<dyn Fn(Duration, u64) -> Option<Need>>,
}

struct Stream {
    offset: u64,
    done: u64,
    asked: Option<oneshot::Receiver<usize>>,
    /// Bytes after which it stops reading for good.
    reads: u64,
}

fn viewer(name: &str, streams: usize) -> Viewer {
    Viewer {
        name: name.into(),
        streams: (0..streams)
            .map(|i| Stream {
                offset: 500_000_000 + i as u64 * 100_000_000,
                done: 0,
                asked: None,
                reads: u64::MAX,
            })
            .collect(),
        got: 0,
        first: None,
        from: Duration::ZERO,
        need: Box::new(|_, _| None),
    }
}

fn run(limits: Limits, viewers: &mut [Viewer], lasts: Duration) {
    let begin = Instant::now();
    let mut turns = Turns::new(limits, begin);
    let step = Duration::from_millis(2);
    let mut passed = Duration::ZERO;
    while passed < lasts {
        let now = begin + passed;
        for viewer in viewers.iter_mut().filter(|v| v.from <= passed) {
            for stream in &mut viewer.streams {
                if let Some(answer) = &mut stream.asked
                    && let Ok(bytes) = answer.try_recv()
                {
                    stream.asked = None;
                    stream.offset += bytes as u64;
                    stream.done += bytes as u64;
                    viewer.got += bytes as u64;
                    viewer.first.get_or_insert(passed - viewer.from);
                }
                if stream.asked.is_none() && stream.done < stream.reads {
                    let (reply, answer) = oneshot::channel();
                    let ticket = Ticket {
                        wanted: super::PIECE,
                        offset: stream.offset,
                        done: stream.done,
                        content: FILM,
                        need: (viewer.need)(passed, viewer.got),
                        since: now,
                        reply,
                        held: false,
                    };
                    stream.asked = Some(answer);
                    turns.ask(&viewer.name, ticket, now);
                }
            }
        }
        turns.run(now);
        passed += step;
    }
}

fn jain(of: &[f64]) -> f64 {
    let sum: f64 = of.iter().sum();
    let squares: f64 = of.iter().map(|x| x * x).sum();
    sum * sum / (of.len() as f64 * squares)
}

fn uplink(mbit: f64) -> Limits {
    Limits {
        uplink: Some(mbit * MBIT),
        ..Limits::default()
    }
}

#[test]
fn viewers_share_the_uplink_evenly_and_use_all_of_it() {
    for count in [2, 8, 64] {
        let mut viewers: Vec<Viewer> = (0..count).map(|i| viewer(&format!("v{i}"), 1)).collect();
        run(uplink(80.0), &mut viewers, Duration::from_secs(10));
        let got: Vec<f64> = viewers.iter().map(|v| v.got as f64).collect();
        assert!(jain(&got) > 0.999, "{count}: {got:?}");
        let used = got.iter().sum::<f64>() / (80.0 * MBIT * 10.0);
        assert!((0.97..1.05).contains(&used), "{count}: {used}");
    }
}

#[test]
fn four_connections_get_one_viewers_share() {
    let mut viewers = [viewer("greedy", 4), viewer("plain", 1), viewer("other", 1)];
    run(uplink(40.0), &mut viewers, Duration::from_secs(10));
    let got: Vec<f64> = viewers.iter().map(|v| v.got as f64).collect();
    assert!(jain(&got) > 0.995, "{got:?}");
}

#[test]
fn a_late_joiner_starts_at_once_and_one_that_stops_reading_costs_others_nothing() {
    let mut viewers: Vec<Viewer> = (0..8).map(|i| viewer(&format!("v{i}"), 1)).collect();
    viewers[0].streams[0].reads = 1_000_000;
    let mut late = viewer("late", 1);
    late.from = Duration::from_secs(5);
    viewers.push(late);
    run(uplink(20.0), &mut viewers, Duration::from_secs(10));
    let first = viewers[8].first.expect("was served");
    assert!(first < Duration::from_millis(200), "{first:?}");
    let rest: Vec<f64> = viewers[1..8].iter().map(|v| v.got as f64).collect();
    assert!(jain(&rest) > 0.999, "{rest:?}");
    let used = viewers.iter().map(|v| v.got as f64).sum::<f64>() / (20.0 * MBIT * 10.0);
    assert!(used > 0.97, "{used}");
}

#[test]
fn a_cap_holds_for_each_viewer_after_the_first_seconds() {
    let limits = Limits {
        viewer: Some(8.0 * MBIT),
        ..Limits::default()
    };
    let mut viewers = [viewer("a", 1), viewer("b", 3)];
    run(limits, &mut viewers, Duration::from_secs(20));
    for viewer in &viewers {
        let rate = viewer.got as f64 * 8.0 / 20.0 / 1e6;
        // The start credit (2 MiB) and one second of the cap come on top.
        assert!((8.0..9.5).contains(&rate), "{}: {rate} Mbit/s", viewer.name);
    }
}

/// A viewer whose player holds `ahead` seconds and says it holds `says`.
fn at(ahead: f64, says: impl Fn(f64) -> Option<f64> + 'static) -> Viewer {
    let mut viewer = viewer("at", 1);
    let rate = FILM.size as f64 / 5400.0;
    let offset = 500_000_000.0;
    viewer.need = Box::new(move |passed, got| {
        let position = offset / rate - ahead + passed.as_secs_f64();
        let buffer = (offset + got as f64) / rate - position;
        Some(Need {
            position,
            playing: true,
            buffer: says(buffer),
        })
    });
    viewer
}

#[test]
fn whoever_is_about_to_run_dry_goes_first_and_a_liar_gains_nothing() {
    let share = |me: Viewer| {
        let mut viewers: Vec<Viewer> = (0..9)
            .map(|i| {
                let mut other = at(60.0, Some);
                other.name = format!("v{i}").into();
                other
            })
            .collect();
        viewers.push(me);
        // Ten viewers of 4 Mbit/s at 36: not enough for all at once, but nobody else is in a hurry.
        run(uplink(36.0), &mut viewers, Duration::from_secs(20));
        let others = viewers[..9].iter().map(|v| v.got).max().expect("others");
        viewers[9].got as f64 / others as f64
    };
    let starving = share(at(1.0, Some));
    assert!(starving > 1.08, "the starving got {starving} of a share");
    let honest = share(at(60.0, Some));
    let liar = share(at(60.0, |_| Some(0.1)));
    assert!(
        (liar / honest - 1.0).abs() < 0.03,
        "honest {honest}, liar {liar}"
    );
    // The starving who claims to starve for ever gets what it needs, and not more.
    let greedy = share(at(1.0, |_| Some(0.0)));
    assert!(greedy < 1.45, "{greedy}");
}

#[test]
fn far_ahead_of_the_room_comes_at_the_pace_of_the_content_and_never_stops() {
    let limits = Limits {
        uplink: Some(400.0 * MBIT),
        ahead: Some(Duration::from_secs(60)),
        viewer: None,
    };
    let mut viewers = [at(120.0, Some)];
    run(limits, &mut viewers, Duration::from_secs(60));
    let content = FILM.size as f64 / 5400.0;
    let rate = (viewers[0].got as f64 - 5e6) / 60.0 / content;
    assert!((0.8..1.2).contains(&rate), "{rate} of the content's rate");
}
