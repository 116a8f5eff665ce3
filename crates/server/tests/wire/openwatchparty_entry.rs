//! Who may use OpenWatchParty's dialect: origins, tokens of the plugin, a full room, and rooms that are in no list.
use crate::client::Server;
use crate::openwatchparty::{Owp, QUIET, kinds, party};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

#[tokio::test]
async fn foreign_pages_stay_out_and_it_can_be_switched_off() {
    let server = Server::start().await;
    let status = |origin: Option<&'static str>, server: &Server| {
        let url = format!("{}/ws", server.base.replace("http", "ws"));
        let mut request = url.into_client_request().unwrap();
        if let Some(origin) = origin {
            request
                .headers_mut()
                .insert("origin", origin.parse().unwrap());
        }
        async move {
            match connect_async(request).await {
                Ok(_) => 101,
                Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
                    answer.status().as_u16()
                }
                Err(error) => panic!("{error}"),
            }
        }
    };
    assert_eq!(status(None, &server).await, 101);
    assert_eq!(status(Some("http://localhost:8096"), &server).await, 101);
    for foreign in ["null", "https://evil.example", "http://localhost:8096/"] {
        assert_eq!(status(Some(foreign), &server).await, 403, "{foreign}");
    }
    assert_eq!(server.get("/ws").await.0, 400);
    let off = Server::with(&["--dialects", "none"]).await;
    assert_eq!(status(None, &off).await, 404);
}

#[tokio::test]
async fn with_a_secret_only_the_plugins_users_make_and_enter_rooms() {
    let secret = "a secret of thirty-two characters";
    let server = Server::with(&["--jwt-secret", secret]).await;
    assert_eq!(server.get("/health").await.1["auth_enabled"], true);
    let mut client = Owp::connect(&server).await;
    client.send("create_room", None, json!({})).await;
    assert_eq!(client.error().await, "Authentication required");
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let claims = |exp: i64, aud: Value| json!({"sub": "u1", "name": "Jelly", "iss": "Jellyfin", "aud": aud, "exp": exp});
    let good = json!("OpenWatchParty");
    let sign = |claims: &Value, key: &str| {
        use base64::Engine as _;
        use hmac::{Hmac, KeyInit, Mac};
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let head = engine.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let body = format!("{head}.{}", engine.encode(claims.to_string()));
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        format!("{body}.{}", engine.encode(mac.finalize().into_bytes()))
    };
    for bad in [
        String::new(),
        sign(&claims(now + 60, good.clone()), "another secret"),
        sign(&claims(now - 120, good.clone()), secret),
        sign(&claims(now + 60, json!("Else")), secret),
    ] {
        client.send("auth", None, json!({"token": bad})).await;
        assert_eq!(client.error().await, "Authentication failed");
    }
    // The plugin's library writes the audience twice; the clocks may differ by a minute.
    let token = sign(&claims(now - 30, json!([good, good])), secret);
    client.send("auth", None, json!({"token": token})).await;
    let success = client.until("auth_success").await;
    assert_eq!(success["payload"]["user_name"], "Jelly");
    client.until("room_list").await;
    let payload = json!({"user_name": "Somebody else"});
    client.send("create_room", None, payload).await;
    let state = client.until("room_state").await;
    assert_eq!(state["payload"]["name"], "Room de Jelly");
    let mut stranger = Owp::connect(&server).await;
    assert!(stranger.all(QUIET).await.is_empty(), "no lists either");
}

#[tokio::test]
async fn twenty_are_in_and_the_next_is_told_that_it_is_full() {
    let server = Server::start().await;
    let mut host = Owp::connect(&server).await;
    let room = host.create("Hanna").await;
    let mut guests = Vec::new();
    for _ in 0..19 {
        let mut guest = Owp::connect(&server).await;
        guest.join(&room, "Guest").await;
        guests.push(guest);
    }
    let mut late = Owp::connect(&server).await;
    late.send("join_room", Some(&room), json!({})).await;
    assert_eq!(late.error().await, "Room is full");
    // Who comes and goes within a tenth of a second is not told of at all.
    host.all(QUIET).await;
    drop(guests.pop());
    host.until("client_left").await;
    late.join(&room, "Late").await;
}

#[tokio::test]
async fn a_code_and_a_secret_in_the_chat_lead_to_a_room_that_is_in_no_list() {
    let server = Server::start().await;
    let locked = json!({"name": "Friday", "password": "open sesame"});
    let made = server.room(&locked).await;
    let code = made["code"].as_str().unwrap();
    let (mut host, mut guest, room) = party(&server).await;
    for (typed, answer) in [
        (code.to_owned(), "needs its password"),
        (format!("{code}:open  sesame"), "not this room's password"),
        ("bakoti-zuna:x".to_owned(), "Room not found"),
    ] {
        let text = format!("/join {typed}");
        guest
            .send("chat_message", Some(&room), json!({"text": text}))
            .await;
        let said = guest.until("chat_message").await;
        assert_eq!(said["payload"]["username"], "Watchalong");
        let told = said["payload"]["text"].as_str().unwrap();
        assert!(told.contains(answer), "{typed}: {told}");
        assert_eq!(said["room"], room.as_str());
    }
    let text = format!("/join {}:open sesame", code.to_uppercase());
    guest
        .send("chat_message", Some(&room), json!({"text": text}))
        .await;
    let state = guest.until("room_state").await;
    assert_eq!(state["payload"]["name"], "Friday");
    host.until("client_left").await;
    let heard = host.all(QUIET).await;
    assert!(!kinds(&heard).contains(&"chat_message"), "{heard:?}");

    // A program, which can name any room, has it shorter.
    let mut program = Owp::connect(&server).await;
    let state = program.join(&format!("{code}:open sesame"), "Bot").await;
    assert_eq!(state["payload"]["participant_count"], 2);
}
