//! Asking the provider: its description with its keys, tokens for a code, and what it knows of somebody.
//!
//! The words are `openidconnect`'s, the way there is ours: every answer is bounded in size and time, no redirect is
//! followed, and plain http is spoken to this machine only. What the provider says of itself is fetched when it is
//! first needed and kept for [`KEEP`].
use super::OidcError;
use crate::config::is_plain_loopback;
use openidconnect::core::CoreProviderMetadata;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, IssuerUrl};
use reqwest::{Client, redirect};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long description and keys are believed; an unknown key is asked for at once.
const KEEP: Duration = Duration::from_secs(3600);
/// Between two tries: what cannot be reached, and keys that are unknown, are not asked for oftener.
const RETRY: Duration = Duration::from_secs(5);
/// For one answer. People wait for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// For one answer: keys with their certificates have some 10 KiB.
const MOST_BYTES: usize = 512 * 1024;

/// What the provider said of itself (OpenID Connect Discovery 1.0, section 3), with its keys.
pub(super) struct Described {
    pub(super) metadata: CoreProviderMetadata,
    at: Instant,
}

/// What came of asking; the error is for people.
type Found = Result<Arc<Described>, String>;

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Trouble(String);

/// One provider.
pub(super) struct Provider {
    issuer: String,
    client: OnceLock<Client>,
    /// What was fetched, or that it could not be.
    known: Mutex<Option<(Instant, Found)>>,
}

impl Provider {
    pub(super) fn new(issuer: String) -> Self {
        Self {
            issuer,
            client: OnceLock::new(),
            known: Mutex::new(None),
        }
    }

    /// What the provider says of itself; fetched anew where the keys of `stale` did not do.
    ///
    /// # Errors
    /// `Unreachable`.
    pub(super) async fn described(
        &self,
        stale: Option<&Described>,
    ) -> Result<Arc<Described>, OidcError> {
        // Held while it is asked: a hundred logins at once ask once.
        let mut known = self.known.lock().await;
        if let Some((at, found)) = &*known {
            let unfit = match (found, stale) {
                (Ok(found), Some(stale)) => found.at == stale.at,
                (found, _) => found.is_err(),
            };
            let keep = if unfit { RETRY } else { KEEP };
            if at.elapsed() < keep {
                return found.clone().map_err(OidcError::Unreachable);
            }
        }
        let found = self.discover().await.map(Arc::new);
        if let Err(why) = &found {
            let issuer = &self.issuer;
            tracing::warn!(issuer, why, "the OpenID provider cannot be used");
        }
        *known = Some((Instant::now(), found.clone()));
        found.map_err(OidcError::Unreachable)
    }

    async fn discover(&self) -> Result<Described, String> {
        let issuer = IssuerUrl::new(self.issuer.clone()).map_err(|error| reason(&error))?;
        let metadata = CoreProviderMetadata::discover_async(issuer, self)
            .await
            .map_err(|error| reason(&error))?;
        let away = metadata.authorization_endpoint().as_str();
        if !self.is_safe(away) {
            return Err(format!("its endpoint {away} is not reached by https"));
        }
        let at = Instant::now();
        Ok(Described { metadata, at })
    }

    /// Plain http leads to this machine only, and only where the operator named the provider so.
    fn is_safe(&self, url: &str) -> bool {
        let secret = url
            .get(..8)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
        secret || (is_plain_loopback(&self.issuer) && is_plain_loopback(url))
    }

    /// Takes the library's request there and its answer back.
    ///
    /// # Errors
    /// What was in the way, without the address: that may carry a secret.
    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, Trouble> {
        let trouble = |error: reqwest::Error| Trouble(reason(&error.without_url()));
        let to = request.uri().to_string();
        if !self.is_safe(&to) {
            return Err(Trouble(format!(
                "its endpoint {to} is not reached by https"
            )));
        }
        let path = request.uri().path().to_owned();
        let request = reqwest::Request::try_from(request).map_err(trouble)?;
        let mut answer = self.client()?.execute(request).await.map_err(trouble)?;
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(trouble)? {
            body.extend_from_slice(&part);
            if body.len() > MOST_BYTES {
                return Err(Trouble(format!("the answer of {path} is too long")));
            }
        }
        let mut response = HttpResponse::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }

    fn client(&self) -> Result<&Client, Trouble> {
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
        let client = builder.build().map_err(|error| Trouble(reason(&error)))?;
        Ok(self.client.get_or_init(|| client))
    }
}

impl<'c> AsyncHttpClient<'c> for Provider {
    type Error = Trouble;
    // Boxed by its name: what holds it must be known to go from thread to thread.
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Trouble>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.carry(request))
    }
}

/// An error with what caused it.
pub(super) fn reason(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        words = format!("{words}: {inner}");
        source = inner.source();
    }
    words
}
