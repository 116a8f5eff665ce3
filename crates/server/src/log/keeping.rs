//! A room's snapshot as it is written, and what outlives the room: its chat, its figures, who was there.
//!
//! All in one transaction: either the state moves on, the entries before it go and everything they made is
//! written, or nothing is. Rows are keyed by room and number (or person), so that writing one twice is harmless,
//! which is what a replay after `kill -9` does.
use super::{News, Seq};
use crate::code::RoomCode;
use crate::store::role_name;
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};
use std::collections::HashMap;
use watchalong_room::{Act, Life, Message, Room, ServerTime, Stats};

/// Rows in one statement; SQLite allows 32,766 variables, and a row here has seven.
const ROWS: usize = 1000;

/// A room's state as it is written.
pub(super) struct Kept {
    pub(super) code: RoomCode,
    pub(super) state: String,
    pub(super) seq: Seq,
    pub(super) occupied: bool,
    pub(super) deadline: Option<ServerTime>,
    pub(super) messages: Vec<Message>,
    pub(super) acts: Vec<Act>,
    pub(super) party: PartyRow,
    pub(super) news: News,
}

/// A party in the history.
pub(super) struct PartyRow {
    name: String,
    created_at: ServerTime,
    changed_at: ServerTime,
    stats: Stats,
    ended_at: Option<ServerTime>,
    media: Option<String>,
    position: f64,
    policy: String,
    visibility: String,
}

impl PartyRow {
    pub(super) fn of(room: &Room, now: ServerTime) -> Self {
        let ended_at = match room.life() {
            Life::Ended { at } | Life::Expired { at } => Some(at),
            _ => None,
        };
        let json = |value: serde_json::Result<String>| value.expect("plain data");
        let visibility = serde_json::to_value(room.policy().visibility);
        Self {
            name: room.name().to_owned(),
            created_at: room.created_at(),
            changed_at: now,
            stats: room.stats().clone(),
            ended_at,
            media: room
                .current()
                .map(|item| json(serde_json::to_string(&item.media))),
            position: room.timeline().position_at(now).seconds(),
            policy: json(serde_json::to_string(room.policy())),
            visibility: visibility
                .ok()
                .and_then(|name| Some(name.as_str()?.to_owned()))
                .unwrap_or_default(),
        }
    }
}

/// What could not be written, or need not be again.
#[derive(Default)]
pub(super) struct Owed {
    /// News that came with a snapshot that failed: rooms tell them once only.
    news: HashMap<RoomCode, News>,
    /// The last act that is safe, by room; others of the tail need not be written again.
    acts: HashMap<RoomCode, u64>,
}

impl Owed {
    /// Nobody follows this room here any more.
    pub(super) fn forget(&mut self, room: &RoomCode) {
        self.acts.remove(room);
    }
}

/// Writes a snapshot, and what an earlier failure left.
pub(super) async fn keep(connection: &mut SqliteConnection, owed: &mut Owed, mut kept: Kept) {
    if let Some(earlier) = owed.news.remove(&kept.code) {
        kept.news = kept.news.after(earlier);
    }
    let written = owed.acts.get(&kept.code).copied().unwrap_or_default();
    match write(connection, &kept, written).await {
        Ok(()) => {
            if let Some(act) = kept.acts.last() {
                owed.acts.insert(kept.code, act.id.0);
            }
        }
        Err(error) => {
            // Not lost: the entries stay, and the next snapshot holds the same and more.
            tracing::warn!(room = %kept.code, %error, "snapshot not written");
            owed.news.insert(kept.code, kept.news);
        }
    }
}

async fn write(
    connection: &mut SqliteConnection,
    kept: &Kept,
    acts_written: u64,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let ended_at = kept.party.ended_at.map(|at| at.0);
    sqlx::query(
        "UPDATE rooms SET snapshot = ?, snapshot_seq = ?, occupied = ?, terminal = MAX(terminal, ?), deadline = ?, \
         ended_at = COALESCE(ended_at, ?) WHERE code = ? AND snapshot_seq <= ?",
    )
    .bind(&kept.state)
    .bind(kept.seq as i64)
    .bind(kept.occupied)
    .bind(ended_at.is_some())
    .bind(kept.deadline.map(|d| d.0))
    .bind(ended_at)
    .bind(kept.code.as_str())
    .bind(kept.seq as i64)
    .execute(&mut *transaction)
    .await?;
    for messages in kept.messages.chunks(ROWS) {
        let mut insert =
            QueryBuilder::<Sqlite>::new("INSERT OR REPLACE INTO messages (room, id, at, message) ");
        insert.push_values(messages, |mut row, message| {
            let text = serde_json::to_string(message).expect("a message is plain data");
            row.push_bind(kept.code.as_str())
                .push_bind(message.id.0 as i64)
                .push_bind(message.at.0)
                .push_bind(text);
        });
        insert.build().execute(&mut *transaction).await?;
    }
    deletions(&mut transaction, kept).await?;
    acts(&mut transaction, kept, acts_written).await?;
    party(&mut transaction, kept).await?;
    attendance(&mut transaction, kept).await?;
    sqlx::query("DELETE FROM entries WHERE room = ? AND seq <= ?")
        .bind(kept.code.as_str())
        .bind(kept.seq as i64)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

async fn party(connection: &mut SqliteConnection, kept: &Kept) -> Result<(), sqlx::Error> {
    let row = &kept.party;
    sqlx::query(
        "INSERT INTO parties (room, name, created_at, started_at, ended_at, changed_at, peak, messages, reactions, \
         watched, titles, media, position, policy, visibility, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (room) DO UPDATE SET name = excluded.name, started_at = excluded.started_at, \
         ended_at = excluded.ended_at, changed_at = excluded.changed_at, peak = excluded.peak, \
         messages = excluded.messages, reactions = excluded.reactions, watched = excluded.watched, \
         titles = excluded.titles, media = excluded.media, position = excluded.position, policy = excluded.policy, \
         visibility = excluded.visibility, seq = excluded.seq WHERE excluded.seq >= parties.seq",
    )
    .bind(kept.code.as_str())
    .bind(&row.name)
    .bind(row.created_at.0)
    .bind(row.stats.started_at.map(|at| at.0))
    .bind(row.ended_at.map(|at| at.0))
    .bind(row.changed_at.0)
    .bind(row.stats.peak)
    .bind(row.stats.messages as i64)
    .bind(row.stats.reactions as i64)
    .bind(row.stats.watched_at(row.changed_at).0)
    .bind(serde_json::to_string(&row.stats.titles).expect("plain data"))
    .bind(&row.media)
    .bind(row.position)
    .bind(&row.policy)
    .bind(&row.visibility)
    .bind(kept.seq as i64)
    .execute(connection)
    .await?;
    Ok(())
}

async fn acts(
    connection: &mut SqliteConnection,
    kept: &Kept,
    written: u64,
) -> Result<(), sqlx::Error> {
    let fresh: Vec<_> = kept.acts.iter().filter(|act| act.id.0 > written).collect();
    for acts in fresh.chunks(ROWS) {
        let mut insert =
            QueryBuilder::<Sqlite>::new("INSERT OR REPLACE INTO acts (room, id, at, act) ");
        insert.push_values(acts, |mut row, act| {
            let text = serde_json::to_string(act).expect("an act is plain data");
            row.push_bind(kept.code.as_str())
                .push_bind(act.id.0 as i64)
                .push_bind(act.at.0)
                .push_bind(text);
        });
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn attendance(connection: &mut SqliteConnection, kept: &Kept) -> Result<(), sqlx::Error> {
    let rows: Vec<_> = kept.news.attended.iter().collect();
    for rows in rows.chunks(ROWS) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO attendance (room, person, member, name, role, first_at, last_at) ",
        );
        insert.push_values(rows, |mut row, (person, attended)| {
            row.push_bind(kept.code.as_str())
                .push_bind(person.0.as_str())
                .push_bind(i64::from(attended.member.0))
                .push_bind(attended.name.as_str())
                .push_bind(role_name(attended.role))
                .push_bind(attended.first_at.0)
                .push_bind(attended.last_at.0);
        });
        insert.push(
            " ON CONFLICT (room, person) DO UPDATE SET member = excluded.member, name = excluded.name, \
             role = excluded.role, first_at = MIN(first_at, excluded.first_at), last_at = MAX(last_at, excluded.last_at)",
        );
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Messages that were deleted after the room had forgotten them.
async fn deletions(connection: &mut SqliteConnection, kept: &Kept) -> Result<(), sqlx::Error> {
    for message in &kept.news.deleted {
        sqlx::query(
            "UPDATE messages SET message = json_set(message, '$.deleted', json('true'), '$.text', '') \
             WHERE room = ? AND id = ?",
        )
        .bind(kept.code.as_str())
        .bind(message.0 as i64)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
