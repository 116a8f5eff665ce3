//! One repetition: what the host presses, and when.
//!
//! ```text
//! open all - play - (seconds) - pause - 3 s - play - 6 s - seek - 8 s - a late joiner - 8 s - collect
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;
use tokio::time::sleep;

use super::browsers::{Browsers, Seen};
use super::{Mix, Options};
use crate::link::Link;
use crate::server::{RoomOpened, Server};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// For the pages' clock bursts to end, and the lobby's barrier to see all ready.
const SETTLE: Duration = Duration::from_secs(3);
const PAUSED: Duration = Duration::from_secs(3);
const REPLAYED: Duration = Duration::from_secs(6);
const SOUGHT: Duration = Duration::from_secs(8);
const JOINED: Duration = Duration::from_secs(8);

/// Where on the seek bar the host presses, 0 to 1: far beyond what is buffered on a thin link.
const SEEK_TO: f64 = 0.7;

/// The clip's length in seconds, so that the film is not over before the repetition is.
pub fn clip_length(seconds: u32) -> u32 {
    // What plays after the seek must fit behind it, and what plays before must end before it.
    (2 * seconds + 20).max(120)
}

/// What the host did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The first play.
    Play,
    /// Pause.
    Pause,
    /// Play after the pause.
    Resume,
    /// A press on the seek bar while playing.
    Seek,
    /// Another page was opened while playing.
    LateJoin,
}

impl Action {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Action::Play => "play",
            Action::Pause => "pause",
            Action::Resume => "play again",
            Action::Seek => "seek",
            Action::LateJoin => "late join",
        }
    }
}

/// All of one repetition. Instants are ms of the machine's monotonic clock.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// When each action was taken: the page's own press event, or the late page's navigation.
    pub actions: Vec<(Action, f64)>,
    /// What each page showed; the host first, the late joiner last.
    pub pages: Vec<Seen>,
}

/// Plays one repetition in a fresh room.
pub async fn play(
    options: &Options,
    mix: Mix,
    seed: u64,
    server: &Server,
    room: &RoomOpened,
) -> Result<Record> {
    let late = options.pages;
    let mut links = Vec::new();
    for page in 0..=late {
        let seed = seed * 100 + page as u64;
        links.push(Link::open(LOOPBACK, server.address(), mix.link(page), seed).await?);
    }
    let url = |page: usize| match page {
        0 => through(&room.host_url, &links[0]),
        _ => through(&format!("{}?name=Viewer%20{page}", room.url), &links[page]),
    };
    let browsers = Browsers::start()?;
    let played = async {
        for page in 0..late {
            browsers.open(page, &url(page)?).await?;
        }
        for page in 0..late {
            browsers
                .ready(page)
                .await
                .with_context(|| format!("page {page} never could play"))?;
        }
        sleep(SETTLE).await;
        browsers.click(0, "play-toggle", None).await?;
        sleep(Duration::from_secs(options.seconds.into())).await;
        browsers.click(0, "play-toggle", None).await?;
        sleep(PAUSED).await;
        browsers.click(0, "play-toggle", None).await?;
        sleep(REPLAYED).await;
        browsers.click(0, "seek-bar", Some(SEEK_TO)).await?;
        sleep(SOUGHT).await;
        browsers.open(late, &url(late)?).await?;
        browsers
            .ready(late)
            .await
            .context("the late page never could play")?;
        sleep(JOINED).await;
        let mut pages = Vec::new();
        for page in 0..=late {
            pages.push(browsers.collect(page).await?);
        }
        Ok(pages)
    };
    let pages = match played.await {
        Ok(pages) => pages,
        Err(problem) => {
            let path = options.out.join("failed-host.png");
            std::fs::create_dir_all(&options.out)?;
            let _ = browsers.screenshot(0, &path).await;
            return Err(anyhow::Error::context(
                problem,
                format!("the host's page is in {}", path.display()),
            ));
        }
    };
    browsers.close().await?;
    Ok(Record {
        actions: actions(&pages)?,
        pages,
    })
}

/// The host's presses in their order, as the page itself saw them, and the late page's navigation.
fn actions(pages: &[Seen]) -> Result<Vec<(Action, f64)>> {
    let mut presses = pages[0]
        .events
        .iter()
        .filter(|event| event.kind == "pointerdown");
    let mut actions = Vec::new();
    for action in [Action::Play, Action::Pause, Action::Resume, Action::Seek] {
        let press = presses
            .next()
            .with_context(|| format!("the host's page saw no press for {}", action.name()))?;
        actions.push((action, press.at));
    }
    let late = pages.last().context("there are no pages")?;
    actions.push((Action::LateJoin, late.opened));
    Ok(actions)
}

/// The same address, through a link.
fn through(url: &str, link: &Link) -> Result<String> {
    let after_scheme = url
        .split_once("://")
        .context("the room's address is not absolute")?
        .1;
    let path = after_scheme.find('/').map_or("/", |at| &after_scheme[at..]);
    Ok(format!("http://{}{path}", link.address()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Profile;

    #[tokio::test]
    async fn a_room_is_opened_through_the_link_with_its_key() {
        let profile = Profile::named("lan").unwrap();
        let link = Link::open(LOOPBACK, LOOPBACK, profile, 1).await.unwrap();
        let url = through("http://host:8080/watch/r/bakoti#host=KEY", &link).unwrap();
        assert_eq!(
            url,
            format!("http://{}/watch/r/bakoti#host=KEY", link.address())
        );
    }

    #[test]
    fn the_clip_outlasts_the_repetition() {
        for seconds in [5, 30, 120, 600] {
            let length = f64::from(clip_length(seconds));
            let before = f64::from(seconds) + REPLAYED.as_secs_f64();
            // The late page may need its whole patience of 30 s to open on a busy machine.
            let after = (SOUGHT + JOINED).as_secs_f64();
            assert!(
                before < SEEK_TO * length && after < (1.0 - SEEK_TO) * length,
                "{seconds}"
            );
        }
    }
}
