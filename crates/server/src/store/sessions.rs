//! Sessions and the keys of tokens in the database: rows in, rows out; the rules are in `crate::accounts`.
use super::accounts::{COLUMNS, account};
use super::{Store, StoreError};
use crate::accounts::{Account, AccountId, Session, TokenKey};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use watchalong_room::ServerTime;

/// Sessions past the most of an account before the oldest are ended: in bulk, not with every login.
const SPARE: i64 = 20;

/// Every column of a session, for [`session`].
const SESSION_COLUMNS: &str = "s.id AS session_id, s.created_at AS session_created_at, s.seen_at AS session_seen_at, \
     s.agent, s.expires_at";

fn session(row: &SqliteRow) -> Result<Session, sqlx::Error> {
    Ok(Session {
        id: row.try_get("session_id")?,
        created_at: ServerTime(row.try_get("session_created_at")?),
        seen_at: ServerTime(row.try_get("session_seen_at")?),
        agent: row.try_get("agent")?,
        expires_at: ServerTime(row.try_get("expires_at")?),
    })
}

fn token_key(row: &SqliteRow) -> Result<TokenKey, sqlx::Error> {
    Ok(TokenKey {
        kid: row.try_get("kid")?,
        secret: row.try_get("secret")?,
        created_at: ServerTime(row.try_get("created_at")?),
    })
}

impl Store {
    /// Adds a session, and ends what is past `most` or over.
    ///
    /// Each step is a statement by itself: a transaction would hold the one write lock over several round trips, and
    /// the log of every room waits for that lock.
    pub(crate) async fn add_session(
        &self,
        cookie_hash: &[u8],
        account: &AccountId,
        session: &Session,
        most: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sessions (cookie_hash, id, account, agent, created_at, seen_at, expires_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(cookie_hash)
        .bind(&session.id)
        .bind(&account.0)
        .bind(&session.agent)
        .bind(session.created_at.0)
        .bind(session.seen_at.0)
        .bind(session.expires_at.0)
        .execute(&self.pool)
        .await?;
        // Read first: reading needs no lock, and mostly there is nothing to end.
        let (over, many): (bool, bool) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM sessions WHERE expires_at <= ?1), \
             (SELECT COUNT(*) FROM sessions WHERE account = ?2) > ?3",
        )
        .bind(session.created_at.0)
        .bind(&account.0)
        .bind(most + SPARE)
        .fetch_one(&self.pool)
        .await?;
        if over {
            sqlx::query("DELETE FROM sessions WHERE expires_at <= ?")
                .bind(session.created_at.0)
                .execute(&self.pool)
                .await?;
        }
        if many {
            sqlx::query(
                "DELETE FROM sessions WHERE account = ?1 AND cookie_hash NOT IN \
                 (SELECT cookie_hash FROM sessions WHERE account = ?1 ORDER BY seen_at DESC LIMIT ?2)",
            )
            .bind(&account.0)
            .bind(most)
            .execute(&self.pool)
            .await?;
        }
        Ok(())
    }

    pub(crate) async fn session(
        &self,
        cookie_hash: &[u8],
        now: ServerTime,
    ) -> Result<Option<(Account, Session)>, StoreError> {
        let query = format!(
            "SELECT {COLUMNS}, {SESSION_COLUMNS} FROM sessions s JOIN accounts a ON a.id = s.account \
             WHERE s.cookie_hash = ? AND s.expires_at > ?"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(cookie_hash)
            .bind(now.0)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row
            .map(|row| Ok::<_, sqlx::Error>((account(&row)?, session(&row)?)))
            .transpose()?)
    }

    pub(crate) async fn session_seen(
        &self,
        cookie_hash: &[u8],
        account: &AccountId,
        now: ServerTime,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE sessions SET seen_at = ? WHERE cookie_hash = ?")
            .bind(now.0)
            .bind(cookie_hash)
            .execute(&self.pool)
            .await?;
        self.account_seen(account, now).await
    }

    pub(crate) async fn sessions(
        &self,
        account: &AccountId,
        now: ServerTime,
    ) -> Result<Vec<Session>, StoreError> {
        let query = format!(
            "SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.account = ? AND s.expires_at > ? \
             ORDER BY s.seen_at DESC, s.id"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(&account.0)
            .bind(now.0)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.iter().map(session).collect::<Result<_, _>>()?)
    }

    pub(crate) async fn remove_session(
        &self,
        account: &AccountId,
        id: &str,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM sessions WHERE account = ? AND id = ?")
            .bind(&account.0)
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends every session but `keep` (by its name) and every token.
    pub(crate) async fn end_sessions_and_tokens(
        &self,
        account: &AccountId,
        keep: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("DELETE FROM sessions WHERE account = ? AND id IS NOT ?")
            .bind(&account.0)
            .bind(keep)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("UPDATE accounts SET epoch = epoch + 1 WHERE id = ?")
            .bind(&account.0)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn token_key(&self, kid: &str) -> Result<Option<TokenKey>, StoreError> {
        let row = sqlx::query("SELECT kid, secret, created_at FROM token_keys WHERE kid = ?")
            .bind(kid)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().map(token_key).transpose()?)
    }

    /// The newest key that was made after `since`, else `fresh`, which is then kept; whichever it is will be kept
    /// until `expiry`. Keys whose last token is over are forgotten.
    pub(crate) async fn signing_token_key(
        &self,
        fresh: &TokenKey,
        since: ServerTime,
        expiry: ServerTime,
    ) -> Result<TokenKey, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let newest = sqlx::query(
            "SELECT kid, secret, created_at FROM token_keys WHERE created_at > ? ORDER BY created_at DESC LIMIT 1",
        )
        .bind(since.0)
        .fetch_optional(&mut *transaction)
        .await?;
        let key = match newest {
            Some(row) => token_key(&row)?,
            None => {
                sqlx::query("DELETE FROM token_keys WHERE last_expiry <= ?")
                    .bind(fresh.created_at.0)
                    .execute(&mut *transaction)
                    .await?;
                sqlx::query(
                    "INSERT INTO token_keys (kid, secret, created_at, last_expiry) VALUES (?, ?, ?, 0)",
                )
                .bind(&fresh.kid)
                .bind(&fresh.secret)
                .bind(fresh.created_at.0)
                .execute(&mut *transaction)
                .await?;
                fresh.clone()
            }
        };
        sqlx::query("UPDATE token_keys SET last_expiry = MAX(last_expiry, ?) WHERE kid = ?")
            .bind(expiry.0)
            .bind(&key.kid)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(key)
    }
}
