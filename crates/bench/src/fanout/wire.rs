//! WebSocket frames with as little work as can be: both ends are ours, and neither shall be what is measured.

/// The answer to an upgrade; neither side checks the key.
pub const ACCEPTED: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
/// What tells an event of the kind that is measured.
pub const EVENT: &[u8] = b"\"event\":\"timeline\"";
/// Frame kinds.
pub const TEXT: u8 = 0x81;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;

/// What a client of the floor said.
pub enum Said {
    /// The path it asked for.
    Request(String),
    /// Anything after that.
    Frame,
}

/// Takes what is whole off the front of what a client sent.
pub fn take(heard: &mut Vec<u8>) -> Option<Said> {
    if heard.starts_with(b"GET ") {
        let end = heard.windows(4).position(|four| four == b"\r\n\r\n")?;
        let request = String::from_utf8_lossy(&heard[..end]).into_owned();
        heard.drain(..end + 4);
        let path = request.split(' ').nth(1).unwrap_or("/").to_owned();
        return Some(Said::Request(path));
    }
    let (head, length) = head_of(heard)?;
    if heard.len() < head + length {
        return None;
    }
    heard.drain(..head + length);
    Some(Said::Frame)
}

/// Bytes before the payload (with the mask, if there is one), and of the payload.
fn head_of(bytes: &[u8]) -> Option<(usize, usize)> {
    let second = *bytes.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    match second & 0x7f {
        126 => {
            let length = u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?);
            Some((4 + mask, usize::from(length)))
        }
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            Some((10 + mask, usize::try_from(length).ok()?))
        }
        length => Some((2 + mask, usize::from(length))),
    }
}

/// A text frame of a server.
pub fn server_text(payload: &[u8]) -> Vec<u8> {
    framed(TEXT, payload, false)
}

/// A frame of a client, masked with zeros: allowed, and free.
pub fn client(kind: u8, payload: &[u8]) -> Vec<u8> {
    framed(kind, payload, true)
}

fn framed(kind: u8, payload: &[u8], masked: bool) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut frame = vec![kind];
    match u8::try_from(payload.len()) {
        Ok(short @ 0..=125) => frame.push(mask | short),
        _ => {
            let length = u16::try_from(payload.len()).expect("the bench sends no such frame");
            frame.push(mask | 126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
    }
    if masked {
        frame.extend_from_slice(&[0; 4]);
    }
    frame.extend_from_slice(payload);
    frame
}

/// An event's payload of so many bytes.
pub fn event_of(bytes: usize) -> Vec<u8> {
    let mut payload =
        b"{\"t\":\"events\",\"events\":[{\"event\":\"timeline\"}],\"fill\":\"".to_vec();
    payload.resize(bytes.saturating_sub(2).max(payload.len()), b'x');
    payload.extend_from_slice(b"\"}");
    payload
}

/// Calls back with each whole frame of what a server sent, its kind first; keeps the rest in `partial`.
pub fn frames(partial: &mut Vec<u8>, fresh: &[u8], mut each: impl FnMut(u8, &[u8])) {
    let joined;
    let mut left = if partial.is_empty() {
        fresh
    } else {
        partial.extend_from_slice(fresh);
        joined = std::mem::take(partial);
        &joined
    };
    while let Some((head, length)) = head_of(left) {
        let Some(payload) = left.get(head..head + length) else {
            break;
        };
        each(left[0], payload);
        left = &left[head + length..];
    }
    if !left.is_empty() {
        *partial = left.to_vec();
    }
}

/// How many events of the measured kind a frame holds.
pub fn events_in(payload: &[u8]) -> usize {
    payload
        .windows(EVENT.len())
        .filter(|window| *window == EVENT)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_whole_however_they_were_cut() {
        let mut sent = server_text(&event_of(400));
        sent.extend(server_text(b"short"));
        for cut in [1, 3, 200, sent.len() - 1] {
            let (mut partial, mut seen) = (Vec::new(), Vec::new());
            for piece in sent.chunks(cut) {
                frames(&mut partial, piece, |kind, payload| {
                    seen.push((kind, payload.len(), events_in(payload)));
                });
            }
            assert_eq!(seen, [(TEXT, 400, 1), (TEXT, 5, 0)], "cut at {cut}");
            assert!(partial.is_empty());
        }
    }

    #[test]
    fn the_floor_takes_a_request_and_then_frames() {
        let mut heard = b"GET /rooms/7 HTTP/1.1\r\nhost: x\r\n\r\n".to_vec();
        heard.extend(client(TEXT, b"{}"));
        assert!(matches!(take(&mut heard), Some(Said::Request(path)) if path == "/rooms/7"));
        assert!(matches!(take(&mut heard), Some(Said::Frame)));
        assert!(take(&mut heard).is_none() && heard.is_empty());
    }
}
