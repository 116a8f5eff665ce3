use super::*;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt as _;

async fn ask(path: &str, headers: &[(&str, &str)]) -> (Response<()>, Bytes) {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router::<()>()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    (
        Response::from_parts(parts, ()),
        to_bytes(body, usize::MAX).await.unwrap(),
    )
}

fn header_of<'a>(response: &'a Response<()>, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// A page must be built for these: `cargo xtask test` does that first.
fn script() -> String {
    let name = Dist::iter().find(|name| name.starts_with("assets/index-") && name.ends_with(".js"));
    format!(
        "/{}",
        name.expect("web/dist is built (npm run build in web/)")
    )
}

#[tokio::test]
async fn the_base_follows_the_depth_of_the_path() {
    for (path, base) in [
        ("/", "./"),
        ("/r/bakoti-zuna", "../"),
        ("/r/bakoti-zuna/", "../../"),
        ("/account", "./"),
        ("/account/", "../"),
        ("/history", "./"),
        ("/admin", "./"),
        ("/api/docs", "../"),
    ] {
        let (response, body) = ask(path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(
            header_of(&response, "content-type"),
            "text/html; charset=utf-8"
        );
        assert_eq!(header_of(&response, "cache-control"), "no-cache");
        let text = String::from_utf8(body.to_vec()).unwrap();
        let base = text.find(&format!("<base href=\"{base}\" />")).expect(path);
        let first = ["href=\"./", "src=\"./"]
            .iter()
            .filter_map(|address| text.find(address))
            .min()
            .unwrap();
        assert!(base < first, "before everything with an address");
        assert_eq!(text.matches("<base").count(), 1);
    }
}

#[tokio::test]
async fn the_policy_lets_in_nothing_that_the_page_does_not_need() {
    let (response, body) = ask("/r/x", &[]).await;
    let policy = header_of(&response, "content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    let frames = policy
        .split(';')
        .find(|part| part.trim().starts_with("frame-src"));
    let frames: Vec<&str> = frames
        .expect("it is said")
        .split_whitespace()
        .skip(1)
        .collect();
    let players: Vec<&str> = player_origins().collect();
    assert_eq!(
        frames, players,
        "players of known providers and nothing else"
    );
    assert!(
        players
            .iter()
            .all(|origin| origin.starts_with("https://") && !origin.contains('*'))
    );
    assert_eq!(header_of(&response, "x-content-type-options"), "nosniff");
    assert_eq!(header_of(&response, "referrer-policy"), "no-referrer");
    assert_eq!(
        header_of(&response, "cross-origin-opener-policy"),
        "same-origin"
    );
    assert!(header_of(&response, "permissions-policy").contains("camera=()"));
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(
        !text.contains("<style") && !text.contains(" style=") && !text.contains("<script>"),
        "nothing inline"
    );
}

#[tokio::test]
async fn hashed_files_are_kept_for_good_and_others_asked_for_again() {
    let (response, body) = ask(&script(), &[]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(header_of(&response, "content-type").starts_with("text/javascript"));
    assert_eq!(header_of(&response, "cache-control"), FOR_GOOD);
    assert!(!body.is_empty());
    let (response, _) = ask("/icon.svg", &[]).await;
    assert_eq!(header_of(&response, "content-type"), "image/svg+xml");
    assert_eq!(header_of(&response, "cache-control"), "no-cache");
}

#[test]
fn only_names_with_a_hash_count_as_hashed() {
    for hashed in [
        "assets/index-BNr4lgGd.js",
        "assets/EndDialog-B0wkGxvv.css",
        "assets/SyncDialog-C-F5keBx.js",
    ] {
        assert!(is_hashed(hashed), "{hashed}");
    }
    for plain in [
        "icon.svg",
        "assets/logo.svg",
        "index-BNr4lgGd.js",
        "assets/-BNr4lgGd.js",
        "assets/x",
    ] {
        assert!(!is_hashed(plain), "{plain}");
    }
}

#[tokio::test]
async fn each_encoding_is_smaller_and_has_its_own_tag() {
    let path = script();
    let (plain, whole) = ask(&path, &[("accept-encoding", "identity")]).await;
    assert_eq!(header_of(&plain, "content-encoding"), "");
    let mut tags = vec![header_of(&plain, "etag").to_owned()];
    for (asked, token) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
    ] {
        let (response, body) = ask(&path, &[("accept-encoding", asked)]).await;
        assert_eq!(header_of(&response, "content-encoding"), token, "{asked}");
        assert_eq!(header_of(&response, "vary"), "accept-encoding");
        assert!(
            body.len() * 2 < whole.len(),
            "{} of {}",
            body.len(),
            whole.len()
        );
        tags.push(header_of(&response, "etag").to_owned());
        let (again, same) = ask(&path, &[("accept-encoding", asked)]).await;
        assert_eq!(
            (header_of(&again, "etag"), same),
            (header_of(&response, "etag"), body)
        );
    }
    assert_eq!(tags[2], tags[3]);
    tags.dedup();
    assert_eq!(tags.len(), 3, "{tags:?}");
    assert!(
        tags.iter().all(|tag| tag.starts_with('"')),
        "strong: {tags:?}"
    );
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    for path in ["/", "/icon.svg", &script()] {
        let gzip = ("accept-encoding", "gzip");
        let (first, _) = ask(path, &[gzip]).await;
        let tag = header_of(&first, "etag");
        for known in [
            tag.to_owned(),
            format!("\"other\", W/{tag}"),
            "*".to_owned(),
        ] {
            let (response, body) = ask(path, &[gzip, ("if-none-match", &known)]).await;
            assert_eq!(
                response.status(),
                StatusCode::NOT_MODIFIED,
                "{path} {known}"
            );
            assert_eq!(header_of(&response, "etag"), tag);
            assert!(body.is_empty());
        }
        let (response, _) = ask(path, &[gzip, ("if-none-match", "\"other\"")]).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
    let (first, _) = ask("/", &[]).await;
    let (deeper, _) = ask("/r/x", &[("if-none-match", header_of(&first, "etag"))]).await;
    assert_eq!(
        deeper.status(),
        StatusCode::OK,
        "another base is another page"
    );
}

#[tokio::test]
async fn no_path_leads_out_of_the_page() {
    for path in [
        "/assets/../index.html",
        "/assets/..%2f..%2fpackage.json",
        "/assets/%2e%2e/%2e%2e/package.json",
        "/assets//etc/passwd",
        "/assets/%2fetc%2fpasswd",
        "/assets/..%5cindex.html",
        "/assets/nothing.js",
        "/index.html",
    ] {
        let (response, _) = ask(path, &[]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
