//! OpenID Connect: logging in by an account at the operator's own provider.
//!
//! Here lives the conversation with the provider: the authorization code flow with PKCE (OpenID Connect Core 1.0,
//! section 3.1; RFC 7636), from the address that a browser is sent to, to somebody whom the provider vouches for.
//! The protocol and the checks of ID tokens are the `openidconnect` crate's; `provider.rs` carries its requests and
//! keeps the provider's description, `ticket.rs` is what a browser holds in between. Whose account it is, is decided
//! in `accounts`; requests and cookies belong to `http`.
mod error;
mod provider;
mod ticket;

pub use error::OidcError;
pub use ticket::{Errand, TICKET_LASTS};

use crate::accounts::Voucher;
use crate::secret::{self, Signer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdTokenClaims,
    CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Algorithm, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EndUserEmail, EndUserName, EndUserUsername, LocalizedClaim, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, SignatureVerificationError, TokenResponse,
};
use provider::{Described, Provider, reason};
use ticket::{Ticket, Used};

/// What providers sign with. HMAC is not among them: its key would be one that we know as well.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];
/// Core, section 2: a subject has at most 255 ASCII characters.
const MAX_SUBJECT: usize = 255;

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
        let found = self.provider.described(None).await?;
        let fresh = || URL_SAFE_NO_PAD.encode(secret::random::<32>());
        let ticket = Ticket {
            errand,
            state: fresh(),
            nonce: fresh(),
            verifier: fresh(),
            until: now + TICKET_LASTS.as_millis() as i64,
        };
        let verifier = PkceCodeVerifier::new(ticket.verifier.clone());
        let (state, nonce) = (ticket.state.clone(), ticket.nonce.clone());
        let client = CoreClient::from_provider_metadata(
            found.metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            None,
        )
        .set_redirect_uri(address(redirect)?);
        let (url, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
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
        let found = self.provider.described(None).await?;
        let issuer = found.metadata.issuer().to_string();
        if answer.iss.is_some_and(|iss| iss != issuer) {
            return Err(OidcError::State);
        }
        let (claims, access) = self.exchange(&found, redirect, code, &ticket).await?;
        let subject = claims.subject().to_string();
        let mut about = About::of(
            claims.email(),
            claims.email_verified(),
            claims.name(),
            claims.preferred_username(),
        );
        if about.email.is_none() {
            about = self.ask(&found, &claims, access).await.unwrap_or(about);
        }
        let voucher = Voucher {
            issuer,
            subject,
            email_verified: about.verified,
            name: about.name,
            email: about.email,
        };
        Ok((voucher, ticket.errand))
    }

    /// What the ID token says that the provider gives for a code, where it is genuine, for us, for this login, and
    /// still good; and the token for asking more.
    async fn exchange(
        &self,
        found: &Described,
        redirect: &str,
        code: String,
        ticket: &Ticket,
    ) -> Result<(CoreIdTokenClaims, AccessToken), OidcError> {
        let no_code = |error: &dyn std::error::Error| OidcError::Code(reason(error));
        let methods = found.metadata.token_endpoint_auth_methods_supported();
        let basic =
            methods.is_none_or(|all| all.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let how = if basic {
            AuthType::BasicAuth
        } else {
            AuthType::RequestBody
        };
        let client = CoreClient::from_provider_metadata(
            found.metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            self.settings.client_secret.clone().map(ClientSecret::new),
        )
        .set_redirect_uri(address(redirect)?)
        .set_auth_type(how);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| no_code(&error))?
            .set_pkce_verifier(PkceCodeVerifier::new(ticket.verifier.clone()))
            .request_async(&self.provider)
            .await
            .map_err(|error| match error {
                // The provider took the code; what it gave for it is no token. Its text is not for any log.
                RequestTokenError::Parse(error, _) => OidcError::Token(reason(&error)),
                error => no_code(&error),
            })?;
        let no_token = || OidcError::Token("there is none".to_owned());
        let token = tokens.id_token().ok_or_else(no_token)?;
        let nonce = Nonce::new(ticket.nonce.clone());
        let claims = match token.claims(&self.verifier(found), &nonce) {
            // The provider may have changed its keys since.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey
                | SignatureVerificationError::CryptoError(_),
            )) => {
                let newer = self.provider.described(Some(found)).await?;
                token.claims(&self.verifier(&newer), &nonce).cloned()
            }
            checked => checked.cloned(),
        };
        let claims = claims.map_err(|error| OidcError::Token(reason(&error)))?;
        self.is_ours(&claims)?;
        Ok((claims, tokens.access_token().clone()))
    }

    fn verifier(&self, found: &Described) -> CoreIdTokenVerifier<'static> {
        // Public for all clients: the secret shall verify nothing.
        CoreIdTokenVerifier::new_public_client(
            ClientId::new(self.settings.client_id.clone()),
            found.metadata.issuer().clone(),
            found.metadata.jwks().clone(),
        )
        .set_allowed_algs(ALGORITHMS)
        // Which others are right is told by the authorized party, below.
        .set_other_audience_verifier_fn(|_| true)
    }

    /// What the library leaves to its user: for whom a token of several audiences was made, and that it names somebody.
    fn is_ours(&self, claims: &CoreIdTokenClaims) -> Result<(), OidcError> {
        let bad = |why: &str| Err(OidcError::Token(why.to_owned()));
        let party = claims.authorized_party();
        let another = party.is_some_and(|party| party.as_str() != self.settings.client_id);
        if another || (claims.audiences().len() > 1 && party.is_none()) {
            return bad("it was made for another client");
        }
        let subject = claims.subject().as_str();
        if subject.is_empty() || subject.len() > MAX_SUBJECT {
            return bad("it names nobody");
        }
        Ok(())
    }

    /// What the userinfo endpoint says of whom a token names; `None` where it says nothing that can be read. The answer
    /// to another person's token proves nothing about this one (Core, section 5.3.2): the library compares them.
    async fn ask(
        &self,
        found: &Described,
        claims: &CoreIdTokenClaims,
        access: AccessToken,
    ) -> Option<About> {
        let client = CoreClient::from_provider_metadata(
            found.metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            None,
        );
        let subject = Some(claims.subject().clone());
        let asked = client.user_info(access, subject).ok()?;
        let said: Result<CoreUserInfoClaims, _> = asked.request_async(&self.provider).await;
        said.inspect_err(|error| {
            let why = reason(error);
            tracing::warn!(why, "the OpenID provider tells nothing of somebody");
        })
        .ok()
        .map(|said| {
            About::of(
                said.email(),
                said.email_verified(),
                said.name(),
                said.preferred_username(),
            )
        })
    }
}

/// What is said of somebody, in the token or at the userinfo endpoint.
struct About {
    email: Option<String>,
    verified: bool,
    name: Option<String>,
}

impl About {
    fn of(
        email: Option<&EndUserEmail>,
        verified: Option<bool>,
        name: Option<&LocalizedClaim<EndUserName>>,
        username: Option<&EndUserUsername>,
    ) -> Self {
        let name = name.and_then(|name| name.get(None));
        let names = [
            name.map(|name| name.as_str()),
            username.map(|name| name.as_str()),
        ];
        let said = names
            .into_iter()
            .flatten()
            .find(|name| !name.trim().is_empty());
        Self {
            email: email.map(|email| email.to_string()),
            verified: verified == Some(true),
            name: said.map(str::to_owned),
        }
    }
}

fn address(redirect: &str) -> Result<RedirectUrl, OidcError> {
    // It is made of what the browser calls us: nothing that can't be written is waited for.
    RedirectUrl::new(redirect.to_owned()).map_err(|error| OidcError::Unreachable(error.to_string()))
}
