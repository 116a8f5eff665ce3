//! Everybody who is connected, in a room or not, and the list of rooms that they are sent.
//!
//! Whatever changes a room's entry in the list, here or in another dialect, the hub says so; what comes close
//! together is told once, and a list that is the same is not told again. So a crowd that joins costs a few lists.
use super::OpenWatchParty;
use super::wire::Say;
use crate::hub::Hub;
use crate::ws::Outbox;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use watchalong_room::ServerTime;

/// Changes that come closer than this are told together.
const GATHER: Duration = Duration::from_millis(50);

/// Who is sent lists, by connection.
#[derive(Default)]
pub(super) struct Lobby(Mutex<HashMap<String, Outbox>>);

/// A list as it is sent.
pub(super) fn frame(list: Value, now: ServerTime) -> Bytes {
    Say::new("room_list", now).payload(list).frame()
}

/// A list for who may not see any.
pub(super) fn nothing(now: ServerTime) -> Bytes {
    frame(json!([]), now)
}

impl Lobby {
    pub(super) fn enter(&self, client: &str, outbox: &Outbox) {
        self.people().insert(client.to_owned(), outbox.clone());
    }

    pub(super) fn leave(&self, client: &str) {
        self.people().remove(client);
    }

    pub(super) async fn run(&self, dialect: &OpenWatchParty, hub: Arc<Hub>) {
        let mut changes = hub.directory();
        let mut last = json!([]);
        while changes.changed().await.is_ok() {
            tokio::time::sleep(GATHER).await;
            changes.mark_unchanged();
            match dialect.list(&hub).await {
                Ok(list) if list != last => {
                    let frame = frame(list.clone(), hub.clock.now());
                    last = list;
                    for outbox in self.people().values() {
                        outbox.push(&frame);
                    }
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "rooms can't be listed"),
            }
        }
    }

    fn people(&self) -> MutexGuard<'_, HashMap<String, Outbox>> {
        // Held for map operations and sends that never wait.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
