//! What members ask of their room besides watching: its whole chat, invitations, who did what.
use super::asking::Asker;
use super::base::Base;
use super::{ApiError, App, Caller};
use crate::dialects::native;
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use watchalong_room::{Act, Command, Event, Invite, InviteId, Room, ServerTime, Span};

/// Lines on a page where the client does not say, and at most.
const PAGE: (i64, i64) = (50, 200);

/// A page back.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Back {
    /// Only what has a smaller number.
    before: Option<u64>,
    /// How many at most, 1 to 200.
    limit: Option<i64>,
}

impl Back {
    fn limit(&self) -> i64 {
        self.limit.unwrap_or(PAGE.0).clamp(1, PAGE.1)
    }
}

/// A page of a room's chat.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MessagePage {
    /// Oldest first, each as on the socket (docs/protocol.md).
    #[schema(value_type = Vec<Object>)]
    messages: Vec<serde_json::Value>,
    /// Whether there are older ones.
    more: bool,
}

/// Pages back through a room's chat, for its members.
#[utoipa::path(get, path = "/api/v2/rooms/{code}/messages", params(("code" = String, Path, description = "Its code"), Back),
    responses((status = 200, body = MessagePage), (status = 403, body = super::error::ErrorBody)))]
pub async fn messages(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
    query: Result<Query<Back>, QueryRejection>,
) -> Result<Json<MessagePage>, ApiError> {
    let Query(back) = query?;
    let asker = Asker::of(&app, &caller, &code).await?;
    asker.must(|_| true, "Only members of this room can read its chat.")?;
    // The room knows the newest, and what of it was deleted a moment ago; the store has the rest.
    let before = back.before.unwrap_or(u64::MAX);
    let mut found = asker
        .room
        .read(move |room| {
            let tail = room.messages().filter(|m| m.id.0 < before);
            tail.cloned().collect::<Vec<_>>()
        })
        .await?;
    let limit = back.limit() as usize;
    let wanted = limit + 1;
    if found.len() < wanted {
        let oldest = found.first().map_or(before, |message| message.id.0);
        let more = (wanted - found.len()) as i64;
        let store = &app.hub.store;
        let mut older = store
            .messages_before(asker.room.code(), oldest, more)
            .await?;
        older.append(&mut found);
        found = older;
    }
    let more = found.len() > limit;
    let messages = &found[found.len().saturating_sub(limit)..];
    Ok(Json(MessagePage {
        messages: messages.iter().map(native::message).collect(),
        more,
    }))
}

/// An invitation to be made. Everything may be left out.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct MakeInvite {
    /// How many people it lets in; any number where it is left out.
    uses: Option<u32>,
    /// How long it lasts, in ms; as long as the room where it is left out.
    lasts: Option<i64>,
    /// For whom or what, to be read by its maker.
    label: Option<String>,
}

/// An invitation.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InviteView {
    /// Its number in this room.
    id: u64,
    /// Its maker's member number; null for the server.
    by: Option<u32>,
    /// Its maker's name as it was then.
    name: String,
    /// For whom or what.
    label: Option<String>,
    /// How many more it lets in; null for any number.
    uses_left: Option<u32>,
    /// Until when, in ms; null for as long as the room lives.
    until: Option<i64>,
    /// The link.
    url: String,
}

/// The invitations of a room.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InviteList {
    /// Oldest first: all for moderators, one's own for others.
    invites: Vec<InviteView>,
}

fn invite_view(app: &App, base: &Base, asker: &Asker, invite: Invite) -> InviteView {
    let code = asker.room.code();
    let token = app.hub.signer.invite_token(code.as_str(), invite.id);
    InviteView {
        id: invite.id.0,
        by: invite.by.map(|by| by.0),
        name: invite.name,
        label: invite.label,
        uses_left: invite.uses_left,
        until: invite.until.map(|until| until.0),
        // Behind the hash: it never reaches a server's or a proxy's log.
        url: base.link(&format!("r/{code}#invite={token}")),
    }
}

/// Makes an invitation that lets in without knocking or password.
#[utoipa::path(post, path = "/api/v2/rooms/{code}/invites", params(("code" = String, Path, description = "Its code")),
    request_body = MakeInvite, responses((status = 201, body = InviteView), (status = 403, body = super::error::ErrorBody)))]
pub async fn make_invite(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    caller: Caller,
    Path(code): Path<String>,
    body: Result<Json<MakeInvite>, JsonRejection>,
) -> Result<(StatusCode, Json<InviteView>), ApiError> {
    let Json(asked) = body?;
    let asker = Asker::of(&app, &caller, &code).await?;
    let outcome = asker
        .call(Command::MakeInvite {
            uses: asked.uses,
            lasts: asked.lasts.map(Span),
            label: asked.label,
        })
        .await?;
    let made = outcome.events.iter().find_map(|(_, event)| match event {
        Event::Invited { invite } => Some(*invite),
        _ => None,
    });
    let look = move |room: &Room| room.invite(made?).cloned();
    let invite = asker.room.read(look).await?.ok_or_else(no_invite)?;
    let base = Base::of(&headers, peer.ip(), &app.config);
    let view = invite_view(&app, &base, &asker, invite);
    Ok((StatusCode::CREATED, Json(view)))
}

fn no_invite() -> ApiError {
    let message = "There is no such invitation any more.";
    ApiError::new(StatusCode::NOT_FOUND, "unknown_invite", message)
}

/// Lists the invitations of a room.
#[utoipa::path(get, path = "/api/v2/rooms/{code}/invites", params(("code" = String, Path, description = "Its code")),
    responses((status = 200, body = InviteList), (status = 403, body = super::error::ErrorBody)))]
pub async fn invites(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<Json<InviteList>, ApiError> {
    let asker = Asker::of(&app, &caller, &code).await?;
    asker.must(|_| true, "Only members of this room can see invitations.")?;
    let all = asker.may(|rights| rights.people);
    let own = asker.member.map(|member| member.id);
    let look = move |room: &Room| {
        let seen = room
            .invites()
            .filter(|i| all || (own.is_some() && i.by == own));
        seen.cloned().collect::<Vec<_>>()
    };
    let found = asker.room.read(look).await?;
    let base = Base::of(&headers, peer.ip(), &app.config);
    let invites = found
        .into_iter()
        .map(|invite| invite_view(&app, &base, &asker, invite))
        .collect();
    Ok(Json(InviteList { invites }))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/api/v2/rooms/{code}/invites/{id}", 
    params(("code" = String, Path, description = "Its code"), ("id" = u64, Path, description = "Its number")),
    responses((status = 204, description = "It lets nobody in any more"), (status = 404, body = super::error::ErrorBody)))]
pub async fn revoke_invite(
    State(app): State<App>,
    caller: Caller,
    Path((code, id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let asker = Asker::of(&app, &caller, &code).await?;
    let invite = InviteId(id.parse().map_err(|_| no_invite())?);
    asker.call(Command::RevokeInvite { invite }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody in the audit log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Named {
    /// Their number in the room; null outside of rooms.
    pub(super) member: Option<u32>,
    /// Their name as it was then.
    pub(super) name: String,
}

/// A privileged act in a room.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ActView {
    /// Its number in this room.
    id: u64,
    /// When, in ms.
    at: i64,
    /// By whom; null for the server and its administrator.
    by: Option<Named>,
    /// What: `admit deny mute unmute kick ban unban co_host co_host_end hand_over inherit policy rename words schedule
    /// invite invite_revoke delete_message report_resolve end expire`.
    act: &'static str,
    /// On whom.
    target: Option<Named>,
    /// More of it.
    detail: Option<String>,
}

pub(super) fn named(id: Option<watchalong_room::MemberId>, name: Option<&String>) -> Option<Named> {
    id.map(|id| Named {
        member: Some(id.0),
        name: name.cloned().unwrap_or_default(),
    })
}

fn act_view(act: &Act) -> ActView {
    let ServerTime(at) = act.at;
    ActView {
        id: act.id.0,
        at,
        by: named(act.by, act.by_name.as_ref()),
        act: act.kind.as_str(),
        target: named(act.target, act.target_name.as_ref()),
        detail: act.detail.clone(),
    }
}

/// A page of a room's audit log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ActPage {
    /// Newest first.
    acts: Vec<ActView>,
    /// Whether there are older ones.
    more: bool,
}

/// Pages back through the audit log of a room, for its moderators.
#[utoipa::path(get, path = "/api/v2/rooms/{code}/audit", params(("code" = String, Path, description = "Its code"), Back),
    responses((status = 200, body = ActPage), (status = 403, body = super::error::ErrorBody)))]
pub async fn audit(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
    query: Result<Query<Back>, QueryRejection>,
) -> Result<Json<ActPage>, ApiError> {
    let Query(back) = query?;
    let asker = Asker::of(&app, &caller, &code).await?;
    asker.must(
        |rights| rights.people,
        "Only who manages people here can read what was done.",
    )?;
    let before = back.before.unwrap_or(u64::MAX);
    let limit = back.limit() as usize;
    let mut acts = asker
        .room
        .read(move |room| {
            let newest = room.acts().rev().filter(|act| act.id.0 < before);
            newest.take(limit + 1).cloned().collect::<Vec<_>>()
        })
        .await?;
    if acts.len() <= limit {
        let oldest = acts.last().map_or(before, |act| act.id.0);
        let more = (limit + 1 - acts.len()) as i64;
        let store = &app.hub.store;
        acts.extend(store.acts_before(asker.room.code(), oldest, more).await?);
    }
    let more = acts.len() > limit;
    Ok(Json(ActPage {
        acts: acts.iter().take(limit).map(act_view).collect(),
        more,
    }))
}
