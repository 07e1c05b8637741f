//! Timers.

mod common;

use common::Log;
use handroll_rt::exec::{Task, Tasks};
use handroll_rt::select;
use handroll_rt::time::{Ticks, Timers};
use std::pin::Pin;
use std::task::{Context, Waker};

fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

fn timers(now: u32) -> (&'static Ticks, &'static Timers) {
    let ticks: &'static Ticks = leak(Ticks::starting_at(now));
    (ticks, leak(Timers::new(ticks)))
}

#[test]
fn sleepers_wake_in_the_order_of_their_times() {
    for start in [0, u32::MAX - 2] {
        let (ticks, timers) = timers(start);
        let log = Log::default();
        let sleeper = |name: &'static str, after: u32| {
            let log = log.clone();
            leak(Task::new(async move {
                timers.after(after).await;
                log.say(name);
                timers.after(2).await;
                log.say(format!("{name} again"));
            }))
            .spawn()
        };
        let mut tasks = (
            timers,
            sleeper("4", 4),
            sleeper("1", 1),
            sleeper("3", 3),
            sleeper("1b", 1),
        );
        for _ in 0..7 {
            while {
                tasks.round();
                tasks.is_awake()
            } {}
            log.say("tick");
            ticks.tick();
        }
        assert!(!tasks.round());
        // Those that wake in the same round run in the order of the set.
        let expected = [
            "tick", "1", "1b", "tick", "tick", "1 again", "3", "1b again", "tick", "4", "tick",
            "3 again", "tick", "4 again", "tick",
        ];
        assert_eq!(log.lines(), expected);
    }
}

#[test]
fn a_time_that_is_past_is_ready_at_once() {
    let (ticks, timers) = timers(0);
    ticks.tick();
    let mut task = leak(Task::new(async {
        timers.after(0).await;
        timers.until(timers.now()).await;
        timers.until(timers.now().wrapping_sub(1)).await;
    }))
    .spawn();
    assert!(!task.round());
}

#[test]
fn a_cancelled_sleep_leaves_the_queue() {
    let (ticks, timers) = timers(0);
    let mut sleeps: Vec<Pin<Box<_>>> = [1, 2, 3].map(|after| Box::pin(timers.after(after))).into();
    let mut cx = Context::from_waker(Waker::noop());
    for sleep in &mut sleeps {
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
    }
    // From the middle, the front and the end.
    drop(sleeps.remove(1));
    drop(sleeps.remove(0));
    ticks.tick();
    let mut set = timers;
    assert!(!set.is_awake(), "only the third is left");
    ticks.tick();
    ticks.tick();
    assert!(set.is_awake());
    set.round();
    assert!(!set.is_awake());
    assert!(sleeps[0].as_mut().poll(&mut cx).is_ready());
    drop(sleeps);
    assert!(!set.is_awake());
}

#[test]
fn waking_may_cancel_other_sleeps() {
    use std::cell::RefCell;
    use std::sync::Arc;
    use std::task::Wake;

    thread_local! {
        static OTHERS: RefCell<Vec<Pin<Box<handroll_rt::time::Sleep<'static>>>>> = const { RefCell::new(Vec::new()) };
    }
    /// Drops all other sleeps when it wakes.
    struct Cancel;
    impl Wake for Cancel {
        fn wake(self: Arc<Self>) {
            OTHERS.with(|others| others.borrow_mut().clear());
        }
    }
    let (ticks, timers) = timers(0);
    let mut first = Box::pin(timers.after(1));
    assert!(
        first
            .as_mut()
            .poll(&mut Context::from_waker(&Arc::new(Cancel).into()))
            .is_pending()
    );
    for _ in 0..2 {
        let mut other = Box::pin(timers.after(1));
        assert!(
            other
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        OTHERS.with(|others| others.borrow_mut().push(other));
    }
    ticks.tick();
    timers.wake_due();
    assert!(OTHERS.with(|others| others.borrow().is_empty()));
    assert!(
        first
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    );
}

#[test]
fn a_time_out_is_a_select() {
    let (ticks, timers) = timers(0);
    let mut task = leak(Task::new(async {
        let _ = select!(std::future::pending::<()>(), timers.after(1)).await;
    }))
    .spawn();
    assert!(task.round());
    ticks.tick();
    timers.wake_due();
    assert!(!task.round());
}
