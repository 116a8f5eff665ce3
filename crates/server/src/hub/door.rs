//! What somebody brings to a room's door besides its code: the host's key, an invitation, a password.
//!
//! Checked here for every wire format alike, so that nobody guesses faster by one of them than by another. What a
//! proof is worth in this room is the room's to say; here is only whether it is one.
use super::{Hub, RoomHandle};
use crate::limits::Key;
use crate::password::{self, PasswordError};
use std::net::IpAddr;
use std::time::Duration;
use watchalong_room::Grant;

/// Why what was brought was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// The address has guessed too often; it may again after this.
    #[error("Too many tries in a short time. Wait a little.")]
    TooMany(Duration),
    /// The password can't be checked (now).
    #[error(transparent)]
    Password(#[from] PasswordError),
}

impl Hub {
    /// What a password proves: nothing where the room has none, or none was given.
    ///
    /// # Errors
    /// [`DoorError`].
    pub async fn password_grant(
        &self,
        room: &RoomHandle,
        given: Option<String>,
        from: IpAddr,
    ) -> Result<Grant, DoorError> {
        let (Some(given), Some(hash)) = (given, room.password_hash()) else {
            return Ok(Grant::None);
        };
        // Counted before it is checked, so that guesses side by side are no way around; given back where it was right,
        // or nothing was learned.
        let (guess, from) = (&self.limits.guess, Key::from(from));
        guess.take(from).map_err(DoorError::TooMany)?;
        let right = password::is_right(given, Some(hash)).await;
        if !matches!(right, Ok(false)) {
            guess.give_back(&[from]);
        }
        Ok(match right? {
            true => Grant::Password,
            false => Grant::WrongPassword,
        })
    }

    /// What a secret of whatever kind proves, for clients that have one field for it.
    ///
    /// # Errors
    /// [`DoorError`].
    pub async fn secret_grant(
        &self,
        room: &RoomHandle,
        secret: &str,
        from: IpAddr,
    ) -> Result<Grant, DoorError> {
        let secret = secret.trim();
        if room.is_host_key(secret) {
            return Ok(Grant::Host);
        }
        if let Some(invite) = self.signer.invite_of(room.code().as_str(), secret) {
            return Ok(Grant::Invite(invite));
        }
        let given = Some(secret.to_owned()).filter(|secret| !secret.is_empty());
        self.password_grant(room, given, from).await
    }
}
