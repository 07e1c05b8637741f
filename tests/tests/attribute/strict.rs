//! Expansions pass under lints that forbid what they can, and beside names that stand in their way.
#![deny(
    warnings,
    missing_docs,
    clippy::all,
    clippy::pedantic,
    unsafe_op_in_unsafe_fn
)]
#![forbid(unsafe_code)]
// Public, so that `missing_docs` looks at it.
#![allow(unreachable_pub)]

use handroll_rt::{block_on, lower};
use std::future::ready;

/// Adds up what comes.
#[lower]
pub async fn sum(values: &[u32], mut start: u32) -> Result<u32, String> {
    let mut text = String::new();
    for &value in values {
        let got = ready(value).await;
        start = start.checked_add(got).ok_or("too much")?;
        note(&mut text, got).await;
    }
    Ok(start + u32::from(text.is_empty()))
}

async fn note(text: &mut String, got: u32) {
    let more = ready(got.to_string()).await;
    text.push_str(&more);
}

/// Waits without any state of its own.
#[lower]
pub async fn nothing() {
    ready(()).await;
}

/// Of every type.
#[derive(Debug)]
pub struct Of<T>(T);

#[lower]
impl<T: Clone + Send> Of<T> {
    /// One more.
    pub async fn twice(&self) -> (T, T) {
        let first = ready(self.0.clone()).await;
        (first, self.0.clone())
    }
}

#[test]
fn lints_have_nothing_to_say() {
    assert_eq!(block_on(sum(&[1, 2], 3)), Ok(6));
    assert_eq!(block_on(sum(&[1], u32::MAX)), Err("too much".to_owned()));
    block_on(nothing());
    assert_eq!(block_on(Of('a').twice()), ('a', 'a'));
}

/// Nothing of the standard library is in scope here, but names that look like it.
#[no_implicit_prelude]
#[allow(dead_code, non_camel_case_types, non_upper_case_globals)]
mod names {
    use ::handroll_rt::lower;

    pub(super) struct Poll;
    pub(super) struct Option;
    pub(super) struct State;
    pub(super) struct Machine;
    pub(super) struct Future;
    pub(super) struct Lowered;
    pub(super) struct Any;
    pub(super) struct rt;
    pub(super) const frame: u8 = 1;
    pub(super) const accepted: u8 = 2;
    pub(super) const cx: u8 = 3;

    mod core {}
    mod handroll_rt {}

    #[lower]
    pub(super) async fn all(
        state: State,
        child: u8,
        output: &mut u8,
    ) -> ::core::option::Option<u8> {
        let machine = Machine;
        let poll = ::core::future::ready(Poll).await;
        let value = ::core::option::Option::Some(child + frame + accepted + cx)?;
        fill(output).await;
        let _: (State, Machine, Poll) = (state, machine, poll);
        ::core::option::Option::Some(value + *output)
    }

    async fn fill(output: &mut u8) {
        *output += ::core::future::ready(1).await;
    }

    pub(super) fn state() -> State {
        State
    }
}

#[test]
fn names_do_not_clash() {
    let mut output = 1;
    assert_eq!(
        block_on(names::all(names::state(), 4, &mut output)),
        Some(12)
    );
}
