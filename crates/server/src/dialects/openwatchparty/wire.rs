//! Messages as they stand on the wire: the envelope, what is in it, and the texts of errors.
//!
//! Positions are seconds, times milliseconds. What a client claims about itself (`client`, `server_ts`) is read for
//! its type and never used.
use crate::ws::json_frame;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use watchalong_room::{Position, ServerTime};

/// Characters in a chat message.
pub(super) const CHAT_LENGTH: usize = 500;
/// Messages a second.
pub(super) const MESSAGES: u32 = 30;
/// Bytes in a message.
pub(super) const MESSAGE_BYTES: usize = 65_536;
/// Characters in a name.
const NAME_LENGTH: usize = 100;
/// Seconds: a day.
const LAST_POSITION: f64 = 86_400.0;
/// Characters of an item's id in Jellyfin.
const MEDIA_ID: usize = 32;

/// In the chat, before `CODE` or `CODE:SECRET`: to that room.
pub(super) const JOIN: &str = "/join ";

pub(super) const BAD_FORMAT: &str = "Invalid message format";
pub(super) const UNKNOWN_TYPE: &str = "Unknown message type";
pub(super) const TOO_LARGE: &str = "Message too large";
pub(super) const TOO_FAST: &str = "Rate limit exceeded";
pub(super) const AUTH_FAILED: &str = "Authentication failed";
pub(super) const AUTH_NEEDED: &str = "Authentication required";
pub(super) const FULL: &str = "Room is full";
pub(super) const NO_ROOM: &str = "Room not found";
pub(super) const CHAT_EMPTY: &str = "Chat message cannot be empty";
pub(super) const CHAT_LONG: &str = "Chat message too long (max 500 characters)";
pub(super) const CHAT_NO_ROOM: &str = "Room ID required for chat";

/// A message from a client.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(rename = "ts")]
    _ts: u64,
    pub(super) room: Option<String>,
    #[serde(rename = "client")]
    pub(super) claimed: Option<String>,
    pub(super) payload: Option<Value>,
    #[serde(rename = "server_ts")]
    _server_ts: Option<u64>,
}

impl Envelope {
    /// Reads a message; `None` where it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        // An array in the order of the fields would pass, too.
        if !text.trim_start().starts_with('{') {
            return None;
        }
        serde_json::from_str(text).ok()
    }

    pub(super) fn field(&self, key: &str) -> Option<&Value> {
        self.payload.as_ref()?.get(key)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.field(key)?.as_str()
    }

    /// A position that can be one.
    pub(super) fn position(&self, key: &str) -> Option<Position> {
        let seconds = self.field(key)?.as_f64()?;
        Position::new(seconds).filter(|p| p.seconds() <= LAST_POSITION)
    }

    /// What `play_state` says, where it says something.
    pub(super) fn playing(&self) -> Option<bool> {
        match self.text("play_state")? {
            "playing" => Some(true),
            "paused" => Some(false),
            _ => None,
        }
    }

    /// The name given, cleaned; `None` where there is none to see.
    pub(super) fn user_name(&self) -> Option<String> {
        name(self.text("user_name")?)
    }

    /// The item's id, where it is one.
    pub(super) fn media_id(&self) -> Option<&str> {
        let is_id = |id: &&str| id.len() == MEDIA_ID && id.bytes().all(|b| b.is_ascii_hexdigit());
        self.text("media_id").filter(is_id)
    }
}

/// A name as the format cleans it.
pub(super) fn name(raw: &str) -> Option<String> {
    let cut = raw.trim().chars().take(NAME_LENGTH);
    let clean: String = cut.filter(|c| !c.is_control()).collect();
    Some(clean.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Reads a message as a connection does; for fuzzing.
pub(in crate::dialects) fn decode(text: &str) {
    let Some(message) = Envelope::read(text) else {
        return;
    };
    message.playing();
    message.user_name();
    message.media_id();
    for key in ["position", "start_pos"] {
        message.position(key);
    }
}

/// A message to a client, being made.
#[derive(Debug)]
pub(super) struct Say {
    body: Map<String, Value>,
}

impl Say {
    pub(super) fn new(kind: &str, now: ServerTime) -> Self {
        let mut body = Map::new();
        body.insert("type".into(), json!(kind));
        body.insert("ts".into(), json!(now.0));
        body.insert("server_ts".into(), json!(now.0));
        Self { body }
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.body.insert(key.to_owned(), value);
        self
    }

    pub(super) fn room(self, id: &str) -> Self {
        self.with("room", json!(id))
    }

    pub(super) fn client(self, id: &str) -> Self {
        self.with("client", json!(id))
    }

    pub(super) fn payload(self, payload: Value) -> Self {
        self.with("payload", payload)
    }

    /// The instant at which what the message says holds.
    pub(super) fn holds_at(self, at: ServerTime) -> Self {
        self.with("server_ts", json!(at.0))
    }

    pub(super) fn frame(self) -> Bytes {
        json_frame(&Value::Object(self.body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_none() {
        for text in [
            "",
            "5",
            "null",
            "[\"ping\",1,null,null,null,null]",
            r#"{"type":"ping"}"#,
            r#"{"type":"ping","ts":1.5}"#,
            r#"{"type":"ping","ts":-1}"#,
            r#"{"type":"ping","ts":"1"}"#,
            r#"{"type":5,"ts":1}"#,
            r#"{"type":"ping","ts":1,"ts":2}"#,
            r#"{"type":"ping","ts":1,"room":7}"#,
        ] {
            assert!(Envelope::read(text).is_none(), "{text}");
        }
        let deep = format!(
            r#"{{"type":"ping","ts":1,"payload":{}}}"#,
            "[".repeat(100_000)
        );
        assert!(Envelope::read(&deep).is_none());
        let good = r#" {"type":"ping","ts":1,"room":null,"more":{},"payload":[1]}"#;
        assert!(Envelope::read(good).is_some());
    }

    #[test]
    fn names_are_cut_and_cleaned_and_empty_ones_are_none() {
        assert_eq!(name("  Ann\u{7}e "), Some("Anne".to_owned()));
        assert_eq!(name(" \n\t "), None);
        assert_eq!(name(&"x".repeat(300)).map(|n| n.len()), Some(100));
    }

    #[test]
    fn positions_are_within_a_day() {
        let of = |value: &str| {
            let text = format!(r#"{{"type":"x","ts":1,"payload":{{"position":{value}}}}}"#);
            Envelope::read(&text).and_then(|m| m.position("position"))
        };
        assert!(of("0").is_some() && of("86400").is_some());
        for bad in ["-0.1", "86400.5", "1e300", "\"5\"", "null", "[]"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
