//! What a link leads to, before it is put on: a film, a stream, a provider's player, or why nothing can be played.
//!
//! Whoever adds a link wants to know at once, not when the room sits before a black picture. The server looks (through
//! [`crate::fetch`], the guard) at the beginning of what is there and says in words what it found. Browsers then fetch
//! it by themselves: nothing of another site's film passes through this server, but a subtitle, which browsers may not
//! read from other sites.
//!
//! What the first bytes mean stands in `kind.rs`, playlists in `stream.rs`, names of providers' films in `told.rs`.
mod kind;
mod stream;
mod subtitle;
mod told;

use crate::fetch::{FetchError, Fetched, Fetcher, Want};
use crate::shelf::{Shelf, ShelfError};
use kind::Kind;
use reqwest::header;
use std::path::Path;
use std::time::Duration;
use url::Url;
use watchalong_media::{Provider, clean_title, embedded};
use watchalong_room::{Media, SourceKind};

/// Enough for every signature, and for a whole playlist of a film at six seconds a segment.
const BEGINNING: usize = 256 * 1024;
/// A person waits for it.
const WITHIN: Duration = Duration::from_secs(10);

/// Why a link can't be put on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LinkError {
    /// No address that a room takes.
    #[error(transparent)]
    Address(ShelfError),
    /// It could not be looked at.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// 404, 410.
    #[error(
        "There is nothing at this address any more, or there never was. Check it letter by letter."
    )]
    NotFound,
    /// 401, 403, 451.
    #[error(
        "Its site gives this only to people who are logged in there, or not to this country. Others in the room could not watch it."
    )]
    NotAllowed,
    /// Any other status.
    #[error("Its site answers with an error ({0}). Try again later.")]
    Trouble(u16),
    /// HTML.
    #[error(
        "This is the address of a web page, not of a video. Give the address of the video itself, or a link of {0}."
    )]
    WebPage(String),
    /// A film in a form that browsers don't play.
    #[error(
        "This is {0}, which browsers can't play from another site. Bring the file instead: this server converts it."
    )]
    Form(&'static str),
    /// Nothing that is played.
    #[error("What is at this address is no video and no sound ({0}).")]
    NoFilm(String),
    /// A playlist without CORS.
    #[error(
        "This stream may be played on its own site only: it does not let other pages read it (CORS)."
    )]
    NotShared,
    /// The provider says no.
    #[error("{0} has no such video, or its owner does not let other pages show it.")]
    ProviderRefuses(&'static str),
    /// No subtitle in there.
    #[error(
        "Nothing to read was found at this address. It must be SubRip, WebVTT or SubStation Alpha."
    )]
    NoSubtitle,
}

impl LinkError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address(error) => error.code(),
            Self::Fetch(error) => error.code(),
            Self::NotFound => "link_not_found",
            Self::NotAllowed => "link_not_allowed",
            Self::Trouble(_) => "link_trouble",
            Self::WebPage(_) => "link_web_page",
            Self::Form(_) => "link_form",
            Self::NoFilm(_) => "link_no_film",
            Self::NotShared => "link_not_shared",
            Self::ProviderRefuses(_) => "link_provider_refuses",
            Self::NoSubtitle => "link_no_subtitle",
        }
    }
}

/// What a link leads to.
#[derive(Clone, Debug)]
pub struct Link {
    /// As a room holds it.
    pub media: Media,
    /// Whose player shows it.
    pub provider: Option<&'static dyn Provider>,
    /// MIME type, where it was looked at.
    pub mime: Option<&'static str>,
    /// Bytes of a file, where its site says.
    pub size: Option<u64>,
    /// Seconds, where a playlist says.
    pub duration: Option<f64>,
    /// It is going on right now.
    pub live: bool,
    /// It was looked at, and can be played as far as one can tell.
    pub checked: bool,
}

/// Looks at what a link leads to; `origin` is our page's, which will fetch it.
///
/// # Errors
/// [`LinkError`]
pub async fn look(
    fetcher: &Fetcher,
    shelf: &Shelf,
    address: &str,
    origin: &str,
) -> Result<Link, LinkError> {
    let address = address.trim();
    let media = shelf
        .from_address(address, None)
        .map_err(LinkError::Address)?;
    if let Some((provider, key)) = embedded(&media.key).filter(|_| media.kind == SourceKind::Embed)
    {
        let live = provider.is_live(key);
        let title = told::title(fetcher, provider, key).await?;
        let checked = title.is_some();
        return Ok(Link {
            media: match title {
                Some(title) => Media { title, ..media },
                None => media,
            },
            provider: Some(provider),
            mime: None,
            size: None,
            duration: None,
            live,
            checked,
        });
    }
    let want = Want {
        most: BEGINNING,
        beginning: true,
        within: WITHIN,
        origin: Some(origin),
    };
    let found = match fetcher.get(address, want).await {
        // Taken as it is: the operator does not want it looked at, and browsers find out.
        Err(FetchError::Off) => return Ok(unchecked(media)),
        other => other?,
    };
    fine(found.status)?;
    let said = found.header(header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind::of(&found.body, said, found.url.path());
    let mime = match kind {
        Kind::Plays(mime) => mime,
        Kind::Form(name) => return Err(LinkError::Form(name)),
        Kind::WebPage => return Err(LinkError::WebPage(names())),
        Kind::Hls | Kind::Dash => return stream(fetcher, media, kind, &found, origin).await,
        Kind::Other(what) => return Err(LinkError::NoFilm(what)),
    };
    let title = file_name(&found).unwrap_or_else(|| last_part(&found.url));
    Ok(Link {
        media: Media { title, ..media },
        mime: Some(mime),
        size: found.size,
        checked: true,
        provider: None,
        duration: None,
        live: false,
    })
}

/// Fetches a subtitle, as UTF-8.
///
/// # Errors
/// [`LinkError`]
pub async fn subtitle(fetcher: &Fetcher, address: &str) -> Result<subtitle::Subtitle, LinkError> {
    subtitle::fetch(fetcher, address.trim()).await
}

fn unchecked(media: Media) -> Link {
    Link {
        media,
        provider: None,
        mime: None,
        size: None,
        duration: None,
        live: false,
        checked: false,
    }
}

async fn stream(
    fetcher: &Fetcher,
    media: Media,
    kind: Kind,
    found: &Fetched,
    origin: &str,
) -> Result<Link, LinkError> {
    if !shares(found, origin) {
        return Err(LinkError::NotShared);
    }
    let text = String::from_utf8_lossy(&found.body);
    let facts = match kind {
        Kind::Dash => stream::dash(&text),
        _ => match stream::first_variant(&text) {
            // The length stands in the lists that the first one leads to.
            Some(variant) => {
                let want = Want {
                    most: BEGINNING,
                    beginning: true,
                    within: WITHIN,
                    origin: Some(origin),
                };
                let next = found.url.join(&variant).ok();
                let next = match next {
                    Some(next) => fetcher.get(next.as_str(), want).await.ok(),
                    None => None,
                };
                let next = next.filter(|next| next.status < 300);
                next.map(|next| stream::hls(&String::from_utf8_lossy(&next.body)))
                    .unwrap_or_default()
            }
            None => stream::hls(&text),
        },
    };
    let title = last_part(&found.url);
    Ok(Link {
        media: Media { title, ..media },
        provider: None,
        mime: Some(if matches!(kind, Kind::Dash) {
            kind::DASH
        } else {
            kind::HLS
        }),
        size: None,
        duration: facts.duration,
        live: facts.live,
        checked: true,
    })
}

/// Whether pages of `origin` may read it.
fn shares(found: &Fetched, origin: &str) -> bool {
    let allowed = found.header(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    let own = found.url.origin().ascii_serialization() == origin;
    own || allowed.is_some_and(|allowed| allowed == "*" || allowed == origin)
}

fn fine(status: u16) -> Result<(), LinkError> {
    match status {
        200..=299 => Ok(()),
        404 | 410 => Err(LinkError::NotFound),
        401 | 403 | 451 => Err(LinkError::NotAllowed),
        _ => Err(LinkError::Trouble(status)),
    }
}

/// The names of the providers, for people.
fn names() -> String {
    let all: Vec<&str> = watchalong_media::providers().map(Provider::label).collect();
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => all.concat(),
    }
}

/// The name that its site gives the file (RFC 6266), without its ending.
fn file_name(found: &Fetched) -> Option<String> {
    let said = found.header(header::CONTENT_DISPOSITION)?;
    let part = |name: &str| {
        said.split(';').find_map(|part| {
            let (key, value) = part.split_once('=')?;
            (key.trim().eq_ignore_ascii_case(name)).then(|| value.trim().trim_matches('"'))
        })
    };
    let extended = part("filename*").and_then(|value| {
        let encoded = value.splitn(3, '\'').nth(2)?;
        Some(decoded(encoded))
    });
    let name = extended.or_else(|| part("filename").map(str::to_owned))?;
    let name = name.rsplit(['/', '\\']).next().unwrap_or(&name);
    (!name.trim().is_empty()).then(|| clean_title(Path::new(name)))
}

/// The last part of an address's path, as a title; the host where there is none.
fn last_part(url: &Url) -> String {
    let last = url.path().rsplit('/').find(|part| !part.is_empty());
    match last {
        Some(last) => clean_title(Path::new(&decoded(last).replace(['/', '\\'], " "))),
        None => url.host_str().unwrap_or_default().to_owned(),
    }
}

/// Percent-encoded text: a form's value, but that a plus is a plus.
fn decoded(text: &str) -> String {
    let value = text.replace('+', "%2B").replace('&', "%26");
    let mut pairs = url::form_urlencoded::parse(value.as_bytes());
    pairs.next().map_or_else(String::new, |(name, rest)| {
        // An equals sign parts nothing here.
        if rest.is_empty() {
            name.into_owned()
        } else {
            format!("{name}={rest}")
        }
    })
}
