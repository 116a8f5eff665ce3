//! Chance without randomness: what a rule draws follows from the entry's seed, so that every replica draws the same.
//!
//! The generator is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
//! OOPSLA 2014): one multiplication-xor chain per number, good enough to shuffle a queue, and small enough
//! to stay the same for as long as a log has to replay. A dependency could change its stream with a version.

/// A stream of numbers from a seed.
pub(crate) struct SplitMix64(u64);

impl SplitMix64 {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound` (which is not zero). The bias of the multiplication is below 2^-32 for any list of ours.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

/// Fisher-Yates.
pub(crate) fn shuffle<T>(list: &mut [T], seed: u64) {
    let mut stream = SplitMix64::new(seed);
    for end in (1..list.len()).rev() {
        list.swap(end, stream.below(end + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_that_of_the_paper_and_stays_so() {
        // First numbers for seed 1234567, as published with the reference implementation (Vigna, prng.di.unimi.it).
        let mut stream = SplitMix64::new(1_234_567);
        assert_eq!(stream.next(), 6_457_827_717_110_365_317);
        assert_eq!(stream.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_shuffle_keeps_everything_and_follows_its_seed() {
        let mut list: Vec<u32> = (0..100).collect();
        let mut again = list.clone();
        shuffle(&mut list, 7);
        shuffle(&mut again, 7);
        assert_eq!(list, again);
        assert_ne!(list, (0..100).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..100).collect::<Vec<_>>());
    }
}
