//! Counters for whoever operates the server, in the text format of Prometheus.
use super::{Admin, ApiError, App};
use crate::exposition::TEXT;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// All counters, for administrators: with the admin key as a bearer token.
pub(super) async fn metrics(State(app): State<App>, _: Admin) -> Result<Response, ApiError> {
    let Some(clipper) = app.clipper else {
        let message = "Nothing that is served here is counted.";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", message));
    };
    let text = clipper.exposition(&app).await;
    Ok(([(header::CONTENT_TYPE, TEXT)], text).into_response())
}
