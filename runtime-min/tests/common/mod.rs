//! Values and futures that write down what happens to them.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What happened so far.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn say(&self, what: impl Into<String>) {
        self.0.borrow_mut().push(what.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// A value that says when it drops.
    pub(crate) fn value(&self, name: &'static str) -> Value {
        Value {
            name,
            log: self.clone(),
        }
    }

    /// A future that waits once and borrows a value.
    pub(crate) fn wait<'v>(&self, name: &'static str, value: &'v Value) -> Wait<'v> {
        Wait {
            name,
            value,
            log: self.clone(),
            address: None,
        }
    }
}

pub(crate) struct Value {
    pub(crate) name: &'static str,
    log: Log,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.log.say(format!("drop {}", self.name));
    }
}

pub(crate) struct Wait<'v> {
    name: &'static str,
    value: &'v Value,
    log: Log,
    /// Where it was polled first.
    address: Option<usize>,
}

impl Wait<'_> {
    fn say(&self, what: &str) {
        let moved = self
            .address
            .is_some_and(|address| address != std::ptr::from_ref(self).addr());
        self.log.say(format!(
            "{what} {} of {}{}",
            self.name,
            self.value.name,
            if moved { ", MOVED" } else { "" }
        ));
    }
}

impl Future for Wait<'_> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<usize> {
        self.say("poll");
        if self.address.is_some() {
            return Poll::Ready(self.value.name.len());
        }
        self.address = Some(std::ptr::from_ref(&*self).addr());
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.say("drop");
    }
}

/// Polls once, with a waker that does nothing.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The message of the panic that `f` ends with.
///
/// # Panics
/// When it does not panic.
pub(crate) fn panic_of<T>(f: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else {
        panic!("it did not panic");
    };
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&'static str>().expect("a text")).to_owned(),
    }
}

/// Whether a concrete type implements a trait.
#[macro_export]
macro_rules! implements {
    ($type:ty: $bound:path) => {{
        #[allow(dead_code, reason = "when the type does implement it")]
        trait Otherwise {
            const YES: bool = false;
        }
        impl<T: ?Sized> Otherwise for T {}
        struct Probe<T: ?Sized>(::core::marker::PhantomData<T>);
        #[allow(dead_code, reason = "when the type does not implement it")]
        impl<T: ?Sized + $bound> Probe<T> {
            const YES: bool = true;
        }
        <Probe<$type>>::YES
    }};
}
