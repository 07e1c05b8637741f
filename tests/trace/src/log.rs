//! The trace of the run that is under way: one list of events a thread.

use std::any::Any;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt::Debug;

pub(crate) type Event = Cow<'static, str>;

thread_local! {
    static EVENTS: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
    static PANIC_AT: Cell<usize> = const { Cell::new(usize::MAX) };
    static PENDS: Cell<Pends> = const { Cell::new(Pends::Always(1)) };
    static WAKER: Cell<usize> = const { Cell::new(0) };
}

/// How often children pend.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pends {
    /// Each so many times.
    Always(u32),
    /// Every other one once; the first if so.
    Alternating(bool),
}

/// What stands in the trace where a drop panics.
pub(crate) const PANIC_IN_DROP: &str = "PANIC in a drop";

/// The payload of an injected panic.
struct Injected;

/// A run that writes more events than this is stuck in a loop.
const MOST_EVENTS: usize = 20_000;

/// Records something that happens in running code. The injected panic may start here.
pub fn event(text: impl Into<Event>) {
    let at = note(text);
    if at == PANIC_AT.get() {
        note("PANIC");
        std::panic::panic_any(Injected);
    }
}

/// Records a drop. The injected panic may start here too, unless one is under way.
pub(crate) fn dropped(text: impl Into<Event>) {
    let at = note(text);
    if at == PANIC_AT.get() && !std::thread::panicking() {
        note(PANIC_IN_DROP);
        std::panic::panic_any(Injected);
    }
}

/// Records a value at the moment of its evaluation, and gives it back.
pub fn say<T: Debug>(value: T) -> T {
    event(format!("say {value:?}"));
    value
}

/// Records without ever panicking; the event's index.
pub(crate) fn note(text: impl Into<Event>) -> usize {
    EVENTS.with_borrow_mut(|events| {
        events.push(text.into());
        assert!(
            events.len() < MOST_EVENTS || std::thread::panicking(),
            "a run without an end"
        );
        events.len() - 1
    })
}

/// Empties the trace and sets up a run: children pend as `pends` says, a panic is injected at event `panic_at`, and the waker that
/// children must see has the data pointer `waker`.
pub(crate) fn start(pends: Pends, panic_at: usize, waker: *const ()) {
    EVENTS.with_borrow_mut(Vec::clear);
    PENDS.set(pends);
    PANIC_AT.set(panic_at);
    WAKER.set(waker.addr());
}

/// Ends a run and gives its trace.
pub(crate) fn finish() -> Vec<Event> {
    PANIC_AT.set(usize::MAX);
    EVENTS.with_borrow_mut(std::mem::take)
}

/// How often the next child is to pend.
pub(crate) fn pends() -> u32 {
    match PENDS.get() {
        Pends::Always(times) => times,
        Pends::Alternating(odd) => {
            PENDS.set(Pends::Alternating(!odd));
            u32::from(odd)
        }
    }
}

/// Whether a child was handed the waker of the run.
pub(crate) fn is_the_waker(waker: &std::task::Waker) -> bool {
    waker.data().addr() == WAKER.get()
}

/// What a panic said.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> Event {
    if payload.is::<Injected>() {
        "the injected panic".into()
    } else if let Some(text) = payload.downcast_ref::<&str>() {
        format!("panic {text:?}").into()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        format!("panic {text:?}").into()
    } else {
        "a panic of another kind".into()
    }
}
