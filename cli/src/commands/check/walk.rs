//! The Rust files of the paths on the command line.

use ignore::{DirEntry, WalkBuilder};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A file, or what hindered finding one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    File(PathBuf),
    Problem { path: PathBuf, why: String },
}

/// The files named and those in the folders named: arguments in their order, a folder's files by name, none twice.
pub(crate) fn files(paths: &[PathBuf]) -> Vec<Found> {
    let mut seen = HashSet::new();
    let found = paths.iter().flat_map(|path| {
        if path.is_dir() {
            folder(path)
        } else {
            vec![Found::File(path.clone())]
        }
    });
    found
        .filter(|found| match found {
            Found::File(path) => seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())),
            Found::Problem { .. } => true,
        })
        .collect()
}

fn folder(path: &Path) -> Vec<Found> {
    // A `.gitignore` counts also where git does not know of it (yet), as in an unpacked archive.
    let walk = WalkBuilder::new(path)
        .require_git(false)
        .sort_by_file_path(Path::cmp)
        .filter_entry(|entry| !is_cache(entry))
        .build();
    walk.filter_map(|entry| match entry {
        Ok(entry) if is_rust_file(&entry) => Some(Found::File(without_dot(entry.into_path()))),
        Ok(_) => None,
        Err(error) => Some(Found::Problem {
            path: path.to_owned(),
            why: error.to_string(),
        }),
    })
    .collect()
}

/// Folders such as `target` say themselves that what is in them was generated.
fn is_cache(entry: &DirEntry) -> bool {
    entry.depth() > 0
        && entry.file_type().is_some_and(|kind| kind.is_dir())
        && entry.path().join("CACHEDIR.TAG").is_file()
}

fn is_rust_file(entry: &DirEntry) -> bool {
    // A link to a file is followed; one to a folder is not, so that there is no going round in circles.
    entry
        .path()
        .extension()
        .is_some_and(|extension| extension == "rs")
        && entry.path().is_file()
}

/// `./src/lib.rs` reads better as `src/lib.rs`.
fn without_dot(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
}
