//! Films being converted, for the operator: what runs, what ended and how, and what is kept.
use super::{Admin, App};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use watchalong_media::{RunNow, RunRecord};

/// How converting goes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AdminConversions {
    /// Whether films can be converted.
    on: bool,
    /// What stands in the way, where they can't.
    problem: Option<String>,
    /// Pictures encoded at once, at most.
    encodes_at_once: usize,
    /// Bytes of segments kept.
    cache_bytes: u64,
    /// Bytes kept at most.
    cache_limit: u64,
    /// At work or in line.
    running: Vec<AdminRun>,
    /// Ended, newest first; the last 50.
    ended: Vec<AdminRunEnded>,
}

/// A run of ffmpeg.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AdminRun {
    /// The film.
    title: String,
    /// `v720` (a picture of so many lines), `copy`, `a0` (a sound track).
    rendition: String,
    /// The segment that it began with.
    first: usize,
    /// The segment that it is at.
    at: usize,
    /// It waits for a place.
    queued: bool,
}

/// A run of ffmpeg that is over.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AdminRunEnded {
    /// The film.
    title: String,
    /// As of runs.
    rendition: String,
    /// The segment that it began with.
    first: usize,
    /// How many it made.
    segments: usize,
    /// How many times faster than the film.
    speed: f64,
    /// Milliseconds since 1970.
    ended_at: u64,
    /// `complete`, `unwanted`, `stopped`, or the code of an error.
    outcome: &'static str,
    /// The last that ffmpeg complained of.
    stderr: String,
}

impl From<RunNow> for AdminRun {
    fn from(run: RunNow) -> Self {
        Self {
            title: run.title,
            rendition: run.rendition,
            first: run.first,
            at: run.at,
            queued: run.queued,
        }
    }
}

impl From<RunRecord> for AdminRunEnded {
    fn from(run: RunRecord) -> Self {
        Self {
            title: run.title,
            rendition: run.rendition,
            first: run.first,
            segments: run.segments,
            speed: (run.speed * 10.0).round() / 10.0,
            ended_at: run.ended_ms,
            outcome: run.outcome,
            stderr: run.stderr,
        }
    }
}

/// How converting goes.
#[utoipa::path(get, path = "/api/v2/admin/conversions",
    responses((status = 200, body = AdminConversions), (status = 401, body = super::error::ErrorBody)))]
pub async fn show(State(app): State<App>, _admin: Admin) -> Json<AdminConversions> {
    let status = app.shelf.hls.status();
    Json(AdminConversions {
        on: status.on,
        problem: status.problem,
        encodes_at_once: status.encodes_at_once,
        cache_bytes: status.cache_bytes,
        cache_limit: status.cache_limit,
        running: status.running.into_iter().map(AdminRun::from).collect(),
        ended: status.ended.into_iter().map(AdminRunEnded::from).collect(),
    })
}
