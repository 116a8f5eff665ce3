//! Figures and lists across rooms: for whoever administers the server, and for the directory.
use super::{Store, StoreError};
use crate::code::RoomCode;
use watchalong_room::{Room, ServerTime, Snapshot};

/// Guests count as today's for this long after they were last seen.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Parties to come that are told of: months of evenings, and one page of memory.
const ANNOUNCED: i64 = 200;

/// A room as it was last written; `None` where that can't be read.
fn read(state: &str) -> Option<Room> {
    let snapshot: Snapshot = serde_json::from_str(state).ok()?;
    Room::restore(snapshot).ok()
}

/// The server in figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Rooms that are not over.
    pub rooms: i64,
    /// Accounts.
    pub accounts: i64,
    /// People without one, at a party within a day.
    pub guests: i64,
    /// Bytes of the database with its journal.
    pub bytes: u64,
}

impl Store {
    /// The server in figures.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn figures(&self, now: ServerTime) -> Result<Figures, StoreError> {
        let (rooms, accounts, guests) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM rooms WHERE terminal = 0), (SELECT COUNT(*) FROM accounts), \
             (SELECT COUNT(DISTINCT person) FROM attendance WHERE last_at > ? \
             AND person NOT IN (SELECT person FROM accounts))",
        )
        .bind(now.0 - DAY_MS)
        .fetch_one(&self.pool)
        .await?;
        let path = self.options.get_filename();
        let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len());
        let mut journal = path.as_os_str().to_owned();
        journal.push("-wal");
        Ok(Figures {
            rooms,
            accounts,
            guests,
            bytes: size(path) + size(journal.as_ref()),
        })
    }

    /// All rooms whose name or code holds `q`, those that are not over first, newest first, as last written;
    /// `None` for one that can't be read. Also how many there are in all.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn all_rooms(
        &self,
        q: &str,
        skip: i64,
        limit: i64,
    ) -> Result<(i64, Vec<(RoomCode, Option<Room>)>), StoreError> {
        // What a person types is looked for as it stands, `%` and `_` included.
        const WHICH: &str = "(?1 = '' OR instr(lower(json_extract(snapshot, '$.name')), lower(?1)) > 0 \
             OR instr(code, lower(?1)) > 0)";
        let total = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT COUNT(*) FROM rooms WHERE {WHICH}"
        )))
        .bind(q)
        .fetch_one(&self.pool)
        .await?;
        let rows: Vec<(String, String)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT code, snapshot FROM rooms WHERE {WHICH} ORDER BY terminal, created_at DESC, code LIMIT ?2 OFFSET ?3"
        )))
        .bind(q)
        .bind(limit)
        .bind(skip)
        .fetch_all(&self.pool)
        .await?;
        let rooms = rows
            .iter()
            .filter_map(|(code, state)| Some((RoomCode::parse(code)?, read(state))));
        Ok((total, rooms.collect()))
    }

    /// The public rooms whose party is to begin, the next first, as last written.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn announced(&self, now: ServerTime) -> Result<Vec<(RoomCode, Room)>, StoreError> {
        // As the index `rooms_announced` has it, word for word.
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT code, snapshot FROM rooms WHERE terminal = 0 \
             AND json_extract(snapshot, '$.policy.visibility') = 'public' \
             AND json_extract(snapshot, '$.schedule') IS NOT NULL \
             AND json_extract(snapshot, '$.schedule') > ? \
             ORDER BY json_extract(snapshot, '$.schedule') LIMIT ?",
        )
        .bind(now.0)
        .bind(ANNOUNCED)
        .fetch_all(&self.pool)
        .await?;
        let rooms = rows
            .iter()
            .filter_map(|(code, state)| Some((RoomCode::parse(code)?, read(state)?)));
        Ok(rooms.collect())
    }
}
