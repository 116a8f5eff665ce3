//! Limits that are told as they run: sliding windows, exact to the call, for each user by themselves.
//!
//! For interfaces whose documents promise them, with their headers; the server's own limits are rates. Kept in memory. A call
//! that comes to nothing is given back.
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Users that one window remembers, 10 MiB at most. Past it those are forgotten whose calls have all passed, and else
/// anybody: who has so many accounts at hand is not held by a limit per account.
const USERS: usize = 20_000;

/// Where a user stands in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    limit: usize,
    remaining: usize,
    /// Until the oldest call leaves the window.
    pub reset: Duration,
}

impl Standing {
    /// Says it in headers.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let reset = self.reset.as_millis().div_ceil(1000) as u64;
        for (name, value) in [
            ("x-ratelimit-limit", self.limit as u64),
            ("x-ratelimit-remaining", self.remaining as u64),
            ("x-ratelimit-reset", reset),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

/// One limit.
#[derive(Debug)]
pub struct Window {
    most: usize,
    span: Duration,
    calls: Mutex<HashMap<String, VecDeque<Instant>>>,
}

impl Window {
    /// So many in any stretch of this length.
    pub fn new(most: usize, span: Duration) -> Self {
        Self {
            most,
            span,
            calls: Mutex::default(),
        }
    }

    /// Counts a call.
    ///
    /// # Errors
    /// Where it is one too many; then it is not counted.
    pub fn take(&self, user: &str) -> Result<Standing, Standing> {
        let now = Instant::now();
        let mut users = self.lock();
        if users.len() >= USERS && !users.contains_key(user) {
            let over = |calls: &VecDeque<Instant>| {
                calls.back().is_none_or(|last| *last + self.span <= now)
            };
            users.retain(|_, calls| !over(calls));
            if users.len() >= USERS
                && let Some(any) = users.keys().next().cloned()
            {
                users.remove(&any);
            }
        }
        let calls = users.entry(user.to_owned()).or_default();
        while calls.front().is_some_and(|first| *first + self.span <= now) {
            calls.pop_front();
        }
        let full = calls.len() >= self.most;
        if !full {
            calls.push_back(now);
        }
        let oldest = calls.front().copied().unwrap_or(now);
        let standing = Standing {
            limit: self.most,
            remaining: self.most - calls.len(),
            reset: (oldest + self.span).saturating_duration_since(now),
        };
        if full { Err(standing) } else { Ok(standing) }
    }

    /// The last call came to nothing.
    pub fn give_back(&self, user: &str) {
        if let Some(calls) = self.lock().get_mut(user) {
            calls.pop_back();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Instant>>> {
        // Nothing in there can be left half done.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_window_slides_and_counts_each_user_by_themselves() {
        let window = Window::new(3, MINUTE);
        for remaining in [2, 1, 0] {
            let standing = window.take("ann").expect("within");
            assert_eq!(standing.remaining, remaining);
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        let wait = window.take("ann").expect_err("too many").reset;
        assert_eq!(wait, Duration::from_secs(30));
        assert!(window.take("ben").is_ok());
        tokio::time::advance(wait).await;
        assert!(window.take("ann").is_ok());
        assert!(window.take("ann").is_err(), "the second is 40 s old");
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_to_nothing_is_given_back_and_memory_is_bounded() {
        let window = Window::new(1, MINUTE);
        for _ in 0..5 {
            window.take("ann").expect("the one before was given back");
            window.give_back("ann");
        }
        for user in 0..USERS + 100 {
            let _ = window.take(&user.to_string());
        }
        assert!(window.lock().len() <= USERS);
    }
}
