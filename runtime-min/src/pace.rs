//! Giving way to other tasks.
//!
//! A long computation gives way by itself, with [`yield_every`]. A call that blocks cannot: on a host, hand it to a thread, which sets a
//! [`Signal`](crate::sync::Signal) when it is done. The runtimes that people use have the same as `spawn_blocking` (tokio) or `unblock`
//! (smol); this one works on all of them.
//!
//! ```
//! # #[cfg(feature = "std")] {
//! use handroll_rt::{block_on, sync::Signal};
//! use std::{panic, sync::Arc, thread};
//!
//! /// Runs what blocks on a thread of its own. Dropping the future leaves the thread to finish its work for nobody.
//! async fn unblock<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
//!     /// Sets the signal also when the work panics.
//!     struct Done(Arc<Signal>);
//!     impl Drop for Done {
//!         fn drop(&mut self) {
//!             self.0.set();
//!         }
//!     }
//!     let done = Arc::new(Signal::new());
//!     let sets = Done(done.clone());
//!     let thread = thread::spawn(move || {
//!         let _sets = sets;
//!         work()
//!     });
//!     done.wait().await;
//!     thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
//! }
//!
//! let text = block_on(unblock(|| std::fs::read_to_string("Cargo.toml")));
//! assert!(text.is_ok());
//! # }
//! ```

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// Lets all other tasks that are awake have their turn: pending once, and woken at once.
///
/// # Cancel safety
/// Nothing is lost by dropping it.
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A budget for a long computation in a task: of `n` awaited [`step`](YieldEvery::step)s one gives way, the others cost a decrement. With
/// `n` of 0 or 1 each gives way.
///
/// ```
/// use handroll_rt::pace::yield_every;
/// async fn sum(numbers: &[u32]) -> u32 {
///     let mut budget = yield_every(100);
///     let mut sum = 0;
///     for number in numbers {
///         sum += number;
///         budget.step().await;
///     }
///     sum
/// }
/// # #[cfg(feature = "std")]
/// assert_eq!(handroll_rt::block_on(sum(&[1; 1000])), 1000);
/// ```
pub fn yield_every(n: u32) -> YieldEvery {
    YieldEvery { n, left: n }
}

/// The budget of [`yield_every`].
#[derive(Clone, Debug)]
pub struct YieldEvery {
    n: u32,
    left: u32,
}

impl YieldEvery {
    /// Uses up one step; gives way when that was the last, and begins anew.
    ///
    /// # Cancel safety
    /// A step counts when it is first polled, also when it is then dropped.
    pub fn step(&mut self) -> Step<'_> {
        Step {
            budget: self,
            pause: None,
        }
    }
}

/// The future of [`YieldEvery::step`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Step<'b> {
    budget: &'b mut YieldEvery,
    pause: Option<YieldNow>,
}

impl Future for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.pause.is_none() {
            this.budget.left = this.budget.left.saturating_sub(1);
            if this.budget.left > 0 {
                return Poll::Ready(());
            }
            this.budget.left = this.budget.n;
        }
        Pin::new(this.pause.get_or_insert_with(yield_now)).poll(cx)
    }
}
