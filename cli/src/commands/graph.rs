//! `handroll graph`: blocks and suspension points.

use crate::args::{GraphArgs, GraphFormat};
use crate::failure::Failures;
use crate::output::Console;
use crate::output::dot::dot;
use crate::output::drawing::Drawing;
use crate::output::mermaid::mermaid;
use crate::select::select_one;
use crate::status::Status;

pub(crate) fn run(arguments: &GraphArgs, console: &mut Console) -> Result<Status, Failures> {
    let (selection, function) = select_one(&arguments.item, console)?;
    let lowered = function
        .outcome
        .as_ref()
        .map_err(|diagnostics| Failures::diagnosed(diagnostics, &selection.source))?;
    let drawing = Drawing::of(&function.path, &lowered.graph);
    console.print(&match arguments.format {
        GraphFormat::Dot => dot(&drawing),
        GraphFormat::Mermaid => mermaid(&drawing),
    })?;
    Ok(Status::Done)
}
