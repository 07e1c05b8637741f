//! An awaited future is dropped where it is, before its result is used.

mod common;

use common::{Log, Value, panic_of, poll};
use handroll_rt as rt;
use std::future::{Future, IntoFuture, Ready, poll_fn, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// Polls a child where it is, in a state that ends with it.
async fn wait<F: Future>(child: rt::Child<F>) -> F::Output {
    let mut state = Some(child);
    poll_fn(|cx| {
        let Some(child) = &mut state else {
            panic!("polled again")
        };
        let Poll::Ready(output) = rt::poll!(child, cx) else {
            return Poll::Pending;
        };
        Poll::Ready(rt::done!(child, output, state, None))
    })
    .await
}

#[test]
fn it_stays_in_place_and_drops_before_its_result_is_used() {
    let log = Log::default();
    let value = log.value("value");
    let mut future = pin!(async {
        let result = wait(rt::Child::new(log.wait("child", &value))).await;
        log.say(format!("got {result}"));
    });
    assert!(poll(future.as_mut()).is_pending());
    assert!(poll(future.as_mut()).is_ready());
    assert_eq!(
        log.lines(),
        [
            "poll child of value",
            "poll child of value",
            "drop child of value",
            "got 5"
        ]
    );
}

#[test]
fn it_drops_when_it_is_given_up() {
    let log = Log::default();
    let value = log.value("value");
    drop(rt::Child::new(log.wait("child", &value)));
    assert_eq!(log.lines(), ["drop child of value"]);
}

#[test]
fn what_is_awaited_may_become_a_future() {
    struct Later;
    impl IntoFuture for Later {
        type Output = u8;
        type IntoFuture = Ready<u8>;
        fn into_future(self) -> Ready<u8> {
            ready(3)
        }
    }
    assert_eq!(poll(pin!(wait(rt::Child::new(Later)))), Poll::Ready(3));
}

/// Is ready at once; its drop panics.
struct Bad(Log);

impl Future for Bad {
    type Output = Value;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Value> {
        Poll::Ready(self.0.value("result"))
    }
}

impl Drop for Bad {
    fn drop(&mut self) {
        self.0.say("drop child");
        panic!("bad drop");
    }
}

#[test]
fn when_its_drop_panics_the_result_leaks_as_it_does_with_the_compiler() {
    let ours = Log::default();
    let mut child = Box::pin(wait(rt::Child::new(Bad(ours.clone()))));
    assert_eq!(panic_of(|| poll(child.as_mut())), "bad drop");
    drop(child);
    let native = Log::default();
    let bad = Bad(native.clone());
    let awaits = async {
        let _result = bad.await;
    };
    assert_eq!(panic_of(|| poll(pin!(awaits))), "bad drop");
    assert_eq!(ours.lines(), ["drop child"]);
    assert_eq!(ours.lines(), native.lines());
}
