//! What the texts of settings mean: each reader takes one text and says what would be right otherwise.
use super::proxies::AddressRange;
use crate::accounts::SignUp;
use crate::fetch::Allow;
use crate::limits::Rate;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// A value, or what would be right instead.
pub type Read<T> = Result<T, String>;

/// The wire formats of other programs that can be switched on and off.
const DIALECTS: [&str; 5] = [
    crate::dialects::clipper::NAME,
    crate::dialects::openwatchparty::NAME,
    crate::dialects::rdm::NAME,
    crate::dialects::streamit::NAME,
    crate::dialects::staged::NAME,
];
/// More sockets than this no process gets; the figure is Linux's usual `fs.nr_open`.
const MAX_CONNECTIONS: usize = 1_048_576;
/// An hour: service managers kill long before.
const MAX_GRACE_SECONDS: u64 = 3600;
/// Ten years; browsers themselves keep no cookie longer than about one.
const MAX_SESSION_DAYS: u64 = 3650;
/// Clients hold a token for a whole evening and the one after.
const MIN_TOKEN_HOURS: u64 = 12;
/// Client ids and secrets have 20 to 100 characters; beyond this something else was pasted.
const MAX_WORD: usize = 1024;
/// Characters on a button.
const MAX_BUTTON: usize = 40;
/// A year.
const MAX_TOKEN_HOURS: u64 = 8760;
/// A day: whoever is away for longer makes another room.
const MAX_ROOM_GRACE_SECONDS: u64 = 86_400;
/// Short keys are guessed, even with limits on tries.
const MIN_ADMIN_KEY: usize = 8;

/// Text that is text.
pub fn text(raw: &OsStr) -> Read<&str> {
    raw.to_str().ok_or_else(|| "it is not UTF-8".to_owned())
}

/// Any text, as it is.
pub fn words(raw: &OsStr) -> Read<String> {
    text(raw).map(str::to_owned)
}

/// Wire formats of other programs, by the names of [`DIALECTS`].
pub fn dialects(raw: &OsStr) -> Read<Vec<&'static str>> {
    match text(raw)? {
        "all" => Ok(DIALECTS.to_vec()),
        "none" => Ok(Vec::new()),
        name => DIALECTS
            .iter()
            .find(|known| **known == name)
            .map(|known| vec![*known])
            .ok_or_else(|| {
                format!(
                    "`all`, `none` or some of {} would be right",
                    DIALECTS.join(", ")
                )
            }),
    }
}

/// A path: `~/` is the home folder, and what is relative counts from `beside` (the settings file's folder).
pub fn path(raw: &OsStr, home: Option<&Path>, beside: Option<&Path>) -> Read<PathBuf> {
    if raw.is_empty() {
        return Err("a path would be right".to_owned());
    }
    let path = Path::new(raw);
    let mut parts = path.components();
    if parts.next() == Some(Component::Normal(OsStr::new("~"))) {
        let home = home.ok_or("there is no home folder ($HOME is not set)")?;
        return Ok(home.join(parts.as_path()));
    }
    Ok(beside.map_or_else(|| path.to_owned(), |folder| folder.join(path)))
}

/// A folder that is there and can be read.
pub fn media_folder(raw: &OsStr, home: Option<&Path>, beside: Option<&Path>) -> Read<PathBuf> {
    let path = path(raw, home, beside)?;
    match std::fs::read_dir(&path) {
        Ok(_) => Ok(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            Err("it is a file; name the folder that it is in".to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err("there is no such folder".to_owned())
        }
        Err(error) => Err(format!("the folder can't be read ({error})")),
    }
}

/// `ADDRESS:PORT`, and for convenience `:PORT`, `PORT` and `localhost:PORT`.
pub fn listen(raw: &OsStr) -> Read<SocketAddr> {
    let text = text(raw)?;
    let port = |port: &str| port.parse::<u16>().ok();
    let address = if let Some(port) = port(text.strip_prefix(':').unwrap_or(text)) {
        Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
    } else if let Some(port) = text.strip_prefix("localhost:").and_then(port) {
        Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    } else {
        text.parse().ok()
    };
    address.ok_or_else(|| {
        "an address and a port would be right, such as 0.0.0.0:8080, 127.0.0.1:0 or [::]:8080"
            .to_owned()
    })
}

/// `http(s)://host[:port][/path]`, kept without a slash at its end.
pub fn public_url(raw: &OsStr) -> Read<String> {
    let text = text(raw)?;
    let right = "a whole address would be right, such as https://party.example.org or https://example.org/films";
    let uri: axum::http::Uri = text.parse().map_err(|_| right.to_owned())?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri
        .authority()
        .is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'));
    if !web || !host || uri.query().is_some() || text.contains('#') {
        return Err(right.to_owned());
    }
    base_path(OsStr::new(uri.path())).map_err(|_| right.to_owned())?;
    Ok(text.trim_end_matches('/').to_owned())
}

/// Empty for the root, else `/films` or `/a/b`: a slash in front, none at the end.
pub fn base_path(raw: &OsStr) -> Read<String> {
    let text = text(raw)?;
    let inner = text.trim_matches('/');
    if inner.is_empty() {
        return Ok(String::new());
    }
    let plain = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'))
    };
    if inner.split('/').all(plain) {
        Ok(format!("/{inner}"))
    } else {
        Err(
            "a path of letters, digits, `-`, `.`, `_` and `~` would be right, such as /films"
                .to_owned(),
        )
    }
}

/// Ranges, or a word for several.
pub fn proxies(raw: &OsStr) -> Read<Vec<AddressRange>> {
    match text(raw)? {
        "none" => Ok(Vec::new()),
        "loopback" => Ok(AddressRange::LOOPBACK.to_vec()),
        "private" => Ok(AddressRange::PRIVATE.to_vec()),
        range => AddressRange::parse(range).map(|range| vec![range]).ok_or_else(|| {
            "an address, a range such as 10.0.0.0/8, `loopback`, `private` or `none` would be right".to_owned()
        }),
    }
}

/// A host or network that may be fetched from.
pub fn allow(raw: &OsStr) -> Read<Allow> {
    Allow::parse(text(raw)?).ok_or_else(|| {
        "a host's name, an address, a range such as 192.168.1.0/24, `loopback`, `private` or `none` would be right".to_owned()
    })
}

/// Slower than this no film can be watched, and it is surely a mistake (bits taken for megabits).
const LEAST_RATE: f64 = 100_000.0;
/// An unused line of 1 Tbit/s; more is a mistake.
const MOST_RATE: f64 = 1e12;
/// A petabyte: more than any disk holds.
const MOST_BYTES: f64 = 1e15;
/// A year.
const MOST_HOURS: u64 = 366 * 24;
/// Folders and lists stay usable.
const MOST_FILES: usize = 10_000;
/// No machine encodes more films in real time.
const MOST_ENCODES: usize = 64;
/// A year.
const MOST_EXPIRY_SECONDS: u64 = 366 * 24 * 3600;
/// A day ahead is everything.
const MOST_AHEAD_SECONDS: u64 = 24 * 3600;

/// A number and the unit after it, in lower case.
fn number_and_unit(text: &str) -> Option<(f64, String)> {
    let text = text.trim().to_ascii_lowercase();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, text[end..].trim().to_owned()))
}

/// Bits a second, read as `20mbit`; answered in bytes a second. Nothing of anything is no limit.
pub fn rate(raw: &OsStr) -> Read<Option<f64>> {
    let bits = number_and_unit(text(raw)?).and_then(|(number, unit)| {
        let factor = match unit.as_str() {
            "" if number == 0.0 => 1.0,
            "bit" | "bit/s" | "bps" => 1.0,
            "kbit" | "kbit/s" | "kbps" => 1e3,
            "mbit" | "mbit/s" | "mbps" => 1e6,
            "gbit" | "gbit/s" | "gbps" => 1e9,
            _ => return None,
        };
        Some(number * factor)
    });
    bits.filter(|bits| *bits == 0.0 || (LEAST_RATE..=MOST_RATE).contains(bits))
        .map(|bits| (bits > 0.0).then_some(bits / 8.0))
        .ok_or_else(|| {
            "bits a second with their unit would be right, such as 20mbit, 800kbit or 1gbit"
                .to_owned()
        })
}

/// Whole seconds; 0 is off.
pub fn look_ahead(raw: &OsStr) -> Read<Option<Duration>> {
    let seconds = text(raw)?
        .parse()
        .ok()
        .filter(|seconds| *seconds <= MOST_AHEAD_SECONDS);
    seconds
        .map(|seconds| (seconds > 0).then(|| Duration::from_secs(seconds)))
        .ok_or_else(|| {
            format!("a whole number of seconds up to {MOST_AHEAD_SECONDS} would be right")
        })
}

/// Bytes, read as `32mb`, `1.5 GB` or `0`.
pub fn size(raw: &OsStr) -> Read<u64> {
    let bytes = number_and_unit(text(raw)?).and_then(|(number, unit)| {
        let factor = match unit.as_str() {
            "" | "b" => 1.0,
            "kb" | "k" => 1e3,
            "mb" | "m" => 1e6,
            "mib" => 1_048_576.0,
            "gb" | "g" => 1e9,
            "tb" | "t" => 1e12,
            _ => return None,
        };
        Some(number * factor)
    });
    bytes
        .filter(|bytes| (0.0..=MOST_BYTES).contains(bytes))
        .map(|bytes| bytes as u64)
        .ok_or_else(|| "bytes with a unit would be right, such as 32mb, 1.5gb or 0".to_owned())
}

/// Encoders at once; at least one.
pub fn encodes(raw: &OsStr) -> Read<usize> {
    let count = text(raw)?
        .parse()
        .ok()
        .filter(|count| (1..=MOST_ENCODES).contains(count));
    count.ok_or_else(|| format!("a whole number from 1 to {MOST_ENCODES} would be right"))
}

/// Who may keep uploads in the library for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keepers {
    /// Nobody.
    Nobody,
    /// Administrators.
    Admins,
    /// Whoever has an account.
    Accounts,
    /// Every uploader.
    Everyone,
}

/// Who may keep uploads.
pub fn keepers(raw: &OsStr) -> Read<Keepers> {
    match text(raw)? {
        "nobody" => Ok(Keepers::Nobody),
        "admins" => Ok(Keepers::Admins),
        "accounts" => Ok(Keepers::Accounts),
        "everyone" => Ok(Keepers::Everyone),
        _ => Err("`nobody`, `admins`, `accounts` or `everyone` would be right".to_owned()),
    }
}

/// `on` or `off`, also as a number.
pub fn switch(raw: &OsStr) -> Read<bool> {
    match text(raw)? {
        "on" | "1" | "true" => Ok(true),
        "off" | "0" | "false" => Ok(false),
        _ => Err("`on` or `off` would be right".to_owned()),
    }
}

/// How long an empty room of a dialect is kept.
pub fn room_expiry(raw: &OsStr) -> Read<Duration> {
    let seconds = text(raw)?
        .parse()
        .ok()
        .filter(|seconds| (1..=MOST_EXPIRY_SECONDS).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        format!("a whole number of seconds from 1 to {MOST_EXPIRY_SECONDS} would be right")
    })
}

/// A colour's name: a member's, too, so no longer than one.
pub fn color(raw: &OsStr) -> Read<String> {
    let clean = watchalong_room::clean_line(text(raw)?, MAX_BUTTON);
    if clean.is_empty() {
        return Err("a name that can be seen would be right".to_owned());
    }
    Ok(clean)
}

/// Whole hours, at least one.
pub fn hours(raw: &OsStr) -> Read<Duration> {
    let hours = text(raw)?
        .parse()
        .ok()
        .filter(|hours| (1..=MOST_HOURS).contains(hours));
    hours
        .map(|hours: u64| Duration::from_secs(hours * 3600))
        .ok_or_else(|| format!("a whole number of hours from 1 to {MOST_HOURS} would be right"))
}

/// A whole number of things, at least one.
pub fn count(raw: &OsStr) -> Read<usize> {
    let count = text(raw)?
        .parse()
        .ok()
        .filter(|count| (1..=MOST_FILES).contains(count));
    count.ok_or_else(|| format!("a whole number from 1 to {MOST_FILES} would be right"))
}

/// A key that is worth checking.
pub fn admin_key(raw: &OsStr) -> Read<String> {
    let key = text(raw)?;
    if key.chars().count() < MIN_ADMIN_KEY {
        return Err(format!(
            "at least {MIN_ADMIN_KEY} characters would be right"
        ));
    }
    Ok(key.to_owned())
}

/// Who may sign up.
pub fn sign_up(raw: &OsStr) -> Read<SignUp> {
    match text(raw)? {
        "open" => Ok(SignUp::Open),
        "invite" => Ok(SignUp::Invite),
        "closed" => Ok(SignUp::Closed),
        _ => Err("`open`, `invite` or `closed` would be right".to_owned()),
    }
}

/// Whether an address is `http://` on this machine, where nobody listens in.
pub fn is_plain_loopback(address: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(address) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    let address = inner.parse::<std::net::IpAddr>();
    url.scheme() == "http" && (host == "localhost" || address.is_ok_and(|ip| ip.is_loopback()))
}

/// Whether it is an address that we may ask: https, or this machine, and nothing but host, port and path.
fn is_safe_address(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| {
        let safe = url.scheme() == "https" || is_plain_loopback(text);
        let bare = url.query().is_none() && url.fragment().is_none();
        safe && bare && url.username().is_empty() && url.password().is_none()
    })
}

/// `https://host[:port][/path]` of a service that we ask.
pub fn upstream(raw: &OsStr) -> Read<String> {
    let text = text(raw)?;
    if is_safe_address(text) {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    Err(
        "an address would be right, such as https://api.example.org/3 (http only on this machine)"
            .to_owned(),
    )
}

/// `https://host[:port][/path]`, as the provider writes it (a slash at the end may belong to it).
pub fn issuer(raw: &OsStr) -> Read<String> {
    let text = text(raw)?;
    if is_safe_address(text) {
        return Ok(text.to_owned());
    }
    Err("the provider's address would be right, such as https://id.example.org (http only on this machine)".to_owned())
}

/// The host and port of an address that was read.
pub fn host(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest).to_owned()
}

/// Something of visible characters, as providers give it out.
pub fn word(raw: &OsStr) -> Read<String> {
    let text = text(raw)?;
    if text.len() <= MAX_WORD && text.chars().all(|c| !c.is_control()) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "at most {MAX_WORD} bytes without line breaks would be right"
    ))
}

/// What a button can show.
pub fn button(raw: &OsStr) -> Read<String> {
    let clean = watchalong_room::clean_line(text(raw)?, MAX_BUTTON);
    if clean.is_empty() {
        return Err("a name that can be seen would be right".to_owned());
    }
    Ok(clean)
}

/// Whole days.
pub fn session_days(raw: &OsStr) -> Read<Duration> {
    let days = text(raw)?
        .parse::<u64>()
        .ok()
        .filter(|days| (1..=MAX_SESSION_DAYS).contains(days));
    days.map(|days| Duration::from_secs(days * 86_400))
        .ok_or_else(|| {
            format!("a whole number of days from 1 to {MAX_SESSION_DAYS} would be right")
        })
}

/// Whole hours.
pub fn token_hours(raw: &OsStr) -> Read<Duration> {
    let hours = text(raw)?
        .parse::<u64>()
        .ok()
        .filter(|hours| (MIN_TOKEN_HOURS..=MAX_TOKEN_HOURS).contains(hours));
    hours
        .map(|hours| Duration::from_secs(hours * 3600))
        .ok_or_else(|| {
            format!(
                "a whole number of hours from {MIN_TOKEN_HOURS} to {MAX_TOKEN_HOURS} would be right"
            )
        })
}

/// How often something may happen, or no limit.
pub fn limit(raw: &OsStr) -> Read<Option<Rate>> {
    match text(raw)? {
        "off" => Ok(None),
        rate => Rate::parse(rate).map(Some).ok_or_else(|| {
            "a count for each `s`, `min`, `hour` or `day` would be right, such as 10/min, or `off`".to_owned()
        }),
    }
}

/// A filter that tracing takes.
pub fn log(raw: &OsStr) -> Read<String> {
    let filter = text(raw)?;
    match tracing_subscriber::EnvFilter::builder().parse(filter) {
        Ok(_) => Ok(filter.to_owned()),
        Err(_) => Err(
            "a level (error, warn, info, debug, trace) or a list such as \
                       `info,watchalong_server=debug` would be right"
                .to_owned(),
        ),
    }
}

/// Whether logs are JSON.
pub fn log_format(raw: &OsStr) -> Read<bool> {
    match text(raw)? {
        "text" => Ok(false),
        "json" => Ok(true),
        _ => Err("`text` or `json` would be right".to_owned()),
    }
}

/// At least one.
pub fn max_connections(raw: &OsStr) -> Read<usize> {
    let count = text(raw)?
        .parse()
        .ok()
        .filter(|count| (1..=MAX_CONNECTIONS).contains(count));
    count.ok_or_else(|| format!("a whole number from 1 to {MAX_CONNECTIONS} would be right"))
}

/// Whole seconds.
pub fn grace(raw: &OsStr) -> Read<Duration> {
    let seconds = text(raw)?
        .parse()
        .ok()
        .filter(|seconds| *seconds <= MAX_GRACE_SECONDS);
    seconds.map(Duration::from_secs).ok_or_else(|| {
        format!("a whole number of seconds from 0 to {MAX_GRACE_SECONDS} would be right")
    })
}

/// How long a room waits for its host.
pub fn room_grace(raw: &OsStr) -> Read<Duration> {
    let seconds = text(raw)?
        .parse()
        .ok()
        .filter(|seconds| *seconds <= MAX_ROOM_GRACE_SECONDS);
    seconds.map(Duration::from_secs).ok_or_else(|| {
        format!("a whole number of seconds from 0 to {MAX_ROOM_GRACE_SECONDS} would be right")
    })
}

/// Where data goes when nobody says: XDG's folder (specification 0.8, absolute paths only), or beside us.
pub fn default_data(xdg: Option<&Path>, home: Option<&Path>) -> PathBuf {
    match (xdg.filter(|path| path.is_absolute()), home) {
        (Some(xdg), _) => xdg.join("watchalong"),
        (None, Some(home)) => home.join(".local/share/watchalong"),
        (None, None) => PathBuf::from("watchalong-data"),
    }
}
