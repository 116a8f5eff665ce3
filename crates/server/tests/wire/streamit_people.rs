//! StreamIt: who somebody is, how they prove it, and what every answer over HTTP carries.
use super::client::Server;
use super::streamit::{OPEN, Page, kinds, server};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha2::Sha256;

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

async fn raw(server: &Server, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let url = format!("{}{path}", server.base);
    let mut request = server.http.request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn an_account_logs_in_and_its_token_lasts_an_evening() {
    let server = server().await;
    let hanna = Page::account(&server, "Hanna").await;
    assert!(is_uuid(&hanna.id), "{}", hanna.id);
    assert_eq!(hanna.name, "Hanna");
    let said = claims(&hanna.token);
    assert_eq!(said["token_type"], "access");
    assert_eq!(said["user_id"], hanna.id);
    assert_eq!(said["jti"].as_str().unwrap().len(), 32);
    let lasts = said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap();
    assert!(lasts >= 12 * 3600, "{lasts} s");
    let head = hanna.token.split('.').next().unwrap();
    let head = URL_SAFE_NO_PAD.decode(head).unwrap();
    let head: Value = serde_json::from_slice(&head).unwrap();
    assert_eq!(head, json!({"alg": "HS256", "typ": "JWT"}));
    let again = Page::log_in(&server, "Hanna").await;
    assert_eq!(again.id, hanna.id);
    assert_ne!(again.token, hanna.token);
    for wrong in [
        json!({"email": "hanna@example.org", "password": "wrong"}),
        json!({"email": "nobody@example.org", "password": "sesame open"}),
        json!({"email": "hanna@example.org"}),
        json!({}),
    ] {
        let answer = server.post("/api/auth/login/", &wrong).await;
        assert_eq!(answer, (401, json!({"error": "Invalid credentials"})));
    }
    let (status, told) = hanna.post("/api/auth/logout/", json!({})).await;
    assert_eq!((status, told), (200, json!({"success": true})));
    let (status, _) = hanna.get("/api/rooms/XXXXXX/resume/").await;
    assert_eq!(status, 404, "the token stays good");
}

#[tokio::test]
async fn guests_need_a_name_and_nothing_else() {
    let server = server().await;
    let gus = Page::guest(&server, "Gus").await;
    assert!(is_uuid(&gus.id));
    for missing in [
        json!({}),
        json!({"display_name": "  "}),
        json!({"display_name": "\u{0}"}),
    ] {
        let answer = server.post("/api/auth/guest/", &missing).await;
        assert_eq!(answer, (400, json!({"error": "Display name required"})));
    }
    let (status, told) = server.post("/api/auth/guest-login/", &json!({})).await;
    assert_eq!((status, &told["role"]), (200, &json!("guest")));
    let name = told["username"].as_str().unwrap();
    let digits = name.strip_prefix("Guest-").unwrap();
    assert!(digits.len() == 6 && digits.chars().all(|c| c.is_ascii_hexdigit()));
    let path = "/api/rooms/create/";
    let (status, told) = gus.post(path, json!({"is_private": false})).await;
    assert_eq!(status, 403);
    assert_eq!(
        told,
        json!({"type": "ERROR", "code": "AUTH_REQUIRED", "message": "Login required to host"})
    );
}

#[tokio::test]
async fn quirk_long_and_blank_names_are_refused_instead_of_breaking_the_database() {
    let server = server().await;
    let long = json!({"display_name": "x".repeat(51)});
    assert_eq!(server.post("/api/auth/guest/", &long).await.0, 400);
    let full = json!({"display_name": "x".repeat(50)});
    assert_eq!(server.post("/api/auth/guest/", &full).await.0, 200);
    assert_eq!(server.post("/api/auth/guest/", &full).await.0, 200, "twice");
}

#[tokio::test]
async fn a_username_is_somebodys_alone_whatever_its_case() {
    let server = server().await;
    let hanna = Page::account(&server, "Hanna").await;
    let otto = Page::account(&server, "Otto").await;
    for (name, error) in [
        (json!("  "), "Username required"),
        (Value::Null, "Username required"),
        (
            json!("ab"),
            "Username must be 3-20 chars, alphanumeric or underscore",
        ),
        (
            json!("a-b-c"),
            "Username must be 3-20 chars, alphanumeric or underscore",
        ),
        (json!("OTTO"), "Username already taken"),
    ] {
        let body = json!({"username": name});
        let answer = hanna.post("/api/auth/set-username/", body).await;
        assert_eq!(answer, (400, json!({"error": error})), "{name}");
    }
    let ok = json!({"status": "ok"});
    let told = hanna.must("/api/set-username/", json!({"username": " Hanna_1 "}));
    assert_eq!(told.await, ok);
    let told = hanna.must("/api/v1/set-username", json!({"username": "hanna_1"}));
    assert_eq!(told.await, ok, "one's own in another case");
    assert_eq!(
        Page::log_in_as(&server, "hanna@example.org").await.name,
        "hanna_1"
    );
    let (status, _) = otto
        .post("/api/auth/set-username/", json!({"username": "HANNA_1"}))
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn quirk_an_account_takes_its_name_back_from_a_guest() {
    let server = server().await;
    let guest = Page::guest(&server, "movie_night").await;
    let hanna = Page::account(&server, "Hanna").await;
    let other = Page::guest(&server, "Other").await;
    let wanted = json!({"username": "movie_night"});
    let (status, _) = other.post("/api/set-username/", wanted.clone()).await;
    assert_eq!(status, 400, "a guest does not take it from a guest");
    hanna.must("/api/set-username/", wanted).await;
    let (status, _) = guest.get("/api/rooms/XXXXXX/resume/").await;
    assert_eq!(status, 404, "the guest is still somebody");
}

#[tokio::test]
async fn what_proves_nothing_is_told_so_in_the_frameworks_words() {
    let server = server().await;
    let mut page = Page::account(&server, "Hanna").await;
    let nothing = raw(&server, Method::GET, "/api/rooms/ABCDEF/detail/", &[]).await;
    assert_eq!(nothing.status(), 401);
    assert_eq!(
        header(nothing.headers(), "www-authenticate"),
        "Bearer realm=\"api\""
    );
    let told: Value = nothing.json().await.unwrap();
    assert_eq!(
        told["detail"],
        "Authentication credentials were not provided."
    );
    assert_eq!(told["error"], told["detail"]);
    // Signed by nobody, by another key, of another kind, and for a user who never was.
    let body = json!({"token_type": "access", "exp": 4_000_000_000_u64, "iat": 1, "jti": "x", "user_id": page.id});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = format!(
        "{}.{}.",
        part(&json!({"alg": "none", "typ": "JWT"})),
        part(&body)
    );
    let signed = format!(
        "{}.{}",
        part(&json!({"alg": "HS256", "typ": "JWT"})),
        part(&body)
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(b"django-insecure").unwrap();
    mac.update(signed.as_bytes());
    let foreign = format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    );
    let good = page.token.clone();
    for token in [
        unsigned,
        foreign,
        format!("{good}x"),
        "x".to_owned(),
        "x".repeat(10_000),
    ] {
        page.token = token;
        let (status, told) = page.get("/api/rooms/ABCDEF/detail/").await;
        assert_eq!(
            (status, &told["code"]),
            (401, &json!("token_not_valid")),
            "{told}"
        );
        assert_eq!(told["detail"], "Given token not valid for any token type");
        assert_eq!(told["messages"][0]["token_class"], "AccessToken");
        assert_eq!(told["error"], told["detail"]);
    }
}

#[tokio::test]
async fn quirk_a_token_ends_with_its_account_and_with_logging_out_everywhere() {
    let server = Server::with(&[&OPEN[..], &["--admin-key", "opensesame"]].concat()).await;
    let hanna = Page::account(&server, "Hanna").await;
    let (status, _) = hanna.get("/api/rooms/XXXXXX/resume/").await;
    assert_eq!(status, 404);
    let login = json!({"email": "hanna@example.org", "password": "sesame open"});
    let (_, made) = server.post("/api/v2/tokens", &login).await;
    let url = format!("{}/api/v2/sessions", server.base);
    let ended = server
        .http
        .delete(url)
        .bearer_auth(made["token"].as_str().unwrap());
    assert_eq!(ended.send().await.unwrap().status(), 204);
    assert_eq!(hanna.get("/api/rooms/XXXXXX/resume/").await.0, 401);
    let again = Page::log_in(&server, "Hanna").await;
    server.sql("UPDATE accounts SET disabled = 1").await;
    assert_eq!(again.get("/api/rooms/XXXXXX/resume/").await.0, 401);
    server.sql("DELETE FROM accounts").await;
    assert_eq!(again.get("/api/rooms/XXXXXX/resume/").await.0, 401);
}

#[tokio::test]
async fn the_cookie_of_older_pages_works_where_it_did_and_from_allowed_pages_only() {
    let server = server().await;
    Page::account(&server, "Hanna").await;
    let login = json!({"email": "hanna@example.org", "password": "sesame open"}).to_string();
    let url = format!("{}/api/auth/login/", server.base);
    let answer = server.http.post(url).body(login).send().await.unwrap();
    let set = header(answer.headers(), "set-cookie").to_owned();
    for part in [
        "sessionid=",
        "HttpOnly",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=1209600",
    ] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = set.split(';').next().unwrap();
    for (origin, status) in [
        ("http://localhost:3000", 201),
        ("https://evil.example", 401),
    ] {
        let url = format!("{}/api/rooms/create/", server.base);
        let request = server.http.post(url).header("cookie", cookie);
        let answer = request
            .header("origin", origin)
            .body("{}")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{origin}");
    }
    // Token routes take tokens; it is none, and a token is no cookie.
    let value = cookie.strip_prefix("sessionid=").unwrap();
    let bearer = format!("Bearer {value}");
    for header in [("cookie", cookie), ("authorization", bearer.as_str())] {
        let path = "/api/rooms/ABCDEF/detail/";
        let detail = raw(&server, Method::GET, path, &[header]).await;
        assert_eq!(detail.status(), 401, "{header:?}");
    }
}

#[tokio::test]
async fn every_answer_carries_its_headers_and_only_allowed_pages_may_read_it() {
    let server = server().await;
    let here = "http://localhost:3000";
    let mut ids = Vec::new();
    for (method, path, status) in [
        (Method::GET, "/api/rooms/public/", 200),
        (Method::GET, "/api/rooms/nothing/here/at/all", 404),
        (Method::GET, "/api/v1/auth/login/", 405),
        (Method::GET, "/api/rooms/ABCDEF/detail", 401),
        (Method::GET, "/api/health/", 200),
        (Method::GET, "/health/", 200),
        (Method::OPTIONS, "/api/rooms/create/", 200),
        (Method::OPTIONS, "/api/v1/rooms/whatever/", 200),
        (Method::OPTIONS, "/api/set-username/", 200),
    ] {
        let preflight = method == Method::OPTIONS;
        let answer = raw(&server, method, path, &[("origin", here)]).await;
        assert_eq!(answer.status(), status, "{path}");
        let headers = answer.headers();
        for (name, value) in [
            ("access-control-allow-origin", here),
            ("access-control-allow-credentials", "true"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(header(headers, name), value, "{name} of {path}");
        }
        if preflight {
            let may = header(headers, "access-control-allow-headers");
            assert!(may.contains("authorization") && may.contains("content-type"));
            let methods = header(headers, "access-control-allow-methods");
            assert_eq!(methods, "DELETE, GET, OPTIONS, PATCH, POST, PUT");
            assert_eq!(header(headers, "access-control-max-age"), "86400");
        }
        ids.push(header(headers, "x-request-id").to_owned());
    }
    assert!(ids.iter().all(|id| is_uuid(id)));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 9, "new each time");
    let foreign = [("origin", "https://evil.example")];
    let answer = raw(&server, Method::GET, "/api/rooms/public/", &foreign).await;
    assert_eq!(header(answer.headers(), "access-control-allow-origin"), "");
    let own = Server::with(&["--streamit-origins", "https://watch.example"]).await;
    let answer = raw(&own, Method::GET, "/api/rooms/public/", &[("origin", here)]).await;
    assert_eq!(header(answer.headers(), "access-control-allow-origin"), "");
}

#[tokio::test]
async fn quirk_both_spellings_of_a_path_and_both_versions_are_the_same() {
    let server = server().await;
    for path in [
        "/api/rooms/public",
        "/api/rooms/public/",
        "/api/v1/rooms/public",
        "/api/v1/rooms/public/",
    ] {
        assert_eq!(server.get(path).await, (200, json!([])), "{path}");
    }
    for path in ["/api/auth/guest", "/api/v1/auth/guest/"] {
        let body = json!({"display_name": "Gus"});
        assert_eq!(server.post(path, &body).await.0, 200, "{path}");
    }
    let (status, told) = server.get("/api/auth/login/").await;
    assert_eq!(
        (status, &told["detail"]),
        (405, &json!("Method \"GET\" not allowed."))
    );
}

#[tokio::test]
async fn quirk_bodies_that_are_none_are_answered_instead_of_breaking_the_server() {
    let server = server().await;
    let hanna = Page::account(&server, "Hanna").await;
    let deep = "[".repeat(5000);
    let large = format!("{{\"code\":\"{}\"}}", "x".repeat(1 << 20));
    for body in [
        "{",
        "[]",
        "7",
        "null",
        "\u{1}",
        r#"{"code":7}"#,
        r#"{"code":{}}"#,
        &deep,
        &large,
    ] {
        let url = format!("{}/api/rooms/join/", server.base);
        let request = server.http.post(url).bearer_auth(&hanna.token);
        let answer = request.body(body.to_owned()).send().await.unwrap();
        let status = answer.status().as_u16();
        assert!(status == 400 || status == 413, "{status} to {:.20}", body);
        let told: Value = answer.json().await.unwrap();
        assert!(told["error"].is_string(), "{told}");
    }
    for (path, body, status) in [
        ("/api/rooms/create/", json!({"is_private": "yes"}), 400),
        (
            "/api/rooms/source/",
            json!({"room_id": 7, "provider": "vidking", "video_id": "1"}),
            400,
        ),
        (
            "/api/rooms/source/",
            json!({"room_id": "no uuid", "provider": "vidking", "video_id": "1"}),
            404,
        ),
        ("/api/rooms/delete/", json!({"room_id": "no uuid"}), 404),
        ("/api/rooms/delete/", json!({}), 404),
        (
            "/api/rooms/approve/",
            json!({"room_id": "x", "user_id": "y"}),
            404,
        ),
        (
            "/api/rooms/progress/save/",
            json!({"room_id": "x", "timestamp": "1"}),
            404,
        ),
    ] {
        let (got, told) = hanna.post(path, body.clone()).await;
        assert_eq!(got, status, "{path} {body}: {told}");
        assert!(told["error"].is_string(), "{told}");
    }
}

#[tokio::test]
async fn the_dialect_can_be_switched_off() {
    let server = Server::with(&["--dialects", "none"]).await;
    let (status, told) = server.get("/api/rooms/public/").await;
    assert_eq!((status, &told["code"]), (404, &json!("not_found")));
}

#[tokio::test]
async fn names_are_the_rooms_own_where_two_are_called_the_same() {
    let server = server().await;
    let (_, _, room, mut hanna, _gus) = super::streamit::evening(&server).await;
    let impostor = Page::guest(&server, "Hanna").await;
    let entered = impostor.enter(&room).await;
    assert_eq!(
        entered.welcome[2]["participants"],
        json!(["Hanna", "Gus", "Hanna 2"])
    );
    assert_eq!(entered.welcome[2]["host"], "Hanna");
    assert_eq!(hanna.until("USER_JOINED").await["user"], "Hanna 2");
    assert!(kinds(&hanna.told().await).is_empty());
}
