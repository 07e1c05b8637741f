//! `handroll explain`: the catalogue of diagnostics.

use crate::args::ExplainArgs;
use crate::failure::{Failure, Failures};
use crate::output::Console;
use crate::output::highlight::highlight;
use crate::output::style::Style;
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
            Some(code) => format!("{}\n{}", line(code), page(code.page(), console.style())),
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

/// A page for the terminal: code is indented, and has colors where they are wanted.
fn page(text: &str, style: Style) -> String {
    let mut page = String::new();
    for (index, part) in text.split("```").enumerate() {
        let code = (index % 2 == 1).then(|| part.trim_start_matches("rust").trim());
        match code {
            None => page.push_str(part),
            Some(code) => {
                for line in highlight(code, style).lines() {
                    let line = format!("    {line}");
                    page.push_str(line.trim_end());
                    page.push('\n');
                }
                page.pop();
            }
        }
    }
    page
}
