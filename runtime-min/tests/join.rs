//! `join!` and `select!`.

mod common;

use common::{Log, panic_of, poll};
use handroll_rt::join::Either;
use handroll_rt::{join, select};
use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::task::Poll;

/// Says when it is polled and dropped; ready after that many polls.
fn after(log: &Log, name: &'static str, polls: usize) -> impl Future<Output = usize> + use<> {
    let (log, value) = (log.clone(), log.value(name));
    let mut count = 0;
    poll_fn(move |_| {
        let _ = &value;
        count += 1;
        log.say(format!("{name} {count}"));
        if count == polls {
            Poll::Ready(polls)
        } else {
            Poll::Pending
        }
    })
}

#[test]
fn join_polls_all_and_drops_each_when_it_is_ready() {
    let log = Log::default();
    let mut both = pin!(join!(after(&log, "a", 1), after(&log, "b", 2)));
    assert!(poll(both.as_mut()).is_pending());
    assert_eq!(poll(both.as_mut()), Poll::Ready((1, 2)));
    assert_eq!(log.lines(), ["a 1", "drop a", "b 1", "b 2", "drop b"]);
    assert_eq!(panic_of(|| poll(both)), "`join!` polled after completion");
}

#[test]
fn join_takes_up_to_six() {
    assert_eq!(poll(pin!(join!(ready(1)))), Poll::Ready((1,)));
    let six = join!(
        ready(1),
        ready("2"),
        ready('3'),
        ready(4.0),
        ready([5]),
        ready(())
    );
    assert_eq!(poll(pin!(six)), Poll::Ready((1, "2", '3', 4.0, [5], ())));
}

#[test]
fn a_cancelled_join_drops_futures_and_results() {
    let log = Log::default();
    let result = log.value("result");
    let mut both = Box::pin(join!(async move { result }, after(&log, "waits", 9)));
    assert!(poll(both.as_mut()).is_pending());
    drop(both);
    assert_eq!(log.lines(), ["waits 1", "drop result", "drop waits"]);
}

#[test]
fn select_gives_the_first_and_drops_the_others() {
    let log = Log::default();
    {
        let mut first = pin!(select!(
            after(&log, "a", 9),
            after(&log, "b", 2),
            after(&log, "c", 2)
        ));
        assert!(poll(first.as_mut()).is_pending());
        assert_eq!(poll(first.as_mut()), Poll::Ready(Either::Second(2)));
    }
    let expected = [
        "a 1", "b 1", "c 1", "a 2", "b 2", "drop a", "drop b", "drop c",
    ];
    assert_eq!(log.lines(), expected);
}

#[test]
fn select_needs_no_arm_for_what_cannot_be() {
    let polled = poll(pin!(async {
        match select!(ready(1), pending::<u8>()).await {
            Either::First(n) => n,
            Either::Second(n) => u32::from(n),
        }
    }));
    assert_eq!(polled, Poll::Ready(1));
    assert_eq!(
        poll(pin!(select!(
            pending::<()>(),
            pending::<()>(),
            pending::<()>(),
            pending::<()>(),
            pending::<()>(),
            ready(6)
        ))),
        Poll::Ready(Either::Sixth(6))
    );
}
