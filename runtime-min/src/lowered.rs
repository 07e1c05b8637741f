//! What a function under `#[lower]` gives back.

use crate::child::Child;
use crate::inspect::{Inspect, State};
use crate::machine::{End, Frame};
use crate::slot::Guard;
use crate::tries::Try;
use core::fmt;
use core::future::{Future, IntoFuture};
use core::marker::{PhantomData, PhantomPinned};
use core::mem::ManuallyDrop;
use core::ops::ControlFlow;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::pin::Pin;
use core::task::{Context, Poll};

/// What the step of an expansion is asked to do. It is one closure for both: each closure that takes the frame has all of the frame's types
/// in its own, and what awaits it has both, so that they double from function to function.
pub enum Asked<'f, 'c, S> {
    /// To go on.
    Poll(&'f mut S, &'f mut Context<'c>),
    /// To say where it waits.
    Where(&'f S),
}

/// What it says: the first to [`Asked::Poll`], the second to [`Asked::Where`].
pub enum Answered<'f, T> {
    /// What a poll gives.
    Polled(Poll<T>),
    /// Where it waits.
    Seen(State<'f>),
}

/// A machine that stands for the compiler's own future of the same function.
///
/// `N` is that future's type. No value of it is ever made; it stands here for its auto traits, which are those of the machine too: so a
/// missing `Send` is reported as the compiler reports it for the function as it was written, and finding out goes no deeper.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Lowered<N, S: Frame, F> {
    native: PhantomData<N>,
    frame: S,
    step: F,
    _pin: PhantomPinned,
}

/// The machine of an async block under the attribute. The function around it answers for its mistakes, and its auto traits are its own.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct LoweredBlock<S: Frame, F> {
    frame: S,
    step: F,
    _pin: PhantomPinned,
}

/// The promise that a machine holds no value across a wait that the compiler's own future of the same function does not hold there.
pub struct HoldsNoMore(());

impl HoldsNoMore {
    /// The promise.
    ///
    /// # Safety
    /// It is kept: what the machine holds when it is not being polled is dropped, or used again, by the compiler's own future as well.
    #[inline(always)]
    pub const unsafe fn promised() -> Self {
        HoldsNoMore(())
    }
}

// SAFETY: who made it promised that what it holds between two polls, the compiler's own future `N` holds too. The step is a closure of
// the emitted code, which captures nothing but an `Accepted`.
unsafe impl<N: Send, S: Frame, F> Send for Lowered<N, S, F> {}
// SAFETY: as above.
unsafe impl<N: Sync, S: Frame, F> Sync for Lowered<N, S, F> {}
impl<N: RefUnwindSafe, S: Frame, F> RefUnwindSafe for Lowered<N, S, F> {}
// Always: this is the trait that an original is asked for, and the question must not lead from function to function. A machine that
// panicked is not polled again, whatever it borrows.
impl<N, S: Frame, F> UnwindSafe for Lowered<N, S, F> {}

impl<N, S: Frame, F> Lowered<N, S, F> {
    /// A machine that starts with `frame`.
    #[inline(always)]
    pub const fn new<T>(_: HoldsNoMore, native: PhantomData<N>, frame: S, step: F) -> Self
    where
        F: for<'f, 'c> Fn(Asked<'f, 'c, S>) -> Answered<'f, T>,
    {
        Lowered {
            native,
            frame,
            step,
            _pin: PhantomPinned,
        }
    }
}

impl<S: Frame, F> LoweredBlock<S, F> {
    /// A machine that starts with `frame`.
    #[inline(always)]
    pub const fn new<T>(frame: S, step: F) -> Self
    where
        F: for<'f, 'c> Fn(Asked<'f, 'c, S>) -> Answered<'f, T>,
    {
        LoweredBlock {
            frame,
            step,
            _pin: PhantomPinned,
        }
    }
}

impl<N, S: Frame, F> Drop for Lowered<N, S, F> {
    #[inline(always)]
    fn drop(&mut self) {
        self.frame.end(End::Returned);
    }
}

impl<S: Frame, F> Drop for LoweredBlock<S, F> {
    #[inline(always)]
    fn drop(&mut self) {
        self.frame.end(End::Returned);
    }
}

impl<N, S: Frame, F, T> Future for Lowered<N, S, F>
where
    F: for<'f, 'c> Fn(Asked<'f, 'c, S>) -> Answered<'f, T>,
{
    type Output = T;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // SAFETY: as for `Machine`.
        let this = unsafe { self.get_unchecked_mut() };
        go_on(&mut this.frame, cx, &this.step)
    }
}

impl<S: Frame, F, T> Future for LoweredBlock<S, F>
where
    F: for<'f, 'c> Fn(Asked<'f, 'c, S>) -> Answered<'f, T>,
{
    type Output = T;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // SAFETY: as for `Machine`.
        let this = unsafe { self.get_unchecked_mut() };
        go_on(&mut this.frame, cx, &this.step)
    }
}

#[inline(always)]
fn go_on<S: Frame, T>(
    frame: &mut S,
    cx: &mut Context<'_>,
    step: &impl for<'f, 'c> Fn(Asked<'f, 'c, S>) -> Answered<'f, T>,
) -> Poll<T> {
    crate::step(frame, cx, |frame, cx| match step(Asked::Poll(frame, cx)) {
        Answered::Polled(poll) => poll,
        Answered::Seen(_) => unreachable!(),
    })
}

fn seen<'f, S: Frame, T>(
    frame: &'f S,
    step: &impl for<'a, 'c> Fn(Asked<'a, 'c, S>) -> Answered<'a, T>,
) -> State<'f> {
    match step(Asked::Where(frame)) {
        Answered::Seen(state) => state,
        Answered::Polled(_) => unreachable!(),
    }
}

impl<N, S: Frame, F, T> Inspect for Lowered<N, S, F>
where
    F: for<'f, 'c> Fn(Asked<'f, 'c, S>) -> Answered<'f, T>,
{
    fn state(&self) -> State<'_> {
        seen(&self.frame, &self.step)
    }
}

impl<S: Frame, F, T> Inspect for LoweredBlock<S, F>
where
    F: for<'f, 'c> Fn(Asked<'f, 'c, S>) -> Answered<'f, T>,
{
    fn state(&self) -> State<'_> {
        seen(&self.frame, &self.step)
    }
}

impl<N, S: Frame, F> fmt::Debug for Lowered<N, S, F>
where
    Self: Inspect,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.state(), f)
    }
}

impl<S: Frame, F> fmt::Debug for LoweredBlock<S, F>
where
    Self: Inspect,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.state(), f)
    }
}

/// Says that a [`Lowered`] stands for this future.
pub fn stands_for<N>(_: PhantomData<N>, _: N) {}

/// The same for an `async` block, of which it is known what it returns.
pub fn stands_for_block<T, N: Future<Output = T>>(_: PhantomData<N>, _: N) {}

/// An argument of a call that never runs.
pub fn any<A>() -> A {
    unreachable!()
}

/// The compiler's own future `N` of a function that returns `T`; the question is whether it has errors.
pub struct Original<N, T>(PhantomData<(N, T)>);

impl<N, T> Original<N, T> {
    /// The question.
    pub const fn new(_: PhantomData<N>, _: PhantomData<T>) -> Self {
        Original(PhantomData)
    }
}

/// Asks for an auto trait, so that the compiler checks the original to its end; when it has errors, the one who asks has them too.
pub trait Asks {
    /// Does nothing.
    fn ask(&self) {}
}

impl<N: UnwindSafe, T> Asks for Original<N, T> {}

/// Where the original lacks that trait.
pub trait AsksNothing {
    /// Does nothing.
    fn ask(&self) {}
}

impl<N, T> AsksNothing for &Original<N, T> {}

/// What is known of the original. No `async` future is `Unpin`, so the answer is [`Accepted`]; only when the original has errors, of which
/// the compiler says that they implement anything, it is open, and so is the type of all that comes from it.
pub trait Answer<A> {
    /// The answer.
    fn answer() -> A;
}

impl<N, T> Answer<Accepted<T>> for Original<N, T> {
    fn answer() -> Accepted<T> {
        Accepted(PhantomData)
    }
}

impl<N: Unpin, T> Answer<()> for Original<N, T> {
    fn answer() {}
}

/// The answer to whether the original has errors.
pub fn answer<N, T, A>(_: Original<N, T>) -> A
where
    Original<N, T>: Answer<A>,
{
    <Original<N, T> as Answer<A>>::answer()
}

/// What a lowered function does through its original, which returns `T` and has no errors. Where it has some, there is no value of this
/// type, and nothing that is done with it is reported.
pub struct Accepted<T>(PhantomData<T>);

impl<T> Clone for Accepted<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Accepted<T> {}

// SAFETY: there is nothing in it.
unsafe impl<T> Send for Accepted<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Accepted<T> {}
impl<T> UnwindSafe for Accepted<T> {}
impl<T> RefUnwindSafe for Accepted<T> {}

impl<T> Accepted<T> {
    /// Where nothing depends on the answer.
    pub const fn assumed() -> Self {
        Accepted(PhantomData)
    }

    /// Itself.
    #[inline(always)]
    pub const fn stands(self) -> Self {
        self
    }

    /// The same for an `async` block inside of the function.
    #[inline(always)]
    pub const fn within<U>(self) -> Accepted<U> {
        Accepted(PhantomData)
    }

    /// The step is over: the function returns.
    #[inline(always)]
    pub fn ready(self, output: T) -> Poll<T> {
        Poll::Ready(output)
    }

    /// See [`Child::new`].
    #[inline(always)]
    pub fn child<A: IntoFuture>(self, awaited: A) -> Child<A::IntoFuture> {
        Child::new(awaited)
    }

    /// See [`wait`](crate::wait).
    #[inline(always)]
    pub fn wait<A: IntoFuture>(self, awaited: A) -> ManuallyDrop<Child<A::IntoFuture>> {
        crate::wait(awaited)
    }

    /// See [`Try::branch`].
    #[inline(always)]
    pub fn branch<V: Try<T>>(self, value: V) -> ControlFlow<T, V::Output> {
        value.branch()
    }

    /// See [`take`](crate::take).
    #[inline(always)]
    pub fn take<S>(self, state: &mut S, running: S) -> S {
        crate::take(state, running)
    }

    /// The value itself: a guard, or what a poll gave.
    #[inline(always)]
    pub fn value<V>(self, value: V) -> V {
        value
    }

    /// See [`Guard::place`].
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    pub unsafe fn place<'x, G: Guard>(self, guard: &G) -> &'x mut G::Value {
        // SAFETY: the caller keeps the contract.
        unsafe { G::place(guard) }
    }

    /// See [`briefly`](crate::briefly).
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn briefly<G: Guard>(self, guard: &G) -> &mut G::Value {
        // SAFETY: the caller keeps the contract.
        unsafe { crate::briefly(guard) }
    }

    /// The future of a child, for [`look!`](crate::look).
    ///
    /// # Safety
    /// See [`Child::get`].
    #[inline(always)]
    pub unsafe fn future<F: Future>(self, child: &Child<F>) -> &F {
        // SAFETY: the caller keeps the contract.
        unsafe { child.get() }
    }
}
