//! How to use the attribute `#[lower]`.
//!
//! # Before and after
//!
//! Put the attribute on an async function. Nothing else changes: it is called, awaited and spawned as before.
//!
//! ```
//! use handroll_rt::lower;
//!
//! #[lower]
//! async fn fetch(urls: &[&str]) -> usize {
//!     let mut total = 0;
//!     for url in urls {
//!         let page = download(url).await;
//!         total += page.len();
//!     }
//!     total
//! }
//! # async fn download(url: &str) -> String { url.to_owned() }
//! # #[cfg(feature = "std")]
//! # assert_eq!(handroll_rt::block_on(fetch(&["a", "bc"])), 3);
//! ```
//!
//! The compiler turns an `async fn` into a state machine that nobody sees. `#[lower]` writes that machine out as Rust: an enum with
//! one variant for each place where the function waits, and a step from each to the next. The result has the same output, awaits the
//! same futures in the same order, drops the same values at the same moments, and panics alike. It is smaller, because it keeps only
//! what is needed later, and it can say where it is.
//!
//! The attribute stands on functions, on methods, on a whole `impl` block (of a trait as well), and on an inline module; in the last two
//! every async function inside is lowered. With the option `nested` it also stands on functions that are not async and have `async` blocks in them, as
//! those that return `impl Future` or a boxed future do. Functions there that another attribute macro rewrites, such as those under `#[instrument]`, are
//! left to it.
//!
//! # What the compiler says
//!
//! The function as it was written is checked as well, and never runs. So a mistake is reported at your tokens, in the compiler's own
//! words, once. What handroll does not lower is an error with a code, the place, and a rewrite that works; `handroll explain CODE` says
//! more. The original function stays then, so that its callers have no errors of their own.
//!
//! # Naming and statics
//!
//! With a name, the future is a struct that can be written down, kept in a field or a `static`, and built in a constant:
//!
//! ```
//! use handroll_rt::lower;
//! # use core::future::Future;
//! # use core::pin::Pin;
//! # use core::task::{Context, Poll};
//!
//! /// Waits for one turn of the loop.
//! pub struct Turn;
//! # impl Future for Turn {
//! #     type Output = ();
//! #     fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> { Poll::Ready(()) }
//! # }
//!
//! fn turn() -> Turn {
//!     Turn
//! }
//!
//! #[lower(name = "Blink")]
//! pub async fn blink(times: u8) -> u8 {
//!     turn().await;
//!     times
//! }
//!
//! const BLINK: Blink = blink(3);
//! # #[cfg(feature = "std")]
//! # assert_eq!(handroll_rt::block_on(BLINK), 3);
//! ```
//!
//! For that, every type that is kept across an await must be spelled, the awaited futures included: annotate the `let`s that the error
//! names, and await functions that return a future with a name.
//!
//! # Inspection
//!
//! A lowered future implements [`Inspect`](crate::Inspect): [`state`](crate::Inspect::state) gives the name of its state, the source
//! file and line, and the awaited expression. When it waits for another lowered function, the chain goes on from there, so a parked task
//! can print its stack. It allocates nothing, and `Debug` prints the same.
//!
//! ```
//! use handroll_rt::{lower, Inspect};
//!
//! struct Modem;
//!
//! #[lower]
//! impl Modem {
//!     async fn dial(&mut self) {
//!         core::future::pending::<()>().await;
//!     }
//!
//!     async fn connect(&mut self) {
//!         self.dial().await;
//!     }
//! }
//!
//! # use core::future::Future;
//! # use core::task::{Context, Waker};
//! let mut modem = Modem;
//! let mut task = core::pin::pin!(modem.connect());
//! let _ = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
//! let waits: Vec<_> = task.state().stack().map(|state| state.place().awaited).collect();
//! assert_eq!(waits, ["self.dial().await", "core::future::pending::<()>().await"]);
//! ```
//!
//! Only futures of functions and inherent methods can be asked; of an async function in a trait, only what the trait says is known.
//!
//! # Options
//!
//! | option | meaning |
//! | --- | --- |
//! | `name = "Echo"` | the future is a struct of this name |
//! | `nested` | the `async` blocks inside become machines of their own: smaller, and part of the stack that a parked task prints |
//! | `no_holders` | refuse what needs a [holder](crate::held!): a small native `async` block that decides what an expression moves |
//! | `after_completion = "pending"` | a poll after the end waits for good; by default it panics, as the compiler's futures do |
//! | `crate = path::to::handroll_rt` | where this crate is, when it is re-exported by another |
//! | `dump` | write the lowered source, as the command shows it, to `target/debug/handroll-dump` |
//!
//! # Cancel safety
//!
//! Dropping a lowered future cancels the function where it waits, exactly as with the compiler's own: the awaited future drops first, then
//! the locals in scope, the last declared first. A function that is safe to cancel stays so, and one that is not does not become so.
//!
//! # Limits
//!
//! - A macro that is not the standard library's and whose arguments await (`select!`, `join!`) is refused: await in a `let` before it, or put
//!   it into a function without the attribute. A macro with a `break`, `continue` or `return` in its definition does not compile where a loop was
//!   taken apart.
//! - Async closures inside of a lowered function stay the compiler's own. So do async blocks, unless `nested` asks for them, those in a closure or
//!   block without `move`, and those of which only types say what they capture: `handroll check --nested` names each of the latter with its reason.
//!   A function that is not async, and of which no block is lowered, is an error; one that has other functions inside of its body stays as it is. A block's machine may have to be told its output
//!   where the compiler's block finds it from how it is used; and where it keeps borrowed values in place, what it borrows must be declared before it.
//! - A function whose body holds an `impl` for a type from outside of it cannot be lowered: the body stands in the expansion twice.
//! - The body is checked twice, and the machine costs more to check than the original: of a crate with 1,000 small lowered functions,
//!   `rustc` took 18 s of processor time to check where it takes 2.9 s for the compiler's own, and 26 s to build where it takes 4.5 s.
//!   Inferring the machine's types dominates; expanding is a sixth, as long as the macro itself is built without optimisation.
//! - Functions that a `macro_rules!` macro writes are lowered with what their tokens show, without the rest of their file.
