//! The command line of handroll, shared by the binaries `handroll` and `cargo-handroll`.
//!
//! The way of the data: [`args`] (what was asked) → [`target`], [`modules`] (which file and item) → [`input`], [`edition`]
//! (its text) → [`engine`] (the library, fenced in) → one of [`commands`] → [`output`].
//!
//! Invariant: nothing is printed or written before the whole of it is known to be good; a failure leaves no partial output.
//! Invariant: only [`engine`] calls the library, so that a panic or a deep recursion in there is handled in one place.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod edition;
mod engine;
mod failure;
mod input;
mod manifest;
mod modules;
mod nesting;
mod outline;
mod output;
mod package;
mod select;
mod stack;
mod status;
mod target;

use crate::failure::Failure;
use crate::output::Console;
use crate::status::Status;
use std::ffi::OsString;
use std::process::ExitCode;

/// The binary that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `handroll`.
    Handroll,
    /// `cargo-handroll`, usually as `cargo handroll`.
    CargoHandroll,
}

/// Runs the command with the process's arguments.
#[must_use]
pub fn main(program: Program) -> ExitCode {
    stack::capture_panics();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let ended = stack::on_large_stack(move || run(program, arguments.clone()));
    let status = ended.unwrap_or_else(|panic| {
        let mut console = Console::new(args::color_of(std::env::args_os()));
        console.report(&Failure::internal(&panic, "the command line"));
        Status::Internal
    });
    status.into()
}

fn run(program: Program, arguments: Vec<OsString>) -> Status {
    let mut console = Console::new(args::color_of(arguments.iter().cloned()));
    let command = match args::parse(program, arguments, &mut console) {
        Ok(cli) => cli.command,
        Err(status) => return status,
    };
    commands::run(command, &mut console).unwrap_or_else(|failures| failures.report(&mut console))
}
