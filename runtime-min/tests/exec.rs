//! Tasks, rounds and wake-ups.

mod common;

use common::{Log, panic_of};
use handroll_rt::exec::{Ready, Room, Task, Tasks, run};
use handroll_rt::pace::yield_now;
use handroll_rt::task;
use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Poll, Waker};

/// A task's place for the rest of the program, as a `static` is.
fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

/// A task that writes down each poll, and keeps its waker; ready when it has been polled that often.
fn logged(
    log: &Log,
    name: &'static str,
    polls: usize,
) -> (Rc<Cell<Option<Waker>>>, impl Future<Output = ()> + use<>) {
    let (log, waker) = (log.clone(), Rc::new(Cell::new(None)));
    let given = waker.clone();
    let value = log.value(name);
    let mut count = 0;
    let future = poll_fn(move |cx| {
        let _ = &value;
        count += 1;
        log.say(format!("{name} {count}"));
        given.set(Some(cx.waker().clone()));
        if count == polls {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    (waker, future)
}

fn wake(waker: &Cell<Option<Waker>>) {
    waker.take().expect("it was polled").wake();
}

#[test]
fn a_task_is_polled_at_the_start_and_when_it_is_woken() {
    let log = Log::default();
    let (waker, future) = logged(&log, "a", 3);
    let mut task = leak(Task::new(future)).spawn();
    assert!(task.is_awake());
    assert!(task.round());
    assert!(!task.is_awake());
    assert!(task.round());
    assert_eq!(log.lines(), ["a 1"]);
    wake(&waker);
    assert!(task.is_awake());
    assert!(task.round());
    assert_eq!(log.lines(), ["a 1", "a 2"]);
}

#[test]
fn a_finished_task_is_dropped_at_once_and_waking_it_does_nothing() {
    let log = Log::default();
    let (waker, future) = logged(&log, "a", 1);
    let mut task = leak(Task::new(future)).spawn();
    assert!(!task.round());
    assert_eq!(log.lines(), ["a 1", "drop a"]);
    wake(&waker);
    task.ready().wake();
    assert!(!task.round());
    assert!(!task.is_awake(), "or an executor would never sleep again");
    drop(task);
    assert_eq!(log.lines(), ["a 1", "drop a"]);
}

#[test]
fn dropping_a_task_cancels_it() {
    let log = Log::default();
    let (waker, future) = logged(&log, "a", 2);
    let mut task = leak(Task::new(future)).spawn();
    task.round();
    drop(task);
    wake(&waker);
    assert_eq!(log.lines(), ["a 1", "drop a"]);
}

#[test]
fn a_task_that_was_never_spawned_drops_its_future() {
    let log = Log::default();
    drop(Task::new(logged(&log, "a", 1).1));
    assert_eq!(log.lines(), ["drop a"]);
}

#[test]
fn one_round_polls_each_awake_task_once() {
    let log = Log::default();
    let busy = {
        let log = log.clone();
        poll_fn(move |cx| -> Poll<()> {
            log.say("busy");
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    };
    let (waker, waits) = logged(&log, "waits", 9);
    let mut tasks = (
        leak(Task::new(busy)).spawn(),
        leak(Task::new(waits)).spawn(),
    );
    for _ in 0..3 {
        tasks.round();
    }
    wake(&waker);
    tasks.round();
    assert_eq!(
        log.lines(),
        ["busy", "waits 1", "busy", "busy", "busy", "waits 2"]
    );
}

#[test]
fn a_task_can_wake_one_before_it_and_one_behind_it() {
    let log = Log::default();
    let (first, before) = logged(&log, "before", 9);
    let (last, behind) = logged(&log, "behind", 9);
    let middle = {
        let (log, mut once) = (log.clone(), false);
        poll_fn(move |_| -> Poll<()> {
            log.say("middle");
            if once {
                wake(&first);
                wake(&last);
            }
            once = true;
            Poll::Pending
        })
    };
    let mut tasks = (
        leak(Task::new(before)).spawn(),
        leak(Task::new(middle)).spawn(),
        leak(Task::new(behind)).spawn(),
    );
    tasks.round();
    tasks.1.ready().wake();
    tasks.round();
    tasks.round();
    let expected = [
        "before 1", "middle", "behind 1", "middle", "behind 2", "before 2",
    ];
    assert_eq!(log.lines(), expected);
}

#[test]
fn sets_live_while_any_member_does() {
    let log = Log::default();
    let mut tasks = (
        leak(Task::new(logged(&log, "one", 1).1)).spawn(),
        [leak(Task::new(pending::<()>())).spawn()],
    );
    assert!(tasks.round());
    let mut tasks = tasks.0;
    assert!(!tasks.round());
}

#[test]
fn tasks_of_different_types_make_an_array() {
    let log = Log::default();
    let (waker, long) = logged(&log, "long", 2);
    let short = logged(&log, "short", 1).1;
    let boxed: [&'static mut Task<dyn Future<Output = ()>>; 2] =
        [leak(Task::new(long)), leak(Task::new(short))];
    let mut tasks = boxed.map(Task::spawn);
    assert!(tasks.round());
    wake(&waker);
    assert!(tasks.is_awake());
    assert!(!tasks.round());
    assert!(!tasks.is_awake());
    let expected = ["long 1", "short 1", "drop short", "long 2", "drop long"];
    assert_eq!(log.lines(), expected);
}

/// The executor sleeps only when nothing is awake, and a wake-up just before it sleeps is seen.
#[test]
fn the_idle_hook_comes_after_each_round() {
    struct Enough;
    let log = Log::default();
    let (waker, future) = logged(&log, "task", 9);
    let mut idle = 0;
    let task = leak(Task::new(future)).spawn();
    let ran = catch_unwind(AssertUnwindSafe(|| {
        run(task, |tasks| {
            idle += 1;
            if idle % 2 == 1 {
                assert!(!tasks.is_awake());
                wake(&waker);
                assert!(tasks.is_awake());
            }
            log.say("idle");
            if idle == 3 {
                std::panic::panic_any(Enough);
            }
        })
    }));
    let Err(payload) = ran;
    assert!(payload.is::<Enough>());
    assert_eq!(
        log.lines(),
        ["task 1", "idle", "task 2", "idle", "idle", "drop task"]
    );
}

#[test]
fn a_panic_leaves_a_task_that_can_be_dropped() {
    let log = Log::default();
    let value = log.value("value");
    let mut task = leak(Task::new(async move {
        let _value = value;
        panic!("inside");
    }))
    .spawn();
    assert_eq!(panic_of(|| task.round()), "inside");
    drop(task);
    assert_eq!(log.lines(), ["drop value"]);
}

#[test]
fn a_task_that_cannot_end_needs_no_memory_of_its_end() {
    let mut task = leak(Task::new(pending::<std::convert::Infallible>())).spawn();
    assert!(task.round() && task.round());
}

#[test]
fn equal_wakers_wake_the_same_task() {
    static READY: [Ready; 2] = [Ready::new(), Ready::new()];
    let waker = READY[0].waker();
    assert!(waker.will_wake(&waker.clone()));
    assert!(waker.will_wake(&READY[0].waker()));
    assert!(!waker.will_wake(&READY[1].waker()));
    let leaked = leak(Task::new(pending::<()>()));
    let mut task = leaked.spawn();
    task.round();
    let ready = task.ready();
    ready.waker().wake_by_ref();
    assert!(task.is_awake());
    task.round();
    ready.waker().wake();
    assert!(task.is_awake());
}

/// A future that needs a coarse alignment.
#[repr(align(64))]
struct Coarse(u8);

async fn aligned(coarse: Coarse, more: u8) {
    yield_now().await;
    assert_eq!((&raw const coarse).addr() % 64, 0);
    pending::<()>().await;
    let _ = (coarse.0, more);
}

async fn nothing() {}

async fn generic<T: Copy>(value: T) -> T {
    pending::<()>().await;
    value
}

/// Checks that the address stays the same.
async fn stays(log: Log) {
    let place = Cell::new(0_u8);
    let mut first = None;
    poll_fn(|cx| -> Poll<()> {
        let at = (&raw const place).addr();
        assert_eq!(*first.get_or_insert(at), at);
        log.say("polled");
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn rooms_are_as_large_as_their_tasks() {
    fn same<F>(_: &F, room: (usize, usize)) {
        assert_eq!(room, (size_of::<Task<F>>(), align_of::<Task<F>>()));
    }
    same(
        &nothing(),
        (size_of::<task!(nothing)>(), align_of::<task!(nothing)>()),
    );
    same(
        &aligned(Coarse(1), 2),
        (size_of::<task!(aligned)>(), align_of::<task!(aligned)>()),
    );
    type Long = task!(generic::<u64>);
    same(&generic(1_u64), (size_of::<Long>(), align_of::<Long>()));
}

#[test]
fn a_room_holds_its_task_in_place() {
    let room: &'static mut task!(aligned) = leak(Room::new());
    let mut task = room.spawn(aligned(Coarse(1), 2));
    assert!(task.round());
    let log = Log::default();
    let room: &'static mut task!(stays) = leak(Room::new());
    let mut task = room.spawn(stays(log.clone()));
    for _ in 0..3 {
        assert!(task.round());
    }
    drop(task);
    assert_eq!(log.lines(), ["polled"; 3]);
    // Room enough for another function's future, which is smaller.
    let room: &'static mut task!(aligned) = leak(Room::default());
    assert!(!room.spawn(nothing()).round());
}

#[test]
fn a_task_may_go_to_another_thread_if_its_future_may() {
    assert!(implements!(handroll_rt::exec::Spawned<std::future::Ready<()>>: Send));
    assert!(!implements!(handroll_rt::exec::Spawned<std::future::Ready<Rc<()>>>: Send));
    let mut task = leak(Task::new(async {})).spawn();
    assert!(
        !std::thread::spawn(move || task.round())
            .join()
            .expect("no panic")
    );
}
