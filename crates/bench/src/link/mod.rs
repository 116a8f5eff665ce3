//! The link emulator: a TCP proxy on loopback that behaves like a longer, thinner, less even line.
//!
//! Bytes keep their order and content. All connections through one [`Link`] share its line, as all
//! of a viewer's traffic shares their access: a film that loads delays the room's messages. A new
//! connection waits one round trip, as its handshake would. Loss is not emulated: on a TCP stream
//! it shows as a stall, and those are. What a link does to bytes is decided in [`shape`].

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

pub use shape::{Direction, Passage, Profile, Stalls};

pub mod shape;

/// Bytes taken at once: at 8 Mbit/s 8 ms of line time, so that a message waits little behind a film.
const CHUNK: usize = 8 * 1024;

/// How long bytes may wait for the line before the sender is held back: a home router's queue.
const QUEUE: Duration = Duration::from_millis(60);

/// Chunks of one connection under way at most; bounds memory to 8 MiB on links without a rate.
const UNDER_WAY: usize = 1024;

/// A running link: connections to [`Link::address`] go on to its destination. Dropping it cuts all.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Link {
    /// Listens on `listen` (port 0: any) and forwards to `to`. The same seed stalls at the same times.
    pub async fn open(
        listen: SocketAddr,
        to: SocketAddr,
        profile: Profile,
        seed: u64,
    ) -> io::Result<Link> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let began = Instant::now();
        let way = |way| Way {
            began,
            line: Arc::new(Mutex::new(Direction::new(profile.clone(), seed, way))),
        };
        let (up, down) = (way(0), way(1));
        let handshake = 2 * profile.delay;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            // Ends only when accepting fails for good, which on loopback means no descriptors are left.
            while let Ok((client, _)) = listener.accept().await {
                let (up, down) = (up.clone(), down.clone());
                connections.spawn(async move {
                    sleep(handshake).await;
                    if let Ok(server) = TcpStream::connect(to).await {
                        join(client, server, up, down).await;
                    }
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Link {
            address,
            _tasks: tasks,
        })
    }

    /// Where to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// One direction as its connections see it.
#[derive(Clone)]
struct Way {
    began: Instant,
    line: Arc<Mutex<Direction>>,
}

impl Way {
    fn pass(&self, bytes: usize) -> Passage {
        // The clock is read under the lock, so that the line sees times in order.
        let mut line = self.line.lock().expect("no holder of the lock can panic");
        line.pass(self.began.elapsed(), bytes)
    }
}

async fn join(client: TcpStream, server: TcpStream, up: Way, down: Way) {
    // Small messages must not wait for acknowledgements: the delay is ours to make.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let forth = carry(from_client, to_server, up);
    let back = carry(from_server, to_client, down);
    // A broken half breaks the connection; a closed half lets the other finish.
    let _ = tokio::try_join!(forth, back);
}

/// Carries one direction of one connection to its end.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Way) -> io::Result<()> {
    let (queue, mut waiting) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let take = async {
        let mut earliest = way.began;
        loop {
            let mut chunk = vec![0; CHUNK];
            let length = from.read(&mut chunk).await?;
            chunk.truncate(length);
            // The end of the stream crosses the line like a byte.
            let passage = way.pass(length.max(1));
            earliest = earliest.max(way.began + passage.arrives);
            let gone = queue.send((earliest, chunk)).await.is_err();
            if gone || length == 0 {
                drop(queue);
                return io::Result::Ok(());
            }
            if let Some(held) = passage.left.checked_sub(QUEUE) {
                sleep_until(way.began + held).await;
            }
        }
    };
    let give = async {
        while let Some((at, chunk)) = waiting.recv().await {
            sleep_until(at).await;
            if chunk.is_empty() {
                to.shutdown().await?;
            } else {
                to.write_all(&chunk).await?;
            }
        }
        io::Result::Ok(())
    };
    tokio::try_join!(take, give).map(drop)
}

#[cfg(test)]
mod tests;
