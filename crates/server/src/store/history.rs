//! What stays of parties: who was there, how it went, what was said. Rows are written by the log with a room's
//! snapshot (`log/keeping.rs`); here they are read, and forgotten.
use super::{Store, StoreError};
use crate::code::RoomCode;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use std::collections::HashMap;
use watchalong_room::{Media, Message, PersonId, Policy, Role, ServerTime};

/// How long a room that is over keeps its code, its chat and its answer "this party is over": long enough that no
/// link in anybody's calendar or chat leads to strangers.
pub const BURNT_MS: i64 = 30 * 24 * 3600 * 1000;
/// How long acts are kept for the administrator: past a year nobody settles a quarrel with them.
pub const AUDIT_MS: i64 = 366 * 24 * 3600 * 1000;
/// For how long a guest of StreamIt who does not come back is known.
const GUEST_MS: i64 = 30 * 24 * 3600 * 1000;
/// Names told of one party; a hundred thousand would be no list.
const NAMES: i64 = 50;

/// A role's stable name.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Host => "host",
        Role::CoHost => "co_host",
        Role::Viewer => "viewer",
    }
}

/// A party that somebody was at.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its room's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Their role.
    pub role: String,
    /// When it began.
    pub started_at: ServerTime,
    /// When it ended; `None` while it can go on.
    pub ended_at: Option<ServerTime>,
    /// When anything last happened.
    pub changed_at: ServerTime,
    /// Most people at a time.
    pub peak: u32,
    /// Messages said.
    pub messages: u64,
    /// Reactions.
    pub reactions: u64,
    /// Milliseconds in which something played for somebody.
    pub watched: i64,
    /// What was played.
    pub titles: Vec<String>,
    /// What was on last.
    pub media: Option<Media>,
    /// Where it stood, in seconds.
    pub position: f64,
    /// The room's policy.
    pub policy: Policy,
    /// The others, as last shown.
    pub people: Vec<String>,
}

const PARTY: &str = "p.room, p.name, p.created_at, p.started_at, p.ended_at, p.changed_at, p.peak, p.messages, \
     p.reactions, p.watched, p.titles, p.media, p.position, p.policy, a.role, a.first_at";

fn party(row: &SqliteRow) -> Result<Party, sqlx::Error> {
    let started_at: Option<i64> = row.try_get("started_at")?;
    let json = |name| row.try_get::<String, _>(name);
    let media: Option<String> = row.try_get("media")?;
    Ok(Party {
        code: row.try_get("room")?,
        name: row.try_get("name")?,
        role: row.try_get("role")?,
        started_at: ServerTime(started_at.unwrap_or(row.try_get("created_at")?)),
        ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(ServerTime),
        changed_at: ServerTime(row.try_get("changed_at")?),
        peak: row.try_get("peak")?,
        messages: row.try_get::<i64, _>("messages")? as u64,
        reactions: row.try_get::<i64, _>("reactions")? as u64,
        watched: row.try_get("watched")?,
        titles: serde_json::from_str(&json("titles")?).unwrap_or_default(),
        media: media.and_then(|media| serde_json::from_str(&media).ok()),
        position: row.try_get("position")?,
        policy: serde_json::from_str(&json("policy")?).unwrap_or_default(),
        people: Vec::new(),
    })
}

/// Somebody with whom one has watched.
#[derive(Clone, Debug)]
pub struct Companion {
    /// As last shown.
    pub name: String,
    /// Parties together.
    pub parties: u32,
    /// When the last of them was.
    pub last_at: ServerTime,
}

impl Store {
    /// The parties that somebody was at, newest first, and how many there are in all.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn parties(
        &self,
        person: &PersonId,
        skip: i64,
        limit: i64,
    ) -> Result<(i64, Vec<Party>), StoreError> {
        // One look for all three: a party may be written between them.
        let mut look = self.pool.begin().await?;
        let total = sqlx::query_scalar(
            "SELECT COUNT(*) FROM attendance a JOIN parties p ON p.room = a.room WHERE a.person = ?",
        )
        .bind(&person.0)
        .fetch_one(&mut *look)
        .await?;
        let query = format!(
            "SELECT {PARTY} FROM attendance a JOIN parties p ON p.room = a.room WHERE a.person = ? \
             ORDER BY a.last_at DESC, a.room LIMIT ? OFFSET ?"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(&person.0)
            .bind(limit)
            .bind(skip)
            .fetch_all(&mut *look)
            .await?;
        let mut parties = rows.iter().map(party).collect::<Result<Vec<_>, _>>()?;
        add_people(&mut look, person, &mut parties).await?;
        Ok((total, parties))
    }

    /// A party that this person was at.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn party(
        &self,
        person: &PersonId,
        code: &RoomCode,
    ) -> Result<Option<Party>, StoreError> {
        let query = format!(
            "SELECT {PARTY} FROM attendance a JOIN parties p ON p.room = a.room WHERE a.person = ? AND a.room = ?"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(&person.0)
            .bind(code.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().map(party).transpose()?)
    }

    /// People with whom somebody was at a party at the same time, the latest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn companions(
        &self,
        person: &PersonId,
        limit: i64,
    ) -> Result<Vec<Companion>, StoreError> {
        // MAX in an aggregate makes SQLite take `name` from the row that holds it.
        let rows: Vec<(String, u32, i64)> = sqlx::query_as(
            "SELECT o.name, COUNT(*), MAX(MIN(o.last_at, m.last_at)) FROM attendance m JOIN attendance o \
             ON o.room = m.room AND o.person <> m.person AND o.first_at <= m.last_at AND m.first_at <= o.last_at \
             WHERE m.person = ? GROUP BY o.person ORDER BY 3 DESC LIMIT ?",
        )
        .bind(&person.0)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let companion = |(name, parties, last_at)| Companion {
            name,
            parties,
            last_at: ServerTime(last_at),
        };
        Ok(rows.into_iter().map(companion).collect())
    }

    /// The rooms that somebody made and that are not over, newest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn rooms_of(&self, owner: &PersonId) -> Result<Vec<RoomCode>, StoreError> {
        let codes: Vec<String> = sqlx::query_scalar(
            "SELECT code FROM rooms WHERE owner = ? AND terminal = 0 ORDER BY created_at DESC LIMIT 100",
        )
        .bind(&owner.0)
        .fetch_all(&self.pool)
        .await?;
        Ok(codes.iter().filter_map(|c| RoomCode::parse(c)).collect())
    }

    /// Messages of a room with numbers below `before`, the latest `limit` of them, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn messages_before(
        &self,
        code: &RoomCode,
        before: u64,
        limit: i64,
    ) -> Result<Vec<Message>, StoreError> {
        let query =
            "SELECT message FROM messages WHERE room = ? AND id < ? ORDER BY id DESC LIMIT ?";
        let mut messages = self.before(query, code, before, limit).await?;
        messages.reverse();
        Ok(messages)
    }

    /// All that somebody wrote, with the room's code, oldest first: their own data, to take along.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn messages_of(
        &self,
        person: &PersonId,
    ) -> Result<Vec<(String, Message)>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT m.room, m.message FROM attendance a JOIN messages m ON m.room = a.room \
             AND json_extract(m.message, '$.by') = a.member WHERE a.person = ? ORDER BY m.at",
        )
        .bind(&person.0)
        .fetch_all(&self.pool)
        .await?;
        let read = |(room, text): (String, String)| Some((room, serde_json::from_str(&text).ok()?));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Forgets at which parties somebody was, and how far they came with anything.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn forget_history(&self, person: &PersonId) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for statement in [
            "DELETE FROM progress WHERE person = ?",
            "DELETE FROM streamit_progress WHERE person = ?",
            "DELETE FROM attendance WHERE person = ?",
        ] {
            sqlx::query(statement)
                .bind(&person.0)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Makes somebody's rooms, parties and progress another person's: a guest's, once they log in.
    ///
    /// Where both were at a party or saw a medium, the longer stay and the further position count.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn merge_history(&self, from: &PersonId, into: &PersonId) -> Result<(), StoreError> {
        if from == into {
            return Ok(());
        }
        let mut transaction = self.pool.begin().await?;
        for statement in [
            "INSERT INTO attendance SELECT room, ?2, member, name, role, first_at, last_at FROM attendance \
             WHERE person = ?1 ON CONFLICT (room, person) DO UPDATE SET first_at = MIN(first_at, excluded.first_at), \
             last_at = MAX(last_at, excluded.last_at)",
            "INSERT INTO progress SELECT ?2, media, room, kind, title, position, duration, completed, at FROM progress \
             WHERE person = ?1 ON CONFLICT (person, media, room) DO UPDATE SET \
             position = MAX(position, excluded.position), completed = MAX(completed, excluded.completed), \
             at = MAX(at, excluded.at)",
            "DELETE FROM attendance WHERE person = ?1",
            "DELETE FROM progress WHERE person = ?1",
            "INSERT INTO streamit_progress SELECT ?2, room, media, kind, season, episode, position, duration, percent, \
             completed, at FROM streamit_progress WHERE person = ?1 \
             ON CONFLICT (person, room, media, kind, season, episode) DO NOTHING",
            "DELETE FROM streamit_progress WHERE person = ?1",
            "UPDATE rooms SET owner = ?2 WHERE owner = ?1",
        ] {
            sqlx::query(statement)
                .bind(&from.0)
                .bind(&into.0)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Lets go of rooms that have been over for [`BURNT_MS`], with their entries and messages, and of acts past
    /// [`AUDIT_MS`]. What stays of the parties stays. Says which rooms went.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn purge(&self, now: ServerTime) -> Result<Vec<RoomCode>, StoreError> {
        // Few at a time: one transaction must not hold up the log's.
        let codes: Vec<String> = sqlx::query_scalar(
            "SELECT code FROM rooms WHERE ended_at < ? ORDER BY ended_at LIMIT 20",
        )
        .bind(now.0 - BURNT_MS)
        .fetch_all(&self.pool)
        .await?;
        for code in &codes {
            let mut transaction = self.pool.begin().await?;
            for statement in [
                "DELETE FROM messages WHERE room = ?",
                "DELETE FROM entries WHERE room = ?",
                "DELETE FROM aliases WHERE room = ?",
                "DELETE FROM streamit_progress WHERE room = ?",
                "DELETE FROM rooms WHERE code = ?",
            ] {
                sqlx::query(statement)
                    .bind(code)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
        }
        self.forget_streamit_users(ServerTime(now.0 - GUEST_MS))
            .await?;
        sqlx::query("DELETE FROM acts WHERE at < ?")
            .bind(now.0 - AUDIT_MS)
            .execute(&self.pool)
            .await?;
        Ok(codes.iter().filter_map(|c| RoomCode::parse(c)).collect())
    }
}

async fn add_people(
    connection: &mut SqliteConnection,
    person: &PersonId,
    parties: &mut [Party],
) -> Result<(), sqlx::Error> {
    if parties.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new(
        "SELECT room, name FROM (SELECT room, name, first_at, ROW_NUMBER() OVER (PARTITION BY room ORDER BY \
             first_at, member) AS place FROM attendance WHERE person <> ",
    );
    query.push_bind(&person.0).push(" AND room IN (");
    let mut codes = query.separated(", ");
    for party in parties.iter() {
        codes.push_bind(party.code.clone());
    }
    query.push(")) WHERE place <= ").push_bind(NAMES);
    query.push(" ORDER BY room, place");
    let rows: Vec<(String, String)> = query.build_query_as().fetch_all(connection).await?;
    let mut names: HashMap<String, Vec<String>> = HashMap::new();
    for (room, name) in rows {
        names.entry(room).or_default().push(name);
    }
    for party in parties {
        party.people = names.remove(&party.code).unwrap_or_default();
    }
    Ok(())
}
