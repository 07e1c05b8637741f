//! What fixtures are made of: values and child futures that leave a trace, and the driver that runs the compiler's own future and
//! the lowered one side by side and compares what they leave.
//!
//! The generated runner has a module `trace` that re-exports all of this; a fixture starts with `use crate::trace::*;`.

mod children;
mod driver;
mod log;
mod outcome;
mod values;

pub use children::{Fill, Lend, LendMut, Tick, fill, lend, lend_mut, tick};
pub use driver::{Suite, Tester};
pub use log::{event, say};
pub use outcome::Outcome;
pub use values::{Fault, Feed, Guard, Later, Lock, Loud, Recv, Wire, leak, make};
