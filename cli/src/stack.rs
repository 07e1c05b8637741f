//! Threads with room for deep recursion, and panics turned into values.
//!
//! Rust source nests as deep as its author (or a generator) likes, and every pass over it recurses. Running out of stack cannot
//! be caught, so there is much stack (address space, only touched when used), and [`crate::nesting`] refuses what would not fit.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, Scope, ScopedJoinHandle};

/// Sizes to try in turn: a limit on address space (`ulimit -v`) may rule the large ones out.
#[cfg(target_pointer_width = "64")]
const SIZES: [usize; 4] = [1 << 30, 256 << 20, 64 << 20, 8 << 20];
#[cfg(not(target_pointer_width = "64"))]
const SIZES: [usize; 2] = [64 << 20, 8 << 20];

/// The room that a thread has when nothing is known about it.
const UNKNOWN: usize = 1 << 20;

thread_local! {
    static SIZE: Cell<usize> = const { Cell::new(UNKNOWN) };
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The stack size of the running thread, as far as it was started here.
pub(crate) fn size() -> usize {
    SIZE.get()
}

/// Replaces the default panic hook, which prints: a panic becomes a report that says what to do.
pub(crate) fn capture_panics() {
    std::panic::set_hook(Box::new(|info| {
        let what = info.payload_as_str().unwrap_or("a panic without a message");
        let place = info
            .location()
            .map_or_else(String::new, |at| format!(" ({}:{})", at.file(), at.line()));
        PANIC.set(Some(format!("{what}{place}")));
    }));
}

/// Runs `work`; the text of its panic if it panics.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| PANIC.take().unwrap_or_else(|| "a panic".to_owned()))
}

/// Runs `work` on a thread with a large stack; the text of its panic if it panics.
pub(crate) fn on_large_stack<T: Send>(work: impl Fn() -> T + Send + Sync) -> Result<T, String> {
    let caught = || catch(&work);
    std::thread::scope(|scope| match spawn(scope, &caught) {
        Some(thread) => thread
            .join()
            .unwrap_or_else(|_| Err("the main thread panicked".to_owned())),
        None => caught(),
    })
}

/// Starts a thread with the largest stack that can be had; none when no thread can be started at all.
pub(crate) fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: &'scope (impl Fn() -> T + Sync),
) -> Option<ScopedJoinHandle<'scope, T>> {
    SIZES.into_iter().find_map(|size| {
        let sized = move || {
            SIZE.set(size);
            work()
        };
        Builder::new()
            .name("handroll".to_owned())
            .stack_size(size)
            .spawn_scoped(scope, sized)
            .ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_panic_as_text() {
        capture_panics();
        let caught = on_large_stack(|| -> u8 { panic!("out of {}", "luck") }).unwrap_err();
        assert!(caught.starts_with("out of luck ("), "{caught}");
        assert_eq!(on_large_stack(|| size() > UNKNOWN), Ok(true));
    }
}
