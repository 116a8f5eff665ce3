//! What the seek bar shows of a film: chapters, and small pictures on sheets.
use super::media::{admitted, media_id, opened, refused};
use super::{ApiError, App};
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use watchalong_media::{Chapter, ChapterKind, PreviewGrid};

/// For as long as its address: a sheet never changes, and its address is another after a day or for another room.
const SHEET_CACHE: &str = "private, max-age=86400, immutable";

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/media/{room}/{id}/marks", get(marks))
        .route("/media/{room}/{id}/previews/{sheet}", get(sheet))
}

/// What the seek bar shows of a film.
#[derive(Debug, Serialize)]
struct Marks {
    chapters: Vec<Mark>,
    /// Null where no pictures can be made.
    previews: Option<Sheets>,
}

#[derive(Debug, Serialize)]
struct Mark {
    #[serde(flatten)]
    chapter: Chapter,
    /// What its name says that can be skipped.
    kind: Option<ChapterKind>,
}

#[derive(Debug, Serialize)]
struct Sheets {
    #[serde(flatten)]
    grid: PreviewGrid,
    /// Their addresses, relative to the page's base, in order.
    sheets: Vec<String>,
}

async fn marks(
    State(app): State<App>,
    Path((room, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Json<Marks>, ApiError> {
    let (media, query) = (media_id(&id)?, query.unwrap_or_default());
    admitted(&app, &room, &media, &query).await?;
    let (_, medium) = opened(&app, &media).await?;
    let grid = medium.as_deref().and_then(PreviewGrid::of);
    let previews = grid.filter(|_| app.shelf.previews.on()).map(|grid| Sheets {
        sheets: (0..grid.sheets())
            .map(|number| format!("media/{room}/{id}/previews/{number}.jpg?{query}"))
            .collect(),
        grid,
    });
    let mark = |chapter: &Chapter| Mark {
        kind: chapter.kind(),
        chapter: chapter.clone(),
    };
    let chapters = medium.map_or_else(Vec::new, |medium| {
        medium.chapters.iter().map(mark).collect()
    });
    Ok(Json(Marks { chapters, previews }))
}

async fn sheet(
    State(app): State<App>,
    Path((room, id, sheet)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let none = || {
        let message = "There are no pictures of this part of the film.";
        ApiError::new(StatusCode::NOT_FOUND, "no_preview", message)
    };
    let media = media_id(&id)?;
    admitted(&app, &room, &media, &query.unwrap_or_default()).await?;
    let number = sheet.strip_suffix(".jpg").and_then(|n| n.parse().ok());
    let number: u32 = number.ok_or_else(none)?;
    let (file, medium) = opened(&app, &media).await?;
    let medium = medium.ok_or_else(none)?;
    let made = app.shelf.previews.sheet(&medium, &file, number).await;
    let made = made.map_err(|error| refused(&error))?.ok_or_else(none)?;
    let mut answer = made.answer(&method, &headers).map(Body::new);
    if answer.status().is_success() {
        let kept = header::HeaderValue::from_static(SHEET_CACHE);
        answer.headers_mut().insert(header::CACHE_CONTROL, kept);
    }
    Ok(answer)
}
