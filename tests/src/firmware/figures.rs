//! The table of what the echo costs in each form.

use super::elf::Elf;
use super::{M3, build, count};
use std::io;

/// A program's costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// Bytes of flash, with the vectors.
    pub flash: usize,
    /// Bytes of RAM for `static`s.
    pub ram: usize,
    /// Instructions from the interrupt to sleep, for one byte.
    pub instructions: usize,
}

/// What the table shows: a text, the program, its features.
pub const ROWS: [(&str, &str, &str); 13] = [
    ("no executor: a loop", "no_executor", ""),
    ("written by hand", "by_hand", ""),
    ("handroll, by the command", "lowered", ""),
    ("handroll, by the attribute", "attribute", "attribute"),
    ("the compiler's own", "native", ""),
    ("the compiler's own, on lilos", "lilos", "lilos"),
    ("the compiler's own, on embassy", "embassy", "embassy"),
    ("two tasks: handroll", "two", ""),
    ("two tasks: the compiler's own", "two_native", ""),
    ("two tasks, the second `dyn`: handroll", "two_dyn", ""),
    (
        "two tasks, the second `dyn`: the compiler's own",
        "two_dyn_native",
        "",
    ),
    ("two tasks in an array: handroll", "two_in_an_array", ""),
    (
        "two tasks in an array: the compiler's own",
        "two_in_an_array_native",
        "",
    ),
];

/// Builds and measures a program.
///
/// # Errors
/// When it does not build or run.
pub fn measure(program: &str, features: &str) -> io::Result<Costs> {
    let program = build(program, features, M3)?;
    let elf = Elf::read(&program)?;
    Ok(Costs {
        flash: elf.flash(),
        ram: elf.ram(),
        instructions: count::instructions(M3, &program)?,
    })
}

/// Prints the table, in Markdown.
///
/// # Errors
/// When a program does not build or run.
pub fn run() -> io::Result<()> {
    println!("| echo on a Cortex-M3 | flash | static RAM | instructions |");
    println!("| --- | ---: | ---: | ---: |");
    for (text, program, features) in ROWS {
        let costs = measure(program, features)?;
        println!(
            "| {text} | {} | {} | {} |",
            costs.flash, costs.ram, costs.instructions
        );
    }
    Ok(())
}
