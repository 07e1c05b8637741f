//! Measurements: `cargo run --release -p handroll-tests --bin bench -- throughput|compile|attribute|sizes|all`.
//!
//! - [`throughput`]: lowering against parsing and printing alone, over the sources of [`crate::real`], and whether it is linear in the
//!   number of awaits.
//! - [`compile`]: what the lowered code costs rustc, for real crates and for generated functions ([`generate`]).
//! - [`attribute`]: what `#[lower]` costs the build of a crate of many functions.
//! - [`sizes`]: bytes and instructions a poll of the compiler's future and the lowered one, for every case of every fixture, by
//!   [`callgrind`], in a generated [`program`].
//!
//! The figures are of the machine they are taken on; the ratios carry over.

pub mod attribute;
pub mod callgrind;
pub mod compile;
pub mod generate;
pub mod program;
pub mod sizes;
pub mod throughput;

use std::time::{Duration, Instant};

/// The shortest time of several runs: the others were disturbed.
pub fn best_of<T>(times: usize, mut work: impl FnMut() -> T) -> Duration {
    let run = |_| {
        let started = Instant::now();
        std::hint::black_box(work());
        started.elapsed()
    };
    (0..times).map(run).min().unwrap_or_default()
}

/// `1.23x, goal 2x` and whether it is reached.
pub fn against_goal(ratio: f64, goal: f64) -> String {
    let verdict = if ratio <= goal { "reached" } else { "MISSED" };
    format!("{ratio:.2}x, goal {goal}x {verdict}")
}
