//! Lowered fixtures.

use crate::fixture::{Fixture, year};
use handroll_lowering::{Diagnostic, Edition, Function, Options, lower_file};

/// A fixture after lowering.
#[derive(Clone, Debug)]
pub struct LoweredFixture {
    /// The new text.
    pub text: String,
    /// Its functions, lowered or refused.
    pub functions: Vec<Function>,
}

/// Lowers a fixture.
///
/// # Errors
/// A message, when the file as a whole is refused.
pub fn lower(fixture: &Fixture, edition: Edition) -> Result<LoweredFixture, String> {
    let mut options = Options::default();
    options.edition = edition;
    options.nested = fixture.nested;
    match lower_file(&fixture.text, &options) {
        Ok(file) => Ok(LoweredFixture {
            text: file.text,
            functions: file.functions,
        }),
        Err(diagnostics) => Err(format!(
            "{}.rs is refused as a whole (edition {}):\n{}",
            fixture.name,
            year(edition),
            list(&diagnostics)
        )),
    }
}

/// A fixture with the attribute on each function that it takes.
///
/// # Errors
/// A message, when the file is not Rust.
pub fn with_attribute(fixture: &Fixture, edition: Edition) -> Result<LoweredFixture, String> {
    let mut options = Options::default();
    options.edition = edition;
    options.nested = fixture.nested;
    let file = lower_file(&fixture.text, &options)
        .map_err(|errors| format!("{}:\n{}", fixture.name, list(&errors)))?;
    let mut text = fixture.text.clone();
    let attribute = if fixture.nested {
        "#[::handroll_rt::lower(nested)]\n"
    } else {
        "#[::handroll_rt::lower]\n"
    };
    for function in file.functions.iter().rev() {
        let is_block = function.path.contains('{');
        if function.outcome.is_ok() && !is_block {
            text.insert_str(function.bytes.start, attribute);
        }
    }
    Ok(LoweredFixture {
        text,
        functions: file.functions,
    })
}

/// Diagnostics, a line each.
pub fn list(diagnostics: &[Diagnostic]) -> String {
    let line = |d: &Diagnostic| {
        format!(
            "  {} line {}: {} ({})\n",
            d.code.id(),
            d.line(),
            d.message,
            d.label
        )
    };
    diagnostics.iter().map(line).collect()
}

impl LoweredFixture {
    /// The function that a line of the new text, counted from 1, belongs to.
    pub fn function_at(&self, line: usize) -> Option<&str> {
        let before = |lines: usize| {
            self.text
                .split_inclusive('\n')
                .take(lines)
                .map(str::len)
                .sum::<usize>()
        };
        let wanted = before(line.saturating_sub(1))..before(line);
        self.functions.iter().find_map(|function| {
            let lowered = &function.outcome.as_ref().ok()?.text;
            let at = self.text.find(lowered.as_str())?;
            (at < wanted.end && wanted.start < at + lowered.len()).then_some(function.path.as_str())
        })
    }
}
