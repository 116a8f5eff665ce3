//! YouTube: films and live broadcasts by the eleven characters that it names them by.
//!
//! The player is the one of `youtube-nocookie.com`: it keeps nothing of people who only watch. It is steered by the
//! messages beneath the IFrame Player API, so that no script of YouTube's runs in the page.
use super::{
    Capabilities, EmbedError, EmbedOptions, Provider, Title, asked, host_of, oembed, parts_of,
};

const PLAYER: &str = "https://www.youtube-nocookie.com";

/// The provider.
pub(super) struct YouTube;

impl Provider for YouTube {
    fn name(&self) -> &'static str {
        "youtube"
    }

    fn label(&self) -> &'static str {
        "YouTube"
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
            rate: true,
            steered: true,
        }
    }

    fn is_id(&self, id: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        id.len() == 11 && id.bytes().all(plain)
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
        let mut wishes = Vec::new();
        if let Some(auto) = options.auto_play {
            wishes.push(format!("autoplay={}", u8::from(auto)));
        }
        if let Some(at) = options.progress {
            wishes.push(format!("start={at}"));
        }
        let query = wishes.join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        Ok(format!("{PLAYER}/embed/{id}{mark}{query}"))
    }

    fn key_in(&self, link: &url::Url) -> Option<String> {
        let parts = parts_of(link);
        match (host_of(link)?, parts.as_slice()) {
            ("youtu.be", [id]) => Some((*id).to_owned()),
            ("youtube.com" | "music.youtube.com", ["watch"]) => asked(link, "v"),
            ("youtube.com" | "youtube-nocookie.com", ["embed" | "shorts" | "live" | "v", id]) => {
                Some((*id).to_owned())
            }
            _ => None,
        }
    }

    fn player(&self, key: &str) -> Result<String, EmbedError> {
        if !self.is_key(key) {
            return Err(EmbedError::BadId);
        }
        // No controls and keys of its own: the room's are used. `rel=0`: what is shown at the end is of the same
        // channel. `fs=0`: the stage goes full screen, with chat and all.
        Ok(format!(
            "{PLAYER}/embed/{key}?enablejsapi=1&controls=0&disablekb=1&playsinline=1&rel=0&fs=0&iv_load_policy=3"
        ))
    }

    fn page(&self, key: &str) -> Option<String> {
        Some(format!("https://www.youtube.com/watch?v={key}"))
    }

    fn told_at(&self, key: &str) -> Option<String> {
        Some(oembed("https://www.youtube.com/oembed", &self.page(key)?))
    }

    fn title(&self, key: &str) -> String {
        format!("YouTube {key}")
    }
}
