//! What an interrupt, or another thread, hands to a task.

mod bell;
mod ring;
mod signal;

pub use bell::Bell;
pub use ring::{Read, Ring, Vacancy};
pub use signal::{Signal, Wait};

pub(crate) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, Ordering};

/// Orders what stands before it, in the program, before what stands after it, for everybody.
///
/// The flags of this crate are stored and loaded, never exchanged, so that chips without compare-and-swap can have them. Between a
/// flag and what it speaks of stands a fence on each side, which is enough. On one core the order of the program is what interrupts see.
#[inline(always)]
pub(crate) fn fence() {
    #[cfg(feature = "single-core")]
    core::sync::atomic::compiler_fence(Ordering::SeqCst);
    #[cfg(not(feature = "single-core"))]
    core::sync::atomic::fence(Ordering::SeqCst);
}
