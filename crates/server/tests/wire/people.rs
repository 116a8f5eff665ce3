//! Who may come in, what some may do to others, and who is told of it.
use crate::client::{Client, Server};
use serde_json::{Value, json};
use std::time::Duration;

/// Says hello and returns why it was not let in.
async fn turned_away(server: &Server, room: &Value, name: &str, more: Value) -> (Value, Value) {
    let mut client = server.socket(room["code"].as_str().unwrap()).await;
    client.hello(name, more).await;
    client.farewell().await
}

/// The token of an invitation that this member makes.
async fn invitation(client: &mut Client, more: Value) -> (Value, Value) {
    let mut command = json!({"t": "cmd", "id": 70_000, "do": "invite"});
    for (key, value) in more.as_object().unwrap() {
        command[key] = value.clone();
    }
    client
        .send(&{
            let mut message = command.clone();
            message["t"] = json!("cmd");
            message["id"] = json!(70_000);
            message
        })
        .await;
    let made = client.event("invited").await["invite"].clone();
    (made["id"].clone(), made["token"].clone())
}

#[tokio::test]
async fn an_invitation_lets_in_as_often_as_it_says_and_a_replay_nobody() {
    let server = Server::start().await;
    let room = server.room(&json!({"policy": {"entry": "invite"}})).await;
    let mut host = server.host(&room).await;
    let (_, token) = invitation(&mut host, json!({"uses": 1, "label": "for Ann"})).await;
    let (bye, close) = turned_away(&server, &room, "Eve", json!({})).await;
    assert_eq!(
        (&bye["code"], close),
        (&json!("invite_needed"), json!(4401))
    );
    let forged = turned_away(&server, &room, "Eve", json!({"invite": "AAAA"})).await;
    assert_eq!(forged.0["code"], "invite_needed");
    let ann = server.join(&room, "Ann", json!({"invite": token})).await;
    let (bye, close) = turned_away(&server, &room, "Eve", json!({"invite": token})).await;
    assert_eq!((&bye["code"], close), (&json!("invite_used"), json!(4401)));
    // Ann's other device uses nothing up, and needs nothing.
    let person = ann.seen[0]["person"].clone();
    let again = json!({"invite": token, "person": person});
    server.join(&room, "Ann", again).await;

    let (_, brief) = invitation(&mut host, json!({"lasts": 1000})).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let late = turned_away(&server, &room, "Ben", json!({"invite": brief})).await;
    assert_eq!(late.0["code"], "invite_expired");

    // One that was taken back, and one of before a kick.
    let (id, taken_back) = invitation(&mut host, json!({})).await;
    host.must(json!({"do": "revoke_invite", "invite": id}))
        .await;
    let (_, rotated) = invitation(&mut host, json!({})).await;
    host.must(json!({"do": "kick", "member": ann.seen[0]["member"]}))
        .await;
    for token in [taken_back, rotated] {
        let gone = turned_away(&server, &room, "Cem", json!({"invite": token})).await;
        assert_eq!(gone.0["code"], "invite_expired");
    }
}

#[tokio::test]
async fn whoever_is_denied_is_told_when_to_knock_again_and_may_be_let_in_after_all() {
    let server = Server::start().await;
    let room = server.room(&json!({"policy": {"entry": "approval"}})).await;
    let mut host = server.host(&room).await;
    let mut ann = server.socket(room["code"].as_str().unwrap()).await;
    ann.hello("Ann", json!({})).await;
    let pending = ann.until("pending").await;
    let (member, person) = (pending["member"].clone(), pending["person"].clone());
    host.must(json!({"do": "deny", "member": member})).await;
    assert_eq!(ann.farewell().await.0["code"], "denied");
    let again = json!({"person": person});
    let (bye, close) = turned_away(&server, &room, "Ann", again.clone()).await;
    assert_eq!((&bye["code"], close), (&json!("denied"), json!(4403)));
    let wait = bye["retry_ms"].as_i64().unwrap();
    assert!((500_000..=600_000).contains(&wait), "{bye}");
    host.must(json!({"do": "admit", "member": member})).await;
    server.join(&room, "Ann", again).await;
}

#[tokio::test]
async fn two_moderators_who_admit_the_same_person_admit_them_once() {
    let server = Server::start().await;
    let room = server.room(&json!({"policy": {"entry": "approval"}})).await;
    let mut host = server.host(&room).await;
    let mut second = server
        .join(&room, "Second", json!({"host_key": room["host_key"]}))
        .await;
    let mut ann = server.socket(room["code"].as_str().unwrap()).await;
    ann.hello("Ann", json!({})).await;
    let member = ann.until("pending").await["member"].clone();
    let admit = json!({"do": "admit", "member": member});
    let (one, two) = tokio::join!(host.command(admit.clone()), second.command(admit));
    assert_eq!((&one["t"], &two["t"]), (&json!("ack"), &json!("ack")));
    ann.until("welcome").await;
    host.must(json!({"do": "say", "text": "hello"})).await;
    let next = ann.next().await;
    assert_ne!(next["t"], "welcome", "welcomed twice");
}

#[tokio::test]
async fn before_its_time_only_the_host_starts_and_then_it_starts_by_itself() {
    let server = Server::start().await;
    let sample = server.sample().await;
    let room = server.room(&json!({"media": sample})).await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    let now = ann.seen[0]["clock"].as_f64().unwrap() as i64;
    for bad in [now - 1000, now + 400 * 86_400_000] {
        let refused = host.command(json!({"do": "schedule", "at": bad})).await;
        assert_eq!(refused["code"], "bad_schedule");
    }
    let refused = ann.command(json!({"do": "schedule", "at": null})).await;
    assert_eq!(refused["code"], "not_allowed");
    let at = now + 1500;
    host.must(json!({"do": "schedule", "at": at})).await;
    assert_eq!(ann.event("settings").await["schedule"], at);
    assert_eq!(
        ann.command(json!({"do": "play"})).await["code"],
        "not_started"
    );
    let late = server.join(&room, "Ben", json!({})).await;
    assert_eq!(late.room()["schedule"], at);
    let begun = ann.event("timeline").await;
    assert_eq!(
        (&begun["cause"], &begun["by"], &begun["timeline"]["playing"]),
        (&json!("play"), &Value::Null, &json!(true))
    );
    assert!(begun["timeline"]["at"].as_i64().unwrap() >= at);
    ann.must(json!({"do": "pause"})).await;
}

#[tokio::test]
async fn the_word_list_is_the_moderators_and_binds_everybody() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    assert!(ann.room()["words"].is_null() && host.room()["words"].is_array());
    host.must(json!({"do": "words", "words": ["Darn"]})).await;
    let refused = ann.command(json!({"do": "say", "text": "DARN it"})).await;
    assert_eq!(refused["code"], "blocked_word");
    let refused = ann.command(json!({"do": "rename", "name": "darn"})).await;
    assert_eq!(refused["code"], "blocked_word");
    ann.must(json!({"do": "say", "text": "darning", "reply_to": null}))
        .await;
    ann.must(json!({"do": "report", "member": 1, "reason": "curses"}))
        .await;
    // Whoever becomes a moderator gets what lies on their desk.
    host.must(json!({"do": "co_host", "member": 2, "co_host": true}))
        .await;
    let settings = ann.event("settings").await;
    assert_eq!(settings["words"], json!(["darn"]));
}

#[tokio::test]
async fn reports_and_acts_are_told_to_moderators_and_to_nobody_else() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    let mut ben = server.join(&room, "Ben", json!({})).await;
    ann.must(json!({"do": "say", "text": "hello @ben and @Hanna"}))
        .await;
    let said = ben.event("said").await["message"].clone();
    assert_eq!(said["mentions"], json!([3, 1]));
    ben.must(json!({"do": "report", "message": said["id"], "reason": "rude"}))
        .await;
    let open = host.event("reports").await["reports"][0].clone();
    assert_eq!(
        (&open["by"], &open["member"], &open["text"], &open["reason"]),
        (&json!(3), &json!(2), &said["text"], &json!("rude"))
    );
    let refused = ben
        .command(json!({"do": "resolve", "report": open["id"]}))
        .await;
    assert_eq!(refused["code"], "not_allowed");
    // It comes before the answer, which would be waited for past it.
    host.send(&json!({"t": "cmd", "id": 800, "do": "mute", "member": 2, "muted": true}))
        .await;
    let act = host.event("acted").await["act"].clone();
    assert_eq!(
        (&act["act"], &act["by"], &act["target"]),
        (
            &json!("mute"),
            &json!({"member": 1, "name": "Hanna"}),
            &json!({"member": 2, "name": "Ann"})
        )
    );
    // A new co-host finds the report among what is told with the right.
    host.must(json!({"do": "co_host", "member": 3, "co_host": true}))
        .await;
    let mut told = Vec::new();
    while told.last() != Some(&json!("reports")) {
        let frame = ben.until("events").await;
        let events = frame["events"].as_array().unwrap();
        told.extend(events.iter().map(|event| event["event"].clone()));
    }
    assert!(told.contains(&json!("bans")), "{told:?}");
    assert!(!told.contains(&json!("acted")), "told before the right");
    host.must(json!({"do": "resolve", "report": open["id"]}))
        .await;
    assert_eq!(ben.event("reports").await["reports"], json!([]));
}

#[tokio::test]
async fn a_crowd_that_cheers_costs_few_frames_and_nobody_is_forgotten() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let mut crowd = Vec::new();
    for n in 0..14 {
        crowd.push(server.join(&room, &format!("p{n}"), json!({})).await);
    }
    for client in &mut crowd {
        for id in 0..5 {
            client
                .send(&json!({"t": "cmd", "id": id, "do": "react", "emoji": "🎉"}))
                .await;
        }
    }
    let (mut told, mut frames) = (0, 0);
    while told < 70 {
        let event = host.event("reactions").await;
        let list = event["list"].as_array().unwrap().len();
        assert!((1..=50).contains(&list), "{list} in a frame");
        told += list + event["more"].as_u64().unwrap() as usize;
        frames += 1;
    }
    assert_eq!(told, 70);
    assert!(frames <= 8, "{frames} frames");
    let refused = loop {
        let answer = crowd[0]
            .command(json!({"do": "react", "emoji": "🎉"}))
            .await;
        if answer["t"] == "refused" {
            break answer;
        }
    };
    assert_eq!(refused["code"], "too_fast");
    assert!(refused["retry_ms"].as_i64().unwrap() > 0);
    assert!(refused["message"].as_str().unwrap().contains("react"));
}

/// Viewers that a room tells of by name.
const SHOWN: usize = 200;

#[tokio::test]
async fn a_crowd_is_told_of_by_number_and_by_the_names_of_who_came_first() {
    let limits = ["--limit-join", "off", "--limit-requests", "off"];
    let server = Server::with(&limits).await;
    let room = server.room(&json!({"policy": {"capacity": 1000}})).await;
    let mut host = server.host(&room).await;
    let mut crowd = Vec::new();
    for n in 0..SHOWN + 4 {
        crowd.push(server.join(&room, &format!("p{n}"), json!({})).await);
    }
    // The last one knows the host, those who came first, and itself.
    let last = crowd.last_mut().unwrap();
    let members = last.room()["members"].as_array().unwrap();
    assert_eq!(members.len(), 1 + SHOWN + 1);
    assert_eq!(last.room()["people"], 1 + SHOWN + 4);
    let own = last.room()["you"]["member"].clone();
    assert!(members.iter().any(|member| member["id"] == own));
    while host.event("members").await["people"] != 1 + SHOWN + 4 {}

    // Who is told of by number hears of their own changes, and nobody else does.
    let last_name = |event: &Value| event["members"][0]["name"].clone();
    last.must(json!({"do": "rename", "name": "Zoe"})).await;
    loop {
        let event = last.event("members").await;
        if last_name(&event) == "Zoe" {
            break;
        }
    }
    // Made a co-host, they are somebody to everybody.
    host.must(json!({"do": "co_host", "member": own, "co_host": true}))
        .await;
    loop {
        let event = host.event("members").await;
        let members = event["members"].as_array().unwrap();
        assert!(
            members
                .iter()
                .all(|m| m["id"] != own || m["role"] == "co_host")
        );
        if members.iter().any(|m| m["id"] == own) {
            break;
        }
    }
    // Where one of the first goes, the next takes the place.
    let next = crowd[SHOWN].room()["you"]["member"].clone();
    crowd[0].must(json!({"do": "leave"})).await;
    loop {
        let event = host.event("members").await;
        if event["gone"].as_array().unwrap().is_empty() {
            continue;
        }
        assert_eq!(event["members"][0]["id"], next);
        assert_eq!(event["people"], SHOWN + 4);
        break;
    }
}

#[tokio::test]
async fn a_preset_is_chosen_by_its_name() {
    let server = Server::start().await;
    let room = server
        .room(&json!({"policy": {"preset": "host", "controls": {"chat": "host"}}}))
        .await;
    let mut host = server.host(&room).await;
    let mut ann = server.join(&room, "Ann", json!({})).await;
    assert_eq!(ann.room()["preset"], "host");
    assert_eq!(ann.room()["you"]["rights"]["play"], false);
    host.must(json!({"do": "policy", "patch": {"preset": "everyone"}}))
        .await;
    let settings = ann.event("settings").await;
    assert_eq!(
        (&settings["preset"], &settings["policy"]["controls"]["chat"]),
        (&json!("everyone"), &json!("host"))
    );
    let refused = host
        .command(json!({"do": "policy", "patch": {"preset": "nobody"}}))
        .await;
    assert_eq!(refused["code"], "bad_policy");
}

#[tokio::test]
async fn one_person_in_five_tabs_is_one_member_until_the_last_is_closed() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let mut tabs = vec![server.join(&room, "Ann", json!({})).await];
    let person = tabs[0].seen[0]["person"].clone();
    for _ in 0..4 {
        tabs.push(server.join(&room, "Ann", json!({"person": person})).await);
    }
    let late = server.join(&room, "Ben", json!({})).await;
    assert_eq!(late.room()["members"].as_array().unwrap().len(), 3);
    for tab in &mut tabs[..4] {
        tab.must(json!({"do": "leave"})).await;
    }
    tabs[4]
        .must(json!({"do": "say", "text": "still here"}))
        .await;
    // A ban reaches every tab at once.
    host.must(json!({"do": "ban", "member": 2})).await;
    assert_eq!(tabs[4].farewell().await.0["code"], "banned");
    let back = turned_away(&server, &room, "Ann", json!({"person": person})).await;
    assert_eq!((&back.0["code"], back.1), (&json!("banned"), json!(4403)));
    let oneself = host.command(json!({"do": "ban", "member": 1})).await;
    assert_eq!(oneself["code"], "bad_target");
}

#[tokio::test]
async fn a_banned_address_turns_newcomers_away_and_nobody_who_was_in() {
    let server = Server::start().await;
    let room = server.room(&json!({})).await;
    let mut host = server.host(&room).await;
    let ann = server.join(&room, "Ann", json!({})).await;
    let mut eve = server.join(&room, "Eve", json!({})).await;
    let member = eve.seen[0]["member"].clone();
    host.must(json!({"do": "ban", "member": member, "address": true}))
        .await;
    assert_eq!(eve.farewell().await.0["code"], "banned");
    // Everybody here comes from one address.
    let (bye, close) = turned_away(&server, &room, "Mallory", json!({})).await;
    assert_eq!((&bye["code"], close), (&json!("banned"), json!(4403)));
    let known = json!({"person": ann.seen[0]["person"]});
    server.join(&room, "Ann", known).await;
    let owner = server
        .join(&room, "Owner", json!({"host_key": room["host_key"]}))
        .await;
    assert_eq!(owner.room()["banned"][0]["address"], true);
    host.must(json!({"do": "unban", "member": member})).await;
    server.join(&room, "Mallory", json!({})).await;
}
