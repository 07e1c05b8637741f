//! What the library tells its callers.

use crate::Diagnostic;
use crate::types::PackageTypes;
use std::ops::Range;
use std::sync::Arc;

/// The edition of the source: it decides when some temporaries drop and which lifetimes a returned `impl Trait` captures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Edition {
    /// Edition 2018.
    E2018,
    /// Edition 2021.
    E2021,
    /// Edition 2024.
    #[default]
    E2024,
}

/// What the caller wants.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The edition of the source.
    pub edition: Edition,
    /// Asks for the named form under this name; only functions whose path is `only` get it when both are set.
    pub name: Option<String>,
    /// Lowers only the function with this path (see [`Function::path`]); the others are left alone and not listed.
    pub only: Option<String>,
    /// Refuses what needs a holder: a small native `async` block in which the compiler decides what an expression moves.
    pub no_holders: bool,
    /// What a poll does after the function has returned.
    pub after_completion: AfterCompletion,
    /// What other files of the package define with `macro_rules!`, as [`crate::macro_rules`] finds it there.
    pub macros: Vec<MacroRules>,
    /// What the files of the package say about the types that it defines.
    pub types: Option<Arc<PackageTypes>>,
    /// Lowers async blocks too, wherever they stand, as machines of their own.
    pub nested: bool,
    /// The path of `handroll-rt`, when it is not `::handroll_rt`. For [`crate::lower_item`] only.
    pub runtime: Option<syn::Path>,
    /// What the output is for; [`crate::lower_item`] sets it.
    pub(crate) output: Output,
}

/// A `macro_rules!` item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MacroRules {
    /// The macro's name.
    pub name: String,
    /// The whole item, as text.
    pub text: String,
}

/// What polling a future does that was ready before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AfterCompletion {
    /// It panics, as the compiler's own futures do.
    #[default]
    Panic,
    /// It is pending for good.
    Pending,
}

/// What the output is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Output {
    /// It replaces the source, and people read it.
    #[default]
    Source,
    /// It is an attribute's expansion: the compiler sees nothing else of the function, so the original is in it.
    Expansion,
}

/// A whole file after lowering.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoweredFile {
    /// The new text of the file.
    pub text: String,
    /// Its async functions, in source order; with [`Options::nested`], the async blocks that were lowered too.
    pub functions: Vec<Function>,
    /// With [`Options::nested`], the async blocks that are left to the compiler, in source order.
    pub native_blocks: Vec<NativeBlock>,
}

/// An async block that is left to the compiler, because only types tell what it captures, or its body is not lowered yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NativeBlock {
    /// The path of the function around it and its line: `serve::{async block at line 12}`.
    pub path: String,
    /// Its line, counted from 1.
    pub line: usize,
    /// Why, in one sentence.
    pub why: String,
}

/// One async function and what became of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Function {
    /// Module path inside the file, type and name: `inner::Echo::run`.
    pub path: String,
    /// First and last line, counted from 1.
    pub lines: (usize, usize),
    /// The bytes of the item, from its first attribute or doc comment to its closing brace.
    pub bytes: Range<usize>,
    /// How many `.await`s it has.
    pub awaits: usize,
    /// The lowered code, or why it was refused.
    pub outcome: Result<Lowered, Vec<Diagnostic>>,
}

/// A lowered function.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Lowered {
    /// The text that replaces the item.
    pub text: String,
    /// Named or inferred.
    pub form: Form,
    /// The suspension points in source order.
    pub suspensions: Vec<Suspension>,
    /// The graph of basic blocks.
    pub graph: FlowGraph,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A struct with a name of its own and a plain `impl Future`.
    Named,
    /// An unnamed future: unspelled types are inferred.
    Inferred,
}

/// A place where the function waits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Suspension {
    /// The name of its state.
    pub state: String,
    /// The line of its `.await`, counted from 1.
    pub line: usize,
    /// The awaited expression as it was written.
    pub awaited: String,
    /// Whether it is an opaque leaf: a macro that awaits, such as `tokio::select!`, as one native future.
    pub opaque: bool,
    /// What is held there, in order of declaration.
    pub held: Vec<Held>,
}

/// A local that is held across an await.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Held {
    /// The local's name.
    pub name: String,
    /// Its type, where the source spells it.
    pub ty: Option<String>,
    /// The line of its declaration, counted from 1.
    pub since: usize,
    /// Where it is stored.
    pub storage: Storage,
    /// Why it is held.
    pub why: Why,
}

/// Where a local is stored while the function waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In the state, moved in and out.
    Carried,
    /// In a place of its own beside the state: it keeps its address.
    Pinned,
}

/// Why a local is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is used later.
    UsedLater,
    /// Only its drop at the end of its scope is still to come.
    DroppedAtScopeEnd,
    /// It may be borrowed by what is awaited or held.
    Borrowed,
}

/// The intermediate forms that can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The item as parsed.
    Parse,
    /// Locals, their identities and scopes.
    Resolve,
    /// Every await in a statement of its own.
    Desugar,
    /// Basic blocks and edges.
    Graph,
    /// Liveness, initialisation and borrows at each suspension point.
    Analysis,
    /// Where each local is stored.
    Layout,
    /// The lowered code.
    Emit,
}

/// The control flow of a function: basic blocks, joined by edges.
#[derive(Clone, Debug, Default)]
pub struct FlowGraph {
    /// The blocks and edges.
    pub graph: petgraph::graph::DiGraph<Node, Edge>,
}

/// A basic block.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Node {
    /// First and last source line of what it holds; none for a block of pure control flow.
    pub lines: Option<(usize, usize)>,
    /// A short text: what the block does.
    pub label: String,
    /// The state in which the function waits at this block's end.
    pub suspends: Option<String>,
}

/// How control passes from one block to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Unconditionally.
    Goto,
    /// On a condition, a pattern or `?`.
    Branch,
    /// When the awaited future is ready.
    Resume,
}
