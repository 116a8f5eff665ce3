//! Limits: guesses are slowed, floods are refused, and nobody locks anybody else out.
use crate::browser::Browser;
use crate::client::Server;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn guessing_is_slowed_without_locking_the_owner_out() {
    let server = Server::with(&["--sign-up", "open", "--limit-login", "3/min"]).await;
    let mut owner = Browser::new(&server);
    owner.sign_up("ann@example.org").await;
    owner.delete("/session").await;
    let mut eve = Browser::new(&server);
    for n in 0..6 {
        // From everywhere: it is the account that is being guessed.
        eve.address = format!("203.0.113.{n}");
        let (status, error) = eve.log_in("ann@example.org", "guess").await;
        let expected = if n < 3 {
            (401, "wrong_credentials")
        } else {
            (429, "too_many_requests")
        };
        assert_eq!(
            (status, error["code"].as_str()),
            (expected.0, Some(expected.1)),
            "try {n}"
        );
    }
    assert!(
        eve.retry_after.is_some_and(|wait| (1..=20).contains(&wait)),
        "{:?}",
        eve.retry_after
    );
    // Even the right password does not help from an unknown device now, ...
    assert_eq!(eve.log_in("ann@example.org", "correct horse").await.0, 429);
    // ... but the owner's own device has a budget of its own, which failing uses up like any other.
    assert_eq!(
        owner.log_in("ann@example.org", "correct horse").await.0,
        200
    );
    for _ in 0..3 {
        assert_eq!(owner.log_in("ann@example.org", "typo").await.0, 401);
    }
    assert_eq!(owner.log_in("ann@example.org", "typo").await.0, 429);
}

#[tokio::test]
async fn one_address_can_not_try_many_accounts_and_success_costs_nothing() {
    let server = Server::with(&["--sign-up", "open", "--limit-login", "3/min"]).await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    ann.address = "2001:db8:1:2::1".to_owned();
    for _ in 0..8 {
        ann.cookies.clear();
        assert_eq!(ann.log_in("ann@example.org", "correct horse").await.0, 200);
    }
    let mut eve = Browser::new(&server);
    for n in 0..5 {
        eve.address = format!("2001:db8:1:2::{n}");
        let (status, _) = eve.log_in(&format!("p{n}@example.org"), "guess").await;
        assert_eq!(
            status,
            if n < 3 { 401 } else { 429 },
            "one /64 is one address"
        );
    }
    eve.address = "2001:db8:1:3::1".to_owned();
    assert_eq!(eve.log_in("p9@example.org", "guess").await.0, 401);
}

#[tokio::test]
async fn requests_rooms_and_sign_ups_have_a_measure_for_each_address() {
    let server = Server::with(&[
        "--sign-up",
        "open",
        "--limit-sign-up",
        "1/hour",
        "--limit-create",
        "2/min",
        "--limit-requests",
        "12/min",
    ])
    .await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    let second = json!({"email": "ben@example.org", "name": "Ben", "password": "correct horse"});
    assert_eq!(ann.post("/accounts", &second).await.0, 429);
    assert!(
        ann.retry_after.is_some_and(|wait| wait > 3000),
        "{:?}",
        ann.retry_after
    );
    ann.cookies.clear();
    for expected in [201, 201, 429] {
        assert_eq!(ann.post("/rooms", &json!({})).await.0, expected);
    }
    let mut told = json!(null);
    for _ in 0..12 {
        told = ann.get("/rooms").await.1;
    }
    assert_eq!(told["code"], "too_many_requests");
    assert!(told["retry_after"].is_u64());
    ann.address = "192.0.2.77".to_owned();
    assert_eq!(ann.get("/rooms").await.0, 200);
}

#[tokio::test]
async fn joining_has_a_measure_and_coming_back_does_not_count() {
    let server = Server::with(&["--limit-join", "2/min"]).await;
    let room = server.room(&json!({})).await;
    let ann = server.join(&room, "Ann", json!({})).await;
    server.join(&room, "Ben", json!({})).await;
    let mut eve = server.socket(room["code"].as_str().unwrap()).await;
    eve.hello("Eve", json!({})).await;
    let (bye, close) = eve.farewell().await;
    assert_eq!(
        (bye["code"].as_str(), close),
        (Some("too_many_requests"), json!(4429))
    );
    assert_eq!(bye["again"], true);
    assert!(
        bye["retry_ms"]
            .as_u64()
            .is_some_and(|wait| (1..=30_000).contains(&wait)),
        "{bye}"
    );
    let token = ann.seen[0]["resume"].clone();
    for _ in 0..4 {
        server.join(&room, "Ann", json!({"resume": token})).await;
    }
}

#[tokio::test]
async fn room_passwords_and_admin_keys_can_not_be_guessed_fast() {
    let server = Server::with(&["--limit-guess", "2/min", "--admin-key", "open sesame"]).await;
    let room = server.room(&json!({"password": "sesame"})).await;
    let code = room["code"].as_str().unwrap();
    for expected in ["wrong_password", "wrong_password", "too_many_requests"] {
        let mut eve = server.socket(code).await;
        eve.hello("Eve", json!({"password": "guess"})).await;
        assert_eq!(eve.farewell().await.0["code"], expected);
    }
    server.host(&room).await;
    let mut admin = Browser::new(&server);
    for _ in 0..4 {
        assert_eq!(
            admin
                .bearer(Method::GET, "/admin/people", "open sesame")
                .await
                .0,
            200
        );
    }
    for expected in [401, 401, 429] {
        assert_eq!(
            admin.bearer(Method::GET, "/admin/people", "guess").await.0,
            expected
        );
    }
    assert_eq!(
        admin
            .bearer(Method::GET, "/admin/people", "open sesame")
            .await
            .0,
        429,
        "no way to see which was right"
    );
}

#[tokio::test]
async fn an_admin_key_can_not_be_guessed_through_a_rooms_requests_either() {
    let server = Server::with(&["--limit-guess", "2/min", "--admin-key", "open sesame"]).await;
    let room = server.room(&json!({})).await;
    let url = format!(
        "{}/api/v2/rooms/{}",
        server.base,
        room["code"].as_str().unwrap()
    );
    let ask = |key: &str| server.http.delete(&url).bearer_auth(key).send();
    for expected in [401, 401, 429] {
        assert_eq!(ask("guess").await.unwrap().status(), expected);
    }
    // Not even the right one is told apart now.
    assert_eq!(ask("open sesame").await.unwrap().status(), 429);
}

#[tokio::test]
async fn uploads_begin_only_so_often() {
    let server = Server::with(&["--limit-upload", "2/hour"]).await;
    let room = server.room(&json!({})).await;
    let ann = server.host(&room).await;
    let url = format!(
        "{}/api/v2/rooms/{}/uploads",
        server.base,
        room["code"].as_str().unwrap()
    );
    for expected in [201, 201, 429] {
        let answer = server
            .http
            .post(&url)
            .bearer_auth(ann.seen[0]["person"].as_str().unwrap())
            .header("tus-resumable", "1.0.0")
            .header("upload-length", 5)
            .header("upload-metadata", "filename YS5tcDQ=")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), expected);
        assert_eq!(
            answer.headers().contains_key("retry-after"),
            expected == 429
        );
    }
}
