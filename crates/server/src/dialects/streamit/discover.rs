//! What somebody finds without an account: public rooms, titles, and the address of a provider's player.
use super::StreamIt;
use super::body::Asked;
use super::error::Refused;
use super::rooms::{iso, named};
use crate::http::App;
use crate::hub::{HubError, PublicView, RoomHandle};
use crate::limits::{ClientAddress, Key};
use crate::titles::{self, SearchError};
use axum::Json;
use axum::extract::{Extension, State};
use serde_json::{Value, json};
use std::sync::Arc;
use watchalong_media::{EmbedOptions, Title, provider};
use watchalong_room::{EntryPolicy, Life, ServerTime, Standing, Visibility};

/// Rooms in the list: more than anybody scrolls through.
const LISTED: usize = 500;
/// Characters of a search.
const QUERY: usize = 200;
/// Pages that the title database has at most.
const PAGES: i64 = 500;

/// Whose numbers those of the title database are.
const PROVIDER: &str = "vidking";

fn is_listed(view: &PublicView) -> bool {
    view.visibility == Visibility::Public
        && view.entry == EntryPolicy::Open
        && view.life == Life::Live
}

/// A room whose host is there.
struct Listed {
    room: Arc<RoomHandle>,
    host: String,
    sockets: usize,
    created_at: ServerTime,
}

async fn listed(room: Arc<RoomHandle>) -> Result<Option<Listed>, HubError> {
    let told = room.read(|room| {
        let host = room.host().filter(|host| host.present())?;
        let here = room.members().filter(|m| m.standing == Standing::Admitted);
        let seats = here.flat_map(|member| &member.seats);
        let sockets = seats.filter(|seat| seat.connected).count();
        Some((host.name.clone(), sockets, room.created_at()))
    });
    Ok(told.await?.map(|(host, sockets, created_at)| Listed {
        room,
        host,
        sockets,
        created_at,
    }))
}

pub(super) async fn public(
    State(app): State<App>,
    Extension(dialect): Extension<&'static StreamIt>,
    ClientAddress(address): ClientAddress,
) -> Result<Json<Value>, Refused> {
    let taken = dialect.lists.take(Key::from(address));
    taken.map_err(|_| Refused::too_many())?;
    let rooms = app.hub.live().into_iter();
    let mut list = Vec::new();
    for room in rooms.filter(|room| is_listed(&room.view())) {
        list.extend(listed(room).await?);
    }
    list.sort_by_key(|of| std::cmp::Reverse(of.created_at));
    list.truncate(LISTED);
    let mut rows = Vec::with_capacity(list.len());
    for of in list {
        let place = named(&app, of.room).await?;
        rows.push(json!({
            "code": place.code, "host": of.host, "viewers": of.sockets, "created_at": iso(of.created_at),
        }));
    }
    Ok(Json(Value::Array(rows)))
}

/// A title, which is put on by the provider that goes by these numbers.
fn told(of: &titles::Title) -> Value {
    json!({
        "provider": PROVIDER, "stream_id": of.id.to_string(), "media_type": of.kind, "title": of.name,
        "poster": of.poster, "release_year": of.year,
    })
}

pub(super) async fn search(
    Extension(dialect): Extension<&'static StreamIt>,
    ClientAddress(address): ClientAddress,
    asked: Asked,
) -> Result<Json<Value>, Refused> {
    let taken = dialect.searches.take(Key::from(address));
    taken.map_err(|_| Refused::too_many())?;
    let query: String = asked.text("q").chars().take(QUERY).collect();
    if query.is_empty() {
        return Err(Refused::new(400, "q required"));
    }
    let page = match asked.text("page") {
        "" => 1,
        page => {
            let page = page.parse::<i64>();
            page.map_err(|_| Refused::new(400, "page must be an integer"))?
        }
    };
    if page < 1 {
        return Err(Refused::new(400, "page must be >= 1"));
    }
    let page = u32::try_from(page.min(PAGES)).unwrap_or(1);
    match dialect.tmdb.search(&query, page).await {
        Ok(found) => Ok(Json(found.iter().map(told).collect())),
        Err(error @ SearchError::NoKey) => Err(Refused::new(503, error.to_string())),
        Err(error @ SearchError::Unreachable) => Err(Refused::new(502, error.to_string())),
    }
}

pub(super) async fn embed(asked: Asked) -> Result<Json<Value>, Refused> {
    let name = asked.text("provider");
    let Some(provider) = provider(name) else {
        return Err(Refused::new(400, format!("Unknown provider: {name}")));
    };
    let kind = asked.text("media_type");
    let part = |key: &str| {
        let count = asked
            .count(key)?
            .and_then(|count| u32::try_from(count).ok());
        count.ok_or_else(|| Refused::new(400, "season and episode required"))
    };
    let title = match kind {
        "movie" => Title::Movie,
        "tv" => Title::Episode {
            season: part("season")?,
            episode: part("episode")?,
        },
        _ => return Err(Refused::new(400, "media_type must be movie or tv")),
    };
    let progress = asked.count("progress")?;
    let options = EmbedOptions {
        color: Some(asked.text("color"))
            .filter(|color| !color.is_empty())
            .map(str::to_owned),
        auto_play: asked.flag("autoPlay")?,
        next_episode: asked.flag("nextEpisode")?,
        episode_selector: asked.flag("episodeSelector")?,
        progress: progress.and_then(|seconds| u64::try_from(seconds).ok()),
    };
    let id = asked.text("video_id");
    let address = provider.address(id, title, &options);
    let address = address.map_err(|error| Refused::new(400, error.to_string()))?;
    Ok(Json(json!({
        "provider": provider.name(), "media_type": kind, "video_id": id, "embed_url": address,
    })))
}
