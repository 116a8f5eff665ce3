//! Figures for the host's page: who is there, how films leave, and where the room stands (`/api/debug/...`).
//!
//! For whoever has the admin key, in the address or by the cookie that the host's page sets with its own answer: names for
//! fetching are in here, by which one would be taken for somebody else. What this server has no figure for is null.
use super::desk::Card;
use super::doors::Refused;
use super::encode::revision;
use super::wire::plain_name;
use super::{Asked, NAME, Staged};
use crate::http::App;
use crate::hub::RoomHandle;
use crate::limits::ClientAddress;
use crate::secret;
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use watchalong_media::{DeliveryStats, TURN_BYTES};

/// What the host's page is known by afterwards.
const COOKIE: &str = "watchparty-host";
/// How much the latest wait counts in the mean that is told.
const ALPHA: f64 = 0.2;

/// The cookie's value: proves the admin key without holding it, and means nothing under another.
fn token(app: &App) -> Option<String> {
    let key = app.config.admin_key.as_deref()?;
    Some(app.hub.signer.uuid("staged host", key))
}

/// The host's page, and with it the cookie for these figures.
pub(super) fn with_cookie(app: &App, mut page: Response) -> Response {
    let base = app.config.base_path.trim_end_matches('/');
    let cookie = token(app)
        .map(|token| format!("{COOKIE}={token}; Path={base}/api/debug; HttpOnly; SameSite=Strict"));
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
        page.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    page
}

fn has_cookie(app: &App, headers: &HeaderMap) -> bool {
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut pairs = cookies
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'));
    let own = pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    let right =
        |own: &str| token(app).is_some_and(|token| secret::same(own.as_bytes(), token.as_bytes()));
    own.is_some_and(right)
}

/// The room, for whoever may see its figures.
async fn admitted(
    app: &App,
    staged: &'static Staged,
    uri: &Uri,
    headers: &HeaderMap,
    address: IpAddr,
) -> Result<Arc<RoomHandle>, Refused> {
    let asked = Asked::of(uri);
    let guesses = &app.limits.guess;
    let by_key = || {
        let key = asked.key()?;
        guesses.take(address.into()).ok()?;
        let right = staged.is_admin(key);
        if right {
            guesses.give_back(&[address.into()]);
        }
        right.then_some(())
    };
    if !has_cookie(app, headers) && by_key().is_none() {
        return Err(Refused::new(StatusCode::UNAUTHORIZED, "unauthorized"));
    }
    Ok(staged.room(app, &asked).await?)
}

/// A page that is here.
struct Here {
    member: u32,
    name: String,
    card: Card,
    bytes: u64,
}

/// Everybody of this dialect, with the bytes of film that they fetched.
async fn everybody(
    staged: &'static Staged,
    room: &RoomHandle,
    delivered: &DeliveryStats,
) -> Result<Vec<Here>, Refused> {
    let cards = staged.desk.table(room.code()).map(|table| table.cards());
    let cards = cards.unwrap_or_default();
    let named = room.read(|room| {
        let mut named = Vec::new();
        for member in room.members() {
            let ours = member.seats.iter().filter(|seat| seat.client == NAME);
            named.extend(ours.map(|seat| (seat.id, member.id.0, plain_name(&member.name))));
        }
        named
    });
    let bytes_of = |guid: &str| {
        let name = format!("{}/{guid}", room.code());
        let mut viewers = delivered.viewers.iter();
        viewers
            .find(|viewer| *viewer.viewer == *name)
            .map_or(0, |viewer| viewer.bytes)
    };
    let here = named.await?.into_iter().filter_map(|(seat, member, name)| {
        let card = cards.get(&seat)?.clone();
        let bytes = bytes_of(&card.guid);
        Some(Here {
            member,
            name,
            card,
            bytes,
        })
    });
    Ok(here.collect())
}

/// Who is there.
pub(super) async fn clients(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    let room = admitted(&app, staged, &uri, &headers, address).await?;
    let here = everybody(staged, &room, &app.shelf.uplink.stats()).await?;
    let now = app.hub.clock.now();
    let line = room.view().timeline;
    let revision = room.read(revision).await?;
    let clients: Vec<Value> = here
        .iter()
        .map(|of| {
            let figures = of.card.meter.as_ref().map(|meter| meter.figures(now));
            let mut client = figures.unwrap_or_else(|| json!({}));
            client["id"] = json!(of.member);
            client["color"] = json!(of.card.color);
            client["name"] = json!(of.name);
            client["isAdmin"] = json!(of.card.is_host);
            client["mediaBytes"] = json!(of.bytes);
            client["lastSentTs"] = Value::Null;
            client
        })
        .collect();
    Ok(Json(json!({
        "count": clients.len(), "serverNow": now.0, "mediaNow": line.position_at(now).seconds(),
        "mediaPaused": !line.playing, "mediaRev": revision,
        "mediaTotalBytes": here.iter().map(|of| of.bytes).sum::<u64>(), "clients": clients,
    })))
}

fn millis(wait: Duration) -> f64 {
    wait.as_secs_f64() * 1000.0
}

fn percentiles(waits: &[Duration]) -> Value {
    let mut waits = waits.to_vec();
    waits.sort_unstable();
    let at = |share: f64| {
        let place = (waits.len() as f64 * share) as usize;
        waits
            .get(place.min(waits.len().saturating_sub(1)))
            .map_or(0.0, |wait| millis(*wait))
    };
    json!({"p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "count": waits.len()})
}

/// How films leave.
pub(super) async fn delivery(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    let room = admitted(&app, staged, &uri, &headers, address).await?;
    let stats = app.shelf.uplink.stats();
    let here = everybody(staged, &room, &stats).await?;
    let on = room.read(|room| room.current().map(|item| item.media.clone()));
    let size = on
        .await?
        .and_then(|media| app.shelf.medium(&media))
        .map(|medium| medium.size);
    let config = &app.config;
    let bits = |rate: Option<f64>| rate.map(|bytes| bytes * 8.0);
    let clients: Vec<Value> = here
        .iter()
        .map(|of| {
            let name = format!("{}/{}", room.code(), of.card.guid);
            let served = stats.viewers.iter().find(|viewer| *viewer.viewer == *name);
            let percent = size.map_or(0.0, |size| (of.bytes as f64 / size.max(1) as f64).min(1.0));
            let last = of.card.fetched.map(|(start, end, at)| {
                json!({"start": start, "end": end, "bytes": end - start + 1, "ts": at.0})
            });
            json!({
                "id": of.member, "guid": of.card.guid, "color": of.card.color, "mediaBytes": of.bytes,
                "percent": percent, "lastRange": last,
                "rangeCount": served.map_or(0, |viewer| viewer.answers),
                "pending": served.map_or(0, |viewer| viewer.waiting), "deficit": null, "tokensRemaining": null,
            })
        })
        .collect();
    let (hits, misses) = app.shelf.heads.hits_and_misses();
    let totals = stats.totals;
    let mean = stats
        .waits
        .iter()
        .fold(0.0, |mean, wait| mean + ALPHA * (millis(*wait) - mean));
    Ok(Json(json!({
        "enabled": config.fair_delivery, "chunkBytes": TURN_BYTES, "maxReqBytes": TURN_BYTES,
        "hotCacheBytes": config.head_cache, "rateCapBps": bits(stats.limits.viewer),
        "contentBitrateBps": bits(config.content_bitrate),
        "aheadSec": stats.limits.ahead.map(|ahead| ahead.as_secs_f64()),
        "counters": {
            "enqueued": totals.answers, "truncations": 0, "completed": totals.completed, "aborted": totals.aborted,
            "chunkServes": totals.pieces, "cacheHits": hits, "cacheMiss": misses, "aheadDeferred": totals.held,
            "rateLimited": null,
        },
        "metrics": {"ewmaQueueWaitMs": mean, "ewmaChunkServeMs": null},
        "samples": {"queueWait": percentiles(&stats.waits), "chunkServe": percentiles(&[])},
        "perClient": clients, "mediaTotalBytes": here.iter().map(|of| of.bytes).sum::<u64>(),
        "serverNow": app.hub.clock.now().0, "lastConfigCheckTs": null, "configDriftDetected": false,
    })))
}

/// Where the room stands.
pub(super) async fn state(
    State(app): State<App>,
    Extension(staged): Extension<&'static Staged>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    let room = admitted(&app, staged, &uri, &headers, address).await?;
    let look = room.read(move |room| {
        let file = staged.staged(room).map(|(path, _)| path);
        json!({"lastBroadcast": room.timeline().at.0, "mediaFile": file, "rev": revision(room)})
    });
    Ok(Json(look.await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_nothing_are_nothing_and_of_many_in_order() {
        assert_eq!(percentiles(&[])["count"], 0);
        let waits: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        let told = percentiles(&waits);
        assert_eq!((&told["p50"], &told["p99"]), (&json!(51.0), &json!(100.0)));
    }
}
