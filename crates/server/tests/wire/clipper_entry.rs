//! Who somebody is to the watch parties: tokens in headers, subprotocols and cookies, and pages of other origins.
use crate::client::{Server, http};
use crate::clipper::{AT, Person, Socket, Told};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::json;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

async fn plain(server: &Server, method: Method, path: &str, headers: &[(&str, &str)]) -> Told {
    let mut request = http().request(method, format!("{}{AT}{path}", server.base));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Told::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn the_first_token_that_is_there_counts_and_none_in_an_address() {
    let server = Server::start().await;
    let ann = Person::guest(&server, "Ann").await;
    let (good, bad) = (ann.token.as_str(), "ey.ey.ey");
    let cookie = |token: &str| format!("other=1; access_token={token}");
    let bearer = |token: &str| format!("Bearer {token}");
    for (headers, path, status) in [
        (vec![], "/history", 401),
        (
            vec![],
            &format!("/history?token={good}&access_token={good}"),
            401,
        ),
        (vec![("authorization", bearer(good))], "/history", 200),
        (vec![("cookie", cookie(good))], "/history", 200),
        (
            vec![("authorization", bearer(bad)), ("cookie", cookie(good))],
            "/history",
            401,
        ),
        (
            vec![("authorization", bearer(good)), ("cookie", cookie(bad))],
            "/history",
            200,
        ),
        (vec![("cookie", cookie(""))], "/history", 401),
        (
            vec![(
                "sec-websocket-protocol",
                format!("auth.bearer.{}", STANDARD.encode(good)),
            )],
            "/history",
            401,
        ),
    ] {
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let told = plain(&server, Method::GET, path, &headers).await;
        assert_eq!(told.status, status, "{path} {headers:?}");
        if status == 401 {
            assert_eq!(told.refused().1, "UNAUTHORIZED");
        }
    }
}

#[tokio::test]
async fn a_browser_offers_its_token_as_a_subprotocol_and_gets_it_back() {
    let server = Server::start().await;
    let ann = Person::guest(&server, "Ann").await;
    let made = ann.create(json!({})).await;
    let url = format!(
        "{}{AT}/{}/ws",
        server.base.replace("http", "ws"),
        made["id"].as_str().unwrap()
    );
    let token = ann.token.as_bytes();
    assert_eq!(
        token.len() % 3,
        0,
        "no padding, which no subprotocol may have"
    );
    for offer in [
        format!("auth.bearer.{}", STANDARD.encode(token)),
        format!("auth.bearer.{}", URL_SAFE_NO_PAD.encode(token)),
    ] {
        let mut request = url.as_str().into_client_request().unwrap();
        let offered = format!("chat, {offer}");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", offered.parse().unwrap());
        let (_, answer) = tokio_tungstenite::connect_async(request).await.unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], offer.as_str());
    }
    for (name, value, status) in [
        (
            "sec-websocket-protocol",
            "auth.bearer.bm90IGEgdG9rZW4".to_owned(),
            401,
        ),
        ("sec-websocket-protocol", "chat".to_owned(), 401),
        ("x-nothing", String::new(), 401),
    ] {
        let mut request = url.as_str().into_client_request().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        let refused = Socket::open(request).await.err().unwrap();
        assert_eq!(refused.0, status);
    }
    // The cookie alone does, too; from another site's page it does not.
    for (origin, status) in [
        (None, 101),
        (Some(server.base.clone()), 101),
        (Some("https://evil.example".into()), 403),
    ] {
        let mut request = url.as_str().into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert(
            "cookie",
            format!("access_token={}", ann.token).parse().unwrap(),
        );
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().unwrap());
        }
        let opened = Socket::open(request)
            .await
            .map(drop)
            .map_err(|refused| refused.0);
        assert_eq!(opened.err().unwrap_or(101), status);
    }
}

#[tokio::test]
async fn a_cookie_changes_things_only_from_pages_that_may() {
    let server = Server::with(&["--clipper-origins", "https://clipper.example"]).await;
    let ann = Person::guest(&server, "Ann").await;
    let cookie = format!("access_token={}", ann.token);
    let create = |headers: Vec<(&'static str, String)>| {
        let request = http()
            .post(format!("{}{AT}", server.base))
            .json(&json!({"title": "x"}));
        let request = headers
            .into_iter()
            .fold(request, |r, (name, value)| r.header(name, value));
        async move { Told::of(request.send().await.unwrap()).await }
    };
    let with = |name: &'static str, value: &str| {
        vec![("cookie", cookie.clone()), (name, value.to_owned())]
    };
    assert_eq!(
        create(vec![("cookie", cookie.clone())]).await.status,
        201,
        "no browser"
    );
    assert_eq!(create(with("origin", &server.base)).await.status, 201);
    let allowed = create(with("origin", "https://clipper.example")).await;
    assert_eq!(allowed.status, 201);
    assert_eq!(
        allowed.headers["access-control-allow-origin"],
        "https://clipper.example"
    );
    assert_eq!(allowed.headers["access-control-allow-credentials"], "true");
    for refused in [
        with("origin", "https://evil.example"),
        with("origin", "null"),
        with("sec-fetch-site", "cross-site"),
    ] {
        let told = create(refused).await;
        assert_eq!(told.refused(), (403, "FORBIDDEN"));
        assert!(!told.headers.contains_key("access-control-allow-origin"));
    }
    // A token in the header is nobody's browser's.
    let bearer = vec![
        ("authorization", format!("Bearer {}", ann.token)),
        ("origin", "https://evil.example".into()),
    ];
    assert_eq!(create(bearer).await.status, 201);
    let asked = http()
        .request(Method::OPTIONS, format!("{}{AT}", server.base))
        .header("origin", "https://clipper.example");
    let asked = asked
        .header("access-control-request-method", "POST")
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), 204);
    for name in ["Authorization", "Content-Type", "X-CSRF-Token"] {
        let allowed = asked.headers()["access-control-allow-headers"]
            .to_str()
            .unwrap();
        assert!(allowed.contains(name));
    }
    let methods = asked.headers()["access-control-allow-methods"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(methods, "GET, POST, PATCH, DELETE");
}

#[tokio::test]
async fn refresh_gives_a_new_cookie_or_401_and_never_a_page() {
    let server = Server::start().await;
    let ann = Person::guest(&server, "Ann").await;
    let refresh = |cookie: Option<String>| {
        let mut request = http().post(format!("{}/api/v1/auth/refresh", server.base));
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        async move { Told::of(request.send().await.unwrap()).await }
    };
    assert_eq!(refresh(None).await.refused(), (401, "UNAUTHORIZED"));
    assert_eq!(
        refresh(Some("access_token=rotten".into())).await.refused(),
        (401, "UNAUTHORIZED")
    );
    let fresh = refresh(Some(format!("access_token={}", ann.token))).await;
    let set = fresh.headers["set-cookie"].to_str().unwrap().to_owned();
    for part in ["access_token=ey", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    fresh.data(200);
    let me = ann.get("/api/v1/auth/me").await;
    assert_eq!(
        (&me.body["id"], &me.body["display_name"]),
        (&json!(ann.id), &json!("Ann"))
    );
}

#[tokio::test]
async fn an_account_of_the_server_is_a_user_here_by_its_token_or_its_login() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let login = json!({"email": "ann@example.org", "password": "sesame12", "name": "Ann Lee"});
    let made = server
        .http
        .post(format!("{}/api/v2/accounts", server.base))
        .json(&login)
        .send()
        .await
        .unwrap();
    assert!(made.status().is_success(), "{}", made.status());
    let session = made
        .headers()
        .get_all("set-cookie")
        .iter()
        .find_map(|cookie| {
            let text = cookie.to_str().unwrap().split(';').next().unwrap();
            text.starts_with("watchalong_session=")
                .then(|| text.to_owned())
        });
    let (_, token) = server.post("/api/v2/tokens", &login).await;
    let token = token["token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let made = http()
        .post(format!("{}{AT}", server.base))
        .header("authorization", &bearer);
    let made = Told::of(made.json(&json!({"title": "x"})).send().await.unwrap())
        .await
        .data(201);
    let host = made["party"]["host_user_id"].as_str().unwrap().to_owned();
    // The browser's login becomes the same user.
    let refresh = http()
        .post(format!("{}/api/v1/auth/refresh", server.base))
        .header("cookie", session.unwrap());
    let fresh = Told::of(refresh.send().await.unwrap()).await;
    let token = fresh.data(200)["token"].as_str().unwrap().to_owned();
    let me = http()
        .get(format!("{}/api/v1/auth/me", server.base))
        .header("cookie", format!("access_token={token}"));
    let me = Told::of(me.send().await.unwrap()).await.data(200);
    assert_eq!(
        (&me["id"], &me["display_name"]),
        (&json!(host), &json!("Ann Lee"))
    );
}
