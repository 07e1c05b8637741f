//! The attribute `#[lower]`, as its users write it.

mod shapes;
