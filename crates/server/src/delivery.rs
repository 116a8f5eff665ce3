//! Who fetches media, and what they need next: where fair delivery meets the room.
//!
//! `watchalong-media` shares the uplink; here it is told who is who (a seat by the token in its media address,
//! anybody else by their address) and where the room stands. Every answer with a film's bytes leaves through
//! [`Outgoing::send`], in whatever dialect it was asked for: by its viewer's share, and from the page cache where the
//! connection can do that.
use crate::clock::ServerClock;
use crate::hub::RoomHandle;
use crate::secret::Signer;
use crate::shelf::Shelf;
use axum::body::{Body, HttpBody as _};
use axum::extract::Extension;
use axum::http::Response;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use watchalong_media::{FileLane, MediaBody, MediaFile, Need, Needs};
use watchalong_room::SeatId;

/// The connection's lane, as handlers get it: none where it can't send files by itself.
pub type Lane = Option<Extension<FileLane>>;

/// Whose answer, from which file.
pub struct Outgoing<'a> {
    /// What is sent.
    pub file: &'a MediaFile,
    /// How long it plays, seconds, where somebody looked into it.
    pub duration: Option<f64>,
    /// Whose share of the uplink it takes.
    pub viewer: Arc<str>,
    /// What the viewer needs of it next.
    pub needs: Arc<dyn Needs>,
    /// The connection's.
    pub lane: Lane,
}

/// One viewer fetches more at once than any player does.
#[derive(Debug)]
pub struct TooManyStreams;

impl Outgoing<'_> {
    /// The answer, ready to go out. It must reach its connection unchanged.
    ///
    /// # Errors
    /// [`TooManyStreams`].
    pub fn send(
        self,
        shelf: &Shelf,
        answer: Response<MediaBody>,
    ) -> Result<Response<Body>, TooManyStreams> {
        if answer.body().is_end_stream() {
            return Ok(answer.map(Body::new));
        }
        let duration = self
            .duration
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let content = self.file.content(duration);
        let share = shelf.uplink.stream(self.viewer, content, Some(self.needs));
        let share = share.ok_or(TooManyStreams)?;
        let lane = self.lane.map(|Extension(lane)| lane);
        Ok(answer.map(|body| Body::new(body.through(share).by(lane))))
    }
}

/// The name of the query parameter that carries a viewer's token.
pub const VIEWER: &str = "viewer";

/// Somebody who fetches a medium of a room.
pub struct Fetcher {
    room: Arc<RoomHandle>,
    seat: Option<SeatId>,
    media_key: String,
    clock: Arc<ServerClock>,
}

impl Fetcher {
    /// Who asks for `media_key`, by the token in their address's query where it is genuine.
    pub fn new(
        room: Arc<RoomHandle>,
        query: &str,
        media_key: String,
        signer: &Signer,
        clock: Arc<ServerClock>,
    ) -> Self {
        let token = query
            .split('&')
            .find_map(|pair| pair.strip_prefix(VIEWER)?.strip_prefix('='));
        let seat = token.and_then(|token| signer.viewer_of(room.code().as_str(), token));
        Self {
            room,
            seat,
            media_key,
            clock,
        }
    }

    /// The room.
    pub fn room(&self) -> &RoomHandle {
        &self.room
    }

    /// Where the room is in this medium, seconds; `None` where something else is on.
    pub fn position(&self) -> Option<f64> {
        Some(self.need()?.position)
    }

    /// Whose share of the uplink this is: a member's, however many devices they have, else the address's.
    pub fn name(&self, address: IpAddr) -> Arc<str> {
        let member = self.seat.and_then(|seat| self.room.viewers().get(seat));
        match member {
            Some(viewer) => format!("{}/{}", self.room.code(), viewer.member.0).into(),
            None => address.to_canonical().to_string().into(),
        }
    }
}

impl Needs for Fetcher {
    fn need(&self) -> Option<Need> {
        let view = self.room.view();
        // What is not on yet (the next film, being warmed up) has no place in the room to be ahead of.
        if view.delivered.as_deref() != Some(self.media_key.as_str()) {
            return None;
        }
        let viewer = self.seat.and_then(|seat| self.room.viewers().get(seat));
        Some(Need {
            position: view.timeline.position_at(self.clock.now()).seconds(),
            playing: view.timeline.playing,
            buffer: viewer.and_then(|viewer| viewer.buffer),
        })
    }
}

/// What a viewer needs of one segment: the room's position counted from where the segment begins.
pub struct SegmentNeeds {
    /// Who fetches, and where the room is.
    pub fetcher: Fetcher,
    /// When the segment begins, seconds.
    pub begin: f64,
}

impl Needs for SegmentNeeds {
    fn need(&self) -> Option<Need> {
        let need = self.fetcher.need()?;
        Some(Need {
            position: need.position - self.begin,
            ..need
        })
    }
}
