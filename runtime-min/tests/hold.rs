//! Slots with a flag, and holders: what is left of a value drops once, wherever it was moved.

mod common;

use common::{Log, Value, panic_of};
use handroll_rt as rt;

fn flagged(log: &Log, slot: &mut rt::FlagSlot<Value>, steps: impl FnOnce(&rt::Flag<Value>)) {
    let guard = rt::open!(*slot);
    steps(&guard);
    log.say("end");
}

#[test]
fn a_flag_without_a_value_drops_nothing() {
    let log = Log::default();
    flagged(&log, &mut rt::FlagSlot::empty(), |_| {});
    assert_eq!(log.lines(), ["end"]);
}

#[test]
fn a_flag_drops_the_value_that_it_was_given() {
    let log = Log::default();
    flagged(&log, &mut rt::FlagSlot::empty(), |guard| {
        rt::put!(*guard, log.value("first"));
        assert_eq!(rt::at!(*guard).name, "first");
    });
    assert_eq!(log.lines(), ["end", "drop first"]);
}

#[test]
fn a_new_value_drops_the_old_one() {
    let log = Log::default();
    flagged(&log, &mut rt::FlagSlot::empty(), |guard| {
        rt::put!(*guard, log.value("first"));
        rt::put!(*guard, log.value("second"));
    });
    assert_eq!(log.lines(), ["drop first", "end", "drop second"]);
}

#[test]
fn what_is_moved_out_of_a_flag_drops_once() {
    let log = Log::default();
    flagged(&log, &mut rt::FlagSlot::empty(), |guard| {
        rt::put!(*guard, log.value("first"));
        drop(rt::move_out!(*guard));
        rt::put!(*guard, log.value("second"));
        drop(rt::move_out!(*guard));
    });
    assert_eq!(log.lines(), ["drop first", "drop second", "end"]);
}

#[test]
fn a_kept_flag_remembers() {
    let log = Log::default();
    for filled in [true, false] {
        let mut slot = rt::FlagSlot::empty();
        let guard = rt::open!(slot);
        if filled {
            rt::put!(guard, log.value("value"));
        }
        rt::keep(guard);
        log.say("wait");
        drop(rt::resume!(slot));
    }
    assert_eq!(log.lines(), ["wait", "drop value", "wait"]);
}

impl Value {
    fn by_ref(&self) -> usize {
        self.name.len()
    }

    fn by_value(self) -> usize {
        self.name.len()
    }

    fn by_value_and_panic(self) -> usize {
        panic!("inside")
    }

    fn by_ref_and_panic(&self) -> usize {
        panic!("inside")
    }
}

macro_rules! hold {
    ($log:ident, $method:ident) => {{
        let value = $log.value("value");
        let mut slot = rt::Slot::empty();
        let _held;
        let n = rt::held!(_held = slot, [], [value = value], value.$method());
        $log.say(format!("got {n}"));
    }};
}

#[test]
fn a_holder_keeps_what_is_only_borrowed() {
    let log = Log::default();
    hold!(log, by_ref);
    assert_eq!(log.lines(), ["got 5", "drop value"]);
}

#[test]
fn a_holder_keeps_nothing_of_what_is_moved() {
    let log = Log::default();
    hold!(log, by_value);
    assert_eq!(log.lines(), ["drop value", "got 5"]);
}

#[test]
fn a_panic_in_a_holder_drops_its_value_once() {
    let moved = Log::default();
    assert_eq!(panic_of(|| hold!(moved, by_value_and_panic)), "inside");
    assert_eq!(moved.lines(), ["drop value"]);
    let borrowed = Log::default();
    assert_eq!(panic_of(|| hold!(borrowed, by_ref_and_panic)), "inside");
    assert_eq!(borrowed.lines(), ["drop value"]);
}

#[test]
fn later_locals_drop_before_a_held_value_when_it_panics() {
    let log = Log::default();
    panic_of(|| {
        let value = log.value("value");
        let (mut slot, mut later_slot) = (rt::Slot::empty(), rt::Slot::empty());
        let _held;
        let later = rt::fill!(later_slot, log.value("later"));
        rt::held!(
            _held = slot,
            [later],
            [value = value],
            value.by_ref_and_panic()
        );
        drop(later);
    });
    assert_eq!(log.lines(), ["drop later", "drop value"]);
}

#[test]
fn later_locals_stay_when_nothing_panics() {
    let log = Log::default();
    {
        let value = log.value("value");
        let (mut slot, mut later_slot) = (rt::Slot::empty(), rt::Slot::empty());
        let _held;
        let later = rt::fill!(later_slot, log.value("later"));
        let n = rt::held!(_held = slot, [later], [value = value], value.by_ref());
        log.say(format!("got {n} beside {}", rt::at!(later).name));
    }
    assert_eq!(
        log.lines(),
        ["got 5 beside later", "drop later", "drop value"]
    );
}
