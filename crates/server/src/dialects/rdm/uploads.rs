//! Clips that players bring: whole in a form, or in pieces of any order, three at a time.
//!
//! What is taken and kept is `watchalong-media`'s. A clip is told to the room once it has been looked into, and a few
//! milliseconds before its sender has the answer: on being told, the window forgets what it knew of the clip, and it
//! must not forget that the clip is its own.
use super::NAME;
use super::encode::Rdm;
use super::error::Refused;
use super::names::is_here;
use super::rooms::find;
use super::videos::{LARGEST, bare_name, is_clip, is_settled};
use crate::http::App;
use crate::hub::RoomHandle;
use crate::limits::ClientAddress;
use crate::ws::json_frame;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::multipart::MultipartError;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, FromRequest as _, Multipart, Path, Request, State};
use axum::http::header;
use http_body_util::BodyExt as _;
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;
use watchalong_media::{MediaId, NewUpload, UploadError, UploadView};
use watchalong_room::PersonId;

/// What a form takes around its file: boundaries and headers.
const FORM_BYTES: u64 = 64 * 1024;
/// Pieces of an upload that says nothing of them.
const CHUNK: u64 = 5 * 1024 * 1024;
/// Uploads in pieces that one member may have open: a window has one, and one for the clip after.
const OPEN: usize = 4;
/// A piece that stops coming is given up after this; the window itself waits 120 s for a piece.
const SILENT_FOR: Duration = Duration::from_secs(60);
/// Looking into a clip takes a moment; past this it is told of as it is.
const LOOKED_WITHIN: Duration = Duration::from_secs(30);
/// Between telling everybody and the answer: enough for a frame to be read before an answer on another connection.
const GRACE: Duration = Duration::from_millis(30);

/// Bytes that one clip may have.
fn most(app: &App) -> u64 {
    app.config.uploads.file.min(LARGEST)
}

/// Counts an upload that begins.
fn counted(app: &App, address: IpAddr) -> Result<(), Refused> {
    let counted = app.limits.upload.take(address.into());
    counted.map_err(|_| Refused::new(429, "Too many uploads. Try again later."))
}

fn too_large(most: u64) -> Refused {
    UploadError::TooLarge { most }.into()
}

/// Who brings something, where they are here and may choose what is watched.
async fn sender(rdm: &Rdm, room: &RoomHandle, id: &str) -> Result<PersonId, Refused> {
    let stranger = || Refused::new(403, "Not a member of this room");
    let person = rdm.signer.person_of(room.code().as_str(), id);
    let person = person.ok_or_else(stranger)?;
    let asked = person.clone();
    let may = room.read(move |room| {
        let mut members = room.members();
        let member = members.find(|m| m.person == asked && is_here(m))?;
        Some(room.rights(member.id).queue)
    });
    match may.await? {
        Some(true) => Ok(person),
        Some(false) => Err(Refused::new(403, "Only the host may choose clips here")),
        None => Err(stranger()),
    }
}

/// A clip's name, where it is one.
fn clip_name(name: &str) -> Result<String, Refused> {
    let name = bare_name(name);
    if is_clip(&name) {
        return Ok(name);
    }
    let extension = name.rfind('.').map_or("", |dot| &name[dot..]);
    Err(Refused::new(
        400,
        format!("Unsupported file type: {extension}"),
    ))
}

/// Waits until a clip has been looked into, tells everybody of it, and gives the answer.
async fn announce(
    rdm: &'static Rdm,
    room: &RoomHandle,
    id: MediaId,
) -> Result<Json<Value>, Refused> {
    let uploads = &rdm.shelf.uploads;
    let until = Instant::now() + LOOKED_WITHIN;
    let upload: UploadView = loop {
        let upload = uploads.get(&id).ok_or(UploadError::NotFound)?;
        if is_settled(upload.medium.state) || Instant::now() >= until {
            break upload;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    if let Some(problem) = &upload.medium.problem {
        uploads.remove(&id).await;
        return Err(Refused::new(400, problem.message.clone()));
    }
    let filename = bare_name(&upload.name);
    let answer = json!({"video_id": id.to_string(), "filename": filename, "size": upload.size});
    let (mut frame, person) = (answer.clone(), PersonId(upload.person));
    frame["type"] = json!("video_uploaded");
    room.pass(move |scene| {
        let by = scene.room.members().find(|member| member.person == person);
        let name = by.map_or("", |member| member.name.as_str());
        frame["uploaded_by"] = json!(name);
        scene.to_all_of(NAME, &json_frame(&frame))
    })
    .await?;
    tokio::time::sleep(GRACE).await;
    Ok(Json(answer))
}

// ---- whole ---------------------------------------------------------------------------

fn unreadable(error: &MultipartError) -> Refused {
    Refused::new(
        400,
        format!("This form can't be read: {}", error.body_text()),
    )
}

pub(super) async fn whole(
    State(app): State<App>,
    Extension(rdm): Extension<&'static Rdm>,
    Path(code): Path<String>,
    ClientAddress(address): ClientAddress,
    request: Request,
) -> Result<Json<Value>, Refused> {
    let room = find(&app, &code).await?;
    counted(&app, address)?;
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let most = most(&app);
    let mut form = Multipart::from_request(request, &app)
        .await
        .map_err(|error| Refused::new(400, error.body_text()))?;
    let mut id = None;
    let (person, mut file) = loop {
        let field = form
            .next_field()
            .await
            .map_err(|error| unreadable(&error))?;
        let field = field.ok_or_else(|| Refused::new(400, "The form needs user_id and file"))?;
        match field.name() {
            Some("user_id") => {
                let text = field.text().await.map_err(|error| unreadable(&error))?;
                id = Some(sender(rdm, &room, &text).await?);
            }
            Some("file") if field.file_name().is_some() => {
                let missing = || Refused::new(400, "The form needs user_id before file");
                break (id.ok_or_else(missing)?, field);
            }
            _ => {}
        }
    };
    let name = clip_name(file.file_name().unwrap_or_default())?;
    if length.is_some_and(|length| length > most.saturating_add(FORM_BYTES)) {
        return Err(too_large(most));
    }
    // How long the file is stands nowhere in a form: at most what is left of the body. Shortened at its end.
    let new = NewUpload {
        room: room.code().to_string(),
        person: person.0,
        name,
        size: length.unwrap_or(most).min(most).max(1),
    };
    let uploads = &app.shelf.uploads;
    let upload = uploads.create(new).await?.id;
    let written = async {
        let mut writer = uploads.write(&upload, 0).await?;
        while let Some(bytes) = file.chunk().await.map_err(|error| unreadable(&error))? {
            writer.push(&bytes).await.map_err(|error| match error {
                UploadError::TooMany => too_large(most),
                error => error.into(),
            })?;
        }
        writer.finish_here().await?;
        announce(rdm, &room, upload).await
    }
    .await;
    if written.is_err() {
        // Nobody can go on with half a form.
        uploads.remove(&upload).await;
    }
    written
}

// ---- in pieces -----------------------------------------------------------------------

#[derive(Deserialize)]
struct Init {
    user_id: String,
    filename: String,
    file_size: i64,
    #[serde(default = "usual")]
    chunk_size: i64,
}

fn usual() -> i64 {
    CHUNK as i64
}

pub(super) async fn init(
    State(app): State<App>,
    Extension(rdm): Extension<&'static Rdm>,
    Path(code): Path<String>,
    ClientAddress(address): ClientAddress,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refused> {
    let body = body.map_err(|error| Refused(error.status(), error.body_text()))?;
    let init: Init = serde_json::from_slice(&body)
        .map_err(|error| Refused::new(400, format!("This body can't be read: {error}")))?;
    let room = find(&app, &code).await?;
    counted(&app, address)?;
    let person = sender(rdm, &room, &init.user_id).await?;
    let most = most(&app);
    let size = u64::try_from(init.file_size).unwrap_or(0);
    if size > most {
        return Err(too_large(most));
    }
    if size == 0 {
        return Err(Refused::new(400, "Invalid file size"));
    }
    let name = clip_name(&init.filename)?;
    let length = u64::try_from(init.chunk_size).unwrap_or(0);
    let uploads = &app.shelf.uploads;
    let open = uploads.of_room(room.code().as_str());
    let open = open
        .iter()
        .filter(|upload| upload.chunks.is_some() && upload.person == person.0);
    if open.count() >= OPEN {
        return Err(Refused::new(429, "Finish your other uploads first"));
    }
    let new = NewUpload {
        room: room.code().to_string(),
        person: person.0,
        name,
        size,
    };
    let upload = uploads.create_in_chunks(new, length).await?;
    let total = upload.chunks.map_or(0, |chunks| chunks.total());
    Ok(Json(json!({
        "upload_id": upload.id.to_string(), "chunk_size": length, "total_chunks": total,
    })))
}

/// An open upload of this room.
async fn opened(app: &App, code: &str, upload: &str) -> Result<UploadView, Refused> {
    let room = find(app, code).await?;
    let id: Option<MediaId> = upload.parse().ok();
    let upload = id.and_then(|id| app.shelf.uploads.get(&id));
    let upload = upload.filter(|upload| upload.room == room.code().as_str());
    let upload = upload.filter(|upload| upload.chunks.is_some());
    upload.ok_or_else(|| UploadError::NotFound.into())
}

/// Writes one piece; its bytes.
async fn take(
    app: &App,
    upload: &UploadView,
    index: u64,
    mut body: Body,
) -> Result<u64, UploadError> {
    let mut writer = app.shelf.uploads.write_chunk(&upload.id, index).await?;
    let length = writer.left();
    loop {
        let frame = tokio::time::timeout(SILENT_FOR, body.frame()).await;
        match frame {
            Ok(Some(Ok(frame))) => {
                if let Some(bytes) = frame.data_ref() {
                    writer.push(bytes).await?;
                }
            }
            Ok(None) => break,
            Err(_) | Ok(Some(Err(_))) => {
                let left = writer.left();
                return Err(UploadError::ChunkCut { left });
            }
        }
    }
    if writer.left() == length {
        return Err(UploadError::Empty);
    }
    writer.finish().await?;
    Ok(length)
}

pub(super) async fn chunk(
    State(app): State<App>,
    Path((code, upload, index)): Path<(String, String, String)>,
    request: Request,
) -> Result<Json<Value>, Refused> {
    let upload = opened(&app, &code, &upload).await?;
    let number: Result<u64, _> = index.parse();
    let number = number.map_err(|_| Refused::new(400, format!("Invalid chunk index: {index}")))?;
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most(&app)) {
        return Err(too_large(most(&app)));
    }
    let bytes = take(&app, &upload, number, request.into_body()).await;
    let bytes = bytes.map_err(|error| match error {
        UploadError::Empty => Refused::new(400, "Empty chunk"),
        error => error.into(),
    })?;
    Ok(Json(json!({"index": number, "received_bytes": bytes})))
}

pub(super) async fn status(
    State(app): State<App>,
    Path((code, upload)): Path<(String, String)>,
) -> Result<Json<Value>, Refused> {
    let upload = opened(&app, &code, &upload).await?;
    let chunks = upload.chunks.ok_or(UploadError::NotFound)?;
    let last = chunks.last().map_or(-1, |last| last as i64);
    Ok(Json(json!({
        "upload_id": upload.id.to_string(), "last_chunk_index": last, "received_chunks": chunks.received(),
        "total_chunks": chunks.total(), "received_bytes": chunks.bytes(upload.size), "expected_bytes": upload.size,
    })))
}

pub(super) async fn complete(
    State(app): State<App>,
    Extension(rdm): Extension<&'static Rdm>,
    Path((code, upload)): Path<(String, String)>,
) -> Result<Json<Value>, Refused> {
    let upload = opened(&app, &code, &upload).await?;
    let room = find(&app, &code).await?;
    app.shelf.uploads.complete(&upload.id).await?;
    announce(rdm, &room, upload.id).await
}
