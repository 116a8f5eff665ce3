//! The Random Clip Player's window.
use super::{Act, Deck, Entered, Fut, Kind, Motion, PASSWORD, Sight, Wire};
use crate::client::{Client, Server};
use crate::rdm_clips::bring;
use serde_json::{Value, json};

pub struct Rdm;

struct Player {
    socket: Client,
    leads: bool,
    state: Option<Value>,
}

impl Player {
    async fn enter(server: &Server, code: &str, id: &str) -> Self {
        let url = format!("{}/ws/{code}", server.base.replace("http", "ws"));
        let mut socket = server.socket_with(&url, &[]).await;
        socket.send(&json!({"type": "auth", "user_id": id})).await;
        let state = socket.next().await;
        assert_eq!(state["type"], "room_state", "{state}");
        Self {
            socket,
            leads: false,
            state: Some(state),
        }
    }

    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let message = self.socket.next().await;
            if message["type"] == kind {
                return message;
            }
        }
    }
}

/// A request of somebody from another address: one address may join five times a minute.
async fn ask(server: &Server, path: &str, from: u8, body: Value) -> Value {
    let request = server.http.post(format!("{}{path}", server.base));
    let request = request.header("x-forwarded-for", format!("192.0.2.{from}"));
    let answer = request.json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

impl Kind for Rdm {
    fn name(&self) -> &'static str {
        "rdm"
    }

    fn locks(&self) -> bool {
        true
    }

    fn talks(&self) -> bool {
        false
    }

    fn host<'a>(&'a self, server: &'a Server) -> Fut<'a, Box<dyn Wire>> {
        Box::pin(async {
            let entry = json!({"password": PASSWORD, "username": "Rita"});
            let made = server.post("/rooms", &entry).await.1;
            let (code, id) = (
                made["room_code"].as_str().unwrap(),
                made["user_id"].as_str().unwrap(),
            );
            let mut player = Player::enter(server, code, id).await;
            player.leads = true;
            let video = bring(server, &made, id, "clip.mp4").await;
            let show = json!({"type": "play_video", "video_id": video["video_id"]});
            player.socket.send(&show).await;
            // Alone there is nobody to wait for: it plays.
            player.until("all_ready").await;
            player
                .socket
                .send(&json!({"type": "pause", "position": 0.0}))
                .await;
            player.socket.send(&json!({"type": "ping"})).await;
            player.until("pong").await;
            player.state = None;
            Box::new(player) as Box<dyn Wire>
        })
    }

    fn viewer<'a>(&'a self, server: &'a Server, code: &'a str, _: bool) -> Fut<'a, Entered> {
        Box::pin(async move {
            let entry = json!({"password": PASSWORD, "username": "Rolf"});
            let path = format!("/rooms/{code}/join");
            let from = code.bytes().fold(0_u8, u8::wrapping_add);
            let entry = ask(server, &path, from, entry).await;
            let id = entry["user_id"].as_str().unwrap();
            // An id is its address's.
            let player = Player::enter(server, code, id).await;
            Ok(Box::new(player) as Box<dyn Wire>)
        })
    }
}

impl Wire for Player {
    fn act<'a>(&'a mut self, act: &'a Act, position: f64) -> Fut<'a, ()> {
        Box::pin(async move {
            let message = match act {
                Act::Play => json!({"type": "play", "position": position}),
                Act::Pause => json!({"type": "pause", "position": position}),
                Act::Seek(to) => json!({"type": "seek", "position": to}),
                Act::Say(_) => return,
                Act::Leave => {
                    let _ = self.socket.socket.close(None).await;
                    return;
                }
            };
            self.socket.send(&message).await;
        })
    }

    fn hear(&mut self) -> Fut<'_, Vec<Sight>> {
        Box::pin(async {
            let message = match self.state.take() {
                Some(state) => state,
                None => self.socket.next().await,
            };
            let position = message["position"].as_f64();
            match message["type"].as_str().unwrap_or_default() {
                "room_state" => {
                    let state = &message["playback_state"];
                    vec![Motion::to(
                        state["position"].as_f64(),
                        state["playing"].as_bool(),
                    )]
                }
                "play" => vec![Motion::to(position, Some(true))],
                "pause" => vec![Motion::to(position, Some(false))],
                "seek" => vec![Motion::to(position, None)],
                "all_ready" => vec![Motion::to(Some(0.0), Some(true))],
                // Its player goes where the host's is when it is off by more than it hears.
                "position_heartbeat" => vec![Motion::to(position, None)],
                "user_left" => vec![Sight::Left],
                _ => Vec::new(),
            }
        })
    }

    fn routine(&mut self, deck: Deck, position: f64) -> Fut<'_, ()> {
        Box::pin(async move {
            self.socket.send(&json!({"type": "ping"})).await;
            if self.leads && deck.playing {
                let beat =
                    json!({"type": "position_heartbeat", "position": position, "speed": 1.0});
                self.socket.send(&beat).await;
            }
        })
    }
}
