//! Tokens for programs: JWTs (RFC 7519), HS256 and nothing else.
//!
//! The newest key signs; a new one is made when it has signed for [`KEY_AGE_MS`]. Older ones check until everything
//! they signed has expired. A token names its account's epoch, so that "log out everywhere" ends it.
use super::hs256::{Jwt, unpadded};
use super::{Account, AccountId, Accounts};
use crate::secret;
use crate::store::StoreError;
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
    /// See [`unpadded`].
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
        let now = self.clock.now();
        let expires = now.0 / 1000 + lasting.as_secs() as i64;
        let key = self.signing_key(now, ServerTime(expires * 1000)).await?;
        let signer = Jwt::new(&key.secret, Some((ISSUER, ISSUER)), 0);
        let jwt = unpadded(|fill| {
            let claims = Claims {
                iss: ISSUER.to_owned(),
                aud: ISSUER.to_owned(),
                sub: account.id.0.clone(),
                iat: now.0 / 1000,
                exp: expires,
                epoch: account.epoch,
                fill: fill.to_owned(),
            };
            signer.make(Some(key.kid.clone()), &claims)
        });
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
        if jwt.len() > MAX_TOKEN {
            return Ok(None);
        }
        let Some(kid) = jsonwebtoken::decode_header(jwt).ok().and_then(|h| h.kid) else {
            return Ok(None);
        };
        let Some(key) = self.store.token_key(&kid).await? else {
            return Ok(None);
        };
        let signer = Jwt::new(&key.secret, Some((ISSUER, ISSUER)), 0);
        let Some(claims) = signer.read::<Claims>(jwt) else {
            return Ok(None);
        };
        let found = self.store.account(&AccountId(claims.sub)).await?;
        let good = |account: &Account| !account.disabled && account.epoch == claims.epoch;
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
