//! One file for each subcommand.

mod check;
mod completions;
mod explain;
mod graph;
mod lower;
mod schema;
mod show;
mod states;

use crate::args::Command;
use crate::failure::Failures;
use crate::output::Console;
use crate::status::Status;

/// Runs a subcommand. Failures that end it are returned; those it survives are reported by itself and show in the status.
pub(crate) fn run(command: Command, console: &mut Console) -> Result<Status, Failures> {
    match command {
        Command::Show(arguments) => show::run(&arguments, console),
        Command::Lower(arguments) => lower::run(&arguments, console),
        Command::Graph(arguments) => graph::run(&arguments, console),
        Command::States(arguments) => states::run(&arguments, console),
        Command::Check(arguments) => check::run(&arguments, console),
        Command::Explain(arguments) => explain::run(&arguments, console),
        Command::Schema(arguments) => schema::run(&arguments, console),
        Command::Completions(arguments) => completions::run(&arguments, console),
    }
}
