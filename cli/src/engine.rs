//! The library, fenced in: no text nests too deep for it, and a panic in it becomes a report.

use crate::failure::{Failure, Failures};
use crate::input::Source;
use crate::{nesting, outline, stack};
use handroll_lowering::{Function, LoweredFile, MacroRules, Options, PackageTypes, Stage};

/// Lowers a file. Refused functions are part of the result; the error is for a text that cannot be worked on at all.
pub(crate) fn lower(source: &Source, options: &Options) -> Result<LoweredFile, Failures> {
    nesting::check(source)?;
    stack::catch(|| handroll_lowering::lower_file(&source.text, options))
        .map_err(|panic| Failure::internal(&panic, &culprit(source, options)))?
        .map_err(|diagnostics| Failures::diagnosed(&diagnostics, source))
}

/// The macros that a file defines; none of a file that cannot be worked on.
pub(crate) fn macros(source: &Source) -> Vec<MacroRules> {
    let fits = nesting::check(source).is_ok();
    let macros = fits.then(|| stack::catch(|| handroll_lowering::macro_rules(&source.text)));
    macros.and_then(Result::ok).unwrap_or_default()
}

/// Adds what a file says about its types; nothing of a file that cannot be worked on.
pub(crate) fn add_types(types: &mut PackageTypes, source: &Source) {
    if nesting::check(source).is_ok() {
        // What was added before a panic is true all the same.
        let _ = stack::catch(|| types.add(&source.text));
    }
}

/// One intermediate form of a function, printed.
pub(crate) fn stage(
    source: &Source,
    function: &Function,
    stage: Stage,
    options: &Options,
) -> Result<String, Failures> {
    nesting::check(source)?;
    stack::catch(|| {
        handroll_lowering::print_stage(&source.text, function.bytes.start, stage, options)
    })
    .map_err(|panic| {
        Failure::internal(&panic, &format!("`{}` of `{}`", function.path, source.name))
    })?
    .map_err(|diagnostics| Failures::diagnosed(&diagnostics, source))
}

/// The file, and the function when it can be found out, that makes the library panic.
fn culprit(source: &Source, options: &Options) -> String {
    let functions = stack::catch(|| {
        outline::outline(&source.text)
            .map(|outline| outline.functions)
            .unwrap_or_default()
    });
    let panics = |path: &str| {
        let mut options = options.clone();
        options.only = Some(path.to_owned());
        stack::catch(|| handroll_lowering::lower_file(&source.text, &options).is_ok()).is_err()
    };
    match functions
        .unwrap_or_default()
        .into_iter()
        .find(|function| panics(&function.path))
    {
        Some(function) => format!(
            "`{}` of `{}`, line {}",
            function.path, source.name, function.line
        ),
        None => format!("`{}`", source.name),
    }
}

/// A failure when `text`, which is about to be written, is not Rust: rather no output than a broken one.
pub(crate) fn verify(text: &str, source: &Source) -> Result<(), Failure> {
    match stack::catch(|| {
        syn::parse_file(text)
            .err()
            .map(|error| (error.to_string(), error.span().start().line))
    }) {
        Ok(None) => Ok(()),
        Ok(Some((error, line))) => Err(Failure::internal(
            &format!("the output does not parse: {error} on line {line}"),
            &format!("`{}`", source.name),
        )),
        Err(panic) => Err(Failure::internal(&panic, &format!("`{}`", source.name))),
    }
}
