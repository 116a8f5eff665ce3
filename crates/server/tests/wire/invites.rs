//! Ways in: invitations, passwords that change, owners, times in calendars; and what strangers see.
use crate::client::Server;
use serde_json::{Value, json};
use std::time::Duration;

fn path(room: &Value) -> String {
    format!("/rooms/{}", room["code"].as_str().unwrap())
}

#[tokio::test]
async fn an_invitation_lets_in_without_knocking_until_it_is_taken_back() {
    let server = Server::start().await;
    let room = server.room(&json!({"policy": {"entry": "approval"}})).await;
    let host = server.host(&room).await;
    let at = format!("{}/invites", path(&room));
    let asked = json!({"uses": 1, "lasts": 3_600_000, "label": "for Ann"});
    let (status, invite) = server.ask("POST", &at, &host.person(), &asked).await;
    assert_eq!(status, 201, "{invite}");
    let url = invite["url"].as_str().unwrap();
    let token = url.split_once("#invite=").unwrap().1;
    assert!(url.starts_with(&format!("{}/r/", server.base)));
    let ann = server.join(&room, "Ann", json!({"invite": token})).await;
    let (_, list) = server.get_as(&at, &host.person()).await;
    assert_eq!(
        (
            &list["invites"][0]["uses_left"],
            &list["invites"][0]["label"]
        ),
        (&json!(0), &json!("for Ann"))
    );
    assert_eq!(list["invites"][0]["url"], invite["url"]);

    // Others see their own only, and may make none where the policy says so.
    assert_eq!(
        server.get_as(&at, &ann.person()).await.1["invites"],
        json!([])
    );
    assert_eq!(server.get_as(&at, &Value::Null).await.0, 403);
    let (_, second) = server.ask("POST", &at, &room["host_key"], &json!({})).await;
    let one = format!("{at}/{}", second["id"]);
    assert_eq!(
        server
            .ask("DELETE", &one, &ann.person(), &Value::Null)
            .await
            .0,
        403
    );
    assert_eq!(
        server
            .ask("DELETE", &one, &host.person(), &Value::Null)
            .await
            .0,
        204
    );
    assert_eq!(
        server
            .ask("DELETE", &one, &host.person(), &Value::Null)
            .await
            .0,
        404
    );
    let (status, error) = server
        .ask("POST", &at, &host.person(), &json!({"uses": 0}))
        .await;
    assert_eq!((status, &error["code"]), (422, &json!("bad_invite")));
}

#[tokio::test]
async fn a_password_is_set_changed_and_removed_while_people_watch() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let ann = server.join(&room, "Ann", json!({})).await;
    // Not by the policy alone: nobody could come in.
    let policy = json!({"do": "policy", "patch": {"entry": "password"}});
    assert_eq!(
        host.command(policy.clone()).await["code"],
        "password_needed"
    );
    let at = path(&room);
    let set = |password: Value| json!({"password": password});
    assert_eq!(
        server
            .ask("PATCH", &at, &ann.person(), &set(json!("mine")))
            .await
            .0,
        403
    );
    let (status, view) = server
        .ask("PATCH", &at, &host.person(), &set(json!("sesame")))
        .await;
    assert_eq!((status, &view["entry"]), (200, &json!("password")));
    let mut stranger = server.socket(room["code"].as_str().unwrap()).await;
    stranger.hello("Cem", json!({})).await;
    assert_eq!(stranger.farewell().await.0["code"], "password_needed");
    server
        .join(&room, "Dan", json!({"password": "sesame"}))
        .await;
    server
        .ask("PATCH", &at, &room["host_key"], &set(json!("abracadabra")))
        .await;
    let mut stale = server.socket(room["code"].as_str().unwrap()).await;
    stale.hello("Eve", json!({"password": "sesame"})).await;
    stale.farewell().await;
    let server = server.restarted().await;
    server
        .join(&room, "Eve", json!({"password": "abracadabra"}))
        .await;
    let (_, view) = server
        .ask("PATCH", &at, &room["host_key"], &set(Value::Null))
        .await;
    assert_eq!(view["entry"], "open");
    server.join(&room, "Fay", json!({})).await;
}

#[tokio::test]
async fn who_made_a_room_is_its_host_without_the_key_and_finds_it_again() {
    let server = Server::start().await;
    let person = server
        .join(&server.room(&json!({})).await, "Hanna", json!({}))
        .await
        .person();
    let (status, room) = server
        .ask("POST", "/rooms", &person, &json!({"name": "Mine"}))
        .await;
    assert_eq!(status, 201);
    let (_, mine) = server.get_as("/me/rooms", &person).await;
    assert_eq!(
        (&mine["rooms"][0]["code"], &mine["rooms"][0]["live"]),
        (&room["code"], &json!(false))
    );
    let host = server.join(&room, "Hanna", json!({"person": person})).await;
    assert_eq!(host.room()["you"]["rights"]["host"], true);
    let ann = server.join(&room, "Ann", json!({})).await;
    assert_eq!(
        server
            .ask("DELETE", &path(&room), &ann.person(), &Value::Null)
            .await
            .0,
        403
    );
    assert_eq!(
        server
            .ask("DELETE", &path(&room), &person, &Value::Null)
            .await
            .0,
        202
    );
    assert_eq!(
        server.get_as("/me/rooms", &person).await.1["rooms"],
        json!([])
    );
    assert_eq!(
        server
            .ask("DELETE", &path(&room), &person, &Value::Null)
            .await
            .0,
        410
    );
}

#[tokio::test]
async fn a_scheduled_party_has_a_calendar_file_and_wakes_though_nobody_is_there() {
    let server = Server::start().await;
    let at = server.running.hub.clock.now().0 + 3_600_000;
    let room = server
        .room(&json!({"name": "Friday, 8 pm; \u{fc}ber", "schedule": at}))
        .await;
    let (_, view) = server.get_as(&path(&room), &Value::Null).await;
    assert_eq!(view["schedule"], at);
    let file = format!("{}/api/v2{}/calendar.ics", server.base, path(&room));
    let answer = server.http.get(&file).send().await.unwrap();
    assert_eq!(
        answer.headers()["content-type"],
        "text/calendar; charset=utf-8"
    );
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("SUMMARY:Friday\\, 8 pm\\; \u{fc}ber\r\n"),
        "{text}"
    );
    assert!(text.contains(&format!("/r/{}", room["code"].as_str().unwrap())));
    let plain = server.room(&json!({})).await;
    let (status, error) = server
        .get_as(&format!("{}/calendar.ics", path(&plain)), &Value::Null)
        .await;
    assert_eq!((status, &error["code"]), (404, &json!("not_scheduled")));
    let (status, error) = server
        .post("/api/v2/rooms", &json!({"schedule": 1000}))
        .await;
    assert_eq!((status, &error["code"]), (422, &json!("bad_schedule")));
    // Its time is what the sweep looks for, in the database: the room itself sleeps.
    let server = server.restarted().await;
    let due = server
        .running
        .hub
        .store
        .rooms_due(watchalong_room::ServerTime(at), false);
    let codes: Vec<String> = due.await.unwrap().iter().map(ToString::to_string).collect();
    assert!(
        codes.contains(&room["code"].as_str().unwrap().to_owned()),
        "{codes:?}"
    );
}

#[tokio::test]
async fn a_private_room_is_named_nowhere() {
    let server = Server::with(&["--admin-key", "an admin key of length"]).await;
    let at = server.running.hub.clock.now().0 + 3_600_000;
    let policy = json!({"visibility": "private"});
    let room = server
        .room(&json!({"name": "Secret", "schedule": at, "policy": policy}))
        .await;
    let _host = server.host(&room).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    for place in [
        "/rooms".to_owned(),
        "/rooms?q=secret".to_owned(),
        path(&room),
        format!("{}/messages", path(&room)),
    ] {
        let (_, told) = server.get_as(&place, &Value::Null).await;
        assert!(!told.to_string().contains("Secret"), "{place}: {told}");
    }
    assert_eq!(server.get("/api/v2/rooms").await.1["total"], 0);
    let file = format!("{}/api/v2{}/calendar.ics", server.base, path(&room));
    let text = server
        .http
        .get(&file)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(!text.contains("Secret") && text.contains("DTSTART"));
}

#[tokio::test]
async fn the_directory_is_paged_and_tells_who_is_there_now() {
    let server = Server::with(&["--limit-create", "1000/min", "--limit-join", "1000/min"]).await;
    let mut hosts = Vec::new();
    for number in 0..53 {
        let room =
            json!({"name": format!("Open air {number}"), "policy": {"visibility": "public"}});
        hosts.push(server.host(&server.room(&room).await).await);
    }
    let all = |list: &Value| list["total"] == 53;
    let first = server.until("/rooms", &Value::Null, all).await;
    assert_eq!(first["rooms"].as_array().unwrap().len(), 50);
    let (_, second) = server.get_as("/rooms?page=1", &Value::Null).await;
    assert_eq!(second["rooms"].as_array().unwrap().len(), 3);
    assert_eq!(
        server.get_as("/rooms?q=AIR%2052", &Value::Null).await.1["total"],
        1
    );
    assert_eq!(
        server
            .get_as("/rooms?page=99999999999", &Value::Null)
            .await
            .1["rooms"],
        json!([])
    );
    hosts.pop();
    server
        .until("/rooms", &Value::Null, |list| list["total"] == 52)
        .await;
}
