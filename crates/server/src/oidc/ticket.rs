//! What a browser holds while its person is at the provider: signed by us, so that nothing has to be stored.
use crate::secret::Signer;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Long enough to find one's second factor.
pub const TICKET_LASTS: Duration = Duration::from_secs(600);
/// Tickets that are remembered as used; when more are, the memory starts anew, and the provider alone (which takes a
/// code once) stands against replays. 10,000 logins in ten minutes are an attack.
const MOST_USED: usize = 10_000;

/// What a login is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Errand {
    /// The path to go to at the end.
    pub next: String,
    /// The token of the guest whom the account takes over.
    pub guest: Option<String>,
    /// The token of an invitation.
    pub invite: Option<String>,
}

/// One login under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ticket {
    pub(super) errand: Errand,
    pub(super) state: String,
    pub(super) nonce: String,
    /// Of PKCE: who has the code but not this gets no token.
    pub(super) verifier: String,
    /// ms since the Unix epoch.
    pub(super) until: i64,
}

impl Ticket {
    pub(super) fn seal(&self, signer: &Signer) -> String {
        signer.login_ticket(&serde_json::to_vec(self).expect("plain texts are JSON"))
    }

    pub(super) fn open(cookie: &str, signer: &Signer) -> Option<Self> {
        serde_json::from_slice(&signer.login_of(cookie)?).ok()
    }
}

/// The states of tickets that had their answer, until they would have ended.
#[derive(Default)]
pub(super) struct Used(Mutex<HashMap<String, i64>>);

impl Used {
    /// Whether this ticket was not used before.
    pub(super) fn first(&self, ticket: &Ticket, now: i64) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| *until > now);
        if used.len() >= MOST_USED {
            used.clear();
        }
        used.insert(ticket.state.clone(), ticket.until).is_none()
    }
}
