//! Passwords: hashed and checked with Argon2id, never on the runtime's threads and never many at once.
//!
//! Argon2 is made to be slow and to fill memory (19 MiB a hash at the recommended cost), so a
//! crowd of guesses must wait in line instead of taking the machine.
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

/// Longest password that is hashed; a longer one would be an attack.
pub const MAX_BYTES: usize = 256;
/// Hashes at once: one leaves the other cores to the rooms even on the smallest machine.
static LINE: Semaphore = Semaphore::const_new(1);

async fn in_line<T: Send + 'static>(
    work: impl FnOnce() -> Option<T> + Send + 'static,
) -> Option<T> {
    let _place = LINE.acquire().await.ok()?;
    tokio::task::spawn_blocking(work).await.ok().flatten()
}

/// The hash to keep of a password; `None` where it is longer than [`MAX_BYTES`].
pub async fn hash(password: String) -> Option<String> {
    if password.len() > MAX_BYTES {
        return None;
    }
    in_line(move || {
        let hash = Argon2::default().hash_password(password.as_bytes()).ok()?;
        Some(hash.to_string())
    })
    .await
}

/// Whether this is the password of which `hash` was kept.
pub async fn is_right(password: String, hash: String) -> bool {
    password.len() <= MAX_BYTES
        && in_line(move || {
            let right = Argon2::default().verify_password(password.as_bytes(), hash.as_str());
            right.is_ok().then_some(())
        })
        .await
        .is_some()
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn only_the_right_password_fits_its_hash() {
        let kept = super::hash("sesame".to_owned()).await.expect("hashed");
        assert!(kept.starts_with("$argon2id$"));
        assert!(super::is_right("sesame".to_owned(), kept.clone()).await);
        assert!(!super::is_right("Sesame".to_owned(), kept.clone()).await);
        assert!(!super::is_right("x".repeat(10_000), kept).await);
        assert_eq!(super::hash("x".repeat(10_000)).await, None);
    }
}
