//! Lowers Rust `async fn`s to explicit state machines, source to source.
//!
//! The way of the data, each step a plain function between named types:
//!
//! `parse` (items of a file) → [`resolve`](crate::Stage::Resolve) (locals with identities, scopes) → `desugar` (every await in a
//! statement of its own) → `graph` (basic blocks) → `analysis` (what each suspension point holds) → `layout` (where it is stored) →
//! `emit` (Rust source).
//!
//! ```
//! use handroll_lowering::{lower_file, Options};
//!
//! let source = "async fn twice(x: u32) -> u32 { step().await; x * 2 }";
//! let file = lower_file(source, &Options::default()).expect("it is Rust");
//! assert_eq!(file.functions[0].path, "twice");
//! assert!(file.functions[0].outcome.is_ok());
//! assert!(file.text.contains("enum TwiceState"));
//! ```
#![forbid(unsafe_code)]

mod analysis;
mod attribute;
mod checkpoint;
mod conditional;
mod desugar;
mod diagnostics;
mod emit;
mod graph;
mod hold;
mod ir;
mod layout;
pub mod lex;
mod lower;
mod macro_names;
mod messages;
mod named;
mod names;
mod nested;
mod open;
mod overlap;
mod parse;
mod pointers;
mod print;
mod recursion;
mod report;
mod resolve;
#[cfg(feature = "seeded-bugs")]
pub mod seeded;
#[cfg(not(feature = "seeded-bugs"))]
#[expect(dead_code, unreachable_pub, reason = "only the feature makes bugs")]
mod seeded;
mod sets;
mod surroundings;
mod syntax;
mod text;
mod types;
mod unknown;

pub use attribute::Expansion;
pub use diagnostics::{Code, Diagnostic};
pub use report::{
    AfterCompletion, Edge, Edition, FlowGraph, Form, Function, Held, Lowered, LoweredFile,
    MacroRules, NativeBlock, Node, Options, Stage, Storage, Suspension, Why,
};
pub use surroundings::Surroundings;
pub use types::PackageTypes;

/// Lowers every async function of a file's text; every other byte stays as it was.
///
/// # Errors
/// When the text is not Rust.
pub fn lower_file(source: &str, options: &Options) -> Result<LoweredFile, Vec<Diagnostic>> {
    lower::file(source, options)
}

/// The `macro_rules!` items of a file's text, those in its modules included: [`Options::macros`] takes those of a package's other files.
///
/// ```
/// let source = "mod inner { macro_rules! skip { () => { continue }; } }";
/// assert_eq!(handroll_lowering::macro_rules(source)[0].name, "skip");
/// ```
pub fn macro_rules(source: &str) -> Vec<MacroRules> {
    open::macro_rules(source)
}

/// Lowers one free async function. Nothing is known of the items around it, so more is left to rustc than in [`lower_file`].
///
/// ```
/// use handroll_lowering::{Options, lower_fn};
///
/// let item = syn::parse_str("async fn twice(x: u32) -> u32 { step().await; x * 2 }").expect("it is Rust");
/// let items = lower_fn(&item, &Options::default()).expect("it is lowered");
/// assert!(items.to_string().contains("enum TwiceState"));
/// ```
///
/// # Errors
/// When the function is refused.
pub fn lower_fn(
    item: &syn::ItemFn,
    options: &Options,
) -> Result<proc_macro2::TokenStream, Vec<Diagnostic>> {
    lower::free(item, options)
}

/// Lowers every async function of an item, as the attribute does: a function, a method, an `impl` block or a module with its content.
/// What is refused stays as it was, and so does what is not Rust yet: the compiler says that better.
///
/// With the file that it stands in, as much is known of its types as in [`lower_file`].
pub fn lower_item(
    item: proc_macro2::TokenStream,
    surroundings: Option<&Surroundings>,
    options: &Options,
) -> Expansion {
    attribute::item(item, surroundings, options)
}

/// One intermediate form, printed, of the function that starts at byte `at` of the text (as [`Function::bytes`] gives it).
///
/// # Errors
/// When the text is not Rust, no async function starts there, or a stage before `stage` refuses it.
pub fn print_stage(
    source: &str,
    at: usize,
    stage: Stage,
    options: &Options,
) -> Result<String, Vec<Diagnostic>> {
    lower::stage(source, at, stage, options)
}
