//! Which account belongs to whom at an OpenID provider; the rules are in `crate::accounts`.
use super::accounts::{COLUMNS, account};
use super::{Store, StoreError};
use crate::accounts::{Account, AccountId, Voucher};

impl Store {
    /// The account of somebody at a provider.
    pub(crate) async fn account_of_link(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<Account>, StoreError> {
        let query = format!(
            "SELECT {COLUMNS} FROM account_links k JOIN accounts a ON a.id = k.account \
             WHERE k.issuer = ? AND k.subject = ?"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(issuer)
            .bind(subject)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().map(account).transpose()?)
    }

    /// Links an account that has no link yet; its password, sessions and tokens are void by the same stroke. False
    /// where it has one.
    pub(crate) async fn link_account(
        &self,
        id: &AccountId,
        voucher: &Voucher,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let linked = sqlx::query(
            "INSERT INTO account_links (issuer, subject, account) SELECT ?1, ?2, ?3 \
             WHERE NOT EXISTS (SELECT 1 FROM account_links WHERE account = ?3) ON CONFLICT DO NOTHING",
        )
        .bind(&voucher.issuer)
        .bind(&voucher.subject)
        .bind(&id.0)
        .execute(&mut *transaction)
        .await?;
        if linked.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("UPDATE accounts SET password_hash = NULL, epoch = epoch + 1 WHERE id = ?")
            .bind(&id.0)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM sessions WHERE account = ?")
            .bind(&id.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }
}
