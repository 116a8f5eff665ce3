//! RFC 6455 framing, server side, without I/O: bytes in, messages out.
//!
//! Strict where the RFC is: client frames must be masked, no reserved bits (we negotiate no extension),
//! control frames are short and whole, lengths are minimal in size only by the sender's choice, text is
//! UTF-8, close codes are ones that may appear on a wire. What breaks a rule ends the connection with the
//! code the RFC names.
use bytes::{BufMut, Bytes, BytesMut};
use serde_json::Value;

/// Kinds of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// Goes on with a fragmented message.
    Continuation = 0,
    /// UTF-8.
    Text = 1,
    /// Anything.
    Binary = 2,
    /// The end.
    Close = 8,
    /// Are you there?
    Ping = 9,
    /// I am.
    Pong = 10,
}

/// A close code and its meaning here; see `docs/protocol.md`.
pub type CloseCode = u16;

/// What broke, and the close code that says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A frame that breaks RFC 6455.
    #[error("The connection broke the WebSocket protocol: {0}.")]
    Protocol(&'static str),
    /// A text message that is not UTF-8.
    #[error("A text message was not UTF-8.")]
    NotUtf8,
    /// A message over the limit.
    #[error("A message was larger than {0} bytes.")]
    TooLarge(usize),
}

impl WireError {
    /// The close code the RFC gives it.
    pub fn close_code(&self) -> CloseCode {
        match self {
            Self::Protocol(_) => 1002,
            Self::NotUtf8 => 1007,
            Self::TooLarge(_) => 1009,
        }
    }
}

/// A whole thing from the client.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// To be answered by a pong with the same payload.
    Ping(Vec<u8>),
    /// An answer to a ping.
    Pong,
    /// The client closes, with a code where it gave one.
    Close(Option<CloseCode>),
}

/// One unfragmented server frame: header and payload in one shared buffer.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(payload.len() + 10);
    out.put_u8(0x80 | opcode as u8);
    match payload.len() {
        n @ 0..=125 => out.put_u8(n as u8),
        n @ 126..=0xffff => {
            out.put_u8(126);
            out.put_u16(n as u16);
        }
        n => {
            out.put_u8(127);
            out.put_u64(n as u64);
        }
    }
    out.put_slice(payload);
    out.freeze()
}

/// A text message.
pub fn text_frame(text: &str) -> Bytes {
    frame(Opcode::Text, text.as_bytes())
}

/// A message of JSON.
pub fn json_frame(value: &Value) -> Bytes {
    text_frame(&value.to_string())
}

/// Several frames as one, in order; nothing where there are none.
pub fn frames(all: impl IntoIterator<Item = Bytes>) -> Option<Bytes> {
    let mut all = all.into_iter();
    let first = all.next()?;
    let Some(second) = all.next() else {
        return Some(first);
    };
    let mut together = BytesMut::from(first);
    together.put(second);
    all.for_each(|frame| together.put(frame));
    Some(together.freeze())
}

/// A close with a code and a reason (cut to what a control frame may carry).
pub fn close_frame(code: CloseCode, reason: &str) -> Bytes {
    let mut cut = reason.len().min(123);
    while !reason.is_char_boundary(cut) {
        cut -= 1;
    }
    frame(
        Opcode::Close,
        &[&code.to_be_bytes(), &reason.as_bytes()[..cut]].concat(),
    )
}

/// Puts bytes together into messages. Owns no memory while nothing is under way.
#[derive(Debug, Default)]
pub struct Reader {
    /// Bytes of a frame that hasn't come whole.
    partial: Vec<u8>,
    /// The fragments of a message so far.
    message: Option<(Opcode, Vec<u8>)>,
    limit: usize,
}

impl Reader {
    /// Refuses messages larger than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Takes what was read from the socket and gives each whole message to `sink`, in order.
    pub fn feed(&mut self, bytes: &[u8], mut sink: impl FnMut(Incoming)) -> Result<(), WireError> {
        // The usual case, a whole frame in one read, is parsed where it lies; only a remainder is kept.
        let mut held;
        let mut rest = if self.partial.is_empty() {
            bytes
        } else {
            held = std::mem::take(&mut self.partial);
            held.extend_from_slice(bytes);
            &held[..]
        };
        while let Some((header, used)) = self.parse_header(rest)? {
            let Some(payload) = rest.get(used..used + header.length) else {
                break;
            };
            let mut payload = payload.to_vec();
            for (i, byte) in payload.iter_mut().enumerate() {
                *byte ^= header.mask[i % 4];
            }
            rest = &rest[used + header.length..];
            if let Some(incoming) = self.take(header, payload)? {
                sink(incoming);
            }
        }
        self.partial = rest.to_vec();
        Ok(())
    }

    fn parse_header(&self, bytes: &[u8]) -> Result<Option<(Header, usize)>, WireError> {
        let [first, second, ..] = *bytes else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(WireError::Protocol("a reserved bit is set"));
        }
        if second & 0x80 == 0 {
            return Err(WireError::Protocol("a client frame is not masked"));
        }
        let fin = first & 0x80 != 0;
        let opcode = match first & 0x0f {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            _ => return Err(WireError::Protocol("an unknown kind of frame")),
        };
        let (length, mut used) = match second & 0x7f {
            126 => match bytes.get(2..4) {
                Some(b) => (u64::from(u16::from_be_bytes([b[0], b[1]])), 4),
                None => return Ok(None),
            },
            127 => match bytes.get(2..10) {
                Some(b) => (u64::from_be_bytes(b.try_into().expect("eight bytes")), 10),
                None => return Ok(None),
            },
            short => (u64::from(short), 2),
        };
        let control = opcode as u8 >= 8;
        if control && (length > 125 || !fin) {
            return Err(WireError::Protocol(
                "a control frame is too long or fragmented",
            ));
        }
        let so_far = self.message.as_ref().map_or(0, |(_, m)| m.len());
        if !control && length > (self.limit - so_far.min(self.limit)) as u64 {
            return Err(WireError::TooLarge(self.limit));
        }
        let Some(mask) = bytes.get(used..used + 4) else {
            return Ok(None);
        };
        used += 4;
        let mask = mask.try_into().expect("four bytes");
        Ok(Some((
            Header {
                fin,
                opcode,
                length: length as usize,
                mask,
            },
            used,
        )))
    }

    fn take(&mut self, header: Header, payload: Vec<u8>) -> Result<Option<Incoming>, WireError> {
        let (opcode, whole) = match header.opcode {
            Opcode::Ping => return Ok(Some(Incoming::Ping(payload))),
            Opcode::Pong => return Ok(Some(Incoming::Pong)),
            Opcode::Close => return close_of(&payload).map(|code| Some(Incoming::Close(code))),
            Opcode::Continuation => {
                let Some((opcode, mut message)) = self.message.take() else {
                    return Err(WireError::Protocol("a continuation of nothing"));
                };
                message.extend_from_slice(&payload);
                (opcode, message)
            }
            opcode => {
                if self.message.is_some() {
                    return Err(WireError::Protocol("a new message inside a fragmented one"));
                }
                (opcode, payload)
            }
        };
        if !header.fin {
            self.message = Some((opcode, whole));
            return Ok(None);
        }
        Ok(Some(match opcode {
            Opcode::Text => {
                Incoming::Text(String::from_utf8(whole).map_err(|_| WireError::NotUtf8)?)
            }
            _ => Incoming::Binary(whole),
        }))
    }
}

struct Header {
    fin: bool,
    opcode: Opcode,
    length: usize,
    mask: [u8; 4],
}

fn close_of(payload: &[u8]) -> Result<Option<CloseCode>, WireError> {
    let [a, b, reason @ ..] = payload else {
        return if payload.is_empty() {
            Ok(None)
        } else {
            Err(WireError::Protocol("half a close code"))
        };
    };
    std::str::from_utf8(reason).map_err(|_| WireError::NotUtf8)?;
    match u16::from_be_bytes([*a, *b]) {
        code @ (1000..=1003 | 1007..=1014 | 3000..=4999) => Ok(Some(code)),
        _ => Err(WireError::Protocol("a close code that may not be sent")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut out = vec![first];
        match payload.len() {
            n @ 0..=125 => out.push(0x80 | n as u8),
            n @ 126..=0xffff => {
                out.push(0x80 | 126);
                out.extend((n as u16).to_be_bytes());
            }
            n => {
                out.push(0x80 | 127);
                out.extend((n as u64).to_be_bytes());
            }
        }
        out.extend(mask);
        out.extend(payload.iter().enumerate().map(|(i, b)| b ^ mask[i % 4]));
        out
    }

    fn read_all(bytes: &[u8], chunk: usize) -> Result<Vec<Incoming>, WireError> {
        let mut reader = Reader::new(1000);
        let mut got = Vec::new();
        for part in bytes.chunks(chunk) {
            reader.feed(part, |m| got.push(m))?;
        }
        Ok(got)
    }

    #[test]
    fn messages_come_out_however_the_bytes_are_cut() {
        let mut bytes = client(0x81, "grüß".as_bytes());
        bytes.extend(client(0x89, b"are you there"));
        bytes.extend(client(0x01, b"in "));
        bytes.extend(client(0x8a, b""));
        bytes.extend(client(0x00, b"three "));
        bytes.extend(client(0x80, &[b'x'; 300]));
        bytes.extend(client(0x88, &[0x03, 0xe8]));
        let whole = read_all(&bytes, bytes.len()).expect("valid");
        assert_eq!(whole.len(), 5);
        assert_eq!(whole[0], Incoming::Text("grüß".into()));
        assert_eq!(
            whole[3],
            Incoming::Text(format!("in three {}", "x".repeat(300)))
        );
        assert_eq!(whole[4], Incoming::Close(Some(1000)));
        for chunk in 1..40 {
            assert_eq!(
                read_all(&bytes, chunk).expect("valid"),
                whole,
                "chunks of {chunk}"
            );
        }
    }

    #[test]
    fn what_breaks_the_rfc_is_refused_with_its_code() {
        let unmasked = vec![0x81, 1, b'a'];
        let cases: Vec<(Vec<u8>, u16)> = vec![
            (unmasked, 1002),
            (client(0xc1, b"a"), 1002),
            (client(0x83, b"a"), 1002),
            (client(0x80, b"a"), 1002),
            (client(0x09, b"a"), 1002),
            (client(0x89, &[0; 126]), 1002),
            ([client(0x01, b"a"), client(0x81, b"b")].concat(), 1002),
            (client(0x88, &[3]), 1002),
            (client(0x88, &[0x03, 0xed]), 1002),
            (client(0x81, &[0xff, 0xfe]), 1007),
            (client(0x81, &[b'x'; 1001]), 1009),
            (
                [client(0x01, &[b'x'; 600]), client(0x80, &[b'x'; 600])].concat(),
                1009,
            ),
            (
                vec![0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                1009,
            ),
        ];
        for (bytes, code) in cases {
            let error = read_all(&bytes, 7).expect_err("refused");
            assert_eq!(error.close_code(), code, "{bytes:?}");
        }
    }

    #[test]
    fn frames_of_every_length_class_carry_their_length() {
        assert_eq!(&text_frame("hi")[..], b"\x81\x02hi");
        assert_eq!(&text_frame(&"x".repeat(126))[..4], &[0x81, 126, 0, 126]);
        assert_eq!(
            &text_frame(&"x".repeat(65_536))[..10],
            &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]
        );
    }

    #[test]
    fn a_long_close_reason_is_cut_between_characters() {
        let frame = close_frame(4404, &"ü".repeat(200));
        assert_eq!(frame[1] as usize, frame.len() - 2);
        assert!(frame[1] <= 125);
        assert!(std::str::from_utf8(&frame[4..]).is_ok());
    }
}
