//! A whole file in one form (`multipart/form-data`, field `file`): for programs that know nothing of tus.
use super::super::identity::Caller;
use super::super::{ApiError, App};
use super::{refused, shown, uploader};
use axum::Json;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use watchalong_media::{NewUpload, UploadError};

/// What the form itself takes around the file: boundaries and headers.
const FORM_BYTES: u64 = 64 * 1024;

fn unreadable(error: &MultipartError) -> ApiError {
    let message = format!("This form can't be read: {}.", error.body_text());
    ApiError::new(StatusCode::BAD_REQUEST, "bad_request", message)
}

pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (room, person) = uploader(&app, &caller, &code).await?;
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let announced = announced.ok_or_else(|| {
        let message = "Say how long this is (`Content-Length`), or upload by tus.";
        ApiError::new(StatusCode::LENGTH_REQUIRED, "length_required", message)
    })?;
    let most = app.config.uploads.file;
    if announced > most.saturating_add(FORM_BYTES) {
        return Err(refused(&UploadError::TooLarge { most }));
    }
    let mut form = Multipart::from_request(request, &app)
        .await
        .map_err(|error| {
            ApiError::new(StatusCode::BAD_REQUEST, "bad_request", error.body_text())
        })?;
    let mut file = loop {
        let field = form
            .next_field()
            .await
            .map_err(|error| unreadable(&error))?;
        match field {
            Some(field) if field.file_name().is_some() => break field,
            Some(_) => {}
            None => {
                let message = "There is no file in this form. Give it as the field `file`.";
                return Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "bad_request",
                    message,
                ));
            }
        }
    };
    let name = file.file_name().unwrap_or_default().to_owned();
    // How long the file is stands nowhere in a form: at most what is left of the body. Shortened at its end.
    let new = NewUpload {
        room: room.to_string(),
        person: person.0,
        name,
        size: announced.min(most).max(1),
    };
    let uploads = &app.shelf.uploads;
    let view = uploads.create(new).await.map_err(|error| refused(&error))?;
    let id = view.id;
    let written = async {
        let begun = uploads.write(&id, 0).await;
        let mut writer = begun.map_err(|error| refused(&error))?;
        while let Some(bytes) = file.chunk().await.map_err(|error| unreadable(&error))? {
            let pushed = writer.push(&bytes).await;
            pushed.map_err(|error| refused(&error))?;
        }
        let finished = writer.finish_here().await;
        finished.map_err(|error| refused(&error))
    }
    .await;
    if let Err(error) = written {
        // Nobody can go on with half a form.
        uploads.remove(&id).await;
        return Err(error);
    }
    let view = uploads.get(&id);
    let view = view.ok_or_else(|| refused(&UploadError::NotFound))?;
    Ok((StatusCode::CREATED, Json(shown(&view, None))).into_response())
}
