//! Answering a request for a medium: headers, conditions and ranges of RFC 9110 around a [`MediaBody`].
//!
//! Works on the `http` crate's types, so any server built on them can send what comes out. Who may ask is
//! decided before: see [`crate::MediaSigner`].

use std::collections::hash_map::DefaultHasher;
use std::fs::{File, Metadata};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode};
use tokio::task::spawn_blocking;

use crate::body::{MediaBody, Source};
use crate::conditions::{self, Validators, Verdict};
use crate::error::MediaError;
use crate::fair::Content;
use crate::fingerprint;
use crate::heads::Heads;
use crate::platform::identity;
use crate::range::{self, RangeAnswer};
use crate::root::Stamp;

/// Even opened as a page, a medium may load nothing, run nothing and reach nobody.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; sandbox";

/// Kept by the viewer's browser only, asked for again before use (a 304 is cheap), never recompressed.
const CACHE_CONTROL: &str = "private, no-cache, no-transform";

/// An opened file, ready to be sent any number of times.
#[derive(Debug, Clone)]
pub struct MediaFile {
    source: Source,
    validators: Validators,
    mime: String,
}

impl MediaFile {
    pub(crate) fn new(file: File, metadata: &Metadata, mime: String) -> Self {
        let stamp = Stamp::of(metadata);
        let (device, inode) = identity(metadata);
        // Device and inode tell a replaced file from its predecessor even under the same size and date.
        let etag = format!(
            "\"{device:x}-{inode:x}-{:x}-{:x}\"",
            stamp.size, stamp.modified_ns
        );
        let modified = metadata.modified().unwrap_or(UNIX_EPOCH).max(UNIX_EPOCH);
        let source = Source {
            file: Arc::new(file),
            stamp,
            head: None,
            growth: None,
        };
        Self::of(source, etag, modified, mime)
    }

    /// Of a source whose validators somebody else knows.
    pub(crate) fn of(source: Source, etag: String, modified: SystemTime, mime: String) -> Self {
        Self {
            source,
            validators: Validators { etag, modified },
            mime,
        }
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.source.stamp.size
    }

    /// The strong entity tag, quotes included.
    pub fn etag(&self) -> &str {
        &self.validators.etag
    }

    /// What fairness needs to know of it; `duration` where somebody looked into the file.
    pub fn content(&self, duration: Option<Duration>) -> Content {
        let mut hasher = DefaultHasher::new();
        self.validators.etag.hash(&mut hasher);
        Content {
            id: hasher.finish(),
            size: self.size(),
            duration,
        }
    }

    /// The opened file, to be read by a child; its beginning is where the child begins.
    ///
    /// # Errors
    /// [`MediaError`]: it still arrives, or it isn't any more what it was when it was opened.
    pub(crate) fn whole(&self) -> Result<File, MediaError> {
        if self.source.still_arrives() {
            return Err(MediaError::Copying);
        }
        let file = self
            .source
            .check()
            .and_then(|()| self.source.file.try_clone());
        file.map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => MediaError::Gone,
            kind => MediaError::Unreadable {
                reason: kind.to_string(),
            },
        })
    }

    /// A hash of samples of the file; see `fingerprint.rs`.
    ///
    /// # Errors
    /// [`MediaError`]: it still arrives, or it isn't any more what it was when it was opened.
    pub async fn sampled_hash(&self) -> Result<[u8; 32], MediaError> {
        let (file, size) = (self.whole()?, self.size());
        let hash = spawn_blocking(move || fingerprint::sampled_hash(&file, size)).await;
        let unreadable = |reason: String| MediaError::Unreadable { reason };
        hash.map_err(|error| unreadable(error.to_string()))?
            .map_err(|error| unreadable(error.kind().to_string()))
    }

    /// The same file with its first bytes from memory, where [`Heads`] has them; it learns them otherwise.
    #[must_use]
    pub fn with_head(mut self, heads: &Heads) -> Self {
        if self.source.growth.is_none() {
            self.source.head = heads.of(&self.validators.etag, &self.source);
        }
        self
    }

    /// MIME type.
    pub fn mime(&self) -> &str {
        &self.mime
    }

    /// The answer to a request: 200, 206, 304, 405, 412 or 416, with all headers and the body to send.
    ///
    /// A body that fails midway means that the file was changed or its disk went away; the connection must
    /// then be cut, which hyper does.
    pub fn answer(&self, method: &Method, headers: &HeaderMap) -> Response<MediaBody> {
        if method != Method::GET && method != Method::HEAD {
            let mut response = self.response(StatusCode::METHOD_NOT_ALLOWED, 0..0);
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match conditions::evaluate(headers, &self.validators) {
            Verdict::NotModified => {
                return self.describe(self.response(StatusCode::NOT_MODIFIED, 0..0), None);
            }
            Verdict::PreconditionFailed => {
                return self.response(StatusCode::PRECONDITION_FAILED, 0..0);
            }
            Verdict::Proceed => {}
        }
        let length = self.size();
        let (status, part) = match self.range(method, headers) {
            RangeAnswer::Whole => (StatusCode::OK, 0..length),
            RangeAnswer::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
            RangeAnswer::Unsatisfiable => {
                let mut response = self.response(StatusCode::RANGE_NOT_SATISFIABLE, 0..0);
                response
                    .headers_mut()
                    .insert(header::CONTENT_RANGE, value(format!("bytes */{length}")));
                response
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
                return response;
            }
        };
        let sent = if method == Method::HEAD {
            0..0
        } else {
            part.clone()
        };
        let mut response = self.describe(self.response(status, sent), Some(part.end - part.start));
        if status == StatusCode::PARTIAL_CONTENT {
            let range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            response
                .headers_mut()
                .insert(header::CONTENT_RANGE, value(range));
        }
        response
    }

    fn range(&self, method: &Method, headers: &HeaderMap) -> RangeAnswer {
        let mut ranges = headers.get_all(header::RANGE).iter();
        // RFC 9110 14.2: Range means something for GET only. Two headers are no valid one.
        match (ranges.next().map(HeaderValue::to_str), ranges.next()) {
            (Some(Ok(range)), None)
                if method == Method::GET
                    && conditions::range_holds(headers, &self.validators, SystemTime::now()) =>
            {
                range::answer(range, self.size())
            }
            _ => RangeAnswer::Whole,
        }
    }

    /// An answer that nobody can mistake for a page.
    fn response(&self, status: StatusCode, part: std::ops::Range<u64>) -> Response<MediaBody> {
        let body = if part.is_empty() {
            MediaBody::empty()
        } else {
            MediaBody::part(self.source.clone(), part)
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(CONTENT_SECURITY_POLICY),
        );
        response
    }

    /// Adds what describes the representation. A 304 says nothing of a length (`None`).
    fn describe(
        &self,
        mut response: Response<MediaBody>,
        length: Option<u64>,
    ) -> Response<MediaBody> {
        let headers = response.headers_mut();
        headers.insert(header::ETAG, value(self.validators.etag.clone()));
        headers.insert(
            header::LAST_MODIFIED,
            value(httpdate::fmt_http_date(self.validators.modified)),
        );
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static(CACHE_CONTROL),
        );
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            headers.insert(header::CONTENT_TYPE, value(self.mime.clone()));
            headers.insert(
                header::CONTENT_DISPOSITION,
                HeaderValue::from_static("inline"),
            );
        }
        response
    }
}

fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("tags, dates, ranges and our MIME types are plain ASCII")
}
