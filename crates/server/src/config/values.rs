//! What the texts of settings mean: each reader takes one text and says what would be right otherwise.
pub use super::amounts::*;
use super::proxies::AddressRange;
use crate::accounts::SignUp;
use crate::fetch::Allow;
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};

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
/// Client ids and secrets have 20 to 100 characters; beyond this something else was pasted.
const MAX_WORD: usize = 1024;
/// Characters on a button.
const MAX_BUTTON: usize = 40;
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

/// An address of this machine, without a port.
pub fn listen_host(raw: &OsStr) -> Read<IpAddr> {
    let text = text(raw)?;
    match text.trim_start_matches('[').trim_end_matches(']') {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        address => address.parse().map_err(|_| {
            "an address of this machine would be right, such as 127.0.0.1, 0.0.0.0 or ::".to_owned()
        }),
    }
}

/// `ADDRESS:PORT`, and for convenience `:PORT` and `PORT` (at `host`), and `localhost:PORT`.
pub fn listen(raw: &OsStr, host: IpAddr) -> Read<SocketAddr> {
    let text = text(raw)?;
    let port = |port: &str| port.parse::<u16>().ok();
    let address = if let Some(port) = port(text.strip_prefix(':').unwrap_or(text)) {
        Some(SocketAddr::from((host, port)))
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

/// A colour's name: a member's, too, so no longer than one.
pub fn color(raw: &OsStr) -> Read<String> {
    let clean = watchalong_room::clean_line(text(raw)?, MAX_BUTTON);
    if clean.is_empty() {
        return Err("a name that can be seen would be right".to_owned());
    }
    Ok(clean)
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

/// Bytes of a file that holds a key and nothing else.
const MAX_KEY_FILE: u64 = 4096;

/// The key in a file, where there is one: where another server keeps its own.
pub fn key_file(path: &Path) -> Read<Option<String>> {
    // Where the folder can't be looked into there is no key; what is wrong with the folder is told by who needs it.
    let Ok(about) = std::fs::metadata(path) else {
        return Ok(None);
    };
    if about.len() > MAX_KEY_FILE {
        return Err(format!("at most {MAX_KEY_FILE} bytes would be right"));
    }
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("the file can't be read ({error})"))?;
    admin_key(OsStr::new(text.trim())).map(Some)
}

/// Whether only films that the staged page's own scripts made are listed.
pub fn staged_list(raw: &OsStr) -> Read<bool> {
    match text(raw)? {
        "all" => Ok(false),
        "wp" => Ok(true),
        _ => Err("`all` or `wp` would be right".to_owned()),
    }
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

/// Where data goes when nobody says: XDG's folder (specification 0.8, absolute paths only), or beside us.
pub fn default_data(xdg: Option<&Path>, home: Option<&Path>) -> PathBuf {
    match (xdg.filter(|path| path.is_absolute()), home) {
        (Some(xdg), _) => xdg.join("watchalong"),
        (None, Some(home)) => home.join(".local/share/watchalong"),
        (None, None) => PathBuf::from("watchalong-data"),
    }
}
