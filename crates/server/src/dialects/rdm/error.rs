//! Refusals as the window reads them: a status, and `{"detail": "..."}`.
use crate::hub::HubError;
use crate::password::PasswordError;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use watchalong_media::UploadError;

/// A refusal.
#[derive(Debug)]
pub(super) struct Refused(pub(super) StatusCode, pub(super) String);

impl Refused {
    pub(super) fn new(status: u16, detail: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self(status, detail.into())
    }

    pub(super) fn no_room() -> Self {
        Self::new(404, "Room not found")
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"detail": self.1}))).into_response()
    }
}

impl From<HubError> for Refused {
    fn from(error: HubError) -> Self {
        match error {
            HubError::RoomNotFound => Self::no_room(),
            error => Self::new(error.status(), error.to_string()),
        }
    }
}

impl From<PasswordError> for Refused {
    fn from(error: PasswordError) -> Self {
        Self::new(error.status(), error.to_string())
    }
}

impl From<UploadError> for Refused {
    fn from(error: UploadError) -> Self {
        match &error {
            UploadError::NotFound => Self::new(404, "Upload not found"),
            UploadError::TooLarge { most } => {
                Self::new(413, format!("File too large (max {}MB)", most >> 20))
            }
            UploadError::Missing { count } => Self::new(400, format!("Missing {count} chunk(s)")),
            UploadError::NoSuchChunk { index } => {
                Self::new(400, format!("Invalid chunk index: {index}"))
            }
            UploadError::NotMedia { .. } | UploadError::NotMediaInside => {
                Self::new(400, error.to_string())
            }
            UploadError::Disk(cause) => {
                tracing::error!(%cause, "upload");
                Self::new(500, "Upload failed")
            }
            _ => Self(error.status(), error.to_string()),
        }
    }
}

pub(super) async fn wrong_method() -> Refused {
    Refused::new(405, "Method Not Allowed")
}

/// For an address below this dialect's that leads nowhere.
pub(crate) fn nothing_here() -> Response {
    Refused::new(404, "Not Found").into_response()
}
