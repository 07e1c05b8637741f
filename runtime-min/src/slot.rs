//! Places that keep their address while the function waits.

use core::marker::PhantomPinned;
use core::mem::{MaybeUninit, forget};
use core::ptr;

/// A place in a frame for a local that may be borrowed across an await.
///
/// It has no flag of its own: whether it is filled follows from the state. `PhantomPinned` keeps the compiler from assuming that
/// nothing else points here, since children do.
pub struct Slot<T>(MaybeUninit<T>, PhantomPinned);

impl<T> Slot<T> {
    /// A place with nothing in it.
    #[inline(always)]
    pub const fn empty() -> Self {
        Slot(MaybeUninit::uninit(), PhantomPinned)
    }

    /// Puts a value in.
    ///
    /// # Safety
    /// The slot is empty, and outlives the guard at this address.
    #[inline(always)]
    pub unsafe fn fill(&mut self, value: T) -> Live<T> {
        self.0.write(value);
        Live(self.0.as_mut_ptr())
    }

    /// The value that was kept in it.
    ///
    /// # Safety
    /// The slot was filled and its guard kept; it outlives the new guard at this address.
    #[inline(always)]
    pub unsafe fn resume(&mut self) -> Live<T> {
        Live(self.0.as_mut_ptr())
    }
}

/// A slot's value while the function runs: dropped when the guard's scope ends, unless it is kept.
///
/// It has associated functions only: a method would hide the user's method of the same name.
pub struct Live<T>(*mut T);

impl<T> Live<T> {
    /// The value itself.
    ///
    /// # Safety
    /// What is borrowed through it obeys the rules of references for as long as it is used, though `'x` says nothing of that.
    #[inline(always)]
    pub unsafe fn place<'x>(this: &Self) -> &'x mut T {
        // SAFETY: the slot is filled while its guard is there; the caller answers for the borrows.
        unsafe { &mut *this.0 }
    }

    /// Moves the value out; the slot is empty afterwards.
    ///
    /// # Safety
    /// No borrow of the place is used afterwards.
    #[inline(always)]
    pub unsafe fn out(this: Self) -> T {
        // SAFETY: the slot is filled while its guard is there, and the guard goes without dropping the value.
        let value = unsafe { this.0.read() };
        forget(this);
        value
    }

    /// Leaves the value in its slot: the function is about to wait.
    #[inline(always)]
    pub fn keep(this: Self) {
        forget(this);
    }
}

impl<T> Drop for Live<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: whoever made the guard promised that the slot is filled; nothing uses the guard after this.
        unsafe { ptr::drop_in_place(self.0) }
    }
}
