//! Passwords: hashed and checked with Argon2id, one at a time, on a thread that yields to everything else.
//!
//! Argon2 is made to be slow and to fill memory (19 MiB a hash at the recommended cost), so a crowd of guesses must
//! wait in line instead of taking the machine; and the line is short, because who waits longer is answered better
//! by "later". The thread runs at the lowest priority: a login may take longer, a room's events may not.
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use std::sync::OnceLock;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;
use thread_priority::ThreadPriority;
use tokio::sync::oneshot;

/// Longest password that is hashed; a longer one would be an attack.
pub const MAX_BYTES: usize = 256;
/// Who may wait: about a second and a half at 25 to 50 ms a hash.
const LINE: usize = 32;
/// When the line is likely to be shorter.
pub const BUSY_FOR: Duration = Duration::from_secs(2);
/// Of no password: its tag is random. Checking against it costs what a check costs.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LWhhcy10aGlzIQ$7v8k1q9cC0m3Q2sW4hY6tJ5uR8aZ1xE0bN7fL3dK9oU";

/// Why a password was not hashed or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Longer than [`MAX_BYTES`].
    #[error("A password has at most {MAX_BYTES} bytes.")]
    TooLong,
    /// Too many wait already.
    #[error("Too many passwords are being checked right now. Try again in a moment.")]
    Busy,
}

impl PasswordError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "bad_password",
            Self::Busy => "busy",
        }
    }

    /// The status that tells so over HTTP.
    pub fn status(self) -> u16 {
        match self {
            Self::TooLong => 400,
            Self::Busy => 503,
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// The line before the one thread, which lives as long as the process.
fn line() -> &'static SyncSender<Job> {
    static THREAD: OnceLock<SyncSender<Job>> = OnceLock::new();
    THREAD.get_or_init(|| {
        let (line, jobs) = sync_channel::<Job>(LINE);
        let work = move || {
            // Where the system does not let us, it runs as it is: slower rooms under a storm of logins, nothing worse.
            if let Err(error) = thread_priority::set_current_thread_priority(ThreadPriority::Min) {
                tracing::debug!(?error, "passwords are hashed at ordinary priority");
            }
            for job in jobs {
                job();
            }
        };
        std::thread::Builder::new()
            .name("passwords".to_owned())
            .spawn(work)
            .expect("a thread can be started");
        line
    })
}

async fn in_line<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PasswordError> {
    let (tell, told) = oneshot::channel();
    let job: Job = Box::new(move || {
        // Who hung up meanwhile costs nothing.
        if !tell.is_closed() {
            let _ = tell.send(work());
        }
    });
    line().try_send(job).map_err(|_| PasswordError::Busy)?;
    told.await.map_err(|_| PasswordError::Busy)
}

/// The hash to keep of a password.
///
/// # Errors
/// [`PasswordError`].
pub async fn hash(password: String) -> Result<String, PasswordError> {
    if password.len() > MAX_BYTES {
        return Err(PasswordError::TooLong);
    }
    in_line(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .expect("Argon2id takes any password of this length")
            .to_string()
    })
    .await
}

/// Whether this is the password of which `hash` was kept. Without a hash it takes as long, and is not.
///
/// # Errors
/// [`PasswordError::Busy`].
pub async fn is_right(password: String, hash: Option<String>) -> Result<bool, PasswordError> {
    if password.len() > MAX_BYTES {
        return Ok(false);
    }
    in_line(move || {
        let kept = hash.as_deref().unwrap_or(NOBODYS);
        let right = Argon2::default().verify_password(password.as_bytes(), kept);
        right.is_ok() && hash.is_some()
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use tokio::task::JoinSet;

    async fn check(password: &str, kept: Option<&str>) -> Result<bool, PasswordError> {
        is_right(password.to_owned(), kept.map(str::to_owned)).await
    }

    /// One test, because there is one line in a process.
    #[tokio::test]
    async fn right_and_wrong_and_nobodys_and_too_many() {
        let kept = hash("sesame".to_owned()).await.expect("hashed");
        assert!(kept.starts_with("$argon2id$"));
        assert_eq!(check("sesame", Some(&kept)).await, Ok(true));
        assert_eq!(check(&"x".repeat(10_000), Some(&kept)).await, Ok(false));
        assert_eq!(check("sesame", Some("nonsense")).await, Ok(false));
        assert_eq!(hash("x".repeat(10_000)).await, Err(PasswordError::TooLong));

        let started = Instant::now();
        assert_eq!(check("Sesame", Some(&kept)).await, Ok(false));
        let real = started.elapsed();
        let started = Instant::now();
        assert_eq!(check("Sesame", None).await, Ok(false));
        let nobodys = started.elapsed();
        // A hash that is not even computed takes microseconds.
        assert!(nobodys > real / 4, "{nobodys:?} against {real:?}");

        let mut crowd = JoinSet::new();
        for _ in 0..LINE + 8 {
            crowd.spawn(is_right("guess".to_owned(), None));
        }
        let answers: Vec<_> = crowd.join_all().await;
        let busy = answers
            .iter()
            .filter(|a| **a == Err(PasswordError::Busy))
            .count();
        assert!((1..=8).contains(&busy), "{busy} turned away");
        assert_eq!(
            answers.iter().filter(|a| **a == Ok(false)).count(),
            answers.len() - busy
        );
    }
}
