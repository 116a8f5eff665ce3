//! Clipper's watch parties over their wire: people of it, and transcripts of its API document with everything tidied
//! away that is another each time.
use crate::client::{PATIENCE, Server, http};
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// The collection.
pub const AT: &str = "/api/v1/watch-parties";

/// Somebody with a token.
#[derive(Clone)]
pub struct Person {
    http: reqwest::Client,
    base: String,
    pub token: String,
    pub id: String,
}

/// An answer: its status, its body (null where there is none) and its headers.
pub struct Told {
    pub status: u16,
    pub body: Value,
    pub headers: reqwest::header::HeaderMap,
}

impl Told {
    pub async fn of(answer: reqwest::Response) -> Self {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}"))
        };
        Self {
            status,
            body,
            headers,
        }
    }

    /// Status and code of a refusal.
    #[track_caller]
    pub fn refused(&self) -> (u16, &str) {
        assert_eq!(self.body["success"], false, "{}", self.body);
        assert!(self.body["error"]["message"].is_string(), "{}", self.body);
        (self.status, self.body["error"]["code"].as_str().unwrap())
    }

    /// What is under `data` where it went well.
    #[track_caller]
    pub fn data(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["success"], true, "{}", self.body);
        self.body["data"].clone()
    }
}

impl Person {
    pub async fn guest(server: &Server, name: &str) -> Self {
        let (status, made) = server
            .post(&format!("{AT}/guest"), &json!({"display_name": name}))
            .await;
        assert_eq!(status, 201, "{made}");
        Self {
            http: http(),
            base: server.base.clone(),
            token: made["token"].as_str().unwrap().to_owned(),
            id: made["user"]["id"].as_str().unwrap().to_owned(),
        }
    }

    /// The same at another address: after a restart.
    pub fn at(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..self.clone()
        }
    }

    /// A request below the collection, with the token in its header.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("/api/") {
            format!("{}{path}", self.base)
        } else {
            format!("{}{AT}{path}", self.base)
        };
        self.http.request(method, url).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Told {
        Told::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Told {
        let request = self.request(Method::POST, path).json(&body);
        Told::of(request.send().await.unwrap()).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Told {
        let request = self.request(Method::PATCH, path).json(&body);
        Told::of(request.send().await.unwrap()).await
    }

    pub async fn delete(&self, path: &str) -> Told {
        Told::of(self.request(Method::DELETE, path).send().await.unwrap()).await
    }

    /// A party of one's own, with these besides a title.
    pub async fn create(&self, more: Value) -> Value {
        let mut body = json!({"title": "Friday"});
        for (key, value) in more.as_object().cloned().unwrap_or_default() {
            body[key] = value;
        }
        self.post("", body).await.data(201)
    }

    pub async fn join(&self, party: &Value) -> Value {
        let code = party["invite_code"].as_str().unwrap();
        self.post(&format!("/{code}/join"), json!({}))
            .await
            .data(200)
    }

    /// A socket, or the status and body that refuse it.
    pub async fn try_socket(&self, party: &str, query: &str) -> Result<Socket, (u16, Value)> {
        let url = format!("{}{AT}/{party}/ws{query}", self.base.replace("http", "ws"));
        let mut request = url.into_client_request().unwrap();
        let bearer = format!("Bearer {}", self.token).parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        Socket::open(request).await
    }

    pub async fn socket(&self, party: &Value) -> Socket {
        let id = party["id"].as_str().unwrap();
        self.try_socket(id, "")
            .await
            .expect("a participant's socket")
    }
}

/// A participant's socket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn open(
        request: tokio_tungstenite::tungstenite::handshake::client::Request,
    ) -> Result<Self, (u16, Value)> {
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(answer)) => {
                let body = answer.body().clone().unwrap_or_default();
                let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
                Err((answer.status().as_u16(), body))
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn raw(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// As `raw`, to a server that may hang up.
    pub async fn try_raw(&mut self, message: Message) -> Result<(), Error> {
        self.0.send(message).await
    }

    pub async fn send(&mut self, message: Value) {
        self.raw(Message::text(message.to_string())).await;
    }

    /// The next event, or the close as `{"type":"close","code":…}`.
    pub async fn next(&mut self) -> Value {
        loop {
            let next = timeout(PATIENCE, self.0.next()).await;
            match next.expect("an event in time") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Close(frame))) => {
                    return json!({"type": "close", "code": frame.map(|f| u16::from(f.code))});
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return json!({"type": "close", "code": null}),
            }
        }
    }

    /// The next event of a type; others are let pass.
    #[track_caller]
    pub fn until(&mut self, kind: &str) -> impl Future<Output = Value> {
        let kind = kind.to_owned();
        async move {
            loop {
                let event = self.next().await;
                if event["type"] == kind.as_str() {
                    return event;
                }
                assert_ne!(event["type"], "close", "while waiting for {kind}: {event}");
            }
        }
    }

    /// Everything up to the answer of a `sync-request` sent now: what there was to be told by then. The room answers in
    /// order, so that nothing has to be waited for.
    pub async fn so_far(&mut self) -> Vec<Value> {
        self.send(json!({"type": "sync-request"})).await;
        let mut all: Vec<Value> = Vec::new();
        loop {
            let event = self.next().await;
            let behind_a_change = all.last().is_some_and(|last| {
                let kind = last["type"].as_str().unwrap_or_default();
                matches!(kind, "play" | "pause" | "seek" | "skip")
            });
            match event["type"].as_str() {
                Some("sync") if !behind_a_change => return all,
                Some("close") => panic!("closed after {all:?}"),
                _ => all.push(event),
            }
        }
    }

    /// The code that the server closes with.
    pub async fn closed(&mut self) -> Value {
        loop {
            let event = self.next().await;
            if event["type"] == "close" {
                return event["code"].clone();
            }
        }
    }
}

/// The types of events.
pub fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|e| e["type"].as_str()).collect()
}

/// A host and a viewer, each with a socket and nothing in it.
pub async fn party(server: &Server) -> (Person, Person, Value, Socket, Socket) {
    let (host, viewer) = (
        Person::guest(server, "Hanna").await,
        Person::guest(server, "Ann").await,
    );
    let made = host.create(json!({})).await;
    viewer.join(&made).await;
    let mut host_socket = host.socket(&made).await;
    host_socket.until("participant-joined").await;
    let mut viewer_socket = viewer.socket(&made).await;
    viewer_socket.until("participant-joined").await;
    host_socket.until("participant-joined").await;
    (host, viewer, made, host_socket, viewer_socket)
}

// ---- transcripts ------------------------------------------------------------------------

/// What was said, in order; told without what is another each time.
#[derive(Default)]
pub struct Transcript {
    lines: Vec<(String, Value)>,
}

impl Transcript {
    pub fn note(&mut self, who: impl Into<String>, what: &Value) {
        self.lines.push((who.into(), what.clone()));
    }

    pub fn answer(&mut self, request: &str, told: &Told) {
        self.note(format!("{request} -> {}", told.status), &told.body);
    }

    /// All of it, with ids numbered in the order in which they come.
    pub fn tidy(self, server: &Server) -> String {
        let mut tidy = Tidy {
            base: server.base.clone(),
            ..Tidy::default()
        };
        let mut text = String::new();
        for (who, what) in self.lines {
            let (who, what) = (tidy.text(&who), tidy.value("", &what));
            let what = serde_json::to_string_pretty(&what).unwrap();
            text.push_str(&format!("{who}\n{what}\n\n"));
        }
        text
    }
}

#[derive(Default)]
struct Tidy {
    base: String,
    ids: Vec<String>,
    codes: Vec<String>,
}

impl Tidy {
    fn value(&mut self, key: &str, value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let playing = map.get("is_playing") == Some(&json!(true));
                let tidied = map.iter().map(|(key, value)| {
                    let moves = [
                        "position",
                        "position_ms",
                        "current_position",
                        "current_position_seconds",
                    ];
                    let told = if playing && moves.contains(&key.as_str()) && value.is_u64() {
                        json!("moving")
                    } else {
                        self.value(key, value)
                    };
                    (key.clone(), told)
                });
                Value::Object(tidied.collect::<Map<_, _>>())
            }
            Value::Array(list) => list.iter().map(|item| self.value("", item)).collect(),
            Value::Number(_) if key.starts_with("server_timestamp") => json!("now"),
            Value::String(text) if key == "invite_code" => {
                assert_eq!(text.len(), 6);
                self.codes.push(text.clone());
                json!("CODE")
            }
            Value::String(text) => json!(self.text(text)),
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        if text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T' {
            return "time".to_owned();
        }
        if text.starts_with("ey") && text.matches('.').count() == 2 {
            return "token".to_owned();
        }
        let socket = self.base.replace("http", "ws");
        let mut text = text.replace(&self.base, "BASE").replace(&socket, "WS");
        for code in &self.codes {
            text = text.replace(code, "CODE");
        }
        while let Some(at) = uuid_in(&text) {
            let id = text[at..at + 36].to_owned();
            let known = self.ids.iter().position(|known| *known == id);
            let number = known.unwrap_or_else(|| {
                self.ids.push(id.clone());
                self.ids.len() - 1
            });
            text = text.replace(&id, &format!("id {}", number + 1));
        }
        text
    }
}

/// Where in a text a UUID (version 4) begins.
fn uuid_in(text: &str) -> Option<usize> {
    let fits = |part: &[u8]| {
        part.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            14 => *byte == b'4',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
        })
    };
    text.as_bytes().windows(36).position(fits)
}

/// A short while in which nothing must come: only for what can't be told by order.
pub const QUIET: Duration = Duration::from_millis(300);

#[tokio::test]
async fn the_rest_of_the_document_as_a_transcript() {
    let server = Server::start().await;
    let mut log = Transcript::default();
    let (host, viewer) = (
        Person::guest(&server, "Hanna").await,
        Person::guest(&server, "Ann").await,
    );
    let wish = json!({
        "title": "Friday Night Gaming", "visibility": "private", "max_participants": 50,
        "playlist_id": "0a1b2c3d-0000-4000-8000-00000000abcd",
    });
    let made = host.post("", wish).await;
    log.answer("POST /watch-parties", &made);
    let party = made.data(201);
    let id = party["id"].as_str().unwrap();
    let code = party["invite_code"].as_str().unwrap();

    let joined = viewer
        .post(&format!("/{}/join", code.to_lowercase()), json!({}))
        .await;
    log.answer("POST /watch-parties/CODE/join", &joined);
    log.answer(
        "GET /watch-parties/:id",
        &viewer.get(&format!("/{id}")).await,
    );
    let list = viewer.get(&format!("/{id}/participants")).await;
    log.answer("GET /watch-parties/:id/participants", &list);
    let said = viewer
        .post(&format!("/{id}/messages"), json!({"message": "Hello!"}))
        .await;
    log.answer("POST /watch-parties/:id/messages", &said);
    log.answer(
        "GET /watch-parties/:id/messages",
        &host.get(&format!("/{id}/messages")).await,
    );
    let reaction = json!({"emoji": "🔥", "video_timestamp": 12.5});
    let reacted = viewer.post(&format!("/{id}/react"), reaction).await;
    log.answer("POST /watch-parties/:id/react", &reacted);
    let promotion = json!({"user_id": viewer.id});
    let promoted = host.post(&format!("/{id}/promote"), promotion).await;
    log.answer("POST /watch-parties/:id/promote", &promoted);
    let settings = json!({"visibility": "public", "password": ""});
    let changed = host.patch(&format!("/{id}/settings"), settings).await;
    log.answer("PATCH /watch-parties/:id/settings", &changed);
    let (status, body) = server.get(&format!("{AT}/public?limit=5")).await;
    log.note(format!("GET /watch-parties/public -> {status}"), &body);
    let (status, body) = server.get(&format!("{AT}/trending")).await;
    log.note(format!("GET /watch-parties/trending -> {status}"), &body);
    let figures = host.get(&format!("/{id}/analytics")).await;
    log.answer("GET /watch-parties/:id/analytics", &figures);
    let stats = host
        .get(&format!("/api/v1/users/{}/watch-party-stats", host.id))
        .await;
    log.answer("GET /users/:id/watch-party-stats", &stats);
    let left = viewer.delete(&format!("/{id}/leave")).await;
    log.answer("DELETE /watch-parties/:id/leave", &left);
    log.answer(
        "POST /watch-parties/:id/end",
        &host.post(&format!("/{id}/end"), json!({})).await,
    );
    log.answer(
        "GET /watch-parties/:id (ended)",
        &host.get(&format!("/{id}")).await,
    );
    log.answer("GET /watch-parties/history", &viewer.get("/history").await);
    insta::assert_snapshot!(log.tidy(&server));
}
