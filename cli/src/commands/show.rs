//! `handroll show`: the lowered functions, or an intermediate form of them.

use crate::args::ShowArgs;
use crate::engine;
use crate::failure::Failures;
use crate::output::Console;
use crate::output::highlight::highlight;
use crate::select::{Selection, select_named};
use crate::status::Status;
use handroll_lowering::lex::{Kind, lex};
use handroll_lowering::{Function, Stage};
use std::borrow::Cow;

pub(crate) fn run(arguments: &ShowArgs, console: &mut Console) -> Result<Status, Failures> {
    let selection = select_named(&arguments.named, console)?;
    let stage = arguments.stage.map(Stage::from);
    let mut status = Status::Done;
    let mut shown = Vec::new();
    for function in &selection.functions {
        if selection
            .functions
            .iter()
            .any(|other| holds(other, function))
        {
            continue;
        }
        match text(&selection, function, stage) {
            Ok(text) => shown.push(text.trim_matches('\n').to_owned()),
            Err(failures) => status.worsen(failures.report(console)),
        }
    }
    if !shown.is_empty() {
        let text = shown.join("\n\n") + "\n";
        // Only the first and the last form are Rust; the others are best left as they are.
        let is_rust = matches!(stage, None | Some(Stage::Parse | Stage::Emit));
        let style = console.style();
        console.print(&if is_rust {
            highlight(&text, style)
        } else {
            text
        })?;
    }
    Ok(status)
}

/// Whether a function's text shows an async block of it already.
fn holds(function: &Function, block: &Function) -> bool {
    function.outcome.is_ok()
        && function.bytes.start < block.bytes.start
        && block.bytes.end <= function.bytes.end
}

fn text(
    selection: &Selection,
    function: &Function,
    stage: Option<Stage>,
) -> Result<String, Failures> {
    match (stage, &function.outcome) {
        (Some(stage), _) => engine::stage(&selection.source, function, stage, &selection.options),
        (None, Ok(lowered)) => Ok(dedent(
            &lowered.text,
            indentation(
                &selection.source.text,
                function.bytes.start,
                function.path.ends_with('}'),
            ),
        )),
        (None, Err(diagnostics)) => Err(Failures::diagnosed(diagnostics, &selection.source)),
    }
}

/// The blanks before the item on its line, which the rest of its text is indented by as well. A block may stand behind something else.
fn indentation(source: &str, start: usize, is_block: bool) -> &str {
    let before = source.get(..start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let blanks = &line[..line.len() - line.trim_start().len()];
    if blanks.len() == line.len() || is_block {
        blanks
    } else {
        ""
    }
}

/// Takes the indentation off each line; the insides of literals stay as they are.
fn dedent(text: &str, indentation: &str) -> String {
    let lines_after = format!("\n{indentation}");
    let parts = lex(text).map(|token| {
        let part = &text[token.bytes];
        match token.kind {
            Kind::Text => Cow::Borrowed(part),
            _ => Cow::Owned(part.replace(&lines_after, "\n")),
        }
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_indentation_off_except_in_literals() {
        let source = "mod m {\n    fn f() {}\n}";
        assert_eq!(
            indentation(source, source.find("fn").unwrap(), false),
            "    "
        );
        assert_eq!(indentation("x; fn", 3, false), "");
        assert_eq!(indentation("  f(async {", 4, true), "  ");
        let text = "fn f() {\n        \"a\n    b\";\n    /* c\n    d */\n\n    }";
        assert_eq!(
            dedent(text, "    "),
            "fn f() {\n    \"a\n    b\";\n/* c\nd */\n\n}"
        );
    }
}
