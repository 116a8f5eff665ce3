//! What members have brought, for the operator: seen in all rooms, and removed.
use super::{Admin, ApiError, App};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use watchalong_media::{MediumState, UploadError};

/// Uploads on one page; the largest first, since those are what an operator looks for.
const SHOWN: usize = 500;

/// All uploads.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AdminUploads {
    /// Bytes that they take, announced ones included.
    bytes: u64,
    /// How much all together may take.
    most: u64,
    /// How many there are.
    total: usize,
    /// The largest of them.
    uploads: Vec<AdminUpload>,
}

/// One upload.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AdminUpload {
    /// Its id.
    id: String,
    /// For which room.
    room: String,
    /// The file's name.
    name: String,
    /// Bytes in all.
    size: u64,
    /// Bytes that have arrived.
    offset: u64,
    /// `arriving`, `watchable` or `broken`.
    state: &'static str,
    /// Why it is broken.
    problem: Option<String>,
    /// When it began: milliseconds since 1970.
    created_at: i64,
    /// When it is dropped unless more arrives; null once it is whole.
    expires: Option<u64>,
}

/// Lists what members have brought.
#[utoipa::path(get, path = "/api/v2/admin/uploads",
    responses((status = 200, body = AdminUploads), (status = 401, body = super::error::ErrorBody)))]
pub async fn list(State(app): State<App>, _admin: Admin) -> Json<AdminUploads> {
    let mut found = app.shelf.uploads.everything();
    found.sort_by_key(|view| std::cmp::Reverse(view.size));
    let uploads = found.iter().take(SHOWN).map(|view| AdminUpload {
        id: view.id.to_string(),
        room: view.room.clone(),
        name: view.name.clone(),
        size: view.size,
        offset: view.offset,
        state: match view.medium.state {
            MediumState::Copying | MediumState::Pending => "arriving",
            MediumState::Ready => "watchable",
            MediumState::Broken => "broken",
        },
        problem: view.medium.problem.as_ref().map(|p| p.message.clone()),
        created_at: view.medium.modified_ms,
        expires: view.expires_ms,
    });
    Json(AdminUploads {
        bytes: found.iter().map(|view| view.size).sum(),
        most: app.config.uploads.total,
        total: found.len(),
        uploads: uploads.collect(),
    })
}

/// Removes an upload.
#[utoipa::path(delete, path = "/api/v2/admin/uploads/{id}",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 204, description = "It is gone"), (status = 404, body = super::error::ErrorBody)))]
pub async fn remove(
    State(app): State<App>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let gone = || {
        let error = UploadError::NotFound;
        ApiError::new(error.status(), error.code(), error.to_string())
    };
    let id = id.parse().map_err(|_| gone())?;
    let name = app.shelf.uploads.get(&id).map(|view| view.name);
    if !app.shelf.uploads.remove(&id).await {
        return Err(gone());
    }
    app.accounts
        .audit("upload_removed", Some(admin.name()), name.as_deref(), None)
        .await;
    Ok(StatusCode::NO_CONTENT)
}
