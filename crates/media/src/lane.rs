//! Files that go from the page cache to a socket without a stop in this program.
//!
//! A body hands hyper bytes; hyper hands them to the socket. Where socket and body share a [`FileLane`], the body
//! puts the piece of the file on the lane and hands out a stand-in of the same length: a part of one static
//! block that nobody reads. The socket knows the stand-in by its address, takes the piece from the lane and has
//! the system send it (`sendfile`). Everything in between counts lengths only, and headers, keep-alive and
//! limits stay hyper's. Neither side copies or reads a byte of the film: per gigabyte that is half the work and
//! more (`cargo xtask bench media`).
//!
//! The stand-in must reach the socket as it is, so a lane may only be given to a body whose answer goes out
//! unchanged (no compression, no TLS of ours) over a socket that writes vectored.
//!
//! Sending never waits for a disk: [`warm`] brings a window of the file into memory first, on the blocking pool. A
//! window that somebody's fetch brought there moments ago is taken to be there still ([`Warmth`]): the viewers of a
//! room are all at the same place.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::body::TURN_BYTES;
use crate::root::Stamp;

/// Brought into memory at once: a hop to the blocking pool in sixteen turns.
pub(crate) const WINDOW: u64 = 16 * TURN_BYTES as u64;
/// How long a window is taken to stay in memory. What was just used is the last that a system gives up; where it
/// does all the same, sending waits for the disk as any server's does.
const STAYS: Duration = Duration::from_secs(10);
/// Windows remembered: 64 GiB of film, 1 MiB of memory.
const MOST_WINDOWS: usize = 16 * 1024;

static STAND_IN: [u8; TURN_BYTES] = [0; TURN_BYTES];

/// A stand-in for `length` bytes of a file, at most [`TURN_BYTES`].
pub(crate) fn stand_in(length: usize) -> Bytes {
    Bytes::from_static(&STAND_IN[..length])
}

/// Part of a file on its way out.
#[derive(Debug)]
struct Piece {
    file: Arc<File>,
    offset: u64,
    length: usize,
}

/// The pieces of files that one connection is to send, in order. Clones are the same lane.
#[derive(Debug, Clone, Default)]
pub struct FileLane {
    pieces: Arc<Mutex<VecDeque<Piece>>>,
}

impl FileLane {
    /// A lane for one connection, where the system can send files; `None` elsewhere.
    pub fn new() -> Option<Self> {
        cfg!(any(target_os = "linux", target_os = "android")).then(Self::default)
    }

    /// Whether `bytes` are a stand-in, whole or part of one.
    pub fn stands_in(bytes: &[u8]) -> bool {
        let (block, at) = (STAND_IN.as_ptr() as usize, bytes.as_ptr() as usize);
        !bytes.is_empty() && (block..block + STAND_IN.len()).contains(&at)
    }

    fn pieces(&self) -> MutexGuard<'_, VecDeque<Piece>> {
        // Nothing in here panics half-way.
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, file: Arc<File>, offset: u64, length: usize) {
        self.pieces().push_back(Piece {
            file,
            offset,
            length,
        });
    }

    /// Sends up to `most` bytes of what is next by `send` (file, offset, bytes), which answers how many it took.
    ///
    /// # Errors
    /// What `send` answers; `UnexpectedEof` where the file is shorter by now, or nothing is on the lane.
    pub fn send(
        &self,
        most: usize,
        send: impl FnOnce(&File, u64, usize) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut pieces = self.pieces();
        let piece = pieces.front_mut().ok_or(io::ErrorKind::UnexpectedEof)?;
        let sent = send(&piece.file, piece.offset, piece.length.min(most))?;
        if sent == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        piece.offset += sent as u64;
        piece.length -= sent;
        if piece.length == 0 {
            pieces.pop_front();
        }
        Ok(sent)
    }
}

/// Which windows of which files were brought into memory, and when. It tells of the machine's page cache, so one is
/// enough for a process. Files are told apart by their stamps: taking a copy for the original costs a wait at most.
#[derive(Debug, Default)]
pub(crate) struct Warmth {
    windows: Mutex<HashMap<(Stamp, u64), Instant>>,
}

impl Warmth {
    /// This process's.
    pub(crate) fn here() -> &'static Self {
        static HERE: std::sync::OnceLock<Warmth> = std::sync::OnceLock::new();
        HERE.get_or_init(Self::default)
    }

    fn windows(&self) -> MutexGuard<'_, HashMap<(Stamp, u64), Instant>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To where the file is taken to be in memory from `from` on, at most a window further.
    pub(crate) fn reaches(&self, stamp: Stamp, from: u64, now: Instant) -> u64 {
        let windows = self.windows();
        let known = |window: u64| {
            let at = windows.get(&(stamp, window));
            at.is_some_and(|at| now.saturating_duration_since(*at) < STAYS)
        };
        let (first, offset) = (from / WINDOW, from % WINDOW);
        match (known(first), offset > 0 && known(first + 1)) {
            (false, _) => from,
            (true, false) => (first + 1) * WINDOW,
            (true, true) => from + WINDOW,
        }
    }

    /// Notes that `from..to` was brought into memory; only whole windows count.
    pub(crate) fn note(&self, stamp: Stamp, from: u64, to: u64, now: Instant) {
        let whole = from.div_ceil(WINDOW)..to / WINDOW;
        if whole.is_empty() {
            return;
        }
        let mut windows = self.windows();
        if windows.len() >= MOST_WINDOWS {
            windows.retain(|_, at| now.saturating_duration_since(*at) < STAYS);
        }
        for window in whole {
            if windows.len() < MOST_WINDOWS {
                windows.insert((stamp, window), now);
            }
        }
    }
}

/// Brings `length` bytes from `offset` into memory without copying them anywhere. Blocking.
///
/// # Errors
/// What reading the file says; `UnexpectedEof` where it is shorter.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn warm(file: &File, offset: u64, length: u64) -> io::Result<()> {
    static NOWHERE: std::sync::OnceLock<File> = std::sync::OnceLock::new();
    let nowhere = match NOWHERE.get() {
        Some(open) => open,
        None => {
            let open = File::options().write(true).open("/dev/null")?;
            NOWHERE.get_or_init(|| open)
        }
    };
    let (mut at, end) = (offset, offset + length);
    while at < end {
        let left = usize::try_from(end - at).unwrap_or(usize::MAX);
        if rustix::fs::sendfile(nowhere, file, Some(&mut at), left)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// There are no lanes here, so nobody asks.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn warm(_file: &File, _offset: u64, _length: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn file(bytes: &[u8]) -> Arc<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Arc::new(file)
    }

    #[test]
    fn a_stand_in_is_known_by_its_address_not_by_its_bytes() {
        assert!(FileLane::stands_in(&stand_in(10)));
        assert!(FileLane::stands_in(&stand_in(TURN_BYTES).slice(100..)));
        assert!(!FileLane::stands_in(&[0; 10]));
        assert!(!FileLane::stands_in(&[]));
    }

    #[test]
    fn pieces_leave_in_order_and_in_parts() {
        let lane = FileLane::default();
        lane.put(file(b"abcdef"), 1, 4);
        lane.put(file(b"xyz"), 0, 3);
        let mut sent = Vec::new();
        let mut send = |most| {
            lane.send(most, |_, offset, length| {
                sent.push((offset, length));
                Ok(length.min(3))
            })
        };
        assert_eq!(send(100).unwrap(), 3);
        assert_eq!(send(100).unwrap(), 1);
        assert_eq!(send(2).unwrap(), 2);
        assert_eq!(send(100).unwrap(), 1);
        assert_eq!(send(1).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(sent, [(1, 4), (4, 1), (0, 2), (2, 1)]);
    }

    #[test]
    fn a_file_that_became_shorter_is_an_error_not_a_short_answer() {
        let lane = FileLane::default();
        lane.put(file(b"ab"), 0, 5);
        let error = lane.send(5, |_, _, _| Ok(0)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn whole_windows_are_known_for_moments_and_only_of_that_version() {
        let warmth = Warmth::default();
        let now = Instant::now();
        let stamp = |size| Stamp {
            size,
            modified_ns: 7,
        };
        warmth.note(stamp(5), WINDOW - 1, 4 * WINDOW - 1, now);
        let reach = |from| warmth.reaches(stamp(5), from, now);
        assert_eq!(reach(WINDOW - 1), WINDOW - 1, "part of a window");
        assert_eq!(reach(WINDOW), 2 * WINDOW);
        assert_eq!(reach(WINDOW + 5), 2 * WINDOW + 5, "a window at most");
        assert_eq!(reach(2 * WINDOW + 5), 3 * WINDOW);
        assert_eq!(reach(3 * WINDOW), 3 * WINDOW, "part of a window");
        assert_eq!(warmth.reaches(stamp(5), WINDOW, now + STAYS), WINDOW);
        assert_eq!(warmth.reaches(stamp(6), WINDOW, now), WINDOW);
        warmth.note(stamp(5), 0, 2 * MOST_WINDOWS as u64 * WINDOW, now);
        assert_eq!(warmth.windows().len(), MOST_WINDOWS);
        warmth.note(stamp(5), 0, WINDOW, now + STAYS);
        assert_eq!(warmth.windows().len(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn warming_reads_to_the_end_and_says_where_there_is_less() {
        let film = file(&[7; 100_000]);
        warm(&film, 10, 99_990).unwrap();
        let error = warm(&film, 10, 200_000).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
