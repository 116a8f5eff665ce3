//! Links of other sites: what they lead to, and subtitles behind them.
use super::{ApiError, App, Base, Caller};
use crate::dialects::native::{MediaInput, MediaObject};
use crate::fetch::FetchError;
use crate::limits::ClientAddress;
use crate::links::{self, Link, LinkError};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchalong_room::SourceKind;

/// Others are done with theirs by then.
const BUSY_FOR: Duration = Duration::from_secs(3);

/// A link.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct LinkAsked {
    /// `http(s)://…`
    url: String,
}

/// What a link leads to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LinkView {
    /// As `media` of a command or of a new room.
    media: MediaInput,
    /// For people.
    title: String,
    /// Whose player shows it, for people: `YouTube`; null where browsers play it by themselves.
    provider: Option<&'static str>,
    /// MIME type of what is there, where it was looked at.
    #[serde(rename = "type")]
    mime: Option<&'static str>,
    /// Bytes of a file, where its site says.
    size: Option<u64>,
    /// Seconds, where a playlist says.
    duration: Option<f64>,
    /// It is going on right now: nobody can go back or ahead in it, and it reaches some later than others.
    live: bool,
    /// The server looked, and it can be played as far as one can tell from here.
    checked: bool,
}

/// A subtitle of another site.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LinkedSubtitle {
    /// The file's name, for people.
    label: String,
    /// SubRip, WebVTT or SubStation Alpha.
    text: String,
}

impl From<LinkError> for ApiError {
    fn from(error: LinkError) -> Self {
        let refused = Self::new(
            match &error {
                LinkError::Fetch(FetchError::Busy) => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
            error.code(),
            error.to_string(),
        );
        match error {
            LinkError::Fetch(FetchError::Busy) => refused.after(BUSY_FOR),
            _ => refused,
        }
    }
}

fn view(link: Link) -> LinkView {
    let (key, title) = (link.media.key, link.media.title);
    let object = if link.media.kind == SourceKind::Embed {
        MediaObject::Embed {
            key,
            title: Some(title.clone()),
        }
    } else {
        MediaObject::Url {
            url: key,
            title: Some(title.clone()),
        }
    };
    LinkView {
        media: MediaInput::Object(object),
        title,
        provider: link.provider.map(|provider| provider.label()),
        mime: link.mime,
        size: link.size,
        duration: link.duration,
        live: link.live,
        checked: link.checked,
    }
}

/// Looks at what a link leads to: a file, a stream, a provider's player, or nothing that can be played.
///
/// The server asks the site by itself, hosts of the internet alone (and those that its operator allows).
#[utoipa::path(post, path = "/api/v2/links", request_body = LinkAsked,
    responses((status = 200, body = LinkView), (status = 422, body = super::error::ErrorBody), (status = 429, body = super::error::ErrorBody)))]
pub async fn look(
    State(app): State<App>,
    address: ClientAddress,
    base: Base,
    caller: Caller,
    body: Result<Json<LinkAsked>, JsonRejection>,
) -> Result<Json<LinkView>, ApiError> {
    let Json(asked) = body?;
    count(&app, &caller, address)?;
    let link = links::look(&app.fetcher, &app.shelf, &asked.url, &base.origin()).await?;
    Ok(Json(view(link)))
}

/// Fetches a subtitle of another site, which browsers may not read by themselves.
#[utoipa::path(post, path = "/api/v2/links/subtitle", request_body = LinkAsked,
    responses((status = 200, body = LinkedSubtitle), (status = 422, body = super::error::ErrorBody), (status = 429, body = super::error::ErrorBody)))]
pub async fn subtitle(
    State(app): State<App>,
    address: ClientAddress,
    caller: Caller,
    body: Result<Json<LinkAsked>, JsonRejection>,
) -> Result<Json<LinkedSubtitle>, ApiError> {
    let Json(asked) = body?;
    count(&app, &caller, address)?;
    let found = links::subtitle(&app.fetcher, &asked.url).await?;
    Ok(Json(LinkedSubtitle {
        label: found.label,
        text: found.text,
    }))
}

fn count(app: &App, caller: &Caller, address: ClientAddress) -> Result<(), ApiError> {
    let taken = app.limits.links.take_all(&caller.keys(address));
    taken.map_err(ApiError::too_many)
}
