//! Chat and reactions over HTTP: the same commands as over the socket, under the same limits.
use super::answer::Answer;
use super::caller::{Body, Call, object};
use super::error::Refused;
use super::parties::field;
use super::wire;
use axum::extract::Path;
use serde_json::{Value, json};
use watchalong_room::{Command, Event, Position};

/// Messages in a list.
const LISTED: usize = 100;

/// The latest messages, oldest first.
pub(super) async fn messages(call: Call, Path(id): Path<String>) -> Result<Answer, Refused> {
    let (room, clipper) = (call.seen(&id).await?, call.clipper);
    let code = room.code().clone();
    let list = room.read(move |room| {
        let there = room.messages().rev().filter(|message| !message.deleted);
        let latest = there.take(LISTED);
        let mut list: Vec<Value> = latest
            .map(|message| clipper.message(&code, room, message))
            .collect();
        list.reverse();
        list
    });
    let list = list.await?;
    let data = json!({"messages": list, "count": list.len()});
    Ok(Answer::ok(data))
}

/// Says something.
pub(super) async fn say(call: Call, Path(id): Path<String>, body: Body) -> Result<Answer, Refused> {
    let (place, clipper) = (call.place(&id).await?, call.clipper);
    let body = object(body)?;
    let text = wire::message(field(&body, "message").and_then(Value::as_str));
    let wrong = || Refused::invalid("A message has 1 to 1000 characters.");
    let text = text.ok_or_else(wrong)?;
    let command = Command::Say {
        text,
        reply_to: None,
    };
    let outcome = call.within(|of| &of.chat, place.call(command)).await?;
    let said = outcome.events.iter().find_map(|(_, event)| match event {
        Event::Said { message } => Some(*message),
        _ => None,
    });
    let code = place.room.code().clone();
    let message = place.room.read(move |room| {
        let message = room.message(said?)?;
        Some(clipper.message(&code, room, message))
    });
    Ok(Answer::ok(json!(message.await?)).created())
}

/// Reacts.
pub(super) async fn react(
    call: Call,
    Path(id): Path<String>,
    body: Body,
) -> Result<Answer, Refused> {
    let (place, clipper) = (call.place(&id).await?, call.clipper);
    let body = object(body)?;
    let emoji = wire::emoji(field(&body, "emoji").and_then(Value::as_str));
    let emoji = emoji.ok_or_else(|| Refused::invalid("An emoji has 1 to 10 characters."))?;
    let position = match field(&body, "video_timestamp") {
        None => None,
        Some(value) => {
            let seen = value.as_f64().and_then(Position::new);
            let wrong = || Refused::invalid("video_timestamp is a number of seconds.");
            Some(seen.ok_or_else(wrong)?)
        }
    };
    let command = Command::React { emoji, position };
    let outcome = call.within(|of| &of.reactions, place.call(command)).await?;
    let reacted = outcome
        .events
        .into_iter()
        .find_map(|(_, event)| match event {
            Event::Reacted {
                by,
                emoji,
                moment,
                at,
            } => Some((by, emoji, moment, at)),
            _ => None,
        });
    let code = place.room.code().clone();
    let reaction = place.room.read(move |room| {
        let (by, emoji, moment, at) = reacted?;
        Some(clipper.reaction(&code, room, (by, &emoji), moment, at))
    });
    Ok(Answer::ok(json!(reaction.await?)).created())
}
