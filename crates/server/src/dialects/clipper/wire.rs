//! What a participant's socket says: one JSON object a message, read with every check that needs no room.
//!
//! `timestamp` is the sender's own clock, in whatever unit, and is not used for anything but that it must be a number.
use super::policy::MESSAGE_LENGTH;
use serde_json::{Map, Value};
use watchalong_room::Position;

/// Characters of a reaction.
const EMOJI_LENGTH: usize = 10;
/// Characters of a clip's id; a UUID has 36.
const CLIP_LENGTH: usize = 200;

/// The kinds of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Start.
    Play,
    /// Stop.
    Pause,
    /// Go to a position.
    Seek,
    /// Put on another clip.
    Skip,
    /// Tell where the party stands.
    Sync,
    /// Say something.
    Chat,
    /// React.
    Reaction,
    /// Typing, or no more.
    Typing,
}

impl Kind {
    /// All, by the name that they have on the wire.
    pub const ALL: [(&str, Self); 8] = [
        ("play", Self::Play),
        ("pause", Self::Pause),
        ("seek", Self::Seek),
        ("skip", Self::Skip),
        ("sync-request", Self::Sync),
        ("chat", Self::Chat),
        ("reaction", Self::Reaction),
        ("typing", Self::Typing),
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        let of = Self::ALL.into_iter().find(|(_, kind)| *kind == self);
        of.map_or("unknown", |(name, _)| name)
    }

    /// Whether it moves the party: viewers who try are not answered.
    pub fn is_playback(self) -> bool {
        matches!(self, Self::Play | Self::Pause | Self::Seek | Self::Skip)
    }
}

/// A message, with its kind.
#[derive(Debug)]
pub struct Envelope {
    /// What it is.
    pub kind: Kind,
    fields: Map<String, Value>,
}

/// A command, checked.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// See [`Kind::Play`].
    Play,
    /// See [`Kind::Pause`].
    Pause,
    /// Where to.
    Seek(Position),
    /// Which clip.
    Skip(String),
    /// Where the asker's own player is, in seconds, where it says so.
    Sync(Option<Position>),
    /// What.
    Chat(String),
    /// With what, and at which moment.
    Reaction(String, Option<Position>),
    /// Whether.
    Typing(bool),
}

/// Reads a message as far as its kind.
///
/// # Errors
/// In words, for whoever wrote the client.
pub fn read(text: &str) -> Result<Envelope, &'static str> {
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
        return Err("a command is a JSON object");
    };
    let Some(name) = fields.get("type").and_then(Value::as_str) else {
        return Err("a command has a type");
    };
    let known = Kind::ALL.into_iter().find(|(known, _)| *known == name);
    let (_, kind) = known.ok_or("there is no command of this type")?;
    Ok(Envelope { kind, fields })
}

impl Envelope {
    fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn seconds(&self, name: &str) -> Option<Position> {
        self.field(name)?.as_f64().and_then(Position::new)
    }

    /// A position that may be left out, but not be wrong.
    fn maybe_seconds(
        &self,
        name: &str,
        wrong: &'static str,
    ) -> Result<Option<Position>, &'static str> {
        match (self.field(name), self.seconds(name)) {
            (Some(_), None) => Err(wrong),
            (_, position) => Ok(position),
        }
    }

    /// The whole command, for a socket of `party`.
    ///
    /// # Errors
    /// In words.
    pub fn check(&self, party: &str) -> Result<Said, &'static str> {
        match self.field("party_id").map(Value::as_str) {
            None => {}
            Some(Some(named)) if named.eq_ignore_ascii_case(party) => {}
            Some(_) => return Err("this socket is of another party"),
        }
        if self
            .field("timestamp")
            .is_some_and(|value| !value.is_number())
        {
            return Err("a timestamp is a number");
        }
        Ok(match self.kind {
            Kind::Play => Said::Play,
            Kind::Pause => Said::Pause,
            Kind::Seek => Said::Seek(self.seconds("position").ok_or("seek needs a position")?),
            Kind::Skip => Said::Skip(self.clip().ok_or("skip needs a clip_id")?),
            Kind::Sync => {
                let wrong = "a position is a number of seconds";
                Said::Sync(self.maybe_seconds("position", wrong)?)
            }
            Kind::Chat => {
                let text = self.field("message").and_then(Value::as_str);
                Said::Chat(message(text).ok_or("chat needs a message of 1 to 1000 characters")?)
            }
            Kind::Reaction => {
                let emoji = self.field("emoji").and_then(Value::as_str);
                let emoji = self::emoji(emoji);
                let wrong = "a video_timestamp is a number of seconds";
                let seen = self.maybe_seconds("video_timestamp", wrong)?;
                Said::Reaction(
                    emoji.ok_or("reaction needs an emoji of 1 to 10 characters")?,
                    seen,
                )
            }
            Kind::Typing => {
                let typing = self.field("is_typing").and_then(Value::as_bool);
                Said::Typing(typing.ok_or("typing needs is_typing")?)
            }
        })
    }

    fn clip(&self) -> Option<String> {
        let id = self.field("clip_id")?.as_str()?;
        let fits = !id.trim().is_empty()
            && id.chars().count() <= CLIP_LENGTH
            && !id.chars().any(char::is_control);
        fits.then(|| id.to_owned())
    }
}

/// A text that a message may have. What of it can be seen is the room's to say.
pub(super) fn message(text: Option<&str>) -> Option<String> {
    let text = text?;
    let fits = !text.trim().is_empty() && text.chars().count() <= MESSAGE_LENGTH;
    fits.then(|| text.to_owned())
}

/// A text that a reaction may be.
pub(super) fn emoji(text: Option<&str>) -> Option<String> {
    let text = text?;
    let fits = !text.trim().is_empty() && text.chars().count() <= EMOJI_LENGTH;
    fits.then(|| text.to_owned())
}

/// Reads a message as a connection does; for fuzzing.
pub(in crate::dialects) fn decode(text: &str) {
    const PARTY: &str = "11111111-2222-4333-8444-555555555555";
    let said = read(text).and_then(|message| message.check(PARTY));
    if let Ok(Said::Chat(text)) = said {
        assert!(text.chars().count() <= MESSAGE_LENGTH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PARTY: &str = "11111111-2222-4333-8444-555555555555";

    fn said(message: &Value) -> Result<Said, &'static str> {
        read(&message.to_string())?.check(PARTY)
    }

    #[test]
    fn what_the_frontend_sends_is_understood() {
        let fraction = json!({
            "type": "seek", "position": 12.75, "party_id": PARTY, "timestamp": 1_735_660_800.123,
        });
        assert_eq!(said(&fraction), Ok(Said::Seek(Position::clamped(12.75))));
        let upper = json!({"type": "play", "party_id": PARTY.to_uppercase(), "timestamp": 1e13});
        assert_eq!(said(&upper), Ok(Said::Play));
        assert_eq!(said(&json!({"type": "sync-request"})), Ok(Said::Sync(None)));
        let own = json!({"type": "sync-request", "position": 3});
        assert_eq!(said(&own), Ok(Said::Sync(Some(Position::clamped(3.0)))));
        let reaction = json!({"type": "reaction", "emoji": "❤️", "video_timestamp": null});
        assert_eq!(said(&reaction), Ok(Said::Reaction("❤️".into(), None)));
        let long = "ü".repeat(1000);
        let chat = json!({"type": "chat", "message": long});
        assert_eq!(said(&chat), Ok(Said::Chat(long)), "characters, not bytes");
    }

    #[test]
    fn what_is_no_command_is_none() {
        for text in [
            "",
            "5",
            "null",
            "[]",
            "\"play\"",
            "{}",
            r#"{"type":5}"#,
            r#"{"type":"fly"}"#,
            "{\"type\":\"play\"",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&format!(r#"{{"type":"play","x":{}}}"#, "[".repeat(100_000))).is_err());
        for message in [
            json!({"type": "play", "party_id": "another"}),
            json!({"type": "play", "party_id": 5}),
            json!({"type": "play", "timestamp": "now"}),
            json!({"type": "seek"}),
            json!({"type": "seek", "position": -0.5}),
            json!({"type": "seek", "position": "5"}),
            json!({"type": "seek", "position": 1e300}),
            json!({"type": "skip", "clip_id": ""}),
            json!({"type": "skip", "clip_id": 5}),
            json!({"type": "skip", "clip_id": "x".repeat(201)}),
            json!({"type": "sync-request", "position": "5"}),
            json!({"type": "chat", "message": "  \n "}),
            json!({"type": "chat", "message": "x".repeat(1001)}),
            json!({"type": "chat", "message": ["x"]}),
            json!({"type": "reaction"}),
            json!({"type": "reaction", "emoji": "12345678901"}),
            json!({"type": "reaction", "emoji": "x", "video_timestamp": "5"}),
            json!({"type": "typing"}),
            json!({"type": "typing", "is_typing": "yes"}),
        ] {
            assert!(said(&message).is_err(), "{message}");
        }
    }

    #[test]
    fn every_kind_has_its_name_and_the_playback_is_known() {
        for (name, kind) in Kind::ALL {
            assert_eq!(kind.name(), name);
            let playback = ["play", "pause", "seek", "skip"].contains(&name);
            assert_eq!(kind.is_playback(), playback);
        }
    }
}
