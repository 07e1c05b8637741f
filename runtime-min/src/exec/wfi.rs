//! Sleep on Cortex-M.

use super::Tasks;
use core::arch::asm;

/// Sleeps until the next interrupt, unless a task is awake: the idle hook for Cortex-M.
///
/// Interrupts are masked while it looks. One that comes then ends the sleep at once, and is served as soon as they are unmasked.
#[inline(always)]
pub fn wfi<T: Tasks>(tasks: &T) {
    // SAFETY: masking, waiting and unmasking touch no memory of the program. No `nomem`: the flags are to be read in between.
    unsafe { asm!("cpsid i", options(nostack, preserves_flags)) };
    if !tasks.is_awake() {
        // SAFETY: as above.
        unsafe { asm!("wfi", options(nostack, preserves_flags)) };
    }
    // SAFETY: as above; whoever calls `run` has interrupts enabled, or nothing would ever wake a task.
    unsafe { asm!("cpsie i", "isb", options(nostack, preserves_flags)) };
}
