//! A second name for an upload: what makes it part of the library for good.
use std::fs::File;
use std::path::{Path, PathBuf};

/// A second name for a file: `film.mp4`, else `film (2).mp4`, and so on.
pub(super) fn keep(from: &Path, folder: &Path, name: &str) -> std::io::Result<PathBuf> {
    /// Tries; a folder with more files of one name has another problem.
    const NAMES: u32 = 1000;
    std::fs::create_dir_all(folder)?;
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_control() || r#"/\:*?"<>|"#.contains(c) {
                '_'
            } else {
                c
            }
        })
        .collect();
    let name = Path::new(name.trim_start_matches(['.', ' ', '-']));
    let extension = name.extension().and_then(|e| e.to_str()).unwrap_or("mp4");
    let stem: String = name
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("upload")
        .chars()
        // Four bytes a character at most, and 255 bytes a name.
        .take(50)
        .collect();
    for number in 1..NAMES {
        let target = folder.join(if number == 1 {
            format!("{stem}.{extension}")
        } else {
            format!("{stem} ({number}).{extension}")
        });
        match std::fs::hard_link(from, &target) {
            Ok(()) => return Ok(target),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            // Another file system, or one without links.
            Err(_) if !target.exists() => {
                let mut copy = tempfile::NamedTempFile::new_in(folder)?;
                std::io::copy(&mut File::open(from)?, &mut copy)?;
                match copy.persist_noclobber(&target) {
                    Ok(_) => return Ok(target),
                    Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(error.error),
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}
