//! Clipper's watch parties.
use super::{Act, Deck, Entered, Fut, Kind, Motion, PASSWORD, Sight, Wire};
use crate::client::Server;
use crate::clipper::{Person, Socket};
use serde_json::{Value, json};

pub struct Clipper;

struct Participant {
    person: Person,
    party: String,
    socket: Socket,
}

impl Participant {
    async fn enter(person: Person, party: &Value) -> Self {
        let socket = person.socket(party).await;
        let party = party["id"].as_str().unwrap().to_owned();
        Self {
            person,
            socket,
            party,
        }
    }
}

impl Kind for Clipper {
    fn name(&self) -> &'static str {
        "clipper"
    }

    fn host<'a>(&'a self, server: &'a Server) -> Fut<'a, Box<dyn Wire>> {
        Box::pin(async {
            let person = Person::guest(server, "Cleo").await;
            let made = person.create(json!({})).await;
            let mut host = Participant::enter(person, &made).await;
            // A clip that is chosen plays.
            let clip = "5e1f7d2c-0000-4000-8000-000000000001";
            let (skip, seek) = (
                json!({"type": "skip", "clip_id": clip}),
                json!({"type": "seek", "position": 0}),
            );
            host.socket.send(skip).await;
            host.socket.send(seek).await;
            host.socket.until("seek").await;
            Box::new(host) as Box<dyn Wire>
        })
    }

    fn viewer<'a>(&'a self, server: &'a Server, code: &'a str, _: bool) -> Fut<'a, Entered> {
        Box::pin(async move {
            let person = Person::guest(server, "Carl").await;
            let entry = json!({"password": PASSWORD});
            let joined = person.post(&format!("/{code}/join"), entry).await;
            let party = joined.data(200)["party"].clone();
            Ok(Box::new(Participant::enter(person, &party).await) as Box<dyn Wire>)
        })
    }
}

impl Wire for Participant {
    fn act<'a>(&'a mut self, act: &'a Act, _: f64) -> Fut<'a, ()> {
        Box::pin(async move {
            let command = match act {
                Act::Play => json!({"type": "play"}),
                Act::Pause => json!({"type": "pause"}),
                Act::Seek(to) => json!({"type": "seek", "position": to}),
                Act::Say(text) => json!({"type": "chat", "message": text}),
                Act::Leave => {
                    let path = format!("/{}/leave", self.party);
                    assert_eq!(self.person.delete(&path).await.status, 204);
                    return;
                }
            };
            self.socket.send(command).await;
        })
    }

    fn hear(&mut self) -> Fut<'_, Vec<Sight>> {
        Box::pin(async {
            let event = self.socket.next().await;
            let text = event["chat_message"]["message"].as_str();
            match event["type"].as_str().unwrap_or_default() {
                "sync" | "play" | "pause" | "seek" | "skip" => {
                    let position = event["position_ms"].as_f64().map(|ms| ms / 1000.0);
                    vec![Motion::to(position, event["is_playing"].as_bool())]
                }
                "chat_message" => vec![Sight::Said(text.unwrap_or_default().to_owned())],
                "participant-left" => vec![Sight::Left],
                // Nothing comes any more; what was waited for will not be seen.
                "close" => std::future::pending().await,
                _ => Vec::new(),
            }
        })
    }

    fn routine(&mut self, _: Deck, _: f64) -> Fut<'_, ()> {
        Box::pin(async move { self.socket.send(json!({"type": "sync-request"})).await })
    }
}
