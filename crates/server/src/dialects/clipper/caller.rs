//! Who asks: an account or a guest, by a token. Also the few addresses that are about oneself, and what pages of other
//! origins may.
use super::answer::Answer;
use super::error::Refused;
pub(super) use super::token::How;
use super::windows::{Standing, Window, Windows};
use super::{Clipper, GUEST, token};
use crate::http::cors::{self, Cors};
use crate::http::identity::{self, bearer};
use crate::http::{App, Base, Cookies, own_origin};
use crate::limits::{self, Key};
use crate::{clock::Civil, secret};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use watchalong_room::{PersonId, clean_line};

/// Characters of a name, as in rooms.
const NAME: usize = 40;
/// What the frontend asks for.
const JSON: &str = "application/json";
/// What pages of other origins may do.
const CORS: Cors = Cors {
    methods: "GET, POST, PATCH, DELETE",
    headers: "Authorization, Content-Type, X-CSRF-Token",
    exposed: Some(
        "X-CSRF-Token, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset",
    ),
    max_age: None,
};

/// Somebody who asks.
#[derive(Clone, Debug)]
pub(super) struct User {
    /// Who, across rooms and dialects.
    pub(super) person: PersonId,
    /// What they are called by this API.
    pub(super) id: String,
    /// What people read.
    pub(super) name: String,
    /// How they said so.
    pub(super) how: How,
}

impl Clipper {
    /// Whose a good token is.
    async fn user_of(&self, app: &App, jwt: &str, how: How) -> Result<User, Refused> {
        if let Some(claims) = self.tokens.check(jwt) {
            return Ok(User {
                person: PersonId(format!("{GUEST}{}", claims.sub)),
                id: claims.sub,
                name: claims.name,
                how,
            });
        }
        let account = app.accounts.token(jwt).await?.ok_or_else(|| {
            Refused::unauthorized("This token is not genuine, or it has expired. Log in again.")
        })?;
        Ok(User {
            id: self.user_id(&account.person),
            person: account.person,
            name: account.name,
            how,
        })
    }

    /// Whether a page of this origin may use a browser's cookie here: our own, and those of the settings.
    pub(super) fn may_ask(&self, app: &App, headers: &HeaderMap) -> bool {
        own_origin(headers, &app.config) || cors::listed(headers, &self.origins).is_some()
    }
}

/// The dialect, as the router put it into a request.
fn dialect(parts: &Parts) -> Result<&'static Clipper, Refused> {
    let clipper = parts.extensions.get::<&'static Clipper>().copied();
    clipper.ok_or_else(|| Refused::new(500, "INTERNAL_ERROR", "This address is not served."))
}

/// Counts a request by its address.
fn count(parts: &Parts, app: &App) -> Result<(), Refused> {
    let address = limits::of_request(&parts.extensions, &parts.headers, &app.config);
    let taken = app.limits.requests.take(address.into());
    taken.map_err(Refused::too_many)
}

/// A cookie proves which browser it is, not whose page sent it: what changes something must come from a page of ours.
/// A WebSocket, which browsers let any page open, too.
fn refuse_cross_site(
    clipper: &Clipper,
    app: &App,
    parts: &Parts,
    user: &User,
) -> Result<(), Refused> {
    let socket = parts.headers.contains_key(header::UPGRADE);
    let harmless = parts.method.is_safe() || user.how != How::Cookie;
    if harmless && !socket {
        return Ok(());
    }
    let site = parts.headers.get("sec-fetch-site");
    let foreign = !socket && site.is_some_and(|site| site == "cross-site");
    if foreign || !clipper.may_ask(app, &parts.headers) {
        return Err(Refused::forbidden(
            "Another site's page asked for this in your name. Open the watch party itself and try again.",
        ));
    }
    Ok(())
}

impl FromRequestParts<App> for User {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let clipper = dialect(parts)?;
        count(parts, app)?;
        let Some((token, how)) = token::of_request(&parts.headers) else {
            return Err(Refused::unauthorized("This needs a token. Log in first."));
        };
        let user = clipper.user_of(app, &token, how).await?;
        let taken = app.limits.requests.take(Key::named("clipper", &user.id));
        taken.map_err(Refused::too_many)?;
        refuse_cross_site(clipper, app, parts, &user)?;
        Ok(user)
    }
}

/// Anybody, with a token or without.
#[derive(Debug)]
pub(super) struct Anybody;

impl FromRequestParts<App> for Anybody {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        count(parts, app).map(|()| Self)
    }
}

/// A request, and whose it is.
pub(super) struct Call<W = User> {
    pub(super) app: App,
    pub(super) clipper: &'static Clipper,
    pub(super) user: W,
    pub(super) base: Base,
    pub(super) address: IpAddr,
    pub(super) accepts_json: bool,
}

impl<W: FromRequestParts<App, Rejection = Refused> + Send> FromRequestParts<App> for Call<W> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let user = W::from_request_parts(parts, app).await?;
        let Ok(base) = Base::from_request_parts(parts, app).await;
        let mut accepts = parts.headers.get_all(header::ACCEPT).iter();
        let json = |accept: &HeaderValue| accept.to_str().unwrap_or_default().contains(JSON);
        Ok(Self {
            clipper: dialect(parts)?,
            user,
            base,
            address: limits::of_request(&parts.extensions, &parts.headers, &app.config),
            accepts_json: accepts.any(json),
            app: app.clone(),
        })
    }
}

impl Call {
    /// Counts it in one of the windows of its user.
    ///
    /// # Errors
    /// 429.
    pub(super) fn count(&self, of: impl Fn(&Windows) -> &Window) -> Result<Standing, Refused> {
        let window = of(&self.clipper.windows);
        window.take(&self.user.id).map_err(Refused::over)
    }

    /// What runs through a window is given back where it comes to nothing.
    pub(super) async fn within<T>(
        &self,
        of: impl Fn(&Windows) -> &Window,
        work: impl Future<Output = Result<T, Refused>>,
    ) -> Result<T, Refused> {
        self.count(&of)?;
        let done = work.await;
        if done.is_err() {
            of(&self.clipper.windows).give_back(&self.user.id);
        }
        done
    }
}

// ---- oneself ---------------------------------------------------------------------------

/// A body, read or not.
pub(super) type Body = Result<Bytes, BytesRejection>;

/// The one JSON object that a body is.
pub(super) fn object(body: Body) -> Result<Map<String, Value>, Refused> {
    let body = body.map_err(|error| {
        Refused::new(
            error.status().as_u16(),
            "INVALID_REQUEST",
            error.body_text(),
        )
    })?;
    match serde_json::from_slice(&body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Refused::invalid("The body must be a JSON object.")),
        Err(error) => Err(Refused::invalid(format!(
            "The body can't be read: {error}."
        ))),
    }
}

fn about(id: &str, name: &str, created: watchalong_room::ServerTime) -> Value {
    json!({
        "id": id, "username": name, "display_name": name, "role": "user",
        "created_at": Civil::of(created).rfc3339(),
    })
}

/// Makes a guest, for people without an account: their token, and the cookie that holds it.
pub(super) async fn guest(
    call: Call<Anybody>,
    cookies: Cookies,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let Call { app, clipper, .. } = call;
    // A login needs no cookie to be forged.
    if !clipper.may_ask(&app, &headers) {
        return Err(Refused::forbidden("This page may not log in here."));
    }
    let body = object(body)?;
    let typed = body.get("display_name").and_then(Value::as_str);
    let name = clean_line(typed.unwrap_or_default(), NAME);
    if name.is_empty() {
        return Err(Refused::invalid("A display_name is needed."));
    }
    app.limits
        .join
        .take(call.address.into())
        .map_err(Refused::too_many)?;
    let id = clipper.signer.uuid("clipper-guest", &secret::new_key());
    let now = clipper.clock.now();
    let token = clipper.tokens.make(&id, &name, now, app.config.session);
    let cookie = cookies.set(token::COOKIE, &token, app.config.session);
    let user = about(&id, &name, now);
    let flat = Map::from_iter([
        ("token".to_owned(), json!(token)),
        ("user".to_owned(), user.clone()),
    ]);
    let data = json!({"token": token, "user": user});
    let answer = Answer::both(flat, data).created();
    Ok(([(header::SET_COOKIE, cookie)], answer).into_response())
}

/// A fresh cookie, for whoever still can say who they are: the frontend asks once after any 401. Somebody who is logged in to
/// this server in the same browser becomes the same person here.
pub(super) async fn refresh(
    Call { app, clipper, .. }: Call<Anybody>,
    cookies: Cookies,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    if !clipper.may_ask(&app, &headers) {
        return Err(Refused::forbidden("This page may not log in here."));
    }
    let no_login = || Refused::unauthorized("You are not logged in any more. Log in again.");
    let known = match token::of_request(&headers) {
        Some((jwt, how)) => clipper.user_of(&app, &jwt, how).await.ok().map(|_| jwt),
        None => None,
    };
    let (token, lasting) = match known {
        Some(jwt) => match clipper.tokens.check(&jwt) {
            Some(claims) => {
                let (now, lasting) = (clipper.clock.now(), app.config.session);
                let fresh = clipper.tokens.make(&claims.sub, &claims.name, now, lasting);
                (fresh, lasting)
            }
            None => (jwt, app.config.token),
        },
        None => {
            let session = match identity::cookie(&headers, identity::SESSION_COOKIE) {
                Some(cookie) if bearer(&headers).is_none() => app.accounts.session(cookie).await?,
                _ => None,
            };
            let (account, _) = session.ok_or_else(no_login)?;
            let token = app.accounts.make_token(&account, app.config.token).await?;
            (token.jwt, app.config.token)
        }
    };
    let cookie = cookies.set(token::COOKIE, &token, lasting);
    let answer = Answer::ok(json!({"token": token}));
    Ok(([(header::SET_COOKIE, cookie)], answer).into_response())
}

/// Who one is.
pub(super) async fn me(Call { clipper, user, .. }: Call) -> Answer {
    Answer::flat(about(&user.id, &user.name, clipper.clock.now()))
}

// ---- other origins ---------------------------------------------------------------------

/// Lets pages of the settings' origins ask with cookies (CORS), and counts how requests end.
pub(super) async fn across_origins(
    clipper: &'static Clipper,
    request: Request,
    next: Next,
) -> Response {
    let origin = cors::listed(request.headers(), &clipper.origins).cloned();
    let asks_first = *request.method() == Method::OPTIONS;
    let mut response = match &origin {
        Some(_) if asks_first => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    clipper.metrics.answered(response.status());
    if let Some(origin) = origin {
        CORS.allow(origin, asks_first, response.headers_mut());
    }
    response
}
