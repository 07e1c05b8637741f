//! The attribute `#[lower]`. See `handroll-rt`, which re-exports it: this crate is only the part that runs in the compiler.
#![forbid(unsafe_code)]

mod dump;
mod edition;
mod options;
mod report;
mod surroundings;

use proc_macro::TokenStream;

/// Lowers async functions to explicit state machines: on a function, a method, an `impl` block or an inline module.
///
/// `handroll-rt` re-exports it; its module `guide` says what the options mean and what the limits are.
#[proc_macro_attribute]
pub fn lower(options: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    let options = match options::parse(options.into()) {
        Ok(options) => options,
        Err(error) => return report::kept(item, error.into_compile_error()),
    };
    let around = surroundings::of_call();
    if options.dump
        && let Some(around) = &around
        && let Err(message) = dump::write(&around.sources(&item, &options.lowering))
    {
        let error = syn::Error::new(proc_macro2::Span::call_site(), message);
        return report::kept(item, error.into_compile_error());
    }
    let expansion = handroll_lowering::lower_item(item, around.as_deref(), &options.lowering);
    report::kept(expansion.tokens, report::errors(&expansion.refused))
}
