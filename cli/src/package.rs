//! The macros that other files of a source's package define: some return, jump or wait where they are used.

use crate::engine;
use crate::input::{self, Source};
use crate::manifest::Manifest;
use handroll_lowering::MacroRules;
use ignore::WalkBuilder;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The macros of some files.
type Macros = Arc<[(PathBuf, Vec<MacroRules>)]>;

/// Finds macros, each folder once; shared between threads.
#[derive(Debug, Default)]
pub(crate) struct Packages {
    folders: Mutex<HashMap<PathBuf, Macros>>,
}

impl Packages {
    /// The macros of the files around a source: those of the same folder of its package (`src`, `tests`), where one name means one
    /// macro. Files that cannot be read or parsed are passed over.
    pub(crate) fn macros(&self, source: &Source) -> Vec<MacroRules> {
        let Some((file, folder)) = source.path.as_deref().and_then(place) else {
            return Vec::new();
        };
        let known = self
            .folders
            .lock()
            .ok()
            .and_then(|known| known.get(&folder).cloned());
        let macros = known.unwrap_or_else(|| {
            let macros = look_up(&folder);
            if let Ok(mut known) = self.folders.lock() {
                known.insert(folder, Arc::clone(&macros));
            }
            macros
        });
        let others = macros.iter().filter(|(other, _)| *other != file);
        others
            .flat_map(|(_, macros)| macros.iter().cloned())
            .collect()
    }
}

/// A file by its full path, and the folder right below its package's that it is in.
fn place(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let file = path.canonicalize().ok()?;
    let manifest = Manifest::nearest(file.parent()?).ok()??;
    manifest.content.package.as_ref()?;
    let root = manifest.folder().canonicalize().ok()?;
    let mut below = file.strip_prefix(&root).ok()?.components();
    let folder = root.join(below.next()?);
    below.next()?;
    Some((file, folder))
}

fn look_up(folder: &Path) -> Macros {
    let foreign = |entry: &ignore::DirEntry| {
        entry.depth() > 0 && entry.path().is_dir() && entry.path().join("Cargo.toml").is_file()
    };
    let walk = WalkBuilder::new(folder)
        .filter_entry(move |entry| !foreign(entry))
        .sort_by_file_path(Path::cmp)
        .build();
    let files = walk
        .flatten()
        .map(ignore::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files
        .filter_map(|path| {
            let source = input::read(&path).ok()?;
            let macros = engine::macros(&source);
            (!macros.is_empty()).then_some((path, macros))
        })
        .collect()
}
