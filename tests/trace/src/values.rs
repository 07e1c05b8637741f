//! Values whose life shows in the trace.

use crate::children::{Fill, Lend, LendMut, Seat, Tick, fill, lend, lend_mut, tick};
use crate::log::{dropped, event};
use std::collections::VecDeque;
use std::fmt::{Display, Formatter};
use std::future::{Future, IntoFuture};
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll};

/// A value whose drop is an event. What reads it after its drop is likely to see `DEAD`.
#[derive(Debug, PartialEq, Eq)]
pub struct Loud(pub &'static str);

/// A [`Loud`], made with an event.
pub fn make(name: &'static str) -> Loud {
    event(format!("make {name}"));
    Loud(name)
}

impl Loud {
    /// Looks at it.
    pub fn touch(&self) -> usize {
        event(format!("touch {}", self.0));
        self.0.len()
    }

    /// Renames it.
    pub fn rename(&mut self, name: &'static str) {
        event(format!("rename {} {name}", self.0));
        self.0 = name;
    }

    /// Consumes it.
    pub fn eat(self) -> usize {
        event(format!("eat {}", self.0));
        self.0.len()
    }

    /// A child that borrows it.
    pub fn watch(&self, name: &'static str) -> Lend<'_, Loud> {
        lend(self, name)
    }

    /// A child that borrows it exclusively.
    pub fn hold(&mut self, name: &'static str) -> LendMut<'_> {
        lend_mut(self, name)
    }

    /// A child that owns it and gives it back.
    pub fn send(self, name: &'static str) -> Tick<Loud> {
        tick(self, name)
    }
}

impl Drop for Loud {
    fn drop(&mut self) {
        let name = std::mem::replace(&mut self.0, "DEAD");
        std::hint::black_box(&self.0);
        dropped(format!("drop {name}"));
    }
}

/// Gives a value that is never freed, for arguments that are references.
pub fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

/// An error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault(pub &'static str);

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Fault {}

/// Turns into a child only when it is awaited.
pub struct Later(pub &'static str);

impl IntoFuture for Later {
    type Output = &'static str;
    type IntoFuture = Tick<&'static str>;

    fn into_future(self) -> Tick<&'static str> {
        event(format!("into_future {}", self.0));
        tick(self.0, self.0)
    }
}

/// An asynchronous lock that is always free.
#[derive(Debug)]
pub struct Lock<T> {
    name: &'static str,
    value: Mutex<T>,
}

impl<T> Lock<T> {
    /// A lock around `value`.
    pub fn new(name: &'static str, value: T) -> Self {
        Lock {
            name,
            value: Mutex::new(value),
        }
    }

    /// The guard is taken at once and handed out when the child is ready.
    pub fn lock(&self) -> Tick<Guard<'_, T>> {
        event(format!("lock {}", self.name));
        tick(self.guard(), self.name)
    }

    /// The guard, at once.
    pub fn guard(&self) -> Guard<'_, T> {
        let value = match self.value.try_lock() {
            Ok(value) => value,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => panic!("{} is locked", self.name),
        };
        Guard {
            name: self.name,
            value,
        }
    }
}

/// Access to a locked value; its drop is an event. Not `Send`, like the standard library's.
#[derive(Debug)]
pub struct Guard<'a, T> {
    name: &'static str,
    value: MutexGuard<'a, T>,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        dropped(format!("unlock {}", self.name));
    }
}

/// Items that arrive one by one.
#[derive(Debug)]
pub struct Feed<T> {
    name: &'static str,
    items: VecDeque<T>,
}

/// Takes the next item of a feed when it is ready.
#[must_use = "futures do nothing unless polled"]
pub struct Recv<'a, T> {
    seat: Seat,
    feed: &'a mut Feed<T>,
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // SAFETY: no field is ever moved out.
        let this = unsafe { self.get_unchecked_mut() };
        if this.seat.poll(cx) {
            Poll::Ready(this.feed.items.pop_front())
        } else {
            Poll::Pending
        }
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        self.seat
            .dropped(&format!(" with {} left", self.feed.items.len()));
    }
}

impl<T> Feed<T> {
    /// A feed of `items`.
    pub fn new(name: &'static str, items: impl IntoIterator<Item = T>) -> Self {
        Feed {
            name,
            items: items.into_iter().collect(),
        }
    }

    /// The next item, or `None` at the end.
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv {
            seat: Seat::new(self.name),
            feed: self,
        }
    }
}

impl<T> Drop for Feed<T> {
    fn drop(&mut self) {
        dropped(format!("drop feed {}", self.name));
    }
}

/// A device with two directions.
#[derive(Debug)]
pub struct Wire {
    name: &'static str,
}

impl Wire {
    /// A wire.
    pub fn new(name: &'static str) -> Self {
        Wire { name }
    }

    /// Writes a byte into `buf` at every poll, and gives their number.
    pub fn read<'a>(&'a mut self, buf: &'a mut [u8]) -> Fill<'a> {
        event(format!("read {}", self.name));
        fill(buf, self.name)
    }

    /// Takes all of `bytes`.
    pub fn write<'a>(&'a mut self, bytes: &'a [u8]) -> Lend<'a, [u8]> {
        event(format!("write {}", self.name));
        lend(bytes, self.name)
    }

    /// How it is.
    pub fn status(&self) -> Lend<'_, str> {
        event(format!("status {}", self.name));
        lend(self.name, self.name)
    }

    /// Ends it, and gives a farewell.
    pub fn close(self) -> Tick<Loud> {
        event(format!("close {}", self.name));
        tick(Loud("farewell"), self.name)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        dropped(format!("drop wire {}", self.name));
    }
}
