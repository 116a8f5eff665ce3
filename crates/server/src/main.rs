//! The command `watchalong`: settings in, a running server out.
//!
//! Exit codes: 0 after a clean stop, 1 when the server could not run, 2 when it was asked wrongly.
//! Standard output carries only the `listening on` lines and the invitation; logs and errors go to
//! standard error.
#![forbid(unsafe_code)]
mod user_command;

use clap::{Arg, ArgAction, ArgMatches, Command};
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use watchalong_server::config::{self, Config};
use watchalong_server::telemetry::{RING, RingLayer};

/// What could not run.
const FAILED: u8 = 1;
/// What was asked wrongly; clap's own figure.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    // Clap prints help and version itself (0), and what is wrong with a command line (2).
    let matches = command().get_matches();
    match matches.subcommand() {
        Some(("serve", flags)) => serve(flags),
        Some(("config", flags)) => print_config(flags),
        Some(("user", flags)) => user(flags),
        _ => ExitCode::from(USAGE),
    }
}

fn command() -> Command {
    Command::new("watchalong")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Watch films together, in step: a watch-party server with its page inside")
        .arg_required_else_help(true)
        .subcommand_required(true)
        .max_term_width(100)
        .subcommand(config::serve_command())
        .subcommand(user_command::command())
        .subcommand(
            Command::new("config")
                .about("Print a settings file with every setting explained")
                .arg(
                    Arg::new("markdown")
                        .long("markdown")
                        .action(ArgAction::SetTrue)
                        .help("Print the page of the documentation instead (docs/settings.md)"),
                ),
        )
}

fn serve(flags: &ArgMatches) -> ExitCode {
    let config = match Config::load(flags) {
        Ok(config) => config,
        Err(error) => {
            complain(&format!("{error} [{}]", error.code()));
            return ExitCode::from(USAGE);
        }
    };
    log_to_stderr(&config);
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

fn run(config: Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("watchalong")
        .enable_all()
        .build()?;
    let served = runtime.block_on(watchalong_server::serve(config));
    // Whatever still reads a disk or runs ffmpeg does not hold up the end.
    runtime.shutdown_background();
    served
}

fn user(flags: &ArgMatches) -> ExitCode {
    let config = match user_command::settings(flags) {
        Ok(config) => config,
        Err(error) => {
            complain(&format!("{error} [{}]", error.code()));
            return ExitCode::from(USAGE);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(user_command::run(&config, flags)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

fn log_to_stderr(config: &Config) {
    let filter = EnvFilter::new(&config.log);
    let logs = tracing_subscriber::registry()
        .with(filter)
        .with(RingLayer(&RING));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if config.log_json {
        logs.with(lines.json()).init();
    } else {
        let ansi = std::io::stderr().is_terminal();
        logs.with(lines.with_ansi(ansi)).init();
    }
}

fn print_config(flags: &ArgMatches) -> ExitCode {
    let text = if flags.get_flag("markdown") {
        config::markdown()
    } else {
        config::annotated_file()
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // `watchalong config | head` is no failure.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("the settings can't be printed: {error}"));
            ExitCode::from(FAILED)
        }
    }
}

/// To people: one plain message. A closed standard error leaves nobody to tell.
fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "watchalong: {message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn help_names_every_setting_and_its_variable() {
        let help = command()
            .find_subcommand_mut("serve")
            .expect("there is `serve`")
            .render_long_help()
            .to_string();
        for setting in config::SETTINGS {
            assert!(
                help.contains(&setting.flag()) && help.contains(&setting.variable()),
                "{}",
                setting.key
            );
        }
    }
}
