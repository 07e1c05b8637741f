//! An executor for tasks in `static`s.
//!
//! Each task has one flag, which says whether it sleeps. Waking clears the flag, with a plain store: any interrupt may do that, without
//! a critical section and without compare-and-swap. [`run`] goes round: it polls each task that is awake once, then asks the idle hook
//! to sleep. So no task can starve another, and a task that is woken while it is polled has its turn in the next round.
//!
//! ```no_run
//! use handroll_rt::exec::{Task, run};
//! # #[derive(Default)] struct Echo;
//! # impl Future for Echo {
//! #     type Output = ();
//! #     fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<()> { std::task::Poll::Pending }
//! # }
//! // On a chip this is `static mut ECHO: Task<Echo> = Task::new(Echo::new())` inside `#[entry] fn main`, which gives `&'static mut`.
//! let echo: &'static mut Task<Echo> = Box::leak(Box::new(Task::new(Echo::default())));
//! run(echo.spawn(), |_| std::thread::yield_now());
//! ```

mod room;
mod sets;
#[cfg(all(target_arch = "arm", target_os = "none"))]
mod wfi;

pub use room::{Align, Alignment, Room, Starts, align_for, size_for};
#[cfg(all(target_arch = "arm", target_os = "none"))]
pub use wfi::wfi;

use crate::sync::{AtomicBool, Ordering::Relaxed, fence};
use core::cell::UnsafeCell;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

/// A task's place in the ready set: one flag. A task begins awake.
#[derive(Debug, Default)]
pub struct Ready {
    // This way round a task in a `static` is all zeros, and needs no place in flash to be copied from.
    asleep: AtomicBool,
}

impl Ready {
    /// Awake.
    #[inline(always)]
    pub const fn new() -> Self {
        Ready {
            asleep: AtomicBool::new(false),
        }
    }

    /// Has the task polled in the executor's next round; from an interrupt, another thread or the task itself. Once the task has
    /// finished, nothing happens.
    #[inline(always)]
    pub fn wake(&self) {
        // What happened before is seen by the poll that this leads to.
        fence();
        self.asleep.store(false, Relaxed);
    }

    /// Whether the task is awake.
    #[inline(always)]
    pub fn is_awake(&self) -> bool {
        !self.asleep.load(Relaxed)
    }

    /// Whether the task was awake; it sleeps from now on. A wake-up from here on counts for the poll after the one that follows.
    #[inline(always)]
    fn take(&self) -> bool {
        let awake = self.is_awake();
        if awake {
            self.asleep.store(true, Relaxed);
            fence();
        }
        awake
    }

    /// A waker for the task. It neither allocates nor counts.
    #[inline(always)]
    pub fn waker(&'static self) -> Waker {
        // SAFETY: the data is a `&'static Ready`, as the table's functions expect.
        unsafe { Waker::from_raw(raw(ptr::from_ref(self).cast())) }
    }

    /// The flag behind a waker, if it is one of this executor's.
    #[inline(always)]
    pub(crate) fn of(waker: &Waker) -> Option<&'static Ready> {
        // SAFETY: wakers with this table are made from a `&'static Ready` only.
        (ptr::eq(waker.vtable(), &VTABLE)).then(|| unsafe { &*waker.data().cast() })
    }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(raw, wake, wake, |_| {});

fn raw(ready: *const ()) -> RawWaker {
    RawWaker::new(ready, &VTABLE)
}

/// # Safety
/// The address of a `Ready` that is never dropped.
unsafe fn wake(ready: *const ()) {
    // SAFETY: as the caller says.
    unsafe { &*ready.cast::<Ready>() }.wake();
}

/// A future with its flag, in a `static`: the place of one task. It can run only through [`spawn`](Task::spawn), which takes it for good.
#[derive(Debug)]
pub struct Task<F: ?Sized> {
    ready: Ready,
    future: UnsafeCell<ManuallyDrop<F>>,
}

// SAFETY: the future is touched through `Spawned` only, of which there is one for each task.
unsafe impl<F: ?Sized> Sync for Task<F> {}

impl<F> Task<F> {
    /// A task that has not begun.
    pub const fn new(future: F) -> Self {
        Task {
            ready: Ready::new(),
            future: UnsafeCell::new(ManuallyDrop::new(future)),
        }
    }
}

impl<F: ?Sized> Drop for Task<F> {
    fn drop(&mut self) {
        // SAFETY: a task that was spawned is borrowed for good and never comes here.
        unsafe { ManuallyDrop::drop(self.future.get_mut()) }
    }
}

impl<F: Future + ?Sized> Task<F> {
    /// The task, to be handed to [`run`].
    ///
    /// A task must never move or go away, so it cannot be on the stack:
    /// ```compile_fail,E0597
    /// # use handroll_rt::exec::Task;
    /// let mut task = Task::new(async {});
    /// let spawned = task.spawn();
    /// ```
    /// and there is one way only to poll it:
    /// ```compile_fail,E0499
    /// # use handroll_rt::exec::Task;
    /// let task: &'static mut Task<_> = Box::leak(Box::new(Task::new(async {})));
    /// let both = (task.spawn(), task.spawn());
    /// ```
    /// Tasks of different types make an array by way of `dyn`:
    /// ```
    /// # use handroll_rt::exec::{Task, Tasks};
    /// # fn leak<F>(future: F) -> &'static mut Task<F> { Box::leak(Box::new(Task::new(future))) }
    /// # let (echo, blink) = (leak(async {}), leak(async {}));
    /// let tasks: [&'static mut Task<dyn Future<Output = ()>>; 2] = [echo, blink];
    /// let mut tasks = tasks.map(Task::spawn);
    /// # assert!(!tasks.round());
    /// ```
    #[inline(always)]
    pub fn spawn(&'static mut self) -> Spawned<F> {
        Spawned {
            task: self,
            finished: false,
        }
    }
}

/// The right to poll a task. There is one for each, so nothing can poll a task that is being polled. Dropping it cancels the task.
#[derive(Debug)]
pub struct Spawned<F: Future + ?Sized + 'static> {
    task: &'static Task<F>,
    finished: bool,
}

// SAFETY: it is the only way to the future, which may be sent.
unsafe impl<F: Future + ?Sized + Send> Send for Spawned<F> {}

impl<F: Future + ?Sized> Spawned<F> {
    /// The task's flag, for an interrupt that wakes it directly.
    pub fn ready(&self) -> &'static Ready {
        &self.task.ready
    }

    /// Whether the task may still have something to do. A future whose output has no values never ends, and needs no flag for it.
    #[inline(always)]
    fn lives(&self) -> bool {
        size_of::<Poll<F::Output>>() == 0 || !self.finished
    }

    /// Drops the future in its place.
    fn finish(&mut self) {
        self.finished = true;
        // SAFETY: only here is the future dropped, and `finished` keeps everything from using it again.
        unsafe { ManuallyDrop::drop(&mut *self.task.future.get()) }
    }
}

impl<F: Future + ?Sized> Drop for Spawned<F> {
    fn drop(&mut self) {
        if !self.finished {
            self.finish();
        }
    }
}

/// A set of tasks: a [`Spawned`], an array of them, or a tuple of sets.
pub trait Tasks {
    /// Polls each task that is awake, once. Whether any task still lives.
    fn round(&mut self) -> bool;

    /// Whether any task is to be polled.
    fn is_awake(&self) -> bool;
}

impl<F: Future + ?Sized> Tasks for Spawned<F> {
    #[inline(always)]
    fn round(&mut self) -> bool {
        if self.task.ready.take() && self.lives() {
            // Nothing is to be done when it goes, but behind `dyn` the compiler does not know that.
            let waker = ManuallyDrop::new(self.task.ready.waker());
            // SAFETY: nothing moves what lies in a `static`, and this is the only access: `&mut self` is the right to poll it.
            let future = unsafe { Pin::new_unchecked(&mut **self.task.future.get()) };
            if future.poll(&mut Context::from_waker(&waker)).is_ready() {
                self.finish();
            }
        }
        self.lives()
    }

    #[inline(always)]
    fn is_awake(&self) -> bool {
        self.task.ready.is_awake()
    }
}

/// Runs tasks for ever: one round after the other, and `idle` after each.
///
/// The idle hook may sleep until something wakes a task. So that no wake-up is lost it must look at [`Tasks::is_awake`] once more when
/// nothing can wake a task unnoticed any more: `wfi` does that on Cortex-M.
#[inline(always)]
pub fn run<T: Tasks>(mut tasks: T, mut idle: impl FnMut(&T)) -> ! {
    loop {
        tasks.round();
        idle(&tasks);
    }
}
