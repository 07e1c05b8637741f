//! Nothing here allocates, at any time. The only exception is `block_on`, once when it begins.

use handroll_rt::exec::{Room, Task, Tasks};
use handroll_rt::pace::{yield_every, yield_now};
use handroll_rt::sync::{Bell, Ring, Signal};
use handroll_rt::time::{Ticks, Timers};
use handroll_rt::{join, select, task};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller says.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller says.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

static TICKS: Ticks = Ticks::new();
static RING: Ring<8> = Ring::new();
static BELL: Bell = Bell::new();
static SIGNAL: Signal = Signal::new();
static STOP: Signal = Signal::new();

async fn everything(timers: &'static Timers) {
    for _ in 0..100 {
        join!(RING.read(&BELL), yield_now(), SIGNAL.wait()).await;
        let _ = select!(timers.after(1), STOP.wait()).await;
        let mut budget = yield_every(2);
        budget.step().await;
        budget.step().await;
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(Box::new(1))), 1);
}

#[test]
fn tasks_never_allocate() {
    // What is a `static` on a chip.
    let timers: &'static Timers = Box::leak(Box::new(Timers::new(&TICKS)));
    let room: &'static mut task!(everything) = Box::leak(Box::new(Room::new()));
    let task = Box::leak(Box::new(Task::new(yield_now())));
    let mut rounds = 0;
    let count = allocations(|| {
        let mut tasks = (timers, room.spawn(everything(timers)), task.spawn());
        while tasks.round() {
            rounds += 1;
            if !tasks.is_awake() {
                RING.push(1);
                BELL.ring();
                SIGNAL.set();
                TICKS.tick();
            }
        }
        drop(tasks);
    });
    assert!(rounds > 200, "{rounds}");
    assert_eq!(count, 0);
}

/// A child that is ready on its first poll leaves the ready set alone: the task sleeps after one round, and nothing wakes it.
#[test]
fn ready_at_once_costs_nothing() {
    static DONE: Signal = Signal::new();
    async fn ready() {
        DONE.wait().await;
        std::future::pending::<()>().await;
    }
    let room: &'static mut task!(ready) = Box::leak(Box::new(Room::new()));
    DONE.set();
    let count = allocations(|| {
        let mut task = room.spawn(ready());
        assert!(task.round());
        assert!(!task.is_awake());
    });
    assert_eq!(count, 0);
}

#[cfg(feature = "std")]
#[test]
fn block_on_allocates_at_its_start_only() {
    let once = allocations(|| handroll_rt::block_on(async {}));
    let often = allocations(|| {
        handroll_rt::block_on(async {
            for _ in 0..100 {
                yield_now().await;
            }
        });
    });
    assert!(once <= 1, "{once}");
    assert_eq!(once, often);
}
