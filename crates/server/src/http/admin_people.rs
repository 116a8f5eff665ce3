//! Accounts and invitations in an administrator's hands.
use super::base::Base;
use super::{Admin, ApiError, App};
use crate::accounts::{Account, AccountId, Change, INVITE_LASTS, NewAccount};
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;

/// Accounts on a page.
const PAGE_SIZE: usize = 50;
/// A year: an invitation that is older was forgotten.
const MAX_INVITE_HOURS: u64 = 8760;

/// Which accounts.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Part of an address or a name.
    #[serde(default)]
    q: String,
    /// Page, from 0.
    #[serde(default)]
    page: usize,
}

/// An account, as administrators see it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ManagedAccount {
    /// Its id.
    id: String,
    /// What its owner logs in with.
    email: String,
    /// What others see.
    name: String,
    /// May administer the server.
    admin: bool,
    /// May not log in.
    disabled: bool,
    /// ms since the Unix epoch.
    created_at: i64,
    /// ms since the Unix epoch, to a few minutes; null where it was never used.
    seen_at: Option<i64>,
}

impl From<&Account> for ManagedAccount {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.0.clone(),
            email: account.email.clone(),
            name: account.name.clone(),
            admin: account.admin,
            disabled: account.disabled,
            created_at: account.created_at.0,
            seen_at: account.seen_at.map(|at| at.0),
        }
    }
}

/// A page of accounts.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PeoplePage {
    /// How many match in all.
    total: i64,
    /// By address.
    people: Vec<ManagedAccount>,
}

/// Lists accounts.
#[utoipa::path(get, path = "/api/v2/admin/people", params(Search),
    responses((status = 200, body = PeoplePage), (status = 401, body = super::error::ErrorBody)))]
pub async fn list(
    State(app): State<App>,
    _admin: Admin,
    query: Result<Query<Search>, QueryRejection>,
) -> Result<Json<PeoplePage>, ApiError> {
    let Query(Search { q, page }) = query?;
    let skip = page.saturating_mul(PAGE_SIZE);
    let (total, people) = app.accounts.search(&q, skip, PAGE_SIZE).await?;
    Ok(Json(PeoplePage {
        total,
        people: people.iter().map(ManagedAccount::from).collect(),
    }))
}

/// An account to be made.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct NewPerson {
    /// What its owner will log in with.
    email: String,
    /// What others will see.
    name: String,
    /// 8 to 256 bytes; without one its owner logs in through the OpenID provider only.
    #[serde(default)]
    password: Option<String>,
    /// May administer the server.
    #[serde(default)]
    admin: bool,
}

/// Makes an account.
#[utoipa::path(post, path = "/api/v2/admin/people", request_body = NewPerson,
    responses((status = 201, body = ManagedAccount), (status = 409, body = super::error::ErrorBody),
              (status = 422, body = super::error::ErrorBody)))]
pub async fn create(
    State(app): State<App>,
    admin: Admin,
    body: Result<Json<NewPerson>, JsonRejection>,
) -> Result<(StatusCode, Json<ManagedAccount>), ApiError> {
    let Json(asked) = body?;
    let new = NewAccount {
        email: asked.email,
        name: asked.name,
        password: asked.password,
        admin: asked.admin,
        guest: None,
    };
    let account = app.accounts.add(new).await?;
    let detail = account.admin.then_some("administrator");
    app.accounts
        .audit(
            "account_made",
            Some(admin.name()),
            Some(&account.email),
            detail,
        )
        .await;
    Ok((StatusCode::CREATED, Json(ManagedAccount::from(&account))))
}

/// What changes; what is left out stays.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ChangePerson {
    /// What others see.
    name: Option<String>,
    /// May administer the server.
    admin: Option<bool>,
    /// May not log in; whoever is, is logged out.
    disabled: Option<bool>,
    /// Another password. Every session and every token ends.
    password: Option<String>,
}

/// Changes an account.
#[utoipa::path(patch, path = "/api/v2/admin/people/{id}", request_body = ChangePerson,
    params(("id" = String, Path, description = "The account")),
    responses((status = 200, body = ManagedAccount), (status = 404, body = super::error::ErrorBody),
              (status = 422, body = super::error::ErrorBody)))]
pub async fn change(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<String>,
    body: Result<Json<ChangePerson>, JsonRejection>,
) -> Result<Json<ManagedAccount>, ApiError> {
    let Json(asked) = body?;
    let account = app.accounts.of_id(&AccountId(id)).await?;
    refuse_own_exit(
        &admin,
        &account,
        asked.disabled == Some(true) || asked.admin == Some(false),
    )?;
    let what = [
        asked.name.as_ref().map(|_| "name"),
        asked.admin.map(|on| {
            if on {
                "administrator"
            } else {
                "no administrator"
            }
        }),
        asked
            .disabled
            .map(|on| if on { "disabled" } else { "enabled" }),
        asked.password.as_ref().map(|_| "password"),
    ];
    let what: Vec<_> = what.into_iter().flatten().collect();
    let change = Change {
        email: None,
        name: asked.name,
        password: asked.password,
        admin: asked.admin,
        disabled: asked.disabled,
    };
    let changed = app.accounts.change(&account, change, None).await?;
    app.accounts
        .audit(
            "account_changed",
            Some(admin.name()),
            Some(&changed.email),
            Some(&what.join(", ")),
        )
        .await;
    Ok(Json(ManagedAccount::from(&changed)))
}

/// Removes an account, with its owner's progress and history.
#[utoipa::path(delete, path = "/api/v2/admin/people/{id}", params(("id" = String, Path, description = "The account")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub async fn remove(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let account = app.accounts.of_id(&AccountId(id)).await?;
    refuse_own_exit(&admin, &account, true)?;
    app.accounts.remove(&account).await?;
    app.accounts
        .audit(
            "account_removed",
            Some(admin.name()),
            Some(&account.email),
            None,
        )
        .await;
    Ok(StatusCode::NO_CONTENT)
}

/// A slip of the hand must not leave a server that nobody administers.
fn refuse_own_exit(admin: &Admin, account: &Account, exit: bool) -> Result<(), ApiError> {
    let own = admin.account.as_ref().is_some_and(|me| me.id == account.id);
    if own && exit {
        let message =
            "You can't remove, disable or demote your own account here. Another administrator can.";
        return Err(ApiError::new(StatusCode::CONFLICT, "own_account", message));
    }
    Ok(())
}

/// An invitation to be made.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct NewInvite {
    /// Only for this address.
    email: Option<String>,
    /// The account becomes an administrator's.
    admin: bool,
    /// How long it is good, 1 to 8760; a week when left out.
    hours: Option<u64>,
}

/// An invitation. It is not shown again.
#[derive(Serialize, utoipa::ToSchema)]
pub struct InviteMade {
    /// The link, good for one account.
    url: String,
    /// ms since the Unix epoch.
    expires_at: i64,
}

/// Invites somebody to sign up.
#[utoipa::path(post, path = "/api/v2/admin/invites", request_body = NewInvite,
    responses((status = 201, body = InviteMade), (status = 422, body = super::error::ErrorBody)))]
pub async fn invite(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    admin: Admin,
    body: Result<Json<NewInvite>, JsonRejection>,
) -> Result<(StatusCode, Json<InviteMade>), ApiError> {
    let Json(asked) = body?;
    let lasting = match asked.hours {
        None => INVITE_LASTS,
        Some(hours) if (1..=MAX_INVITE_HOURS).contains(&hours) => Duration::from_secs(hours * 3600),
        Some(_) => {
            let message = format!("An invitation is good for 1 to {MAX_INVITE_HOURS} hours.");
            return Err(ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "bad_hours",
                message,
            ));
        }
    };
    let email = asked.email.as_deref().filter(|email| !email.is_empty());
    let invite = app.accounts.invite(email, asked.admin, lasting).await?;
    let detail = asked.admin.then_some("administrator");
    app.accounts
        .audit("invite_made", Some(admin.name()), email, detail)
        .await;
    let base = Base::of(&headers, peer.ip(), &app.config);
    let made = InviteMade {
        url: base.link(&format!("account#invite={}", invite.token)),
        expires_at: invite.expires_at.0,
    };
    Ok((StatusCode::CREATED, Json(made)))
}
