//! The tokens that the Jellyfin plugin makes: HS256 with a secret that both sides know.
use crate::accounts::hs256::Jwt;
use crate::config::Config;
use serde::Deserialize;

/// Seconds by which the clocks of the two servers may differ.
const LEEWAY: u64 = 60;
/// A secret that can't be guessed has at least as many characters.
const GOOD_SECRET: usize = 32;

/// Checks them.
pub(super) struct Tokens(Jwt);

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
        let parties = (config.jwt_issuer.as_str(), config.jwt_audience.as_str());
        Some(Self(Jwt::new(secret.as_bytes(), Some(parties), LEEWAY)))
    }

    /// Whose token it is, where it is genuine.
    pub(super) fn check(&self, token: &str) -> Option<Claims> {
        self.0.read(token)
    }
}
