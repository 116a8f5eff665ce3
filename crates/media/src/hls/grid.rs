//! Where segments begin: the one timeline that all renditions of a medium share.
//!
//! A converted rendition has segments of the same number of samples each, counted from zero, so that their
//! beginnings are exact fractions and the same in every rendition, every run of ffmpeg, and every
//! playlist. A copied one can only be cut where its source has keyframes.

/// Beginnings and ends of segments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Grid {
    /// Counted in samples.
    Even(Even),
    /// At keyframes of the source: their times in seconds, rising; the last number is the end.
    Keys(Vec<f64>),
}

/// Segments of `samples` samples of `ticks` ticks each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Even {
    /// Ticks a second.
    pub(crate) timescale: u32,
    /// Ticks of one sample (a frame, or a block of sound).
    pub(crate) ticks: u32,
    /// Samples of one segment.
    pub(crate) samples: u32,
    /// Samples in all.
    pub(crate) total: u64,
}

/// How far a keyframe may be from where it was announced, seconds: containers round to a millisecond.
const TOLERANCE: f64 = 0.0021;

impl Even {
    /// A medium of `duration` seconds in segments of about `segment` seconds.
    pub(crate) fn new(duration: f64, segment: f64, timescale: u32, ticks: u32) -> Self {
        let per_second = f64::from(timescale) / f64::from(ticks);
        Self {
            timescale,
            ticks,
            samples: (segment * per_second).round().max(1.0) as u32,
            // A medium whose last sample is shorter than the others ends with it all the same.
            total: (duration * per_second - 1e-6).ceil().max(1.0) as u64,
        }
    }

    fn count(&self) -> usize {
        let whole = self.total / u64::from(self.samples);
        let rest = self.total % u64::from(self.samples);
        // What remains goes to the last segment if it is hardly anything: players stumble over crumbs.
        let own = rest > u64::from(self.samples / 4) || whole == 0;
        usize::try_from(whole + u64::from(own)).unwrap_or(usize::MAX)
    }

    /// The number of the first sample of segment `n`; for `n` past the last, of what would follow.
    pub(crate) fn first(&self, n: usize) -> u64 {
        if n >= self.count() {
            return self.total;
        }
        n as u64 * u64::from(self.samples)
    }

    fn seconds(&self, sample: u64) -> f64 {
        sample as f64 * f64::from(self.ticks) / f64::from(self.timescale)
    }
}

impl Grid {
    /// Segments at keyframes: of `keys` (seconds, any order) those at least `segment` apart, from zero to `end`.
    /// `None` where there are none, or where a segment would be longer than `longest`.
    pub(crate) fn of_keyframes(
        mut keys: Vec<f64>,
        end: f64,
        segment: f64,
        longest: f64,
    ) -> Option<Self> {
        keys.retain(|key| key.is_finite() && *key < end);
        keys.sort_by(f64::total_cmp);
        let first = keys.first().copied()?;
        // The first picture is shown from zero on, whenever it is due.
        let mut starts = vec![0.0];
        for key in keys {
            let last = starts.last().copied().unwrap_or(0.0);
            if key > first && key - last >= segment - TOLERANCE {
                starts.push(key);
            }
        }
        starts.push(end);
        let fits = starts.windows(2).all(|pair| pair[1] - pair[0] <= longest);
        fits.then_some(Self::Keys(starts))
    }

    /// How many segments.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Even(even) => even.count(),
            Self::Keys(starts) => starts.len() - 1,
        }
    }

    /// When segment `n` begins, seconds; for `n` past the last, when the medium ends.
    pub(crate) fn start(&self, n: usize) -> f64 {
        match self {
            Self::Even(even) => even.seconds(even.first(n)),
            Self::Keys(starts) => starts[n.min(starts.len() - 1)],
        }
    }

    /// The segment that a position lies in.
    pub(crate) fn at(&self, seconds: f64) -> usize {
        let (mut low, mut high) = (0, self.count());
        while high - low > 1 {
            let middle = low.midpoint(high);
            if self.start(middle) <= seconds {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The longest segment, seconds.
    pub(crate) fn longest(&self) -> f64 {
        (0..self.count())
            .map(|n| self.start(n + 1) - self.start(n))
            .fold(0.0, f64::max)
    }

    /// The segment that begins with a sample presented at `pts`, if one does.
    pub(crate) fn beginning_at(&self, pts: i64, timescale: u32) -> Option<usize> {
        let seconds = pts as f64 / f64::from(timescale);
        match self {
            Self::Even(even) => {
                let pts = u64::try_from(pts).ok()?;
                // Exact, where the track counts in our ticks; it does, or the encoder ignored what it was told.
                let ticks = pts.checked_mul(u64::from(even.timescale))?;
                let ticks =
                    (ticks % u64::from(timescale) == 0).then_some(ticks / u64::from(timescale))?;
                let sample = (ticks % u64::from(even.ticks) == 0)
                    .then_some(ticks / u64::from(even.ticks))?;
                let n = usize::try_from(sample / u64::from(even.samples)).ok()?;
                (n < even.count() && even.first(n) == sample).then_some(n)
            }
            Self::Keys(starts) => {
                let n = starts.partition_point(|start| *start < seconds - TOLERANCE);
                let hit = n + 1 < starts.len() && (starts[n] - seconds).abs() <= TOLERANCE;
                hit.then_some(n)
            }
        }
    }

    /// How many samples segment `n` has, where that is known before it is made.
    pub(crate) fn samples(&self, n: usize) -> Option<u64> {
        match self {
            Self::Even(even) => Some(even.first(n + 1) - even.first(n)),
            Self::Keys(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_segments_are_exact_and_end_with_the_medium() {
        let even = Even::new(10.0, 3.0, 24_000, 1001);
        let grid = Grid::Even(even);
        assert_eq!((even.samples, even.total), (72, 240));
        assert_eq!(grid.count(), 4);
        assert_eq!(grid.start(1), 72.0 * 1001.0 / 24_000.0);
        assert_eq!(grid.start(4), 240.0 * 1001.0 / 24_000.0);
        assert_eq!(grid.samples(3), Some(24));
        assert_eq!(grid.beginning_at(72 * 1001, 24_000), Some(1));
        assert_eq!(grid.beginning_at(2 * 72 * 1001, 48_000), Some(1));
        assert_eq!(grid.beginning_at(73 * 1001, 24_000), None);
        assert_eq!(grid.beginning_at(72 * 1001 + 1, 24_000), None);
        assert_eq!(grid.beginning_at(-72 * 1001, 24_000), None);
    }

    #[test]
    fn a_crumb_at_the_end_belongs_to_the_last_segment() {
        let grid = Grid::Even(Even::new(6.2, 3.0, 25, 1));
        assert_eq!((grid.count(), grid.samples(1)), (2, Some(80)));
        assert_eq!(grid.start(2), 6.2);
        let short = Grid::Even(Even::new(0.04, 3.0, 25, 1));
        assert_eq!((short.count(), short.samples(0)), (1, Some(1)));
    }

    #[test]
    fn every_position_lies_in_a_segment() {
        let grid = Grid::Even(Even::new(3600.0, 3.0, 30_000, 1001));
        for n in [0, 1, 500, grid.count() - 1] {
            assert_eq!(grid.at(grid.start(n)), n);
            assert_eq!(grid.at((grid.start(n) + grid.start(n + 1)) / 2.0), n);
        }
        assert_eq!(grid.at(-1.0), 0);
        assert_eq!(grid.at(1e9), grid.count() - 1);
    }

    #[test]
    fn copied_segments_begin_at_keyframes() {
        let keys = vec![0.083, 2.0, 4.0, 6.012, 12.0, 6.012];
        let grid = Grid::of_keyframes(keys, 14.0, 3.0, 20.0).unwrap();
        assert_eq!(grid, Grid::Keys(vec![0.0, 4.0, 12.0, 14.0]));
        assert_eq!(grid.beginning_at(4001, 1000), Some(1));
        assert_eq!(grid.beginning_at(6012, 1000), None);
        assert_eq!(grid.beginning_at(14_000, 1000), None);
        assert_eq!((grid.at(5.0), grid.longest()), (1, 8.0));
        assert_eq!(Grid::of_keyframes(vec![], 14.0, 3.0, 20.0), None);
        assert_eq!(Grid::of_keyframes(vec![0.0], 14.0, 3.0, 10.0), None);
    }
}
