//! Logging in and out: sessions of browsers, tokens of programs, and the cookies of both.
//!
//! Guesses are slowed without letting a stranger lock the owner out: failures count for the address and, from devices
//! that never logged in to the account, for the account. A device that did carries a signed cookie and has a budget
//! of its own.
use super::accounts::{MeView, me_view};
use super::base::Base;
use super::identity::{SESSION_COOKIE, cookie};
use super::{ApiError, App};
use crate::accounts::{Account, SessionCookie};
use crate::http::identity::LoggedIn;
use crate::limits::{ClientAddress, Key};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The cookie of a device that logged in before.
const DEVICE_COOKIE: &str = "watchalong_device";
/// As long as browsers keep any cookie.
const DEVICE_LASTS: Duration = Duration::from_secs(400 * 24 * 3600);

/// How cookies are written for the address that a browser sees us under.
#[derive(Clone, Debug)]
pub struct Cookies {
    path: String,
    secure: bool,
}

impl Cookies {
    /// For a base address.
    pub fn of(base: &Base) -> Self {
        Self {
            path: base.path().to_owned(),
            secure: base.is_secure(),
        }
    }

    /// A `Set-Cookie` that no script can read and no other site's form sends.
    pub fn set(&self, name: &str, value: &str, lasting: Duration) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!(
            "{name}={value}; Path={}; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            self.path,
            lasting.as_secs()
        );
        HeaderValue::try_from(text).expect("base64 and a checked path are plain text")
    }

    /// A `Set-Cookie` that removes one.
    pub fn clear(&self, name: &str) -> HeaderValue {
        self.set(name, "", Duration::ZERO)
    }
}

impl FromRequestParts<App> for Cookies {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let base = Base::from_request_parts(parts, app).await?;
        Ok(Self::of(&base))
    }
}

/// What devices of an account sign for: "log out everywhere" makes strangers of them again.
fn device_context(account: &Account) -> String {
    format!("{}.{}", account.id.0, account.epoch)
}

/// The headers that log a browser in.
pub(super) async fn logged_in(
    app: &App,
    account: &Account,
    cookies: &Cookies,
    headers: &HeaderMap,
) -> Result<AppendHeaders<[(header::HeaderName, HeaderValue); 2]>, ApiError> {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let lasting = app.config.session;
    let SessionCookie(value) = app.accounts.open_session(account, agent, lasting).await?;
    let device = app.hub.signer.device_token(&device_context(account));
    Ok(AppendHeaders([
        (
            header::SET_COOKIE,
            cookies.set(SESSION_COOKIE, &value, lasting),
        ),
        (
            header::SET_COOKIE,
            cookies.set(DEVICE_COOKIE, &device, DEVICE_LASTS),
        ),
    ]))
}

/// Checks a password against its account, and counts the failures.
pub(crate) async fn check(
    app: &App,
    address: ClientAddress,
    headers: &HeaderMap,
    email: &str,
    password: String,
) -> Result<Account, ApiError> {
    let account = app.accounts.of_email(email).await?;
    let device = account.as_ref().and_then(|account| {
        let token = cookie(headers, DEVICE_COOKIE)?;
        app.hub.signer.device_of(&device_context(account), token)
    });
    let name = email.trim().to_lowercase();
    let keys = match device {
        Some(device) => vec![Key::named("device", &device)],
        None => vec![Key::from(address.0), Key::named("account", &name)],
    };
    // Counted before the check, so that guesses side by side are no way around; given back when it was right.
    let login = &app.limits.login;
    login.take_all(&keys).map_err(ApiError::too_many)?;
    let opened = app.accounts.opens(account.as_ref(), password).await;
    if !matches!(opened, Ok(false)) {
        login.give_back(&keys);
    }
    // Before it is looked whether there is an account: "busy" must not tell either.
    let opened = opened?;
    match account {
        Some(account) if opened => Ok(account),
        known => {
            // Only addresses that are somebody's: people type passwords into the wrong field.
            let target = known.as_ref().map(|account| account.email.as_str());
            let from = format!("from {}", address.0);
            app.accounts
                .audit("login_refused", None, target, Some(&from))
                .await;
            Err(crate::accounts::AccountError::WrongCredentials.into())
        }
    }
}

/// Who wants in.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Login {
    /// The account's e-mail address.
    email: String,
    /// Its password.
    password: String,
    /// The token of the guest whose rooms, progress and history become the account's.
    #[serde(default)]
    guest: Option<String>,
}

/// Logs this browser in.
#[utoipa::path(post, path = "/api/v2/session", request_body = Login,
    responses((status = 200, body = MeView, description = "Sets the session's cookie"),
              (status = 401, body = super::error::ErrorBody), (status = 429, body = super::error::ErrorBody)))]
pub async fn log_in(
    State(app): State<App>,
    address: ClientAddress,
    cookies: Cookies,
    headers: HeaderMap,
    body: Result<Json<Login>, JsonRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Json(login) = body?;
    super::identity::refuse_foreign(&headers, &app.config)?;
    let account = check(&app, address, &headers, &login.email, login.password).await?;
    // A token that is no guest's any more (of one who took it over before) is no reason to keep somebody out.
    if let Some(token) = &login.guest
        && let Some(guest) = app.accounts.guest(token).await?
    {
        app.accounts.take_over(&account, &guest).await?;
    }
    let set = logged_in(&app, &account, &cookies, &headers).await?;
    Ok((set, Json(me_view(&app, Some(&account), false))))
}

/// Logs this browser out.
#[utoipa::path(delete, path = "/api/v2/session", responses((status = 204)))]
pub async fn log_out(
    State(app): State<App>,
    cookies: Cookies,
    super::Caller { identity, .. }: super::Caller,
) -> Result<impl IntoResponse, ApiError> {
    let known = identity.and_then(|identity| identity.account.zip(identity.session));
    if let Some((account, session)) = known {
        app.accounts.close_session(&account.id, &session.id).await?;
    }
    let cleared = [(header::SET_COOKIE, cookies.clear(SESSION_COOKIE))];
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cleared)))
}

/// Logs out everywhere: every browser, every token.
#[utoipa::path(delete, path = "/api/v2/sessions",
    responses((status = 204), (status = 401, body = super::error::ErrorBody)))]
pub async fn log_out_everywhere(
    State(app): State<App>,
    cookies: Cookies,
    LoggedIn { account, .. }: LoggedIn,
) -> Result<impl IntoResponse, ApiError> {
    app.accounts.log_out_everywhere(&account.id).await?;
    app.accounts
        .audit("logged_out_everywhere", Some(&account.email), None, None)
        .await;
    let cleared = [
        (header::SET_COOKIE, cookies.clear(SESSION_COOKIE)),
        (header::SET_COOKIE, cookies.clear(DEVICE_COOKIE)),
    ];
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cleared)))
}

/// A browser that is logged in.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SessionView {
    /// For `DELETE /sessions/{id}`.
    id: String,
    /// ms since the Unix epoch.
    created_at: i64,
    /// ms since the Unix epoch, to a few minutes.
    seen_at: i64,
    /// What the browser calls itself.
    agent: String,
    /// Whether it is the one that asks.
    current: bool,
}

/// Where one is logged in.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SessionList {
    /// The one used last first.
    sessions: Vec<SessionView>,
}

/// Lists where one is logged in.
#[utoipa::path(get, path = "/api/v2/sessions",
    responses((status = 200, body = SessionList), (status = 401, body = super::error::ErrorBody)))]
pub async fn list(
    State(app): State<App>,
    LoggedIn { account, session }: LoggedIn,
) -> Result<Json<SessionList>, ApiError> {
    let current = session.map(|session| session.id);
    let sessions = app.accounts.sessions(&account.id).await?;
    let sessions = sessions.into_iter().map(|session| SessionView {
        current: current.as_ref() == Some(&session.id),
        id: session.id,
        created_at: session.created_at.0,
        seen_at: session.seen_at.0,
        agent: session.agent,
    });
    Ok(Json(SessionList {
        sessions: sessions.collect(),
    }))
}

/// Logs one browser out.
#[utoipa::path(delete, path = "/api/v2/sessions/{id}", params(("id" = String, Path, description = "From the list")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub async fn end_one(
    State(app): State<App>,
    LoggedIn { account, .. }: LoggedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    if app.accounts.close_session(&account.id, &id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let message = "There is no such session; it may be over already.";
    Err(ApiError::new(
        StatusCode::NOT_FOUND,
        "session_not_found",
        message,
    ))
}

/// Whose token it will be.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct TokenRequest {
    /// The account's e-mail address.
    email: String,
    /// Its password.
    password: String,
}

/// A token for a program: `Authorization: Bearer`.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TokenMade {
    /// A JWT.
    token: String,
    /// ms since the Unix epoch.
    expires_at: i64,
}

/// Makes a token for a program.
#[utoipa::path(post, path = "/api/v2/tokens", request_body = TokenRequest,
    responses((status = 200, body = TokenMade), (status = 401, body = super::error::ErrorBody),
              (status = 429, body = super::error::ErrorBody)))]
pub async fn make_token(
    State(app): State<App>,
    address: ClientAddress,
    headers: HeaderMap,
    body: Result<Json<TokenRequest>, JsonRejection>,
) -> Result<Json<TokenMade>, ApiError> {
    let Json(asked) = body?;
    let account = check(&app, address, &headers, &asked.email, asked.password).await?;
    let token = app.accounts.make_token(&account, app.config.token).await?;
    app.accounts
        .audit("token_made", Some(&account.email), None, None)
        .await;
    Ok(Json(TokenMade {
        token: token.jwt,
        expires_at: token.expires_at.0,
    }))
}
