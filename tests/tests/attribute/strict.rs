//! Expansions pass under lints that forbid what they can, and beside names that stand in their way.
#![deny(
    warnings,
    // By name or with their group they are more than `warnings`.
    unused,
    nonstandard_style,
    non_shorthand_field_patterns,
    let_underscore_drop,
    trivial_casts,
    trivial_numeric_casts,
    clippy::all,
    clippy::pedantic
)]
// What crates do forbid: there, no `allow` is allowed.
#![forbid(
    unsafe_code,
    unused_must_use,
    unused_results,
    unused_imports,
    missing_docs,
    missing_debug_implementations,
    unsafe_op_in_unsafe_fn,
    unstable_features,
    rust_2018_idioms
)]
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

/// Nobody looks at what these give.
#[lower]
pub async fn ignored(text: &mut String) {
    note(text, 1).await;
    let _ = ready(Ok::<u32, u32>(2)).await;
    drop(sum(&[1], 3).await);
}

/// What the machine has no use for, its original has: names, braces, labels, and `mut`.
#[lower]
pub async fn found(lists: &[&[u32]], mut wanted: u32) -> Option<u32> {
    let mut seen = 0;
    'lists: for list in lists {
        for &value in *list {
            if ready(value).await == wanted {
                seen += 1;
                continue 'lists;
            }
            if value == 0 {
                return None;
            }
        }
        wanted += 1;
    }
    let (last, _) = (ready(seen).await, ready(String::new()).await);
    Some(last)
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

/// With blocks inside of it.
#[lower(nested)]
pub async fn blocks(start: u32, name: String) -> Result<u32, String> {
    let list = vec![start, 2];
    let tries = async move {
        let mut text = name;
        note(&mut text, start).await;
        let first = ready(start.checked_add(1)).await.ok_or("too much")?;
        note(&mut text, first).await;
        Ok::<_, String>(text)
    };
    let reads = async {
        ready(()).await;
        list.len()
    };
    let endless = async move {
        loop {
            ready(()).await;
        }
    };
    let never = std::future::poll_fn(|_| std::task::Poll::Ready(()));
    let (): () = never.await;
    let unused: std::pin::Pin<Box<dyn Future<Output = u8>>> = Box::pin(endless);
    drop(unused);
    let count = reads.await;
    let text = tries.await?;
    Ok(u32::try_from(count + text.len()).unwrap_or(0))
}

#[test]
fn lints_have_nothing_to_say() {
    assert_eq!(block_on(sum(&[1, 2], 3)), Ok(6));
    assert_eq!(block_on(sum(&[1], u32::MAX)), Err("too much".to_owned()));
    block_on(nothing());
    block_on(ignored(&mut String::new()));
    assert_eq!(block_on(found(&[&[1], &[3, 1]], 1)), Some(2));
    assert_eq!(block_on(found(&[&[0]], 1)), None);
    assert_eq!(block_on(blocks(1, "a".to_owned())), Ok(5));
    assert!(block_on(blocks(u32::MAX, String::new())).is_err());
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

    #[lower(nested)]
    pub(super) async fn within(child: u8, output: &mut u8) -> u8 {
        let accepted_lowered = child + accepted;
        let block = async move {
            let state_lowered = ::core::future::ready(frame + cx).await;
            fill(output).await;
            accepted_lowered + state_lowered + *output
        };
        let accepted_lowered_2 = 1;
        block.await + accepted_lowered_2
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
    assert_eq!(block_on(names::within(1, &mut output)), 11);
}
