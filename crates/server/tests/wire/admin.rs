//! What administrators see, and that nothing secret is among it.
use crate::client::Server;
use crate::restart::launch_by;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::process::Command;

const KEY: &str = "an admin key of some length";

#[tokio::test]
async fn only_administrators_see_the_server() {
    let server = Server::with(&["--admin-key", KEY, "--limit-guess", "100/min"]).await;
    let guest = server
        .join(&server.room(&json!({})).await, "Ann", json!({}))
        .await
        .person();
    for path in ["overview", "rooms", "settings", "audit", "logs", "library"] {
        let path = format!("/admin/{path}");
        assert_eq!(server.get_as(&path, &Value::Null).await.0, 401, "{path}");
        assert_eq!(server.get_as(&path, &guest).await.0, 403, "{path}");
        assert_eq!(
            server.get_as(&path, &json!("wrong key")).await.0,
            401,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_overview_counts_and_the_settings_hide_what_is_secret() {
    let server = Server::with(&["--admin-key", KEY]).await;
    server.sample().await;
    let room = server.room(&json!({"name": "Friday"})).await;
    let _host = server.host(&room).await;
    let key = json!(KEY);
    let seen = |of: &Value| of["people"]["connected"] == 1;
    let overview = server.until("/admin/overview", &key, seen).await;
    assert_eq!(overview["rooms"], json!({"live": 1, "total": 1}));
    assert_eq!(
        (&overview["health"], &overview["library"]["items"]),
        (&json!("ok"), &json!(1))
    );
    assert!(overview["store"]["bytes"].as_u64().unwrap() > 4096);
    assert!(
        overview["process"]["rss_bytes"]
            .as_u64()
            .is_none_or(|bytes| bytes > 1_000_000)
    );
    let (_, settings) = server.get_as("/admin/settings", &key).await;
    assert!(!settings.to_string().contains(KEY));
    let settings = settings["settings"].as_array().unwrap();
    let of = |name: &str| settings.iter().find(|s| s["key"] == name).unwrap();
    assert_eq!(
        (&of("admin-key")["secret"], &of("admin-key")["origin"]),
        (&json!(true), &json!("flag"))
    );
    assert_eq!(of("trusted-proxies")["origin"], "default");
    let (_, library) = server.get_as("/admin/library", &key).await;
    assert_eq!(
        (&library["items"], &library["unplayable"]),
        (&json!(1), &json!([]))
    );
    assert_eq!(
        server
            .ask("POST", "/admin/library/scan", &key, &Value::Null)
            .await
            .0,
        202
    );
}

#[tokio::test]
async fn rooms_are_found_ended_and_everything_done_is_in_one_log() {
    let server = Server::with(&["--admin-key", KEY]).await;
    let key = json!(KEY);
    let room = server
        .room(&json!({"name": "Friday", "policy": {"visibility": "private"}}))
        .await;
    let other = server.room(&json!({"name": "100% Saturday"})).await;
    let mut host = server.host(&room).await;
    let ann = server.join(&room, "Ann", json!({})).await;
    host.must(json!({"do": "mute", "member": ann.seen[0]["member"], "muted": true}))
        .await;
    let (_, found) = server.get_as("/admin/rooms?q=fri", &key).await;
    assert_eq!(found["total"], 1);
    let row = &found["rooms"][0];
    assert_eq!(
        (&row["name"], &row["host"], &row["members"]),
        (&json!("Friday"), &json!("Hanna"), &json!(2))
    );
    assert_eq!(
        (&row["life"], &row["visibility"]),
        (&json!("live"), &json!("private"))
    );
    assert_eq!(
        server.get_as("/admin/rooms?q=100%25", &key).await.1["total"],
        1
    );
    assert_eq!(server.get_as("/admin/rooms", &key).await.1["total"], 2);
    let wrong = json!({"email": "nobody@example.org", "password": "wrong horse"});
    assert_eq!(server.post("/api/v2/session", &wrong).await.0, 401);
    let code = room["code"].as_str().unwrap();
    assert_eq!(
        server
            .ask(
                "DELETE",
                &format!("/admin/rooms/{code}"),
                &key,
                &Value::Null
            )
            .await
            .0,
        202
    );
    assert_eq!(host.farewell().await.0["code"], "room_over");
    let ended = |log: &Value| {
        log["acts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|act| act["act"] == "end")
    };
    let log = server.until("/admin/audit", &key, ended).await;
    let acts = log["acts"].as_array().unwrap();
    let mute = acts.iter().find(|act| act["act"] == "mute").unwrap();
    assert_eq!(
        (&mute["room"], &mute["by"]["name"], &mute["target"]["name"]),
        (&room["code"], &json!("Hanna"), &json!("Ann"))
    );
    assert!(
        acts.iter().any(|act| act["room"].is_null()),
        "the refused log-in is there: {log}"
    );
    // Paged one by one, it is the same.
    let mut paged = Vec::new();
    let mut next = "/admin/audit?limit=1".to_owned();
    loop {
        let (_, page) = server.get_as(&next, &key).await;
        paged.extend(page["acts"].as_array().unwrap().clone());
        if page["more"] == false {
            break;
        }
        let last = paged.last().unwrap()["id"].as_str().unwrap();
        next = format!("/admin/audit?limit=1&before={last}");
    }
    assert_eq!(&paged, acts);
    assert_eq!(
        server.get_as("/admin/audit?before=nonsense", &key).await.0,
        422
    );
    drop(other);
}

#[tokio::test]
async fn no_key_token_or_password_is_ever_logged() {
    let data = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchalong"));
    command
        .env("WATCHALONG_LOG", "trace")
        .env("WATCHALONG_ADMIN_KEY", KEY)
        .env("WATCHALONG_SIGN_UP", "open");
    let process = launch_by(command, data.path(), "127.0.0.1:0", None).await;
    let mut outside = Server::start().await;
    outside.base = process.base.clone();
    let (key, password) = (json!(KEY), "correct horse battery");
    let account = json!({"email": "ann@example.org", "name": "Ann", "password": password});
    assert_eq!(outside.post("/api/v2/accounts", &account).await.0, 201);
    let wrong = json!({"email": "ann@example.org", "password": "wrong secret words"});
    assert_eq!(outside.post("/api/v2/session", &wrong).await.0, 401);
    let (_, jwt) = outside.post("/api/v2/tokens", &account).await;
    let room = outside
        .room(&json!({"password": "open sesame please"}))
        .await;
    let host = outside.host(&room).await;
    let invites = format!("/rooms/{}/invites", room["code"].as_str().unwrap());
    let (_, invite) = outside
        .ask("POST", &invites, &host.person(), &json!({}))
        .await;
    let token = invite["url"]
        .as_str()
        .unwrap()
        .split_once("#invite=")
        .unwrap()
        .1
        .to_owned();
    let guest = outside.join(&room, "Ben", json!({"invite": token})).await;
    let secrets = [
        KEY,
        password,
        "wrong secret words",
        "open sesame please",
        &token,
        jwt["token"].as_str().unwrap(),
        room["host_key"].as_str().unwrap(),
        host.seen[0]["person"].as_str().unwrap(),
        guest.seen[0]["resume"].as_str().unwrap(),
    ];
    let url = format!("{}/api/v2/admin/logs", outside.base);
    let answer = outside.http.get(url).bearer_auth(KEY).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut stream = answer.bytes_stream();
    let mut text = String::new();
    // Until there is nothing new for a moment.
    while let Ok(Some(Ok(piece))) =
        tokio::time::timeout(Duration::from_millis(700), stream.next()).await
    {
        text.push_str(&String::from_utf8_lossy(&piece));
        if text.len() > 2_000_000 {
            break;
        }
    }
    assert!(
        text.contains("room made"),
        "{}",
        &text[..text.len().min(2000)]
    );
    let first = text
        .lines()
        .find_map(|line| line.strip_prefix("data: "))
        .unwrap();
    let line: Value = serde_json::from_str(first).unwrap();
    assert!(line["at"].is_i64() && line["level"].is_string() && line["fields"].is_object());
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
    assert_eq!(outside.get_as("/admin/overview", &key).await.0, 200);
}
