//! A process that is measured, from outside: its core, its processor time, its memory.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The core of what is measured; this program keeps off it where there is another.
const CORE: &str = "0";
/// The core of this program.
const OTHER: &str = "1";

/// Puts a process with all its threads on the measured core, where the system can.
pub fn pin(process: u32) {
    taskset(CORE, process);
}

/// Moves this program to the second core, and says so where there is none.
pub fn keep_off_the_servers_core() {
    if !taskset(OTHER, std::process::id()) {
        eprintln!(
            "this program shares its core with the servers: there is no second one, or no `taskset`"
        );
    }
}

fn taskset(core: &str, process: u32) -> bool {
    Command::new("taskset")
        .args(["-a", "-p", "-c", core, &process.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Processor time of all threads that run now, to the nanosecond; of those that ended, none.
///
/// # Errors
/// Where there is no `/proc`, or the process is gone.
pub fn cpu(process: u32) -> Result<Duration> {
    let folder = format!("/proc/{process}/task");
    let threads = std::fs::read_dir(&folder)
        .context("processor time is read from /proc, which only Linux has")?;
    let mut nanoseconds = 0;
    for thread in threads {
        // A thread may end while it is looked at.
        let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else {
            continue;
        };
        let first = text.split_whitespace().next().unwrap_or_default();
        nanoseconds += first.parse().unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Resident memory, bytes.
///
/// # Errors
/// As [`cpu`].
pub fn resident(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .context("memory is read from /proc, which only Linux has")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: u64 = kibibytes
        .context("/proc is not as documented")?
        .parse()
        .context("/proc is not as documented")?;
    Ok(kibibytes * 1024)
}
