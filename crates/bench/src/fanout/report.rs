//! Figures of fan-out: per server and case, and the ratios that count.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::fleet::{Fleet, Heard};
use super::{Case, Options};
use crate::about::About;

/// One server, one case, once.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Microseconds of the server's processor time for each delivery.
    cpu_us: f64,
    deliveries: usize,
    /// Deliveries that never came.
    lost: usize,
    /// From a command's sending to a member's hearing of it, µs.
    p50_us: f64,
    p99_us: f64,
    max_us: f64,
    /// Memory that the members took, KiB each.
    kib_each: f64,
    /// Processor time to let one in, news of who came included, µs.
    join_us: f64,
    /// Frames that a member got until all were in.
    frames_each: f64,
    /// Bytes of an event.
    pub event_bytes: usize,
}

impl Figures {
    pub fn new(
        fleet: &Fleet,
        heard: Heard,
        cpu: Duration,
        joined: Duration,
        idle: u64,
        arrivals: u64,
    ) -> Self {
        let mut latencies = heard.latencies;
        latencies.sort_unstable();
        let quantile = |q: f64| {
            let index = (latencies.len().saturating_sub(1) as f64 * q) as usize;
            latencies
                .get(index)
                .map_or(f64::NAN, |&late| f64::from(late))
        };
        let members = fleet.size() as f64;
        Self {
            cpu_us: cpu.as_secs_f64() * 1e6 / latencies.len().max(1) as f64,
            deliveries: latencies.len(),
            lost: heard.expected - latencies.len().min(heard.expected),
            p50_us: quantile(0.5),
            p99_us: quantile(0.99),
            max_us: quantile(1.0),
            kib_each: idle as f64 / 1024.0 / members,
            join_us: joined.as_secs_f64() * 1e6 / members,
            frames_each: arrivals as f64 / members,
            event_bytes: fleet.event_bytes(),
        }
    }
}

/// Processor time for a delivery by the floor's, from the performance notes: for rooms of ten, for larger ones, for
/// many rooms, and for bursts.
fn target(case: Case) -> f64 {
    match case {
        Case { burst: 2.., .. } => 1.5,
        Case { rooms: 2.., .. } => 1.4,
        Case { members: ..=10, .. } => 1.5,
        _ => 1.35,
    }
}

/// A case of one server in one repetition.
#[derive(Debug, Serialize)]
struct Line {
    server: &'static str,
    #[serde(flatten)]
    case: Case,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Debug, Serialize)]
pub struct Report {
    about: About,
    seconds: u64,
    lines: Vec<Line>,
}

impl Report {
    pub fn new(options: &Options) -> Self {
        Self {
            about: About::here(),
            seconds: options.seconds,
            lines: Vec::new(),
        }
    }

    pub fn add(&mut self, server: &'static str, case: Case, figures: Figures) {
        self.lines.push(Line {
            server,
            case,
            figures,
        });
    }

    pub fn write(&self, folder: &Path, history: Option<&Path>) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(
            folder.join("figures.json"),
            serde_json::to_string_pretty(self)?,
        )?;
        if let Some(path) = history {
            let mut file = File::options().append(true).create(true).open(path)?;
            writeln!(file, "{}", serde_json::to_string(self)?)?;
        }
        Ok(())
    }

    fn cases(&self) -> Vec<Case> {
        let mut cases: Vec<Case> = Vec::new();
        for line in &self.lines {
            if !cases.contains(&line.case) {
                cases.push(line.case);
            }
        }
        cases
    }

    fn of(&self, server: &str, case: Case) -> Vec<&Figures> {
        let mine = |line: &&Line| line.server == server && line.case == case;
        self.lines
            .iter()
            .filter(mine)
            .map(|line| &line.figures)
            .collect()
    }

    pub fn print(&self) {
        println!("{} s each; medians", self.seconds);
        println!(
            "{:>22} {:>11} {:>9} {:>9} {:>9} {:>9} {:>6} {:>8} {:>8} {:>9}",
            "case",
            "server",
            "CPU us/d",
            "p50 ms",
            "p99 ms",
            "max ms",
            "lost",
            "KiB each",
            "join us",
            "frames"
        );
        for case in self.cases() {
            for server in ["floor", "watchalong"] {
                let all = self.of(server, case);
                let of = |what: fn(&Figures) -> f64| median(all.iter().map(|one| what(one)));
                println!(
                    "{:>22} {server:>11} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>6.0} {:>8.1} {:>8.0} {:>9.1}",
                    named(case),
                    of(|one| one.cpu_us),
                    of(|one| one.p50_us / 1000.0),
                    of(|one| one.p99_us / 1000.0),
                    of(|one| one.max_us / 1000.0),
                    all.iter().map(|one| one.lost as f64).sum::<f64>(),
                    of(|one| one.kib_each),
                    of(|one| one.join_us),
                    of(|one| one.frames_each),
                );
            }
        }
        println!("\nratios to the floor within each repetition, medians");
        for case in self.cases() {
            let pairs: Vec<(&Figures, &Figures)> = self
                .of("floor", case)
                .into_iter()
                .zip(self.of("watchalong", case))
                .collect();
            let ratio = |what: fn(&Figures) -> f64| {
                median(pairs.iter().map(|(floor, ours)| what(ours) / what(floor)))
            };
            let cpu = ratio(|one| one.cpu_us);
            let most = target(case);
            println!(
                "{:>22}: CPU x{cpu:.2} (target {most}) {}, p50 x{:.2}, p99 x{:.2}",
                named(case),
                if cpu <= most { "reached" } else { "MISSED" },
                ratio(|one| one.p50_us),
                ratio(|one| one.p99_us),
            );
        }
    }
}

/// `100 x 10, 10/s`
fn named(case: Case) -> String {
    let burst = if case.burst > 1 {
        format!(" by {}", case.burst)
    } else {
        String::new()
    };
    format!(
        "{} x {}, {}/s{burst}",
        case.rooms, case.members, case.per_second
    )
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
