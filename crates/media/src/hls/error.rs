//! Why a converted medium can't be had, with stable codes and sentences for viewers.

use http::StatusCode;
use std::time::Duration;

use crate::error::MediaError;

/// Why there is no segment, playlist or subtitle.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HlsError {
    /// ffmpeg isn't installed, can't encode H.264, or the operator turned converting off.
    #[error(
        "This server doesn't convert films ({reason}). Choose a file that browsers play: MP4 with H.264 and AAC always works."
    )]
    Unavailable {
        /// What stands in the way.
        reason: String,
    },
    /// The file can't be opened.
    #[error("{message}")]
    Media {
        /// As of [`MediaError::code`].
        code: &'static str,
        /// As of [`MediaError::status`].
        status: StatusCode,
        /// As it says.
        message: String,
    },
    /// There is nothing of that name.
    #[error("There is no such part of this film. Reload the page.")]
    NotFound,
    /// The file says too little of itself to be converted.
    #[error("This film can't be converted: {reason}.")]
    Unsuitable {
        /// What is missing.
        reason: String,
    },
    /// As many films are being converted, and waiting for it, as this server takes.
    #[error("The server is busy converting other films. Yours is tried again in a moment.")]
    Busy,
    /// It takes longer than a request should.
    #[error("This part of the film is still being converted. It is tried again in a moment.")]
    NotYet,
    /// ffmpeg gave up.
    #[error(
        "Converting this film failed here ({reason}). Skip a little further, or choose another file."
    )]
    Failed {
        /// What it said last, or how it ended.
        reason: String,
    },
    /// ffmpeg was silent for too long and was killed.
    #[error(
        "Converting this film stood still for {seconds} s and was stopped. Its disk may be very slow, or the file is damaged here: skip a little further."
    )]
    Hung {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The disk is full.
    #[error(
        "The server's disk is full, so films can't be converted. Its operator has to make room."
    )]
    DiskFull,
}

impl HlsError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "transcode_unavailable",
            Self::Media { code, .. } => code,
            Self::NotFound => "segment_not_found",
            Self::Unsuitable { .. } => "transcode_unsuitable",
            Self::Busy => "transcode_busy",
            Self::NotYet => "segment_not_ready",
            Self::Failed { .. } => "transcode_failed",
            Self::Hung { .. } => "transcode_hung",
            Self::DiskFull => "transcode_disk_full",
        }
    }

    /// The HTTP status that says the same.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unavailable { .. } => StatusCode::NOT_IMPLEMENTED,
            Self::Media { status, .. } => *status,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unsuitable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy | Self::NotYet => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed { .. } | Self::Hung { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Self::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    /// When asking again makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy => Some(Duration::from_secs(3)),
            Self::NotYet => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}

impl From<MediaError> for HlsError {
    fn from(error: MediaError) -> Self {
        Self::Media {
            code: error.code(),
            status: error.status(),
            message: error.to_string(),
        }
    }
}
