//! One's own account: made, looked at, changed, removed.
use super::session::{Cookies, logged_in};
use super::{ApiError, App, Caller};
use crate::accounts::{Account, AccountError, Change, NewAccount};
use crate::http::identity::{self, LoggedIn, SESSION_COOKIE};
use crate::limits::{ClientAddress, Key};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use serde::{Deserialize, Serialize};

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let status = match error {
            AccountError::SignUpClosed
            | AccountError::InviteNeeded
            | AccountError::BadInvite
            | AccountError::Disabled => StatusCode::FORBIDDEN,
            AccountError::EmailTaken => StatusCode::CONFLICT,
            AccountError::NoEmail
            | AccountError::BadEmail
            | AccountError::BadPassword
            | AccountError::BadText => StatusCode::UNPROCESSABLE_ENTITY,
            AccountError::WrongCredentials => StatusCode::UNAUTHORIZED,
            AccountError::NotFound => StatusCode::NOT_FOUND,
            AccountError::Password(error) => return error.into(),
            AccountError::Store(error) => return error.into(),
        };
        Self::new(status, error.code(), error.to_string())
    }
}

/// Who one is here.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MeView {
    /// `account`, `guest` or `anonymous`.
    kind: &'static str,
    /// One's account.
    account: Option<AccountView>,
    /// Who may sign up: `open`, `invite` or `closed`.
    sign_up: &'static str,
    /// The OpenID provider that one can log in with, where there is one.
    oidc: Option<OidcView>,
}

/// An account, as its owner sees it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AccountView {
    /// Its id.
    id: String,
    /// What one logs in with.
    email: String,
    /// What others see.
    name: String,
    /// May administer the server.
    admin: bool,
    /// ms since the Unix epoch.
    created_at: i64,
    /// Whether one can log in with a password.
    has_password: bool,
    /// Whether one can log in through the OpenID provider.
    oidc: bool,
}

/// An OpenID provider.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OidcView {
    /// What its button says.
    name: String,
}

impl AccountView {
    pub(super) fn of(account: &Account) -> Self {
        Self {
            id: account.id.0.clone(),
            email: account.email.clone(),
            name: account.name.clone(),
            admin: account.admin,
            created_at: account.created_at.0,
            has_password: account.password_hash.is_some(),
            oidc: account.oidc,
        }
    }
}

pub(super) fn me_view(app: &App, account: Option<&Account>, guest: bool) -> MeView {
    MeView {
        kind: match (account, guest) {
            (Some(_), _) => "account",
            (None, true) => "guest",
            (None, false) => "anonymous",
        },
        account: account.map(AccountView::of),
        sign_up: app.config.sign_up.name(),
        oidc: app.oidc.as_ref().map(|oidc| OidcView {
            name: oidc.name().to_owned(),
        }),
    }
}

/// Tells who one is. A cookie of a session that is over is removed.
#[utoipa::path(get, path = "/api/v2/me", responses((status = 200, body = MeView), (status = 401, body = super::error::ErrorBody)))]
pub async fn me(
    State(app): State<App>,
    cookies: Cookies,
    headers: HeaderMap,
    super::MaybeIdentity(identity): super::MaybeIdentity,
) -> impl IntoResponse {
    let stale = identity.is_none()
        && identity::bearer(&headers).is_none()
        && identity::cookie(&headers, SESSION_COOKIE).is_some();
    let cleared = stale.then(|| [(header::SET_COOKIE, cookies.clear(SESSION_COOKIE))]);
    let guest = identity.is_some();
    let account = identity.and_then(|identity| identity.account);
    (
        cleared.map(AppendHeaders),
        Json(me_view(&app, account.as_ref(), guest)),
    )
}

/// An account to be made.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct SignUp {
    /// What one will log in with.
    email: String,
    /// What others will see.
    name: String,
    /// 8 to 256 bytes.
    password: String,
    /// The token of an invitation.
    #[serde(default)]
    invite: Option<String>,
    /// The token of the guest whom one has been: their rooms, progress and history become the account's.
    #[serde(default)]
    guest: Option<String>,
}

/// Makes an account and logs this browser in.
#[utoipa::path(post, path = "/api/v2/accounts", request_body = SignUp,
    responses((status = 201, body = MeView, description = "Sets the session's cookie"),
              (status = 403, body = super::error::ErrorBody), (status = 409, body = super::error::ErrorBody),
              (status = 422, body = super::error::ErrorBody), (status = 429, body = super::error::ErrorBody)))]
pub async fn sign_up(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    cookies: Cookies,
    headers: HeaderMap,
    body: Result<Json<SignUp>, JsonRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Json(asked) = body?;
    identity::refuse_foreign(&headers, &app.config)?;
    let guest = match &asked.guest {
        Some(token) => app.accounts.guest(token).await?,
        None => None,
    };
    let new = NewAccount {
        email: asked.email,
        name: asked.name,
        password: Some(asked.password),
        admin: false,
        guest,
    };
    new.check()?;
    let from = [Key::from(address)];
    app.limits
        .sign_up
        .take_all(&from)
        .map_err(ApiError::too_many)?;
    let invite = asked.invite.as_deref().filter(|token| !token.is_empty());
    if invite.is_some() {
        app.limits
            .guess
            .take_all(&from)
            .map_err(ApiError::too_many)?;
    }
    let made = app.accounts.sign_up(new, invite).await;
    if !matches!(made, Err(AccountError::BadInvite)) {
        app.limits
            .guess
            .give_back(if invite.is_some() { &from } else { &[] });
    }
    // What tells nobody anything is not counted: no account came of it, and no address was probed.
    if !matches!(made, Ok(_) | Err(AccountError::EmailTaken)) {
        app.limits.sign_up.give_back(&from);
    }
    let account = made?;
    app.accounts
        .audit(
            "account_made",
            Some(&account.email),
            Some(&account.email),
            Some("sign-up"),
        )
        .await;
    let set = logged_in(&app, &account, &cookies, &headers).await?;
    Ok((
        StatusCode::CREATED,
        set,
        Json(me_view(&app, Some(&account), false)),
    ))
}

/// What changes; what is left out stays.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct ChangeMe {
    /// What others see.
    name: Option<String>,
    /// What one logs in with.
    email: Option<String>,
    /// Another password. Every other session and every token ends.
    password: Option<NewPassword>,
}

/// A password and the one before.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct NewPassword {
    /// Not needed where there is none yet.
    #[serde(default)]
    old: String,
    /// 8 to 256 bytes.
    new: String,
}

/// Changes one's account.
#[utoipa::path(patch, path = "/api/v2/me", request_body = ChangeMe,
    responses((status = 200, body = MeView), (status = 401, body = super::error::ErrorBody),
              (status = 409, body = super::error::ErrorBody), (status = 422, body = super::error::ErrorBody)))]
pub async fn change(
    State(app): State<App>,
    address: ClientAddress,
    headers: HeaderMap,
    LoggedIn { account, session }: LoggedIn,
    body: Result<Json<ChangeMe>, JsonRejection>,
) -> Result<Json<MeView>, ApiError> {
    let Json(asked) = body?;
    if let Some(password) = &asked.password
        && account.password_hash.is_some()
    {
        super::session::check(
            &app,
            address,
            &headers,
            &account.email,
            password.old.clone(),
        )
        .await?;
    }
    let what = [
        asked.name.as_ref().map(|_| "name"),
        asked.email.as_ref().map(|_| "email"),
        asked.password.as_ref().map(|_| "password"),
    ];
    let what: Vec<_> = what.into_iter().flatten().collect();
    let change = Change {
        name: asked.name,
        email: asked.email,
        password: asked.password.map(|password| password.new),
        ..Change::default()
    };
    let keep = session.as_ref().map(|session| session.id.as_str());
    let changed = app.accounts.change(&account, change, keep).await?;
    app.accounts
        .audit(
            "account_changed",
            Some(&account.email),
            Some(&changed.email),
            Some(&what.join(", ")),
        )
        .await;
    Ok(Json(me_view(&app, Some(&changed), false)))
}

/// A last question before an account goes.
#[derive(Default, Deserialize, utoipa::ToSchema)]
pub struct RemoveMe {
    /// Needed where the account has one.
    #[serde(default)]
    password: Option<String>,
}

/// Removes one's account, with progress and history. What one wrote in rooms stays there, under the name it had.
#[utoipa::path(delete, path = "/api/v2/me", request_body = RemoveMe,
    responses((status = 204), (status = 401, body = super::error::ErrorBody)))]
pub async fn remove(
    State(app): State<App>,
    address: ClientAddress,
    cookies: Cookies,
    headers: HeaderMap,
    LoggedIn { account, .. }: LoggedIn,
    body: Option<Json<RemoveMe>>,
) -> Result<impl IntoResponse, ApiError> {
    let password = body.and_then(|Json(asked)| asked.password);
    if account.password_hash.is_some() {
        let password = password.unwrap_or_default();
        super::session::check(&app, address, &headers, &account.email, password).await?;
    }
    app.accounts.remove(&account).await?;
    app.accounts
        .audit(
            "account_removed",
            Some(&account.email),
            Some(&account.email),
            None,
        )
        .await;
    let cleared = [(header::SET_COOKIE, cookies.clear(SESSION_COOKIE))];
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cleared)))
}

impl Caller {
    /// Under which keys their requests are counted.
    pub fn keys(&self, ClientAddress(address): ClientAddress) -> Vec<Key> {
        let account = self.account().map(|account| account.id.0.as_str());
        [Key::from(address)]
            .into_iter()
            .chain(account.map(|id| Key::named("account", id)))
            .collect()
    }
}
