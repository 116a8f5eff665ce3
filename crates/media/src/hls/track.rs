//! One rendition of one film: which runs make its segments, and who waits for them.
//!
//! Whoever asks for a segment that isn't there waits for the run that comes to it soon, or starts one there. A run
//! belongs to those who asked for its segments; when the last of them has moved on, it ends. So everybody in
//! step shares one run, in whatever rooms they are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::desk::{Desk, Watched};
use super::error::HlsError;
use super::film::Film;
use super::grid::Grid;
use super::rendition::Rendition;

/// A run this many segments short of what is asked for is waited for: a new one would not be sooner.
const REACH: usize = 3;

/// How many segments a run may be ahead of its viewers: half a minute, what players buffer.
pub(super) const AHEAD: usize = 10;

/// Runs begin anew when the first segment missing is this close: before anybody has to wait.
const LOW: usize = 4;

/// Who wants segments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wanting {
    /// The room that they watch in.
    pub room: Arc<str>,
    /// Who in it.
    pub viewer: Arc<str>,
}

/// A run, as those see it who wait for it.
#[derive(Debug)]
struct Run {
    id: u64,
    /// The segment being made.
    next: usize,
    /// The furthest that somebody asked for.
    wanted: usize,
    viewers: HashMap<Wanting, Instant>,
    task: Option<AbortHandle>,
    /// Rung when more is wanted.
    more: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    runs: Vec<Run>,
    failure: Option<Failure>,
}

/// The last run that failed.
#[derive(Debug)]
struct Failure {
    since: Instant,
    /// The segment that it didn't make.
    at: usize,
    error: HlsError,
}

/// One rendition of one film.
#[derive(Debug)]
pub(crate) struct Track {
    pub(super) film: Arc<Film>,
    pub(super) rendition: Rendition,
    pub(super) grid: Arc<Grid>,
    folder: String,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl Track {
    pub(super) fn new(film: Arc<Film>, rendition: Rendition, grid: Arc<Grid>) -> Self {
        Self {
            folder: format!("{}/{}", film.key, rendition.folder()),
            film,
            rendition,
            grid,
            state: Mutex::default(),
            changed: watch::Sender::new(()),
        }
    }

    pub(super) fn init_name(&self) -> String {
        format!("{}/init.mp4", self.folder)
    }

    pub(super) fn segment_name(&self, number: usize) -> String {
        format!("{}/{number}.m4s", self.folder)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Short steps over plain data.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows what is made.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Wakes those who wait.
    pub(super) fn tell(&self) {
        self.changed.send_replace(());
    }

    /// Sees to it that a run comes to segment `number`, which isn't there, for `who`.
    pub(super) fn ensure(
        self: &Arc<Self>,
        desk: &Arc<Desk>,
        number: usize,
        who: &Wanting,
    ) -> Result<(), HlsError> {
        let mut state = self.state();
        let now = Instant::now();
        // What failed a moment ago fails again; further on the film may be whole.
        if let Some(failure) = &state.failure
            && failure.since.elapsed() < desk.config.failure_rest
            && (failure.at..=failure.at + REACH).contains(&number)
        {
            return Err(failure.error.clone());
        }
        let near = |run: &&mut Run| run.next <= number && number <= run.next + REACH;
        if let Some(run) = state.runs.iter_mut().find(near) {
            run.want(number, who, now);
            return Ok(());
        }
        // Who asks here has left where they were.
        state.leave(|other| other == who);
        let id = desk.begin(self.rendition)?;
        let more = Arc::new(Notify::new());
        state.runs.push(Run {
            id,
            next: number,
            wanted: number,
            viewers: HashMap::from([(who.clone(), now)]),
            task: None,
            more,
        });
        // The task finds its entry; it can't before this lock is let go.
        let task = desk.spawn(Arc::clone(self), id, number);
        if let Some(run) = state.runs.iter_mut().find(|run| run.id == id) {
            run.task = Some(task);
        }
        Ok(())
    }

    /// Notes that `who` has been given segment `number`, and sees to those after it.
    pub(super) fn given(self: &Arc<Self>, desk: &Arc<Desk>, number: usize, who: &Wanting) {
        let end = self.grid.count().min(number + 1 + AHEAD);
        let missing = (number + 1..end).find(|next| !desk.cache.has(&self.segment_name(*next)));
        let Some(missing) = missing else { return };
        {
            let mut state = self.state();
            let near = |run: &&mut Run| run.next <= missing && missing <= run.next + REACH;
            if let Some(run) = state.runs.iter_mut().find(near) {
                run.want(number, who, Instant::now());
                return;
            }
        }
        if missing - number <= LOW {
            // Nobody waits for it yet: whoever comes to it hears why it can't be had.
            let _ = self.ensure(desk, missing, who);
        }
    }

    /// A run came to the segment before `next`.
    pub(super) fn made(&self, id: u64, next: usize) {
        if let Some(run) = self.state().runs.iter_mut().find(|run| run.id == id) {
            run.next = next;
        }
        self.tell();
    }

    /// Waits until a run should go on.
    pub(super) async fn rest(&self, desk: &Desk, id: u64) -> Watched {
        loop {
            let more = {
                let mut state = self.state();
                let Some(run) = state.runs.iter_mut().find(|run| run.id == id) else {
                    return Watched::Nobody;
                };
                run.viewers
                    .retain(|_, asked| asked.elapsed() < desk.config.idle);
                if run.viewers.is_empty() {
                    return Watched::Nobody;
                }
                if run.next <= run.wanted + AHEAD {
                    return Watched::Somebody;
                }
                Arc::clone(&run.more)
            };
            // Far enough ahead. Others may need the processor; this goes on later where it stopped.
            // Who begins to wait right now is seen by the one or the other.
            let queue = desk.queue_changed();
            tokio::pin!(queue);
            queue.as_mut().enable();
            if desk.somebody_queues(self.rendition) {
                return Watched::Nobody;
            }
            tokio::select! {
                () = more.notified() => {}
                () = queue => {}
                () = tokio::time::sleep(desk.config.idle) => {}
            }
        }
    }

    /// A run is over.
    pub(super) fn ended(&self, id: u64, failure: Option<HlsError>) {
        {
            let mut state = self.state();
            let at = state.runs.iter().find(|run| run.id == id);
            let at = at.map(|run| run.next);
            state.runs.retain(|run| run.id != id);
            if let (Some(at), Some(error)) = (at, failure) {
                let since = Instant::now();
                state.failure = Some(Failure { since, at, error });
            }
        }
        self.tell();
    }

    /// Lets go of everybody for whom `gone` holds, and ends the runs that nobody is left for.
    pub(super) fn leave(&self, gone: impl Fn(&Wanting) -> bool) {
        self.state().leave(gone);
    }

    /// Whether nothing is being made.
    pub(super) fn is_idle(&self) -> bool {
        self.state().runs.is_empty()
    }

    /// The rooms that a run works for.
    pub(super) fn rooms(&self) -> Vec<Arc<str>> {
        let state = self.state();
        let viewers = state.runs.iter().flat_map(|run| run.viewers.keys());
        viewers.map(|who| Arc::clone(&who.room)).collect()
    }

    /// The segment each run is at.
    pub(super) fn at(&self, id: u64) -> Option<usize> {
        let state = self.state();
        let run = state.runs.iter().find(|run| run.id == id)?;
        Some(run.next)
    }
}

impl Run {
    fn want(&mut self, number: usize, who: &Wanting, now: Instant) {
        self.wanted = self.wanted.max(number);
        self.viewers.insert(who.clone(), now);
        self.more.notify_one();
    }
}

impl State {
    fn leave(&mut self, gone: impl Fn(&Wanting) -> bool) {
        self.runs.retain_mut(|run| {
            let before = run.viewers.len();
            run.viewers.retain(|who, _| !gone(who));
            let kept = !run.viewers.is_empty() || before == 0;
            if let (false, Some(task)) = (kept, &run.task) {
                task.abort(); // and with it, its child
            }
            kept
        });
    }
}
