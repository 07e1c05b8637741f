//! The file in which the attribute stands.

use handroll_lowering::Surroundings;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

thread_local! {
    static FILES: RefCell<HashMap<PathBuf, Option<Rc<Surroundings>>>> = RefCell::default();
}

/// The file of the present call, read once. Nothing when there is none, as in text that another macro made.
///
/// The compiler tracks the file already: it is part of the crate.
pub(crate) fn of_call() -> Option<Rc<Surroundings>> {
    let path = proc_macro::Span::call_site().local_file()?;
    FILES.with_borrow_mut(|files| {
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).ok()?;
            Surroundings::read(&text).map(Rc::new)
        };
        if !files.contains_key(&path) {
            let read = read(&path);
            files.insert(path.clone(), read);
        }
        files[&path].clone()
    })
}
