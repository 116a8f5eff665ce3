//! Which bytes a file is, told without reading all of it: so that somebody with a copy of their own can watch that
//! one instead, and know that it is the same.
//!
//! SHA-256 over the size (8 bytes, big endian) and three samples of 64 KiB: the file's beginning, its middle (which
//! begins at half of the size, rounded down, less 32 KiB) and its end. A file of no more than 192 KiB is hashed whole.
//! Browsers do the same (`web/src/room/fingerprint.ts`); `docs/protocol.md` has it for everybody else.

use std::fs::File;
use std::io;

use sha2::{Digest, Sha256};

use crate::platform::read_exact_at;

/// Bytes of a sample: headers and an index fit, and a slow disk reads three of them within some milliseconds.
const SAMPLE: u64 = 64 * 1024;

/// The hash of the module's first lines. Blocking.
pub(crate) fn sampled_hash(file: &File, size: u64) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    hasher.update(size.to_be_bytes());
    let samples = if size <= 3 * SAMPLE {
        vec![(0, size)]
    } else {
        vec![
            (0, SAMPLE),
            (size / 2 - SAMPLE / 2, SAMPLE),
            (size - SAMPLE, SAMPLE),
        ]
    };
    for (from, length) in samples {
        let mut sample = vec![0; length as usize];
        read_exact_at(file, &mut sample, from)?;
        hasher.update(&sample);
    }
    Ok(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn hash_of(bytes: &[u8]) -> String {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(bytes).expect("written");
        let hash = sampled_hash(&file, bytes.len() as u64).expect("readable");
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The same values stand in `web/src/room/fingerprint.test.ts`: browser and server agree.
    #[test]
    fn it_is_the_hash_that_browsers_make() {
        let large: Vec<u8> = (0..1_000_003u32).map(|n| (n % 251) as u8).collect();
        assert_eq!(
            hash_of(b"Film"),
            "c784a51e9cc6572e791c831bd60ceb4f994996b6e1711d77f1e092f14a27f7db"
        );
        assert_eq!(
            hash_of(&large),
            "1e959d6d795cd05b94c93718cb9a82a50423ded7f1e99bb29ee9542aa42a93a3"
        );
    }

    #[test]
    fn a_change_in_any_sample_or_of_the_size_is_another_file() {
        let film = vec![7u8; 1_000_000];
        let before = hash_of(&film);
        for at in [0, 65_535, 467_232, 500_000, 934_464, 999_999] {
            let mut other = film.clone();
            other[at] = 8;
            assert_ne!(hash_of(&other), before, "byte {at}");
        }
        assert_ne!(hash_of(&film[1..]), before);
    }
}
