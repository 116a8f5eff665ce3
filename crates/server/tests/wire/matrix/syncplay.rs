//! Syncplay's desktop client.
use super::{Act, Deck, Entered, Fut, Kind, Motion, PASSWORD, Sight, Wire};
use crate::client::Server;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Instant;

pub struct Syncplay;

/// What a player does so soon after it has opened a file is its own doing, not a person's.
const SETTLED: Duration = Duration::from_millis(3300);

struct Player {
    lines: BufReader<OwnedReadHalf>,
    /// Of a line that has not come whole yet.
    part: Vec<u8>,
    out: OwnedWriteHalf,
    clock: Value,
    ack: Value,
    changes: i64,
    /// Of its changes, the last that the server has answered.
    answered: i64,
    stash: Vec<Sight>,
    position: f64,
    paused: bool,
    read: Instant,
}

impl Player {
    async fn join(server: &Server, room: &str, name: &str) -> Self {
        let address = server.running.syncplay.unwrap();
        let (lines, out) = TcpStream::connect(address).await.unwrap().into_split();
        let mut player = Self {
            lines: BufReader::new(lines),
            part: Vec::new(),
            out,
            clock: Value::Null,
            ack: Value::Null,
            changes: 0,
            answered: 0,
            stash: Vec::new(),
            position: 0.0,
            paused: true,
            read: Instant::now(),
        };
        let hello = json!({"username": name, "room": {"name": room}, "version": "1.7.6",
            "realversion": "1.7.6", "features": {"chat": true, "readiness": false}});
        player.send(json!({ "Hello": hello })).await;
        while player.line().await.get("State").is_none() {}
        player.state(None).await;
        player
    }

    async fn send(&mut self, message: Value) {
        let line = format!("{message}\r\n");
        // Who is shown the door can't be spoken to any more; that shows in what it never sees.
        let _ = self.out.write_all(line.as_bytes()).await;
    }

    async fn line(&mut self) -> Value {
        let read = self.lines.read_until(b'\n', &mut self.part).await;
        if read.unwrap_or(0) == 0 {
            std::future::pending::<()>().await;
        }
        let line = std::mem::take(&mut self.part);
        let message: Value = serde_json::from_slice(&line).unwrap();
        let state = &message["State"];
        if !state.is_null() {
            self.clock = state["ping"]["latencyCalculation"].clone();
            let server = &state["ignoringOnTheFly"]["server"];
            if !server.is_null() {
                self.ack = server.clone();
            }
            let client = state["ignoringOnTheFly"]["client"].as_i64();
            self.answered = client.unwrap_or(self.answered);
            self.position = state["playstate"]["position"].as_f64().unwrap_or_default();
            self.paused = state["playstate"]["paused"] == true;
            self.read = Instant::now();
        }
        message
    }

    /// Says where its player is: where it was told to be, and on from there.
    async fn state(&mut self, change: Option<(f64, bool, bool)>) {
        let passed = if self.paused {
            0.0
        } else {
            self.read.elapsed().as_secs_f64()
        };
        let mut playstate = json!({"position": self.position + passed, "paused": self.paused});
        let mut ignoring = json!({});
        if let Some((position, paused, seek)) = change {
            self.changes += 1;
            ignoring["client"] = json!(self.changes);
            playstate = json!({"position": position, "paused": paused, "doSeek": seek});
            (self.position, self.paused, self.read) = (position, paused, Instant::now());
        }
        if !self.ack.is_null() {
            ignoring["server"] = self.ack.take();
        }
        let ping = json!({"latencyCalculation": self.clock, "clientLatencyCalculation": 7.5, "clientRtt": 0.001});
        let state = json!({"playstate": playstate, "ping": ping, "ignoringOnTheFly": ignoring});
        self.send(json!({ "State": state })).await;
    }
}

impl Player {
    async fn read(&mut self) -> Vec<Sight> {
        let message = self.line().await;
        if message.get("State").is_some() {
            let sight = Motion::to(Some(self.position), Some(!self.paused));
            self.state(None).await;
            return vec![sight];
        }
        if let Some(text) = message["Chat"]["message"].as_str() {
            return vec![Sight::Said(text.to_owned())];
        }
        let users = message["Set"]["user"].as_object();
        let mut users = users.into_iter().flatten();
        let left = users.any(|(_, user)| user["event"]["left"] == true);
        left.then_some(Sight::Left).into_iter().collect()
    }

    /// A client that has changed something changes nothing more before the server has answered that.
    async fn settled(&mut self) {
        while self.answered < self.changes {
            let sights = self.read().await;
            self.stash.extend(sights);
        }
    }
}

impl Kind for Syncplay {
    fn name(&self) -> &'static str {
        "syncplay"
    }

    fn host<'a>(&'a self, server: &'a Server) -> Fut<'a, Box<dyn Wire>> {
        Box::pin(async {
            let mut player = Player::join(server, "matrix", "Sven").await;
            // Without a playlist, what it opens is what the room watches.
            let file = json!({"name": "film.mkv", "duration": 6000.0, "size": 1});
            player.send(json!({"Set": {"file": file}})).await;
            let settled = Instant::now() + SETTLED;
            while let Ok(line) = tokio::time::timeout_at(settled, player.line()).await {
                if line.get("State").is_some() {
                    player.state(None).await;
                }
            }
            Box::new(player) as Box<dyn Wire>
        })
    }

    fn viewer<'a>(&'a self, server: &'a Server, code: &'a str, locked: bool) -> Fut<'a, Entered> {
        Box::pin(async move {
            let room = match locked {
                true => format!("{code}:{PASSWORD}"),
                false => code.to_owned(),
            };
            let player = Player::join(server, &room, "Sara").await;
            Ok(Box::new(player) as Box<dyn Wire>)
        })
    }
}

impl Wire for Player {
    fn act<'a>(&'a mut self, act: &'a Act, position: f64) -> Fut<'a, ()> {
        Box::pin(async move {
            self.settled().await;
            match act {
                Act::Play => self.state(Some((position, false, false))).await,
                Act::Pause => self.state(Some((position, true, false))).await,
                Act::Seek(to) => {
                    let paused = self.paused;
                    self.state(Some((*to, paused, true))).await;
                }
                Act::Say(text) => self.send(json!({ "Chat": text })).await,
                Act::Leave => {
                    let _ = self.out.shutdown().await;
                }
            }
        })
    }

    fn hear(&mut self) -> Fut<'_, Vec<Sight>> {
        Box::pin(async {
            if !self.stash.is_empty() {
                return std::mem::take(&mut self.stash);
            }
            self.read().await
        })
    }

    fn routine(&mut self, _: Deck, _: f64) -> Fut<'_, ()> {
        // Its states are its answers to the server's.
        Box::pin(async {})
    }
}
