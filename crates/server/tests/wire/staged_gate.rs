//! A host's seek on the staged page: everybody stands where it led, and goes on once the viewers' pages have it.
use crate::staged::{Page, Party, door};
use serde_json::{Value, json};

/// A party that plays, with a host and two pages that have the film.
struct Watching {
    party: Party,
    host: Page,
    ann: Page,
    ben: Page,
    revision: Value,
}

impl Watching {
    async fn start(playing: bool) -> Self {
        let party = Party::start().await;
        party.stage("b.mp4").await;
        let (mut host, _) = party.page(&door()).await;
        let (mut ann, told) = party.page("/watchparty").await;
        let mut ben = party.viewer().await;
        let state = told.iter().find(|message| message["type"] == "state");
        let revision = state.unwrap()["data"]["rev"].clone();
        for page in [&mut ann, &mut ben] {
            page.loaded(&revision).await;
        }
        if playing {
            host.send(json!({"type": "play", "t": 0.0})).await;
            for page in [&mut host, &mut ann, &mut ben] {
                page.cmd("play").await;
            }
        }
        Self {
            party,
            host,
            ann,
            ben,
            revision,
        }
    }

    async fn seek(&mut self, to: f64) {
        self.host.send(json!({"type": "seek", "t": to})).await;
    }

    /// The name of the gate that both pages are told of.
    async fn gate(&mut self, at: f64) -> Value {
        let gate = self.ann.kind("seek-gate").await;
        assert_eq!(
            (&gate["t"], &gate["rev"]),
            (&json!(at), &self.revision),
            "{gate}"
        );
        assert_eq!(self.ben.kind("seek-gate").await, gate);
        gate["gateId"].clone()
    }
}

impl Page {
    async fn loaded(&mut self, revision: &Value) {
        self.send(json!({"type": "media-loaded", "rev": revision, "attempt": 1}))
            .await;
        self.heard().await;
    }

    /// Does not wait until it is heard: what comes of it may be told sooner.
    async fn ready(&mut self, gate: &Value) {
        self.send(json!({"type": "seek-ready", "gateId": gate}))
            .await;
    }

    /// Whatever was sent is heard once this is answered.
    async fn heard(&mut self) {
        self.send(json!({"type": "ping"})).await;
        self.kind("pong").await;
    }

    async fn system(&mut self, text: &str) {
        self.until(|message| message["type"] == "system" && message["text"] == text)
            .await;
    }
}

fn is_play(message: &Value) -> bool {
    message["cmd"] == "play"
}

#[tokio::test]
async fn a_hosts_seek_waits_until_every_page_has_that_place_and_then_goes_on() {
    let mut watching = Watching::start(true).await;
    watching.seek(4.0).await;
    let Watching { ann, host, .. } = &mut watching;
    ann.cmd("pause").await;
    assert_eq!(ann.cmd("seek").await["time"], 4.0);
    ann.state(|state| state["paused"] == true && state["t"] == 4.0)
        .await;
    host.system("Waiting for 2 to load that place").await;
    // The host's page says every seek twice, and that its player stands.
    host.send(json!({"type": "seek", "t": 4.1, "paused": true}))
        .await;
    host.send(json!({"type": "pause", "t": 4.1})).await;
    let gate = watching.gate(4.0).await;
    let Watching { ann, ben, host, .. } = &mut watching;
    ann.ready(&json!("no such gate")).await;
    ann.ready(&gate).await;
    ann.ready(&gate).await;
    ben.hears_no(is_play).await;
    ben.ready(&gate).await;
    host.system("Everybody has loaded it").await;
    for page in [ann, ben, host] {
        page.cmd("play").await;
        page.state(|state| state["paused"] == false && state["t"].as_f64() >= Some(4.0))
            .await;
    }
}

#[tokio::test]
async fn quirk_a_gate_does_not_wait_for_pages_that_are_gone_or_never_had_the_film() {
    let mut watching = Watching::start(true).await;
    // A control page, and a page whose film is still on its way.
    let _control = watching.party.control().await;
    let _late = watching.party.viewer().await;
    watching.seek(4.0).await;
    let gate = watching.gate(4.0).await;
    watching.ann.ready(&gate).await;
    let Watching { ben, mut host, .. } = watching;
    drop(ben);
    host.cmd("play").await;
}

#[tokio::test]
async fn quirk_what_stood_before_a_gate_stands_after_it() {
    let mut watching = Watching::start(false).await;
    watching.seek(3.0).await;
    let gate = watching.gate(3.0).await;
    watching.ann.ready(&gate).await;
    watching.ben.ready(&gate).await;
    watching.host.system("Everybody has loaded it").await;
    watching.ann.hears_no(is_play).await;
}

#[tokio::test]
async fn a_play_opens_a_gate_a_pause_takes_the_wish_back_and_another_place_moves_it() {
    let mut watching = Watching::start(true).await;
    watching.seek(4.0).await;
    watching.gate(4.0).await;
    watching.host.send(json!({"type": "play", "t": 4.0})).await;
    watching.ann.cmd("play").await;
    watching.ben.cmd("play").await;

    // Another place: whoever is on the way to the first is waited for at the second.
    watching.seek(1.0).await;
    let first = watching.gate(1.0).await;
    watching.seek(2.0).await;
    let second = watching.gate(2.0).await;
    assert_ne!(first, second);
    watching.ann.ready(&first).await;
    watching.ben.ready(&first).await;
    watching.ann.hears_no(is_play).await;
    watching.ann.ready(&second).await;
    watching.ben.ready(&second).await;
    watching.ann.cmd("play").await;
    watching.ben.cmd("play").await;

    // A control page's pause is no echo.
    watching.seek(5.0).await;
    let gate = watching.gate(5.0).await;
    let mut control = watching.party.control().await;
    control.keyed(json!({"cmd": "pause"})).await;
    control.heard().await;
    watching.ann.ready(&gate).await;
    watching.ben.ready(&gate).await;
    watching.ann.hears_no(is_play).await;
}

#[tokio::test]
async fn a_film_put_on_ends_a_gate_and_cmd_seeks_never_make_one() {
    let mut watching = Watching::start(true).await;
    watching.seek(4.0).await;
    let gate = watching.gate(4.0).await;
    watching.party.stage("anime/a.mp4").await;
    watching.ann.cmd("load").await;
    watching.ann.ready(&gate).await;
    watching.ben.ready(&gate).await;
    watching.ann.hears_no(is_play).await;

    // Nobody has this film: a plain seek, and so is one of the other family.
    watching.seek(2.0).await;
    let is_gate = |message: &Value| message["type"] == "seek-gate";
    watching.ann.until(|message| message["cmd"] == "seek").await;
    watching.ann.hears_no(is_gate).await;
    let mut control = watching.party.control().await;
    control.keyed(json!({"cmd": "seek", "time": 3.0})).await;
    assert_eq!(watching.ann.cmd("seek").await["time"], 3.0);
    watching.ann.hears_no(is_gate).await;
}
