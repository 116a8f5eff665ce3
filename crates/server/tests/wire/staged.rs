//! The staged page over its wires: files listed and staged, and both families of messages. What pages say of
//! themselves is in `staged_pages.rs`, the film and what lies beside it in `staged_film.rs`, a host's seek in
//! `staged_gate.rs`.
use crate::client::{Client, Server};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

pub const KEY: &str = "the key of the party";

/// A server over a folder of three films.
pub struct Party {
    pub server: Server,
    pub films: tempfile::TempDir,
}

/// A page or a control page.
pub struct Page {
    pub socket: Client,
}

impl Party {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(more: &[&str]) -> Self {
        let films = tempfile::tempdir().unwrap();
        for path in ["b.mp4", "anime/a.mp4", "anime/sub/C.MKV", "note.txt"] {
            put(films.path(), path);
        }
        let folder = films.path().to_str().unwrap().to_owned();
        let mut settings = vec![folder.as_str(), "--admin-key", KEY];
        settings.extend(more);
        let server = Server::with(&settings).await;
        let party = Self { server, films };
        for tries in 0.. {
            if party.list("").await.len() == 3 {
                break;
            }
            assert!(tries < 400, "the films are never found");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        party
    }

    pub async fn list(&self, query: &str) -> Vec<String> {
        let (status, list) = self.server.get(&format!("/api/media{query}")).await;
        assert_eq!(status, 200, "{list}");
        serde_json::from_value(list).unwrap()
    }

    pub async fn stage(&self, path: &str) -> (u16, Value) {
        let body = json!({"path": path, "key": KEY});
        self.server.post("/api/stage", &body).await
    }

    pub async fn open(&self, path: &str) -> Page {
        let url = format!("{}{path}", self.server.base.replace("http", "ws"));
        Page {
            socket: self.server.socket_with(&url, &[]).await,
        }
    }

    /// A page that is in, with what it was told at its door.
    pub async fn page(&self, path: &str) -> (Page, Vec<Value>) {
        let mut page = self.open(path).await;
        let mut told = Vec::new();
        loop {
            let message = page.socket.next().await;
            let last = message["type"] == "system";
            told.push(message);
            if last {
                return (page, told);
            }
        }
    }

    pub async fn viewer(&self) -> Page {
        self.page("/watchparty").await.0
    }

    /// The control page of the first kind.
    pub async fn control(&self) -> Page {
        self.page("/").await.0
    }

    pub async fn fetch(&self, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let mut request = self.server.http.get(format!("{}{path}", self.server.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }
}

/// The host's door.
pub fn door() -> String {
    format!("/watchparty-admin?key={}", KEY.replace(' ', "%20"))
}

pub fn put(folder: &Path, path: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, watchalong_media::SAMPLE_CLIP).unwrap();
}

impl Page {
    pub async fn send(&mut self, message: Value) {
        self.socket.send(&message).await;
    }

    pub async fn keyed(&mut self, mut message: Value) {
        message["key"] = json!(KEY);
        self.send(message).await;
    }

    pub async fn until(&mut self, like: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.socket.next().await;
            assert!(
                message["t"] != "gone" && message["t"] != "close",
                "{message}"
            );
            if like(&message) {
                return message;
            }
        }
    }

    pub async fn cmd(&mut self, cmd: &str) -> Value {
        self.until(|message| message["cmd"] == cmd).await
    }

    pub async fn kind(&mut self, kind: &str) -> Value {
        self.until(|message| message["type"] == kind).await
    }

    /// A state that is like this.
    pub async fn state(&mut self, like: impl Fn(&Value) -> bool) -> Value {
        let is = |message: &Value| message["type"] == "state" && like(&message["data"]);
        self.until(is).await["data"].clone()
    }

    /// Nothing of these before the answer to a ping that is sent now.
    pub async fn hears_no(&mut self, unwanted: impl Fn(&Value) -> bool) {
        // What the room's task does meanwhile takes no longer.
        tokio::time::sleep(Duration::from_millis(250)).await;
        self.send(json!({"type": "ping"})).await;
        loop {
            let message = self.socket.next().await;
            assert!(!unwanted(&message), "{message}");
            if message["type"] == "pong" {
                return;
            }
        }
    }

    pub async fn ending(&mut self) -> Value {
        loop {
            let message = self.socket.next().await;
            if message["t"] == "close" {
                return message["code"].clone();
            }
            assert!(message["t"] != "gone", "ended without a close");
        }
    }
}

// ---- files ---------------------------------------------------------------------------

#[tokio::test]
async fn films_are_listed_by_their_paths_and_no_path_leads_out() {
    let party = Party::start().await;
    assert_eq!(
        party.list("").await,
        ["anime/a.mp4", "anime/sub/C.MKV", "b.mp4"]
    );
    assert_eq!(
        party.list("?path=anime").await,
        ["anime/a.mp4", "anime/sub/C.MKV"]
    );
    assert_eq!(party.list("?path=/anime/a.mp4").await, ["anime/a.mp4"]);
    assert_eq!(party.list("?path=anime%5Csub").await, ["anime/sub/C.MKV"]);
    for nothing in [
        "nowhere",
        "..",
        "../",
        "anime/../..",
        "%00",
        "/etc",
        "note.txt",
    ] {
        let found = party.list(&format!("?path={nothing}")).await;
        assert!(found.is_empty(), "{nothing}: {found:?}");
    }
    assert_eq!(
        party.server.get("/api/files").await.1,
        json!(party.list("").await)
    );
    assert_eq!(party.server.get("/api/staged").await, (200, json!({})));
    assert_eq!(party.server.get("/healthz").await.1, json!({"ok": true}));
}

#[tokio::test]
async fn only_the_key_stages_and_refusals_change_nothing() {
    let party = Party::with(&["--limit-guess", "off"]).await;
    let mut viewer = party.viewer().await;
    let post = async |body: Value| party.server.post("/api/stage", &body).await;
    for key in [
        json!("wrong"),
        json!(""),
        json!([KEY]),
        json!(true),
        json!(5),
        json!(null),
        json!({"key": KEY}),
    ] {
        let (status, answer) = post(json!({"path": "b.mp4", "key": key})).await;
        assert_eq!((status, &answer["ok"]), (403, &json!(false)), "{key}");
    }
    for (path, wanted) in [
        (json!(5), 400),
        (json!(null), 400),
        (json!("../b.mp4"), 400),
        (json!("anime/../b.mp4"), 400),
        (json!("..\\b.mp4"), 400),
        (json!("b.mp4\0"), 400),
        (json!("anime"), 400),
        (json!("note.txt"), 400),
        (json!("nowhere.mp4"), 404),
    ] {
        let (status, answer) = post(json!({"path": path, "key": KEY})).await;
        assert_eq!((status, &answer["ok"]), (wanted, &json!(false)), "{path}");
    }
    for (body, wanted) in [("[]", 400), ("{", 400), ("\"x\"", 400), ("", 400)] {
        let url = format!("{}/api/stage", party.server.base);
        let answer = party.server.http.post(url).body(body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), wanted, "{body}");
    }
    let long = "x".repeat(70_000);
    assert_eq!(post(json!({"path": long, "key": KEY})).await.0, 413);
    viewer.hears_no(|message| message["cmd"] == "load").await;
    assert_eq!(party.server.get("/api/staged").await.1, json!({}));
}

#[tokio::test]
async fn staging_is_told_in_both_families_before_it_is_answered() {
    let party = Party::start().await;
    let mut viewer = party.viewer().await;
    let mut control = party.control().await;
    let (status, answer) = party.stage("anime/a.mp4").await;
    let etag = answer["etag"].as_str().unwrap().to_owned();
    assert_eq!((status, &answer), (200, &json!({"ok": true, "etag": etag})));
    assert!(etag.len() == 40 && etag.bytes().all(|b| b.is_ascii_hexdigit()));
    let mut revisions = Vec::new();
    for page in [&mut viewer, &mut control] {
        let load = page.cmd("load").await;
        assert_eq!(
            load,
            json!({"cmd": "load", "etag": etag, "path": "anime/a.mp4"})
        );
        let state = page.state(|state| state["path"] == "anime/a.mp4").await;
        assert_eq!((&state["t"], &state["paused"]), (&json!(0.0), &json!(true)));
        revisions.push(state["rev"].as_u64().unwrap());
    }
    let (_, staged) = party.server.get("/api/staged").await;
    assert_eq!(
        (&staged["path"], &staged["etag"]),
        (&json!("anime/a.mp4"), &json!(etag))
    );
    assert!(staged["updatedAt"].is_i64() && staged["room"].is_null());

    // The same file again: the same tag. Another one: another tag, and another revision.
    assert_eq!(party.stage("anime/a.mp4").await.1["etag"], etag.as_str());
    let (_, other) = party.stage("b.mp4").await;
    assert_ne!(other["etag"], etag.as_str());
    let state = viewer.state(|state| state["path"] == "b.mp4").await;
    assert!(state["rev"].as_u64().unwrap() > revisions[0]);

    // Announced once more, nothing is reset; another tag is passed on as it is.
    control.keyed(json!({"cmd": "seek", "time": 3.0})).await;
    viewer.cmd("seek").await;
    control
        .keyed(json!({"cmd": "load", "etag": other["etag"]}))
        .await;
    let load = json!({"cmd": "load", "etag": other["etag"], "path": "b.mp4"});
    assert_eq!(viewer.cmd("load").await, load);
    control.keyed(json!({"cmd": "load", "etag": "abc"})).await;
    assert_eq!(
        viewer.cmd("load").await,
        json!({"cmd": "load", "etag": "abc"})
    );
    let (_, told) = party.page("/watchparty").await;
    let late = told
        .iter()
        .find(|message| message["type"] == "state")
        .unwrap();
    assert_eq!(
        (&late["data"]["t"], &late["data"]["rev"]),
        (&json!(3.0), &state["rev"])
    );
}

#[tokio::test]
async fn what_is_staged_survives_a_restart_paused_where_it_was() {
    let party = Party::start().await;
    let mut control = party.control().await;
    party.stage("b.mp4").await;
    control.keyed(json!({"cmd": "seek", "time": 2.0})).await;
    control.cmd("seek").await;
    drop(control);
    let before = party.server.get("/api/staged").await.1;
    let films = party.films;
    let (data, running) = (party.server.data, party.server.running);
    running.stop().await;
    let folder = films.path().to_str().unwrap().to_owned();
    let settings = crate::client::settings(data.path(), &[&folder, "--admin-key", KEY]);
    let running = watchalong_server::start(settings).await.unwrap();
    let server = Server {
        base: format!("http://{}", running.addresses[0]),
        http: party.server.http,
        running,
        data,
    };
    let party = Party { server, films };
    for tries in 0.. {
        let (_, staged) = party.server.get("/api/staged").await;
        if staged["path"] == before["path"] {
            assert_eq!(staged["etag"], before["etag"]);
            break;
        }
        assert!(tries < 400, "{staged}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (_, told) = party.page("/watchparty").await;
    let state = told
        .iter()
        .find(|message| message["type"] == "state")
        .unwrap();
    assert_eq!(
        (&state["data"]["t"], &state["data"]["paused"]),
        (&json!(2.0), &json!(true))
    );
    assert!(state["data"]["rev"].as_u64().unwrap() >= 1);
}

// ---- controls ------------------------------------------------------------------------

#[tokio::test]
async fn a_control_of_either_family_reaches_everybody_in_both() {
    let party = Party::start().await;
    party.stage("b.mp4").await;
    let mut control = party.control().await;
    let (mut host, told) = party.page(&door()).await;
    assert_eq!(told[0]["type"], "self");
    let mut viewer = party.viewer().await;
    control.keyed(json!({"cmd": "seek", "time": 4.5})).await;
    for page in [&mut viewer, &mut host, &mut control] {
        assert_eq!(page.cmd("seek").await, json!({"cmd": "seek", "time": 4.5}));
        page.state(|state| state["t"] == 4.5).await;
    }
    control.keyed(json!({"cmd": "play"})).await;
    for page in [&mut viewer, &mut host, &mut control] {
        assert_eq!(page.cmd("play").await, json!({"cmd": "play"}));
        page.state(|state| state["paused"] == false).await;
    }
    host.send(json!({"type": "pause", "t": 5.0})).await;
    for page in [&mut viewer, &mut host, &mut control] {
        assert_eq!(page.cmd("pause").await, json!({"cmd": "pause"}));
        page.state(|state| state["paused"] == true && state["t"] == 5.0)
            .await;
    }
    host.send(json!({"type": "unload"})).await;
    for page in [&mut viewer, &mut control] {
        assert_eq!(page.cmd("unload").await, json!({"cmd": "unload"}));
        page.state(|state| state["path"].is_null()).await;
    }
    host.send(json!({"type": "load", "path": "anime/a.mp4"}))
        .await;
    assert_eq!(control.cmd("load").await["path"], "anime/a.mp4");
}

#[tokio::test]
async fn a_viewer_can_not_play_pause_or_seek_and_a_wrong_key_is_silence() {
    let party = Party::with(&["--limit-guess", "off"]).await;
    party.stage("b.mp4").await;
    let mut viewer = party.viewer().await;
    let mut seed = party.control().await;
    for message in [
        json!({"type": "play", "t": 1.0}),
        json!({"type": "pause", "t": 1.0}),
        json!({"type": "seek", "t": 1.0, "paused": false}),
        json!({"type": "load", "path": "anime/a.mp4"}),
        json!({"type": "unload"}),
        json!({"cmd": "play"}),
        json!({"cmd": "play", "key": "wrong"}),
        json!({"cmd": "play", "key": [KEY]}),
        json!({"cmd": "seek", "time": 1.0, "key": true}),
        json!({"cmd": "seek", "time": "1", "key": KEY}),
        json!({"cmd": "seek", "time": null, "key": KEY}),
        json!({"enforcePausePlay": false}),
        json!({"enforcePausePlay": "no", "key": KEY}),
        json!({"cmd": "explode", "key": KEY}),
        json!({"type": "viewerPause"}),
    ] {
        viewer.send(message.clone()).await;
        seed.send(message).await;
    }
    for nonsense in ["", "[]", "5", "{", "\u{1F600}", "{\"type\":"] {
        viewer.socket.raw(nonsense).await;
    }
    let moved = |message: &Value| {
        !message["cmd"].is_null()
            || !message["enforcePausePlay"].is_null()
            || message["type"] == "error"
    };
    viewer.hears_no(moved).await;
    seed.hears_no(moved).await;
    let (_, staged) = party.server.get("/api/staged").await;
    assert_eq!(staged["path"], "b.mp4");
}

#[tokio::test]
async fn there_is_one_host_and_the_place_is_free_when_they_go() {
    let party = Party::start().await;
    let door = door();
    let (host, _) = party.page(&door).await;
    let mut second = party.open(&door).await;
    assert_eq!(second.ending().await, 4003);
    for wrong in [
        "/watchparty-admin",
        "/watchparty-admin?key=wrong",
        "/admin?key=wrong",
        "/?key=wrong",
    ] {
        let mut page = party.open(wrong).await;
        assert_eq!(page.ending().await, 1008, "{wrong}");
    }
    drop(host);
    for tries in 0.. {
        let mut page = party.open(&door).await;
        let first = page.socket.next().await;
        if first["type"] == "self" {
            break;
        }
        assert!(tries < 100, "{first}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // With the same key by a viewer's door: a viewer.
    let (mut page, _) = party.page(&door.replace("-admin", "")).await;
    party.stage("b.mp4").await;
    page.cmd("load").await;
    page.send(json!({"type": "play"})).await;
    page.hears_no(|message| message["cmd"] == "play").await;
}

#[tokio::test]
async fn with_a_viewer_key_nobody_comes_without_one() {
    let party = Party::with(&["--viewer-key", "for the guests", "--limit-guess", "off"]).await;
    party.stage("b.mp4").await;
    for path in ["/watchparty", "/watchparty?key=wrong", "/"] {
        let mut page = party.open(path).await;
        assert_eq!(page.ending().await, 1008, "{path}");
    }
    assert_eq!(party.fetch("/watchparty", &[]).await.status(), 401);
    assert_eq!(party.fetch("/media/current.mp4", &[]).await.status(), 401);
    let (_page, told) = party.page("/watchparty?key=for%20the%20guests").await;
    let guid = told[0]["guid"].as_str().unwrap();
    let by_guid = party
        .fetch(&format!("/media/current.mp4?guid={guid}"), &[])
        .await;
    let by_key = party
        .fetch("/media/current.mp4?key=for%20the%20guests", &[])
        .await;
    assert_eq!(
        (by_guid.status().as_u16(), by_key.status().as_u16()),
        (200, 200)
    );
    party
        .page("/watchparty?key=the%20key%20of%20the%20party")
        .await;
}
