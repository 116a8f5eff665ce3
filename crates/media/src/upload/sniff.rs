//! What a file's first bytes say it is: the gate that a zip under the name `film.mp4` does not pass.
//!
//! Only signatures of containers we deliver. It says that a file claims to be media; whether anything in it can be
//! played is found out by looking into it.

/// Bytes needed to tell.
pub(super) const SNIFF_BYTES: usize = 4096;

/// Whether these first bytes (all there are, or [`SNIFF_BYTES`]) begin a container of media.
pub(super) fn is_media(head: &[u8]) -> bool {
    let at = |place: usize, magic: &[u8]| head.get(place..place + magic.len()) == Some(magic);
    let boxes: [&[u8]; 7] = [
        b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot",
    ];
    boxes.iter().any(|kind| at(4, kind)) // MP4, QuickTime (ISO 14496-12)
        || at(0, b"\x1a\x45\xdf\xa3") // Matroska, WebM (EBML)
        || at(0, b"OggS")
        || at(0, b"fLaC")
        || at(0, b"ID3")
        || at(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11") // ASF: WMV, WMA
        || at(0, b"FLV\x01")
        || at(0, b".RMF")
        || at(0, b"\x00\x00\x01\xba") // MPEG program stream
        || at(0, b"\x00\x00\x01\xb3") // MPEG video
        || (at(0, b"RIFF") && (at(8, b"AVI ") || at(8, b"WAVE")))
        || transport_stream(head, 0, 188)
        || transport_stream(head, 4, 192) // with time codes: m2ts
        || mpeg_audio(head)
}

/// Three packets in a row begin with the sync byte.
fn transport_stream(head: &[u8], first: usize, packet: usize) -> bool {
    (0..3).all(|n| head.get(first + n * packet) == Some(&0x47))
}

/// A frame header of MPEG audio or ADTS whose fields can be.
fn mpeg_audio(head: &[u8]) -> bool {
    let &[a, b, c, ..] = head else { return false };
    let adts = a == 0xff && b & 0xf6 == 0xf0;
    let layers = a == 0xff && b & 0xe0 == 0xe0 && b & 0x06 != 0 && b & 0x18 != 0x08;
    adts || (layers && c >> 4 != 0x0f && c & 0x0c != 0x0c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_pass_and_what_only_has_their_name_does_not() {
        let ts: Vec<u8> = (0..600)
            .map(|i| if i % 188 == 0 { 0x47 } else { 0 })
            .collect();
        for media in [
            &b"\0\0\0\x20ftypisom"[..],
            b"\x1a\x45\xdf\xa3\x01\0",
            b"RIFF\0\0\0\0AVI LIST",
            b"ID3\x04\0",
            b"\xff\xfb\x90\x00",
            b"\xff\xf1\x50\x80",
            &ts,
        ] {
            assert!(is_media(media), "{media:?}");
        }
        for other in [
            &b"PK\x03\x04\x14\0"[..],
            b"<!doctype html>",
            b"\x7fELF\x02\x01",
            b"#!/bin/sh\n",
            b"",
            b"\x89PNG\r\n\x1a\n",
            b"RIFF\0\0\0\0WEBP",
        ] {
            assert!(!is_media(other), "{other:?}");
        }
    }
}
