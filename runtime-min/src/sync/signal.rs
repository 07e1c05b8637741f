//! An event.

use super::{AtomicBool, Bell, Ordering::Relaxed, fence};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// An event that has happened, or not yet: set from an interrupt or anywhere else, awaited by one task.
///
/// Events do not count: what is set twice before the task looks has happened once.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use handroll_rt::{block_on, sync::Signal};
/// static DONE: Signal = Signal::new();
/// std::thread::spawn(|| DONE.set());
/// block_on(DONE.wait());
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Signal {
    set: AtomicBool,
    bell: Bell,
}

impl Signal {
    /// It has not happened.
    pub const fn new() -> Self {
        Signal {
            set: AtomicBool::new(false),
            bell: Bell::new(),
        }
    }

    /// It happens.
    #[inline(always)]
    pub fn set(&self) {
        self.set.store(true, Relaxed);
        self.bell.ring();
    }

    /// Whether it has happened; from now on it has not.
    #[inline(always)]
    pub fn take(&self) -> bool {
        let set = self.set.load(Relaxed);
        if set {
            self.set.store(false, Relaxed);
            fence();
        }
        set
    }

    /// Waits until it has happened, and takes it.
    ///
    /// Only the task that began to wait last is woken.
    ///
    /// # Cancel safety
    /// Dropping the future takes nothing: an event stays set until a wait is ready, or [`take`](Signal::take).
    pub fn wait(&self) -> Wait<'_> {
        Wait { signal: self }
    }
}

/// The future of [`Signal::wait`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Wait<'s> {
    signal: &'s Signal,
}

impl Future for Wait<'_> {
    type Output = ();

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.signal.bell.listen(cx.waker());
        if self.signal.take() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
