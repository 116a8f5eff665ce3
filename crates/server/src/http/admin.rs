//! The operator's view of the server: how it is, its rooms, its settings, its library, and who did what.
//!
//! People and their invitations are in `admin_people.rs`, the live log in `logs.rs`.
use super::room_people::{Named, named};
use super::{Admin, ApiError, App};
use crate::code::RoomCode;
use crate::config::Origin;
use crate::dialects::native::life_name;
use crate::store::{AuditCursor, AuditEntry, AuditLine};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use watchalong_media::Verdict;
use watchalong_room::{Actor, Command, EntryPolicy, Room, ServerTime, Visibility};

/// Rooms on a page.
const ROOMS: i64 = 50;
/// Lines of the audit log where the client does not say, and at most.
const LINES: (i64, i64) = (50, 200);
/// Broken files told of; a folder of something else is no list to read.
const UNPLAYABLE: usize = 200;

/// Rooms of the server.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RoomFigures {
    /// With somebody in them.
    live: usize,
    /// That are not over.
    total: i64,
}

/// People of the server.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PeopleFigures {
    /// In rooms right now.
    connected: u32,
    /// With an account.
    accounts: i64,
    /// Without one, at a party within the last 24 hours.
    guests_today: i64,
}

/// The library in two words.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LibraryFigures {
    /// Media listed.
    items: usize,
    /// Still being read for the first time.
    scanning: bool,
}

/// The database.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StoreFigures {
    /// Its size on disk.
    bytes: u64,
}

/// The process; null where the system does not tell.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct ProcessFigures {
    /// Memory in use.
    rss_bytes: Option<u64>,
    /// Threads.
    threads: Option<u64>,
    /// Open files and connections.
    open_files: Option<u64>,
}

impl ProcessFigures {
    /// Linux tells in `/proc`; others are asked in vain.
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let files = std::fs::read_dir("/proc/self/fd").ok();
        Self {
            rss_bytes: field("VmRSS:").map(|kib| kib * 1024),
            threads: field("Threads:"),
            open_files: files.map(|files| files.count() as u64),
        }
    }
}

/// How the server is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Overview {
    /// Its version.
    version: &'static str,
    /// When it started, in ms.
    started_at: i64,
    /// For how long it runs.
    uptime_ms: i64,
    /// Its rooms.
    rooms: RoomFigures,
    /// Its people.
    people: PeopleFigures,
    /// Its library.
    library: LibraryFigures,
    /// Its database.
    store: StoreFigures,
    /// Its process.
    process: ProcessFigures,
    /// `ok`, or `unavailable` when the database does not answer.
    health: &'static str,
}

/// Tells how the server is.
#[utoipa::path(get, path = "/api/v2/admin/overview", 
    responses((status = 200, body = Overview), (status = 401, body = super::error::ErrorBody)))]
pub async fn overview(State(app): State<App>, _admin: Admin) -> Json<Overview> {
    let views: Vec<_> = app.hub.live().iter().map(|room| room.view()).collect();
    let now = app.hub.clock.now();
    let started = app.hub.clock.started();
    let figures = app.hub.store.figures(now).await;
    let health = if figures.is_ok() { "ok" } else { "unavailable" };
    let figures = figures.unwrap_or_default();
    let library = app.shelf.library.status();
    Json(Overview {
        version: env!("CARGO_PKG_VERSION"),
        started_at: started.0,
        uptime_ms: (now - started).0,
        rooms: RoomFigures {
            live: views.iter().filter(|view| view.viewers > 0).count(),
            total: figures.rooms,
        },
        people: PeopleFigures {
            connected: views.iter().map(|view| view.viewers).sum(),
            accounts: figures.accounts,
            guests_today: figures.guests,
        },
        library: LibraryFigures {
            items: library.media,
            scanning: library.scanning,
        },
        store: StoreFigures {
            bytes: figures.bytes,
        },
        process: ProcessFigures::now(),
        health,
    })
}

/// Which rooms.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhichRooms {
    /// Part of a name or code.
    #[serde(default)]
    q: String,
    /// Page, from 0.
    #[serde(default)]
    page: u32,
}

/// A room as its operator sees it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AdminRoom {
    /// Its code.
    code: String,
    /// Its name.
    name: String,
    /// `created`, `live`, `grace`, `expired` or `ended`.
    life: &'static str,
    /// `public`, `unlisted` or `private`.
    #[schema(value_type = String)]
    visibility: Visibility,
    /// `open`, `password`, `approval` or `invite`.
    #[schema(value_type = String)]
    entry: EntryPolicy,
    /// People present.
    viewers: u32,
    /// People in it, those who are away for a moment and those who wait included.
    members: u32,
    /// When it was made, in ms.
    created_at: i64,
    /// What is on.
    media: Option<String>,
    /// The host's name.
    host: Option<String>,
}

fn admin_room(code: &RoomCode, room: &Room) -> AdminRoom {
    AdminRoom {
        code: code.to_string(),
        name: room.name().to_owned(),
        life: life_name(room.life()),
        visibility: room.policy().visibility,
        entry: room.policy().entry,
        viewers: room.members().filter(|m| m.present()).count() as u32,
        members: room.members().count() as u32,
        created_at: room.created_at().0,
        media: room.current().map(|item| item.media.title.clone()),
        host: room.host().map(|host| host.name.clone()),
    }
}

/// A page of all rooms.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AdminRooms {
    /// How many match in all.
    total: i64,
    /// Those that are not over first, newest first.
    rooms: Vec<AdminRoom>,
}

/// Lists all rooms, those that are over within the last 30 days included.
#[utoipa::path(get, path = "/api/v2/admin/rooms", params(WhichRooms),
    responses((status = 200, body = AdminRooms), (status = 401, body = super::error::ErrorBody)))]
pub async fn rooms(
    State(app): State<App>,
    _admin: Admin,
    query: Result<Query<WhichRooms>, QueryRejection>,
) -> Result<Json<AdminRooms>, ApiError> {
    let Query(which) = query?;
    let skip = i64::from(which.page) * ROOMS;
    let store = &app.hub.store;
    let (total, found) = store.all_rooms(&which.q, skip, ROOMS).await?;
    let live = app.hub.live();
    let mut rooms = Vec::with_capacity(found.len());
    for (code, stored) in found {
        let row = match live.iter().find(|room| *room.code() == code) {
            Some(room) => {
                let of = code.clone();
                room.read(move |room| admin_room(&of, room)).await?
            }
            None => match stored {
                Some(room) => admin_room(&code, &room),
                // Told in the log when somebody opens it.
                None => continue,
            },
        };
        rooms.push(row);
    }
    Ok(Json(AdminRooms { total, rooms }))
}

/// Ends a room.
#[utoipa::path(delete, path = "/api/v2/admin/rooms/{code}", params(("code" = String, Path, description = "Its code")),
    responses((status = 202, description = "It is over"), (status = 404, body = super::error::ErrorBody)))]
pub async fn end_room(
    State(app): State<App>,
    _admin: Admin,
    Path(code): Path<String>,
) -> Result<StatusCode, ApiError> {
    let room = super::asking::find(&app, &code).await?;
    room.call(Actor::Server, Command::End).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A setting in force.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SettingView {
    /// Its key in the settings file.
    key: &'static str,
    /// Its value; null where there is none. A secret is only said to be set.
    value: Option<String>,
    /// `default`, `file`, `variable` or `flag`.
    origin: &'static str,
    /// What it does.
    help: &'static str,
    /// The heading that it stands under.
    section: &'static str,
    /// Its value is never shown.
    secret: bool,
}

/// The settings in force.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SettingList {
    /// In the order of the settings file.
    settings: Vec<SettingView>,
}

/// Lists the settings in force, and where each came from.
#[utoipa::path(get, path = "/api/v2/admin/settings", 
    responses((status = 200, body = SettingList), (status = 401, body = super::error::ErrorBody)))]
pub async fn settings(State(app): State<App>, _admin: Admin) -> Json<SettingList> {
    let settings = app.config.shown().map(|shown| SettingView {
        key: shown.setting.key,
        value: Some(shown.value).filter(|value| !value.is_empty()),
        origin: match shown.origin {
            Origin::Default => "default",
            Origin::File(_) => "file",
            Origin::Variable(_) => "variable",
            Origin::Flag(_) => "flag",
        },
        help: shown.setting.help,
        section: shown.setting.section.title(),
        secret: shown.setting.secret,
    });
    Json(SettingList {
        settings: settings.collect(),
    })
}

/// A page back.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditBack {
    /// The `id` of the last line read.
    before: Option<String>,
    /// How many at most, 1 to 200.
    limit: Option<i64>,
}

/// A line of the server's audit log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditView {
    /// To page back from.
    id: String,
    /// The room; null for the server and its accounts.
    room: Option<String>,
    /// When, in ms.
    at: i64,
    /// By whom; null for the server itself.
    by: Option<Named>,
    /// What: an act of a room, or one of the server's such as `login_refused`.
    act: String,
    /// On whom, or on what.
    target: Option<Named>,
    /// More of it.
    detail: Option<String>,
}

/// A page of the server's audit log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditPage {
    /// Newest first.
    acts: Vec<AuditView>,
    /// Whether there are older ones.
    more: bool,
}

fn written(cursor: &AuditCursor) -> String {
    format!("{}.{}.{}", cursor.at.0, cursor.room, cursor.id)
}

fn cursor(text: &str) -> Option<AuditCursor> {
    let mut parts = text.splitn(3, '.');
    let at = ServerTime(parts.next()?.parse().ok()?);
    let room = parts.next()?;
    let room = match RoomCode::parse(room) {
        Some(code) => code.to_string(),
        None if room.is_empty() => String::new(),
        None => return None,
    };
    let id = parts.next()?.parse().ok()?;
    Some(AuditCursor { at, room, id })
}

fn audit_view(line: AuditLine) -> AuditView {
    let (id, at) = (written(&line.cursor), line.cursor.at.0);
    let plain = |name| Named { member: None, name };
    match line.entry {
        AuditEntry::Room(act) => AuditView {
            id,
            room: Some(line.cursor.room),
            at,
            by: named(act.by, act.by_name.as_ref()),
            act: act.kind.as_str().to_owned(),
            target: named(act.target, act.target_name.as_ref()),
            detail: act.detail,
        },
        AuditEntry::Server {
            act,
            by,
            target,
            detail,
        } => AuditView {
            id,
            room: None,
            at,
            by: by.map(plain),
            act,
            target: target.map(plain),
            detail,
        },
    }
}

/// Pages back through what was done on the server, in its rooms and to its accounts.
#[utoipa::path(get, path = "/api/v2/admin/audit", params(AuditBack),
    responses((status = 200, body = AuditPage), (status = 401, body = super::error::ErrorBody)))]
pub async fn audit(
    State(app): State<App>,
    _admin: Admin,
    query: Result<Query<AuditBack>, QueryRejection>,
) -> Result<Json<AuditPage>, ApiError> {
    let Query(back) = query?;
    let limit = back.limit.unwrap_or(LINES.0).clamp(1, LINES.1);
    let before = match back.before.as_deref() {
        Some(text) => Some(cursor(text).ok_or_else(|| {
            let message = "`before` must be the id of a line that was read.";
            ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_request", message)
        })?),
        None => None,
    };
    let store = &app.hub.store;
    let mut lines = store.audit_before(before.as_ref(), limit + 1).await?;
    let more = lines.len() as i64 > limit;
    lines.truncate(limit as usize);
    Ok(Json(AuditPage {
        acts: lines.into_iter().map(audit_view).collect(),
        more,
    }))
}

/// A medium that browsers can't play.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Unplayable {
    /// Its title.
    title: String,
    /// Why, in words.
    problem: String,
}

/// The library as its operator sees it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AdminLibrary {
    /// Media listed.
    items: usize,
    /// What can't be played, the first 200.
    unplayable: Vec<Unplayable>,
    /// What else is wrong, in words; may name paths.
    warnings: Vec<String>,
    /// The folders.
    roots: Vec<String>,
    /// Still being read for the first time.
    scanning: bool,
}

/// Tells how the library is.
#[utoipa::path(get, path = "/api/v2/admin/library", 
    responses((status = 200, body = AdminLibrary), (status = 401, body = super::error::ErrorBody)))]
pub async fn library(State(app): State<App>, _admin: Admin) -> Json<AdminLibrary> {
    let status = app.shelf.library.status();
    let listing = app.shelf.library.list("", 0, status.media.max(1));
    let unplayable = listing.media.iter().filter_map(|medium| {
        let verdict = medium.browser_playable.as_ref();
        let doubts = verdict
            .filter(|playable| playable.verdict == Verdict::No)
            .map(|playable| playable.reasons.join(" "));
        let problem = medium
            .problem
            .as_ref()
            .map(|p| p.message.clone())
            .or(doubts)?;
        let title = medium.title.clone();
        Some(Unplayable { title, problem })
    });
    Json(AdminLibrary {
        items: status.media,
        unplayable: unplayable.take(UNPLAYABLE).collect(),
        warnings: status.warnings.into_iter().map(|w| w.message).collect(),
        roots: app
            .config
            .media
            .iter()
            .map(|root| root.display().to_string())
            .collect(),
        scanning: status.scanning,
    })
}

/// Looks through the library's folders again.
#[utoipa::path(post, path = "/api/v2/admin/library/scan", 
    responses((status = 202, description = "It looks"), (status = 401, body = super::error::ErrorBody)))]
pub async fn scan(State(app): State<App>, _admin: Admin) -> StatusCode {
    app.shelf.library.rescan();
    StatusCode::ACCEPTED
}
