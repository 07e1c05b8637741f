//! `block_on` sleeps until it is woken, from wherever.
#![cfg(feature = "std")]

mod common;

use common::{Log, panic_of};
use handroll_rt::block_on;
use std::future::poll_fn;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

#[test]
fn gives_the_result() {
    assert_eq!(block_on(async { 6 * 7 }), 42);
}

#[test]
fn a_wake_up_inside_the_poll_is_not_lost() {
    let mut polls = 0;
    block_on(poll_fn(|cx| {
        polls += 1;
        cx.waker().wake_by_ref();
        if polls == 100 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
    assert_eq!(polls, 100);
}

#[test]
fn another_thread_wakes_it() {
    let (send, receive) = mpsc::channel();
    let mut thread = None;
    let got = block_on(poll_fn(|cx| {
        if let Ok(value) = receive.try_recv() {
            return Poll::Ready(value);
        }
        let (send, waker) = (send.clone(), cx.waker().clone());
        thread.get_or_insert_with(|| {
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(20));
                send.send(5).expect("it is awaited");
                waker.wake();
            })
        });
        Poll::Pending
    }));
    assert_eq!(got, 5);
    thread
        .expect("it was pending once")
        .join()
        .expect("it does not panic");
}

#[test]
fn a_foreign_unpark_only_polls_again() {
    let mut polls = 0;
    block_on(poll_fn(|cx| {
        polls += 1;
        thread::current().unpark();
        if polls == 1 {
            return Poll::Pending;
        }
        cx.waker().wake_by_ref();
        Poll::Ready(())
    }));
    assert_eq!(polls, 2);
}

#[test]
fn it_can_run_inside_itself() {
    assert_eq!(block_on(async { block_on(async { 1 }) + 1 }), 2);
}

#[test]
fn a_panic_drops_the_future_and_goes_on() {
    let log = Log::default();
    let message = panic_of(|| {
        block_on(async {
            let _value = log.value("value");
            panic!("inside");
        })
    });
    assert_eq!(message, "inside");
    assert_eq!(log.lines(), ["drop value"]);
}
