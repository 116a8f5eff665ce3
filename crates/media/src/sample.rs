//! The clip that is there when no folder is named.
//!
//! Made by `assets/make-sample.sh`: a minute of hills with timecode, frame number and a tone each second.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The bundled clip: 60 s, 960x540 at 30 frames/s, H.264 and AAC in MP4, a keyframe each second.
pub static SAMPLE_CLIP: &[u8] = include_bytes!("../assets/sample.mp4");

/// The clip's file name in the folder made by [`place_sample`].
const SAMPLE_NAME: &str = "Watchalong sample.mp4";

/// Puts the bundled clip into `data/sample`, to be used as a media root, and returns that folder.
///
/// An intact clip is left alone, so that a restart doesn't touch its date; anything else is replaced
/// in one step, so that a reader never sees half a clip.
///
/// # Errors
/// Whatever the system says about making the folder or writing the file.
pub fn place_sample(data: &Path) -> io::Result<PathBuf> {
    let folder = data.join("sample");
    std::fs::create_dir_all(&folder)?;
    let clip = folder.join(SAMPLE_NAME);
    if std::fs::read(&clip).is_ok_and(|there| there == SAMPLE_CLIP) {
        return Ok(folder);
    }
    let mut file = tempfile::Builder::new()
        .prefix(".sample")
        .suffix(".part")
        .tempfile_in(&folder)?;
    file.write_all(SAMPLE_CLIP)?;
    file.as_file().sync_all()?;
    make_readable(file.path())?;
    file.persist(&clip).map_err(|failed| failed.error)?;
    Ok(folder)
}

/// Temporary files are private to their owner; the clip may be read by all.
fn make_readable(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_is_placed_once_and_repaired_when_damaged() {
        let data = tempfile::tempdir().unwrap();
        let folder = place_sample(data.path()).unwrap();
        let clip = folder.join(SAMPLE_NAME);
        let placed = std::fs::metadata(&clip).unwrap().modified().unwrap();
        place_sample(data.path()).unwrap();
        assert_eq!(
            std::fs::metadata(&clip).unwrap().modified().unwrap(),
            placed
        );
        std::fs::write(&clip, "damaged").unwrap();
        place_sample(data.path()).unwrap();
        assert_eq!(std::fs::read(&clip).unwrap(), SAMPLE_CLIP);
        assert_eq!(
            std::fs::read_dir(&folder).unwrap().count(),
            1,
            "no temporary file stays behind"
        );
    }

    #[test]
    fn sample_is_small_and_starts_with_its_index() {
        assert!(
            SAMPLE_CLIP.len() <= 2_500_000,
            "{} bytes",
            SAMPLE_CLIP.len()
        );
        let at = |name: &[u8]| {
            SAMPLE_CLIP
                .windows(4)
                .position(|window| window == name)
                .unwrap()
        };
        assert!(at(b"moov") < at(b"mdat"));
    }
}
