//! One shape for every refusal: a status, a code that never changes, and a sentence for people.
use crate::hub::HubError;
use crate::shelf::ShelfError;
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A refusal.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    body: ErrorBody,
}

/// Why a request was refused.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// Stable, for programs.
    code: String,
    /// For people: what happened and what to do.
    message: String,
}

impl ApiError {
    /// With a code and a sentence.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            body: ErrorBody {
                code: code.to_owned(),
                message: message.into(),
            },
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

impl From<HubError> for ApiError {
    fn from(error: HubError) -> Self {
        let status = match &error {
            HubError::RoomNotFound => StatusCode::NOT_FOUND,
            HubError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            HubError::Store(_) => {
                tracing::error!(%error, "store");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Self::new(status, error.code(), error.to_string())
    }
}

impl From<ShelfError> for ApiError {
    fn from(error: ShelfError) -> Self {
        let status = match error {
            ShelfError::NotFound => StatusCode::NOT_FOUND,
            ShelfError::Broken(_) | ShelfError::BadAddress => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, error.code(), error.to_string())
    }
}

impl From<JsonRejection> for ApiError {
    fn from(error: JsonRejection) -> Self {
        Self::new(
            error.status(),
            "bad_request",
            format!("This body can't be read: {}.", error.body_text()),
        )
    }
}

impl From<QueryRejection> for ApiError {
    fn from(error: QueryRejection) -> Self {
        Self::new(
            error.status(),
            "bad_request",
            format!("This query can't be read: {}.", error.body_text()),
        )
    }
}
