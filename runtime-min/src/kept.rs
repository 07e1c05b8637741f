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
/// Its type does not mention the frame's: a step has many of these, and the compiler would look at all parameters of the frame for
/// each. Associated functions only.
pub struct Kept {
    frame: *mut (),
    state: u32,
    release: unsafe fn(*mut (), u32),
}

impl Kept {
    /// Stands for what the state of this number holds.
    ///
    /// # Safety
    /// The slots of that state are filled, no other guard stands for them, and the frame outlives this guard at its address.
    #[inline(always)]
    pub unsafe fn new<F: Release>(frame: &mut F, state: u32) -> Self {
        unsafe fn release<F: Release>(frame: *mut (), state: u32) {
            // SAFETY: the guard was made from such a frame, which outlives it.
            unsafe { (*frame.cast::<F>()).release(state) }
        }
        Kept {
            frame: core::ptr::from_mut(frame).cast(),
            state,
            release: release::<F>,
        }
    }
}

impl Drop for Kept {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: whoever made the guard promised that the frame is there and what it holds; nothing uses the guard after this.
        unsafe { (self.release)(self.frame, self.state) }
    }
}
