//! A core: interrupts that can be masked, and sleep that ends when one is pending, masked or not.

use loom::sync::{Condvar, Mutex, MutexGuard};

/// The only interrupt.
#[derive(Clone, Copy, PartialEq)]
enum Interrupt {
    ToCome,
    Pending,
    Served,
}

loom::lazy_static! {
    static ref MASK: Mutex<()> = Mutex::new(());
    static ref INTERRUPT: Mutex<Interrupt> = Mutex::new(Interrupt::ToCome);
    static ref CHANGED: Condvar = Condvar::new();
}

/// Masks interrupts, until the guard drops.
pub(crate) fn mask() -> MutexGuard<'static, ()> {
    MASK.lock().expect("no panic")
}

/// Sleeps until an interrupt is pending.
pub(crate) fn sleep() {
    let mut interrupt = INTERRUPT.lock().expect("no panic");
    while *interrupt == Interrupt::ToCome {
        interrupt = CHANGED.wait(interrupt).expect("no panic");
    }
    let now = *interrupt;
    drop(interrupt);
    assert!(now == Interrupt::Pending, "asleep for good");
}

/// Lets interrupts come; one that is pending is served before anything else goes on.
pub(crate) fn unmask(masked: MutexGuard<'static, ()>) {
    drop(masked);
    let mut interrupt = INTERRUPT.lock().expect("no panic");
    while *interrupt == Interrupt::Pending {
        interrupt = CHANGED.wait(interrupt).expect("no panic");
    }
}

fn change(to: Interrupt) {
    *INTERRUPT.lock().expect("no panic") = to;
    CHANGED.notify_one();
}

/// The interrupt, on a thread of its own: it comes, and is served when none are masked.
pub(crate) fn interrupt(handler: impl FnOnce()) {
    change(Interrupt::Pending);
    let masked = mask();
    handler();
    change(Interrupt::Served);
    drop(masked);
}
