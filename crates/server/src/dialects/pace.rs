//! How fast a client may speak: a token bucket for each kind of thing that it can send.
use tokio::time::Instant;

/// How often something may happen.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// In the long run.
    pub per_second: f64,
    /// At once, after a quiet time.
    pub burst: f64,
}

/// A token bucket.
#[derive(Debug)]
pub struct Bucket {
    pace: Pace,
    level: f64,
    at: Instant,
}

impl Bucket {
    /// Full.
    pub fn new(pace: Pace) -> Self {
        Self {
            pace,
            level: pace.burst,
            at: Instant::now(),
        }
    }

    /// Takes one, where there is one.
    pub fn take(&mut self) -> bool {
        let now = Instant::now();
        let gained = (now - self.at).as_secs_f64() * self.pace.per_second;
        self.level = (self.level + gained).min(self.pace.burst);
        self.at = now;
        let enough = self.level >= 1.0;
        if enough {
            self.level -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_the_pace_holds() {
        let mut bucket = Bucket::new(Pace {
            per_second: 2.0,
            burst: 5.0,
        });
        assert_eq!((0..10).filter(|_| bucket.take()).count(), 5);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!((0..10).filter(|_| bucket.take()).count(), 4);
    }
}
