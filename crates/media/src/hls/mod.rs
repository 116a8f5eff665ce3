//! Converted films: HLS with CMAF segments, made when they are asked for and kept for the next who asks.
//!
//! A film has *renditions*: its own picture copied, H.264 of several heights, and AAC of each of its sound tracks.
//! All lie on the film's own timeline, picture for picture, so somebody who watches a conversion is in step
//! with somebody who plays the file. Any segment can be asked for; a run of ffmpeg is started there unless one is
//! about to come by, and is shared by all who watch near it. See `architecture.md`, "Converted films".
//!
//! Not here: who may watch what, and addresses.

pub(crate) mod cache;
mod cutter;
mod dash;
mod desk;
mod encoder;
mod error;
mod film;
mod fragments;
mod grid;
mod playlist;
mod rendition;
mod run;
mod segment;
mod text;
mod track;
mod ways;

pub use desk::{RunNow, RunRecord};
pub use error::HlsError;
pub use film::Film;
pub use playlist::{Offer, SoundTrack};
pub use rendition::Rendition;
pub(crate) use text::read_text;
pub use text::{TextFormat, TextTrack, subtitle_text};
pub use track::Wanting;
pub use ways::{Choice, Plays, Way};

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::OnceCell;

use crate::delivery::MediaFile;
use crate::id::MediaId;
use crate::medium::Medium;
use crate::sidecar::Sidecar;
use crate::tools::Tools;
use cache::Cache;
use desk::{Desk, SEGMENT_REST};
use grid::Grid;
use text::Texts;
use track::Track;

/// MIME type of segments.
const SEGMENT_MIME: &str = "video/mp4";

/// Films known at a time: each holds a file open. Those not asked for longest are forgotten.
const MAX_FILMS: usize = 64;

/// A film that nobody asked for so long is forgotten, and its file closed.
const FILM_REST: Duration = Duration::from_secs(600);

/// How converting is done.
#[derive(Debug, Clone)]
pub struct HlsConfig {
    /// Where segments are kept.
    pub folder: PathBuf,
    /// Whether films may be converted at all.
    pub on: bool,
    /// Pictures encoded at once.
    pub encodes: usize,
    /// Bytes of segments kept.
    pub cache: u64,
    /// ffmpeg is killed when nothing came out of it for so long.
    pub hang: Duration,
    /// How long a request for a segment waits for it.
    pub patience: Duration,
    /// A run ends when nobody asked for its segments for so long.
    pub idle: Duration,
    /// What failed isn't tried again for so long.
    pub failure_rest: Duration,
}

impl HlsConfig {
    /// The usual: two encodes, 10 GB; 20 s of silence are a hang (a sleeping disk takes 10), requests wait 25 s (proxies
    /// give up at 30 to 60), runs outlive their viewers by 30 s, failures rest 10 s.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            on: true,
            encodes: 2,
            cache: 10_000_000_000,
            hang: Duration::from_secs(20),
            patience: Duration::from_secs(25),
            idle: Duration::from_secs(30),
            failure_rest: Duration::from_secs(10),
        }
    }
}

/// How converting goes, for the administrator.
#[derive(Debug, Clone, Serialize)]
pub struct HlsStatus {
    /// Whether films can be converted.
    pub on: bool,
    /// What stands in the way, where they can't.
    pub problem: Option<String>,
    /// Pictures encoded at once, at most.
    pub encodes_at_once: usize,
    /// Bytes of segments kept.
    pub cache_bytes: u64,
    /// Bytes kept at most.
    pub cache_limit: u64,
    /// At work or in line.
    pub running: Vec<RunNow>,
    /// Ended, newest first.
    pub ended: Vec<RunRecord>,
}

/// A film being looked into, or known.
#[derive(Debug, Clone)]
struct Known {
    tag: String,
    film: Arc<OnceCell<Arc<Film>>>,
    asked: Instant,
}

/// Converts films. Share it in an `Arc`.
#[derive(Debug)]
pub struct Hls {
    desk: Arc<Desk>,
    films: Mutex<HashMap<MediaId, Known>>,
    tracks: Mutex<HashMap<(String, Rendition), Arc<Track>>>,
    texts: Texts,
}

impl Hls {
    /// With the segments that an earlier run left. Blocking: looks at each of them.
    pub fn open(config: HlsConfig, tools: Tools) -> Self {
        let cache = Cache::open(config.folder.clone(), config.cache, SEGMENT_REST);
        Self {
            desk: Arc::new(Desk::new(tools, config, cache)),
            films: Mutex::default(),
            tracks: Mutex::default(),
            texts: Texts::default(),
        }
    }

    /// Whether films can be converted; else why not.
    ///
    /// # Errors
    /// [`HlsError::Unavailable`].
    pub fn ready(&self) -> Result<(), HlsError> {
        let tools = &self.desk.tools;
        let reason = match (&tools.ffmpeg, &tools.ffprobe) {
            _ if !self.desk.config.on => "its operator has turned that off",
            (None, _) => "ffmpeg is not installed",
            (_, None) => "ffprobe is not installed",
            _ => return Ok(()),
        };
        Err(HlsError::Unavailable {
            reason: reason.to_owned(),
        })
    }

    /// A film, looked into; once for each version of its file.
    ///
    /// # Errors
    /// [`HlsError`]: not possible here, unsuitable, or its file still arrives.
    pub async fn film(&self, medium: Arc<Medium>, file: MediaFile) -> Result<Arc<Film>, HlsError> {
        self.ready()?;
        file.whole()?;
        let cell = {
            let mut films = self.films();
            let tag = file.etag().to_owned();
            let known = films.entry(medium.id).or_insert_with(|| Known {
                tag: tag.clone(),
                film: Arc::default(),
                asked: Instant::now(),
            });
            if known.tag != tag {
                known.tag = tag;
                known.film = Arc::default();
            }
            known.asked = Instant::now();
            let cell = Arc::clone(&known.film);
            forget(&mut films);
            cell
        };
        let look = async {
            Film::look(&self.desk.tools, medium, file)
                .await
                .map(Arc::new)
        };
        cell.get_or_try_init(|| look).await.cloned()
    }

    /// Whether a film's own pictures can be sent in segments. The first time it is looked for its keyframes.
    pub async fn can_copy(&self, film: &Film) -> bool {
        film.copied(&self.desk.tools).await.is_some()
    }

    /// The playlist of all that is offered.
    pub fn master(&self, film: &Film, offer: Offer) -> String {
        playlist::master(film, offer)
    }

    /// The same for players of MPEG-DASH.
    pub async fn manifest(&self, film: &Film, offer: Offer) -> String {
        let copied = if offer.copy {
            film.copied(&self.desk.tools).await
        } else {
            None
        };
        dash::manifest(film, offer, copied.as_ref())
    }

    /// The heights that pictures are converted to, highest first.
    pub fn heights(&self, film: &Film) -> Vec<u32> {
        film.ladder()
    }

    /// The playlist of a rendition.
    ///
    /// # Errors
    /// [`HlsError::NotFound`].
    pub async fn playlist(
        &self,
        film: &Arc<Film>,
        rendition: Rendition,
    ) -> Result<String, HlsError> {
        let grid = self.grid(film, rendition).await?;
        Ok(playlist::media(rendition, &grid))
    }

    /// What every segment of a rendition needs; `near` says where they will be asked for (seconds).
    ///
    /// # Errors
    /// [`HlsError`].
    pub async fn init(
        &self,
        film: &Arc<Film>,
        rendition: Rendition,
        near: f64,
        who: &Wanting,
    ) -> Result<MediaFile, HlsError> {
        let track = self.track(film, rendition).await?;
        let number = track.grid.at(near);
        let name = track.init_name();
        self.wait(&track, &name, number, who).await
    }

    /// A segment, and when it begins (seconds). Made now where need be.
    ///
    /// # Errors
    /// [`HlsError`].
    pub async fn segment(
        &self,
        film: &Arc<Film>,
        rendition: Rendition,
        number: usize,
        who: &Wanting,
    ) -> Result<(MediaFile, f64, Duration), HlsError> {
        let track = self.track(film, rendition).await?;
        if number >= track.grid.count() {
            return Err(HlsError::NotFound);
        }
        let name = track.segment_name(number);
        let file = self.wait(&track, &name, number, who).await?;
        track.given(&self.desk, number, who);
        let begin = track.grid.start(number);
        let length = Duration::try_from_secs_f64(track.grid.start(number + 1) - begin);
        Ok((file, begin, length.unwrap_or_default()))
    }

    /// The subtitles of a film, those inside first.
    pub fn text_tracks(&self, film: &Film, sidecars: &[Sidecar]) -> Vec<TextTrack> {
        text::tracks(film, sidecars)
    }

    /// The text of the `number`-th subtitle track inside a film.
    ///
    /// # Errors
    /// [`HlsError`]; [`HlsError::NotFound`] also for tracks of pictures.
    pub async fn text(&self, film: &Arc<Film>, number: usize) -> Result<MediaFile, HlsError> {
        self.ready()?;
        self.texts.inside(&self.desk, film, number).await
    }

    /// The text of a subtitle file beside a film.
    ///
    /// # Errors
    /// [`HlsError`].
    pub async fn sidecar(
        &self,
        film: &Arc<Film>,
        sidecar: &Sidecar,
        file: std::fs::File,
    ) -> Result<MediaFile, HlsError> {
        self.ready()?;
        self.texts.beside(&self.desk, film, sidecar, file).await
    }

    /// Ends what only works for rooms for which `over` holds.
    pub fn leave(&self, over: impl Fn(&str) -> bool) {
        for track in self.tracks().values() {
            track.leave(|who| over(&who.room));
        }
    }

    /// The rooms that films are being converted for.
    pub fn rooms(&self) -> Vec<Arc<str>> {
        let mut rooms: Vec<Arc<str>> = self
            .tracks()
            .values()
            .flat_map(|track| track.rooms())
            .collect();
        rooms.sort();
        rooms.dedup();
        rooms
    }

    /// Forgets films that nobody asked for lately.
    pub fn tidy(&self) {
        self.films()
            .retain(|_, known| known.asked.elapsed() < FILM_REST);
        let films = self.films();
        self.tracks().retain(|_, track| {
            !track.is_idle()
                || films.values().any(|known| {
                    known
                        .film
                        .get()
                        .is_some_and(|film| Arc::ptr_eq(film, &track.film))
                })
        });
    }

    /// How it goes.
    pub fn status(&self) -> HlsStatus {
        HlsStatus {
            on: self.ready().is_ok(),
            problem: self.ready().err().map(|error| error.to_string()),
            encodes_at_once: self.desk.config.encodes,
            cache_bytes: self.desk.cache.size(),
            cache_limit: self.desk.cache.limit(),
            running: self.desk.now(),
            ended: self.desk.records(),
        }
    }

    async fn grid(&self, film: &Arc<Film>, rendition: Rendition) -> Result<Arc<Grid>, HlsError> {
        if !film.offers(rendition) {
            return Err(HlsError::NotFound);
        }
        match rendition {
            Rendition::Picture(_) => Ok(Arc::clone(film.pictures())),
            Rendition::Sound(_) => Ok(Arc::clone(film.sound())),
            Rendition::Copy => film
                .copied(&self.desk.tools)
                .await
                .ok_or(HlsError::NotFound),
        }
    }

    async fn track(&self, film: &Arc<Film>, rendition: Rendition) -> Result<Arc<Track>, HlsError> {
        self.ready()?;
        let grid = self.grid(film, rendition).await?;
        let mut tracks = self.tracks();
        let track = tracks
            .entry((film.key.clone(), rendition))
            .or_insert_with(|| Arc::new(Track::new(Arc::clone(film), rendition, grid)));
        Ok(Arc::clone(track))
    }

    /// Waits until a file is there; segment `number` is what has to be made for it.
    async fn wait(
        &self,
        track: &Arc<Track>,
        name: &str,
        number: usize,
        who: &Wanting,
    ) -> Result<MediaFile, HlsError> {
        let deadline = tokio::time::Instant::now() + self.desk.config.patience;
        let mut changes = track.changes();
        loop {
            changes.mark_unchanged();
            if let Some(file) = self.desk.cache.get(name, SEGMENT_MIME).await {
                return Ok(file);
            }
            track.ensure(&self.desk, number, who)?;
            let changed = tokio::time::timeout_at(deadline, changes.changed());
            if !matches!(changed.await, Ok(Ok(()))) {
                return Err(HlsError::NotYet);
            }
        }
    }

    fn films(&self) -> MutexGuard<'_, HashMap<MediaId, Known>> {
        // Map operations only.
        self.films.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tracks(&self) -> MutexGuard<'_, HashMap<(String, Rendition), Arc<Track>>> {
        // Map operations only.
        self.tracks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hls {
    fn drop(&mut self) {
        self.leave(|_| true);
    }
}

/// Makes room for one more.
fn forget(films: &mut HashMap<MediaId, Known>) {
    while films.len() > MAX_FILMS {
        let oldest = films.iter().min_by_key(|(_, known)| known.asked);
        let Some(oldest) = oldest.map(|(id, _)| *id) else {
            return;
        };
        films.remove(&oldest);
    }
}
