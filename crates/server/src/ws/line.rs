//! One client's WebSocket, read: whole messages as they come, pings answered and sent, silence noticed.
//!
//! What every dialect needs of a connection and nothing that any of them says. Sending goes through the outbox, so
//! that a broadcast never passes the task that reads.
use super::outbox::{Limits, Outbox};
use super::upgrade::Socket;
use super::{CloseCode, Incoming, Opcode, Reader, WireError, close_frame, frame};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Read in one go; on the stack, so that an idle connection owns no buffer.
const READ: usize = 8 * 1024;
/// How long last words may take to go out.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What a dialect expects of its clients' connections.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// The longest message, bytes.
    pub message_bytes: usize,
    /// A quiet client is pinged after this ...
    pub ping_after: Duration,
    /// ... and given up once nothing was heard for this long.
    pub silent_for: Duration,
}

/// What comes from a connection.
#[derive(Debug)]
pub enum Heard {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// The client had been too slow for what was sent, and has caught up: it needs the whole state.
    Drained,
}

/// Why nothing more comes.
#[derive(Debug)]
pub enum Cut {
    /// The other side is gone, or said goodbye.
    Gone,
    /// Nothing was heard for [`Manners::silent_for`].
    Silent,
    /// What came is no WebSocket protocol.
    Broken(WireError),
}

impl Cut {
    /// The close that answers it.
    pub fn close(&self) -> Bytes {
        let reason = match self {
            Self::Silent => "idle",
            Self::Gone | Self::Broken(_) => "",
        };
        close_frame(self.close_code(), reason)
    }

    /// The code that says so.
    pub fn close_code(&self) -> CloseCode {
        match self {
            Self::Gone => 1000,
            Self::Silent => 1001,
            Self::Broken(error) => error.close_code(),
        }
    }
}

impl From<WireError> for Cut {
    fn from(error: WireError) -> Self {
        Self::Broken(error)
    }
}

/// The reading half.
#[derive(Debug)]
pub struct Line {
    socket: Socket,
    outbox: Outbox,
    manners: Manners,
    reader: Reader,
    inbox: VecDeque<Incoming>,
    drained: mpsc::Receiver<()>,
    heard: Instant,
    pinged: bool,
}

/// Runs a connection to its end: `talk` reads and answers until it is done, having closed the outbox with its last words.
pub async fn converse<T: Future<Output = ()>>(
    socket: Socket,
    manners: Manners,
    talk: impl FnOnce(Line) -> T,
) {
    let outbox = Outbox::new(socket.stream.clone(), Limits::CLIENT);
    let (told, drained) = mpsc::channel(1);
    let drain = outbox.drain(move || {
        let _ = told.try_send(());
    });
    let mut reader = Reader::new(manners.message_bytes);
    let mut inbox = VecDeque::new();
    let early = reader.feed(&socket.early, |incoming| inbox.push_back(incoming));
    let line = Line {
        socket,
        outbox: outbox.clone(),
        manners,
        reader,
        inbox,
        drained,
        heard: Instant::now(),
        pinged: false,
    };
    // Both halves end together: a reader that has said goodbye waits for the drain, a drain that is done
    // (or broken) ends the reader.
    tokio::pin!(drain);
    if early.is_ok() {
        let talk = talk(line);
        tokio::select! {
            () = talk => {
                // Lets the last words go out, but not for ever.
                let _ = tokio::time::timeout(LAST_WORDS, drain).await;
            }
            () = &mut drain => {}
        }
    }
    outbox.abandon();
}

impl Line {
    /// Where frames for this client go.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The next message. Pings are answered, and sent while it is quiet.
    ///
    /// # Errors
    /// [`Cut`], after which nothing comes.
    pub async fn next(&mut self) -> Result<Heard, Cut> {
        loop {
            while let Some(incoming) = self.inbox.pop_front() {
                match incoming {
                    Incoming::Text(text) => return Ok(Heard::Text(text)),
                    Incoming::Binary(bytes) => return Ok(Heard::Binary(bytes)),
                    Incoming::Ping(payload) => {
                        self.outbox.push(&frame(Opcode::Pong, &payload));
                    }
                    Incoming::Close(_) => return Err(Cut::Gone),
                    Incoming::Pong => {}
                }
            }
            let wake = if self.pinged {
                self.manners.silent_for
            } else {
                self.manners.ping_after
            };
            tokio::select! {
                ready = self.socket.stream.readable() => {
                    ready.map_err(|_| Cut::Gone)?;
                    self.read_some()?;
                }
                Some(()) = self.drained.recv() => return Ok(Heard::Drained),
                () = sleep_until(self.heard + wake) => {
                    if self.pinged {
                        return Err(Cut::Silent);
                    }
                    self.pinged = true;
                    self.outbox.push(&frame(Opcode::Ping, b""));
                }
            }
        }
    }

    fn read_some(&mut self) -> Result<(), Cut> {
        let mut buffer = [0; READ];
        match self.socket.stream.try_read(&mut buffer) {
            Ok(0) => Err(Cut::Gone),
            Ok(n) => {
                self.heard = Instant::now();
                self.pinged = false;
                let inbox = &mut self.inbox;
                Ok(self
                    .reader
                    .feed(&buffer[..n], |incoming| inbox.push_back(incoming))?)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(_) => Err(Cut::Gone),
        }
    }
}
