//! tus 1.0.0 (https://tus.io/protocols/resumable-upload): core, creation, creation-with-upload, termination, checksum and
//! expiration.
use super::super::base::Base;
use super::super::identity::Caller;
use super::super::{ApiError, App};
use super::{address, opened, refused, uploader};
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use sha1::Digest as _;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};
use watchalong_media::{NewUpload, UploadError, UploadView};

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,termination,checksum,expiration";
const ALGORITHMS: &str = "sha1,sha256";
/// A sender that is silent for longer has lost its connection; what came is kept.
const SILENT_FOR: Duration = Duration::from_secs(60);
/// Metadata holds a file's name and type.
const MAX_METADATA: usize = 4096;

fn named(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

fn tus(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(named("tus-resumable"), HeaderValue::from_static(VERSION));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn bad(message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "bad_request", message)
}

/// The version that the client speaks must be ours.
fn check_version(headers: &HeaderMap) -> Result<(), Box<Response>> {
    if headers.get("tus-resumable").is_some_and(|v| v == VERSION) {
        return Ok(());
    }
    let message = format!("This server speaks tus {VERSION}. Send `Tus-Resumable: {VERSION}`.");
    let error = ApiError::new(StatusCode::PRECONDITION_FAILED, "tus_version", message);
    let mut response = tus(error.into_response());
    let headers = response.headers_mut();
    headers.insert(named("tus-version"), HeaderValue::from_static(VERSION));
    Err(Box::new(response))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// A value of `Upload-Metadata`: `key base64, key base64, ...`.
fn metadata(headers: &HeaderMap, key: &str) -> Option<String> {
    let text = headers.get("upload-metadata")?.to_str().ok()?;
    if text.len() > MAX_METADATA {
        return None;
    }
    let (_, value) = text
        .split(',')
        .filter_map(|pair| pair.trim().split_once(' '))
        .find(|(name, _)| *name == key)?;
    String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()
}

fn expires(view: &UploadView) -> Option<HeaderValue> {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(view.expires_ms?);
    HeaderValue::try_from(httpdate::fmt_http_date(at)).ok()
}

fn describe(response: &mut Response, view: &UploadView) {
    let headers = response.headers_mut();
    headers.insert(named("upload-offset"), HeaderValue::from(view.offset));
    if let Some(at) = expires(view) {
        headers.insert(named("upload-expires"), at);
    }
}

pub(super) async fn options(State(app): State<App>) -> Response {
    let mut response = tus(StatusCode::NO_CONTENT.into_response());
    let headers = response.headers_mut();
    headers.insert(named("tus-version"), HeaderValue::from_static(VERSION));
    headers.insert(named("tus-extension"), HeaderValue::from_static(EXTENSIONS));
    headers.insert(
        named("tus-checksum-algorithm"),
        HeaderValue::from_static(ALGORITHMS),
    );
    headers.insert(
        named("tus-max-size"),
        HeaderValue::from(app.config.uploads.file),
    );
    response
}

pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    if let Err(response) = check_version(&parts.headers) {
        return Ok(*response);
    }
    let (room, person) = uploader(&app, &caller, &code).await?;
    let size = number(&parts.headers, "upload-length")
        .ok_or_else(|| bad("Say how many bytes will come: `Upload-Length: N`."))?;
    let name = metadata(&parts.headers, "filename")
        .or_else(|| metadata(&parts.headers, "name"))
        .ok_or_else(|| bad("Say what the file is called: `Upload-Metadata: filename BASE64`."))?;
    let view = app
        .shelf
        .uploads
        .create(NewUpload {
            room: room.to_string(),
            person: person.0,
            name,
            size,
        })
        .await
        .map_err(|error| refused(&error))?;
    if is_offset_stream(&parts.headers) {
        // What comes with it is a gift: the upload is made, whatever becomes of these bytes.
        let _ = take(&app, &view.id, 0, &parts.headers, body).await;
    }
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or([0, 0, 0, 0].into(), |peer| peer.0.ip());
    let location = address(&app, &Base::of(&parts.headers, peer, &app.config), &view.id);
    let mut response = tus(StatusCode::CREATED.into_response());
    let now = app.shelf.uploads.get(&view.id).unwrap_or(view);
    describe(&mut response, &now);
    let headers = response.headers_mut();
    headers.insert(
        header::LOCATION,
        HeaderValue::try_from(location).map_err(|_| bad("This address can't be written."))?,
    );
    // For the page: what to put on.
    let id = HeaderValue::try_from(now.id.to_string()).expect("an id is hexadecimal");
    headers.insert(named("upload-media-id"), id);
    Ok(response)
}

pub(super) async fn offset(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let id = opened(&app, &token)?;
    let view = app.shelf.uploads.get(&id);
    let view = view.ok_or_else(|| refused(&UploadError::NotFound))?;
    let mut response = tus(StatusCode::OK.into_response());
    describe(&mut response, &view);
    let headers = response.headers_mut();
    headers.insert(named("upload-length"), HeaderValue::from(view.size));
    Ok(response)
}

pub(super) async fn append(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    if let Err(response) = check_version(&headers) {
        return Ok(*response);
    }
    let id = opened(&app, &token)?;
    if !is_offset_stream(&headers) {
        let message = "Send the bytes as `Content-Type: application/offset+octet-stream`.";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(ApiError::new(status, "bad_request", message));
    }
    let offset = number(&headers, "upload-offset")
        .ok_or_else(|| bad("Say where these bytes belong: `Upload-Offset: N`."))?;
    match take(&app, &id, offset, &headers, body).await {
        Ok(()) => {}
        Err(error) => return Ok(tus(refused(&error).into_response())),
    }
    let mut response = tus(StatusCode::NO_CONTENT.into_response());
    if let Some(view) = app.shelf.uploads.get(&id) {
        describe(&mut response, &view);
    }
    Ok(response)
}

pub(super) async fn terminate(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let id = opened(&app, &token)?;
    if !app.shelf.uploads.remove(&id).await {
        return Err(refused(&UploadError::NotFound));
    }
    Ok(tus(StatusCode::NO_CONTENT.into_response()))
}

fn is_offset_stream(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/offset+octet-stream")
}

/// A checksum that the client gave, being made for what arrives.
enum Checksum {
    Sha1(sha1::Sha1, Vec<u8>),
    Sha256(sha2::Sha256, Vec<u8>),
}

impl Checksum {
    fn asked(headers: &HeaderMap) -> Result<Option<Self>, UploadError> {
        let Some(value) = headers.get("upload-checksum") else {
            return Ok(None);
        };
        let parsed = value.to_str().ok().and_then(|text| {
            let (algorithm, sum) = text.trim().split_once(' ')?;
            let sum = STANDARD.decode(sum.trim()).ok()?;
            match algorithm {
                "sha1" => Some(Self::Sha1(sha1::Sha1::new(), sum)),
                "sha256" => Some(Self::Sha256(sha2::Sha256::new(), sum)),
                _ => None,
            }
        });
        // One that we can't check is as good as a wrong one: to let it pass would be to say it was right.
        parsed.map(Some).ok_or(UploadError::Checksum)
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(sum, _) => sum.update(bytes),
            Self::Sha256(sum, _) => sum.update(bytes),
        }
    }

    fn matches(self) -> bool {
        match self {
            Self::Sha1(sum, given) => sum.finalize()[..] == given[..],
            Self::Sha256(sum, given) => sum.finalize()[..] == given[..],
        }
    }
}

/// Writes a request's body where it belongs. A connection that breaks off has sent what it has sent.
async fn take(
    app: &App,
    id: &watchalong_media::MediaId,
    offset: u64,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<(), UploadError> {
    let mut checksum = Checksum::asked(headers)?;
    let mut writer = app.shelf.uploads.write(id, offset).await?;
    if number(headers, "content-length").is_some_and(|length| length > writer.left()) {
        return Err(UploadError::TooMany);
    }
    if checksum.is_some() {
        writer.unchecked();
    }
    let mut whole = false;
    while let Ok(frame) = tokio::time::timeout(SILENT_FOR, body.frame()).await {
        match frame {
            None => {
                whole = true;
                break;
            }
            Some(Err(_)) => break,
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    if let Some(checksum) = &mut checksum {
                        checksum.update(bytes);
                    }
                    writer.push(bytes).await?;
                }
            }
        }
    }
    if checksum.is_some_and(|checksum| !whole || !checksum.matches()) {
        writer.discard().await;
        return Err(UploadError::Checksum);
    }
    writer.finish().await.map(|_| ())
}
