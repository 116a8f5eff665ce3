//! What is on, under addresses that never change: the film with its ranges, and the subtitles and sound tracks beside it.
//!
//! Ranges and shares of the line are `watchalong-media`'s and [`Outgoing`]'s, as for every other client. A page that is
//! here is known by its name for fetching, and has a share of its own.
use super::doors::Refused;
use super::encode::revision;
use super::tracks::{self, chosen};
use super::{Asked, Staged, vtt};
use crate::delivery::{Fetcher, Lane, Outgoing, TooManyStreams};
use crate::http::App;
use crate::hub::RoomHandle;
use crate::limits::ClientAddress;
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use watchalong_media::{MediaFile, MediaId, Placed};
use watchalong_room::{Media, SourceKind};

/// Names of what is on: any of these, and none, mean the same.
const CURRENT: [&str; 6] = [
    "current",
    "current.mp4",
    "current.mkv",
    "current.webm",
    "current.m4v",
    "current.mov",
];
/// The address stays and the film changes: nobody on the way may keep it.
const CACHE: HeaderValue =
    HeaderValue::from_static("private, max-age=0, must-revalidate, no-transform");

fn nothing_here() -> Refused {
    let message = "There is nothing at this address.";
    Refused::new(StatusCode::NOT_FOUND, message)
}

/// Who asks for something of a room.
struct Viewer {
    room: Arc<RoomHandle>,
    address: IpAddr,
    /// By this name a page fetches that is here.
    guid: Option<String>,
}

impl Viewer {
    /// Whoever may watch: a page that is here, or who has the key.
    async fn admitted(
        app: &App,
        staged: &'static Staged,
        asked: &Asked,
        address: IpAddr,
    ) -> Result<Self, Refused> {
        let room = staged.room(app, asked).await?;
        let table = staged.desk.table(room.code());
        let guid = asked.guid.clone().unwrap_or_default();
        let is_here = table.is_some_and(|table| table.knows(&guid));
        if !is_here && !staged.lets_in(asked.key()) {
            return Err(Refused::new(StatusCode::UNAUTHORIZED, "unauthorized"));
        }
        Ok(Self {
            room,
            address,
            guid: is_here.then_some(guid),
        })
    }

    /// What is on. Of the room's task, in order: whoever was told of a load gets what was loaded.
    async fn on(&self) -> Result<(Option<Media>, u64), Refused> {
        let look = |room: &watchalong_room::Room| {
            let media = room.current().map(|item| item.media.clone());
            (media, revision(room))
        };
        Ok(self.room.read(look).await?)
    }

    /// Where what is on lies in the library, and its revision.
    async fn placed(&self, staged: &Staged) -> Result<(Option<Placed>, u64), Refused> {
        let (media, revision) = self.on().await?;
        let media = media.filter(|media| media.kind == SourceKind::Library);
        let id = media.and_then(|media| media.key.parse().ok());
        let placed = id.and_then(|id: MediaId| staged.shelf.library.place_of(&id));
        Ok((placed, revision))
    }

    /// A file's answer, on its way to this viewer.
    fn send(
        self,
        app: &App,
        file: &MediaFile,
        of: (MediaId, Option<f64>),
        request: (&Method, &HeaderMap),
        lane: Lane,
    ) -> Result<Response, Refused> {
        let mut answer = file.answer(request.0, request.1);
        let headers = answer.headers_mut();
        if headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, CACHE);
        }
        let (signer, clock) = (&app.hub.signer, app.hub.clock.clone());
        let code = self.room.code().clone();
        let fetcher = Fetcher::new(self.room, "", of.0.to_string(), signer, clock);
        let outgoing = Outgoing {
            file,
            duration: of.1,
            // A page that is here has a share of its own; who is not goes by their address.
            viewer: match self.guid {
                Some(guid) => format!("{code}/{guid}").into(),
                None => fetcher.name(self.address),
            },
            needs: Arc::new(fetcher),
            lane,
        };
        let sent = outgoing.send(&app.shelf, answer);
        sent.map_err(|TooManyStreams| {
            let message = "You are fetching this too many times at once.";
            Refused::new(StatusCode::TOO_MANY_REQUESTS, message)
        })
    }
}

/// The first and last byte of an answer, where it is a part.
fn part_of(headers: &HeaderMap) -> Option<(u64, u64)> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (first, last) = range
        .strip_prefix("bytes ")?
        .split_once('/')?
        .0
        .split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// The film.
#[allow(clippy::too_many_arguments)] // extractors
pub(super) async fn current(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    ClientAddress(address): ClientAddress,
    Path(name): Path<String>,
    uri: Uri,
    lane: Lane,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let nothing = || Refused::new(StatusCode::NOT_FOUND, "Nothing is staged.");
    if !CURRENT.contains(&name.as_str()) {
        return Err(nothing_here());
    }
    let viewer = Viewer::admitted(&app, staged, &Asked::of(&uri), address).await?;
    let media = viewer.on().await?.0.ok_or_else(nothing)?;
    if media.kind == SourceKind::Url {
        return Ok(Redirect::temporary(&media.key).into_response());
    }
    let id: MediaId = media.key.parse().map_err(|_| nothing())?;
    let shelf = &app.shelf;
    let opened = match media.kind {
        SourceKind::Library => shelf.library.open_media(&id).await,
        SourceKind::Upload => shelf.uploads.open_media(&id).await,
        _ => return Err(nothing()),
    };
    let file = opened.map_err(|error| Refused::new(error.status(), error.to_string()))?;
    let file = file.with_head(&shelf.heads);
    let duration = shelf.medium(&media).and_then(|medium| medium.duration);
    let (guid, code) = (viewer.guid.clone(), viewer.room.code().clone());
    let sent = viewer.send(&app, &file, (id, duration), (&method, &headers), lane)?;
    if let (Some(guid), Some((first, last))) = (guid, part_of(sent.headers()))
        && let Some(table) = staged.desk.table(&code)
    {
        table.fetched(&guid, (first, last, app.hub.clock.now()));
    }
    Ok(sent)
}

/// Which subtitles lie beside it.
pub(super) async fn subtitle_list(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
) -> Result<Json<Value>, Refused> {
    let viewer = Viewer::admitted(&app, staged, &Asked::of(&uri), address).await?;
    let (placed, revision) = viewer.placed(staged).await?;
    let all = match placed {
        Some(placed) => staged.subtitles(&placed).await,
        None => Vec::new(),
    };
    let tracks: Vec<Value> = all.iter().map(tracks::Subtitles::value).collect();
    Ok(Json(json!({"tracks": tracks, "rev": revision})))
}

/// The subtitles of a language, as clean WebVTT.
pub(super) async fn subtitles(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
) -> Result<Response, Refused> {
    let asked = Asked::of(&uri);
    let viewer = Viewer::admitted(&app, staged, &asked, address).await?;
    let none = || Refused::new(StatusCode::NOT_FOUND, "There are no subtitles.");
    let placed = viewer.placed(staged).await?.0.ok_or_else(none)?;
    let all = staged.subtitles(&placed).await;
    let wanted = asked.lang.as_deref().unwrap_or_default();
    let chosen = chosen(&all, wanted).ok_or_else(none)?;
    let library = &app.shelf.library;
    let text = library
        .read_sidecar(&placed.medium.id, &chosen.sidecar)
        .await;
    let text = text.map_err(|error| Refused::new(error.status(), error.to_string()))?;
    // A file may have megabytes.
    let clean = tokio::task::spawn_blocking(move || vtt::clean(&text)).await;
    let clean = clean.map_err(|_| none())?;
    let mut response = Body::from(clean).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/vtt; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, CACHE);
    for (name, text) in [
        ("x-subtitle-lang", &chosen.lang[..]),
        ("x-subtitle-file", chosen.sidecar.name()),
    ] {
        if let Ok(value) = HeaderValue::try_from(percent_encoded(text)) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

/// For a header, which has no room for other characters.
fn percent_encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let encode = |b: u8| match plain(b) {
        true => char::from(b).to_string(),
        false => format!("%{b:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Which sound tracks there are.
pub(super) async fn audio_list(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
) -> Result<Json<Value>, Refused> {
    let viewer = Viewer::admitted(&app, staged, &Asked::of(&uri), address).await?;
    let (placed, revision) = viewer.placed(staged).await?;
    let Some(placed) = placed else {
        return Ok(Json(json!({"tracks": []})));
    };
    let look = placed.clone();
    let sounds = tokio::task::spawn_blocking(move || staged.sounds(&look)).await;
    let sounds = sounds.unwrap_or_default();
    let base = app.config.base_path.trim_end_matches('/');
    let url = |number: usize| format!("{base}/media/sidecar/{number}?rev={revision}");
    let tracks = tracks::audio(&sounds, &placed.medium.audio, url);
    Ok(Json(json!({"tracks": tracks, "rev": revision})))
}

/// A sound track beside what is on, and nothing else.
#[allow(clippy::too_many_arguments)] // extractors
pub(super) async fn audio(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    ClientAddress(address): ClientAddress,
    Path(number): Path<String>,
    uri: Uri,
    lane: Lane,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let viewer = Viewer::admitted(&app, staged, &Asked::of(&uri), address).await?;
    let placed = viewer.placed(staged).await?.0.ok_or_else(nothing_here)?;
    let number: usize = number.parse().map_err(|_| nothing_here())?;
    let look = placed.clone();
    let sounds = tokio::task::spawn_blocking(move || staged.sounds(&look)).await;
    let sound = sounds.unwrap_or_default().into_iter().nth(number);
    let id = sound.ok_or_else(nothing_here)?.id;
    let library = &app.shelf.library;
    let opened = library.open_media(&id).await;
    let file = opened.map_err(|error| Refused::new(error.status(), error.to_string()))?;
    let duration = library.get(&id).and_then(|medium| medium.duration);
    viewer.send(&app, &file, (id, duration), (&method, &headers), lane)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_fits_a_header_and_a_part_is_read_from_one() {
        assert_eq!(percent_encoded("Füchse 1.vtt"), "F%C3%BCchse%201.vtt");
        let mut headers = HeaderMap::new();
        assert_eq!(part_of(&headers), None);
        headers.insert(
            header::CONTENT_RANGE,
            HeaderValue::from_static("bytes 5-9/100"),
        );
        assert_eq!(part_of(&headers), Some((5, 9)));
        headers.insert(
            header::CONTENT_RANGE,
            HeaderValue::from_static("bytes */100"),
        );
        assert_eq!(part_of(&headers), None);
    }
}
