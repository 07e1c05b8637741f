//! `handroll completions`: completion scripts, from the definition of the arguments.

use crate::Program;
use crate::args::{self, CompletionsArgs};
use crate::failure::Failures;
use crate::output::Console;
use crate::status::Status;

pub(crate) fn run(arguments: &CompletionsArgs, console: &mut Console) -> Result<Status, Failures> {
    // Into memory first: the generator panics when it cannot write, and a closed pipe is no reason to.
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut args::definition(Program::Handroll),
        "handroll",
        &mut script,
    );
    console.print(&String::from_utf8_lossy(&script))?;
    Ok(Status::Done)
}
