//! Chat and reactions over HTTP: the same commands as over the socket, under the same limits.
use super::answer::Answer;
use super::caller::{User, object};
use super::error::Refused;
use super::find::Place;
use super::parties::field;
use super::windows::Window;
use super::{Clipper, wire};
use crate::http::App;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use watchalong_room::{Command, Event, Outcome, Position};

type Body = Result<Bytes, BytesRejection>;
/// Messages in a list.
const LISTED: usize = 100;

/// The latest messages, oldest first.
pub(super) async fn messages(
    State(app): State<App>,
    Extension(clipper): Extension<&'static Clipper>,
    user: User,
    Path(id): Path<String>,
) -> Result<Answer, Refused> {
    let room = clipper.seen(&app, &user, &id).await?;
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
    Ok(Answer::data(StatusCode::OK, data))
}

/// Carries out what a window limits; what comes to nothing is not counted.
pub(super) async fn limited(
    place: &Place,
    window: &Window,
    user: &str,
    command: Command,
) -> Result<Outcome, Refused> {
    window.take(user).map_err(Refused::over)?;
    let outcome = place.call(command).await;
    if outcome.is_err() {
        window.give_back(user);
    }
    outcome
}

/// Says something.
pub(super) async fn say(
    State(app): State<App>,
    Extension(clipper): Extension<&'static Clipper>,
    user: User,
    Path(id): Path<String>,
    body: Body,
) -> Result<Answer, Refused> {
    let place = clipper.place(&app, &user, &id).await?;
    let body = object(body)?;
    let text = wire::message(field(&body, "message").and_then(Value::as_str));
    let wrong = || Refused::invalid("A message has 1 to 1000 characters.");
    let text = text.ok_or_else(wrong)?;
    let command = Command::Say {
        text,
        reply_to: None,
    };
    let outcome = limited(&place, &clipper.windows.chat, &user.id, command).await?;
    let said = outcome.events.iter().find_map(|(_, event)| match event {
        Event::Said { message } => Some(*message),
        _ => None,
    });
    let code = place.room.code().clone();
    let message = place.room.read(move |room| {
        let message = room.message(said?)?;
        Some(clipper.message(&code, room, message))
    });
    Ok(Answer::data(StatusCode::CREATED, json!(message.await?)))
}

/// Reacts.
pub(super) async fn react(
    State(app): State<App>,
    Extension(clipper): Extension<&'static Clipper>,
    user: User,
    Path(id): Path<String>,
    body: Body,
) -> Result<Answer, Refused> {
    let place = clipper.place(&app, &user, &id).await?;
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
    let outcome = limited(&place, &clipper.windows.reactions, &user.id, command).await?;
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
    Ok(Answer::data(StatusCode::CREATED, json!(reaction.await?)))
}
