//! The floor: what fan-out costs when nothing is done but the writes.
//!
//! One thread, one poll, one frame made beforehand, a plain `write` to each socket of the room. No member can be told
//! something for less, short of batching system calls. It speaks just enough of the handshake for the same fleet of
//! clients to measure it; it checks nothing, and is no server to put on a network.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;

use anyhow::Result;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use super::wire;

const LISTENER: Token = Token(0);

struct Client {
    stream: TcpStream,
    /// Bytes of a request or frame that are not whole yet.
    heard: Vec<u8>,
    room: Option<usize>,
    /// Its first frame says hello and is no command.
    greeted: bool,
}

/// Listens on a free port of loopback, says so on stdout, and serves until it is killed. Every command is answered by
/// one frame of `bytes` to each member of its room.
///
/// # Errors
/// Where the port or the poll fails.
pub fn serve(bytes: usize) -> Result<()> {
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    println!("listening on http://{}", listener.local_addr()?);
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let frame = wire::server_text(&wire::event_of(bytes));
    let welcome = wire::server_text(b"{\"t\":\"welcome\"}");
    let mut clients: HashMap<Token, Client> = HashMap::new();
    let mut rooms: Vec<Vec<Token>> = Vec::new();
    let mut next = 1;
    let mut events = Events::with_capacity(1024);
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    let token = Token(next);
                    next += 1;
                    stream.set_nodelay(true)?;
                    poll.registry()
                        .register(&mut stream, token, Interest::READABLE)?;
                    let client = Client {
                        stream,
                        heard: Vec::new(),
                        room: None,
                        greeted: false,
                    };
                    clients.insert(token, client);
                }
                continue;
            }
            let token = event.token();
            let Some(client) = clients.get_mut(&token) else {
                continue;
            };
            if !read(client) {
                if let Some(room) = client.room {
                    rooms[room].retain(|member| *member != token);
                }
                clients.remove(&token);
                continue;
            }
            let mut commands = 0;
            while let Some(said) = wire::take(&mut client.heard) {
                match said {
                    wire::Said::Request(path) => {
                        let room = path.rsplit('/').next().and_then(|room| room.parse().ok());
                        let room = room.unwrap_or(0);
                        client.room = Some(room);
                        client.stream.write_all(wire::ACCEPTED)?;
                        client.stream.write_all(&welcome)?;
                        rooms.resize(rooms.len().max(room + 1), Vec::new());
                        rooms[room].push(token);
                    }
                    wire::Said::Frame if client.greeted => commands += 1,
                    wire::Said::Frame => client.greeted = true,
                }
            }
            let Some(room) = client.room.filter(|_| commands > 0) else {
                continue;
            };
            for _ in 0..commands {
                for member in &rooms[room] {
                    if let Some(member) = clients.get_mut(member) {
                        // A full socket loses the frame: the fleet reads, and would report the loss.
                        let _ = member.stream.write(&frame);
                    }
                }
            }
        }
    }
}

/// Whether the connection stands; what it brought is in `heard` then.
fn read(client: &mut Client) -> bool {
    let mut piece = [0; 4096];
    loop {
        match client.stream.read(&mut piece) {
            Ok(0) => return false,
            Ok(count) => client.heard.extend_from_slice(&piece[..count]),
            Err(problem) if problem.kind() == ErrorKind::WouldBlock => return true,
            Err(problem) if problem.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}
