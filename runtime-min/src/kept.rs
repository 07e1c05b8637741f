//! What a function with many values keeps from one wait to the next.
//!
//! Most of them only wait for the end of their scope. A guard for each in every arm would make the code grow with the square of the
//! number of awaits. So one guard stands for all that was declared first and that an arm does not touch but as a place; it drops
//! what the state of a given number holds.

use crate::machine::Frame;

/// A frame that knows by number what each of its states holds.
pub trait Release: Frame {
    /// Drops what the state of this number holds, last declared first. 0 stands for a state that holds nothing.
    fn release(&mut self, state: u32);
}

/// The values that a state held, while the function runs: dropped when the guard's scope ends, unless they are kept.
///
/// Associated functions only.
pub struct Kept<F: Release>(*mut F, u32);

impl<F: Release> Kept<F> {
    /// Stands for what the state of this number holds.
    ///
    /// # Safety
    /// The slots of that state are filled, no other guard stands for them, and the frame outlives this guard at its address.
    #[inline(always)]
    pub unsafe fn new(frame: &mut F, state: u32) -> Self {
        Kept(frame, state)
    }
}

impl<F: Release> Drop for Kept<F> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: whoever made the guard promised that the frame is there and what it holds; nothing uses the guard after this.
        unsafe { (*self.0).release(self.1) }
    }
}
