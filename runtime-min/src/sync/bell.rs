//! Who is to be woken.

use super::{AtomicPtr, Ordering::Relaxed, fence};
use crate::exec::Ready;
use core::ptr;
use core::task::Waker;
#[cfg(feature = "std")]
use std::sync::{Mutex, PoisonError};

/// Remembers one task that waits, and wakes it: one word, without a lock.
///
/// That is for tasks of [`exec`](crate::exec). Tasks of other executors can wait as well: with the feature `std` their waker is kept
/// behind a lock; without, there is no place for it, and such a task is woken at once to look again, until what it waits for is there.
#[derive(Debug, Default)]
pub struct Bell {
    task: AtomicPtr<Ready>,
    #[cfg(feature = "std")]
    other: Mutex<Option<Waker>>,
}

impl Bell {
    /// Wakes nobody.
    pub const fn new() -> Self {
        Bell {
            task: AtomicPtr::new(ptr::null_mut()),
            #[cfg(feature = "std")]
            other: Mutex::new(None),
        }
    }

    /// From now on [`ring`](Bell::ring) wakes this task, and only this one. Call it in every poll, *before* looking whether what the task
    /// waits for is there: what comes after that look then finds the task registered.
    #[inline(always)]
    pub fn listen(&self, waker: &Waker) {
        let ready = Ready::of(waker);
        self.task.store(
            ready.map_or(ptr::null_mut(), |ready| ptr::from_ref(ready).cast_mut()),
            Relaxed,
        );
        #[cfg(feature = "std")]
        {
            let mut other = self.other.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *other {
                _ if ready.is_some() => *other = None,
                Some(other) => other.clone_from(waker),
                None => *other = Some(waker.clone()),
            }
        }
        #[cfg(not(feature = "std"))]
        if ready.is_none() {
            waker.wake_by_ref();
        }
        fence();
    }

    /// Wakes the task that listens, if any; from an interrupt or another thread.
    #[inline(always)]
    pub fn ring(&self) {
        fence();
        let task = self.task.load(Relaxed);
        if !task.is_null() {
            // SAFETY: `listen` stored a `&'static Ready`.
            unsafe { &*task }.wake();
        }
        #[cfg(feature = "std")]
        {
            let mut other = self.other.lock().unwrap_or_else(PoisonError::into_inner);
            let other = other.take();
            if let Some(other) = other {
                other.wake();
            }
        }
    }
}
