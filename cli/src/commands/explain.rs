//! `handroll explain`: the catalogue of diagnostics.

use crate::args::ExplainArgs;
use crate::failure::{Failure, Failures};
use crate::output::Console;
use crate::status::Status;
use handroll_lowering::Code;

pub(crate) fn run(arguments: &ExplainArgs, console: &mut Console) -> Result<Status, Failures> {
    let line = |code: &Code| format!("{}: {}\n", code.id(), code.title());
    let text = match &arguments.code {
        None => Code::ALL.iter().map(line).collect(),
        Some(id) => match Code::ALL
            .iter()
            .find(|code| code.id().eq_ignore_ascii_case(id.trim()))
        {
            Some(code) => format!("{}\n{}\n", line(code), code.page()),
            None => {
                return Err(Failure::unusable(format!("there is no code `{id}`"))
                    .help("`handroll explain` lists all codes; they look like `HR0001`")
                    .into());
            }
        },
    };
    console.print(&text)?;
    Ok(Status::Done)
}
