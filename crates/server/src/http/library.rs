//! The library, as lists and single media.
use super::{ApiError, App};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use watchalong_media::{Medium, Verdict};

/// Media on a page where the client does not say.
const PAGE_SIZE: usize = 60;

/// Which part of the library.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Words in title or folder, in any order.
    #[serde(default)]
    q: String,
    /// Page, from 0.
    #[serde(default)]
    page: usize,
    /// Media on a page, 1 to 200.
    size: Option<usize>,
}

/// A page of the library.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LibraryPage {
    /// How many match in all.
    total: usize,
    /// This page, from 0.
    page: usize,
    /// The media.
    items: Vec<LibraryItem>,
    /// True while folders are being read for the first time: more may come.
    scanning: bool,
}

/// A medium of the library.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LibraryItem {
    /// Stable id.
    id: String,
    /// Title, from the file's name.
    title: String,
    /// The folder it lies in, relative to the library.
    collection: String,
    /// Seconds, where known.
    duration: Option<f64>,
    /// MIME type of the container.
    #[serde(rename = "type")]
    mime: String,
    /// Size in bytes.
    size: u64,
    /// Width of the picture.
    width: Option<u32>,
    /// Height of the picture.
    height: Option<u32>,
    /// Whether browsers play it as it is: `yes`, `maybe`, `no`, or null while unknown.
    playable: Option<&'static str>,
    /// Who can't play it as it is gets it converted by the server.
    converts: bool,
    /// Why it can't be played, or may not be, in words.
    problem: Option<String>,
    /// Address of a picture, relative to the page's base; may answer 404.
    poster: Option<String>,
}

fn item(medium: &Medium, converts: bool) -> LibraryItem {
    let playable = medium.browser_playable.as_ref();
    let doubts = playable
        .filter(|p| p.verdict != Verdict::Yes)
        .map(|p| p.reasons.join(" "));
    let video = medium.video.first();
    LibraryItem {
        id: medium.id.to_string(),
        title: medium.title.clone(),
        collection: medium.collection.clone(),
        duration: medium.duration,
        mime: medium.mime.to_string(),
        size: medium.size,
        width: video.map(|v| v.width),
        height: video.map(|v| v.height),
        playable: playable.map(|p| match p.verdict {
            Verdict::Yes => "yes",
            Verdict::Maybe => "maybe",
            Verdict::No => "no",
        }),
        converts: converts && medium.duration.is_some(),
        problem: medium
            .problem
            .as_ref()
            .map(|p| p.message.clone())
            .or(doubts),
        poster: video.map(|_| format!("api/v2/library/{}/poster", medium.id)),
    }
}

/// Lists and searches the library.
#[utoipa::path(get, path = "/api/v2/library", params(Search), responses((status = 200, body = LibraryPage)))]
pub async fn list(
    State(app): State<App>,
    search: Result<Query<Search>, QueryRejection>,
) -> Result<Json<LibraryPage>, ApiError> {
    let Query(search) = search?;
    let size = search.size.unwrap_or(PAGE_SIZE).clamp(1, 200);
    let listing = app.shelf.library.list(&search.q, search.page, size);
    let converts = app.shelf.hls.ready().is_ok();
    Ok(Json(LibraryPage {
        total: listing.total,
        page: listing.page,
        items: listing.media.iter().map(|m| item(m, converts)).collect(),
        scanning: app.shelf.library.status().scanning,
    }))
}

/// One medium.
#[utoipa::path(get, path = "/api/v2/library/{id}", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = LibraryItem), (status = 404, body = super::error::ErrorBody)))]
pub async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<LibraryItem>, ApiError> {
    let medium = id.parse().ok().and_then(|id| app.shelf.library.get(&id));
    let medium = medium.ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "media_not_found",
            "There is no such medium.",
        )
    })?;
    Ok(Json(item(&medium, app.shelf.hls.ready().is_ok())))
}
