//! Coming in: hello, welcome, passwords, knocking, resuming, and every way of being turned away.
use crate::client::Server;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_guest_gets_the_whole_room_and_others_see_them_come() {
    let server = Server::start().await;
    let room = server.room(&json!({"name": "Friday"})).await;
    let mut host = server.host(&room).await;
    assert_eq!(host.room()["members"][0]["role"], "host");
    assert_eq!(host.room()["you"]["rights"]["host"], true);
    let ann = server.join(&room, "  Ann\u{202e}\n ", json!({})).await;
    assert_eq!(ann.room()["you"]["rights"]["host"], false);
    let members = ann.room()["members"].as_array().unwrap();
    assert_eq!(
        members
            .iter()
            .map(|m| m["name"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["Hanna", "Ann"]
    );
    let came = loop {
        let event = host.event("members").await;
        if let Some(ann) = event["members"]
            .as_array()
            .unwrap()
            .iter()
            .find(|m| m["name"] == "Ann")
        {
            break ann.clone();
        }
    };
    assert_eq!(came["present"], true);
}

#[tokio::test]
async fn bad_hellos_are_told_what_is_wrong() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let code = room["code"].as_str().unwrap();
    for first in [
        json!({"t": "cmd", "id": 1, "do": "play"}),
        json!({"t": "hello", "v": 1, "name": "Ann"}),
        json!({"t": "hello", "v": "two"}),
        json!(["hello"]),
        json!({"t": "hello", "v": 2, "name": 7}),
    ] {
        let mut client = server.socket(code).await;
        client.send(&first).await;
        let (bye, close) = client.farewell().await;
        assert_eq!(
            (bye["code"].as_str(), close),
            (Some("bad_hello"), json!(4400)),
            "{first}"
        );
    }
    let mut nobody = server.socket(code).await;
    nobody.hello("\u{200b}", json!({})).await;
    assert_eq!(nobody.farewell().await.0["code"], "bad_text");
    let mut lost = server.socket("bakoti-zuna").await;
    let (bye, close) = lost.farewell().await;
    assert_eq!(
        (bye["code"].as_str(), bye["again"].clone(), close),
        (Some("room_not_found"), json!(false), json!(4404))
    );
}

#[tokio::test]
async fn a_name_of_ten_thousand_characters_is_cut() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let guest = server.join(&room, &"ä".repeat(10_000), json!({})).await;
    assert_eq!(
        guest.room()["members"][0]["name"]
            .as_str()
            .unwrap()
            .chars()
            .count(),
        40
    );
}

#[tokio::test]
async fn a_password_opens_the_room() {
    let server = Server::start().await;
    let room = server.room(&json!({"password": "sesame"})).await;
    let code = room["code"].as_str().unwrap();
    for (wrong, told) in [
        (json!({}), "password_needed"),
        (json!({"password": "open"}), "wrong_password"),
        (json!({"password": "x".repeat(5000)}), "wrong_password"),
    ] {
        let mut stranger = server.socket(code).await;
        stranger.hello("Eve", wrong).await;
        let (bye, close) = stranger.farewell().await;
        assert_eq!((bye["code"].as_str(), close), (Some(told), json!(4401)));
    }
    server
        .join(&room, "Ann", json!({"password": "sesame"}))
        .await;
    server.host(&room).await;
}

#[tokio::test]
async fn who_knocks_waits_until_the_host_decides() {
    let server = Server::start().await;
    let room = server.room(&json!({"policy": {"entry": "approval"}})).await;
    let code = room["code"].as_str().unwrap();
    let mut host = server.host(&room).await;
    let mut ann = server.socket(code).await;
    ann.hello("Ann", json!({})).await;
    let pending = ann.until("pending").await;
    assert!(
        pending["room"].is_null(),
        "nothing of the room is told before entry"
    );
    let knock = host.event("knock").await;
    assert_eq!(knock["members"][0]["name"], "Ann");
    host.must(json!({"do": "admit", "member": knock["members"][0]["id"]}))
        .await;
    ann.until("welcome").await;
    let mut eve = server.socket(code).await;
    eve.hello("Eve", json!({})).await;
    let id = eve.until("pending").await["member"].clone();
    host.must(json!({"do": "deny", "member": id})).await;
    assert_eq!(eve.farewell().await.0["code"], "denied");
}

#[tokio::test]
async fn a_lost_connection_resumes_its_seat_and_nobody_sees_it_leave() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let ann = server.join(&room, "Ann", json!({})).await;
    let token = ann.seen[0]["resume"].clone();
    let member = ann.seen[0]["member"].clone();
    drop(ann);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let back = server
        .join(&room, "somebody", json!({"resume": token}))
        .await;
    assert_eq!(back.seen[0]["resumed"], true);
    assert_eq!(back.seen[0]["member"], member);
    tokio::time::sleep(Duration::from_millis(300)).await;
    host.must(json!({"do": "say", "text": "still here?"})).await;
    let newcomer = server.join(&room, "Ben", json!({})).await;
    assert_eq!(newcomer.room()["members"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_same_seat_elsewhere_replaces_the_old_connection() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    let token = ann.seen[0]["resume"].clone();
    let mut again = server.join(&room, "Ann", json!({"resume": token})).await;
    let (bye, close) = ann.farewell().await;
    assert_eq!(
        (bye["code"].as_str(), close),
        (Some("replaced"), json!(4409))
    );
    again.must(json!({"do": "say", "text": "I am here"})).await;
}

#[tokio::test]
async fn a_forged_or_foreign_resume_token_is_an_ordinary_join() {
    let server = Server::start().await;
    let (one, two) = (server.room(&json!({})).await, server.room(&json!({})).await);
    let ann = server.join(&one, "Ann", json!({})).await;
    let stolen = server
        .join(&two, "Eve", json!({"resume": ann.seen[0]["resume"]}))
        .await;
    assert_eq!(stolen.seen[0]["resumed"], false);
    let forged = server
        .join(
            &one,
            "Eve",
            json!({"resume": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}),
        )
        .await;
    assert_ne!(forged.seen[0]["member"], ann.seen[0]["member"]);
}

#[tokio::test]
async fn two_devices_of_one_person_are_one_member() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let phone = server.join(&room, "Ann", json!({})).await;
    let tablet = server
        .join(&room, "Ann", json!({"person": phone.seen[0]["person"]}))
        .await;
    assert_eq!(phone.seen[0]["member"], tablet.seen[0]["member"]);
    assert_eq!(tablet.room()["members"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_is_kicked_hears_why_and_the_link_alone_lets_in_no_more() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let mut eve = server.join(&room, "Eve", json!({})).await;
    let (person, seat) = (eve.seen[0]["person"].clone(), eve.seen[0]["resume"].clone());
    host.must(json!({"do": "kick", "member": eve.seen[0]["member"]}))
        .await;
    let (bye, close) = eve.farewell().await;
    assert_eq!(
        (bye["code"].as_str(), bye["again"].clone(), close),
        (Some("kicked"), json!(false), json!(4403))
    );
    let mut again = server.socket(room["code"].as_str().unwrap()).await;
    again
        .hello("Eve", json!({"person": person, "resume": seat}))
        .await;
    again.until("pending").await;
}

#[tokio::test]
async fn a_foreign_page_may_not_open_a_socket() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let url = format!(
        "{}/api/v2/rooms/{}/socket",
        server.base,
        room["code"].as_str().unwrap()
    );
    let ask = |origin: String| {
        server
            .http
            .get(&url)
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("origin", origin)
            .send()
    };
    assert_eq!(
        ask("https://evil.example".to_owned())
            .await
            .unwrap()
            .status(),
        403
    );
    let own = ask(server.base.clone()).await.unwrap();
    assert_eq!(own.status(), 101);
    assert_eq!(
        own.headers()["sec-websocket-accept"],
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
}
