//! Waiting for a time: a queue of timers without a heap, driven by a tick.
//!
//! An interrupt counts [`Ticks`] and does nothing else. [`Timers`] is the queue of those who sleep, the first to wake in front: it is
//! linked through the sleeping futures themselves, so it has room for all of them. It belongs to one executor, of whose set it is a
//! member: in each round it wakes those whose time has come.
//!
//! ```
//! use handroll_rt::exec::{Room, Tasks};
//! use handroll_rt::time::{Ticks, Timers};
//!
//! static TICKS: Ticks = Ticks::new();
//!
//! async fn blink(timers: &'static Timers) {
//!     timers.after(2).await;
//!     /* .. */
//! }
//!
//! # let timers: &'static Timers = Box::leak(Box::new(Timers::new(&TICKS)));
//! # let room: &'static mut handroll_rt::task!(blink) = Box::leak(Box::new(Room::new()));
//! // Given `timers: &'static Timers` and `room: &'static mut task!(blink)`, as `static mut`s in `#[entry] fn main`:
//! let mut tasks = (timers, room.spawn(blink(timers)));
//! // On a chip now comes `run(tasks, wfi)`, and the timer's interrupt calls `TICKS.tick()`.
//! assert!(tasks.round());
//! TICKS.tick();
//! assert!(!tasks.is_awake());
//! TICKS.tick();
//! assert!(tasks.is_awake());
//! tasks.round();
//! assert!(!tasks.is_awake());
//! ```

use crate::exec::Tasks;
use crate::sync::{AtomicU32, Ordering::Relaxed};
use core::cell::Cell;
use core::future::Future;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll, Waker};

/// A count that an interrupt moves on. It wraps around.
#[derive(Debug, Default)]
pub struct Ticks(AtomicU32);

impl Ticks {
    /// Starts at 0.
    pub const fn new() -> Self {
        Ticks::starting_at(0)
    }

    /// Starts at a number of ticks: as after a long time, for a test.
    pub const fn starting_at(now: u32) -> Self {
        Ticks(AtomicU32::new(now))
    }

    /// One more. For one interrupt: two that run at the same time may count as one.
    #[inline(always)]
    pub fn tick(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// The number so far.
    #[inline(always)]
    pub fn now(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

/// Whether `now` is `until` or later; they are at most 2³¹ ticks apart.
#[inline(always)]
fn reached(now: u32, until: u32) -> bool {
    now.wrapping_sub(until) as i32 >= 0
}

/// Those who sleep, the first to wake in front. One executor's: a reference to it can go to no other thread.
pub struct Timers {
    ticks: &'static Ticks,
    first: Cell<*const Node>,
}

struct Node {
    until: Cell<u32>,
    waker: Cell<Option<Waker>>,
    next: Cell<*const Node>,
    /// Whether it is in the queue.
    queued: Cell<bool>,
    _pin: PhantomPinned,
}

impl Timers {
    /// Nobody sleeps.
    pub const fn new(ticks: &'static Ticks) -> Self {
        Timers {
            ticks,
            first: Cell::new(ptr::null()),
        }
    }

    /// The present tick.
    pub fn now(&self) -> u32 {
        self.ticks.now()
    }

    /// Sleeps until the given tick, at most 2³¹ ahead; ready at once if that is past.
    ///
    /// # Cancel safety
    /// Dropping it takes it out of the queue; nothing else is lost.
    pub fn until(&self, tick: u32) -> Sleep<'_> {
        Sleep {
            timers: self,
            node: Node {
                until: Cell::new(tick),
                waker: Cell::new(None),
                next: Cell::new(ptr::null()),
                queued: Cell::new(false),
                _pin: PhantomPinned,
            },
        }
    }

    /// Sleeps for a number of ticks from now, at most 2³¹. The first of them may have begun already.
    ///
    /// # Cancel safety
    /// As [`until`](Timers::until).
    pub fn after(&self, ticks: u32) -> Sleep<'_> {
        self.until(self.now().wrapping_add(ticks))
    }

    /// Whether the time of the first in the queue has come.
    #[inline(always)]
    fn is_due(&self) -> bool {
        // SAFETY: a node takes itself out of the queue before it goes.
        unsafe { self.first.get().as_ref() }
            .is_some_and(|first| reached(self.now(), first.until.get()))
    }

    /// Wakes all whose time has come.
    pub fn wake_due(&self) {
        while self.is_due() {
            // SAFETY: it is due, so it is there; see `is_due`.
            let first = unsafe { &*self.first.get() };
            self.first.set(first.next.get());
            first.queued.set(false);
            // Waking may run any code, but the node is not in the queue any more.
            if let Some(waker) = first.waker.take() {
                waker.wake();
            }
        }
    }

    /// The link that leads to the first node for which that holds, or the last link.
    fn link(&self, found: impl Fn(&Node) -> bool) -> &Cell<*const Node> {
        let mut link = &self.first;
        // SAFETY: all nodes of the queue are there, see `is_due`.
        while let Some(node) = unsafe { link.get().as_ref() } {
            if found(node) {
                break;
            }
            link = &node.next;
        }
        link
    }
}

/// As a member of a set of tasks it wakes those whose time has come; put it in front of them. It never counts as living.
impl Tasks for &Timers {
    #[inline(always)]
    fn round(&mut self) -> bool {
        self.wake_due();
        false
    }

    #[inline(always)]
    fn is_awake(&self) -> bool {
        self.is_due()
    }
}

/// The future of [`Timers::until`] and [`Timers::after`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Sleep<'t> {
    timers: &'t Timers,
    node: Node,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.into_ref().get_ref();
        let (timers, node) = (this.timers, &this.node);
        let until = node.until.get();
        if reached(timers.now(), until) {
            return Poll::Ready(());
        }
        node.waker.set(Some(cx.waker().clone()));
        if !node.queued.replace(true) {
            // Behind those who wake at the same time.
            let link = timers.link(|other| !reached(until, other.until.get()));
            node.next.set(link.replace(ptr::from_ref(node)));
        }
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if self.node.queued.get() {
            let link = self.timers.link(|node| ptr::eq(node, &self.node));
            link.set(self.node.next.get());
        }
    }
}
