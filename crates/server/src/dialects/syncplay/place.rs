//! A Syncplay client's place in a room: its seat, its card on the table, and a look at the room from there.
use super::Syncplay;
use super::desk::{Card, Held, Table};
use super::rooms::Found;
use super::session::{End, Told};
use super::view::{Look, View};
use super::voice::{self, Voice};
use crate::hub::{Connection, Newcomer, RoomHandle, new_seat};
use crate::ws::{Limits, Next, Outbox};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use watchalong_room::{ItemId, MessageId, SeatId};

/// The client gives up a silent server after 12.5 s.
const ADMITTED_WITHIN: Duration = Duration::from_secs(10);

static VOICE: Voice = Voice;

/// A seat in a room; dropping it leaves.
pub(super) struct Place {
    pub(super) room: Arc<RoomHandle>,
    pub(super) seat: SeatId,
    _connection: Connection,
    pub(super) outbox: Outbox,
    pub(super) table: Arc<Table>,
    pub(super) turned: watch::Receiver<()>,
    pub(super) names: (String, String),
    /// Identified here, so that the right ends with the place.
    pub(super) operator: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.table.remove(self.seat);
    }
}

/// Takes a seat, and waits until its holder is let in.
pub(super) async fn enter(
    server: &Syncplay,
    found: Found,
    held: &Held,
    card: &Card,
    address: IpAddr,
) -> Result<Place, End> {
    let slow = |_| End::error("Too many tries in a short time. Wait a little.");
    server.limits.join.take(address.into()).map_err(slow)?;
    let Found { room, names, grant } = found;
    let newcomer = Newcomer {
        person: held.person.clone(),
        name: held.name.clone(),
        grant,
        client: "syncplay".to_owned(),
        reports: card.features["readiness"] == json!(true),
        from: address,
    };
    let seat = new_seat();
    let outbox = Outbox::taken(Limits::CLIENT);
    let table = server.desk.table(room.code());
    // The card lies there first, so that nobody sees its holder under another name.
    table.change(seat, |kept| *kept = card.clone());
    let place = Place {
        _connection: server
            .hub
            .arrive(&room, (seat, None), &outbox, &VOICE, newcomer),
        turned: table.watch(),
        room,
        seat,
        outbox,
        table,
        names,
        operator: false,
    };
    let until = Instant::now() + ADMITTED_WITHIN;
    loop {
        match timeout_at(until, place.outbox.next()).await {
            Ok(Next::Frame(frame)) if frame == voice::WELCOME => return Ok(place),
            Ok(Next::Frame(frame)) if frame.starts_with(b"{") => {
                return Err(End::Line(String::from_utf8_lossy(&frame).into_owned()));
            }
            Ok(Next::Frame(frame)) if frame == voice::AGAIN => return Err(End::Close),
            Ok(Next::Over) => return Err(End::Close),
            Ok(_) => {}
            Err(_) => {
                let message = "The host was asked to let you in. Connect again once they have.";
                return Err(End::error(message));
            }
        }
    }
}

pub(super) async fn look(
    server: &Arc<Syncplay>,
    place: &mut Place,
    texts: BTreeMap<ItemId, String>,
    told: Option<MessageId>,
) -> Result<Option<View>, End> {
    place.turned.borrow_and_update();
    let (server, seat) = (server.clone(), place.seat);
    let (names, cards) = (place.names.clone(), place.table.cards());
    let code = place.room.code().clone();
    let view = place.room.read(move |room| {
        let look = Look {
            seat,
            code: &code,
            names: (&names.0, &names.1),
            cards: &cards,
            shelf: &server.shelf,
            base: server.base.as_deref(),
            texts: &texts,
            told,
        };
        View::of(room, &look)
    });
    view.await.map_err(|_| End::Close)
}

pub(super) async fn first_look(server: &Arc<Syncplay>, place: &mut Place) -> Result<Told, End> {
    let view = look(server, place, BTreeMap::new(), None).await?;
    let view = view.ok_or(End::Close)?;
    let now = server.hub.clock.now();
    Ok(Told {
        paused: !(view.timeline.playing && view.timeline.at <= now),
        timeline: view.timeline,
        files: view.files.clone(),
        own_list: false,
        ready: None,
        // What was said before somebody came is not theirs to hear: it would break a starting client.
        chat: Some(view.newest.unwrap_or(MessageId(0))),
        item_at: Instant::now(),
        view,
    })
}
