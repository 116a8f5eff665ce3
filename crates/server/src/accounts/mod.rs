//! Accounts: who somebody is, beyond a name at the door.
//!
//! Here live accounts themselves, browsers' sessions, signed tokens for programs, and invitations to sign up. What
//! is kept of them stands in `store/accounts.rs`; requests and cookies belong to `http`. Guests have no account:
//! a signed token is all that makes them the same person again.
mod sessions;

pub use sessions::{Session, SessionCookie};

use crate::clock::ServerClock;
use crate::secret::Signer;
use crate::store::{Store, StoreError};
use std::sync::Arc;
use watchalong_room::{PersonId, ServerTime};

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

/// Everything about accounts, over one database.
pub struct Accounts {
    store: Store,
    signer: Signer,
    clock: Arc<ServerClock>,
}

impl Accounts {
    /// Over the server's database, key and clock.
    pub fn new(store: Store, signer: Signer, clock: Arc<ServerClock>) -> Self {
        Self {
            store,
            signer,
            clock,
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
