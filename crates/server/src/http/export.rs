//! Everything that the server keeps about somebody, for them to take along.
use super::accounts::AccountView;
use super::me::{PartyView, ProgressItem, item, party_view};
use super::{ApiError, App, Identity};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Serialize;

/// Rows of each kind; the store keeps fewer of one person.
const ALL: i64 = 1_000_000;

/// One's own data.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Export {
    /// One's account; null for guests.
    account: Option<AccountView>,
    /// Browsers that are logged in.
    sessions: Vec<ExportedSession>,
    /// Parties one was at, newest first.
    parties: Vec<PartyView>,
    /// What one wrote there, oldest first.
    messages: Vec<ExportedMessage>,
    /// How far one came with what, newest first.
    progress: Vec<ProgressItem>,
}

/// A browser that is logged in.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ExportedSession {
    /// ms since the Unix epoch.
    created_at: i64,
    /// ms since the Unix epoch, to a few minutes.
    seen_at: i64,
    /// What the browser calls itself.
    agent: String,
}

/// Something one wrote.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ExportedMessage {
    /// In which room.
    room: String,
    /// As the room keeps it.
    #[schema(value_type = Object)]
    message: watchalong_room::Message,
}

/// One's own data as a file.
#[utoipa::path(get, path = "/api/v2/me/export",
    responses((status = 200, body = Export), (status = 401, body = super::error::ErrorBody)))]
pub async fn export(
    State(app): State<App>,
    identity: Identity,
) -> Result<impl IntoResponse, ApiError> {
    let (store, person) = (&app.hub.store, &identity.person);
    let sessions = match &identity.account {
        Some(account) => app.accounts.sessions(&account.id).await?,
        None => Vec::new(),
    };
    let (_, parties) = store.parties(person, 0, ALL).await?;
    let messages = store.messages_of(person).await?;
    let progress = store.progress(person, true, ALL).await?;
    let export = Export {
        account: identity.account.as_ref().map(AccountView::of),
        sessions: sessions
            .into_iter()
            .map(|session| ExportedSession {
                created_at: session.created_at.0,
                seen_at: session.seen_at.0,
                agent: session.agent,
            })
            .collect(),
        parties: parties.into_iter().map(party_view).collect(),
        messages: messages
            .into_iter()
            .map(|(room, message)| ExportedMessage { room, message })
            .collect(),
        progress: progress.into_iter().map(item).collect(),
    };
    let name = "attachment; filename=\"watchalong.json\"";
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(export)))
}
