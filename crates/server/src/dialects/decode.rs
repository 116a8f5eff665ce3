//! What of each dialect reads bytes from strangers, as plain functions: for fuzzing (`fuzz/`, `tests/fuzz`).
//!
//! Each takes anything and gives nothing back; what counts is that it comes back, soon, and without a panic. Whoever adds
//! a dialect adds its decoder to [`DECODERS`] and a target of the same name to `fuzz/`; a test misses either.
use super::{clipper, native, openwatchparty, rdm, staged, streamit, syncplay};
use crate::ws::Reader;

/// Reads what a stranger sent.
pub type Decoder = fn(&[u8]);

/// All decoders, by the name of their dialect; `frames` is the WebSocket codec below most of them.
pub const DECODERS: [(&str, Decoder); 8] = [
    ("frames", frames),
    ("native", |bytes| texts(bytes, native::decode)),
    ("openwatchparty", |bytes| {
        texts(bytes, openwatchparty::decode)
    }),
    ("rdm", |bytes| texts(bytes, rdm::decode)),
    ("syncplay", |bytes| texts(bytes, syncplay::decode)),
    ("clipper", |bytes| texts(bytes, clipper::decode)),
    ("streamit", |bytes| texts(bytes, streamit::decode)),
    ("staged", |bytes| texts(bytes, staged::decode)),
];

/// The decoder of that name.
///
/// # Panics
/// Where there is none of that name.
pub fn decoder(name: &str) -> Decoder {
    let found = DECODERS.iter().find(|(known, _)| *known == name);
    let (_, decoder) = found.expect("targets are named after decoders");
    *decoder
}

/// The longest message that the codec lets through here: every dialect sets its own, between 16 KiB and 1 MiB.
const MESSAGE: usize = 64 * 1024;

fn frames(bytes: &[u8]) {
    // Whole, and in pieces as a network makes them: both must tell the same.
    let mut whole = Vec::new();
    let first = Reader::new(MESSAGE).feed(bytes, |incoming| whole.push(incoming));
    let (mut pieces, mut reader) = (Vec::new(), Reader::new(MESSAGE));
    let mut second = Ok(());
    for piece in bytes.chunks(7) {
        second = reader.feed(piece, |incoming| pieces.push(incoming));
        if second.is_err() {
            break;
        }
    }
    assert_eq!(first.is_err(), second.is_err(), "pieces are told otherwise");
    assert_eq!(whole, pieces, "pieces are told otherwise");
}

/// The codec hands on nothing but text.
fn texts(bytes: &[u8], decode: fn(&str)) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        decode(text);
    }
}
