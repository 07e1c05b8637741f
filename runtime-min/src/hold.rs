//! Holders: values of which only their types say whether an expression moves or borrows them.
//!
//! `held!` puts the value into a small `async` block, which evaluates the expression, hands its result out and waits for good. So the
//! compiler decides what is moved; what is left lives in the block until that drops, in a slot like any pinned local. The block never
//! does more than this one step, and is polled once.
//!
//! The result is handed out through an address that travels in the data of the waker of that poll.

use core::cell::Cell;
use core::future::Future;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit, forget};
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

static VTABLE: RawWakerVTable =
    RawWakerVTable::new(|data| RawWaker::new(data, &VTABLE), |_| {}, |_| {}, |_| {});

/// Where a holder's result goes.
pub struct Port(*mut ());

// SAFETY: it exists only within one poll, on one thread; a holder is never suspended with it.
unsafe impl Send for Port {}
// SAFETY: as above.
unsafe impl Sync for Port {}

impl Port {
    /// Hands the result out.
    ///
    /// # Safety
    /// `T` is the output type of the holder that is being polled by [`start`].
    #[inline(always)]
    pub unsafe fn put<T>(self, value: T) {
        // SAFETY: `start` gave the address of an uninitialised `T`.
        unsafe { self.0.cast::<T>().write(value) }
    }
}

/// Gives the port of the present poll, at once.
pub struct FindPort;

impl Future for FindPort {
    type Output = Port;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Port> {
        Poll::Ready(Port(cx.waker().data().cast_mut().cast()))
    }
}

/// Waits for good.
pub struct Park;

impl Future for Park {
    type Output = ();

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// Polls a holder for the only time, and gives what it hands out.
///
/// # Safety
/// The holder was made by [`held!`](crate::held), was not polled before, and stays where it is until it drops.
#[inline(always)]
pub unsafe fn start<L: Future>(holder: &mut L) -> L::Output {
    let mut output = MaybeUninit::<L::Output>::uninit();
    let raw = RawWaker::new(ptr::from_mut(&mut output).cast_const().cast(), &VTABLE);
    // SAFETY: the table's functions do nothing, so they keep every contract.
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw) });
    // SAFETY: the caller keeps the holder in place.
    let poll = unsafe { Pin::new_unchecked(holder) }.poll(&mut Context::from_waker(&waker));
    forget(poll);
    // SAFETY: a holder's only poll puts its result before it waits.
    unsafe { output.assume_init() }
}

// An expression that is begun, and waits for its operands.

/// The operands of an expression that was begun, inside of it.
pub struct Given<A> {
    operands: Cell<*mut ManuallyDrop<A>>,
    /// Where the result goes.
    result: Cell<*mut ()>,
}

// SAFETY: the addresses are used within the one poll that sets them.
unsafe impl<A> Send for Given<A> {}
// SAFETY: as above; nothing shares it but the future that it belongs to.
unsafe impl<A> Sync for Given<A> {}

impl<A> Given<A> {
    /// None are there yet.
    #[inline(always)]
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Given {
            operands: Cell::new(ptr::null_mut()),
            result: Cell::new(ptr::null_mut()),
        }
    }

    /// Waits for them.
    #[inline(always)]
    pub fn wait(&self) -> Wait<'_, A> {
        Wait(self, false)
    }

    /// Where they are, once they are there.
    #[inline(always)]
    pub fn operands(&self) -> *const A {
        self.operands.get().cast_const().cast()
    }

    /// Hands the result out.
    ///
    /// # Safety
    /// The operands are there, and `R` is the type of result that [`Resume::give`] has room for.
    #[inline(always)]
    pub unsafe fn put<R>(&self, result: R) {
        // SAFETY: `give` gave the address of an uninitialised `R`.
        unsafe { self.result.get().cast::<R>().write(result) }
    }

    /// Says of which types operands and result are.
    pub fn tie<R>(&self, _: R) -> Step<A, R> {
        Step(PhantomData)
    }
}

/// Waits for the operands.
pub struct Wait<'a, A>(&'a Given<A>, bool);

impl<A> Future for Wait<'_, A> {
    type Output = ();

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !core::mem::replace(&mut self.1, true) {
            return Poll::Pending;
        }
        // The data of the waker is what `give` passes: the addresses of the operands and of the result.
        let addresses = cx.waker().data().cast::<(*mut ManuallyDrop<A>, *mut ())>();
        // SAFETY: the second poll is that of `give`, whose addresses are there until it ends.
        let (operands, result) = unsafe { *addresses };
        self.0.operands.set(operands);
        self.0.result.set(result);
        Poll::Ready(())
    }
}

/// The types of an expression's operands and of its result.
pub struct Step<A, R>(PhantomData<fn() -> (A, R)>);

/// Polls an expression for the first time, up to its operands.
///
/// # Safety
/// It was made by [`begin!`](crate::begin), was not polled before, and stays where it is until it drops.
#[inline(always)]
pub unsafe fn begin<L: Future>(holder: &mut L) {
    let raw = RawWaker::new(ptr::null(), &VTABLE);
    // SAFETY: the table's functions do nothing, so they keep every contract.
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw) });
    // SAFETY: the caller keeps it in place.
    let poll = unsafe { Pin::new_unchecked(holder) }.poll(&mut Context::from_waker(&waker));
    forget(poll);
}

/// An expression that waits for its operands.
pub struct Resume<L, A, R>(*mut L, PhantomData<fn() -> (A, R)>);

/// An expression, to be given its operands.
///
/// # Safety
/// It was begun, was not given its operands yet, and stays where it is until it drops.
#[inline(always)]
pub unsafe fn resume<L: Future<Output = Step<A, R>>, A, R>(holder: &mut L) -> Resume<L, A, R> {
    Resume(holder, PhantomData)
}

impl<L: Future<Output = Step<A, R>>, A, R> Resume<L, A, R> {
    /// Goes on with these operands, and gives the result.
    #[inline(always)]
    pub fn give(self, operands: A) -> R {
        let mut operands = ManuallyDrop::new(operands);
        let mut result = MaybeUninit::<R>::uninit();
        let mut addresses: (*mut ManuallyDrop<A>, *mut ()) =
            (&raw mut operands, result.as_mut_ptr().cast());
        let raw = RawWaker::new((&raw mut addresses).cast_const().cast(), &VTABLE);
        // SAFETY: the table's functions do nothing, so they keep every contract.
        let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw) });
        // SAFETY: as promised to `resume`.
        let holder = unsafe { Pin::new_unchecked(&mut *self.0) };
        let _: Poll<Step<A, R>> = holder.poll(&mut Context::from_waker(&waker));
        // SAFETY: with its operands, the expression puts its result before it waits for good.
        unsafe { result.assume_init() }
    }
}
