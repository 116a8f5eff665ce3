//! Clips as this dialect knows them, and their way to a player.
//!
//! What members brought to the room, and the films of the server's library that are on or come next. A player asks without any
//! credential (it hands the plain address to its decoder), so ids can't be guessed, and are found under their room
//! only. How bytes go out, ranges and shares of the line are `watchalong-media`'s.
use super::encode::Rdm;
use super::error::Refused;
use super::queue;
use super::rooms::find;
use crate::code::RoomCode;
use crate::delivery::{Fetcher, Lane, Outgoing, TooManyStreams};
use crate::http::App;
use crate::limits::ClientAddress;
use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, header};
use std::sync::Arc;
use watchalong_media::{MediaError, MediaId, MediumState};
use watchalong_room::{Media, PersonId, Room, SourceKind};

/// Sizes that a player can count (its toolkit's integers have 32 bits).
pub(super) const LARGEST: u64 = i32::MAX as u64;
/// Bytes of a file's name that every file system takes, with room for what a player puts before it.
const NAME_BYTES: usize = 200;
/// Bytes of what can be a file's extension; more after a dot is a sentence.
const EXTENSION_BYTES: usize = 16;
/// Names that the window takes for clips.
const EXTENSIONS: [&str; 13] = [
    "mp4", "avi", "mkv", "mov", "wmv", "flv", "webm", "m4v", "mpeg", "mpg", "3gp", "ts", "mts",
];

/// A clip that players can fetch.
#[derive(Debug, Clone)]
pub(super) struct Video {
    pub(super) id: String,
    pub(super) filename: String,
    pub(super) size: u64,
    /// Who brought it.
    pub(super) by: Option<PersonId>,
}

/// A name that is safe to join to a folder: players do, with whatever they are told.
pub(super) fn bare_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).collect();
    let hides = |c: char| c == '.' || c.is_whitespace();
    let clean = clean.trim_start_matches(hides).trim_end();
    let extension = clean.rfind('.').map_or("", |dot| &clean[dot..]);
    let extension = if extension.len() > EXTENSION_BYTES {
        ""
    } else {
        extension
    };
    let stem = &clean[..clean.len() - extension.len()];
    let mut room = NAME_BYTES.saturating_sub(extension.len());
    let kept = stem.chars().take_while(|c| {
        let fits = room.checked_sub(c.len_utf8());
        room = fits.unwrap_or(0);
        fits.is_some()
    });
    kept.collect::<String>() + extension
}

/// A name's extension, where the window takes it for a clip.
pub(super) fn is_clip(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|e| EXTENSIONS.iter().any(|known| e.eq_ignore_ascii_case(known)))
}

impl Rdm {
    /// What players of a room can fetch: whole clips, oldest first, and the library's films that are on or come next.
    pub(super) fn videos(&self, code: &RoomCode, room: &Room) -> Vec<Video> {
        let uploads = self.shelf.uploads.of_room(code.as_str());
        let whole = uploads.into_iter().filter(|upload| {
            upload.chunks.is_none()
                && upload.offset == upload.size
                && upload.medium.problem.is_none()
        });
        let brought = whole.map(|upload| Video {
            id: upload.id.to_string(),
            filename: bare_name(&upload.name),
            size: upload.size,
            by: Some(PersonId(upload.person)),
        });
        let mut videos: Vec<Video> = brought.collect();
        let next = room.queue().iter().take(queue::MOST);
        let films = room.current().into_iter().chain(next);
        let films = films.filter(|item| item.media.kind == SourceKind::Library);
        for media in films.map(|item| &item.media) {
            let known = videos.iter().any(|video| video.id == media.key);
            if let Some(medium) = self.shelf.medium(media).filter(|_| !known) {
                videos.push(Video {
                    id: media.key.clone(),
                    filename: film_name(&medium.title, &medium.mime),
                    size: medium.size,
                    by: None,
                });
            }
        }
        videos.retain(|video| video.size <= LARGEST);
        videos
    }

    /// What is on, where players can fetch it.
    pub(super) fn on(&self, code: &RoomCode, room: &Room) -> Option<Video> {
        let key = &room.current()?.media.key;
        let mut videos = self.videos(code, room).into_iter();
        videos.find(|video| video.id == *key)
    }

    /// What a room holds for the id of a clip.
    pub(super) fn media(&self, code: &RoomCode, room: &Room, id: &str) -> Option<Media> {
        let mut videos = self.videos(code, room).into_iter();
        videos.find(|video| video.id == id)?;
        let items = room.current().into_iter().chain(room.queue());
        let on = items.map(|item| &item.media).find(|media| media.key == id);
        on.cloned()
            .or_else(|| self.shelf.from_upload(code, id).ok())
    }
}

/// A library's film under a name that says what it is.
fn film_name(title: &str, mime: &str) -> String {
    let extension = match mime {
        "video/webm" => "webm",
        "video/x-matroska" => "mkv",
        "video/x-msvideo" => "avi",
        "video/quicktime" => "mov",
        "video/mp2t" => "ts",
        _ => "mp4",
    };
    bare_name(&format!("{}.{extension}", title.replace(['/', '\\'], "-")))
}

/// The type that players expect of a name.
fn content_type(name: &str) -> &'static str {
    let extension = name.rsplit('.').next().unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "mkv" => "video/x-matroska",
        "avi" => "video/x-msvideo",
        "mov" => "video/quicktime",
        "flv" => "video/x-flv",
        "wmv" => "video/x-ms-wmv",
        "m4v" => "video/x-m4v",
        _ => "application/octet-stream",
    }
}

pub(super) async fn video(
    State(app): State<App>,
    Extension(rdm): Extension<&'static Rdm>,
    Path((code, id)): Path<(String, String)>,
    ClientAddress(address): ClientAddress,
    lane: Lane,
    method: Method,
    headers: HeaderMap,
) -> Result<Response<Body>, Refused> {
    let room = find(&app, &code).await?;
    let missing = || Refused::new(404, "Video not found");
    let (of, wanted) = (room.code().clone(), id.clone());
    let videos = room.read(move |now| rdm.videos(&of, now)).await?;
    let video = videos.into_iter().find(|video| video.id == wanted);
    let video = video.ok_or_else(missing)?;
    let id: MediaId = id.parse().map_err(|_| missing())?;
    let opened = if video.by.is_some() {
        app.shelf.uploads.open_media(&id).await
    } else {
        app.shelf.library.open_media(&id).await
    };
    let file = opened.map_err(|error| match error {
        MediaError::NotFound { .. } | MediaError::Gone => Refused::new(404, "Video file missing"),
        error => Refused(error.status(), error.to_string()),
    })?;
    let file = file.with_head(&app.shelf.heads);
    let mut response = file.answer(&method, &headers);
    let headers = response.headers_mut();
    let several = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"));
    if !several {
        let kind = HeaderValue::from_static(content_type(&video.filename));
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    let medium = app.shelf.uploads.get(&id).map(|upload| upload.medium);
    let (signer, clock) = (&app.hub.signer, app.hub.clock.clone());
    let fetcher = Fetcher::new(room, "", id.to_string(), signer, clock);
    let outgoing = Outgoing {
        file: &file,
        duration: medium.and_then(|medium| medium.duration),
        viewer: fetcher.name(address),
        needs: Arc::new(fetcher),
        lane,
    };
    let sent = outgoing.send(&app.shelf, response);
    sent.map_err(|TooManyStreams| Refused::new(429, "Too many downloads at once"))
}

/// Whether an upload has been looked into, and can be fetched.
pub(super) fn is_settled(state: MediumState) -> bool {
    matches!(state, MediumState::Ready | MediumState::Broken)
}

/// Reads a message, and what in it may name a file, as a connection does; for fuzzing.
pub(in crate::dialects) fn decode(text: &str) {
    let message = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
    if let Ok(message) = &message {
        let kind = message.get("type").and_then(|kind| kind.as_str());
        queue::Wish::read(kind.unwrap_or_default(), message);
    }
    let texts = message.iter().flat_map(|message| message.values());
    for name in texts.filter_map(|value| value.as_str()).chain([text]) {
        let name = bare_name(name);
        assert!(!name.contains(['/', '\\']) && !name.starts_with('.') && name.len() <= NAME_BYTES);
        is_clip(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_never_leaves_its_folder() {
        for (given, kept) in [
            ("clip.mp4", "clip.mp4"),
            ("../../etc/cron.d/x.mp4", "x.mp4"),
            ("C:\\Windows\\system32\\x.mkv", "x.mkv"),
            ("..\\..\\x.mp4", "x.mp4"),
            ("....mp4", "mp4"),
            (". .. .mp4", "mp4"),
            (". ..", ""),
            ("a\u{0}b\n.mp4", "ab.mp4"),
            ("Über  den Wolken.webm", "Über  den Wolken.webm"),
        ] {
            assert_eq!(bare_name(given), kept, "{given}");
        }
        let long = bare_name(&format!("{}.mp4", "ü".repeat(300)));
        assert!(long.len() <= NAME_BYTES && long.ends_with("ü.mp4"));
        let dotted = bare_name(&format!("a.{}", "x".repeat(300)));
        assert!(dotted.len() <= NAME_BYTES && dotted.starts_with("a.x"));
        assert!(is_clip("a.MTS") && !is_clip("a.exe") && !is_clip("mp4"));
    }
}
