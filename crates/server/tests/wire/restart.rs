//! What is left after the process is gone: everything that was acknowledged.
use crate::client::Server;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

#[tokio::test]
async fn a_room_comes_back_after_a_stop_with_all_that_was_in_it() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server
        .room(&json!({"name": "Friday", "media": sample}))
        .await;
    let mut host = server.host(&room).await;
    let ann = server.join(&room, "Ann", json!({})).await;
    host.must(json!({"do": "co_host", "member": ann.seen[0]["member"], "co_host": true}))
        .await;
    host.must(json!({"do": "queue_add", "media": sample})).await;
    host.must(json!({"do": "say", "text": "remember me"})).await;
    host.must(json!({"do": "seek", "position": 33.25})).await;
    let token = ann.seen[0]["resume"].clone();
    let server = server.restarted().await;
    let (bye, close) = host.farewell().await;
    assert_eq!(
        (bye["code"].as_str(), bye["again"].clone(), close),
        (Some("restarting"), json!(true), json!(1001))
    );
    let back = server.join(&room, "Ann", json!({"resume": token})).await;
    assert_eq!(back.seen[0]["resumed"], true);
    let seen = back.room();
    assert_eq!(seen["name"], "Friday");
    assert_eq!(seen["timeline"]["position"], 33.25);
    assert_eq!(seen["queue"].as_array().unwrap().len(), 1);
    assert_eq!(seen["chat"][0]["text"], "remember me");
    let role = |name: &str| {
        seen["members"]
            .as_array()
            .unwrap()
            .iter()
            .find(|m| m["name"] == name)
            .unwrap()["role"]
            .clone()
    };
    assert_eq!(
        (role("Ann"), role("Hanna")),
        (json!("co_host"), json!("host"))
    );
    server.host(&room).await;
}

#[tokio::test]
async fn grace_approval_and_mute_outlive_a_restart_in_the_middle_of_them() {
    let server = Server::start().await;
    let policy = json!({"entry": "approval", "host_absence": {"do": "grace", "span": 60_000}});
    let room = server.room(&json!({"policy": policy})).await;
    let code = room["code"].as_str().unwrap().to_owned();
    let knock = async |server: &Server, name: &str, more: Value| {
        let mut client = server.socket(&code).await;
        client.hello(name, more).await;
        let pending = client.until("pending").await;
        (client, pending)
    };
    let mut host = server.host(&room).await;
    let (mut ann, asked) = knock(&server, "Ann", json!({})).await;
    host.must(json!({"do": "admit", "member": asked["member"]}))
        .await;
    let ann_token = ann.until("welcome").await["resume"].clone();
    host.must(json!({"do": "mute", "member": asked["member"], "muted": true}))
        .await;
    let (denied, asked) = knock(&server, "Eve", json!({})).await;
    host.must(json!({"do": "deny", "member": asked["member"]}))
        .await;
    drop(denied);
    let eve = json!({"person": asked["person"]});
    let (cem, waiting) = knock(&server, "Cem", json!({})).await;
    host.send(&json!({"t": "cmd", "id": 900, "do": "leave"}))
        .await;
    let life = loop {
        let event = ann.event("life").await;
        if event["life"]["state"] == "grace" {
            break event["life"].clone();
        }
    };
    drop((ann, cem, host));

    let server = server.restarted().await;
    let mut ann = server
        .join(&room, "Ann", json!({"resume": ann_token}))
        .await;
    assert_eq!(ann.room()["life"], life, "the countdown runs on");
    let refused = ann.command(json!({"do": "say", "text": "hello?"})).await;
    assert_eq!(refused["code"], "muted");
    let (mut cem, again) = knock(&server, "Cem", json!({"resume": waiting["resume"]})).await;
    assert_eq!(again["member"], waiting["member"], "the same knock");
    let mut turned_away = server.socket(&code).await;
    turned_away.hello("Eve", eve).await;
    assert_eq!(turned_away.farewell().await.0["code"], "denied");
    let mut host = server.host(&room).await;
    assert_eq!(host.room()["life"]["state"], "live", "she is back in time");
    assert_eq!(host.room()["pending"][0]["name"], "Cem");
    host.must(json!({"do": "admit", "member": waiting["member"]}))
        .await;
    cem.until("welcome").await;
}

#[tokio::test]
async fn a_scheduled_party_begins_though_the_server_was_started_anew() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server.room(&json!({"media": sample})).await;
    let mut host = server.host(&room).await;
    let welcome = host.seen[0].clone();
    let at = welcome["clock"].as_f64().unwrap() as i64 + 6_000;
    host.must(json!({"do": "schedule", "at": at})).await;
    drop(host);
    let server = server.restarted().await;
    let mut host = server
        .join(&room, "Hanna", json!({"resume": welcome["resume"]}))
        .await;
    assert_eq!(host.seen[0]["resumed"], true);
    // However long all that took: it has begun, or does so by itself.
    let mut line = host.room()["timeline"].clone();
    if !host.room()["schedule"].is_null() {
        assert_eq!(host.room()["schedule"], at);
        assert_eq!(line["playing"], false);
        line = loop {
            let event = host.event("timeline").await;
            if event["timeline"]["playing"] == true {
                break event["timeline"].clone();
            }
        };
    }
    assert_eq!(line["playing"], true);
    assert_eq!(line["by"], Value::Null);
    assert!(
        line["at"].as_f64().unwrap() >= at as f64,
        "not before its time"
    );
    let late = server.join(&room, "Ann", json!({})).await;
    assert_eq!(
        late.room()["schedule"],
        Value::Null,
        "it is over with the start"
    );
}

pub struct Process {
    pub child: Child,
    pub base: String,
}

pub async fn launch(data: &Path, listen: &str) -> Process {
    launch_by(
        Command::new(env!("CARGO_BIN_EXE_watchalong")),
        data,
        listen,
        None,
    )
    .await
}

pub async fn launch_by(
    mut command: Command,
    data: &Path,
    listen: &str,
    films: Option<&Path>,
) -> Process {
    let mut child = command
        .args(["serve", "--listen", listen, "--data"])
        .arg(data)
        .args(films)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let base = line.strip_prefix("listening on ").unwrap().to_owned();
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Process { child, base }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed_under_load() {
    let data = tempfile::tempdir().unwrap();
    let mut process = launch(data.path(), "127.0.0.1:0").await;
    let address = process.base.strip_prefix("http://").unwrap().to_owned();
    // A `Server` is only a way to speak to an address here; its own process stays idle.
    let mut outside = Server::start().await;
    outside.base = process.base.clone();
    let room = outside
        .room(&json!({"policy": {"chat": {"window": 0}}}))
        .await;
    let mut host = outside.host(&room).await;
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..3 {
        let until = Instant::now() + Duration::from_millis(500);
        let mut number = 0;
        while Instant::now() < until {
            let text = format!("round {round} message {number}");
            if host.command(json!({"do": "say", "text": text})).await["t"] == "ack" {
                acknowledged.push(text);
            }
            number += 1;
            // Below the rate at which a connection is slowed down.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // One more in flight, and the axe.
        host.send(&json!({"t": "cmd", "id": 99_999, "do": "say", "text": "in flight"}))
            .await;
        process.child.start_kill().unwrap();
        process.child.wait().await.unwrap();
        process = launch(data.path(), &address).await;
        host = outside
            .join(&room, "Hanna", json!({"resume": host.seen[0]["resume"]}))
            .await;
        assert_eq!(
            host.seen[0]["resumed"], true,
            "the seat is held over the crash"
        );
        assert_eq!(host.room()["you"]["rights"]["host"], true);
        let kept: Vec<&str> = host.room()["chat"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|m: &Value| m["text"].as_str())
            .collect();
        for text in acknowledged.iter().rev().take(150) {
            assert!(kept.contains(&text.as_str()), "lost: {text}");
        }
    }
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
}

#[tokio::test]
async fn a_full_disk_refuses_in_words_and_loses_nothing_that_was_acknowledged() {
    let data = tempfile::tempdir().unwrap();
    // No file of this process may grow past 1.5 MiB: to SQLite that is a disk without room.
    let limited = "trap '' XFSZ; ulimit -f 3072; exec \"$0\" \"$@\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", limited, env!("CARGO_BIN_EXE_watchalong")]);
    let films = tempfile::tempdir().unwrap();
    let mut process = launch_by(shell, data.path(), "127.0.0.1:0", Some(films.path())).await;
    let mut outside = Server::start().await;
    outside.base = process.base.clone();
    let chat = json!({"max_length": 10_000, "window": 0, "duplicate_span": 0});
    let room = outside.room(&json!({"policy": {"chat": chat}})).await;
    let mut host = outside.host(&room).await;
    let mut acknowledged = Vec::new();
    let refused = loop {
        let text = format!("{} {}", acknowledged.len(), "x".repeat(9_000));
        let answer = host.command(json!({"do": "say", "text": text})).await;
        match answer["t"].as_str() {
            Some("ack") => acknowledged.push(text),
            _ if answer["code"] == "too_fast" => {
                tokio::time::sleep(Duration::from_millis(60)).await
            }
            _ => break answer,
        }
        assert!(acknowledged.len() < 1000, "the disk never fills");
    };
    assert_eq!(refused["code"], "storage_failed", "{refused}");
    let (status, _) = outside.get("/health").await;
    assert_eq!(status, 200, "the server lives on");
    process.child.start_kill().unwrap();
    process.child.wait().await.unwrap();
    let process = launch(data.path(), "127.0.0.1:0").await;
    outside.base = process.base.clone();
    let host = outside.host(&room).await;
    let kept = host.room()["chat"].as_array().unwrap();
    let last = acknowledged.len().saturating_sub(150);
    for text in &acknowledged[last..] {
        assert!(
            kept.iter().any(|m| m["text"] == **text),
            "lost: {}",
            &text[..10]
        );
    }
}

#[tokio::test]
async fn the_server_takes_as_many_open_files_as_the_system_allows() {
    let data = tempfile::tempdir().unwrap();
    let limited = "ulimit -S -n 256; ulimit -H -n 2000; exec \"$0\" \"$@\"";
    let mut shell = Command::new("sh");
    shell
        .args(["-c", limited, env!("CARGO_BIN_EXE_watchalong")])
        .env("WATCHALONG_LIMIT_JOIN", "off")
        .env("WATCHALONG_LIMIT_REQUESTS", "off");
    let process = launch_by(shell, data.path(), "127.0.0.1:0", None).await;
    let mut outside = Server::start().await;
    outside.base = process.base.clone();
    let room = outside.room(&json!({})).await;
    let mut seats = Vec::new();
    for n in 0..300 {
        seats.push(outside.join(&room, &format!("p{n}"), json!({})).await);
    }
    assert_eq!(seats[299].room()["people"], 300);
}

#[tokio::test]
async fn mistakes_of_the_operator_are_told_in_words() {
    let data = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    let file = data.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let path = |p: &std::path::Path| p.to_str().unwrap().to_owned();
    for (arguments, words, status) in [
        (
            vec![
                "--listen".into(),
                port.clone(),
                "--data".into(),
                path(data.path()),
            ],
            "listen",
            1,
        ),
        (
            vec![
                "--listen".into(),
                "127.0.0.1:0".into(),
                "--data".into(),
                path(&file),
            ],
            "data folder",
            1,
        ),
        (vec!["--listen".into(), "nonsense".into()], "listen", 2),
        (
            vec!["/does/not/exist".into(), "--data".into(), path(data.path())],
            "/does/not/exist",
            2,
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_watchalong"))
            .arg("serve")
            .args(&arguments)
            .output()
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(words), "{arguments:?}: {text}");
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}

#[tokio::test]
async fn a_stop_right_after_the_start_is_heard() {
    let data = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        let mut process = launch(data.path(), "127.0.0.1:0").await;
        let pid = process.child.id().unwrap().to_string();
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .await
            .unwrap();
        let status = tokio::time::timeout(Duration::from_secs(10), process.child.wait()).await;
        assert_eq!(status.unwrap().unwrap().code(), Some(0));
    }
}

#[tokio::test]
async fn a_stop_signal_drains_and_exits_cleanly() {
    let data = tempfile::tempdir().unwrap();
    let mut process = launch(data.path(), "127.0.0.1:0").await;
    let mut outside = Server::start().await;
    outside.base = process.base.clone();
    let room = outside.room(&json!({})).await;
    let mut host = outside.host(&room).await;
    let pid = process.child.id().unwrap().to_string();
    Command::new("kill")
        .args(["-TERM", &pid])
        .status()
        .await
        .unwrap();
    assert_eq!(host.farewell().await.0["code"], "restarting");
    let status = tokio::time::timeout(Duration::from_secs(10), process.child.wait())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status.code(), Some(0));
}
