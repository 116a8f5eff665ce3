//! The tokens that the Jellyfin plugin makes: HS256 with a secret that both sides know.
use crate::accounts::hs256;
use crate::config::Config;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

/// Seconds by which the clocks of the two servers may differ.
const LEEWAY: u64 = 60;
/// Longer ones are not looked at; the plugin's have about 500 bytes.
const MAX_TOKEN: usize = 8 * 1024;
/// A secret that can't be guessed has at least as many characters.
const GOOD_SECRET: usize = 32;

/// What makes a token genuine.
pub(super) struct Tokens {
    key: DecodingKey,
    rules: Validation,
}

/// Whose it is. The audience may be a text or a list: the plugin writes it twice.
#[derive(Deserialize)]
pub(super) struct Claims {
    #[serde(rename = "sub")]
    _sub: String,
    pub(super) name: String,
}

impl Tokens {
    /// `None` without a secret: then nobody has to show one.
    pub(super) fn of(config: &Config) -> Option<Self> {
        let secret = config.jwt_secret.as_deref()?;
        if secret.chars().count() < GOOD_SECRET {
            tracing::warn!("the jwt-secret is short; use at least {GOOD_SECRET} random characters");
        }
        hs256::install();
        let mut rules = Validation::new(Algorithm::HS256);
        rules.leeway = LEEWAY;
        rules.set_audience(&[&config.jwt_audience]);
        rules.set_issuer(&[&config.jwt_issuer]);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        let key = DecodingKey::from_secret(secret.as_bytes());
        Some(Self { key, rules })
    }

    /// Whose token it is, where it is genuine.
    pub(super) fn check(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let read = jsonwebtoken::decode::<Claims>(token, &self.key, &self.rules);
        read.ok().map(|token| token.claims)
    }
}
