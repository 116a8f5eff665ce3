//! Compressing what never changes once, instead of at every answer.
//!
//! A room of hundreds opens the page at the same moment; its few files are kept in the encodings that were
//! asked for. `tower-http`'s compression does the work, at a quality too slow for single answers.
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response, header};
use bytes::Bytes;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{LazyLock, PoisonError, RwLock};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

/// Brotli and gzip both know it; a second of work for the whole page, for a fifth less than at the default.
const QUALITY: CompressionLevel = CompressionLevel::Precise(9);

/// What a body is sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// The smallest that the client takes (RFC 9110, section 12.5.3; a weight of 0 is a refusal).
    pub fn best(asked: &HeaderMap) -> Self {
        let lists = asked
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let taken: Vec<&str> = lists
            .flat_map(|list| list.split(','))
            .filter_map(|one| {
                let (token, weight) = one.split_once(';').unwrap_or((one, "q=1"));
                let weight = weight
                    .trim()
                    .strip_prefix("q=")
                    .and_then(|weight| weight.parse::<f32>().ok());
                (weight? > 0.0).then_some(token.trim())
            })
            .collect();
        let takes = |wanted: &str| taken.iter().any(|token| token.eq_ignore_ascii_case(wanted));
        match (takes("br"), takes("gzip")) {
            (true, _) => Self::Brotli,
            (false, true) => Self::Gzip,
            (false, false) => Self::Identity,
        }
    }

    /// For `Content-Encoding`.
    pub fn token(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// What tells its ETag from the others'.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
            Self::Identity => "",
        }
    }
}

type Kept = RwLock<HashMap<(String, Encoding), Option<Bytes>>>;
/// By tag, so that a page rebuilt in development is compressed anew. Bounded by the files in the binary.
static KEPT: LazyLock<Kept> = LazyLock::new(Kept::default);

/// The body in that encoding; `None` where that is not worth it (identity, images, a few bytes).
pub async fn squeezed(tag: &str, body: &Bytes, mime: &str, encoding: Encoding) -> Option<Bytes> {
    let token = encoding.token()?;
    let key = (tag.to_owned(), encoding);
    // A panic while it was held can't have left half an entry.
    if let Some(kept) = KEPT
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&key)
    {
        return kept.clone();
    }
    let smaller = compress(body.clone(), mime, token)
        .await
        .filter(|smaller| smaller.len() < body.len());
    KEPT.write()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(key, smaller.clone());
    smaller
}

async fn compress(body: Bytes, mime: &str, token: &str) -> Option<Bytes> {
    let whole = Response::builder()
        .header(header::CONTENT_TYPE, mime)
        .body(Body::from(body))
        .ok()?;
    let mut whole = Some(whole);
    let give = service_fn(move |_: Request<Body>| {
        let response = whole.take().unwrap_or_default();
        async move { Ok::<_, Infallible>(response) }
    });
    let asking = Request::builder()
        .header(header::ACCEPT_ENCODING, token)
        .body(Body::empty())
        .ok()?;
    let Ok(response) = CompressionLayer::new()
        .quality(QUALITY)
        .layer(give)
        .oneshot(asking)
        .await;
    if response.headers().get(header::CONTENT_ENCODING)? != token {
        return None;
    }
    to_bytes(Body::new(response.into_body()), usize::MAX)
        .await
        .ok()
}
