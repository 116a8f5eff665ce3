//! Who was at which party, as far as figures and histories go: for wire formats that show a host how it went.
use super::{Store, StoreError};
use crate::code::RoomCode;
use watchalong_room::{PersonId, Policy, ServerTime};

/// Rows that are looked at for one party's figures: more than any room holds at a time.
const ROWS: i64 = 200_000;

/// Somebody's stay at a party.
#[derive(Clone, Debug, PartialEq)]
pub struct Stay {
    /// Who.
    pub person: PersonId,
    /// When they first came.
    pub first_at: ServerTime,
    /// When they were last seen there; of somebody who is there, when they came.
    pub last_at: ServerTime,
}

/// A party that is over.
#[derive(Clone, Debug)]
pub struct EndedParty {
    /// Its room's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its host, where it had one.
    pub host: Option<PersonId>,
    /// Its last policy.
    pub policy: Policy,
    /// People who were ever in it.
    pub people: i64,
    /// When it was made.
    pub created_at: ServerTime,
    /// When somebody first came.
    pub started_at: Option<ServerTime>,
    /// When it ended.
    pub ended_at: ServerTime,
}

/// What somebody's parties come to, of those that they were the host of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostFigures {
    /// Parties.
    pub parties: i64,
    /// People who were ever in one, counted for each.
    pub viewers: i64,
    /// Messages said.
    pub messages: i64,
    /// Reactions.
    pub reactions: i64,
}

impl Store {
    /// Everybody who was ever at a party.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn stays(&self, code: &RoomCode) -> Result<Vec<Stay>, StoreError> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT person, first_at, last_at FROM attendance WHERE room = ? LIMIT ?",
        )
        .bind(code.as_str())
        .bind(ROWS)
        .fetch_all(&self.pool)
        .await?;
        let stay = |(person, first_at, last_at)| Stay {
            person: PersonId(person),
            first_at: ServerTime(first_at),
            last_at: ServerTime(last_at),
        };
        Ok(rows.into_iter().map(stay).collect())
    }

    /// The parties that somebody was at and that are over, the latest first, and how many there are in all.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn ended_parties(
        &self,
        person: &PersonId,
        skip: i64,
        limit: i64,
    ) -> Result<(i64, Vec<EndedParty>), StoreError> {
        // One look for both: a party may end between them.
        let mut look = self.pool.begin().await?;
        let total = sqlx::query_scalar(
            "SELECT COUNT(*) FROM attendance a JOIN parties p ON p.room = a.room \
             WHERE a.person = ? AND p.ended_at IS NOT NULL",
        )
        .bind(&person.0)
        .fetch_one(&mut *look)
        .await?;
        type Row = (
            String,
            String,
            Option<String>,
            String,
            i64,
            i64,
            Option<i64>,
            i64,
        );
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT p.room, p.name, \
             (SELECT h.person FROM attendance h WHERE h.room = p.room AND h.role = 'host' ORDER BY h.last_at DESC LIMIT 1), \
             p.policy, (SELECT COUNT(*) FROM attendance o WHERE o.room = p.room), p.created_at, p.started_at, p.ended_at \
             FROM attendance a JOIN parties p ON p.room = a.room WHERE a.person = ? AND p.ended_at IS NOT NULL \
             ORDER BY p.ended_at DESC, p.room LIMIT ? OFFSET ?",
        )
        .bind(&person.0)
        .bind(limit)
        .bind(skip)
        .fetch_all(&mut *look)
        .await?;
        let party = |(code, name, host, policy, people, created_at, started_at, ended_at): Row| {
            EndedParty {
                code,
                name,
                host: host.map(PersonId),
                policy: serde_json::from_str(&policy).unwrap_or_default(),
                people,
                created_at: ServerTime(created_at),
                started_at: started_at.map(ServerTime),
                ended_at: ServerTime(ended_at),
            }
        };
        Ok((total, rows.into_iter().map(party).collect()))
    }

    /// What the parties come to that somebody was the host of.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn host_figures(&self, person: &PersonId) -> Result<HostFigures, StoreError> {
        let (parties, viewers, messages, reactions) = sqlx::query_as(
            "SELECT COUNT(*), COALESCE(SUM((SELECT COUNT(*) FROM attendance o WHERE o.room = p.room)), 0), \
             COALESCE(SUM(p.messages), 0), COALESCE(SUM(p.reactions), 0) \
             FROM attendance a JOIN parties p ON p.room = a.room WHERE a.person = ? AND a.role = 'host'",
        )
        .bind(&person.0)
        .fetch_one(&self.pool)
        .await?;
        Ok(HostFigures {
            parties,
            viewers,
            messages,
            reactions,
        })
    }
}
