//! Rooms: made, and entered with their password. The socket comes after, with the id given here.
use super::NAME as DIALECT;
use super::encode::{Rdm, playback_state, videos_map};
use super::error::Refused;
use super::names::{is_here, people};
use crate::http::App;
use crate::hub::encoder::Scene;
use crate::hub::{NewRoom, RoomHandle};
use crate::limits::ClientAddress;
use crate::{password, secret};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use watchalong_room::{
    BarrierPolicy, Controls, EntryPolicy, HostAbsence, PersonId, Policy, Room, Span, StartLead,
    Visibility, Who, clean_line,
};

/// Characters of a name.
const NAME: usize = 32;
/// Characters of a password, at least.
const PASSWORD: usize = 4;
/// Rooms in memory at once; an original keeps all it has there.
const MOST_ROOMS: usize = 10_000;

/// How rooms of this dialect are run: entered by password, everybody steers, the host alone sends people away, all
/// wait for each other before a clip, a seat is gone with its connection, and nothing is scheduled ahead. Positions
/// are taken as they are told: the first players count in fractions of the clip.
fn policy(expiry: Duration) -> Policy {
    let own = Policy::default();
    Policy {
        entry: EntryPolicy::Password,
        visibility: Visibility::Private,
        controls: Controls {
            rate: Who::Everyone,
            people: Who::Host,
            ask: false,
            ..own.controls
        },
        host_absence: HostAbsence::Stay,
        barrier: BarrierPolicy::Wait {
            quorum: 1.0,
            deadline: Span::seconds(30),
        },
        start_lead: StartLead::AT_ONCE,
        // Everybody is told of everybody else's coming with the whole list, so a crowd costs its square.
        capacity: 500,
        seat_hold: Span(0),
        idle_expiry: Span(expiry.as_millis() as i64),
        auto_advance: false,
        pause_within: Span::seconds(30 * 24 * 3600),
        load_interrupts: false,
        ..own
    }
}

/// Whether a room waits for whole clips as those of this dialect do: what is being waited for is not interrupted.
pub(super) fn waits_for_clips(policy: &Policy) -> bool {
    !policy.load_interrupts
}

#[derive(Deserialize)]
struct Entry {
    password: String,
    username: String,
}

impl Entry {
    fn read(body: Result<Bytes, BytesRejection>) -> Result<Self, Refused> {
        let body = body.map_err(|error| Refused(error.status(), error.body_text()))?;
        let entry: Self = serde_json::from_slice(&body)
            .map_err(|error| Refused::new(400, format!("This body can't be read: {error}")))?;
        // The original trims when a room is made and not when it is joined; players keep what was typed.
        Ok(Self {
            password: entry.password.trim().to_owned(),
            username: entry.username.trim().to_owned(),
        })
    }

    fn name(&self) -> Result<String, Refused> {
        let name = clean_line(&self.username, NAME);
        if name.is_empty() || self.username.chars().count() > NAME {
            return Err(Refused::new(400, "Username required (max 32 chars)"));
        }
        Ok(name)
    }
}

/// A room under the code that this dialect gave it, or under its own.
///
/// # Errors
/// 404, also for one that is over.
pub(super) async fn find(app: &App, code: &str) -> Result<Arc<RoomHandle>, Refused> {
    let room = app.hub.find(DIALECT, &code.to_ascii_uppercase()).await?;
    let room = room.filter(|room| !room.view().life.is_terminal());
    room.ok_or_else(Refused::no_room)
}

/// Five capitals, five digits, five capitals.
fn new_code() -> String {
    let letters = || secret::drawn(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", 5);
    let digits = secret::drawn(b"0123456789", 5);
    format!("{}-{digits}-{}", letters(), letters())
}

async fn code_of(app: &App, room: &RoomHandle) -> Result<String, Refused> {
    Ok(app.hub.alias(room.code(), DIALECT, new_code).await?)
}

pub(super) async fn create(
    State(app): State<App>,
    Extension(rdm): Extension<&'static Rdm>,
    ClientAddress(address): ClientAddress,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refused> {
    app.limits
        .create
        .take(address.into())
        .map_err(|_| Refused::new(429, "Too many rooms. Try again later."))?;
    let entry = Entry::read(body)?;
    if entry.password.chars().count() < PASSWORD {
        return Err(Refused::new(400, "Password must be at least 4 characters"));
    }
    let name = entry.name()?;
    if app.hub.live().len() >= MOST_ROOMS {
        return Err(Refused::new(
            503,
            "This server has as many rooms as it can hold",
        ));
    }
    let hash = password::hash(entry.password).await?;
    let from = rdm.from(address);
    let person = people(&from, &name).next().ok_or_else(Refused::no_room)?;
    let made = app
        .hub
        .create(NewRoom {
            password_hash: Some(hash),
            owner: Some(person.clone()),
            ..NewRoom::of(format!("{name}'s room"), policy(app.config.rdm_room_expiry))
        })
        .await?;
    let code = made.room.code().clone();
    let id = rdm.signer.person_token(code.as_str(), &person);
    let code = code_of(&app, &made.room).await?;
    Ok(Json(
        json!({"room_code": code, "user_id": id, "host_id": id}),
    ))
}

/// Whom somebody of this name from this address is: who they were, where that one is not here now.
fn who(room: &Room, from: &str, name: &str) -> Result<PersonId, Refused> {
    for person in people(from, name) {
        if room.was_kicked(&person) {
            return Err(Refused::new(403, "You were kicked from this room"));
        }
        let taken = room.members().any(|m| m.person == person && is_here(m));
        if !taken {
            return Ok(person);
        }
    }
    Err(Refused::new(403, "Too many people of this name are here"))
}

/// What somebody who joins is told.
fn joined(rdm: &Rdm, scene: Scene<'_>, person: &PersonId, owner: Option<&PersonId>) -> Value {
    let room = scene.room;
    let id = |of: &PersonId| rdm.id_for(scene.code, Some(person), of);
    let host = room.host().map(|host| &host.person).or(owner);
    let videos = rdm.videos(scene.code, room);
    let on = room.current().map(|item| item.media.key.clone());
    let on = on.filter(|key| videos.iter().any(|video| video.id == *key));
    json!({
        "user_id": id(person), "host_id": host.map(id).unwrap_or_default(), "users": rdm.users(scene),
        "playback_state": playback_state(room), "current_video": on, "videos": videos_map(&videos),
    })
}

pub(super) async fn join(
    State(app): State<App>,
    Extension(rdm): Extension<&'static Rdm>,
    ClientAddress(address): ClientAddress,
    Path(code): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refused> {
    rdm.joins
        .take(address.into())
        .map_err(|_| Refused::new(429, "Too many join attempts. Try again later."))?;
    let entry = Entry::read(body)?;
    let room = find(&app, &code).await?;
    let name = entry.name()?;
    match room.view().entry {
        EntryPolicy::Open => {}
        EntryPolicy::Password => {
            if !password::is_right(entry.password, room.password_hash()).await? {
                return Err(Refused::new(403, "Incorrect password"));
            }
        }
        EntryPolicy::Approval | EntryPolicy::Invite => {
            let detail = "This room is entered with an invitation. Open its link in a browser.";
            return Err(Refused::new(403, detail));
        }
    }
    let code = room.code().clone();
    let from = rdm.from(address);
    let (owner, now) = (room.owner(), app.hub.clock.now());
    let told = room.read(move |room| {
        let person = who(room, &from, &name)?;
        let scene = Scene {
            code: &code,
            room,
            now,
            to: None,
        };
        Ok::<_, Refused>(joined(rdm, scene, &person, owner.as_ref()))
    });
    let mut answer = told.await??;
    answer["room_code"] = json!(code_of(&app, &room).await?);
    Ok(Json(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preset_is_a_policy_and_codes_have_their_form() {
        let expiry = Duration::from_secs(14_400);
        policy(expiry).check().expect("a sound policy");
        let code = new_code();
        let parts: Vec<&str> = code.split('-').collect();
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|part| part.len() == 5));
        assert!(parts[1].bytes().all(|b| b.is_ascii_digit()));
        assert!(
            parts[0]
                .bytes()
                .chain(parts[2].bytes())
                .all(|b| b.is_ascii_uppercase())
        );
    }
}
