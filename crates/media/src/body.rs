//! The body of a media answer: a file, read in turns.
//!
//! A turn is 256 KiB, read at its position on the blocking pool, never on the runtime's threads. Between turns
//! the body always yields, so that a fast client waits for the slow ones' turns and a newcomer is served
//! within a turn of each (the shared performance notes measured this against nginx's 2 MiB turns).
//!
//! The file stays open, so replacing it by rename or deleting it does no harm. Writing into it does: then
//! what is left to send belongs to another version, and the body fails, which makes hyper cut the connection.
//! A body never ends early in silence.
//!
//! Memory: the body holds at most the turn being read and one handed out earlier, whose buffer it takes back
//! when the connection is done with it. What the connection itself queues is bounded by its write buffer.

use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::platform::read_exact_at;
use crate::root::Stamp;

/// Bytes a turn. Large enough that thread hops don't count, small enough that nobody waits long for theirs.
pub const TURN_BYTES: usize = 256 * 1024;

/// An answer's body: nothing, or part of a file.
#[derive(Debug)]
pub struct MediaBody {
    next: u64,
    end: u64,
    source: Option<Source>,
    state: State,
    /// The last turn handed out; free to be used again once the connection has dropped it.
    lent: Option<Bytes>,
}

#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) file: Arc<File>,
    /// As it was when the headers were made.
    pub(crate) stamp: Stamp,
}

#[derive(Debug)]
enum State {
    Idle,
    Reading(JoinHandle<io::Result<BytesMut>>),
    /// Read sooner than we would have given way: handed out at the next poll.
    Rested(BytesMut),
}

impl MediaBody {
    /// No bytes.
    pub fn empty() -> Self {
        Self {
            next: 0,
            end: 0,
            source: None,
            state: State::Idle,
            lent: None,
        }
    }

    pub(crate) fn part(source: Source, range: std::ops::Range<u64>) -> Self {
        Self {
            next: range.start,
            end: range.end,
            source: Some(source),
            state: State::Idle,
            lent: None,
        }
    }

    fn start_turn(&mut self, source: Source) -> JoinHandle<io::Result<BytesMut>> {
        let left = usize::try_from(self.end - self.next).unwrap_or(usize::MAX);
        let (offset, length) = (self.next, left.min(TURN_BYTES));
        let warm = self.lent.take().and_then(|lent| lent.try_into_mut().ok());
        tokio::task::spawn_blocking(move || {
            let mut buffer = warm.unwrap_or_default();
            buffer.resize(length, 0);
            read_exact_at(&source.file, &mut buffer, offset)?;
            // The tag in the header promised these very bytes.
            if Stamp::of(&source.file.metadata()?) != source.stamp {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the media file was written to while it was being sent",
                ));
            }
            Ok(buffer)
        })
    }

    fn hand_out(&mut self, buffer: BytesMut) -> Frame<Bytes> {
        self.next += buffer.len() as u64;
        let turn = buffer.freeze();
        self.lent = (self.next < self.end).then(|| turn.clone());
        Frame::data(turn)
    }

    fn fail(&mut self, error: io::Error) -> io::Error {
        self.end = self.next; // after an error comes nothing
        self.source = None;
        error
    }
}

impl http_body::Body for MediaBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        match std::mem::replace(&mut this.state, State::Idle) {
            State::Rested(buffer) => return Poll::Ready(Some(Ok(this.hand_out(buffer)))),
            State::Reading(turn) => this.state = State::Reading(turn),
            State::Idle if this.next >= this.end => return Poll::Ready(None),
            State::Idle => {
                let Some(source) = this.source.clone() else {
                    return Poll::Ready(None);
                };
                let mut turn = this.start_turn(source);
                return match Pin::new(&mut turn).poll(cx) {
                    Poll::Pending => {
                        this.state = State::Reading(turn);
                        Poll::Pending
                    }
                    // From memory this can be at once. Give way all the same.
                    Poll::Ready(Ok(Ok(buffer))) => {
                        this.state = State::Rested(buffer);
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    }
                    Poll::Ready(Ok(Err(error))) => Poll::Ready(Some(Err(this.fail(error)))),
                    Poll::Ready(Err(ended)) => {
                        Poll::Ready(Some(Err(this.fail(io::Error::other(ended)))))
                    }
                };
            }
        }
        let State::Reading(turn) = &mut this.state else {
            return Poll::Ready(None);
        };
        let read =
            ready!(Pin::new(turn).poll(cx)).unwrap_or_else(|ended| Err(io::Error::other(ended)));
        this.state = State::Idle;
        Poll::Ready(Some(match read {
            Ok(buffer) => Ok(this.hand_out(buffer)),
            Err(error) => Err(this.fail(error)),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.next >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.next)
    }
}
