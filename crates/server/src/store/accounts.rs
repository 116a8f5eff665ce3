//! Accounts and invitations to sign up in the database: rows in, rows out; the rules are in `crate::accounts`.
use super::{Store, StoreError};
use crate::accounts::{Account, AccountError, AccountId, InviteRow, Row};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use watchalong_room::{PersonId, ServerTime};

/// Every column of an account, for [`account`].
pub(super) const COLUMNS: &str = "a.id, a.email, a.name, a.person, a.admin, a.disabled, a.epoch, a.created_at, a.seen_at, \
     a.password_hash, EXISTS (SELECT 1 FROM account_links l WHERE l.account = a.id) AS oidc";

pub(super) fn account(row: &SqliteRow) -> Result<Account, sqlx::Error> {
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

/// The one thing that an ordinary account can collide in.
fn taken(error: sqlx::Error) -> AccountError {
    let unique = error
        .as_database_error()
        .is_some_and(|error| error.is_unique_violation());
    if unique {
        AccountError::EmailTaken
    } else {
        StoreError::from(error).into()
    }
}

async fn unused_invite<'e>(
    executor: impl sqlx::SqliteExecutor<'e>,
    token_hash: &[u8],
    now: ServerTime,
) -> Result<Option<InviteRow>, StoreError> {
    let row = sqlx::query(
        "SELECT email, admin, expires_at FROM sign_up_invites WHERE token_hash = ? AND used_at IS NULL \
         AND expires_at > ?",
    )
    .bind(token_hash)
    .bind(now.0)
    .fetch_optional(executor)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(InviteRow {
        email: row.try_get("email")?,
        admin: row.try_get("admin")?,
        expires_at: ServerTime(row.try_get("expires_at")?),
    }))
}

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

    /// Makes an account; with an invitation (its hash) it is used up by the same stroke.
    pub(crate) async fn add_account(
        &self,
        new: &Row,
        invite: Option<&[u8]>,
        now: ServerTime,
    ) -> Result<(), AccountError> {
        let mut transaction = self
            .pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(StoreError::from)?;
        let mut admin = new.admin;
        if let Some(hash) = invite {
            let row = unused_invite(&mut *transaction, hash, now).await?;
            let invite = row.ok_or(AccountError::BadInvite)?;
            if invite.email.is_some_and(|email| email != new.email) {
                return Err(AccountError::BadInvite);
            }
            admin |= invite.admin;
            sqlx::query("UPDATE sign_up_invites SET used_at = ? WHERE token_hash = ?")
                .bind(now.0)
                .bind(hash)
                .execute(&mut *transaction)
                .await
                .map_err(StoreError::from)?;
        }
        sqlx::query(
            "INSERT INTO accounts (id, email, name, person, password_hash, admin, disabled, epoch, created_at) \
             VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?)",
        )
        .bind(&new.id.0)
        .bind(&new.email)
        .bind(&new.name)
        .bind(&new.person.0)
        .bind(&new.password_hash)
        .bind(admin)
        .bind(now.0)
        .execute(&mut *transaction)
        .await
        .map_err(taken)?;
        if let Some(link) = &new.link {
            sqlx::query("INSERT INTO account_links (issuer, subject, account) VALUES (?, ?, ?)")
                .bind(&link.issuer)
                .bind(&link.subject)
                .bind(&new.id.0)
                .execute(&mut *transaction)
                .await
                .map_err(taken)?;
        }
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Writes what may change of an account (not its sessions, not its epoch).
    pub(crate) async fn change_account(&self, account: &Account) -> Result<(), AccountError> {
        sqlx::query(
            "UPDATE accounts SET email = ?, name = ?, password_hash = ?, admin = ?, disabled = ? WHERE id = ?",
        )
        .bind(&account.email)
        .bind(&account.name)
        .bind(&account.password_hash)
        .bind(account.admin)
        .bind(account.disabled)
        .bind(&account.id.0)
        .execute(&self.pool)
        .await
        .map_err(taken)?;
        Ok(())
    }

    pub(crate) async fn remove_account(&self, id: &AccountId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM accounts WHERE id = ?")
            .bind(&id.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A page of accounts whose address or name contains `q`, by address; and how many there are in all.
    pub(crate) async fn accounts(
        &self,
        q: &str,
        skip: i64,
        take: i64,
    ) -> Result<(i64, Vec<Account>), StoreError> {
        const FITS: &str = "(instr(a.email, ?1) > 0 OR instr(lower(a.name), ?1) > 0)";
        let needle = q.to_lowercase();
        let total = format!("SELECT COUNT(*) FROM accounts a WHERE {FITS}");
        let total = sqlx::query_scalar(sqlx::AssertSqlSafe(total))
            .bind(&needle)
            .fetch_one(&self.pool)
            .await?;
        let page = format!(
            "SELECT {COLUMNS} FROM accounts a WHERE {FITS} ORDER BY a.email LIMIT ?2 OFFSET ?3"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(page))
            .bind(&needle)
            .bind(take)
            .bind(skip)
            .fetch_all(&self.pool)
            .await?;
        let people = rows.iter().map(account).collect::<Result<_, _>>()?;
        Ok((total, people))
    }

    pub(crate) async fn add_sign_up_invite(
        &self,
        token_hash: &[u8],
        invite: &InviteRow,
        now: ServerTime,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sign_up_invites (token_hash, email, admin, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(token_hash)
        .bind(&invite.email)
        .bind(invite.admin)
        .bind(now.0)
        .bind(invite.expires_at.0)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// An invitation that is still good.
    pub(crate) async fn sign_up_invite(
        &self,
        token_hash: &[u8],
        now: ServerTime,
    ) -> Result<Option<InviteRow>, StoreError> {
        unused_invite(&self.pool, token_hash, now).await
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
}
