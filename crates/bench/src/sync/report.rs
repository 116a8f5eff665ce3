//! The figures for people (a table beside the targets) and for machines (JSON).

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::{Value, json};

use crate::about::About;

use super::measure::{Figures, Spread};
use super::scenario::{Action, Record};
use super::{Mix, Options, plot};

/// All repetitions of one kind of links.
#[derive(Debug, Serialize)]
pub struct Profile {
    /// `lan` or `mixed`.
    pub name: &'static str,
    /// Skew over all repetitions.
    pub skew: Spread,
    /// Skew of the players' clocks, which the sound follows, over all repetitions.
    pub clock_skew: Spread,
    /// Press to all in step, over all repetitions, by action.
    pub in_step: Vec<InStep>,
    /// Visible leaps later than 3 s after an action.
    pub jumps: usize,
    /// Stands of the picture later than 3 s after an action.
    pub freezes: usize,
    /// Rebuffers later than 3 s after an action.
    pub rebuffers: usize,
    /// Part of the measured time in which every page showed motion.
    pub shown: f64,
    /// Rate changes per page and minute.
    pub rate_changes_per_minute: f64,
    /// Each repetition by itself.
    pub repetitions: Vec<Figures>,
    #[serde(skip)]
    mix: Mix,
    #[serde(skip)]
    records: Vec<Record>,
}

/// How long an action took to reach all.
#[derive(Debug, Serialize)]
pub struct InStep {
    /// Which.
    pub action: Action,
    /// The times, ms.
    pub spread: Spread,
    /// Repetitions in which it never did.
    pub never: usize,
}

/// A target of the foundation issue: skew p50 and p95, press to in step p95; ms.
struct Target {
    p50: Option<f64>,
    p95: f64,
    in_step: f64,
}

fn target(mix: Mix) -> Target {
    match mix {
        Mix::Lan => Target {
            p50: Some(10.0),
            p95: 20.0,
            in_step: 400.0,
        },
        // No median was set for mixed links.
        Mix::Mixed => Target {
            p50: None,
            p95: 35.0,
            in_step: 900.0,
        },
    }
}

impl Profile {
    /// Sums up repetitions.
    pub fn of(mix: Mix, runs: Vec<(Figures, Record)>) -> Profile {
        let (repetitions, records): (Vec<Figures>, Vec<Record>) = runs.into_iter().unzip();
        let sum = |part: fn(&Figures) -> usize| repetitions.iter().map(part).sum();
        let actions = [
            Action::Play,
            Action::Pause,
            Action::Resume,
            Action::Seek,
            Action::LateJoin,
        ];
        let in_step = actions.map(|action| {
            let all = repetitions.iter().flat_map(|one| &one.in_step);
            let took: Vec<Option<f64>> =
                all.filter(|one| one.0 == action).map(|one| one.1).collect();
            let never = took.iter().filter(|one| one.is_none()).count();
            InStep {
                action,
                spread: Spread::of(took.into_iter().flatten().collect()),
                never,
            }
        });
        let minutes: f64 = repetitions.iter().map(|one| one.page_minutes).sum();
        let rate_changes: usize = sum(|one| one.rate_changes);
        Profile {
            name: mix.name(),
            skew: Spread::of(
                repetitions
                    .iter()
                    .flat_map(|one| one.skews.clone())
                    .collect(),
            ),
            clock_skew: Spread::of(
                repetitions
                    .iter()
                    .flat_map(|one| one.clock_skews.clone())
                    .collect(),
            ),
            in_step: in_step.into(),
            jumps: sum(|one| one.jumps),
            freezes: sum(|one| one.freezes),
            rebuffers: sum(|one| one.rebuffers),
            shown: repetitions.iter().map(|one| one.shown).sum::<f64>() / repetitions.len() as f64,
            rate_changes_per_minute: rate_changes as f64 / minutes,
            repetitions,
            mix,
            records,
        }
    }
}

/// The table for people.
pub fn table(profiles: &[Profile]) -> String {
    let mut text = String::new();
    for profile in profiles {
        let target = target(profile.mix);
        let skew = &profile.skew;
        // Writing into a String can't fail.
        let _ = writeln!(
            text,
            "\n{} ({} repetitions, {} skew samples)",
            profile.name,
            profile.repetitions.len(),
            skew.samples
        );
        let mut line = |what: &str, value: String, goal: String| {
            let _ = writeln!(text, "  {what:<34} {value:>24}   {goal}");
        };
        line(
            "pairwise skew p50",
            ms(skew.p50),
            target
                .p50
                .map_or_else(String::new, |goal| against(skew.p50, goal)),
        );
        line(
            "pairwise skew p95",
            ms(skew.p95),
            against(skew.p95, target.p95),
        );
        line(
            "pairwise skew p99, max",
            format!("{}, {}", ms(skew.p99), ms(skew.max)),
            String::new(),
        );
        let clock = &profile.clock_skew;
        line(
            "the same of sound, p50, p95",
            format!("{}, {}", ms(clock.p50), ms(clock.p95)),
            String::new(),
        );
        for one in &profile.in_step {
            let goal = match one.action {
                Action::Play | Action::Resume => against(one.spread.p95, target.in_step),
                _ => String::new(),
            };
            let never = if one.never > 0 {
                format!(" never: {}", one.never)
            } else {
                String::new()
            };
            let what = format!("{} to in step p50, p95", one.action.name());
            line(
                &what,
                format!("{}, {}{never}", ms(one.spread.p50), ms(one.spread.p95)),
                goal,
            );
        }
        line(
            "visible jumps after 3 s",
            profile.jumps.to_string(),
            against(profile.jumps as f64, 0.0),
        );
        line(
            "freezes, rebuffers after 3 s",
            format!("{}, {}", profile.freezes, profile.rebuffers),
            String::new(),
        );
        line(
            "rate changes per page and minute",
            format!("{:.1}", profile.rate_changes_per_minute),
            String::new(),
        );
        line(
            "time that all pages showed motion",
            format!("{:.2} %", profile.shown * 100.0),
            String::new(),
        );
        let problems: usize = profile
            .repetitions
            .iter()
            .map(|one| one.problems.len())
            .sum();
        if problems > 0 {
            line(
                "errors thrown by pages",
                problems.to_string(),
                "(see the JSON)".to_owned(),
            );
        }
    }
    text
}

fn ms(value: f64) -> String {
    if value.is_nan() {
        "-".to_owned()
    } else {
        format!("{value:.1} ms")
    }
}

fn against(value: f64, target: f64) -> String {
    let verdict = if value <= target { "reached" } else { "MISSED" };
    format!("target <= {target:.0}  {verdict}")
}

/// Figures as JSON, a plot for each profile, and the line of history if one was asked for.
pub fn write(options: &Options, profiles: &[Profile]) -> Result<()> {
    let out = &options.out;
    fs::create_dir_all(out).with_context(|| format!("{} could not be made", out.display()))?;
    let about = about(options);
    let all = json!({ "about": about, "profiles": profiles });
    fs::write(out.join("sync.json"), serde_json::to_vec_pretty(&all)?)?;
    for profile in profiles {
        fs::write(
            out.join(format!("sync-{}.svg", profile.name)),
            plot::draw(profile.name, &profile.records),
        )?;
        // The frames themselves, for other analyses.
        let frames = serde_json::to_vec(&profile.records)?;
        fs::write(out.join(format!("frames-{}.json", profile.name)), frames)?;
    }
    if let Some(path) = &options.history {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        for profile in profiles {
            let mut line = serde_json::to_value(profile)?;
            if let Some(line) = line.as_object_mut() {
                line.remove("repetitions");
                line.insert("about".to_owned(), about.clone());
            }
            writeln!(file, "{line}")?;
        }
    }
    Ok(())
}

/// What was measured, of what, on what.
fn about(options: &Options) -> Value {
    let mut about = json!(About::here());
    about["pages"] = json!(options.pages);
    about["seconds"] = json!(options.seconds);
    about["screens"] = json!(
        "headless Chromium: all pages refresh at the same 60 Hz instants, so picture skew comes in steps of 16.7 ms; screens of their own add up to half a step"
    );
    about["links"] = json!(
        "delay and jitter one way: lan 1 ms; near 40±10 ms; far 120±40 ms, 8 Mbit/s, a stall of 0.3-0.9 s every 8-16 s"
    );
    about
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::browsers::Seen;

    #[test]
    fn an_action_that_never_got_all_in_step_is_said() {
        let page = Seen {
            opened: 0.0,
            frames: vec![],
            clock: vec![],
            events: vec![],
            problems: vec![],
        };
        let record = Record {
            actions: vec![(Action::Play, 0.0)],
            pages: vec![page.clone(), page],
        };
        let figures = super::super::measure::measure(&record);
        let text = table(&[Profile::of(Mix::Lan, vec![(figures, record)])]);
        assert!(text.contains("never: 1"), "{text}");
        assert!(text.contains("MISSED"), "no samples is no success: {text}");
    }
}
