//! Several futures in one task: all of them, or the first.

use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};

/// Awaits up to six futures together and gives all their results, as a tuple: `let (a, b) = join!(read(), send()).await;`
///
/// Each poll polls those that are not ready yet, in order. A future is dropped as soon as it is ready.
///
/// # Cancel safety
/// Dropping it drops the futures, and the results of those that are ready: what they have taken is lost.
#[macro_export]
macro_rules! join {
    ($($future:expr),+ $(,)?) => {
        $crate::join::Join::new(($($crate::join::Part::new($future),)+))
    };
}

/// Awaits two to six futures together until the first is ready, whose result it gives: `match select!(read(), after(5)).await { .. }` with
/// `First` for the first and so on, an `Either` of this crate's module `join`. The others are dropped together with it.
///
/// Each poll polls them in order, so that of several that are ready at the same time the first counts, and the others are not polled.
///
/// # Cancel safety
/// The futures that were not the first are cancelled wherever they wait: use it for those that are cancel safe themselves, or of which
/// it does not matter.
#[macro_export]
macro_rules! select {
    ($($future:expr),+ $(,)?) => {
        $crate::join::Select::new(($($future,)+))
    };
}

/// [`join!`](crate::join!) of two, as a function: also for functions that are to be lowered, in which a macro of that name might be one
/// that awaits.
///
/// # Cancel safety
/// That of `join!`.
pub fn both<A: Future, B: Future>(a: A, b: B) -> Join<(Part<A>, Part<B>)> {
    Join::new((Part::new(a), Part::new(b)))
}

/// [`select!`](crate::select!) of two, as a function, for the same reason.
///
/// # Cancel safety
/// That of `select!`.
pub fn race<A: Future, B: Future>(a: A, b: B) -> Select<(A, B)> {
    Select::new((a, b))
}

/// One future of a [`join!`], or its result.
#[derive(Debug)]
pub enum Part<F: Future> {
    /// Not ready yet.
    Waits(F),
    /// Its result.
    Ready(F::Output),
    /// The result was given away.
    Taken,
}

impl<F: Future> Part<F> {
    /// A future that was not polled.
    pub fn new(future: F) -> Self {
        Part::Waits(future)
    }

    /// Polls the future, unless it was ready already. Whether it is ready now.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        // SAFETY: the future is not moved; once it is ready, it is dropped in place.
        let this = unsafe { self.get_unchecked_mut() };
        let Part::Waits(future) = this else {
            return true;
        };
        // SAFETY: it lies in what is pinned.
        let Poll::Ready(output) = unsafe { Pin::new_unchecked(future) }.poll(cx) else {
            return false;
        };
        *this = Part::Ready(output);
        true
    }

    fn take(&mut self) -> F::Output {
        match mem::replace(self, Part::Taken) {
            Part::Ready(output) => output,
            Part::Waits(_) | Part::Taken => panic!("`join!` polled after completion"),
        }
    }
}

/// The future of [`join!`]. Polling it after it was ready panics.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Join<T>(T);

impl<T> Join<T> {
    /// All of them.
    pub fn new(parts: T) -> Self {
        Join(parts)
    }
}

/// The future of [`select!`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Select<T>(T);

impl<T> Select<T> {
    /// The first of them.
    pub fn new(futures: T) -> Self {
        Select(futures)
    }
}

/// Which future of a [`select!`] was ready, with its result. With less than six the others cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Either<
    A,
    B,
    C = core::convert::Infallible,
    D = core::convert::Infallible,
    E = core::convert::Infallible,
    G = core::convert::Infallible,
> {
    First(A),
    Second(B),
    Third(C),
    Fourth(D),
    Fifth(E),
    Sixth(G),
}

macro_rules! joins {
    ($($name:ident $index:tt)+) => {
        impl<$($name: Future),+> Future for Join<($(Part<$name>,)+)> {
            type Output = ($($name::Output,)+);

            #[inline(always)]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                // SAFETY: the parts are polled in place, and only results are moved out.
                let parts = unsafe { &mut self.get_unchecked_mut().0 };
                let mut all = true;
                // SAFETY: it lies in what is pinned.
                $(all &= unsafe { Pin::new_unchecked(&mut parts.$index) }.poll(cx);)+
                if all { Poll::Ready(($(parts.$index.take(),)+)) } else { Poll::Pending }
            }
        }
    };
}
joins!(A 0);
joins!(A 0 B 1);
joins!(A 0 B 1 C 2);
joins!(A 0 B 1 C 2 D 3);
joins!(A 0 B 1 C 2 D 3 E 4);
joins!(A 0 B 1 C 2 D 3 E 4 G 5);

macro_rules! selects {
    ($($name:ident $index:tt $either:ident)+) => {
        impl<$($name: Future),+> Future for Select<($($name,)+)> {
            type Output = Either<$($name::Output),+>;

            #[inline(always)]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                // SAFETY: the futures are polled in place.
                let futures = unsafe { &mut self.get_unchecked_mut().0 };
                $(
                    // SAFETY: it lies in what is pinned.
                    if let Poll::Ready(output) = unsafe { Pin::new_unchecked(&mut futures.$index) }.poll(cx) {
                        return Poll::Ready(Either::$either(output));
                    }
                )+
                Poll::Pending
            }
        }
    };
}
selects!(A 0 First B 1 Second);
selects!(A 0 First B 1 Second C 2 Third);
selects!(A 0 First B 1 Second C 2 Third D 3 Fourth);
selects!(A 0 First B 1 Second C 2 Third D 3 Fourth E 4 Fifth);
selects!(A 0 First B 1 Second C 2 Third D 3 Fourth E 4 Fifth G 5 Sixth);
