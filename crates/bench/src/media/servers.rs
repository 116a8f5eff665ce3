//! What is measured: nginx as it comes, and the real server with a room whose members fetch.

use std::fs::File;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::client::Address;
use crate::clip;
use crate::member;
use crate::process;
use crate::server::{self, Server};

/// How long anything may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that is measured.
pub trait Measured {
    /// For the table.
    fn name(&self) -> &'static str;
    /// One for each viewer; the last is the late joiner's.
    fn addresses(&self) -> &[Address];
    /// Processor time so far.
    fn cpu(&self) -> Result<Duration>;
}

/// A real film, padded to `mebibytes` by a box that players skip, and read once so that it is in memory.
pub async fn film(folder: &Path, mebibytes: u64) -> Result<PathBuf> {
    let path = clip::make(folder, 10).await?;
    let wanted = mebibytes * 1024 * 1024;
    let padded = path.clone();
    tokio::task::spawn_blocking(move || {
        let have = std::fs::metadata(&padded)?.len();
        let left = wanted.saturating_sub(have + 16);
        let mut file = std::io::BufWriter::new(File::options().append(true).open(&padded)?);
        // A box of a size past 32 bits: 1, its name, then the size.
        file.write_all(&1_u32.to_be_bytes())?;
        file.write_all(b"free")?;
        file.write_all(&(left + 16).to_be_bytes())?;
        let mut chance = fastrand::Rng::with_seed(1);
        let mut piece = vec![0; 1024 * 1024];
        let mut left = left;
        while left > 0 {
            chance.fill(&mut piece);
            let length = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            file.write_all(&piece[..length])?;
            left -= length as u64;
        }
        file.flush()?;
        std::io::copy(&mut File::open(&padded)?, &mut std::io::sink())?;
        Ok(padded)
    })
    .await?
}

/// nginx in one process, the film in its root.
pub struct Nginx {
    addresses: Vec<Address>,
    process: u32,
    _child: Child,
    _folder: TempDir,
}

impl Nginx {
    pub async fn start(film: &Path) -> Result<Self> {
        let folder = TempDir::new()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server: SocketAddr = ([127, 0, 0, 1], port).into();
        let root = film.parent().context("the film lies in a folder")?;
        let here = folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {here}/{name};\n"))
            .concat();
        let config = format!(
            "daemon off; master_process off; pid {here}/pid; error_log stderr crit;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ sendfile on; access_log off; keepalive_requests 10000000;\n{temporary}\
             server {{ listen {server}; root {}; }} }}\n",
            root.display()
        );
        let path = folder.path().join("nginx.conf");
        std::fs::write(&path, config)?;
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&path)
            .arg("-p")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("nginx is needed to compare with; on Debian: apt install nginx-light")?;
        let process = child.id().context("nginx ended at once")?;
        process::pin(process);
        let listening = async {
            while tokio::net::TcpStream::connect(server).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, listening)
            .await
            .context("nginx did not listen in time")?;
        let name = film
            .file_name()
            .and_then(|name| name.to_str())
            .context("the film has a plain name")?;
        let address = Address {
            server,
            path: format!("/{}", name.replace(' ', "%20")),
            size: std::fs::metadata(film)?.len(),
        };
        Ok(Self {
            // nginx does not tell viewers apart.
            addresses: vec![address; MOST_VIEWERS],
            process,
            _child: child,
            _folder: folder,
        })
    }
}

/// Addresses that are kept for nginx; more viewers than this share the machine with nobody.
const MOST_VIEWERS: usize = 1024;

impl Measured for Nginx {
    fn name(&self) -> &'static str {
        "nginx"
    }

    fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    fn cpu(&self) -> Result<Duration> {
        process::cpu(self.process)
    }
}

/// The real server, a room, and members in it, each with an address of its own for the film.
pub struct Ours {
    addresses: Vec<Address>,
    process: u32,
    _members: Vec<Member>,
    _server: Server,
}

type Member = tokio::task::JoinHandle<()>;

impl Ours {
    pub async fn start(media: &Path, members: usize) -> Result<Self> {
        let limits = ["--limit-requests", "off", "--limit-join", "off"];
        let server = Server::with(&server::binary()?, media, &limits).await?;
        process::pin(server.process());
        let item = server.first_item().await?;
        let room = server.open_room(&item).await?;
        let url = format!(
            "ws://{}/api/v2/rooms/{}/socket",
            server.address(),
            room.code
        );
        let size = std::fs::read_dir(media)?
            .filter_map(|entry| entry.ok()?.metadata().ok())
            .map(|data| data.len())
            .max()
            .context("the film is gone")?;
        let (mut addresses, mut seats) = (Vec::new(), Vec::new());
        for _ in 0..members {
            let (path, seat) = enter(&url).await?;
            addresses.push(Address {
                server: server.address(),
                path,
                size,
            });
            seats.push(seat);
        }
        Ok(Self {
            addresses,
            process: server.process(),
            _members: seats,
            _server: server,
        })
    }
}

/// Joins, and stays; answers the member's address of the film.
async fn enter(url: &str) -> Result<(String, Member)> {
    let (mut socket, welcome) = member::enter(url, json!({})).await?;
    let film = welcome["room"]["media"]["url"]
        .as_str()
        .context("the room has no film")?;
    let viewer = welcome["viewer"].as_str().context("no name as a viewer")?;
    let address = format!("/{film}&viewer={viewer}");
    let seat = tokio::spawn(async move { while let Some(Ok(_)) = socket.next().await {} });
    Ok((address, seat))
}

impl Measured for Ours {
    fn name(&self) -> &'static str {
        "watchalong"
    }

    fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    fn cpu(&self) -> Result<Duration> {
        process::cpu(self.process)
    }
}
