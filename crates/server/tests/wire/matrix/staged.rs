//! The staged page, and for its host the page at the host's door.
use super::{Act, Deck, Entered, Fut, Kind, Motion, PASSWORD, Sight, Wire};
use crate::client::{Client, Server};
use serde_json::json;

pub struct Staged;

/// The key of the servers here.
pub const KEY: &str = "the-key-of-the-party";

struct Page(Client);

async fn open(server: &Server, path: &str) -> Page {
    let url = format!("{}{path}", server.base.replace("http", "ws"));
    let mut page = Page(server.socket_with(&url, &[]).await);
    let first = page.0.next().await;
    assert_eq!(first["type"], "self", "{first}");
    page
}

impl Kind for Staged {
    fn name(&self) -> &'static str {
        "staged"
    }

    fn host<'a>(&'a self, server: &'a Server) -> Fut<'a, Box<dyn Wire>> {
        Box::pin(async {
            server.sample().await;
            let files = server.get("/api/media").await.1;
            let stage = json!({"path": files[0], "key": KEY});
            let (status, answer) = server.post("/api/stage", &stage).await;
            assert_eq!(status, 200, "{answer}");
            let page = open(server, &format!("/watchparty-admin?key={KEY}")).await;
            Box::new(page) as Box<dyn Wire>
        })
    }

    fn viewer<'a>(&'a self, server: &'a Server, code: &'a str, locked: bool) -> Fut<'a, Entered> {
        Box::pin(async move {
            let password = if locked { PASSWORD } else { "" };
            let path = format!("/watchparty?room={code}&password={password}");
            Ok(Box::new(open(server, &path).await) as Box<dyn Wire>)
        })
    }
}

impl Wire for Page {
    fn act<'a>(&'a mut self, act: &'a Act, position: f64) -> Fut<'a, ()> {
        Box::pin(async move {
            let message = match act {
                Act::Play => json!({"type": "play", "t": position}),
                Act::Pause => json!({"type": "pause", "t": position}),
                Act::Seek(to) => json!({"type": "seek", "t": to}),
                Act::Say(text) => json!({"type": "chat", "text": text}),
                Act::Leave => {
                    let _ = self.0.socket.close(None).await;
                    return;
                }
            };
            self.0.send(&message).await;
        })
    }

    fn hear(&mut self) -> Fut<'_, Vec<Sight>> {
        Box::pin(async {
            let message = self.0.next().await;
            let text = message["text"].as_str().unwrap_or_default();
            match message["type"].as_str().unwrap_or_default() {
                "state" => {
                    let state = &message["data"];
                    vec![Sight::Motion(Motion {
                        position: state["t"].as_f64(),
                        playing: state["paused"].as_bool().map(|paused| !paused),
                        at: state["ts"].as_f64(),
                    })]
                }
                "chat" => vec![Sight::Said(text.to_owned())],
                "system" if text.ends_with(" left") => vec![Sight::Left],
                _ => Vec::new(),
            }
        })
    }

    fn routine(&mut self, deck: Deck, position: f64) -> Fut<'_, ()> {
        Box::pin(async move {
            self.0.send(&json!({"type": "ping"})).await;
            if deck.playing {
                self.0.send(&json!({"type": "pos", "t": position})).await;
            }
        })
    }
}
