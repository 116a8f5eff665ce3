//! What delivery costs: the same film from this server and from nginx, in the same run.
//!
//! A film of 1 GiB in the page cache, fetched in ranges of 4 MiB over kept connections by 1, 8 and 64 viewers, one
//! server at a time, taken in turns within each repetition. Server on one core, this program on another where there
//! are two. What counts are the ratios within a repetition: server CPU per gigabyte, how evenly the viewers were
//! served (Jain's index over their bytes), and how soon a late joiner has a first byte while the others saturate the
//! server. nginx is as it comes (`sendfile on`, one process); its 2 MiB turns are what most media servers do.
//!
//! [`client`] fetches, [`servers`] starts what is measured, [`report`] sums up. Figures of an absolute kind hold for
//! this machine only.

mod client;
mod report;
mod servers;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use tempfile::TempDir;

use crate::process;
use report::{Cell, Report};
use servers::{Measured, Nginx, Ours};

/// What to measure.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Viewers at once; may be given more than once.
    #[arg(long, default_values_t = [1, 8, 64])]
    pub viewers: Vec<usize>,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 3)]
    pub seconds: u64,
    /// Times everything is measured; the medians of the ratios count.
    #[arg(long, default_value_t = 5)]
    pub repetitions: usize,
    /// MiB of the film.
    #[arg(long, default_value_t = 1024)]
    pub size: u64,
    /// Where the figures go.
    #[arg(long, default_value = "target/bench/media")]
    pub out: PathBuf,
    /// A file that gets one line of figures, to compare commits.
    #[arg(long)]
    pub history: Option<PathBuf>,
}

/// Measures, prints, writes `figures.json`.
///
/// # Errors
/// Where nginx is missing, or a server does not behave. A missed target is told, not an error: machines differ.
pub async fn run(options: Options) -> Result<()> {
    ensure!(
        options.repetitions > 0 && !options.viewers.is_empty(),
        "at least one of each"
    );
    let folder = TempDir::new()?;
    let film = servers::film(folder.path(), options.size).await?;
    let most = options.viewers.iter().copied().max().unwrap_or(1);
    process::keep_off_the_servers_core();
    let nginx = Nginx::start(&film).await?;
    // One more, who comes late.
    let ours = Ours::start(folder.path(), most + 1).await?;
    let both: [&dyn Measured; 2] = [&nginx, &ours];
    let mut report = Report::new(&options);
    let span = Duration::from_secs(options.seconds);
    for repetition in 1..=options.repetitions {
        for &viewers in &options.viewers {
            for server in both {
                let cell = measure(server, viewers, span).await?;
                report.add(server.name(), cell);
            }
        }
        eprintln!("repetition {repetition} of {}", options.repetitions);
    }
    report.write(&options.out, options.history.as_deref())?;
    report.print();
    Ok(())
}

async fn measure(server: &dyn Measured, viewers: usize, span: Duration) -> Result<Cell> {
    let addresses = server.addresses();
    let before = server.cpu()?;
    let fetched = client::saturate(
        &addresses[..viewers],
        addresses.last().expect("at least one"),
        span,
    )
    .await?;
    let cpu = server.cpu()?.saturating_sub(before);
    Ok(Cell::new(viewers, cpu, &fetched))
}
