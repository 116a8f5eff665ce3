//! Answers that went well: what the API document shows, flat, and in one object with it the envelope
//! (`success`, `data`) without which the frontend throws. No key is in both.
use super::caller::{Call, How};
use super::windows::Standing;
use axum::Json;
use axum::http::{StatusCode, header};
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
    pub(super) fn ok(data: Value) -> Self {
        Self::both(Map::new(), data)
    }

    /// With the same at the top and in the envelope.
    pub(super) fn flat(data: Value) -> Self {
        Self::both(data.as_object().cloned().unwrap_or_default(), data)
    }

    /// With what stands at the top beside the envelope.
    pub(super) fn both(flat: Map<String, Value>, data: Value) -> Self {
        let mut body = flat;
        body.insert("success".to_owned(), json!(true));
        body.insert("data".to_owned(), data);
        Self {
            status: StatusCode::OK,
            body: Some(body),
            standing: None,
        }
    }

    /// Something was made.
    #[must_use]
    pub(super) fn created(self) -> Self {
        Self {
            status: StatusCode::CREATED,
            ..self
        }
    }

    /// For what has nothing to say: the document's 204, and a body for the frontend, which takes 204 for a failure. It
    /// is told by its cookie and by asking for JSON.
    pub(super) fn done(call: &Call, message: &str) -> Self {
        if call.user.how == How::Cookie && call.accepts_json {
            return Self::ok(json!({"message": message}));
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
