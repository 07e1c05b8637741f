//! Tests of handroll.
//!
//! A *fixture* is a file of `fixtures/`: ordinary async functions in the words of [`handroll_trace`] (`use crate::trace::*;`), and
//! `pub fn cases(t: &mut Tester)`, which registers calls of them. A header line `// editions: 2018 2021 2024` names the editions it
//! is for; without one these are 2021 and 2024. Two tests go over all of them:
//!
//! - `golden` lowers each and compares the text with `fixtures/golden/NAME.rs` (`NAME.2021.rs` where an older edition's output
//!   differs), and the functions that were refused with `fixtures/golden/REFUSED.txt`.
//!   `HANDROLL_BLESS=1 cargo test -p handroll-tests --test golden` writes what it finds instead; then review the diff.
//!   `fixtures/README.md` says what of the language they cover; its statuses are written with the goldens.
//! - `behaviour` builds, for each edition, a program of the fixtures as they are and lowered, and compares the traces of all cases
//!   (see `handroll_trace`'s driver). Lowered code compiles under `#![deny(warnings)]`.
//!
//! `harness` tests the comparison itself: the fixtures against themselves give no difference, wrong lowerings do.
//!
//! For one file, quickly: `cargo run -q -p handroll-tests --bin try -- NAME-OR-PATH [--edition 2021] [--show]`; for all of them, `--all`.

pub mod bench;
pub mod features;
#[cfg(unix)]
pub mod firmware;
pub mod fixture;
pub mod fuzz;
pub mod golden;
pub mod lower;
pub mod place;
pub mod program;
pub mod real;
