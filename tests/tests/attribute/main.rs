//! The attribute `#[lower]`, as its users write it.

mod compiler;
mod mistakes;
mod options;
mod real;
mod shapes;
mod strict;
