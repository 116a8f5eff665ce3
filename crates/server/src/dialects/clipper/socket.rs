//! A participant's socket: opened for those who have a place in the party, and heard until either ends.
//!
//! Everything that can be refused is refused before the upgrade, in HTTP: the frontend takes an open socket for success
//! and would come back every second. What a command comes to is told to everybody by the room; here is only what is
//! told to one socket (`sync`, errors), or to those of this dialect alone (`typing`).
use super::caller::{Call, User};
use super::error::Refused;
use super::wire::{self, Envelope, Kind, Said};
use super::{Clipper, NAME, policy, token};
use crate::dialects::pace::{Bucket, Pace};
use crate::http::{App, open_socket};
use crate::hub::encoder::Scene;
use crate::hub::{CallError, Newcomer, Report, RoomHandle, Seated, new_seat};
use crate::ws::{Heard, Line, Manners, close_frame, converse, json_frame};
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use watchalong_room::{Command, Event, Grant, Media, Outcome, Position, Refusal, Room};

const MANNERS: Manners = Manners {
    // A message of the longest text in four-byte characters has 5 KiB.
    message_bytes: 16 * 1024,
    ping_after: Duration::from_secs(54),
    silent_for: Duration::from_secs(60),
};
/// Messages of all kinds; a person who types, seeks and reacts at once stays below 20 a second.
const MESSAGES: Pace = Pace {
    per_second: 50.0,
    burst: 200.0,
};

/// Opens a participant's socket.
pub(super) async fn open(
    call: Call,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Result<Response, Refused> {
    let room = call.place(&id).await?.room;
    let Call {
        app, clipper, user, ..
    } = call;
    let offer = token::offer(request.headers());
    let offer = offer.and_then(|offer| HeaderValue::from_str(offer).ok());
    let query = request.uri().query().unwrap_or_default();
    let strict = query.split('&').any(|pair| pair == "strict=1");
    let served = app.clone();
    let opened = open_socket(&app, request, move |socket, from| {
        converse(socket, MANNERS, move |line| {
            run(served, clipper, room, user, strict, line, from)
        })
    });
    let mut response = opened.map_err(|error| Refused::invalid(error.to_string()))?;
    if let Some(offer) = offer {
        let headers = response.headers_mut();
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, offer);
    }
    Ok(response)
}

/// Why a command came to nothing, where its sender is told.
struct Told(&'static str, String);

impl Told {
    fn invalid(message: impl Into<String>) -> Self {
        Self("INVALID_COMMAND", message.into())
    }
}

impl From<Refusal> for Told {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::TooFast { .. } | Refusal::Duplicate => "RATE_LIMITED",
            Refusal::RoomOver => "PARTY_ENDED",
            Refusal::UnknownSeat
            | Refusal::Pending
            | Refusal::NotAllowed { .. }
            | Refusal::Muted
            | Refusal::ChatOff => "UNAUTHORIZED_COMMAND",
            _ => "INVALID_COMMAND",
        };
        Self(code, refusal.to_string())
    }
}

impl From<CallError> for Told {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) => refusal.into(),
            error => Self::invalid(error.to_string()),
        }
    }
}

/// A participant's socket, from its coming in to its end.
struct Session {
    app: App,
    clipper: &'static Clipper,
    place: Seated,
    user: User,
    /// The party's id.
    party: String,
    /// Whether its viewer wants to be told that they may not control.
    strict: bool,
}

async fn run(
    app: App,
    clipper: &'static Clipper,
    room: Arc<RoomHandle>,
    user: User,
    strict: bool,
    mut line: Line,
    from: IpAddr,
) {
    let newcomer = Newcomer {
        person: user.person.clone(),
        name: user.name.clone(),
        // Who left, or was removed, while the socket was opened stays out.
        grant: Grant::Seated,
        client: NAME.to_owned(),
        reports: false,
        from,
    };
    let entered = app
        .hub
        .enter(&room, new_seat(), line.outbox(), clipper, newcomer);
    let close = match entered.await {
        Ok(place) => {
            let session = Session {
                party: clipper.party_id(room.code()),
                app,
                clipper,
                place,
                user,
                strict,
            };
            session.talk(&mut line).await
        }
        // The room's task has said why, and closed.
        Err(_) => close_frame(1008, ""),
    };
    line.outbox().close(&close);
    clipper.metrics.left("disconnect");
}

impl Session {
    async fn talk(&self, line: &mut Line) -> Bytes {
        let mut pace = Bucket::new(MESSAGES);
        loop {
            match line.next().await {
                Ok(Heard::Text(_) | Heard::Binary(_)) if !pace.take() => {
                    return close_frame(1008, "too many messages");
                }
                Ok(Heard::Text(text)) => self.hear(&text).await,
                Ok(Heard::Binary(_)) => {}
                // It missed events and can't be told which: better a new connection than being out of step.
                Ok(Heard::Drained) => return close_frame(1013, "too slow"),
                Err(cut) => return cut.close(),
            }
        }
    }

    async fn hear(&self, text: &str) {
        let begun = Instant::now();
        let told = match wire::read(text) {
            Ok(message) => {
                let told = self.command(&message).await;
                let took = begun.elapsed();
                self.clipper.metrics.command(message.kind, took);
                let (kind, user) = (message.kind.name(), &self.user.id);
                tracing::debug!(room = %self.place.room.code(), user, kind, ?took, "clipper command");
                told
            }
            Err(words) => Err(Told::invalid(words)),
        };
        if let Err(Told(code, message)) = told {
            self.clipper.metrics.error(code);
            self.to_me(move |clipper, scene| clipper.error(scene, code, &message))
                .await;
        }
    }

    async fn command(&self, message: &Envelope) -> Result<(), Told> {
        if message.kind.is_playback() && !self.may(message.kind).await {
            self.clipper.metrics.error("unauthorized_playback");
            let words = "Only the host and co-hosts can control playback.";
            let strict = Told("UNAUTHORIZED_COMMAND", words.to_owned());
            return if self.strict { Err(strict) } else { Ok(()) };
        }
        match message.check(&self.party).map_err(Told::invalid)? {
            Said::Play => self.play().await,
            Said::Pause => self.pause().await,
            Said::Seek(position) => {
                let expect = None;
                self.place.call(Command::Seek { position, expect }).await?;
                Ok(())
            }
            Said::Skip(clip) => self.skip(&clip).await,
            Said::Sync(position) => {
                self.sync(position).await;
                Ok(())
            }
            Said::Chat(text) => {
                let reply_to = None;
                self.limited(Command::Say { text, reply_to }).await
            }
            Said::Reaction(emoji, position) => {
                self.limited(Command::React { emoji, position }).await
            }
            Said::Typing(typing) => {
                self.typing(typing).await;
                Ok(())
            }
        }
    }

    // ---- playback --------------------------------------------------------------------

    /// Whether the room lets them control in this way: asked before anybody looks whether the command is one.
    async fn may(&self, kind: Kind) -> bool {
        let seat = self.place.seat;
        let rights = self.place.room.read(move |room| {
            let member = room.member_of_seat(seat)?;
            Some(room.rights(member.id))
        });
        let rights = rights.await.ok().flatten().unwrap_or_default();
        match kind {
            Kind::Seek => rights.seek,
            Kind::Skip => rights.queue,
            _ => rights.play,
        }
    }

    async fn play(&self) -> Result<(), Told> {
        let (position, expect) = (None, None);
        let outcome = self.place.call(Command::Play { position, expect }).await?;
        self.again(&outcome, "play", true).await;
        Ok(())
    }

    async fn pause(&self) -> Result<(), Told> {
        let (position, expect) = (None, None);
        let outcome = self.place.call(Command::Pause { position, expect }).await?;
        self.again(&outcome, "pause", false).await;
        Ok(())
    }

    /// A control that found the party as it wanted it is told all the same, to the clients of this dialect: some have
    /// it wrong, or their user would not have pressed.
    async fn again(&self, outcome: &Outcome, kind: &'static str, playing: bool) {
        let moves = |event: &Event| matches!(event, Event::Timeline { .. });
        if outcome.events.iter().any(|(_, event)| moves(event)) {
            return;
        }
        let clipper = self.clipper;
        let told = self.place.room.pass(move |scene| {
            if scene.room.timeline().playing != playing {
                return Vec::new();
            }
            scene.to_all_of(NAME, &clipper.moved(scene, kind))
        });
        // Only where the server stops, and everybody is told that.
        let _ = told.await;
    }

    /// Puts on a clip: what the server or the room knows by this id, else one that only the frontend knows.
    async fn skip(&self, clip: &str) -> Result<(), Told> {
        let shelf = &self.app.shelf;
        let known = shelf.from_library(clip).ok();
        let known = known.or_else(|| shelf.from_upload(self.place.room.code(), clip).ok());
        let media = match known {
            Some(media) => media,
            None => {
                let wanted = clip.to_owned();
                let there = self
                    .place
                    .room
                    .read(move |room| listed(room, &wanted))
                    .await;
                there.ok().flatten().unwrap_or_else(|| policy::clip(clip))
            }
        };
        let load = Command::Load {
            media,
            position: Position::ZERO,
            play: true,
        };
        self.place.call(load).await?;
        Ok(())
    }

    async fn sync(&self, position: Option<Position>) {
        let (seat, clipper) = (self.place.seat, self.clipper);
        let room = self.place.room.clone();
        self.to_me(move |clipper, scene| clipper.sync(scene, "sync"))
            .await;
        let now = clipper.clock.now();
        let here = room
            .read(move |room| room.timeline().position_at(now))
            .await;
        let mut report = Report::default();
        if let (Some(own), Ok(here)) = (position, here) {
            let drift = own.seconds() - here.seconds();
            clipper.metrics.drifted(drift);
            report.position = Some(own.seconds());
            report.skew_ms = Some(drift * 1000.0);
        }
        self.place.room.report(seat, report);
    }

    // ---- talk ------------------------------------------------------------------------

    /// Says or reacts, as often as a user may in all parties together.
    async fn limited(&self, command: Command) -> Result<(), Told> {
        let windows = &self.clipper.windows;
        let window = match command {
            Command::React { .. } => &windows.reactions,
            _ => &windows.chat,
        };
        let too_many = || Told("RATE_LIMITED", "Too fast. Wait a little.".to_owned());
        window.take(&self.user.id).map_err(|_| too_many())?;
        let outcome = self.place.call(command).await;
        if outcome.is_err() {
            window.give_back(&self.user.id);
        }
        outcome.map(drop).map_err(Told::from)
    }

    /// Told to this dialect at once, on and off; to others as they know it: that somebody is typing.
    async fn typing(&self, typing: bool) {
        if typing {
            self.place.room.typing(self.place.seat);
        }
        let (seat, clipper) = (self.place.seat, self.clipper);
        let told = self.place.room.pass(move |scene| {
            let by = scene.room.member_of_seat(seat);
            let Some(by) = by.filter(|member| !member.muted) else {
                return Vec::new();
            };
            let mut event = clipper.event(scene, "typing");
            event["user_id"] = clipper.user_id(&by.person).into();
            event["is_typing"] = typing.into();
            scene.to_all_of(NAME, &json_frame(&event))
        });
        let _ = told.await;
    }

    /// Tells this socket alone, in its place among all that is told.
    async fn to_me(
        &self,
        event: impl FnOnce(&Clipper, Scene<'_>) -> serde_json::Value + Send + 'static,
    ) {
        let (seat, clipper) = (self.place.seat, self.clipper);
        let told = self
            .place
            .room
            .pass(move |scene| vec![(seat, json_frame(&event(clipper, scene)))]);
        let _ = told.await;
    }
}

/// What is on, or comes next, where this API calls it so.
fn listed(room: &Room, clip: &str) -> Option<Media> {
    let mut items = room.current().into_iter().chain(room.queue());
    let item = items.find(|item| policy::clip_id(&item.media) == Some(clip))?;
    Some(item.media.clone())
}
