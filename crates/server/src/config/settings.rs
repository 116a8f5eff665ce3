//! The one table of settings.
//!
//! Flags, `WATCHALONG_*` variables, the keys of the settings file, `--help`, `watchalong config` and
//! docs/settings.md are all made from [`SETTINGS`], so that they can't disagree; its parts about other programs' clients
//! and about how often one may do what are `programs.rs` and `often.rs`. What a setting is stands in `setting.rs`, what a value
//! means (types, limits) in `values.rs`; where it came from, in `layers.rs`.
use super::often::LIMITS;
use super::programs::PROGRAMS;
use super::setting::{PLAIN, followed_by};
pub use super::setting::{Section, Setting};

/// The setting of that key.
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Every setting there is.
pub static SETTINGS: &[Setting] = &ALL;
const ALL: [Setting; HERE.len() + PROGRAMS.len()] = followed_by(&HERE, PROGRAMS);
/// Without those of other programs' formats.
const HERE: [Setting; OWN.len() + LIMITS.len()] = followed_by(OWN, LIMITS);

/// The server's own.
const OWN: &[Setting] = &[
    Setting {
        key: "media",
        value: "MEDIA_DIR",
        unset: "no folder",
        example: "~/Movies",
        help: "A folder of films. Watched for changes; nothing is ever written to it.",
        section: Section::Library,
        repeatable: true,
        positional: true,
        also: &["MEDIA_DIR", "MEDIA_OUTPUT_DIR"],
        ..PLAIN
    },
    Setting {
        key: "data",
        value: "DIR",
        unset: "$XDG_DATA_HOME/watchalong, else ~/.local/share/watchalong, else ./watchalong-data",
        example: "~/.local/share/watchalong",
        help: "The folder that rooms, posters and the server's keys are kept in. Made if it is not there.",
        section: Section::Library,
        also: &["STATE_DIR", "WP_STATE_DIR"],
        ..PLAIN
    },
    Setting {
        key: "config",
        value: "FILE",
        unset: "no file",
        example: "/etc/watchalong.toml",
        help: "A settings file. `watchalong config` prints one with every setting explained.",
        section: Section::Library,
        in_file: false,
        ..PLAIN
    },
    Setting {
        key: "listen",
        value: "ADDR",
        default: "0.0.0.0:8080",
        help: "An address and port to listen on. Port 0 takes any free one; the printed line says which.",
        section: Section::Network,
        repeatable: true,
        also: &["PORT", "RDM_PORT"],
        ..PLAIN
    },
    Setting {
        key: "listen-host",
        value: "ADDRESS",
        unset: "every address of this machine",
        example: "127.0.0.1",
        help: "The address to listen on where `listen` names a port alone, or nothing.",
        section: Section::Network,
        also: &["RDM_HOST", "HOST"],
        ..PLAIN
    },
    Setting {
        key: "public-url",
        value: "URL",
        unset: "the address that the page was asked for under",
        example: "https://party.example.org/films",
        help: "The address that people outside reach the page at. Invites are written with it.",
        section: Section::Network,
        ..PLAIN
    },
    Setting {
        key: "base-path",
        value: "PATH",
        unset: "the root",
        example: "/films",
        help: "The path that everything lives under, for a proxy that passes paths on without taking its prefix off.",
        section: Section::Network,
        ..PLAIN
    },
    Setting {
        key: "trusted-proxies",
        value: "ADDRS",
        default: "loopback",
        help: "Proxies whose X-Forwarded-* headers are believed: addresses, ranges such as 10.0.0.0/8, `loopback`, `private` or `none`.",
        section: Section::Network,
        repeatable: true,
        ..PLAIN
    },
    Setting {
        key: "fetch",
        value: "SWITCH",
        default: "on",
        help: "Whether the server looks at links that people put on: what is there, what it is called, subtitles (`on` or `off`). Off, links are taken as they are and each browser finds out.",
        section: Section::Network,
        ..PLAIN
    },
    Setting {
        key: "fetch-allow",
        value: "HOSTS",
        unset: "the internet only",
        example: "nas.home",
        help: "Hosts and networks that the server may look into for people's links although they are not on the internet: names, addresses, ranges such as 192.168.1.0/24, `loopback` or `private`. Whoever may put something on can reach these through the server.",
        section: Section::Network,
        repeatable: true,
        ..PLAIN
    },
    Setting {
        key: "syncplay",
        value: "ADDR",
        unset: "no Syncplay",
        example: "0.0.0.0:8999",
        help: "An address and port for Syncplay clients (mpv, VLC): they enter any room with its code as the room's name. 8999 is the port they expect.",
        section: Section::Network,
        ..PLAIN
    },
    Setting {
        key: "syncplay-cert",
        value: "FILE",
        unset: "no TLS for Syncplay",
        example: "/etc/letsencrypt/live/party.example.org/fullchain.pem",
        help: "The certificate chain (PEM) for Syncplay over TLS. It must be one that everybody trusts: a client that can't check it gives up.",
        section: Section::Network,
        ..PLAIN
    },
    Setting {
        key: "syncplay-key",
        value: "FILE",
        unset: "no TLS for Syncplay",
        example: "/etc/letsencrypt/live/party.example.org/privkey.pem",
        help: "The certificate's key (PEM).",
        section: Section::Network,
        ..PLAIN
    },
    Setting {
        key: "uplink",
        value: "RATE",
        unset: "as fast as it goes",
        example: "20mbit",
        help: "How much of the line to the outside films may use, all viewers together; shared fairly, those about to run dry first. Give about 80 % of your upload speed.",
        section: Section::Delivery,
        also: &["FAIR_UPLINK_BPS"],
        also_in: "bit",
        ..PLAIN
    },
    Setting {
        key: "viewer-rate",
        value: "RATE",
        unset: "as fast as it goes",
        example: "8mbit",
        help: "How fast one viewer may fetch, however many connections they open. The first seconds of a film are not counted.",
        section: Section::Delivery,
        also: &["FAIR_RATE_CAP_BPS"],
        also_in: "bit",
        ..PLAIN
    },
    Setting {
        key: "look-ahead",
        value: "SECONDS",
        default: "120",
        help: "With `uplink`: what is further ahead of the room than this is fetched at the film's own pace, so that it takes nothing from those who need the next seconds. 0 turns it off.",
        section: Section::Delivery,
        also: &["FAIR_MAX_AHEAD_SEC"],
        ..PLAIN
    },
    Setting {
        key: "fair-delivery",
        value: "SWITCH",
        default: "on",
        help: "Whether limits of delivery are kept: `off` sends everything as fast as it goes, whatever `uplink` and `viewer-rate` say.",
        section: Section::Delivery,
        also: &["FAIR_DELIVERY"],
        ..PLAIN
    },
    Setting {
        key: "content-bitrate",
        value: "RATE",
        unset: "nothing is assumed",
        example: "6mbit",
        help: "What films take at most. Without `viewer-rate`, each viewer gets one and a half times as much.",
        section: Section::Delivery,
        also: &["CONTENT_BITRATE_BPS"],
        also_in: "bit",
        ..PLAIN
    },
    Setting {
        key: "head-cache",
        value: "SIZE",
        default: "32mb",
        help: "Memory for the beginnings of films in use (2 MB each), which everybody who joins asks for. 0 turns it off.",
        section: Section::Delivery,
        also: &["HOT_CACHE_BYTES"],
        ..PLAIN
    },
    Setting {
        key: "transcode",
        value: "SWITCH",
        default: "on",
        help: "Whether films that a browser can't play are converted for it (`on` or `off`). Needs ffmpeg and ffprobe.",
        section: Section::Converting,
        ..PLAIN
    },
    Setting {
        key: "encodes",
        value: "COUNT",
        default: "2",
        help: "How many pictures are encoded at once. More wait in line. One encode serves everybody who needs it.",
        section: Section::Converting,
        ..PLAIN
    },
    Setting {
        key: "segment-cache",
        value: "SIZE",
        default: "10gb",
        help: "How much of converted films is kept on disk, for the next who watch them. What was not watched for longest goes first.",
        section: Section::Converting,
        ..PLAIN
    },
    Setting {
        key: "upload-max",
        value: "SIZE",
        default: "20gb",
        help: "The largest file that a member may bring to a room. 0 turns uploads off.",
        section: Section::Uploads,
        also: &["RDM_MAX_FILE_SIZE_MB"],
        also_in: "mib",
        ..PLAIN
    },
    Setting {
        key: "upload-dir",
        value: "DIR",
        unset: "the folder `uploads` in `data`",
        example: "/srv/watchalong/uploads",
        help: "Where what members bring is kept.",
        section: Section::Uploads,
        also: &["RDM_UPLOAD_DIR"],
        ..PLAIN
    },
    Setting {
        key: "upload-room",
        value: "SIZE",
        default: "50gb",
        help: "How much one room may hold of what its members brought. It goes with the room.",
        section: Section::Uploads,
        ..PLAIN
    },
    Setting {
        key: "upload-room-files",
        value: "COUNT",
        default: "50",
        help: "How many files one room may hold.",
        section: Section::Uploads,
        ..PLAIN
    },
    Setting {
        key: "upload-person",
        value: "SIZE",
        default: "50gb",
        help: "How much one person may have on this server, in all rooms.",
        section: Section::Uploads,
        ..PLAIN
    },
    Setting {
        key: "upload-total",
        value: "SIZE",
        default: "500gb",
        help: "How much all uploads together may take. Half a gigabyte of the disk always stays free.",
        section: Section::Uploads,
        ..PLAIN
    },
    Setting {
        key: "upload-expiry",
        value: "HOURS",
        default: "24",
        help: "After how long without a byte an unfinished upload is dropped.",
        section: Section::Uploads,
        ..PLAIN
    },
    Setting {
        key: "keep-uploads",
        value: "WHO",
        default: "admins",
        help: "Who may keep an upload in the library for good: `nobody`, `admins`, `accounts` or `everyone`.",
        section: Section::Uploads,
        ..PLAIN
    },
    Setting {
        key: "admin-key",
        value: "KEY",
        unset: "nobody administers the server",
        // Too short to be taken: nobody shall run with the key of an example.
        example: "...",
        help: "The key that opens the administration. At least 8 characters; better in the variable or the file than in a flag, which other users of this machine can see.",
        section: Section::Access,
        secret: true,
        also: &["ADMIN_KEY"],
        ..PLAIN
    },
    Setting {
        key: "sign-up",
        value: "WHO",
        default: "invite",
        help: "Who may make an account: `open` for everybody, `invite` for whom an administrator invites, `closed` for nobody. Guests need none.",
        section: Section::Access,
        ..PLAIN
    },
    Setting {
        key: "oidc-issuer",
        value: "URL",
        unset: "people log in with a password only",
        example: "https://id.example.org",
        help: "The OpenID provider that people may log in with, exactly as it calls itself; https, or http on this machine. It needs `BASE/api/v2/oidc/callback` as a redirect address.",
        section: Section::Access,
        ..PLAIN
    },
    Setting {
        key: "oidc-client-id",
        value: "ID",
        unset: "needed with `oidc-issuer`",
        example: "watchalong",
        help: "What the OpenID provider calls this server.",
        section: Section::Access,
        ..PLAIN
    },
    Setting {
        key: "oidc-client-secret",
        value: "SECRET",
        unset: "a public client, which PKCE alone protects",
        example: "...",
        help: "The secret that the OpenID provider gave for this server; better in the variable or the file than in a flag.",
        section: Section::Access,
        secret: true,
        ..PLAIN
    },
    Setting {
        key: "oidc-name",
        value: "NAME",
        unset: "the provider's host",
        example: "Example ID",
        help: "What the button says: \"Continue with NAME\".",
        section: Section::Access,
        ..PLAIN
    },
    Setting {
        key: "session-days",
        value: "DAYS",
        default: "30",
        help: "How long a browser stays logged in, counted from the login.",
        section: Section::Access,
        ..PLAIN
    },
    Setting {
        key: "token-hours",
        value: "HOURS",
        default: "24",
        help: "How long a token for programs (a JWT) is good; at least 12.",
        section: Section::Access,
        ..PLAIN
    },
    Setting {
        key: "log",
        value: "FILTER",
        default: "info",
        help: "What is logged to standard error: error, warn, info, debug or trace, also per module, as in `info,watchalong_server=debug`.",
        section: Section::Running,
        also: &["RUST_LOG", "LOG_LEVEL"],
        ..PLAIN
    },
    Setting {
        key: "log-format",
        value: "FORMAT",
        default: "text",
        help: "How it is logged: `text` for people, `json` for collectors.",
        section: Section::Running,
        ..PLAIN
    },
    Setting {
        key: "max-connections",
        value: "COUNT",
        default: "20000",
        help: "How many connections are served at once. More wait in line. The system's limit of open files (`ulimit -n`) must be higher.",
        section: Section::Running,
        ..PLAIN
    },
    Setting {
        key: "shutdown-grace",
        value: "SECONDS",
        default: "5",
        help: "How long running requests may take to end after SIGTERM or Ctrl-C.",
        section: Section::Running,
        ..PLAIN
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_says_what_it_is() {
        for setting in SETTINGS {
            assert!(setting.help.ends_with('.'), "{}", setting.key);
            assert!(!setting.value.is_empty(), "{}", setting.key);
            assert_ne!(
                setting.default.is_empty(),
                setting.unset.is_empty(),
                "{}: a default or words",
                setting.key
            );
            assert_eq!(
                setting.default.is_empty(),
                !setting.example.is_empty(),
                "{}: an example",
                setting.key
            );
            assert!(
                std::ptr::eq(find(setting.key).expect("is in the table"), setting),
                "{} twice",
                setting.key
            );
        }
    }
}
