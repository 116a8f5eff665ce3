//! Accounts: signing up, being known again, changing, going; and what administrators may.
use crate::browser::Browser;
use crate::client::Server;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn who_signs_up_is_logged_in_and_known_again() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let mut ann = Browser::new(&server);
    let (_, nobody) = ann.get("/me").await;
    assert_eq!(nobody["kind"], "anonymous");
    assert_eq!(nobody["sign_up"], "open");
    let me = ann.sign_up(" Ann@Example.org ").await;
    assert_eq!(me["kind"], "account");
    assert_eq!(me["account"]["email"], "ann@example.org");
    assert_eq!(me["account"]["admin"], false);
    assert_eq!(me["account"]["has_password"], true);
    let session = ann
        .set
        .iter()
        .find(|set| set.starts_with("watchalong_session="))
        .unwrap();
    for part in [
        "; Path=/;",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Max-Age=2592000",
    ] {
        assert!(session.contains(part), "{session}");
    }
    assert!(!session.contains("Secure"), "plain http");
    assert_eq!(ann.get("/me").await.1, me);

    let mut again = Browser::new(&server);
    assert_eq!(
        again.log_in("ANN@example.org", "correct horse").await,
        (200, me.clone())
    );
    let (_, list) = again.get("/sessions").await;
    assert_eq!(list["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(
        list["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|s| s["current"] == true)
            .count(),
        1
    );
    assert_eq!(again.delete("/session").await.0, 204);
    assert_eq!(again.get("/me").await.1["kind"], "anonymous");
    assert_eq!(ann.get("/me").await.1["kind"], "account");
}

#[tokio::test]
async fn behind_https_and_a_path_the_cookie_is_for_there_only() {
    let server = Server::with(&[
        "--sign-up",
        "open",
        "--public-url",
        "https://party.example.org/films",
    ])
    .await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    assert!(
        ann.set
            .iter()
            .all(|set| set.contains("; Path=/films;") && set.ends_with("; Secure")),
        "{:?}",
        ann.set
    );
}

#[tokio::test]
async fn bad_sign_ups_are_told_what_is_wrong() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    let good = json!({"email": "ben@example.org", "name": "Ben", "password": "correct horse"});
    for (part, value, status, code) in [
        ("email", json!("ben"), 422, "bad_email"),
        (
            "email",
            json!("a".repeat(300) + "@example.org"),
            422,
            "bad_email",
        ),
        ("email", json!("ANN@example.org"), 409, "email_taken"),
        ("name", json!("\u{200b}\u{202e}"), 422, "bad_text"),
        ("password", json!("short"), 422, "bad_password"),
        ("password", json!("x".repeat(257)), 422, "bad_password"),
        ("invite", json!("never-made"), 403, "bad_invite"),
        ("password", json!(7), 422, "bad_request"),
    ] {
        let mut body = good.clone();
        body[part] = value;
        let (told, error) = ann.post("/accounts", &body).await;
        assert_eq!(
            (told, error["code"].as_str()),
            (status, Some(code)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn nobody_learns_which_part_was_wrong() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    let mut eve = Browser::new(&server);
    let wrong_password = eve.log_in("ann@example.org", "incorrect horse").await;
    assert_eq!(wrong_password.0, 401);
    assert_eq!(wrong_password.1["code"], "wrong_credentials");
    assert_eq!(
        eve.log_in("nobody@example.org", "correct horse").await,
        wrong_password
    );
    assert_eq!(
        eve.log_in("not an address", "correct horse").await,
        wrong_password
    );
    assert_eq!(
        eve.log_in("ann@example.org", &"x".repeat(5000)).await,
        wrong_password
    );
    assert!(eve.set.is_empty());
    assert_eq!(
        eve.post(
            "/tokens",
            &json!({"email": "ann@example.org", "password": ""})
        )
        .await,
        wrong_password
    );
}

#[tokio::test]
async fn an_invitation_makes_one_account_and_only_its_own() {
    let server = Server::with(&["--admin-key", "open sesame"]).await;
    let mut admin = Browser::new(&server);
    let uninvited = json!({"email": "ann@example.org", "name": "Ann", "password": "correct horse"});
    assert_eq!(
        admin.post("/accounts", &uninvited).await.1["code"],
        "invite_needed"
    );
    let mut tokens = Vec::new();
    for body in [
        json!({}),
        json!({"email": "Ben@example.org", "admin": true, "hours": 1}),
    ] {
        let made = server
            .http
            .post(format!("{}/api/v2/admin/invites", server.base))
            .bearer_auth("open sesame")
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(made.status().as_u16(), 201);
        let made: Value = made.json().await.unwrap();
        let url = made["url"].as_str().unwrap();
        tokens.push(url.split_once("/account#invite=").unwrap().1.to_owned());
    }
    let with = |email: &str, invite: &str| json!({"email": email, "name": "A", "password": "correct horse", "invite": invite});
    let mut ann = Browser::new(&server);
    assert_eq!(
        ann.post("/accounts", &with("ann@example.org", &tokens[0]))
            .await
            .0,
        201
    );
    let replayed = ann
        .post("/accounts", &with("eve@example.org", &tokens[0]))
        .await;
    assert_eq!(
        (replayed.0, replayed.1["code"].as_str()),
        (403, Some("bad_invite"))
    );
    let others = ann
        .post("/accounts", &with("eve@example.org", &tokens[1]))
        .await;
    assert_eq!(others.1["code"], "bad_invite");
    // A refused sign-up has used nothing up.
    let taken = ann
        .post("/accounts", &with("ann@example.org", &tokens[1]))
        .await;
    assert_eq!(taken.1["code"], "bad_invite");
    let (status, ben) = Browser::new(&server)
        .post("/accounts", &with("ben@example.org", &tokens[1]))
        .await;
    assert_eq!(status, 201, "{ben}");
    assert_eq!(ben["account"]["admin"], true);
}

#[tokio::test]
async fn two_at_once_can_not_use_one_invitation() {
    let server = Server::with(&["--admin-key", "open sesame", "--limit-sign-up", "off"]).await;
    let made = server
        .http
        .post(format!("{}/api/v2/admin/invites", server.base))
        .bearer_auth("open sesame")
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    let made: Value = made.json().await.unwrap();
    let token = made["url"]
        .as_str()
        .unwrap()
        .split_once("invite=")
        .unwrap()
        .1
        .to_owned();
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..4 {
        let (mut browser, token) = (Browser::new(&server), token.clone());
        tries.spawn(async move {
            let body = json!({"email": format!("p{n}@example.org"), "name": "P", "password": "correct horse", "invite": token});
            browser.post("/accounts", &body).await.0
        });
    }
    let mut statuses = tries.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403, 403, 403]);
}

#[tokio::test]
async fn a_closed_server_takes_nobody() {
    let server = Server::with(&["--sign-up", "closed"]).await;
    let body = json!({"email": "ann@example.org", "name": "Ann", "password": "correct horse", "invite": "x"});
    let (status, error) = Browser::new(&server).post("/accounts", &body).await;
    assert_eq!(
        (status, error["code"].as_str()),
        (403, Some("sign_up_closed"))
    );
}

#[tokio::test]
async fn another_sites_page_can_not_act_in_ones_name() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    let base = server.base.clone();
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "same-origin"),
        ],
        &[("origin", &base), ("sec-fetch-site", "cross-site")],
    ] {
        for (method, path) in [
            (Method::DELETE, "/session"),
            (Method::DELETE, "/sessions"),
            (Method::POST, "/rooms"),
        ] {
            let (status, error) = ann.elsewhere(method, path, headers).await;
            assert_eq!(
                (status, error["code"].as_str()),
                (403, Some("cross_site")),
                "{path} {headers:?}"
            );
        }
    }
    let (status, _) = ann
        .elsewhere(Method::GET, "/me", &[("sec-fetch-site", "cross-site")])
        .await;
    assert_eq!(status, 200, "reading changes nothing");
    let (status, _) = ann.elsewhere(Method::DELETE, "/session", &[]).await;
    assert_eq!(status, 204, "no browser sends neither header");
}

#[tokio::test]
async fn a_cookie_that_is_no_session_counts_as_none_and_is_removed() {
    let server = Server::start().await;
    let mut browser = Browser::new(&server);
    browser
        .cookies
        .insert("watchalong_session".to_owned(), "made-up".to_owned());
    let (status, me) = browser.get("/me").await;
    assert_eq!((status, me["kind"].as_str()), (200, Some("anonymous")));
    assert!(
        browser.set[0].starts_with("watchalong_session=;"),
        "{:?}",
        browser.set
    );
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn a_session_ends_when_its_days_are_over() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    server
        .sql("UPDATE sessions SET expires_at = created_at")
        .await;
    assert_eq!(ann.get("/me").await.1["kind"], "anonymous");
    assert_eq!(ann.get("/sessions").await.1["code"], "login_needed");
}

#[tokio::test]
async fn a_stolen_database_holds_no_session() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    let kept = server.blob("SELECT cookie_hash FROM sessions").await;
    let cookie = &ann.cookies["watchalong_session"];
    assert_eq!(kept.len(), 32);
    assert!(
        !cookie
            .as_bytes()
            .windows(16)
            .any(|part| kept.windows(16).any(|other| other == part))
    );
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let (mut here, mut there) = (Browser::new(&server), Browser::new(&server));
    here.sign_up("ann@example.org").await;
    there.log_in("ann@example.org", "correct horse").await;
    let change = |old: &str| json!({"password": {"old": old, "new": "battery staple"}});
    assert_eq!(
        here.patch("/me", &change("wrong horse")).await.1["code"],
        "wrong_credentials"
    );
    assert_eq!(there.get("/me").await.1["kind"], "account");
    assert_eq!(here.patch("/me", &change("correct horse")).await.0, 200);
    assert_eq!(here.get("/me").await.1["kind"], "account");
    assert_eq!(there.get("/me").await.1["kind"], "anonymous");
    assert_eq!(
        there.log_in("ann@example.org", "correct horse").await.0,
        401
    );
    assert_eq!(
        there.log_in("ann@example.org", "battery staple").await.0,
        200
    );
}

#[tokio::test]
async fn name_and_address_change_and_the_account_goes_with_its_password() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    Browser::new(&server).sign_up("ben@example.org").await;
    let (status, me) = ann
        .patch("/me", &json!({"name": "Anna", "email": "anna@example.org"}))
        .await;
    assert_eq!(status, 200);
    assert_eq!(me["account"]["name"], "Anna");
    assert_eq!(
        ann.patch("/me", &json!({"email": "ben@example.org"}))
            .await
            .1["code"],
        "email_taken"
    );
    assert_eq!(ann.delete("/me").await.0, 401, "without the password");
    let (status, _) = ann
        .call(
            Method::DELETE,
            "/me",
            Some(&json!({"password": "correct horse"})),
        )
        .await;
    assert_eq!(status, 204);
    assert_eq!(ann.get("/me").await.1["kind"], "anonymous");
    assert_eq!(ann.log_in("anna@example.org", "correct horse").await.0, 401);
}

#[tokio::test]
async fn a_guest_who_signs_up_stays_the_same_person() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let room = server.room(&json!({})).await;
    let guest = server.join(&room, "Ann", json!({})).await;
    let (member, token) = (
        guest.seen[0]["member"].clone(),
        guest.seen[0]["person"].as_str().unwrap().to_owned(),
    );
    let mut ann = Browser::new(&server);
    assert_eq!(
        ann.bearer(Method::GET, "/me", &token).await.1["kind"],
        "guest"
    );
    let body = json!({"email": "ann@example.org", "name": "Ann", "password": "correct horse", "guest": token});
    assert_eq!(ann.post("/accounts", &body).await.0, 201);
    drop(guest);
    let url = format!(
        "{}/api/v2/rooms/{}/socket",
        server.base.replace("http", "ws"),
        room["code"].as_str().unwrap()
    );
    let mut back = server
        .socket_with(&url, &[("cookie", &ann.cookie()), ("origin", &server.base)])
        .await;
    back.hello("Ann", json!({})).await;
    assert_eq!(back.until("welcome").await["member"], member);
    // The token alone is that person no longer: it can't be logged out, the account can.
    assert_eq!(
        ann.bearer(Method::GET, "/me", &token).await.1["code"],
        "bad_token"
    );
    let stranger = server.join(&room, "Ann", json!({"person": token})).await;
    assert_ne!(stranger.seen[0]["member"], member);
}

#[tokio::test]
async fn a_token_in_the_hello_is_the_account_and_a_bad_one_is_refused() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    let (_, made) = ann
        .post(
            "/tokens",
            &json!({"email": "ann@example.org", "password": "correct horse"}),
        )
        .await;
    let room = server.room(&json!({})).await;
    let one = server
        .join(&room, "Ann", json!({"token": made["token"]}))
        .await;
    let two = server
        .join(&room, "Ann", json!({"token": made["token"]}))
        .await;
    assert_eq!(one.seen[0]["member"], two.seen[0]["member"]);
    let mut eve = server.socket(room["code"].as_str().unwrap()).await;
    eve.hello("Ann", json!({"token": "a.b.c"})).await;
    let (bye, close) = eve.farewell().await;
    assert_eq!(
        (bye["code"].as_str(), close),
        (Some("bad_token"), json!(4401))
    );
}

#[tokio::test]
async fn administrators_look_after_accounts() {
    let server = Server::with(&["--admin-key", "open sesame", "--sign-up", "open"]).await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    assert_eq!(Browser::new(&server).get("/admin/people").await.0, 401);
    assert_eq!(ann.get("/admin/people").await.0, 403);
    assert_eq!(
        ann.bearer(Method::GET, "/admin/people", "open says me")
            .await
            .0,
        401
    );
    let (status, page) = ann
        .bearer(Method::GET, "/admin/people?q=ANN", "open sesame")
        .await;
    assert_eq!((status, page["total"].as_i64()), (200, Some(1)));
    let id = page["people"][0]["id"].as_str().unwrap().to_owned();

    let mut boss = Browser::new(&server);
    server.sql("UPDATE accounts SET admin = 1").await;
    boss.log_in("ann@example.org", "correct horse").await;
    assert_eq!(
        boss.patch(&format!("/admin/people/{id}"), &json!({"disabled": true}))
            .await
            .1["code"],
        "own_account"
    );
    let new = json!({"email": "ben@example.org", "name": "Ben", "password": "correct horse"});
    let (status, ben) = boss.post("/admin/people", &new).await;
    assert_eq!(status, 201, "{ben}");
    let path = format!("/admin/people/{}", ben["id"].as_str().unwrap());
    let mut bens = Browser::new(&server);
    assert_eq!(bens.log_in("ben@example.org", "correct horse").await.0, 200);
    assert_eq!(
        boss.patch(&path, &json!({"disabled": true})).await.1["disabled"],
        true
    );
    assert_eq!(bens.get("/me").await.1["kind"], "anonymous");
    assert_eq!(
        bens.log_in("ben@example.org", "correct horse").await.1["code"],
        "wrong_credentials"
    );
    assert_eq!(boss.patch(&path, &json!({"disabled": false})).await.0, 200);
    assert_eq!(bens.log_in("ben@example.org", "correct horse").await.0, 200);
    assert_eq!(boss.delete(&path).await.0, 204);
    assert_eq!(boss.delete(&path).await.0, 404);
    let acts = server.texts("SELECT act || ' ' || coalesce(by, '') || ' ' || coalesce(target, '') FROM server_audit").await;
    for expected in [
        "account_made ann@example.org ann@example.org",
        "account_made ann@example.org ben@example.org",
        "account_changed ann@example.org ben@example.org",
        "login_refused  ben@example.org",
        "account_removed ann@example.org ben@example.org",
    ] {
        assert!(
            acts.iter().any(|act| act == expected),
            "{expected} in {acts:?}"
        );
    }
}

#[tokio::test]
async fn a_guest_who_logs_in_brings_progress_and_rooms_along_and_can_take_all_away() {
    let server = Server::with(&["--sign-up", "open"]).await;
    let mut ann = Browser::new(&server);
    ann.sign_up("ann@example.org").await;
    ann.delete("/session").await;
    let room = server.room(&json!({})).await;
    let mut guest = server.join(&room, "Ann", json!({})).await;
    guest
        .must(json!({"do": "say", "text": "hello there"}))
        .await;
    let token = guest.seen[0]["person"].as_str().unwrap().to_owned();
    let put = json!({"media": server.sample().await, "position": 7.5});
    let noted = server
        .http
        .put(format!("{}/api/v2/me/progress", server.base))
        .bearer_auth(&token)
        .json(&put)
        .send()
        .await
        .unwrap();
    assert_eq!(noted.status(), 200);
    let login = json!({"email": "ann@example.org", "password": "correct horse", "guest": token});
    assert_eq!(ann.post("/session", &login).await.0, 200);
    assert_eq!(
        ann.post("/session", &login).await.0,
        200,
        "twice is harmless"
    );
    let (status, all) = ann.get("/me/export").await;
    assert_eq!(status, 200);
    assert_eq!(all["account"]["email"], "ann@example.org");
    assert_eq!(all["progress"][0]["position"], 7.5);
    assert!(
        all["sessions"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    );
    assert!(!all.to_string().contains("argon2"));
    let body = json!({"password": "correct horse"});
    assert_eq!(ann.call(Method::DELETE, "/me", Some(&body)).await.0, 204);
    assert!(server.texts("SELECT person FROM progress").await.is_empty());
}
