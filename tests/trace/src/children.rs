//! Child futures. Each is `!Unpin` and watches that it is never moved after its first poll.

use crate::log::{dropped, event, is_the_waker, note, pends};
use crate::values::Loud;
use std::cell::Cell;
use std::fmt::Debug;
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Counts the polls of a child that is still to pend, and remembers where it was polled first.
pub(crate) struct Seat {
    name: &'static str,
    left: u32,
    at: Cell<usize>,
    _pin: PhantomPinned,
}

impl Seat {
    pub(crate) fn new(name: &'static str) -> Self {
        event(format!("make {name}"));
        Seat {
            name,
            left: pends(),
            at: Cell::new(0),
            _pin: PhantomPinned,
        }
    }

    /// Records the poll; whether the child is ready.
    pub(crate) fn poll(&mut self, cx: &Context<'_>) -> bool {
        let here = std::ptr::from_ref(self).addr();
        let at = self.at.replace(here);
        if at != 0 && at != here {
            note(format!("MOVED {}", self.name));
        }
        if !is_the_waker(cx.waker()) {
            note(format!("WRONG WAKER for {}", self.name));
        }
        event(format!("poll {}", self.name));
        let ready = self.left == 0;
        self.left = self.left.saturating_sub(1);
        ready
    }

    pub(crate) fn dropped(&self, detail: &str) {
        let here = std::ptr::from_ref(self).addr();
        if self.at.get() != 0 && self.at.get() != here {
            note(format!("MOVED {} before its drop", self.name));
        }
        dropped(format!("drop child {}{detail}", self.name));
    }
}

/// Gives a value after the run's number of pending polls.
#[must_use = "futures do nothing unless polled"]
pub struct Tick<T> {
    seat: Seat,
    value: Option<T>,
}

/// A child that owns `value` until it is ready.
pub fn tick<T>(value: T, name: &'static str) -> Tick<T> {
    Tick {
        seat: Seat::new(name),
        value: Some(value),
    }
}

impl<T> Future for Tick<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // SAFETY: the value is never pinned, and nothing else is moved.
        let this = unsafe { self.get_unchecked_mut() };
        if this.seat.poll(cx) {
            Poll::Ready(this.value.take().expect("polled once after it was ready"))
        } else {
            Poll::Pending
        }
    }
}

impl<T> Drop for Tick<T> {
    fn drop(&mut self) {
        self.seat.dropped("");
    }
}

/// Writes into the borrowed buffer at every poll.
#[must_use = "futures do nothing unless polled"]
pub struct Fill<'a> {
    seat: Seat,
    buf: &'a mut [u8],
    filled: usize,
}

/// A child that writes one byte a poll, and gives their number. Its drop still looks at the buffer.
pub fn fill<'a>(buf: &'a mut [u8], name: &'static str) -> Fill<'a> {
    Fill {
        seat: Seat::new(name),
        buf,
        filled: 0,
    }
}

impl Future for Fill<'_> {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        // SAFETY: no field is ever moved out.
        let this = unsafe { self.get_unchecked_mut() };
        if let Some(byte) = this.buf.get_mut(this.filled) {
            *byte += 1 + this.filled as u8;
            this.filled += 1;
        }
        if this.seat.poll(cx) {
            Poll::Ready(this.filled)
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Fill<'_> {
    fn drop(&mut self) {
        let sum: u32 = self.buf.iter().map(|&byte| u32::from(byte)).sum();
        self.seat.dropped(&format!(" over {sum}"));
    }
}

/// Gives the reference it was made with.
#[must_use = "futures do nothing unless polled"]
pub struct Lend<'a, T: Debug + ?Sized> {
    seat: Seat,
    value: &'a T,
}

/// A child that holds a shared reference and gives it when ready. Its drop still looks at the value.
pub fn lend<'a, T: Debug + ?Sized>(value: &'a T, name: &'static str) -> Lend<'a, T> {
    Lend {
        seat: Seat::new(name),
        value,
    }
}

impl<'a, T: Debug + ?Sized> Future for Lend<'a, T> {
    type Output = &'a T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'a T> {
        // SAFETY: no field is ever moved out.
        let this = unsafe { self.get_unchecked_mut() };
        if this.seat.poll(cx) {
            Poll::Ready(this.value)
        } else {
            Poll::Pending
        }
    }
}

impl<T: Debug + ?Sized> Drop for Lend<'_, T> {
    fn drop(&mut self) {
        self.seat.dropped(&format!(" of {:?}", self.value));
    }
}

/// Gives the exclusive reference it was made with.
#[must_use = "futures do nothing unless polled"]
pub struct LendMut<'a> {
    seat: Seat,
    value: Option<&'a mut Loud>,
}

/// A child that holds an exclusive reference and gives it when ready.
pub fn lend_mut<'a>(value: &'a mut Loud, name: &'static str) -> LendMut<'a> {
    LendMut {
        seat: Seat::new(name),
        value: Some(value),
    }
}

impl<'a> Future for LendMut<'a> {
    type Output = &'a mut Loud;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'a mut Loud> {
        // SAFETY: the reference is not pinned, and nothing else is moved.
        let this = unsafe { self.get_unchecked_mut() };
        if this.seat.poll(cx) {
            Poll::Ready(this.value.take().expect("polled once after it was ready"))
        } else {
            Poll::Pending
        }
    }
}

impl Drop for LendMut<'_> {
    fn drop(&mut self) {
        match &self.value {
            Some(value) => self.seat.dropped(&format!(" of {value:?}")),
            None => self.seat.dropped(""),
        }
    }
}
