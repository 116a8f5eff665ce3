//! What a provider calls a film: by oEmbed, which also says that a film is not there or not for other pages.
use super::LinkError;
use crate::fetch::{Fetcher, Want};
use serde::Deserialize;
use std::time::Duration;
use watchalong_media::Provider;
use watchalong_room::Media;

/// An answer with its HTML has 2 KiB.
const MOST_BYTES: usize = 64 * 1024;
/// The title is a nicety.
const WITHIN: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Told {
    title: String,
}

/// Its title; `None` where nobody could be asked.
///
/// # Errors
/// [`LinkError::ProviderRefuses`].
pub(super) async fn title(
    fetcher: &Fetcher,
    provider: &dyn Provider,
    key: &str,
) -> Result<Option<String>, LinkError> {
    let Some(address) = provider.told_at(key) else {
        return Ok(None);
    };
    let want = Want {
        most: MOST_BYTES,
        beginning: false,
        within: WITHIN,
        origin: None,
    };
    match fetcher.get(&address, want).await {
        Ok(found) => judge(provider.label(), found.status, &found.body),
        // A server without a way out plays what browsers find.
        Err(error) => {
            tracing::debug!(%error, provider = provider.name(), "a title could not be asked for");
            Ok(None)
        }
    }
}

/// YouTube says 401 or 403 of what other pages may not show, 400 or 404 of what is not there; Vimeo 403 and 404.
fn judge(label: &'static str, status: u16, body: &[u8]) -> Result<Option<String>, LinkError> {
    match status {
        200..=299 => {
            let told: Option<Told> = serde_json::from_slice(body).ok();
            let title = told.map(|told| told.title.trim().chars().take(Media::MAX_TITLE).collect());
            Ok(title.filter(|title: &String| !title.is_empty()))
        }
        400 | 401 | 403 | 404 | 410 => Err(LinkError::ProviderRefuses(label)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_told_and_a_refusal_is_one() {
        let told = judge("YouTube", 200, br#"{"title":" A film ","html":"<iframe>"}"#);
        assert_eq!(told, Ok(Some("A film".to_owned())));
        for status in [400, 401, 403, 404] {
            let refused = judge("YouTube", status, b"Unauthorized");
            assert_eq!(
                refused,
                Err(LinkError::ProviderRefuses("YouTube")),
                "{status}"
            );
        }
        for (status, body) in [
            (200, &b"<html>"[..]),
            (200, b"{\"title\":\"\"}"),
            (503, b""),
        ] {
            assert_eq!(judge("Vimeo", status, body), Ok(None));
        }
    }
}
