//! What can be wrong with an account's request, in words.
use crate::password::PasswordError;
use crate::store::StoreError;

/// Why an account was not made, changed or opened.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The operator wants no new accounts.
    #[error("Nobody can sign up on this server. Ask its administrator for an account.")]
    SignUpClosed,
    /// Only who was invited.
    #[error("Signing up here needs an invitation. Ask the server's administrator for one.")]
    InviteNeeded,
    /// Used, expired, for another address, or never made.
    #[error(
        "This invitation is not good: it was used, has expired, or is for another address. Ask for a new one."
    )]
    BadInvite,
    /// There is an account with this address.
    #[error("There is an account with this e-mail address already. Log in instead.")]
    EmailTaken,
    /// Not an address.
    #[error(
        "This is no e-mail address. It should look like ann@example.org, with at most 254 characters."
    )]
    BadEmail,
    /// Too short or too long.
    #[error("A password has 8 to 256 bytes.")]
    BadPassword,
    /// Nothing of the name can be seen.
    #[error("This name has no letters that can be seen. Choose another.")]
    BadText,
    /// Whichever part it was.
    #[error("The e-mail address or the password is wrong.")]
    WrongCredentials,
    /// An administrator closed it.
    #[error("This account is disabled. Ask the server's administrator.")]
    Disabled,
    /// An account needs an address, and the provider tells none.
    #[error("The provider told no e-mail address, which an account here needs.")]
    NoEmail,
    /// There is no such account.
    #[error("There is no such account.")]
    NotFound,
    /// The password could not be checked now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccountError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SignUpClosed => "sign_up_closed",
            Self::InviteNeeded => "invite_needed",
            Self::BadInvite => "bad_invite",
            Self::EmailTaken => "email_taken",
            Self::BadEmail => "bad_email",
            Self::BadPassword => "bad_password",
            Self::BadText => "bad_text",
            Self::WrongCredentials => "wrong_credentials",
            Self::Disabled => "account_disabled",
            Self::NoEmail => "oidc_no_email",
            Self::NotFound => "account_not_found",
            Self::Password(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}
