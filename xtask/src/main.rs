//! The tasks of this repository: `cargo xtask run | build | test | bench | screenshots`.
//!
//! What lives here is the order of things (what must be there, what is built from what, what is
//! tested) and nothing that the server, the page or the benchmarks do themselves. It depends on
//! little, so that the first `cargo xtask` of a fresh clone starts within seconds.

mod page;
mod paths;
mod server;
mod steps;
mod suite;
mod tools;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
Tasks of the Watchalong repository

  cargo xtask run [ARGS...]     build page and server, then `watchalong serve ARGS...`
                                (no folder named: the bundled sample clip)
  cargo xtask build             leave the release binary, page inside, at target/release/watchalong
  cargo xtask test [GROUP...]   install what the tests need and run them all, or only the groups named:
                                lint unit wire e2e faults
  cargo xtask bench NAME [...]  measure: sync (the lab with real browsers), fanout and rooms (beside the floor),
                                media (beside nginx), accounts; `bench NAME --help` tells more
  cargo xtask screenshots       take docs/images/*.png anew
  cargo xtask setup             only install what the tests need

Needs Rust and Node with npm. The tests also need ffmpeg and Chromium, and install them
where they can (Debian-like systems, as root).
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // The message alone: a stack of ours says nothing about a missing tool or a failed test.
    match task(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem:#}");
            ExitCode::FAILURE
        }
    }
}

fn task(arguments: &[String]) -> Result<()> {
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    match task {
        "run" => server::run(rest),
        "build" => {
            let binary = server::build_release()?;
            println!("{}", binary.display());
            Ok(())
        }
        "test" => suite::test(rest),
        "bench" => suite::bench(rest),
        "screenshots" => suite::screenshots(),
        "setup" => suite::setup(),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("there is no task `{other}`\n\n{HELP}"),
    }
}
