//! Lowering of widely used crates: what is lowered, what is refused, and whether the lowered crate still compiles.
//!
//! `cargo run --release -p handroll-tests --bin real_crates [-- --check CRATE]`. Nothing is vendored: [`fetch`] makes a package in the
//! target folder that depends on the [`roster`] and lets cargo bring the sources.
//!
//! [`survey`] lowers every file of a crate in memory. [`check`] rebuilds a crate from its lowered text ([`package`], [`compose`]),
//! reads what rustc says ([`messages`]), leaves out the functions that its errors are about, and starts again until it compiles;
//! [`report`] tells which functions these were, grouped by cause.

pub mod check;
pub mod compose;
pub mod fetch;
pub mod messages;
pub mod package;
pub mod report;
pub mod roster;
pub mod survey;
