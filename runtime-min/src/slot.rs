//! Places that keep their address while the function waits.

use core::cell::Cell;
use core::marker::PhantomPinned;
use core::mem::{MaybeUninit, forget};
use core::panic::RefUnwindSafe;
use core::ptr;

/// A place in a frame for a local that may be borrowed across an await.
///
/// It has no flag of its own: whether it is filled follows from the state. `PhantomPinned` keeps the compiler from assuming that
/// nothing else points here, since children do.
pub struct Slot<T>(MaybeUninit<T>, PhantomPinned);

// SAFETY: a slot is what is in it. The compiler finds the same by itself, but through four types of the standard library for each
// future in a future, and gives up where these are nested deeply.
unsafe impl<T: Send> Send for Slot<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Slot<T> {}

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
        Live(Cell::new(self.place()))
    }

    /// The value that was kept in it.
    ///
    /// # Safety
    /// The slot was filled and its guard kept; it outlives the new guard at this address.
    #[inline(always)]
    pub unsafe fn resume(&mut self) -> Live<T> {
        Live(Cell::new(self.place()))
    }

    /// The place of the value that was kept in it. Something else answers for its drop.
    ///
    /// # Safety
    /// The slot was filled and its guard kept.
    #[inline(always)]
    pub unsafe fn there(&mut self) -> Pointer<T> {
        Pointer(self.place())
    }

    /// Where the value is. A `&mut` to what `PhantomPinned` does not guard would say that nothing else points there.
    #[inline(always)]
    const fn place(&mut self) -> *mut T {
        (&raw mut self.0).cast()
    }
}

/// A slot's value while the function runs: dropped when the guard's scope ends, unless it is kept.
///
/// It has associated functions only: a method would hide the user's method of the same name.
///
/// A [`Later`] or an [`Inside`] that was made of a shared reference may end it, hence the cell.
pub struct Live<T>(Cell<*mut T>);

impl<T: RefUnwindSafe> RefUnwindSafe for Live<T> {}

/// A pinned local whose drop is due before that of a held value, should the step that holds the value panic.
///
/// Associated functions only.
pub struct Later<G: Own>(*mut G);

// SAFETY: it is used and forgotten within one step, on the thread that made it; a holder merely has it in its captures.
unsafe impl<G: Own> Send for Later<G> {}
// SAFETY: as above.
unsafe impl<G: Own> Sync for Later<G> {}

impl<G: Own> Later<G> {
    /// Stands for the local's own guard while a panic unwinds.
    #[inline(always)]
    pub fn new(guard: &G) -> Self {
        Later(ptr::from_ref(guard).cast_mut())
    }

    /// Nothing panicked: the local's own guard drops it.
    #[inline(always)]
    pub fn done(this: Self) {
        forget(this);
    }
}

impl<G: Own> Drop for Later<G> {
    fn drop(&mut self) {
        // SAFETY: the guard outlives the step that this value belongs to, and does nothing once it has ended.
        unsafe { G::end(self.0) }
    }
}

/// A pinned local that an expression in a holder moves away, or gives its value.
///
/// Associated functions only.
pub struct Inside<G: Own>(*mut G);

// SAFETY: it is used within one step, on the thread that made it; a holder merely has it in its captures.
unsafe impl<G: Own> Send for Inside<G> {}
// SAFETY: as above.
unsafe impl<G: Own> Sync for Inside<G> {}

impl<G: Own> Inside<G> {
    /// Stands for the local's own guard within the step.
    #[inline(always)]
    pub fn new(guard: &G) -> Self {
        Inside(ptr::from_ref(guard).cast_mut())
    }

    /// Moves the value out; the guard drops nothing afterwards.
    ///
    /// # Safety
    /// The guard is there, and so is a value, of which no borrow is used afterwards.
    #[inline(always)]
    pub unsafe fn out(this: &Self) -> G::Value {
        // SAFETY: the caller's.
        unsafe { G::take(this.0) }
    }
}

impl<T> Inside<Flag<T>> {
    /// Gives the local its value.
    ///
    /// # Safety
    /// The guard is there.
    #[inline(always)]
    pub unsafe fn put(this: &Self, value: T) {
        // SAFETY: the caller's.
        unsafe { Flag::put(&*this.0, value) }
    }
}

impl<G: Own> Guard for Inside<G> {
    type Value = G::Value;

    #[inline(always)]
    unsafe fn place<'x>(this: &Self) -> &'x mut G::Value {
        // SAFETY: the guard outlives the step that this value belongs to; the caller answers for the rest.
        unsafe { G::place(&*this.0) }
    }
}

/// What stands for a pinned local while the function runs: [`Live`], or [`Flag`] where it may have no value.
pub trait Guard {
    /// The local's type.
    type Value;

    /// The value itself.
    ///
    /// # Safety
    /// There is a value. What is borrowed through it obeys the rules of references for as long as it is used, though `'x` says
    /// nothing of that.
    unsafe fn place<'x>(this: &Self) -> &'x mut Self::Value;
}

/// The value itself, for what is not borrowed longer than its guard is there.
///
/// # Safety
/// As for [`Guard::place`].
#[inline(always)]
#[allow(clippy::mut_from_ref)]
pub unsafe fn briefly<G: Guard>(guard: &G) -> &mut G::Value {
    // SAFETY: the caller keeps the contract.
    unsafe { G::place(guard) }
}

/// A guard that answers for its value's drop.
pub trait Own: Guard {
    /// Drops the value now, if there still is one; the guard drops nothing afterwards.
    ///
    /// # Safety
    /// The guard is there, and nothing uses its value afterwards.
    unsafe fn end(this: *mut Self);

    /// Moves the value out; the guard drops nothing afterwards.
    ///
    /// # Safety
    /// The guard is there, and so is a value, of which no borrow is used afterwards.
    unsafe fn take(this: *mut Self) -> Self::Value;
}

/// Leaves what a guard stands for as it is: the function is about to wait.
#[inline(always)]
pub fn keep<G>(guard: G) {
    forget(guard);
}

impl<T> Guard for Live<T> {
    type Value = T;

    #[inline(always)]
    unsafe fn place<'x>(this: &Self) -> &'x mut T {
        // SAFETY: the slot is filled while its guard is there; the caller answers for the borrows.
        unsafe { &mut *this.0.get() }
    }
}

impl<T> Own for Live<T> {
    #[inline(always)]
    unsafe fn end(this: *mut Self) {
        // SAFETY: the guard is there; once it is null, it stands for nothing.
        unsafe {
            let value = (*this).0.replace(ptr::null_mut());
            drop(Live(Cell::new(value)));
        }
    }

    #[inline(always)]
    unsafe fn take(this: *mut Self) -> T {
        // SAFETY: the caller knows that there is a value; once the guard is null, it stands for nothing.
        unsafe { (*this).0.replace(ptr::null_mut()).read() }
    }
}

impl<T> Live<T> {
    /// The guard of a slot that gets its value within an expression: until then it stands for nothing.
    #[inline(always)]
    pub const fn vacant() -> Self {
        Live(Cell::new(ptr::null_mut()))
    }

    /// Moves the value out; the slot is empty afterwards.
    ///
    /// # Safety
    /// No borrow of the place is used afterwards.
    #[inline(always)]
    pub unsafe fn out(this: Self) -> T {
        // SAFETY: the slot is filled while its guard is there, and the guard goes without dropping the value.
        let value = unsafe { this.0.get().read() };
        forget(this);
        value
    }
}

impl<T> Drop for Live<T> {
    #[inline(always)]
    fn drop(&mut self) {
        let value = self.0.get();
        if !value.is_null() {
            // SAFETY: whoever made the guard promised that the slot is filled; nothing uses the guard after this.
            unsafe { ptr::drop_in_place(value) }
        }
    }
}

/// A slot that is about to take a temporary in, and the guard that stands for it from then on.
pub struct Vacant<T>(*mut T, *mut Live<T>);

impl<T> Vacant<T> {
    /// A slot and its guard.
    ///
    /// # Safety
    /// The slot is empty and outlives the guard, both at these addresses. What is borrowed of the value obeys the rules of references
    /// for as long as it is used.
    #[inline(always)]
    pub unsafe fn new(slot: &mut Slot<T>, guard: &mut Live<T>) -> Self {
        Vacant(slot.place(), guard)
    }

    /// Takes the value in, and lends it.
    #[inline(always)]
    pub fn lend<'x>(self, value: T) -> &'x T {
        self.lend_mut(value)
    }

    /// The same, exclusively.
    #[inline(always)]
    pub fn lend_mut<'x>(self, value: T) -> &'x mut T {
        // SAFETY: as promised to `new`.
        unsafe {
            self.0.write(value);
            (*self.1).0.set(self.0);
            &mut *self.0
        }
    }
}

/// The address of a pinned local: for a closure or async block that captures it by reference, and where a guard for many answers for
/// its drop.
pub struct Pointer<T>(*mut T);

impl<T> Clone for Pointer<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Pointer<T> {}

// SAFETY: it stands for the reference that the original closure captured.
unsafe impl<T: Send> Send for Pointer<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Pointer<T> {}

impl<T> Pointer<T> {
    /// The place behind a reference.
    #[inline(always)]
    pub fn new(place: &mut T) -> Self {
        Pointer(place)
    }
}

impl<T> Guard for Pointer<T> {
    type Value = T;

    #[inline(always)]
    unsafe fn place<'x>(this: &Self) -> &'x mut T {
        // SAFETY: the slot is filled while the closure is there; the caller answers for the borrows.
        unsafe { &mut *this.0 }
    }
}

/// A slot that knows whether it is filled: for a local that is moved away, or gets its value, on some ways to an await only.
pub struct FlagSlot<T> {
    value: MaybeUninit<T>,
    filled: bool,
    _pin: PhantomPinned,
}

// SAFETY: a slot is what is in it: see `Slot`.
unsafe impl<T: Send> Send for FlagSlot<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for FlagSlot<T> {}

impl<T> FlagSlot<T> {
    /// A place with nothing in it.
    #[inline(always)]
    pub const fn empty() -> Self {
        FlagSlot {
            value: MaybeUninit::uninit(),
            filled: false,
            _pin: PhantomPinned,
        }
    }

    /// The guard of a local that begins without a value.
    ///
    /// # Safety
    /// The slot is empty, and outlives the guard at this address.
    #[inline(always)]
    pub unsafe fn open(&mut self) -> Flag<T> {
        self.filled = false;
        Flag(self)
    }

    /// The guard of what the slot holds, if anything.
    ///
    /// # Safety
    /// The slot's last guard was kept; it outlives the new guard at this address.
    #[inline(always)]
    pub unsafe fn resume(&mut self) -> Flag<T> {
        Flag(self)
    }
}

/// The guard of a [`FlagSlot`]: a drop flag beside the value. Associated functions only.
pub struct Flag<T>(*mut FlagSlot<T>);

impl<T> Flag<T> {
    /// Gives the local a value; drops the one that it had.
    ///
    /// # Safety
    /// No borrow of the old value is used afterwards.
    #[inline(always)]
    pub unsafe fn put(this: &Self, value: T) {
        // SAFETY: the slot is there as long as its guard.
        let slot = unsafe { &mut *this.0 };
        if slot.filled {
            // SAFETY: the flag says that there is a value. An assignment drops the old one in place.
            *unsafe { slot.value.assume_init_mut() } = value;
        } else {
            slot.value.write(value);
            slot.filled = true;
        }
    }

    /// Drops the value, if there is one.
    ///
    /// # Safety
    /// No borrow of it is used afterwards.
    #[inline(always)]
    pub unsafe fn release(this: &Self) {
        // The flag says afterwards that there is no value.
        drop(Flag(this.0));
    }

    /// Moves the value out.
    ///
    /// # Safety
    /// There is a value, and no borrow of it is used afterwards.
    #[inline(always)]
    pub unsafe fn out(this: &Self) -> T {
        // SAFETY: the slot is there as long as its guard, and the caller knows that it is filled.
        unsafe {
            (*this.0).filled = false;
            (*this.0).value.assume_init_read()
        }
    }
}

impl<T> Guard for Flag<T> {
    type Value = T;

    #[inline(always)]
    unsafe fn place<'x>(this: &Self) -> &'x mut T {
        // SAFETY: the caller knows that there is a value, and answers for the borrows.
        unsafe { (*this.0).value.assume_init_mut() }
    }
}

impl<T> Own for Flag<T> {
    unsafe fn end(this: *mut Self) {
        // SAFETY: the guard is there; the flag says afterwards that there is no value.
        unsafe { drop(Flag((*this).0)) }
    }

    unsafe fn take(this: *mut Self) -> T {
        // SAFETY: the caller's.
        unsafe { Flag::out(&*this) }
    }
}

impl<T> Drop for Flag<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the slot is there as long as its guard; the flag says whether there is a value, which nothing uses after this.
        unsafe {
            if (*self.0).filled {
                (*self.0).filled = false;
                (*self.0).value.assume_init_drop();
            }
        }
    }
}
