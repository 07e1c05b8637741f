// The finished child is moved out of its state before it is dropped.
#![allow(unsafe_code)]
use crate::trace::*;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

struct One(Option<Tick<u32>>, bool);

impl Future for One {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        // SAFETY: nothing is moved here.
        let this = unsafe { self.get_unchecked_mut() };
        assert!(!this.1, "`async fn` resumed after completion");
        let child = this.0.get_or_insert_with(|| tick(1, "wait"));
        // SAFETY: wrong, it is moved below.
        let poll = unsafe { Pin::new_unchecked(child) }.poll(cx);
        if poll.is_ready() {
            this.1 = true;
            drop(Box::new(this.0.take()));
        }
        poll
    }
}

fn one() -> One {
    One(None, false)
}

pub fn cases(t: &mut Tester) {
    t.case("one", one);
}
