//! Tokens for programs: what is one, and every way of pretending.
use crate::browser::Browser;
use crate::client::Server;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

async fn token(server: &Server, ann: &mut Browser) -> String {
    let asked = json!({"email": "ann@example.org", "password": "correct horse"});
    let (status, made) = ann.post("/tokens", &asked).await;
    assert_eq!(status, 200, "{made}");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64;
    let lasts = made["expires_at"].as_i64().unwrap() - now;
    assert!(lasts > 12 * 3600 * 1000, "{lasts}");
    let _ = server;
    made["token"].as_str().unwrap().to_owned()
}

fn part(text: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn signed(header: &Value, claims: &Value, key: &[u8]) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(header), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    format!(
        "{text}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

#[tokio::test]
async fn a_token_is_its_account_and_nothing_else_is() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    let jwt = token(&server, &mut ann).await;
    assert_eq!(jwt.len() % 3, 0, "players that decode it whole as base64");
    let parts: Vec<_> = jwt.split('.').collect();
    let (header, claims) = (part(parts[0]), part(parts[1]));
    assert_eq!(header["alg"], "HS256");
    let mut program = Browser::new(&server);
    let (status, me) = program.bearer(Method::GET, "/me", &jwt).await;
    assert_eq!(
        (status, me["account"]["email"].as_str()),
        (200, Some("ann@example.org"))
    );

    let key = server.blob("SELECT secret FROM token_keys").await;
    assert_eq!(
        program
            .bearer(Method::GET, "/me", &signed(&header, &claims, &key))
            .await
            .0,
        200,
        "this test signs right"
    );
    let with = |base: &Value, field: &str, value: Value| {
        let mut changed = base.clone();
        changed[field] = value;
        changed
    };
    let none = URL_SAFE_NO_PAD.encode(with(&header, "alg", json!("none")).to_string());
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let mut eternal = claims.clone();
    eternal.as_object_mut().unwrap().remove("exp");
    for (what, forged) in [
        ("alg none", format!("{none}.{}.", parts[1])),
        (
            "alg none, signature kept",
            format!("{none}.{}.{}", parts[1], parts[2]),
        ),
        (
            "RS256 signed with the HMAC key",
            signed(&with(&header, "alg", json!("RS256")), &claims, &key),
        ),
        (
            "HS512 named",
            signed(&with(&header, "alg", json!("HS512")), &claims, &key),
        ),
        ("another key", signed(&header, &claims, &[7; 32])),
        ("an empty key", signed(&header, &claims, &[])),
        (
            "an unknown kid",
            signed(
                &with(&header, "kid", json!("../../etc/passwd")),
                &claims,
                &key,
            ),
        ),
        (
            "a kid that is SQL",
            signed(
                &with(&header, "kid", json!("' OR 1=1 --")),
                &claims,
                &[7; 32],
            ),
        ),
        (
            "no kid",
            signed(&json!({"alg": "HS256", "typ": "JWT"}), &claims, &key),
        ),
        (
            "expired",
            signed(&header, &with(&claims, "exp", json!(now - 1)), &key),
        ),
        ("without an end", signed(&header, &eternal, &key)),
        (
            "of another issuer",
            signed(&header, &with(&claims, "iss", json!("elsewhere")), &key),
        ),
        (
            "for another audience",
            signed(&header, &with(&claims, "aud", json!("elsewhere")), &key),
        ),
        (
            "of nobody",
            signed(&header, &with(&claims, "sub", json!("nobody")), &key),
        ),
        (
            "of an earlier epoch",
            signed(&header, &with(&claims, "epoch", json!(-1)), &key),
        ),
        (
            "changed",
            format!(
                "{}.{}.{}",
                parts[0],
                URL_SAFE_NO_PAD.encode(with(&claims, "sub", json!("x")).to_string()),
                parts[2]
            ),
        ),
        ("cut", jwt[..jwt.len() - 4].to_owned()),
        ("nonsense", "a.b.c".to_owned()),
        (
            "huge",
            format!("{}.{}.{}", "a".repeat(4000), "b".repeat(4000), "c"),
        ),
    ] {
        let (status, error) = program.bearer(Method::GET, "/me", &forged).await;
        assert_eq!(
            (status, error["code"].as_str()),
            (401, Some("bad_token")),
            "{what}"
        );
    }
}

#[tokio::test]
async fn logging_out_everywhere_ends_cookies_and_tokens() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let (mut here, mut there) = (Browser::new(&server), Browser::new(&server));
    here.sign_up("ann@example.org").await;
    there.log_in("ann@example.org", "correct horse").await;
    let jwt = token(&server, &mut there).await;
    assert_eq!(here.delete("/sessions").await.0, 204);
    assert_eq!(there.get("/me").await.1["kind"], "anonymous");
    assert_eq!(here.get("/me").await.1["kind"], "anonymous");
    assert_eq!(there.bearer(Method::GET, "/me", &jwt).await.0, 401);
    let fresh = token(&server, &mut there).await;
    assert_eq!(there.bearer(Method::GET, "/me", &fresh).await.0, 200);
}

#[tokio::test]
async fn keys_rotate_and_old_tokens_stay_good_until_they_end() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    let old = token(&server, &mut ann).await;
    server
        .sql("UPDATE token_keys SET created_at = created_at - 31 * 24 * 3600 * 1000")
        .await;
    let new = token(&server, &mut ann).await;
    let kid = |jwt: &str| part(jwt.split('.').next().unwrap())["kid"].clone();
    assert_ne!(kid(&old), kid(&new));
    for jwt in [&old, &new] {
        assert_eq!(ann.bearer(Method::GET, "/me", jwt).await.0, 200);
    }
    // Once all that the old key signed is over, the next rotation forgets it.
    server.sql("UPDATE token_keys SET created_at = created_at - 31 * 24 * 3600 * 1000, last_expiry = 1").await;
    token(&server, &mut ann).await;
    assert_eq!(server.texts("SELECT kid FROM token_keys").await.len(), 1);
}
