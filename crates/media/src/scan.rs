//! Finding the media files below a root. Blocking: runs on the library's own thread.
//!
//! A bad folder, a name that isn't text, a link to nowhere or out of the root: each is passed over, and the
//! walk goes on. What an operator should know comes back as warnings.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;

use crate::error::LibraryWarning;
use crate::medium::{Container, container_by_extension};
use crate::root::{Kind, Root, Stamp};

/// Deepest folder looked into. Libraries sort by kind, series, season; 16 leaves room for odd ones.
pub const MAX_DEPTH: usize = 16;

/// Most names read below one root. Guards against somebody naming `/` as a media folder.
pub const MAX_ENTRIES: usize = 500_000;

/// Most media kept of one root; some 1 KiB each.
pub const MAX_MEDIA: usize = 50_000;

/// A media file somewhere below a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) relative: PathBuf,
    pub(crate) stamp: Stamp,
    pub(crate) container: Container,
}

/// What a walk brought home.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) found: Vec<Found>,
    pub(crate) warnings: Vec<LibraryWarning>,
    /// A link to a folder was followed: the same file may be there under two paths.
    pub(crate) linked_folders: bool,
    entries: usize,
    unreadable: usize,
    first_unreadable: Option<PathBuf>,
    limited: bool,
}

/// Whether a path below a root can be media at all, by its names alone.
pub(crate) fn may_hold_media(relative: &Path) -> bool {
    relative.components().count() <= MAX_DEPTH + 1 && relative.iter().all(|name| !is_hidden(name))
}

/// Walks from `start` (a file or folder below `root`; empty for all). `stop` is asked between names.
///
/// # Errors
/// Only when the root itself can't be read: then nothing is known about what is below it.
pub(crate) fn walk(root: &Root, start: &Path, stop: impl Fn() -> bool) -> io::Result<Walk> {
    let handle = root.handle()?;
    let mut walk = Walk::default();
    if !may_hold_media(start) {
        return Ok(walk);
    }
    if start.as_os_str().is_empty() {
        root.open_folder(&handle, start)?.entries()?;
    }
    walk.visit(root, &handle, start, &mut Vec::new(), &stop);
    walk.conclude(root);
    Ok(walk)
}

impl Walk {
    /// `ancestors` identify the folders between the root and here, so that links can't go in circles.
    fn visit(
        &mut self,
        root: &Root,
        handle: &Dir,
        path: &Path,
        ancestors: &mut Vec<(u64, u64)>,
        stop: &impl Fn() -> bool,
    ) {
        match root.kind(handle, path) {
            Ok(Kind::File(stamp)) => self.file(path, stamp),
            Ok(Kind::Folder(identity)) => {
                if identity.is_some_and(|identity| ancestors.contains(&identity)) {
                    return;
                }
                if path.components().count() > MAX_DEPTH {
                    self.limited = true;
                    return;
                }
                ancestors.push(identity.unwrap_or_default());
                self.folder(root, handle, path, ancestors, stop);
                ancestors.pop();
            }
            Ok(Kind::Other) => {}
            Err(error) => self.passed_over(path, &error),
        }
    }

    fn folder(
        &mut self,
        root: &Root,
        handle: &Dir,
        path: &Path,
        ancestors: &mut Vec<(u64, u64)>,
        stop: &impl Fn() -> bool,
    ) {
        let names = match root
            .open_folder(handle, path)
            .and_then(|folder| folder.entries())
        {
            Ok(names) => names,
            Err(error) => return self.passed_over(path, &error),
        };
        for entry in names {
            if stop() {
                return;
            }
            self.entries += 1;
            if self.entries > MAX_ENTRIES || self.found.len() >= MAX_MEDIA {
                self.limited = true;
                return;
            }
            let Ok(entry) = entry else {
                self.unreadable += 1;
                continue;
            };
            let name = entry.file_name();
            if is_hidden(&name) {
                continue;
            }
            let below = path.join(&name);
            let kind = entry.file_type();
            // Most names are neither folders nor media; they cost no further question to the disk.
            let file = kind.as_ref().is_ok_and(cap_std::fs::FileType::is_file);
            if file && container_of(&below).is_none() {
                continue;
            }
            if kind.is_ok_and(|kind| kind.is_symlink())
                && matches!(root.kind(handle, &below), Ok(Kind::Folder(_)))
            {
                self.linked_folders = true;
            }
            self.visit(root, handle, &below, ancestors, stop);
        }
    }

    fn file(&mut self, path: &Path, stamp: Stamp) {
        if let Some(container) = container_of(path) {
            self.found.push(Found {
                relative: path.to_owned(),
                stamp,
                container,
            });
        }
    }

    fn passed_over(&mut self, path: &Path, error: &io::Error) {
        // Gone between listing and looking, or a link to nowhere: nothing to tell anybody.
        if error.kind() != io::ErrorKind::NotFound {
            self.unreadable += 1;
            self.first_unreadable.get_or_insert_with(|| path.to_owned());
        }
    }

    fn conclude(&mut self, root: &Root) {
        if self.limited {
            let message = format!(
                "The media folder {:?} holds more than is listed: at most {MAX_MEDIA} media, {MAX_ENTRIES} names and \
                 {MAX_DEPTH} levels. Name the folders with media in them instead.",
                root.path()
            );
            self.warnings.push(LibraryWarning {
                code: "media_limit_reached",
                message,
            });
        }
        if self.unreadable > 0 {
            let example = self.first_unreadable.as_deref().unwrap_or(Path::new("?"));
            let message = format!(
                "{} names below {:?} were passed over, {example:?} the first: no right to read them, or links that \
                 lead out of the media folder.",
                self.unreadable,
                root.path()
            );
            self.warnings.push(LibraryWarning {
                code: "media_folder_unreadable",
                message,
            });
        }
    }
}

fn container_of(path: &Path) -> Option<Container> {
    container_by_extension(path.extension()?.to_str()?)
}

/// Hidden files, and what systems and appliances leave lying about.
fn is_hidden(name: &OsStr) -> bool {
    const SYSTEM: &[&str] = &[
        "@eaDir",
        "#recycle",
        "lost+found",
        "$RECYCLE.BIN",
        "System Volume Information",
    ];
    name.as_encoded_bytes().first() == Some(&b'.') || SYSTEM.iter().any(|system| name == *system)
}

/// The folder of `relative`, for people: `/` between parts.
pub(crate) fn collection_of(relative: &Path) -> String {
    let parts: Vec<String> = relative
        .parent()
        .into_iter()
        .flat_map(Path::iter)
        .map(|part| crate::title::plain(&part.to_string_lossy()))
        .collect();
    parts.join("/")
}

/// Removes paths that lie below others of the set: walking the upper one covers them.
pub(crate) fn without_nested(paths: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    let all: HashSet<PathBuf> = paths.into_iter().collect();
    all.iter()
        .filter(|path| !path.ancestors().skip(1).any(|upper| all.contains(upper)))
        .cloned()
        .collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(walk: &Walk) -> Vec<String> {
        let mut names: Vec<String> = walk
            .found
            .iter()
            .map(|found| found.relative.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_walk_finds_media_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join("films").join(path);
        fs::create_dir_all(at("series/season 1")).unwrap();
        fs::create_dir_all(at(".hidden")).unwrap();
        fs::create_dir_all(at("folder.mp4")).unwrap();
        for file in [
            "a.mp4",
            "series/season 1/b.MKV",
            ".hidden/c.mp4",
            ".d.mp4",
            "note.txt",
            "e.mp4.part",
            "noextension",
            "folder.mp4/f.webm",
        ] {
            fs::write(at(file), "x").unwrap();
        }
        fs::write(at("").join(OsStr::from_bytes(b"bad \xff name.mp4")), "x").unwrap();
        fs::write(dir.path().join("secret.mp4"), "x").unwrap();
        symlink("../secret.mp4", at("out.mp4")).unwrap();
        symlink("/etc", at("etc")).unwrap();
        symlink("nowhere.mp4", at("dangling.mp4")).unwrap();
        symlink(".", at("circle")).unwrap();
        symlink("series", at("alias")).unwrap();
        let root = Root::resolve(&at("")).unwrap();
        let all = walk(&root, Path::new(""), || false).unwrap();
        assert_eq!(
            names(&all),
            [
                "a.mp4",
                "alias/season 1/b.MKV",
                "bad \u{fffd} name.mp4",
                "folder.mp4/f.webm",
                "series/season 1/b.MKV"
            ]
        );
        assert!(all.linked_folders);
        assert_eq!(
            all.warnings
                .iter()
                .map(|warning| warning.code)
                .collect::<Vec<_>>(),
            ["media_folder_unreadable"]
        );
        assert_eq!(
            names(&walk(&root, Path::new("series"), || false).unwrap()),
            ["series/season 1/b.MKV"]
        );
        assert_eq!(
            names(&walk(&root, Path::new("a.mp4"), || false).unwrap()),
            ["a.mp4"]
        );
        for nothing in [
            "gone.mp4",
            "note.txt",
            ".hidden/c.mp4",
            "out.mp4",
            "etc/passwd",
        ] {
            assert!(
                names(&walk(&root, Path::new(nothing), || false).unwrap()).is_empty(),
                "{nothing}"
            );
        }
    }

    #[test]
    fn depth_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let deep: PathBuf = std::iter::repeat_n("d", MAX_DEPTH + 3).collect();
        fs::create_dir_all(dir.path().join(&deep)).unwrap();
        fs::write(dir.path().join(&deep).join("a.mp4"), "x").unwrap();
        let all = walk(&Root::resolve(dir.path()).unwrap(), Path::new(""), || false).unwrap();
        assert!(all.found.is_empty());
        assert_eq!(all.warnings[0].code, "media_limit_reached");
    }

    #[test]
    fn nested_paths_are_walked_once() {
        let mut paths = without_nested(["a", "a/b", "a/b/c.mp4", "ab", "x/y"].map(PathBuf::from));
        paths.sort();
        assert_eq!(paths, ["a", "ab", "x/y"].map(PathBuf::from));
        assert_eq!(
            without_nested(["", "a"].map(PathBuf::from)),
            [PathBuf::new()]
        );
    }
}
