//! How far somebody came with a medium: in each room on its own, and outside of any.
//!
//! A position only grows, unless somebody went back on purpose; writing the same again changes nothing. Rooms
//! write through [`ProgressWriter`]: a bounded queue to a connection of its own, so that neither a room's task nor
//! the log ever waits for it. Progress is read by people and never by a room.
use super::{Store, StoreError};
use sqlx::{Connection, QueryBuilder, Row as _, Sqlite, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use watchalong_room::{PersonId, ServerTime};

/// From this share of a medium on it is taken as seen: credits begin at about 95 % of a film. Kodi and Jellyfin take
/// 90 %, which on a long film is a quarter of an hour that "continue watching" would hide.
const SEEN_SHARE: f64 = 0.95;
/// With less than this left it is seen as well: the credits of an episode, of which 5 % are only a minute.
const SEEN_LEFT: f64 = 120.0;
/// ... but not of a clip, which would be seen as soon as it starts.
const SEEN_LEFT_FROM: f64 = 1200.0;
/// Seconds below which something was opened, not watched: not offered to go on with.
const OPENED: f64 = 5.0;
/// Media that one person's progress is kept of; past these the oldest go.
const MEDIA_EACH: i64 = 1000;
/// Rows in one transaction, so that the log never waits longer than it takes to write them (about a millisecond).
const ROWS: usize = 100;
/// Batches that wait. A room writes one every 15 s; past this the disk is the limit, and the next round tells anew.
const QUEUE: usize = 256;

/// Where somebody is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Who.
    pub person: PersonId,
    /// In which room; empty outside of any.
    pub room: String,
    /// The medium's key.
    pub media: String,
    /// Where it comes from, by the room's name for it.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Seconds.
    pub position: f64,
    /// Its length in seconds, where known.
    pub duration: Option<f64>,
    /// Seen to its end.
    pub completed: bool,
    /// When.
    pub at: ServerTime,
}

impl Progress {
    /// Whether a position counts as having seen a medium of this length.
    pub fn is_completed(position: f64, duration: Option<f64>) -> bool {
        duration.is_some_and(|duration| {
            position >= duration * SEEN_SHARE
                || (duration >= SEEN_LEFT_FROM && duration - position <= SEEN_LEFT)
        })
    }
}

/// Progress to be written.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where they are now.
    pub progress: Progress,
    /// They, or their room, went there on purpose: the position may be an earlier one.
    pub seeked: bool,
}

/// Progress as it is listed.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The newest of this medium.
    pub progress: Progress,
    /// The name of the room, where the party is known.
    pub room_name: Option<String>,
    /// Whether the room can still be entered.
    pub live: bool,
}

async fn write(connection: &mut SqliteConnection, steps: &[Step]) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for seeked in [false, true] {
        let mut seen = std::collections::HashSet::new();
        // A statement may touch a row once; the newest of several is the last.
        let mut rows: Vec<&Progress> = steps
            .iter()
            .rev()
            .filter(|step| step.seeked == seeked)
            .map(|step| &step.progress)
            .filter(|of| seen.insert((&of.person, &of.media, &of.room)))
            .collect();
        rows.reverse();
        if rows.is_empty() {
            continue;
        }
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO progress (person, media, room, kind, title, position, duration, completed, at) ",
        );
        insert.push_values(rows, |mut row, of| {
            row.push_bind(of.person.0.as_str())
                .push_bind(of.media.as_str())
                .push_bind(of.room.as_str())
                .push_bind(of.kind.as_str())
                .push_bind(of.title.as_str())
                .push_bind(of.position)
                .push_bind(of.duration)
                .push_bind(of.completed)
                .push_bind(of.at.0);
        });
        insert.push(
            " ON CONFLICT (person, media, room) DO UPDATE SET title = excluded.title, \
             duration = COALESCE(excluded.duration, duration), at = MAX(at, excluded.at), ",
        );
        insert.push(if seeked {
            "position = excluded.position, completed = excluded.completed"
        } else {
            "position = MAX(position, excluded.position), completed = MAX(completed, excluded.completed)"
        });
        insert.build().execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

impl Store {
    /// Writes one, and returns what is stored then.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn put_progress(&self, step: Step) -> Result<Listed, StoreError> {
        let of = step.progress.clone();
        let mut connection = self.pool.acquire().await?;
        write(&mut connection, std::slice::from_ref(&step)).await?;
        sqlx::query(
            "DELETE FROM progress WHERE person = ?1 AND at < (SELECT at FROM progress WHERE person = ?1 \
             ORDER BY at DESC LIMIT 1 OFFSET ?2)",
        )
        .bind(&of.person.0)
        .bind(MEDIA_EACH)
        .execute(&mut *connection)
        .await?;
        let listed = list(
            &mut connection,
            "p.person = ? AND p.media = ? AND p.room = ?",
            &[&of.person.0, &of.media, &of.room],
            1,
        )
        .await?;
        // Written a moment ago; only a deletion in between could have taken it.
        Ok(listed.into_iter().next().unwrap_or(Listed {
            progress: of,
            room_name: None,
            live: false,
        }))
    }

    /// What somebody watched last, newest first, each medium once; what they have seen to the end only when asked.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn progress(
        &self,
        person: &PersonId,
        completed: bool,
        limit: i64,
    ) -> Result<Vec<Listed>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let which = if completed {
            format!("p.person = ? AND p.newest = 1 AND (p.completed = 1 OR p.position >= {OPENED})")
        } else {
            format!("p.person = ? AND p.newest = 1 AND p.completed = 0 AND p.position >= {OPENED}")
        };
        list(&mut connection, &which, &[&person.0], limit).await
    }

    /// Forgets how far somebody came with a medium, wherever they watched it.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn forget_progress(&self, person: &PersonId, media: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM progress WHERE person = ? AND media = ?")
            .bind(&person.0)
            .bind(media)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

async fn list(
    connection: &mut SqliteConnection,
    which: &str,
    binds: &[&str],
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let query = format!(
        "SELECT p.*, parties.name AS room_name, COALESCE(rooms.terminal = 0, 0) AS live FROM \
         (SELECT *, ROW_NUMBER() OVER (PARTITION BY person, media ORDER BY at DESC, room) AS newest FROM progress \
         WHERE person = ?) p LEFT JOIN parties ON parties.room = p.room LEFT JOIN rooms ON rooms.code = p.room \
         WHERE {which} ORDER BY p.at DESC, p.media LIMIT ?"
    );
    // The person comes twice: inside, so that only their rows are numbered, and in the condition.
    let mut query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(binds[0]);
    for bind in binds {
        query = query.bind(*bind);
    }
    let rows = query.bind(limit).fetch_all(connection).await?;
    let mut listed = Vec::with_capacity(rows.len());
    for row in rows {
        listed.push(Listed {
            progress: Progress {
                person: PersonId(row.try_get("person")?),
                room: row.try_get("room")?,
                media: row.try_get("media")?,
                kind: row.try_get("kind")?,
                title: row.try_get("title")?,
                position: row.try_get("position")?,
                duration: row.try_get("duration")?,
                completed: row.try_get("completed")?,
                at: ServerTime(row.try_get("at")?),
            },
            room_name: row.try_get("room_name")?,
            live: row.try_get("live")?,
        });
    }
    Ok(listed)
}

enum Job {
    Write(Vec<Step>),
    Flush(oneshot::Sender<()>),
}

/// The way from rooms to the database: hands batches over without waiting.
#[derive(Clone, Debug)]
pub struct ProgressWriter {
    jobs: mpsc::Sender<Job>,
}

impl ProgressWriter {
    /// Starts the task that writes.
    ///
    /// # Errors
    /// [`StoreError::Statement`] where the database does not let itself be opened once more.
    pub async fn start(store: &Store) -> Result<Self, StoreError> {
        let mut connection = SqliteConnection::connect_with(&store.writer_options()).await?;
        let (jobs, mut inbox) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            while let Some(job) = inbox.recv().await {
                let steps: Vec<Step> = match job {
                    Job::Write(steps) => steps,
                    Job::Flush(done) => {
                        let _ = done.send(());
                        continue;
                    }
                };
                for steps in steps.chunks(ROWS) {
                    if let Err(error) = write(&mut connection, steps).await {
                        // Where they are is told anew in the next round.
                        tracing::warn!(%error, people = steps.len(), "progress not written");
                    }
                }
            }
        });
        Ok(Self { jobs })
    }

    /// Hands a batch over; gives it back where too many wait already.
    ///
    /// # Errors
    /// The batch.
    pub fn write(&self, steps: Vec<Step>) -> Result<(), Vec<Step>> {
        self.jobs
            .try_send(Job::Write(steps))
            .map_err(|error| match error.into_inner() {
                Job::Write(steps) => steps,
                Job::Flush(_) => Vec::new(),
            })
    }

    /// Waits until everything handed over so far is written.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.jobs.send(Job::Flush(done)).await.is_ok() {
            let _ = written.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann(media: &str, position: f64, seeked: bool) -> Step {
        let duration = Some(6000.0);
        Step {
            progress: Progress {
                person: PersonId("guest:ann".into()),
                room: String::new(),
                media: media.into(),
                kind: "library".into(),
                title: media.to_uppercase(),
                position,
                duration,
                completed: Progress::is_completed(position, duration),
                at: ServerTime(1),
            },
            seeked,
        }
    }

    async fn store() -> (Store, tempfile::TempDir) {
        let data = tempfile::tempdir().expect("a folder");
        (Store::open(data.path()).await.expect("a database"), data)
    }

    #[tokio::test]
    async fn a_position_only_grows_unless_somebody_goes_back_on_purpose() {
        let (store, _data) = store().await;
        for (position, seeked, kept, completed) in [
            (100.0, false, 100.0, false),
            (100.0, false, 100.0, false),
            (50.0, false, 100.0, false),
            (40.0, true, 40.0, false),
            (5990.0, false, 5990.0, true),
            (10.0, false, 5990.0, true),
            (10.0, true, 10.0, false),
        ] {
            let stored = store.put_progress(ann("film", position, seeked)).await;
            let of = stored.expect("written").progress;
            assert_eq!((of.position, of.completed), (kept, completed));
        }
        let all = store
            .progress(&PersonId("guest:ann".into()), true, 10)
            .await;
        assert_eq!(all.expect("read").len(), 1);
    }

    #[tokio::test]
    async fn a_batch_with_the_same_row_twice_keeps_the_newest() {
        let (store, _data) = store().await;
        let writer = ProgressWriter::start(&store).await.expect("a writer");
        let batch = vec![
            ann("a", 10.0, false),
            ann("a", 30.0, false),
            ann("b", 7.0, true),
        ];
        writer.write(batch).expect("room");
        writer.flush().await;
        let person = PersonId("guest:ann".into());
        let listed = store.progress(&person, false, 10).await.expect("read");
        let positions: Vec<f64> = listed.iter().map(|of| of.progress.position).collect();
        assert_eq!(positions, [30.0, 7.0]);
        store
            .forget_progress(&person, "a")
            .await
            .expect("forgotten");
        let left = store.progress(&person, false, 10).await.expect("read");
        assert_eq!(left.len(), 1);
    }

    #[test]
    fn credits_count_as_seen_and_a_clip_does_not_count_at_once() {
        for (position, duration, seen) in [
            (5690.0, Some(6000.0), false),
            (5700.0, Some(6000.0), true),
            (1200.0, Some(1320.0), true),
            (1199.0, Some(1320.0), false),
            (1.0, Some(60.0), false),
            (57.0, Some(60.0), true),
            (1e9, None, false),
        ] {
            assert_eq!(
                Progress::is_completed(position, duration),
                seen,
                "{position}"
            );
        }
    }
}
