//! The future that a lowered function gives back.

use core::future::Future;
use core::marker::PhantomPinned;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};

/// Takes what the state holds and leaves it as `running`, which is also what a panic leaves behind.
#[inline(always)]
pub fn take<S>(state: &mut S, running: S) -> S {
    mem::replace(state, running)
}

/// Enters a state. The one that it replaces holds nothing: it was taken, or its child is done.
#[inline(always)]
pub fn set<S>(state: &mut S, entered: S) {
    // SAFETY: a reference can be written to. What was there is not dropped, which is safe.
    unsafe { core::ptr::write(state, entered) }
}

/// How a frame comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The function returned, or its future was dropped.
    Returned,
    /// It panicked: what was still held is dropped now, inside the poll.
    Panicked,
}

/// What a lowered function stores while it waits.
pub trait Frame {
    /// Drops all that is held, in the order of the original function, and leaves the frame in the given final state.
    fn end(&mut self, end: End);

    /// Whether it is in the state that a panic leaves behind.
    fn is_panicked(&self) -> bool;
}

/// A lowered async function: what it stores, and the step that brings it from one suspension to the next.
///
/// Dropping it cancels the function where it waits: the awaited child drops first, then the locals in scope, last declared first.
///
/// # Panics
/// Polling panics when the function has already returned or panicked, with the messages of the compiler's own futures.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Machine<S: Frame, F> {
    frame: S,
    step: F,
    _pin: PhantomPinned,
}

impl<S: Frame, F, T> Machine<S, F>
where
    F: Fn(&mut S, &mut Context<'_>) -> Poll<T>,
{
    /// A future that starts with `frame` and runs by `step`.
    #[inline(always)]
    pub const fn new(frame: S, step: F) -> Self {
        Machine {
            frame,
            step,
            _pin: PhantomPinned,
        }
    }
}

impl<S: Frame, F> Drop for Machine<S, F> {
    #[inline(always)]
    fn drop(&mut self) {
        self.frame.end(End::Returned);
    }
}

impl<S: Frame, F, T> Future for Machine<S, F>
where
    F: Fn(&mut S, &mut Context<'_>) -> Poll<T>,
{
    type Output = T;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // SAFETY: the frame is only handed to the step, which moves nothing out of it that is pinned: children are polled and
        // dropped in place, slots keep their address until the frame goes.
        let this = unsafe { self.get_unchecked_mut() };
        step(&mut this.frame, cx, &this.step)
    }
}

/// One poll of a frame: a panic in the step drops what the frame still holds at once, not when the future is dropped.
#[inline(always)]
pub fn step<S: Frame, T>(
    frame: &mut S,
    cx: &mut Context<'_>,
    step: impl Fn(&mut S, &mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    struct OnPanic<'f, S: Frame>(&'f mut S);
    impl<S: Frame> Drop for OnPanic<'_, S> {
        #[inline]
        fn drop(&mut self) {
            // A state that was `Panicked` in the middle of a step was left by `after_completion`.
            self.0.end(if self.0.is_panicked() {
                End::Returned
            } else {
                End::Panicked
            });
        }
    }
    let guard = OnPanic(frame);
    let poll = step(&mut *guard.0, cx);
    mem::forget(guard);
    poll
}

/// A poll after the function has returned. `state` stays as it is; `panicked` stands there while the panic unwinds, to tell it from a
/// panic of the function itself.
///
/// # Panics
/// Always, with the message of the compiler's future.
#[inline(always)]
pub fn after_completion<S>(state: &mut S, panicked: S) -> ! {
    #[cold]
    #[inline(never)]
    fn resumed() -> ! {
        panic!("`async fn` resumed after completion")
    }
    set(state, panicked);
    resumed()
}

/// A poll after the function has panicked. `state` stays as it is; `returned` stands there while the panic unwinds.
///
/// # Panics
/// Always, with the message of the compiler's future.
#[inline(always)]
pub fn after_panicking<S>(state: &mut S, returned: S) -> ! {
    #[cold]
    #[inline(never)]
    fn resumed() -> ! {
        panic!("`async fn` resumed after panicking")
    }
    set(state, returned);
    resumed()
}

/// A poll of a function that never returns, after it has panicked.
///
/// # Safety
/// A panic in the step is all that leads here.
///
/// # Panics
/// Always, as [`after_panicking`] does. Where a panic ends the program there is no such poll, and no code for it.
#[inline(always)]
pub unsafe fn only_after_panicking<S>(state: &mut S, returned: S) -> ! {
    if cfg!(panic = "abort") && !cfg!(debug_assertions) {
        // SAFETY: the program did not survive the panic.
        unsafe { core::hint::unreachable_unchecked() }
    }
    after_panicking(state, returned)
}
