//! The part of the table of settings that is about other programs' clients, most of it under their servers' own names too.
//!
//! Variables of those servers that mean nothing here stand in [`UNUSED`], with the reason, so that nobody believes that
//! what they set counts: a server that finds one says so when it starts.
use super::setting::{PLAIN, Section, Setting};

/// A variable of another program that has no effect here.
#[derive(Debug, PartialEq, Eq)]
pub struct Unused {
    /// Its name.
    pub name: &'static str,
    /// A sentence for people: why, and what to do instead.
    pub why: &'static str,
}

/// All of them.
pub static UNUSED: &[Unused] = &[
    Unused {
        name: "FAIR_CHUNK_BYTES",
        why: "Pieces are short enough by themselves (256 KiB, less under a limit).",
    },
    Unused {
        name: "FAIR_MAX_REQUEST_BYTES",
        why: "An answer is never cut; no more than a piece of it waits for a socket.",
    },
    Unused {
        name: "PRESENCE_SWEEP_INTERVAL",
        why: "Every connection has a timer of its own (`staged-silence`), nothing is swept.",
    },
    Unused {
        name: "MEDIA_FOLLOW_LINKS",
        why: "Links that lead out of a media folder are never followed; name the folder that they lead to as well.",
    },
    Unused {
        name: "MEDIA_FILE",
        why: "Nothing is staged by itself; what was staged last is still there after a restart.",
    },
    Unused {
        name: "SYSTEM_LOG_SYNC",
        why: "Logs go to standard error (`log`, `log-format`); keep them with what starts the server.",
    },
    Unused {
        name: "SYSTEM_LOG_DISABLE_FILE",
        why: "Logs go to standard error; there are no log files.",
    },
    Unused {
        name: "TELEMETRY_SYNC",
        why: "What pages report is logged at `debug`, to standard error.",
    },
    Unused {
        name: "TELEMETRY_MIRROR_SYSTEM",
        why: "There is one log.",
    },
    Unused {
        name: "COMBINED_LOG_DISABLE",
        why: "There is one log.",
    },
    Unused {
        name: "PERF_SNAPSHOT_DISABLE",
        why: "Nothing is logged regularly; figures are on the administration's page and at `/api/debug/...`.",
    },
    Unused {
        name: "PERF_SNAPSHOT_VERBOSE",
        why: "Nothing is logged regularly; figures are on the administration's page and at `/api/debug/...`.",
    },
];

/// Settings of other programs' formats.
pub(super) const PROGRAMS: &[Setting] = &[
    Setting {
        key: "dialects",
        value: "NAMES",
        default: "all",
        help: "The wire formats of other programs that are served beside our own, of: `clipper`, `openwatchparty`, `rdm`, `staged`, `streamit`. `all` or `none`, too.",
        section: Section::Dialects,
        repeatable: true,
        ..PLAIN
    },
    Setting {
        key: "allowed-origins",
        value: "ORIGINS",
        default: "http://localhost:8096,https://localhost:8096",
        help: "OpenWatchParty: the Jellyfin pages that may connect, as a browser names them (no slash at the end); `*` for all.",
        section: Section::Dialects,
        repeatable: true,
        also: &["ALLOWED_ORIGINS"],
        ..PLAIN
    },
    Setting {
        key: "jwt-secret",
        value: "SECRET",
        unset: "OpenWatchParty asks for no token",
        example: "...",
        help: "OpenWatchParty: the secret that the Jellyfin plugin signs with. With it, only its users make and enter rooms.",
        section: Section::Dialects,
        secret: true,
        also: &["JWT_SECRET"],
        ..PLAIN
    },
    Setting {
        key: "jwt-audience",
        value: "NAME",
        default: "OpenWatchParty",
        help: "OpenWatchParty: the audience that a token must be for.",
        section: Section::Dialects,
        also: &["JWT_AUDIENCE"],
        ..PLAIN
    },
    Setting {
        key: "jwt-issuer",
        value: "NAME",
        default: "Jellyfin",
        help: "OpenWatchParty: the issuer that a token must be from.",
        section: Section::Dialects,
        also: &["JWT_ISSUER"],
        ..PLAIN
    },
    Setting {
        key: "clipper-origins",
        value: "ORIGINS",
        unset: "only pages of this server",
        example: "https://clipper.example.org",
        help: "Clipper: pages of other origins that may ask with a browser's cookie, as a browser names them (no slash at the end).",
        section: Section::Dialects,
        repeatable: true,
        also: &["CORS_ALLOWED_ORIGINS"],
        ..PLAIN
    },
    Setting {
        key: "streamit-grace",
        value: "SECONDS",
        default: "300",
        help: "StreamIt: how long a room waits for a host who is gone before it expires.",
        section: Section::Dialects,
        also: &["STREAMIT_GRACE_SECONDS"],
        ..PLAIN
    },
    Setting {
        key: "streamit-origins",
        value: "ORIGINS",
        default: "http://localhost:3000,http://127.0.0.1:3000",
        help: "StreamIt: the pages that may call its API, as a browser names them (no slash at the end).",
        section: Section::Dialects,
        repeatable: true,
        also: &["CORS_ALLOWED_ORIGINS"],
        ..PLAIN
    },
    Setting {
        key: "tmdb-api-key",
        value: "KEY",
        unset: "StreamIt's search is off",
        example: "...",
        help: "StreamIt: the key for searching titles at The Movie Database.",
        section: Section::Dialects,
        secret: true,
        also: &["TMDB_API_KEY"],
        ..PLAIN
    },
    Setting {
        key: "tmdb-url",
        value: "URL",
        default: "https://api.themoviedb.org/3",
        help: "StreamIt: where titles are searched, for a mirror of The Movie Database; https, or http on this machine.",
        section: Section::Dialects,
        ..PLAIN
    },
    Setting {
        key: "viewer-key",
        value: "KEY",
        unset: "the staged page is for everybody who has its address",
        example: "...",
        help: "Staged page: the key (`/watchparty?key=...`) that viewers need. Another than the admin key.",
        section: Section::Dialects,
        secret: true,
        also: &["VIEWER_KEY"],
        ..PLAIN
    },
    Setting {
        key: "colors",
        value: "NAMES",
        default: "red,orange,yellow,green,blue,purple,pink,übel",
        help: "Staged page: the colours that its viewers are named after, in the order in which they are handed out.",
        section: Section::Dialects,
        repeatable: true,
        also: &["COLOR_PALETTE"],
        ..PLAIN
    },
    Setting {
        key: "staged-list",
        value: "WHICH",
        default: "all",
        help: "Staged page: which films are listed: `all`, or `wp` for those that its own scripts made (`*.wp.mp4`, `*.webm`).",
        section: Section::Dialects,
        also: &["LIST_ONLY"],
        ..PLAIN
    },
    Setting {
        key: "staged-history",
        value: "COUNT",
        default: "100",
        help: "Staged page: how many of the last messages a newcomer is sent. A room keeps 200.",
        section: Section::Dialects,
        also: &["CHAT_HISTORY_SEND", "CHAT_HISTORY_LIMIT"],
        ..PLAIN
    },
    Setting {
        key: "staged-chat-count",
        value: "COUNT",
        default: "5",
        help: "Staged page: how many messages one person may send within `staged-chat-window`.",
        section: Section::Dialects,
        also: &["CHAT_RATE_MAX"],
        ..PLAIN
    },
    Setting {
        key: "staged-chat-window",
        value: "TIME",
        default: "5s",
        help: "Staged page: the time that `staged-chat-count` counts in.",
        section: Section::Dialects,
        also: &["CHAT_RATE_WINDOW_MS"],
        also_in: "ms",
        ..PLAIN
    },
    Setting {
        key: "staged-silence",
        value: "TIME",
        default: "40s",
        help: "Staged page: after how long without a sign of life (an answer to a ping is one) a viewer counts as gone.",
        section: Section::Dialects,
        also: &["PRESENCE_TIMEOUT_MS"],
        also_in: "ms",
        ..PLAIN
    },
    Setting {
        key: "rdm-room-expiry",
        value: "SECONDS",
        default: "14400",
        help: "RDM: how long a room is kept with nobody in it.",
        section: Section::Dialects,
        also: &["RDM_ROOM_EXPIRY_SECONDS"],
        ..PLAIN
    },
];
