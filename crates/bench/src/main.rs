//! `watchalong-bench`: one command for each kind of measurement.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use watchalong_bench::accounts;
use watchalong_bench::fanout;
use watchalong_bench::link::{Link, Profile};
use watchalong_bench::media;
use watchalong_bench::sync;

/// Measures Watchalong.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The sync lab: skew between real browsers, and how long a press takes to reach all.
    Sync(sync::Options),
    /// What telling a room costs: one event to 10, 100, 1,000 and 10,000 members, beside the floor.
    Fanout(fanout::Options),
    /// The same for many rooms: 10, 100 and 1,000 of five, and 100 of ten.
    Rooms(fanout::Options),
    /// What `fanout` and `rooms` are compared with: a server that does nothing but the writes.
    #[command(hide = true)]
    Floor {
        /// Bytes of each event.
        #[arg(long, default_value_t = 300)]
        bytes: usize,
    },
    /// What delivery costs, beside nginx: CPU, fairness, late joiners.
    Media(media::Options),
    /// What a storm of logins costs a busy room.
    Accounts(accounts::Options),
    /// The link emulator by itself: a proxy with delay, jitter, a rate cap and stalls.
    Link(LinkOptions),
}

#[derive(clap::Args)]
struct LinkOptions {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where connections go on to.
    #[arg(long)]
    to: SocketAddr,
    /// lan (1 ms), near (40±10 ms) or far (120±40 ms, 8 Mbit/s, stalls); each way.
    #[arg(long, default_value = "near", value_parser = Profile::NAMES)]
    profile: String,
    /// Instead of the profile's delay, ms one way.
    #[arg(long)]
    delay: Option<u64>,
    /// Instead of the profile's jitter, ms.
    #[arg(long)]
    jitter: Option<u64>,
    /// Instead of the profile's rate, Mbit/s.
    #[arg(long)]
    rate: Option<u64>,
    /// The same seed gives the same jitter and stalls.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().what {
        What::Sync(options) => sync::run(options).await,
        What::Fanout(options) => fanout::run(options, &fanout::ONE_ROOM).await,
        What::Rooms(options) => fanout::run(options, &fanout::MANY_ROOMS).await,
        What::Floor { bytes } => fanout::floor::serve(bytes),
        What::Media(options) => media::run(options).await,
        What::Accounts(options) => accounts::run(options).await,
        What::Link(options) => link(options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem:#}");
            ExitCode::FAILURE
        }
    }
}

async fn link(options: LinkOptions) -> Result<()> {
    let mut profile = Profile::named(&options.profile).context("no such profile")?;
    if let Some(delay) = options.delay {
        profile.delay = Duration::from_millis(delay);
    }
    if let Some(jitter) = options.jitter {
        profile.jitter = Duration::from_millis(jitter);
    }
    if let Some(rate) = options.rate {
        profile.rate = Some(rate * 1_000_000);
    }
    let link = Link::open(options.listen, options.to, profile, options.seed)
        .await
        .with_context(|| format!("{} can't be listened on", options.listen))?;
    println!("listening on http://{}", link.address());
    std::future::pending::<()>().await;
    Ok(())
}
