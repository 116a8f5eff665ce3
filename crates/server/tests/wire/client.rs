//! A server of one's own, and clients that speak to it from outside.
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use watchalong_server::Running;
use watchalong_server::config::Config;

/// Longer than anything here takes, shorter than anybody's patience.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A running server on a free port.
pub struct Server {
    pub running: Running,
    pub data: tempfile::TempDir,
    pub base: String,
    pub http: reqwest::Client,
}

pub fn settings(data: &Path, more: &[&str]) -> Config {
    let data = data.to_str().unwrap().to_owned();
    let mut arguments = vec![
        "--data".to_owned(),
        data,
        "--listen".to_owned(),
        "127.0.0.1:0".to_owned(),
    ];
    arguments.extend(more.iter().map(|s| (*s).to_owned()));
    Config::parse(arguments).unwrap()
}

/// A client with the TLS that the whole tree has.
pub fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

impl Server {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(more: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let running = watchalong_server::start(settings(data.path(), more))
            .await
            .unwrap();
        let base = format!("http://{}", running.addresses[0]);
        Self {
            running,
            data,
            base,
            http: http(),
        }
    }

    /// Stops, and starts again over the same data.
    pub async fn restarted(self) -> Self {
        let Self {
            running,
            data,
            http,
            ..
        } = self;
        running.stop().await;
        let running = watchalong_server::start(settings(data.path(), &[]))
            .await
            .unwrap();
        let base = format!("http://{}", running.addresses[0]);
        Self {
            running,
            data,
            base,
            http,
        }
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self
            .http
            .get(format!("{}{path}", self.base))
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self
            .http
            .post(format!("{}{path}", self.base))
            .json(body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// A room, as its maker gets it.
    pub async fn room(&self, body: &Value) -> Value {
        let (status, room) = self.post("/api/v2/rooms", body).await;
        assert_eq!(status, 201, "{room}");
        room
    }

    /// The id of the sample clip, once the library has looked into it.
    pub async fn sample(&self) -> String {
        for _ in 0..200 {
            let (_, page) = self.get("/api/v2/library").await;
            if let Some(item) = page["items"]
                .get(0)
                .filter(|item| !item["duration"].is_null())
            {
                return item["id"].as_str().unwrap().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the sample clip is not in the library");
    }

    async fn database(&self) -> sqlx::SqliteConnection {
        use sqlx::ConnectOptions as _;
        let file = self.data.path().join("watchalong.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(file)
            .busy_timeout(PATIENCE);
        options.connect().await.unwrap()
    }

    /// Changes the database behind the server's back.
    pub async fn sql(&self, statement: &'static str) {
        sqlx::query(statement)
            .execute(&mut self.database().await)
            .await
            .unwrap();
    }

    /// One value of the database.
    pub async fn blob(&self, query: &'static str) -> Vec<u8> {
        sqlx::query_scalar(query)
            .fetch_one(&mut self.database().await)
            .await
            .unwrap()
    }

    /// A column of the database.
    pub async fn texts(&self, query: &'static str) -> Vec<String> {
        sqlx::query_scalar(query)
            .fetch_all(&mut self.database().await)
            .await
            .unwrap()
    }

    /// A socket with headers of its own, as a browser sends them.
    pub async fn socket_with(&self, url: &str, headers: &[(&'static str, &str)]) -> Client {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        Client {
            socket: connect_async(request).await.unwrap().0,
            next: 1,
            rev: 0,
            seen: Vec::new(),
        }
    }

    pub async fn socket(&self, code: &str) -> Client {
        let url = format!(
            "{}/api/v2/rooms/{code}/socket",
            self.base.replace("http", "ws")
        );
        Client {
            socket: connect_async(url).await.unwrap().0,
            next: 1,
            rev: 0,
            seen: Vec::new(),
        }
    }

    /// Somebody who is in.
    pub async fn join(&self, room: &Value, name: &str, more: Value) -> Client {
        let mut client = self.socket(room["code"].as_str().unwrap()).await;
        client.hello(name, more).await;
        let welcome = client.until("welcome").await;
        client.rev = welcome["room"]["rev"].as_u64().unwrap();
        client.seen.push(welcome);
        client
    }

    pub async fn host(&self, room: &Value) -> Client {
        self.join(room, "Hanna", json!({"host_key": room["host_key"]}))
            .await
    }
}

/// A connection.
pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next: u64,
    pub rev: u64,
    pub seen: Vec<Value>,
}

impl Client {
    /// A connection to any socket.
    pub async fn dial(url: &str) -> Self {
        Self {
            socket: connect_async(url).await.unwrap().0,
            next: 1,
            rev: 0,
            seen: Vec::new(),
        }
    }

    pub async fn hello(&mut self, name: &str, more: Value) {
        let mut hello =
            json!({"t": "hello", "v": 2, "name": name, "client": "test", "reports": false});
        for (key, value) in more.as_object().cloned().unwrap_or_default() {
            hello[key] = value;
        }
        self.send(&hello).await;
    }

    pub async fn send(&mut self, message: &Value) {
        self.raw(&message.to_string()).await;
    }

    pub async fn raw(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next message, or the close as `{"t":"close","code":…}`.
    pub async fn next(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next())
                .await
                .expect("an answer in time");
            match message {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Close(frame))) => {
                    return json!({"t": "close", "code": frame.map(|f| u16::from(f.code))});
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return json!({"t": "gone"}),
            }
        }
    }

    /// The next message of a type; others are let pass.
    pub async fn until(&mut self, t: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["t"] == t {
                return message;
            }
            assert!(
                message["t"] != "gone",
                "the connection ended while waiting for {t}"
            );
            if message["t"] == "bye" || message["t"] == "close" {
                panic!("{message} while waiting for {t}");
            }
        }
    }

    /// The next event of a kind; revisions must not go back on the way.
    pub async fn event(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.until("events").await;
            let rev = frame["rev"].as_u64().unwrap();
            assert!(
                rev >= self.rev,
                "revision went back from {} to {rev}",
                self.rev
            );
            self.rev = rev;
            if let Some(event) = frame["events"]
                .as_array()
                .unwrap()
                .iter()
                .find(|e| e["event"] == kind)
            {
                return event.clone();
            }
        }
    }

    /// Sends a command; returns the ack or the refusal.
    pub async fn command(&mut self, mut command: Value) -> Value {
        let id = self.next;
        self.next += 1;
        command["t"] = json!("cmd");
        command["id"] = json!(id);
        self.send(&command).await;
        loop {
            let message = self.next().await;
            assert!(
                message["t"] != "gone" && message["t"] != "bye",
                "{message} instead of an answer to {command}"
            );
            if message["id"] == id && (message["t"] == "ack" || message["t"] == "refused") {
                return message;
            }
        }
    }

    /// Sends a command that must go through.
    pub async fn must(&mut self, command: Value) {
        let answer = self.command(command.clone()).await;
        assert_eq!(answer["t"], "ack", "{command} -> {answer}");
    }

    /// The whole room as a newcomer with these rights would see it: what the welcome said.
    pub fn room(&self) -> &Value {
        &self.seen[0]["room"]
    }

    pub async fn farewell(&mut self) -> (Value, Value) {
        let mut bye = Value::Null;
        loop {
            let message = self.next().await;
            match message["t"].as_str() {
                Some("bye") => bye = message,
                Some("close") => return (bye, message["code"].clone()),
                Some("gone") => return (bye, Value::Null),
                _ => {}
            }
        }
    }
}
