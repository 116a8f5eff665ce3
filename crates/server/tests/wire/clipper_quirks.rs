//! A test for each quirk of the reference server that is fixed here, and for those that are kept (section 13 of what we
//! know of it), named for it.
use crate::client::Server;
use crate::clipper::{AT, Person, Told, kinds, party};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn quirk_1_fractions_of_seconds_are_numbers_like_any() {
    let server = Server::start().await;
    let (_, _, made, mut host, mut ann) = party(&server).await;
    host.send(json!({"type": "seek", "party_id": made["id"], "position": 12.75, "timestamp": 1735660800.517})).await;
    let seek = ann.until("seek").await;
    assert_eq!(
        (&seek["position"], &seek["position_ms"]),
        (&json!(12), &json!(12750))
    );
}

#[tokio::test]
async fn quirk_2_the_first_chat_and_reaction_take_nothing_down_and_presence_is_told() {
    let server = Server::start().await;
    let (_, viewer, _, mut host, mut ann) = party(&server).await;
    ann.send(json!({"type": "chat", "message": "hello"})).await;
    let said = host.until("chat_message").await;
    assert_eq!(said["chat_message"]["user_id"], viewer.id.as_str());
    assert_eq!(said["chat_message"]["display_name"], "Ann");
    ann.send(json!({"type": "reaction", "emoji": "👍"})).await;
    assert_eq!(host.until("reaction").await["reaction"]["username"], "Ann");
    drop(ann);
    let left = host.until("participant-left").await;
    assert_eq!(
        (&left["user_id"], &left["participant"]["user_id"]),
        (&json!(viewer.id), &json!(viewer.id))
    );
}

#[tokio::test]
async fn quirk_3_tokens_of_everybody_can_be_offered_by_browsers() {
    let server = Server::start().await;
    for name in [
        "A",
        "Ann",
        "Anna",
        "Annä",
        "Ann Elisabeth von und zu Hohenstein",
    ] {
        assert_eq!(
            Person::guest(&server, name).await.token.len() % 3,
            0,
            "{name}"
        );
    }
}

#[tokio::test]
async fn quirk_4_a_command_for_another_party_changes_neither() {
    let server = Server::start().await;
    let (host, _, made, mut hanna, mut ann) = party(&server).await;
    let other = Person::guest(&server, "Otto").await;
    let theirs = other.create(json!({})).await;
    let mut otto = other.socket(&theirs).await;
    otto.until("participant-joined").await;
    for command in [
        json!({"type": "play", "party_id": theirs["id"]}),
        json!({"type": "seek", "position": 9, "party_id": theirs["id"]}),
        json!({"type": "chat", "message": "hi", "party_id": theirs["id"]}),
    ] {
        hanna.send(command).await;
        assert_eq!(hanna.next().await["code"], "INVALID_COMMAND");
    }
    assert!(ann.so_far().await.is_empty());
    assert!(otto.so_far().await.is_empty());
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        host.get(&format!("/{id}/messages")).await.data(200)["count"],
        0
    );
}

#[tokio::test]
async fn quirk_6_who_is_removed_is_out_at_once_and_for_good() {
    let server = Server::start().await;
    let (host, viewer, made, mut hanna, mut ann) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    host.post(&format!("/{id}/promote"), json!({"user_id": viewer.id}))
        .await
        .data(200);
    hanna.until("participant-updated").await;
    host.post(&format!("/{id}/kick"), json!({"user_id": viewer.id}))
        .await
        .data(200);
    assert_eq!(ann.closed().await, 1008);
    let left = hanna.until("participant-left").await;
    assert_eq!(left["participant"]["role"], "co-host");
    assert_eq!(viewer.try_socket(id, "").await.err().unwrap().0, 403);
    let code = made["invite_code"].as_str().unwrap();
    assert_eq!(
        viewer
            .post(&format!("/{code}/join"), json!({}))
            .await
            .refused(),
        (403, "FORBIDDEN")
    );
    host.post(&format!("/{id}/end"), json!({})).await;
    assert_eq!(
        viewer.get(&format!("/{id}")).await.refused(),
        (403, "FORBIDDEN")
    );
}

#[tokio::test]
async fn quirk_7_a_password_is_asked_for_changed_and_removed() {
    let server = Server::start().await;
    let host = Person::guest(&server, "Hanna").await;
    let made = host.create(json!({"password": "sesame"})).await;
    let (id, code) = (
        made["id"].as_str().unwrap(),
        made["invite_code"].as_str().unwrap(),
    );
    let join = format!("/{code}/join");
    let ann = Person::guest(&server, "Ann").await;
    assert_eq!(
        ann.post(&join, json!({})).await.refused(),
        (403, "PASSWORD_REQUIRED")
    );
    assert_eq!(
        ann.post(&join, json!({"password": "wrong"}))
            .await
            .refused(),
        (403, "INVALID_PASSWORD")
    );
    let odd = ann
        .request(Method::POST, &join)
        .body("not json")
        .send()
        .await
        .unwrap();
    assert_eq!(Told::of(odd).await.refused(), (403, "PASSWORD_REQUIRED"));
    ann.post(&join, json!({"password": "sesame"}))
        .await
        .data(200);
    // Whoever is in needs none.
    ann.post(&join, json!({})).await.data(200);

    let settings = format!("/{id}/settings");
    host.patch(
        &settings,
        json!({"visibility": "invite", "password": "open it"}),
    )
    .await
    .data(200);
    let ben = Person::guest(&server, "Ben").await;
    assert_eq!(
        ben.post(&join, json!({"password": "sesame"}))
            .await
            .refused(),
        (403, "INVALID_PASSWORD")
    );
    host.patch(&settings, json!({"visibility": "friends"}))
        .await
        .data(200);
    assert_eq!(
        ben.post(&join, json!({})).await.refused(),
        (403, "PASSWORD_REQUIRED"),
        "kept"
    );
    // What the settings page of the frontend sends with every other visibility.
    host.patch(&settings, json!({"visibility": "public", "password": ""}))
        .await
        .data(200);
    let party = ben.post(&join, json!({})).await.data(200)["party"].clone();
    assert_eq!(party["visibility"], "public");
    for wrong in [
        json!({"password": "abc"}),
        json!({"visibility": "all"}),
        json!({"password": 5}),
        json!([]),
    ] {
        let told = host.patch(&settings, wrong.clone()).await;
        assert_eq!(told.refused(), (400, "INVALID_REQUEST"), "{wrong}");
    }
}

#[tokio::test]
async fn quirk_8_a_skip_plays_and_its_clock_runs() {
    let server = Server::start().await;
    let (host, _, made, mut hanna, mut ann) = party(&server).await;
    hanna.send(json!({"type": "seek", "position": 500})).await;
    hanna.send(json!({"type": "skip", "clip_id": "next"})).await;
    ann.until("skip").await;
    let sync = ann.until("sync").await;
    assert_eq!(
        (&sync["clip_id"], &sync["is_playing"]),
        (&json!("next"), &json!(true))
    );
    assert!(sync["position"].as_i64().unwrap() < 5);
    let id = made["id"].as_str().unwrap();
    let party = host.get(&format!("/{id}")).await.data(200);
    assert_eq!(
        (&party["is_playing"], &party["current_clip_id"]),
        (&json!(true), &json!("next"))
    );
}

#[tokio::test]
async fn quirk_9_closing_one_of_two_sockets_cuts_the_other_off_from_nothing() {
    let server = Server::start().await;
    let (_, viewer, made, mut host, first) = party(&server).await;
    let mut second = viewer.socket(&made).await;
    // An answered handshake is not yet a seat: whoever is answered has one.
    second.send(json!({"type": "sync-request"})).await;
    second.until("sync").await;
    drop(first);
    host.send(json!({"type": "seek", "position": 5})).await;
    assert_eq!(second.until("seek").await["position"], 5);
    assert!(!kinds(&host.so_far().await).contains(&"participant-left"));
}

#[tokio::test]
async fn quirk_11_the_limit_of_joins_is_of_the_user_and_over_all_codes() {
    let server = Server::with(&["--limit-join", "off"]).await;
    let ann = Person::guest(&server, "Ann").await;
    for n in 0..30_u32 {
        let letter = |n: u32| char::from(b'A' + (n % 8) as u8);
        let code = format!("AAAA{}{}", letter(n / 8), letter(n));
        assert_eq!(
            ann.post(&format!("/{code}/join"), json!({}))
                .await
                .refused(),
            (404, "NOT_FOUND")
        );
    }
    let refused = ann.post("/BBBBBB/join", json!({})).await;
    assert_eq!(refused.refused(), (429, "RATE_LIMITED"));
    assert!(
        refused.body["retry_after"]
            .as_u64()
            .is_some_and(|s| s > 3000)
    );
    let ben = Person::guest(&server, "Ben").await;
    assert_eq!(
        ben.post("/BBBBBB/join", json!({})).await.refused(),
        (404, "NOT_FOUND")
    );
    // Ten parties an hour; a refused one is none of them.
    for _ in 0..10 {
        assert_eq!(
            ben.post("", json!({"title": ""})).await.refused(),
            (400, "INVALID_REQUEST")
        );
        ben.create(json!({})).await;
    }
    assert_eq!(
        ben.post("", json!({"title": "x"})).await.refused(),
        (429, "RATE_LIMITED")
    );
    assert_eq!(
        ben.post("", json!({})).await.refused(),
        (400, "INVALID_REQUEST"),
        "first what is wrong"
    );
}

#[tokio::test]
async fn quirk_13_friends_find_the_party_by_its_code_alone() {
    let server = Server::start().await;
    let host = Person::guest(&server, "Hanna").await;
    for visibility in ["friends", "invite", "private"] {
        let made = host.create(json!({"visibility": visibility})).await;
        assert_eq!(made["party"]["visibility"], visibility);
        let ann = Person::guest(&server, "Ann").await;
        let id = made["id"].as_str().unwrap();
        assert_eq!(
            ann.get(&format!("/{id}")).await.refused(),
            (403, "FORBIDDEN")
        );
        assert_eq!(ann.join(&made).await["party"]["visibility"], visibility);
        // A participant finds it by its code as well, as the frontend looks for it behind an invitation.
        let code = made["invite_code"].as_str().unwrap();
        assert_eq!(ann.get(&format!("/{code}")).await.data(200)["id"], id);
    }
    let (_, list) = server.get(&format!("{AT}/public")).await;
    assert_eq!(
        list["data"]["parties"],
        json!([]),
        "and an empty list is a list"
    );
    assert_eq!(list["data"]["total_count"], 0);
}

#[tokio::test]
async fn quirk_14_figures_are_live() {
    let server = Server::start().await;
    let (host, viewer, made, mut hanna, mut ann) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    ann.send(json!({"type": "chat", "message": "one"})).await;
    hanna.until("chat_message").await;
    viewer
        .post(&format!("/{id}/messages"), json!({"message": "two"}))
        .await
        .data(201);
    ann.send(json!({"type": "reaction", "emoji": "👍"})).await;
    hanna.until("reaction").await;
    viewer.delete(&format!("/{id}/leave")).await;
    hanna.until("participant-left").await;
    let figures = host.get(&format!("/{id}/analytics")).await.data(200);
    for (name, value) in [
        ("unique_viewers", 2),
        ("peak_concurrent", 2),
        ("current_viewers", 1),
        ("chat_messages", 2),
        ("reactions", 1),
        ("total_engagement", 3),
    ] {
        assert_eq!(figures[name], value, "{name}: {figures}");
    }
    let stats = host
        .get(&format!("/api/v1/users/{}/watch-party-stats", host.id))
        .await
        .data(200);
    assert_eq!(
        (
            &stats["total_parties_hosted"],
            &stats["total_viewers"],
            &stats["total_chat_messages"],
            &stats["total_reactions"]
        ),
        (&json!(1), &json!(2), &json!(2), &json!(1))
    );
}

#[tokio::test]
async fn kept_15_invite_codes_have_no_letters_that_look_alike() {
    let server = Server::start().await;
    let host = Person::guest(&server, "Hanna").await;
    for _ in 0..5 {
        let made = host.create(json!({})).await;
        let code = made["invite_code"].as_str().unwrap();
        let fits = |c: char| "ABCDEFGHJKLMNPQRSTUVWXYZ23456789".contains(c);
        assert!(code.len() == 6 && code.chars().all(fits), "{code}");
        let url = made["invite_url"].as_str().unwrap();
        assert!(url.ends_with(&format!("/watch-parties/{code}")), "{url}");
    }
}

#[tokio::test]
async fn kept_16_to_18_private_by_code_places_kept_seeks_pause() {
    let server = Server::start().await;
    let (host, viewer, made, mut hanna, ann) = party(&server).await;
    assert_eq!(made["party"]["visibility"], "private");
    drop(ann);
    hanna.until("participant-left").await;
    let id = made["id"].as_str().unwrap();
    let list = host.get(&format!("/{id}/participants")).await.data(200);
    let ann = &list["participants"][1];
    assert_eq!(
        (&ann["user_id"], &ann["is_connected"], &ann["is_active"]),
        (&json!(viewer.id), &json!(false), &json!(true))
    );
    let mut back = viewer.socket(&made).await;
    back.until("participant-joined").await;
    hanna.send(json!({"type": "play"})).await;
    hanna.send(json!({"type": "seek", "position": 9})).await;
    assert_eq!(back.until("seek").await["is_playing"], false);
}

#[tokio::test]
async fn a_full_party_takes_nobody_more_however_many_come_at_once() {
    let server = Server::start().await;
    let host = Person::guest(&server, "Hanna").await;
    let made = host.create(json!({"max_participants": 3})).await;
    let code = made["invite_code"].as_str().unwrap().to_owned();
    let mut crowd = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (person, code) = (
            Person::guest(&server, &format!("Guest {n}")).await,
            code.clone(),
        );
        crowd.spawn(async move { person.post(&format!("/{code}/join"), json!({})).await });
    }
    let told = crowd.join_all().await;
    let full = told.iter().filter(|told| told.status != 200);
    let codes: Vec<_> = full.map(|told| told.refused()).collect();
    assert_eq!(codes, [(403, "PARTICIPANT_LIMIT"); 6]);
    host.join(&made).await;
}

#[tokio::test]
async fn a_party_its_places_roles_and_password_survive_a_restart() {
    let server = Server::start().await;
    let (host, viewer, made, mut hanna, _) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    host.post(&format!("/{id}/promote"), json!({"user_id": viewer.id}))
        .await
        .data(200);
    host.patch(&format!("/{id}/settings"), json!({"password": "sesame"}))
        .await
        .data(200);
    hanna
        .send(json!({"type": "skip", "clip_id": "the clip"}))
        .await;
    hanna.send(json!({"type": "seek", "position": 321})).await;
    hanna
        .send(json!({"type": "chat", "message": "still here"}))
        .await;
    hanna.until("chat_message").await;
    let server = server.restarted().await;
    let moved = |person: &Person| person.at(&server.base);
    let (host, viewer) = (moved(&host), moved(&viewer));
    let party = viewer.get(&format!("/{id}")).await.data(200);
    assert_eq!(
        (&party["current_position"], &party["current_clip_id"]),
        (&json!(321), &json!("the clip"))
    );
    assert_eq!(party["invite_code"], made["invite_code"]);
    let roles: Vec<_> = party["participants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["role"].clone())
        .collect();
    assert_eq!(roles, ["host", "co-host"]);
    let messages = host.get(&format!("/{id}/messages")).await.data(200);
    assert_eq!(messages["messages"][0]["message"], "still here");
    let mut ann = viewer.socket(&made).await;
    ann.until("participant-joined").await;
    let zoe = Person::guest(&server, "Zoe").await;
    let code = made["invite_code"].as_str().unwrap();
    assert_eq!(
        zoe.post(&format!("/{code}/join"), json!({}))
            .await
            .refused(),
        (403, "PASSWORD_REQUIRED")
    );
}

#[tokio::test]
async fn who_reports_a_position_is_measured() {
    let server = Server::start().await;
    let (host, viewer, made, _, mut ann) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    let before =
        host.get(&format!("/{id}/participants")).await.data(200)["participants"][1].clone();
    assert_eq!(
        (&before["sync_offset_ms"], &before["last_sync"]),
        (&json!(0), &before["joined_at"])
    );
    ann.send(json!({"type": "sync-request", "position": 1.5}))
        .await;
    ann.until("sync").await;
    // The report goes its own way, behind the answer.
    let measured = async {
        loop {
            let list = host.get(&format!("/{id}/participants")).await.data(200);
            let now = list["participants"][1].clone();
            if now["sync_offset_ms"] != 0 {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let after: Value = tokio::time::timeout(crate::client::PATIENCE, measured)
        .await
        .unwrap();
    assert_eq!(
        (&after["user_id"], &after["sync_offset_ms"]),
        (&json!(viewer.id), &json!(1500))
    );
    assert!(after["last_sync"].as_str() > before["last_sync"].as_str());
    assert_eq!(after["last_sync"], after["last_sync_at"]);
}
