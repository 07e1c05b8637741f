//! Lowered functions and this crate's futures on the executors that people use, and native async functions on this one.

use handroll_rt::exec::{Room, Task, Tasks};
use handroll_rt::join::{Either, both, race};
use handroll_rt::pace::{yield_every, yield_now};
use handroll_rt::sync::{Bell, Ring, Signal};
use handroll_rt::{join, lower, select, task};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;

/// What an interrupt and a task share.
struct Line {
    bytes: Ring<8>,
    came: Bell,
    done: Signal,
}

impl Line {
    /// Another thread sends the numbers below `count`, and then says that it is done.
    fn send(&'static self, count: u8) {
        thread::spawn(move || {
            for byte in 0..count {
                while !self.bytes.push(byte) {
                    thread::yield_now();
                }
                self.came.ring();
            }
            while !self.bytes.is_empty() {
                thread::yield_now();
            }
            self.done.set();
        });
    }
}

fn line() -> &'static Line {
    let line: &'static Line = Box::leak(Box::new(Line {
        bytes: Ring::new(),
        came: Bell::new(),
        done: Signal::new(),
    }));
    line.send(100);
    line
}

/// The sum of all that is sent.
#[lower]
async fn lowered(line: &'static Line) -> u32 {
    let mut sum = 0;
    let mut budget = yield_every(7);
    loop {
        match race(line.bytes.read(&line.came), line.done.wait()).await {
            Either::First(byte) => sum += u32::from(byte),
            Either::Second(()) => return sum,
        }
        budget.step().await;
        both(yield_now(), yield_now()).await;
    }
}

/// The same as the compiler makes it.
async fn native(line: &'static Line) -> u32 {
    let mut sum = 0;
    let mut budget = yield_every(7);
    loop {
        let first = select!(line.bytes.read(&line.came), line.done.wait());
        match first.await {
            Either::First(byte) => sum += u32::from(byte),
            Either::Second(()) => return sum,
        }
        budget.step().await;
        let both = join!(yield_now(), yield_now());
        both.await;
    }
}

const SUM: u32 = 99 * 100 / 2;

#[test]
fn block_on_runs_both() {
    assert_eq!(handroll_rt::block_on(lowered(line())), SUM);
    assert_eq!(handroll_rt::block_on(native(line())), SUM);
}

#[test]
fn tokio_runs_lowered_functions() {
    for mut builder in [
        tokio::runtime::Builder::new_current_thread(),
        tokio::runtime::Builder::new_multi_thread(),
    ] {
        let runtime = builder.build().expect("a runtime");
        let spawned = runtime.spawn(lowered(line()));
        let other = runtime.spawn(native(line()));
        let sums = runtime.block_on(async { (spawned.await, other.await) });
        assert_eq!(sums.0.expect("no panic"), SUM);
        assert_eq!(sums.1.expect("no panic"), SUM);
    }
}

#[test]
fn smol_runs_lowered_functions() {
    let spawned = smol::spawn(lowered(line()));
    assert_eq!(
        smol::block_on(async { spawned.await + native(line()).await }),
        2 * SUM
    );
}

#[test]
fn embassy_runs_lowered_functions() {
    #[embassy_executor::task]
    async fn run(result: mpsc::Sender<u32>) {
        let sum = lowered(line()).await + native(line()).await;
        result.send(sum).expect("it is awaited");
    }
    let (send, receive) = mpsc::channel();
    // It never returns.
    thread::spawn(move || {
        let executor: &'static mut embassy_executor::Executor =
            Box::leak(Box::new(embassy_executor::Executor::new()));
        executor.run(|spawner| spawner.spawn(run(send).expect("the first")));
    });
    assert_eq!(receive.recv().expect("a sum"), 2 * SUM);
}

#[test]
fn this_executor_runs_native_and_lowered_functions() {
    static TOTAL: AtomicU32 = AtomicU32::new(0);
    async fn count_native(line: &'static Line) {
        TOTAL.fetch_add(native(line).await, Ordering::Relaxed);
    }
    async fn count_lowered(line: &'static Line) {
        TOTAL.fetch_add(lowered(line).await, Ordering::Relaxed);
    }
    let room: &'static mut task!(count_native) = Box::leak(Box::new(Room::new()));
    let task = Box::leak(Box::new(Task::new(count_lowered(line()))));
    let mut tasks = (room.spawn(count_native(line())), task.spawn());
    while tasks.round() {
        thread::yield_now();
    }
    assert_eq!(TOTAL.load(Ordering::Relaxed), 2 * SUM);
}

/// A byte of `RING`.
struct Byte;

impl Future for Byte {
    type Output = u8;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u8> {
        pin!(RING.read(&BELL)).poll(cx)
    }
}

fn byte() -> Byte {
    Byte
}

/// Waits for two bytes, one after the other, and adds them to a number.
#[lower(name = "Pair")]
async fn pair(more: u32) {
    let first: u8 = byte().await;
    let second = byte().await;
    SEEN.store(
        more + u32::from(first) + u32::from(second),
        Ordering::Relaxed,
    );
}

static SEEN: AtomicU32 = AtomicU32::new(0);
static RING: Ring<4> = Ring::new();
static BELL: Bell = Bell::new();
// Built when the program is compiled; nothing is to be done at its start.
static mut PAIR: Task<Pair> = Task::new(pair(7));

#[test]
fn a_named_future_is_a_task_in_a_static() {
    let place = &raw mut PAIR;
    // SAFETY: only here, and once.
    let mut task = unsafe { &mut *place }.spawn();
    assert!(task.round());
    for _ in 0..2 {
        assert!(!task.is_awake());
        assert_eq!(SEEN.load(Ordering::Relaxed), 0);
        assert!(RING.push(5));
        BELL.ring();
        assert!(task.is_awake());
        task.round();
    }
    assert_eq!(SEEN.load(Ordering::Relaxed), 17);
}
