//! The page's build: npm packages, and `web/dist` when its inputs changed.
//!
//! Both are skipped when nothing changed, so that the second `cargo xtask run` starts at once.
//! The page's inputs are compared by content, because a fresh checkout has fresh times.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result};

use crate::paths;
use crate::tools;

/// What the built page depends on, under `web/`. Folders are taken whole.
const INPUTS: [&str; 7] = [
    "src",
    "public",
    "index.html",
    "vite.config.ts",
    "svelte.config.js",
    "tsconfig.json",
    "package-lock.json",
];

/// `npm ci`, if the packages are missing or older than the lock file.
pub fn install_packages() -> Result<()> {
    let web = paths::web();
    let changed = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    // npm writes this file last, so an install that was cut short is seen as missing.
    let installed = changed(&web.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= changed(&web.join("package-lock.json")) {
        return Ok(());
    }
    eprintln!("installing the page's packages (npm ci)");
    tools::run(tools::npm().args(["ci", "--silent", "--no-audit", "--no-fund"]))
        .context("the page's packages could not be installed; is the npm registry reachable?")
}

/// Leaves the built page in `web/dist`.
pub fn build() -> Result<()> {
    install_packages()?;
    let stamp = paths::target().join("xtask/page.stamp");
    let wanted = fingerprint()?;
    let built = paths::web().join("dist/index.html").is_file();
    if built && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    eprintln!("building the page");
    tools::run(tools::npm().args(["run", "--silent", "build", "--", "--logLevel", "warn"]))?;
    fs::create_dir_all(paths::target().join("xtask"))?;
    fs::write(&stamp, wanted).with_context(|| format!("{} could not be written", stamp.display()))
}

fn fingerprint() -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for input in INPUTS {
        hash_into(&paths::web().join(input), &mut hasher)?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn hash_into(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        entries.sort();
        return entries
            .iter()
            .try_for_each(|entry| hash_into(entry, hasher));
    }
    if path.is_file() {
        path.hash(hasher);
        fs::read(path)?.hash(hasher);
    }
    Ok(())
}
