//! Answers that went well: what the API document shows, flat, and in one object with it the envelope
//! (`success`, `data`) without which the frontend throws. No key is in both.
use super::caller::{How, User};
use super::windows::Standing;
use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// An answer, being made.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    body: Option<Map<String, Value>>,
    standing: Option<Standing>,
}

impl Answer {
    /// With the envelope alone.
    pub(super) fn data(status: StatusCode, data: Value) -> Self {
        Self::both(status, Map::new(), data)
    }

    /// With what stands at the top beside the envelope.
    pub(super) fn both(status: StatusCode, flat: Map<String, Value>, data: Value) -> Self {
        let mut body = flat;
        body.insert("success".to_owned(), json!(true));
        body.insert("data".to_owned(), data);
        Self {
            status,
            body: Some(body),
            standing: None,
        }
    }

    /// For what has nothing to say: the document's 204, and a body for the frontend, which takes 204 for a failure. It
    /// is told by its cookie and by asking for JSON.
    pub(super) fn done(user: &User, headers: &HeaderMap, message: &str) -> Self {
        let mut accepts = headers.get_all(header::ACCEPT).iter();
        let json_wanted = accepts.any(|accept| {
            let accept = accept.to_str().unwrap_or_default();
            accept.contains("application/json")
        });
        if user.how == How::Cookie && json_wanted {
            return Self::data(StatusCode::OK, json!({"message": message}));
        }
        Self {
            status: StatusCode::NO_CONTENT,
            body: None,
            standing: None,
        }
    }

    /// With where one stands in a limit.
    #[must_use]
    pub(super) fn standing(mut self, standing: Standing) -> Self {
        self.standing = Some(standing);
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => (self.status, Json(Value::Object(body))).into_response(),
            None => self.status.into_response(),
        };
        let headers = response.headers_mut();
        // Lists of people and chat are nobody's cache's.
        headers.insert(
            header::CACHE_CONTROL,
            header::HeaderValue::from_static("no-store"),
        );
        if let Some(standing) = self.standing {
            standing.tell(headers);
        }
        response
    }
}
