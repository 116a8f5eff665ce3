//! Refusals as this API tells them: a status, `{"success": false, "error": {"code", "message"}}`, and when to try
//! again.
use super::windows::Standing;
use crate::hub::{CallError, DoorError, HubError};
use crate::password::PasswordError;
use crate::store::StoreError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;
use watchalong_room::Refusal;

/// A refusal.
#[derive(Debug)]
pub(super) struct Refused {
    status: u16,
    code: &'static str,
    message: String,
    wait: Option<Duration>,
    standing: Option<Standing>,
}

impl Refused {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            wait: None,
            standing: None,
        }
    }

    /// 400: the request itself is wrong.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_REQUEST", message)
    }

    pub(super) fn unauthorized(message: &str) -> Self {
        Self::new(401, "UNAUTHORIZED", message)
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "FORBIDDEN", message)
    }

    pub(super) fn no_party() -> Self {
        let message = "There is no such watch party. Check the link or the code.";
        Self::new(404, "NOT_FOUND", message)
    }

    pub(super) fn ended() -> Self {
        Self::new(404, "PARTY_ENDED", "This watch party has ended.")
    }

    pub(super) fn no_participant() -> Self {
        Self::forbidden("You are not a participant of this watch party. Join it first.")
    }

    /// 429, for `wait`.
    pub(super) fn too_many(wait: Duration) -> Self {
        let message = "Too many requests. Wait a little, then try again.";
        Self {
            wait: Some(wait),
            ..Self::new(429, "RATE_LIMITED", message)
        }
    }

    /// 429, with where one stands.
    pub(super) fn over(standing: Standing) -> Self {
        Self {
            standing: Some(standing),
            ..Self::too_many(standing.reset)
        }
    }

    /// The code, for programs.
    pub(super) fn code(&self) -> &'static str {
        self.code
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = json!({
            "success": false, "error": {"code": self.code, "message": self.message},
        });
        let seconds = self
            .wait
            .map(|wait| wait.as_millis().div_ceil(1000).max(1) as u64);
        if let Some(seconds) = seconds {
            body["retry_after"] = json!(seconds);
        }
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = seconds {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(standing) = self.standing {
            standing.tell(response.headers_mut());
        }
        response
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::RoomOver => Self::ended(),
            Refusal::UnknownSeat => Self::no_participant(),
            Refusal::PasswordNeeded => Self::new(403, "PASSWORD_REQUIRED", message),
            Refusal::WrongPassword => Self::new(403, "INVALID_PASSWORD", message),
            Refusal::Full { .. } => Self::new(403, "PARTICIPANT_LIMIT", message),
            Refusal::UnknownMember => Self::new(404, "NOT_FOUND", message),
            Refusal::TooFast { retry_ms, .. } => {
                let wait = Duration::from_millis(retry_ms.max(0) as u64);
                Self {
                    message,
                    ..Self::too_many(wait)
                }
            }
            Refusal::Duplicate => Self::new(429, "RATE_LIMITED", message),
            Refusal::NotAllowed { .. }
            | Refusal::Pending
            | Refusal::Banned
            | Refusal::Denied { .. }
            | Refusal::InviteNeeded
            | Refusal::InviteUsed
            | Refusal::InviteExpired
            | Refusal::LimitReached { .. }
            | Refusal::Muted
            | Refusal::ChatOff => Self::forbidden(message),
            _ => Self::invalid(message),
        }
    }
}

impl From<HubError> for Refused {
    fn from(error: HubError) -> Self {
        match error {
            HubError::RoomNotFound => Self::no_party(),
            HubError::Refused(refusal) => refusal.into(),
            HubError::Store(error) => error.into(),
            HubError::Closed => Self::new(503, "INTERNAL_ERROR", error.to_string()),
        }
    }
}

impl From<CallError> for Refused {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) => refusal.into(),
            CallError::Failed | CallError::Closed => {
                Self::new(500, "INTERNAL_ERROR", error.to_string())
            }
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "clipper");
        Self::new(500, "INTERNAL_ERROR", error.to_string())
    }
}

impl From<DoorError> for Refused {
    fn from(error: DoorError) -> Self {
        match error {
            DoorError::TooMany(wait) => Self::too_many(wait),
            DoorError::Password(error) => error.into(),
        }
    }
}

impl From<PasswordError> for Refused {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooLong => Self::invalid(error.to_string()),
            PasswordError::Busy => Self::too_many(crate::password::BUSY_FOR),
        }
    }
}

pub(super) async fn wrong_method() -> Refused {
    Refused::new(405, "INVALID_REQUEST", "This address has no such method.")
}
