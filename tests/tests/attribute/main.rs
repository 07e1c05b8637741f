//! The attribute `#[lower]`, as its users write it.

mod compiler;
mod mistakes;
mod shapes;
