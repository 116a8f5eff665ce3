//! What is tested and measured, in which order, and with what.
//!
//! Every step runs even if an earlier one failed: one run shows everything that is wrong. A tool
//! that a test needs and that can't be had makes that test fail; nothing is skipped silently.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, bail};

use crate::steps::Steps;
use crate::{page, paths, server, tools};

/// Groups of steps that `cargo xtask test` takes by name.
const GROUPS: [&str; 5] = ["lint", "unit", "wire", "e2e", "faults"];

/// `cargo xtask test [GROUP...]`.
pub fn test(arguments: &[String]) -> Result<()> {
    if let Some(unknown) = arguments
        .iter()
        .find(|name| !GROUPS.contains(&name.as_str()))
    {
        bail!(
            "there is no group of tests `{unknown}`; there are: {}",
            GROUPS.join(" ")
        );
    }
    let named: BTreeSet<&str> = arguments.iter().map(String::as_str).collect();
    let everything = named.is_empty();
    let wanted = |group: &str| everything || named.contains(group);

    let mut steps = Steps::default();
    steps.step("tools (Rust, Node, npm)", tools::check);
    if wanted("unit") || wanted("wire") || wanted("e2e") || wanted("faults") {
        steps.step("tools (ffmpeg)", tools::ffmpeg);
    }
    // The server embeds the page, so it comes before everything of Rust.
    steps.step("page: build", page::build);

    if wanted("lint") {
        lint(&mut steps);
    }
    if wanted("unit") {
        steps.step("rust: tests", || rust_tests(&["--workspace"]));
        steps.step("server: a minute of nonsense", fuzz);
        steps.step("rust: documentation tests", || {
            tools::run(tools::cargo().args(["test", "--quiet", "--workspace", "--doc"]))
        });
        steps.step("page: unit tests", || npm_run("test"));
        steps.step("page: size of the first view", page_size);
    } else if wanted("wire") {
        steps.step("server: wire tests", || {
            rust_tests(&["-p", "watchalong-server"])
        });
    }
    if wanted("e2e") || wanted("faults") {
        steps.step("tools (Chromium)", || tools::chromium().map(drop));
        steps.step("server: build for the browsers", || {
            tools::run(tools::cargo().args(["build", "--quiet", "-p", "watchalong-server"]))
        });
    }
    if wanted("e2e") {
        steps.step("end to end, in Chromium", || {
            playwright(&["--project=e2e"], "debug")
        });
    }
    if wanted("faults") {
        steps.step("faults, in Chromium", || {
            playwright(&["--project=faults"], "debug")
        });
    }

    print!("\n{}", steps.report());
    if steps.failed() > 0 {
        std::process::exit(1);
    }
    Ok(())
}

fn lint(steps: &mut Steps) {
    steps.step("rust: format", || {
        tools::run(tools::cargo().args(["fmt", "--all", "--check"]))
    });
    steps.step("rust: clippy", || {
        let all = [
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        tools::run(tools::cargo().args(all))
    });
    steps.step("rust: dependencies (bans, licenses, sources)", || {
        // Advisories need a database from the network, and would fail a commit that changed nothing.
        let deny = tools::cargo_deny()?;
        let mut command = Command::new(deny);
        command.current_dir(paths::root());
        tools::run(command.args([
            "check",
            "--hide-inclusion-graph",
            "bans",
            "licenses",
            "sources",
        ]))
    });
    steps.step("page: lint", || npm_run("lint"));
    steps.step("page: types", || npm_run("check"));
}

/// cargo-nextest where it is installed (clearer, and a process for each test); plain otherwise.
fn rust_tests(what: &[&str]) -> Result<()> {
    let mut command = tools::cargo();
    if tools::find("cargo-nextest").is_some() {
        command.args(["nextest", "run", "--no-fail-fast", "--status-level", "fail"]);
    } else {
        command.args(["test", "--no-fail-fast", "--all-targets"]);
    }
    tools::run(command.args(what))
}

/// The decoders and connections of all dialects, for longer than the second or two of the ordinary tests.
fn fuzz() -> Result<()> {
    let mut command = tools::cargo();
    command.args([
        "test",
        "--quiet",
        "-p",
        "watchalong-server",
        "--test",
        "fuzz",
    ]);
    tools::run(command.env("WATCHALONG_FUZZ_SECONDS", "60"))
}

fn npm_run(script: &str) -> Result<()> {
    page::install_packages()?;
    tools::run(tools::npm().args(["run", "--silent", script]))
}

fn page_size() -> Result<()> {
    let mut command = Command::new("node");
    tools::run(command.arg("e2e/page-size.mjs").current_dir(paths::web()))
}

fn playwright(arguments: &[&str], profile: &str) -> Result<()> {
    page::install_packages()?;
    let chromium = tools::chromium()?;
    let mut command = tools::npm();
    command
        .args([
            "exec",
            "--",
            "playwright",
            "test",
            "--config",
            "e2e/playwright.config.ts",
        ])
        .args(arguments)
        .env("CHROMIUM", chromium);
    if std::env::var_os("WATCHALONG_BIN").is_none() {
        command.env("WATCHALONG_BIN", paths::binary(profile, "watchalong"));
    }
    tools::run(&mut command)
}

/// `cargo xtask bench NAME ...`: release builds of both, then `watchalong-bench NAME ...`.
pub fn bench(arguments: &[String]) -> Result<()> {
    let server = server::build_release()?;
    tools::run(tools::cargo().args(["build", "--quiet", "--release", "-p", "watchalong-bench"]))?;
    let mut command = Command::new(paths::binary("release", "watchalong-bench"));
    command
        .args(arguments)
        .current_dir(paths::root())
        .env("WATCHALONG_BIN", server);
    if arguments.first().is_some_and(|name| name == "sync") {
        tools::ffmpeg()?;
        command.env("CHROMIUM", tools::chromium()?);
    }
    if arguments.first().is_some_and(|name| name == "media") {
        tools::ffmpeg()?;
        tools::nginx()?;
    }
    tools::run(&mut command)
}

/// `cargo xtask screenshots`.
pub fn screenshots() -> Result<()> {
    server::build_release()?;
    tools::ffmpeg()?;
    playwright(&["--project=screenshots"], "release")
}

/// `cargo xtask setup`.
pub fn setup() -> Result<()> {
    tools::check()?;
    page::install_packages()?;
    tools::ffmpeg()?;
    tools::chromium()?;
    tools::cargo_deny()?;
    Ok(())
}
