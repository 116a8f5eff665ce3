//! The Jellyfin plugin's client.
use super::{Act, Deck, Entered, Fut, Kind, Motion, PASSWORD, Sight, Wire};
use crate::client::{Client, Server};
use serde_json::{Value, json};

pub struct OpenWatchParty;

struct Plugin {
    socket: Client,
    room: String,
    leads: bool,
    state: Option<Value>,
}

impl Plugin {
    async fn connect(server: &Server) -> Self {
        let url = format!("{}/ws", server.base.replace("http", "ws"));
        Self {
            socket: server.socket_with(&url, &[]).await,
            room: String::new(),
            leads: false,
            state: None,
        }
    }

    async fn send(&mut self, kind: &str, payload: Value) {
        let room = Some(&self.room).filter(|room| !room.is_empty());
        let message = json!({"type": kind, "ts": 1, "room": room, "payload": payload});
        self.socket.send(&message).await;
    }

    /// In a room, or told that there is none for it.
    async fn seated(&mut self) -> bool {
        loop {
            let message = self.socket.next().await;
            match message["type"].as_str() {
                Some("room_state") => {
                    message["room"].as_str().unwrap().clone_into(&mut self.room);
                    self.state = Some(message);
                    return true;
                }
                Some("error") => return false,
                _ => {}
            }
        }
    }
}

impl Kind for OpenWatchParty {
    fn name(&self) -> &'static str {
        "openwatchparty"
    }

    fn host<'a>(&'a self, server: &'a Server) -> Fut<'a, Box<dyn Wire>> {
        Box::pin(async {
            let mut plugin = Plugin::connect(server).await;
            plugin.leads = true;
            let media = "0123456789abcdef0123456789ABCDEF";
            let room = json!({"start_pos": 0.0, "media_id": media, "user_name": "Owen"});
            plugin.send("create_room", room).await;
            assert!(plugin.seated().await);
            Box::new(plugin) as Box<dyn Wire>
        })
    }

    fn viewer<'a>(&'a self, server: &'a Server, code: &'a str, locked: bool) -> Fut<'a, Entered> {
        Box::pin(async move {
            let mut plugin = Plugin::connect(server).await;
            if locked {
                // It has one field, the chat of a room, and so first one of its own.
                let own = json!({"start_pos": 0.0, "media_id": null, "user_name": "Olga"});
                plugin.send("create_room", own).await;
                assert!(plugin.seated().await);
                let text = format!("/join {code}:{PASSWORD}");
                plugin.send("chat_message", json!({"text": text})).await;
            } else {
                code.clone_into(&mut plugin.room);
                plugin.send("join_room", json!({"user_name": "Olga"})).await;
            }
            assert!(plugin.seated().await);
            plugin.send("ready", json!({})).await;
            Ok(Box::new(plugin) as Box<dyn Wire>)
        })
    }
}

impl Wire for Plugin {
    fn act<'a>(&'a mut self, act: &'a Act, position: f64) -> Fut<'a, ()> {
        Box::pin(async move {
            let event = |action: &str, playing: Option<bool>, position: f64| {
                let mut payload = json!({"action": action, "position": position});
                if let Some(playing) = playing {
                    payload["play_state"] = json!(if playing { "playing" } else { "paused" });
                }
                payload
            };
            match act {
                Act::Play => {
                    self.send("player_event", event("play", Some(true), position))
                        .await
                }
                Act::Pause => {
                    self.send("player_event", event("pause", Some(false), position))
                        .await
                }
                Act::Seek(to) => self.send("player_event", event("seek", None, *to)).await,
                Act::Say(text) => {
                    let said = json!({"username": "Owen", "text": text});
                    self.send("chat_message", said).await;
                }
                Act::Leave => self.send("leave_room", json!({})).await,
            }
        })
    }

    fn hear(&mut self) -> Fut<'_, Vec<Sight>> {
        Box::pin(async {
            let message = match self.state.take() {
                Some(state) => state,
                None => self.socket.next().await,
            };
            let payload = &message["payload"];
            let state = |state: &Value| state.as_str().map(|state| state == "playing");
            let sight = match message["type"].as_str().unwrap_or_default() {
                // A newcomer counts from when it was said; the server adds its own lead.
                "room_state" => Motion {
                    position: payload["state"]["position"].as_f64(),
                    playing: state(&payload["state"]["play_state"]),
                    at: message["server_ts"].as_f64().map(|ts| ts - 300.0),
                },
                "player_event" => Motion {
                    position: payload["position"].as_f64(),
                    playing: match payload["action"].as_str() {
                        Some("play") => Some(true),
                        Some("pause") => Some(false),
                        _ => state(&payload["play_state"]),
                    },
                    at: message["server_ts"].as_f64(),
                },
                "state_update" => Motion {
                    position: payload["position"].as_f64(),
                    playing: state(&payload["play_state"]),
                    at: message["server_ts"].as_f64(),
                },
                "chat_message" => {
                    let text = payload["text"].as_str().unwrap_or_default();
                    return vec![Sight::Said(text.to_owned())];
                }
                "client_left" => return vec![Sight::Left],
                _ => return Vec::new(),
            };
            vec![Sight::Motion(sight)]
        })
    }

    fn routine(&mut self, deck: Deck, position: f64) -> Fut<'_, ()> {
        Box::pin(async move {
            self.send("ping", json!({"client_ts": 1})).await;
            if self.leads {
                let state = if deck.playing { "playing" } else { "paused" };
                let update = json!({"position": position, "play_state": state});
                self.send("state_update", update).await;
            }
        })
    }
}
