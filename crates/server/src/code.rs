//! Room codes: short, and easy to say over the phone.
//!
//! Five syllables of a consonant and a vowel, as in `bakoti-zuna`: 14^5 * 5^5, about
//! 1.7 thousand million codes, so that guessing one of a thousand live rooms takes more than a
//! million tries. Letters that sound or look alike in common languages are left out.
use std::fmt;

const CONSONANTS: &[u8; 14] = b"bdfgklmnprstvz";
const VOWELS: &[u8; 5] = b"aeiou";
const SYLLABLES: usize = 5;
/// The hyphen stands after the third syllable; it is for the eye and is not compared.
const FIRST_PART: usize = 6;

/// A room's code in its one spelling: lower case, with the hyphen.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomCode(String);

impl RoomCode {
    /// A new one from the system's randomness.
    pub fn random() -> Self {
        let mut draw = u64::from_le_bytes(crate::secret::random());
        let mut letters = String::with_capacity(2 * SYLLABLES);
        for _ in 0..SYLLABLES {
            for set in [&CONSONANTS[..], &VOWELS[..]] {
                letters.push(set[(draw % set.len() as u64) as usize] as char);
                draw /= set.len() as u64;
            }
        }
        Self::spelled(&letters)
    }

    /// Reads what a person typed or pasted: any case, with or without hyphens and spaces.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 64 {
            return None;
        }
        let letters: String = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' ' | '_'))
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let fits = letters.len() == 2 * SYLLABLES
            && letters.bytes().enumerate().all(|(i, b)| {
                if i % 2 == 0 {
                    CONSONANTS.contains(&b)
                } else {
                    VOWELS.contains(&b)
                }
            });
        fits.then(|| Self::spelled(&letters))
    }

    fn spelled(letters: &str) -> Self {
        Self(format!(
            "{}-{}",
            &letters[..FIRST_PART],
            &letters[FIRST_PART..]
        ))
    }

    /// The spelling used in links.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_type() {
        let code = RoomCode::parse("bakoti-zuna").expect("a code");
        for typed in ["BAKOTIZUNA", "bakoti zuna", "Ba-ko-ti-zu-na"] {
            assert_eq!(RoomCode::parse(typed), Some(code.clone()));
        }
        for wrong in [
            "",
            "bakoti",
            "bakoti-zuna-ba",
            "../../etc",
            "bakoti-zunx",
            "äääääääääää",
        ] {
            assert_eq!(RoomCode::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn random_codes_read_back() {
        for _ in 0..1000 {
            let code = RoomCode::random();
            assert_eq!(RoomCode::parse(code.as_str()), Some(code));
        }
    }
}
