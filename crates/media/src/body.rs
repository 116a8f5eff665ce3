//! The body of a media answer: a file, read in turns.
//!
//! A turn is at most 256 KiB, less where the uplink is shared ([`crate::Uplink`] then says when and how much).
//! Where the connection sends files by itself ([`FileLane`]), a turn is a piece put on its lane, after the blocking
//! pool brought that part of the file into memory; elsewhere it is read there at its position. The runtime's threads
//! never wait for a disk. Between turns
//! the body always yields, so that a fast client waits for the slow ones' turns and a newcomer is served
//! within a turn of each (the shared performance notes measured this against nginx's 2 MiB turns).
//!
//! The file stays open, so replacing it by rename or deleting it does no harm. Writing into it does: then
//! what is left to send belongs to another version, and the body fails, which makes hyper cut the connection.
//! A body never ends early in silence. A file that still arrives (an upload) is waited for.
//!
//! Memory: the body holds at most the turn being read and one handed out earlier, whose buffer it takes back
//! when the connection is done with it. What the connection itself queues is bounded by its write buffer.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::fair::Share;
use crate::lane::{self, FileLane, WINDOW, Warmth};
use crate::platform::read_exact_at;
use crate::root::Stamp;

/// Bytes a turn. Large enough that thread hops don't count, small enough that nobody waits long for theirs.
pub const TURN_BYTES: usize = 256 * 1024;

/// An answer's body: nothing, or part of a file.
pub struct MediaBody {
    next: u64,
    end: u64,
    source: Option<Source>,
    state: State,
    share: Option<Share>,
    lane: Option<FileLane>,
    /// What of the file was brought into memory for the lane.
    warm: Range<u64>,
    /// The last turn handed out; free to be used again once the connection has dropped it.
    lent: Option<Bytes>,
}

#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) file: Arc<File>,
    /// As it was when the headers were made.
    pub(crate) stamp: Stamp,
    /// The file's first bytes, where they are kept in memory.
    pub(crate) head: Option<Bytes>,
    /// For a file that still arrives: how far it is.
    pub(crate) growth: Option<Growth>,
}

/// How far a file has arrived, and a way to wait for more. Its bytes never change once they are there.
#[derive(Debug, Clone)]
pub(crate) struct Growth(watch::Receiver<u64>);

/// How long a body waits for bytes that somebody is sending. Players ask again after a cut; a sender who is gone for
/// longer than this may be gone for good.
const GROWTH_WAIT: Duration = Duration::from_secs(60);

impl Growth {
    /// Follows the number of bytes that have arrived; `u64::MAX` says that no more will come.
    pub(crate) fn new(arrived: watch::Receiver<u64>) -> Self {
        Self(arrived)
    }

    fn arrived(&self) -> u64 {
        *self.0.borrow()
    }

    /// Waits until there is a byte at `offset`.
    async fn past(mut self, offset: u64) -> io::Result<()> {
        let gone = || io::Error::other("the upload was given up while it was being watched");
        let arrived = tokio::time::timeout(GROWTH_WAIT, self.0.wait_for(|at| *at > offset)).await;
        match arrived {
            Ok(Ok(at)) if *at == u64::MAX => Err(gone()),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Source {
    /// Whether bytes are still to come.
    pub(crate) fn still_arrives(&self) -> bool {
        self.growth
            .as_ref()
            .is_some_and(|growth| growth.arrived() < self.stamp.size)
    }

    /// Whether the file is still what the headers promised.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.growth.is_some() || Stamp::of(&self.file.metadata()?) == self.stamp {
            Ok(())
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the media file was written to while it was being sent",
            ))
        }
    }
}

enum State {
    Idle,
    /// Waiting for bytes that have not arrived.
    Growing(Pin<Box<dyn Future<Output = io::Result<()>> + Send>>),
    /// Waiting for a turn at the uplink.
    Asking(oneshot::Receiver<usize>),
    Reading(JoinHandle<io::Result<BytesMut>>),
    /// Bringing the file into memory for a turn of so many bytes.
    Warming(JoinHandle<io::Result<Range<u64>>>, usize),
    /// There sooner than we would have given way: handed out at the next poll.
    Rested(Turn),
}

/// What is handed out next.
enum Turn {
    Bytes(Bytes),
    /// So many bytes of the file, by the connection's lane.
    Piece(usize),
}

impl std::fmt::Debug for MediaBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaBody")
            .field("next", &self.next)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl MediaBody {
    /// No bytes.
    pub fn empty() -> Self {
        Self {
            next: 0,
            end: 0,
            source: None,
            state: State::Idle,
            share: None,
            lane: None,
            warm: 0..0,
            lent: None,
        }
    }

    pub(crate) fn part(source: Source, range: Range<u64>) -> Self {
        Self {
            next: range.start,
            end: range.end,
            source: Some(source),
            state: State::Idle,
            share: None,
            lane: None,
            warm: 0..0,
            lent: None,
        }
    }

    /// The same body, over a connection that sends files by itself. It must reach that connection unchanged.
    #[must_use]
    pub fn by(mut self, lane: Option<FileLane>) -> Self {
        self.lane = lane;
        self
    }

    /// The same body, sent by turns at a shared uplink.
    #[must_use]
    pub fn through(mut self, mut share: Share) -> Self {
        share.promise(self.end - self.next);
        self.share = (self.next < self.end).then_some(share);
        self
    }

    /// Bytes of the next turn, where nobody says less.
    fn turn(&self) -> usize {
        let left = usize::try_from(self.end - self.next).unwrap_or(usize::MAX);
        let here = self.growth().map_or(u64::MAX, |growth| {
            growth.arrived().saturating_sub(self.next)
        });
        left.min(TURN_BYTES)
            .min(usize::try_from(here).unwrap_or(usize::MAX))
    }

    fn growth(&self) -> Option<&Growth> {
        self.source.as_ref()?.growth.as_ref()
    }

    /// A wait, where the next byte has not arrived.
    fn wait(&self) -> Option<Growth> {
        let growth = self.growth()?;
        let arrived = growth.arrived();
        (arrived <= self.next || arrived == u64::MAX).then(|| growth.clone())
    }

    /// The next turn from memory, where the file's head is there.
    fn head_turn(&self, length: usize) -> Option<io::Result<Bytes>> {
        let source = self.source.as_ref()?;
        let from = usize::try_from(self.next).ok()?;
        let head = source.head.as_ref().filter(|head| from < head.len())?;
        let to = head.len().min(from + length);
        Some(source.check().map(|()| head.slice(from..to)))
    }

    fn start_turn(&mut self, source: Source, length: usize) -> JoinHandle<io::Result<BytesMut>> {
        let offset = self.next;
        let warm = self.lent.take().and_then(|lent| lent.try_into_mut().ok());
        tokio::task::spawn_blocking(move || {
            let mut buffer = warm.unwrap_or_default();
            buffer.resize(length, 0);
            read_exact_at(&source.file, &mut buffer, offset)?;
            // The tag in the header promised these very bytes.
            source.check()?;
            Ok(buffer)
        })
    }

    /// Begins a turn of `length` bytes. From memory it is there at once; the body gives way all the same.
    /// `None`: look at the state again.
    fn take_turn(
        &mut self,
        length: usize,
        cx: &mut Context<'_>,
    ) -> Option<Poll<Option<io::Result<Frame<Bytes>>>>> {
        match self.head_turn(length) {
            Some(Ok(turn)) => return Some(self.rest(Turn::Bytes(turn), cx)),
            Some(Err(error)) => return Some(Poll::Ready(Some(Err(self.fail(error))))),
            None => {}
        }
        let Some(source) = self.source.clone() else {
            return Some(Poll::Ready(None));
        };
        if self.lane.is_some() {
            if self.is_warm(source.stamp, length) {
                return Some(self.rest(Turn::Piece(length), cx));
            }
            self.state = State::Warming(self.start_warming(source, length), length);
            return None;
        }
        self.state = State::Reading(self.start_turn(source, length));
        None
    }

    /// Whether the next turn is in memory, as far as anybody knows.
    fn is_warm(&mut self, stamp: Stamp, length: usize) -> bool {
        let turn = self.next + length as u64;
        if turn > self.warm.end {
            let from = self.warm.end.max(self.next);
            let to = Warmth::here().reaches(stamp, from, Instant::now());
            if to > from {
                let begun = !self.warm.is_empty();
                self.warm = if begun { self.warm.start } else { from }..to;
            }
        }
        turn <= self.warm.end
    }

    /// Brings what comes next into memory: at first the turn, which is soon there, then to the window's end.
    fn start_warming(&self, source: Source, length: usize) -> JoinHandle<io::Result<Range<u64>>> {
        let begun = !self.warm.is_empty();
        let from = self.next.max(self.warm.end);
        let start = if begun { self.warm.start } else { from };
        let turn = self.next + length as u64;
        let window = (from / WINDOW + 1) * WINDOW;
        let arrived = self.growth().map_or(u64::MAX, Growth::arrived);
        let to = if begun { window.max(turn) } else { turn };
        let to = to.min(self.end).min(arrived);
        tokio::task::spawn_blocking(move || {
            lane::warm(&source.file, from, to.saturating_sub(from))?;
            Warmth::here().note(source.stamp, start, to, Instant::now());
            Ok(start..to)
        })
    }

    /// Gives way before `turn` is handed out.
    fn rest(&mut self, turn: Turn, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.state = State::Rested(turn);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn hand_out(&mut self, turn: Turn) -> io::Result<Frame<Bytes>> {
        let turn = match (turn, &self.lane, &self.source) {
            (Turn::Bytes(turn), ..) => turn,
            (Turn::Piece(length), Some(lane), Some(source)) => {
                // The tag in the header promised these very bytes.
                source.check()?;
                lane.put(source.file.clone(), self.next, length);
                lane::stand_in(length)
            }
            (Turn::Piece(_), ..) => return Err(io::ErrorKind::UnexpectedEof.into()),
        };
        self.next += turn.len() as u64;
        if let Some(share) = &mut self.share {
            share.sent(turn.len());
        }
        self.lent = (self.next < self.end && self.lane.is_none()).then(|| turn.clone());
        if self.next >= self.end {
            self.share = None;
        }
        Ok(Frame::data(turn))
    }

    /// As [`Self::hand_out`]; an error is the body's end.
    fn give(&mut self, turn: Turn) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let handed = self.hand_out(turn);
        Poll::Ready(Some(handed.map_err(|error| self.fail(error))))
    }

    fn fail(&mut self, error: io::Error) -> io::Error {
        self.end = self.next; // after an error comes nothing
        self.source = None;
        self.share = None;
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
        let mut begun = false;
        loop {
            match std::mem::replace(&mut this.state, State::Idle) {
                State::Rested(turn) => return this.give(turn),
                State::Idle if this.next >= this.end => return Poll::Ready(None),
                State::Idle => {
                    if let Some(growth) = this.wait() {
                        this.state = State::Growing(Box::pin(growth.past(this.next)));
                        continue;
                    }
                    let (offset, wanted) = (this.next, this.turn());
                    match this
                        .share
                        .as_mut()
                        .and_then(|share| share.ask(offset, wanted))
                    {
                        Some(answer) => this.state = State::Asking(answer),
                        None => match this.take_turn(wanted, cx) {
                            Some(ready) => return ready,
                            None => begun = true,
                        },
                    }
                }
                State::Growing(mut more) => match more.as_mut().poll(cx) {
                    Poll::Pending => {
                        this.state = State::Growing(more);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(this.fail(error)))),
                },
                State::Asking(mut answer) => match Pin::new(&mut answer).poll(cx) {
                    Poll::Pending => {
                        this.state = State::Asking(answer);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(granted)) => match this.take_turn(granted, cx) {
                        Some(ready) => return ready,
                        None => begun = true,
                    },
                    Poll::Ready(Err(ended)) => {
                        return Poll::Ready(Some(Err(this.fail(io::Error::other(ended)))));
                    }
                },
                State::Reading(mut turn) => {
                    let Poll::Ready(read) = Pin::new(&mut turn).poll(cx) else {
                        this.state = State::Reading(turn);
                        return Poll::Pending;
                    };
                    return match read.unwrap_or_else(|ended| Err(io::Error::other(ended))) {
                        // Read sooner than we would have given way: give way all the same.
                        Ok(buffer) if begun => this.rest(Turn::Bytes(buffer.freeze()), cx),
                        Ok(buffer) => this.give(Turn::Bytes(buffer.freeze())),
                        Err(error) => Poll::Ready(Some(Err(this.fail(error)))),
                    };
                }
                State::Warming(mut warming, length) => {
                    let Poll::Ready(warm) = Pin::new(&mut warming).poll(cx) else {
                        this.state = State::Warming(warming, length);
                        return Poll::Pending;
                    };
                    return match warm.unwrap_or_else(|ended| Err(io::Error::other(ended))) {
                        Ok(warm) => {
                            this.warm = warm;
                            match begun {
                                true => this.rest(Turn::Piece(length), cx),
                                false => this.give(Turn::Piece(length)),
                            }
                        }
                        Err(error) => Poll::Ready(Some(Err(this.fail(error)))),
                    };
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.next >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.next)
    }
}
