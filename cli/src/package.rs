//! What the other files of a source's package define: macros, of which some return, jump or wait where they are used, and types.

use crate::engine;
use crate::input::{self, Source};
use crate::manifest::Manifest;
use handroll_lowering::{MacroRules, Options, PackageTypes};
use ignore::WalkBuilder;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What the files of a folder define.
#[derive(Debug, Default)]
struct Folder {
    macros: Vec<(PathBuf, Vec<MacroRules>)>,
    types: Arc<PackageTypes>,
}

/// Reads each folder once; shared between threads.
#[derive(Debug, Default)]
pub(crate) struct Packages {
    folders: Mutex<HashMap<PathBuf, Arc<Folder>>>,
}

impl Packages {
    /// Tells what the files around a source define: those of the same folder of its package (`src`, `tests`), where one name means one
    /// macro. Files that cannot be read or parsed are passed over.
    pub(crate) fn tell(&self, source: &Source, options: &mut Options) {
        let Some((file, folder)) = source.path.as_deref().and_then(place) else {
            return;
        };
        let known = self
            .folders
            .lock()
            .ok()
            .and_then(|known| known.get(&folder).cloned());
        let found = known.unwrap_or_else(|| {
            let found = Arc::new(look_up(&folder));
            if let Ok(mut known) = self.folders.lock() {
                known.insert(folder, Arc::clone(&found));
            }
            found
        });
        let others = found.macros.iter().filter(|(other, _)| *other != file);
        options.macros = others
            .flat_map(|(_, macros)| macros.iter().cloned())
            .collect();
        options.types = Some(Arc::clone(&found.types));
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

fn look_up(folder: &Path) -> Folder {
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
    let mut macros = Vec::new();
    let mut types = PackageTypes::default();
    for path in files {
        let Ok(source) = input::read(&path) else {
            continue;
        };
        engine::add_types(&mut types, &source);
        let defined = engine::macros(&source);
        if !defined.is_empty() {
            macros.push((path, defined));
        }
    }
    Folder {
        macros,
        types: Arc::new(types),
    }
}
