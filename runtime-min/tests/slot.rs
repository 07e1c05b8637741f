//! Slots keep their values in place; their guards drop them where scopes end.

mod common;

use common::{Log, panic_of};
use handroll_rt as rt;
use std::mem::{align_of, size_of};
use std::pin::pin;

#[test]
fn a_guard_drops_its_value() {
    let log = Log::default();
    let mut slot = pin!(rt::Slot::empty());
    // SAFETY: the slot stays where it is.
    let slot = unsafe { slot.as_mut().get_unchecked_mut() };
    let value = rt::fill!(*slot, log.value("value"));
    assert_eq!(rt::at!(value).name, "value");
    drop(value);
    assert_eq!(log.lines(), ["drop value"]);
}

#[test]
fn a_kept_value_is_there_again_at_its_address() {
    let log = Log::default();
    let mut slot = rt::Slot::empty();
    let value = rt::fill!(slot, log.value("value"));
    let address = &raw const rt::at!(value);
    rt::keep(value);
    assert!(log.lines().is_empty());
    let value = rt::resume!(slot);
    assert_eq!(&raw const rt::at!(value), address);
    drop(value);
    assert_eq!(log.lines(), ["drop value"]);
}

#[test]
fn a_slot_alone_drops_nothing() {
    let log = Log::default();
    {
        let mut slot = rt::Slot::empty();
        rt::keep(rt::fill!(slot, log.value("value")));
    }
    assert!(log.lines().is_empty());
}

#[test]
fn what_is_moved_out_drops_once() {
    let log = Log::default();
    let mut slot = rt::Slot::empty();
    let value = rt::fill!(slot, log.value("first"));
    let moved = rt::out!(value);
    assert!(log.lines().is_empty());
    drop(moved);
    drop(rt::fill!(slot, log.value("second")));
    assert_eq!(log.lines(), ["drop first", "drop second"]);
}

#[test]
fn a_panic_drops_guards_in_reverse() {
    let log = Log::default();
    let (mut first, mut second) = (rt::Slot::empty(), rt::Slot::empty());
    let message = panic_of(|| {
        let _first = rt::fill!(first, log.value("first"));
        let _second = rt::fill!(second, log.value("second"));
        panic!("stop");
    });
    assert_eq!(message, "stop");
    assert_eq!(log.lines(), ["drop second", "drop first"]);
}

#[test]
fn a_panic_while_the_value_is_made_leaves_the_slot_empty() {
    let log = Log::default();
    let mut slot = rt::Slot::empty();
    panic_of(|| {
        let value = rt::fill!(
            slot,
            if log.lines().is_empty() {
                panic!("no value")
            } else {
                log.value("value")
            }
        );
        rt::keep(value);
    });
    assert!(log.lines().is_empty());
}

#[test]
fn places_are_written_and_borrowed() {
    let mut slot = rt::Slot::empty();
    let numbers = rt::fill!(slot, [1, 2, 3]);
    rt::at!(numbers)[1] += 5;
    let borrowed: &mut [i32] = &mut rt::at!(numbers);
    borrowed.reverse();
    assert_eq!(rt::at!(numbers), [3, 7, 1]);
}

#[test]
fn a_slot_has_the_layout_of_its_value() {
    #[repr(align(64))]
    struct Aligned(u8);
    assert_eq!(size_of::<rt::Slot<[u8; 100]>>(), 100);
    assert_eq!(size_of::<rt::Slot<()>>(), 0);
    assert_eq!(align_of::<rt::Slot<Aligned>>(), 64);
    let mut slot = rt::Slot::empty();
    let value = rt::fill!(slot, Aligned(1));
    assert_eq!((&raw const rt::at!(value)).addr() % 64, 0);
    rt::at!(value).0 = 2;
    let Aligned(n) = rt::out!(value);
    assert_eq!(n, 2);
}

#[test]
fn a_slot_is_never_unpin() {
    assert!(
        !implements!(rt::Slot<u8>: Unpin),
        "children alias what it holds"
    );
}
