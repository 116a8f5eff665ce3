//! What StreamIt's format needs kept of people: an id and a name that is theirs alone, and how far they came with what.
use super::{Store, StoreError};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::collections::HashSet;
use watchalong_room::{PersonId, ServerTime};

/// No season, no episode: a number, so that it counts in the key.
const NONE: i64 = -1;
/// Records of one person in one room; the oldest go first. A series of ten seasons fits.
const RECORDS_EACH: i64 = 500;

/// Somebody as StreamIt's clients know them.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamitUser {
    /// A UUID.
    pub id: String,
    /// Who.
    pub person: PersonId,
    /// Theirs alone, whatever its case.
    pub username: String,
    /// What others see of a guest.
    pub display_name: String,
    /// Never had an account.
    pub guest: bool,
}

/// How far somebody came with something.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchRecord {
    /// The medium's id at its provider.
    pub media: String,
    /// `movie`, `tv`, or the provider's name.
    pub kind: String,
    /// Of a series.
    pub season: Option<i64>,
    /// Of a series.
    pub episode: Option<i64>,
    /// Seconds.
    pub position: f64,
    /// Seconds.
    pub duration: f64,
    /// 0 to 100.
    pub percent: f64,
    /// Seen to its end.
    pub completed: bool,
    /// When this was written.
    pub at: ServerTime,
}

/// What of somebody's records is asked for; `None` leaves it open.
#[derive(Clone, Debug, Default)]
pub struct WatchQuery<'a> {
    /// Of this medium and kind.
    pub media: Option<(&'a str, &'a str)>,
    /// Of this season.
    pub season: Option<i64>,
    /// Of this episode.
    pub episode: Option<i64>,
}

fn user(row: &SqliteRow) -> Result<StreamitUser, sqlx::Error> {
    Ok(StreamitUser {
        id: row.try_get("id")?,
        person: PersonId(row.try_get("person")?),
        username: row.try_get("username")?,
        display_name: row.try_get("display_name")?,
        guest: row.try_get("guest")?,
    })
}

fn record(row: &SqliteRow) -> Result<WatchRecord, sqlx::Error> {
    let part = |column| {
        let number: i64 = row.try_get(column)?;
        Ok::<_, sqlx::Error>((number != NONE).then_some(number))
    };
    Ok(WatchRecord {
        media: row.try_get("media")?,
        kind: row.try_get("kind")?,
        season: part("season")?,
        episode: part("episode")?,
        position: row.try_get("position")?,
        duration: row.try_get("duration")?,
        percent: row.try_get("percent")?,
        completed: row.try_get("completed")?,
        at: ServerTime(row.try_get("at")?),
    })
}

impl Store {
    /// Somebody by their id.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn streamit_user(&self, id: &str) -> Result<Option<StreamitUser>, StoreError> {
        let row = sqlx::query("SELECT * FROM streamit_users WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().map(user).transpose()?)
    }

    /// Keeps somebody new; false where their name is another's, or they are known already.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn add_streamit_user(
        &self,
        user: &StreamitUser,
        now: ServerTime,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT OR IGNORE INTO streamit_users (id, person, username, display_name, guest, seen_at) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&user.id)
        .bind(&user.person.0)
        .bind(&user.username)
        .bind(&user.display_name)
        .bind(user.guest)
        .bind(now.0)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives somebody another name; false where it is taken. A guest's name can be taken from them by an account:
    /// then the guest gets `instead`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn rename_streamit_user(
        &self,
        id: &str,
        name: &str,
        instead: Option<&str>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        if let Some(instead) = instead {
            sqlx::query(
                "UPDATE OR IGNORE streamit_users SET username = ?1 WHERE username = ?2 AND guest = 1 AND id <> ?3",
            )
            .bind(instead)
            .bind(name)
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        }
        let done = sqlx::query(
            "UPDATE OR IGNORE streamit_users SET username = ?1, display_name = ?1 WHERE id = ?2",
        )
        .bind(name)
        .bind(id)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Somebody logged in, as an account or as a guest.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn streamit_seen(
        &self,
        id: &str,
        guest: bool,
        now: ServerTime,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE streamit_users SET guest = ?, seen_at = ? WHERE id = ?")
            .bind(guest)
            .bind(now.0)
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Forgets guests who were not seen since, and people whose account is gone.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn forget_streamit_users(&self, since: ServerTime) -> Result<(), StoreError> {
        for statement in [
            "DELETE FROM streamit_users WHERE guest = 1 AND seen_at < ?1",
            "DELETE FROM streamit_users WHERE guest = 0 AND seen_at < ?1 \
             AND NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.person = streamit_users.person)",
        ] {
            sqlx::query(statement)
                .bind(since.0)
                .execute(&self.pool)
                .await?;
        }
        Ok(())
    }

    /// Which of these people have an account.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn with_account(&self, people: &[PersonId]) -> Result<HashSet<PersonId>, StoreError> {
        let names: Vec<&str> = people.iter().map(|person| person.0.as_str()).collect();
        let names = serde_json::to_string(&names).expect("texts are plain data");
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT person FROM accounts WHERE person IN (SELECT value FROM json_each(?))",
        )
        .bind(names)
        .fetch_all(&self.pool)
        .await?;
        Ok(found.into_iter().map(PersonId).collect())
    }

    /// Writes a record over the one before.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn put_watch_record(
        &self,
        person: &PersonId,
        room: &str,
        of: &WatchRecord,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO streamit_progress \
             (person, room, media, kind, season, episode, position, duration, percent, completed, at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (person, room, media, kind, season, episode) DO UPDATE SET position = excluded.position, \
             duration = excluded.duration, percent = excluded.percent, completed = excluded.completed, at = excluded.at",
        )
        .bind(&person.0)
        .bind(room)
        .bind(&of.media)
        .bind(&of.kind)
        .bind(of.season.unwrap_or(NONE))
        .bind(of.episode.unwrap_or(NONE))
        .bind(of.position)
        .bind(of.duration)
        .bind(of.percent)
        .bind(of.completed)
        .bind(of.at.0)
        .execute(&self.pool)
        .await?;
        sqlx::query(
            "DELETE FROM streamit_progress WHERE person = ?1 AND room = ?2 AND at < (SELECT at FROM \
             streamit_progress WHERE person = ?1 AND room = ?2 ORDER BY at DESC LIMIT 1 OFFSET ?3)",
        )
        .bind(&person.0)
        .bind(room)
        .bind(RECORDS_EACH)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Moves the position of a record, which begins with it where there is none.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn move_watch_record(
        &self,
        person: &PersonId,
        room: &str,
        (media, kind): (&str, &str),
        position: f64,
        now: ServerTime,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO streamit_progress \
             (person, room, media, kind, position, duration, percent, completed, at) VALUES (?, ?, ?, ?, ?, 0, 0, 0, ?) \
             ON CONFLICT (person, room, media, kind, season, episode) \
             DO UPDATE SET position = excluded.position, at = excluded.at",
        )
        .bind(&person.0)
        .bind(room)
        .bind(media)
        .bind(kind)
        .bind(position)
        .bind(now.0)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The newest of somebody's records in a room that fit.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn watch_record(
        &self,
        person: &PersonId,
        room: &str,
        query: WatchQuery<'_>,
    ) -> Result<Option<WatchRecord>, StoreError> {
        let (media, kind) = query.media.unzip();
        let row = sqlx::query(
            "SELECT * FROM streamit_progress WHERE person = ?1 AND room = ?2 AND (?3 IS NULL OR media = ?3) \
             AND (?4 IS NULL OR kind = ?4) AND (?5 IS NULL OR season = ?5) AND (?6 IS NULL OR episode = ?6) \
             ORDER BY at DESC, season DESC, episode DESC LIMIT 1",
        )
        .bind(&person.0)
        .bind(room)
        .bind(media)
        .bind(kind)
        .bind(query.season)
        .bind(query.episode)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.as_ref().map(record).transpose()?)
    }
}
