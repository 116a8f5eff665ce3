//! Asking the provider: its discovery document, its keys, tokens for a code, and what it knows of somebody.
//!
//! Everything is fetched when it is first needed and kept for [`KEEP`]. Every answer is bounded in size and time,
//! no redirect is followed, and plain http is spoken to this machine only.
use super::id_token::About;
use super::{OidcError, OidcSettings};
use crate::config::is_plain_loopback;
use jsonwebtoken::jwk::Jwk;
use reqwest::{Client, RequestBuilder, Url, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long discovery and keys are believed; an unknown key is asked for at once.
const KEEP: Duration = Duration::from_secs(3600);
/// Between two tries: what cannot be reached, and keys that are unknown, are not asked for oftener.
const RETRY: Duration = Duration::from_secs(5);
/// For one answer. People wait for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// For one answer: keys with their certificates have some 10 KiB.
const MOST_BYTES: usize = 512 * 1024;
/// Keys that are looked at; providers have two to ten.
const MOST_KEYS: usize = 50;

/// What the provider says of itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Discovery {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: Endpoint,
    token_endpoint: Endpoint,
    jwks_uri: Endpoint,
    userinfo_endpoint: Option<Endpoint>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// An address of the provider's.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Endpoint(pub(super) Url);

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url = Url::parse(&text).map_err(|error| format!("{text:?} is no address: {error}"))?;
        Ok(Self(url))
    }
}

/// What a code is exchanged for.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: String,
    #[serde(default)]
    pub(super) access_token: String,
}

/// What the userinfo endpoint says.
#[derive(Deserialize)]
pub(super) struct UserInfo {
    pub(super) sub: String,
    #[serde(flatten)]
    pub(super) about: About,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

/// The provider's keys of one moment.
pub(super) struct Keys {
    pub(super) keys: Vec<Jwk>,
    pub(super) at: Instant,
}

/// What was fetched, or that it could not be.
type Fetched<T> = Mutex<Option<(Instant, Result<Arc<T>, String>)>>;

/// One provider.
pub(super) struct Provider {
    issuer: String,
    client: std::sync::OnceLock<Client>,
    discovery: Fetched<Discovery>,
    keys: Mutex<Option<Arc<Keys>>>,
}

impl Provider {
    pub(super) fn new(issuer: String) -> Self {
        Self {
            issuer,
            client: std::sync::OnceLock::new(),
            discovery: Mutex::new(None),
            keys: Mutex::new(None),
        }
    }

    /// The provider's own description.
    pub(super) async fn discovery(&self) -> Result<Arc<Discovery>, OidcError> {
        // Held while it is asked: a hundred logins at once ask once.
        let mut kept = self.discovery.lock().await;
        if let Some((at, found)) = &*kept {
            let keep = if found.is_ok() { KEEP } else { RETRY };
            if at.elapsed() < keep {
                return found.clone().map_err(OidcError::Unreachable);
            }
        }
        let found = self.discover().await.map(Arc::new);
        if let Err(why) = &found {
            tracing::warn!(
                issuer = self.issuer,
                why,
                "the OpenID provider cannot be used"
            );
        }
        *kept = Some((Instant::now(), found.clone()));
        found.map_err(OidcError::Unreachable)
    }

    async fn discover(&self) -> Result<Discovery, String> {
        let issuer = self.issuer.trim_end_matches('/');
        let address = format!("{issuer}/.well-known/openid-configuration");
        let found: Discovery = read(self.client()?.get(&address)).await?;
        if found.issuer.trim_end_matches('/') != issuer {
            let other = &found.issuer;
            return Err(format!("{address} describes another issuer, {other}"));
        }
        let mut endpoints = vec![
            &found.authorization_endpoint,
            &found.token_endpoint,
            &found.jwks_uri,
        ];
        endpoints.extend(&found.userinfo_endpoint);
        let plain = is_plain_loopback(&self.issuer);
        let safe = |Endpoint(url): &Endpoint| {
            url.scheme() == "https" || (plain && is_plain_loopback(url.as_str()))
        };
        match endpoints.into_iter().find(|url| !safe(url)) {
            Some(Endpoint(url)) => Err(format!("its endpoint {url} is not reached by https")),
            None => Ok(found),
        }
    }

    /// The keys that it signs with; fetched anew where those of `stale` did not do.
    pub(super) async fn keys(
        &self,
        found: &Discovery,
        stale: Option<Instant>,
    ) -> Result<Arc<Keys>, OidcError> {
        let mut kept = self.keys.lock().await;
        if let Some(keys) = &*kept {
            let age = keys.at.elapsed();
            let asked_again = stale == Some(keys.at) && age >= RETRY;
            if age < KEEP && !asked_again {
                return Ok(keys.clone());
            }
        }
        let request = self
            .client()
            .map(|client| client.get(found.jwks_uri.0.clone()));
        let set: KeySet = read(request.map_err(OidcError::Unreachable)?)
            .await
            .map_err(OidcError::Unreachable)?;
        // A key of a kind that nobody here knows is no reason to refuse the others.
        let known = set.keys.into_iter().take(MOST_KEYS);
        let keys = Arc::new(Keys {
            keys: known
                .filter_map(|key| serde_json::from_value(key).ok())
                .collect(),
            at: Instant::now(),
        });
        *kept = Some(keys.clone());
        Ok(keys)
    }

    /// Exchanges a code (RFC 6749, section 4.1.3).
    pub(super) async fn exchange(
        &self,
        found: &Discovery,
        settings: &OidcSettings,
        redirect: &str,
        code: &str,
        verifier: &str,
    ) -> Result<Tokens, OidcError> {
        let client = self.client().map_err(OidcError::Unreachable)?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        let mut request = client.post(found.token_endpoint.0.clone());
        let methods = found.token_endpoint_auth_methods_supported.as_deref();
        let basic = methods.is_none_or(|all| all.iter().any(|one| one == "client_secret_basic"));
        match &settings.client_secret {
            Some(secret) if basic => {
                // Written as in a form before they are joined (RFC 6749, section 2.3.1).
                request = request.basic_auth(escaped(&settings.client_id), Some(escaped(secret)));
            }
            secret => {
                form.push(("client_id", &settings.client_id));
                form.extend(secret.as_deref().map(|secret| ("client_secret", secret)));
            }
        }
        read(request.form(&form)).await.map_err(OidcError::Code)
    }

    /// What it says of the person whose token this is; `None` where it says nothing that can be read. Who is linked
    /// already needs none of it.
    pub(super) async fn user_info(
        &self,
        found: &Discovery,
        access_token: &str,
    ) -> Option<UserInfo> {
        let Endpoint(url) = found.userinfo_endpoint.clone()?;
        let request = self.client().ok()?.get(url).bearer_auth(access_token);
        let said = read(request).await;
        said.inspect_err(|why| tracing::warn!(why, "the OpenID provider tells nothing of somebody"))
            .ok()
    }

    fn client(&self) -> Result<&Client, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Asking again changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent("watchalong");
        if is_plain_loopback(&self.issuer) {
            // Nothing of it is TLS, so that a system without certificates will do, and no proxy is in between.
            builder = builder.no_proxy().tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| reason(&error))?;
        Ok(self.client.get_or_init(|| client))
    }
}

fn escaped(text: &str) -> String {
    reqwest::Url::parse_with_params("http://localhost/", [("", text)])
        .ok()
        .and_then(|url| Some(url.query()?.trim_start_matches('=').to_owned()))
        .unwrap_or_default()
}

/// An error with what caused it, without the address: that may carry a secret.
fn reason(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        words = format!("{words}: {inner}");
        source = inner.source();
    }
    words
}

/// A bounded answer in JSON.
async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, String> {
    let sent = request.header("accept", "application/json").send().await;
    let mut answer = sent.map_err(|error| reason(&error.without_url()))?;
    let (status, from) = (answer.status(), answer.url().path().to_owned());
    let mut body = Vec::new();
    while let Some(part) = answer
        .chunk()
        .await
        .map_err(|error| reason(&error.without_url()))?
    {
        body.extend_from_slice(&part);
        if body.len() > MOST_BYTES {
            return Err(format!("the answer of {from} is too long"));
        }
    }
    if !status.is_success() {
        return Err(format!("{from} answered {}", refusal(status, &body)));
    }
    serde_json::from_slice(&body)
        .map_err(|error| format!("{from} answered in no known form ({error})"))
}

/// A status, and the standard's word for what was wrong where there is one (RFC 6749, section 5.2).
fn refusal(status: reqwest::StatusCode, body: &[u8]) -> String {
    let said: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    match said.as_ref().and_then(|said| said["error"].as_str()) {
        Some(word) if word.len() <= 100 => format!("{} ({})", status.as_u16(), word.escape_debug()),
        _ => status.as_u16().to_string(),
    }
}
