//! Vidking: films and series by their number at The Movie Database.
//!
//! Its player tells where it is and takes no orders, so that people start it by hand.
use super::{
    Capabilities, EmbedError, EmbedOptions, Provider, Title, host_of, is_color, is_plain_id,
    parts_of,
};
use std::fmt::Write as _;

const ORIGIN: &str = "https://www.vidking.net";
const BASE: &str = "https://www.vidking.net/embed";

/// A film's id, or `tv/ID/SEASON/EPISODE`.
fn read(key: &str) -> Option<(&str, Title)> {
    let parts: Vec<&str> = key.split('/').collect();
    match parts.as_slice() {
        [id] => Some((id, Title::Movie)),
        ["tv", id, season, episode] => {
            let (season, episode) = (season.parse().ok()?, episode.parse().ok()?);
            Some((id, Title::Episode { season, episode }))
        }
        _ => None,
    }
}

/// The provider.
pub(super) struct Vidking;

impl Provider for Vidking {
    fn name(&self) -> &'static str {
        "vidking"
    }

    fn label(&self) -> &'static str {
        "Vidking"
    }

    fn origin(&self) -> &'static str {
        ORIGIN
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
            steered: false,
        }
    }

    fn is_id(&self, id: &str) -> bool {
        is_plain_id(id)
    }

    fn address(
        &self,
        id: &str,
        title: Title,
        options: &EmbedOptions,
    ) -> Result<String, EmbedError> {
        if !self.is_id(id) {
            return Err(EmbedError::BadId);
        }
        let mut address = match title {
            Title::Movie => format!("{BASE}/movie/{id}"),
            Title::Episode { season, episode } => format!("{BASE}/tv/{id}/{season}/{episode}"),
        };
        let color = options.color.as_deref();
        if color.is_some_and(|color| !is_color(color)) {
            return Err(EmbedError::BadColor);
        }
        let flag = |wish: Option<bool>| wish.map(|wish| wish.to_string());
        let wishes = [
            ("color", color.map(str::to_owned)),
            ("autoPlay", flag(options.auto_play)),
            ("nextEpisode", flag(options.next_episode)),
            ("episodeSelector", flag(options.episode_selector)),
            ("progress", options.progress.map(|at| at.to_string())),
        ];
        let mut before = '?';
        for (key, value) in wishes {
            if let Some(value) = value {
                // Cannot fail: a text takes all that is written to it.
                let _ = write!(address, "{before}{key}={value}");
                before = '&';
            }
        }
        Ok(address)
    }

    fn key_in(&self, link: &url::Url) -> Option<String> {
        let parts = parts_of(link);
        match (host_of(link)?, parts.as_slice()) {
            ("vidking.net", ["embed", "movie", id]) => Some((*id).to_owned()),
            ("vidking.net", ["embed", "tv", id, season, episode]) => {
                Some(format!("tv/{id}/{season}/{episode}"))
            }
            _ => None,
        }
    }

    fn is_key(&self, key: &str) -> bool {
        read(key).is_some_and(|(id, _)| self.is_id(id))
    }

    fn player(&self, key: &str) -> Result<String, EmbedError> {
        let (id, title) = read(key).ok_or(EmbedError::BadId)?;
        self.address(id, title, &EmbedOptions::default())
    }

    fn page(&self, key: &str) -> Option<String> {
        self.player(key).ok()
    }

    fn title(&self, key: &str) -> String {
        match read(key) {
            Some((id, Title::Episode { season, episode })) => {
                format!("vidking {id} S{season:02}E{episode:02}")
            }
            _ => format!("vidking {key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_what_was_asked_for_in_its_order() {
        let episode = Title::Episode {
            season: 1,
            episode: 8,
        };
        let options = EmbedOptions {
            color: Some("e50914".into()),
            auto_play: Some(true),
            next_episode: Some(true),
            episode_selector: Some(true),
            progress: None,
        };
        assert_eq!(
            Vidking.address("119051", episode, &options).as_deref(),
            Ok(
                "https://www.vidking.net/embed/tv/119051/1/8?color=e50914&autoPlay=true&nextEpisode=true&episodeSelector=true"
            )
        );
        let none = EmbedOptions::default();
        assert_eq!(
            Vidking.address("1078605", Title::Movie, &none).as_deref(),
            Ok("https://www.vidking.net/embed/movie/1078605")
        );
        let late = EmbedOptions {
            auto_play: Some(false),
            progress: Some(120),
            ..none
        };
        assert_eq!(
            Vidking.address("1078605", Title::Movie, &late).as_deref(),
            Ok("https://www.vidking.net/embed/movie/1078605?autoPlay=false&progress=120")
        );
    }

    #[test]
    fn what_is_no_id_or_colour_is_no_part_of_an_address() {
        let none = EmbedOptions::default();
        for id in ["", "../x", "1/2", "a?b", "ä", &"1".repeat(65)] {
            assert_eq!(
                Vidking.address(id, Title::Movie, &none),
                Err(EmbedError::BadId),
                "{id}"
            );
        }
        for color in ["", "#e50914", "red", "e5091", "e50914&x=1"] {
            let options = EmbedOptions {
                color: Some(color.into()),
                ..none.clone()
            };
            assert_eq!(
                Vidking.address("1", Title::Movie, &options),
                Err(EmbedError::BadColor),
                "{color}"
            );
        }
    }
}
