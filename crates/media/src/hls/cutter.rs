//! From samples to segments: where one ends and the next begins, by the grid.
//!
//! Nothing is trusted to be where the encoder was told to put it: a segment that would begin anywhere else than
//! the playlist says is an error, never a segment.

use bytes::Bytes;

use super::fragments::Sample;
use super::grid::Grid;
use super::segment;
use std::sync::Arc;

/// The most bytes of one segment. 10 s of 80 Mbit/s, which is more than any disc has.
const MAX_SEGMENT: usize = 128 << 20;

/// A finished segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Which.
    pub(crate) number: usize,
    pub(crate) bytes: Bytes,
}

/// Why samples can't become segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Uncut {
    #[error("the encoder put a keyframe where no segment begins, or left one out")]
    Misaligned,
    #[error("a segment would be larger than {} MB", MAX_SEGMENT >> 20)]
    TooLarge,
}

/// Cuts the samples of one run.
#[derive(Debug)]
pub(crate) struct Cutter {
    grid: Arc<Grid>,
    timescale: u32,
    /// The segment being gathered, or to be gathered next.
    next: usize,
    samples: Vec<Sample>,
    bytes: usize,
}

impl Cutter {
    /// For a run that begins with segment `first`.
    pub(crate) fn new(grid: Arc<Grid>, timescale: u32, first: usize) -> Self {
        Self {
            grid,
            timescale,
            next: first,
            samples: Vec::new(),
            bytes: 0,
        }
    }

    /// Whether there is nothing left to make.
    pub(crate) fn done(&self) -> bool {
        self.next >= self.grid.count()
    }

    /// Takes the next sample in decoding order; gives the segment that it completes.
    pub(crate) fn push(&mut self, sample: Sample) -> Result<Option<Cut>, Uncut> {
        if self.done() {
            return Ok(None);
        }
        let mut cut = None;
        if self.samples.is_empty() {
            // An encoder's first blocks of sound lie before what was asked for.
            if !self.begins(&sample)? {
                return Ok(None);
            }
        } else if self.grid.samples(self.next).is_none()
            && sample.sync
            && self.grid.beginning_at(sample.pts(), self.timescale) == Some(self.next + 1)
        {
            cut = Some(self.cut());
        }
        self.bytes += sample.data.len();
        if self.bytes > MAX_SEGMENT {
            return Err(Uncut::TooLarge);
        }
        self.samples.push(sample);
        if self.grid.samples(self.next) == Some(self.samples.len() as u64) {
            cut = Some(self.cut());
        }
        Ok(cut)
    }

    /// The source is over: what was gathered is the last segment.
    pub(crate) fn end(&mut self) -> Option<Cut> {
        (!self.samples.is_empty()).then(|| self.cut())
    }

    /// Whether the segment awaited begins with this sample.
    fn begins(&self, sample: &Sample) -> Result<bool, Uncut> {
        let at = self.grid.beginning_at(sample.pts(), self.timescale);
        let counted = self.grid.samples(self.next).is_some();
        match at {
            Some(at) if at == self.next && sample.sync => Ok(true),
            // A copied medium begins with whatever comes first.
            _ if !counted && self.next == 0 => Ok(sample.sync),
            _ if self.before(sample) => Ok(false),
            _ => Err(Uncut::Misaligned),
        }
    }

    fn before(&self, sample: &Sample) -> bool {
        let seconds = sample.pts() as f64 / f64::from(self.timescale);
        // A quarter of a frame: rounding, and still surely another sample.
        seconds < self.grid.start(self.next) - 0.004
    }

    fn cut(&mut self) -> Cut {
        let samples = std::mem::take(&mut self.samples);
        self.bytes = 0;
        let number = self.next;
        self.next += 1;
        let from = (number == 0).then_some(0);
        let sequence = u32::try_from(number).unwrap_or(u32::MAX - 1) + 1;
        Cut {
            number,
            bytes: segment::write(sequence, &samples, from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::grid::Even;
    use super::*;

    fn sample(pts: i64, sync: bool) -> Sample {
        Sample {
            dts: pts,
            shift: 0,
            duration: 1,
            sync,
            data: Bytes::from_static(b"x"),
        }
    }

    fn even() -> Arc<Grid> {
        Arc::new(Grid::Even(Even {
            timescale: 10,
            ticks: 1,
            samples: 3,
            total: 8,
        }))
    }

    #[test]
    fn a_segment_is_complete_with_its_last_sample() {
        let mut cutter = Cutter::new(even(), 10, 1);
        let mut made = Vec::new();
        // The first two are what an encoder of sound begins with.
        for (pts, sync) in [
            (1, true),
            (2, true),
            (3, true),
            (4, false),
            (5, false),
            (6, true),
        ] {
            made.extend(cutter.push(sample(pts, sync)).unwrap());
        }
        assert_eq!(made.iter().map(|cut| cut.number).collect::<Vec<_>>(), [1]);
        assert_eq!(cutter.push(sample(7, false)).unwrap().unwrap().number, 2);
        assert!(cutter.done());
        assert_eq!(cutter.push(sample(8, true)).unwrap(), None);
    }

    #[test]
    fn a_keyframe_in_the_wrong_place_is_an_error() {
        let mut cutter = Cutter::new(even(), 10, 1);
        assert_eq!(cutter.push(sample(4, true)), Err(Uncut::Misaligned));
        let mut cutter = Cutter::new(even(), 10, 0);
        for pts in 0..3 {
            cutter.push(sample(pts, pts == 0)).unwrap();
        }
        assert_eq!(cutter.push(sample(3, false)), Err(Uncut::Misaligned));
    }

    #[test]
    fn copied_samples_are_cut_at_the_announced_keyframes() {
        let grid = Arc::new(Grid::Keys(vec![0.0, 4.0, 9.0]));
        let mut cutter = Cutter::new(grid, 1000, 0);
        let mut made = Vec::new();
        for (pts, sync) in [
            (83, true),
            (2000, true),
            (3900, false),
            (4000, true),
            (8900, false),
        ] {
            made.extend(cutter.push(sample(pts, sync)).unwrap());
        }
        made.extend(cutter.end());
        assert_eq!(
            made.iter().map(|cut| cut.number).collect::<Vec<_>>(),
            [0, 1]
        );
    }
}
