//! What a page of this dialect says, read: both families, and nothing that could be mistaken.
//!
//! Only an object is a message. A number must be a finite JSON number, a key a text; what is anything else is nothing.
use serde_json::{Map, Value};
use watchalong_room::Position;

/// Bytes of a message; the longest is a log line of under 4 KiB.
pub(super) const MESSAGE_BYTES: usize = 64 * 1024;
/// Characters of a name, before it is cut to those that may stay.
const NAME_INPUT: usize = 80;
/// Characters of a name.
const NAME: usize = 40;

/// What somebody says.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// From a control page: counts with the key.
    Keyed(Control),
    /// `type` controls: count from whoever may, or with the key.
    Control(Control),
    /// `{"enforcePausePlay": ...}`: counts with the key.
    Enforce(bool),
    /// For everybody: what is staged, once more, or another tag passed on as it is. Counts with the key.
    Announce(String),
    Ping,
    /// Where its player is, in seconds.
    Pos(f64),
    /// Its player is so many seconds off.
    Drift(f64),
    /// Its player knows the film of this revision.
    Loaded(u64),
    /// It has enough of the film for the gate of this name.
    Gathered(String),
    Chat(String),
    Rename {
        color: Option<String>,
        name: Option<String>,
    },
    /// Asks the host to pause.
    AskPause,
    /// For the log alone.
    Log(&'static str),
    /// Nothing that is known, or nothing to act on.
    Nothing,
}

/// A control, from either family.
#[derive(Debug, PartialEq)]
pub(super) enum Control {
    Play(Option<Position>),
    Pause(Option<Position>),
    Seek {
        to: Position,
        paused: Option<bool>,
    },
    /// Stage the file at this path.
    Load(String),
    Unload,
}

/// A message and what came with it.
#[derive(Debug, PartialEq)]
pub(super) struct Message {
    pub(super) said: Said,
    /// `key` or `admin`, where it is a text.
    pub(super) key: Option<String>,
    /// From the family of `type` messages, and no viewer of the first kind.
    pub(super) is_page: bool,
}

/// Reads a message; `None` for what is none.
pub(super) fn read(text: &str) -> Option<Message> {
    let Ok(Value::Object(message)) = serde_json::from_str(text) else {
        return None;
    };
    let word = |key: &str| message.get(key).and_then(Value::as_str);
    let kind = word("type");
    let is_page = kind.is_some_and(|kind| !kind.starts_with("viewer"));
    let key = word("key").or(word("admin")).map(str::to_owned);
    let said = match (word("cmd"), kind) {
        (Some(cmd), _) => of_control_page(cmd, &message),
        (None, Some(kind)) => of_page(kind, &message),
        (None, None) => match message.get("enforcePausePlay") {
            Some(Value::Bool(enforce)) => Said::Enforce(*enforce),
            _ => Said::Nothing,
        },
    };
    Some(Message { said, key, is_page })
}

fn position(message: &Map<String, Value>, key: &str) -> Option<Position> {
    let seconds = message.get(key)?.as_f64()?;
    Position::new(seconds)
}

fn of_control_page(cmd: &str, message: &Map<String, Value>) -> Said {
    match cmd {
        "play" => Said::Keyed(Control::Play(None)),
        "pause" => Said::Keyed(Control::Pause(None)),
        "seek" => position(message, "time").map_or(Said::Nothing, |to| {
            Said::Keyed(Control::Seek { to, paused: None })
        }),
        "load" => match message.get("etag") {
            Some(Value::String(etag)) => Said::Announce(etag.clone()),
            _ => Said::Nothing,
        },
        _ => Said::Nothing,
    }
}

fn of_page(kind: &str, message: &Map<String, Value>) -> Said {
    let word = |key: &str| message.get(key).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| message.get(key).and_then(Value::as_f64);
    match kind {
        "play" => Said::Control(Control::Play(position(message, "t"))),
        "pause" => Said::Control(Control::Pause(position(message, "t"))),
        "seek" => position(message, "t").map_or(Said::Nothing, |to| {
            let paused = message.get("paused").and_then(Value::as_bool);
            Said::Control(Control::Seek { to, paused })
        }),
        "load" | "select" => {
            word("path").map_or(Said::Nothing, |path| Said::Control(Control::Load(path)))
        }
        "unload" => Said::Control(Control::Unload),
        "ping" => Said::Ping,
        "pos" => number("t").map_or(Said::Nothing, Said::Pos),
        "drift-alert" => number("drift").map_or(Said::Nothing, Said::Drift),
        "media-loaded" => message
            .get("rev")
            .and_then(Value::as_u64)
            .map_or(Said::Nothing, Said::Loaded),
        "seek-ready" => word("gateId").map_or(Said::Nothing, Said::Gathered),
        "chat" => word("text").map_or(Said::Nothing, Said::Chat),
        "rename" => Said::Rename {
            color: word("color"),
            name: word("name").map(|name| plain_name(&name)),
        },
        "request" if word("action").as_deref() == Some("pause") => Said::AskPause,
        "telemetry" => Said::Log("telemetry"),
        "client-log" => Said::Log("client-log"),
        "fn-log" => Said::Log("fn-log"),
        _ => Said::Nothing,
    }
}

/// A name of the characters that may stay. The page of the original writes names into its markup as they are.
pub(super) fn plain_name(name: &str) -> String {
    let stays =
        |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\'' | '.' | '!' | '?' | ',');
    let name: String = name
        .chars()
        .take(NAME_INPUT)
        .filter(stays)
        .take(NAME)
        .collect();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reads a message as a connection does; for fuzzing.
pub(in crate::dialects) fn decode(text: &str) {
    // A name goes into the markup of the original's page as it is.
    let safe = |name: &str| name.chars().count() <= NAME && !name.contains(['<', '>', '"', '&']);
    if let Some(Message {
        said: Said::Rename {
            name: Some(name), ..
        },
        ..
    }) = read(text)
    {
        assert!(safe(&name));
    }
    assert!(safe(&plain_name(text)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Said {
        read(text).map_or(Said::Nothing, |message| message.said)
    }

    #[test]
    fn a_time_is_a_finite_number_and_nothing_else() {
        let seek = |time: &str| said(&format!(r#"{{"cmd":"seek","time":{time}}}"#));
        let to = Position::new(132.5).expect("a position");
        let right = Said::Keyed(Control::Seek { to, paused: None });
        assert_eq!(seek("132.5"), right);
        for wrong in ["null", "\"\"", "true", "[5]", "\"12\"", "-1", "1e999", "{}"] {
            assert_eq!(seek(wrong), Said::Nothing, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_object_is_no_message_and_what_is_unknown_is_nothing() {
        for text in ["", "[1]", "5", "null", "{", "\"x\"", "[{\"cmd\":\"play\"}]"] {
            assert_eq!(read(text), None, "{text}");
        }
        for text in [
            "{}",
            r#"{"cmd":"explode"}"#,
            r#"{"type":"viewerPause"}"#,
            r#"{"cmd":"load","etag":5}"#,
            r#"{"enforcePausePlay":"no"}"#,
            r#"{"type":"tick"}"#,
        ] {
            assert_eq!(said(text), Said::Nothing, "{text}");
        }
        let key = |text: &str| read(text).and_then(|message| message.key);
        assert_eq!(key(r#"{"cmd":"play","key":["k"]}"#), None);
        assert_eq!(key(r#"{"cmd":"play","key":"k"}"#).as_deref(), Some("k"));
    }

    #[test]
    fn a_name_holds_no_markup() {
        assert_eq!(
            plain_name("<b onclick=x>Ann</b>  O'Neill"),
            "b onclickxAnnb O'Neill"
        );
        assert_eq!(plain_name("übel, Öl?!"), "übel, Öl?!");
        assert_eq!(plain_name(&"x".repeat(500)).len(), NAME);
    }
}
