//! The server's log as it is written, for administrators: `text/event-stream`.
use super::{Admin, App};
use crate::telemetry::{LogLine, RING};
use axum::extract::State;
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// Below the minute after which proxies give up a silent connection.
const ALIVE: Duration = Duration::from_secs(25);

fn line_event(line: &LogLine) -> Event {
    let text = serde_json::to_string(line).expect("a line is plain data");
    Event::default().data(text)
}

/// The latest 500 lines of the log, then every new one.
#[utoipa::path(get, path = "/api/v2/admin/logs", 
    responses((status = 200, body = LogLine, content_type = "text/event-stream"), (status = 401, body = super::error::ErrorBody)))]
pub async fn logs(State(app): State<App>, _admin: Admin) -> Response {
    let (before, live) = RING.follow();
    let before = stream::iter(before).map(|line: Arc<LogLine>| line_event(&line));
    let stopping = app.hub.stopping();
    let live = stream::unfold(
        (live, Box::pin(stopping)),
        |(mut live, mut stopping)| async {
            let event = tokio::select! {
                // An open page must not hold up the server's end.
                () = &mut stopping => return None,
                line = live.recv() => match line {
                    Ok(line) => line_event(&line),
                    Err(RecvError::Lagged(lost)) => Event::default().event("lost").data(lost.to_string()),
                    Err(RecvError::Closed) => return None,
                },
            };
            Some((event, (live, stopping)))
        },
    );
    let events = before.chain(live).map(Ok::<_, Infallible>);
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE));
    // nginx would gather lines until a buffer is full.
    let headers = [(header::HeaderName::from_static("x-accel-buffering"), "no")];
    (headers, stream).into_response()
}
