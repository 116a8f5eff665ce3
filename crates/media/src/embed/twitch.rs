//! Twitch: past broadcasts by their number, and channels, which are live.
//!
//! Clips are left out: their player takes no orders. The player shows itself only on pages whose host it is told
//! (`parent`), which the page adds; Twitch wants https there, but for `localhost`.
use super::{Capabilities, EmbedError, EmbedOptions, Provider, Title, asked, host_of, parts_of};

const PLAYER: &str = "https://player.twitch.tv";

/// Paths on its site that are no channels.
const NO_CHANNELS: [&str; 14] = [
    "directory",
    "downloads",
    "jobs",
    "login",
    "p",
    "prime",
    "search",
    "settings",
    "signup",
    "store",
    "subscriptions",
    "turbo",
    "videos",
    "wallet",
];

/// The provider. Its keys are `video/123456` and `channel/name`.
pub(super) struct Twitch;

fn is_number(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_channel(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (2..=25).contains(&name.len()) && name.bytes().all(plain) && !NO_CHANNELS.contains(&name)
}

impl Provider for Twitch {
    fn name(&self) -> &'static str {
        "twitch"
    }

    fn label(&self) -> &'static str {
        "Twitch"
    }

    fn origin(&self) -> &'static str {
        PLAYER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            events: true,
            progress: true,
            seek: true,
            pause: true,
            resume: true,
            autoplay: true,
            rate: false,
            steered: true,
        }
    }

    fn is_id(&self, id: &str) -> bool {
        is_number(id)
    }

    fn address(
        &self,
        id: &str,
        _title: Title,
        options: &EmbedOptions,
    ) -> Result<String, EmbedError> {
        if !self.is_id(id) {
            return Err(EmbedError::BadId);
        }
        let auto = options.auto_play.map(|auto| format!("&autoplay={auto}"));
        let at = options.progress.map(|at| format!("&time={at}s"));
        Ok(format!(
            "{PLAYER}/?video=v{id}{}{}",
            auto.unwrap_or_default(),
            at.unwrap_or_default()
        ))
    }

    fn key_in(&self, link: &url::Url) -> Option<String> {
        let parts = parts_of(link);
        match (host_of(link)?, parts.as_slice()) {
            ("twitch.tv", ["videos", number] | [_, "v" | "video", number]) => {
                Some(format!("video/{number}"))
            }
            ("twitch.tv", [name]) => Some(format!("channel/{}", name.to_ascii_lowercase())),
            ("player.twitch.tv", []) => match (asked(link, "video"), asked(link, "channel")) {
                (Some(number), _) => Some(format!("video/{}", number.trim_start_matches('v'))),
                (None, Some(name)) => Some(format!("channel/{}", name.to_ascii_lowercase())),
                (None, None) => None,
            },
            _ => None,
        }
    }

    fn is_key(&self, key: &str) -> bool {
        match key.split_once('/') {
            Some(("video", number)) => is_number(number),
            Some(("channel", name)) => is_channel(name),
            // As its own users write a broadcast.
            _ => self.is_id(key),
        }
    }

    fn player(&self, key: &str) -> Result<String, EmbedError> {
        if !self.is_key(key) {
            return Err(EmbedError::BadId);
        }
        let what = match key.split_once('/') {
            Some(("channel", name)) => format!("channel={name}"),
            Some((_, number)) => format!("video=v{number}"),
            None => format!("video=v{key}"),
        };
        Ok(format!("{PLAYER}/?{what}&autoplay=false&controls=false"))
    }

    fn page(&self, key: &str) -> Option<String> {
        let path = match key.split_once('/') {
            Some(("channel", name)) => name.to_owned(),
            Some((_, number)) => format!("videos/{number}"),
            None => format!("videos/{key}"),
        };
        Some(format!("https://www.twitch.tv/{path}"))
    }

    fn is_live(&self, key: &str) -> bool {
        key.starts_with("channel/")
    }

    fn title(&self, key: &str) -> String {
        match key.split_once('/') {
            Some(("channel", name)) => format!("{name}, live on Twitch"),
            Some((_, number)) => format!("Twitch {number}"),
            None => format!("Twitch {key}"),
        }
    }
}
