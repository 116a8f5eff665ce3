//! Who somebody is here: an account of the server's or a guest, each with an id and a name that is theirs alone.
//!
//! An account's person is the same in every dialect. Its unique name is made of its shown one at the first login (the
//! page has no way to choose one, and without one nobody could host), and is kept until it chooses another.
use super::StreamIt;
use super::body::Body;
use super::error::Refused;
use super::headers;
use super::token::{self, ACCESS, Proof, SESSION};
use crate::accounts::{Account, Change};
use crate::http::identity::{bearer, cookie};
use crate::http::{App, Base, Cookies, check_password};
use crate::limits::{ClientAddress, Key};
use crate::secret;
use crate::store::{StoreError, StreamitUser};
use axum::Json;
use axum::extract::{Extension, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse};
use serde_json::{Value, json};
use std::time::Duration;
use watchalong_room::{PersonId, clean_line};

/// Characters of a shown name.
const DISPLAY_NAME: usize = 50;
/// Characters of a unique name that is made of a shown one; four more make it so.
const USERNAME: usize = 26;
/// The cookie, and how long a browser keeps it.
const COOKIE: &str = "sessionid";
const COOKIE_LASTS: Duration = Duration::from_secs(14 * 24 * 3600);

/// Somebody who proved who they are.
#[derive(Clone, Debug)]
pub(super) struct User {
    /// A UUID.
    pub(super) id: String,
    /// Who, in every dialect.
    pub(super) person: PersonId,
    /// What others see.
    pub(super) name: String,
    /// A guest has none.
    pub(super) account: Option<Account>,
}

/// As [`User`], also by the cookie: on the routes that the original's browser session opened.
pub(super) struct SessionUser(pub(super) User);

/// A person's id: told by who they are, so that people of other dialects have one, too.
pub(super) fn id_of(app: &App, person: &PersonId) -> String {
    app.hub.signer.uuid("streamit-user", &person.0)
}

/// Who a token proves; `None` where that is nobody (any more).
pub(super) async fn user_of(
    app: &App,
    kind: &str,
    token: &str,
) -> Result<Option<User>, StoreError> {
    let Some(Proof { user, epoch }) = token::read(&app.hub.signer, kind, token) else {
        return Ok(None);
    };
    let Some(known) = app.hub.store.streamit_user(&user).await? else {
        return Ok(None);
    };
    let account = app.hub.store.account_of_person(&known.person).await?;
    let good = match &account {
        Some(account) => !account.disabled && epoch == Some(account.epoch),
        // An account that is gone takes its tokens along.
        None => known.guest && epoch.is_none(),
    };
    Ok(good.then(|| User {
        id: known.id,
        person: known.person,
        name: account
            .as_ref()
            .map_or(known.display_name, |account| account.name.clone()),
        account,
    }))
}

impl FromRequestParts<App> for User {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let token = bearer(&parts.headers).ok_or_else(Refused::no_credentials)?;
        let user = user_of(app, ACCESS, token).await?;
        user.ok_or_else(Refused::bad_token)
    }
}

impl FromRequestParts<App> for SessionUser {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        if bearer(&parts.headers).is_some() {
            return User::from_request_parts(parts, app).await.map(Self);
        }
        let known = cookie(&parts.headers, COOKIE)
            .filter(|_| headers::may_use_cookie(&parts.headers, &app.config));
        let user = match known {
            Some(token) => user_of(app, SESSION, token).await?,
            None => None,
        };
        user.map(Self).ok_or_else(Refused::no_credentials)
    }
}

// ---- names ---------------------------------------------------------------------------

/// A unique name made of a shown one.
fn derived(display: &str) -> String {
    let plain = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_';
    let lower = display.trim().to_lowercase();
    let name: String = lower.chars().filter(plain).take(USERNAME).collect();
    if name.is_empty() {
        "user".to_owned()
    } else {
        name
    }
}

fn digits(count: usize) -> String {
    secret::drawn(b"0123456789abcdef", count)
}

fn is_username(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (3..=20).contains(&name.len()) && name.bytes().all(plain)
}

/// Keeps somebody with a name that is free: `wanted`, or with digits behind it.
async fn enlist(app: &App, mut user: StreamitUser) -> Result<StreamitUser, StoreError> {
    let wanted = user.username.clone();
    loop {
        let now = app.hub.clock.now();
        if app.hub.store.add_streamit_user(&user, now).await? {
            return Ok(user);
        }
        // Their other login was faster, or the name is taken.
        if let Some(known) = app.hub.store.streamit_user(&user.id).await? {
            return Ok(known);
        }
        user.username = format!("{wanted}{}", digits(4));
    }
}

// ---- logging in ----------------------------------------------------------------------

type LoggedIn = (
    AppendHeaders<[(header::HeaderName, HeaderValue); 1]>,
    Json<Value>,
);

/// What whoever is in is told, with the cookie of older pages.
fn logged_in(app: &App, base: &Base, user: &User) -> LoggedIn {
    let make = |kind, lasting| {
        let (now, epoch) = (
            app.hub.clock.now(),
            user.account.as_ref().map(|of| of.epoch),
        );
        token::make(&app.hub.signer, kind, &user.id, epoch, now, lasting)
    };
    let cookies = Cookies::of(base);
    let cookie = cookies.set(COOKIE, &make(SESSION, COOKIE_LASTS), COOKIE_LASTS);
    let body = json!({
        "id": user.id, "display_name": user.name, "is_guest": user.account.is_none(),
        "access_token": make(ACCESS, app.config.token),
    });
    (AppendHeaders([(header::SET_COOKIE, cookie)]), Json(body))
}

pub(super) async fn log_in(
    State(app): State<App>,
    address: ClientAddress,
    base: Base,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Refused> {
    let (email, password) = (body.text("email")?, body.secret("password")?);
    let password = password.unwrap_or_default();
    if email.is_empty() || password.is_empty() {
        return Err(Refused::new(401, "Invalid credentials"));
    }
    let account = check_password(&app, address, &headers, &email, password).await?;
    let known = enlist(
        &app,
        StreamitUser {
            id: id_of(&app, &account.person),
            person: account.person.clone(),
            username: derived(&account.name),
            display_name: account.name.clone(),
            guest: false,
        },
    );
    let known = known.await?;
    let now = app.hub.clock.now();
    app.hub.store.streamit_seen(&known.id, false, now).await?;
    let user = User {
        id: known.id,
        person: account.person.clone(),
        name: account.name.clone(),
        account: Some(account),
    };
    Ok(logged_in(&app, &base, &user))
}

/// A new guest of this shown name.
async fn new_guest(
    app: &App,
    dialect: &StreamIt,
    ClientAddress(address): ClientAddress,
    display: String,
    username: String,
) -> Result<User, Refused> {
    let taken = dialect.guests.take(Key::from(address));
    taken.map_err(|_| Refused::too_many())?;
    let person = app.hub.signer.new_guest();
    let known = enlist(
        app,
        StreamitUser {
            id: id_of(app, &person),
            person,
            username,
            display_name: display,
            guest: true,
        },
    );
    let known = known.await?;
    Ok(User {
        id: known.id,
        person: known.person,
        name: known.display_name,
        account: None,
    })
}

pub(super) async fn guest(
    State(app): State<App>,
    Extension(dialect): Extension<&'static StreamIt>,
    address: ClientAddress,
    base: Base,
    body: Body,
) -> Result<impl IntoResponse, Refused> {
    let typed = body.text("display_name")?;
    let name = clean_line(&typed, DISPLAY_NAME);
    if name.is_empty() {
        return Err(Refused::new(400, "Display name required"));
    }
    if typed.chars().count() > DISPLAY_NAME {
        return Err(Refused::new(400, "Display name has at most 50 characters"));
    }
    let username = derived(&name);
    let user = new_guest(&app, dialect, address, name, username).await?;
    Ok(logged_in(&app, &base, &user))
}

pub(super) async fn guest_login(
    State(app): State<App>,
    Extension(dialect): Extension<&'static StreamIt>,
    address: ClientAddress,
) -> Result<Json<Value>, Refused> {
    let name = format!("Guest-{}", digits(6));
    let user = new_guest(&app, dialect, address, name.clone(), name).await?;
    let (now, lasting) = (app.hub.clock.now(), app.config.token);
    let access = token::make(&app.hub.signer, ACCESS, &user.id, None, now, lasting);
    Ok(Json(
        json!({"access": access, "username": user.name, "role": "guest"}),
    ))
}

/// The cookie goes; a token stays good, as in the original, until it expires.
pub(super) async fn log_out(base: Base) -> impl IntoResponse {
    let cleared = [(header::SET_COOKIE, Cookies::of(&base).clear(COOKIE))];
    (AppendHeaders(cleared), Json(json!({"success": true})))
}

/// Gives oneself another name: the unique one, and what others see.
pub(super) async fn set_username(
    State(app): State<App>,
    user: User,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let name = body.text("username")?;
    if name.is_empty() {
        return Err(Refused::new(400, "Username required"));
    }
    if !is_username(&name) {
        return Err(Refused::new(
            400,
            "Username must be 3-20 chars, alphanumeric or underscore",
        ));
    }
    // A guest has no claim to a name that an account wants.
    let instead = user.account.as_ref().map(|_| {
        let tail = digits(4);
        format!("{}{tail}", derived(&name))
    });
    let store = &app.hub.store;
    if !store
        .rename_streamit_user(&user.id, &name, instead.as_deref())
        .await?
    {
        return Err(Refused::new(400, "Username already taken"));
    }
    if let Some(account) = &user.account {
        let change = Change {
            name: Some(name),
            ..Change::default()
        };
        let changed = app.accounts.change(account, change, None).await;
        changed.map_err(crate::http::ApiError::from)?;
    }
    Ok(Json(json!({"status": "ok"})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_what_is_shown() {
        for (shown, name) in [
            ("Ann Lee", "annlee"),
            ("  Zoë_9 ", "zo_9"),
            ("日本", "user"),
            ("", "user"),
        ] {
            assert_eq!(derived(shown), name);
        }
        assert_eq!(derived(&"x".repeat(100)).len(), USERNAME);
        assert_eq!(digits(6).len(), 6);
    }

    #[test]
    fn a_username_has_its_form() {
        for good in ["abc", "A_9", "x2345678901234567890"] {
            assert!(is_username(good), "{good}");
        }
        for bad in ["", "ab", "a b", "a-b", "äöü", "x23456789012345678901"] {
            assert!(!is_username(bad), "{bad}");
        }
    }
}
