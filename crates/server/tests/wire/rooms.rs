//! `/api/v2/rooms`
use crate::client::Server;
use serde_json::{Value, json};

#[tokio::test]
async fn a_room_is_made_with_links_for_host_and_guests() {
    let server = Server::start().await;
    let room = server.room(&json!({"name": "Friday"})).await;
    let code = room["code"].as_str().unwrap();
    assert_eq!(room["url"], format!("{}/r/{code}", server.base));
    assert_eq!(
        room["host_url"],
        format!(
            "{}/r/{code}#host={}",
            server.base,
            room["host_key"].as_str().unwrap()
        )
    );
    let (status, view) = server
        .get(&format!(
            "/api/v2/rooms/{}",
            code.to_uppercase().replace('-', "")
        ))
        .await;
    assert_eq!(status, 200);
    assert_eq!(view["name"], "Friday");
    assert_eq!(view["life"], "created");
}

#[tokio::test]
async fn what_can_not_be_is_refused_in_words() {
    let server = Server::start().await;
    let cases = [
        (json!({"media": "nothing"}), 404, "media_not_found"),
        (
            json!({"media": {"kind": "url", "url": "file:///etc/passwd"}}),
            422,
            "bad_address",
        ),
        (json!({"media": {"kind": "dvd"}}), 422, "bad_request"),
        (
            json!({"policy": {"controls": {"play": "nobody"}}}),
            422,
            "bad_policy",
        ),
        (json!({"policy": {"capacity": 0}}), 422, "bad_policy"),
        (
            json!({"policy": {"entry": "password"}}),
            422,
            "password_needed",
        ),
        (json!({"password": "x".repeat(10_000)}), 422, "bad_password"),
        (json!([1, 2]), 422, "bad_request"),
    ];
    for (body, status, code) in cases {
        let (got, error) = server.post("/api/v2/rooms", &body).await;
        assert_eq!(
            (got, error["code"].as_str()),
            (status, Some(code)),
            "{body} -> {error}"
        );
        assert!(error["message"].as_str().unwrap().len() > 10);
    }
    let long = json!({"name": "x".repeat(100_000)});
    assert_eq!(server.post("/api/v2/rooms", &long).await.0, 413);
    for code in ["bakoti-zuna", "..%2f..%2fetc", "x"] {
        let (status, error) = server.get(&format!("/api/v2/rooms/{code}")).await;
        assert_eq!(
            (status, error["code"].as_str()),
            (404, Some("room_not_found"))
        );
    }
}

#[tokio::test]
async fn only_public_rooms_with_people_are_listed() {
    let server = Server::start().await;
    let public = server
        .room(&json!({"name": "Open air", "policy": {"visibility": "public"}}))
        .await;
    let hidden = server.room(&json!({"name": "Ours"})).await;
    let private = server
        .room(&json!({"name": "Secret", "policy": {"visibility": "private"}}))
        .await;
    let (_a, _b, _c) = (
        server.host(&public).await,
        server.host(&hidden).await,
        server.host(&private).await,
    );
    // The view follows the roster, which is told at most every 100 ms.
    for _ in 0..50 {
        if server.get("/api/v2/rooms").await.1["total"] == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (_, list) = server.get("/api/v2/rooms").await;
    assert_eq!(list["total"], 1);
    assert_eq!(list["rooms"][0]["name"], "Open air");
    assert_eq!(list["rooms"][0]["viewers"], 1);
    assert_eq!(server.get("/api/v2/rooms?q=nothing").await.1["total"], 0);
    let (_, view) = server
        .get(&format!(
            "/api/v2/rooms/{}",
            private["code"].as_str().unwrap()
        ))
        .await;
    assert!(view["name"].is_null() && view["viewers"].is_null());
}

#[tokio::test]
async fn a_room_is_ended_by_its_host_key_and_nobody_else() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut guest = server.join(&room, "Ann", json!({})).await;
    let url = format!(
        "{}/api/v2/rooms/{}",
        server.base,
        room["code"].as_str().unwrap()
    );
    for (key, status) in [("", 403), ("wrong", 401)] {
        let answer = server
            .http
            .delete(&url)
            .bearer_auth(key)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status);
    }
    let key = room["host_key"].as_str().unwrap();
    assert_eq!(
        server
            .http
            .delete(&url)
            .bearer_auth(key)
            .send()
            .await
            .unwrap()
            .status(),
        202
    );
    let (bye, close) = guest.farewell().await;
    assert_eq!(
        (bye["code"].as_str(), close),
        (Some("room_over"), json!(4410))
    );
}

#[tokio::test]
async fn the_openapi_document_names_every_route() {
    let server = Server::start().await;
    let (status, document) = server.get("/api/v2/openapi.json").await;
    assert_eq!(status, 200);
    let paths = document["paths"].as_object().unwrap();
    for path in [
        "/api/v2/accounts",
        "/api/v2/admin/invites",
        "/api/v2/admin/logs",
        "/api/v2/admin/overview",
        "/api/v2/admin/people",
        "/api/v2/admin/people/{id}",
        "/api/v2/library",
        "/api/v2/library/{id}",
        "/api/v2/me",
        "/api/v2/me/parties",
        "/api/v2/me/progress/{key}",
        "/api/v2/me/export",
        "/api/v2/rooms",
        "/api/v2/rooms/{code}",
        "/api/v2/rooms/{code}/audit",
        "/api/v2/rooms/{code}/calendar.ics",
        "/api/v2/rooms/{code}/invites/{id}",
        "/api/v2/rooms/{code}/messages",
        "/api/v2/session",
        "/api/v2/sessions",
        "/api/v2/sessions/{id}",
        "/api/v2/tokens",
        "/health",
        "/ready",
    ] {
        let operations = paths[path].as_object().expect(path);
        for operation in operations.values() {
            assert!(!operation["tags"].as_array().expect(path).is_empty());
        }
    }
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_a_page_to_people_and_a_code_to_programs() {
    let server = Server::start().await;
    let (status, told) = server.get("/no/such/place").await;
    assert_eq!((status, told["code"].as_str()), (404, Some("not_found")));
    for (path, page) in [("/no/such/place", true), ("/api/v2/nothing", false)] {
        let asked = server.http.get(format!("{}{path}", server.base));
        let answer = asked.header("accept", "text/html,*/*;q=0.8").send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 404);
        let mime = answer.headers()["content-type"].to_str().unwrap();
        assert_eq!(mime.starts_with("text/"), page, "{path}: {mime}");
    }
}

#[tokio::test]
async fn public_parties_to_come_are_listed_asleep_or_not_and_others_are_not() {
    let server = Server::start().await;
    let now = server.running.hub.clock.now().0;
    let day = 24 * 3_600_000;
    let make = async |server: &Server, name: &str, visibility: &str, schedule: Option<i64>| {
        let policy = json!({"visibility": visibility});
        let wanted = json!({"name": name, "policy": policy, "schedule": schedule});
        server.room(&wanted).await
    };
    make(&server, "Next week", "public", Some(now + 7 * day)).await;
    let soon = make(&server, "Tomorrow", "public", Some(now + day)).await;
    make(&server, "Family", "unlisted", Some(now + day)).await;
    make(&server, "Secret", "private", Some(now + day)).await;
    make(&server, "Nobody yet", "public", None).await;
    let names = |page: &Value| {
        let rooms = page["rooms"].as_array().unwrap().iter();
        let names = rooms.map(|room| room["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let (_, page) = server.get("/api/v2/rooms").await;
    assert_eq!(names(&page), ["Tomorrow", "Next week"]);
    // After a restart nobody has opened them: they are told of from the database.
    let server = server.restarted().await;
    let (_, page) = server.get("/api/v2/rooms").await;
    assert_eq!(names(&page), ["Tomorrow", "Next week"]);
    assert_eq!(
        (&page["total"], &page["rooms"][0]["viewers"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(page["rooms"][0]["schedule"], now + day);
    let (_, page) = server.get("/api/v2/rooms?q=next").await;
    assert_eq!(names(&page), ["Next week"]);

    // With somebody in it, it is a party like any other; without its time, none until somebody comes.
    let mut host = server.host(&soon).await;
    let page = directory(&server, |page| page["rooms"][0]["viewers"] == 1).await;
    assert_eq!(names(&page), ["Tomorrow", "Next week"]);
    host.must(json!({"do": "schedule", "at": null})).await;
    host.send(&json!({"t": "cmd", "id": 900, "do": "leave"}))
        .await;
    let page = directory(&server, |page| page["total"] == 1).await;
    assert_eq!(names(&page), ["Next week"]);
}

/// The directory, once it is as it should be: it follows the rooms by a moment.
async fn directory(server: &Server, is: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..400 {
        let (_, page) = server.get("/api/v2/rooms").await;
        if is(&page) {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the directory never became as it should be");
}

#[tokio::test]
async fn another_password_stands_in_the_rooms_audit_and_never_which() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let url = format!(
        "{}/api/v2/rooms/{}",
        server.base,
        room["code"].as_str().unwrap()
    );
    let key = room["host_key"].as_str().unwrap();
    let person = host.seen[0]["person"].as_str().unwrap().to_owned();
    for (who, password, detail, by) in [
        (
            person.as_str(),
            json!("sesame street"),
            "set",
            json!("Hanna"),
        ),
        (key, json!("sesame avenue"), "set", Value::Null),
        (&person, Value::Null, "removed", json!("Hanna")),
    ] {
        let request = server.http.patch(&url).bearer_auth(who);
        let answer = request.json(&json!({"password": password})).send().await;
        assert_eq!(answer.unwrap().status(), 200);
        let act = loop {
            let act = host.event("acted").await["act"].clone();
            if act["act"] == "password" {
                break act;
            }
        };
        assert_eq!((&act["detail"], &act["by"]["name"]), (&json!(detail), &by));
        assert!(!act.to_string().contains("sesame"), "{act}");
    }
    // There was none any more: nothing changes, and nothing is told.
    let request = server.http.patch(&url).bearer_auth(&person);
    request
        .json(&json!({"password": null}))
        .send()
        .await
        .unwrap();
    host.must(json!({"do": "say", "text": "done"})).await;
    server.running.hub.log.flush().await;
    let log = format!("{url}/audit");
    let log = server
        .http
        .get(log)
        .bearer_auth(&person)
        .send()
        .await
        .unwrap();
    let log: Value = log.json().await.unwrap();
    let passwords = log["acts"].as_array().unwrap().iter();
    assert_eq!(passwords.filter(|act| act["act"] == "password").count(), 3);
}
