//! What pages of other origins may ask and read (CORS), for the dialects whose pages are served elsewhere.
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// What a dialect lets the pages of its settings do, with their browser's cookies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cors {
    /// Methods, listed.
    pub(crate) methods: &'static str,
    /// Headers that they may send.
    pub(crate) headers: &'static str,
    /// Headers that they may read, beyond those that all may.
    pub(crate) exposed: Option<&'static str>,
    /// Seconds for which a browser need not ask again.
    pub(crate) max_age: Option<&'static str>,
}

/// The origin of the page that asks, where it is one of these.
pub(crate) fn listed<'a>(headers: &'a HeaderMap, origins: &[String]) -> Option<&'a HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let known = |known: &String| known.as_bytes() == origin.as_bytes();
    origins.iter().any(known).then_some(origin)
}

impl Cors {
    /// Says so in an answer to this origin, or in that to what its browser asks beforehand.
    pub(crate) fn allow(&self, origin: HeaderValue, asks_first: bool, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        let mut say = |name: HeaderName, value: Option<&'static str>| {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_static(value));
            }
        };
        say(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, Some("true"));
        if asks_first {
            say(header::ACCESS_CONTROL_ALLOW_METHODS, Some(self.methods));
            say(header::ACCESS_CONTROL_ALLOW_HEADERS, Some(self.headers));
            say(header::ACCESS_CONTROL_MAX_AGE, self.max_age);
        } else {
            say(header::ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed);
        }
    }
}
