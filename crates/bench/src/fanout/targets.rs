//! What is measured: the real server with rooms, and the floor.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::Case;
use super::fleet::Door;
use crate::process;
use crate::server::{self, Server};

/// How long the floor may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that runs, on the measured core; it ends with this.
pub struct Target {
    pub process: u32,
    /// One for each room.
    pub doors: Vec<Door>,
    _running: Running,
}

/// Held only for what dropping it does.
enum Running {
    Ours { _server: Server },
    Floor { _child: Child },
}

impl Target {
    /// `watchalong serve` with a room for each of the case, a film in it, and no limit that a fleet from one address
    /// would meet.
    pub async fn ours(media: &Path, case: Case) -> Result<Self> {
        let limits = [
            "--limit-requests",
            "off",
            "--limit-join",
            "off",
            "--limit-create",
            "off",
        ];
        let server = Server::with(&server::binary()?, media, &limits).await?;
        process::pin(server.process());
        let item = server.first_item().await?;
        let mut doors = Vec::with_capacity(case.rooms);
        for _ in 0..case.rooms {
            let room = server.open_room(&item).await?;
            let hello = |more: serde_json::Value| {
                let mut hello = json!({"t": "hello", "v": 2, "name": "Ann", "client": "bench", "reports": false});
                for (key, value) in more.as_object().into_iter().flatten() {
                    hello[key] = value.clone();
                }
                hello.to_string()
            };
            doors.push(Door {
                server: server.address(),
                path: format!("/api/v2/rooms/{}/socket", room.code),
                host_hello: hello(json!({"host_key": room.host_key})),
                guest_hello: hello(json!({})),
            });
        }
        Ok(Self {
            process: server.process(),
            doors,
            _running: Running::Ours { _server: server },
        })
    }

    /// This program again, as [`super::floor`], with events of so many bytes.
    pub async fn floor(case: Case, bytes: usize) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["floor", "--bytes", &bytes.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("stdout was asked for above")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line())
            .await
            .context("the floor did not listen in time")??;
        let address = line
            .as_deref()
            .and_then(|line| line.strip_prefix("listening on http://"))
            .ok_or_else(|| anyhow!("the floor ended at once"))?
            .parse()?;
        let process = child.id().context("the floor ended at once")?;
        process::pin(process);
        let doors = (0..case.rooms).map(|room| Door {
            server: address,
            path: format!("/rooms/{room}"),
            host_hello: String::new(),
            guest_hello: String::new(),
        });
        Ok(Self {
            process,
            doors: doors.collect(),
            _running: Running::Floor { _child: child },
        })
    }
}
