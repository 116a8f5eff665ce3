//! Vimeo: films by their number; an unlisted one has a second part that only its link tells.
use super::{
    Capabilities, EmbedError, EmbedOptions, Provider, Title, asked, host_of, oembed, parts_of,
};

const PLAYER: &str = "https://player.vimeo.com";

/// The provider. Its keys are `123456`, or `123456/abcdef0123` for an unlisted film.
pub(super) struct Vimeo;

fn is_number(text: &str) -> bool {
    (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_secret(text: &str) -> bool {
    (6..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn halves(key: &str) -> (&str, Option<&str>) {
    match key.split_once('/') {
        Some((number, secret)) => (number, Some(secret)),
        None => (key, None),
    }
}

impl Provider for Vimeo {
    fn name(&self) -> &'static str {
        "vimeo"
    }

    fn label(&self) -> &'static str {
        "Vimeo"
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
            // Only where the film's owner pays for it.
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
        if options
            .color
            .as_deref()
            .is_some_and(|color| !super::is_color(color))
        {
            return Err(EmbedError::BadColor);
        }
        let mut wishes = Vec::new();
        if let Some(color) = &options.color {
            wishes.push(format!("color={color}"));
        }
        if let Some(auto) = options.auto_play {
            wishes.push(format!("autoplay={}", u8::from(auto)));
        }
        let query = wishes.join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        let at = options.progress.map(|at| format!("#t={at}s"));
        Ok(format!(
            "{PLAYER}/video/{id}{mark}{query}{}",
            at.unwrap_or_default()
        ))
    }

    fn key_in(&self, link: &url::Url) -> Option<String> {
        let parts = parts_of(link);
        let (number, secret) = match (host_of(link)?, parts.as_slice()) {
            ("vimeo.com", [number]) => (*number, None),
            ("vimeo.com", [number, secret]) if is_number(number) => {
                (*number, Some((*secret).to_owned()))
            }
            (
                "vimeo.com",
                ["channels", _, number]
                | ["groups", _, "videos", number]
                | ["album" | "showcase", _, "video", number],
            ) => (*number, None),
            ("player.vimeo.com", ["video", number]) => (*number, asked(link, "h")),
            _ => return None,
        };
        Some(match secret {
            Some(secret) => format!("{number}/{secret}"),
            None => number.to_owned(),
        })
    }

    fn is_key(&self, key: &str) -> bool {
        let (number, secret) = halves(key);
        is_number(number) && secret.is_none_or(is_secret)
    }

    fn player(&self, key: &str) -> Result<String, EmbedError> {
        if !self.is_key(key) {
            return Err(EmbedError::BadId);
        }
        let (number, secret) = halves(key);
        let secret = secret.map_or_else(String::new, |secret| format!("h={secret}&"));
        // `dnt`: nothing about who watches is kept. `playsinline` and no keys of its own: the room's are used.
        Ok(format!(
            "{PLAYER}/video/{number}?{secret}dnt=1&controls=0&keyboard=0&playsinline=1&title=0&byline=0&portrait=0"
        ))
    }

    fn page(&self, key: &str) -> Option<String> {
        Some(format!("https://vimeo.com/{key}"))
    }

    fn told_at(&self, key: &str) -> Option<String> {
        Some(oembed(
            "https://vimeo.com/api/oembed.json",
            &self.page(key)?,
        ))
    }

    fn title(&self, key: &str) -> String {
        format!("Vimeo {}", halves(key).0)
    }
}
