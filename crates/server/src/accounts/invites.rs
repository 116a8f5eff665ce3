//! Invitations to sign up: a link good for one account.
use super::{AccountError, Accounts, people};
use crate::secret;
use std::time::Duration;
use watchalong_room::ServerTime;

/// How long an invitation lasts when nobody says: a week, so that a weekend lies in it.
pub const INVITE_LASTS: Duration = Duration::from_secs(7 * 24 * 3600);

/// An invitation, as its maker gets it once.
#[derive(Clone)]
pub struct Invite {
    /// What the link carries.
    pub token: String,
    /// Good until then.
    pub expires_at: ServerTime,
}

/// What is kept of an invitation.
#[derive(Clone, Debug)]
pub(crate) struct InviteRow {
    pub(crate) email: Option<String>,
    pub(crate) admin: bool,
    pub(crate) expires_at: ServerTime,
}

impl Accounts {
    /// Invites somebody to sign up: with any address, or with `email` only.
    ///
    /// # Errors
    /// `BadEmail`; `Store`.
    pub async fn invite(
        &self,
        email: Option<&str>,
        admin: bool,
        lasting: Duration,
    ) -> Result<Invite, AccountError> {
        let now = self.clock.now();
        let token = secret::new_key();
        let row = InviteRow {
            email: email.map(people::email).transpose()?,
            admin,
            expires_at: ServerTime(now.0.saturating_add(lasting.as_millis() as i64)),
        };
        self.store
            .add_sign_up_invite(&secret::key_hash(&token), &row, now)
            .await?;
        Ok(Invite {
            token,
            expires_at: row.expires_at,
        })
    }
}
