//! Logging in through an OpenID provider: whose account it is, and what proves nothing.
use crate::browser::Browser;
use crate::client::Server;
use crate::provider::{CLIENT, Provider, SECRET, Signed};
use serde_json::{Value, json};

const ANN: &str = "ann@example.org";

fn ann() -> Value {
    json!({"email": ANN, "email_verified": true, "name": "Ann Lee"})
}

async fn server(provider: &Provider, more: &[&str]) -> Server {
    let mut settings = vec![
        "--oidc-issuer",
        &provider.issuer,
        "--oidc-client-id",
        CLIENT,
        "--oidc-client-secret",
        SECRET,
        "--oidc-name",
        "Home ID",
    ];
    if !more.contains(&"--limit-login") {
        settings.extend(["--limit-login", "off"]);
    }
    settings.extend(more);
    Server::with(&settings).await
}

/// Off to the provider and back to the door: the path of the callback with its answer.
async fn to_the_door(browser: &mut Browser, start: &str) -> String {
    let (status, there) = browser.visit(start).await;
    assert_eq!(status, 302);
    assert!(there.contains("/realm/authorize?"), "{there}");
    let plain = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder().redirect(plain).build().unwrap();
    let answer = http.get(there).send().await.unwrap();
    let back = answer.headers()["location"].to_str().unwrap();
    let (_, path) = back.split_once("/api/v2").unwrap();
    path.to_owned()
}

/// A whole login; where it leads.
async fn log_in(browser: &mut Browser, start: &str) -> String {
    let back = to_the_door(browser, start).await;
    let (status, to) = browser.visit(&back).await;
    assert_eq!(status, 302);
    to
}

const START: &str = "/oidc/start?next=/r/bakoti-zuna";
const IN: &str = "/r/bakoti-zuna";

fn refused(code: &str) -> String {
    format!("/account#oidc_error={code}")
}

#[tokio::test]
async fn the_first_login_makes_an_account_and_the_next_finds_it() {
    let provider = Provider::start().await;
    let server = server(&provider, &["--sign-up", "open"]).await;
    provider.person(ann());
    let mut browser = Browser::new(&server);
    let (_, nobody) = browser.get("/me").await;
    assert_eq!(nobody["oidc"], json!({"name": "Home ID"}));
    assert_eq!(
        provider.book.lock().unwrap().discoveries,
        0,
        "nobody asked yet"
    );
    assert_eq!(log_in(&mut browser, START).await, IN);
    assert!(
        !browser.cookies.contains_key("watchalong_oidc"),
        "it is over"
    );
    let (_, me) = browser.get("/me").await;
    let account = &me["account"];
    assert_eq!(account["email"], ANN);
    assert_eq!(account["name"], "Ann Lee");
    assert_eq!(account["has_password"], false);
    assert_eq!(account["oidc"], true);
    assert_eq!(account["admin"], false);

    // She has another address now, and is the same person.
    provider.person(json!({"email": "lee@example.org", "email_verified": true}));
    let mut again = Browser::new(&server);
    assert_eq!(log_in(&mut again, START).await, IN);
    assert_eq!(again.get("/me").await.1["account"]["id"], account["id"]);
    assert_eq!(provider.book.lock().unwrap().discoveries, 1, "kept");

    let new = json!({"password": {"old": "", "new": "correct horse"}});
    assert_eq!(again.patch("/me", &new).await.0, 200);
    assert_eq!(
        Browser::new(&server).log_in(ANN, "correct horse").await.0,
        200
    );
    let acts = server
        .texts("SELECT act || ' ' || detail FROM server_audit")
        .await;
    let made = format!("account_made OpenID: {}", provider.issuer);
    assert!(acts.contains(&made), "{acts:?}");
}

#[tokio::test]
async fn a_verified_address_links_its_account_and_whoever_typed_it_first_is_out() {
    let provider = Provider::start().await;
    let server = server(&provider, &["--sign-up", "open"]).await;
    let mut first = Browser::new(&server);
    let account = first.sign_up(ANN).await["account"]["id"].clone();
    provider.person(ann());
    let mut browser = Browser::new(&server);
    assert_eq!(log_in(&mut browser, START).await, IN);
    let (_, me) = browser.get("/me").await;
    assert_eq!(me["account"]["id"], account);
    assert_eq!(me["account"]["oidc"], true);
    assert_eq!(first.get("/me").await.1["kind"], "anonymous");
    assert_eq!(first.log_in(ANN, "correct horse").await.0, 401);

    // Another person of the provider with the same address does not get it as well.
    provider.person(json!({"sub": "other", "email": ANN, "email_verified": true}));
    let to = log_in(&mut Browser::new(&server), START).await;
    assert_eq!(to, refused("email_taken"));
}

#[tokio::test]
async fn an_address_that_is_not_verified_links_nothing() {
    let provider = Provider::start().await;
    let server = server(&provider, &["--sign-up", "open"]).await;
    let mut first = Browser::new(&server);
    first.sign_up(ANN).await;
    let taken = "email_taken";
    for (verified, code) in [
        (json!(false), taken),
        (json!("false"), taken),
        (Value::Null, taken),
        // Neither yes nor no: such a token is not looked at.
        (json!(1), "oidc_token"),
    ] {
        provider.person(json!({"email": ANN, "email_verified": verified}));
        let mut browser = Browser::new(&server);
        assert_eq!(log_in(&mut browser, START).await, refused(code));
        assert_eq!(browser.get("/me").await.1["kind"], "anonymous");
    }
    assert_eq!(first.get("/me").await.1["account"]["oidc"], false);
}

#[tokio::test]
async fn an_id_token_that_proves_nothing_lets_nobody_in() {
    let provider = Provider::start().await;
    let server = server(&provider, &["--sign-up", "open"]).await;
    let long_ago = 1_600_000_000;
    let lies = [
        (json!({"nonce": "another login's"}), Signed::Well),
        (json!({"nonce": null}), Signed::Well),
        (json!({"aud": "another client"}), Signed::Well),
        (json!({"aud": [CLIENT, "another client"]}), Signed::Well),
        (json!({"azp": "another client"}), Signed::Well),
        (json!({"aud": null}), Signed::Well),
        (json!({"sub": "x".repeat(256)}), Signed::Well),
        (json!({"iss": "https://evil.example"}), Signed::Well),
        (json!({"exp": long_ago}), Signed::Well),
        (json!({"exp": null}), Signed::Well),
        (json!({"sub": ""}), Signed::Well),
        (json!({}), Signed::ByAnother),
        (json!({}), Signed::Not),
        (json!({}), Signed::ByTheSecret),
        (json!({}), Signed::ByThePublicKey),
    ];
    for (lie, signed) in lies {
        let mut claims = ann();
        for (name, value) in lie.as_object().unwrap() {
            claims[name] = value.clone();
        }
        provider.person(claims);
        provider.sign(signed);
        let mut browser = Browser::new(&server);
        assert_eq!(
            log_in(&mut browser, START).await,
            refused("oidc_token"),
            "{lie}"
        );
        assert!(!browser.cookies.contains_key("watchalong_session"), "{lie}");
    }
    let none = server.texts("SELECT id FROM accounts").await;
    assert!(none.is_empty());
    provider.person(ann());
    provider.sign(Signed::Well);
    assert_eq!(
        log_in(&mut Browser::new(&server), START).await,
        IN,
        "the truth"
    );
}

#[tokio::test]
async fn an_answer_is_for_the_browser_that_asked_and_for_once() {
    let provider = Provider::start().await;
    let server = server(&provider, &["--sign-up", "open"]).await;
    provider.person(ann());
    let mut eve = Browser::new(&server);
    let answer = to_the_door(&mut eve, START).await;

    // In another browser, without a login of its own and with one.
    let mut ann = Browser::new(&server);
    assert_eq!(ann.visit(&answer).await.1, refused("oidc_expired"));
    let own = to_the_door(&mut ann, START).await;
    assert_eq!(ann.visit(&answer).await.1, refused("oidc_state"));
    assert_eq!(
        ann.visit(&own).await.1,
        refused("oidc_expired"),
        "it is over"
    );

    // A second time, by a browser that kept its cookie.
    let kept = eve.cookies.clone();
    assert_eq!(eve.visit(&answer).await.1, IN);
    let mut thief = Browser::new(&server);
    thief.cookies = kept.clone();
    assert_eq!(thief.visit(&answer).await.1, refused("oidc_expired"));
    assert!(!thief.cookies.contains_key("watchalong_session"));

    // With a ticket that is not ours.
    let mut forger = Browser::new(&server);
    let answer = to_the_door(&mut forger, START).await;
    let mut ticket = forger.cookies["watchalong_oidc"].clone();
    let other = if ticket.starts_with('e') { "f" } else { "e" };
    ticket.replace_range(0..1, other);
    forger.cookies.insert("watchalong_oidc".to_owned(), ticket);
    assert_eq!(forger.visit(&answer).await.1, refused("oidc_expired"));

    // With a code that the provider never gave, and with none.
    let mut guesser = Browser::new(&server);
    let answer = to_the_door(&mut guesser, START).await;
    let guess = answer.replace("code=code-", "code=guess-");
    assert_eq!(guesser.visit(&guess).await.1, refused("oidc_code"));
    let mut shy = Browser::new(&server);
    let answer = to_the_door(&mut shy, START).await;
    let no = answer.replace("code=", "error=access_denied&x=");
    assert_eq!(shy.visit(&no).await.1, refused("oidc_refused"));
}

#[tokio::test]
async fn a_new_account_needs_what_a_sign_up_needs() {
    let provider = Provider::start().await;
    provider.person(ann());
    let closed = server(&provider, &["--sign-up", "closed"]).await;
    let mut browser = Browser::new(&closed);
    assert_eq!(log_in(&mut browser, START).await, refused("sign_up_closed"));

    let server = server(&provider, &["--admin-key", "open sesame"]).await;
    let mut browser = Browser::new(&server);
    assert_eq!(log_in(&mut browser, START).await, refused("invite_needed"));
    let forged = format!("{START}&invite=never-made");
    assert_eq!(log_in(&mut browser, &forged).await, refused("bad_invite"));
    let body = json!({"email": ANN});
    let request = server
        .http
        .post(format!("{}/api/v2/admin/invites", server.base));
    let made = request
        .bearer_auth("open sesame")
        .json(&body)
        .send()
        .await
        .unwrap();
    let made: Value = made.json().await.unwrap();
    let (_, invite) = made["url"]
        .as_str()
        .unwrap()
        .split_once("#invite=")
        .unwrap();
    let invited = format!("{START}&invite={invite}");
    assert_eq!(log_in(&mut browser, &invited).await, IN);
    assert_eq!(browser.get("/me").await.1["account"]["email"], ANN);

    provider.person(json!({"sub": "ben", "email": ANN.replace("ann", "ben")}));
    let used = log_in(&mut Browser::new(&server), &invited).await;
    assert_eq!(used, refused("bad_invite"));
    provider.person(json!({"sub": "nobody"}));
    let to = log_in(&mut Browser::new(&server), START).await;
    assert_eq!(to, refused("oidc_no_email"));
}

#[tokio::test]
async fn the_way_back_leads_to_our_own_pages_only() {
    let provider = Provider::start().await;
    let server = server(&provider, &["--base-path", "/films"]).await;
    let mut browser = Browser::new(&server);
    let base = format!("{}/films", server.base);
    let plain = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder().redirect(plain).build().unwrap();
    for foreign in [
        "https://evil.example/",
        "//evil.example/",
        "/films//../\\evil.example",
        "/\\evil.example",
        "/films\\@evil.example",
        "/other",
        "/filmsx",
        "/films/../other",
        "/films/a b",
        "/films/api/v2/oidc/start",
        "javascript:alert(1)",
    ] {
        let request = http.get(format!("{base}/api/v2/oidc/start"));
        let answer = request.query(&[("next", foreign)]).send().await.unwrap();
        assert_eq!(
            answer.headers()["location"],
            "/films/account#oidc_error=oidc_bad_next",
            "{foreign}"
        );
    }
    let request = http.get(format!("{base}/api/v2/oidc/start?next=/films/r/x"));
    let answer = request.send().await.unwrap();
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.contains("%2Ffilms%2Fapi%2Fv2%2Foidc%2Fcallback"), "{to}");
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    for part in [
        "; Path=/films;",
        "; Max-Age=600",
        "; HttpOnly",
        "; SameSite=Lax",
    ] {
        assert!(set.contains(part), "{set}");
    }
    assert_eq!(browser.visit("/oidc/start").await.0, 404, "not at the root");
}

#[tokio::test]
async fn a_guest_is_taken_over_and_no_token_stands_in_an_address() {
    let provider = Provider::start().await;
    let server = server(&provider, &["--sign-up", "open"]).await;
    provider.person(ann());
    let room = server.room(&json!({"name": "Friday"})).await;
    let mut client = server.host(&room).await;
    let welcome = client.seen[0].clone();
    let guest = welcome["you"]["person"]
        .as_str()
        .or(welcome["person"].as_str());
    let guest = guest.expect("a guest's token").to_owned();
    let mut browser = Browser::new(&server);
    let asked = json!({"next": IN, "guest": guest});
    let (status, started) = browser.post("/oidc/start", &asked).await;
    assert_eq!(status, 200, "{started}");
    let url = started["url"].as_str().unwrap();
    assert!(!url.contains(&guest));
    let answer = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
        .get(url)
        .send()
        .await
        .unwrap();
    let back = answer.headers()["location"].to_str().unwrap();
    let (_, path) = back.split_once("/api/v2").unwrap();
    assert_eq!(browser.visit(path).await.1, IN);
    let person = server.texts("SELECT person FROM accounts").await;
    assert!(person[0].starts_with("guest:"), "{person:?}");
    client
        .must(json!({"do": "rename", "name": "Hanna Lee"}))
        .await;

    let elsewhere = [("origin", "https://evil.example")];
    let (status, no) = browser
        .elsewhere(reqwest::Method::POST, "/oidc/start", &elsewhere)
        .await;
    assert_eq!((status, no["code"].as_str()), (403, Some("cross_site")));
}

#[tokio::test]
async fn an_address_told_by_userinfo_counts_for_the_same_person_only() {
    let provider = Provider::start().await;
    let server = server(&provider, &["--sign-up", "open"]).await;
    let mut about = ann();
    about["sub"] = json!("somebody else");
    provider.book.lock().unwrap().about = about.clone();
    let to = log_in(&mut Browser::new(&server), START).await;
    assert_eq!(to, refused("oidc_no_email"));
    about["sub"] = json!("248289761001");
    provider.book.lock().unwrap().about = about;
    let mut browser = Browser::new(&server);
    assert_eq!(log_in(&mut browser, START).await, IN);
    assert_eq!(browser.get("/me").await.1["account"]["email"], ANN);
}

#[tokio::test]
async fn a_provider_may_change_its_keys() {
    let provider = Provider::start().await;
    let server = server(&provider, &["--sign-up", "open"]).await;
    provider.person(ann());
    assert_eq!(log_in(&mut Browser::new(&server), START).await, IN);
    provider.book.lock().unwrap().rotated = true;
    // Keys are not asked for oftener than every five seconds, whoever sends what.
    tokio::time::sleep(std::time::Duration::from_millis(5100)).await;
    assert_eq!(log_in(&mut Browser::new(&server), START).await, IN);
}

#[tokio::test]
async fn a_disabled_account_stays_out() {
    let provider = Provider::start().await;
    let server = server(&provider, &["--sign-up", "open"]).await;
    provider.person(ann());
    log_in(&mut Browser::new(&server), START).await;
    server.sql("UPDATE accounts SET disabled = 1").await;
    let to = log_in(&mut Browser::new(&server), START).await;
    assert_eq!(to, refused("account_disabled"));
}

#[tokio::test]
async fn a_provider_that_is_away_keeps_nothing_else_from_working() {
    let settings = [
        "--oidc-issuer",
        "http://127.0.0.1:9/realm",
        "--oidc-client-id",
        CLIENT,
        "--sign-up",
        "open",
    ];
    let server = Server::with(&settings).await;
    let mut browser = Browser::new(&server);
    let (_, me) = browser.get("/me").await;
    assert_eq!(me["oidc"], json!({"name": "127.0.0.1:9"}));
    assert_eq!(browser.visit(START).await.1, refused("oidc_unreachable"));
    browser.sign_up(ANN).await;
    let plain = Server::start().await;
    let mut browser = Browser::new(&plain);
    assert_eq!(browser.visit(START).await.1, refused("oidc_off"));
}

#[tokio::test]
async fn failed_logins_are_counted_like_wrong_passwords() {
    let provider = Provider::start().await;
    let server = server(&provider, &["--sign-up", "open", "--limit-login", "3/hour"]).await;
    provider.person(ann());
    let mut browser = Browser::new(&server);
    for _ in 0..5 {
        assert_eq!(log_in(&mut browser, START).await, IN, "given back");
    }
    let mut eve = Browser::new(&server);
    eve.address = "203.0.113.7".to_owned();
    let wrong = "/oidc/callback?code=a&state=b";
    for _ in 0..3 {
        assert_eq!(eve.visit(wrong).await.1, refused("oidc_expired"));
    }
    assert_eq!(eve.visit(wrong).await.1, refused("too_many_requests"));
}

#[tokio::test]
async fn a_token_for_several_audiences_counts_where_we_are_its_authorized_party() {
    let provider = Provider::start().await;
    let server = server(&provider, &["--sign-up", "open"]).await;
    let mut claims = ann();
    claims["aud"] = json!([CLIENT, "another client"]);
    claims["azp"] = json!(CLIENT);
    provider.person(claims);
    assert_eq!(log_in(&mut Browser::new(&server), START).await, IN);
}

#[tokio::test]
async fn a_provider_that_calls_itself_otherwise_is_not_used() {
    let provider = Provider::start().await;
    let elsewhere = format!("{}/other", provider.issuer.trim_end_matches("/realm"));
    for issuer in [elsewhere, format!("{}/", provider.issuer)] {
        let settings = ["--oidc-issuer", &issuer, "--oidc-client-id", CLIENT];
        let server = Server::with(&settings).await;
        let to = Browser::new(&server).visit(START).await.1;
        assert_eq!(to, refused("oidc_unreachable"), "{issuer}");
    }
}

#[tokio::test]
async fn a_secret_that_the_provider_does_not_take_lets_nobody_in() {
    let provider = Provider::start().await;
    provider.person(ann());
    let settings = [
        "--oidc-issuer",
        &provider.issuer,
        "--oidc-client-id",
        CLIENT,
        "--oidc-client-secret",
        "an old one",
        "--sign-up",
        "open",
    ];
    let server = Server::with(&settings).await;
    let mut browser = Browser::new(&server);
    assert_eq!(log_in(&mut browser, START).await, refused("oidc_code"));
}
