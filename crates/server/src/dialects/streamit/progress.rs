//! How far somebody came with what, in each room: said over HTTP, by the host's player, and by the host's controls.
//!
//! The server's own progress (`store/progress.rs`) only grows and is made of reports; here the client says, and what it
//! says is kept, so this is another table.
use super::body::{Asked, Body};
use super::error::Refused;
use super::people::User;
use super::rooms::{by_code, by_id, iso, source_of};
use crate::http::App;
use crate::hub::RoomHandle;
use crate::store::{WatchQuery, WatchRecord};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use watchalong_room::Position;

/// Characters of a medium's id and kind.
const NAME: usize = 200;
/// Seconds: no film is longer.
const LONGEST: f64 = 30.0 * 24.0 * 3600.0;

fn row(room: &str, of: &WatchRecord) -> Value {
    let at = iso(of.at).replace("+00:00", "Z");
    json!({
        "room": room, "media_id": of.media, "media_type": of.kind, "season": of.season, "episode": of.episode,
        "timestamp": of.position, "duration": of.duration, "progress_percent": of.percent,
        "completed": of.completed, "updated_at": at,
    })
}

pub(super) async fn save(
    State(app): State<App>,
    user: User,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let id = body.text("room_id")?;
    if id.is_empty() {
        return Err(Refused::new(400, "room_id required"));
    }
    let room = by_id(&app, &id).await?.ok_or_else(Refused::no_room)?;
    let (media, kind) = (body.text("media_id")?, body.text("media_type")?);
    if media.is_empty() || kind.is_empty() {
        return Err(Refused::new(400, "media_id and media_type required"));
    }
    if media.chars().count() > NAME || kind.chars().count() > NAME {
        return Err(Refused::new(400, "media_id or media_type is too long"));
    }
    let record = WatchRecord {
        media,
        kind,
        season: body.count("season")?,
        episode: body.count("episode")?,
        position: body.number("timestamp", LONGEST)?,
        duration: body.number("duration", LONGEST)?,
        percent: body.number("progress_percent", 100.0)?,
        completed: body.flag("completed")?.unwrap_or(false),
        at: app.hub.clock.now(),
    };
    let store = &app.hub.store;
    store
        .put_watch_record(&user.person, room.code().as_str(), &record)
        .await?;
    Ok(Json(row(&id, &record)))
}

pub(super) async fn get(
    State(app): State<App>,
    user: User,
    asked: Asked,
) -> Result<Json<Value>, Refused> {
    let (id, media, kind) = (
        asked.text("room_id"),
        asked.text("media_id"),
        asked.text("media_type"),
    );
    if id.is_empty() || media.is_empty() || kind.is_empty() {
        let message = "room_id, media_id and media_type required";
        return Err(Refused::new(400, message));
    }
    let query = WatchQuery {
        media: Some((media, kind)),
        season: asked.count("season")?,
        episode: asked.count("episode")?,
    };
    let Some(room) = by_id(&app, id).await? else {
        return Ok(Json(json!({"progress": null})));
    };
    let store = &app.hub.store;
    let found = store.watch_record(&user.person, room.code().as_str(), query);
    let none = json!({"progress": null});
    Ok(Json(found.await?.map_or(none, |of| row(id, &of))))
}

pub(super) async fn resume(
    State(app): State<App>,
    user: User,
    Path(code): Path<String>,
) -> Result<Json<Value>, Refused> {
    let room = by_code(&app, &code).await?.ok_or_else(Refused::no_room)?;
    let store = &app.hub.store;
    let any = WatchQuery::default();
    let found = store.watch_record(&user.person, room.code().as_str(), any);
    let (percent, position, completed) = found.await?.map_or((0.0, 0.0, false), |of| {
        (of.percent, of.position, of.completed)
    });
    Ok(Json(json!({
        "progress_percent": percent, "last_position_seconds": position, "completed": completed,
    })))
}

// ---- what the host's player and controls say -----------------------------------------

/// What a player tells of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    position: f64,
    duration: f64,
    percent: f64,
    completed: bool,
    /// The player tells it as it goes, without anybody having done anything.
    pub(super) by_itself: bool,
}

impl Step {
    /// Of a `PLAYER_EVENT`; `None` where it says nothing that is kept, or no numbers.
    pub(super) fn read(data: &Map<String, Value>) -> Option<Self> {
        let number = |key: &str, without: f64, most: f64| match data.get(key) {
            None => Some(without),
            Some(value) => {
                let number = value.as_f64().filter(|number| number.is_finite())?;
                Some(number.clamp(0.0, most))
            }
        };
        let event = data.get("event")?.as_str()?;
        let duration = number("duration", 1.0, LONGEST)?;
        match event {
            "ended" => Some(Self {
                position: duration,
                duration,
                percent: 100.0,
                completed: true,
                by_itself: false,
            }),
            "timeupdate" | "seeked" | "pause" => Some(Self {
                position: number("currentTime", 0.0, LONGEST)?,
                duration,
                percent: number("progress", 0.0, 100.0)?,
                completed: false,
                by_itself: event == "timeupdate",
            }),
            _ => None,
        }
    }
}

/// Under what the original keeps what is on: the provider's name stands for the kind.
async fn on(room: &RoomHandle) -> Option<(String, String)> {
    let source = room.read(source_of).await.ok()?;
    let (provider, id) = source.unwrap_or_default();
    Some((id, provider.to_owned()))
}

/// The host's player has come so far.
pub(super) async fn played(app: &App, room: Arc<RoomHandle>, user: &User, step: Step) {
    let Some((media, kind)) = on(&room).await else {
        return;
    };
    let record = WatchRecord {
        media,
        kind,
        season: None,
        episode: None,
        position: step.position,
        duration: step.duration,
        percent: step.percent,
        completed: step.completed,
        at: app.hub.clock.now(),
    };
    let store = &app.hub.store;
    let kept = store.put_watch_record(&user.person, room.code().as_str(), &record);
    if let Err(error) = kept.await {
        tracing::warn!(%error, "streamit: progress not kept");
    }
}

/// Somebody moved the room, and themselves with it.
pub(super) async fn moved(app: &App, room: Arc<RoomHandle>, user: &User, position: Position) {
    let Some((media, kind)) = on(&room).await else {
        return;
    };
    let (store, now) = (&app.hub.store, app.hub.clock.now());
    let kept = store.move_watch_record(
        &user.person,
        room.code().as_str(),
        (&media, &kind),
        position.seconds(),
        now,
    );
    if let Err(error) = kept.await {
        tracing::warn!(%error, "streamit: progress not kept");
    }
}

/// Reads a message, and what in it tells of a player, as a connection does; for fuzzing.
pub(in crate::dialects) fn decode(text: &str) {
    let Ok(message) = serde_json::from_str::<Map<String, Value>>(text) else {
        return;
    };
    let data = message.get("data").and_then(Value::as_object);
    if let Some(step) = Step::read(data.unwrap_or(&message)) {
        let numbers = [step.position, step.duration, step.percent];
        assert!(numbers.iter().all(|n| n.is_finite() && *n >= 0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: Value) -> Option<Step> {
        Step::read(data.as_object().expect("an object"))
    }

    #[test]
    fn a_player_that_says_nothing_else_is_at_the_start() {
        let step = read(json!({"event": "timeupdate"})).expect("kept");
        assert_eq!(
            (step.position, step.duration, step.percent),
            (0.0, 1.0, 0.0)
        );
        let ended = json!({"event": "ended", "currentTime": 3, "duration": 90});
        let ended = read(ended).expect("kept");
        assert_eq!(
            (ended.position, ended.percent, ended.completed),
            (90.0, 100.0, true)
        );
    }

    #[test]
    fn what_is_no_number_or_no_event_is_not_kept() {
        for data in [
            json!({}),
            json!({"event": 7}),
            json!({"event": "quality_change"}),
            json!({"event": "pause", "currentTime": "3"}),
            json!({"event": "pause", "currentTime": true}),
            json!({"event": "ended", "duration": []}),
        ] {
            assert_eq!(read(data.clone()), None, "{data}");
        }
    }
}
