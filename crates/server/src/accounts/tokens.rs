//! Tokens for programs: JWTs (RFC 7519), HS256 and nothing else.
//!
//! The newest key signs; a new one is made when it has signed for [`KEY_AGE_MS`]. Older ones check until everything
//! they signed has expired. A token names its account's epoch, so that "log out everywhere" ends it.
use super::{Account, AccountId, Accounts, hs256};
use crate::secret;
use crate::store::StoreError;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchalong_room::ServerTime;

/// How long a key signs: 30 days, as long as a session.
const KEY_AGE_MS: i64 = 30 * 24 * 3600 * 1000;
/// Who made a token, and whom for: a token of another service with the same key would still not be one of ours.
const ISSUER: &str = "watchalong";
/// Longer ones are not looked at; ours have about 400.
const MAX_TOKEN: usize = 2048;
/// "Last seen" of an account, as for sessions.
const SEEN_EVERY_MS: i64 = 5 * 60 * 1000;

/// A token, and when it ends.
#[derive(Clone)]
pub struct Token {
    /// The JWT.
    pub jwt: String,
    /// When it is void by itself.
    pub expires_at: ServerTime,
}

/// A key that signs or checks tokens.
#[derive(Clone)]
pub struct TokenKey {
    /// Its name in a token's header.
    pub kid: String,
    /// 256 bits.
    pub secret: Vec<u8>,
    /// Since when it signs.
    pub created_at: ServerTime,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// The account.
    sub: String,
    /// Seconds since the epoch, as the standard wants it.
    iat: i64,
    exp: i64,
    /// The account's epoch at the time.
    epoch: i64,
    /// Fills the token up to a length divisible by 3: some players decode a token as base64 whole, and take no
    /// padding.
    #[serde(default)]
    fill: String,
}

impl Accounts {
    /// A token for an account, good for `lasting`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn make_token(
        &self,
        account: &Account,
        lasting: Duration,
    ) -> Result<Token, StoreError> {
        hs256::install();
        let now = self.clock.now();
        let expires = now.0 / 1000 + lasting.as_secs() as i64;
        let key = self.signing_key(now, ServerTime(expires * 1000)).await?;
        let header = Header {
            kid: Some(key.kid),
            ..Header::new(Algorithm::HS256)
        };
        let mut claims = Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: account.id.0.clone(),
            iat: now.0 / 1000,
            exp: expires,
            epoch: account.epoch,
            fill: String::new(),
        };
        let secret = EncodingKey::from_secret(&key.secret);
        let jwt = loop {
            let jwt = jsonwebtoken::encode(&header, &claims, &secret)
                .expect("plain claims and an HMAC key make a token");
            if jwt.len().is_multiple_of(3) {
                break jwt;
            }
            // Four lengths in a row of base64 leave every remainder by 3.
            claims.fill.push('-');
        };
        Ok(Token {
            jwt,
            expires_at: ServerTime(expires * 1000),
        })
    }

    /// Whose token it is; `None` where it is forged, expired, ended, or its account disabled.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn token(&self, jwt: &str) -> Result<Option<Account>, StoreError> {
        hs256::install();
        if jwt.len() > MAX_TOKEN {
            return Ok(None);
        }
        let Some(kid) = jsonwebtoken::decode_header(jwt).ok().and_then(|h| h.kid) else {
            return Ok(None);
        };
        let Some(key) = self.store.token_key(&kid).await? else {
            return Ok(None);
        };
        let mut rules = Validation::new(Algorithm::HS256);
        rules.leeway = 0;
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[ISSUER]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let secret = DecodingKey::from_secret(&key.secret);
        let Ok(token) = jsonwebtoken::decode::<Claims>(jwt, &secret, &rules) else {
            return Ok(None);
        };
        let found = self.store.account(&AccountId(token.claims.sub)).await?;
        let good = |account: &Account| !account.disabled && account.epoch == token.claims.epoch;
        let Some(account) = found.filter(good) else {
            return Ok(None);
        };
        let now = self.clock.now();
        if account
            .seen_at
            .is_none_or(|at| now.0 - at.0 >= SEEN_EVERY_MS)
        {
            self.store.account_seen(&account.id, now).await?;
        }
        Ok(Some(account))
    }

    /// The key to sign with now; it is kept at least until `expiry`.
    async fn signing_key(
        &self,
        now: ServerTime,
        expiry: ServerTime,
    ) -> Result<TokenKey, StoreError> {
        let fresh = TokenKey {
            kid: secret::new_key(),
            secret: secret::random::<32>().to_vec(),
            created_at: now,
        };
        let since = ServerTime(now.0 - KEY_AGE_MS);
        self.store.signing_token_key(&fresh, since, expiry).await
    }
}
