//! SQLite: the file in which rooms outlive the process.
//!
//! Opens and migrates the database, keeps the server's own key, and makes and finds rooms. Everything that
//! happens *in* a room goes through the log (`crate::log`), which is the only writer of entries and snapshots.
mod account_links;
mod accounts;
mod aliases;
mod attendance;
mod audit;
mod history;
mod overview;
mod progress;
mod server_audit;
mod sessions;
mod streamit;

use crate::code::RoomCode;
use crate::secret;
pub use attendance::{EndedParty, HostFigures, Stay};
pub use audit::{AuditCursor, AuditEntry, AuditLine};
pub use history::{BURNT_MS, Companion, Party, role_name};
pub use overview::Figures;
pub use progress::{Listed, Progress, ProgressWriter, Step as ProgressStep};
use serde::de::DeserializeOwned;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use std::path::{Path, PathBuf};
use std::time::Duration;
pub use streamit::{StreamitUser, WatchQuery, WatchRecord};
use watchalong_room::{PersonId, ServerTime, Snapshot};

/// How long a statement waits for another process that holds the database (`watchalong` run beside the server).
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Readers at once; SQLite has one writer, and reads here are rare and short.
const CONNECTIONS: u32 = 3;
const FILE: &str = "watchalong.db";

/// What went wrong with the data folder.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder can't be made or written.
    #[error("The data folder {} can't be written: {error}. Choose another with --data.", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The database can't be opened.
    #[error("The database {} can't be opened: {error}. Choose another folder with --data, or restore a backup.", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        error: sqlx::Error,
    },
    /// A statement failed.
    #[error("The database refused: {0}. Is the disk full?")]
    Statement(#[from] sqlx::Error),
    /// A stored room can't be read.
    #[error("Room {0} is damaged in the database and stays closed.")]
    Damaged(RoomCode),
}

impl StoreError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "data_folder_unusable",
            Self::Open { .. } => "database_unusable",
            Self::Statement(_) => "storage_failed",
            Self::Damaged(_) => "room_damaged",
        }
    }
}

/// What is kept of a room besides its log.
#[derive(Clone, Debug)]
pub struct RoomSecrets {
    /// SHA-256 of the host's key.
    pub host_key_hash: Vec<u8>,
    /// Argon2id of the room's password, where it has one.
    pub password_hash: Option<String>,
    /// Who made it, where they were known: as good as the host's key.
    pub owner: Option<PersonId>,
}

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
    options: SqliteConnectOptions,
}

impl Store {
    /// Opens (or makes) the database in `folder` and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Folder`] or [`StoreError::Open`], for people to read.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        make_private_folder(folder).map_err(|error| StoreError::Folder {
            path: folder.into(),
            error,
        })?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            // Readers never wait for the writer. NORMAL: a commit survives the death of the process; only a
            // power cut may take the last ones, never the file's consistency.
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_WAIT)
            .foreign_keys(true);
        let opened = async {
            let pool = SqlitePoolOptions::new()
                .max_connections(CONNECTIONS)
                .connect_with(options.clone())
                .await?;
            sqlx::migrate!().run(&pool).await?;
            // A read-only file lets itself be opened and migrated when it is up to date already: try a write.
            sqlx::query("INSERT OR REPLACE INTO meta (key, value) VALUES ('opened', 1)")
                .execute(&pool)
                .await?;
            Ok(pool)
        };
        let pool = opened
            .await
            .map_err(|error| StoreError::Open { path, error })?;
        Ok(Self { pool, options })
    }

    /// A connection of its own for the log's writer.
    pub(crate) fn writer_options(&self) -> SqliteConnectOptions {
        self.options.clone()
    }

    /// The server's signing key, made on the first start.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn signing_key(&self) -> Result<[u8; 32], StoreError> {
        let fresh = secret::random::<32>();
        sqlx::query("INSERT OR IGNORE INTO meta (key, value) VALUES ('signing_key', ?)")
            .bind(&fresh[..])
            .execute(&self.pool)
            .await?;
        let key: Vec<u8> = sqlx::query_scalar("SELECT value FROM meta WHERE key = 'signing_key'")
            .fetch_one(&self.pool)
            .await?;
        Ok(key.try_into().unwrap_or(fresh))
    }

    /// Puts a new room in; false where the code is taken, or a party of that code is part of somebody's history.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn create_room(
        &self,
        code: &RoomCode,
        at: ServerTime,
        secrets: &RoomSecrets,
        snapshot: &Snapshot,
        deadline: Option<ServerTime>,
    ) -> Result<bool, StoreError> {
        let state = serde_json::to_string(snapshot).expect("a snapshot is plain data");
        let done = sqlx::query(
            "INSERT OR IGNORE INTO rooms (code, created_at, host_key_hash, password_hash, owner, snapshot, snapshot_seq, \
             occupied, terminal, deadline) SELECT ?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, ?7 \
             WHERE NOT EXISTS (SELECT 1 FROM parties WHERE room = ?1)",
        )
        .bind(code.as_str())
        .bind(at.0)
        .bind(&secrets.host_key_hash)
        .bind(&secrets.password_hash)
        .bind(secrets.owner.as_ref().map(|owner| &owner.0))
        .bind(state)
        .bind(deadline.map(|deadline| deadline.0))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The secrets of a room that is not over, or `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn room_secrets(&self, code: &RoomCode) -> Result<Option<RoomSecrets>, StoreError> {
        let row: Option<(Vec<u8>, Option<String>, Option<String>)> =
            sqlx::query_as("SELECT host_key_hash, password_hash, owner FROM rooms WHERE code = ?")
                .bind(code.as_str())
                .fetch_optional(&self.pool)
                .await?;
        Ok(
            row.map(|(host_key_hash, password_hash, owner)| RoomSecrets {
                host_key_hash,
                password_hash,
                owner: owner.map(PersonId),
            }),
        )
    }

    /// Keeps another password for a room, or none.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn set_room_password(
        &self,
        code: &RoomCode,
        hash: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE rooms SET password_hash = ? WHERE code = ?")
            .bind(hash)
            .bind(code.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Rooms that must be looked after now: a deadline passed, or (`after_start`) somebody was connected, or
    /// something had happened since the last snapshot, when the last process ended.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn rooms_due(
        &self,
        now: ServerTime,
        after_start: bool,
    ) -> Result<Vec<RoomCode>, StoreError> {
        let codes: Vec<String> = sqlx::query_scalar(
            "SELECT code FROM rooms WHERE terminal = 0 AND (deadline <= ? OR (? AND (occupied = 1 OR EXISTS \
             (SELECT 1 FROM entries WHERE entries.room = rooms.code)))) LIMIT 10000",
        )
        .bind(now.0)
        .bind(after_start)
        .fetch_all(&self.pool)
        .await?;
        Ok(codes
            .iter()
            .filter_map(|code| RoomCode::parse(code))
            .collect())
    }

    /// Whether a room has ended or expired, or never was.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn is_over(&self, code: &str) -> Result<bool, StoreError> {
        let terminal: Option<bool> =
            sqlx::query_scalar("SELECT terminal FROM rooms WHERE code = ?")
                .bind(code)
                .fetch_optional(&self.pool)
                .await?;
        Ok(terminal.unwrap_or(true))
    }

    /// The newest instant that any room's log holds.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn newest_entry(&self) -> Result<ServerTime, StoreError> {
        let at: Option<i64> = sqlx::query_scalar(
            "SELECT MAX(t) FROM (SELECT MAX(at) AS t FROM entries UNION ALL SELECT MAX(created_at) FROM rooms)",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(ServerTime(at.unwrap_or_default()))
    }

    /// A room's records that are numbered and kept as JSON, newest first; what can't be read is left out. `query` asks
    /// for room, number and how many.
    async fn before<T: DeserializeOwned>(
        &self,
        query: &'static str,
        code: &RoomCode,
        before: u64,
        limit: i64,
    ) -> Result<Vec<T>, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar(query)
            .bind(code.as_str())
            .bind(i64::try_from(before).unwrap_or(i64::MAX))
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        let read = |text: &String| serde_json::from_str(text).ok();
        Ok(rows.iter().filter_map(read).collect())
    }

    /// Closes every connection; what was written stays.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Only its owner may look into the folder: it holds the server's key and everybody's chat.
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // A folder that exists may still refuse files (read-only mount, other owner): find out now, in words.
    let probe = folder.join(".write-test");
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)
}
