//! Settings: from flags, variables and a file to one typed [`Config`].
//!
//! `settings.rs` is the table of all settings (`setting.rs`); everything that names them is made from it. `layers.rs`
//! finds each one's text and origin, `texts.rs` and `values.rs` read it, `show.rs` prints the annotated file and the
//! docs. Nothing here opens a socket or makes a folder.
mod amounts;
mod error;
mod layers;
mod often;
mod programs;
mod proxies;
mod setting;
mod settings;
mod show;
#[cfg(test)]
mod tests;
mod texts;
mod values;

pub use error::{ConfigError, Origin};
pub use layers::{Environment, Given};
pub use programs::{UNUSED, Unused};
pub use proxies::AddressRange;
pub use settings::{SETTINGS, Section, Setting};
pub use show::{annotated_file, markdown};
pub use values::Keepers;
pub(crate) use values::is_plain_loopback;

use crate::accounts::SignUp;
use crate::fetch::Allow;
use crate::limits::Rates;
use crate::oidc::OidcSettings;
use clap::{ArgMatches, Command};
use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use texts::Texts;
use watchalong_media::{UplinkLimits, UploadLimits};

/// How much more than a film takes one viewer gets, where only the former is known: enough to fill a buffer.
const SPARE: f64 = 1.5;

/// Everything that an operator may decide, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folders of films; each was there and readable when the settings were read.
    pub media: Vec<PathBuf>,
    /// At least one; port 0 means any free one.
    pub listen: Vec<SocketAddr>,
    /// Where Syncplay clients are listened for; port 0 means any free one.
    pub syncplay: Option<SocketAddr>,
    /// Certificate chain and key (PEM) for Syncplay over TLS.
    pub syncplay_tls: Option<(PathBuf, PathBuf)>,
    /// Where everything is kept. May not be there yet.
    pub data: PathBuf,
    /// Nobody administers the server without it.
    pub admin_key: Option<String>,
    /// `https://host/path` without a slash at the end; from the request when not given.
    pub public_url: Option<String>,
    /// Empty, or `/films`: what a proxy leaves in front of every path.
    pub base_path: String,
    /// Neighbours whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<AddressRange>,
    /// Whether people's links are looked at.
    pub fetch: bool,
    /// What may be looked at beside the internet.
    pub fetch_allow: Allow,
    /// Bytes a second that all media together may take.
    pub uplink: Option<f64>,
    /// Bytes a second that one viewer may take.
    pub viewer_rate: Option<f64>,
    /// Bytes a second that films take at most, where somebody said so.
    pub content_bitrate: Option<f64>,
    /// Whether limits of delivery are kept.
    pub fair_delivery: bool,
    /// How far ahead of the room is fetched at full speed where the uplink is limited.
    pub look_ahead: Option<Duration>,
    /// Bytes of memory for the beginnings of files.
    pub head_cache: usize,
    /// Whether films that a browser can't play are converted.
    pub transcode: bool,
    /// Films converted at once.
    pub encodes: usize,
    /// Bytes of converted films that are kept.
    pub segment_cache: u64,
    /// Who may make an account.
    pub sign_up: SignUp,
    /// The OpenID provider that people may log in with.
    pub oidc: Option<OidcSettings>,
    /// How long a browser stays logged in.
    pub session: Duration,
    /// How long a token for programs is good; at least 12 hours.
    pub token: Duration,
    /// The wire formats served beside our own.
    pub dialects: Vec<&'static str>,
    /// OpenWatchParty: pages that may connect.
    pub allowed_origins: Vec<String>,
    /// OpenWatchParty: what tokens are signed with; without it none are asked for.
    pub jwt_secret: Option<String>,
    /// OpenWatchParty: whom tokens are for.
    pub jwt_audience: String,
    /// OpenWatchParty: whom tokens are from.
    pub jwt_issuer: String,
    /// Clipper: pages of other origins that may ask with a browser's cookie.
    pub clipper_origins: Vec<String>,
    /// StreamIt: how long a room waits for its host, whole seconds.
    pub streamit_grace: Duration,
    /// StreamIt: pages that may call it.
    pub streamit_origins: Vec<String>,
    /// StreamIt: for searching titles.
    pub tmdb_api_key: Option<String>,
    /// StreamIt: where titles are searched; without a slash at the end.
    pub tmdb_url: String,
    /// Staged page: the key that viewers need.
    pub viewer_key: Option<String>,
    /// Staged page: colours, in the order in which they are handed out.
    pub colors: Vec<String>,
    /// Staged page: whether only films that its own scripts made are listed.
    pub staged_list_wp: bool,
    /// Staged page: how many messages a newcomer is sent.
    pub staged_history: usize,
    /// Staged page: how many messages one person may send ...
    pub staged_chat_count: usize,
    /// ... within this time.
    pub staged_chat_window: Duration,
    /// Staged page: silence after which a viewer counts as gone.
    pub staged_silence: Duration,
    /// RDM: how long a room is kept with nobody in it.
    pub rdm_room_expiry: Duration,
    /// How often one may do what costs others something.
    pub limits: Rates,
    /// Where uploads are kept, where not in `data`.
    pub upload_dir: Option<PathBuf>,
    /// How much may be uploaded.
    pub uploads: UploadLimits,
    /// Who may keep uploads in the library.
    pub keep_uploads: Keepers,
    /// A filter for `tracing_subscriber::EnvFilter`; it parses.
    pub log: String,
    /// JSON lines instead of text.
    pub log_json: bool,
    /// Connections served at once.
    pub max_connections: usize,
    /// How long running requests may take to end.
    pub shutdown_grace: Duration,
    /// Variables of other programs that are set, and mean nothing here.
    pub unused: Vec<&'static Unused>,
    given: Vec<Given>,
}

/// A setting as an administrator may see it.
#[derive(Debug)]
pub struct Shown {
    /// Which.
    pub setting: &'static Setting,
    /// As it was given; a secret is only said to be set.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Arguments of `watchalong serve`, from the table.
pub fn serve_command() -> Command {
    Command::new("serve").about("Serve the page, the rooms and the films").args(layers::arguments()).after_help(
        "Every setting can be a flag, a variable or a line of the settings file; the first of them wins.\n\
         `watchalong config > watchalong.toml` writes such a file.",
    )
}

impl Config {
    /// From the parsed command line of [`serve_command`] and the process's environment.
    ///
    /// # Errors
    /// [`ConfigError`], naming the setting, where it came from and what would be right.
    pub fn load(flags: &ArgMatches) -> Result<Self, ConfigError> {
        Self::from_layers(flags, &|name| std::env::var_os(name))
    }

    /// From arguments alone (without `serve`), for tests and for whoever embeds the server.
    ///
    /// # Errors
    /// [`ConfigError`]; [`ConfigError::Usage`] for an argument that does not exist.
    pub fn parse<A: Into<OsString> + Clone>(
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self, ConfigError> {
        let command = serve_command().no_binary_name(true);
        let flags = command
            .try_get_matches_from(arguments)
            .map_err(|error| ConfigError::Usage(error.to_string()))?;
        Self::from_layers(&flags, &|_| None)
    }

    /// From a command line and an environment of one's own.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_layers(
        flags: &ArgMatches,
        environment: Environment<'_>,
    ) -> Result<Self, ConfigError> {
        let given = layers::resolve(flags, environment)?;
        let folder = |name: &str| {
            environment(name)
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
        };
        let (home, xdg) = (folder("HOME"), folder("XDG_DATA_HOME"));
        let home = home.as_deref();
        let texts = Texts::of_all(&given);
        let paths = |key| {
            let beside = texts.folder_of_file(key);
            move |raw: &OsStr| values::path(raw, home, beside.as_deref())
        };
        let beside = texts.folder_of_file("media");
        let data = texts
            .last("data", paths("data"))?
            .unwrap_or_else(|| values::default_data(xdg.as_deref(), home));
        Ok(Self {
            media: texts.each("media", |raw| {
                values::media_folder(raw, home, beside.as_deref())
            })?,
            listen: texts.listen()?,
            syncplay: texts.last("syncplay", |raw| {
                values::listen(raw, Ipv4Addr::UNSPECIFIED.into())
            })?,
            syncplay_tls: texts
                .last("syncplay-cert", paths("syncplay-cert"))?
                .zip(texts.last("syncplay-key", paths("syncplay-key"))?),
            admin_key: texts.admin_key(&data)?,
            data,
            public_url: texts.last("public-url", values::public_url)?,
            base_path: texts
                .last("base-path", values::base_path)?
                .unwrap_or_default(),
            trusted_proxies: texts.each("trusted-proxies", values::proxies)?.concat(),
            fetch: texts.one("fetch", values::switch)?,
            fetch_allow: Allow::all(texts.each("fetch-allow", values::allow)?),
            uplink: texts.last("uplink", values::rate)?.flatten(),
            viewer_rate: texts.last("viewer-rate", values::rate)?.flatten(),
            content_bitrate: texts.last("content-bitrate", values::rate)?.flatten(),
            fair_delivery: texts.one("fair-delivery", values::switch)?,
            look_ahead: texts.one("look-ahead", values::look_ahead)?,
            head_cache: usize::try_from(texts.one("head-cache", values::size)?)
                .unwrap_or(usize::MAX),
            transcode: texts.one("transcode", values::switch)?,
            encodes: texts.one("encodes", values::encodes)?,
            segment_cache: texts.one("segment-cache", values::size)?,
            sign_up: texts.one("sign-up", values::sign_up)?,
            oidc: texts.oidc()?,
            session: texts.one("session-days", values::session_days)?,
            token: texts.one("token-hours", values::token_hours)?,
            dialects: texts.each("dialects", values::dialects)?.concat(),
            allowed_origins: texts.each("allowed-origins", values::words)?,
            jwt_secret: texts.last("jwt-secret", values::words)?,
            jwt_audience: texts.one("jwt-audience", values::words)?,
            jwt_issuer: texts.one("jwt-issuer", values::words)?,
            clipper_origins: texts.each("clipper-origins", values::words)?,
            streamit_grace: texts.one("streamit-grace", values::room_grace)?,
            streamit_origins: texts.each("streamit-origins", values::words)?,
            tmdb_api_key: texts.last("tmdb-api-key", values::words)?,
            tmdb_url: texts.one("tmdb-url", values::upstream)?,
            viewer_key: texts.last("viewer-key", values::words)?,
            colors: texts.each("colors", values::color)?,
            staged_list_wp: texts.one("staged-list", values::staged_list)?,
            staged_history: texts.one("staged-history", values::messages)?,
            staged_chat_count: texts.one("staged-chat-count", values::messages)?,
            staged_chat_window: texts.one("staged-chat-window", values::time)?,
            staged_silence: texts.one("staged-silence", values::time)?,
            rdm_room_expiry: texts.one("rdm-room-expiry", values::room_expiry)?,
            limits: Rates {
                login: texts.one("limit-login", values::limit)?,
                sign_up: texts.one("limit-sign-up", values::limit)?,
                join: texts.one("limit-join", values::limit)?,
                create: texts.one("limit-create", values::limit)?,
                upload: texts.one("limit-upload", values::limit)?,
                links: texts.one("limit-links", values::limit)?,
                chat: texts.one("limit-chat", values::limit)?,
                reactions: texts.one("limit-reactions", values::limit)?,
                guess: texts.one("limit-guess", values::limit)?,
                requests: texts.one("limit-requests", values::limit)?,
            },
            upload_dir: texts.last("upload-dir", paths("upload-dir"))?,
            uploads: UploadLimits {
                file: texts.one("upload-max", values::size)?,
                room: texts.one("upload-room", values::size)?,
                room_files: texts.one("upload-room-files", values::count)?,
                person: texts.one("upload-person", values::size)?,
                total: texts.one("upload-total", values::size)?,
                expiry: texts.one("upload-expiry", values::hours)?,
            },
            keep_uploads: texts.one("keep-uploads", values::keepers)?,
            log: texts.one("log", values::log)?,
            log_json: texts.one("log-format", values::log_format)?,
            max_connections: texts.one("max-connections", values::max_connections)?,
            shutdown_grace: texts.one("shutdown-grace", values::grace)?,
            unused: UNUSED
                .iter()
                .filter(|unused| environment(unused.name).is_some_and(|text| !text.is_empty()))
                .collect(),
            given,
        })
    }

    /// Where uploads that are kept become part of the library.
    pub fn kept_folder(&self) -> PathBuf {
        self.data.join("kept")
    }

    /// What limits delivery.
    pub fn uplink_limits(&self) -> UplinkLimits {
        if !self.fair_delivery {
            return UplinkLimits::default();
        }
        let usual = self.content_bitrate.map(|rate| rate * SPARE);
        UplinkLimits {
            uplink: self.uplink,
            viewer: self.viewer_rate.or(usual),
            ahead: self.look_ahead.filter(|_| self.uplink.is_some()),
        }
    }

    /// Whether a wire format is served.
    pub fn speaks(&self, dialect: &str) -> bool {
        self.dialects.contains(&dialect)
    }

    /// Whether `X-Forwarded-*` from this neighbour is believed.
    pub fn trusts(&self, peer: std::net::IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|range| range.contains(peer))
    }

    /// Where a setting's value came from.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.given
            .iter()
            .find(|given| given.setting.key == key)
            .map(|given| &given.origin)
    }

    /// Every setting with its value and origin; secrets are not shown.
    pub fn shown(&self) -> impl Iterator<Item = Shown> {
        self.given.iter().map(|given| {
            let value = match (given.setting.secret, given.texts.is_empty()) {
                (_, true) => String::new(),
                (true, false) => "(set)".to_owned(),
                (false, false) => given
                    .texts
                    .iter()
                    .map(|text| text.to_string_lossy())
                    .collect::<Vec<_>>()
                    .join(", "),
            };
            Shown {
                setting: given.setting,
                value,
                origin: given.origin.clone(),
            }
        })
    }
}
