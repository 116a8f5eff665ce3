//! What was measured, and on what: the same lines for every kind of measurement.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// The tree and the machine.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// As git describes it; `None` outside a checkout.
    pub commit: Option<String>,
    /// Seconds since 1970.
    pub unix_time: u64,
    /// Processors of this machine.
    pub cores: usize,
    /// Its system and architecture.
    pub system: String,
    /// What else ran when the measurement began: the load average of a minute, where the system tells it.
    pub load: Option<f64>,
}

impl About {
    /// Here and now.
    pub fn here() -> Self {
        let commit = Command::new("git")
            .args(["describe", "--always", "--dirty"])
            .output()
            .ok();
        Self {
            commit: commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            unix_time: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            load: load(),
        }
    }
}

/// The load average of the last minute, where the system tells it.
pub fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}
