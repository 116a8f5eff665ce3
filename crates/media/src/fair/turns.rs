//! Whose turn it is: fair queueing between viewers under one uplink, as a pure machine over a clock that is
//! handed in.
//!
//! Of those who wait, whoever was served the fewest bytes is next (start-time fair queueing, Goyal, Vin and
//! Cheng 1996). Deficit round robin would do for queues, but a body asks for one piece at a time: for the
//! moment between two pieces it would be out of the ring, and a viewer with four connections would get four
//! turns for one. Viewers about to run dry go first, within the purse that [`super::account`] gives them.
use super::account::{Account, Standing, Ticket};
use super::bucket::Bucket;
use super::{Limits, PIECE, Stats, Totals, ViewerStats, WAITS};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is not seen for this long is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(60);
/// Least piece under a cap, so that nobody is fed slivers.
const LEAST_PIECE: f64 = 16.0 * 1024.0;
/// Pieces under a cap last about this long: ten and more a second make a steady stream.
const PIECE_S: f64 = 0.05;

#[derive(Debug)]
pub(super) struct Turns {
    limits: Limits,
    uplink: Option<Bucket>,
    accounts: HashMap<Arc<str>, Account>,
    /// Viewers with something waiting.
    waiting: BTreeSet<Arc<str>>,
    /// Where on the scale of served bytes the last piece began.
    virtual_now: f64,
    swept: Instant,
    totals: Totals,
    /// How long the last pieces waited, the latest last.
    waits: VecDeque<Duration>,
}

impl Turns {
    pub(super) fn new(limits: Limits, now: Instant) -> Self {
        Self {
            uplink: limits
                .uplink
                .map(|rate| Bucket::full(rate, UPLINK_BURST_S, now)),
            limits,
            accounts: HashMap::new(),
            waiting: BTreeSet::new(),
            virtual_now: 0.0,
            swept: now,
            totals: Totals::default(),
            waits: VecDeque::new(),
        }
    }

    fn account(&mut self, viewer: &Arc<str>, now: Instant) -> &mut Account {
        let limits = &self.limits;
        self.accounts
            .entry(viewer.clone())
            .or_insert_with(|| Account::new(limits, now))
    }

    /// One more answer for this viewer; false where they have too many at once.
    pub(super) fn open(&mut self, viewer: &Arc<str>, most: usize, now: Instant) -> bool {
        self.sweep(now);
        let account = self.account(viewer, now);
        account.seen = now;
        let fits = account.streams < most;
        account.streams += usize::from(fits);
        account.answers += u64::from(fits);
        self.totals.answers += u64::from(fits);
        fits
    }

    /// An answer is over, `whole` or not.
    pub(super) fn close(&mut self, viewer: &Arc<str>, whole: bool, now: Instant) {
        let ended = if whole {
            &mut self.totals.completed
        } else {
            &mut self.totals.aborted
        };
        *ended += 1;
        if let Some(account) = self.accounts.get_mut(viewer) {
            account.streams = account.streams.saturating_sub(1);
            account.seen = now;
        }
    }

    pub(super) fn count(&mut self, viewer: &Arc<str>, bytes: usize, now: Instant) {
        if let Some(account) = self.accounts.get_mut(viewer) {
            account.count(bytes, now);
            account.pieces += 1;
            self.totals.pieces += 1;
        }
    }

    pub(super) fn ask(&mut self, viewer: &Arc<str>, ticket: Ticket, now: Instant) {
        let floor = self.virtual_now - PIECE as f64;
        let account = self.account(viewer, now);
        account.seen = now;
        if account.waiting.is_empty() {
            // Whoever was away saves up no more than one piece.
            account.virtual_start = account.virtual_start.max(floor);
        }
        account.waiting.push_back(ticket);
        self.waiting.insert(viewer.clone());
    }

    /// Hands out all that may go now; answers when to look again, `None` while nobody waits.
    pub(super) fn run(&mut self, now: Instant) -> Option<Instant> {
        loop {
            if self.waiting.is_empty() {
                return None;
            }
            if let Some(uplink) = &mut self.uplink
                && !uplink.open(now)
            {
                return Some(uplink.opens_at(now));
            }
            match self.choose(now) {
                Ok((viewer, urgent)) => self.serve(&viewer, urgent, now),
                Err(next) => return next,
            }
        }
    }

    /// Who is next, and whether for being about to run dry; else when somebody may be.
    fn choose(&mut self, now: Instant) -> Result<(Arc<str>, bool), Option<Instant>> {
        let mut best: Option<(bool, f64, &Arc<str>)> = None;
        let mut next: Option<Instant> = None;
        for viewer in &self.waiting {
            let Some(account) = self.accounts.get_mut(viewer) else {
                continue;
            };
            let urgent = match account.standing(&self.limits, now) {
                Some(Standing::Urgent) => true,
                Some(Standing::Ready) => false,
                Some(Standing::NotBefore(at)) => {
                    next = Some(next.map_or(at, |other| other.min(at)));
                    continue;
                }
                None => continue,
            };
            let start = account.virtual_start;
            let better = best.is_none_or(|(best_urgent, best_start, _)| {
                (urgent && !best_urgent) || (urgent == best_urgent && start < best_start)
            });
            if better {
                best = Some((urgent, start, viewer));
            }
        }
        best.map(|(urgent, _, viewer)| (viewer.clone(), urgent))
            .ok_or(next)
    }

    fn serve(&mut self, viewer: &Arc<str>, urgent: bool, now: Instant) {
        let piece = self.piece();
        let Some(account) = self.accounts.get_mut(viewer) else {
            self.waiting.remove(viewer);
            return;
        };
        let (start, held, waited) = (
            account.virtual_start,
            account.held_now(),
            account.waits(now),
        );
        // `None`: the connection is gone, and its ticket was no turn.
        if let Some(bytes) = account.serve(piece, urgent, now) {
            self.virtual_now = self.virtual_now.max(start);
            self.totals.pieces += 1;
            self.totals.held += u64::from(held);
            if self.waits.len() == WAITS {
                self.waits.pop_front();
            }
            self.waits.extend(waited);
            if let Some(uplink) = &mut self.uplink {
                uplink.take(bytes as f64);
            }
        }
        if account.waiting.is_empty() {
            self.waiting.remove(viewer);
        }
    }

    /// Bytes of one piece: short enough under a cap that what is sent is steady.
    fn piece(&self) -> usize {
        let rate = match (self.limits.uplink, self.limits.viewer) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b).unwrap_or(f64::INFINITY),
        };
        (rate * PIECE_S).max(LEAST_PIECE).min(PIECE as f64) as usize
    }

    fn sweep(&mut self, now: Instant) {
        if now.saturating_duration_since(self.swept) < FORGET_AFTER {
            return;
        }
        self.swept = now;
        self.accounts.retain(|_, account| {
            account.streams > 0
                || !account.waiting.is_empty()
                || now.saturating_duration_since(account.seen) < FORGET_AFTER
        });
    }

    pub(super) fn stats(&self, now: Instant) -> Stats {
        let mut viewers: Vec<ViewerStats> = self
            .accounts
            .iter()
            .map(|(viewer, account)| ViewerStats {
                viewer: viewer.clone(),
                streams: account.streams,
                waiting: account.waiting.len(),
                answers: account.answers,
                bytes: account.sent,
                bytes_per_second: account.speed_at(now),
                pieces: account.pieces,
                mean_wait: account
                    .waited
                    .checked_div(u32::try_from(account.pieces.max(1)).unwrap_or(u32::MAX))
                    .unwrap_or_default(),
                urgent: account.urgent,
                held: account.held,
            })
            .collect();
        viewers.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.viewer.cmp(&b.viewer)));
        Stats {
            limits: self.limits,
            viewers,
            totals: self.totals,
            waits: self.waits.iter().copied().collect(),
        }
    }
}

/// The uplink's bucket holds this much of its rate: bursts of a few pieces, and a queue in the modem that stays short.
const UPLINK_BURST_S: f64 = 0.1;
