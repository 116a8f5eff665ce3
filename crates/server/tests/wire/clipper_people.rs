//! Who may do what in a watch party: roles, leaving, removing, the end.
use crate::client::{Server, http};
use crate::clipper::{AT, Person, Told, kinds, party};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn viewers_and_strangers_do_not_rule() {
    let server = Server::start().await;
    let (host, viewer, made, ..) = party(&server).await;
    let stranger = Person::guest(&server, "Zoe").await;
    let id = made["id"].as_str().unwrap();
    let target = json!({"user_id": host.id});
    for person in [&viewer, &stranger] {
        for (path, body) in [
            ("kick", &target),
            ("promote", &target),
            ("end", &json!({})),
            ("kick", &json!([])),
        ] {
            let refused = person.post(&format!("/{id}/{path}"), body.clone()).await;
            assert_eq!(refused.refused(), (403, "FORBIDDEN"), "{path}");
        }
        let refused = person
            .patch(&format!("/{id}/settings"), json!({"visibility": "x"}))
            .await;
        assert_eq!(refused.refused(), (403, "FORBIDDEN"));
        let refused = person.get(&format!("/{id}/analytics")).await;
        assert_eq!(refused.refused(), (403, "FORBIDDEN"));
    }
    for path in ["", "/participants", "/messages"] {
        assert_eq!(
            stranger.get(&format!("/{id}{path}")).await.refused(),
            (403, "FORBIDDEN")
        );
    }
    assert_eq!(
        stranger.delete(&format!("/{id}/leave")).await.refused(),
        (403, "FORBIDDEN")
    );
    assert_eq!(
        stranger
            .post(&format!("/{id}/react"), json!({}))
            .await
            .refused(),
        (403, "FORBIDDEN")
    );
    let (status, body) = stranger.try_socket(id, "").await.err().unwrap();
    assert_eq!((status, &body["error"]["code"]), (403, &json!("FORBIDDEN")));
    let nowhere = "11111111-2222-4333-8444-555555555555";
    assert_eq!(
        stranger.get(&format!("/{nowhere}")).await.refused(),
        (404, "NOT_FOUND")
    );
    assert_eq!(
        stranger
            .post(&format!("/{nowhere}/end"), json!({}))
            .await
            .refused(),
        (404, "NOT_FOUND")
    );
    assert_eq!(
        stranger.get("/no-uuid").await.refused(),
        (400, "INVALID_REQUEST")
    );
    assert_eq!(
        stranger.post("/ABCDEF/join", json!({})).await.refused(),
        (404, "NOT_FOUND")
    );
    assert_eq!(stranger.try_socket(nowhere, "").await.err().unwrap().0, 404);
    assert_eq!(
        stranger.try_socket("no-uuid", "").await.err().unwrap().0,
        400
    );
    let others = format!("/api/v1/users/{}/watch-party-stats", host.id);
    assert_eq!(stranger.get(&others).await.refused(), (403, "FORBIDDEN"));
}

#[tokio::test]
async fn who_leaves_is_out_on_all_sockets_and_may_come_back_by_the_code() {
    let server = Server::start().await;
    let (_, viewer, made, mut host, mut ann) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    let mut ghost = viewer.socket(&made).await;
    // A second socket is nobody new.
    assert!(host.so_far().await.is_empty());
    assert_eq!(viewer.delete(&format!("/{id}/leave")).await.status, 204);
    assert_eq!(ann.closed().await, 1000);
    assert_eq!(ghost.closed().await, 1000);
    let left = host.until("participant-left").await;
    assert_eq!(left["user_id"], viewer.id.as_str());
    assert_eq!(left["participant"]["display_name"], "Ann");
    assert!(
        !kinds(&host.so_far().await).contains(&"participant-left"),
        "told once"
    );
    // The page that is gone comes back by itself, and is refused each time without harm.
    for _ in 0..10 {
        assert_eq!(viewer.try_socket(id, "").await.err().unwrap().0, 403);
    }
    assert_eq!(
        viewer.delete(&format!("/{id}/leave")).await.refused(),
        (403, "FORBIDDEN")
    );
    viewer.join(&made).await;
    let mut back = viewer.socket(&made).await;
    back.until("participant-joined").await;
}

#[tokio::test]
async fn the_frontend_gets_a_body_where_the_document_has_none() {
    let server = Server::start().await;
    let (host, viewer, made, ..) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    let ask = |person: &Person, method, path: String, accept: &str| {
        let request = http().request(method, format!("{}{AT}{path}", server.base));
        let cookie = format!("access_token={}", person.token);
        let request = request
            .header("cookie", cookie)
            .header("accept", accept.to_owned());
        async move { Told::of(request.send().await.unwrap()).await }
    };
    let axios = "application/json, text/plain, */*";
    let left = ask(&viewer, Method::DELETE, format!("/{id}/leave"), axios).await;
    assert!(left.data(200)["message"].is_string());
    viewer.join(&made).await;
    let plain = ask(&viewer, Method::DELETE, format!("/{id}/leave"), "*/*").await;
    assert_eq!((plain.status, &plain.body), (204, &Value::Null));
    let ended = ask(&host, Method::POST, format!("/{id}/end"), axios).await;
    assert!(ended.data(200)["message"].is_string());
    // Again: the same answer, no effect.
    let again = ask(&host, Method::POST, format!("/{id}/end"), axios).await;
    assert!(again.data(200)["message"].is_string());
    assert_eq!(
        host.post(&format!("/{id}/end"), json!({})).await.status,
        204
    );
}

#[tokio::test]
async fn a_host_who_leaves_is_host_again_and_the_party_goes_on() {
    let server = Server::start().await;
    let (host, viewer, made, mut hanna, mut ann) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    hanna.send(json!({"type": "play"})).await;
    ann.until("play").await;
    assert_eq!(host.delete(&format!("/{id}/leave")).await.status, 204);
    assert_eq!(hanna.closed().await, 1000);
    assert_eq!(
        ann.until("participant-left").await["user_id"],
        host.id.as_str()
    );
    assert_eq!(host.try_socket(id, "").await.err().unwrap().0, 403);
    let party = viewer.get(&format!("/{id}")).await.data(200);
    assert_eq!(
        (&party["status"], &party["participant_count"]),
        (&json!("active"), &json!(1))
    );
    assert_eq!(party["host_user_id"], host.id.as_str());
    assert_eq!(party["is_playing"], true);
    host.join(&made).await;
    let mut hanna = host.socket(&made).await;
    hanna.send(json!({"type": "pause"})).await;
    ann.until("pause").await;
}

#[tokio::test]
async fn an_ended_party_says_so_closes_and_stays_readable_for_those_who_were_in_it() {
    let server = Server::start().await;
    let (host, viewer, made, mut hanna, mut ann) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    ann.send(json!({"type": "chat", "message": "bye"})).await;
    hanna.until("chat_message").await;
    hanna.send(json!({"type": "play"})).await;
    ann.until("sync").await;
    host.post(&format!("/{id}/end"), json!({})).await;
    for socket in [&mut hanna, &mut ann] {
        let error = socket.until("error").await;
        assert_eq!(
            (&error["code"], &error["is_playing"]),
            (&json!("PARTY_ENDED"), &json!(false))
        );
        let close = socket.next().await;
        assert_eq!(
            (&close["type"], &close["code"]),
            (&json!("close"), &json!(1000)),
            "nothing in between"
        );
    }
    let party = viewer.get(&format!("/{id}")).await.data(200);
    assert_eq!(party["status"], "ended");
    assert!(party["ended_at"].is_string());
    assert_eq!(party["host_user_id"], host.id.as_str());
    let messages = viewer.get(&format!("/{id}/messages")).await.data(200);
    assert_eq!(messages["messages"][0]["message"], "bye");
    let stranger = Person::guest(&server, "Zoe").await;
    assert_eq!(
        stranger.get(&format!("/{id}")).await.refused(),
        (403, "FORBIDDEN")
    );
    let code = made["invite_code"].as_str().unwrap();
    assert_eq!(
        stranger
            .post(&format!("/{code}/join"), json!({}))
            .await
            .refused(),
        (404, "PARTY_ENDED")
    );
    let (status, body) = viewer.try_socket(id, "").await.err().unwrap();
    assert_eq!(
        (status, &body["error"]["code"]),
        (404, &json!("PARTY_ENDED"))
    );
    for (path, body) in [
        ("kick", json!({"user_id": viewer.id})),
        ("messages", json!({"message": "x"})),
        ("react", json!({"emoji": "x"})),
    ] {
        assert_eq!(
            host.post(&format!("/{id}/{path}"), body).await.refused(),
            (404, "PARTY_ENDED"),
            "{path}"
        );
    }
    let history = viewer.get("/history").await.data(200);
    assert_eq!(history["history"][0]["id"], id);
    assert_eq!(history["history"][0]["participant_count"], 2);
    assert_eq!(
        history["pagination"],
        json!({"page": 1, "limit": 20, "total_count": 1, "total_pages": 1})
    );
}

#[tokio::test]
async fn kicks_and_promotions_say_what_is_wrong_with_them() {
    let server = Server::start().await;
    let (host, viewer, made, ..) = party(&server).await;
    let id = made["id"].as_str().unwrap();
    let nobody = json!({"user_id": "11111111-2222-4333-8444-555555555555"});
    for (path, body, refused) in [
        (
            "kick",
            json!({"user_id": host.id}),
            (400, "INVALID_REQUEST"),
        ),
        ("kick", nobody.clone(), (404, "NOT_FOUND")),
        ("kick", json!({}), (400, "INVALID_REQUEST")),
        ("kick", json!({"user_id": 5}), (400, "INVALID_REQUEST")),
        (
            "promote",
            json!({"user_id": host.id}),
            (400, "INVALID_REQUEST"),
        ),
        ("promote", nobody, (404, "NOT_FOUND")),
        (
            "promote",
            json!({"user_id": viewer.id, "role": "host"}),
            (400, "INVALID_REQUEST"),
        ),
        (
            "promote",
            json!({"user_id": viewer.id, "role": 5}),
            (400, "INVALID_REQUEST"),
        ),
    ] {
        let told = host.post(&format!("/{id}/{path}"), body.clone()).await;
        assert_eq!(told.refused(), refused, "{path} {body}");
    }
    let odd = host
        .request(Method::POST, &format!("/{id}/kick"))
        .body("not json")
        .send()
        .await
        .unwrap();
    assert_eq!(Told::of(odd).await.refused(), (400, "INVALID_REQUEST"));
}

#[tokio::test]
async fn operators_read_what_was_counted_and_nobody_else() {
    let server = Server::with(&["--admin-key", "sesame-sesame"]).await;
    let (_, _, _, mut host, mut ann) = party(&server).await;
    host.send(json!({"type": "seek", "position": 5})).await;
    ann.until("sync").await;
    ann.send(json!({"type": "play"})).await;
    ann.send(json!({"type": "sync-request", "position": 7}))
        .await;
    ann.until("sync").await;
    ann.send(json!({"type": "nonsense"})).await;
    ann.until("error").await;
    let read = |key: &'static str| {
        let request = http()
            .get(format!("{}/metrics", server.base))
            .bearer_auth(key);
        async move { request.send().await.unwrap() }
    };
    assert_eq!(read("something else").await.status(), 401);
    // Each is counted once its answer is out.
    let mut text = String::new();
    let lines = [
        "clipper_commands_total{type=\"seek\"} 1",
        "clipper_commands_total{type=\"play\"} 1",
        "clipper_commands_total{type=\"sync-request\"} 1",
        "clipper_errors_total{code=\"unauthorized_playback\"} 1",
        "clipper_errors_total{code=\"INVALID_COMMAND\"} 1",
        "clipper_client_drift_seconds_bucket{le=\"2\"} 1",
        "clipper_participants_joined_total 2",
        "clipper_parties 1",
        "clipper_sockets 2",
    ];
    for _ in 0..200 {
        text = read("sesame-sesame").await.text().await.unwrap();
        if lines
            .iter()
            .all(|line| text.lines().any(|told| told == *line))
        {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{lines:?} are not all in\n{text}");
}
