//! StreamIt's page.
use super::{Act, Deck, Entered, Fut, Kind, Motion, PASSWORD, Sight, Wire};
use crate::client::Server;
use crate::streamit::{Page, Room, Socket};
use serde_json::{Value, json};

pub struct StreamIt;

struct Tab(Socket);

impl Kind for StreamIt {
    fn name(&self) -> &'static str {
        "streamit"
    }

    fn host<'a>(&'a self, server: &'a Server) -> Fut<'a, Box<dyn Wire>> {
        Box::pin(async {
            let page = Page::account(server, "Stella").await;
            let room = page.create(json!({})).await;
            let source = json!({"room_id": room.id(), "provider": "vidking", "video_id": "603"});
            page.must("/api/rooms/source/", source).await;
            Box::new(Tab(page.enter(&room).await)) as Box<dyn Wire>
        })
    }

    fn viewer<'a>(&'a self, server: &'a Server, code: &'a str, _: bool) -> Fut<'a, Entered> {
        Box::pin(async move {
            let page = Page::guest(server, "Stan").await;
            let entry = json!({"code": code, "password": PASSWORD});
            let room = Room(page.must("/api/rooms/join/", entry).await);
            Ok(Box::new(Tab(page.enter(&room).await)) as Box<dyn Wire>)
        })
    }
}

impl Wire for Tab {
    fn act<'a>(&'a mut self, act: &'a Act, position: f64) -> Fut<'a, ()> {
        Box::pin(async move {
            match act {
                Act::Play => self.0.play("PLAY", position).await,
                Act::Pause => self.0.play("PAUSE", position).await,
                Act::Seek(to) => self.0.play("SEEK", *to).await,
                Act::Say(text) => self.0.say(text).await,
                Act::Leave => {
                    let _ = self.0.client.socket.close(None).await;
                }
            }
        })
    }

    fn hear(&mut self) -> Fut<'_, Vec<Sight>> {
        Box::pin(async {
            let message: Value = match self.0.welcome.pop() {
                Some(told) => told,
                None => self.0.next().await,
            };
            let time = message["time"].as_f64();
            match message["type"].as_str().unwrap_or_default() {
                "PLAYBACK_STATE" => vec![Motion::to(time, message["is_playing"].as_bool())],
                "SYNC_CORRECTION" => vec![Motion::to(time, None)],
                "CHAT_MESSAGE" => {
                    let text = message["message"].as_str().unwrap_or_default();
                    vec![Sight::Said(text.to_owned())]
                }
                "USER_LEFT" => vec![Sight::Left],
                _ => Vec::new(),
            }
        })
    }

    fn routine(&mut self, _: Deck, position: f64) -> Fut<'_, ()> {
        Box::pin(async move {
            let check = json!({"type": "SYNC_CHECK", "client_time": position});
            self.0.send(check).await;
        })
    }
}
