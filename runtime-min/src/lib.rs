//! The attribute `#[lower]`, which turns an `async fn` into the state machine that a good engineer would have written by hand, and what
//! lowered functions need at run time: `no_std`, no heap, no dependencies but the attribute itself, which runs in the compiler.
//!
//! ```
//! # #[cfg(feature = "macros")] {
//! use handroll_rt::lower;
//!
//! #[lower]
//! async fn greet(name: &str) -> usize {
//!     let n = send(name).await;
//!     n + send("!").await
//! }
//! # async fn send(text: &str) -> usize { text.len() }
//! # }
//! ```
//!
//! The module `guide` teaches it: naming futures and putting them into statics, asking a task where it waits, options, limits and cancel
//! safety. What follows is about the other half of the crate.
//!
//! # For lowered code
//!
//! `handroll lower` writes code against this crate. A lowered function holds an enum with one variant for each place where it
//! waits, and a step function that polls the awaited child and, when that is ready, runs on to the next place. This crate has the
//! parts that every such function shares:
//!
//! - [`Machine`] is the future: the stored state and the step function.
//! - [`Frame`] is implemented by what is stored: it knows how to drop all that is held.
//! - [`Child`] is an awaited future, dropped in place the moment it is ready.
//! - [`Slot`] is a place that keeps its address, for a local that is borrowed across an await; [`Live`] is its value while the
//!   function runs. [`FlagSlot`] and [`Flag`] are the same for a local that has a value on some ways only.
//! - [`held!`] is one step of native async code: it keeps what is left of a value of which only types say whether it was moved.
//!
//! The macros are the only place where emitted code is `unsafe`; each states its contract. They are meant for emitted code: used by
//! hand they are as sharp as the `unsafe` they contain.
//!
//! A function that waits once and carries a number, as `handroll` writes it:
//!
//! ```
//! # fn pause() -> impl Future<Output = u32> { async { 20 } }
//! /// Pauses, then adds what came of it.
//! fn next(n: u32) -> impl Future<Output = u32> {
//!     use ::handroll_rt as rt;
//!     enum NextState<Pause> {
//!         Start { n: u32 },
//!         Pause { child: rt::Child<Pause>, n: u32 },
//!         Returned,
//!         Panicked,
//!     }
//!     impl<Pause> rt::Frame for NextState<Pause> {
//!         fn end(&mut self, end: rt::End) {
//!             *self = match end {
//!                 rt::End::Returned => NextState::Returned,
//!                 rt::End::Panicked => NextState::Panicked,
//!             };
//!         }
//!         fn is_panicked(&self) -> bool {
//!             matches!(self, NextState::Panicked)
//!         }
//!     }
//!     rt::Machine::new(NextState::Start { n }, |state, cx| -> rt::Poll<u32> {
//!         loop {
//!             match state {
//!                 NextState::Start { n } => {
//!                     let n = rt::carried!(n);
//!                     rt::set(state, NextState::Returned);
//!                     rt::set(state, NextState::Pause { child: rt::Child::new(pause()), n });
//!                 }
//!                 NextState::Pause { child, n } => {
//!                     let rt::Poll::Ready(by) = rt::poll!(child, cx) else { return rt::Poll::Pending };
//!                     let n = rt::carried!(n);
//!                     let by = rt::done!(child, by, *state, NextState::Returned);
//!                     return rt::Poll::Ready(n + by);
//!                 }
//!                 NextState::Returned => rt::after_completion(state, NextState::Panicked),
//!                 NextState::Panicked => rt::after_panicking(state, NextState::Returned),
//!             }
//!         }
//!     })
//! }
//! # use core::task::{Context, Poll, Waker};
//! # let polled = core::pin::pin!(next(1)).poll(&mut Context::from_waker(Waker::noop()));
//! # assert_eq!(polled, Poll::Ready(21));
//! ```
//!
//! `block_on` (feature `std`) runs a future on the current thread.
#![no_std]
#![warn(clippy::undocumented_unsafe_blocks)]

#[cfg(any(test, feature = "std"))]
extern crate std;

mod child;
pub mod exec;
#[cfg(feature = "macros")]
pub mod guide;
mod hold;
mod inspect;
pub mod join;
mod kept;
mod lowered;
mod machine;
pub mod pace;
mod slot;
mod sugar;
pub mod sync;
pub mod time;
mod tries;

#[cfg(any(test, feature = "std"))]
mod block_on;

#[cfg(any(test, feature = "std"))]
pub use block_on::block_on;
pub use child::{Child, done, wait};
pub use core::future::{Future, IntoFuture};
pub use core::option::Option::{None, Some};
pub use core::task::Poll::{self, Pending, Ready};
#[cfg(feature = "macros")]
pub use handroll_macro::lower;
pub use hold::{
    Arm, FindPort, Given, Nest, Of, Park, Port, Rest, Resume, Step, Wait, begin, resume, start,
};
pub use inspect::{Inspect, Look, Place, Seen, State, Unseen, see};
pub use kept::{Kept, Release};
pub use lowered::{
    Accepted, Answer, Answered, Asked, Asks, AsksNothing, HoldsNoMore, Lowered, LoweredBlock,
    Original, answer, any, stands_for, stands_for_block,
};
pub use machine::{
    End, Frame, Machine, after_completion, after_panicking, only_after_panicking, set, step, take,
};
pub use slot::{
    Flag, FlagSlot, Guard, Inside, Later, Live, Own, Pointer, Slot, Vacant, briefly, keep,
};
pub use sugar::{
    Alike, Bound, BoundValue, Captures, Never, Returns, into_iter, lengthen, lengthen_mut, next,
    value,
};
pub use tries::Try;

/// Polls the child that a state waits on: `poll!(read, cx)`, with `read: &mut Child<_>`.
///
/// Contract of the emitted code: the child lies inside a pinned frame, and is not moved between its first poll and its drop.
#[macro_export]
macro_rules! poll {
    ($child:expr, $cx:expr $(,)?) => {
        // SAFETY: the child lies in a pinned frame; its state is left only after the child was dropped in place.
        unsafe { $crate::Child::poll($child, $cx) }
    };
}

/// Polls a child in a union of children: `poll_field!(frame.children.read, cx)`.
///
/// Contract of the emitted code: the state says that this child is the one that is there; else as for [`poll!`].
#[macro_export]
macro_rules! poll_field {
    ($field:expr, $cx:expr $(,)?) => {
        // SAFETY: the state says that this field is the one that was written; it lies in a pinned frame.
        unsafe { $crate::Child::poll(&mut *$field, $cx) }
    };
}

/// Ends a wait: drops the finished child, leaves the state, and gives the child's output:
/// `let n = done!(read, n, frame.state, EchoState::Returned);`
///
/// Contract of the emitted code: the child was just ready, and what else the state held was taken by [`carried!`].
#[macro_export]
macro_rules! done {
    ($child:expr, $output:expr, $state:expr, $after:expr $(,)?) => {{
        let child: *mut _ = $child;
        match () {
            // A child that never ends has an output of type `!`.
            #[allow(unreachable_code)]
            // SAFETY: the child has just given its output, and the state, of which nothing is left, no longer counts.
            () => unsafe { $crate::done(child, $output, &mut $state, $after) },
        }
    }};
}

/// The same for a child in a union of children: `done_field!(frame.children.read, n, frame.state, EchoState::Returned)`.
#[macro_export]
macro_rules! done_field {
    ($field:expr, $output:expr, $state:expr, $after:expr $(,)?) => {{
        // SAFETY: as for `done!`; the state said that this field is the one that was written.
        let child: *mut _ = unsafe { &mut *$field };
        match () {
            #[allow(unreachable_code)]
            // SAFETY: as for `done!`.
            () => unsafe { $crate::done(child, $output, &mut $state, $after) },
        }
    }};
}

/// Takes out of the state what it carried: `let total = carried!(total);`
///
/// Contract of the emitted code: the state is left before anything else happens.
#[macro_export]
macro_rules! carried {
    ($field:expr $(,)?) => {
        // SAFETY: the state is left without dropping what it held.
        unsafe { ::core::ptr::read($field) }
    };
}

/// Drops a child in a union of children: `drop_field!(self.children.read)`.
///
/// Contract of the emitted code: the state said that this child is there, and does not say so any more.
#[macro_export]
macro_rules! drop_field {
    ($field:expr $(,)?) => {
        // SAFETY: the state said that this field is the one that was written, and nothing uses it after this.
        unsafe { ::core::mem::ManuallyDrop::drop(&mut $field) }
    };
}

/// The frame of a future with a name, for one poll: `let frame = frame!(self);`
///
/// Contract of the emitted code: the step moves nothing out of the frame that is pinned.
#[macro_export]
macro_rules! frame {
    ($this:expr $(,)?) => {
        // SAFETY: children are polled and dropped in place, and slots keep their address until the frame goes.
        unsafe { ::core::pin::Pin::get_unchecked_mut($this) }
    };
}

/// Puts a value into a slot and gives its guard: `let buf = fill!(frame.buf, [0; 16]);`
///
/// Contract of the emitted code: the slot is empty, and lies inside a pinned frame.
#[macro_export]
macro_rules! fill {
    ($slot:expr, $value:expr $(,)?) => {
        match $value {
            // SAFETY: the frame is pinned and outlives the step that holds the guard; the slot is empty in this state.
            value => unsafe { $crate::Slot::fill(&mut $slot, value) },
        }
    };
}

/// The guard of a slot whose value is held in the present state: `let buf = resume!(frame.buf);`
///
/// Contract of the emitted code: the state from which control comes was entered with the slot filled and kept.
#[macro_export]
macro_rules! resume {
    ($slot:expr $(,)?) => {
        // SAFETY: every state that leads here is entered with this slot filled and kept, and the frame is pinned.
        unsafe { (&mut $slot).resume() }
    };
}

/// One guard for all that the state of a number holds: `let kept = kept!(frame, 17);`
///
/// Contract of the emitted code: the slots that [`Release::release`] drops for that number are filled, and no guard stands for them.
#[macro_export]
macro_rules! kept {
    ($frame:expr, $state:expr $(,)?) => {
        // SAFETY: every state that leads here is entered with these slots filled and kept, and the frame is pinned.
        unsafe { $crate::Kept::new(&mut *$frame, $state) }
    };
}

/// A pinned local that the guard of [`kept!`] stands for, or that has no drop, as a place: `let sum = there!(frame.sum);`
///
/// Contract of the emitted code: the state from which control comes was entered with the slot filled and kept.
#[macro_export]
macro_rules! there {
    ($slot:expr $(,)?) => {
        // SAFETY: every state that leads here is entered with this slot filled and kept, and the frame is pinned.
        unsafe { (&mut $slot).there() }
    };
}

/// The guard of a slot, if the present state is one in which it is filled:
/// `let _buf = resume_in!(self.buf, self.state, EchoState::Read | EchoState::Write);`
///
/// Contract of the emitted code: these are the states that were entered with the slot filled and kept.
#[macro_export]
macro_rules! resume_in {
    ($slot:expr, $state:expr, $($name:path)|+ $(,)?) => {
        match $state {
            $($name { .. })|+ => ::core::option::Option::Some($crate::resume!($slot)),
            _ => ::core::option::Option::None,
        }
    };
}

/// Leaves values in their slots, the last declared first: the function is about to wait. `keep!(n, buf);`
#[macro_export]
macro_rules! keep {
    ($($guard:ident),+ $(,)?) => {{
        $($crate::keep($guard);)+
    }};
}

/// The guard of a local that has no value yet, in a slot with a flag: `let text = open!(frame.text);`
///
/// Contract of the emitted code: the slot is empty, and lies inside a pinned frame.
#[macro_export]
macro_rules! open {
    ($slot:expr $(,)?) => {
        // SAFETY: the frame is pinned and outlives the step that holds the guard; the slot is empty here.
        unsafe { $crate::FlagSlot::open(&mut $slot) }
    };
}

/// Puts a value into a slot with a flag and gives its guard: `let text = flag!(frame.text, read());`
///
/// Contract of the emitted code: the slot is empty, and lies inside a pinned frame.
#[macro_export]
macro_rules! flag {
    ($slot:expr, $value:expr $(,)?) => {
        match $value {
            value => {
                let flag = $crate::open!($slot);
                $crate::put!(flag, value);
                flag
            }
        }
    };
}

/// Gives a local in a slot with a flag its value: `put!(text, read());`
#[macro_export]
macro_rules! put {
    ($flag:expr, $value:expr $(,)?) => {
        match $value {
            // SAFETY: the guard is there; the original function assigns here as well.
            value => unsafe { $crate::Flag::put(&$flag, value) },
        }
    };
}

/// Drops what a holder still has, if anything: `text = other(); release!(text_held);`
///
/// Contract of the emitted code: the original function assigns the value that went into the holder anew, so nothing borrows the old one.
#[macro_export]
macro_rules! release {
    ($flag:expr $(,)?) => {
        // SAFETY: the guard is there; what the original function assigns to is not borrowed any more.
        unsafe { $crate::Flag::release(&$flag) }
    };
}

/// Moves a local out of a slot with a flag: `drop(move_out!(text));`
///
/// Contract of the emitted code: the original function moves the value here, so it has one.
#[macro_export]
macro_rules! move_out {
    ($flag:expr $(,)?) => {
        // SAFETY: the guard is there, and so is a value: the original function moves it here.
        match unsafe { $crate::Flag::out(&$flag) } {
            value => value,
        }
    };
}

/// Evaluates a temporary into its slot, and lends it: `query(client, lend!(temp = frame.temp, [&id, &name]))`.
///
/// Contract of the emitted code: the slot is empty, and lies inside a pinned frame; the borrows are those that the original function
/// made of the temporary.
#[macro_export]
macro_rules! lend {
    (mut $guard:ident = $slot:expr, $value:expr $(,)?) => {
        // SAFETY: the slot is empty and pinned, and the guard is there.
        unsafe { $crate::Vacant::new(&mut $slot, &mut $guard) }.lend_mut($value)
    };
    ($guard:ident = $slot:expr, $value:expr $(,)?) => {
        // SAFETY: as above.
        unsafe { $crate::Vacant::new(&mut $slot, &mut $guard) }.lend($value)
    };
}

/// The pinned local itself, as a place: `at!(buf).len()`, `&mut at!(buf)`, `at!(count) += 1`.
///
/// Its borrows are not limited to the guard's lifetime: they may be held by an awaited child beside it.
///
/// With `brief` they are: `at!(brief name).clone()` gives what is taken to borrow nothing, and the compiler sees that it does not.
///
/// Contract of the emitted code: the borrows made from it are those of the original function, which the compiler accepted.
#[macro_export]
macro_rules! at {
    (brief $live:expr $(,)?) => {
        // SAFETY: as below.
        (*unsafe { $crate::briefly(&$live) })
    };
    ($live:expr $(,)?) => {
        // SAFETY: the guard is there, so the slot is filled; the borrows are those that the original function made.
        (*unsafe { $crate::Guard::place(&$live) })
    };
}

/// The address of a pinned local, for a closure that captures it by reference: `let text = pointer!(text);`
#[macro_export]
macro_rules! pointer {
    ($live:expr $(,)?) => {
        $crate::Pointer::new(&mut $crate::at!($live))
    };
}

/// Pins a local that is never moved again: `let mut fut = pinned!(temp);`
///
/// Contract of the emitted code: the operand is a hidden local that nothing else mentions.
#[macro_export]
macro_rules! pinned {
    ($place:expr $(,)?) => {
        // SAFETY: the place is not moved before it drops: nothing else mentions it.
        unsafe { ::core::pin::Pin::new_unchecked(&mut $place) }
    };
}

/// Moves a pinned local out of its slot for good: `let text = out!(text);`
///
/// Contract of the emitted code: nothing that borrows from the slot is used afterwards.
#[macro_export]
macro_rules! out {
    ($live:expr $(,)?) => {
        // SAFETY: the guard is there, so the slot is filled; the original function moves the value here as well.
        match unsafe { $crate::Live::out($live) } {
            // Coerced here as the local itself would be.
            value => value,
        }
    };
}

/// The value of a branch of which only this rest is left: `let n = branch!(list().len());`
///
/// As in the branch, its temporaries end here, and not with the statement around it: should one of their drops panic, the compiler
/// leaks the value.
#[macro_export]
macro_rules! branch {
    ($value:expr $(,)?) => {
        match () {
            () => $value,
        }
    };
}

/// A shared reference with a longer lifetime, so that all of a function's parameters share one.
///
/// Contract of the emitted code: the future that holds it captures the shorter lifetime.
#[macro_export]
macro_rules! lengthen {
    ($reference:expr $(,)?) => {
        // SAFETY: the signature says that the future captures the reference's own lifetime, so it cannot outlive that.
        unsafe { $crate::lengthen($reference) }
    };
}

/// The same for an exclusive reference.
#[macro_export]
macro_rules! lengthen_mut {
    ($reference:expr $(,)?) => {
        // SAFETY: the signature says that the future captures the reference's own lifetime, so it cannot outlive that.
        unsafe { $crate::lengthen_mut($reference) }
    };
}

/// What a pattern with a guard bound, held across a wait: `let n = bound!(n);`
///
/// The borrow checker takes what goes into the frame for borrowed on every way, also on those on which the guard fails and a later pattern
/// borrows the same place. So a `&mut T` gets a lifetime of its own here; any other value stays as it is.
///
/// Contract of the emitted code: the guard held, and the place that the pattern looked at is not used while this is, as in the source.
#[macro_export]
macro_rules! bound {
    ($value:expr $(,)?) => {{
        use $crate::BoundValue as _;
        match $crate::Bound($value) {
            // SAFETY: the source, which the compiler checked, keeps to the lifetime that the reference has there.
            bound => unsafe { bound.value() },
        }
    }};
}

/// A value of a type with other lifetimes: `let view: View<'a> = relabel!(view);`, so that all of a function's parameters share one.
///
/// Contract of the emitted code: the two types differ in lifetimes only, and the future that holds the value captures the old ones.
#[macro_export]
macro_rules! relabel {
    ($value:expr $(,)?) => {
        match $value {
            // SAFETY: the same type but for lifetimes; the future captures the old ones, so it cannot outlive them.
            value => unsafe { ::core::mem::transmute(value) },
        }
    };
}

/// Whether the compiler's own future of a lowered function has errors: `accepted!(fetch_as_written, u32)`.
///
/// With `unasked`, no auto trait is asked for: the compiler would take the question for a demand where it cannot answer at once.
#[macro_export]
macro_rules! accepted {
    ($native:ident, $output:ty, unasked) => {{
        let output = ::core::marker::PhantomData::<$output>;
        $crate::answer($crate::Original::new($native, output)).stands()
    }};
    ($native:ident, $output:ty) => {{
        use $crate::{Asks as _, AsksNothing as _};
        let output = ::core::marker::PhantomData::<$output>;
        (&$crate::Original::new($native, output)).ask();
        $crate::answer($crate::Original::new($native, output)).stands()
    }};
}

/// The promise of a machine in an expansion: see [`HoldsNoMore`](crate::HoldsNoMore).
///
/// Contract of the emitted code: the machine is that of the function whose own future it stands for. It drops on a cancellation what that
/// drops, and stores a value only where the function uses it again or drops it.
#[macro_export]
macro_rules! holds_no_more {
    () => {
        // SAFETY: as the contract says.
        unsafe { $crate::HoldsNoMore::promised() }
    };
}

/// `?` inside the step function of an expansion.
#[macro_export]
macro_rules! tri_accepted {
    ($accepted:ident, $value:expr) => {
        match $accepted.branch($value) {
            ::core::ops::ControlFlow::Continue(value) => value,
            ::core::ops::ControlFlow::Break(output) => return $accepted.ready(output),
        }
    };
}

/// [`at!`] inside the step function of an expansion, with the same contract.
#[macro_export]
macro_rules! at_accepted {
    ($accepted:ident, brief $live:expr) => {
        // SAFETY: as for `at!`.
        (*unsafe { $accepted.briefly(&$live) })
    };
    ($accepted:ident, $live:expr) => {
        // SAFETY: as for `at!`.
        (*unsafe { $accepted.place(&$live) })
    };
}

/// The awaited future of a state, where it is a lowered function's: `look!(accepted, child)`.
///
/// Contract of the emitted code: the state says that the child is there.
#[macro_export]
macro_rules! look {
    ($accepted:ident, $child:expr) => {{
        use $crate::{Seen as _, Unseen as _};
        // SAFETY: the state was matched just before, and its child is there for as long as it is the present one.
        (&$crate::Look(unsafe { $accepted.future($child) })).look()
    }};
}

/// The same for a child in a union of children: `look_field!(accepted, frame.children.read)`.
///
/// Contract of the emitted code: the state says that this child is the one that is there.
#[macro_export]
macro_rules! look_field {
    ($accepted:ident, $field:expr) => {{
        // SAFETY: the state says that this field is the one that was written.
        let child = unsafe { &*$field };
        $crate::look!($accepted, child)
    }};
}

/// Stands in the step of a block that never returns: as in the compiler's own block, its output is whatever is asked for.
#[macro_export]
macro_rules! endless {
    () => {
        if false {
            #[allow(unreachable_code)]
            return $crate::Poll::Ready(loop {});
        }
    };
}

/// Says that a local is of the type that its copies in other places have: `alike!(n_type, n)`. It is not even looked at.
#[macro_export]
macro_rules! alike {
    ($kind:ident, $local:ident) => {
        if false {
            let _ = &$kind;
            // Behind this the local needs no value.
            loop {}
            #[allow(unreachable_code)]
            $kind.is(&$local);
        }
    };
}

/// Where the step of a function that never returns gets when no state waits: `only_after_panicking!(frame.state, EchoState::Returned)`.
///
/// Contract of the emitted code: nothing but a panic in the step leaves the states that wait, and nobody else can name the frame.
#[macro_export]
macro_rules! only_after_panicking {
    ($state:expr, $returned:expr $(,)?) => {
        // SAFETY: a panic in the step leads here, and nothing else; where it ends the program, nothing does.
        unsafe { $crate::only_after_panicking(&mut $state, $returned) }
    };
}

/// `?` inside a step function whose output is not a `Result`.
#[macro_export]
macro_rules! tri {
    ($value:expr $(,)?) => {
        match $crate::Try::branch($value) {
            ::core::ops::ControlFlow::Continue(value) => value,
            ::core::ops::ControlFlow::Break(output) => return $crate::Poll::Ready(output),
        }
    };
}
