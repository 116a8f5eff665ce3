//! Converted films over HTTP: which way a film takes to whom, playlists, init segments and segments.
//!
//! Playlists name their parts by relative addresses, so the right to fetch them stands in the path
//! (`hls/{expires}.{signature}/{viewer}/`), where a query would be lost.
use super::media::{admitted, media_id, opened, too_many_streams};
use super::{ApiError, App};
use crate::delivery::{Fetcher, Lane, Outgoing, SegmentNeeds, TooManyStreams, VIEWER};
use crate::limits::client_address;
use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Path, Query, RawQuery, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use watchalong_media::{
    Choice, Film, HlsError, MediaFile, MediaId, Medium, Offer, Plays, Rendition, SoundTrack,
    TextTrack, Wanting, Way,
};

/// The name of the playlist of all that is offered.
const MASTER: &str = "main.m3u8";

/// The same for players of MPEG-DASH.
const MANIFEST: &str = "main.mpd";

/// What stands for a viewer's token where somebody has none.
const NOBODY: &str = "-";

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/media/{room}/{id}/way", get(way))
        .route("/media/{room}/{id}/text/{track}", get(text))
        .route(
            "/media/{room}/{id}/hls/{grant}/{viewer}/{name}",
            get(playlist),
        )
        .route(
            "/media/{room}/{id}/hls/{grant}/{viewer}/{rendition}/{name}",
            get(part),
        )
}

fn refused(error: &HlsError) -> ApiError {
    let refused = ApiError::new(error.status(), error.code(), error.to_string());
    match error.retry_after() {
        Some(wait) => refused.after(wait),
        None => refused,
    }
}

/// What a player says of itself, beside the link.
#[derive(Debug, Default, Deserialize)]
struct Player {
    /// What it plays, in words separated by commas.
    #[serde(default)]
    plays: String,
    /// It tried the file itself, and could not play it.
    #[serde(default)]
    refused: bool,
    /// The parts of the link that playlists carry on.
    expires: Option<u64>,
    signature: Option<String>,
    viewer: Option<String>,
}

/// Which way a film takes to a viewer.
#[derive(Debug, Serialize)]
struct WayAnswer {
    #[serde(flatten)]
    choice: Choice,
    /// The master playlist, relative to the page's base; null where the film can't be converted.
    hls: Option<String>,
    /// Lines of the pictures that it can be converted to, highest first.
    heights: Vec<u32>,
    /// Its sound tracks, in order.
    sound: Vec<SoundTrack>,
    /// Its subtitles, each at `text/{id}` below the film's own address.
    text: Vec<TextTrack>,
}

async fn way(
    State(app): State<App>,
    Path((room, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    player: Result<Query<Player>, QueryRejection>,
) -> Result<Json<WayAnswer>, ApiError> {
    let (media, query) = (media_id(&id)?, query.unwrap_or_default());
    let Query(player) = player?;
    admitted(&app, &room, &media, &query).await?;
    let (file, medium) = opened(&app, &media).await?;
    let medium = medium.ok_or_else(|| refused(&HlsError::NotFound))?;
    let plays = Plays::parse(&player.plays);
    let (film, why_not) = match film(&app, medium.clone(), file, &plays).await {
        Ok(film) => (Some(film), None),
        Err(error) => (None, Some(error)),
    };
    let mut copies = Choice::copies(&medium, &plays);
    let choose = |copies| Choice::of(&medium, &plays, film.is_some(), copies, player.refused);
    let mut choice = choose(copies);
    // Looking for keyframes takes a while: only for those who need them.
    if let (Some(film), Way::Remux) = (&film, choice.way) {
        copies = app.shelf.hls.can_copy(film).await;
        choice = choose(copies);
    }
    if let (true, Some(error)) = (choice.doubtful, why_not) {
        choice.why.push(error.to_string());
    }
    let hls = film.as_ref().and_then(|_| {
        let (expires, signature) = (player.expires?, player.signature.as_deref()?);
        let viewer = player.viewer.as_deref().unwrap_or(NOBODY);
        let copy = if copies { "?copy=true" } else { "" };
        Some(format!(
            "media/{room}/{id}/hls/{expires}.{signature}/{viewer}/{MASTER}{copy}"
        ))
    });
    let mut text = Vec::new();
    if let Some(film) = &film {
        let sidecars = app.shelf.library.sidecars(&media).await;
        text = app.shelf.hls.text_tracks(film, &sidecars);
    }
    Ok(Json(WayAnswer {
        choice,
        hls,
        heights: film
            .as_ref()
            .map_or_else(Vec::new, |film| app.shelf.hls.heights(film)),
        sound: film
            .as_ref()
            .map_or_else(Vec::new, |film| film.sound_tracks()),
        text,
    }))
}

/// A subtitle's text.
async fn text(
    State(app): State<App>,
    Path((room, id, track)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let none = || refused(&HlsError::NotFound);
    let media = media_id(&id)?;
    admitted(&app, &room, &media, &query.unwrap_or_default()).await?;
    let (file, medium) = opened(&app, &media).await?;
    let hls = &app.shelf.hls;
    let film = hls.film(medium.ok_or_else(none)?, file).await;
    let film = film.map_err(|error| refused(&error))?;
    let made = match track
        .strip_prefix('s')
        .and_then(|number| number.parse().ok())
    {
        Some(number) => hls.text(&film, number).await,
        None => {
            let sidecars = app.shelf.library.sidecars(&media).await;
            let sidecar = sidecars.iter().find(|sidecar| sidecar.id() == track);
            let sidecar = sidecar.ok_or_else(none)?;
            let file = app.shelf.library.open_sidecar(&media, sidecar).await;
            let file = file.map_err(|error| refused(&HlsError::from(error)))?;
            hls.sidecar(&film, sidecar, file).await
        }
    };
    let made = made.map_err(|error| refused(&error))?;
    Ok(made.answer(&method, &headers).map(Body::new))
}

/// Looked into only for those who could use a conversion.
async fn film(
    app: &App,
    medium: Arc<Medium>,
    file: MediaFile,
    plays: &Plays,
) -> Result<Arc<Film>, HlsError> {
    if !plays.hls() {
        return Err(HlsError::NotFound);
    }
    app.shelf.hls.film(medium, file).await
}

/// Who asks for what, once their address was found good.
struct Asked {
    film: Arc<Film>,
    fetcher: Fetcher,
    who: Wanting,
}

async fn asked(
    app: &App,
    (room, id, grant, viewer): (&str, &str, &str, &str),
    peer: SocketAddr,
    headers: &HeaderMap,
) -> Result<Asked, ApiError> {
    let media: MediaId = media_id(id)?;
    let (expires, signature) = grant.split_once('.').unwrap_or((grant, ""));
    // Ours are of these characters only, so nothing in them can end a parameter and begin another.
    let plain = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if ![room, expires, signature, viewer].into_iter().all(plain) {
        return Err(refused(&HlsError::NotFound));
    }
    let query = format!("expires={expires}&room={room}&signature={signature}&{VIEWER}={viewer}");
    let handle = admitted(app, room, &media, &query).await?;
    let (file, medium) = opened(app, &media).await?;
    let medium = medium.ok_or_else(|| refused(&HlsError::NotFound))?;
    let film = app.shelf.hls.film(medium, file).await;
    let film = film.map_err(|error| refused(&error))?;
    let (signer, clock) = (&app.hub.signer, app.hub.clock.clone());
    let fetcher = Fetcher::new(handle, &query, id.to_owned(), signer, clock);
    let who = Wanting {
        room: fetcher.room().code().as_str().into(),
        viewer: fetcher.name(client_address(peer.ip(), headers, &app.config)),
    };
    Ok(Asked { film, fetcher, who })
}

/// Which playlist is wanted.
#[derive(Debug, Deserialize)]
struct Listing {
    /// The player decodes the film's own pictures.
    #[serde(default)]
    copy: bool,
    /// Converted pictures of no more lines.
    most: Option<u32>,
    /// The sound track to begin with.
    sound: Option<usize>,
}

async fn playlist(
    State(app): State<App>,
    Path((room, id, grant, viewer, name)): Path<(String, String, String, String, String)>,
    listing: Result<Query<Listing>, QueryRejection>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let Query(listing) = listing?;
    let Asked { film, .. } = asked(&app, (&room, &id, &grant, &viewer), peer, &headers).await?;
    let hls = &app.shelf.hls;
    let offer = Offer {
        copy: listing.copy,
        most_lines: listing.most,
        sound: listing.sound,
    };
    let mut kind = "application/vnd.apple.mpegurl";
    let text = if name == MASTER {
        let copy = offer.copy && hls.can_copy(&film).await;
        hls.master(&film, Offer { copy, ..offer })
    } else if name == MANIFEST {
        kind = "application/dash+xml";
        hls.manifest(&film, offer).await
    } else {
        let rendition = name
            .strip_suffix(".m3u8")
            .and_then(|name| name.parse().ok());
        let rendition: Rendition = rendition.ok_or_else(|| refused(&HlsError::NotFound))?;
        let playlist = hls.playlist(&film, rendition).await;
        playlist.map_err(|error| refused(&error))?
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    Ok((StatusCode::OK, headers, text).into_response())
}

type PartPath = (String, String, String, String, String, String);

async fn part(
    State(app): State<App>,
    Path((room, id, grant, viewer, rendition, name)): Path<PartPath>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    lane: Lane,
    method: Method,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let none = || refused(&HlsError::NotFound);
    let rendition: Rendition = rendition.parse().map_err(|()| none())?;
    let Asked { film, fetcher, who } =
        asked(&app, (&room, &id, &grant, &viewer), peer, &headers).await?;
    let hls = &app.shelf.hls;
    if name == "init.mp4" {
        let near = fetcher.position().unwrap_or(0.0);
        let file = hls.init(&film, rendition, near, &who).await;
        let file = file.map_err(|error| refused(&error))?;
        return Ok(file.answer(&method, &headers).map(Body::new));
    }
    let number = name.strip_suffix(".m4s").and_then(|name| name.parse().ok());
    let made = hls
        .segment(&film, rendition, number.ok_or_else(none)?, &who)
        .await;
    let (file, begin, length) = made.map_err(|error| refused(&error))?;
    let response = file.answer(&method, &headers);
    let outgoing = Outgoing {
        file: &file,
        duration: Some(length.as_secs_f64()),
        viewer: who.viewer.clone(),
        needs: Arc::new(SegmentNeeds { fetcher, begin }),
        lane,
    };
    let sent = outgoing.send(&app.shelf, response);
    sent.map_err(|TooManyStreams| too_many_streams())
}
