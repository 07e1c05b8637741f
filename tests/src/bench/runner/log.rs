//! In place of the trace: what happens is still opaque to the optimiser, and costs next to nothing.

use std::borrow::Cow;
use std::fmt::Debug;
use std::hint::black_box;

#[inline(always)]
pub fn event(_text: impl Into<Cow<'static, str>>) {
    black_box(());
}

#[inline(always)]
pub(crate) fn dropped(_text: &'static str) {
    black_box(());
}

#[inline(always)]
pub(crate) fn note(_text: &'static str) {}

#[inline(always)]
pub fn say<T: Debug>(value: T) -> T {
    event("");
    value
}

/// Every child pends once.
#[inline(always)]
pub(crate) fn pends() -> u32 {
    black_box(1)
}

#[inline(always)]
pub(crate) fn is_the_waker(_waker: &std::task::Waker) -> bool {
    true
}
