//! The messages of the Syncplay protocol as types: one JSON object a line, its keys are commands, in order.
//!
//! What is read is strict in its types and deaf to unknown keys; nothing here knows a room.
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// The longest line either side takes, without its end: clients hang up on more.
pub const LINE_BYTES: usize = 16_384;

/// An object whose keys are handled in the order they came in.
struct Ordered(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Ordered;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of commands")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Ordered(pairs))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// A command of a client.
#[derive(Debug)]
pub enum Said {
    /// Asks for TLS.
    Tls,
    /// Logs in.
    Hello(Box<Hello>),
    /// How its player is.
    State(State),
    /// Changes things, each by itself.
    Set(Vec<Change>),
    /// Asks who is there.
    List,
    /// Says something to people.
    Chat(String),
    /// Is about to hang up.
    Error,
}

/// Something set.
#[derive(Debug)]
pub enum Change {
    /// Goes to another room.
    Room(Named),
    /// What its player has open.
    File(File),
    /// Readiness, its own or another's.
    Ready(Ready),
    /// The whole playlist.
    Playlist(Files),
    /// The entry to be played.
    Index(Index),
    /// Makes a managed room, or identifies its operator.
    Auth(Auth),
}

/// A room by its name.
#[derive(Debug, Deserialize)]
pub struct Named {
    /// As typed.
    pub name: String,
}

/// A login.
#[derive(Debug, Deserialize)]
pub struct Hello {
    /// As typed.
    pub username: String,
    /// Where to.
    pub room: Named,
    /// A decoy since 1.3.
    pub version: String,
    /// The true one.
    #[serde(default)]
    pub realversion: Option<String>,
    /// What it can; told since 1.5.
    #[serde(default)]
    pub features: Option<Value>,
}

/// A player's state, every part of it optional.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct State {
    /// The player.
    pub playstate: Option<Playstate>,
    /// Clocks.
    pub ping: Option<Ping>,
    /// Counters.
    #[serde(rename = "ignoringOnTheFly")]
    pub ignoring: Option<Ignoring>,
}

/// Where a player is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Playstate {
    /// Seconds.
    pub position: Option<f64>,
    /// A boolean once the player is up, the number 0.0 before.
    pub paused: Value,
    /// The person jumped.
    #[serde(rename = "doSeek")]
    pub do_seek: Option<bool>,
}

/// Clock values are opaque: each side echoes the other's and subtracts its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Ping {
    /// Ours, come back.
    pub latency_calculation: Option<f64>,
    /// Theirs, to be sent back.
    pub client_latency_calculation: Option<f64>,
}

/// Whose change is under way.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ignoring {
    /// Acknowledges our forced state of this number.
    pub server: Option<i64>,
    /// The number of the client's own change.
    pub client: Option<i64>,
}

/// An open file.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct File {
    /// A name, an address, or a digest.
    pub name: String,
    /// Seconds; 0 where unknown.
    #[serde(default)]
    pub duration: f64,
    /// Bytes, 0, or a digest; passed on as it is.
    #[serde(default)]
    pub size: Value,
}

/// Readiness.
#[derive(Debug, Deserialize)]
pub struct Ready {
    /// Ready, or not.
    #[serde(rename = "isReady")]
    pub is_ready: Option<bool>,
    /// By a person's hand.
    #[serde(default, rename = "manuallyInitiated")]
    pub manually: bool,
    /// Whose, where it is another's.
    #[serde(default)]
    pub username: Option<String>,
}

/// A playlist.
#[derive(Debug, Deserialize)]
pub struct Files {
    /// Names and addresses.
    pub files: Vec<String>,
}

/// A place in a playlist.
#[derive(Debug, Deserialize)]
pub struct Index {
    /// From 0; none for none.
    pub index: Option<u32>,
}

/// A managed room's password.
#[derive(Debug, Deserialize)]
pub struct Auth {
    /// The room, or the name that one is to be made from.
    #[serde(default)]
    pub room: Option<String>,
    /// `AB-123-456`.
    #[serde(default)]
    pub password: Option<String>,
}

/// Reads a line.
///
/// # Errors
/// A sentence: not JSON, not an object, an unknown command, wrong types.
pub fn read(line: &str) -> Result<Vec<Said>, String> {
    let ordered: Ordered =
        serde_json::from_str(line).map_err(|error| format!("This is no message: {error}."))?;
    ordered
        .0
        .into_iter()
        .map(|(key, value)| said(&key, value.get()))
        .collect()
}

fn said(key: &str, value: &str) -> Result<Said, String> {
    let wrong = |error: serde_json::Error| format!("This {key} can't be read: {error}.");
    Ok(match key {
        "TLS" => Said::Tls,
        "Hello" => Said::Hello(serde_json::from_str(value).map_err(wrong)?),
        "State" => Said::State(serde_json::from_str(value).map_err(wrong)?),
        "Set" => {
            let ordered: Ordered = serde_json::from_str(value).map_err(wrong)?;
            let changes = ordered.0.into_iter();
            let changes = changes.filter_map(|(key, value)| change(&key, value.get()).transpose());
            Said::Set(changes.collect::<Result<_, _>>().map_err(wrong)?)
        }
        "List" => Said::List,
        "Chat" => Said::Chat(serde_json::from_str(value).map_err(wrong)?),
        "Error" => Said::Error,
        _ => return Err("This command is not known here.".to_owned()),
    })
}

fn change(key: &str, value: &str) -> serde_json::Result<Option<Change>> {
    Ok(Some(match key {
        "room" => Change::Room(serde_json::from_str(value)?),
        "file" => {
            // A client without a file says so with null or nothing in it.
            let Ok(file) = serde_json::from_str(value) else {
                return serde_json::from_str::<Value>(value).map(|_| None);
            };
            Change::File(file)
        }
        "ready" => Change::Ready(serde_json::from_str(value)?),
        "playlistChange" => Change::Playlist(serde_json::from_str(value)?),
        "playlistIndex" => Change::Index(serde_json::from_str(value)?),
        "controllerAuth" => Change::Auth(serde_json::from_str(value)?),
        _ => return Ok(None),
    }))
}

/// Reads a line as a connection does; for fuzzing.
pub(in crate::dialects) fn decode(text: &str) {
    for said in read(text).into_iter().flatten() {
        // What goes to other clients again must still be JSON.
        if let Said::Set(changes) = said {
            for change in changes {
                if let Change::File(file) = change {
                    serde_json::to_string(&file).expect("what was read can be written");
                }
            }
        }
    }
}

/// A line for a client, with the end that it splits on.
pub fn line(message: &Value) -> String {
    format!("{message}\r\n")
}

/// Whether a message fits the client's line.
pub fn fits(message: &Value) -> bool {
    message.to_string().len() <= LINE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_in_the_order_they_stand() {
        let line = r#"{"State":{"playstate":{"position":1,"paused":0.0}},"Hello":{"username":"a","room":{"name":"r"},"version":"1"},"Chat":"x"}"#;
        let said = read(line).unwrap_or_default();
        assert!(matches!(
            said[..],
            [Said::State(_), Said::Hello(_), Said::Chat(_)]
        ));
    }

    #[test]
    fn wrong_types_are_refused_and_unknown_keys_are_not_heard() {
        for wrong in [
            "",
            "[]",
            "7",
            "{\"Nothing\":1}",
            "{\"Chat\":{}}",
            "{\"State\":{\"playstate\":{\"position\":\"x\"}}}",
            "{\"State\":{\"playstate\":{\"position\":1e999}}}",
            "{\"State\":{\"playstate\":{\"position\":NaN}}}",
            "{\"Set\":{\"playlistIndex\":{\"index\":-1}}}",
            "{\"Hello\":{\"username\":null}}",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        for right in ["{}", "{\"Set\":{\"later\":[1]}}", "{\"State\":{\"x\":1}}"] {
            assert!(read(right).is_ok(), "{right}");
        }
    }
}
