//! The future that a state waits on.

use crate::machine::set;
use core::future::{Future, IntoFuture};
use core::marker::PhantomPinned;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::{Context, Poll};

/// An awaited future, stored inside the state that waits on it.
///
/// It is dropped in place the moment it is ready, before its result is used, and is never moved after its first poll: moving a
/// pinned future, even a finished one, would break the promise of [`Pin`]. `PhantomPinned` keeps the compiler from assuming that
/// nothing else points into the state around it.
///
/// A union, as `MaybeUninit` is one: the compiler takes each type around a future for a level of its own, and gives up at some depth.
pub union Child<F> {
    future: ManuallyDrop<F>,
    _pin: PhantomPinned,
}

// SAFETY: a child is what is in it. The compiler finds the same by itself, but through four types of the standard library for each
// future in a future, and gives up where these are nested deeply.
unsafe impl<F: Send> Send for Child<F> {}
// SAFETY: as above.
unsafe impl<F: Sync> Sync for Child<F> {}

impl<F> Drop for Child<F> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: a child is there until it is dropped.
        unsafe { ManuallyDrop::drop(&mut self.future) }
    }
}

impl<F: Future> Child<F> {
    /// The future of what is awaited.
    #[inline(always)]
    pub fn new(awaited: impl IntoFuture<IntoFuture = F>) -> Self {
        Child {
            future: ManuallyDrop::new(awaited.into_future()),
        }
    }

    /// The future.
    ///
    /// # Safety
    /// It was not dropped: the state that it belongs to is the present one.
    pub unsafe fn get(&self) -> &F {
        // SAFETY: the caller knows that it is there.
        unsafe { &self.future }
    }

    /// Polls the child.
    ///
    /// # Safety
    /// From the first poll on the child stays where it is until it is dropped. It is not polled again once it was ready.
    #[inline(always)]
    pub unsafe fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the caller keeps the child in place.
        unsafe { Pin::new_unchecked(&mut *self.future) }.poll(cx)
    }
}

/// Ends a wait: drops the child that gave `output`, and leaves the state as `after`. The state's other values were taken out
/// already. When the child's drop panics, `output` leaks, as it does in the compiler's future.
///
/// # Safety
/// The child is the one of `state`, and nothing uses it, or what else `state` held, from there any more.
#[inline(always)]
pub unsafe fn done<F, T, S>(child: *mut F, output: T, state: &mut S, after: S) -> T {
    struct Leave<'s, S>(&'s mut S, ManuallyDrop<S>);
    impl<S> Drop for Leave<'_, S> {
        #[inline(always)]
        fn drop(&mut self) {
            // SAFETY: it is read once, here.
            set(self.0, unsafe { ManuallyDrop::take(&mut self.1) });
        }
    }
    let output = ManuallyDrop::new(output);
    let leave = Leave(state, ManuallyDrop::new(after));
    // SAFETY: the caller knows that the child is there and not used again.
    unsafe { child.drop_in_place() };
    drop(leave);
    ManuallyDrop::into_inner(output)
}

/// The future of what is awaited, for a union of children.
#[inline(always)]
pub fn wait<A: IntoFuture>(awaited: A) -> ManuallyDrop<Child<A::IntoFuture>> {
    ManuallyDrop::new(Child::new(awaited))
}
