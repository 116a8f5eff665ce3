//! What a request brings: a JSON object in its body, and parameters in its query, each of its type or refused.
use super::error::Refused;
use crate::http::App;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// A body. None at all is an empty object, so that what is missing is what is told.
#[derive(Debug)]
pub(super) struct Body(Map<String, Value>);

impl FromRequest<App> for Body {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refused> {
        let bytes = Bytes::from_request(request, app)
            .await
            .map_err(|error| Refused::new(error.status().as_u16(), error.body_text()))?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Refused::new(400, "The body must be a JSON object")),
            Err(_) => Err(Refused::new(400, "The body is no JSON")),
        }
    }
}

fn wrong(key: &str, is: &str) -> Refused {
    Refused::new(400, format!("{key} must be {is}"))
}

impl Body {
    /// A field that is there and not null.
    fn field(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A text, trimmed and without what no database takes; empty where there is none.
    ///
    /// # Errors
    /// 400 for another type.
    pub(super) fn text(&self, key: &str) -> Result<String, Refused> {
        match self.field(key) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.replace('\0', "").trim().to_owned()),
            Some(_) => Err(wrong(key, "a text")),
        }
    }

    /// A text as it is: a password.
    ///
    /// # Errors
    /// 400 for another type.
    pub(super) fn secret(&self, key: &str) -> Result<Option<String>, Refused> {
        match self.field(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(wrong(key, "a text")),
        }
    }

    /// True or false, where it is there.
    ///
    /// # Errors
    /// 400 for another type.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Refused> {
        match self.field(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(wrong(key, "true or false")),
        }
    }

    /// A number from 0 to `most`, which larger ones are cut to; 0 where there is none.
    ///
    /// # Errors
    /// 400 for another type.
    pub(super) fn number(&self, key: &str, most: f64) -> Result<f64, Refused> {
        match self.field(key) {
            None => Ok(0.0),
            Some(value) => {
                let number = value.as_f64().filter(|number| number.is_finite());
                let number = number.ok_or_else(|| wrong(key, "a number"))?;
                Ok(number.clamp(0.0, most))
            }
        }
    }

    /// A whole number that a season or an episode can have, where it is there.
    ///
    /// # Errors
    /// 400 for another type.
    pub(super) fn count(&self, key: &str) -> Result<Option<i64>, Refused> {
        match self.field(key) {
            None => Ok(None),
            Some(value) => {
                let count = value.as_i64().filter(|count| is_count(*count));
                count
                    .map(Some)
                    .ok_or_else(|| wrong(key, "a whole number, 0 or more"))
            }
        }
    }
}

fn is_count(count: i64) -> bool {
    (0..=i64::from(u32::MAX)).contains(&count)
}

/// A query. What is there twice counts once.
#[derive(Debug, Default)]
pub(super) struct Asked(HashMap<String, String>);

impl FromRequestParts<App> for Asked {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let Query(pairs) = query.map_err(|_| Refused::new(400, "The query can't be read"))?;
        Ok(Self(pairs.into_iter().collect()))
    }
}

impl Asked {
    /// A parameter, trimmed; empty where there is none.
    pub(super) fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", |text| text.trim())
    }

    /// A whole number, where it is there.
    ///
    /// # Errors
    /// 400 for what is none.
    pub(super) fn count(&self, key: &str) -> Result<Option<i64>, Refused> {
        match self.text(key) {
            "" => Ok(None),
            text => {
                let count = text.parse().ok().filter(|count| is_count(*count));
                count
                    .map(Some)
                    .ok_or_else(|| wrong(key, "a whole number, 0 or more"))
            }
        }
    }

    /// `true` or `false`, where it is there.
    ///
    /// # Errors
    /// 400 for what is neither.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Refused> {
        match self.text(key) {
            "" => Ok(None),
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(wrong(key, "true or false")),
        }
    }
}
