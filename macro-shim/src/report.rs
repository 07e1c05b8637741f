//! Diagnostics as errors of the compiler, at the user's own tokens.

use handroll_lowering::Diagnostic;
use proc_macro2::TokenStream;

/// One error for each diagnostic.
pub(crate) fn errors(diagnostics: &[Diagnostic]) -> TokenStream {
    diagnostics
        .iter()
        .map(|diagnostic| syn::Error::new(diagnostic.span, text(diagnostic)).into_compile_error())
        .collect()
}

fn text(diagnostic: &Diagnostic) -> String {
    let Diagnostic {
        code,
        message,
        help,
        ..
    } = diagnostic;
    let mut text = format!("{message} [{}]", code.id());
    if let Some(help) = help {
        text.push_str("\n\nhelp: ");
        text.push_str(help);
    }
    text
}

/// The item, so that nothing else fails because it is missing, and what is wrong with it.
pub(crate) fn kept(item: TokenStream, errors: TokenStream) -> proc_macro::TokenStream {
    let mut tokens = item;
    tokens.extend(errors);
    tokens.into()
}
