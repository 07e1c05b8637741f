//! Where things are.

use std::path::{Path, PathBuf};

/// The workspace's root.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// The folder of the fixtures.
pub fn fixtures() -> PathBuf {
    workspace().join("fixtures")
}

/// The folder of generated programs, in cargo's target folder (the one this very program was built into).
pub fn programs() -> PathBuf {
    let running = std::env::current_exe().unwrap_or_default();
    let target = running
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists());
    target
        .map_or_else(|| workspace().join("target"), Path::to_owned)
        .join("handroll-runner")
}
