//! How media leave: the limits in force and every viewer's share, for the administrator.
use super::identity::Admin;
use super::{ApiError, App};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use watchalong_media::ViewerStats;
use watchalong_room::MemberId;

/// How media are delivered now. Rates are bytes a second.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeliveryView {
    /// What all viewers together may take; null where nothing limits it.
    uplink: Option<f64>,
    /// What each viewer may take; null where nothing limits it.
    viewer_rate: Option<f64>,
    /// Seconds ahead of the room that are fetched at full speed; null where nothing limits it.
    look_ahead: Option<f64>,
    /// Those seen within the last minute, most bytes first.
    viewers: Vec<ViewerView>,
}

/// One viewer's share.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ViewerView {
    /// `room/member`, or the address of somebody who is in no room.
    viewer: String,
    /// The code of their room; null for an address.
    room: Option<String>,
    /// Their name there; null for an address, and for who has left.
    name: Option<String>,
    /// Answers being sent.
    streams: usize,
    /// Answers that wait for their turn.
    waiting: usize,
    /// Bytes so far.
    bytes: u64,
    /// Lately.
    bytes_per_second: f64,
    /// Milliseconds that a piece waited, on average.
    mean_wait_ms: f64,
    /// Pieces given first because the player was about to run dry.
    urgent: u64,
    /// Pieces held back for being far ahead of the room.
    held: u64,
}

/// Tells how media are delivered.
#[utoipa::path(get, path = "/api/v2/admin/delivery",
    responses((status = 200, body = DeliveryView), (status = 401, body = super::error::ErrorBody)))]
pub async fn show(_: Admin, State(app): State<App>) -> Result<Json<DeliveryView>, ApiError> {
    let stats = app.shelf.uplink.stats();
    let names = names(&app, stats.viewers.iter().filter_map(member)).await;
    let viewers = stats.viewers.iter().map(|of| ViewerView {
        viewer: of.viewer.to_string(),
        room: member(of).map(|(room, _)| room.to_owned()),
        name: names.get(&of.viewer[..]).cloned(),
        streams: of.streams,
        waiting: of.waiting,
        bytes: of.bytes,
        bytes_per_second: of.bytes_per_second.round(),
        mean_wait_ms: of.mean_wait.as_secs_f64() * 1000.0,
        urgent: of.urgent,
        held: of.held,
    });
    Ok(Json(DeliveryView {
        uplink: stats.limits.uplink,
        viewer_rate: stats.limits.viewer,
        look_ahead: stats.limits.ahead.map(|ahead| ahead.as_secs_f64()),
        viewers: viewers.collect(),
    }))
}

/// Room and member, where the viewer is no address.
fn member(of: &ViewerStats) -> Option<(&str, u32)> {
    let (room, member) = of.viewer.split_once('/')?;
    Some((room, member.parse().ok()?))
}

/// The names of members, by `room/member`; one question to each room.
async fn names(app: &App, members: impl Iterator<Item = (&str, u32)>) -> HashMap<String, String> {
    let mut rooms: BTreeMap<&str, Vec<MemberId>> = BTreeMap::new();
    for (room, member) in members {
        rooms.entry(room).or_default().push(MemberId(member));
    }
    let mut names = HashMap::new();
    for room in app.hub.live() {
        let Some(members) = rooms.remove(room.code().as_str()) else {
            continue;
        };
        let read = room.read(move |room| {
            let named = |id: MemberId| Some((id, room.member(id)?.name.clone()));
            members.into_iter().filter_map(named).collect::<Vec<_>>()
        });
        for (id, name) in read.await.unwrap_or_default() {
            names.insert(format!("{}/{}", room.code(), id.0), name);
        }
    }
    names
}
