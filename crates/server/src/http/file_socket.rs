//! A socket that sends files: what hyper writes to, over the stream that was accepted.
//!
//! Bytes go to the stream as they are. A stand-in of a [`FileLane`] is the sign that the next piece of a file is due;
//! the system then sends it from its page cache (`sendfile`), and as many bytes count as written.
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use watchalong_media::FileLane;

/// See the head of this file.
#[derive(Debug)]
pub struct FileSocket {
    stream: TcpStream,
    lane: Option<FileLane>,
}

impl FileSocket {
    /// Over an accepted stream.
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            lane: FileLane::new(),
        }
    }

    /// Where bodies of this connection put pieces of files; `None` where the system can't send them.
    pub fn lane(&self) -> Option<FileLane> {
        self.lane.clone()
    }

    /// The bare stream: a WebSocket has no use for files.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn poll_send(&self, cx: &mut Context<'_>, most: usize) -> Poll<io::Result<usize>> {
        let Some(lane) = &self.lane else {
            return Poll::Ready(Err(io::ErrorKind::Unsupported.into()));
        };
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            let sent = self.stream.try_io(tokio::io::Interest::WRITABLE, || {
                lane.send(most, |file, mut offset, length| {
                    Ok(rustix::fs::sendfile(
                        &self.stream,
                        file,
                        Some(&mut offset),
                        length,
                    )?)
                })
            });
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return Poll::Ready(done),
            }
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn poll_send(&self, _cx: &mut Context<'_>, _most: usize) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

impl AsyncRead for FileSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for FileSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if FileLane::stands_in(bytes) {
            return self.poll_send(cx, bytes.len());
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stands_in = |slice: &IoSlice<'_>| FileLane::stands_in(slice);
        match slices.iter().position(|slice| !slice.is_empty()) {
            Some(first) if stands_in(&slices[first]) => self.poll_send(cx, slices[first].len()),
            _ => {
                let plain = slices.iter().position(stands_in).unwrap_or(slices.len());
                Pin::new(&mut self.stream).poll_write_vectored(cx, &slices[..plain])
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        // Without it hyper would gather bytes in a buffer of its own, stand-ins among them.
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
