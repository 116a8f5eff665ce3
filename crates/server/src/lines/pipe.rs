//! One client's connection as lines: bounded in length, whatever carries the bytes.
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Anything that carries bytes both ways: TCP, or TLS over it.
pub trait Carrier: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Carrier for T {}

/// A client that takes nothing for this long is gone.
const WRITE_WITHIN: Duration = Duration::from_millis(12_500);

/// Why no line comes.
#[derive(Debug, PartialEq, Eq)]
pub enum Broken {
    /// The other side is gone.
    Gone,
    /// A line that is too long, or no UTF-8.
    Nonsense(&'static str),
}

/// Lines in, lines out.
pub struct Pipe {
    carrier: Box<dyn Carrier>,
    /// Bytes of a line.
    longest: usize,
    read: Vec<u8>,
    /// Up to here there is no line end.
    searched: usize,
}

impl Pipe {
    /// Over a connection that nothing was read from, with lines of so many bytes at most.
    pub fn new(carrier: Box<dyn Carrier>, longest: usize) -> Self {
        Self {
            carrier,
            longest,
            read: Vec::new(),
            searched: 0,
        }
    }

    /// The connection itself, to be wrapped; what was read and not used is dropped.
    pub fn into_carrier(self) -> Box<dyn Carrier> {
        self.carrier
    }

    /// The next line that is not blank. May be dropped while it waits.
    ///
    /// # Errors
    /// [`Broken`].
    pub async fn line(&mut self) -> Result<String, Broken> {
        loop {
            while let Some(at) = self.read[self.searched..].iter().position(|b| *b == b'\n') {
                let mut line: Vec<u8> = self.read.drain(..=self.searched + at).collect();
                self.searched = 0;
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                if line.len() > self.longest {
                    return Err(Broken::Nonsense("A line was too long."));
                }
                let line = String::from_utf8(line)
                    .map_err(|_| Broken::Nonsense("A line was not UTF-8."))?;
                if !line.trim().is_empty() {
                    return Ok(line);
                }
            }
            self.searched = self.read.len();
            if self.read.len() > self.longest + 1 {
                return Err(Broken::Nonsense("A line was too long."));
            }
            match self.carrier.read_buf(&mut self.read).await {
                Ok(0) | Err(_) => return Err(Broken::Gone),
                Ok(_) => {}
            }
        }
    }

    /// Writes lines.
    ///
    /// # Errors
    /// [`Broken::Gone`], also where the client takes nothing.
    pub async fn write(&mut self, lines: &str) -> Result<(), Broken> {
        let carrier = &mut self.carrier;
        let write = async {
            carrier.write_all(lines.as_bytes()).await?;
            carrier.flush().await
        };
        match tokio::time::timeout(WRITE_WITHIN, write).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Broken::Gone),
        }
    }

    /// Says goodbye to the transport.
    pub async fn close(&mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(2), self.carrier.shutdown()).await;
    }
}
