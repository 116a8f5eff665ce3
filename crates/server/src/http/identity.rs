//! Who a request is from: an account by its token or its session, a guest by their token, or nobody we know.
//!
//! Handlers take one of the extractors: [`Caller`] (all that is known, refuses nobody), [`MaybeIdentity`],
//! [`Identity`] (somebody we know) or [`Admin`]. The socket's handshake asks [`resolve`] itself. Cookies are written
//! in `session.rs`.
use super::{ApiError, App, base};
pub use crate::accounts::Identity;
use crate::accounts::{Account, Session};
use crate::config::Config;
use crate::limits::{self, ClientAddress, Key};
use crate::secret;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use std::net::IpAddr;

/// The cookie that a logged-in browser holds.
pub const SESSION_COOKIE: &str = "watchalong_session";

/// All that a request says about who sent it.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Who, as far as we know them.
    pub identity: Option<Identity>,
    /// Proved by the server's admin key.
    pub admin_key: bool,
    /// A bearer key that is neither a token of ours nor the admin key: a room's host key, perhaps.
    pub key: Option<String>,
    /// Where from, where a request was looked at.
    address: Option<IpAddr>,
}

impl Caller {
    /// Counts a bearer key as a guess until it was right; to be asked before anybody looks whether it is. What is
    /// no key, but a token or a cookie, is none.
    ///
    /// # Errors
    /// 429 `too_many_requests`.
    pub fn count_guess(&self, app: &App) -> Result<(), ApiError> {
        match self.guessed_from() {
            Some(from) => app.limits.guess.take(from).map_err(ApiError::too_many),
            None => Ok(()),
        }
    }

    /// The key was right: no guess after all.
    pub fn was_right(&self, app: &App) {
        if let Some(from) = self.guessed_from() {
            app.limits.guess.give_back(&[from]);
        }
    }

    /// Counts an upload that begins, by address and account.
    ///
    /// # Errors
    /// 429 `too_many_requests`.
    pub fn count_upload(&self, app: &App) -> Result<(), ApiError> {
        let Some(address) = self.address else {
            return Ok(());
        };
        let keys = self.keys(ClientAddress(address));
        let taken = app.limits.upload.take_all(&keys);
        taken.map_err(ApiError::too_many)
    }

    fn guessed_from(&self) -> Option<Key> {
        let keyed = self.admin_key || self.key.is_some();
        self.address.filter(|_| keyed).map(Key::from)
    }

    /// Whether they may administer the server.
    pub fn is_admin(&self) -> bool {
        self.admin_key || self.account().is_some_and(|account| account.admin)
    }

    /// The account, where there is one.
    pub fn account(&self) -> Option<&Account> {
        self.identity.as_ref()?.account.as_ref()
    }
}

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// Whose account.
    pub account: Account,
    /// The session, where it was a browser's cookie.
    pub session: Option<Session>,
}

/// Somebody we know, or nobody. A bad token is refused all the same.
#[derive(Clone, Debug)]
pub struct MaybeIdentity(pub Option<Identity>);

/// An administrator: the server's admin key, or an account that may.
#[derive(Clone, Debug)]
pub struct Admin {
    /// The account; none where it was the admin key.
    pub account: Option<Account>,
}

impl Admin {
    /// Who, for the audit log.
    pub fn name(&self) -> &str {
        self.account
            .as_ref()
            .map_or("admin key", |account| &account.email)
    }
}

fn unauthorized(code: &str, message: &str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, code, message)
}

fn login_needed() -> ApiError {
    unauthorized("login_needed", "This needs an account. Log in first.")
}

fn bad_token() -> ApiError {
    unauthorized(
        "bad_token",
        "This token is not genuine, or it has expired. Get a new one.",
    )
}

/// The token after `Authorization: Bearer`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A cookie's value.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Whether it is the server's admin key.
pub fn is_admin_key(config: &Config, key: &str) -> bool {
    let admin = config.admin_key.as_deref();
    admin.is_some_and(|admin| secret::same(admin.as_bytes(), key.as_bytes()))
}

/// Who is asking, from a request's headers. A stale cookie counts as none.
///
/// # Errors
/// 401 `bad_token` for a JWT that is not good (any more); 503 where the database does not answer.
pub async fn resolve(app: &App, headers: &HeaderMap) -> Result<Caller, ApiError> {
    if let Some(token) = bearer(headers) {
        return by_bearer(app, token).await;
    }
    let Some(cookie) = cookie(headers, SESSION_COOKIE) else {
        return Ok(Caller::default());
    };
    let session = app.accounts.session(cookie).await?;
    Ok(Caller {
        identity: session.map(|(account, session)| Identity::of(account, Some(session))),
        ..Caller::default()
    })
}

async fn by_bearer(app: &App, token: &str) -> Result<Caller, ApiError> {
    if is_admin_key(&app.config, token) {
        return Ok(Caller {
            admin_key: true,
            ..Caller::default()
        });
    }
    // A guest's token has no dots, a JWT has two.
    if token.matches('.').count() == 2 {
        let account = app.accounts.token(token).await?.ok_or_else(bad_token)?;
        return Ok(Caller {
            identity: Some(Identity::of(account, None)),
            ..Caller::default()
        });
    }
    if let Some(person) = app.accounts.guest(token).await? {
        return Ok(Caller {
            identity: Some(Identity::guest(person)),
            ..Caller::default()
        });
    }
    Ok(Caller {
        key: Some(token.to_owned()),
        ..Caller::default()
    })
}

/// A request that changes something and comes with our cookie must come from our own page: the cookie alone proves
/// only which browser it is, not whose page sent it there.
fn refuse_cross_site(
    method: &Method,
    headers: &HeaderMap,
    config: &Config,
) -> Result<(), ApiError> {
    if method.is_safe() || bearer(headers).is_some() || cookie(headers, SESSION_COOKIE).is_none() {
        return Ok(());
    }
    refuse_foreign(headers, config)
}

/// Refuses what another site's page asks for: as above, and for logins, which need no cookie to be forged.
///
/// # Errors
/// 403 `cross_site`.
pub(super) fn refuse_foreign(headers: &HeaderMap, config: &Config) -> Result<(), ApiError> {
    let fetched_here = headers
        .get("sec-fetch-site")
        .is_none_or(|site| site == "same-origin" || site == "none");
    // `Origin` decides where there is one: a browser too old for the other header sends it with every POST.
    if fetched_here && base::own_origin(headers, config) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "Another site's page asked for this in your name. Open Watchalong itself and try again.",
    ))
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        refuse_cross_site(&parts.method, &parts.headers, &app.config)?;
        let mut caller = resolve(app, &parts.headers).await?;
        caller.address = Some(limits::of_request(
            &parts.extensions,
            &parts.headers,
            &app.config,
        ));
        if let Some(account) = caller.account() {
            let key = Key::named("account", &account.id.0);
            app.limits.requests.take(key).map_err(ApiError::too_many)?;
        }
        Ok(caller)
    }
}

impl FromRequestParts<App> for MaybeIdentity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        if caller.key.is_some() {
            return Err(bad_token());
        }
        Ok(Self(caller.identity))
    }
}

impl FromRequestParts<App> for Identity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let MaybeIdentity(identity) = MaybeIdentity::from_request_parts(parts, app).await?;
        identity.ok_or_else(login_needed)
    }
}

impl FromRequestParts<App> for LoggedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let identity = Identity::from_request_parts(parts, app).await?;
        let account = identity.account.ok_or_else(login_needed)?;
        Ok(Self {
            account,
            session: identity.session,
        })
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        caller.count_guess(app)?;
        if caller.admin_key {
            caller.was_right(app);
        }
        if caller.is_admin() {
            let account = caller.identity.and_then(|identity| identity.account);
            return Ok(Self { account });
        }
        let message = "Only the server's admin key or an administrator's account may do this.";
        let status = if caller.identity.is_some() {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::UNAUTHORIZED
        };
        Err(ApiError::new(status, "not_allowed", message))
    }
}
