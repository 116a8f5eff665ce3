//! Where things are in the repository, and nothing else.

use std::path::PathBuf;

/// The repository's root, wherever `cargo xtask` was called from.
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .expect("xtask is a folder of the repository")
        .to_path_buf()
}

/// The page's sources.
pub fn web() -> PathBuf {
    root().join("web")
}

/// Cargo's target folder, which also holds what these tasks keep between runs.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// A binary of ours in a build folder (`release` or `debug`).
pub fn binary(profile: &str, name: &str) -> PathBuf {
    target()
        .join(profile)
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
