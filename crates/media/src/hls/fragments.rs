//! Reading what ffmpeg writes: a stream of fragmented MP4 with one track, taken apart into samples.
//!
//! ffmpeg is told to make a fragment of each sample (`frag_every_frame`), so a sample is known the moment it is
//! encoded. Only the boxes that carry timing and sizes are understood; the index (`moov`) is passed on whole
//! as the init segment. What comes is our own child's output, yet made from strangers' files: every
//! length is checked, and nothing here panics on nonsense.

use bytes::{Bytes, BytesMut};

/// The largest box taken. A sample of 8K video stays below 20 MB; past this the stream is damaged.
const MAX_BOX: usize = 64 << 20;

/// The flag of a sample that can't be decoded by itself (ISO 14496-12, 8.8.3.1).
const NON_SYNC: u32 = 0x0001_0000;

/// One coded picture or block of sound; times in the track's timescale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Decoding time.
    pub(crate) dts: i64,
    /// From decoding to presentation.
    pub(crate) shift: i64,
    /// For how long it is shown.
    pub(crate) duration: u32,
    /// Can be decoded by itself.
    pub(crate) sync: bool,
    /// As coded.
    pub(crate) data: Bytes,
}

impl Sample {
    /// Presentation time.
    pub(crate) fn pts(&self) -> i64 {
        self.dts.saturating_add(self.shift)
    }
}

/// What came out of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The init segment, once, before everything else.
    Init {
        /// `ftyp` and `moov`.
        bytes: Bytes,
        /// Ticks a second of all samples.
        timescale: u32,
    },
    Sample(Sample),
}

/// The stream is no fragmented MP4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the encoder's output can't be read ({0})")]
pub(crate) struct Damaged(pub(crate) &'static str);

/// What `trex` and `tfhd` say of samples that don't say it themselves.
#[derive(Debug, Clone, Copy, Default)]
struct Defaults {
    duration: u32,
    size: u32,
    flags: u32,
}

/// A `moof`, waiting for its `mdat`.
#[derive(Debug)]
struct Fragment {
    samples: Vec<(Sample, usize)>,
    /// Where the first sample lies behind the start of the `mdat`'s content.
    skip: usize,
}

/// Takes bytes as they come, gives pieces.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    buffer: BytesMut,
    head: BytesMut,
    defaults: Defaults,
    begun: bool,
    fragment: Option<Fragment>,
}

impl Fragments {
    /// More of the stream.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<Piece>) -> Result<(), Damaged> {
        self.buffer.extend_from_slice(bytes);
        loop {
            let Some((kind, header, size)) = header(&self.buffer)? else {
                return Ok(());
            };
            if self.buffer.len() < size {
                self.buffer.reserve(size - self.buffer.len());
                return Ok(());
            }
            let whole = self.buffer.split_to(size).freeze();
            self.take(&kind, header, &whole, out)?;
        }
    }

    fn take(
        &mut self,
        kind: &[u8; 4],
        header: usize,
        whole: &Bytes,
        out: &mut Vec<Piece>,
    ) -> Result<(), Damaged> {
        let content = whole.slice(header..);
        match kind {
            b"ftyp" if !self.begun => self.head.extend_from_slice(whole),
            b"moov" if !self.begun => {
                self.begun = true;
                self.head.extend_from_slice(whole);
                let timescale = timescale(&content)?;
                self.defaults = trex(&content).unwrap_or_default();
                let bytes = std::mem::take(&mut self.head).freeze();
                out.push(Piece::Init { bytes, timescale });
            }
            b"moof" if self.begun => {
                self.fragment = Some(moof(&content, whole.len(), self.defaults)?);
            }
            b"mdat" => {
                let Some(fragment) = self.fragment.take() else {
                    return Ok(()); // of no fragment: nobody's
                };
                let mut at = fragment.skip;
                for (mut sample, size) in fragment.samples {
                    let end = at.checked_add(size).filter(|end| *end <= content.len());
                    let end = end.ok_or(Damaged("a sample reaches past its data"))?;
                    sample.data = content.slice(at..end);
                    at = end;
                    out.push(Piece::Sample(sample));
                }
            }
            _ => {} // an index for random access, free space
        }
        Ok(())
    }
}

/// Kind, length of the header and of the whole box at the start of `bytes`; `None` until that much is there.
fn header(bytes: &[u8]) -> Result<Option<([u8; 4], usize, usize)>, Damaged> {
    let (Some(short), Some(kind)) = (u32_at(bytes, 0), bytes.get(4..8)) else {
        return Ok(None);
    };
    let kind: [u8; 4] = kind.try_into().expect("four bytes were taken");
    let (header, size) = match short {
        1 => match bytes.get(8..16) {
            Some(long) => {
                let long = u64::from_be_bytes(long.try_into().expect("eight bytes were taken"));
                (16, usize::try_from(long).unwrap_or(usize::MAX))
            }
            None => return Ok(None),
        },
        short => (8, short as usize),
    };
    if size < header || size > MAX_BOX {
        return Err(Damaged("a box of impossible length"));
    }
    Ok(Some((kind, header, size)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(
        four.try_into().expect("four bytes were taken"),
    ))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_be_bytes(
        eight.try_into().expect("eight bytes were taken"),
    ))
}

/// The boxes in `content`, in order.
fn boxes(content: &Bytes) -> impl Iterator<Item = ([u8; 4], Bytes)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (kind, header, size) = header(content.get(at..)?).ok()??;
        let end = at.checked_add(size).filter(|end| *end <= content.len())?;
        let inner = content.slice(at + header..end);
        at = end;
        Some((kind, inner))
    })
}

/// The box at a path of kinds, the first of each.
fn find(content: &Bytes, path: &[&[u8; 4]]) -> Option<Bytes> {
    path.iter().try_fold(content.clone(), |inside, kind| {
        boxes(&inside).find_map(|(found, inner)| (found == **kind).then_some(inner))
    })
}

fn timescale(moov: &Bytes) -> Result<u32, Damaged> {
    let mdhd = find(moov, &[b"trak", b"mdia", b"mdhd"]).ok_or(Damaged("no media header"))?;
    let at = if mdhd.first() == Some(&1) { 20 } else { 12 };
    u32_at(&mdhd, at)
        .filter(|scale| *scale > 0)
        .ok_or(Damaged("no timescale"))
}

fn trex(moov: &Bytes) -> Option<Defaults> {
    let trex = find(moov, &[b"mvex", b"trex"])?;
    Some(Defaults {
        duration: u32_at(&trex, 12)?,
        size: u32_at(&trex, 16)?,
        flags: u32_at(&trex, 20)?,
    })
}

fn moof(content: &Bytes, length: usize, defaults: Defaults) -> Result<Fragment, Damaged> {
    let traf = find(content, &[b"traf"]).ok_or(Damaged("a fragment without a track"))?;
    let mut defaults = defaults;
    let mut time: Option<i64> = None;
    let mut fragment = Fragment {
        samples: Vec::new(),
        skip: 0,
    };
    let cut = Damaged("a fragment's header breaks off");
    for (kind, inner) in boxes(&traf) {
        match &kind {
            b"tfhd" => defaults = tfhd(&inner, defaults).ok_or(cut)?,
            b"tfdt" => {
                // Times before zero wrap around.
                time = Some(match inner.first() {
                    Some(1) => u64_at(&inner, 4).ok_or(cut)?.cast_signed(),
                    _ => i64::from(u32_at(&inner, 4).ok_or(cut)?),
                });
            }
            b"trun" => {
                let mut at = time.ok_or(Damaged("a fragment without a time"))?;
                trun(&inner, length, defaults, &mut at, &mut fragment).ok_or(cut)?;
                time = Some(at);
            }
            _ => {}
        }
    }
    Ok(fragment)
}

fn tfhd(inner: &[u8], mut defaults: Defaults) -> Option<Defaults> {
    let flags = u32_at(inner, 0)? & 0x00ff_ffff;
    let mut at = 8;
    for (flag, size) in [(0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4), (0x20, 4)] {
        if flags & flag == 0 {
            continue;
        }
        match flag {
            0x8 => defaults.duration = u32_at(inner, at)?,
            0x10 => defaults.size = u32_at(inner, at)?,
            0x20 => defaults.flags = u32_at(inner, at)?,
            _ => {}
        }
        at += size;
    }
    Some(defaults)
}

fn trun(
    inner: &[u8],
    moof: usize,
    defaults: Defaults,
    time: &mut i64,
    out: &mut Fragment,
) -> Option<()> {
    let flags = u32_at(inner, 0)? & 0x00ff_ffff;
    let count = u32_at(inner, 4)?;
    let mut at = 8;
    let mut next = |wanted: u32| -> Option<Option<u32>> {
        if flags & wanted == 0 {
            return Some(None);
        }
        at += 4;
        Some(Some(u32_at(inner, at - 4)?))
    };
    if let Some(offset) = next(0x1)?
        && out.samples.is_empty()
    {
        // Counted from the fragment's start; the data's own header is 8 bytes.
        out.skip = usize::try_from(offset.cast_signed())
            .ok()?
            .saturating_sub(moof + 8);
    }
    let first = next(0x4)?;
    for number in 0..count {
        let duration = next(0x100)?.unwrap_or(defaults.duration);
        let size = next(0x200)?.unwrap_or(defaults.size);
        let own = next(0x400)?;
        let shift = next(0x800)?.unwrap_or(0).cast_signed();
        let flags = match (number, first) {
            (0, Some(first)) => first,
            _ => own.unwrap_or(defaults.flags),
        };
        let sample = Sample {
            dts: *time,
            shift: i64::from(shift),
            duration,
            sync: flags & NON_SYNC == 0,
            data: Bytes::new(),
        };
        *time = time.checked_add(i64::from(duration))?;
        out.samples.push((sample, size as usize));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let mut out = ((content.len() + 8) as u32).to_be_bytes().to_vec();
        out.extend(kind);
        out.extend(content);
        out
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn head() -> Vec<u8> {
        let mdhd = boxed(b"mdhd", &words(&[0, 0, 0, 24_000, 0, 0]));
        let trak = boxed(b"trak", &boxed(b"mdia", &mdhd));
        let trex = boxed(b"trex", &words(&[0, 1, 1, 1001, 0, 0]));
        let moov = [trak, boxed(b"mvex", &trex)].concat();
        [boxed(b"ftyp", b"isom"), boxed(b"moov", &moov)].concat()
    }

    /// A fragment of one sample as ffmpeg writes it; `time` may be before zero.
    fn fragment(time: i64, shift: i32, sync: bool, data: &[u8]) -> Vec<u8> {
        let tfhd = boxed(b"tfhd", &words(&[0x02_0000, 1]));
        let mut tfdt = words(&[0x0100_0000]);
        tfdt.extend(time.to_be_bytes());
        let flags = if sync { 0x0200_0000 } else { 0x0101_0000 };
        let build = |offset: u32| {
            let trun = words(&[
                0x0100_0e01,
                1,
                offset,
                data.len() as u32,
                flags,
                shift.cast_unsigned(),
            ]);
            let traf = [tfhd.clone(), boxed(b"tfdt", &tfdt), boxed(b"trun", &trun)].concat();
            boxed(b"moof", &boxed(b"traf", &traf))
        };
        let offset = build(0).len() as u32 + 8;
        [build(offset), boxed(b"mdat", data)].concat()
    }

    #[test]
    fn samples_come_out_however_the_stream_is_cut() {
        let stream = [
            head(),
            fragment(-2002, 2002, true, b"key"),
            fragment(-1001, 4004, false, b"later"),
            boxed(b"mfra", b""),
        ]
        .concat();
        for step in [1, 7, 64, stream.len()] {
            let (mut reader, mut out) = (Fragments::default(), Vec::new());
            for part in stream.chunks(step) {
                reader.push(part, &mut out).unwrap();
            }
            assert_eq!(out.len(), 3, "in steps of {step}");
            let Piece::Init { bytes, timescale } = &out[0] else {
                panic!("{:?}", out[0])
            };
            assert_eq!((&bytes[..], *timescale), (&head()[..], 24_000));
            let Piece::Sample(key) = &out[1] else {
                panic!("{:?}", out[1])
            };
            assert_eq!((key.dts, key.pts(), key.duration), (-2002, 0, 1001));
            assert!(key.sync && &key.data[..] == b"key");
            let Piece::Sample(later) = &out[2] else {
                panic!("{:?}", out[2])
            };
            assert_eq!((later.pts(), later.sync), (3003, false));
        }
    }

    #[test]
    fn nonsense_is_an_error_and_never_a_panic() {
        let whole = [head(), fragment(0, 0, true, b"data")].concat();
        for at in 0..whole.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut bad = whole.clone();
                bad[at] = byte;
                let _ = Fragments::default().push(&bad, &mut Vec::new());
            }
        }
        let huge = [0xff; 16];
        assert!(Fragments::default().push(&huge, &mut Vec::new()).is_err());
    }
}
