//! Viewers that fetch as fast as they are served, and one who comes late.
//!
//! Plain HTTP/1.1 on plain sockets: a client library would cost more than the servers that are measured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Bytes of one request, as the shared performance notes measured.
const RANGE: u64 = 4 * 1024 * 1024;
/// Read at once.
const BUFFER: usize = 256 * 1024;
/// Between late joiners.
const LATE_EVERY: Duration = Duration::from_millis(100);
/// The longest header that is believed.
const MOST_HEADER: usize = 16 * 1024;

/// Where a film is.
#[derive(Clone, Debug)]
pub struct Address {
    /// The server.
    pub server: SocketAddr,
    /// Path and query.
    pub path: String,
    /// Bytes of the film.
    pub size: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Fetched {
    /// Bytes of each viewer.
    pub bytes: Vec<u64>,
    /// How long it took.
    pub took: Duration,
    /// From connecting to the first byte of the film, for each late joiner.
    pub late: Vec<Duration>,
}

/// All `viewers` fetch for `span`; meanwhile somebody joins late again and again.
pub async fn saturate(viewers: &[Address], late: &Address, span: Duration) -> Result<Fetched> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut running = JoinSet::new();
    let started = Instant::now();
    for (index, address) in viewers.iter().cloned().enumerate() {
        let stop = stop.clone();
        running.spawn(async move {
            Ok::<_, anyhow::Error>((index, fetch(&address, index as u64, &stop).await?))
        });
    }
    let mut joined = Vec::new();
    tokio::time::sleep(LATE_EVERY).await;
    while started.elapsed() < span {
        joined.push(first_byte(late).await?);
        tokio::time::sleep(LATE_EVERY).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut bytes = vec![0; viewers.len()];
    while let Some(done) = running.join_next().await {
        let (index, got) = done??;
        bytes[index] = got;
    }
    Ok(Fetched {
        bytes,
        took: started.elapsed(),
        late: joined,
    })
}

/// Ranges one after the other, each viewer from a place of its own, until told to stop.
async fn fetch(address: &Address, index: u64, stop: &AtomicBool) -> Result<u64> {
    let mut socket = TcpStream::connect(address.server).await?;
    let mut buffer = vec![0; BUFFER];
    let ranges = (address.size / RANGE).max(1);
    let (mut got, mut next) = (0, index * 7);
    while !stop.load(Ordering::Relaxed) {
        let from = (next % ranges) * RANGE;
        next += 1;
        ask(
            &mut socket,
            address,
            from,
            (from + RANGE).min(address.size) - 1,
        )
        .await?;
        let (length, body) = header(&mut socket, &mut buffer).await?;
        let mut left = length - body;
        got += body;
        while left > 0 {
            let read = socket.read(&mut buffer).await?;
            ensure!(read > 0, "cut off within a range");
            left = left
                .checked_sub(read as u64)
                .context("more than was promised")?;
            got += read as u64;
            // One viewer's full socket must not keep this program from the others'.
            tokio::task::yield_now().await;
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
    }
    Ok(got)
}

/// From connecting to the first byte of the film.
async fn first_byte(address: &Address) -> Result<Duration> {
    let began = Instant::now();
    let mut socket = TcpStream::connect(address.server).await?;
    let mut buffer = vec![0; BUFFER];
    ask(&mut socket, address, 0, RANGE - 1).await?;
    let (_, body) = header(&mut socket, &mut buffer).await?;
    if body == 0 {
        ensure!(
            socket.read(&mut buffer).await? > 0,
            "cut off before the first byte"
        );
    }
    Ok(began.elapsed())
}

async fn ask(socket: &mut TcpStream, address: &Address, from: u64, to: u64) -> Result<()> {
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nRange: bytes={from}-{to}\r\n\r\n",
        address.path, address.server
    );
    Ok(socket.write_all(request.as_bytes()).await?)
}

/// Reads until the header is there: the body's length, and how much of it came along.
async fn header(socket: &mut TcpStream, buffer: &mut [u8]) -> Result<(u64, u64)> {
    let mut filled = 0;
    loop {
        let read = socket.read(&mut buffer[filled..]).await?;
        ensure!(read > 0, "cut off before the header");
        filled += read;
        let Some(end) = buffer[..filled]
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
        else {
            ensure!(filled < MOST_HEADER, "no end of the header");
            continue;
        };
        let text = std::str::from_utf8(&buffer[..end])?;
        if !text.starts_with("HTTP/1.1 206") {
            bail!(
                "not part of a film: {}",
                text.lines().next().unwrap_or_default()
            );
        }
        let length = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .context("no length")?;
        return Ok((length.1.trim().parse()?, (filled - end - 4) as u64));
    }
}
