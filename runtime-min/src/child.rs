//! The future that a state waits on.

use core::future::{Future, IntoFuture};
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::{Context, Poll};

/// An awaited future, stored inside the state that waits on it.
///
/// It is dropped in place the moment it is ready, before its result is used, and is never moved after its first poll: moving a
/// pinned future, even a finished one, would break the promise of [`Pin`].
pub struct Child<F>(Option<F>);

impl<F: Future> Child<F> {
    /// The future of what is awaited.
    #[inline(always)]
    pub fn new(awaited: impl IntoFuture<IntoFuture = F>) -> Self {
        Child(Some(awaited.into_future()))
    }

    /// Polls the child; when it is ready, drops it before the result is handed out.
    ///
    /// # Safety
    /// From the first poll on the child stays where it is, until it is ready or dropped.
    #[inline(always)]
    pub unsafe fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(child) = &mut self.0 else {
            crate::never!()
        };
        // SAFETY: the caller keeps the child in place.
        let Poll::Ready(output) = unsafe { Pin::new_unchecked(child) }.poll(cx) else {
            return Poll::Pending;
        };
        // When the drop below panics, the compiler's future leaks the output as well.
        let output = ManuallyDrop::new(output);
        self.0 = None;
        Poll::Ready(ManuallyDrop::into_inner(output))
    }
}

/// The future of what is awaited, for a union of children.
#[inline(always)]
pub fn wait<A: IntoFuture>(awaited: A) -> ManuallyDrop<Child<A::IntoFuture>> {
    ManuallyDrop::new(Child::new(awaited))
}
