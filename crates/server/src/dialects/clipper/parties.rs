//! Parties made, joined, looked at, left and ended.
use super::PLAYLIST;
use super::answer::Answer;
use super::caller::{Anybody, Body, Call, object};
use super::error::Refused;
use super::find::{is_uuid, ws_url};
use super::policy::{self, Visibility};
use crate::hub::NewRoom;
use crate::limits::Key;
use crate::password;
use axum::extract::Path;
use axum::response::Redirect;
use serde_json::{Map, Value, json};
use watchalong_room::{Command, Grant};

/// Characters of a title.
const TITLE: usize = 200;
/// Participants of a party, at least, usually and at most.
const PARTICIPANTS: (u64, u64, u64) = (2, 100, 1000);
/// Characters of a password, at least and at most.
const PASSWORD: (usize, usize) = (4, 100);

/// A text that a password may be.
///
/// # Errors
/// 400.
pub(super) fn password(text: &str) -> Result<&str, Refused> {
    let (least, most) = PASSWORD;
    if (least..=most).contains(&text.chars().count()) {
        return Ok(text);
    }
    let message = format!("A password has {least} to {most} characters.");
    Err(Refused::invalid(message))
}

/// What is at a key, if anything: null is nothing.
pub(super) fn field<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

/// The visibility that a body names, if it names one.
///
/// # Errors
/// 400.
pub(super) fn visibility(body: &Map<String, Value>) -> Result<Option<Visibility>, Refused> {
    let Some(value) = field(body, "visibility") else {
        return Ok(None);
    };
    let known = value.as_str().and_then(Visibility::parse);
    let wrong = || Refused::invalid("visibility is private, public, friends or invite.");
    known.map(Some).ok_or_else(wrong)
}

/// A party to be made.
struct NewParty {
    title: String,
    visibility: Visibility,
    capacity: u32,
    playlist: Option<String>,
    password: Option<String>,
}

impl NewParty {
    fn read(body: &Map<String, Value>) -> Result<Self, Refused> {
        let title = field(body, "title").and_then(Value::as_str);
        let title = title.unwrap_or_default().trim();
        if !(1..=TITLE).contains(&title.chars().count()) {
            let message = format!("A title of 1 to {TITLE} characters is needed.");
            return Err(Refused::invalid(message));
        }
        let (least, usual, most) = PARTICIPANTS;
        let capacity = match field(body, "max_participants") {
            None => Some(usual),
            Some(value) => value
                .as_u64()
                .filter(|count| (least..=most).contains(count)),
        };
        let capacity = capacity.and_then(|count| u32::try_from(count).ok());
        let wrong = || Refused::invalid(format!("max_participants is {least} to {most}."));
        let playlist = match field(body, "playlist_id") {
            None => None,
            Some(value) => {
                let id = value.as_str().filter(|id| is_uuid(id));
                let id = id.ok_or_else(|| Refused::invalid("playlist_id is a UUID."))?;
                Some(id.to_ascii_lowercase())
            }
        };
        let typed = match field(body, "password") {
            None => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(Value::String(text)) => Some(password(text)?.to_owned()),
            Some(_) => return Err(Refused::invalid("A password is a text.")),
        };
        Ok(Self {
            title: title.to_owned(),
            visibility: visibility(body)?.unwrap_or(Visibility::Private),
            capacity: capacity.ok_or_else(wrong)?,
            playlist,
            password: typed,
        })
    }
}

/// Makes a party; its maker is in it as host at once.
pub(super) async fn create(call: Call, body: Body) -> Result<Answer, Refused> {
    let wish = NewParty::read(&object(body)?)?;
    let standing = call.count(|of| &of.create)?;
    let (app, user) = (&call.app, &call.user);
    let keys = [call.address.into(), Key::named("clipper", &user.id)];
    app.limits
        .create
        .take_all(&keys)
        .map_err(Refused::too_many)?;
    let password_hash = match wish.password {
        Some(password) => Some(password::hash(password).await?),
        None => None,
    };
    let policy = policy::preset(wish.visibility, wish.capacity, password_hash.is_some());
    let new = NewRoom {
        media: Some(policy::nothing()),
        password_hash,
        owner: Some(user.person.clone()),
        ..NewRoom::of(wish.title, policy)
    };
    let room = app.hub.create(new).await?.room;
    if let Some(playlist) = wish.playlist {
        let kept = format!("{playlist}@{}", room.code());
        app.hub
            .alias(room.code(), PLAYLIST, || kept.clone())
            .await?;
    }
    call.reserve(&room, Grant::Host, true).await?;
    let party = call.describe(&room, false).await?;
    let data = json!({
        "id": party["id"], "invite_code": party["invite_code"], "invite_url": party["invite_url"],
        "party": party,
    });
    Ok(Answer::both(party, data).created().standing(standing))
}

/// Joins a party by its code; whoever has a place keeps it.
pub(super) async fn join(
    call: Call,
    Path(code): Path<String>,
    body: Body,
) -> Result<Answer, Refused> {
    // Every attempt counts, whatever comes of it: it is a guess at a code, too.
    let standing = call.count(|of| &of.join)?;
    let taken = call.app.limits.join.take(call.address.into());
    taken.map_err(Refused::too_many)?;
    let room = match call.live(code.trim()).await {
        // What has no shape of a code is a code that is none.
        Err(error) if error.code() == "INVALID_REQUEST" => return Err(Refused::no_party()),
        found => found?,
    };
    let body = object(body).unwrap_or_default();
    let given = body.get("password").and_then(Value::as_str);
    let grant = if room.is_owner(&call.user.person) {
        Grant::Host
    } else {
        let (hub, given) = (&call.app.hub, given.map(str::to_owned));
        hub.password_grant(&room, given, call.address).await?
    };
    call.reserve(&room, grant, true).await?;
    let party = call.describe(&room, true).await?;
    let id = party["id"].as_str().unwrap_or_default();
    let flat = json!({"party_id": id, "ws_url": ws_url(&call.base, id)});
    let mut data = flat.clone();
    data["invite_url"] = party["invite_url"].clone();
    data["party"] = Value::Object(party);
    let flat = flat.as_object().cloned().unwrap_or_default();
    Ok(Answer::both(flat, data).standing(standing))
}

/// A party, for its participants.
pub(super) async fn details(call: Call, Path(id): Path<String>) -> Result<Answer, Refused> {
    let room = call.seen(&id).await?;
    let party = call.describe(&room, true).await?;
    let data = Value::Object(party.clone());
    let mut flat = party;
    flat.remove("participants");
    Ok(Answer::both(flat, data))
}

/// Who is in a party, for its participants.
pub(super) async fn participants(call: Call, Path(id): Path<String>) -> Result<Answer, Refused> {
    let (room, clipper) = (call.seen(&id).await?, call.clipper);
    let (heard, code) = (room.reports().await?, room.code().clone());
    let list = room.read(move |room| clipper.participants(&code, room, &heard));
    let list = list.await?;
    let count = list.as_array().map_or(0, Vec::len);
    Ok(Answer::flat(json!({"participants": list, "count": count})))
}

/// Leaves a party, with all sockets.
pub(super) async fn leave(call: Call, Path(id): Path<String>) -> Result<Answer, Refused> {
    call.place(&id).await?.call(Command::Withdraw).await?;
    call.clipper.metrics.left("leave");
    Ok(Answer::done(&call, "You have left the watch party."))
}

/// Ends a party, for its host. Once more changes nothing.
pub(super) async fn end(call: Call, Path(id): Path<String>) -> Result<Answer, Refused> {
    let message = "The watch party has ended.";
    let room = call.party(&id).await?;
    if room.view().life.is_terminal() {
        if room.is_owner(&call.user.person) {
            return Ok(Answer::done(&call, message));
        }
        return Err(Refused::ended());
    }
    let place = call.place(&id).await?;
    let people = room.view().seated;
    place.call(Command::End).await?;
    for _ in 0..people {
        call.clipper.metrics.left("end");
    }
    Ok(Answer::done(&call, message))
}

/// The address that invitations are written with, opened in a browser: the same room on this server's own page.
pub(super) async fn invited(call: Call<Anybody>, Path(code): Path<String>) -> Redirect {
    let room = call.party(&code).await.ok();
    let to = room.map(|room| call.base.link(&format!("r/{}", room.code())));
    Redirect::to(&to.unwrap_or_else(|| call.base.link("")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: Value) -> Result<NewParty, Refused> {
        NewParty::read(body.as_object().expect("an object"))
    }

    #[test]
    fn a_party_is_made_of_what_the_document_allows_and_of_nothing_else() {
        let least = read(json!({"title": " Friday ", "unknown": 1})).expect("enough");
        assert_eq!((least.title.as_str(), least.capacity), ("Friday", 100));
        assert_eq!(least.visibility, Visibility::Private);
        assert!(least.password.is_none() && least.playlist.is_none());
        let uuid = "0A1B2C3D-0000-4000-8000-000000000000";
        let all = read(json!({
            "title": "ü".repeat(200), "visibility": "invite", "max_participants": 1000,
            "playlist_id": uuid, "password": "sesame",
        }));
        let all = all.expect("all of it");
        assert_eq!(all.playlist, Some(uuid.to_lowercase()));
        assert_eq!(all.password.as_deref(), Some("sesame"));
        for wrong in [
            json!({}),
            json!({"title": " "}),
            json!({"title": 5}),
            json!({"title": "x".repeat(201)}),
            json!({"title": "x", "visibility": "secret"}),
            json!({"title": "x", "visibility": 5}),
            json!({"title": "x", "max_participants": 1}),
            json!({"title": "x", "max_participants": 1001}),
            json!({"title": "x", "max_participants": 2.5}),
            json!({"title": "x", "max_participants": "5"}),
            json!({"title": "x", "max_participants": -5}),
            json!({"title": "x", "playlist_id": "no"}),
            json!({"title": "x", "password": "abc"}),
            json!({"title": "x", "password": "x".repeat(101)}),
            json!({"title": "x", "password": 12345}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
