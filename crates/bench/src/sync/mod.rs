//! The sync lab: how far apart real browsers show one film, and how long a press takes to reach all.
//!
//! For each profile and repetition: a fresh room on the real server, N browsers each behind a link
//! of its own, the host's presses on the page's own buttons ([`scenario`]), every shown frame on one
//! clock ([`browsers`]), and the figures ([`measure`]). [`report`] prints them beside their targets
//! and [`plot`] draws them.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use tempfile::TempDir;

use crate::clip;
use crate::link::Profile;
use crate::server::{self, Server};

pub mod browsers;
pub mod measure;
pub mod plot;
pub mod report;
pub mod scenario;

/// What the pages' links are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mix {
    /// Everybody on the same local network: 1 ms each way.
    Lan,
    /// The host on the local network, then 40±10 ms, then 120±40 ms with stalls and 8 Mbit/s, and
    /// again from the start; each way.
    Mixed,
}

impl Mix {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Mix::Lan => "lan",
            Mix::Mixed => "mixed",
        }
    }

    /// The link of the page with this number; the host is 0.
    pub fn link(self, page: usize) -> Profile {
        let name = match self {
            Mix::Lan => "lan",
            Mix::Mixed => Profile::NAMES[page % Profile::NAMES.len()],
        };
        Profile::named(name).expect("all names used here are presets")
    }
}

/// What to measure.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Browsers in the room before the late joiner.
    #[arg(long, default_value_t = 3)]
    pub pages: usize,
    /// Only this kind of links; without it, both.
    #[arg(long, value_enum)]
    pub profile: Option<Mix>,
    /// Seconds of undisturbed play that are measured.
    #[arg(long, default_value_t = 30)]
    pub seconds: u32,
    /// Times each profile is measured.
    #[arg(long, default_value_t = 3)]
    pub repetitions: u32,
    /// Where figures and plots go.
    #[arg(long, default_value = "target/bench/sync")]
    pub out: PathBuf,
    /// A file that gets one line of figures per profile, to compare commits.
    #[arg(long)]
    pub history: Option<PathBuf>,
}

/// The script that drives the browsers, in this repository.
fn driver() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../web/lab/driver.mjs"
    ))
}

/// Measures, prints, writes files.
pub async fn run(options: Options) -> Result<()> {
    ensure!(
        options.pages >= 2,
        "skew is between pages: at least 2 are needed"
    );
    ensure!(
        options.seconds >= 5,
        "the first 3 seconds do not count: measure at least 5"
    );
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if let Some(load) = crate::about::load().filter(|&load| load > cores as f64 / 2.0) {
        eprintln!(
            "this machine is busy (load {load} on {cores} cores): figures will be worse than they are"
        );
    }
    let media = TempDir::new()?;
    clip::make(media.path(), scenario::clip_length(options.seconds)).await?;
    let server = Server::start(&server::binary()?, media.path()).await?;
    let item = server.first_item().await?;

    let mixes = options
        .profile
        .map_or(vec![Mix::Lan, Mix::Mixed], |one| vec![one]);
    let mut figures = Vec::new();
    for mix in mixes {
        let mut runs = Vec::new();
        for repetition in 0..options.repetitions {
            eprintln!(
                "{}: repetition {} of {}",
                mix.name(),
                repetition + 1,
                options.repetitions
            );
            let room = server.open_room(&item).await?;
            let record = scenario::play(&options, mix, u64::from(repetition), &server, &room)
                .await
                .with_context(|| format!("{} repetition {}", mix.name(), repetition + 1))?;
            runs.push((measure::measure(&record), record));
            // Browsers of the last repetition are gone; let the machine settle.
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        figures.push(report::Profile::of(mix, runs));
    }
    report::write(&options, &figures)?;
    print!("{}", report::table(&figures));
    println!("figures and plots are in {}", options.out.display());
    Ok(())
}
