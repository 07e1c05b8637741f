//! A function lowered by hand, in the manner of `handroll`, behaves as the compiler's own future.

mod common;

use common::{Log, Value, panic_of, poll};
use handroll_rt as rt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

async fn native(log: Log, fail: bool) -> usize {
    let text = log.value("text");
    let carried = log.value("carried");
    let n = log.wait("one", &text).await;
    log.say("between");
    assert!(!fail, "asked to");
    let m = log.wait("two", &text).await;
    log.say(carried.name);
    n + m
}

fn lowered(log: Log, fail: bool) -> impl Future<Output = usize> {
    enum State<One, Two> {
        Start {
            log: Log,
            fail: bool,
        },
        One {
            child: rt::Child<One>,
            carried: Value,
            fail: bool,
        },
        Two {
            child: rt::Child<Two>,
            n: usize,
            carried: Value,
        },
        Returned,
        Panicked,
    }
    struct Frame<One, Two> {
        state: State<One, Two>,
        text: rt::Slot<Value>,
        log: rt::Slot<Log>,
    }
    impl<One, Two> rt::Frame for Frame<One, Two> {
        fn end(&mut self, end: rt::End) {
            let waits = matches!(self.state, State::One { .. } | State::Two { .. });
            let _log = waits.then(|| rt::resume!(self.log));
            let _text = waits.then(|| rt::resume!(self.text));
            self.state = match end {
                rt::End::Returned => State::Returned,
                rt::End::Panicked => State::Panicked,
            };
        }
        fn is_panicked(&self) -> bool {
            matches!(self.state, State::Panicked)
        }
    }
    rt::Machine::new(
        Frame {
            state: State::Start { log, fail },
            text: rt::Slot::empty(),
            log: rt::Slot::empty(),
        },
        |frame, cx| -> rt::Poll<usize> {
            loop {
                match &mut frame.state {
                    State::Start { log, fail } => {
                        let log = rt::carried!(log);
                        let fail = rt::carried!(fail);
                        rt::set(&mut frame.state, State::Returned);
                        let log = rt::fill!(frame.log, log);
                        let text = rt::fill!(frame.text, rt::at!(log).value("text"));
                        let carried = rt::at!(log).value("carried");
                        let one = State::One {
                            child: rt::Child::new(rt::at!(log).wait("one", &rt::at!(text))),
                            carried,
                            fail,
                        };
                        rt::set(&mut frame.state, one);
                        rt::keep(text);
                        rt::keep(log);
                    }
                    State::One {
                        child,
                        carried,
                        fail,
                    } => {
                        let rt::Poll::Ready(n) = rt::poll!(child, cx) else {
                            return rt::Poll::Pending;
                        };
                        let log = rt::resume!(frame.log);
                        let text = rt::resume!(frame.text);
                        let carried = rt::carried!(carried);
                        let fail = rt::carried!(fail);
                        let n = rt::done!(child, n, frame.state, State::Returned);
                        rt::at!(log).say("between");
                        assert!(!fail, "asked to");
                        let two = State::Two {
                            child: rt::Child::new(rt::at!(log).wait("two", &rt::at!(text))),
                            n,
                            carried,
                        };
                        rt::set(&mut frame.state, two);
                        rt::keep(text);
                        rt::keep(log);
                    }
                    State::Two { child, n, carried } => {
                        let rt::Poll::Ready(m) = rt::poll!(child, cx) else {
                            return rt::Poll::Pending;
                        };
                        let log = rt::resume!(frame.log);
                        let _text = rt::resume!(frame.text);
                        let carried = rt::carried!(carried);
                        let n = rt::carried!(n);
                        let m = rt::done!(child, m, frame.state, State::Returned);
                        rt::at!(log).say(carried.name);
                        return rt::Poll::Ready(n + m);
                    }
                    State::Returned => rt::after_completion(&mut frame.state, State::Panicked),
                    State::Panicked => rt::after_panicking(&mut frame.state, State::Returned),
                }
            }
        },
    )
}

/// What happens when the future is polled so many times, then dropped.
fn trace<F: Future<Output = usize>>(
    function: fn(Log, bool) -> F,
    fail: bool,
    polls: usize,
) -> Vec<String> {
    let log = Log::default();
    {
        let mut future = pin!(function(log.clone(), fail));
        for _ in 0..polls {
            let polled =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(future.as_mut())));
            log.say(polled.map_or_else(|_| "panicked".into(), |poll| format!("{poll:?}")));
        }
        log.say("cancel");
    }
    log.lines()
}

#[test]
fn equals_the_compilers_future_wherever_it_is_cancelled() {
    for fail in [false, true] {
        for polls in 0..=3 {
            assert_eq!(
                trace(lowered, fail, polls),
                trace(native, fail, polls),
                "fail: {fail}, polls: {polls}"
            );
        }
    }
}

#[test]
fn runs_to_its_end() {
    let trace = trace(lowered, false, 3);
    let expected = [
        "poll one of text",
        "Pending",
        "poll one of text",
        "drop one of text",
        "between",
        "poll two of text",
        "Pending",
        "poll two of text",
        "drop two of text",
        "carried",
        "drop carried",
        "drop text",
        "Ready(8)",
        "cancel",
    ];
    assert_eq!(trace, expected);
}

#[test]
fn a_panic_drops_everything_inside_the_poll() {
    let trace = trace(lowered, true, 2);
    assert_eq!(
        trace[4..],
        ["between", "drop carried", "drop text", "panicked", "cancel"]
    );
}

#[test]
fn the_messages_are_the_compilers() {
    fn after<F: Future<Output = usize>>(function: fn(Log, bool) -> F, fail: bool) -> String {
        let mut future = pin!(function(Log::default(), fail));
        for _ in 0..2 {
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                poll(future.as_mut()).is_ready()
            }));
        }
        if !fail {
            assert!(poll(future.as_mut()).is_ready());
        }
        panic_of(|| poll(future.as_mut()))
    }
    assert_eq!(after(lowered, false), "`async fn` resumed after completion");
    assert_eq!(after(lowered, true), "`async fn` resumed after panicking");
    for fail in [false, true] {
        assert_eq!(after(lowered, fail), after(native, fail));
    }
}

#[test]
fn a_panicking_child_drops_with_the_rest() {
    struct Bad(Log);
    impl Future for Bad {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            panic!("bad child")
        }
    }
    impl Drop for Bad {
        fn drop(&mut self) {
            self.0.say("drop child");
        }
    }
    struct One {
        child: Option<rt::Child<Bad>>,
        held: Option<Value>,
    }
    impl rt::Frame for One {
        fn end(&mut self, _: rt::End) {
            self.child = None;
            self.held = None;
        }
        fn is_panicked(&self) -> bool {
            false
        }
    }
    let log = Log::default();
    let frame = One {
        child: Some(rt::Child::new(Bad(log.clone()))),
        held: Some(log.value("held")),
    };
    let mut future = pin!(rt::Machine::new(
        frame,
        |frame: &mut One, cx: &mut Context<'_>| {
            let Some(child) = &mut frame.child else {
                panic!("polled again")
            };
            rt::poll!(child, cx)
        }
    ));
    assert_eq!(panic_of(|| poll(future.as_mut())), "bad child");
    assert_eq!(log.lines(), ["drop child", "drop held"]);
    assert_eq!(panic_of(|| poll(future.as_mut())), "polled again");
}

struct Nothing;

impl rt::Frame for Nothing {
    fn end(&mut self, _: rt::End) {}
    fn is_panicked(&self) -> bool {
        false
    }
}

type Step = fn(&mut Nothing, &mut Context<'_>) -> Poll<u8>;

/// Made at compile time.
const READY: rt::Machine<Nothing, Step> = rt::Machine::new(Nothing, |_, _| Poll::Ready(7));

#[test]
fn it_can_be_made_in_a_constant() {
    assert_eq!(poll(pin!(READY)), Poll::Ready(7));
}

#[test]
fn it_is_no_larger_than_its_frame() {
    struct Large([u8; 100]);
    impl rt::Frame for Large {
        fn end(&mut self, _: rt::End) {}
        fn is_panicked(&self) -> bool {
            false
        }
    }
    let machine = rt::Machine::new(Large([0; 100]), |frame: &mut Large, _: &mut Context<'_>| {
        Poll::Ready(frame.0[0])
    });
    assert_eq!(size_of_val(&machine), 100);
}

/// A frame of anything.
struct Holds<T>(T);

impl<T> rt::Frame for Holds<T> {
    fn end(&mut self, _: rt::End) {}
    fn is_panicked(&self) -> bool {
        false
    }
}

#[test]
fn auto_traits_follow_what_is_stored() {
    type Of<T> = rt::Machine<Holds<T>, Step>;
    assert!(implements!(Of<rt::Slot<u8>>: Send) && implements!(Of<rt::Slot<u8>>: Sync));
    assert!(implements!(Of<rt::Child<u8>>: Send) && implements!(Of<rt::Child<u8>>: Sync));
    assert!(!implements!(Of<rt::Slot<Log>>: Send) && !implements!(Of<rt::Slot<Log>>: Sync));
    assert!(!implements!(Of<rt::Child<Log>>: Send) && !implements!(Of<rt::Child<Log>>: Sync));
    assert!(
        !implements!(Of<u8>: Unpin),
        "children and slots rely on their address"
    );
}
