//! What can go wrong with an upload, with a stable code and a sentence for the person who uploads.
use http::StatusCode;
use std::io;

/// Why an upload does not go on.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// There is none under this address (any more).
    #[error("There is no such upload any more. Start it again.")]
    NotFound,
    /// Its name's extension is no kind of media.
    #[error(
        "\"{name}\" is no kind of film or music this server takes. MP4, WebM, MKV, MOV, AVI, MP3, FLAC and their like are."
    )]
    NotMedia {
        /// As it was given.
        name: String,
    },
    /// Its content is not what its name says.
    #[error(
        "This file is no film and no music, whatever its name says: its first bytes belong to something else."
    )]
    NotMediaInside,
    /// Nothing in it.
    #[error("This file is empty.")]
    Empty,
    /// Larger than one file may be.
    #[error("This file is too large: at most {} each are taken.", people(*.most))]
    TooLarge {
        /// Bytes.
        most: u64,
    },
    /// The room holds as much as it may.
    #[error("This room holds as many uploads as it may ({what}). Remove one first.")]
    RoomFull {
        /// Which bound, for people.
        what: String,
    },
    /// The person holds as much as they may.
    #[error(
        "You have as many uploads on this server as one person may ({}). Remove one first.", people(*.most)
    )]
    PersonFull {
        /// Bytes.
        most: u64,
    },
    /// The disk has no room for it.
    #[error("The server's disk has no room for this file. Ask whoever runs it to make some.")]
    DiskFull,
    /// Bytes for another place than the one reached.
    #[error("These bytes are for {given}, but {offset} have arrived. Ask again where to go on.")]
    WrongOffset {
        /// Where the sender thinks it is.
        given: u64,
        /// Where it is.
        offset: u64,
    },
    /// More bytes than were announced.
    #[error("More bytes came than were announced.")]
    TooMany,
    /// It can't be cut like this.
    #[error("An upload is cut into pieces of at least one byte, at most 100,000 of them.")]
    BadChunks,
    /// There is no such piece.
    #[error("This upload has no piece {index}.")]
    NoSuchChunk {
        /// As it was given.
        index: u64,
    },
    /// A piece ended before its length.
    #[error("This piece ended {left} bytes too early. Send it again.")]
    ChunkCut {
        /// Bytes missing.
        left: u64,
    },
    /// Pieces are missing.
    #[error("{count} pieces of this upload are missing.")]
    Missing {
        /// How many.
        count: u64,
    },
    /// The bytes' checksum is another.
    #[error("These bytes were damaged on the way. They are asked for again.")]
    Checksum,
    /// Another connection goes on with this upload.
    #[error("This upload goes on over another connection.")]
    TakenOver,
    /// The disk refused.
    #[error("The server could not write this ({0}). What has arrived is kept; try again.")]
    Disk(io::Error),
}

impl UploadError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "upload_not_found",
            Self::NotMedia { .. } => "upload_not_media",
            Self::NotMediaInside => "upload_not_media_inside",
            Self::Empty => "upload_empty",
            Self::TooLarge { .. } => "upload_too_large",
            Self::RoomFull { .. } => "upload_room_full",
            Self::PersonFull { .. } => "upload_person_full",
            Self::DiskFull => "disk_full",
            Self::WrongOffset { .. } => "upload_wrong_offset",
            Self::TooMany => "upload_too_many_bytes",
            Self::BadChunks => "upload_bad_chunks",
            Self::NoSuchChunk { .. } => "upload_no_such_chunk",
            Self::ChunkCut { .. } => "upload_chunk_cut",
            Self::Missing { .. } => "upload_incomplete",
            Self::Checksum => "upload_checksum",
            Self::TakenOver => "upload_taken_over",
            Self::Disk(_) => "upload_not_written",
        }
    }

    /// The HTTP status that says the same (tus 1.0 where it has a say).
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotMedia { .. } | Self::NotMediaInside => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Empty
            | Self::TooMany
            | Self::BadChunks
            | Self::NoSuchChunk { .. }
            | Self::ChunkCut { .. }
            | Self::Missing { .. } => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } | Self::RoomFull { .. } | Self::PersonFull { .. } => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::WrongOffset { .. } => StatusCode::CONFLICT,
            // tus: "460 Checksum Mismatch".
            Self::Checksum => StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST),
            Self::TakenOver => StatusCode::LOCKED,
            Self::Disk(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<io::Error> for UploadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            // A limit on the size of files of this process (`ulimit -f`) is as good as a full disk.
            io::ErrorKind::FileTooLarge => Self::DiskFull,
            _ => Self::Disk(error),
        }
    }
}

/// Bytes for people.
pub(super) fn people(bytes: u64) -> String {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let bytes = bytes as f64;
    units.iter().find(|(_, size)| bytes >= *size).map_or_else(
        || format!("{bytes} bytes"),
        |(unit, size)| format!("{} {unit}", (bytes / size * 10.0).round() / 10.0),
    )
}
