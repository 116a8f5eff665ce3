//! What every answer carries: an id, what browsers must not do with it, and which other page may read it (CORS).
use crate::config::Config;
use crate::http::cors::{Cors, listed};
use crate::secret;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const CORS: Cors = Cors {
    methods: "DELETE, GET, OPTIONS, PATCH, POST, PUT",
    headers: "accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with",
    exposed: None,
    max_age: Some("86400"),
};

/// Whether a request that proves itself by a cookie alone comes from a page that may send it.
pub(super) fn may_use_cookie(headers: &HeaderMap, config: &Config) -> bool {
    crate::http::own_origin(headers, config) || listed(headers, &config.streamit_origins).is_some()
}

/// Puts them on, and answers what browsers ask beforehand.
pub(super) async fn all(
    State(config): State<Arc<Config>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = listed(request.headers(), &config.streamit_origins).cloned();
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
    match origin {
        Some(origin) => CORS.allow(origin, asks, headers),
        None => {
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
    }
    response
}
