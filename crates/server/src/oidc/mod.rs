//! OpenID Connect: logging in by an account at the operator's own provider.
//!
//! Here lives the conversation with the provider: the authorization code flow with PKCE (OpenID Connect Core 1.0,
//! section 3.1; RFC 7636), from the address that a browser is sent to, to somebody whom the provider vouches for.
//! Discovery and keys are fetched in `provider.rs` when they are first needed, ID tokens are checked in
//! `id_token.rs`, `ticket.rs` is what a browser holds in between. Whose account it is, is decided in `accounts`;
//! requests and cookies belong to `http`.
mod error;
mod id_token;
mod provider;
mod ticket;

pub use error::OidcError;
pub use ticket::{Errand, TICKET_LASTS};

use crate::accounts::Voucher;
use crate::secret::{self, Signer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use provider::Provider;
use sha2::{Digest, Sha256};
use ticket::{Ticket, Used};

/// The operator's provider, as the settings name it.
#[derive(Clone, Debug)]
pub struct OidcSettings {
    /// `https://…`, or `http://` on this machine; what the provider calls itself.
    pub issuer: String,
    /// What the provider calls us.
    pub client_id: String,
    /// None for a client that the provider calls public.
    pub client_secret: Option<String>,
    /// What the button says.
    pub name: String,
}

/// What a browser brings back from the provider.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// What is exchanged for the ID token.
    pub code: Option<String>,
    /// Whatever the ticket says, or it is not an answer to us.
    pub state: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
}

/// Logins by one provider.
pub struct Oidc {
    provider: Provider,
    settings: OidcSettings,
    signer: Signer,
    used: Used,
}

impl Oidc {
    /// Asks nobody yet: a provider that is away keeps no server from starting.
    pub fn new(settings: OidcSettings, signer: Signer) -> Self {
        Self {
            provider: Provider::new(settings.issuer.clone()),
            settings,
            signer,
            used: Used::default(),
        }
    }

    /// What the button says.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Where to send a browser that wants to log in, and the signed ticket that it must bring back as its cookie.
    ///
    /// # Errors
    /// `Unreachable`.
    pub async fn begin(
        &self,
        redirect: &str,
        errand: Errand,
        now: i64,
    ) -> Result<(String, String), OidcError> {
        let found = self.provider.discovery().await?;
        let fresh = || URL_SAFE_NO_PAD.encode(secret::random::<32>());
        let ticket = Ticket {
            errand,
            state: fresh(),
            nonce: fresh(),
            verifier: fresh(),
            until: now + TICKET_LASTS.as_millis() as i64,
        };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&ticket.verifier));
        let mut url = found.authorization_endpoint.0.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", "openid email profile")
            .append_pair("state", &ticket.state)
            .append_pair("nonce", &ticket.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok((url.into(), ticket.seal(&self.signer)))
    }

    /// Who came back, and what they had left for. A ticket is good for one answer.
    ///
    /// # Errors
    /// [`OidcError`].
    pub async fn finish(
        &self,
        redirect: &str,
        cookie: Option<&str>,
        answer: Answer,
        now: i64,
    ) -> Result<(Voucher, Errand), OidcError> {
        let ticket = cookie.and_then(|cookie| Ticket::open(cookie, &self.signer));
        let ticket = ticket
            .filter(|ticket| ticket.until > now)
            .ok_or(OidcError::Expired)?;
        let state = answer.state.as_deref().unwrap_or_default();
        if !secret::same(state.as_bytes(), ticket.state.as_bytes()) {
            return Err(OidcError::State);
        }
        if !self.used.first(&ticket, now) {
            return Err(OidcError::Expired);
        }
        let code = match (answer.error, answer.code) {
            (None, Some(code)) => code,
            (error, _) => {
                return Err(OidcError::Refused(
                    error.unwrap_or_else(|| "no code".into()),
                ));
            }
        };
        let found = self.provider.discovery().await?;
        if answer.iss.is_some_and(|iss| iss != found.issuer) {
            return Err(OidcError::State);
        }
        let tokens = self
            .provider
            .exchange(&found, &self.settings, redirect, &code, &ticket.verifier)
            .await?;
        let rules = id_token::Rules {
            issuer: &found.issuer,
            client_id: &self.settings.client_id,
            nonce: &ticket.nonce,
        };
        let keys = self.provider.keys(&found, None).await?;
        let claims = match id_token::check(&tokens.id_token, &keys.keys, &rules) {
            // The provider may have changed its keys since.
            Err(id_token::Refusal::Key(_)) => {
                let newer = self.provider.keys(&found, Some(keys.at)).await?;
                id_token::check(&tokens.id_token, &newer.keys, &rules)
            }
            checked => checked,
        };
        let mut claims = claims.map_err(|refusal| OidcError::Token(refusal.to_string()))?;
        if claims.about.email.is_none() {
            let more = self.provider.user_info(&found, &tokens.access_token).await;
            // The answer of another person's token proves nothing about this one (Core, section 5.3.2).
            if let Some(more) = more.filter(|more| more.sub == claims.sub) {
                claims.about = more.about;
            }
        }
        let voucher = Voucher {
            issuer: found.issuer.clone(),
            subject: claims.sub,
            email_verified: claims.about.is_verified(),
            name: claims.about.name(),
            email: claims.about.email,
        };
        Ok((voucher, ticket.errand))
    }
}
