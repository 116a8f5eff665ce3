//! Writing segments: samples become one CMAF chunk (`moof` and `mdat`) whose time is the medium's own.
//!
//! The decoding time of a segment is set to the presentation time of its first picture: players place a
//! segment by it, and so a segment is where the playlist says, whatever delay the encoder has.

use bytes::{BufMut, Bytes, BytesMut};

use super::fragments::Sample;

/// Flags of a sample (ISO 14496-12, 8.8.3.1): depends on no other.
const SYNC: u32 = 0x0200_0000;
/// Depends on others, and is no place to begin at.
const DEPENDS: u32 = 0x0101_0000;

/// The number of the only track, as ffmpeg gives it.
const TRACK: u32 = 1;

/// A segment of `samples`, which begin with one that stands alone; `number` counts from 1. With `from`, the first
/// sample is shown from there on already, instead of from its own time.
pub(crate) fn write(number: u32, samples: &[Sample], from: Option<i64>) -> Bytes {
    let Some(first) = samples.first() else {
        return Bytes::new();
    };
    // What the encoder delays all of its output by.
    let delay = first.shift;
    let begin = from.unwrap_or_else(|| first.pts()).max(0);
    let payload: usize = samples.iter().map(|sample| sample.data.len()).sum();
    let trun = 8 + 12 + 16 * samples.len();
    let traf = 8 + (8 + 8) + (8 + 12) + trun;
    let moof = 8 + (8 + 8) + traf;
    let mut out = BytesMut::with_capacity(moof + 8 + payload);
    header(&mut out, b"moof", moof);
    header(&mut out, b"mfhd", 16);
    out.put_u32(0);
    out.put_u32(number);
    header(&mut out, b"traf", traf);
    header(&mut out, b"tfhd", 16);
    out.put_u32(0x02_0000); // offsets count from the moof
    out.put_u32(TRACK);
    header(&mut out, b"tfdt", 20);
    out.put_u32(0x0100_0000);
    out.put_i64(begin);
    header(&mut out, b"trun", trun);
    // Version 1: shifts may be negative. Offset of the data; duration, size, flags and shift of each sample.
    out.put_u32(0x0100_0f01);
    out.put_u32(length(samples.len()));
    out.put_u32(length(moof + 8));
    for (number, sample) in samples.iter().enumerate() {
        let early = if number == 0 { first.pts() - begin } else { 0 };
        let duration = i64::from(sample.duration).saturating_add(early);
        out.put_u32(u32::try_from(duration).unwrap_or(sample.duration));
        out.put_u32(length(sample.data.len()));
        out.put_u32(if sample.sync { SYNC } else { DEPENDS });
        out.put_i32(i32::try_from(sample.shift - delay).unwrap_or(0));
    }
    header(&mut out, b"mdat", payload + 8);
    for sample in samples {
        out.put_slice(&sample.data);
    }
    out.freeze()
}

fn header(out: &mut BytesMut, kind: &[u8; 4], size: usize) {
    out.put_u32(length(size));
    out.put_slice(kind);
}

/// Segments are bounded far below 4 GiB (see `cutter`).
fn length(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::fragments::{Fragments, Piece};
    use super::*;

    fn sample(dts: i64, shift: i64, sync: bool, data: &'static str) -> Sample {
        Sample {
            dts,
            shift,
            duration: 40,
            sync,
            data: Bytes::from_static(data.as_bytes()),
        }
    }

    fn read(segment: &[u8]) -> Vec<Sample> {
        // A head of the least that the reader takes.
        let mut head = Vec::new();
        for (kind, content) in [
            (b"mdhd", 24usize),
            (b"mdia", 32),
            (b"trak", 40),
            (b"moov", 48),
        ] {
            let mut outer = ((content + 8) as u32).to_be_bytes().to_vec();
            outer.extend(kind);
            if kind == b"mdhd" {
                outer.extend(
                    [0u32, 0, 0, 1000, 0, 0]
                        .iter()
                        .flat_map(|w| w.to_be_bytes()),
                );
            }
            outer.extend(&head);
            head = outer;
        }
        let (mut reader, mut out) = (Fragments::default(), Vec::new());
        reader.push(&head, &mut out).unwrap();
        reader.push(segment, &mut out).unwrap();
        out.into_iter()
            .filter_map(|piece| match piece {
                Piece::Sample(sample) => Some(sample),
                Piece::Init { .. } => None,
            })
            .collect()
    }

    #[test]
    fn what_is_written_reads_back_at_its_time() {
        let samples = [
            sample(2920, 80, true, "key"),
            sample(2960, 160, false, "far"),
            sample(3000, 40, false, "near"),
        ];
        let back = read(&write(2, &samples, None));
        let times: Vec<_> = back.iter().map(Sample::pts).collect();
        assert_eq!(times, [3000, 3120, 3040]);
        assert_eq!(back[0].dts, 3000, "placed by its first picture");
        assert_eq!(&back[2].data[..], b"near");
        assert!(back[0].sync && !back[1].sync);
    }

    #[test]
    fn the_first_picture_may_be_shown_before_its_time() {
        let samples = [sample(3, 80, true, "key"), sample(43, 80, false, "next")];
        let back = read(&write(1, &samples, Some(0)));
        assert_eq!((back[0].pts(), back[0].duration), (0, 123));
        assert_eq!(back[1].pts(), 123);
    }
}
