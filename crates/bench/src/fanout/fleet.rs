//! Clients: as many as asked for, on one thread, with no buffer of their own while nothing comes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::wire;

/// How long anything may take before the measurement is void.
const PATIENCE: Duration = Duration::from_secs(60);
/// Connections that are opened at once: fewer than what a listener keeps waiting.
const AT_ONCE: usize = 256;
/// What is read at a time, by whoever reads.
const PIECE: usize = 64 * 1024;

/// A room to join: where, and what the two kinds of members say first.
#[derive(Clone, Debug)]
pub struct Door {
    pub server: SocketAddr,
    pub path: String,
    pub host_hello: String,
    pub guest_hello: String,
}

/// What all members of a room share.
#[derive(Default)]
struct Room {
    /// When each command was sent, the first ones first.
    sent: RefCell<Vec<Instant>>,
    /// How often these were cleared.
    round: Cell<u32>,
}

/// What the whole fleet saw.
#[derive(Default)]
struct Seen {
    /// Microseconds from the command's sending to its event's arrival at a member, in order of arrival.
    latencies: RefCell<Vec<u32>>,
    frames: Cell<u64>,
    lost: Cell<usize>,
    piece: RefCell<Vec<u8>>,
    event_bytes: Cell<usize>,
}

/// Members of rooms; the first of each is its host.
pub struct Fleet {
    rooms: Vec<(Rc<Room>, Rc<TcpStream>)>,
    seen: Rc<Seen>,
    readers: Vec<JoinHandle<()>>,
    members: usize,
}

impl Fleet {
    /// Seats `members` in each room, hosts first; must run on a `LocalSet`.
    ///
    /// # Errors
    /// Where anybody is turned away.
    pub async fn join(doors: &[Door], members: usize) -> Result<Self> {
        let seen = Rc::new(Seen {
            piece: RefCell::new(vec![0; PIECE]),
            ..Seen::default()
        });
        let mut fleet = Self {
            rooms: Vec::new(),
            seen,
            readers: Vec::new(),
            members,
        };
        let mut opening = VecDeque::new();
        for door in doors {
            let room = Rc::new(Room::default());
            let host = fleet.seat(door.clone(), true, room.clone()).await?;
            fleet.rooms.push((room.clone(), host));
        }
        for (door, (room, _)) in doors.iter().zip(fleet.rooms.clone()) {
            for _ in 1..members {
                let entering = enter(door.clone(), false, room.clone(), fleet.seen.clone());
                opening.push_back(tokio::task::spawn_local(entering));
                if opening.len() >= AT_ONCE {
                    let entered = opening.pop_front().expect("it was just filled");
                    fleet.readers.push(entered.await??.1);
                }
            }
        }
        for entered in opening {
            fleet.readers.push(entered.await??.1);
        }
        Ok(fleet)
    }

    async fn seat(&mut self, door: Door, host: bool, room: Rc<Room>) -> Result<Rc<TcpStream>> {
        let (stream, reader) = enter(door, host, room, self.seen.clone()).await?;
        self.readers.push(reader);
        Ok(stream)
    }

    /// How many there are.
    pub fn size(&self) -> usize {
        self.rooms.len() * self.members
    }

    /// Frames of any kind that came since the beginning.
    pub fn frames(&self) -> u64 {
        self.seen.frames.get()
    }

    /// Bytes of the newest event's payload.
    pub fn event_bytes(&self) -> usize {
        self.seen.event_bytes.get()
    }

    /// Lets each host seek `per_second` times a second for `span`, `burst` seeks at a time, the hosts one after
    /// another within each turn. Answers what arrived.
    ///
    /// # Errors
    /// Where a connection ends, or events stay out.
    pub async fn drive(&self, per_second: f64, burst: usize, span: Duration) -> Result<Heard> {
        self.seen.latencies.borrow_mut().clear();
        for (room, _) in &self.rooms {
            room.sent.borrow_mut().clear();
            room.round.set(room.round.get() + 1);
        }
        let turns = (span.as_secs_f64() * per_second / burst as f64)
            .round()
            .max(1.0) as u32;
        let step = span / (turns * self.rooms.len() as u32);
        let mut pace = tokio::time::interval(step.max(Duration::from_micros(100)));
        let mut id = 0_u64;
        for _ in 0..turns {
            for (room, host) in &self.rooms {
                pace.tick().await;
                let mut frames = Vec::new();
                for _ in 0..burst {
                    id += 1;
                    // Never the same twice: a seek to where the room is changes nothing.
                    let position = 1.0 + (id % 4000) as f64 * 0.001;
                    let command =
                        format!(r#"{{"t":"cmd","id":{id},"do":"seek","position":{position:.3}}}"#);
                    frames.extend(wire::client(wire::TEXT, command.as_bytes()));
                }
                let now = Instant::now();
                room.sent
                    .borrow_mut()
                    .extend(std::iter::repeat_n(now, burst));
                send(host, &frames).await?;
            }
        }
        let commands = turns as usize * burst * self.rooms.len();
        let expected = commands * self.members;
        let all = async {
            while self.seen.latencies.borrow().len() < expected {
                sleep(Duration::from_millis(20)).await;
            }
        };
        // Whoever is missing after this is lost, and counted.
        let _ = timeout(Duration::from_secs(10), all).await;
        ensure!(
            self.seen.lost.get() == 0,
            "{} connections ended meanwhile",
            self.seen.lost.get()
        );
        Ok(Heard {
            expected,
            latencies: self.seen.latencies.borrow().clone(),
        })
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for reader in &self.readers {
            reader.abort();
        }
    }
}

/// What arrived of what was done.
#[derive(Debug)]
pub struct Heard {
    /// Deliveries that there should have been.
    pub expected: usize,
    /// Microseconds, one for each delivery.
    pub latencies: Vec<u32>,
}

async fn send(stream: &TcpStream, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(problem) if problem.kind() == ErrorKind::WouldBlock => {}
            Err(problem) => return Err(problem.into()),
        }
    }
    Ok(())
}

/// Connects, says hello, and listens from the welcome on.
async fn enter(
    door: Door,
    host: bool,
    room: Rc<Room>,
    seen: Rc<Seen>,
) -> Result<(Rc<TcpStream>, JoinHandle<()>)> {
    let mut stream = timeout(PATIENCE, TcpStream::connect(door.server)).await??;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: {}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        door.path, door.server
    );
    stream.write_all(request.as_bytes()).await?;
    let mut heard = Vec::new();
    timeout(
        PATIENCE,
        read_until(&stream, &mut heard, &seen, |heard| {
            heard.windows(4).any(|four| four == b"\r\n\r\n")
        }),
    )
    .await
    .context("no answer to the upgrade in time")??;
    let end = heard
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("it was just found")
        + 4;
    if !heard.starts_with(b"HTTP/1.1 101") {
        bail!("turned away: {}", String::from_utf8_lossy(&heard));
    }
    heard.drain(..end);
    let hello = if host {
        &door.host_hello
    } else {
        &door.guest_hello
    };
    send(&stream, &wire::client(wire::TEXT, hello.as_bytes())).await?;
    timeout(
        PATIENCE,
        read_until(&stream, &mut heard, &seen, |heard| {
            let welcome: &[u8] = b"\"t\":\"welcome\"";
            heard.windows(welcome.len()).any(|here| here == welcome)
        }),
    )
    .await
    .context("no welcome in time")??;
    let stream = Rc::new(stream);
    let reader = tokio::task::spawn_local(listen(stream.clone(), heard, room, seen));
    Ok((stream, reader))
}

async fn read_until(
    stream: &TcpStream,
    heard: &mut Vec<u8>,
    seen: &Seen,
    done: impl Fn(&[u8]) -> bool,
) -> Result<()> {
    while !done(heard) {
        stream.readable().await?;
        let mut piece = seen.piece.borrow_mut();
        match stream.try_read(&mut piece) {
            Ok(0) => bail!(
                "the connection ended: {}",
                String::from_utf8_lossy(&heard[heard.len().saturating_sub(300)..])
            ),
            Ok(count) => heard.extend_from_slice(&piece[..count]),
            Err(problem) if problem.kind() == ErrorKind::WouldBlock => {}
            Err(problem) => return Err(problem.into()),
        }
    }
    Ok(())
}

/// Notes what arrives, and answers pings.
async fn listen(stream: Rc<TcpStream>, heard: Vec<u8>, room: Rc<Room>, seen: Rc<Seen>) {
    let mut partial = Vec::new();
    wire::frames(&mut partial, &heard, |_, _| {});
    drop(heard);
    // Events of this round of commands.
    let (mut round, mut count) = (0, 0);
    loop {
        if stream.readable().await.is_err() {
            break;
        }
        let mut pongs = Vec::new();
        let mut open = true;
        {
            let mut piece = seen.piece.borrow_mut();
            let fresh = match stream.try_read(&mut piece) {
                Ok(0) => break,
                Ok(count) => &piece[..count],
                Err(problem) if problem.kind() == ErrorKind::WouldBlock => continue,
                Err(_) => break,
            };
            let now = Instant::now();
            wire::frames(&mut partial, fresh, |kind, payload| {
                seen.frames.set(seen.frames.get() + 1);
                match kind {
                    wire::PING => pongs.extend(wire::client(wire::PONG, payload)),
                    wire::CLOSE => open = false,
                    _ => {}
                }
                let events = wire::events_in(payload);
                if events == 0 {
                    return;
                }
                seen.event_bytes.set(payload.len() / events);
                let sent = room.sent.borrow();
                if round != room.round.get() {
                    (round, count) = (room.round.get(), 0);
                }
                let mut latencies = seen.latencies.borrow_mut();
                for at in sent.iter().skip(count).take(events) {
                    let late = now.saturating_duration_since(*at).as_micros();
                    latencies.push(u32::try_from(late).unwrap_or(u32::MAX));
                }
                count += events;
            });
        }
        if !open || (!pongs.is_empty() && send(&stream, &pongs).await.is_err()) {
            break;
        }
    }
    seen.lost.set(seen.lost.get() + 1);
}
