//! Staging: from a path to what is on in the room.
use super::Staged;
use super::encode::etag_of;
use crate::hub::{CallError, RoomHandle};
use crate::shelf::ShelfError;
use axum::http::StatusCode;
use watchalong_media::MediumState;
use watchalong_room::{Actor, Command, Position};

/// Extensions that are listed and can be staged: what browsers play, or may.
const LISTED: [&str; 5] = ["mp4", "m4v", "mkv", "webm", "mov"];

/// Why a file can't be staged.
#[derive(Debug, thiserror::Error)]
pub(super) enum StageError {
    /// No path, a path that leads out, or none of a film.
    #[error("This is not the path of a film below the media folder. Choose one of the list.")]
    BadPath,
    /// Nothing there.
    #[error("There is no such file. Look at the list again.")]
    NotFound,
    /// Still being copied, or broken.
    #[error("This file can't be shown yet: {0}")]
    NotReady(String),
    /// The room would not, or could not.
    #[error(transparent)]
    Room(#[from] CallError),
}

impl StageError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::BadPath => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotReady(_) => StatusCode::CONFLICT,
            Self::Room(CallError::Refused(_)) => StatusCode::FORBIDDEN,
            Self::Room(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

fn is_listed(path: &str) -> bool {
    let extension = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let extension = extension.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|e| LISTED.iter().any(|known| e.eq_ignore_ascii_case(known)))
}

/// What the format's own scripts make.
fn is_wp(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.ends_with(".wp.mp4") || path.ends_with(".webm")
}

impl Staged {
    /// Paths of films at or below `path`.
    pub(super) fn list(&self, path: &str) -> Vec<String> {
        let mut paths = self.shelf.library.paths(path);
        paths.retain(|path| is_listed(path) && (!self.lists_wp || is_wp(path)));
        paths
    }

    /// Puts a file on, paused at its start, in the name of `actor`. Comes back with its tag once everybody was told.
    ///
    /// # Errors
    /// [`StageError`]; nothing has changed then.
    pub(super) async fn stage(
        &self,
        room: &RoomHandle,
        actor: Actor,
        path: &str,
    ) -> Result<String, StageError> {
        let climbs = path.split(['/', '\\']).any(|part| part == "..");
        if climbs || path.contains('\0') || !is_listed(path) {
            return Err(StageError::BadPath);
        }
        let placed = self.shelf.library.at(path).ok_or(StageError::NotFound)?;
        if placed.medium.state == MediumState::Copying {
            let why = "it is still being copied".to_owned();
            return Err(StageError::NotReady(why));
        }
        let media = self.shelf.from_library(&placed.medium.id.to_string());
        let media = media.map_err(|error| match error {
            ShelfError::Broken(why) => StageError::NotReady(why),
            ShelfError::NotFound
            | ShelfError::BadAddress
            | ShelfError::UnknownEmbed
            | ShelfError::NoFingerprint(_) => StageError::NotFound,
        })?;
        let load = Command::Load {
            media,
            position: Position::ZERO,
            play: false,
        };
        room.call(actor, load).await?;
        if let Some(table) = self.desk.table(room.code()) {
            table.cancel_gate();
        }
        Ok(etag_of(&placed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_films_are_listed_whatever_their_case() {
        for path in ["a.mp4", "x/A.MKV", "b.WebM", "c.m4v", "d.mov", "e.wp.mp4"] {
            assert!(is_listed(path), "{path}");
        }
        assert!(is_wp("a/B.WP.mp4") && is_wp("c.webm") && !is_wp("a.mp4"));
        for path in ["", "mp4", "a.txt", "a.mp4/b", "a.mp4.part", "manifest.json"] {
            assert!(!is_listed(path), "{path}");
        }
    }
}
