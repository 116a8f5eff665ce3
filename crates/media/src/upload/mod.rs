//! Uploads: files that members bring into a room.
//!
//! Bytes go to one file per upload, in order; how many have arrived is that file's length, so that a crash loses
//! nothing that was written and a resumed upload goes on where it was. Film and music only, by name and by
//! content. A film whose index is in front can be watched while the rest still arrives: [`Growth`] lets a
//! body wait for its next bytes. Limits are checked before a byte is taken.
//!
//! Not here: who may upload (the room's rights), and the words of tus or of any other protocol.
mod chunks;
mod error;
mod keep;
mod limits;
mod one;
mod record;
mod sniff;
#[cfg(test)]
mod tests;
mod writer;

pub use chunks::{ChunkWriter, Chunks};
pub use error::UploadError;
pub use limits::UploadLimits;
pub use writer::UploadWriter;

use crate::body::{Growth, Source};
use crate::delivery::MediaFile;
use crate::id::MediaId;
use crate::medium::{Container, Medium, MediumState, container_by_extension};
use crate::probe::{self, Outcome};
use crate::root::Stamp;
use crate::tools::Tools;
use keep::keep;
use one::Upload;
use record::{Record, Stage, data};
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Characters kept of a file's name; file systems allow 255 bytes, and nobody reads more.
const MAX_NAME: usize = 200;
/// An upload that is still arriving is looked into at these sizes, and again at each doubling.
const FIRST_LOOK: u64 = 256 * 1024;
/// Left free on the disk, whatever is uploaded: the database needs room to write what people do.
const DISK_RESERVE: u64 = 512 * 1024 * 1024;

/// An upload to be made.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// For which room.
    pub room: String,
    /// By whom, across rooms.
    pub person: String,
    /// The file's name.
    pub name: String,
    /// Bytes in all.
    pub size: u64,
}

/// An upload as it stands.
#[derive(Debug, Clone)]
pub struct UploadView {
    /// Its name in rooms and addresses.
    pub id: MediaId,
    /// For which room.
    pub room: String,
    /// By whom, across rooms.
    pub person: String,
    /// The file's name, cleaned.
    pub name: String,
    /// Bytes in all.
    pub size: u64,
    /// Bytes that have arrived.
    pub offset: u64,
    /// When an unfinished one is dropped unless bytes arrive: milliseconds since 1970.
    pub expires_ms: Option<u64>,
    /// Of one that comes in pieces in any order, until its sender said that it is complete.
    pub chunks: Option<Chunks>,
    /// What is known of its content. [`MediumState::Copying`] until it could be watched.
    pub medium: Arc<Medium>,
}

/// All uploads of a server.
#[derive(Debug, Clone)]
pub struct Uploads {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    limits: UploadLimits,
    tools: Tools,
    uploads: Mutex<HashMap<MediaId, Arc<Upload>>>,
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

impl Uploads {
    /// Takes up what is in `folder` from an earlier run. Blocking: looks at one small file an upload.
    pub fn open(folder: PathBuf, limits: UploadLimits, tools: Tools) -> Self {
        let mut uploads = HashMap::new();
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match Record::read(&path) {
                Some(record) => {
                    uploads.insert(record.id, Arc::new(Upload::taken_up(path, record)));
                }
                // A folder without a readable record was being made or removed: nobody can name it.
                None => drop(std::fs::remove_dir_all(&path)),
            }
        }
        let shared = Arc::new(Shared {
            folder,
            limits,
            tools,
            uploads: Mutex::new(uploads),
        });
        Self { shared }
    }

    /// Looks into what was taken up from an earlier run, in the background of the runtime that is current.
    pub fn look_at_all(&self) {
        for upload in self.all() {
            self.look_when_due(&upload);
        }
    }

    /// Makes room for a new upload, or says why not; nothing of it has to be sent before.
    ///
    /// # Errors
    /// [`UploadError`]: no media by its name, or over one of the limits.
    pub async fn create(&self, new: NewUpload) -> Result<UploadView, UploadError> {
        self.make(new, None).await
    }

    /// As [`Uploads::create`], for pieces of `length` bytes that come in any order.
    ///
    /// # Errors
    /// Also [`UploadError::BadChunks`].
    pub async fn create_in_chunks(
        &self,
        new: NewUpload,
        length: u64,
    ) -> Result<UploadView, UploadError> {
        let chunks = Chunks::of(new.size, length)?;
        self.make(new, Some(chunks)).await
    }

    /// Writes one of an upload's pieces; several may be written at a time.
    ///
    /// # Errors
    /// [`UploadError::NotFound`], also for one that does not come in pieces, and [`UploadError::NoSuchChunk`].
    pub async fn write_chunk(&self, id: &MediaId, index: u64) -> Result<ChunkWriter, UploadError> {
        let upload = self.shared.find(id).ok_or(UploadError::NotFound)?;
        ChunkWriter::begin(self.clone(), upload, index).await
    }

    /// The sender of an upload in pieces says that this is all; from then on it is an upload like any other.
    ///
    /// # Errors
    /// [`UploadError::NotFound`], or [`UploadError::Missing`], with which it stays open.
    pub async fn complete(&self, id: &MediaId) -> Result<UploadView, UploadError> {
        let upload = self.shared.find(id).ok_or(UploadError::NotFound)?;
        let held = upload.writing.lock().await;
        let record = {
            let mut record = upload.record();
            let chunks = record.chunks.as_ref().ok_or(UploadError::NotFound)?;
            let count = chunks.total() - chunks.received();
            if count > 0 {
                return Err(UploadError::Missing { count });
            }
            record.chunks = None;
            record.clone()
        };
        let folder = upload.folder.clone();
        tokio::task::spawn_blocking(move || record.write(&folder))
            .await
            .unwrap_or_else(|ended| Err(std::io::Error::other(ended)))?;
        drop(held);
        Ok(self.view(&upload))
    }

    async fn make(
        &self,
        new: NewUpload,
        chunks: Option<Chunks>,
    ) -> Result<UploadView, UploadError> {
        let limits = self.shared.limits;
        let name: String = crate::title::plain(new.name.rsplit(['/', '\\']).next().unwrap_or(""))
            .trim()
            .chars()
            .take(MAX_NAME)
            .collect();
        if container(&name).is_none() {
            return Err(UploadError::NotMedia { name });
        }
        if new.size == 0 {
            return Err(UploadError::Empty);
        }
        if new.size > limits.file {
            return Err(UploadError::TooLarge { most: limits.file });
        }
        let id = MediaId::random();
        let folder = self.shared.folder.join(id.to_string());
        let mut record = Record::new(id, new.room, new.person, name, new.size, now_ms());
        record.chunks = chunks;
        {
            // Checked and entered under one lock: two at once can't both take the last place.
            let mut uploads = self.shared.uploads();
            limits.fits(&uploads, &record)?;
            let upload = Upload::taken_up(folder.clone(), record.clone());
            uploads.insert(id, Arc::new(upload));
        }
        let disk = self.shared.folder.clone();
        let outstanding = self.shared.outstanding();
        let made = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&disk)?;
            // What other uploads still have to bring is taken already.
            let free = fs4::available_space(&disk)?.saturating_sub(DISK_RESERVE);
            if outstanding > free {
                return Err(UploadError::DiskFull);
            }
            std::fs::create_dir_all(&folder)?;
            File::create(data(&folder))?;
            record.write(&folder)?;
            Ok(())
        })
        .await
        .unwrap_or_else(|ended| Err(std::io::Error::other(ended).into()));
        if let Err(error) = made {
            self.remove(&id).await;
            return Err(error);
        }
        self.get(&id).ok_or(UploadError::NotFound)
    }

    /// How an upload stands.
    pub fn get(&self, id: &MediaId) -> Option<UploadView> {
        self.shared.find(id).map(|upload| self.view(&upload))
    }

    /// Every upload, in no order.
    pub fn everything(&self) -> Vec<UploadView> {
        self.all().iter().map(|upload| self.view(upload)).collect()
    }

    /// The uploads of a room, oldest first.
    pub fn of_room(&self, room: &str) -> Vec<UploadView> {
        let mut found: Vec<UploadView> = self
            .all()
            .iter()
            .filter(|upload| upload.record().room == room)
            .map(|upload| self.view(upload))
            .collect();
        found.sort_by_key(|view| view.medium.modified_ms);
        found
    }

    /// Rooms that have uploads.
    pub fn rooms(&self) -> Vec<String> {
        let mut rooms: Vec<String> = self.all().iter().map(|u| u.record().room.clone()).collect();
        rooms.sort();
        rooms.dedup();
        rooms
    }

    /// Goes on writing an upload at `offset`, which must be where it is. An older writer of it is stopped.
    ///
    /// # Errors
    /// [`UploadError::NotFound`] or [`UploadError::WrongOffset`].
    pub async fn write(&self, id: &MediaId, offset: u64) -> Result<UploadWriter, UploadError> {
        let upload = self.shared.find(id).ok_or(UploadError::NotFound)?;
        UploadWriter::begin(self.clone(), upload, offset).await
    }

    /// Removes an upload with its bytes; whoever watches it right now reads on from the open file.
    pub async fn remove(&self, id: &MediaId) -> bool {
        let Some(upload) = self.shared.uploads().remove(id) else {
            return false;
        };
        upload.removed.store(true, Ordering::Relaxed);
        upload.turn.fetch_add(1, Ordering::Relaxed);
        // Whoever writes a piece or the record right now ends first: nothing may come back after the folder went.
        let _held = upload.writing.lock().await;
        // Bodies that wait for bytes learn that none will come.
        upload.arrived.send_replace(u64::MAX);
        let folder = upload.folder.clone();
        let removed = tokio::task::spawn_blocking(move || {
            // Another process on its way out may have put a file in between looking and removing.
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {
                    std::fs::remove_dir_all(&folder)
                }
                done => done,
            }
        })
        .await;
        if let Ok(Err(error)) = removed
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(upload = %id, %error, "upload not removed from the disk");
        }
        true
    }

    /// Removes all uploads of a room; how many.
    pub async fn remove_room(&self, room: &str) -> usize {
        let ids: Vec<MediaId> = self.of_room(room).iter().map(|view| view.id).collect();
        for id in &ids {
            self.remove(id).await;
        }
        ids.len()
    }

    /// Removes unfinished uploads for which nothing arrived for too long; how many.
    pub async fn sweep(&self) -> usize {
        let now = now_ms();
        let stale: Vec<MediaId> = self
            .all()
            .iter()
            .filter(|upload| {
                upload
                    .expires_ms(self.shared.limits.expiry)
                    .is_some_and(|at| at <= now)
            })
            .map(|upload| upload.record().id)
            .collect();
        for id in &stale {
            self.remove(id).await;
        }
        stale.len()
    }

    /// Opens an upload for delivery; what has not arrived yet is waited for.
    ///
    /// # Errors
    /// [`crate::MediaError`]: unknown, not watchable yet, or unreadable.
    pub async fn open_media(&self, id: &MediaId) -> Result<MediaFile, crate::MediaError> {
        use crate::MediaError;
        let upload = self
            .shared
            .find(id)
            .ok_or(MediaError::NotFound { id: *id })?;
        let medium = upload.medium();
        match (medium.state, &medium.problem) {
            (MediumState::Copying, _) => return Err(MediaError::Copying),
            (_, Some(problem)) => {
                return Err(MediaError::Unreadable {
                    reason: problem.message.trim_end_matches('.').to_owned(),
                });
            }
            _ => {}
        }
        let path = data(&upload.folder);
        let opened = tokio::task::spawn_blocking(move || File::open(path)).await;
        let file = opened
            .unwrap_or_else(|ended| Err(std::io::Error::other(ended)))
            .map_err(|_| MediaError::Gone)?;
        let record = upload.record();
        let source = Source {
            file: Arc::new(file),
            stamp: Stamp {
                size: record.size,
                modified_ns: 0,
            },
            growth: Some(Growth::new(upload.arrived.subscribe())),
            head: None,
        };
        // The bytes behind an id never change, so the id is a strong validator; also while they arrive.
        let modified = UNIX_EPOCH + Duration::from_millis(record.created_ms);
        let tag = format!("\"up-{id}\"");
        Ok(MediaFile::of(source, tag, modified, medium.mime.clone()))
    }

    /// Gives a finished upload a second name in `folder`, as its file was called; both names stay good.
    ///
    /// # Errors
    /// [`UploadError`]: unknown, unfinished (`Copying` counts as not found), or the disk refuses.
    pub async fn keep(&self, id: &MediaId, folder: PathBuf) -> Result<PathBuf, UploadError> {
        let upload = self.shared.find(id).ok_or(UploadError::NotFound)?;
        let record = upload.record().clone();
        if record.stage != Stage::Ready {
            return Err(UploadError::NotFound);
        }
        let from = data(&upload.folder);
        tokio::task::spawn_blocking(move || keep(&from, &folder, &record.name))
            .await
            .unwrap_or_else(|ended| Err(std::io::Error::other(ended)))
            .map_err(UploadError::from)
    }

    fn all(&self) -> Vec<Arc<Upload>> {
        self.shared.uploads().values().cloned().collect()
    }

    fn view(&self, upload: &Upload) -> UploadView {
        let record = upload.record().clone();
        UploadView {
            id: record.id,
            room: record.room,
            person: record.person,
            name: record.name,
            size: record.size,
            offset: upload.offset(),
            expires_ms: upload.expires_ms(self.shared.limits.expiry),
            chunks: record.chunks,
            medium: upload.medium(),
        }
    }

    /// Looks into an upload, in the background, where enough has arrived since the last time.
    fn look_when_due(&self, upload: &Arc<Upload>) {
        let (offset, size) = (upload.offset(), upload.record().size);
        let due = upload.look_at.load(Ordering::Relaxed);
        if offset < due.min(size) {
            return;
        }
        let next = if offset >= size { u64::MAX } else { offset * 2 };
        if upload
            .look_at
            .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
            .is_err()
        {
            return; // somebody else just began
        }
        let (uploads, upload) = (self.clone(), upload.clone());
        tokio::spawn(async move { uploads.look(&upload, offset >= size).await });
    }

    async fn look(&self, upload: &Arc<Upload>, whole: bool) {
        let (name, size) = {
            let record = upload.record();
            (record.name.clone(), record.size)
        };
        let hint = container(&name).unwrap_or(Container::Other);
        let path = data(&upload.folder);
        let Ok(Ok(file)) = tokio::task::spawn_blocking(move || File::open(path)).await else {
            return;
        };
        let outcome = if whole {
            probe::look(&self.shared.tools, file, size, hint).await
        } else {
            probe::look_at_beginning(&self.shared.tools, file, hint).await
        };
        match (&outcome, whole) {
            // Not watchable from its beginning (the index is at its end): wait for the rest.
            (Outcome::Broken(_) | Outcome::Failed(_), false) => {}
            (Outcome::Found(_), false) => upload.show(&outcome),
            (Outcome::Found(_) | Outcome::Failed(_), true) => {
                upload.show(&outcome);
                self.settle(upload, Stage::Ready).await;
            }
            (Outcome::Broken(problem), true) => {
                upload.show(&outcome);
                self.settle(upload, Stage::Broken(problem.clone())).await;
            }
        }
    }

    /// Keeps what an upload turned out to be. The bytes of a broken one are of no use to anybody.
    async fn settle(&self, upload: &Arc<Upload>, stage: Stage) {
        let broken = matches!(stage, Stage::Broken(_));
        let _held = upload.writing.lock().await;
        if upload.removed.load(Ordering::Relaxed) {
            return;
        }
        let record = {
            let mut record = upload.record();
            record.stage = stage;
            record.clone()
        };
        let folder = upload.folder.clone();
        let kept = tokio::task::spawn_blocking(move || {
            record.write(&folder)?;
            if broken {
                File::create(data(&folder))?;
            }
            std::io::Result::Ok(())
        });
        if let Ok(Err(error)) = kept.await {
            tracing::warn!(%error, "what was found in an upload could not be kept");
        }
    }
}

impl Shared {
    fn uploads(&self) -> MutexGuard<'_, HashMap<MediaId, Arc<Upload>>> {
        // Map operations and sums only.
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: &MediaId) -> Option<Arc<Upload>> {
        self.uploads().get(id).cloned()
    }

    /// Bytes that unfinished uploads still have to bring.
    fn outstanding(&self) -> u64 {
        let uploads = self.uploads();
        uploads
            .values()
            .filter(|upload| upload.record().stage == Stage::Receiving)
            .map(|upload| upload.record().size.saturating_sub(upload.offset()))
            .fold(0, u64::saturating_add)
    }
}

/// What a name's extension promises.
fn container(name: &str) -> Option<Container> {
    container_by_extension(Path::new(name).extension()?.to_str()?)
}
