//! What can go wrong, with a stable code and a sentence for people.
//!
//! [`LibraryError`] and [`LibraryWarning`] speak to the operator and name paths. [`MediaError`] speaks to
//! viewers and never does.

use std::io;
use std::path::PathBuf;

use http::StatusCode;
use serde::Serialize;

use crate::id::MediaId;

/// Why a library can't be opened. For the operator, at start.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The folder named as a media root isn't there.
    #[error("The media folder {path:?} does not exist. Create it, or name another folder.")]
    RootMissing {
        /// As it was named.
        path: PathBuf,
    },
    /// The media root is a file or something else that can't hold media.
    #[error("{path:?} is not a folder. Name the folder that holds your media.")]
    RootNotAFolder {
        /// As it was named.
        path: PathBuf,
    },
    /// The folder is there, but may not be read.
    #[error(
        "The media folder {path:?} can't be read ({source}). Give the server's user read and search rights on it."
    )]
    RootUnreadable {
        /// As it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The thread that scans couldn't be started.
    #[error(
        "The library's scan could not start ({source}). The system is out of threads or memory."
    )]
    ScanNotStarted {
        /// What the system said.
        source: io::Error,
    },
}

impl LibraryError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RootMissing { .. } => "media_root_missing",
            Self::RootNotAFolder { .. } => "media_root_not_a_folder",
            Self::RootUnreadable { .. } => "media_root_unreadable",
            Self::ScanNotStarted { .. } => "media_scan_not_started",
        }
    }
}

/// Something the operator should know about a library that goes on working.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LibraryWarning {
    /// Stable code: `media_root_unreadable`, `media_watch_unavailable`, `media_limit_reached`,
    /// `media_folder_unreadable` or `media_cache_unusable`.
    pub code: &'static str,
    /// What happened, where, and what to do. Names paths: for the operator only.
    pub message: String,
}

/// Why a medium can't be delivered. For viewers: never names a path.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// No medium has this id.
    #[error(
        "There is no medium {id} in the library. It may have been renamed or removed: pick it again."
    )]
    NotFound {
        /// As asked for.
        id: MediaId,
    },
    /// It was listed a moment ago, and its file is not there any more.
    #[error("The file of this medium is gone from the disk. Pick another, or put it back.")]
    Gone,
    /// Its file is still being written.
    #[error("This medium is still being copied into the library. Try again in a moment.")]
    Copying,
    /// The file is there, but can't be read.
    #[error("The file of this medium can't be read ({reason}).")]
    Unreadable {
        /// What the system said, without the path.
        reason: String,
    },
}

impl MediaError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "media_not_found",
            Self::Gone => "media_gone",
            Self::Copying => "media_copying",
            Self::Unreadable { .. } => "media_unreadable",
        }
    }

    /// The HTTP status that says the same.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Gone => StatusCode::GONE,
            Self::Copying => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreadable { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
