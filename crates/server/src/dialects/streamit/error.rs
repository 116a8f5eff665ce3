//! Refusals as the page reads them: a status, and JSON with an `error` that it shows.
use crate::http::ApiError;
use crate::hub::{CallError, DoorError, HubError};
use crate::password::PasswordError;
use crate::store::StoreError;
use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use watchalong_room::Refusal;

/// A refusal.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    body: Value,
}

impl Refused {
    /// With what the page shows.
    pub(super) fn new(status: u16, error: impl Into<String>) -> Self {
        Self::with(status, json!({"error": error.into()}))
    }

    /// With a body of its own.
    pub(super) fn with(status: u16, body: Value) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, body }
    }

    pub(super) fn no_room() -> Self {
        Self::new(404, "Room not found")
    }

    /// For routes that tell so in the words of their framework.
    pub(super) fn not_found() -> Self {
        Self::with(
            404,
            json!({"detail": "Not found.", "error": "Room not found"}),
        )
    }

    /// Nobody said who they are.
    pub(super) fn no_credentials() -> Self {
        let detail = "Authentication credentials were not provided.";
        Self::with(401, json!({"detail": detail, "error": detail}))
    }

    /// What was shown proves nothing (any more).
    pub(super) fn bad_token() -> Self {
        let detail = "Given token not valid for any token type";
        let message = json!({
            "token_class": "AccessToken", "token_type": "access", "message": "Token is invalid",
        });
        let body = json!({
            "detail": detail, "code": "token_not_valid", "messages": [message], "error": detail,
        });
        Self::with(401, body)
    }

    pub(super) fn too_many() -> Self {
        let body = json!({
            "error": "Rate limit exceeded. Please wait.", "code": "RATE_LIMITED",
        });
        Self::with(429, body)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let asks = HeaderValue::from_static("Bearer realm=\"api\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, asks);
        }
        response
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

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        HubError::from(error).into()
    }
}

impl From<CallError> for Refused {
    fn from(error: CallError) -> Self {
        let status = match &error {
            CallError::Refused(Refusal::RoomOver) => return Self::over(),
            CallError::Refused(Refusal::NotAllowed { .. } | Refusal::Denied { .. }) => 403,
            CallError::Refused(Refusal::WrongPassword | Refusal::PasswordNeeded) => {
                return Self::new(403, "Invalid room password");
            }
            CallError::Refused(Refusal::Banned | Refusal::InviteNeeded) => 403,
            CallError::Refused(_) => 409,
            CallError::Failed | CallError::Closed => 503,
        };
        Self::new(status, error.to_string())
    }
}

impl Refused {
    /// The party is over.
    pub(super) fn over() -> Self {
        let body = json!({"error": "Room expired", "code": "ROOM_EXPIRED"});
        Self::with(410, body)
    }
}

impl From<DoorError> for Refused {
    fn from(error: DoorError) -> Self {
        match error {
            DoorError::TooMany(_) => Self::too_many(),
            DoorError::Password(error) => error.into(),
        }
    }
}

impl From<PasswordError> for Refused {
    fn from(error: PasswordError) -> Self {
        Self::new(error.status(), error.to_string())
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        match error.code() {
            "wrong_credentials" => Self::new(401, "Invalid credentials"),
            "too_many_requests" => Self::too_many(),
            _ => Self::new(error.status().as_u16(), error.message()),
        }
    }
}

pub(super) async fn wrong_method(method: Method) -> Refused {
    let detail = format!("Method \"{method}\" not allowed.");
    Refused::with(405, json!({"detail": detail, "error": detail}))
}

/// For an address below this dialect's that leads nowhere.
pub(super) async fn nothing_here() -> Refused {
    Refused::with(404, json!({"detail": "Not found.", "error": "Not found"}))
}
