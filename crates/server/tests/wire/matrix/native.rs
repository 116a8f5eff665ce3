//! Our own page's protocol.
use super::{Act, Deck, Entered, Fut, Kind, Motion, PASSWORD, Sight, Wire};
use crate::client::{Client, Server};
use serde_json::{Value, json};

pub struct Native;

struct Page(Client);

fn motion(timeline: &Value) -> Sight {
    Sight::Motion(Motion {
        position: timeline["position"].as_f64(),
        playing: timeline["playing"].as_bool(),
        at: timeline["at"].as_f64(),
    })
}

impl Kind for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn host<'a>(&'a self, server: &'a Server) -> Fut<'a, Box<dyn Wire>> {
        Box::pin(async {
            let media = json!({"kind": "url", "url": "https://films.example.org/long.mp4"});
            let policy = json!({"barrier": {"do": "off"}});
            let room = server
                .room(&json!({"media": media, "policy": policy}))
                .await;
            Box::new(Page(server.host(&room).await)) as Box<dyn Wire>
        })
    }

    fn viewer<'a>(&'a self, server: &'a Server, code: &'a str, _: bool) -> Fut<'a, Entered> {
        Box::pin(async move {
            let entry = json!({"password": PASSWORD});
            let page = server.join(&json!({"code": code}), "Nat", entry).await;
            Ok(Box::new(Page(page)) as Box<dyn Wire>)
        })
    }
}

impl Wire for Page {
    fn act<'a>(&'a mut self, act: &'a Act, _: f64) -> Fut<'a, ()> {
        let mut message = match act {
            Act::Play => json!({"do": "play"}),
            Act::Pause => json!({"do": "pause"}),
            Act::Seek(to) => json!({"do": "seek", "position": to}),
            Act::Say(text) => json!({"do": "say", "text": text}),
            Act::Leave => json!({"do": "leave"}),
        };
        message["t"] = json!("cmd");
        message["id"] = json!(1);
        Box::pin(async move { self.0.send(&message).await })
    }

    fn hear(&mut self) -> Fut<'_, Vec<Sight>> {
        Box::pin(async {
            if let Some(welcome) = self.0.seen.pop() {
                return vec![motion(&welcome["room"]["timeline"])];
            }
            let message = self.0.next().await;
            let events = message["events"].as_array().cloned().unwrap_or_default();
            let sight = |event: Value| match event["event"].as_str()? {
                "timeline" => Some(motion(&event["timeline"])),
                "said" => Some(Sight::Said(event["message"]["text"].as_str()?.to_owned())),
                "members" => {
                    let gone = !event["gone"].as_array()?.is_empty();
                    let mut members = event["members"].as_array()?.iter();
                    let away = members.any(|member| member["present"] == false);
                    (gone || away).then_some(Sight::Left)
                }
                _ => None,
            };
            events.into_iter().filter_map(sight).collect()
        })
    }

    fn routine(&mut self, deck: Deck, position: f64) -> Fut<'_, ()> {
        let state = if deck.playing { "playing" } else { "paused" };
        let report = json!({"t": "report", "position": position, "skew": 0.0, "state": state});
        Box::pin(async move { self.0.send(&report).await })
    }
}
