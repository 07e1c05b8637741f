//! Giving way.

mod common;

use common::poll;
use handroll_rt::exec::{Task, Tasks};
use handroll_rt::pace::{yield_every, yield_now};
use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

#[test]
fn yield_now_is_pending_once_and_woken() {
    let mut task = Box::leak(Box::new(Task::new(yield_now()))).spawn();
    assert!(task.round());
    assert!(task.is_awake());
    assert!(!task.round());
}

#[test]
fn of_n_steps_one_gives_way() {
    for n in [0, 1, 2, 7] {
        let done = Rc::new(Cell::new(0));
        let count = done.clone();
        let mut task = Box::leak(Box::new(Task::new(async move {
            let mut budget = yield_every(n);
            for _ in 0..21 {
                count.set(count.get() + 1);
                budget.step().await;
            }
        })))
        .spawn();
        let per_round = n.max(1);
        for round in 1..=21 / per_round {
            assert!(task.round(), "{n}: round {round}");
            assert!(task.is_awake());
            assert_eq!(done.get(), round * per_round);
        }
        while task.round() {}
        assert_eq!(done.get(), 21);
    }
}

#[test]
fn a_dropped_step_counts() {
    let mut budget = yield_every(2);
    assert_eq!(poll(pin!(budget.step())), Poll::Ready(()));
    drop(budget.step());
    assert_eq!(poll(pin!(budget.step())), Poll::Pending);
    assert_eq!(poll(pin!(budget.step())), Poll::Ready(()));
}
