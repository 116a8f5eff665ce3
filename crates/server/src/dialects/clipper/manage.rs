//! What a host does to others and to the party: removing, appointing, settings.
use super::answer::Answer;
use super::caller::{Body, Call, object};
use super::error::Refused;
use super::find::{Place, is_uuid};
use super::parties::{field, password, visibility};
use super::{Clipper, objects, policy};
use crate::password::hash;
use axum::extract::Path;
use serde_json::{Map, Value, json};
use watchalong_room::{Command, MemberId, PolicyPatch};

/// The participant whom a body names.
async fn target(
    clipper: &'static Clipper,
    place: &Place,
    body: &Map<String, Value>,
) -> Result<(MemberId, String), Refused> {
    let id = field(body, "user_id").and_then(Value::as_str);
    let id = id.filter(|id| is_uuid(id)).map(str::to_ascii_lowercase);
    let id = id.ok_or_else(|| Refused::invalid("user_id must be a UUID."))?;
    let wanted = id.clone();
    let found = place.room.read(move |room| {
        let mut all = objects::participants(room).into_iter();
        let found = all.find(|member| clipper.user_id(&member.person) == wanted);
        found.map(|member| member.id)
    });
    let nobody = || Refused::new(404, "NOT_FOUND", "There is no such participant.");
    Ok((found.await?.ok_or_else(nobody)?, id))
}

/// Removes a participant for good.
pub(super) async fn kick(
    call: Call,
    Path(id): Path<String>,
    body: Body,
) -> Result<Answer, Refused> {
    let place = call.place(&id).await?;
    place.must(place.rights.people, "remove participants")?;
    let (member, _) = target(call.clipper, &place, &object(body)?).await?;
    if member == place.member {
        return Err(Refused::invalid(
            "You can't remove yourself. Leave instead.",
        ));
    }
    let standing = call.count(|of| &of.manage)?;
    let address = false;
    place.call(Command::Ban { member, address }).await?;
    call.clipper.metrics.left("kick");
    let data = json!({"message": "The participant was removed."});
    Ok(Answer::ok(data).standing(standing))
}

/// Makes a participant a co-host, or a viewer again.
pub(super) async fn promote(
    call: Call,
    Path(id): Path<String>,
    body: Body,
) -> Result<Answer, Refused> {
    let place = call.place(&id).await?;
    place.must(place.rights.host, "appoint co-hosts")?;
    let body = object(body)?;
    let role = match field(&body, "role").map(Value::as_str) {
        None => "co-host",
        Some(Some(role @ ("co-host" | "viewer"))) => role,
        Some(_) => return Err(Refused::invalid("role is co-host or viewer.")),
    };
    let (member, user_id) = target(call.clipper, &place, &body).await?;
    let standing = call.count(|of| &of.manage)?;
    let co_host = role == "co-host";
    place.call(Command::SetCoHost { member, co_host }).await?;
    let message = format!("The participant is a {role} now.");
    let flat = Map::from_iter([
        ("user_id".to_owned(), json!(user_id)),
        ("role".to_owned(), json!(role)),
    ]);
    let data = json!({"user_id": user_id, "role": role, "message": message});
    Ok(Answer::both(flat, data).standing(standing))
}

/// What of a password changes.
enum NewPassword {
    Keep,
    Remove,
    Replace(String),
}

/// Changes who can find the party, and its password.
pub(super) async fn settings(
    call: Call,
    Path(id): Path<String>,
    body: Body,
) -> Result<Answer, Refused> {
    let place = call.place(&id).await?;
    place.must(place.rights.host, "change the settings")?;
    let body = object(body)?;
    let visibility = visibility(&body)?;
    let change = match field(&body, "password") {
        None => NewPassword::Keep,
        Some(Value::String(text)) if text.is_empty() => NewPassword::Remove,
        Some(Value::String(text)) => NewPassword::Replace(password(text)?.to_owned()),
        Some(_) => return Err(Refused::invalid("A password is a text.")),
    };
    let standing = call.count(|of| &of.manage)?;
    let mut patch = visibility.map_or_else(PolicyPatch::default, |visibility| {
        visibility.patch(&place.room.view().policy)
    });
    match change {
        NewPassword::Keep => place.call(Command::SetPolicy { patch }).await.map(drop)?,
        NewPassword::Replace(text) => {
            // First the password, then the door that asks for it; and the other way round below.
            let hash = hash(text).await?;
            call.app.hub.set_password(&place.room, Some(hash)).await?;
            patch.entry = Some(policy::entry(true));
            place.call(Command::SetPolicy { patch }).await?;
        }
        NewPassword::Remove => {
            if place.room.view().entry == policy::entry(true) {
                patch.entry = Some(policy::entry(false));
            }
            place.call(Command::SetPolicy { patch }).await?;
            call.app.hub.set_password(&place.room, None).await?;
        }
    }
    let data = json!({"message": "The settings are saved."});
    Ok(Answer::ok(data).standing(standing))
}
