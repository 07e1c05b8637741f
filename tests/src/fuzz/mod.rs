//! A differential fuzzer: random programs, each compiled natively and lowered, run in every way, and compared.
//!
//! [`generate`] makes a well-typed program from a seed, as a [tree](Node) of text with typed holes; [`check`] lowers, compiles and runs
//! many of them together; [`shrink`] makes one that fails small; [`Tally`] counts. `cargo run -q -p handroll-tests --bin fuzz` is the
//! command for all of that.

mod batch;
mod compounds;
mod control;
mod function;
mod jumps;
mod random;
mod report;
mod scope;
mod seeded;
mod shrink;
mod statements;
mod text;
mod tree;
mod values;
mod wider;

pub use batch::{Finding, check, check_seeded, lowered_text, refusals};
pub use function::{Function, Param, Program, generate};
pub use random::Random;
pub use report::Tally;
pub use seeded::{Hunt, edition, hunt};
pub use shrink::shrink;
pub use text::{Texts, sources, text, texts};
pub use tree::{Name, Names, Node, Part, Sort, Ty, Value};
