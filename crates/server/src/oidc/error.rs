//! Why a login by the provider failed. The page shows its own sentence for each code; these are for the log.

/// Why a login by the provider failed.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// No provider is set.
    #[error("This server has no OpenID provider. Set `oidc-issuer` and `oidc-client-id`.")]
    Off,
    /// Not a page of ours.
    #[error("`next` must be a path of this server's own pages.")]
    BadNext,
    /// The provider does not answer as one.
    #[error("The OpenID provider cannot be used now: {0}.")]
    Unreachable(String),
    /// Too late, a second time, or in another browser.
    #[error("This login was begun too long ago, in another browser, or is over already.")]
    Expired,
    /// The answer to somebody else's question.
    #[error("The provider's answer does not belong to the login that this browser began.")]
    State,
    /// The provider, or the person there, said no.
    #[error("The provider did not log them in: {0}.")]
    Refused(String),
    /// The code was not exchanged for tokens.
    #[error("The provider did not take the code: {0}.")]
    Code(String),
    /// The ID token proves nothing.
    #[error("The provider's ID token is not good: {0}.")]
    Token(String),
}

impl OidcError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Off => "oidc_off",
            Self::BadNext => "oidc_bad_next",
            Self::Unreachable(_) => "oidc_unreachable",
            Self::Expired => "oidc_expired",
            Self::State => "oidc_state",
            Self::Refused(_) => "oidc_refused",
            Self::Code(_) => "oidc_code",
            Self::Token(_) => "oidc_token",
        }
    }
}
