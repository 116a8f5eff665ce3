//! The library by paths: for wire formats that name a film by where it lies below a media folder.
//!
//! A path that comes in only ever picks an entry of the index, by the same digest that ids are made of; no file is
//! opened by it. What goes out is relative to its root, with `/` between parts.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::id::MediaId;
use crate::index::Entry;
use crate::library::Library;
use crate::medium::{Medium, MediumState};

/// Longest path that is looked at, in bytes: Linux's `PATH_MAX` is four times this, and no library comes near.
const MAX_PATH: usize = 1024;

/// A film and where it lies.
#[derive(Debug, Clone)]
pub struct Placed {
    /// What is known of it.
    pub medium: Arc<Medium>,
    /// Its path below its root, `/` between parts.
    pub path: String,
    /// When its file was last changed: nanoseconds since 1970.
    pub modified_ns: i64,
}

impl Placed {
    fn of(entry: Entry) -> Option<Self> {
        let path = text(&entry.relative)?;
        Some(Self {
            medium: entry.medium,
            path,
            modified_ns: entry.stamp.modified_ns,
        })
    }
}

/// A path as it may come from outside: `\` is `/`, slashes in front and empty parts are nothing. `None` where it is too
/// long, holds a NUL or a `..`.
fn inner(path: &str) -> Option<PathBuf> {
    if path.len() > MAX_PATH || path.contains('\0') {
        return None;
    }
    let path = path.replace('\\', "/");
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    let mut clean = PathBuf::new();
    for part in parts {
        let mut components = Path::new(part).components();
        match (components.next(), components.next()) {
            (Some(Component::Normal(part)), None) => clean.push(part),
            _ => return None,
        }
    }
    Some(clean)
}

/// As it is shown; `None` for names that are no text.
fn text(relative: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/"))
}

impl Library {
    /// Paths of all media that can be opened, at or below `path` (empty for all), in the order of their bytes. Nothing
    /// for a path that leads nowhere or out.
    pub fn paths(&self, path: &str) -> Vec<String> {
        let Some(below) = inner(path) else {
            return Vec::new();
        };
        let open = |entry: &Entry| {
            let state = entry.medium.state;
            entry.relative.starts_with(&below)
                && matches!(state, MediumState::Pending | MediumState::Ready)
        };
        let path = |entry: &Entry| open(entry).then(|| text(&entry.relative)).flatten();
        let mut paths: Vec<String> = self.shared.index.collect(path);
        paths.sort_unstable();
        // Two roots may hold the same path; the first root's is meant.
        paths.dedup();
        paths
    }

    /// The medium at a path below any of the roots; `None` also for a path that leads out.
    pub fn at(&self, path: &str) -> Option<Placed> {
        let relative = inner(path).filter(|path| !path.as_os_str().is_empty())?;
        self.shared.roots.iter().find_map(|root| {
            let id = MediaId::of(root.path(), &relative);
            Placed::of(self.shared.index.get(&id)?)
        })
    }

    /// Where a medium lies.
    pub fn place_of(&self, id: &MediaId) -> Option<Placed> {
        Placed::of(self.shared.index.get(id)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_from_outside_leads_up() {
        for (path, clean) in [
            ("", Some("")),
            ("a/b.mp4", Some("a/b.mp4")),
            ("/a//./b.mp4", Some("a/b.mp4")),
            ("a\\b.mp4", Some("a/b.mp4")),
            ("..", None),
            ("a/../b.mp4", None),
            ("..\\b.mp4", None),
            ("a\0b", None),
            ("...", Some("...")),
        ] {
            assert_eq!(inner(path), clean.map(PathBuf::from), "{path:?}");
        }
        assert_eq!(inner(&"x".repeat(MAX_PATH + 1)), None);
    }
}
