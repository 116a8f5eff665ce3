//! What it costs to tell a room something: one event to all its members, for rooms of many sizes and many rooms.
//!
//! The real server and the [`floor`] in turns within each repetition, each a fresh process on one core, the clients
//! ([`fleet`]) on another. Hosts seek; every member notes when it hears of it. What counts is the server's processor
//! time for a delivery by the floor's in the same repetition, which holds on any machine; the times from sending to
//! hearing hold the clients' own queue, too, and are compared the same way.

mod fleet;
pub mod floor;
mod report;
mod targets;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;

use crate::clip;
use crate::process;
use fleet::{Fleet, Heard};
use report::{Figures, Report};
use targets::Target;

/// What to measure.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 4)]
    pub seconds: u64,
    /// Times everything is measured; the medians of the ratios count.
    #[arg(long, default_value_t = 5)]
    pub repetitions: usize,
    /// Only cases with at most so many members in all.
    #[arg(long, default_value_t = 10_000)]
    pub most: usize,
    /// Where the figures go.
    #[arg(long, default_value = "target/bench/fanout")]
    pub out: PathBuf,
    /// A file that gets one line of figures, to compare commits.
    #[arg(long)]
    pub history: Option<PathBuf>,
}

/// So many rooms of so many members.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Case {
    /// Rooms.
    pub rooms: usize,
    /// Members of each, its host among them.
    pub members: usize,
    /// Commands a second in each room.
    pub per_second: f64,
    /// Commands sent at once.
    pub burst: usize,
}

const fn case(rooms: usize, members: usize, per_second: f64, burst: usize) -> Case {
    Case {
        rooms,
        members,
        per_second,
        burst,
    }
}

/// One room that grows, and bursts, as when somebody drags the seek bar.
pub const ONE_ROOM: [Case; 5] = [
    case(1, 10, 20.0, 1),
    case(1, 100, 20.0, 1),
    case(1, 1_000, 20.0, 1),
    case(1, 10_000, 2.0, 1),
    case(1, 1_000, 16.0, 8),
];

/// Rooms that become more: the cost of a room should stay what it is.
pub const MANY_ROOMS: [Case; 4] = [
    case(10, 5, 10.0, 1),
    case(100, 5, 2.0, 1),
    case(1_000, 5, 0.5, 1),
    case(100, 10, 10.0, 1),
];

/// Measures, prints, writes `figures.json`.
///
/// # Errors
/// Where a server does not behave. A missed target is told, not an error: machines differ.
pub async fn run(options: Options, cases: &'static [Case]) -> Result<()> {
    ensure!(options.repetitions > 0, "at least one repetition");
    let folder = tempfile::TempDir::new()?;
    clip::make(folder.path(), 10).await?;
    process::keep_off_the_servers_core();
    let media = folder.path().to_owned();
    // One thread for all clients: what they cost must not run on the server's core.
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async {
            let mut report = Report::new(&options);
            for repetition in 1..=options.repetitions {
                for &case in cases {
                    if case.rooms * case.members > options.most {
                        continue;
                    }
                    let ours = Target::ours(&media, case).await?;
                    let figures = measure(&ours, case, options.seconds).await?;
                    let bytes = figures.event_bytes;
                    report.add("watchalong", case, figures);
                    drop(ours);
                    let floor = Target::floor(case, bytes).await?;
                    let figures = measure(&floor, case, options.seconds).await?;
                    report.add("floor", case, figures);
                }
                eprintln!("repetition {repetition} of {}", options.repetitions);
            }
            report.write(&options.out, options.history.as_deref())?;
            report.print();
            Ok(())
        })
    })
    .await?
}

async fn measure(target: &Target, case: Case, seconds: u64) -> Result<Figures> {
    let empty = process::resident(target.process)?;
    let before = process::cpu(target.process)?;
    let fleet = Fleet::join(&target.doors, case.members).await?;
    // The last news of who came, and a first round so that everything is warm.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let joined = process::cpu(target.process)?.saturating_sub(before);
    let idle = process::resident(target.process)?.saturating_sub(empty);
    let arrivals = fleet.frames();
    fleet
        .drive(case.per_second, case.burst, Duration::from_secs(1))
        .await?;
    let before = process::cpu(target.process)?;
    let heard: Heard = fleet
        .drive(case.per_second, case.burst, Duration::from_secs(seconds))
        .await?;
    let cpu = process::cpu(target.process)?.saturating_sub(before);
    Ok(Figures::new(&fleet, heard, cpu, joined, idle, arrivals))
}
