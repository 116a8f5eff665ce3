//! Figures of delivery: per server and number of viewers, and the ratios that count.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::Options;
use super::client::Fetched;
use crate::about::About;

/// One server, one number of viewers, once.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cell {
    viewers: usize,
    mb_per_second: f64,
    /// Server CPU seconds per 10^9 bytes.
    cpu_per_gb: f64,
    /// Jain's index over the viewers' bytes: 1 is perfectly even.
    jain: f64,
    /// Median of the late joiners' time to a first byte, ms.
    late_ms: f64,
}

impl Cell {
    pub fn new(viewers: usize, cpu: Duration, fetched: &Fetched) -> Self {
        let total: u64 = fetched.bytes.iter().sum();
        let (gigabytes, seconds) = (total as f64 / 1e9, fetched.took.as_secs_f64());
        Self {
            viewers,
            mb_per_second: total as f64 / 1e6 / seconds,
            cpu_per_gb: cpu.as_secs_f64() / gigabytes,
            jain: jain(&fetched.bytes),
            late_ms: median(fetched.late.iter().map(|late| late.as_secs_f64() * 1000.0)),
        }
    }
}

/// (sum x)^2 / (n * sum x^2).
fn jain(bytes: &[u64]) -> f64 {
    let (sum, squares) = bytes.iter().fold((0.0, 0.0), |(sum, squares), &each| {
        let each = each as f64;
        (sum + each, squares + each * each)
    });
    sum * sum / (bytes.len() as f64 * squares)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What is aimed at, by viewers: CPU by nginx's, late joiners by nginx's, Jain's index. From the performance notes.
const TARGETS: [(usize, f64, f64, f64); 3] = [
    (1, 1.4, f64::INFINITY, 0.0),
    (8, 1.3, 0.4, 0.99),
    (64, 1.0, 0.25, 0.99),
];

#[derive(Debug, Serialize)]
pub struct Report {
    about: About,
    seconds: u64,
    film_mib: u64,
    cells: BTreeMap<&'static str, Vec<Cell>>,
}

impl Report {
    pub fn new(options: &Options) -> Self {
        Self {
            about: About::here(),
            seconds: options.seconds,
            film_mib: options.size,
            cells: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, server: &'static str, cell: Cell) {
        self.cells.entry(server).or_default().push(cell);
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

    fn of(&self, server: &str, viewers: usize) -> Vec<Cell> {
        let all = self.cells.get(server).into_iter().flatten();
        all.filter(|cell| cell.viewers == viewers)
            .copied()
            .collect()
    }

    pub fn print(&self) {
        println!(
            "a film of {} MiB in memory, ranges of 4 MiB, {} s each; medians",
            self.film_mib, self.seconds
        );
        println!(
            "{:>12} {:>8} {:>10} {:>10} {:>8} {:>10}",
            "server", "viewers", "MB/s", "CPU s/GB", "Jain", "late ms"
        );
        let mut counts: Vec<usize> = self
            .cells
            .values()
            .flatten()
            .map(|cell| cell.viewers)
            .collect();
        counts.sort_unstable();
        counts.dedup();
        for &viewers in &counts {
            for server in self.cells.keys() {
                let cells = self.of(server, viewers);
                let of = |what: fn(&Cell) -> f64| median(cells.iter().map(what));
                println!(
                    "{server:>12} {viewers:>8} {:>10.0} {:>10.3} {:>8.4} {:>10.2}",
                    of(|cell| cell.mb_per_second),
                    of(|cell| cell.cpu_per_gb),
                    of(|cell| cell.jain),
                    of(|cell| cell.late_ms)
                );
            }
        }
        println!("\nratios to nginx within each repetition, medians");
        for &viewers in &counts {
            let pairs: Vec<(Cell, Cell)> = self
                .of("nginx", viewers)
                .into_iter()
                .zip(self.of("watchalong", viewers))
                .collect();
            let cpu = median(
                pairs
                    .iter()
                    .map(|(nginx, ours)| ours.cpu_per_gb / nginx.cpu_per_gb),
            );
            let late = median(
                pairs
                    .iter()
                    .map(|(nginx, ours)| ours.late_ms / nginx.late_ms),
            );
            let jain = median(pairs.iter().map(|(_, ours)| ours.jain));
            let target = TARGETS.iter().find(|target| target.0 == viewers);
            let said = |met: Option<bool>| match met {
                Some(true) => "reached",
                Some(false) => "MISSED",
                None => "",
            };
            println!(
                "{viewers:>4} viewers: CPU x{cpu:.2} {}, late joiner x{late:.2} {}, Jain {jain:.4} {}",
                said(target.map(|target| cpu <= target.1)),
                said(
                    target
                        .filter(|target| target.2.is_finite())
                        .map(|target| late <= target.2)
                ),
                said(
                    target
                        .filter(|target| target.3 > 0.0)
                        .map(|target| jain >= target.3)
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shares_are_perfectly_fair_and_one_for_all_is_not() {
        assert!((jain(&[5, 5, 5, 5]) - 1.0).abs() < 1e-9);
        assert!((jain(&[20, 0, 0, 0]) - 0.25).abs() < 1e-9);
    }

    #[test]
    fn processor_time_is_told_by_gigabyte() {
        let fetched = Fetched {
            bytes: vec![1_000_000_000, 1_000_000_000],
            took: Duration::from_secs(2),
            late: vec![Duration::from_millis(3)],
        };
        let cell = Cell::new(2, Duration::from_secs(1), &fetched);
        assert!((cell.cpu_per_gb - 0.5).abs() < 1e-9);
        assert!((cell.mb_per_second - 1000.0).abs() < 1e-9);
        assert!((cell.late_ms - 3.0).abs() < 1e-9);
    }
}
