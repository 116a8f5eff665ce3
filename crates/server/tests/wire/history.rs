//! What stays of an evening: parties, people, places, and what of it survives the death of the process.
use crate::client::{Client, Server};
use crate::restart::launch;
use serde_json::{Value, json};
use std::time::Duration;
use watchalong_room::{Actor, Command, ServerTime};
use watchalong_server::code::RoomCode;
use watchalong_server::store::BURNT_MS;

impl Server {
    /// A request as the guest of that connection, or as the holder of a key.
    pub async fn ask(&self, method: &str, path: &str, token: &Value, body: &Value) -> (u16, Value) {
        let method = method.parse().unwrap();
        let url = format!("{}/api/v2{path}", self.base);
        let mut request = self.http.request(method, url);
        if let Some(token) = token.as_str() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub async fn get_as(&self, path: &str, token: &Value) -> (u16, Value) {
        self.ask("GET", path, token, &Value::Null).await
    }

    /// Asks until the answer fits: what is written in the background is there in a moment.
    pub async fn until(&self, path: &str, token: &Value, fits: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..400 {
            let (_, answer) = self.get_as(path, token).await;
            if fits(&answer) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!(
            "{path} never answered as hoped: {:?}",
            self.get_as(path, token).await
        );
    }
}

impl Client {
    /// What proves on other ways who this is.
    pub fn person(&self) -> Value {
        self.seen[0]["person"].clone()
    }
}

fn path(room: &Value) -> String {
    format!("/rooms/{}", room["code"].as_str().unwrap())
}

#[tokio::test]
async fn a_party_is_found_again_with_its_figures_and_its_people() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server
        .room(&json!({"name": "Friday", "media": sample, "policy": {"barrier": {"do": "off"}}}))
        .await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({"reports": true})).await;
    let (hanna, person) = (host.person(), ann.person());
    host.must(json!({"do": "play"})).await;
    ann.must(json!({"do": "say", "text": "popcorn?"})).await;
    host.must(json!({"do": "react", "emoji": "🍿"})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    host.must(json!({"do": "pause"})).await;
    host.must(json!({"do": "end"})).await;
    let over = |page: &Value| page["parties"][0]["live"] == false;
    let page = server.until("/me/parties", &person, over).await;
    assert_eq!(page["total"], 1);
    let party = &page["parties"][0];
    assert_eq!(party["code"], room["code"]);
    assert_eq!(
        (&party["name"], &party["role"]),
        (&json!("Friday"), &json!("viewer"))
    );
    assert_eq!(
        (&party["peak"], &party["messages"], &party["reactions"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(party["people"], json!(["Hanna"]));
    assert_eq!(party["media"].as_array().unwrap().len(), 1);
    assert_eq!(party["last"]["key"], json!(sample));
    assert!(party["duration"].as_i64().unwrap() > 0, "{party}");
    assert!(party["ended_at"].as_i64() >= party["started_at"].as_i64());
    let (_, mine) = server.get_as("/me/parties", &hanna).await;
    assert_eq!(mine["parties"][0]["role"], "host");
    let (_, people) = server.get_as("/me/people", &hanna).await;
    assert_eq!(
        (
            &people["people"][0]["name"],
            &people["people"][0]["parties"]
        ),
        (&json!("Ann"), &json!(1))
    );
    assert_eq!(people["people"].as_array().unwrap().len(), 1);
    // Nobody else sees any of it, and who wants to be forgotten is.
    assert_eq!(server.get_as("/me/parties", &Value::Null).await.0, 401);
    assert_eq!(
        server
            .ask("DELETE", "/me/history", &person, &Value::Null)
            .await
            .0,
        204
    );
    assert_eq!(server.get_as("/me/parties", &person).await.1["total"], 0);
    assert_eq!(server.get_as("/me/parties", &hanna).await.1["total"], 1);
}

#[tokio::test]
async fn a_party_goes_on_where_it_stopped_for_those_who_were_there() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server
        .room(&json!({"name": "Friday", "media": sample, "policy": {"capacity": 12}}))
        .await;
    let mut host = server.host(&room).await;
    let person = host.person();
    let stranger = server
        .join(&server.room(&json!({})).await, "Cem", json!({}))
        .await
        .person();
    let from = json!({"from": room["code"]});
    host.must(json!({"do": "seek", "position": 12.5})).await;
    // It is not over: one is shown the way, without a key.
    let (status, same) = server.ask("POST", "/rooms", &person, &from).await;
    assert_eq!(
        (status, &same["code"], &same["host_key"]),
        (200, &room["code"], &Value::Null)
    );
    host.must(json!({"do": "end"})).await;
    let over = |page: &Value| page["parties"][0]["live"] == false;
    server.until("/me/parties", &person, over).await;
    let (status, next) = server.ask("POST", "/rooms", &person, &from).await;
    assert_eq!(status, 201, "{next}");
    assert_ne!(next["code"], room["code"]);
    assert_eq!(next["name"], "Friday");
    let again = server.host(&next).await;
    assert_eq!(again.room()["timeline"]["position"], 12.5);
    assert_eq!(again.room()["media"]["key"], json!(sample));
    assert_eq!(again.room()["policy"]["capacity"], 12);
    for (token, status, code) in [
        (&stranger, 404, "party_not_found"),
        (&Value::Null, 401, "login_needed"),
    ] {
        let (got, error) = server.ask("POST", "/rooms", token, &from).await;
        assert_eq!((got, &error["code"]), (status, &json!(code)));
    }
}

#[tokio::test]
async fn a_players_place_is_kept_at_most_as_far_as_the_room_has_played() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server
        .room(&json!({"media": sample, "policy": {"barrier": {"do": "off"}}}))
        .await;
    let mut host = server
        .join(
            &room,
            "Hanna",
            json!({"host_key": room["host_key"], "reports": true}),
        )
        .await;
    let mut liar = server.join(&room, "Liar", json!({"reports": true})).await;
    let follower = server.join(&room, "Fay", json!({})).await;
    host.must(json!({"do": "seek", "position": 20.0})).await;
    host.send(&json!({"t": "report", "position": 19.5, "state": "paused"}))
        .await;
    for lie in [1e300, 500.0] {
        liar.send(&json!({"t": "report", "position": lie, "state": "playing"}))
            .await;
    }
    liar.must(json!({"do": "say", "text": "heard"})).await;
    host.must(json!({"do": "say", "text": "heard"})).await;
    let (hanna, lies, fay) = (host.person(), liar.person(), follower.person());
    // Who closes the window and who leaves are both noted.
    host.must(json!({"do": "leave"})).await;
    drop(liar);
    let one = |list: &Value| {
        list["items"]
            .as_array()
            .is_some_and(|items| items.len() == 1)
    };
    let kept = server.until("/me/progress", &hanna, one).await;
    let item = &kept["items"][0];
    assert_eq!(
        (&item["position"], &item["completed"]),
        (&json!(19.5), &json!(false))
    );
    assert_eq!(
        (&item["media"]["key"], &item["media"]["kind"]),
        (&json!(sample), &json!("library"))
    );
    let kept = server.until("/me/progress", &lies, one).await;
    assert_eq!(kept["items"][0]["position"], 20.0);
    assert_eq!(
        server.get_as("/me/progress", &fay).await.1["items"],
        json!([])
    );

    // By hand: monotonic unless on purpose, and not beyond what the room played.
    for (body, position) in [
        (json!({"position": 5.0}), 20.0),
        (json!({"position": 59.0}), 20.0),
        (json!({"position": 6.0, "seeked": true}), 6.0),
    ] {
        let mut body = body;
        body["media"] = json!(sample);
        body["room"] = room["code"].clone();
        let (status, stored) = server.ask("PUT", "/me/progress", &lies, &body).await;
        assert_eq!(
            (status, &stored["position"]),
            (200, &json!(position)),
            "{stored}"
        );
    }
    for (body, code) in [
        (json!({"media": sample, "position": -1.0}), "bad_position"),
        (
            json!({"media": "nothing", "position": 1.0}),
            "unknown_media",
        ),
        (
            json!({"media": sample, "position": 1.0, "room": "bakoti-zuna"}),
            "unknown_room",
        ),
    ] {
        let (status, error) = server.ask("PUT", "/me/progress", &lies, &body).await;
        assert_eq!((status, &error["code"]), (422, &json!(code)));
    }
    let url = "https://films.example/a%20film.mp4?x=1";
    let body = json!({"media": url, "position": 99.0, "duration": 100.0});
    let (_, stored) = server.ask("PUT", "/me/progress", &lies, &body).await;
    assert_eq!(stored["completed"], true);
    assert_eq!(
        server.get_as("/me/progress", &lies).await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let (_, all) = server.get_as("/me/progress?completed=true", &lies).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    let escaped = "https%3A%2F%2Ffilms.example%2Fa%2520film.mp4%3Fx%3D1";
    let gone = server
        .ask(
            "DELETE",
            &format!("/me/progress/{escaped}"),
            &lies,
            &Value::Null,
        )
        .await;
    assert_eq!(gone.0, 204);
    let (_, all) = server.get_as("/me/progress?completed=true", &lies).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_whole_chat_is_paged_back_by_members_only_and_what_is_deleted_stays_deleted() {
    let server = Server::with(&["--limit-chat", "off"]).await;
    let chat = json!({"window": 0, "duplicate_span": 0});
    let room = server.room(&json!({"policy": {"chat": chat}})).await;
    let mut host = server.host(&room).await;
    let code = RoomCode::parse(room["code"].as_str().unwrap()).unwrap();
    let handle = server.running.hub.room(&code).await.unwrap().unwrap();
    let seat = handle
        .read(|room| room.members().next().unwrap().seats[0].id)
        .await
        .unwrap();
    for number in 1..=450 {
        let (text, reply_to) = (format!("message {number}"), None);
        let say = Command::Say { text, reply_to };
        handle.call(Actor::Seat(seat), say).await.unwrap();
    }
    // The oldest has left the room long ago.
    host.must(json!({"do": "delete_message", "message": 3}))
        .await;
    let person = host.person();
    let at = format!("{}/messages", path(&room));
    let mut seen = Vec::new();
    let mut before = u64::MAX;
    loop {
        let page = format!("{at}?limit=200&before={before}");
        let (status, page) = server.get_as(&page, &person).await;
        assert_eq!(status, 200, "{page}");
        let messages = page["messages"].as_array().unwrap().clone();
        before = messages[0]["id"].as_u64().unwrap();
        seen.splice(0..0, messages);
        if page["more"] == false {
            break;
        }
    }
    let ids: Vec<u64> = seen.iter().map(|m| m["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=450).collect::<Vec<_>>());
    assert_eq!(seen[449]["text"], "message 450");
    let stranger = server
        .join(&server.room(&json!({})).await, "Cem", json!({}))
        .await
        .person();
    for (token, status) in [
        (&stranger, 403),
        (&json!("wrong.key"), 401),
        (&Value::Null, 403),
    ] {
        assert_eq!(server.get_as(&at, token).await.0, status);
    }
    assert_eq!(server.get_as(&at, &room["host_key"]).await.0, 200);
    let server = server.restarted().await;
    let (_, page) = server.get_as(&format!("{at}?before=5"), &person).await;
    let third = page["messages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["id"] == 3);
    assert!(
        third.is_none_or(|m| m["deleted"] == true && m["text"] == ""),
        "{page}"
    );
}

#[tokio::test]
async fn a_killed_process_loses_nobody_who_was_there_and_nothing_that_was_done() {
    let data = tempfile::tempdir().unwrap();
    let mut process = launch(data.path(), "127.0.0.1:0").await;
    let mut outside = Server::start().await;
    outside.base = process.base.clone();
    let room = outside.room(&json!({"name": "Friday"})).await;
    let mut host = outside.host(&room).await;
    let mut ann = outside.join(&room, "Ann", json!({})).await;
    let ben = outside.join(&room, "Ben", json!({})).await;
    let (hanna, anns, bens) = (host.person(), ann.person(), ben.person());
    ann.must(json!({"do": "say", "text": "bye"})).await;
    ann.must(json!({"do": "leave"})).await;
    host.must(json!({"do": "kick", "member": ben.seen[0]["member"]}))
        .await;
    process.child.start_kill().unwrap();
    process.child.wait().await.unwrap();
    process = launch(data.path(), "127.0.0.1:0").await;
    outside.base = process.base.clone();
    for (token, role) in [(&hanna, "host"), (&anns, "viewer"), (&bens, "viewer")] {
        let known = |page: &Value| page["total"] == 1;
        let page = outside.until("/me/parties", token, known).await;
        assert_eq!(page["parties"][0]["role"], role);
        assert_eq!(page["parties"][0]["messages"], 1);
    }
    let (_, log) = outside
        .get_as(&format!("{}/audit", path(&room)), &room["host_key"])
        .await;
    let kick = log["acts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|act| act["act"] == "kick");
    assert_eq!(kick.unwrap()["target"]["name"], "Ben", "{log}");
    assert_eq!(kick.unwrap()["by"]["name"], "Hanna");
    drop(process);
}

#[tokio::test]
async fn a_code_stays_burnt_for_thirty_days_and_the_party_is_remembered_after() {
    let server = Server::start().await;
    let room = server.room(&json!({"name": "Friday"})).await;
    let mut host = server.host(&room).await;
    let person = host.person();
    host.must(json!({"do": "say", "text": "bye"})).await;
    host.must(json!({"do": "end"})).await;
    let over = |page: &Value| page["parties"][0]["live"] == false;
    server.until("/me/parties", &person, over).await;
    let store = &server.running.hub.store;
    let now = server.running.hub.clock.now();
    assert_eq!(
        store
            .purge(ServerTime(now.0 + BURNT_MS - 60_000))
            .await
            .unwrap(),
        []
    );
    let (status, view) = server.get_as(&path(&room), &Value::Null).await;
    assert_eq!((status, &view["life"]), (200, &json!("ended")));
    let server = server.restarted().await;
    let store = &server.running.hub.store;
    let later = ServerTime(now.0 + BURNT_MS + 60_000);
    let code = RoomCode::parse(room["code"].as_str().unwrap()).unwrap();
    assert_eq!(store.purge(later).await.unwrap(), [code]);
    assert_eq!(server.get_as(&path(&room), &Value::Null).await.0, 404);
    assert_eq!(server.get_as("/me/parties", &person).await.1["total"], 1);
    for table in ["SELECT room FROM messages", "SELECT room FROM entries"] {
        assert!(
            !server
                .texts(table)
                .await
                .contains(&room["code"].as_str().unwrap().to_owned())
        );
    }
}
