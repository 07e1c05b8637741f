// The fields stand in order of declaration, so that cancellation drops them the wrong way round.
use crate::trace::*;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

enum Two {
    Start,
    Wait { wait: Pin<Box<Tick<u32>>>, a: Loud, b: Loud },
    Done,
}

impl Future for Two {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        loop {
            match std::mem::replace(&mut *self, Two::Done) {
                Two::Start => {
                    let a = make("a");
                    let b = make("b");
                    let wait = Box::pin(tick(1, "wait"));
                    *self = Two::Wait { wait, a, b };
                }
                Two::Wait { a, b, mut wait } => {
                    let Poll::Ready(n) = wait.as_mut().poll(cx) else {
                        *self = Two::Wait { wait, a, b };
                        return Poll::Pending;
                    };
                    drop(wait);
                    drop(b);
                    drop(a);
                    return Poll::Ready(n);
                }
                Two::Done => panic!("`async fn` resumed after completion"),
            }
        }
    }
}

fn two() -> Two {
    Two::Start
}

pub fn cases(t: &mut Tester) {
    t.case("two", two);
}
