//! `watchalong user`: accounts from the command line, beside a running server or without one.
//!
//! It opens the same database; SQLite sees to it that both can write. A password is asked for on the terminal or read
//! from standard input, never taken as an argument, which other users of the machine could see. Secrets that are
//! made (tokens, invitations) go to standard output alone, so that they can be piped.
use anyhow::{Context as _, bail};
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;
use watchalong_server::accounts::{
    Account, AccountError, Accounts, Change, INVITE_LASTS, NewAccount,
};
use watchalong_server::clock::ServerClock;
use watchalong_server::config::Config;
use watchalong_server::secret::Signer;
use watchalong_server::store::Store;

/// Whoever acts here, in the audit log.
const BY: &str = "command line";
/// More than any password: the first line of standard input that is read.
const MOST_INPUT: u64 = 4096;
/// A year.
const MAX_HOURS: u64 = 8760;

/// The subcommand, for clap.
pub fn command() -> Command {
    let email = || Arg::new("email").value_name("EMAIL").required(true);
    let stdin = || {
        flag(
            "password-stdin",
            "Read the password from the first line of standard input",
        )
    };
    let admin = || flag("admin", "May administer the server");
    let hours = |help| {
        Arg::new("hours")
            .long("hours")
            .value_name("N")
            .value_parser(clap::value_parser!(u64).range(1..=MAX_HOURS))
            .help(help)
    };
    let name = Arg::new("name")
        .long("name")
        .required(true)
        .help("What other people see");
    Command::new("user")
        .about("Look after accounts, while the server runs or not")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(setting(
            "data",
            "DIR",
            "The folder of the server's data, as for `watchalong serve`",
        ))
        .arg(setting("config", "FILE", "The server's settings file"))
        .subcommand(Command::new("add").about("Make an account").args([
            email(),
            name,
            stdin(),
            admin(),
        ]))
        .subcommand(
            Command::new("passwd")
                .about("Give an account another password; every session and token of it ends")
                .args([email(), stdin()]),
        )
        .subcommand(
            Command::new("list")
                .about("List accounts")
                .arg(flag("json", "As JSON")),
        )
        .subcommand(
            Command::new("remove")
                .about("Remove an account with its sessions and tokens")
                .arg(email()),
        )
        .subcommand(
            Command::new("token")
                .about("Make a token for a program (a JWT)")
                .args([
                    email(),
                    hours("How long it is good; `token-hours` when left out"),
                ]),
        )
        .subcommand(
            Command::new("invite")
                .about("Invite somebody to sign up: prints a link good for one account")
                .arg(
                    Arg::new("for")
                        .long("email")
                        .value_name("EMAIL")
                        .help("Only for this address"),
                )
                .args([admin(), hours("How long it is good; a week when left out")]),
        )
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .action(ArgAction::SetTrue)
        .help(help)
}

fn setting(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name(value)
        .value_parser(clap::value_parser!(std::ffi::OsString))
        .global(true)
        .help(help)
}

/// The server's settings, from this command's two and whatever the server itself would find.
///
/// # Errors
/// As for `serve`.
pub fn settings(flags: &ArgMatches) -> Result<Config, watchalong_server::config::ConfigError> {
    let mut arguments = Vec::new();
    for name in ["data", "config"] {
        if let Some(value) = flags.get_one::<std::ffi::OsString>(name) {
            arguments.push(std::ffi::OsString::from(format!("--{name}")));
            arguments.push(value.clone());
        }
    }
    let matches = watchalong_server::config::serve_command()
        .no_binary_name(true)
        .get_matches_from(arguments);
    Config::load(&matches)
}

/// Does what was asked.
///
/// # Errors
/// For people.
pub async fn run(config: &Config, flags: &ArgMatches) -> anyhow::Result<()> {
    let (what, flags) = flags.subcommand().context("clap asks for one")?;
    let store = Store::open(&config.data).await?;
    let signer = Signer::new(store.signing_key().await?);
    let clock = Arc::new(ServerClock::start());
    let accounts = Accounts::new(store.clone(), signer, clock, config.sign_up);
    let done = match what {
        "add" => add(&accounts, flags).await,
        "passwd" => change_password(&accounts, flags).await,
        "list" => list(&accounts, flags.get_flag("json")).await,
        "remove" => remove(&accounts, flags).await,
        "token" => token(&accounts, config, flags).await,
        "invite" => invite(&accounts, config, flags).await,
        other => bail!("there is no `user {other}`"),
    };
    store.close().await;
    done
}

fn text<'a>(flags: &'a ArgMatches, name: &str) -> &'a str {
    flags.get_one::<String>(name).map_or("", String::as_str)
}

async fn known(accounts: &Accounts, flags: &ArgMatches) -> anyhow::Result<Account> {
    let email = text(flags, "email");
    let account = accounts.of_email(email).await?;
    account.with_context(|| {
        format!("there is no account with the address {email}; `watchalong user list` shows all")
    })
}

fn hours(flags: &ArgMatches) -> Option<Duration> {
    let hours = flags.get_one::<u64>("hours")?;
    Some(Duration::from_secs(hours * 3600))
}

fn password(flags: &ArgMatches) -> anyhow::Result<String> {
    if flags.get_flag("password-stdin") {
        let mut input = String::new();
        std::io::stdin()
            .take(MOST_INPUT)
            .read_to_string(&mut input)?;
        return Ok(input.lines().next().unwrap_or_default().to_owned());
    }
    if !std::io::stdin().is_terminal() {
        bail!("there is no terminal to ask for a password on; give --password-stdin");
    }
    let first = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("Once more: ")? != first {
        bail!("the two passwords differ");
    }
    Ok(first)
}

fn print(line: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{line}") {
        // `watchalong user list | head` is no failure.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

async fn add(accounts: &Accounts, flags: &ArgMatches) -> anyhow::Result<()> {
    let mut new = NewAccount {
        email: text(flags, "email").to_owned(),
        name: text(flags, "name").to_owned(),
        admin: flags.get_flag("admin"),
        ..NewAccount::default()
    };
    // Before anybody types a password for nothing.
    new.check()?;
    if accounts.of_email(&new.email).await?.is_some() {
        return Err(AccountError::EmailTaken.into());
    }
    new.password = Some(password(flags)?);
    let account = accounts.add(new).await?;
    let detail = account.admin.then_some("administrator");
    accounts
        .audit("account_made", Some(BY), Some(&account.email), detail)
        .await;
    print(&format!("{} can log in now.", account.email))
}

async fn change_password(accounts: &Accounts, flags: &ArgMatches) -> anyhow::Result<()> {
    let account = known(accounts, flags).await?;
    let change = Change {
        password: Some(password(flags)?),
        ..Change::default()
    };
    accounts.change(&account, change, None).await?;
    accounts
        .audit(
            "account_changed",
            Some(BY),
            Some(&account.email),
            Some("password"),
        )
        .await;
    print(&format!(
        "{} has a new password and is logged out everywhere.",
        account.email
    ))
}

async fn list(accounts: &Accounts, as_json: bool) -> anyhow::Result<()> {
    /// Accounts read at once.
    const PAGE: usize = 1000;
    let mut skip = 0;
    let mut all = Vec::new();
    loop {
        let (_, page) = accounts.search("", skip, PAGE).await?;
        if page.is_empty() {
            break;
        }
        skip += page.len();
        all.extend(page);
    }
    if as_json {
        let people: Vec<_> = all
            .iter()
            .map(|account| {
                json!({
                    "id": account.id.0, "email": account.email, "name": account.name, "admin": account.admin,
                    "disabled": account.disabled, "created_at": account.created_at.0,
                    "seen_at": account.seen_at.map(|at| at.0),
                })
            })
            .collect();
        return print(&json!(people).to_string());
    }
    for account in &all {
        let marks = [
            (account.admin, "administrator"),
            (account.disabled, "disabled"),
        ];
        let marks: Vec<_> = marks
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, word)| *word)
            .collect();
        print(&format!(
            "{}\t{}\t{}",
            account.email,
            account.name,
            marks.join(", ")
        ))?;
    }
    Ok(())
}

async fn remove(accounts: &Accounts, flags: &ArgMatches) -> anyhow::Result<()> {
    let account = known(accounts, flags).await?;
    accounts.remove(&account).await?;
    accounts
        .audit("account_removed", Some(BY), Some(&account.email), None)
        .await;
    print(&format!("{} has no account any more.", account.email))
}

async fn token(accounts: &Accounts, config: &Config, flags: &ArgMatches) -> anyhow::Result<()> {
    let account = known(accounts, flags).await?;
    if account.disabled {
        bail!("{} may not log in; the account is disabled", account.email);
    }
    let lasting = hours(flags).unwrap_or(config.token);
    let token = accounts.make_token(&account, lasting).await?;
    accounts
        .audit("token_made", Some(BY), Some(&account.email), None)
        .await;
    print(&token.jwt)
}

async fn invite(accounts: &Accounts, config: &Config, flags: &ArgMatches) -> anyhow::Result<()> {
    let email = flags.get_one::<String>("for").map(String::as_str);
    let admin = flags.get_flag("admin");
    let lasting = hours(flags).unwrap_or(INVITE_LASTS);
    let invite = accounts.invite(email, admin, lasting).await?;
    let detail = admin.then_some("administrator");
    accounts.audit("invite_made", Some(BY), email, detail).await;
    let base = config.public_url.clone().unwrap_or_else(|| {
        let port = config
            .listen
            .first()
            .map_or(8080, std::net::SocketAddr::port);
        format!("http://localhost:{port}{}", config.base_path)
    });
    print(&format!("{base}/account#invite={}", invite.token))
}
