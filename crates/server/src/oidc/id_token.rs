//! Whether an ID token proves who somebody is: OpenID Connect Core 1.0, section 3.1.3.7.
use crate::{accounts, secret};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

/// What providers sign with. HMAC is not among them: its key would be one that we know as well.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// Seconds that the provider's clock may differ from ours.
const LEEWAY: u64 = 60;
/// Longer ones are not looked at; real ones, with every group that somebody is in, have 1 to 8 KiB.
const MAX_TOKEN: usize = 64 * 1024;
/// Core, section 2: a subject has at most 255 ASCII characters.
const MAX_SUBJECT: usize = 255;

/// What a token must say.
pub(super) struct Rules<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

/// Why a token is not good.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// None of the keys signed it; others may have.
    #[error("{0}")]
    Key(String),
    /// No other key would help.
    #[error("{0}")]
    Token(String),
}

/// What is said of somebody, in the token or at the provider's userinfo endpoint.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct About {
    pub(super) email: Option<String>,
    /// A boolean; a text at some providers.
    #[serde(default)]
    email_verified: serde_json::Value,
    name: Option<String>,
    preferred_username: Option<String>,
}

impl About {
    pub(super) fn is_verified(&self) -> bool {
        self.email_verified == true || self.email_verified == "true"
    }

    /// What they are called, as far as it is said.
    pub(super) fn name(&self) -> Option<String> {
        let names = [&self.name, &self.preferred_username];
        let mut said = names.into_iter().flatten();
        said.find(|name| !name.trim().is_empty()).cloned()
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Claims {
    pub(super) sub: String,
    nonce: Option<String>,
    aud: Audience,
    azp: Option<String>,
    #[serde(flatten)]
    pub(super) about: About,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// What a token says, where it is genuine, for us, for this login, and still good.
pub(super) fn check(token: &str, keys: &[Jwk], rules: &Rules<'_>) -> Result<Claims, Refusal> {
    let bad = |why: &str| Refusal::Token(why.to_owned());
    accounts::install_signatures();
    if token.len() > MAX_TOKEN {
        return Err(bad("it is too long"));
    }
    // `none` is no algorithm to the library: such a header does not parse.
    let header = jsonwebtoken::decode_header(token).map_err(|error| bad(&error.to_string()))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(bad("its algorithm is not one for ID tokens"));
    }
    let mut validation = Validation::new(header.alg);
    validation.leeway = LEEWAY;
    validation.validate_nbf = true;
    validation.set_issuer(&[rules.issuer]);
    validation.set_audience(&[rules.client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let mut refusal = Refusal::Key("the provider has no key of its name".to_owned());
    for key in keys.iter().filter(|key| fits(key, &header)) {
        let Ok(key) = DecodingKey::from_jwk(key) else {
            continue;
        };
        if key.family() != header.alg.family() {
            continue;
        }
        match jsonwebtoken::decode::<Claims>(token, &key, &validation) {
            Ok(token) => return ours(token.claims, rules),
            Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => {
                refusal = Refusal::Key("its signature is not the provider's".to_owned());
            }
            Err(error) => return Err(bad(&error.to_string())),
        }
    }
    Err(refusal)
}

/// Whether a key may have signed what has this header.
fn fits(key: &Jwk, header: &jsonwebtoken::Header) -> bool {
    let common = &key.common;
    let named = header.kid.is_none() || header.kid == common.key_id;
    let signs = !matches!(common.public_key_use, Some(PublicKeyUse::Encryption));
    let algorithm = common.key_algorithm.as_ref();
    let suits = algorithm.is_none_or(|own| *own == header.alg.into());
    named && signs && suits
}

/// What is to be checked beyond the library's rules.
fn ours(claims: Claims, rules: &Rules<'_>) -> Result<Claims, Refusal> {
    let bad = |why: &str| Err(Refusal::Token(why.to_owned()));
    let nonce = claims.nonce.as_deref().unwrap_or_default();
    if !secret::same(nonce.as_bytes(), rules.nonce.as_bytes()) {
        return bad("its nonce is not this login's");
    }
    let sole = match &claims.aud {
        Audience::One(one) => one == rules.client_id,
        Audience::Many(all) => all.len() == 1,
    };
    let party = claims.azp.as_deref();
    if party.is_some_and(|party| party != rules.client_id) || (!sole && party.is_none()) {
        return bad("it was made for another client");
    }
    if claims.sub.is_empty() || claims.sub.len() > MAX_SUBJECT {
        return bad("it names nobody");
    }
    Ok(claims)
}
