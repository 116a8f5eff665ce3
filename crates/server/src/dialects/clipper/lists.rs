//! Lists of parties, and what parties come to in figures.
use super::NAME;
use super::answer::Answer;
use super::caller::{Anybody, Call};
use super::error::Refused;
use super::find::is_uuid;
use super::objects::time;
use super::policy::Visibility;
use crate::code::RoomCode;
use crate::http::App;
use crate::hub::RoomHandle;
use axum::extract::{Path, Query};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use watchalong_room::{EntryPolicy, Visibility as Shown};

type Asked = Query<HashMap<String, String>>;

/// A number in the query, pulled into its range; what is none counts as left out.
fn number(asked: &Asked, name: &str, usual: i64, (least, most): (i64, i64)) -> i64 {
    let given = asked.get(name).and_then(|text| text.parse::<i64>().ok());
    given.unwrap_or(usual).clamp(least, most)
}

/// The live parties that anybody may look for and that this API can join, most participants first, then newest.
fn open_parties(app: &App) -> Vec<Arc<RoomHandle>> {
    let mut found: Vec<_> = app
        .hub
        .live()
        .into_iter()
        .map(|room| (room.view(), room))
        .filter(|(view, _)| {
            let enters = matches!(view.entry, EntryPolicy::Open | EntryPolicy::Password);
            enters && view.visibility == Shown::Public && !view.life.is_terminal()
        })
        .collect();
    found.sort_by_key(|(view, _)| Reverse((view.seated, view.created_at)));
    found.into_iter().map(|(_, room)| room).collect()
}

async fn described(
    call: &Call<Anybody>,
    rooms: impl Iterator<Item = Arc<RoomHandle>>,
) -> Result<Vec<Value>, Refused> {
    let mut list = Vec::new();
    for room in rooms {
        list.push(call.describe(&room, false).await?.into());
    }
    Ok(list)
}

/// Public parties, for everybody.
pub(super) async fn public(call: Call<Anybody>, asked: Asked) -> Result<Answer, Refused> {
    let limit = number(&asked, "limit", 20, (1, 100));
    let offset = number(&asked, "offset", 0, (0, i64::from(u32::MAX)));
    let all = open_parties(&call.app);
    let total = all.len();
    let page = all.into_iter().skip(offset as usize).take(limit as usize);
    let parties = described(&call, page).await?;
    Ok(Answer::ok(json!({
        "parties": parties, "total_count": total, "limit": limit, "offset": offset,
    })))
}

/// Public parties with somebody in them, for everybody.
pub(super) async fn trending(call: Call<Anybody>, asked: Asked) -> Result<Answer, Refused> {
    let limit = number(&asked, "limit", 10, (1, 50));
    let all = open_parties(&call.app).into_iter();
    let busy = all.filter(|room| room.view().seated > 0);
    let parties = described(&call, busy.take(limit as usize)).await?;
    Ok(Answer::ok(json!({"parties": parties})))
}

/// Ended parties that one was at.
pub(super) async fn history(call: Call, asked: Asked) -> Result<Answer, Refused> {
    let Call {
        app, clipper, user, ..
    } = call;
    let limit = number(&asked, "limit", 20, (1, 100));
    let page = number(&asked, "page", 1, (1, i64::from(u32::MAX)));
    // A party that just ended is on its way to the database.
    app.hub.log.flush().await;
    let store = &app.hub.store;
    let found = store.ended_parties(&user.person, (page - 1) * limit, limit);
    let (total, parties) = found.await?;
    let mut history = Vec::with_capacity(parties.len());
    for party in parties {
        let Some(code) = RoomCode::parse(&party.code) else {
            continue;
        };
        let mut entry = json!({
            "id": clipper.party_id(&code),
            "host_user_id": party.host.map(|host| clipper.user_id(&host)).unwrap_or_default(),
            "title": party.name,
            "visibility": Visibility::of(&party.policy).as_str(),
            "participant_count": party.people,
            "created_at": time(party.created_at),
            "ended_at": time(party.ended_at),
        });
        if let Some(started_at) = party.started_at {
            entry["started_at"] = json!(time(started_at));
            entry["duration_seconds"] = json!((party.ended_at - started_at).0.max(0) / 1000);
        }
        history.push(entry);
    }
    let pages = (total + limit - 1) / limit;
    let data = json!({
        "history": history,
        "pagination": {"page": page, "limit": limit, "total_count": total, "total_pages": pages},
    });
    Ok(Answer::ok(data))
}

/// What a party comes to: for its host, and for participants unless it is private.
pub(super) async fn analytics(call: Call, Path(id): Path<String>) -> Result<Answer, Refused> {
    let room = call.seen(&id).await?;
    let person = call.user.person.clone();
    let host = room.is_owner(&person)
        || room
            .read(move |room| room.host().is_some_and(|host| host.person == person))
            .await?;
    if !host && room.view().visibility == Shown::Private {
        let message = "Only the host can see the figures of a private watch party.";
        return Err(Refused::forbidden(message));
    }
    let standing = call.count(|of| &of.figures)?;
    let figures = call.app.hub.figures(&room).await?;
    let data = json!({
        "party_id": call.clipper.party_id(room.code()),
        "unique_viewers": figures.people,
        "peak_concurrent": figures.peak,
        "current_viewers": figures.here,
        "avg_duration_seconds": figures.stay.0 / 1000,
        "chat_messages": figures.messages,
        "reactions": figures.reactions,
        "total_engagement": figures.messages + figures.reactions,
    });
    Ok(Answer::ok(data).standing(standing))
}

/// What one's own parties come to.
pub(super) async fn stats(call: Call, Path(id): Path<String>) -> Result<Answer, Refused> {
    if !is_uuid(&id) {
        return Err(Refused::invalid("The user's id must be a UUID."));
    }
    if !id.eq_ignore_ascii_case(&call.user.id) {
        return Err(Refused::forbidden("These figures are their owner's alone."));
    }
    let standing = call.count(|of| &of.figures)?;
    let figures = call.app.hub.hosted(&call.user.person).await?;
    let data = json!({
        "total_parties_hosted": figures.parties,
        "total_viewers": figures.viewers,
        "avg_viewers_per_party": figures.viewers as f64 / (figures.parties.max(1) as f64),
        "total_chat_messages": figures.messages,
        "total_reactions": figures.reactions,
    });
    Ok(Answer::ok(data).standing(standing))
}

/// How many sockets there are, and parties that somebody of this dialect is in: for the metrics.
pub(super) async fn gauges(app: &App) -> (usize, usize) {
    let (mut parties, mut sockets) = (0, 0);
    for room in app.hub.live() {
        let counted = room.read(|room| {
            let members = room.members().flat_map(|member| &member.seats);
            let ours = members.filter(|seat| seat.client == NAME);
            let (mut seats, mut connected) = (0, 0);
            for seat in ours {
                seats += 1;
                connected += usize::from(seat.connected);
            }
            (seats, connected)
        });
        let (seats, connected) = counted.await.unwrap_or_default();
        parties += usize::from(seats > 0);
        sockets += connected;
    }
    (parties, sockets)
}
