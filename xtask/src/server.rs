//! Building the server with the page inside, and running it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{page, paths, tools};

/// `cargo xtask run`: everything from a fresh clone to a room that can be shared.
///
/// The server prints its addresses, the invite's QR code and the host link itself, and serves the
/// bundled sample when no folder is named.
pub fn run(arguments: &[String]) -> Result<()> {
    let binary = build_release()?;
    let mut command = Command::new(&binary);
    command.arg("serve").args(arguments);
    become_the_server(&mut command)
}

/// The release binary with the page inside.
pub fn build_release() -> Result<PathBuf> {
    tools::check()?;
    page::build()?;
    eprintln!("building the server (the first time takes some minutes)");
    tools::run(tools::cargo().args(["build", "--quiet", "--release", "-p", "watchalong-server"]))?;
    Ok(paths::binary("release", "watchalong"))
}

/// Replaces this process, so that signals and the exit code are the server's own.
#[cfg(unix)]
fn become_the_server(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    let failed = command.exec();
    Err(anyhow::Error::new(failed).context("the built server could not be started"))
}

#[cfg(not(unix))]
fn become_the_server(command: &mut Command) -> Result<()> {
    tools::run(command)
}
