//! Accounts in the database: rows in, rows out; the rules are in `crate::accounts`.
use super::{Store, StoreError};
use crate::accounts::{Account, AccountId, Session};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use watchalong_room::{PersonId, ServerTime};

/// Every column of an account, for [`account`].
const COLUMNS: &str = "a.id, a.email, a.name, a.person, a.admin, a.disabled, a.epoch, a.created_at, a.seen_at, \
     a.password_hash, EXISTS (SELECT 1 FROM account_links l WHERE l.account = a.id) AS oidc";

fn account(row: &SqliteRow) -> Result<Account, sqlx::Error> {
    Ok(Account {
        id: AccountId(row.try_get("id")?),
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        person: PersonId(row.try_get("person")?),
        admin: row.try_get("admin")?,
        disabled: row.try_get("disabled")?,
        epoch: row.try_get("epoch")?,
        created_at: ServerTime(row.try_get("created_at")?),
        seen_at: row.try_get::<Option<i64>, _>("seen_at")?.map(ServerTime),
        password_hash: row.try_get("password_hash")?,
        oidc: row.try_get("oidc")?,
    })
}

fn session(row: &SqliteRow) -> Result<Session, sqlx::Error> {
    Ok(Session {
        id: row.try_get("session_id")?,
        created_at: ServerTime(row.try_get("session_created_at")?),
        seen_at: ServerTime(row.try_get("session_seen_at")?),
        agent: row.try_get("agent")?,
        expires_at: ServerTime(row.try_get("expires_at")?),
    })
}

/// Every column of a session, for [`session`].
const SESSION_COLUMNS: &str = "s.id AS session_id, s.created_at AS session_created_at, s.seen_at AS session_seen_at, \
     s.agent, s.expires_at";

impl Store {
    async fn one_account(
        &self,
        condition: &'static str,
        value: &str,
    ) -> Result<Option<Account>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM accounts a WHERE {condition}");
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(value)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().map(account).transpose()?)
    }

    pub(crate) async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        self.one_account("a.id = ?", &id.0).await
    }

    pub(crate) async fn account_of_email(
        &self,
        email: &str,
    ) -> Result<Option<Account>, StoreError> {
        self.one_account("a.email = ?", email).await
    }

    pub(crate) async fn account_of_person(
        &self,
        person: &PersonId,
    ) -> Result<Option<Account>, StoreError> {
        self.one_account("a.person = ?", &person.0).await
    }

    /// Adds a session, and ends what is past `most` or over.
    pub(crate) async fn add_session(
        &self,
        cookie_hash: &[u8],
        account: &AccountId,
        session: &Session,
        most: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= ?")
            .bind(session.created_at.0)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "DELETE FROM sessions WHERE account = ?1 AND cookie_hash NOT IN \
             (SELECT cookie_hash FROM sessions WHERE account = ?1 ORDER BY seen_at DESC LIMIT ?2 - 1)",
        )
        .bind(&account.0)
        .bind(most)
        .execute(&mut *transaction)
        .await?;
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
        .execute(&mut *transaction)
        .await?;
        sqlx::query("UPDATE accounts SET seen_at = ? WHERE id = ?")
            .bind(session.seen_at.0)
            .bind(&account.0)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
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

    pub(crate) async fn account_seen(
        &self,
        account: &AccountId,
        now: ServerTime,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE accounts SET seen_at = ? WHERE id = ?")
            .bind(now.0)
            .bind(&account.0)
            .execute(&self.pool)
            .await?;
        Ok(())
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

    pub(crate) async fn end_sessions_and_tokens(
        &self,
        account: &AccountId,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("DELETE FROM sessions WHERE account = ?")
            .bind(&account.0)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("UPDATE accounts SET epoch = epoch + 1 WHERE id = ?")
            .bind(&account.0)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Writes into the server's audit log: a stable `act`, who did it, to whom or what, and a word more. Never
    /// secrets.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn audit(
        &self,
        at: ServerTime,
        act: &str,
        by: Option<&str>,
        target: Option<&str>,
        detail: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO server_audit (at, act, by, target, detail) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(at.0)
        .bind(act)
        .bind(by)
        .bind(target)
        .bind(detail)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
