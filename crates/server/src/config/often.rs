//! The part of the table of settings that says how often one may do what costs others something.
use super::setting::{PLAIN, Section, Setting};

/// Its settings.
pub(super) const LIMITS: &[Setting] = &[
    Setting {
        key: "limit-login",
        value: "RATE",
        default: "10/min",
        help: "Failed logins of one address, and of one account from devices that never logged in to it. A rate is a count for each `s`, `min`, `hour` or `day`; `off` lifts a limit.",
        section: Section::Limits,
        ..PLAIN
    },
    Setting {
        key: "limit-sign-up",
        value: "RATE",
        default: "5/hour",
        help: "Accounts made from one address.",
        section: Section::Limits,
        ..PLAIN
    },
    Setting {
        key: "limit-join",
        value: "RATE",
        default: "60/min",
        help: "Entries to rooms from one address and of one account. Coming back to one's seat does not count.",
        section: Section::Limits,
        ..PLAIN
    },
    Setting {
        key: "limit-create",
        value: "RATE",
        default: "20/min",
        help: "Rooms made from one address and by one account.",
        section: Section::Limits,
        ..PLAIN
    },
    Setting {
        key: "limit-upload",
        value: "RATE",
        default: "30/min",
        help: "How often one address or account may begin an upload. An upload that goes on is not counted.",
        section: Section::Limits,
        ..PLAIN
    },
    Setting {
        key: "limit-links",
        value: "RATE",
        default: "30/min",
        help: "Links and subtitles of other sites that one address or account has the server look at.",
        section: Section::Limits,
        ..PLAIN
    },
    Setting {
        key: "limit-chat",
        value: "RATE",
        default: "240/min",
        help: "Chat messages from one address and of one person, in all rooms together. What a room allows each member comes first.",
        section: Section::Limits,
        ..PLAIN
    },
    Setting {
        key: "limit-reactions",
        value: "RATE",
        default: "600/min",
        help: "Reactions from one address and of one person, in all rooms together.",
        section: Section::Limits,
        ..PLAIN
    },
    Setting {
        key: "limit-guess",
        value: "RATE",
        default: "5/min",
        help: "Wrong room passwords, invitations and admin keys of one address.",
        section: Section::Limits,
        ..PLAIN
    },
    Setting {
        key: "limit-requests",
        value: "RATE",
        default: "600/min",
        help: "Requests to the API (not for films and pictures) of one address and of one account.",
        section: Section::Limits,
        ..PLAIN
    },
];
