//! How a link treats bytes, as a pure function of time: no sockets and no clock, so that delay,
//! rate and stalls can be checked exactly.
//!
//! A [`Direction`] is one way of one link. Everything that crosses it shares one line: bytes wait
//! for those before them ([`Profile::rate`]), nothing leaves during a stall, and what left arrives
//! after delay and jitter. Times are spans since the link began.

use std::time::Duration;

/// How often the jitter takes a new value. Real jitter comes from queues that fill and drain over
/// tens of milliseconds; a fresh value for each chunk would, as order is kept, become a constant.
const JITTER_STEP: Duration = Duration::from_millis(50);

/// Now and then nothing gets through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stalls {
    /// Shortest and longest span from the end of one stall to the next.
    pub every: (Duration, Duration),
    /// Shortest and longest stall.
    pub last: (Duration, Duration),
}

/// What kind of link this is. Delay, jitter and rate hold in each direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name in reports.
    pub name: String,
    /// From one end to the other, one way.
    pub delay: Duration,
    /// The delay wanders between `delay - jitter` and `delay + jitter`.
    pub jitter: Duration,
    /// Bits a second; none: as fast as the machine.
    pub rate: Option<u64>,
    /// Times when nothing gets through, the same for both directions.
    pub stalls: Option<Stalls>,
}

impl Profile {
    /// The names that [`Profile::named`] knows.
    pub const NAMES: [&'static str; 3] = ["lan", "near", "far"];

    /// A preset: `lan` (1 ms), `near` (40±10 ms), `far` (120±40 ms, 8 Mbit/s, a stall of 0.3 to
    /// 0.9 s every 8 to 16 s). The delays are one way: the round trip is twice as long.
    pub fn named(name: &str) -> Option<Profile> {
        let ms = Duration::from_millis;
        let (delay, jitter, rate, stalls) = match name {
            "lan" => (ms(1), ms(0), None, None),
            "near" => (ms(40), ms(10), None, None),
            "far" => {
                let stalls = Stalls {
                    every: (ms(8000), ms(16000)),
                    last: (ms(300), ms(900)),
                };
                (ms(120), ms(40), Some(8_000_000), Some(stalls))
            }
            _ => return None,
        };
        Some(Profile {
            name: name.to_owned(),
            delay,
            jitter,
            rate,
            stalls,
        })
    }
}

/// One way of one link, shared by all connections that cross it.
#[derive(Debug)]
pub struct Direction {
    profile: Profile,
    jitter_seed: u64,
    stalls: fastrand::Rng,
    /// The stall that is on or comes next.
    stall: Option<(Duration, Duration)>,
    /// When the line has sent everything given to it so far.
    free: Duration,
}

/// When a chunk leaves the queue and when it comes out at the other end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passage {
    /// Its last bit is on the line.
    pub left: Duration,
    /// It is there. Chunks of one connection may not overtake each other: the caller keeps their
    /// order by never delivering earlier than the chunk before.
    pub arrives: Duration,
}

impl Direction {
    /// A direction of a link. Links of one seed stall at the same times; `way` (0 or 1) sets the
    /// two directions' jitter apart.
    pub fn new(profile: Profile, seed: u64, way: u64) -> Direction {
        let mut stalls = fastrand::Rng::with_seed(seed);
        let stall = profile
            .stalls
            .map(|plan| next_stall(&mut stalls, plan, Duration::ZERO));
        let jitter_seed = seed.wrapping_mul(2).wrapping_add(way);
        Direction {
            profile,
            jitter_seed,
            stalls,
            stall,
            free: Duration::ZERO,
        }
    }

    /// Takes `bytes` in at `at`. Calls must come in the order of `at`.
    pub fn pass(&mut self, at: Duration, bytes: usize) -> Passage {
        let mut left = self.after_stall(at.max(self.free));
        if let Some(rate) = self.profile.rate {
            left += Duration::from_secs_f64(bytes as f64 * 8.0 / rate as f64);
            self.free = left;
        }
        Passage {
            left,
            arrives: left + self.delay_at(left),
        }
    }

    /// `at`, or the end of the stall it falls into.
    fn after_stall(&mut self, at: Duration) -> Duration {
        while let (Some((from, to)), Some(plan)) = (self.stall, self.profile.stalls) {
            if at < from {
                break;
            }
            if at < to {
                return to;
            }
            self.stall = Some(next_stall(&mut self.stalls, plan, to));
        }
        at
    }

    fn delay_at(&self, at: Duration) -> Duration {
        let step = (at.as_millis() / JITTER_STEP.as_millis()) as u64;
        let seed = self.jitter_seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ step;
        let swing = fastrand::Rng::with_seed(seed).f64() * 2.0;
        let least = self.profile.delay.saturating_sub(self.profile.jitter);
        least + self.profile.jitter.mul_f64(swing)
    }
}

fn next_stall(random: &mut fastrand::Rng, plan: Stalls, after: Duration) -> (Duration, Duration) {
    let mut between = |(least, most): (Duration, Duration)| {
        least + most.saturating_sub(least).mul_f64(random.f64())
    };
    let from = after + between(plan.every);
    (from, from + between(plan.last))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn far() -> Direction {
        Direction::new(Profile::named("far").unwrap(), 7, 0)
    }

    #[test]
    fn delay_stays_within_the_jitter_and_uses_all_of_it() {
        let mut near = Direction::new(Profile::named("near").unwrap(), 7, 0);
        let delays: Vec<Duration> = (0..2000)
            .map(|i| 10 * MS * i)
            .map(|at| near.pass(at, 100).arrives - at)
            .collect();
        let (least, most) = (*delays.iter().min().unwrap(), *delays.iter().max().unwrap());
        assert!(least >= 30 * MS && least < 32 * MS, "{least:?}");
        assert!(most <= 50 * MS && most > 48 * MS, "{most:?}");
    }

    #[test]
    fn a_megabyte_takes_as_long_as_the_rate_says() {
        let mut line = Profile::named("far").unwrap();
        line.stalls = None;
        let mut line = Direction::new(line, 7, 0);
        let last = (0..100)
            .map(|_| line.pass(Duration::ZERO, 10_000).left)
            .last()
            .unwrap();
        assert!(last.abs_diff(Duration::from_secs(1)) < MS, "{last:?}");
    }

    #[test]
    fn connections_share_the_line() {
        let mut line = far();
        let first = line.pass(Duration::ZERO, 100_000).left;
        let other = line.pass(Duration::ZERO, 10).left;
        assert!(other > first);
    }

    #[test]
    fn nothing_leaves_during_a_stall_and_stalls_come_as_planned() {
        let mut line = far();
        let mut stalls = Vec::new();
        for at in (0..600_000).map(|i| MS * i) {
            let wait = line.pass(at, 1).left - at;
            if wait > 10 * MS && stalls.last().is_none_or(|&(end, _)| at > end) {
                stalls.push((at + wait, wait));
            }
        }
        assert!(
            (33..=75).contains(&stalls.len()),
            "{} stalls in ten minutes",
            stalls.len()
        );
        assert!(
            stalls
                .iter()
                .all(|&(_, long)| long <= 901 * MS && long >= 290 * MS)
        );
        let gaps = stalls
            .windows(2)
            .map(|pair| pair[1].0 - pair[1].1 - pair[0].0);
        assert!(
            gaps.into_iter()
                .all(|gap| gap >= 7990 * MS && gap <= 16010 * MS)
        );
    }

    #[test]
    fn both_ways_stall_together_and_the_same_seed_repeats() {
        let profile = Profile::named("far").unwrap();
        let (mut there, mut back) = (
            Direction::new(profile.clone(), 3, 0),
            Direction::new(profile.clone(), 3, 1),
        );
        let mut again = Direction::new(profile, 3, 0);
        for at in (0..60_000).map(|i| MS * i) {
            let passage = there.pass(at, 1);
            assert_eq!(passage.left, back.pass(at, 1).left);
            assert_eq!(passage, again.pass(at, 1));
        }
    }
}
