//! `watchalong user` as an operator types it, beside a running server and without one; and that server under a
//! storm of logins (a process of its own, since there is one line for passwords in each).
#![allow(clippy::unwrap_used, missing_docs)]
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Output, Stdio};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_watchalong");

async fn user(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(PROGRAM)
        .arg("user")
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Who needs no input may be gone already.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    child.wait_with_output().await.unwrap()
}

async fn must(data: &Path, arguments: &[&str], input: &str) -> String {
    let done = user(data, arguments, input).await;
    assert!(
        done.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

/// What went wrong, in words.
async fn fails(data: &Path, arguments: &[&str], input: &str) -> String {
    let done = user(data, arguments, input).await;
    assert_eq!(done.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(done.stderr).unwrap()
}

async fn serve(data: &Path, more: &[&str]) -> (Child, String) {
    let mut child = Command::new(PROGRAM)
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--log",
            "warn",
            "--data",
        ])
        .arg(data)
        .args(more)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let base = loop {
        let line = lines
            .next_line()
            .await
            .unwrap()
            .expect("it says where it listens");
        if let Some(base) = line.strip_prefix("listening on ") {
            break base.trim_end_matches('/').to_owned();
        }
    };
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, base)
}

async fn log_in(base: &str, email: &str, password: &str) -> u16 {
    let asked = http()
        .post(format!("{base}/api/v2/session"))
        .json(&json!({"email": email, "password": password}));
    asked.send().await.unwrap().status().as_u16()
}

/// A client with the TLS that the whole tree has.
fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

#[tokio::test]
async fn accounts_are_looked_after_without_a_server() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    must(
        data,
        &[
            "add",
            "Ann@Example.org",
            "--name",
            "Ann",
            "--password-stdin",
            "--admin",
        ],
        "correct horse\n",
    )
    .await;
    must(
        data,
        &[
            "add",
            "ben@example.org",
            "--name",
            "Ben",
            "--password-stdin",
        ],
        "battery staple",
    )
    .await;
    let listed: Value = serde_json::from_str(&must(data, &["list", "--json"], "").await).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(
        (listed[0]["email"].as_str(), listed[0]["admin"].as_bool()),
        (Some("ann@example.org"), Some(true))
    );
    assert!(
        must(data, &["list"], "")
            .await
            .starts_with("ann@example.org\tAnn\tadministrator")
    );

    let again = [
        "add",
        "ann@example.org",
        "--name",
        "Ann",
        "--password-stdin",
    ];
    assert!(
        fails(data, &again, "correct horse")
            .await
            .contains("already")
    );
    let short = [
        "add",
        "eve@example.org",
        "--name",
        "Eve",
        "--password-stdin",
    ];
    assert!(fails(data, &short, "short").await.contains("8 to 256"));
    assert!(
        fails(
            data,
            &["add", "eve", "--name", "Eve", "--password-stdin"],
            "x"
        )
        .await
        .contains("e-mail")
    );
    assert!(
        fails(data, &["passwd", "ann@example.org"], "typed")
            .await
            .contains("--password-stdin")
    );
    assert!(
        fails(data, &["remove", "eve@example.org"], "")
            .await
            .contains("user list")
    );
    must(data, &["remove", "ben@example.org"], "").await;
    assert_eq!(must(data, &["list"], "").await.lines().count(), 1);
}

#[tokio::test]
async fn what_is_done_beside_a_running_server_counts_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (_server, base) = serve(data, &[]).await;
    let email = "ann@example.org";
    must(
        data,
        &["add", email, "--name", "Ann", "--password-stdin"],
        "correct horse",
    )
    .await;
    assert_eq!(log_in(&base, email, "correct horse").await, 200);
    let jwt = must(data, &["token", email, "--hours", "48"], "").await;
    let me = || async {
        let asked = http().get(format!("{base}/api/v2/me")).bearer_auth(&jwt);
        asked.send().await.unwrap().status().as_u16()
    };
    assert_eq!(me().await, 200);
    must(
        data,
        &["passwd", email, "--password-stdin"],
        "battery staple\n",
    )
    .await;
    assert_eq!(me().await, 401, "a new password ends tokens");
    assert_eq!(log_in(&base, email, "correct horse").await, 401);
    assert_eq!(log_in(&base, email, "battery staple").await, 200);

    let link = must(data, &["invite", "--admin"], "").await;
    let token = link.split_once("/account#invite=").unwrap().1;
    let asked = http().post(format!("{base}/api/v2/accounts")).json(&json!({
        "email": "boss@example.org", "name": "Boss", "password": "correct horse", "invite": token,
    }));
    let made: Value = asked.send().await.unwrap().json().await.unwrap();
    assert_eq!(made["account"]["admin"], true, "{made}");
    must(data, &["remove", email], "").await;
    assert_eq!(log_in(&base, email, "battery staple").await, 401);
}

#[tokio::test]
async fn a_crowd_of_logins_is_answered_later_instead_of_piling_up() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, base) = serve(
        folder.path(),
        &["--limit-login", "off", "--limit-requests", "off"],
    )
    .await;
    let client = http();
    let mut crowd = tokio::task::JoinSet::new();
    for n in 0..100 {
        let asked = client
            .post(format!("{base}/api/v2/session"))
            .json(&json!({"email": format!("p{n}@example.org"), "password": "guess"}));
        crowd.spawn(async move {
            let answer = asked.send().await.unwrap();
            let wait = answer.headers().contains_key("retry-after");
            (answer.status().as_u16(), wait)
        });
    }
    let answers = crowd.join_all().await;
    assert!(
        answers.contains(&(503, true)),
        "some are asked to come again"
    );
    assert!(answers.contains(&(401, false)), "some are answered");
    assert!(
        answers
            .iter()
            .all(|a| [(401, false), (503, true)].contains(a)),
        "{answers:?}"
    );
}
