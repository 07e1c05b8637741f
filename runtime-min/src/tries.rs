//! `?` for step functions: their output is `Poll<T>`, which the standard operator only knows for `Result`.

use core::ops::ControlFlow;
use core::task::Poll;

/// What the operator `?` does to a value inside a function that returns `O`.
///
/// It mirrors the implementations of the standard library's unstable trait of the same name.
pub trait Try<O> {
    /// What `value?` evaluates to.
    type Output;

    /// Goes on with a value, or returns.
    fn branch(self) -> ControlFlow<O, Self::Output>;
}

impl<T, E, U, F: From<E>> Try<Result<U, F>> for Result<T, E> {
    type Output = T;

    #[inline(always)]
    fn branch(self) -> ControlFlow<Result<U, F>, T> {
        match self {
            Ok(value) => ControlFlow::Continue(value),
            Err(error) => ControlFlow::Break(Err(From::from(error))),
        }
    }
}

impl<T, U> Try<Option<U>> for Option<T> {
    type Output = T;

    #[inline(always)]
    fn branch(self) -> ControlFlow<Option<U>, T> {
        match self {
            Some(value) => ControlFlow::Continue(value),
            None => ControlFlow::Break(None),
        }
    }
}

impl<B, T, U> Try<ControlFlow<B, U>> for ControlFlow<B, T> {
    type Output = T;

    #[inline(always)]
    fn branch(self) -> ControlFlow<ControlFlow<B, U>, T> {
        match self {
            ControlFlow::Continue(value) => ControlFlow::Continue(value),
            ControlFlow::Break(value) => ControlFlow::Break(ControlFlow::Break(value)),
        }
    }
}

impl<T, E, U, F: From<E>> Try<Result<U, F>> for Poll<Result<T, E>> {
    type Output = Poll<T>;

    #[inline(always)]
    fn branch(self) -> ControlFlow<Result<U, F>, Poll<T>> {
        match self {
            Poll::Ready(Ok(value)) => ControlFlow::Continue(Poll::Ready(value)),
            Poll::Ready(Err(error)) => ControlFlow::Break(Err(From::from(error))),
            Poll::Pending => ControlFlow::Continue(Poll::Pending),
        }
    }
}
