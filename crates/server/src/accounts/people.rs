//! Accounts made, changed and removed; and whether a password opens one.
use super::{Account, AccountError, AccountId, Accounts, Voucher};
use crate::password;
use crate::secret;
use watchalong_room::PersonId;

/// Shorter passwords are guessed, even with limits on tries (NIST SP 800-63B, section 5.1.1).
const MIN_PASSWORD: usize = 8;
/// An address in an envelope (RFC 5321, section 4.5.3.1.3, less the brackets).
const MAX_EMAIL: usize = 254;
/// Characters in a name, as in rooms.
const MAX_NAME: usize = 40;

/// An account to be made.
#[derive(Clone, Default)]
pub struct NewAccount {
    /// As it was typed.
    pub email: String,
    /// As it was typed.
    pub name: String,
    /// As it was typed; none for people who log in through an OpenID provider.
    pub password: Option<String>,
    /// May administer the server.
    pub admin: bool,
    /// The guest whose rooms and progress become the account's.
    pub guest: Option<PersonId>,
}

/// What of an account changes; `None` leaves a part as it is.
#[derive(Clone, Default)]
pub struct Change {
    /// As it was typed.
    pub email: Option<String>,
    /// As it was typed.
    pub name: Option<String>,
    /// As it was typed. Whoever was logged in with the old one is logged out.
    pub password: Option<String>,
    /// May administer the server.
    pub admin: Option<bool>,
    /// May not log in; whoever is, is logged out.
    pub disabled: Option<bool>,
}

/// An account's row, checked and ready to be written.
pub(crate) struct Row {
    pub(crate) id: AccountId,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) person: PersonId,
    pub(crate) password_hash: Option<String>,
    pub(crate) admin: bool,
    /// Who they are at an OpenID provider.
    pub(crate) link: Option<Voucher>,
}

/// An e-mail address as accounts are found by it: trimmed, in lower case. Only its shape is checked; whether mail
/// arrives nobody asks.
pub(crate) fn email(typed: &str) -> Result<String, AccountError> {
    let email = typed.trim().to_lowercase();
    let shaped = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    });
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>,;\"\\()".contains(c);
    if shaped && email.len() <= MAX_EMAIL && email.chars().all(plain) {
        Ok(email)
    } else {
        Err(AccountError::BadEmail)
    }
}

fn name(typed: &str) -> Result<String, AccountError> {
    let name = watchalong_room::clean_line(typed, MAX_NAME);
    if name.is_empty() {
        return Err(AccountError::BadText);
    }
    Ok(name)
}

fn long_enough(password: &str) -> Result<(), AccountError> {
    if (MIN_PASSWORD..=password::MAX_BYTES).contains(&password.len()) {
        Ok(())
    } else {
        Err(AccountError::BadPassword)
    }
}

impl NewAccount {
    /// Checks what can be checked without asking anybody.
    ///
    /// # Errors
    /// `BadEmail`, `BadText` or `BadPassword`.
    pub fn check(&self) -> Result<(), AccountError> {
        email(&self.email)?;
        name(&self.name)?;
        self.password.as_deref().map_or(Ok(()), long_enough)
    }
}

impl Accounts {
    /// The account of an address, as it was typed.
    ///
    /// # Errors
    /// `Store`.
    pub async fn of_email(&self, typed: &str) -> Result<Option<Account>, AccountError> {
        match email(typed) {
            Ok(email) => Ok(self.store.account_of_email(&email).await?),
            Err(_) => Ok(None),
        }
    }

    /// The account of that id.
    ///
    /// # Errors
    /// `NotFound`; `Store`.
    pub async fn of_id(&self, id: &AccountId) -> Result<Account, AccountError> {
        self.store.account(id).await?.ok_or(AccountError::NotFound)
    }

    /// Whether this password opens this account. It takes as long where there is none, or none with a password.
    ///
    /// # Errors
    /// `Password` where too many are being checked already.
    pub async fn opens(
        &self,
        account: Option<&Account>,
        password: String,
    ) -> Result<bool, AccountError> {
        let hash = account.and_then(|account| account.password_hash.clone());
        let right = password::is_right(password, hash).await?;
        Ok(right && account.is_some_and(|account| !account.disabled))
    }

    /// Makes an account for whoever an administrator (or the operator's own hand) says.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn add(&self, new: NewAccount) -> Result<Account, AccountError> {
        self.insert(new, None, None).await
    }

    /// Makes an account by a sign-up, and uses the invitation up.
    ///
    /// # Errors
    /// [`AccountError`]; nothing is used up then.
    pub async fn sign_up(
        &self,
        new: NewAccount,
        invite: Option<&str>,
    ) -> Result<Account, AccountError> {
        self.may_sign_up(invite).await?;
        self.insert(new, invite, None).await
    }

    /// As [`Accounts::sign_up`], for somebody at a provider.
    pub(super) async fn sign_up_linked(
        &self,
        new: NewAccount,
        invite: Option<&str>,
        voucher: &Voucher,
    ) -> Result<Account, AccountError> {
        self.may_sign_up(invite).await?;
        self.insert(new, invite, Some(voucher)).await
    }

    async fn may_sign_up(&self, invite: Option<&str>) -> Result<(), AccountError> {
        match (self.sign_up, invite) {
            (super::SignUp::Closed, _) => return Err(AccountError::SignUpClosed),
            (super::SignUp::Invite, None) => return Err(AccountError::InviteNeeded),
            _ => {}
        }
        if let Some(token) = invite {
            // Asked before a password is hashed; asked again when the account is written.
            self.store
                .sign_up_invite(&secret::key_hash(token), self.clock.now())
                .await?
                .ok_or(AccountError::BadInvite)?;
        }
        Ok(())
    }

    async fn insert(
        &self,
        new: NewAccount,
        invite: Option<&str>,
        link: Option<&Voucher>,
    ) -> Result<Account, AccountError> {
        new.check()?;
        let (email, name) = (email(&new.email)?, name(&new.name)?);
        let password_hash = match new.password {
            Some(password) => Some(password::hash(password).await?),
            None => None,
        };
        let id = secret::new_key();
        let row = Row {
            email,
            name,
            person: new
                .guest
                .unwrap_or_else(|| PersonId(format!("account:{id}"))),
            id: AccountId(id),
            password_hash,
            admin: new.admin,
            link: link.cloned(),
        };
        let invite = invite.map(secret::key_hash);
        self.store
            .add_account(&row, invite.as_deref(), self.clock.now())
            .await?;
        self.of_id(&row.id).await
    }

    /// Changes an account. A new password, and being disabled, end every session but `keep` and every token.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn change(
        &self,
        account: &Account,
        change: Change,
        keep: Option<&str>,
    ) -> Result<Account, AccountError> {
        let mut changed = account.clone();
        if let Some(typed) = &change.email {
            changed.email = email(typed)?;
        }
        if let Some(typed) = &change.name {
            changed.name = name(typed)?;
        }
        let ends = change.password.is_some() || change.disabled == Some(true);
        if let Some(password) = change.password {
            long_enough(&password)?;
            changed.password_hash = Some(password::hash(password).await?);
        }
        changed.admin = change.admin.unwrap_or(account.admin);
        changed.disabled = change.disabled.unwrap_or(account.disabled);
        self.store.change_account(&changed).await?;
        if ends {
            self.store
                .end_sessions_and_tokens(&account.id, keep)
                .await?;
        }
        self.of_id(&account.id).await
    }

    /// A page of accounts whose address or name contains `q`, by address, and how many there are in all.
    ///
    /// # Errors
    /// `Store`.
    pub async fn search(
        &self,
        q: &str,
        skip: usize,
        take: usize,
    ) -> Result<(i64, Vec<Account>), AccountError> {
        let (skip, take) = (skip.min(i64::MAX as usize) as i64, take as i64);
        Ok(self.store.accounts(q, skip, take).await?)
    }

    /// Makes a guest's rooms, progress and history the account's: theirs, once they log in.
    ///
    /// # Errors
    /// `Store`.
    pub async fn take_over(&self, account: &Account, guest: &PersonId) -> Result<(), AccountError> {
        Ok(self.store.merge_history(guest, &account.person).await?)
    }

    /// Removes an account with its sessions and tokens, its owner's progress and history.
    ///
    /// # Errors
    /// `Store`.
    pub async fn remove(&self, account: &Account) -> Result<(), AccountError> {
        self.store.remove_account(&account.id).await?;
        Ok(self.store.forget_history(&account.person).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_however_they_are_typed() {
        assert_eq!(
            email(" Ann@Example.ORG ").expect("right"),
            "ann@example.org"
        );
        assert!(email("admin@localhost").is_ok(), "a server at home");
        let long = format!("{}@example.org", "a".repeat(300));
        for bad in [
            "",
            "ann",
            "@example.org",
            "ann@",
            "a b@c.d",
            "a@b@c",
            "a@.d",
            "a@b\n.c",
            "<a@b.c>",
            &long,
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_and_names_have_a_measure() {
        assert!(long_enough("sesame12").is_ok());
        assert!(long_enough("sesame1").is_err());
        assert!(long_enough(&"x".repeat(257)).is_err());
        assert_eq!(name("  Ann \n Lee ").expect("right"), "Ann Lee");
        assert!(name("\u{200b}\u{202e}").is_err());
    }
}
