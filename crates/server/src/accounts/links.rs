//! Whose account it is when an OpenID provider vouches for somebody.
use super::{Account, AccountError, Accounts, NewAccount};
use watchalong_room::PersonId;

/// What a provider says of somebody who just logged in there.
#[derive(Clone, Debug)]
pub struct Voucher {
    /// Who says so.
    pub issuer: String,
    /// Their name for this person, for ever.
    pub subject: String,
    /// Their address, where it is told.
    pub email: Option<String>,
    /// Whether the provider knows that it is theirs.
    pub email_verified: bool,
    /// What they are called, where it is told.
    pub name: Option<String>,
}

/// How an account was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// By an earlier login.
    Linked,
    /// By the address: linked from now on.
    ByEmail,
    /// It was not there.
    Made,
}

impl Accounts {
    /// The account of somebody whom the provider vouches for: the one that is linked to them, else the one with
    /// their verified address that is linked to nobody, else a new one as far as people may sign up. A guest is
    /// taken over as at any login.
    ///
    /// An account that is found by its address loses its password and its sessions: nobody ever proved here that the
    /// address was theirs, so that whoever typed it first (to lie in wait for its owner) is out from then on.
    ///
    /// # Errors
    /// `Disabled`, `NoEmail`, `EmailTaken`; [`AccountError`] of a sign-up.
    pub async fn vouched(
        &self,
        voucher: &Voucher,
        guest: Option<PersonId>,
        invite: Option<&str>,
    ) -> Result<(Account, Found), AccountError> {
        let known = self.linked(voucher).await?;
        let known = match known {
            Some(account) => Some((account, Found::Linked)),
            None => self.link_by_email(voucher).await?,
        };
        if let Some((account, found)) = known {
            if account.disabled {
                return Err(AccountError::Disabled);
            }
            if let Some(guest) = guest {
                self.take_over(&account, &guest).await?;
            }
            return Ok((account, found));
        }
        let email = voucher.email.clone().ok_or(AccountError::NoEmail)?;
        let local = email.split('@').next().unwrap_or_default().to_owned();
        let new = NewAccount {
            name: voucher.name.clone().unwrap_or(local),
            email,
            password: None,
            admin: false,
            guest,
        };
        match self.sign_up_linked(new, invite, voucher).await {
            // Two answers of one person side by side: the other one was first.
            Err(AccountError::EmailTaken) => match self.linked(voucher).await? {
                Some(account) if !account.disabled => Ok((account, Found::Linked)),
                _ => Err(AccountError::EmailTaken),
            },
            made => Ok((made?, Found::Made)),
        }
    }

    async fn linked(&self, voucher: &Voucher) -> Result<Option<Account>, AccountError> {
        let found = self
            .store
            .account_of_link(&voucher.issuer, &voucher.subject);
        Ok(found.await?)
    }

    async fn link_by_email(
        &self,
        voucher: &Voucher,
    ) -> Result<Option<(Account, Found)>, AccountError> {
        let Some(email) = voucher.email.as_ref().filter(|_| voucher.email_verified) else {
            return Ok(None);
        };
        let Some(account) = self.of_email(email).await? else {
            return Ok(None);
        };
        if account.disabled {
            return Err(AccountError::Disabled);
        }
        if !self.store.link_account(&account.id, voucher).await? {
            return Err(AccountError::EmailTaken);
        }
        Ok(Some((self.of_id(&account.id).await?, Found::ByEmail)))
    }
}
