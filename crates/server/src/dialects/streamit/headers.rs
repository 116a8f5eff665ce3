//! What every answer carries: an id, what browsers must not do with it, and which other page may read it (CORS).
use crate::config::Config;
use crate::secret;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const METHODS: &str = "DELETE, GET, OPTIONS, PATCH, POST, PUT";
const HEADERS: &str =
    "accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with";
/// Seconds for which a browser need not ask again.
const MAX_AGE: &str = "86400";

/// The origin that asks, where it may.
fn allowed<'a>(headers: &'a HeaderMap, config: &Config) -> Option<&'a HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let known = |known: &String| known.as_bytes() == origin.as_bytes();
    config.streamit_origins.iter().any(known).then_some(origin)
}

/// Whether a request that proves itself by a cookie alone comes from a page that may send it.
pub(super) fn may_use_cookie(headers: &HeaderMap, config: &Config) -> bool {
    crate::http::own_origin(headers, config) || allowed(headers, config).is_some()
}

/// Puts them on, and answers what browsers ask beforehand.
pub(super) async fn all(
    State(config): State<Arc<Config>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = allowed(request.headers(), &config).cloned();
    let asks = request.method() == Method::OPTIONS;
    let mut response = if asks {
        StatusCode::OK.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    let id = HeaderValue::try_from(secret::new_uuid()).expect("hex and hyphens");
    headers.insert("x-request-id", id);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    let Some(origin) = origin else {
        return response;
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let credentials = HeaderValue::from_static("true");
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, credentials);
    if asks {
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}
