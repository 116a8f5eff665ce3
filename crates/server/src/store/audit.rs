//! The audit log as it is read: a room's acts, and the server's with those of all rooms in one list by time.
use super::{Store, StoreError};
use crate::code::RoomCode;
use watchalong_room::{Act, ServerTime};

/// A line of the server's audit log.
#[derive(Clone, Debug)]
pub struct AuditLine {
    /// Its place, for paging.
    pub cursor: AuditCursor,
    /// What.
    pub entry: AuditEntry,
}

/// Where a page of the server's log ends: by time, then by what tells lines of one instant apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditCursor {
    /// When.
    pub at: ServerTime,
    /// The room's code; empty for the server's own.
    pub room: String,
    /// The number in that log.
    pub id: i64,
}

/// What a line is about.
#[derive(Clone, Debug)]
pub enum AuditEntry {
    /// Something in a room.
    Room(Act),
    /// Something about the server or its accounts.
    Server {
        /// What; stable.
        act: String,
        /// By whom.
        by: Option<String>,
        /// Whom or what it was done to.
        target: Option<String>,
        /// More of it.
        detail: Option<String>,
    },
}

type ServerRow = (
    i64,
    i64,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
);

impl Store {
    /// A room's acts with numbers below `before`, newest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn acts_before(
        &self,
        code: &RoomCode,
        before: u64,
        limit: i64,
    ) -> Result<Vec<Act>, StoreError> {
        let query = "SELECT act FROM acts WHERE room = ? AND id < ? ORDER BY id DESC LIMIT ?";
        self.before(query, code, before, limit).await
    }

    /// What happened on the server, everywhere, newest first, before a line that was read earlier.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn audit_before(
        &self,
        before: Option<&AuditCursor>,
        limit: i64,
    ) -> Result<Vec<AuditLine>, StoreError> {
        let (at, room, id) = before.map_or((i64::MAX, "", i64::MAX), |cursor| {
            (cursor.at.0, cursor.room.as_str(), cursor.id)
        });
        let acts: Vec<(String, i64, String)> = sqlx::query_as(
            "SELECT room, id, act FROM acts WHERE at <= ?1 AND (at, room, id) < (?1, ?2, ?3) \
             ORDER BY at DESC, room DESC, id DESC LIMIT ?4",
        )
        .bind(at)
        .bind(room)
        .bind(id)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let server: Vec<ServerRow> = sqlx::query_as(
            "SELECT id, at, act, by, target, detail FROM server_audit WHERE (at, '', id) < (?1, ?2, ?3) \
             ORDER BY at DESC, id DESC LIMIT ?4",
        )
        .bind(at)
        .bind(room)
        .bind(id)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let mut lines: Vec<AuditLine> = acts
            .into_iter()
            .filter_map(|(room, id, act)| {
                let act: Act = serde_json::from_str(&act).ok()?;
                Some(AuditLine {
                    cursor: AuditCursor {
                        at: act.at,
                        room,
                        id,
                    },
                    entry: AuditEntry::Room(act),
                })
            })
            .collect();
        lines.extend(server.into_iter().map(|(id, at, act, by, target, detail)| {
            let room = String::new();
            AuditLine {
                cursor: AuditCursor {
                    at: ServerTime(at),
                    room,
                    id,
                },
                entry: AuditEntry::Server {
                    act,
                    by,
                    target,
                    detail,
                },
            }
        }));
        lines.sort_by(|a, b| b.cursor.cmp(&a.cursor));
        lines.truncate(limit.max(0) as usize);
        Ok(lines)
    }
}
