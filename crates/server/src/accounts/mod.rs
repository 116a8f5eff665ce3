//! Accounts: who somebody is, beyond a name at the door.
//!
//! Here live accounts themselves, browsers' sessions, signed tokens for programs, invitations to sign up, and whose
//! account it is when an OpenID provider vouches for somebody (how it does: `crate::oidc`). What is kept of them stands in `store/accounts.rs`; requests and cookies belong to `http`. Guests have no account:
//! a signed token is all that makes them the same person again.
mod error;
pub(crate) mod hs256;
mod invites;
mod links;
mod people;
mod sessions;
mod tokens;

pub use error::AccountError;
pub(crate) use invites::InviteRow;
pub use invites::{INVITE_LASTS, Invite};
pub use links::{Found, Voucher};
pub(crate) use people::Row;
pub use people::{Change, NewAccount};
pub use sessions::{Session, SessionCookie};
pub use tokens::{Token, TokenKey};

use crate::clock::ServerClock;
use crate::secret::Signer;
use crate::store::{Store, StoreError};
use std::sync::Arc;
use watchalong_room::{PersonId, ServerTime};

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUp {
    /// Everybody.
    Open,
    /// Whom an administrator invited.
    Invite,
    /// Nobody; administrators make them.
    Closed,
}

impl SignUp {
    /// As settings and answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
            Self::Closed => "closed",
        }
    }
}

/// Names one account in the database and in tokens; random, so that it tells nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccountId(pub String);

/// Somebody's account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its own name.
    pub id: AccountId,
    /// Lower case; what one logs in with.
    pub email: String,
    /// What other people see.
    pub name: String,
    /// What rooms, progress and attendance know its owner by.
    pub person: PersonId,
    /// May administer the server.
    pub admin: bool,
    /// May not log in.
    pub disabled: bool,
    /// Raised by "log out everywhere"; tokens of an earlier one are void.
    pub epoch: i64,
    /// When it was made.
    pub created_at: ServerTime,
    /// When it was last used, to a few minutes.
    pub seen_at: Option<ServerTime>,
    /// Argon2id of its password, where it has one.
    pub password_hash: Option<String>,
    /// Whether it is linked to an OpenID provider.
    pub oidc: bool,
}

/// Somebody whom we know: an account's owner, or a guest who was here before.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What rooms, progress and attendance know them by.
    pub person: PersonId,
    /// Where they have one.
    pub account: Option<Account>,
    /// The session, where it was proved by a browser's cookie.
    pub session: Option<Session>,
}

impl Identity {
    /// By an account.
    pub fn of(account: Account, session: Option<Session>) -> Self {
        Self {
            person: account.person.clone(),
            account: Some(account),
            session,
        }
    }

    /// A guest.
    pub fn guest(person: PersonId) -> Self {
        Self {
            person,
            account: None,
            session: None,
        }
    }
}

/// Everything about accounts, over one database.
pub struct Accounts {
    store: Store,
    signer: Signer,
    clock: Arc<ServerClock>,
    sign_up: SignUp,
}

impl Accounts {
    /// Over the server's database, key and clock.
    pub fn new(store: Store, signer: Signer, clock: Arc<ServerClock>, sign_up: SignUp) -> Self {
        Self {
            store,
            signer,
            clock,
            sign_up,
        }
    }

    /// Writes into the server's audit log; a full disk stops nobody from logging in.
    pub async fn audit(
        &self,
        act: &str,
        by: Option<&str>,
        target: Option<&str>,
        detail: Option<&str>,
    ) {
        let now = self.clock.now();
        if let Err(error) = self.store.write_audit(now, act, by, target, detail).await {
            tracing::error!(%error, act, "the audit log could not be written");
        }
    }

    /// The guest whom a token names. Whom an account took over is reached through the account alone.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn guest(&self, token: &str) -> Result<Option<PersonId>, StoreError> {
        let Some(person) = self.signer.guest_of(token) else {
            return Ok(None);
        };
        let taken = self.store.account_of_person(&person).await?.is_some();
        Ok((!taken).then_some(person))
    }
}
