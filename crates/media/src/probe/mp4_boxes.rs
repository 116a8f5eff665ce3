//! Whether an MP4 is all there.
//!
//! A half-copied "faststart" file has its whole index in front, so every parser calls it fine and playing
//! breaks off in the middle. The top-level boxes tell: each says its length, and the last must end with the
//! file. Reads 16 bytes a box.

use std::fs::File;
use std::io;

use crate::platform::read_exact_at;

/// Most top-level boxes looked at. Fragmented films have two per few seconds; past this we believe the rest.
const MAX_BOXES: usize = 20_000;

/// What the top-level boxes say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Boxes {
    /// Not ISO base media; nothing known.
    Foreign,
    /// A box reaches past the end of the file, or there is no index.
    Incomplete,
    /// They fit, and the index is among them.
    Complete,
}

/// Walks the top-level boxes of a file of `size` bytes.
pub(super) fn check(file: &File, size: u64) -> Boxes {
    walk(size, |at, buffer| read_exact_at(file, buffer, at))
}

fn walk(size: u64, read: impl Fn(u64, &mut [u8]) -> io::Result<()>) -> Boxes {
    let mut at = 0u64;
    // Without its `moov`, nothing can be played: the copy broke off between two boxes.
    let mut index = false;
    let whole = |index| {
        if index {
            Boxes::Complete
        } else {
            Boxes::Incomplete
        }
    };
    for number in 0..MAX_BOXES {
        let mut header = [0u8; 16];
        let known = usize::try_from(size.saturating_sub(at))
            .unwrap_or(16)
            .min(16);
        if known == 0 {
            return if number == 0 {
                Boxes::Foreign
            } else {
                whole(index)
            };
        }
        // Trailing bytes too few for a header are padding, which players ignore.
        if known < 8 {
            return if number == 0 {
                Boxes::Foreign
            } else {
                whole(index)
            };
        }
        if read(at, &mut header[..known]).is_err() {
            return Boxes::Foreign;
        }
        let kind = &header[4..8];
        if number == 0
            && !matches!(
                kind,
                b"ftyp" | b"moov" | b"mdat" | b"free" | b"skip" | b"wide" | b"pnot" | b"styp"
            )
        {
            return Boxes::Foreign;
        }
        let short = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
        let length = match short {
            0 => return whole(index || kind == b"moov"), // "to the end of the file"
            1 if known == 16 => u64::from_be_bytes([
                header[8], header[9], header[10], header[11], header[12], header[13], header[14],
                header[15],
            ]),
            1 => return Boxes::Incomplete,
            short => u64::from(short),
        };
        // Garbage after the last box (tags, zeros) is not for us to judge.
        if length < 8
            || !kind
                .iter()
                .all(|b| b.is_ascii_graphic() || *b == b' ' || *b == 0xa9)
        {
            return if number == 0 {
                Boxes::Foreign
            } else {
                whole(index)
            };
        }
        index |= kind == b"moov";
        at = at.saturating_add(length);
        if at > size {
            return Boxes::Incomplete;
        }
    }
    Boxes::Complete
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(bytes: &[u8]) -> Boxes {
        walk(bytes.len() as u64, |at, buffer| {
            let at = at as usize;
            buffer.copy_from_slice(&bytes[at..at + buffer.len()]);
            Ok(())
        })
    }

    fn bx(kind: &[u8; 4], body: usize) -> Vec<u8> {
        let mut bytes = ((body + 8) as u32).to_be_bytes().to_vec();
        bytes.extend(kind);
        bytes.resize(body + 8, 0);
        bytes
    }

    #[test]
    fn a_film_cut_short_is_noticed() {
        let film = [bx(b"ftyp", 16), bx(b"moov", 100), bx(b"mdat", 1000)].concat();
        assert_eq!(boxes(&film), Boxes::Complete);
        for cut in [film.len() - 1, 200, 60, 30, 24, 12] {
            assert_eq!(boxes(&film[..cut]), Boxes::Incomplete, "cut at {cut}");
        }
        let large = [
            bx(b"ftyp", 16),
            vec![0, 0, 0, 1],
            b"mdat".to_vec(),
            1_000_000u64.to_be_bytes().to_vec(),
            vec![0; 50],
        ]
        .concat();
        assert_eq!(boxes(&large), Boxes::Incomplete);
    }

    #[test]
    fn other_files_and_endless_boxes_are_left_alone() {
        for bytes in [
            &b"hello, I am a text"[..],
            b"",
            b"abc",
            &[0x1a, 0x45, 0xdf, 0xa3, 0, 0, 0, 0, 0],
        ] {
            assert!(boxes(bytes) != Boxes::Incomplete, "{bytes:?}");
        }
        let mut live = [bx(b"ftyp", 16), bx(b"moov", 9)].concat();
        live.extend([0, 0, 0, 0]);
        live.extend(b"mdat");
        live.extend([7; 90]);
        assert_eq!(boxes(&live), Boxes::Complete);
        let padded = [bx(b"ftyp", 16), bx(b"moov", 9), bx(b"mdat", 9), vec![0; 64]].concat();
        assert_eq!(boxes(&padded), Boxes::Complete);
    }
}
