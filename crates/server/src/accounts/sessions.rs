//! Sessions: a browser that is logged in, and how its person sees and ends it.
//!
//! The cookie holds 256 bits of randomness, of which only a hash is kept: a stolen database logs nobody in.
use super::{Account, AccountId, Accounts};
use crate::secret;
use crate::store::StoreError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::time::Duration;
use watchalong_room::ServerTime;

/// How stale "last seen" may be: writing it with every request would be a write for every read.
const SEEN_EVERY_MS: i64 = 5 * 60 * 1000;
/// Characters kept of what a browser says of itself; the common ones say 80 to 150.
const AGENT: usize = 200;
/// Sessions of one account; past that (and a few) those that were quiet longest are logged out.
const PER_ACCOUNT: i64 = 100;

/// The value of a session's cookie: shown to its browser once, kept nowhere.
pub struct SessionCookie(pub String);

/// A browser that is logged in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its name in the list; useless for logging in.
    pub id: String,
    /// Since when.
    pub created_at: ServerTime,
    /// To a few minutes.
    pub seen_at: ServerTime,
    /// What the browser calls itself.
    pub agent: String,
    /// When it ends by itself.
    pub expires_at: ServerTime,
}

impl Accounts {
    /// Logs a browser in for `lasting`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn open_session(
        &self,
        account: &Account,
        agent: &str,
        lasting: Duration,
    ) -> Result<SessionCookie, StoreError> {
        let now = self.clock.now();
        let value = URL_SAFE_NO_PAD.encode(secret::random::<32>());
        let session = Session {
            id: secret::new_key(),
            created_at: now,
            seen_at: now,
            agent: agent
                .chars()
                .filter(|c| !c.is_control())
                .take(AGENT)
                .collect(),
            expires_at: ServerTime(now.0.saturating_add(lasting.as_millis() as i64)),
        };
        self.store
            .add_session(
                &secret::key_hash(&value),
                &account.id,
                &session,
                PER_ACCOUNT,
            )
            .await?;
        if account
            .seen_at
            .is_none_or(|at| now.0 - at.0 >= SEEN_EVERY_MS)
        {
            self.store.account_seen(&account.id, now).await?;
        }
        Ok(SessionCookie(value))
    }

    /// Whose session a cookie is, and which one; `None` where it is over, forged or its account disabled.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn session(&self, cookie: &str) -> Result<Option<(Account, Session)>, StoreError> {
        let now = self.clock.now();
        let hash = secret::key_hash(cookie);
        let found = self.store.session(&hash, now).await?;
        let Some((account, session)) = found.filter(|(account, _)| !account.disabled) else {
            return Ok(None);
        };
        if now.0 - session.seen_at.0 >= SEEN_EVERY_MS {
            self.store.session_seen(&hash, &account.id, now).await?;
        }
        Ok(Some((account, session)))
    }

    /// The sessions of an account, the one used last first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn sessions(&self, account: &AccountId) -> Result<Vec<Session>, StoreError> {
        self.store.sessions(account, self.clock.now()).await
    }

    /// Ends one session of an account; false where it has none of that name.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn close_session(&self, account: &AccountId, id: &str) -> Result<bool, StoreError> {
        self.store.remove_session(account, id).await
    }

    /// Ends every session and every token of an account.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn log_out_everywhere(&self, account: &AccountId) -> Result<(), StoreError> {
        self.store.end_sessions_and_tokens(account, None).await
    }
}
