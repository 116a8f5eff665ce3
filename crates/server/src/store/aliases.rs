//! Rooms by the ids of other wire formats: an RDM code, an OpenWatchParty UUID.
//!
//! An alias is made once, kept for as long as its room, and goes with it. What one looks like is its dialect's.
use super::{Store, StoreError};
use crate::code::RoomCode;

impl Store {
    /// The code of the room that a dialect knows by `alias`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn room_by_alias(
        &self,
        dialect: &str,
        alias: &str,
    ) -> Result<Option<RoomCode>, StoreError> {
        let code: Option<String> =
            sqlx::query_scalar("SELECT room FROM aliases WHERE dialect = ? AND alias = ?")
                .bind(dialect)
                .bind(alias)
                .fetch_optional(&self.pool)
                .await?;
        Ok(code.and_then(|code| RoomCode::parse(&code)))
    }

    /// What a dialect knows the room by, where it does.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn alias_of(
        &self,
        room: &RoomCode,
        dialect: &str,
    ) -> Result<Option<String>, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT alias FROM aliases WHERE room = ? AND dialect = ?")
                .bind(room.as_str())
                .bind(dialect)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// Keeps an alias; false where it is another room's, or the room has one already.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn add_alias(
        &self,
        room: &RoomCode,
        dialect: &str,
        alias: &str,
    ) -> Result<bool, StoreError> {
        let done =
            sqlx::query("INSERT OR IGNORE INTO aliases (dialect, alias, room) VALUES (?, ?, ?)")
                .bind(dialect)
                .bind(alias)
                .bind(room.as_str())
                .execute(&self.pool)
                .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives an alias to another room, or to its first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn move_alias(
        &self,
        room: &RoomCode,
        dialect: &str,
        alias: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT OR REPLACE INTO aliases (dialect, alias, room) VALUES (?, ?, ?)")
            .bind(dialect)
            .bind(alias)
            .bind(room.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_alias_is_one_rooms_and_a_room_has_one_of_each_dialect() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).await.expect("opens");
        let (one, two) = (RoomCode::random(), RoomCode::random());
        assert!(store.add_alias(&one, "rdm", "ABC123").await.expect("kept"));
        assert!(!store.add_alias(&two, "rdm", "ABC123").await.expect("asked"));
        assert!(!store.add_alias(&one, "rdm", "DEF456").await.expect("asked"));
        assert!(store.add_alias(&one, "owp", "ABC123").await.expect("kept"));
        let found = store.room_by_alias("rdm", "ABC123").await.expect("asked");
        assert_eq!(found, Some(one.clone()));
        let alias = store.alias_of(&one, "rdm").await.expect("asked");
        assert_eq!(alias.as_deref(), Some("ABC123"));
        assert_eq!(store.alias_of(&two, "rdm").await.expect("asked"), None);
        let moved = store.move_alias(&two, "rdm", "ABC123").await;
        assert!(moved.is_ok());
        let found = store.room_by_alias("rdm", "ABC123").await.expect("asked");
        assert_eq!(found, Some(two));
    }
}
