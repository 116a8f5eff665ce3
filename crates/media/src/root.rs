//! A media root: the only door through which files are opened.
//!
//! The root is resolved once. Below it, paths go through `cap-std`, which opens beneath the root's own handle
//! (`openat2` with `RESOLVE_BENEATH` on Linux): no `..`, no absolute path and no link can lead out, not even
//! when somebody swaps a folder for a link between check and open. Links inside the root that point inside
//! are followed; an absolute one is resolved first and must then be reachable beneath the root again.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use crate::error::LibraryError;

/// What tells one version of a file from the next, cheaply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Stamp {
    /// Bytes.
    pub(crate) size: u64,
    /// Nanoseconds since 1970; before is negative.
    pub(crate) modified_ns: i64,
}

impl Stamp {
    pub(crate) fn of(metadata: &fs::Metadata) -> Self {
        Self::new(metadata.len(), metadata.modified().unwrap_or(UNIX_EPOCH))
    }

    fn new(size: u64, modified: SystemTime) -> Self {
        let nanos =
            |duration: std::time::Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        let modified_ns = match modified.duration_since(UNIX_EPOCH) {
            Ok(after) => nanos(after),
            Err(before) => -nanos(before.duration()),
        };
        Self { size, modified_ns }
    }

    /// Milliseconds since 1970.
    pub(crate) fn modified_ms(self) -> i64 {
        self.modified_ns.div_euclid(1_000_000)
    }
}

/// What is at a path below a root, links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File(Stamp),
    /// A folder, with what identifies it (device and inode where the system has them).
    Folder(Option<(u64, u64)>),
    /// A pipe, a socket, a device.
    Other,
}

/// A resolved media root.
#[derive(Debug)]
pub(crate) struct Root {
    path: PathBuf,
}

impl Root {
    /// Resolves and checks a folder named by the operator.
    pub(crate) fn resolve(named: &Path) -> Result<Self, LibraryError> {
        let path = named.canonicalize().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => LibraryError::RootMissing {
                path: named.to_owned(),
            },
            io::ErrorKind::NotADirectory => LibraryError::RootNotAFolder {
                path: named.to_owned(),
            },
            _ => LibraryError::RootUnreadable {
                path: named.to_owned(),
                source,
            },
        })?;
        if !path.is_dir() {
            return Err(LibraryError::RootNotAFolder {
                path: named.to_owned(),
            });
        }
        fs::read_dir(&path).map_err(|source| LibraryError::RootUnreadable {
            path: named.to_owned(),
            source,
        })?;
        Ok(Self { path })
    }

    /// The resolved path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A handle on the root. Opened anew each time, so that an unmounted and remounted disk just works.
    pub(crate) fn handle(&self) -> io::Result<Dir> {
        Dir::open_ambient_dir(&self.path, ambient_authority())
    }

    /// What is at `relative`. An error of kind `PermissionDenied` also stands for a link that leads out.
    pub(crate) fn kind(&self, handle: &Dir, relative: &Path) -> io::Result<Kind> {
        let metadata = if relative.as_os_str().is_empty() {
            handle.dir_metadata()?
        } else {
            self.beneath(relative, |path| handle.metadata(path))?
        };
        if metadata.is_dir() {
            return Ok(Kind::Folder(folder_identity(&metadata)));
        }
        if !metadata.is_file() {
            return Ok(Kind::Other);
        }
        let modified = metadata
            .modified()
            .map_or(UNIX_EPOCH, |time| time.into_std());
        Ok(Kind::File(Stamp::new(metadata.len(), modified)))
    }

    /// Opens a folder for reading its names.
    pub(crate) fn open_folder(&self, handle: &Dir, relative: &Path) -> io::Result<Dir> {
        if relative.as_os_str().is_empty() {
            return handle.try_clone();
        }
        self.beneath(relative, |path| handle.open_dir(path))
    }

    /// Opens a regular file for reading.
    pub(crate) fn open_file(&self, relative: &Path) -> io::Result<(File, fs::Metadata)> {
        let handle = self.handle()?;
        let mut options = OpenOptions::new();
        options.read(true).nonblock(true); // opening a pipe somebody put there must not wait for a writer
        let file = self
            .beneath(relative, |path| handle.open_with(path, &options))?
            .into_std();
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        Ok((file, metadata))
    }

    /// Runs `open` on a path that `cap-std` accepts, or fails.
    fn beneath<T>(&self, relative: &Path, open: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
        let inner = |path: &Path| {
            path.components()
                .all(|part| matches!(part, Component::Normal(_)))
        };
        if relative.as_os_str().is_empty() || !inner(relative) {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "not a path below the media folder",
            ));
        }
        match open(relative) {
            // Perhaps an absolute link to inside. The second attempt is as confined as the first.
            Err(refused) if refused.kind() == io::ErrorKind::PermissionDenied => {
                let real = self.path.join(relative).canonicalize()?;
                match real.strip_prefix(&self.path) {
                    Ok(real) if real != relative && !real.as_os_str().is_empty() => open(real),
                    _ => Err(refused),
                }
            }
            answer => answer,
        }
    }
}

#[cfg(unix)]
fn folder_identity(metadata: &cap_std::fs::Metadata) -> Option<(u64, u64)> {
    use cap_std::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn folder_identity(_: &cap_std::fs::Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn root_with_secret_outside() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("films/sub")).unwrap();
        fs::write(dir.path().join("films/sub/a.mp4"), "inside").unwrap();
        fs::write(dir.path().join("secret.mp4"), "outside").unwrap();
        let root = Root::resolve(&dir.path().join("films")).unwrap();
        (dir, root)
    }

    #[test]
    fn no_path_leads_out_of_the_root() {
        let (dir, root) = root_with_secret_outside();
        let secret = dir.path().join("secret.mp4");
        for path in [
            "",
            ".",
            "..",
            "../secret.mp4",
            "sub/../../secret.mp4",
            "sub/../sub/a.mp4",
            "/etc/passwd",
            "./sub/a.mp4",
            "a\0b",
            "sub/a.mp4\0",
        ] {
            assert!(root.open_file(Path::new(path)).is_err(), "{path:?}");
        }
        assert!(root.open_file(&secret).is_err());
        assert!(root.open_file(Path::new("sub/a.mp4")).is_ok());
    }

    #[test]
    fn links_out_are_refused_and_links_inside_followed() {
        let (dir, root) = root_with_secret_outside();
        let films = root.path().to_owned();
        symlink("/etc/passwd", films.join("passwd.mp4")).unwrap();
        symlink("../secret.mp4", films.join("relative.mp4")).unwrap();
        symlink(dir.path(), films.join("up")).unwrap();
        symlink("sub/a.mp4", films.join("inside.mp4")).unwrap();
        symlink(films.join("sub/a.mp4"), films.join("absolute.mp4")).unwrap();
        symlink("../sub", films.join("sub/again")).unwrap();
        symlink("loop.mp4", films.join("loop.mp4")).unwrap();
        for path in [
            "passwd.mp4",
            "relative.mp4",
            "up/secret.mp4",
            "loop.mp4",
            "sub",
        ] {
            assert!(root.open_file(Path::new(path)).is_err(), "{path:?}");
            if path != "sub" {
                assert!(
                    root.kind(&root.handle().unwrap(), Path::new(path)).is_err(),
                    "{path:?}"
                );
            }
        }
        for path in ["inside.mp4", "absolute.mp4", "sub/again/a.mp4"] {
            assert_eq!(
                root.open_file(Path::new(path)).unwrap().1.len(),
                6,
                "{path:?}"
            );
        }
    }

    /// The race that a check before the open would lose: a folder turns into a link to outside.
    #[test]
    fn swapping_a_folder_for_a_link_while_opening_never_shows_the_outside() {
        let (dir, root) = root_with_secret_outside();
        let outside = dir.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("a.mp4"), "OUTSIDE!").unwrap();
        let (sub, parked) = (root.path().join("sub"), root.path().join("parked"));
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    fs::rename(&sub, &parked).unwrap();
                    symlink(&outside, &sub).unwrap();
                    fs::remove_file(&sub).unwrap();
                    fs::rename(&parked, &sub).unwrap();
                }
            });
            for _ in 0..3000 {
                if let Ok((_, metadata)) = root.open_file(Path::new("sub/a.mp4")) {
                    assert_eq!(metadata.len(), 6, "a file outside the root was opened");
                }
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }

    #[test]
    fn a_pipe_named_like_a_film_neither_blocks_nor_opens() {
        let (_dir, root) = root_with_secret_outside();
        let pipe = root.path().join("pipe.mp4");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        assert!(root.open_file(Path::new("pipe.mp4")).is_err());
    }

    #[test]
    fn roots_that_are_missing_or_files_are_told_apart() {
        let (dir, _) = root_with_secret_outside();
        let code = |name: &str| Root::resolve(&dir.path().join(name)).unwrap_err().code();
        assert_eq!(code("nowhere"), "media_root_missing");
        assert_eq!(code("secret.mp4"), "media_root_not_a_folder");
        assert_eq!(code("secret.mp4/deeper"), "media_root_not_a_folder");
    }
}
