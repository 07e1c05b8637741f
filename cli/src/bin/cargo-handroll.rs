//! `cargo handroll`: the same command, started by cargo.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    handroll_cli::main(handroll_cli::Program::CargoHandroll)
}
