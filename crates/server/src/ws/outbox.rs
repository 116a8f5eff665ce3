//! What waits to be written to one client: normally nothing.
//!
//! A frame is written straight to the socket by whoever has it (a broadcast wakes no task per
//! delivery); only what the socket does not take waits here, bounded. A client too slow for the bound
//! loses its backlog, not its connection: it is told apart as *lagging*, gets nothing more, and once
//! the socket has drained the room sends it one fresh snapshot. So memory never grows with slowness.
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Bounds of one client's backlog.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Frames.
    pub frames: usize,
    /// Bytes; a single larger frame (a snapshot) is taken when nothing else waits.
    pub bytes: usize,
}

impl Limits {
    /// About a minute of a busy room's events, and little enough that 10,000 stalled clients cost 2.5 GiB at the
    /// very worst and a few MiB in practice, since events are shared.
    pub const CLIENT: Self = Self {
        frames: 256,
        bytes: 256 * 1024,
    };
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// Written or waiting.
    Taken,
    /// Not taken: the client lags and will get a snapshot instead.
    Lagging,
    /// Not taken: the connection is over.
    Closed,
}

/// What comes out of an outbox that is taken from.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A frame.
    Frame(Bytes),
    /// The backlog was lost; the whole state is needed.
    Drained,
    /// Nothing comes any more.
    Over,
}

/// The sending half of a client's connection; cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Where frames go; `None` where the connection's own task takes them with [`Outbox::next`].
    stream: Option<Arc<TcpStream>>,
    limits: Limits,
    backlog: Mutex<Backlog>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Backlog {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// Whether the first frame has been written in part, and so must be finished.
    begun: bool,
    state: State,
    /// Frames taken so far, and their bytes.
    told: (u64, u64),
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Lagging,
    /// Flush, then shut down.
    Closing,
    Closed,
}

impl Outbox {
    /// For a socket after its handshake.
    pub fn new(stream: Arc<TcpStream>, limits: Limits) -> Self {
        Self::over(Some(stream), limits)
    }

    /// For a connection whose own task takes what is told with [`Outbox::next`] and writes it in its own words: where
    /// no two connections are told the same bytes, or the socket is behind TLS.
    pub fn taken(limits: Limits) -> Self {
        Self::over(None, limits)
    }

    fn over(stream: Option<Arc<TcpStream>>, limits: Limits) -> Self {
        Self(Arc::new(Shared {
            stream,
            limits,
            backlog: Mutex::default(),
            wake: Notify::new(),
        }))
    }

    /// The next frame of an outbox that is [taken](Outbox::taken) from. May be dropped while it waits.
    pub async fn next(&self) -> Next {
        loop {
            {
                let mut backlog = self.backlog();
                if let Some(frame) = backlog.frames.pop_front() {
                    backlog.bytes -= frame.len();
                    return Next::Frame(frame);
                }
                match backlog.state {
                    State::Lagging => {
                        backlog.state = State::Open;
                        return Next::Drained;
                    }
                    State::Closing | State::Closed => {
                        backlog.close();
                        return Next::Over;
                    }
                    State::Open => {}
                }
            }
            self.0.wake.notified().await;
        }
    }

    /// Sends a frame: at once if the socket takes it, later if the bound allows, else not at all. Never waits.
    pub fn push(&self, frame: &Bytes) -> Pushed {
        let mut backlog = self.backlog();
        match backlog.state {
            State::Open => {}
            State::Lagging => return Pushed::Lagging,
            State::Closing | State::Closed => return Pushed::Closed,
        }
        backlog.told.0 += 1;
        backlog.told.1 += frame.len() as u64;
        let mut rest = frame.clone();
        if let Some(stream) = self.0.stream.as_ref().filter(|_| backlog.frames.is_empty()) {
            match stream.try_write(frame) {
                Ok(n) if n == frame.len() => return Pushed::Taken,
                Ok(n) => {
                    rest.advance(n);
                    backlog.begun = n > 0;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => {
                    backlog.close();
                    self.0.wake.notify_one();
                    return Pushed::Closed;
                }
            }
        } else if backlog.frames.len() >= self.0.limits.frames
            || backlog.bytes + rest.len() > self.0.limits.bytes
        {
            backlog.drop_all();
            backlog.state = State::Lagging;
            self.0.wake.notify_one();
            return Pushed::Lagging;
        }
        backlog.bytes += rest.len();
        backlog.frames.push_back(rest);
        self.0.wake.notify_one();
        Pushed::Taken
    }

    /// How many frames were handed to this outbox while it was open, and how many bytes.
    pub fn told(&self) -> (u64, u64) {
        self.backlog().told
    }

    /// Sends `frame` (a close) after what waits, then ends the connection.
    pub fn close(&self, frame: &Bytes) {
        let mut backlog = self.backlog();
        if matches!(backlog.state, State::Closing | State::Closed) {
            return;
        }
        backlog.bytes += frame.len();
        backlog.frames.push_back(frame.clone());
        backlog.state = State::Closing;
        self.0.wake.notify_one();
    }

    /// Writes what waits whenever the socket takes more; returns when the connection is over. `on_drained` is
    /// called when a lagging client has caught up and may be sent a snapshot.
    ///
    /// Run by the connection's own task, so that a broadcast never waits for a slow client.
    pub async fn drain(&self, mut on_drained: impl FnMut()) {
        loop {
            let wait_for_room = {
                let mut backlog = self.backlog();
                match self.write_some(&mut backlog) {
                    Err(_) => {
                        backlog.close();
                        return;
                    }
                    Ok(()) if !backlog.frames.is_empty() => true,
                    Ok(()) => {
                        match backlog.state {
                            State::Lagging => {
                                backlog.state = State::Open;
                                drop(backlog);
                                on_drained();
                                continue;
                            }
                            State::Closing | State::Closed => {
                                backlog.close();
                                return;
                            }
                            State::Open => {}
                        }
                        false
                    }
                }
            };
            match self.0.stream.as_ref().filter(|_| wait_for_room) {
                Some(stream) => {
                    if stream.writable().await.is_err() {
                        self.backlog().close();
                        return;
                    }
                }
                None => self.0.wake.notified().await,
            }
        }
    }

    /// Forgets everything; pushes are refused from now on.
    pub fn abandon(&self) {
        self.backlog().close();
        self.0.wake.notify_one();
    }

    fn write_some(&self, backlog: &mut Backlog) -> io::Result<()> {
        let Some(stream) = &self.0.stream else {
            return Ok(());
        };
        while !backlog.frames.is_empty() {
            // One system call for all that waits: 64 slices is far below IOV_MAX and covers any burst.
            let mut slices = [io::IoSlice::new(&[]); 64];
            let mut count = 0;
            for (slot, frame) in slices.iter_mut().zip(&backlog.frames) {
                *slot = io::IoSlice::new(frame);
                count += 1;
            }
            match stream.try_write_vectored(&slices[..count]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => backlog.consume(written),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn backlog(&self) -> MutexGuard<'_, Backlog> {
        // A panic between lock and unlock can't leave a half-changed backlog that matters more than serving on.
        self.0
            .backlog
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backlog {
    fn consume(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(first) = self.frames.front_mut() {
            if written < first.len() {
                first.advance(written);
                self.begun |= written > 0;
                return;
            }
            written -= first.len();
            self.frames.pop_front();
            self.begun = false;
        }
    }

    /// Drops what waits, but for a frame that is on the wire already in part.
    fn drop_all(&mut self) {
        self.frames.truncate(usize::from(self.begun));
        self.bytes = self.frames.iter().map(Bytes::len).sum();
    }

    fn close(&mut self) {
        *self = Self {
            state: State::Closed,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ws::text_frame;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    async fn pair() -> (Arc<TcpStream>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let client = TcpStream::connect(listener.local_addr().expect("bound"))
            .await
            .expect("connects");
        (
            Arc::new(listener.accept().await.expect("accepts").0),
            client,
        )
    }

    #[tokio::test]
    async fn a_reader_gets_every_frame_in_order() {
        let (server, mut client) = pair().await;
        let outbox = Outbox::new(server, Limits::CLIENT);
        let drainer = outbox.clone();
        tokio::spawn(async move { drainer.drain(|| {}).await });
        let mut expected = Vec::new();
        for i in 0..2000 {
            let frame = text_frame(&format!("{i} {}", "x".repeat(i)));
            assert_eq!(outbox.push(&frame), Pushed::Taken, "the reader keeps up");
            expected.extend_from_slice(&frame);
            let mut got = vec![0; frame.len()];
            client.read_exact(&mut got).await.expect("reads");
            assert_eq!(got, expected.split_off(expected.len() - frame.len()));
        }
    }

    #[tokio::test]
    async fn a_stalled_reader_costs_no_more_than_the_bound_and_catches_up() {
        let (server, mut client) = pair().await;
        let outbox = Outbox::new(
            server,
            Limits {
                frames: 8,
                bytes: 1 << 20,
            },
        );
        let drained = Arc::new(AtomicUsize::new(0));
        let (drainer, count) = (outbox.clone(), drained.clone());
        tokio::spawn(async move {
            drainer
                .drain(move || {
                    count.fetch_add(1, Ordering::SeqCst);
                })
                .await;
        });
        let frame = text_frame(&"x".repeat(60_000));
        let mut taken = 0;
        while outbox.push(&frame) == Pushed::Taken {
            taken += 1;
            assert!(taken < 10_000, "the bound holds");
            tokio::task::yield_now().await;
        }
        assert_eq!(outbox.push(&frame), Pushed::Lagging);
        assert!(
            outbox.backlog().bytes <= frame.len(),
            "the backlog is dropped but for what is on the wire"
        );
        // Reads everything on the wire: whole frames only, then the snapshot is called for.
        let mut got = Vec::new();
        while drained.load(Ordering::SeqCst) == 0 {
            let mut buf = vec![0; 65_536];
            match tokio::time::timeout(Duration::from_millis(200), client.read(&mut buf)).await {
                Ok(n) => got.extend_from_slice(&buf[..n.expect("reads")]),
                Err(_) => tokio::task::yield_now().await,
            }
        }
        while let Ok(Ok(n)) =
            tokio::time::timeout(Duration::from_millis(100), client.read_buf(&mut got)).await
        {
            assert!(n > 0);
        }
        assert_eq!(got.len() % frame.len(), 0, "no frame is cut");
        assert_eq!(outbox.push(&frame), Pushed::Taken);
    }

    #[tokio::test]
    async fn a_close_goes_out_after_what_waits() {
        let (server, mut client) = pair().await;
        let outbox = Outbox::new(server, Limits::CLIENT);
        outbox.push(&text_frame("last words"));
        outbox.close(&crate::ws::close_frame(1000, "bye"));
        assert_eq!(outbox.push(&text_frame("too late")), Pushed::Closed);
        outbox.drain(|| {}).await;
        drop(outbox);
        let mut got = Vec::new();
        client.read_to_end(&mut got).await.expect("ends");
        assert!(got.windows(10).any(|w| w == b"last words"));
        assert!(got.ends_with(b"bye"));
    }
}
