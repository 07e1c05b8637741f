//! The file in which the attribute stands.

use handroll_lowering::Surroundings;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

/// Tells a file from what it was before: an editor's macro server lives long.
#[derive(PartialEq, Eq)]
struct Version {
    modified: Option<SystemTime>,
    len: u64,
}

struct File {
    version: Version,
    around: Option<Rc<Surroundings>>,
}

thread_local! {
    static FILES: RefCell<HashMap<PathBuf, File>> = RefCell::default();
}

/// The file of the present call, read once. Nothing when there is none, as in text that another macro made.
///
/// The compiler tracks the file already: it is part of the crate.
pub(crate) fn of_call() -> Option<Rc<Surroundings>> {
    let path = proc_macro::Span::call_site().local_file()?;
    let metadata = std::fs::metadata(&path).ok()?;
    let version = Version {
        modified: metadata.modified().ok(),
        len: metadata.len(),
    };
    FILES.with_borrow_mut(|files| {
        if let Some(file) = files.get(&path)
            && file.version == version
        {
            return file.around.clone();
        }
        let around = read(&path);
        let known = around.clone();
        files.insert(path, File { version, around });
        known
    })
}

fn read(path: &Path) -> Option<Rc<Surroundings>> {
    let text = std::fs::read_to_string(path).ok()?;
    Surroundings::read(&text).map(Rc::new)
}
