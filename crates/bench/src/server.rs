//! The real server, started for a measurement on a free port with a data folder of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// How long the server may take from start to listening; ten times its target, for busy machines.
const START: Duration = Duration::from_secs(10);

/// How long the library may take to find one file.
const SCAN: Duration = Duration::from_secs(30);

/// A running server; dropping it kills it and removes its data.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    child: Child,
    _data: TempDir,
}

/// What `POST /api/v2/rooms` answers, as far as it is needed here.
#[derive(Clone, Debug, Deserialize)]
pub struct RoomOpened {
    /// The room's code.
    pub code: String,
    /// The invite.
    pub url: String,
    /// Opening it seats the host.
    pub host_url: String,
    /// The key in it.
    pub host_key: String,
}

/// The binary to measure: `$WATCHALONG_BIN`, or the release build beside this one.
pub fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("WATCHALONG_BIN") {
        return Ok(path.into());
    }
    let here = std::env::current_exe().context("this program's own path is unknown")?;
    let path = here.with_file_name(format!("watchalong{}", std::env::consts::EXE_SUFFIX));
    if !path.is_file() {
        bail!(
            "{} is missing; build it with `cargo xtask build`",
            path.display()
        );
    }
    Ok(path)
}

impl Server {
    /// Starts `watchalong serve MEDIA` on a free port of loopback and waits until it listens.
    pub async fn start(binary: &Path, media: &Path) -> Result<Server> {
        Self::with(binary, media, &[]).await
    }

    /// As [`Server::start`], with more flags.
    pub async fn with(binary: &Path, media: &Path, flags: &[&str]) -> Result<Server> {
        let data = TempDir::new()?;
        let mut child = Command::new(binary)
            .arg("serve")
            .arg(media)
            .args(["--log", "warn", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} could not be started", binary.display()))?;
        let stdout = child.stdout.take().expect("stdout was asked for above");
        let mut lines = BufReader::new(stdout).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = line.strip_prefix("listening on http://") {
                    return address
                        .trim_end_matches('/')
                        .parse()
                        .map_err(anyhow::Error::from);
                }
            }
            Err(anyhow!("the server ended without listening"))
        };
        let address = timeout(START, listening)
            .await
            .context("the server did not listen in time")??;
        // Whatever else it prints must not fill the pipe and block it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Server {
            address,
            child,
            _data: data,
        })
    }

    /// Its process, 0 once it has ended.
    pub fn process(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The id of the library's first item, as soon as it can be played.
    pub async fn first_item(&self) -> Result<String> {
        let search = async {
            loop {
                let library = self.call("GET", "/api/v2/library", None).await?;
                // A file that was written a moment ago is listed, but served only once it rests.
                let item = library.pointer("/items/0");
                let ready = item.filter(|item| item["playable"] == "yes");
                if let Some(id) = ready.and_then(|item| item["id"].as_str()) {
                    return Ok(id.to_owned());
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(SCAN, search)
            .await
            .context("the library did not find the clip in time")?
    }

    /// Opens a room that plays the library's item.
    pub async fn open_room(&self, media: &str) -> Result<RoomOpened> {
        let body = json!({"name": "Sync lab", "media": media});
        self.room(body).await
    }

    /// Opens a room as asked.
    pub async fn room(&self, body: Value) -> Result<RoomOpened> {
        let answer = self.call("POST", "/api/v2/rooms", Some(body)).await?;
        serde_json::from_value(answer)
            .context("the server's answer to a new room is not as documented")
    }

    /// Calls the API.
    pub async fn call(
        &self,
        method: &'static str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value> {
        let url = format!("http://{}{path}", self.address);
        let ask = move || -> Result<Value> {
            let answer = match body {
                Some(body) => ureq::post(&url).send_json(&body),
                None => ureq::get(&url).call(),
            };
            let mut answer = answer.with_context(|| format!("{method} {url} failed"))?;
            Ok(answer.body_mut().read_json()?)
        };
        tokio::task::spawn_blocking(ask).await?
    }
}
