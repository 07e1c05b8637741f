//! One guard stands for all that a state holds, and drops it in order.

mod common;

use common::{Log, Value};
use handroll_rt as rt;

struct Two {
    second: rt::Slot<Value>,
    first: rt::Slot<Value>,
}

impl rt::Frame for Two {
    fn end(&mut self, _: rt::End) {}

    fn is_panicked(&self) -> bool {
        false
    }
}

impl rt::Release for Two {
    fn release(&mut self, state: u32) {
        let _first = matches!(state, 1..=2).then(|| rt::resume!(self.first));
        let _second = matches!(state, 2).then(|| rt::resume!(self.second));
    }
}

fn filled(log: &Log) -> Two {
    let mut frame = Two {
        second: rt::Slot::empty(),
        first: rt::Slot::empty(),
    };
    rt::keep(rt::fill!(frame.first, log.value("first")));
    rt::keep(rt::fill!(frame.second, log.value("second")));
    frame
}

#[test]
fn it_drops_what_its_state_holds_last_declared_first() {
    let log = Log::default();
    let mut frame = filled(&log);
    let frame = &mut frame;
    let kept = rt::kept!(frame, 2);
    let first = rt::there!(frame.first);
    assert_eq!(rt::at!(first).name, "first");
    drop(kept);
    assert_eq!(log.lines(), ["drop second", "drop first"]);
}

#[test]
fn another_state_holds_less() {
    let log = Log::default();
    let mut frame = filled(&log);
    let frame = &mut frame;
    let kept = rt::kept!(frame, 1);
    drop(rt::resume!(frame.second));
    log.say("between");
    drop(kept);
    assert_eq!(log.lines(), ["drop second", "between", "drop first"]);
}

#[test]
fn what_is_kept_stays() {
    let log = Log::default();
    let mut frame = filled(&log);
    let frame = &mut frame;
    rt::keep(rt::kept!(frame, 2));
    assert!(log.lines().is_empty());
}
