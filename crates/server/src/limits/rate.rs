//! How often something may happen, as an operator writes it: `10/min`.
use std::time::Duration;

/// So many times in a span; also so many at once after a quiet time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At least 1.
    pub count: u32,
    /// Of this long.
    pub per: Duration,
}

/// The spans that can be named, and how long they are in seconds.
const SPANS: [(&str, u64); 4] = [("s", 1), ("min", 60), ("hour", 3600), ("day", 86_400)];
/// More than any machine answers in a second; it keeps the arithmetic far from its ends.
const MAX_COUNT: u32 = 1_000_000;

impl Rate {
    /// Reads `COUNT/SPAN`.
    pub fn parse(text: &str) -> Option<Self> {
        let (count, span) = text.split_once('/')?;
        let count = count.trim().parse().ok()?;
        let (_, seconds) = SPANS.into_iter().find(|(name, _)| *name == span.trim())?;
        (1..=MAX_COUNT).contains(&count).then_some(Self {
            count,
            per: Duration::from_secs(seconds),
        })
    }

    /// After how long the next one is earned.
    pub fn interval(self) -> Duration {
        self.per / self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_people_write_them() {
        let rate = |count, seconds| {
            Some(Rate {
                count,
                per: Duration::from_secs(seconds),
            })
        };
        assert_eq!(Rate::parse("10/min"), rate(10, 60));
        assert_eq!(Rate::parse("3 / s"), rate(3, 1));
        assert_eq!(Rate::parse("5/hour"), rate(5, 3600));
        assert_eq!(Rate::parse("1/day"), rate(1, 86_400));
        for bad in [
            "",
            "10",
            "10/",
            "0/min",
            "-1/min",
            "10/minute",
            "x/s",
            "9999999999/s",
        ] {
            assert_eq!(Rate::parse(bad), None, "{bad}");
        }
    }
}
