//! The web page, inside the binary: `web/dist` as the build left it.
//!
//! Addresses in the page are relative, so that it lives under any path of any site; its `<base>` is set by
//! how deep the asked path lies. Files with a hash in their name are cached for good, the rest is asked
//! for again with a strong ETag per encoding. Each file is compressed once, when it is first asked for.
mod squeeze;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};
use squeeze::{Encoding, squeezed};
use std::borrow::Cow;
use std::sync::LazyLock;
use watchalong_media::player_origins;

/// In development builds the files are read from the folder at each request.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
#[allow_missing = true]
struct Dist;

/// A year, the longest that caches keep to (RFC 9111 names no limit; RFC 2616 named this one).
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// Kept, but asked for again: a new server has a new page.
const ASK_AGAIN: &str = "no-cache";

/// What the page may do. Scripts, styles, posters and sockets are our own; the QR code of an invite is a `data:` image.
/// Films may come from anywhere, since a queue may hold links to other sites, and so may the playlists and segments of
/// a stream, which its player reads by itself. Frames show the players of known providers alone; they take orders by
/// messages, so that no script of theirs runs here. Inline styles and scripts are not needed, as Vite inlines nothing
/// and Svelte sets styles through the object model.
static CONTENT_SECURITY_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let players: Vec<&str> = player_origins().collect();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
         media-src 'self' blob: https: http:; connect-src 'self' https: http:; frame-src {}; manifest-src 'self'; \
         worker-src 'self' blob:; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
        players.join(" ")
    );
    HeaderValue::try_from(policy).expect("origins and keywords are visible ASCII")
});

/// The player's own abilities, which those of providers share; everything else that a script could ask a person for is
/// off.
static PERMISSIONS_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let players: Vec<String> = player_origins()
        .map(|origin| format!("\"{origin}\""))
        .collect();
    let players = players.join(" ");
    let policy = format!(
        "autoplay=(self {players}), fullscreen=(self {players}), picture-in-picture=(self {players}), \
         encrypted-media=({players}), screen-wake-lock=(self), clipboard-write=(self), camera=(), microphone=(), \
         geolocation=(), display-capture=(), payment=(), usb=(), serial=(), hid=(), midi=(), browsing-topics=()"
    );
    HeaderValue::try_from(policy).expect("origins and keywords are visible ASCII")
});

const NOT_BUILT: &str = "The page is not built into this server. `cargo xtask build` builds both; \
    `npm run build` in web/ builds the page for a development server. The API works without it.\n";

/// The page's own addresses beside rooms: its router shows account, history and the operator's page at these.
const PAGES: [&str; 3] = ["account", "history", "admin"];

/// `/`, `/r/{code}`, [`PAGES`], `/api/docs`, `/assets/...` and whatever else lies in the root of `web/dist`.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let mut router = Router::new()
        .route(
            "/",
            get(|headers: HeaderMap| html("index.html", 0, headers)),
        )
        .route(
            "/r/{code}",
            get(|headers: HeaderMap| html("index.html", 1, headers)),
        )
        // Some programs add a slash to the links that they pass on.
        .route(
            "/r/{code}/",
            get(|headers: HeaderMap| html("index.html", 2, headers)),
        )
        .route(
            "/api/docs",
            get(|headers: HeaderMap| html("docs.html", 1, headers)),
        )
        .route(
            "/assets/{*path}",
            get(|Path(path): Path<String>, headers: HeaderMap| async move {
                file(&format!("assets/{path}"), &headers).await
            }),
        );
    for name in PAGES {
        router = router
            .route(
                &format!("/{name}"),
                get(|headers: HeaderMap| html("index.html", 0, headers)),
            )
            .route(
                &format!("/{name}/"),
                get(|headers: HeaderMap| html("index.html", 1, headers)),
            );
    }
    for name in Dist::iter().filter(|name| !name.contains('/') && !name.ends_with(".html")) {
        let path = format!("/{name}");
        router = router.route(
            &path,
            get(move |headers: HeaderMap| async move { file(&name, &headers).await }),
        );
    }
    router
}

/// The page for an address that leads nowhere: it says so by its status, and shows the way home.
pub async fn not_found(path: &str, mut headers: HeaderMap) -> Response {
    // A 304 would say that it is there.
    headers.remove(header::IF_NONE_MATCH);
    let depth = path.matches('/').count().saturating_sub(1);
    let mut response = html("index.html", depth, headers).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// A page that lies `depth` folders below the root of everything.
pub(crate) async fn html(name: &'static str, depth: usize, headers: HeaderMap) -> Response {
    let Some(found) = Dist::get(name) else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::CACHE_CONTROL, "no-store")],
            NOT_BUILT,
        )
            .into_response();
    };
    let tag = format!("{}-{depth}", tag(&found));
    let body = with_base(&bytes(found.data), depth);
    let mut response =
        negotiated(body, "text/html; charset=utf-8", &tag, ASK_AGAIN, &headers).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            CONTENT_SECURITY_POLICY.clone(),
        ),
        (
            HeaderName::from_static("permissions-policy"),
            PERMISSIONS_POLICY.clone(),
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ] {
        headers.insert(name, value);
    }
    response
}

async fn file(path: &str, headers: &HeaderMap) -> Response {
    let plain = path
        .split('/')
        .all(|part| !matches!(part, "" | "." | "..") && !part.contains('\\'));
    let Some(found) = plain.then(|| Dist::get(path)).flatten() else {
        return (
            StatusCode::NOT_FOUND,
            [(header::CACHE_CONTROL, "no-store")],
            "There is no such file.\n",
        )
            .into_response();
    };
    let mime = found.metadata.mimetype();
    let mime = if mime.starts_with("text/") {
        Cow::from(format!("{mime}; charset=utf-8"))
    } else {
        Cow::from(mime)
    };
    let caching = if is_hashed(path) { FOR_GOOD } else { ASK_AGAIN };
    let tag = tag(&found);
    negotiated(bytes(found.data), &mime, &tag, caching, headers).await
}

/// The body in the encoding that the browser likes best, or 304 where it has it already.
async fn negotiated(
    body: Bytes,
    mime: &str,
    tag: &str,
    caching: &'static str,
    asked: &HeaderMap,
) -> Response {
    let wanted = Encoding::best(asked);
    let (body, encoding) = match squeezed(tag, &body, mime, wanted).await {
        Some(smaller) => (smaller, wanted),
        None => (body, Encoding::Identity),
    };
    // Strong: the same tag is the same bytes, so each encoding has its own.
    let etag = format!("\"{tag}{}\"", encoding.suffix());
    let known = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|list| {
            list.split(',')
                .map(str::trim)
                .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
        });
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body.into_response()
    };
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    let mut set = |name, value: &str| {
        headers.insert(
            name,
            HeaderValue::from_str(value).expect("tags, types and constants are visible ASCII"),
        );
    };
    set(header::ETAG, &etag);
    set(header::CACHE_CONTROL, caching);
    set(header::VARY, "accept-encoding");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    if !known {
        set(header::CONTENT_TYPE, mime);
        if let Some(token) = encoding.token() {
            set(header::CONTENT_ENCODING, token);
        }
    }
    response
}

/// Right behind `<head>`, before anything that has an address.
fn with_base(html: &[u8], depth: usize) -> Bytes {
    let html = String::from_utf8_lossy(html);
    let href = if depth == 0 {
        "./".to_owned()
    } else {
        "../".repeat(depth)
    };
    html.replacen(
        "<head>",
        &format!("<head>\n    <base href=\"{href}\" />"),
        1,
    )
    .into()
}

/// As Vite names files: `index-BNr4lgGd.js`.
fn is_hashed(path: &str) -> bool {
    let stem = path
        .strip_prefix("assets/")
        .and_then(|name| name.split_once('.'))
        .map(|(stem, _)| stem);
    let hash = stem
        .filter(|stem| stem.is_ascii() && stem.len() > 9)
        .map(|stem| stem.split_at(stem.len() - 9).1);
    hash.is_some_and(|hash| hash.starts_with('-'))
}

/// Half of a SHA-256 is beyond any accident.
fn tag(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => data.into(),
    }
}

#[cfg(test)]
mod tests;
