//! The browsers, through the script `web/lab/driver.mjs` over JSON lines.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, anyhow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::oneshot;

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

/// A set of browsers, one for each page. Dropping it ends them all.
#[derive(Debug)]
pub struct Browsers {
    _driver: Child,
    input: tokio::sync::Mutex<(ChildStdin, u64)>,
    waiting: Waiting,
}

/// What one page showed. All instants are milliseconds of the machine's monotonic clock.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// When the page was navigated to.
    pub opened: f64,
    /// Each frame that came on screen.
    pub frames: Vec<Frame>,
    /// The player's own clock, read once a frame: what its sound follows, and free of the screen's
    /// refresh.
    pub clock: Vec<Frame>,
    /// Presses, stalls, seeks and rate changes.
    pub events: Vec<Event>,
    /// Errors that the page's scripts threw.
    pub problems: Vec<String>,
}

/// A place in the film at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Frame {
    /// When it was there, ms.
    pub at: f64,
    /// The time in the film, seconds.
    pub position: f64,
    /// The playback rate at that time.
    pub rate: f64,
}

/// Something that happened in a page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// When, ms.
    pub at: f64,
    /// The DOM event's name.
    pub kind: String,
    /// Playback rate for `ratechange`, else position in seconds; 0 for presses.
    pub value: f64,
}

#[derive(Deserialize)]
struct Collected {
    origin: f64,
    frames: Vec<(f64, f64, f64, f64, f64)>,
    events: Vec<(f64, String, f64)>,
    problems: Vec<String>,
}

impl Browsers {
    /// Starts the script; no browser yet.
    pub fn start() -> Result<Browsers> {
        let mut driver = Command::new("node")
            .arg(super::driver())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("node could not be started; install Node 20 or newer")?;
        let input = driver.stdin.take().expect("stdin was asked for above");
        let output = driver.stdout.take().expect("stdout was asked for above");
        let waiting = Waiting::default();
        let answers = Arc::clone(&waiting);
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Ok(answer) = serde_json::from_str::<Value>(&line) else {
                    continue;
                };
                let id = answer["id"].as_u64().unwrap_or_default();
                let asked = answers
                    .lock()
                    .expect("no holder of the lock can panic")
                    .remove(&id);
                asked.map(|asked| asked.send(answer));
            }
            // The script is gone: dropping the senders tells everybody who still waits.
            answers
                .lock()
                .expect("no holder of the lock can panic")
                .clear();
        });
        Ok(Browsers {
            _driver: driver,
            input: tokio::sync::Mutex::new((input, 0)),
            waiting,
        })
    }

    async fn ask(&self, mut ask: Value) -> Result<Value> {
        let (sender, answer) = oneshot::channel();
        {
            let mut input = self.input.lock().await;
            input.1 += 1;
            ask["id"] = input.1.into();
            self.waiting
                .lock()
                .expect("no holder of the lock can panic")
                .insert(input.1, sender);
            input
                .0
                .write_all(format!("{ask}\n").as_bytes())
                .await
                .context("the browser script ended")?;
        }
        let mut answer = answer
            .await
            .map_err(|_| anyhow!("the browser script ended"))?;
        match answer["problem"].as_str() {
            Some(problem) => Err(anyhow!("{ask}: {problem}")),
            None => Ok(answer["ok"].take()),
        }
    }

    /// Opens a page in a new browser.
    pub async fn open(&self, page: usize, url: &str) -> Result<()> {
        self.ask(json!({"do": "open", "page": page, "url": url}))
            .await
            .map(drop)
    }

    /// Waits until the page could play.
    pub async fn ready(&self, page: usize) -> Result<()> {
        self.ask(json!({"do": "ready", "page": page}))
            .await
            .map(drop)
    }

    /// Presses an element by its `data-testid`: in the middle, or at a part (0 to 1) of its width.
    pub async fn click(&self, page: usize, testid: &str, part: Option<f64>) -> Result<()> {
        let mut ask = json!({"do": "click", "page": page, "testid": testid});
        if let Some(part) = part {
            ask["x"] = part.into();
        }
        self.ask(ask).await.map(drop)
    }

    /// Everything the page showed so far.
    pub async fn collect(&self, page: usize) -> Result<Seen> {
        let seen = self.ask(json!({"do": "collect", "page": page})).await?;
        let seen: Collected =
            serde_json::from_value(seen).context("what the page noted is unreadable")?;
        let origin = seen.origin;
        let frame = |at: f64, position: f64, rate: f64| Frame {
            at: origin + at,
            position,
            rate,
        };
        let event = |(at, kind, value): (f64, String, f64)| Event {
            at: origin + at,
            kind,
            value,
        };
        Ok(Seen {
            opened: origin,
            frames: seen
                .frames
                .iter()
                .map(|row| frame(row.0, row.1, row.2))
                .collect(),
            clock: seen
                .frames
                .iter()
                .map(|row| frame(row.3, row.4, row.2))
                .collect(),
            events: seen.events.into_iter().map(event).collect(),
            problems: seen.problems,
        })
    }

    /// A picture of the page, for when something went wrong.
    pub async fn screenshot(&self, page: usize, path: &std::path::Path) -> Result<()> {
        self.ask(json!({"do": "screenshot", "page": page, "path": path}))
            .await
            .map(drop)
    }

    /// Ends all browsers in good order.
    pub async fn close(&self) -> Result<()> {
        self.ask(json!({"do": "close"})).await.map(drop)
    }
}
