//! The server's audit log: what happened to accounts and settings, for administrators. What happens in a room is in
//! that room's; both are read in `audit.rs`.
use super::{Store, StoreError};
use watchalong_room::ServerTime;

/// Acts that are kept: about 20 MiB. Strangers can add rows by failing to log in.
const MOST: i64 = 100_000;
/// Old acts go in bulk: a delete for each insert would double the writes of a storm of logins.
const SWEEP_EVERY: i64 = 1000;

impl Store {
    /// Writes an act: its name (stable: `login_refused`, `account_made`, ...), who did it, to whom or what, and a word
    /// more. Never secrets.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn write_audit(
        &self,
        at: ServerTime,
        act: &str,
        by: Option<&str>,
        target: Option<&str>,
        detail: Option<&str>,
    ) -> Result<(), StoreError> {
        let added = sqlx::query(
            "INSERT INTO server_audit (at, act, by, target, detail) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(at.0)
        .bind(act)
        .bind(by)
        .bind(target)
        .bind(detail)
        .execute(&self.pool)
        .await?;
        let id = added.last_insert_rowid();
        if id % SWEEP_EVERY == 0 {
            sqlx::query("DELETE FROM server_audit WHERE id <= ?")
                .bind(id - MOST)
                .execute(&self.pool)
                .await?;
        }
        Ok(())
    }
}
