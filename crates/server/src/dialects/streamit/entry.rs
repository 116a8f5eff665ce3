//! The doors: a room is made, asked into by its code, and opened to those who wait.
//!
//! Asking makes somebody a member before they connect; the room keeps them, not this dialect. An answer never depends on
//! a socket, so that a page can ask again as often as it likes.
use super::body::Body;
use super::error::Refused;
use super::people::{SessionUser, id_of};
use super::policy;
use super::rooms::{by_code, by_id, look, named};
use crate::http::App;
use crate::hub::{NewRoom, RoomHandle};
use crate::limits::{ClientAddress, Key};
use crate::{password, secret};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use watchalong_room::{Actor, Command, EntryPolicy, Grant, MAX_ROOM_NAME, Standing};

/// Characters of a password that the server makes.
const PASSWORD: usize = 8;
/// Rooms in memory at once.
const MOST_ROOMS: usize = 10_000;

/// A room's code.
pub(super) fn new_code() -> String {
    secret::drawn(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 6)
}

fn new_password() -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    secret::drawn(alphabet, PASSWORD)
}

/// What the format calls a way in; an open room has none.
pub(super) fn mode(entry: EntryPolicy) -> Option<&'static str> {
    match entry {
        EntryPolicy::Open => None,
        EntryPolicy::Password => Some("PASSWORD"),
        EntryPolicy::Approval | EntryPolicy::Invite => Some("APPROVAL"),
    }
}

pub(super) async fn create(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    SessionUser(user): SessionUser,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let Some(account) = &user.account else {
        let message = "Login required to host";
        return Err(Refused::with(
            403,
            json!({"type": "ERROR", "code": "AUTH_REQUIRED", "message": message}),
        ));
    };
    let private = body.flag("is_private")?.unwrap_or(false);
    let entry = match (private, body.text("entry_mode")?.as_str()) {
        (false, _) => EntryPolicy::Open,
        (true, "APPROVAL") => EntryPolicy::Approval,
        (true, "PASSWORD") => EntryPolicy::Password,
        (true, _) => return Err(Refused::new(400, "Invalid entry_mode for private room")),
    };
    let keys = [Key::from(address), Key::named("account", &account.id.0)];
    let taken = app.limits.create.take_all(&keys);
    taken.map_err(|_| Refused::too_many())?;
    if app.hub.live().len() >= MOST_ROOMS {
        let message = "This server has as many rooms as it can hold";
        return Err(Refused::new(503, message));
    }
    let password = (entry == EntryPolicy::Password).then(new_password);
    let password_hash = match &password {
        Some(password) => Some(password::hash(password.clone()).await?),
        None => None,
    };
    let name = format!("{}'s room", user.name);
    let name: String = name.chars().take(MAX_ROOM_NAME).collect();
    let new = NewRoom {
        media: Some(policy::nothing_chosen()),
        password_hash,
        owner: Some(user.person.clone()),
        ..NewRoom::of(name, policy::preset(entry, app.config.streamit_grace))
    };
    let made = app.hub.create(new).await?;
    let place = named(&app, made.room).await?;
    let mut answer = json!({
        "room_id": place.id, "code": place.code, "is_private": private, "entry_mode": mode(entry),
    });
    if let Some(password) = password {
        answer["room_password"] = json!(password);
    }
    Ok((StatusCode::CREATED, Json(answer)))
}

/// What the edge can say of somebody who asks in.
async fn grant(
    app: &App,
    room: &RoomHandle,
    address: ClientAddress,
    given: Option<String>,
) -> Result<Grant, Refused> {
    if room.view().entry != EntryPolicy::Password {
        return Ok(Grant::None);
    }
    let wrong = || Refused::new(403, "Invalid room password");
    let given = given.filter(|given| !given.is_empty()).ok_or_else(wrong)?;
    match app.hub.password_grant(room, Some(given), address.0).await? {
        Grant::Password => Ok(Grant::Password),
        _ => Err(wrong()),
    }
}

pub(super) async fn join(
    State(app): State<App>,
    address: ClientAddress,
    SessionUser(user): SessionUser,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let (code, given) = (body.text("code")?, body.secret("password")?);
    if code.is_empty() {
        return Err(Refused::new(400, "Room code required"));
    }
    let taken = app.limits.join.take(Key::from(address.0));
    taken.map_err(|_| Refused::too_many())?;
    let room = by_code(&app, &code).await?.ok_or_else(Refused::no_room)?;
    let mut seen = look(&room, &user.person).await?;
    if seen.over {
        return Err(Refused::over());
    }
    if seen.standing.is_none() && !seen.is_host {
        let grant = grant(&app, &room, address, given).await?;
        let digest = app
            .hub
            .signer
            .address_digest(room.code().as_str(), address.0);
        let enroll = Command::Enroll {
            person: user.person.clone(),
            name: user.name.clone(),
            grant,
            address: Some(digest),
        };
        room.call(Actor::Server, enroll).await?;
        seen = look(&room, &user.person).await?;
    }
    // The banned are told by the socket, as in the original.
    let status = match seen.standing {
        Some(Standing::Pending) => "PENDING",
        _ => "APPROVED",
    };
    let place = named(&app, room).await?;
    Ok(Json(json!({
        "room_id": place.id, "code": place.code, "status": status, "is_host": seen.is_host,
    })))
}

pub(super) async fn approve(
    State(app): State<App>,
    SessionUser(user): SessionUser,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let (id, whom) = (body.text("room_id")?, body.text("user_id")?);
    let room = by_id(&app, &id).await?.ok_or_else(Refused::no_room)?;
    let seen = look(&room, &user.person).await?;
    let Some(actor) = seen.moderator() else {
        return Err(Refused::new(403, "Only host can approve"));
    };
    if seen.over {
        return Err(Refused::over());
    }
    let waiting = waiting(&app, &room, whom).await?;
    room.call(actor, Command::Admit { member: waiting }).await?;
    Ok(Json(json!({"approved": true})))
}

/// Who waits for approval under this id.
async fn waiting(
    app: &App,
    room: &RoomHandle,
    whom: String,
) -> Result<watchalong_room::MemberId, Refused> {
    let pending = room
        .read(|room| {
            let pending = room.members().filter(|m| m.standing == Standing::Pending);
            pending
                .map(|m| (m.id, m.person.clone()))
                .collect::<Vec<_>>()
        })
        .await?;
    let mut pending = pending.into_iter();
    pending
        .find(|(_, person)| id_of(app, person) == whom)
        .map(|(member, _)| member)
        .ok_or_else(|| Refused::new(404, "No pending participant with this id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_passwords_have_their_form() {
        for _ in 0..100 {
            let (code, password) = (new_code(), new_password());
            assert_eq!((code.len(), password.len()), (6, 8));
            assert!(
                code.bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            );
            assert!(password.bytes().all(|b| b.is_ascii_alphanumeric()));
        }
    }
}
