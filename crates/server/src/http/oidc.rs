//! Logging in through the operator's OpenID provider: off to it, and back.
//!
//! A browser leaves with a signed ticket in a cookie and comes back with the provider's answer; whatever goes wrong
//! on the way ends on the account page, which says so in words. What the provider must prove stands in
//! `crate::oidc`, whose account it is in `crate::accounts`.
use super::identity::{self, cookie};
use super::session::{Cookies, logged_in};
use super::{ApiError, App, Base};
use crate::accounts::{Account, Found};
use crate::limits::{ClientAddress, Key};
use crate::oidc::{Answer, Errand, OidcError, TICKET_LASTS};
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// The cookie of a login under way.
const TICKET_COOKIE: &str = "watchalong_oidc";
/// Paths of our pages have some 30 characters; the ticket must fit into a cookie.
const MAX_NEXT: usize = 512;
/// Guest tokens and invitations have about 40 characters.
const MAX_TOKEN: usize = 128;

impl From<OidcError> for ApiError {
    fn from(error: OidcError) -> Self {
        let status = match error {
            OidcError::Off => StatusCode::NOT_FOUND,
            OidcError::BadNext => StatusCode::UNPROCESSABLE_ENTITY,
            OidcError::Unreachable(_) => StatusCode::BAD_GATEWAY,
            _ => StatusCode::FORBIDDEN,
        };
        // How the network behind us looks is for the log alone.
        let message = match &error {
            OidcError::Unreachable(_) => {
                "The OpenID provider cannot be used now. Try again later, or log in with a password.".to_owned()
            }
            _ => error.to_string(),
        };
        Self::new(status, error.code(), message)
    }
}

/// What a login takes along.
#[derive(Default, Deserialize, utoipa::ToSchema, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Start {
    /// The path of ours to end on; the account page by default.
    #[serde(default)]
    next: Option<String>,
    /// The token of the guest whose rooms, progress and history become the account's.
    #[serde(default)]
    guest: Option<String>,
    /// The token of an invitation, for an account to be made.
    #[serde(default)]
    invite: Option<String>,
}

/// Where to go.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Started {
    /// The provider's page.
    url: String,
}

/// A path of ours, and nothing that a browser would read as another site's.
fn own_path(next: &str, base: &Base) -> bool {
    let root = base.path().trim_end_matches('/');
    let below = next
        .strip_prefix(root)
        .is_some_and(|rest| rest.starts_with('/') && !rest.starts_with("/api/"));
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    below
        && next.len() <= MAX_NEXT
        && next.bytes().all(plain)
        && !next.starts_with("//")
        && !next.contains("/.")
}

/// The provider's address and the ticket.
async fn begin(
    app: &App,
    base: &Base,
    ClientAddress(address): ClientAddress,
    asked: Start,
) -> Result<(String, String), ApiError> {
    let oidc = app.oidc.as_ref().ok_or(OidcError::Off)?;
    let next = asked.next.filter(|next| !next.is_empty());
    let next = next.unwrap_or_else(|| format!("{}/account", base.path().trim_end_matches('/')));
    if !own_path(&next, base) {
        return Err(OidcError::BadNext.into());
    }
    // Given back when the login succeeds, as for passwords.
    let login = &app.limits.login;
    login.take(address.into()).map_err(ApiError::too_many)?;
    let short = |token: &String| !token.is_empty() && token.len() <= MAX_TOKEN;
    let errand = Errand {
        next,
        guest: asked.guest.filter(short),
        invite: asked.invite.filter(short),
    };
    let now = app.hub.clock.now().0;
    let redirect = base.link("api/v2/oidc/callback");
    Ok(oidc.begin(&redirect, errand, now).await?)
}

/// Sends a browser to the OpenID provider. What goes wrong is told on the account page, as `#oidc_error=CODE`.
#[utoipa::path(get, path = "/api/v2/oidc/start", params(Start),
    responses((status = 302, description = "To the provider, with a cookie for ten minutes; to the account page where it fails")))]
pub async fn start(
    State(app): State<App>,
    address: ClientAddress,
    cookies: Cookies,
    base: Base,
    headers: HeaderMap,
    query: Result<Query<Start>, QueryRejection>,
) -> Response {
    let Query(mut asked) = query.unwrap_or_default();
    if identity::refuse_foreign(&headers, &app.config).is_err() {
        // Another site may send people to log in, but not as somebody else's guest.
        asked.guest = None;
        asked.invite = None;
    }
    match begin(&app, &base, address, asked).await {
        Ok((url, ticket)) => {
            let set = cookies.set(TICKET_COOKIE, &ticket, TICKET_LASTS);
            go(&url, AppendHeaders([(header::SET_COOKIE, set)]))
        }
        Err(error) => failed(&base, &cookies, error.code()),
    }
}

/// As above, for our own page: the tokens stand in the body, where no log of addresses has them.
#[utoipa::path(post, path = "/api/v2/oidc/start", request_body = Start,
    responses((status = 200, body = Started, description = "Sets a cookie for ten minutes"),
              (status = 403, body = super::error::ErrorBody), (status = 404, body = super::error::ErrorBody),
              (status = 422, body = super::error::ErrorBody), (status = 429, body = super::error::ErrorBody),
              (status = 502, body = super::error::ErrorBody)))]
pub async fn start_here(
    State(app): State<App>,
    address: ClientAddress,
    cookies: Cookies,
    base: Base,
    headers: HeaderMap,
    body: Result<Json<Start>, JsonRejection>,
) -> Result<impl IntoResponse, ApiError> {
    identity::refuse_foreign(&headers, &app.config)?;
    let Json(asked) = body?;
    let (url, ticket) = begin(&app, &base, address, asked).await?;
    let set = cookies.set(TICKET_COOKIE, &ticket, TICKET_LASTS);
    Ok((
        AppendHeaders([(header::SET_COOKIE, set)]),
        Json(Started { url }),
    ))
}

/// What the provider sends a browser back with.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Callback {
    /// What is exchanged for the ID token.
    code: Option<String>,
    /// From `start`.
    state: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// Who answers (RFC 9207).
    iss: Option<String>,
}

/// Takes the provider's answer, logs the browser in and sends it on. What goes wrong is told on the account page, as
/// `#oidc_error=CODE`.
#[utoipa::path(get, path = "/api/v2/oidc/callback", params(Callback),
    responses((status = 302, description = "To `next`, with the session's cookie; to the account page where it fails")))]
pub async fn callback(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    cookies: Cookies,
    base: Base,
    headers: HeaderMap,
    query: Result<Query<Callback>, QueryRejection>,
) -> Response {
    let keys = [Key::from(address)];
    if app.limits.login.take_all(&keys).is_err() {
        return failed(&base, &cookies, "too_many_requests");
    }
    let Query(said) = query.unwrap_or_default();
    let done = match finish(&app, &base, &headers, said).await {
        Ok((account, next)) => logged_in(&app, &account, &cookies, &headers)
            .await
            .map(|set| (set, next)),
        Err(error) => Err(error),
    };
    match done {
        Ok((set, next)) => {
            // This one, and the start's.
            app.limits.login.give_back(&keys);
            app.limits.login.give_back(&keys);
            let over = [(header::SET_COOKIE, cookies.clear(TICKET_COOKIE))];
            go(&next, (set, AppendHeaders(over)))
        }
        Err(error) => {
            let detail = format!("OpenID: {}, from {address}", error.code());
            app.accounts
                .audit("login_refused", None, None, Some(&detail))
                .await;
            failed(&base, &cookies, error.code())
        }
    }
}

async fn finish(
    app: &App,
    base: &Base,
    headers: &HeaderMap,
    said: Callback,
) -> Result<(Account, String), ApiError> {
    let oidc = app.oidc.as_ref().ok_or(OidcError::Off)?;
    let answer = Answer {
        code: said.code,
        state: said.state,
        error: said.error,
        iss: said.iss,
    };
    let redirect = base.link("api/v2/oidc/callback");
    let now = app.hub.clock.now().0;
    let finished = oidc.finish(&redirect, cookie(headers, TICKET_COOKIE), answer, now);
    let (voucher, errand) = finished
        .await
        .inspect_err(|error| tracing::warn!(%error, "a login by the OpenID provider failed"))?;
    let guest = match &errand.guest {
        Some(token) => app.accounts.guest(token).await?,
        None => None,
    };
    let invite = errand.invite.as_deref();
    let (account, found) = app.accounts.vouched(&voucher, guest, invite).await?;
    let act = match found {
        Found::Linked => None,
        Found::ByEmail => Some("account_linked"),
        Found::Made => Some("account_made"),
    };
    if let Some(act) = act {
        let who = Some(account.email.as_str());
        let detail = format!("OpenID: {}", voucher.issuer);
        app.accounts.audit(act, who, who, Some(&detail)).await;
    }
    Ok((account, errand.next))
}

fn go(to: &str, headers: impl axum::response::IntoResponseParts) -> Response {
    let plain = [(header::LOCATION, to), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::FOUND, headers, plain).into_response()
}

/// To the account page, which says what happened. A login that failed is over.
fn failed(base: &Base, cookies: &Cookies, code: &str) -> Response {
    let root = base.path().trim_end_matches('/');
    let over = [(header::SET_COOKIE, cookies.clear(TICKET_COOKIE))];
    go(
        &format!("{root}/account#oidc_error={code}"),
        AppendHeaders(over),
    )
}
