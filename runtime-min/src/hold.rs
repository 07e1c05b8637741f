//! Holders: values of which only their types say whether an expression moves or borrows them.
//!
//! `held!` puts the value into a small `async` block, which evaluates the expression, hands its result out and waits for good. So the
//! compiler decides what is moved; what is left lives in the block until that drops, in a slot like any pinned local. The block never
//! does more than this one step, and is polled once.
//!
//! The result is handed out through an address that travels in the data of the waker of that poll.

use core::future::Future;
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
