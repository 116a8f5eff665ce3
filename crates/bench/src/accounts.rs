//! What logins cost a room: the latency of a busy room's events without and with a storm of logins.
//!
//! The real server, one room, members on WebSockets; its host says something at a steady rate, and every member notes
//! when it arrives. Then the same while programs log in as fast as they are answered. Argon2id is meant to be slow;
//! that must be the logins' cost, not the room's. Both sides run on this machine, so that the figures hold for a
//! server that shares its cores with its own load.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use crate::member::{self, Socket};
use crate::server::{self, Server};

/// The target of the issue: what a storm may do to a room's events.
const MOST_RATIO: f64 = 1.5;
/// Below this, quantiles of a few samples say more about the scheduler than about us.
const EVENTS_A_SECOND: u32 = 20;
/// Whoever logs in.
const EMAIL: &str = "bench@example.org";
const PASSWORD: &str = "correct horse battery";
/// How long anything may take to answer before the measurement is void.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to measure.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Members of the room.
    #[arg(long, default_value_t = 20)]
    pub members: usize,
    /// Programs that log in at once.
    #[arg(long, default_value_t = 8)]
    pub logins: usize,
    /// Seconds of each phase.
    #[arg(long, default_value_t = 15)]
    pub seconds: u64,
    /// Pairs of phases, without and with the storm in turn; the medians count.
    #[arg(long, default_value_t = 3)]
    pub repetitions: usize,
    /// Where the figures go.
    #[arg(long, default_value = "target/bench/accounts")]
    pub out: PathBuf,
}

/// Latencies of one phase, ms.
#[derive(Clone, Copy, Debug, Serialize)]
struct Latency {
    p50: f64,
    p99: f64,
    max: f64,
    samples: usize,
}

/// One pair of phases.
#[derive(Debug, Serialize)]
struct Pair {
    quiet: Latency,
    storm: Latency,
    /// p99 with the storm by p99 without.
    ratio: f64,
    logins_per_second: f64,
    /// Answered "later" (503).
    turned_away_per_second: f64,
}

#[derive(Debug, Serialize)]
struct Report {
    members: usize,
    events_per_second: u32,
    programs: usize,
    cores: usize,
    pairs: Vec<Pair>,
    /// Median of the pairs.
    ratio: f64,
    /// Median of the pairs.
    logins_per_second: f64,
    target_ratio: f64,
}

/// Measures, prints, writes `figures.json`.
///
/// # Errors
/// Where the server does not behave, or the ratio misses its target.
pub async fn run(options: Options) -> Result<()> {
    ensure!(
        options.members > 0 && options.logins > 0 && options.repetitions > 0,
        "at least one of each"
    );
    let media = TempDir::new()?;
    let limits = [
        "--limit-login",
        "off",
        "--limit-requests",
        "off",
        "--limit-join",
        "off",
        "--limit-create",
        "off",
        "--limit-chat",
        "off",
        "--sign-up",
        "open",
    ];
    let server = Server::with(&server::binary()?, media.path(), &limits).await?;
    sign_up(&server).await?;
    let chat = json!({"window": 1000, "window_count": 100, "cool_down": 0, "duplicate_span": 0});
    let room = server
        .room(json!({"name": "Busy", "policy": {"chat": chat}}))
        .await?;
    let (arrivals, mut arrived) = mpsc::unbounded_channel();
    let url = format!(
        "ws://{}/api/v2/rooms/{}/socket",
        server.address(),
        room.code
    );
    let started = Instant::now();
    let (mut host, _) = member::enter(&url, json!({"host_key": room.host_key})).await?;
    for _ in 1..options.members {
        let (mut member, _) = member::enter(&url, json!({})).await?;
        let arrivals = arrivals.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = member.next().await {
                let at = started.elapsed();
                if let Some(sent) = sent_at(&message) {
                    let _ = arrivals.send(at.saturating_sub(sent));
                }
            }
        });
    }

    let span = Duration::from_secs(options.seconds);
    let mut pairs = Vec::new();
    talk(&mut host, started, Duration::from_secs(2)).await?;
    for repetition in 1..=options.repetitions {
        while arrived.try_recv().is_ok() {}
        talk(&mut host, started, span).await?;
        let quiet = latency(&mut arrived)?;
        let storm = Storm::begin(&server, options.logins);
        talk(&mut host, started, Duration::from_secs(1)).await?;
        while arrived.try_recv().is_ok() {}
        let before = storm.counts();
        talk(&mut host, started, span).await?;
        let after = storm.counts();
        let during = latency(&mut arrived)?;
        storm.end().await?;
        let each = |count: u64| count as f64 / span.as_secs_f64();
        pairs.push(Pair {
            ratio: during.p99 / quiet.p99,
            quiet,
            storm: during,
            logins_per_second: each(after.0 - before.0),
            turned_away_per_second: each(after.1 - before.1),
        });
        eprintln!("repetition {repetition} of {}", options.repetitions);
    }
    let report = Report {
        members: options.members,
        events_per_second: EVENTS_A_SECOND,
        programs: options.logins,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        ratio: median(pairs.iter().map(|pair| pair.ratio)),
        logins_per_second: median(pairs.iter().map(|pair| pair.logins_per_second)),
        pairs,
        target_ratio: MOST_RATIO,
    };
    write(&options.out, &report)?;
    print(&report);
    ensure!(
        report.ratio <= MOST_RATIO,
        "a storm of logins makes a room's events {:.2} times as late; the target is {MOST_RATIO}",
        report.ratio
    );
    Ok(())
}

async fn sign_up(server: &Server) -> Result<()> {
    let body = json!({"email": EMAIL, "name": "Bench", "password": PASSWORD});
    let made = server.call("POST", "/api/v2/accounts", Some(body)).await?;
    ensure!(
        made["kind"] == "account",
        "the account was not made: {made}"
    );
    Ok(())
}

/// Says the time at a steady rate, and reads what comes back so that nothing piles up.
async fn talk(host: &mut Socket, started: Instant, span: Duration) -> Result<()> {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / EVENTS_A_SECOND);
    let until = Instant::now() + span;
    while Instant::now() < until {
        tokio::select! {
            _ = pace.tick() => {
                let now = started.elapsed().as_micros();
                let say = json!({"t": "cmd", "id": now as u64, "do": "say", "text": format!("at={now}")});
                host.send(Message::text(say.to_string())).await?;
            }
            message = host.next() => {
                let message = message.context("the host's connection ended")??;
                if let Message::Text(text) = &message
                    && text.contains("\"t\":\"refused\"")
                {
                    bail!("the host was refused: {text}");
                }
            }
        }
    }
    // The last ones are on their way.
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(())
}

/// When a message was said, where the frame tells one.
fn sent_at(message: &Message) -> Option<Duration> {
    let Message::Text(text) = message else {
        return None;
    };
    let (_, rest) = text.split_once("\"at=")?;
    let (micros, _) = rest.split_once('"')?;
    Some(Duration::from_micros(micros.parse().ok()?))
}

fn latency(arrived: &mut mpsc::UnboundedReceiver<Duration>) -> Result<Latency> {
    let mut all: Vec<f64> = std::iter::from_fn(|| arrived.try_recv().ok())
        .map(|latency| latency.as_secs_f64() * 1000.0)
        .collect();
    ensure!(all.len() >= 100, "only {} events arrived", all.len());
    all.sort_by(f64::total_cmp);
    let quantile = |q: f64| all[((all.len() - 1) as f64 * q) as usize];
    Ok(Latency {
        p50: quantile(0.5),
        p99: quantile(0.99),
        max: quantile(1.0),
        samples: all.len(),
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Programs that log in, each again as soon as it was answered.
struct Storm {
    stop: Arc<AtomicBool>,
    /// Let in, and asked to come later.
    counts: Arc<(AtomicU64, AtomicU64)>,
    programs: JoinSet<Result<()>>,
}

impl Storm {
    fn begin(server: &Server, programs: usize) -> Self {
        let (stop, counts) = (
            Arc::new(AtomicBool::new(false)),
            Arc::<(AtomicU64, AtomicU64)>::default(),
        );
        let url = format!("http://{}/api/v2/session", server.address());
        let mut running = JoinSet::new();
        for _ in 0..programs {
            let (stop, counts, url) = (stop.clone(), counts.clone(), url.clone());
            running.spawn_blocking(move || log_in(&url, &stop, &counts));
        }
        Self {
            stop,
            counts,
            programs: running,
        }
    }

    fn counts(&self) -> (u64, u64) {
        (
            self.counts.0.load(Ordering::Relaxed),
            self.counts.1.load(Ordering::Relaxed),
        )
    }

    async fn end(mut self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(done) = self.programs.join_next().await {
            done??;
        }
        Ok(())
    }
}

fn log_in(url: &str, stop: &AtomicBool, counts: &(AtomicU64, AtomicU64)) -> Result<()> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    while !stop.load(Ordering::Relaxed) {
        let answer = agent
            .post(url)
            .send_json(json!({"email": EMAIL, "password": PASSWORD}))?;
        match answer.status().as_u16() {
            200 => counts.0.fetch_add(1, Ordering::Relaxed),
            503 => counts.1.fetch_add(1, Ordering::Relaxed),
            status => bail!("a login was answered {status}"),
        };
    }
    Ok(())
}

fn write(folder: &Path, report: &Report) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(
        folder.join("figures.json"),
        serde_json::to_string_pretty(report)?,
    )?;
    Ok(())
}

fn print(report: &Report) {
    println!(
        "room of {}, {} events a second; {} programs log in; {} cores",
        report.members, report.events_per_second, report.programs, report.cores
    );
    println!(
        "{:>24} {:>10} {:>10} {:>10}",
        "event latency, ms", "p50", "p99", "max"
    );
    for pair in &report.pairs {
        for (name, phase) in [
            ("without logins", &pair.quiet),
            ("with logins", &pair.storm),
        ] {
            println!(
                "{name:>24} {:>10.2} {:>10.2} {:>10.2}",
                phase.p50, phase.p99, phase.max
            );
        }
        println!(
            "{:>24} {:>10.2}   {:.1} logins/s, {:.1} turned away/s",
            "p99 ratio", pair.ratio, pair.logins_per_second, pair.turned_away_per_second
        );
    }
    println!(
        "median: {:.1} logins/s, p99 ratio {:.2} (target at most {MOST_RATIO})",
        report.logins_per_second, report.ratio
    );
}
