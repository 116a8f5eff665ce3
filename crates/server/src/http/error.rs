//! One shape for every refusal: a status, a code that never changes, and a sentence for people.
use crate::hub::{CallError, HubError};
use crate::password::{self, PasswordError};
use crate::shelf::ShelfError;
use crate::store::StoreError;
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::time::Duration;
use watchalong_room::Refusal;

/// A disk that is full or a database that is held by another process is not free at once.
const STORE_WAIT: Duration = Duration::from_secs(5);

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
    /// Seconds to wait, where it is a matter of time (429, 503); the same as the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl ApiError {
    /// With a code and a sentence.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            body: ErrorBody {
                code: code.to_owned(),
                message: message.into(),
                retry_after: None,
            },
        }
    }

    /// Says when to try again; rounded up to whole seconds, at least one.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.body.retry_after = Some(wait.as_millis().div_ceil(1000).max(1) as u64);
        self
    }

    /// Too much of something; `wait` until the next.
    pub fn too_many(wait: Duration) -> Self {
        let message = "Too many tries in a short time. Wait a little, then try again.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message).after(wait)
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.body.code
    }

    /// For programs that know no codes.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// For people.
    pub fn message(&self) -> &str {
        &self.body.message
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let wait = self.body.retry_after;
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(seconds) = wait {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "store");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            error.code(),
            error.to_string(),
        )
        .after(STORE_WAIT)
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooLong => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                error.code(),
                error.to_string(),
            ),
            PasswordError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                error.code(),
                error.to_string(),
            )
            .after(password::BUSY_FOR),
        }
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
            HubError::Closed => StatusCode::SERVICE_UNAVAILABLE,
        };
        let refused = Self::new(status, error.code(), error.to_string());
        if status == StatusCode::SERVICE_UNAVAILABLE {
            refused.after(STORE_WAIT)
        } else {
            refused
        }
    }
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        let status = match &error {
            CallError::Refused(Refusal::TooFast { retry_ms, .. }) => {
                let wait = Duration::from_millis(u64::try_from(*retry_ms).unwrap_or_default());
                let status = StatusCode::TOO_MANY_REQUESTS;
                return Self::new(status, error.code(), error.to_string()).after(wait);
            }
            CallError::Refused(refusal) => match refusal.code() {
                "not_allowed" => StatusCode::FORBIDDEN,
                "room_over" => StatusCode::GONE,
                code if code.starts_with("unknown_") => StatusCode::NOT_FOUND,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
            CallError::Failed | CallError::Closed => {
                let refused = Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    error.code(),
                    error.to_string(),
                );
                return refused.after(STORE_WAIT);
            }
        };
        Self::new(status, error.code(), error.to_string())
    }
}

impl From<ShelfError> for ApiError {
    fn from(error: ShelfError) -> Self {
        let status = match error {
            ShelfError::NotFound => StatusCode::NOT_FOUND,
            ShelfError::Broken(_)
            | ShelfError::BadAddress
            | ShelfError::UnknownEmbed
            | ShelfError::NoFingerprint(_) => StatusCode::UNPROCESSABLE_ENTITY,
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
