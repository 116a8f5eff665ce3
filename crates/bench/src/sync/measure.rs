//! From shown frames to figures. Pure: the same record gives the same figures.
//!
//! A page's position at an instant is interpolated between the frames before and after it; where
//! those are more than [`HOLE`] apart the page shows no motion and has no position. Interpolating
//! on frames includes everything a person sees, also that a 30 fps film on a 60 Hz screen comes
//! up to half a frame early or late.

use serde::Serialize;

use super::browsers::{Frame, Seen};
use super::scenario::{Action, Record};

/// Frames further apart than this (ms) are no motion: three times what a 12 fps film would show.
const HOLE: f64 = 250.0;
/// Skew is sampled this often, ms.
const GRID: f64 = 20.0;
/// In step means all pairs within this, ms: what people on a call don't notice.
const IN_STEP: f64 = 40.0;
/// ... and for this long, ms.
const STAYS: f64 = 500.0;
/// After an action, corrections may be visible for this long, ms; what comes later counts.
const GRACE: f64 = 3000.0;
/// The film leaps by more than this (ms) against its own rate: a visible jump. Two frames and a bit.
const JUMP: f64 = 80.0;
/// The picture stands for longer than this (ms) while it should move: a freeze.
const FREEZE: f64 = 200.0;
/// A leap this large (ms) is the seek that the host asked for.
const SOUGHT: f64 = 2000.0;

/// How large something was, over many samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Half of all are below.
    pub p50: f64,
    /// 95 of 100 are below.
    pub p95: f64,
    /// 99 of 100 are below.
    pub p99: f64,
    /// The largest.
    pub max: f64,
    /// How many.
    pub samples: usize,
}

impl Spread {
    /// Of these values.
    pub fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let index = ((values.len() as f64 * part).ceil() as usize).saturating_sub(1);
            values.get(index).copied().unwrap_or(f64::NAN)
        };
        Spread {
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: at(1.0),
            samples: values.len(),
        }
    }
}

/// The figures of one repetition.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// All pairs' absolute skew while playing, from 3 s after each action to the next, ms.
    #[serde(skip)]
    pub skews: Vec<f64>,
    /// The same, summed up.
    pub skew: Spread,
    /// All pairs' absolute skew of the players' clocks, ms: what is heard.
    #[serde(skip)]
    pub clock_skews: Vec<f64>,
    /// The same, summed up.
    pub clock_skew: Spread,
    /// From the press to all in step and staying so, ms; null: not before the next action.
    pub in_step: Vec<(Action, Option<f64>)>,
    /// Visible leaps of the film later than 3 s after an action, over all pages.
    pub jumps: usize,
    /// Stands of the picture later than 3 s after an action, over all pages.
    pub freezes: usize,
    /// `waiting` events while playing later than 3 s after an action, over all pages.
    pub rebuffers: usize,
    /// Playback rate changes, over all pages, in the whole repetition.
    pub rate_changes: usize,
    /// Part (0 to 1) of the measured time in which every page showed motion: skew is only known then.
    pub shown: f64,
    /// Page-minutes measured, to compare counts of unlike runs.
    pub page_minutes: f64,
    /// Errors thrown by the pages' scripts.
    pub problems: Vec<String>,
}

/// Where a page's film is at `at`, in seconds; none while it shows no motion.
pub fn position(frames: &[Frame], at: f64) -> Option<f64> {
    let next = frames.partition_point(|frame| frame.at <= at);
    let (before, after) = (frames.get(next.checked_sub(1)?)?, frames.get(next)?);
    let span = after.at - before.at;
    if span > HOLE || leap(before, after).abs() > SOUGHT {
        return None;
    }
    Some(before.position + (after.position - before.position) * (at - before.at) / span)
}

/// How much further the film went between two frames than its rate says, ms.
fn leap(before: &Frame, after: &Frame) -> f64 {
    (after.position - before.position) * 1000.0 - (after.at - before.at) * before.rate
}

/// The largest skew between any two of the pages, ms; none unless all show motion.
fn apart(pages: &[Seen], at: f64) -> Option<f64> {
    let positions = pages.iter().map(|page| position(&page.frames, at));
    let positions = positions.collect::<Option<Vec<f64>>>()?;
    let least = positions.iter().copied().fold(f64::INFINITY, f64::min);
    let most = positions.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some((most - least) * 1000.0)
}

/// Instants from `from` to `to`.
fn grid(from: f64, to: f64) -> impl Iterator<Item = f64> {
    let steps = ((to - from) / GRID).max(0.0) as usize;
    (0..=steps).map(move |step| from + step as f64 * GRID)
}

/// All figures of a repetition.
pub fn measure(record: &Record) -> Figures {
    let ends = record
        .pages
        .iter()
        .filter_map(|page| Some(page.frames.last()?.at));
    let end = ends
        .chain(record.actions.last().map(|action| action.1))
        .fold(0.0, f64::max);
    let end_of = |index: usize| record.actions.get(index + 1).map_or(end, |&(_, at)| at);
    // The late joiner is in nobody's step before it is there.
    let present = |action: Action| match action {
        Action::LateJoin => &record.pages[..],
        _ => &record.pages[..record.pages.len() - 1],
    };
    let (mut skews, mut clock_skews) = (Vec::new(), Vec::new());
    let mut in_step = Vec::new();
    let (mut jumps, mut freezes, mut rebuffers, mut measured) = (0, 0, 0, 0.0);
    let (mut instants, mut together) = (0_usize, 0_usize);
    for (index, &(action, at)) in record.actions.iter().enumerate() {
        let (pages, until) = (present(action), end_of(index));
        in_step.push((action, time_to_in_step(pages, action, at, until)));
        if action == Action::Pause {
            continue;
        }
        let from = at + GRACE;
        for at in grid(from, until) {
            pair_skews(pages.iter().map(|page| &page.frames), at, &mut skews);
            pair_skews(pages.iter().map(|page| &page.clock), at, &mut clock_skews);
            instants += 1;
            together += usize::from(apart(pages, at).is_some());
        }
        for page in pages {
            let inside = |at: f64| at >= from && at < until;
            for pair in page
                .frames
                .windows(2)
                .filter(|pair| inside(pair[0].at) && inside(pair[1].at))
            {
                let leap = leap(&pair[0], &pair[1]);
                jumps += usize::from(leap > JUMP || pair[1].position < pair[0].position);
                freezes += usize::from(leap < -FREEZE);
            }
            let waits = page.events.iter().filter(|event| event.kind == "waiting");
            rebuffers += waits.filter(|event| inside(event.at)).count();
            measured += (until - from).max(0.0) / 60_000.0;
        }
    }
    let rate_changes = |page: &Seen| {
        page.events
            .iter()
            .filter(|event| event.kind == "ratechange")
            .count()
    };
    Figures {
        skew: Spread::of(skews.clone()),
        skews,
        clock_skew: Spread::of(clock_skews.clone()),
        clock_skews,
        in_step,
        jumps,
        freezes,
        rebuffers,
        rate_changes: record.pages.iter().map(rate_changes).sum(),
        shown: together as f64 / instants as f64,
        page_minutes: measured,
        problems: record
            .pages
            .iter()
            .flat_map(|page| page.problems.clone())
            .collect(),
    }
}

fn pair_skews<'a>(pages: impl Iterator<Item = &'a Vec<Frame>>, at: f64, skews: &mut Vec<f64>) {
    let shown: Vec<f64> = pages.filter_map(|frames| position(frames, at)).collect();
    for (index, one) in shown.iter().enumerate() {
        skews.extend(
            shown[index + 1..]
                .iter()
                .map(|other| (one - other).abs() * 1000.0),
        );
    }
}

/// From an action at `at` until all pages did it and are in step for [`STAYS`].
fn time_to_in_step(pages: &[Seen], action: Action, at: f64, until: f64) -> Option<f64> {
    if action == Action::Pause {
        return time_to_pause(pages, at, until);
    }
    // When the last page began to do what was asked.
    let mut begun = at;
    for page in pages {
        let shown = |frame: &Frame| frame.at > at && frame.at < until;
        let mut pairs = page.frames.windows(2);
        let first = match action {
            Action::Seek => pairs
                .find(|pair| shown(&pair[1]) && leap(&pair[0], &pair[1]).abs() > SOUGHT)
                .map(|pair| pair[1].at),
            _ => page
                .frames
                .iter()
                .find(|frame| shown(frame))
                .map(|frame| frame.at),
        };
        begun = begun.max(first?);
    }
    let mut since = None;
    for now in grid(begun, until) {
        match apart(pages, now) {
            Some(skew) if skew <= IN_STEP => {
                let since = *since.get_or_insert(now);
                if now - since >= STAYS {
                    return Some(since - at);
                }
            }
            _ => since = None,
        }
    }
    None
}

/// From the press until the last page shows its last new frame, if all then show the same moment.
fn time_to_pause(pages: &[Seen], at: f64, until: f64) -> Option<f64> {
    let lasts = pages
        .iter()
        .map(|page| page.frames.iter().rfind(|frame| frame.at < until).copied());
    let lasts = lasts.collect::<Option<Vec<Frame>>>()?;
    let least = lasts
        .iter()
        .map(|last| last.position)
        .fold(f64::INFINITY, f64::min);
    let most = lasts
        .iter()
        .map(|last| last.position)
        .fold(f64::NEG_INFINITY, f64::max);
    let stood = lasts.iter().map(|last| last.at).fold(at, f64::max);
    let still = until - stood >= STAYS;
    (still && (most - least) * 1000.0 <= IN_STEP).then_some(stood - at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::browsers::Event;

    /// A page at 30 fps from `from` to `to` ms, ahead by `ahead` ms of a film that began at 0.
    fn shows(page: &mut Seen, from: f64, to: f64, ahead: f64) {
        let mut at = from;
        while at < to {
            page.frames.push(Frame {
                at,
                position: (at + ahead) / 1000.0,
                rate: 1.0,
            });
            at += 1000.0 / 30.0;
        }
    }

    fn empty() -> Seen {
        Seen {
            opened: 0.0,
            frames: vec![],
            clock: vec![],
            events: vec![],
            problems: vec![],
        }
    }

    #[test]
    fn a_constant_lead_is_the_skew() {
        let mut pages = [empty(), empty(), empty()];
        shows(&mut pages[0], 0.0, 20_000.0, 0.0);
        shows(&mut pages[1], 7.0, 20_000.0, 12.0);
        shows(&mut pages[2], 5000.0, 20_000.0, 0.0);
        let record = Record {
            actions: vec![(Action::Play, 0.0), (Action::LateJoin, 10_000.0)],
            pages: pages.to_vec(),
        };
        let figures = measure(&record);
        assert!((figures.skew.max - 12.0).abs() < 1e-6, "{:?}", figures.skew);
        assert_eq!((figures.jumps, figures.freezes), (0, 0));
    }

    #[test]
    fn in_step_is_when_the_last_page_came_and_stayed() {
        let mut pages = [empty(), empty()];
        shows(&mut pages[0], 300.0, 9000.0, 0.0);
        // In step by chance for 200 ms, then off, then corrected at 1.5 s.
        shows(&mut pages[1], 400.0, 600.0, 0.0);
        shows(&mut pages[1], 600.0, 1500.0, 100.0);
        shows(&mut pages[1], 1500.0, 9000.0, 5.0);
        let took = time_to_in_step(&pages, Action::Play, 100.0, 9000.0).unwrap();
        assert!((1380.0..1480.0).contains(&took), "{took}");
    }

    #[test]
    fn a_seek_counts_from_when_all_pages_leapt() {
        let mut pages = [empty(), empty()];
        shows(&mut pages[0], 0.0, 1000.0, 0.0);
        shows(&mut pages[0], 1100.0, 5000.0, 40_000.0);
        shows(&mut pages[1], 0.0, 1200.0, 0.0);
        shows(&mut pages[1], 1600.0, 5000.0, 40_000.0);
        let took = time_to_in_step(&pages, Action::Seek, 1000.0, 5000.0).unwrap();
        assert!((600.0..640.0).contains(&took), "{took}");
    }

    #[test]
    fn pages_that_pause_on_different_frames_are_not_in_step() {
        let mut pages = [empty(), empty()];
        shows(&mut pages[0], 0.0, 1000.0, 0.0);
        shows(&mut pages[1], 0.0, 1020.0, 0.0);
        let took = time_to_pause(&pages, 900.0, 3000.0).unwrap();
        assert!((90.0..130.0).contains(&took), "{took}");
        shows(&mut pages[1], 1020.0, 1200.0, 0.0);
        assert_eq!(time_to_pause(&pages, 900.0, 3000.0), None);
    }

    #[test]
    fn leaps_and_stands_after_the_grace_are_counted() {
        let mut page = empty();
        shows(&mut page, 0.0, 2000.0, 0.0);
        shows(&mut page, 2000.0, 5000.0, 200.0);
        shows(&mut page, 5000.0, 7000.0, 400.0);
        shows(&mut page, 7400.0, 9000.0, 0.0);
        page.events.push(Event {
            at: 7010.0,
            kind: "waiting".into(),
            value: 7.0,
        });
        page.events.push(Event {
            at: 1000.0,
            kind: "waiting".into(),
            value: 1.0,
        });
        let record = Record {
            actions: vec![(Action::Play, 0.0)],
            pages: vec![page, empty()],
        };
        let mut record = record;
        record.pages[1].frames = record.pages[0].frames.clone();
        let figures = measure(&record);
        // The first leap is within the grace; of the pair at 5 s, and the stand at 7 s, one each.
        assert_eq!(
            (figures.jumps, figures.freezes, figures.rebuffers),
            (1, 1, 1)
        );
    }

    #[test]
    fn a_page_in_a_hole_has_no_position() {
        let mut page = empty();
        shows(&mut page, 0.0, 1000.0, 0.0);
        shows(&mut page, 1600.0, 2000.0, 0.0);
        assert!(position(&page.frames, 500.0).is_some());
        assert_eq!(position(&page.frames, 1300.0), None);
        assert_eq!(position(&page.frames, 5000.0), None);
    }

    #[test]
    fn percentiles_are_values_that_were_there() {
        let spread = Spread::of((1..=100).map(f64::from).collect());
        assert_eq!(
            (spread.p50, spread.p95, spread.p99, spread.max),
            (50.0, 95.0, 99.0, 100.0)
        );
        assert!(Spread::of(vec![]).p50.is_nan());
    }
}
