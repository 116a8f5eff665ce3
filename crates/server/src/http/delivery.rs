//! How media leave: the limits in force and every viewer's share, for the administrator.
use super::identity::Admin;
use super::{ApiError, App};
use axum::Json;
use axum::extract::State;
use serde::Serialize;

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
    let viewers = stats.viewers.into_iter().map(|of| ViewerView {
        viewer: of.viewer.to_string(),
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
